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
import { Box, ffprobe, mixParameters, morePorts, root, sleep, until } from './box.mjs';
import { firstPictureTests } from './first.mjs';
import { protectTests } from './protect.mjs';

const kills = process.env.TESSERA_LONG ? 20 : 3;
const viewers = kills > 3 ? 100 : 20;
const secret = 'k3y-of-the-cdn';
let box, app, dir, cdn, mix, browser, secure;

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
		[cdn.port] = await morePorts(1);
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
	const [, tlsPort] = await morePorts(2);
	box = await Box.start(dir, { env: { SSL_CERT_FILE: `${dir}/cert.pem` },
		egress: { tls_listen: `127.0.0.1:${tlsPort}`, tls_certificate: `${dir}/cert.pem`, tls_key: `${dir}/key.pem` } });
	secure = url => url.replace(`http://127.0.0.1:${box.egressPort}/`, `https://127.0.0.1:${tlsPort}/`);
	app = await box.application('live test');
	cdn = await Cdn.start(`${dir}/cdn`);
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
		'--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'] });
	await box.publish(app, 1, 'alice', { size: '320x180' });
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 1, { StreamId: 'show' }, { VideoWidth: 640, VideoHeight: 360, VideoBitrate: 600 }));
	mix = await until('the mix to run', async () => {
		const now = await box.api('GET', `/applications/${app.id}/rooms/1/mix`).catch(() => null);
		return now?.state === 'running' && now.frames > 15 && now;
	});
});
after(async () => {
	await browser?.close();
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
	// time begins at 0 with a picture, hurries to where the stream is, and goes on in real time
	execFileSync('ffmpeg', ['-v', 'error', '-t', '3', '-i', mix.rtmp_url, '-c', 'copy', `${dir}/watched.flv`]);
	const { packets } = ffprobe(`${dir}/watched.flv`, '-show_packets');
	const video = packets.filter(packet => packet.codec_type === 'video');
	assert.equal(Number(video[0].dts_time), 0);
	assert.match(video[0].flags, /K/);
	const paced = video.filter(packet => Number(packet.dts_time) > 0.5);
	assert.ok(paced.length >= 33 && paced.length <= 42, `${paced.length} pictures in 2.5 s`);
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

/** Sends a file's pictures and sound as they are. */
function sendFile(file, place) {
	const to = (target, type) => ['-map', `0:${type}`, '-c', 'copy', '-payload_type', target.payload_type, '-f', 'rtp',
		`rtp://${place.address}:${target.port}?rtcpport=${target.rtcp_port}&pkt_size=1200`].map(String);
	return spawn('ffmpeg', ['-v', 'error', '-nostdin', '-re', '-i', file,
		...place.video ? to(place.video, 'v') : [],
		...place.audio ? to(place.audio, 'a') : []], { stdio: 'ignore' });
}

const record = (url, file) => {
	const player = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-i', url, '-c', 'copy', '-flush_packets', '1', '-y', file], { stdio: 'ignore' });
	return { file, ended: new Promise(done => player.once('exit', done)), stop: () => player.kill('SIGINT') };
};
const sums = file => execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-map', '0:v', '-f', 'framemd5', '-'], { encoding: 'utf8' })
	.split('\n').filter(line => /^0,/.test(line)).map(line => line.split(',').pop().trim());
const loudness = file => Number(/mean_volume: (-[\d.]+) dB/.exec(spawnSync('ffmpeg', ['-i', file, '-map', '0:a', '-af', 'volumedetect', '-f', 'null', '-'],
	{ encoding: 'utf8' }).stderr)[1]);
const ownStream = async name => {
	let streams;
	try {
		return await until(`the stream ${name}`, async () => {
			({ streams } = await box.api('GET', '/streams'));
			return streams.find(stream => stream.name === name && stream.state === 'running' && stream.bitrate_bps);
		}, 30000);
	} catch (error) {
		throw new Error(`${error.message}, there are ${streams.map(stream => `${stream.name} ${stream.state} ${stream.bitrate_bps}`)}`);
	}
};

test('what users send are live streams of their own: as it was sent, sound alone too; media killed: players stay', { timeout: 90000 }, async () => {
	const file = `${dir}/sent.ts`, enter = body => box.api('POST', `/applications/${app.id}/rooms/2/users`, body);
	// pictures out of order (two B frames, of which one is referred to), a key frame each second
	execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25', '-f', 'lavfi', '-i', 'sine=frequency=500:sample_rate=48000',
		'-t', '40', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '3', '-b_strategy', '0', '-x264-params', 'b-pyramid=normal', '-g', '25',
		'-c:a', 'libopus', '-b:a', '64k', '-pes_payload_size', '0', '-y', file]);
	const senders = [sendFile(file, await enter({ user: 'bob', stream_id: 'bobs' })), sendFile(file, await enter({ user: 'carl', stream_id: 'carls', video: false }))];
	try {
		await assert.rejects(enter({ user: 'dora', stream_id: 'bobs' }), error => error.status === 409 && error.code === 'exists');
		await assert.rejects(app.cloud.StartMCUMixTranscode(mixParameters(app, 2, { StreamId: 'bobs' })), error => error.code === 'InvalidParameter.StreamId');
		// those without a name have one by the rule, once the switch is on
		await box.api('PATCH', `/applications/${app.id}`, { live_all: true });
		const alice = await ownStream(`${app.id}_1_alice_main`);
		assert.deepEqual([alice.kind, alice.user, alice.stream_type], ['user', 'alice', 'main']);
		const [bob, carl] = [await ownStream('bobs'), await ownStream('carls')];
		const relay = await add(cdn.url('own'), { stream_id: 'bobs' });
		await inState(relay.id, 'publishing');
		const players = [record(bob.flv_url, `${dir}/flv.flv`), record(bob.rtmp_url, `${dir}/rtmp.flv`), record(carl.flv_url, `${dir}/carl.flv`),
			record(alice.flv_url, `${dir}/alice.flv`)];
		await until('four viewers', async () => (await box.api('GET', '/streams')).streams.reduce((sum, stream) => sum + stream.viewers, 0) === 4);
		await until('three seconds to come', () => fs.existsSync(`${dir}/flv.flv`) && fs.statSync(`${dir}/flv.flv`).size > 250000, 30000);
		const before = fs.statSync(`${dir}/flv.flv`).size;
		box.kill('media');
		await until('more to come', () => fs.statSync(`${dir}/flv.flv`).size > before + 120000, 30000);
		await remove(relay);
		// players are told of the end
		for (const sender of senders)
			sender.kill('SIGKILL');
		await box.api('PATCH', `/applications/${app.id}`, { live_all: false });
		for (const user of ['bob', 'carl'])
			await box.api('DELETE', `/applications/${app.id}/rooms/2/users/${user}`);
		await Promise.all(players.map(player => player.ended));

		const sent = new Set(sums(file));
		for (const got of [`${dir}/flv.flv`, `${dir}/rtmp.flv`]) {
			const { packets } = ffprobe(got, '-show_packets');
			const [video, audio] = ['video', 'audio'].map(type => packets.filter(packet => packet.codec_type === type));
			for (const times of [video, audio].map(of => of.map(packet => Number(packet.dts_time))))
				assert.deepEqual(times.filter((time, i) => time && i && time <= times[i - 1]), [], `time stamps rise: ${packets.slice(0, 12).map(packet => packet.codec_type[0] + packet.dts_time)}`);
			assert.ok(video.every(packet => Number(packet.pts_time) >= Number(packet.dts_time)));
			assert.ok(video.some(packet => Number(packet.pts_time) > Number(packet.dts_time) + 0.05), 'pictures out of order');
			const shown = video.map(packet => Number(packet.pts_time)).sort((a, b) => a - b), steps = shown.slice(1).map((time, i) => time - shown[i]);
			// the hole, and what of the pictures before it comes behind others
			assert.ok(steps.filter(step => Math.abs(step - 0.04) > 0.006).length <= 5, `25 a second: ${steps.map(step => step.toFixed(3))}`);
			// a restart takes as long as the machine lets it
			assert.ok(Math.max(...steps) < 15, `a hole of ${Math.max(...steps)} s`);
			const seen = sums(got);
			assert.ok(seen.length >= 75, `${seen.length} pictures`);
			assert.deepEqual(seen.map((sum, i) => sent.has(sum) ? -1 : i).filter(i => i >= 0), [], `each picture is one that was sent, of ${seen.length}`);
			assert.ok(loudness(got) > loudness(file) - 3, `${loudness(got)} dB`);
		}
		const { streams } = ffprobe(`${dir}/carl.flv`);
		assert.deepEqual(streams.map(stream => [stream.codec_name, stream.sample_rate]), [['aac', '48000']]);
		assert.ok(loudness(`${dir}/carl.flv`) > loudness(file) - 3);
		assert.ok(ffprobe(`${dir}/alice.flv`).streams.some(stream => stream.width === 320 && stream.height === 180));
		assert.equal(cdn.published('own'), 1);
		await until('the CDN to hear of the end', () => cdn.ends === 1);
		cdn.ends = 0;
		const [pushed] = cdn.files();
		assert.ok(sums(pushed).every(sum => sent.has(sum)));
		fs.rmSync(pushed);
	} finally {
		for (const sender of senders)
			sender.kill('SIGKILL');
	}
});

