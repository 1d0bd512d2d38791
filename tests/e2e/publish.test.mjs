// SPDX-License-Identifier: GPL-3.0-or-later
// Users who enter a room by RTMP, with real publishers: ffmpeg and GStreamer; with TESSERA_LONG=1 OBS under Xvfb too.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Box, ffprobe, mixParameters, recordingOf, sleep, until } from './box.mjs';

let box, app, dir;
const running = new Set();

/** A process that is ended with the test; its stderr in `said`. */
function start(command, args, options = {}) {
	const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options });
	child.said = '';
	child.stderr.on('data', chunk => { child.said += chunk; });
	running.add(child);
	child.once('exit', () => running.delete(child));
	child.once('close', () => { child.saidAll = true; }); // what it said may come after its end
	return child;
}
const ended = child => until('the publisher to end', () => child.exitCode !== null || child.signalCode !== null);
const addressOf = (room, user, more = {}) => box.api('POST', `/applications/${app.id}/rooms/${encodeURIComponent(room)}/rtmp`, { user, ...more });
const room = (name, query = '') => box.api('GET', `/applications/${app.id}/rooms/${encodeURIComponent(name)}${query}`).catch(() => ({ users: [] }));
const receiving = (name, user) => until(`${user} to be received`, async () =>
	(await room(name)).users.find(one => one.user === user && one.state === 'receiving'));
const gone = (name, user) => until(`${user} to be gone`, async () => !(await room(name)).users.some(one => one.user === user));

const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin'];
/** ffmpeg publishes: white for the first tenth of each second, and a beep with it. */
const flash = (url, { hz = 1000, seconds = 60, rate = 44100, size = '320x180' } = {}) => start('ffmpeg', [...quiet,
	'-re', '-f', 'lavfi', '-i', `color=c=0x2040c0:s=${size}:r=25,drawbox=c=white:t=fill:enable='lt(mod(t\\,1)\\,0.1)'`,
	'-re', '-f', 'lavfi', '-i', `aevalsrc='0.4*sin(2*PI*${hz}*t)*lt(mod(t,1),0.1)':s=${rate}`, '-t', String(seconds),
	'-c:v', 'libx264', '-preset', 'veryfast', '-threads', '1', '-bf', '2', '-g', '25', '-b:v', '400k', '-c:a', 'aac', '-ac', '2', '-b:a', '96k', '-f', 'flv', url]);

before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-publish-'));
	box = await Box.start(dir);
	app = await box.application('publish test');
});
after(async () => {
	for (const child of running)
		child.kill('SIGKILL');
	await box?.stop();
	fs.rmSync(dir, { recursive: true, force: true });
});

/** When each flash begins in the picture, and each beep in the sound, in seconds. */
function onsets(file) {
	const frames = JSON.parse(execFileSync('ffprobe', ['-v', 'error', '-f', 'lavfi', '-i', `movie=${file},signalstats`, '-show_entries',
		'frame=pts_time:frame_tags=lavfi.signalstats.YAVG', '-of', 'json'], { maxBuffer: 1 << 26 })).frames;
	const bright = frames.map(frame => [Number(frame.pts_time), Number(frame.tags['lavfi.signalstats.YAVG']) > 160]);
	const flashes = bright.filter(([, on], i) => on && i && !bright[i - 1][1]).map(([time]) => time);
	const pcm = execFileSync('ffmpeg', [...quiet, '-i', file, '-map', '0:a', '-af', 'aresample=async=1:first_pts=0', '-ac', '1', '-ar', '48000', '-f', 's16le', '-'],
		{ maxBuffer: 1 << 26 });
	const beeps = [];
	let last = -48000;
	for (let i = 0; i < pcm.length / 2; i++)
		if (Math.abs(pcm.readInt16LE(2 * i)) > 2000) {
			if (i - last > 24000)
				beeps.push(i / 48000);
			last = i;
		}
	return { flashes, beeps: beeps.filter(time => time > 0.3) };
}

/** What is watched by this name: how sound and picture are coded. */
const watched = url => {
	const { streams } = ffprobe(url);
	const video = streams.find(stream => stream.codec_type === 'video'), audio = streams.find(stream => stream.codec_type === 'audio');
	return [video.codec_name, video.width, video.height, audio.codec_name, audio.sample_rate];
};

