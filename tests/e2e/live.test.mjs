// SPDX-License-Identifier: GPL-3.0-or-later
// Live viewing by RTMP and the relay of a stream, with real peers: ffmpeg and GStreamer watch, nginx with its RTMP module is
// the CDN that is pushed to.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Box, ffprobe, mixParameters, root, sleep, until } from './box.mjs';

const kills = process.env.TESSERA_LONG ? 20 : 3;
const viewers = kills > 3 ? 100 : 20;
const secret = 'k3y-of-the-cdn';
let box, app, dir, cdn, mix;

/** nginx as a CDN; it asks `allow(name)` for each publish, and counts them. */
class Cdn {
	static async start(folder) {
		const cdn = new Cdn();
		cdn.folder = folder;
		cdn.publishes = [];
		cdn.ends = 0;
		cdn.refused = new Set();
		fs.mkdirSync(`${folder}/flv`, { recursive: true });
		fs.chmodSync(`${folder}/flv`, 0o777);
		cdn.hooks = http.createServer((request, answer) => {
			let body = '';
			request.on('data', chunk => { body += chunk; });
			request.on('end', () => {
				const fields = new URLSearchParams(body);
				if (fields.get('call') === 'publish')
					cdn.publishes.push({ name: fields.get('name'), token: fields.get('token') });
				else
					cdn.ends++;
				answer.statusCode = cdn.refused.has(fields.get('name')) ? 403 : 200;
				answer.end();
			});
		});
		await new Promise(done => cdn.hooks.listen(0, '127.0.0.1', done));
		cdn.port = await freePort();
		fs.writeFileSync(`${folder}/nginx.conf`, `
			load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
			daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/log error;
			events { }
			rtmp { server { listen 127.0.0.1:${cdn.port}; application live { live on; record all; record_path ${folder}/flv;
				record_unique on; on_publish http://127.0.0.1:${cdn.hooks.address().port}/;
				on_publish_done http://127.0.0.1:${cdn.hooks.address().port}/; } } }`);
		await cdn.up();
		return cdn;
	}

	async up() {
		this.process = spawn('/usr/sbin/nginx', ['-p', this.folder, '-c', `${this.folder}/nginx.conf`], { stdio: 'ignore' });
		await until('nginx', () => new Promise(done => {
			const socket = net.connect(this.port, '127.0.0.1', () => { socket.destroy(); done(true); });
			socket.once('error', () => done(false));
		}));
	}

	async down() {
		const gone = new Promise(done => this.process.once('exit', done));
		this.process.kill('SIGKILL');
		await gone;
	}

	url(name) { return `rtmp://127.0.0.1:${this.port}/live/${name}`; }
	published(name) { return this.publishes.filter(publish => publish.name === name).length; }
	files() { return fs.readdirSync(`${this.folder}/flv`).sort().map(name => `${this.folder}/flv/${name}`); }
}

const freePort = () => new Promise(done => {
	const server = net.createServer().listen(0, '127.0.0.1', () => {
		const { port } = server.address();
		server.close(() => done(port));
	});
});

const relays = () => box.api('GET', `/applications/${app.id}/relays`).then(answer => answer.relays);
const add = (url, more = {}) => box.api('POST', `/applications/${app.id}/relays`, { stream_id: 'show', url, ...more });
const remove = relay => box.api('DELETE', `/applications/${app.id}/relays/${relay.id}`);
const inState = (id, state, timeout) => until(`relay ${id} to be ${state}`, async () => {
	const relay = (await relays()).find(one => one.id === id);
	return relay.state === state && relay;
}, timeout);

before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-live-'));
	// an authority of our own for RTMPS; the box takes it for one of the system's
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
		'-addext', 'subjectAltName=DNS:localhost', '-keyout', `${dir}/key.pem`, '-out', `${dir}/cert.pem`], { stdio: 'ignore' });
	box = await Box.start(dir, { env: { SSL_CERT_FILE: `${dir}/cert.pem` } });
	app = await box.application('live test');
	cdn = await Cdn.start(`${dir}/cdn`);
	await box.publish(app, 1, 'alice', { size: '320x180' });
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 1, { StreamId: 'show' }, { VideoWidth: 640, VideoHeight: 360, VideoBitrate: 600 }));
	mix = await until('the mix to run', async () => {
		const now = await box.api('GET', `/applications/${app.id}/rooms/1/mix`).catch(() => null);
		return now?.state === 'running' && now.frames > 15 && now;
	});
});
after(async () => {
	await box?.stop();
	await cdn?.down();
	cdn?.hooks.close();
	fs.rmSync(dir, { recursive: true, force: true });
});