test('viewers of both kinds are counted together, by HTTPS too', { timeout: 30000 }, async () => {
	const flv = secure(mix.flv_url);
	assert.match(flv, /^https:.*\.flv$/);
	const watching = [mix.rtmp_url, mix.rtmp_url, flv].map(url => spawn('ffmpeg', ['-v', 'error', ...url === flv ? ['-tls_verify', '0'] : [], '-i', url,
		'-c', 'copy', '-f', 'flv', '-flush_packets', '1', '-y', url === flv ? `${dir}/https.flv` : '/dev/null'], { stdio: 'ignore' }));
	const viewers = () => box.api('GET', '/streams').then(answer => answer.streams[0].viewers);
	await until('three viewers', async () => await viewers() === 3);
	await until('a second by HTTPS', () => fs.existsSync(`${dir}/https.flv`) && fs.statSync(`${dir}/https.flv`).size > 75000);
	for (const player of watching)
		player.kill('SIGKILL');
	await until('no viewer', async () => await viewers() === 0);
	checkStreams(ffprobe(`${dir}/https.flv`));
	assert.ok(new Set(sums(`${dir}/https.flv`)).size > 5, 'the picture moves');
});

firstPictureTests(() => ({ box, app, mix, browser }));

const text = async url => (await fetch(url)).text();
test('live HLS: ffmpeg watches by HTTPS, reloads are held until there is something new', { timeout: 60000 }, async () => {
	execFileSync('ffmpeg', ['-v', 'error', '-tls_verify', '0', '-t', '4', '-i', `${secure(mix.hls_url)}?txSecret=a&txTime=b`, '-c', 'copy', `${dir}/watched.mp4`]);
	checkStreams(ffprobe(`${dir}/watched.mp4`));
	const decoded = execFileSync('ffmpeg', ['-v', 'error', '-i', `${dir}/watched.mp4`, '-map', '0:v', '-f', 'framemd5', '-'], { encoding: 'utf8' });
	const sums = decoded.split('\n').filter(line => /^0,/.test(line)).map(line => line.split(',').pop().trim());
	// by its own times: a busy machine leaves pictures out
	const times = ffprobe(`${dir}/watched.mp4`, '-show_packets', '-select_streams', 'v').packets.map(packet => Number(packet.pts_time));
	assert.ok(times.at(-1) - times[0] > 3.6, `${times.at(-1) - times[0]} s`);
	assert.ok(times.every((time, i) => !i || time - times[i - 1] < 0.5), times.join(' '));
	assert.ok(new Set(sums).size > times.length / 2, `${new Set(sums).size} different of ${times.length} pictures`);
	let list = await text(`${mix.hls_url}?txSecret=a&txTime=b`);
	for (const [, address] of list.matchAll(/(?:URI="|^)(show\/[^"\n]+)/gm))
		assert.match(address, /^show\/[\w.-]+\?txSecret=a&txTime=b$/);
	const gaps = [];
	for (let i = 0, last = performance.now(); i < 8; i++) {
		const [, number, part] = /PRELOAD-HINT:TYPE=PART,URI="show\/(\d+)\.(\d+)/.exec(list);
		list = await text(`${mix.hls_url}?_HLS_msn=${number}&_HLS_part=${part}`);
		assert.ok(list.includes(`URI="show/${number}.${part}.m4s"`) || list.includes(`show/${Number(number) + 1}.0.m4s`), 'what was asked for is there');
		gaps.push(performance.now() - last);
		last = performance.now();
	}
	// parts of 0.27 s: eight of them take two seconds
	const sum = gaps.reduce((a, b) => a + b);
	assert.ok(sum > 1000 && sum < 5000, `eight parts in ${sum} ms`);
	assert.equal((await fetch(`${mix.hls_url}?_HLS_msn=99999999999999`)).status, 400);
	assert.ok((await box.api('GET', '/streams')).streams[0].viewers >= 1);
	assert.match(await text(`${box.url}/metrics`), /tessera_hls_held_bytes [1-9]/);
});

