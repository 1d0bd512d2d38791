// SPDX-License-Identifier: GPL-3.0-or-later
// One room from end to end on real input: ffmpeg publishes, the official cloud SDK starts and stops the mix, ffmpeg watches and
// reads the recording. On software, or on the emulated device of the engine that TESSERA_TEST_ENGINE names.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Box, engineOptions, ffprobe, mixParameters, recordingOf, sleep, until } from './box.mjs';

const engine = process.env.TESSERA_TEST_ENGINE ?? 'soft';
// people in the largest room, a square; the kernels of the emulated NVIDIA device take the CPU some ten times as long as software
const side = engine === 'nv' ? 2 : 4;
let box, app, dir;
before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-room-'));
	// in another network as tests/net/room.test.mjs wants it
	box = await Box.start(dir, { ...engineOptions(engine, dir), ...JSON.parse(process.env.TESSERA_ROOM_BOX ?? '{}') });
	app = await box.application('room test');
});
after(async () => {
	await box?.stop();
	fs.rmSync(dir, { recursive: true, force: true });
});

const receiving = (room, count) => until(`${count} publishers in room ${room}`, async () => {
	const { users } = await box.api('GET', `/applications/${app.id}/rooms/${room}`);
	return users.length === count && users.every(user => user.state === 'receiving') && users;
});
const running = room => until('the mix to run', async () => {
	const mix = await box.api('GET', `/applications/${app.id}/rooms/${room}/mix`);
	return mix.state === 'running' && mix.frames > 15 && mix;
});
const rejected = code => error => {
	assert.equal(error.code, code, `${error.code}: ${error.message}`);
	assert.match(error.requestId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	return true;
};

/** Level of a tone in dB below full scale, in the sound of `file` from `start` for `length` seconds. */
function tone(file, hz, start, length) {
	const out = spawnSync('ffmpeg', ['-hide_banner', '-nostdin', '-ss', String(start), '-t', String(length), '-i', file, '-map', '0:a',
		'-af', `bandpass=f=${hz}:width_type=h:w=8,bandpass=f=${hz}:width_type=h:w=8,volumedetect`, '-f', 'null', '-'], { encoding: 'utf8' }).stderr;
	return Number(/mean_volume: (-?[\d.]+) dB/.exec(out)[1]);
}

/** Mean colour of a rectangle of the picture at `start`. */
function colour(file, start, { x, y, width, height }) {
	const rgb = execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-ss', String(start), '-i', file, '-frames:v', '1', '-vf',
		`crop=${width}:${height}:${x}:${y},scale=1:1:flags=area,format=rgb24`, '-f', 'rawvideo', '-']);
	return [...rgb.subarray(0, 3)];
}

