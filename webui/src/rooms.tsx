// SPDX-License-Identifier: GPL-3.0-or-later
// Rooms live: who is in, the composed picture, what comes in and goes out.
import { useState } from 'preact/hooks';
import { api, type Mix, type Publisher, type Room, type RoomType, type RtmpAddress, type User } from './api';
import { bitrate, decibel } from './format';
import { t } from './i18n';
import { editorAddress, roomOfAddress } from './layout/address';
import { LayoutEditor } from './layout/editor';
import { Live } from './live';
import { OwnStreams } from './own_stream';
import { Dialog, Field, Form, Problem, State } from './parts';
import { Relays } from './relays';
import { Share } from './share';
import { useAddress, usePolled } from './state';
import { Viewers } from './viewers';

export function Rooms() {
	const { data, error, again } = usePolled(api.rooms, 1000);
	const [entering, setEntering] = useState(false);
	const edited = roomOfAddress(useAddress());
	if (edited) {
		const key = editorAddress(edited);
		const room = data?.find(one => editorAddress(one) === key) ?? { ...edited, users: [], mix: null };
		return data ? <LayoutEditor key={key} room={room} again={again} /> : <section>{error && <Problem error={error} />}</section>;
	}
	return <section>
		<h1>{t('rooms')} <button onClick={() => setEntering(true)}>{t('enterUser')}</button></h1>
		{error && <Problem error={error} />}
		{data?.length === 0 && <p class="empty">{t('noRooms')}<br /><small>{t('noRoomsHint')}</small></p>}
		{data?.map(room => <RoomCard key={`${room.application}/${room.room_type}/${room.room}`} room={room} again={again} />)}
		{entering && <Enter onClose={() => { setEntering(false); again(); }} />}
	</section>;
}

function RoomCard({ room, again }: { room: Room; again: () => void }) {
	const [problem, setProblem] = useState<Error>();
	const { mix } = room;
	const guard = (action: () => Promise<unknown>) => () => { setProblem(undefined); action().then(again, setProblem); };
	return <article class="card room">
		<h2>{t('room')} {room.room_type === 'string' ? `“${room.room}”` : room.room}
			<small>SdkAppId {room.application} · {room.users.length} {t('people')}</small></h2>
		<div class="columns">
			<div>
				{mix?.flv_url ? <Live flv={mix.flv_url} hls={mix.hls_url} width={mix.video?.width} height={mix.video?.height} tiles={mix.tiles} /> :
					<div class="live none"><p class="over">{mix ? t('notWatched') : t('noMix')}</p></div>}
				{mix && <MixFacts mix={mix} />}
				{mix?.flv_url && <Share flv={mix.flv_url} hls={mix.hls_url} rtmp={mix.rtmp_url} />}
				{mix?.stream_id && <Relays application={mix.application} stream={mix.stream_id} />}
				<OwnStreams application={room.application} users={room.users} />
				{mix?.starter && <UsersMix mix={mix} />}
				<div class="buttons">
					{!mix?.starter && <a class="button" href={editorAddress(room)}>{mix ? t('changeThis') : t('startMix')} …</a>}
					{mix && <button class="danger" onClick={guard(() => api.stopMix(room))}>{mix.starter ? t('endUsersMix') : t('stopMix')}</button>}
				</div>
				{problem && <Problem error={problem} />}
			</div>
			<table class="users">
				<thead><tr><th>{t('user')}</th><th>{t('state')}</th><th>{t('picture')}</th><th class="number">{t('bitrate')}</th>
					<th class="number">{t('loss')}</th><th>{t('sound')}</th><th /></tr></thead>
				<tbody>{room.users.map(user => <UserRow key={user.id} user={user} leave={guard(() => api.leave(room, user))}
					record={guard(() => user.recording === null ? api.record(room, user) : api.stopRecord(room, user))} />)}</tbody>
			</table>
		</div>
	</article>;
}

/** A mix that a user started, who alone changes it: whose, which mode, and its places with whom they are for and who is there. */
function UsersMix({ mix }: { mix: Mix }) {
	const { video, starter } = mix;
	const presets = [...mix.layout.presets ?? []].sort((a, b) => a.z - b.z);
	return <div class="users-mix">
		<p>{t('mixOf')} <b>{starter}</b>{mix.mode && <> · {t(`mode${mix.mode}`)}</>}</p>
		{video && <div class="places" style={{ aspectRatio: `${video.width} / ${video.height}` }}>
			{presets.map((place, i) => {
				const tile = mix.tiles.find(one => one.x === place.x - place.x % 2 && one.y === place.y - place.y % 2 &&
					(!place.user || one.user === place.user) && one.stream_type === place.stream_type);
				const whose = (place.user || t('whoComes')) + (place.room ? ` (${t('room')} ${place.room})` : '');
				return <span key={i} class={tile ? 'taken' : ''} title={whose} style={{
					left: `${place.x / video.width * 100}%`, top: `${place.y / video.height * 100}%`,
					width: `${place.width / video.width * 100}%`, height: `${place.height / video.height * 100}%`,
				}}>{tile?.user ?? whose}{place.stream_type === 'aux' && <small> {t('screenOf')}</small>}{place.input === 2 && <small> {t('inputSound')}</small>}</span>;
			})}
		</div>}
	</div>;
}