/** Where the burnt-in clock's dot is in what a page shows, as seconds that the picture is old; it goes round in 4 s. */
const delayOf = frame => frame.evaluate(() => {
	const video = document.querySelector('video'), canvas = document.createElement('canvas');
	canvas.width = 640;
	canvas.height = 360;
	const context = canvas.getContext('2d');
	context.drawImage(video, 0, 0, 640, 360);
	const now = Date.now() / 1000, { data } = context.getImageData(0, 290, 640, 34);
	for (let x = 0; x < 600; x++) {
		let white = 0;
		for (let y = 0; y < 34; y++)
			white += data[4 * (640 * y + x)] > 225 && data[4 * (640 * y + x) + 1] > 225 && data[4 * (640 * y + x) + 2] > 225;
		if (white >= 6)
			return ((now - x / 160) % 4 + 4) % 4;
	}
	return null; // it is at the edge
});

async function measure(frame, what, goal_s) {
	await frame.waitForSelector('.live-bar .first', { timeout: 20000 });
	const time = await frame.$eval('video', video => video.currentTime);
	// it comes to its pace; the machine may be busy with something else for a while
	let at;
	for (let tries = 0; tries < 4; tries++) {
		const delays = [];
		await until('pictures to be measured', async () => {
			const delay = await delayOf(frame);
			if (delay !== null)
				delays.push(delay);
			return delays.length >= 20;
		}, 20000, 50);
		delays.sort((a, b) => a - b);
		at = share => delays[Math.floor(share * (delays.length - 1))];
		if (at(0.95) <= goal_s)
			break;
	}
	const said = await frame.$$eval('.live-bar span', spans => spans.map(span => span.innerText).join(', '));
	console.log(`# ${what}: delay p50 ${at(0.5).toFixed(2)} s, p95 ${at(0.95).toFixed(2)} s; the player says: ${said}`);
	assert.ok(at(0.95) <= goal_s, `${what}: ${at(0.95)} s`);
	await until('it to play on', () => frame.$eval('video', (video, begun) => video.currentTime > begun + 1, time));
}

