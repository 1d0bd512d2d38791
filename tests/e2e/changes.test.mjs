// SPDX-License-Identifier: GPL-3.0-or-later
// A mix that is changed while Chromium (mpegts.js) and ffmpeg watch and it is recorded; mixes of the API and of users, which
// exclude each other; rooms that are dismissed. By the official cloud SDK and the admin API.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Box, ffprobe, mixParameters, recordingOf, root, until } from './box.mjs';

let box, app, dir, browser;
before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-changes-'));
	box = await Box.start(dir, { media: { workers: 2 } });
	app = await box.application('changes test');
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'] });
});
after(async () => {
	await browser?.close();
	await box?.stop();
	fs.rmSync(dir, { recursive: true, force: true });
});

const where = room => `/applications/${app.id}/rooms/${room}`;
const receiving = (room, count) => until(`${count} publishers in room ${room}`, async () => {
	const { users } = await box.api('GET', where(room));
	return users.length === count && users.every(user => user.state === 'receiving');
});
const running = room => until('the mix to run', async () => {
	const mix = await box.api('GET', `${where(room)}/mix`);
	return mix.state === 'running' && mix.frames > 15 && mix;
});
const start = (room, output, encode) => app.cloud.StartMCUMixTranscode(mixParameters(app, room, output, encode));
const rejected = code => error => {
	assert.equal(error.code, code, `${error.code}: ${error.message}`);
	return true;
};
const sizeOf = (width, height) => ({ VideoWidth: width, VideoHeight: height, VideoBitrate: 800 });

/** The sizes of a file's pictures in order, each once for each stretch of it; and the distances of the pictures, in seconds. */
function pictures(file) {
	const frames = ffprobe(file, '-select_streams', 'v:0', '-show_entries', 'frame=pts_time,width,height').frames;
	const sizes = frames.map(frame => `${frame.width}x${frame.height}`).filter((size, i, all) => size !== all[i - 1]);
	// in its first moments a viewer is hurried to where the stream is
	const paced = frames.filter(frame => frame.pts_time > 0.5);
	return { count: frames.length, sizes, steps: paced.slice(1).map((frame, i) => frame.pts_time - paced[i].pts_time) };
}

/** Plays on a page; `go` is told the size that is to come, and waits for it and for a second more. */
async function player(page, attach) {
	await page.setContent('<video muted autoplay></video>');
	await attach();
	return async (width, height) => {
		await page.waitForFunction(([w, h]) => {
			const video = document.querySelector('video');
			return video.videoWidth === w && video.videoHeight === h;
		}, [width, height]);
		const before = await page.$eval('video', video => video.currentTime);
		await page.waitForFunction(t => document.querySelector('video').currentTime > t + 1, before);
	};
}

