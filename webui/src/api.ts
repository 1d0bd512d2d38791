// SPDX-License-Identifier: GPL-3.0-or-later
// The admin API of the box (docs/openapi.yaml), typed.

export interface Track {
	port?: number; rtcp_port?: number; payload_type?: number; codec: string; // no ports by RTMP
	packets: number; bytes: number; lost: number; loss_percent: number; bitrate_bps: number; jitter_us: number;
	width?: number; height?: number; frame_rate?: number; level?: number;
}
export interface User {
	id: number; user: string; stream_type: 'main' | 'aux'; protocol: 'rtp' | 'rtmp'; source: string; entered: string;
	state: 'unknown' | 'waiting' | 'receiving' | 'stalled' | 'error'; error: string; idle_ms: number;
	video: Track | null; audio: Track | null;
	recording: number | null; // of this alone
	stream_id: string; record_id: string; flv_url: string; rtmp_url: string; hls_url: string; // of the live stream, "": it is none
}
export interface Tile { user: string; stream_type: string; x: number; y: number; width: number; height: number }
export interface MixVideo { width: number; height: number; bitrate_kbps: number; frame_rate: number; gop_s: number; background: number; background_image?: Image }
export interface MixAudio { sample_rate: number; bitrate_kbps: number; channels: number }
export interface Mix {
	id: number; application: number; room: string; room_type: RoomType; stream_id: string; record_id: string; record_audio_only: boolean; started: string;
	state: 'unknown' | 'starting' | 'running' | 'error'; error: string; video: MixVideo | null; audio: MixAudio; layout: Layout;
	frames: number; bitrate_bps: number; frame_rate: number; latency_p95_us: number; tiles: Tile[];
	starter: string; // the user whose mix it is; "": the API's
	mode: '' | 'Manual' | 'PureAudio' | 'PresetLayout' | 'ScreenSharing'; // of a user's mix
	flv_url: string; rtmp_url: string; hls_url: string; viewers: number; recording: number | null;
	/** What it goes on without, such as a picture that could not be fetched. */
	warnings: { field: string; message: string }[];
}
export type RoomType = 'number' | 'string';
export interface Room { application: number; room: string; room_type: RoomType; users: User[]; mix: Mix | null }
export interface Application { id: number; name: string; description: string; frozen: Frozen; created: string; usersig_key?: string;
	live_all: boolean; name_rule: 'plain' | 'md5'; biz_id: number }