const checkStreams = probe => {
	const video = probe.streams.find(stream => stream.codec_type === 'video');
	const audio = probe.streams.find(stream => stream.codec_type === 'audio');
	assert.deepEqual([video.codec_name, video.width, video.height], ['h264', 640, 360]);
	assert.deepEqual([audio.codec_name, audio.sample_rate, audio.channels], ['aac', '48000', 2]);
};

test('ffmpeg and GStreamer watch by RTMP', { timeout: 90000 }, async () => {
	checkStreams(ffprobe(mix.rtmp_url));
	// time begins at 0 with a picture, and goes on in real time
	execFileSync('ffmpeg', ['-v', 'error', '-t', '3', '-i', mix.rtmp_url, '-c', 'copy', `${dir}/watched.flv`]);
	const { packets } = ffprobe(`${dir}/watched.flv`, '-show_packets');
	const video = packets.filter(packet => packet.codec_type === 'video');
	assert.equal(Number(video[0].dts_time), 0);
	assert.match(video[0].flags, /K/);
	assert.ok(video.length >= 40 && video.length <= 50, `${video.length} pictures in 3 s`);
	// every picture can be decoded, and moves
	const decoded = execFileSync('ffmpeg', ['-v', 'error', '-i', `${dir}/watched.flv`, '-map', '0:v', '-f', 'framemd5', '-'], { encoding: 'utf8' });
	const sums = decoded.split('\n').filter(line => /^0,/.test(line)).map(line => line.split(',').pop().trim());
	assert.ok(new Set(sums).size > sums.length / 2, 'the picture moves');
	for (const element of ['rtmp2src', 'rtmpsrc'])
		execFileSync('gst-launch-1.0', ['-q', element, `location=${mix.rtmp_url}`, '!', 'flvdemux', 'name=d', 'd.video', '!', 'queue', '!', 'h264parse', '!',
			'avdec_h264', '!', 'video/x-raw,width=640,height=360', '!', 'identity', 'eos-after=20', '!', 'fakesink'], { timeout: 20000 });
	const none = spawnSync('ffmpeg', ['-v', 'error', '-i', mix.rtmp_url.replace('show', 'none'), '-f', 'null', '-'], { encoding: 'utf8' });
	assert.notEqual(none.status, 0);
	assert.match(none.stderr, /There is no such stream/);
	const publisher = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc', '-t', '1', '-f', 'flv', mix.rtmp_url], { encoding: 'utf8' });
	assert.match(publisher.stderr, /for watching only/);
});

test('viewers of both kinds are counted together', { timeout: 30000 }, async () => {
	const watching = [mix.rtmp_url, mix.rtmp_url, mix.flv_url].map(url => spawn('ffmpeg', ['-v', 'error', '-i', url, '-f', 'null', '-'], { stdio: 'ignore' }));
	const viewers = () => box.api('GET', '/streams').then(answer => answer.streams[0].viewers);
	await until('three viewers', async () => await viewers() === 3);
	for (const player of watching)
		player.kill('SIGKILL');
	await until('no viewer', async () => await viewers() === 0);
});

test('PublishCdnParams: the mix is pushed there while it names it', { timeout: 60000 }, async () => {
	const start = more => app.cloud.StartMCUMixTranscode({
		...mixParameters(app, 1, { StreamId: 'show' }, { VideoWidth: 640, VideoHeight: 360, VideoBitrate: 600 }), ...more });
	await start({ PublishCdnParams: { BizId: 1, PublishCdnUrls: [`${cdn.url('params')}?token=${secret}`] } });
	const [relay] = await relays();
	assert.deepEqual([relay.origin, relay.url], ['mix', `rtmp://127.0.0.1:${cdn.port}/live/***`]);
	await inState(relay.id, 'publishing');
	assert.deepEqual(cdn.publishes.at(-1), { name: 'params', token: secret });
	checkStreams(ffprobe(cdn.url('params')));
	await start();
	assert.deepEqual(await relays(), []);
	await until('the CDN to hear of the end', () => cdn.ends === 1);
	cdn.ends = 0;
	fs.rmSync(cdn.files()[0]);
});