test('the modes of the player: how much each keeps, and how it gets there', async () => {
	// the very code of the player, over a stream that comes in real time
	const { transformSync } = await import(path.join(root, 'webui/node_modules/esbuild/lib/main.js'));
	const { code } = transformSync(fs.readFileSync(path.join(root, 'webui/src/pace.ts'), 'utf8'), { loader: 'ts' });
	const { Pace } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
	/** From so much in the buffer, for so long; stalls are moments in which nothing comes for two seconds. */
	const play = (mode, buffer, seconds, stalls = []) => {
		const pace = new Pace(mode), rates = new Set();
		let stalled = false;
		for (let at = 0; at < seconds; at += 0.25) {
			const rate = pace.rate(buffer, at * 1000);
			rates.add(rate);
			if (rate === null)
				buffer = pace.aim;
			const away = stalls.some(stall => at >= stall && at < stall + 2);
			buffer += 0.25 * ((away ? 0 : 1) - (rate ?? 1));
			if (buffer < 0 && !stalled)
				pace.stalled(at * 1000);
			stalled = buffer < 0;
			buffer = Math.max(0, buffer);
		}
		return { buffer, rates: [...rates] };
	};
	const within = ({ buffer }, least, most) => assert.ok(buffer >= least && buffer <= most, `${buffer} s`);
	within(play('fast', 0.4, 10), 0.39, 0.41); // nothing to do
	within(play('fast', 3, 20), 0.3, 0.6);
	within(play('fast', 0.1, 10), 0.1, 0.1); // it is never slowed down
	within(play('auto', 0.4, 20), 0.65, 1.5);
	within(play('auto', 4, 60), 0.65, 1.6);
	within(play('auto', 1, 80, [5, 12, 20]), 2, 5.5); // an uneven network: more, and
	within(play('auto', 1, 400, [5, 12, 20]), 0.65, 1.6); // less again when it is well
	within(play('smooth', 0.4, 80), 4.5, 5.5);
	within(play('smooth', 7, 60), 4.5, 5.5);
	for (const mode of ['fast', 'auto', 'smooth']) {
		const late = play(mode, 30, 20);
		assert.ok(late.rates.includes(null) && late.buffer < 6, 'it jumps over what is too much');
		assert.ok(late.rates.every(rate => rate === null || (rate >= 0.9 && rate <= 1.5)));
	}
});