let alice;
test('ffmpeg publishes: mixed and recorded, picture and sound together', { timeout: 60000 }, async () => {
	const address = await addressOf(101, 'alice', { stream_id: 'alice-live' });
	assert.match(address.server, /^rtmp:\/\/127\.0\.0\.1:\d+\/room$/);
	assert.match(address.key, new RegExp(`^${app.id}/101/alice\\?usersig=[A-Za-z0-9*_-]+&stream_id=alice-live$`));
	assert.equal(address.url, `${address.server}/${address.key}`);
	alice = flash(address.url);
	const user = await receiving(101, 'alice');
	assert.deepEqual([user.protocol, user.video.codec, user.audio.codec], ['rtmp', 'h264', 'aac']);
	// a live stream of the user's own: as it was sent, nothing encoded again
	assert.equal(user.stream_id, 'alice-live');
	assert.deepEqual(watched(user.rtmp_url), ['h264', 320, 180, 'aac', '44100']);
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 101, { StreamId: 'show', RecordId: 'published' },
		{ VideoWidth: 320, VideoHeight: 180, VideoFramerate: 50, VideoBitrate: 600, AudioBitrate: 96 }));
	await until('some seconds of it', async () => (await box.api('GET', `/applications/${app.id}/rooms/101/mix`)).frames > 260);
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 101 });
	const recording = await recordingOf(box, 'published');
	const file = path.join(dir, 'recordings', recording.path);
	const { flashes, beeps } = onsets(file);
	assert.ok(flashes.length >= 4 && beeps.length >= 4, `${flashes.length} flashes, ${beeps.length} beeps`);
	const offsets = flashes.map(flash => Math.min(...beeps.map(beep => Math.abs(beep - flash)))).sort((a, b) => a - b);
	assert.ok(offsets[offsets.length >> 1] <= 0.04 && offsets[Math.ceil(offsets.length * 0.75) - 1] <= 0.06, `picture and sound apart by ${offsets}`);
	// the rhythm is kept: a second from one to the next
	for (let i = 1; i < beeps.length; i++)
		assert.ok(Math.abs(beeps[i] - beeps[i - 1] - 1) < 0.03, `beeps at ${beeps}`);
	// its colour is in the tile, its level in the mix
	const rgb = execFileSync('ffmpeg', [...quiet, '-ss', String(flashes[1] + 0.5), '-i', file, '-frames:v', '1', '-vf', 'scale=1:1:flags=area,format=rgb24', '-f', 'rawvideo', '-']);
	for (const [i, want] of [0x20, 0x40, 0xc0].entries())
		assert.ok(Math.abs(rgb[i] - want) < 16, `colour ${[...rgb]}`);
	const level = spawnSync('ffmpeg', ['-hide_banner', '-nostdin', '-ss', String(beeps[1] + 0.03), '-t', '0.04', '-i', file, '-map', '0:a', '-af', 'volumedetect', '-f', 'null', '-'], { encoding: 'utf8' }).stderr;
	assert.ok(Math.abs(Number(/max_volume: (-?[\d.]+) dB/.exec(level)[1]) - 20 * Math.log10(0.4 * Math.SQRT1_2)) /* mono on both sides */ < 1.5, level);
});

test('who may not publish is told why', { timeout: 60000 }, async () => {
	const good = await addressOf(7, 'bob'), other = await box.application('other');
	const sig = (id, user, more = {}) => box.api('POST', `/applications/${id}/usersig`, { user, ...more }).then(answer => answer.usersig);
	const short = await sig(app.id, 'bob', { expire: 1 }), at = Date.now();
	await box.api('POST', `/applications/${app.id}/rooms/7/users`, { user: 'carol' });
	await box.publish(app, 8, 'dave', { video: false }); // one by RTP
	const bare = good.url.split('?')[0], [server] = bare.split('/room/');
	const cases = [
		[bare, /usersig is missing/],
		[`${bare}?usersig=nonsense`, /cannot be read/],
		[`${bare}?usersig=${await sig(other.id, 'bob')}`, /another key/],
		[`${bare}?usersig=${await sig(app.id, 'eve')}`, /another user or application/],
		[`${server}/room/999/7/bob?usersig=${short}`, /no such application/],
		[(await addressOf(8, 'dave')).url, /by RTP already/],
		[`${server}/room/${app.id}/seven/bob?usersig=x`, /must be 1 to 4294967294/],
		[`${server}/room/${app.id}/7`, /The address must be/],
	];
	await sleep(Math.max(0, at + 2100 - Date.now()));
	cases.push([`${bare}?usersig=${short}`, /not valid at this time/]);
	const publishers = cases.map(([url, want]) => [start('ffmpeg', [...quiet, '-re', '-f', 'lavfi', '-i', 'testsrc=s=64x64', '-c:v', 'libx264', '-f', 'flv', url]), want]);
	// codecs that are not taken, with a good ticket
	publishers.push([start('ffmpeg', [...quiet, '-re', '-f', 'lavfi', '-i', 'testsrc=s=64x64', '-c:v', 'flv', '-f', 'flv', good.url]), /Pictures must be H\.264; this publisher sends Sorenson/]);
	publishers.push([start('ffmpeg', [...quiet, '-re', '-f', 'lavfi', '-i', 'sine=sample_rate=44100', '-c:a', 'libmp3lame', '-f', 'flv', (await addressOf(7, 'frank')).url]), /Sound must be AAC; this publisher sends MP3/]);
	for (const [publisher, want] of publishers) {
		await until(`${want}`, () => want.test(publisher.said) || publisher.saidAll);
		assert.match(publisher.said, want);
		publisher.kill('SIGKILL');
	}
	await gone(7, 'bob');
	await gone(7, 'frank');
	const log = fs.readFileSync(box.logPath, 'utf8');
	assert.ok(!log.includes('usersig='), 'tickets are not in the log');
	assert.ok(!log.includes(short), 'tickets are not in the log');
});