test(`${side * side} people are mixed, watched and recorded`, { timeout: 120000 }, async () => {
	const people = [...Array(side * side).keys()], [width, height] = [side * 320, side * 180];
	for (const i of people)
		await box.publish(app, 101, `p${i}`, { index: i, tone: 300 + 100 * i, size: '320x180' });
	await receiving(101, people.length);
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 101, { StreamId: 'show', RecordId: 'file001' }, { VideoWidth: width, VideoHeight: height }));
	const mix = await running(101);
	assert.equal(mix.tiles.length, people.length);
	for (const [i, tile] of mix.tiles.entries())
		assert.deepEqual(tile, { user: `p${i}`, stream_type: 'main', x: i % side * 320, y: Math.floor(i / side) * 180, width: 320, height: 180 });

	// a late viewer gets a picture at once, with time stamps that begin at 0
	const watched = path.join(dir, 'watched.flv');
	const started = Date.now();
	execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-i', mix.flv_url, '-t', '4', '-c', 'copy', watched], { timeout: 20000 });
	assert.ok(Date.now() - started < 9000);
	const live = ffprobe(watched, '-show_streams', '-show_packets');
	assert.deepEqual(live.streams.map(s => s.codec_name).sort(), ['aac', 'h264']);
	const pictures = live.packets.filter(p => p.codec_type === 'video');
	assert.ok(Number(pictures[0].pts_time) < 0.2 && pictures[0].flags.startsWith('K'));
	// what came before it joined is hurried through
	const paced = pictures.filter(p => Number(p.pts_time) > 0.5);
	assert.ok(paced.length >= 48 && paced.length <= 57, `${paced.length} pictures in 3.5 s`);

	await sleep(4000);
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 101 });
	const stopped = Date.now();
	const recording = await recordingOf(box, 'file001');
	assert.ok(Date.now() - stopped < 2500, 'announced within 2 s of the end');
	assert.match(path.basename(recording.path), /^file001(_\d{4}(-\d\d){5}){2}\.mp4$/);
	const file = path.join(dir, 'recordings', recording.path);
	const probe = ffprobe(file);
	const video = probe.streams.find(s => s.codec_type === 'video'), audio = probe.streams.find(s => s.codec_type === 'audio');
	assert.deepEqual([video.codec_name, video.width, video.height, audio.codec_name, audio.sample_rate, audio.channels],
		['h264', width, height, 'aac', '48000', 2]);
	assert.ok(Math.abs(video.duration - audio.duration) < 0.2, `video ${video.duration} s, audio ${audio.duration} s`);
	assert.ok(Math.abs(video.nb_frames / video.duration - 15) < 0.2);
	assert.ok(Math.abs(recording.duration_ms / 1000 - video.duration) < 0.3);
	assert.equal(recording.size_bytes, fs.statSync(file).size);
	assert.equal(recording.gaps.length, 0);

	// each has an own colour, which is in its tile; each tone is there, and one that nobody sends is not
	const colours = mix.tiles.map(tile => colour(file, 4, tile));
	for (const [i, a] of colours.entries())
		for (const [j, b] of colours.entries())
			if (i < j)
				assert.ok(Math.hypot(...a.map((v, k) => v - b[k])) > 4, `tiles ${i} and ${j} look alike: ${a} ${b}`);
	for (const i of people.filter(i => i % 5 === 0))
		assert.ok(tone(file, 300 + 100 * i, 2, 4) > -40, `tone of p${i}`);
	assert.ok(tone(file, 2350, 2, 4) < -55, 'a tone nobody sends');

	// played back over HTTP, in ranges, only with a valid signature
	const url = await box.api('GET', `/recordings/${recording.id}/file`);
	const part = await fetch(url, { headers: { Range: 'bytes=4-7' } });
	assert.equal(part.status, 206);
	assert.equal(part.headers.get('content-range'), `bytes 4-7/${recording.size_bytes}`);
	assert.equal(await part.text(), 'ftyp');
	assert.equal((await fetch(url.replace(/sign=./, match => match.endsWith('0') ? 'sign=1' : 'sign=0'))).status, 403);
	assert.equal((await fetch(url, { headers: { Range: `bytes=${recording.size_bytes}-` } })).status, 416);
	const whole = await fetch(url);
	assert.equal(whole.headers.get('content-type'), 'video/mp4');
	assert.equal((await whole.arrayBuffer()).byteLength, recording.size_bytes);

	for (const publisher of box.publishers.splice(0))
		publisher.process.kill();
	for (const i of people)
		await box.api('DELETE', `/applications/${app.id}/rooms/101/users/p${i}`);
});

test('the SDK is understood in every way it signs', { timeout: 60000 }, async () => {
	await box.publish(app, 7, 'anna', { size: '160x90' });
	await receiving(7, 1);
	// objects and lists too, which are dotted names in a query or a form
	const places = [...Array(11).keys()].map(i => ({ UserId: `user_${i}`, ImageWidth: 20, ImageHeight: 90, LocationX: 20 * i }));
	const more = { LayoutParams: { Template: 4, PresetLayoutConfig: places },
		PublishCdnParams: { BizId: 7, PublishCdnUrls: ['rtmp://127.0.0.1:9/live/c+d=&e%'] } };
	for (const signMethod of ['TC3-HMAC-SHA256', 'HmacSHA256', 'HmacSHA1'])
		for (const reqMethod of ['POST', 'GET']) {
			const cloud = box.cloud(app.key, { signMethod, reqMethod });
			const answer = await cloud.StartMCUMixTranscode({ ...mixParameters(app, 7, { StreamId: `s-${signMethod}-${reqMethod}` },
				{ VideoWidth: 320, VideoHeight: 180, VideoBitrate: 300 }), ...more });
			assert.match(answer.RequestId, /^[0-9a-f-]{36}$/);
			const mix = await box.api('GET', `/applications/${app.id}/rooms/7/mix`);
			assert.equal(mix.stream_id, `s-${signMethod}-${reqMethod}`);
			assert.deepEqual(mix.layout.presets.map(({ user, width, height, x }) => ({ UserId: user, ImageWidth: width, ImageHeight: height, LocationX: x })), places);
			assert.equal(mix.publish.biz_id, 7);
			await cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 7 });
			await assert.rejects(box.api('GET', `/applications/${app.id}/rooms/7/mix`), { status: 404 });
		}
	await box.api('DELETE', `/applications/${app.id}/rooms/7/users/anna`);
});