test('pushed to a CDN: its key is kept secret; media killed: the CDN sees one publish', { timeout: 60000 + kills * 20000 }, async () => {
	const relay = await add(`${cdn.url('relayed')}?token=${secret}`);
	assert.equal(relay.url, `rtmp://127.0.0.1:${cdn.port}/live/***`);
	await inState(relay.id, 'publishing');
	assert.deepEqual(cdn.publishes.at(-1), { name: 'relayed', token: secret });
	checkStreams(ffprobe(cdn.url('relayed')));
	let player = spawn('ffmpeg', ['-v', 'error', '-i', mix.rtmp_url, '-f', 'null', '-'], { stdio: 'ignore' }), gone = false;
	player.once('exit', () => { gone = true; });
	// and more of both kinds, who look at each byte of the framing and at the time stamps
	const crowd = [[mix.flv_url, 'flv'], [mix.rtmp_url, 'rtmp']].map(([url, kind]) => {
		const child = spawn(path.join(box.bin, 'bench-live-client'), [new URL(url).port, 'show', viewers / 2, 3600, kind], { stdio: ['ignore', 'pipe', 'inherit'] });
		child.output = '';
		child.stdout.on('data', data => { child.output += data; });
		return child;
	});
	await until('all viewers', async () => (await box.api('GET', '/streams')).streams[0].viewers === 1 + viewers);
	await until('pictures for all', () => crowd.every(child => child.output.includes('ready')));
	for (let i = 0; i < kills; i++) {
		// what dies again within 10 s is started later each time, which would be the hole that is measured
		if (i >= 3)
			await sleep(10500);
		const before = (await relays())[0].bytes_sent;
		box.kill('media');
		await until('more to be sent', async () => (await relays())[0].bytes_sent > before + 100000);
	}
	assert.ok(!gone, 'the viewer is still there');
	player.kill('SIGKILL');
	for (const child of crowd) {
		const end = new Promise(done => child.once('close', done));
		child.kill('SIGTERM');
		assert.equal(await end, 0, child.output);
		const waited = Number(/errors=0 .*longest_wait_ms=(\d+)/.exec(child.output)?.[1]);
		assert.ok(waited > 100 && waited <= 2000, child.output);
	}
	const now = await inState(relay.id, 'publishing');
	assert.equal(now.publishes, 1);
	assert.equal(now.failures, 0);
	assert.ok(now.delay_ms < 500, `${now.delay_ms} ms behind`);
	assert.equal(cdn.published('relayed'), 1);
	await remove(relay);
	await until('the CDN to hear of the end', () => cdn.ends === 1);
	const times = ffprobe(cdn.files()[0], '-show_packets').packets.filter(packet => packet.codec_type === 'video').map(packet => Number(packet.dts_time));
	let hole = 0;
	for (let i = 1; i < times.length; i++) {
		assert.ok(times[i] > times[i - 1], 'time stamps rise');
		hole = Math.max(hole, times[i] - times[i - 1]);
	}
	assert.ok(hole > 0.1 && hole < 2, `the longest hole of ${kills} kills: ${hole} s`);
	// nobody tells the key: lists, log, arguments
	assert.ok(!JSON.stringify([await relays(), await box.api('GET', '/audit')]).includes(secret));
	const log = fs.readFileSync(box.logPath, 'utf8');
	assert.match(log, /relay\.publishing/);
	assert.ok(!log.includes(secret) && !log.includes('relayed'));
});