test('viewers and the recording go on through changes of size', { timeout: 120000 }, async () => {
	const ids = { StreamId: 'turn', RecordId: 'turn' };
	await box.publish(app, 11, 'anna', { index: 1, size: '320x180' });
	await box.publish(app, 11, 'bob', { index: 2, tone: 700, size: '320x180' });
	await receiving(11, 2);
	await start(11, ids, sizeOf(640, 360));
	const mix = await running(11);

	const page = await browser.newPage();
	page.setDefaultTimeout(20000);
	const errors = [];
	page.on('pageerror', error => errors.push(String(error)));
	const plays = await player(page, async () => {
		await page.addScriptTag({ path: path.join(root, 'webui/node_modules/mpegts.js/dist/mpegts.js') });
		await page.evaluate(url => {
			const player = window.mpegts.createPlayer({ type: 'flv', isLive: true, url }, { liveBufferLatencyChasing: true });
			window.ended = [];
			for (const event of [window.mpegts.Events.ERROR, window.mpegts.Events.LOADING_COMPLETE])
				player.on(event, (...args) => window.ended.push(JSON.stringify([event, ...args])));
			player.attachMediaElement(document.querySelector('video'));
			player.load();
			player.play();
		}, mix.flv_url);
	});
	await plays(640, 360);
	const watched = path.join(dir, 'watched.flv');
	const watcher = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-i', mix.flv_url, '-c', 'copy', watched], { stdio: ['ignore', 'ignore', 'pipe'] });
	let complaints = '';
	watcher.stderr.on('data', text => { complaints += text; });
	const over = new Promise(done => watcher.once('close', done));
	await until('ffmpeg to watch', () => fs.existsSync(watched) && fs.statSync(watched).size > 50000);

	await start(11, ids, sizeOf(960, 540));
	await plays(960, 540);
	await start(11, ids, sizeOf(320, 180));
	await plays(320, 180);
	// the same call again is none
	const { epoch } = await box.api('GET', `${where(11)}/mix`);
	await start(11, ids, sizeOf(320, 180));
	assert.equal((await box.api('GET', `${where(11)}/mix`)).epoch, epoch);
	await start(11, ids, sizeOf(640, 360));
	await plays(640, 360);
	const now = await box.api('GET', `${where(11)}/mix`);
	assert.deepEqual([now.id, now.recording, now.viewers], [mix.id, mix.recording, 2]);
	assert.deepEqual([await page.evaluate(() => window.ended), errors], [[], []]);
	watcher.kill('SIGINT'); // before the stream ends, which is an error to ffmpeg
	await over;
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 11 });

	const sizes = ['640x360', '960x540', '320x180', '640x360'];
	const live = pictures(watched);
	assert.equal(complaints, '');
	assert.deepEqual(live.sizes, sizes);
	const recording = await recordingOf(box, 'turn');
	assert.equal((await box.api('GET', '/recordings?prefix=turn')).recordings.length, 1, 'one file');
	assert.deepEqual(recording.gaps, []);
	const file = path.join(dir, 'recordings', recording.path);
	const recorded = pictures(file);
	assert.deepEqual(recorded.sizes, sizes);
	assert.equal(recorded.count, Number(ffprobe(file).streams.find(s => s.codec_type === 'video').nb_frames));
	// a machine that is busy with other things leaves pictures out (that a change does not, is shown on virtual time); but none is
	// there twice, and there is no break
	for (const { steps } of [live, recorded])
		for (const step of steps)
			assert.ok(step > 0.065 && step < 1, `${step} s between two pictures`);
	assert.ok(recorded.count > recording.duration_ms / 1000 * 15 * 0.7, `${recorded.count} pictures in ${recording.duration_ms} ms`);

	// the file plays in Chromium too, through all of its sizes
	const url = await box.api('GET', `/recordings/${recording.id}/file`);
	const seen = new Set();
	await player(page, () => page.$eval('video', (video, src) => {
		video.src = src;
		video.playbackRate = 2;
		return video.play();
	}, url));
	await until('the file to end', async () => {
		const state = await page.$eval('video', video => ({ size: `${video.videoWidth}x${video.videoHeight}`, ended: video.ended,
			error: video.error?.message }));
		assert.equal(state.error, undefined);
		seen.add(state.size);
		return state.ended;
	}, 40000);
	assert.deepEqual([...seen].filter(size => size !== '0x0'), sizes.slice(0, 3));
	await page.close();
	await app.cloud.DismissRoom({ SdkAppId: app.id, RoomId: 11 });
	await assert.rejects(box.api('GET', where(11)), { status: 404 });
});