function UserRow({ user, leave, record }: { user: User; leave: () => void; record: () => void }) {
	const loss = Math.max(user.video?.loss_percent ?? 0, user.audio?.loss_percent ?? 0);
	const sum = (user.video?.bitrate_bps ?? 0) + (user.audio?.bitrate_bps ?? 0);
	return <tr>
		<td>{user.user}{user.stream_type === 'aux' && <small> aux</small>}{user.protocol === 'rtmp' && <small> RTMP</small>}</td>
		<td><State state={user.state} title={user.error} /></td>
		<td>{user.video?.width ? `${user.video.width} × ${user.video.height}` : ''}</td>
		<td class="number">{bitrate(sum)}</td>
		<td class={`number ${loss > 1 ? 'bad' : ''}`}>{loss.toFixed(1)} %</td>
		<td>{user.audio && <div class="bar"><i style={{ width: `${(decibel(user.audio.level ?? 0) + 60) / 60 * 100}%` }} /></div>}</td>
		<td class="buttons">
			<button class={user.recording === null ? 'plain' : 'plain rec'} aria-pressed={user.recording !== null} title={t('recordHint')} onClick={record}>
				● {t(user.recording === null ? 'record' : 'stopRecord')}</button>
			<button class="plain" onClick={leave}>{t('leave')}</button></td>
	</tr>;
}

function MixFacts({ mix }: { mix: Mix }) {
	return <p class="mix-facts">
		<State state={mix.state} title={mix.error} />
		{mix.video && <span>{mix.video.width} × {mix.video.height}</span>}
		<span>{mix.frame_rate.toFixed(1)} fps</span>
		<span>{bitrate(mix.bitrate_bps)}</span>
		<span>{t('delay')} {(mix.latency_p95_us / 1000).toFixed(0)} ms</span>
		{mix.stream_id ? <Viewers stream={mix.stream_id} count={mix.viewers} /> : <span>{mix.viewers} {t('viewers')}</span>}
		{mix.recording !== null && <span class="rec">● {t('recordingNow')}</span>}
		{mix.flv_url && <code>{mix.flv_url}</code>}
		{mix.warnings.map(warning => <span class="warning" key={warning.field} title={warning.field}>⚠ {warning.message}</span>)}
		{mix.rtmp_url && <code>{mix.rtmp_url}</code>}
	</p>;
}

function Enter({ onClose }: { onClose: () => void }) {
	const apps = usePolled(api.applications, 60000).data;
	const [place, setPlace] = useState<Publisher>();
	const [address, setAddress] = useState<RtmpAddress>();
	return <Dialog title={t('enterUser')} onClose={onClose}>
		{apps?.length === 0 && <p class="notice warn"><a href="#/applications">{t('noApplications')}</a></p>}
		{!place && !address && apps && apps.length > 0 && <Form submit={t('enter')} onSubmit={async ({ application, room, user, protocol, stream_id, record_id }) => {
			const room_type: RoomType = /^[0-9]+$/.test(room) ? 'number' : 'string', where = { application: Number(application), room, room_type };
			if (protocol === 'rtmp')
				setAddress(await api.rtmpAddress(where, user, { stream_id, record_id }));
			else
				setPlace(await api.enter(where, user, { stream_id, record_id }));
		}}>
			<label class="field"><span>{t('application')}</span><select name="application">
				{apps.map(app => <option key={app.id} value={app.id}>{app.name} ({app.id})</option>)}</select></label>
			<Field label={t('room')} name="room" maxLength={64} required />
			<Field label={t('user')} name="user" maxLength={32} pattern="[A-Za-z0-9_\-]+" required />
			<Field label={t('ownStreamId')} name="stream_id" maxLength={64} />
			<Field label={t('ownRecordId')} name="record_id" maxLength={64} pattern="[A-Za-z0-9_\-]+" />
			<label class="field"><span>{t('sendBy')}</span><select name="protocol">
				<option value="rtp">RTP</option><option value="rtmp">RTMP</option></select></label>
			<p class="hint">{t('enterHint')}</p>
		</Form>}
		{address && <>
			<h3>{t('sendTo')}</h3>
			<dl>
				<dt>{t('rtmpServer')}</dt><dd><code>{address.server}</code></dd>
				<dt>{t('rtmpKey')}</dt><dd><code>{address.key}</code></dd>
			</dl>
			<p class="hint">{t('rtmpKeyHint')}</p>
			<h3>{t('command')}</h3>
			<pre>{`ffmpeg -re -i INPUT -c:v libx264 -preset veryfast -tune zerolatency -g 60 -c:a aac \\\n  -f flv "${address.url}"`}</pre>
		</>}
		{place && <>
			<h3>{t('sendTo')}</h3>
			<dl>
				{place.video && <><dt>H.264</dt><dd><code>{place.address}:{place.video.port}</code> RTCP {place.video.rtcp_port}, PT {place.video.payload_type}</dd></>}
				{place.audio && <><dt>Opus</dt><dd><code>{place.address}:{place.audio.port}</code> RTCP {place.audio.rtcp_port}, PT {place.audio.payload_type}</dd></>}
			</dl>
			<h3>{t('command')}</h3>
			<pre>{command(place)}</pre>
			<h3>SDP</h3>
			<pre>{place.sdp}</pre>
		</>}
	</Dialog>;
}

function command({ address, video, audio }: Publisher) {
	const lines = ['ffmpeg -re -i INPUT'];
	if (video)
		lines.push(`  -map 0:v -c:v libx264 -preset veryfast -tune zerolatency -g 30 -payload_type ${video.payload_type} \\`,
			`  -f rtp "rtp://${address}:${video.port}?rtcpport=${video.rtcp_port}&pkt_size=1200"`);
	if (audio)
		lines.push(`  -map 0:a -c:a libopus -payload_type ${audio.payload_type} -f rtp "rtp://${address}:${audio.port}?rtcpport=${audio.rtcp_port}"`);
	return lines.map((line, i) => i < lines.length - 1 && !line.endsWith('\\') ? `${line} \\` : line).join('\n');
}