test('the CDN is away for a while: it is tried again, others do not notice', { timeout: 60000 }, async () => {
	const other = await Cdn.start(`${dir}/other`);
	try {
		const [first, second] = [await add(cdn.url('first')), await add(other.url('second'))];
		await inState(first.id, 'publishing');
		await inState(second.id, 'publishing');
		await other.down();
		const away = await inState(second.id, 'pausing');
		assert.match(away.error, /closed the connection/);
		await other.up();
		const back = await inState(second.id, 'publishing', 20000);
		assert.equal(back.publishes, 2);
		assert.equal(other.published('second'), 2);
		checkStreams(ffprobe(other.url('second')));
		assert.equal((await inState(first.id, 'publishing')).publishes, 1);
		const metrics = await fetch(`${box.url}/metrics`).then(answer => answer.text());
		assert.match(metrics, new RegExp(`tessera_relay_publishing\\{[^}]*relay="${second.id}"\\} 1`));
		assert.match(metrics, new RegExp(`tessera_relay_failures_total\\{[^}]*relay="${second.id}"\\} [1-9]`));
		// a disabled one leaves, and comes back when it is enabled
		await box.api('PATCH', `/applications/${app.id}/relays/${first.id}`, { enabled: false });
		await inState(first.id, 'disabled');
		await until('the CDN to hear of the end', () => cdn.ends === 2);
		await box.api('PATCH', `/applications/${app.id}/relays/${first.id}`, { enabled: true });
		await inState(first.id, 'publishing');
		await remove(first);
		await remove(second);
		await until('the CDN to hear of the end', () => cdn.ends === 3);
	} finally {
		await other.down();
		other.hooks.close();
	}
});

test('by RTMPS, if the certificate is good for the host', { timeout: 60000 }, async () => {
	const front = tls.createServer({ key: fs.readFileSync(`${dir}/key.pem`), cert: fs.readFileSync(`${dir}/cert.pem`) }, socket => {
		const behind = net.connect(cdn.port, '127.0.0.1');
		socket.pipe(behind).pipe(socket);
		for (const end of [socket, behind])
			end.on('error', () => { socket.destroy(); behind.destroy(); });
	});
	front.on('tlsClientError', () => {});
	await new Promise(done => front.listen(0, '127.0.0.1', done));
	const { port } = front.address();
	const good = await add(`rtmps://localhost:${port}/live/sealed`), bad = await add(`rtmps://127.0.0.1:${port}/live/wrong`);
	await inState(good.id, 'publishing');
	// not ffprobe(): the front in this process must go on
	const probe = spawn('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', cdn.url('sealed')]);
	let text = '';
	probe.stdout.on('data', chunk => { text += chunk; });
	await until('ffprobe to end', () => probe.exitCode !== null);
	checkStreams(JSON.parse(text));
	assert.match((await inState(bad.id, 'pausing')).error, /certificate/);
	assert.equal(cdn.published('wrong'), 0);
	await remove(good);
	await remove(bad);
	await new Promise(done => front.close(done));
});

test('a server is added and removed in the web UI', { timeout: 60000 }, async () => {
	const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
	try {
		const page = await browser.newPage({ viewport: { width: 1360, height: 900 }, locale: 'en-GB' });
		const complaints = [];
		page.on('pageerror', error => complaints.push(String(error)));
		page.setDefaultTimeout(15000);
		await page.goto(box.url);
		await page.fill('input[name=password]', box.password);
		await page.click('button[type=submit]');
		await page.click('.relays h3 button');
		await page.fill('dialog input[name=url]', 'http://nowhere');
		await page.click('dialog button[type=submit]');
		await page.waitForSelector('dialog [role=alert]');
		await page.fill('dialog input[name=url]', cdn.url('clicked'));
		await page.click('dialog button[type=submit]');
		await page.waitForSelector('.relays .state.publishing');
		assert.equal(await page.textContent('.relays td code'), cdn.url('***'));
		assert.equal(cdn.published('clicked'), 1);
		fs.mkdirSync(path.join(root, 'build/screenshots'), { recursive: true });
		await page.screenshot({ path: path.join(root, 'build/screenshots/relays.png') });
		await page.click('.relays td button:has-text("Disable")');
		await page.waitForSelector('.relays .state.disabled');
		await page.click('.relays td .buttons button:last-child');
		await page.waitForFunction(() => !document.querySelector('.relays table'));
		assert.deepEqual(complaints, []);
		assert.deepEqual(await relays(), []);
	} finally {
		await browser.close();
	}
});

test('the stream ends and comes again: the CDN hears of both', { timeout: 60000 }, async () => {
	const relay = await add(cdn.url('again'));
	await inState(relay.id, 'publishing');
	const ends = cdn.ends;
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 1 });
	await inState(relay.id, 'waiting');
	await until('the CDN to hear of the end', () => cdn.ends === ends + 1);
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 1, { StreamId: 'show' }, { VideoWidth: 640, VideoHeight: 360, VideoBitrate: 600 }));
	await inState(relay.id, 'publishing');
	assert.equal(cdn.published('again'), 2);
	await sleep(200);
	await remove(relay);
});