test('what is wrong is refused with the documented code and changes nothing', { timeout: 60000 }, async () => {
	const start = (room, output, encode, extra) => app.cloud.StartMCUMixTranscode({ ...mixParameters(app, room, output, encode), ...extra });
	await assert.rejects(start(8, { StreamId: 'x' }), rejected('FailedOperation.RoomNotExist'));
	await assert.rejects(app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 8 }), error => /RoomNotExist|MixSessionNotExist/.test(error.code));
	await box.publish(app, 8, 'bob', { size: '160x90' });
	await receiving(8, 1);
	await assert.rejects(start(8, {}), rejected('MissingParameter.StreamId'));
	await assert.rejects(start(8, { StreamId: 'x' }, { VideoFramerate: 61 }), rejected('InvalidParameter.EncodeParams'));
	await assert.rejects(start(8, { StreamId: 'x' }, { AudioSampleRate: 44000 }), rejected('InvalidParameter.AudioEncodeParams'));
	await assert.rejects(start(8, { StreamId: 'x' }, { VideoWidth: 0 }), rejected('InvalidParameter.VideoResolution'));
	await assert.rejects(start(8, { StreamId: 'x', RecordId: 'a/b' }), rejected('InvalidParameter.RecordId'));
	const other = await box.application('other');
	await assert.rejects(other.cloud.StartMCUMixTranscode(mixParameters(app, 8, { StreamId: 'x' })), rejected('UnauthorizedOperation.SdkAppId'));
	await assert.rejects(box.cloud({ ...app.key, secret_key: 'wrong' }).StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 8 }), rejected('AuthFailure.SignatureFailure'));
	await assert.rejects(box.cloud({ secret_id: 'AKIDnobody', secret_key: 'x' }).StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 8 }), rejected('AuthFailure.SecretIdNotFound'));
	await assert.rejects(app.cloud.request('NoSuchAction', {}), rejected('InvalidAction'));
	await assert.rejects(box.api('GET', `/applications/${app.id}/rooms/8/mix`), { status: 404 });
	await box.api('DELETE', `/applications/${app.id}/rooms/8/users/bob`);
});

test('string rooms are apart from numeric ones; the last to leave ends the mix', { timeout: 60000 }, async () => {
	await box.publish(app, 9, 'carl', { size: '160x90' });
	const place = await box.api('POST', `/applications/${app.id}/rooms/9/users?room_type=string`, { user: 'dora', room_type: 'string' });
	assert.ok(place.video.port > 0);
	await receiving(9, 1);
	const { RoomId, ...parameters } = mixParameters(app, 9, { StreamId: 'text', RecordId: 'text' }, { VideoWidth: 320, VideoHeight: 180 });
	await app.cloud.StartMCUMixTranscodeByStrRoomId({ ...parameters, StrRoomId: '9' });
	await assert.rejects(app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 9 }), rejected('FailedOperation.MixSessionNotExist'));
	await recordingOf(box, 'text', ['recording']);
	await sleep(1500);
	await box.api('DELETE', `/applications/${app.id}/rooms/9/users/dora?room_type=string`);
	const recording = await recordingOf(box, 'text');
	assert.ok(recording.duration_ms > 500);
	assert.equal(ffprobe(path.join(dir, 'recordings', recording.path)).streams.length, 2);
	await box.api('DELETE', `/applications/${app.id}/rooms/9/users/carl`);
});

test('Start again changes the mix in place: one stream, one file', { timeout: 60000 }, async () => {
	await box.publish(app, 10, 'eva', { size: '320x180', tone: 500 });
	await receiving(10, 1);
	const encode = { VideoWidth: 640, VideoHeight: 360, VideoBitrate: 500 };
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 10, { StreamId: 'again', RecordId: 'again' }, encode));
	const { id } = await running(10);
	const first = await recordingOf(box, 'again', ['recording']), waited = box.keptWaiting('media');
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 10, { StreamId: 'again', RecordId: 'again' }, { ...encode, BackgroundColor: 0xff0000, VideoBitrate: 800 }));
	await sleep(2500);
	const mix = await running(10);
	assert.equal(mix.id, id);
	assert.equal(mix.video.bitrate_kbps, 800);
	const busy = box.keptWaiting('media') - waited; // a machine that is busy with other things leaves pictures out
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 10 });
	const recording = await recordingOf(box, 'again');
	assert.equal(recording.id, first.id);
	assert.equal(recording.gaps.length, 0);
	const { packets } = ffprobe(path.join(dir, 'recordings', recording.path), '-show_packets', '-select_streams', 'v');
	const times = packets.map(p => Number(p.pts_time));
	for (let i = 1; i < times.length; i++)
		assert.ok(times[i] - times[i - 1] < 0.15 + busy, `a hole of ${times[i] - times[i - 1]} s at ${times[i]}, ${busy} s of waiting`);
	await box.api('DELETE', `/applications/${app.id}/rooms/10/users/eva`);
});