test('a mix of the API and one of a user exclude each other', { timeout: 60000 }, async () => {
	const anna = config => box.api('POST', `${where(12)}/users/anna/mix`, { config });
	await box.publish(app, 12, 'anna', { size: '160x90' });
	await receiving(12, 1);
	const config = { mode: 'PresetLayout', videoWidth: 320, videoHeight: 180, videoBitrate: 300,
		mixUsers: [{ userId: '$PLACE_HOLDER_LOCAL_MAIN$', width: 320, height: 180 }] };
	await start(12, { StreamId: 'one' }, sizeOf(320, 180));
	await assert.rejects(anna(config), rejected('FailedOperation.RequestRejection'));
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 12 });

	await anna(config);
	const mix = await running(12);
	assert.equal(mix.stream_id, `${app.id}_12_anna_main`);
	assert.deepEqual(mix.tiles, [{ user: 'anna', stream_type: 'main', x: 0, y: 0, width: 320, height: 180 }]);
	const { streams } = ffprobe(mix.flv_url, '-show_streams');
	assert.deepEqual(streams.map(stream => stream.width ?? stream.codec_name).sort(), [320, 'aac']);
	await assert.rejects(start(12, { StreamId: 'two' }, sizeOf(320, 180)), rejected('FailedOperation.RequestRejection'));
	await assert.rejects(app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 12 }), rejected('FailedOperation.RequestRejection'));
	await anna(null);
	await assert.rejects(anna(null), rejected('FailedOperation.MixSessionNotExist'));
	await start(12, { StreamId: 'two' }, sizeOf(320, 180));
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 12 });

	// it ends with the user's leaving
	await anna(config);
	await box.publish(app, 12, 'bob', { size: '160x90' });
	await box.api('DELETE', `${where(12)}/users/anna`);
	await assert.rejects(box.api('GET', `${where(12)}/mix`), { status: 404 });
	await app.cloud.DismissRoom({ SdkAppId: app.id, RoomId: 12 });
});

// which of the two workers has the room: FNV-1a of its name
const workerOf = room => [...`${app.id}/number/${room}`].reduce((hash, c) => Math.imul(hash ^ c.charCodeAt(0), 16777619) >>> 0, 2166136261) % 2;

test('a mix takes in a user of another room, of another worker', { timeout: 60000 }, async () => {
	const rooms = [...Array(20).keys()].map(i => 30 + i);
	const near = rooms[0], far = rooms.find(room => workerOf(room) !== workerOf(near));
	await box.publish(app, near, 'anna', { index: 1, tone: 500, size: '320x180' });
	await box.publish(app, far, 'zoe', { index: 5, tone: 900, size: '320x180' });
	await receiving(near, 1);
	await receiving(far, 1);
	const mixUsers = [{ userId: 'anna', width: 320, height: 180 }, { userId: 'zoe', roomId: String(far), x: 320, width: 320, height: 180 }];
	await box.api('POST', `${where(near)}/users/anna/mix`, { config: { mode: 'Manual', streamId: 'both', videoWidth: 640, videoHeight: 180,
		videoBitrate: 600, mixUsers } });
	await start(far, { StreamId: 'own' }, sizeOf(320, 180));
	await running(far);
	const mix = await running(near);
	assert.deepEqual(mix.tiles.map(tile => [tile.user, tile.x]), [['anna', 0], ['zoe', 320]]);
	// both are seen and heard, and the other room's mix is as it was
	const file = path.join(dir, 'both.flv');
	spawnSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-i', mix.flv_url, '-t', '4', '-c', 'copy', file], { timeout: 20000 });
	const measure = (...args) => spawnSync('ffmpeg', ['-hide_banner', '-nostdin', '-ss', '1', '-i', file, ...args, '-f', 'null', '-'], { encoding: 'utf8' }).stderr;
	const tone = hz => Number(/mean_volume: (-?[\d.]+) dB/.exec(measure('-af',
		`bandpass=f=${hz}:width_type=h:w=8,bandpass=f=${hz}:width_type=h:w=8,volumedetect`))[1]);
	assert.ok(tone(500) > -40 && tone(900) > -40, `tones at ${tone(500)} and ${tone(900)} dB`);
	assert.ok(tone(700) < -55, 'a tone nobody sends');
	for (const x of [0, 320])
		assert.ok(Number(/YAVG=([\d.]+)/.exec(measure('-vf', `crop=320:180:${x}:0,signalstats,metadata=print`))[1]) > 40, `a picture at ${x}`);
	const { users } = await box.api('GET', where(far));
	assert.equal(users.length, 1);
	assert.deepEqual((await box.api('GET', `${where(far)}/mix`)).tiles.map(tile => tile.user), ['zoe']);
	// zoe leaves: the mix goes on
	const { frames } = await box.api('GET', `${where(near)}/mix`);
	await app.cloud.DismissRoom({ SdkAppId: app.id, RoomId: far });
	await until('the mix without zoe', async () => {
		const { tiles, frames: now } = await box.api('GET', `${where(near)}/mix`);
		return tiles.length === 1 && now > frames + 15;
	});
	await app.cloud.DismissRoom({ SdkAppId: app.id, RoomId: near });
});