export type Frozen = 'box' | 'keep' | 'dim' | 'avatar';
/** A picture of an application; width to y are what the client said of it. */
export interface Picture {
	id: number; application: number; format: 'png' | 'jpeg' | 'bmp'; bytes: number; width: number; height: number; x: number; y: number; created: string;
}
export interface Key { secret_id: string; application: number; enabled: boolean; created: string; secret_key?: string }
export interface Recording {
	id: number; application: number; room: string; stream_id: string; record_id: string;
	user: string; stream_type: '' | 'main' | 'aux'; cause: 'mix' | 'automatic' | 'specified' | 'api'; prefix: string;
	state: 'waiting' | 'recording' | 'gap' | 'finishing' | 'finished' | 'failed' | 'deleting';
	path: string; start: string | null; end: string | null; duration_ms: number; size_bytes: number; width: number; height: number;
	gaps: { at_ms: number; length_ms: number }[]; error: string; area: number | null; files: RecordedFile[];
}
export type Format = 'hls' | 'mp4' | 'flv' | 'aac';
export interface RecordedFile {
	id: string; format: Format | 'mp3'; name: string; size_bytes: number; duration_ms: number; hold: boolean; expires: string | null;
	local: boolean; upload: Upload | null; cover: string | null;
}
export interface Upload { state: 'pending' | 'uploading' | 'uploaded' | 'failed'; sent_bytes: number; percent: number; error: string }
/** The secret key is written, and never read. */
export interface UploadSettings {
	enabled: boolean; endpoint: string; bucket: string; region: string; prefix: string; path_style: boolean; access_key: string;
	secret_key?: string; secret_key_set: boolean; delete_local: boolean;
}
export interface RecordSettings {
	mode: 'rest' | 'specified' | 'automatic'; formats: Format[]; split_minutes: number; retention_days: number; resume_timeout_s: number;
	area: number | null; callback_url: string; callback_key?: string;
}
export interface Area {
	id: number; name: string; description: string; status: 'On' | 'Off' | 'Destroyed'; quota_bytes: number; used_bytes: number; created: string;
}
export interface Callback {
	id: number; application: number; recording: number; event_type: number; url: string; state: 'waiting' | 'dead'; attempts: number;
	created: string; next: string | null; error: string; body: { record_event?: string };
}
export interface Search { prefix: string; from: string; to: string }
export interface Relay {
	id: number; application: number; stream_id: string; url: string; enabled: boolean; origin: 'admin' | 'mix'; created: string;
	state: 'unknown' | 'disabled' | 'waiting' | 'connecting' | 'publishing' | 'pausing' | 'refused' | 'failed'; error: string;
	bytes_sent: number; pictures_dropped: number; delay_ms: number; publishes: number; failures: number;
}
export interface Work { decode: number; compose: number; encode: number }
export interface Engine {
	name: string; device: string; vendor: string; state: 'ok' | 'standby' | 'lost'; shared: boolean;
	capacity: Work; used: Work; load: number; max_load: number; mixes: number; losses: number;
	faults: number; fallback_decoded: number; uploads: number; downloads: number;
}
export interface Health {
	status: 'ok' | 'degraded'; name?: string; version?: string; uptime_s?: number; time?: string;
	processes?: { name: string; up: boolean; since: string | null }[];
	net?: NetQueue[];
	engines?: Engine[]; disk?: { total_bytes: number; free_bytes: number };
	rooms?: number; users?: number; mixes?: number; viewers?: number; recordings?: number;
}
/** A port of the media network; also rx_dropped_* and tx_dropped_* by reason. */
export interface NetQueue {
	net: string; link: boolean; at_us: number; cpu_us: number; rx_packets: number; rx_bytes: number; tx_packets: number; tx_bytes: number;
	[dropped: string]: string | boolean | number;
}
export interface Me { user: string; via: string; scope: string; must_change_password: boolean; expires: string | null }
export interface Publisher { address: string; video: Target | null; audio: Target | null; sdp: string }
/** Where to publish by RTMP; the key is a secret. */
export interface RtmpAddress { server: string; key: string; url: string }
export interface Target { port: number; rtcp_port: number; payload_type: number; codec: string; ssrc: number }
export interface Who { user: string; stream_type: 'main' | 'aux' }
export interface Rect { x: number; y: number; width: number; height: number }
export type Place = Who & Rect;
/** A place of a custom layout. Its `user` may be "": it is for who comes. `image` is shown while nobody sends a picture there. */
export interface Preset extends Place { z: number; render: number; input: number; image?: number; room?: string }
/** A still picture: one that the application keeps, or one at an address. */
export interface Image { id?: number; url?: string }
export interface Layout {
	template: number; render: number; users: string[]; pure_audio_hold_place: number;
	big?: Who; big_right?: boolean; big_render?: number; small?: Place; presets?: Preset[]; water_mark?: Image & Rect;
}
/** How a mix would look: computed by the box, by the rule that draws it. */
export interface Preview {
	width: number; height: number; tiles: (Place & { render: number; place: number })[]; places: Place[];
	people: (Who & { mixed: boolean; seen: boolean; heard: boolean })[]; water_mark: Rect | null;
}
export interface MixRequest {
	room_type: RoomType; stream_id?: string; record_id?: string; record_audio_only?: boolean; video?: Partial<MixVideo> | null; audio?: Partial<MixAudio>;
	layout?: Partial<Layout>;
}

/** Its keys are there when it was asked for alone. */
export interface Domain { kind: 'play' | 'push'; name: string; enabled: boolean; delta_s: number; key?: string; back_key?: string }
export interface LiveRules {
	referrer_mode: 'off' | 'allow' | 'deny'; referrer_empty: boolean; referrers: string[]; ip_allow: string[]; ip_deny: string[]; origins: string[];
	max_viewers: number; max_stream_viewers: number;
}
export interface Viewer { id: number; address: string; protocol: string; since: string; bytes_sent: number }

/** What the box refused, in its own words. `field` names the bad input, if there is one. */
export class ApiError extends Error {
	constructor(readonly status: number, readonly code: string, message: string, readonly field = '') {
		super(message);
	}
}