test('every template, changed in place by the SDK: one stream, one file', { timeout: 90000 }, async () => {
	const names = ['fay', 'gus', 'hal'], [width, height] = [640, 360];
	for (const [i, name] of names.entries())
		await box.publish(app, 11, name, { index: 3 * i, size: '320x180' });
	await receiving(11, names.length);
	const layouts = [
		[{ MainVideoUserId: 'gus' }, { gus: [0, 0, 640, 360], fay: [6, 270, 150, 84], hal: [164, 270, 150, 84] }],
		[{ Template: 1 }, { fay: [0, 0, 320, 180], gus: [320, 0, 320, 180], hal: [0, 180, 320, 180] }, { x: 330, y: 190, width: 300, height: 160 }],
		[{ Template: 2, MainVideoUserId: 'hal', MainVideoRightAlign: 1 }, { hal: [128, 0, 512, 360], fay: [0, 0, 128, 90], gus: [0, 90, 128, 90] }, { x: 4, y: 190, width: 116, height: 160 }],
		[{ Template: 3, MainVideoUserId: 'hal', SmallVideoLayoutParams: { UserId: 'fay', StreamType: 0, ImageWidth: 160, ImageHeight: 90, LocationX: 470, LocationY: 260 } },
			{ hal: [0, 0, 640, 360], fay: [470, 260, 160, 90] }],
		[{ Template: 4, PresetLayoutConfig: [{ ImageWidth: 200, ImageHeight: 200, LocationX: 440, LocationY: 160 },
			{ UserId: 'hal', ImageWidth: 300, ImageHeight: 300, RenderMode: 0 }] }, { fay: [440, 160, 200, 200], hal: [0, 0, 300, 300] }, { x: 310, y: 4, width: 120, height: 350 }],
	];
	for (const [LayoutParams, places, bare] of layouts) {
		await app.cloud.StartMCUMixTranscode({ ...mixParameters(app, 11, { StreamId: 'templates', RecordId: 'templates' },
			{ VideoWidth: width, VideoHeight: height, VideoBitrate: 1500, VideoGop: 1, BackgroundColor: 0 }), LayoutParams });
		const mix = await until('the layout to be there', async () => {
			const now = await running(11);
			return now.tiles.length === Object.keys(places).length &&
				now.tiles.every(t => JSON.stringify([t.x, t.y, t.width, t.height]) === JSON.stringify(places[t.user])) && now;
		});
		await sleep(1500); // a viewer begins at the last key frame, which is a second old at most
		const frame = path.join(dir, 'frame.flv');
		execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-i', mix.flv_url, '-t', '1', '-c', 'copy', frame], { timeout: 20000 });
		for (const tile of mix.tiles)
			assert.ok(Math.max(...colour(frame, 0.5, tile)) > 40, `nothing is seen of ${tile.user} in ${JSON.stringify(LayoutParams)}`);
		if (bare)
			assert.ok(Math.max(...colour(frame, 0.5, bare)) < 12, `something is seen beside the tiles in ${JSON.stringify(LayoutParams)}`);
	}
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 11 });
	const recording = await recordingOf(box, 'templates');
	assert.equal(recording.gaps.length, 0);
	for (const name of names)
		await box.api('DELETE', `/applications/${app.id}/rooms/11/users/${name}`);
});

test('metrics are there in the Prometheus text format', async () => {
	const answer = await fetch(`${box.url}/metrics`, { headers: { Cookie: box.cookie } });
	assert.equal(answer.status, 200);
	const text = await answer.text();
	for (const line of text.trim().split('\n'))
		assert.match(line, /^(# (HELP|TYPE) tessera_\w+ .+|tessera_\w+(\{.*\})? [-+0-9.eE]+|tessera_\w+(\{.*\})? NaN)$/);
	assert.match(text, /^tessera_\w*up\{.*media.*\} 1$/m);
});

test('all of it was done where it should be', async () => {
	const { engines, status } = await box.api('GET', '/health');
	const [first] = engines;
	assert.equal(status, 'ok');
	assert.equal(first.name, engine);
	assert.deepEqual(engines.map(e => e.state), engine === 'soft' ? ['ok'] : ['ok', 'standby']);
	assert.deepEqual([first.losses, first.faults, first.downloads], [0, 0, 0]);
	if (engine !== 'soft')
		assert.equal(first.fallback_decoded, 0);
	const metrics = await (await fetch(`${box.url}/metrics`, { headers: { Cookie: box.cookie } })).text();
	const encoded = new RegExp(`^tessera_engine_operations_total\\{engine="${engine}",.*operation="encoded"\\} (\\d+)$`, 'm').exec(metrics);
	assert.ok(Number(encoded[1]) > 200);
	assert.doesNotMatch(fs.readFileSync(box.logPath, 'utf8'), /violation/);
});