test('a dismissed room has no mix, and its file is finished', { timeout: 60000 }, async () => {
	await assert.rejects(app.cloud.DismissRoom({ SdkAppId: app.id, RoomId: 13 }), rejected('FailedOperation.RoomNotExist'));
	await box.publish(app, 13, 'anna', { size: '160x90' });
	await receiving(13, 1);
	await app.cloud.StartMCUMixTranscode({ ...mixParameters(app, 13, { RecordId: 'gone' }, sizeOf(320, 180)),
		PublishCdnParams: { BizId: 4, PublishCdnUrls: ['rtmp://cdn.example/live/SECRET?txSecret=SECRET'] } });
	await until('a recording', async () => (await recordingOf(box, 'gone', ['recording', 'waiting'])).size_bytes > 0);
	assert.deepEqual((await box.api('GET', `${where(13)}/mix`)).publish, { biz_id: 4, url: 'rtmp://cdn.example/live/***' });
	const publish = PublishCdnUrls => app.cloud.StartMCUMixTranscode({ ...mixParameters(app, 13, { RecordId: 'gone' }, sizeOf(320, 180)),
		PublishCdnParams: { BizId: 4, PublishCdnUrls } });
	await assert.rejects(publish(['http://cdn.example/live/x']), rejected('InvalidParameter.PublishCdnUrls'));
	await assert.rejects(publish(['rtmp://a/b/c', 'rtmp://a/b/d']), rejected('InvalidParameter.PublishCdnUrls'));
	await assert.rejects(app.cloud.StartMCUMixTranscode({ ...mixParameters(app, 13, { RecordId: 'gone' }, sizeOf(320, 180)),
		PublishCdnParams: { PublishCdnUrls: ['rtmp://a/b/c'] } }), rejected('MissingParameter.BizId'));
	// another RecordId: the file ends, the next begins
	const { id } = await box.api('GET', `${where(13)}/mix`);
	await start(13, { RecordId: 'next' }, sizeOf(320, 180));
	assert.ok((await box.api('GET', `${where(13)}/mix`)).id > id);
	await recordingOf(box, 'gone');
	await until('the next recording', async () => (await recordingOf(box, 'next', ['recording', 'waiting'])).size_bytes > 0);
	await app.cloud.DismissRoom({ SdkAppId: app.id, RoomId: 13 });
	// the mix is not found just ending: the room is empty
	await assert.rejects(start(13, { StreamId: 'late' }, sizeOf(320, 180)), rejected('FailedOperation.RoomNotExist'));
	await assert.rejects(app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 13 }), rejected('FailedOperation.RoomNotExist'));
	await recordingOf(box, 'next');
	assert.doesNotMatch(fs.readFileSync(box.logPath, 'utf8'), /SECRET/);
	// a string room, of the same name
	await box.api('POST', `${where('x%20y')}/users`, { user: 'anna', room_type: 'string' });
	await app.cloud.DismissRoomByStrRoomId({ SdkAppId: app.id, RoomId: 'x y' });
	await assert.rejects(box.api('GET', `${where('x%20y')}?room_type=string`), { status: 404 });
});