test('the player: http-flv and LL-HLS in Chromium, also within another page', { timeout: 120000 }, async () => {
	const shots = path.join(root, 'build/screenshots');
	fs.mkdirSync(shots, { recursive: true });
	const outer = http.createServer((request, answer) => answer.setHeader('Content-Type', 'text/html').end(
		`<iframe src="${box.url}/player?src=${encodeURIComponent(mix.hls_url)}&mode=fast&lang=zh" width="800" height="500" allow="autoplay"></iframe>`));
	await new Promise(done => outer.listen(0, '127.0.0.1', done));
	const newPage = async () => {
		const page = await browser.newPage({ viewport: { width: 820, height: 520 }, locale: 'en-GB' }), complaints = [];
		page.on('pageerror', error => complaints.push(String(error)));
		page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
		return [page, complaints];
	};
	const [page, complaints] = await newPage(), [wrong, ofWrong] = await newPage();
	try {
		await page.goto(`${box.url}/player?src=${encodeURIComponent(mix.flv_url)}&mode=fast`);
		await measure(page, 'http-flv', 1.5);
		assert.equal(await page.inputValue('select[name=mode]'), 'fast');
		await page.screenshot({ path: path.join(shots, 'player.png') });
		await page.goto(`http://127.0.0.1:${outer.address().port}/`);
		const frame = page.frames()[1];
		await measure(frame, 'LL-HLS', 3);
		assert.equal(await frame.textContent('select[name=mode] option:checked'), '极速');
		await page.screenshot({ path: path.join(shots, 'player-embedded-zh.png') });
		await box.api('PATCH', `/applications/${app.id}`, { live_all: true });
		const alice = await until('the stream of a single user', async () => (await box.api('GET', '/rooms')).rooms
			.flatMap(room => room.users).find(user => user.user === 'alice' && user.flv_url));
		await page.goto(`${box.url}/player?src=${encodeURIComponent(alice.flv_url)}&mode=fast`);
		await measure(page, 'http-flv of a single user', 1);
		assert.deepEqual(complaints, []); // of the end of a stream it does complain
		await page.close();
		await box.api('PATCH', `/applications/${app.id}`, { live_all: false });
		await wrong.goto(`${box.url}/player?src=${encodeURIComponent('javascript:alert(1)')}`);
		await wrong.waitForSelector('.over:has-text("names no stream")');
		assert.deepEqual(ofWrong, []);
	} finally {
		await page.close();
		await wrong.close();
		outer.close();
	}
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
	const usage = async () => (await box.api('GET', `/applications/${app.id}/usage`)).total, before = await usage();
	const relay = await add(`${cdn.url('relayed')}?token=${secret}`);
	assert.equal(relay.url, `rtmp://127.0.0.1:${cdn.port}/live/***`);
	await inState(relay.id, 'publishing');
	const begun = performance.now();
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
	let busy = 0; // s that the machine, busy with other things, kept one of its lives waiting
	for (let i = 0; i < kills; i++) {
		// what dies again within 10 s is started later each time, which would be the hole that is measured
		if (i >= 3)
			await sleep(10500);
		const sent = (await relays())[0].bytes_sent;
		box.kill('media');
		await until('more to be sent', async () => (await relays())[0].bytes_sent > sent + 100000);
		busy = Math.max(busy, box.keptWaiting('media'));
	}
	assert.ok(!gone, 'the viewer is still there');
	player.kill('SIGKILL');
	for (const child of crowd) {
		const end = new Promise(done => child.once('close', done));
		child.kill('SIGTERM');
		assert.equal(await end, 0, child.output);
		const waited = Number(/errors=0 .*longest_wait_ms=(\d+)/.exec(child.output)?.[1]);
		assert.ok(waited > 100 && waited <= 2000 + 1000 * busy, `${busy} s of waiting, ${child.output}`);
	}
	const now = await inState(relay.id, 'publishing');
	assert.equal(now.publishes, 1);
	assert.equal(now.failures, 0);
	assert.ok(now.delay_ms < 500, `${now.delay_ms} ms behind`);
	assert.equal(cdn.published('relayed'), 1);
	// what is known of the processes and told of the relay does not have the key
	for (const name of ['control', 'media', 'egress'])
		for (const file of ['cmdline', 'environ'])
			assert.ok(!fs.readFileSync(`/proc/${box.pid(name)}/${file}`, 'latin1').includes(secret), `${file} of ${name}`);
	for (const address of ['/metrics', '/api/v1/health'])
		assert.ok(!(await (await fetch(box.url + address)).text()).includes(secret), address);
	// its bytes and time are used by the application, once, whatever was killed
	const lasted_ms = performance.now() - begun;
	await until('the usage', async () => (await usage()).relay_bytes - before.relay_bytes >= now.bytes_sent &&
		(await usage()).relay_ms - before.relay_ms >= lasted_ms, 20000);
	const used = await usage();
	assert.ok(used.relay_ms - before.relay_ms < performance.now() - begun + 5000, `${used.relay_ms - before.relay_ms} ms of ${lasted_ms} and more`);
	await remove(relay);
	await until('the CDN to hear of the end', () => cdn.ends === 1);
	const times = ffprobe(cdn.files()[0], '-show_packets').packets.filter(packet => packet.codec_type === 'video').map(packet => Number(packet.dts_time));
	let hole = 0;
	for (let i = 1; i < times.length; i++) {
		assert.ok(times[i] > times[i - 1], 'time stamps rise');
		hole = Math.max(hole, times[i] - times[i - 1]);
	}
	assert.ok(hole > 0.1 && hole < 2 + busy, `the longest hole of ${kills} kills: ${hole} s, ${busy} s of waiting`);
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
	let text = '', over = false;
	probe.stdout.on('data', chunk => { text += chunk; });
	probe.once('close', () => { over = true; }); // with all that it said
	await until('ffprobe to end', () => over);
	checkStreams(JSON.parse(text));
	assert.match((await inState(bad.id, 'pausing')).error, /certificate/);
	assert.equal(cdn.published('wrong'), 0);
	await remove(good);
	await remove(bad);
	await new Promise(done => front.close(done));
});