test('GStreamer enters a room with a text; a newer connection takes the place; who is removed is closed', { timeout: 60000 }, async () => {
	const address = await addressOf('salle #1', 'greta');
	assert.match(address.url, /\/strroom\/\d+\/salle%20%231\/greta\?/);
	const gst = start('gst-launch-1.0', ['-q', 'videotestsrc', 'is-live=true', 'pattern=ball', '!', 'video/x-raw,width=160,height=90,framerate=15/1', '!', 'x264enc', 'tune=zerolatency',
		'key-int-max=15', '!', 'h264parse', '!', 'flvmux', 'name=m', 'streamable=true', '!', 'rtmp2sink', `location=${address.url}`,
		'audiotestsrc', 'is-live=true', 'freq=500', '!', 'audio/x-raw,rate=48000,channels=1', '!', 'avenc_aac', '!', 'aacparse', '!', 'm.']);
	const first = await receiving('salle #1', 'greta');
	assert.ok(first.video && first.audio);
	const second = flash(address.url);
	await ended(gst);
	const again = await receiving('salle #1', 'greta');
	assert.equal(again.id, first.id, 'the user did not leave');
	await until('frames of the newer', async () => (await room('salle #1')).users[0].video.bitrate_bps > 0);
	await app.cloud.DismissRoomByStrRoomId({ SdkAppId: app.id, RoomId: 'salle #1' });
	await ended(second);
	assert.match(second.said, /removed from the room/);
	await gone('salle #1', 'greta');
	// sound alone is a user who sends no picture
	const sound = start('ffmpeg', [...quiet, '-re', '-f', 'lavfi', '-i', 'sine=sample_rate=48000', '-c:a', 'aac', '-f', 'flv', address.url]);
	await until('sound alone', async () => (await room('salle #1')).users.some(user => user.video === null && user.audio));
	sound.kill('SIGKILL');
	await gone('salle #1', 'greta');
});

test('media, then egress dies: the picture comes back, the room goes on', { timeout: 60000 }, async () => {
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 101, { StreamId: 'on' }, { VideoWidth: 320, VideoHeight: 180, VideoBitrate: 300 }));
	const mix = () => box.api('GET', `/applications/${app.id}/rooms/101/mix`).catch(() => null);
	const shown = () => until('the picture to be shown', async () => {
		const now = await mix(), [user] = (await room(101)).users;
		return now?.state === 'running' && user?.state === 'receiving' && user.video.width === 320 && user.video.decoders === 1 && { now, user };
	});
	const { user } = await shown();
	const viewer = start('ffmpeg', [...quiet, '-i', user.rtmp_url, '-f', 'null', '-']);
	await until('a viewer', async () => (await box.api('GET', '/streams')).streams.find(one => one.name === 'alice-live').viewers === 1);
	box.kill('media');
	await until('media to be gone', async () => !(await box.api('GET', '/health')).processes.every(process => process.up));
	await shown();
	assert.equal(alice.exitCode, null, 'the connection stayed');
	assert.equal(viewer.exitCode, null, 'and who watches the user alone did not notice');
	box.kill('egress');
	await ended(alice);
	const { url } = await addressOf(101, 'alice');
	alice = await until('the publisher to be taken again', async () => {
		const again = flash(url);
		await Promise.race([sleep(1000), new Promise(done => again.once('exit', done))]);
		return again.exitCode === null && again;
	});
	const after = await shown();
	assert.equal(after.user.id, user.id, 'the user never left, so the mix went on');
	assert.equal(after.now.id, (await mix()).id);
	alice.kill('SIGKILL');
	await gone(101, 'alice');
	assert.equal(await mix(), null, 'the last user ends the mix');
	assert.ok(!/signal|crash/.test(fs.readFileSync(box.logPath, 'utf8').replace(/.*(SIGKILL|signal=9|signal=15).*/g, '')), 'nobody else crashed');
});

