// SPDX-License-Identifier: GPL-3.0-or-later
// The admin API of the box (docs/openapi.yaml), typed.

export interface Track {
	port: number; rtcp_port: number; payload_type: number; codec: string;
	packets: number; bytes: number; lost: number; loss_percent: number; bitrate_bps: number; jitter_us: number;
	width?: number; height?: number; frame_rate?: number; level?: number;
}
export interface User {
	id: number; user: string; stream_type: 'main' | 'aux'; source: string; entered: string;
	state: 'unknown' | 'waiting' | 'receiving' | 'stalled' | 'error'; error: string; idle_ms: number;
	video: Track | null; audio: Track | null;
}
export interface Tile { user: string; stream_type: string; x: number; y: number; width: number; height: number }
export interface MixVideo { width: number; height: number; bitrate_kbps: number; frame_rate: number; gop_s: number; background: number }
export interface MixAudio { sample_rate: number; bitrate_kbps: number; channels: number }
export interface Mix {
	id: number; application: number; room: string; room_type: RoomType; stream_id: string; record_id: string; started: string;
	state: 'unknown' | 'starting' | 'running' | 'error'; error: string; video: MixVideo | null; audio: MixAudio; layout: Layout;
	frames: number; bitrate_bps: number; frame_rate: number; latency_p95_us: number; tiles: Tile[];
	flv_url: string; rtmp_url: string; viewers: number; recording: number | null;
}
export type RoomType = 'number' | 'string';
export interface Room { application: number; room: string; room_type: RoomType; users: User[]; mix: Mix | null }
export interface Application { id: number; name: string; description: string; created: string; usersig_key?: string }
export interface Key { secret_id: string; application: number; enabled: boolean; created: string; secret_key?: string }
export interface Recording {
	id: number; application: number; room: string; stream_id: string; record_id: string;
	state: 'waiting' | 'recording' | 'gap' | 'finishing' | 'finished' | 'failed' | 'deleting';
	path: string; start: string | null; end: string | null; duration_ms: number; size_bytes: number; width: number; height: number;
	gaps: { at_ms: number; length_ms: number }[]; error: string;
}
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
export interface Target { port: number; rtcp_port: number; payload_type: number; codec: string; ssrc: number }
export interface Who { user: string; stream_type?: 'main' | 'aux' }
export interface Place extends Who { x: number; y: number; width: number; height: number }
export interface Layout { template: number; render: number; big?: Who; small?: Place; presets?: Place[] }
export interface MixRequest {
	room_type: RoomType; stream_id?: string; record_id?: string; video?: Partial<MixVideo> | null; audio?: Partial<MixAudio>;
	layout?: Partial<Layout>;
}

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
	deleteApplication: (id: number) => call<void>('DELETE', `/applications/${id}`),
	keys: (id: number) => call<{ keys: Key[] }>('GET', `/applications/${id}/keys`).then(r => r.keys),
	createKey: (id: number) => call<Key>('POST', `/applications/${id}/keys`, {}),
	deleteKey: (id: number, key: string) => call<void>('DELETE', `/applications/${id}/keys/${e(key)}`),

	rooms: () => call<{ rooms: Room[] }>('GET', '/rooms').then(r => r.rooms),
	enter: (room: { application: number; room: string; room_type: RoomType }, user: string) =>
		call<Publisher>('POST', `${roomPath(room)}/users`, { user, room_type: room.room_type }),
	leave: (room: Room, user: User) =>
		call<void>('DELETE', `${roomPath(room)}/users/${e(user.user)}?room_type=${room.room_type}&stream_type=${user.stream_type}`),
	startMix: (room: Room, request: Omit<MixRequest, 'room_type'>) =>
		call<Mix>('POST', `${roomPath(room)}/mix`, { ...request, room_type: room.room_type }),
	stopMix: (room: Room) => call<void>('DELETE', `${roomPath(room)}/mix?room_type=${room.room_type}`),

	relays: (application: number, stream: string) =>
		call<{ relays: Relay[] }>('GET', `/applications/${application}/relays?stream_id=${e(stream)}`).then(r => r.relays),
	addRelay: (application: number, stream_id: string, url: string) => call<Relay>('POST', `/applications/${application}/relays`, { stream_id, url }),
	enableRelay: (relay: Relay, enabled: boolean) => call<Relay>('PATCH', `/applications/${relay.application}/relays/${relay.id}`, { enabled }),
	deleteRelay: (relay: Relay) => call<void>('DELETE', `/applications/${relay.application}/relays/${relay.id}`),

	recordings: (prefix: string, limit: number, offset: number) =>
		call<{ total: number; recordings: Recording[] }>('GET', `/recordings?prefix=${e(prefix)}&limit=${limit}&offset=${offset}`),
	deleteRecording: (id: number) => call<void>('DELETE', `/recordings/${id}`),
	recordingFile: (id: number) => `/api/v1/recordings/${id}/file`,
};