/** An SRT server that writes what it receives into a file. */
function srtServer(port, file, options) {
	const server = spawn('srt-live-transmit', ['-q', '-t', '0', `srt://127.0.0.1:${port}?mode=listener&${options}`, 'file://con'],
		{ stdio: ['ignore', fs.openSync(file, 'w'), 'ignore'] });
	const gone = new Promise(done => server.once('exit', done));
	return { stop: () => { server.kill('SIGINT'); return gone; } };
}

test('by SRT, encrypted: as sent; a wrong passphrase is refused; a server that goes is tried again', { timeout: 60000 }, async () => {
	const file = `${dir}/srt.ts`, secrets = `streamid=${secret}&passphrase=${secret}`;
	const [port] = await morePorts(1);
	let server = srtServer(port, file, `passphrase=${secret}`);
	try {
		const wrong = await add(`srt://127.0.0.1:${port}?passphrase=not-that-one`);
		assert.match((await inState(wrong.id, 'refused')).error, /refuses/);
		await remove(wrong);
		const relay = await add(`srt://127.0.0.1:${port}?${secrets}&latency=200`);
		assert.equal(relay.url, `srt://127.0.0.1:${port}?***`);
		await inState(relay.id, 'publishing');
		await until('two seconds and more to come', () => fs.statSync(file).size > 250000, 20000);
		const { delay_ms, publishes } = (await relays())[0];
		assert.ok(delay_ms < 1000 && publishes === 1, `${delay_ms} ms, ${publishes} publishes`);
		await server.stop();
		assert.match((await inState(relay.id, 'pausing', 20000)).error, /closed/);
		const probe = ffprobe(file);
		checkStreams(probe);
		assert.equal(probe.format.format_name, 'mpegts');
		// it can be decoded, in the order of time, sound beside its picture; the end is cut off in the middle
		const decoded = spawnSync('ffmpeg', ['-v', 'warning', '-t', '2', '-i', file, '-map', '0', '-f', 'null', '-'], { encoding: 'utf8' });
		assert.equal(decoded.stderr, '');
		const { packets } = ffprobe(file, '-show_packets');
		const [video, audio] = ['video', 'audio'].map(type => packets.filter(packet => packet.codec_type === type).map(packet => Number(packet.dts_time)));
		for (const times of [video, audio])
			assert.ok(times.every((time, i) => !i || time > times[i - 1]), 'time stamps rise');
		assert.ok(video.length >= 20 && Math.abs(video[0] - audio[0]) < 0.2 && Math.abs(video.at(-1) - audio.at(-1)) < 0.5,
			`${video.length} pictures, ${video[0]} ${audio[0]} ${video.at(-1)} ${audio.at(-1)}`);
		// a mix leaves a picture out where the machine is too busy
		const steps = video.slice(1).map((time, i) => time - video[i]);
		assert.ok(steps.filter(step => Math.abs(step - 1 / 15) > 0.02).length < steps.length / 5, `15 a second: ${steps.map(step => step.toFixed(3))}`);
		server = srtServer(port, file, `passphrase=${secret}`);
		assert.equal((await inState(relay.id, 'publishing', 20000)).publishes, 2);
		await until('it to go on', () => fs.statSync(file).size > 50000);
		await remove(relay);
		const log = fs.readFileSync(box.logPath, 'utf8');
		assert.ok(!log.includes(secret) && !JSON.stringify(await box.api('GET', '/audit')).includes(secret));
	} finally {
		await server.stop();
	}
});