let onLogout = () => {};
/** Called when the session is over. */
export const setLogoutHandler = (handler: () => void) => { onLogout = handler; };

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
	let answer: Response;
	try {
		answer = await fetch(`/api/v1${path}`, {
			method, credentials: 'same-origin',
			headers: { 'X-Tessera': '1', ...body !== undefined && { 'Content-Type': 'application/json' } },
			body: body === undefined ? undefined : JSON.stringify(body),
		});
	} catch {
		throw new ApiError(0, 'unreachable', 'unreachable');
	}
	const text = await answer.text();
	let json: any;
	try {
		json = text ? JSON.parse(text) : undefined;
	} catch {
		throw new ApiError(answer.status, 'bad_answer', `HTTP ${answer.status}`);
	}
	if (answer.ok)
		return json as T;
	if (answer.status === 401 && path !== '/login')
		onLogout();
	const error = json?.error ?? {};
	throw new ApiError(answer.status, error.code ?? '', error.message ?? `HTTP ${answer.status}`, error.field);
}

const e = encodeURIComponent;
const roomPath = (r: { application: number; room: string }) => `/applications/${r.application}/rooms/${e(r.room)}`;

export const api = {
	me: () => call<Me>('GET', '/me'),
	login: (user: string, password: string) => call<Me>('POST', '/login', { user, password }),
	logout: () => call<void>('POST', '/logout'),
	changePassword: (current: string, next: string) => call<void>('POST', '/password', { current, new: next }),
	health: () => call<Health>('GET', '/health'),

	applications: () => call<{ applications: Application[] }>('GET', '/applications').then(r => r.applications),
	application: (id: number) => call<Application>('GET', `/applications/${id}`),
	createApplication: (name: string, description: string) => call<Application>('POST', '/applications', { name, description }),
	changeApplication: (id: number, change: Partial<Application>) => call<Application>('PATCH', `/applications/${id}`, change),
	deleteApplication: (id: number) => call<void>('DELETE', `/applications/${id}`),
	keys: (id: number) => call<{ keys: Key[] }>('GET', `/applications/${id}/keys`).then(r => r.keys),
	createKey: (id: number) => call<Key>('POST', `/applications/${id}/keys`, {}),
	deleteKey: (id: number, key: string) => call<void>('DELETE', `/applications/${id}/keys/${e(key)}`),

	pictures: (id: number) => call<{ pictures: Picture[] }>('GET', `/applications/${id}/pictures`).then(r => r.pictures),
	addPicture: (id: number, content: string) => call<Picture>('POST', `/applications/${id}/pictures`, { content }),
	deletePicture: (picture: Picture) => call<void>('DELETE', `/applications/${picture.application}/pictures/${picture.id}`),
	pictureContent: (picture: Pick<Picture, 'application' | 'id'>) => `/api/v1/applications/${picture.application}/pictures/${picture.id}/content`,

	rooms: () => call<{ rooms: Room[] }>('GET', '/rooms').then(r => r.rooms),
	enter: (room: { application: number; room: string; room_type: RoomType }, user: string, names: { stream_id?: string; record_id?: string } = {}) =>
		call<Publisher>('POST', `${roomPath(room)}/users`, { user, room_type: room.room_type, ...names }),
	rtmpAddress: (room: { application: number; room: string; room_type: RoomType }, user: string, names: { stream_id?: string; record_id?: string } = {}) =>
		call<RtmpAddress>('POST', `${roomPath(room)}/rtmp`, { user, room_type: room.room_type, ...names }),
	leave: (room: Room, user: User) =>
		call<void>('DELETE', `${roomPath(room)}/users/${e(user.user)}?room_type=${room.room_type}&stream_type=${user.stream_type}`),
	record: (room: Room, user: User) =>
		call<Recording>('POST', `${roomPath(room)}/users/${e(user.user)}/recording`, { room_type: room.room_type, stream_type: user.stream_type }),
	stopRecord: (room: Room, user: User) =>
		call<void>('DELETE', `${roomPath(room)}/users/${e(user.user)}/recording?room_type=${room.room_type}&stream_type=${user.stream_type}`),
	startMix: (room: Room, request: Omit<MixRequest, 'room_type'>) =>
		call<Mix>('POST', `${roomPath(room)}/mix`, { ...request, room_type: room.room_type }),
	previewMix: (room: Room, request: Omit<MixRequest, 'room_type'>) =>
		call<Preview>('POST', `${roomPath(room)}/mix/preview`, { ...request, room_type: room.room_type }),
	stopMix: (room: Room) => call<void>('DELETE', `${roomPath(room)}/mix?room_type=${room.room_type}`),

	relays: (application: number, stream: string) =>
		call<{ relays: Relay[] }>('GET', `/applications/${application}/relays?stream_id=${e(stream)}`).then(r => r.relays),
	addRelay: (application: number, stream_id: string, url: string) => call<Relay>('POST', `/applications/${application}/relays`, { stream_id, url }),
	enableRelay: (relay: Relay, enabled: boolean) => call<Relay>('PATCH', `/applications/${relay.application}/relays/${relay.id}`, { enabled }),
	deleteRelay: (relay: Relay) => call<void>('DELETE', `/applications/${relay.application}/relays/${relay.id}`),

	/** `from` and `to` are what a field of date and time holds, in the browser's zone; empty ones do not narrow. */
	recordings: ({ prefix, from, to }: Search, limit: number, offset: number) => {
		const query = new URLSearchParams({ prefix, limit: String(limit), offset: String(offset) });
		if (from) query.set('from', new Date(from).toISOString());
		if (to) query.set('to', new Date(to).toISOString());
		return call<{ total: number; recordings: Recording[] }>('GET', `/recordings?${query}`);
	},
	deleteRecording: (id: number) => call<void>('DELETE', `/recordings/${id}`),
	holdFile: (id: number, file: string, hold: boolean) => call<RecordedFile>('PATCH', `/recordings/${id}/files/${file}`, { hold }),
	deleteFile: (id: number, file: string) => call<void>('DELETE', `/recordings/${id}/files/${file}`),
	uploadFile: (id: number, file: string) => call<RecordedFile>('POST', `/recordings/${id}/files/${file}/upload`),
	findRecordings: () => call<{ found: number }>('POST', '/recordings/find'),
	fileAddress: (id: number, file: string) => `/api/v1/recordings/${id}/files/${file}`,

	recordSettings: (id: number) => call<RecordSettings>('GET', `/applications/${id}/recording`),
	changeRecordSettings: (id: number, change: Partial<RecordSettings>) => call<RecordSettings>('PATCH', `/applications/${id}/recording`, change),
	uploadSettings: (id: number) => call<UploadSettings>('GET', `/applications/${id}/upload`),
	changeUploadSettings: (id: number, change: Partial<UploadSettings>) => call<UploadSettings>('PATCH', `/applications/${id}/upload`, change),
	areas: (id: number) => call<{ areas: Area[] }>('GET', `/applications/${id}/areas`).then(r => r.areas),
	createArea: (id: number, name: string) => call<Area>('POST', `/applications/${id}/areas`, { name }),

	domains: (id: number) => call<{ domains: Domain[] }>('GET', `/applications/${id}/domains`).then(r => r.domains),
	domain: (id: number, { kind, name }: Domain) => call<Domain>('GET', `/applications/${id}/domains/${kind}/${e(name)}`),
	addDomain: (id: number, kind: Domain['kind'], name: string) => call<Domain>('POST', `/applications/${id}/domains`, { kind, name }),
	changeDomain: (id: number, { kind, name }: Domain, change: Partial<Domain>) =>
		call<Domain>('PATCH', `/applications/${id}/domains/${kind}/${e(name)}`, change),
	deleteDomain: (id: number, { kind, name }: Domain) => call<void>('DELETE', `/applications/${id}/domains/${kind}/${e(name)}`),
	liveRules: (id: number) => call<LiveRules>('GET', `/applications/${id}/live`),
	changeLiveRules: (id: number, change: Partial<LiveRules>) => call<LiveRules>('PATCH', `/applications/${id}/live`, change),
	viewers: (stream: string) => call<{ total: number; viewers: Viewer[] }>('GET', `/streams/${e(stream)}/viewers`),
	kick: (stream: string, id: number) => call<void>('DELETE', `/streams/${e(stream)}/viewers/${id}`),
	kickAll: (stream: string) => call<void>('DELETE', `/streams/${e(stream)}/viewers`),

	callbacks: () => call<{ waiting: number; dead: number; callbacks: Callback[] }>('GET', '/callbacks'),
	resendCallback: (id: number) => call<void>('POST', `/callbacks/${id}/resend`),
	deleteCallback: (id: number) => call<void>('DELETE', `/callbacks/${id}`),
};