const obs = process.env.TESSERA_LONG && spawnSync('obs', ['--version']).status === 0 && spawnSync('Xvfb', ['-help']).status !== null;
test('OBS publishes with its two fields', { timeout: 180000, skip: !obs && 'needs TESSERA_LONG=1, obs-studio and xvfb' }, async () => {
	const { server, key } = await addressOf(300, 'obs'), home = `${dir}/obs`;
	const write = (name, text) => {
		const file = `${home}/obs-studio/${name}`;
		fs.mkdirSync(path.dirname(file), { recursive: true });
		fs.writeFileSync(file, text);
	};
	write('global.ini', '[General]\nFirstRun=true\nEnableAutoUpdates=false\n[Basic]\nProfile=Test\nProfileDir=Test\nSceneCollection=Test\nSceneCollectionFile=Test\n' +
		'[BasicWindow]\nSysTrayEnabled=false\nWarnBeforeStartingStream=false\n');
	write('basic/profiles/Test/basic.ini', '[General]\nName=Test\n[Video]\nBaseCX=640\nBaseCY=360\nOutputCX=320\nOutputCY=180\nFPSType=0\nFPSCommon=10\n' +
		'[Output]\nMode=Simple\n[SimpleOutput]\nVBitrate=400\nABitrate=96\nStreamEncoder=x264\nUseAdvanced=true\nPreset=ultrafast\n');
	write('basic/profiles/Test/service.json', JSON.stringify({ type: 'rtmp_custom', settings: { server, key, use_auth: false } }));
	write('basic/scenes/Test.json', JSON.stringify({ name: 'Test', current_scene: 'Scene', current_program_scene: 'Scene', scene_order: [{ name: 'Scene' }], sources: [
		{ id: 'color_source', versioned_id: 'color_source_v3', name: 'Colour', settings: { color: 0xff2040c0, width: 640, height: 360 } }, // alpha, blue, green, red
		{ id: 'scene', name: 'Scene', settings: { items: [{ name: 'Colour', id: 1, visible: true, pos: { x: 0, y: 0 }, scale: { x: 1, y: 1 } }], id_counter: 1 } }] }));
	fs.mkdirSync(`${dir}/xdg`, { mode: 0o700 });
	const screen = start('Xvfb', ['-displayfd', '3', '-screen', '0', '800x600x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
	const display = await new Promise(done => screen.stdio[3].once('data', text => done(String(text).trim())));
	const studio = start('obs', ['--startstreaming', '--multi', '--profile', 'Test', '--collection', 'Test'],
		{ env: { ...process.env, HOME: dir, DISPLAY: `:${display}`, XDG_CONFIG_HOME: home, XDG_RUNTIME_DIR: `${dir}/xdg`, LIBGL_ALWAYS_SOFTWARE: '1', QT_QPA_PLATFORM: 'xcb' } });
	await until('OBS to be received', async () => (await room(300)).users.some(user => user.state === 'receiving' && user.video && user.audio), 90000);
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 300, { StreamId: 'studio' }, { VideoWidth: 320, VideoHeight: 180, VideoBitrate: 300 }));
	const mix = await until('the mix to run', async () => {
		const now = await box.api('GET', `/applications/${app.id}/rooms/300/mix`);
		return now.frames > 60 && now;
	}, 30000);
	execFileSync('ffmpeg', [...quiet, '-y', '-t', '2', '-i', mix.flv_url, '-c', 'copy', `${dir}/studio.flv`]);
	assert.deepEqual(ffprobe(`${dir}/studio.flv`).streams.map(stream => stream.codec_name).sort(), ['aac', 'h264']);
	const rgb = execFileSync('ffmpeg', [...quiet, '-i', `${dir}/studio.flv`, '-frames:v', '1', '-vf', 'scale=1:1:flags=area,format=rgb24', '-f', 'rawvideo', '-']);
	for (const [i, want] of [0xc0, 0x40, 0x20].entries())
		assert.ok(Math.abs(rgb[i] - want) < 16, `colour ${[...rgb]}`);
	studio.kill('SIGKILL');
	screen.kill();
	await gone(300, 'obs');
});