test('a server is added and removed in the web UI', { timeout: 60000 }, async () => {
	const page = await browser.newPage({ viewport: { width: 1360, height: 900 }, locale: 'en-GB' });
	try {
		const complaints = [];
		page.on('pageerror', error => complaints.push(String(error)));
		page.setDefaultTimeout(15000);
		await page.goto(box.url);
		await page.fill('input[name=password]', box.password);
		await page.click('button[type=submit]');
		// what is given to others leads to the player
		await page.waitForSelector('.live-bar .buffer');
		await page.click('button:has-text("Share")');
		assert.equal(await page.getAttribute('dialog a', 'href'), `${box.url}/player?src=${encodeURIComponent(mix.flv_url)}`);
		assert.deepEqual(await page.locator('dialog ul').last().locator('code').allInnerTexts(), [mix.flv_url, mix.hls_url, mix.rtmp_url]);
		fs.mkdirSync(path.join(root, 'build/screenshots'), { recursive: true });
		await page.screenshot({ path: path.join(root, 'build/screenshots/share.png') });
		await page.click('dialog .close');
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
		// what users send: by the application's switch, with its addresses in the room
		await page.click('nav a[href*=applications]');
		await page.click('.live-settings summary');
		await page.check('.live-settings input[name=live_all]');
		await page.click('.live-settings button[type=submit]');
		await page.waitForSelector('.live-settings summary:has-text("all that users send")');
		await page.click('nav a[href*=rooms]');
		await page.click('.own-streams summary:has-text("_1_alice_main")');
		assert.match(await page.textContent('.own-streams code'), /\/live\/\d+_1_alice_main\.flv$/);
		await page.waitForSelector('.own-streams .relays');
		await page.waitForSelector('.own-streams .live-bar .buffer');
		await page.screenshot({ path: path.join(root, 'build/screenshots/own-streams.png') });
		await box.api('PATCH', `/applications/${app.id}`, { live_all: false });
		assert.deepEqual(complaints, []);
		assert.deepEqual(await relays(), []);
	} finally {
		await page.close();
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

protectTests(() => ({ box, app }));
