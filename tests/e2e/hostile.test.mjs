// SPDX-License-Identifier: GPL-3.0-or-later
// The nastiest user, neighbour and operator of a running box: whatever they send, each process goes on, in little memory, and
// the others in the room notice nothing.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Box, mixParameters, recordingOf, sleep, until } from './box.mjs';

const NAMES = ['control', 'media', 'egress'];
const MiB = 2 ** 20;
let box, app, dir, pids, good;

before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-hostile-'));
	box = await Box.start(dir, { egress: { max_viewers: 20 } });
	app = await box.application('hostile test');
	pids = NAMES.map(name => box.pid(name));
	good = await box.publish(app, 1, 'good', { size: '320x180' });
	await until('the good publisher', async () => (await userOf('good')).state === 'receiving');
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 1, { StreamId: 'show', RecordId: 'show' },
		{ VideoWidth: 640, VideoHeight: 360, VideoBitrate: 1500 }));
	await until('the mix', async () => (await mix()).frames > 15);
});
after(async () => {
	await box?.stop();
	fs.rmSync(dir, { recursive: true, force: true });
});

const mix = () => box.api('GET', `/applications/${app.id}/rooms/1/mix`);
const userOf = async name => (await box.api('GET', `/applications/${app.id}/rooms/1`)).users.find(user => user.user === name);
const enter = (room, user, more) => box.api('POST', `/applications/${app.id}/rooms/${room}/users`, { user, ...more });
const leave = (room, user) => box.api('DELETE', `/applications/${app.id}/rooms/${room}/users/${user}`);
const stillThere = () => assert.deepEqual(NAMES.map(name => box.pid(name)), pids, 'a process was started anew');
const metrics = async () => (await fetch(`${box.url}/metrics`)).text();

async function metric(name, ...labels) {
	const lines = (await metrics()).split('\n').filter(line => line.startsWith(name) && labels.every(label => line.includes(label)));
	return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** What comes back for `request` until the other end closes, or nothing more comes. */
function raw(port, request, { wait_ms = 2000, end = false } = {}) {
	return new Promise(done => {
		const parts = [];
		const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => end ? socket.end(request) : socket.write(request));
		const finish = () => { clearTimeout(timer); socket.destroy(); done(Buffer.concat(parts).toString('latin1')); };
		const timer = setTimeout(finish, wait_ms);
		socket.on('data', part => parts.push(part));
		socket.on('end', finish);
		socket.on('error', finish);
	});
}
const statusOf = answer => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

/** Connections that are opened and say no more than `text`. */
async function idlers(port, count, text, address = i => `127.0.2.${1 + i % 50}`) {
	const sockets = [...Array(count).keys()].map(i => {
		const socket = net.connect({ port, host: '127.0.0.1', localAddress: address(i) });
		socket.on('error', () => {});
		socket.on('connect', () => socket.write(text));
		return socket;
	});
	await sleep(700);
	return { close: () => sockets.forEach(socket => socket.destroy()), alive: () => sockets.filter(socket => !socket.destroyed).length };
}

// the network

const open = address => new Promise(done => {
	const socket = dgram.createSocket('udp4');
	socket.bind(0, address, () => done(socket));
});
const send = (socket, data, port) => new Promise(done => socket.send(data, port, '127.0.0.1', () => done()));

function rtp(sequence, timestamp, payload, { type = 96, ssrc = 0x1234, marker = true } = {}) {
	const head = Buffer.alloc(12);
	head[0] = 0x80;
	head[1] = marker << 7 | type;
	head.writeUInt16BE(sequence & 0xffff, 2);
	head.writeUInt32BE(timestamp >>> 0, 4);
	head.writeUInt32BE(ssrc >>> 0, 8);
	return Buffer.concat([head, payload]);
}

/** RTCP packets of every kind and length, one behind another. */
function rtcpBomb() {
	const bomb = crypto.randomBytes(1400);
	for (let at = 0, words; at + 4 <= bomb.length; at += 4 + 4 * words) {
		words = crypto.randomInt(8);
		bomb[at] = 0x80 | crypto.randomInt(32);
		bomb[at + 1] = 200 + crypto.randomInt(8);
		bomb.writeUInt16BE(words, at + 2);
	}
	return bomb;
}

/** NAL units that no encoder makes: fragments without begin or end, aggregates that lie, random parameter sets. */
const absurd = i => Buffer.concat([Buffer.from([[0x7c, 0x85], [0x7c, 0x05], [0x78, 0xff, 0xff], [0x67, 0x64, 0, 0x33], [0x68], [0x65], [0x1f], []][i % 8]),
	crypto.randomBytes(i * 37 % 1100)]);

/** Send `count` packets at about 50,000 a second. */
async function flood(socket, port, make, count) {
	const begin = Date.now();
	let busy = 0;
	for (let i = 0; i < count; i++) {
		busy++;
		socket.send(make(i), port, '127.0.0.1', () => busy--);
		while (busy > 200 || i > (Date.now() - begin) * 50)
			await new Promise(done => setImmediate(done));
	}
}

/** The good publisher's stream and the mix go on at their rate while `attack` runs. */
async function unharmed(attack) {
	const lost = await metric('tessera_rtp_lost', 'user="good"'), frames = (await mix()).frames, begin = Date.now(), waited = box.keptWaiting('media');
	await attack();
	await sleep(Math.max(1200, 2500 - (Date.now() - begin))); // facts come once a second
	// without the time in which the machine was busy with other things
	const seconds = (Date.now() - begin) / 1000 - (box.keptWaiting('media') - waited), rate = ((await mix()).frames - frames) / seconds;
	assert.ok(seconds < 0.5 || rate > 9, `${rate.toFixed(1)} pictures a second, not 15`);
	assert.equal((await userOf('good')).state, 'receiving');
	assert.ok(await metric('tessera_rtp_lost', 'user="good"') - lost < 30);
	stillThere();
}

test('packets that are garbage, lies or too many', { timeout: 60000 }, async () => {
	const before = box.usage().media.rss_bytes;
	const bad = await enter(1, 'bad');
	const socket = await open('127.0.0.1'), neighbour = await open('127.0.0.2');
	const ports = [bad.video.port, bad.video.rtcp_port, bad.audio.port, bad.audio.rtcp_port];
	await unharmed(async () => {
		for (let i = 0; i < 1500; i++)
			await send(socket, crypto.randomBytes(i % 1500), ports[i % 4]);
		for (let i = 0; i < 20; i++)
			await send(socket, rtp(i, i, Buffer.alloc(60000, 0x65)), bad.video.port);
	});
	assert.ok(await metric('tessera_net_dropped_total', 'rx_dropped_truncated') >= 20);
	await unharmed(async () => {
		for (let i = 0; i < 1500; i++) {
			await send(socket, rtp(i, i * 500, absurd(i), { marker: i % 6 === 5 }), bad.video.port);
			await send(socket, rtp(i, i * 960, crypto.randomBytes(1 + i % 300), { type: 97 }), bad.audio.port);
			await send(socket, rtp(i, i, absurd(i)).subarray(0, i % 30), bad.video.port);
		}
		for (let i = 0; i < 1500; i++)
			await send(socket, rtcpBomb(), ports[i % 4]);
		for (let i = 0; i < 1500; i++)
			await send(socket, rtp(crypto.randomInt(65536), crypto.randomInt(2 ** 32), absurd(i), { ssrc: (i >> 1) * 7919 }), bad.video.port);
	});
	await unharmed(() => flood(socket, bad.video.port, i => rtp(i, (i >> 3) * 3000, Buffer.alloc(200, i)), 100000));
	// what another address sends is not taken, however right it looks
	const wrong = await metric('tessera_rtp_events_total', 'user="good"', 'wrong_source');
	await unharmed(async () => {
		for (let i = 0; i < 1000; i++) {
			await send(neighbour, rtp(i, i * 3000, absurd(i)), good.place.video.port);
			await send(neighbour, rtp(i, i * 960, crypto.randomBytes(60), { type: 97 }), good.place.audio.port);
			await send(neighbour, Buffer.from([0x81, 203, 0, 1, 0, 0, 0, i & 255]), good.place.video.rtcp_port); // BYE
		}
	});
	assert.ok(await metric('tessera_rtp_events_total', 'user="good"', 'wrong_source') - wrong > 1500);
	assert.ok(await metric('tessera_rtp_events_total', 'user="bad"') > 100, 'what was thrown away is counted');
	assert.ok(box.usage().media.rss_bytes - before < 48 * MiB, 'the memory of media is bounded');
	socket.close();
	neighbour.close();
	await leave(1, 'bad');
});

/** The NAL units of some pictures of a size. */
function pictures(size) {
	const stream = execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=10`, '-frames:v', '3', '-c:v', 'libx264',
		'-preset', 'ultrafast', '-g', '1', '-x264-params', 'slice-max-size=1000', '-f', 'h264', '-'], { maxBuffer: 1 << 26 });
	const starts = [];
	for (let at = stream.indexOf('\0\0\x01'); at >= 0; at = stream.indexOf('\0\0\x01', at + 3))
		starts.push(at + 3);
	return starts.map((start, i) => stream.subarray(start, i + 1 < starts.length ? starts[i + 1] - 3 : stream.length));
}

test('a publisher that changes size and SSRC, falls silent and comes back', { timeout: 60000 }, async () => {
	const place = await enter(1, 'fickle');
	let socket = await open('127.0.0.1'), sequence = 0, time = 0, ssrc = 1;
	const show = async (size, width, height) => {
		const units = pictures(size);
		await until(`${size} to be shown`, async () => {
			time += 9000;
			for (const [i, unit] of units.entries())
				await send(socket, rtp(sequence++, time, unit, { ssrc, marker: i === units.length - 1 }), place.video.port);
			const { state, video } = await userOf('fickle');
			return state === 'receiving' && video.width === width && video.height === height;
		}, 20000, 100);
	};
	await unharmed(async () => {
		await show('160x90', 160, 90);
		await show('16x2048', 16, 2048);
		ssrc = 0xfffffff0;
		await show('322x242', 322, 242);
	});
	await unharmed(() => until('it to be stalled', async () => (await userOf('fickle')).state === 'stalled'));
	socket.close();
	socket = await open('127.0.0.1'); // another port: taken once the old one was silent for 5 s
	ssrc = 77;
	await unharmed(() => show('160x120', 160, 120));
	socket.close();
	await leave(1, 'fickle');
});

// the web server

const HEAD = 'Host: x\r\nConnection: close\r\n';

test('requests that no browser sends', { timeout: 30000 }, async () => {
	const json = `${HEAD}Cookie: ${box.cookie}\r\nContent-Type: application/json\r\n`;
	const post = (body, more = json) => `POST /api/v1/applications HTTP/1.1\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
	const page = target => `GET ${target} HTTP/1.1\r\n${HEAD}\r\n`;
	const secret = fs.readFileSync(`${dir}/initial-password`, 'utf8').trim();
	for (const target of ['/../initial-password', '/../../../../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/../../tessera.db',
		'//etc/passwd', '/a\0b', '/index.html%00.png', '/.git/config', `${dir}/initial-password`]) {
		const answer = await raw(box.controlPort, page(target));
		assert.ok(!answer.includes('root:') && !answer.includes(secret) && !answer.includes('SQLite format'), target);
		assert.ok([400, 404].includes(statusOf(answer)) || answer.includes('<html'), `${target}: ${answer.slice(0, 80)}`);
	}
	const deep = '{"name":'.repeat(50000);
	for (const [what, request, ...status] of [
		['a long path', page('/' + 'a'.repeat(200000)), 414, 431],
		['many headers', `GET / HTTP/1.1\r\n${HEAD}${'a: b\r\n'.repeat(20000)}\r\n`, 431],
		['two lengths', post('{}').replace('Content-Length: 2', 'Content-Length: 2\r\nContent-Length: 40'), 400],
		['a negative length', post('{}').replace('Content-Length: 2', 'Content-Length: -2'), 400],
		['a bad chunk', `POST /api/v1/login HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
		['a large body', post(`{"name":"${'a'.repeat(2 * MiB)}"}`), 413],
		['deep JSON', post(deep), 400],
		['a name twice', post('{"name":"a","name":"b"}'), 400],
		['no UTF-8', Buffer.concat([Buffer.from(post('{"name":"??"}').slice(0, -4)), Buffer.from([0xff, 0xfe, 0x22, 0x7d])]), 400],
		['a zero', post('{"name":"a\\u0000b"}'), 400],
		['no object', post('[]'), 400],
		['a form', post('name=x', `${HEAD}Cookie: ${box.cookie}\r\nX-Tessera: 1\r\nContent-Type: application/x-www-form-urlencoded\r\n`), 415],
		['a foreign page', post('{"name":"x"}', `${HEAD}Cookie: ${box.cookie}\r\nContent-Type: text/plain\r\n`), 403],
		['no cookie', post('{"name":"x"}', `${HEAD}Content-Type: application/json\r\n`), 401],
		['a strange method', `FOO /api/v1/applications HTTP/1.1\r\n${HEAD}\r\n`, 405],
		['SQL', `GET /api/v1/recordings?prefix=%27%20OR%201%3D1-- HTTP/1.1\r\n${json}\r\n`, 200],
		['a page too long', `GET /api/v1/recordings?limit=100000 HTTP/1.1\r\n${json}\r\n`, 400],
		['no such recording', `GET /api/v1/recordings/99999999999999999999 HTTP/1.1\r\n${json}\r\n`, 404],
		['no room can be so named', `GET /api/v1/applications/${app.id}/rooms/%27x HTTP/1.1\r\n${json}\r\n`, 400],
		['no such mix', `GET /api/v1/applications/${app.id}/rooms/x/mix HTTP/1.1\r\n${json}\r\n`, 404],
	])
		assert.ok(status.includes(statusOf(await raw(box.controlPort, request))), `${what}: not ${status}`);
	stillThere();
});

test('who may do what', { timeout: 30000 }, async () => {
	const login = (user, password) => fetch(`${box.url}/api/v1/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ user, password }) });
	const cookie = (await login('admin', box.password)).headers.get('set-cookie');
	assert.match(cookie, /; HttpOnly/);
	assert.match(cookie, /; SameSite=Strict/);
	const answers = [];
	for (let i = 0; i < 7; i++)
		answers.push((await login('nobody', `guess${i}`)).status);
	assert.deepEqual(answers, [401, 401, 401, 401, 401, 429, 429]);
	assert.equal((await login('admin', box.password)).status, 200, 'others are not locked out');
	const { token } = await box.api('POST', '/tokens', { name: 'reader', scope: 'read' });
	const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
	assert.equal((await fetch(`${box.url}/api/v1/rooms`, { headers })).status, 200);
	for (const [method, where] of [['POST', '/applications'], ['DELETE', `/applications/${app.id}`], ['DELETE', `/applications/${app.id}/rooms/1/mix`],
		['POST', `/applications/${app.id}/usersig`], ['GET', '/tokens']])
		assert.equal((await fetch(`${box.url}/api/v1${where}`, { method, headers, body: method === 'POST' ? '{}' : undefined })).status, 403, where);
	const keys = await (await fetch(`${box.url}/api/v1/applications/${app.id}/keys`, { headers })).text();
	assert.ok(!keys.includes(app.key.secret_key));
});

test('connections that ask nothing keep nobody out', { timeout: 30000 }, async () => {
	for (const [port, count, health] of [[box.controlPort, 500, '/api/v1/health'], [box.egressPort, 1200, '/health']]) {
		for (const address of [() => '127.0.0.1', i => `127.0.2.${1 + i % 50}`]) {
			const idle = await idlers(port, count, 'GET / HTTP/1.1\r\nHo', address);
			const begin = Date.now();
			assert.equal(statusOf(await raw(port, `GET ${health} HTTP/1.1\r\n${HEAD}\r\n`)), 200, `port ${port} with ${count} idle connections`);
			assert.ok(Date.now() - begin < 1500);
			await until('too many to be closed', () => idle.alive() < 1100);
			idle.close();
		}
	}
	const bodies = await idlers(box.controlPort, 60, `POST / HTTP/1.1\r\nHost: x\r\nX-TC-Action: x\r\nContent-Length: 9000000\r\n\r\n${'a'.repeat(4 * MiB)}`);
	assert.equal((await fetch(`${box.url}/api/v1/health`)).status, 200);
	assert.ok(box.usage().control.rss_bytes < 160 * MiB, 'the memory of bodies is bounded');
	bodies.close();
	// what they had sent is still on its way
	await until('room for bodies', async () => (await fetch(`${box.url}/`, { method: 'POST', headers: { 'X-TC-Action': 'x' }, body: 'a' })).status !== 503);
	stillThere();
});

// players

test('players that do not read, ask too much, or ask nonsense', { timeout: 40000 }, async () => {
	for (const [what, request, status] of [
		['no such stream', `GET /live/nothing.flv HTTP/1.1\r\n${HEAD}\r\n`, 404],
		['a way up', `GET /live/../../tessera.db HTTP/1.1\r\n${HEAD}\r\n`, 400],
		['no signature', `GET /record/1.mp4 HTTP/1.1\r\n${HEAD}\r\n`, 403],
		['another method', `POST /live/show.flv HTTP/1.1\r\n${HEAD}Content-Length: 0\r\n\r\n`, 405],
		['a preflight', `OPTIONS /live/show.flv HTTP/1.1\r\n${HEAD}\r\n`, 204],
		['a long path', `GET /${'a'.repeat(100000)} HTTP/1.1\r\n\r\n`, 431],
		['a body', 'GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde', 400],
		['a blank before the colon', 'GET /health HTTP/1.1\r\nHost : x\r\n\r\n', 400],
		['a zero', 'GET /he\0alth HTTP/1.1\r\nHost: x\r\n\r\n', 400],
		['noise', crypto.randomBytes(3000).fill('\r\n\r\n', 2990), 400],
	])
		assert.equal(statusOf(await raw(box.egressPort, request)), status, what);
	assert.equal((await raw(box.egressPort, 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(40), { end: true })).match(/HTTP\/1\.1 200/g).length, 40);

	const before = box.usage().egress.rss_bytes;
	const lazy = [...Array(40).keys()].map(() => {
		const socket = net.connect({ port: box.egressPort, host: '127.0.0.1' });
		socket.on('error', () => {});
		socket.once('readable', () => { socket.head = socket.read(12)?.toString('latin1'); });
		socket.write('GET /live/show.flv HTTP/1.1\r\nHost: x\r\n\r\n');
		return socket;
	});
	await until('all to be answered', () => lazy.every(socket => socket.head));
	assert.equal(lazy.filter(socket => socket.head.endsWith('200')).length, 20, 'egress.max_viewers holds');
	assert.equal(lazy.filter(socket => socket.head.endsWith('503')).length, 20);
	await until('all of them to be counted', async () => await metric('tessera_egress_events_total', 'viewers_refused') === 20);
	lazy.find(socket => socket.head.endsWith('200')).destroy();
	await until('its place to be free', async () => await metric('tessera_viewers') === 19);
	const watched = await new Promise((done, failed) => http.get(`http://127.0.0.1:${box.egressPort}/live/show.flv`, answer => {
		let bytes = 0;
		answer.on('data', part => { bytes += part.length; });
		setTimeout(() => { answer.destroy(); done({ status: answer.statusCode, bytes }); }, 2000);
	}).on('error', failed));
	assert.equal(watched.status, 200);
	assert.ok(watched.bytes > 50000, 'who reads gets the stream');
	assert.ok(box.usage().egress.rss_bytes - before < 32 * MiB, 'the memory of egress is bounded');
	for (const socket of lazy)
		socket.destroy();
	await until('the players to be gone', async () => await metric('tessera_viewers') === 0);
	stillThere();
});

// the operator

test('users in haste and in numbers', { timeout: 40000 }, async () => {
	const same = await Promise.allSettled([...Array(8)].map(() => enter(2, 'same')));
	assert.deepEqual(same.map(result => result.reason?.status ?? 200).sort(), [200, ...Array(7).fill(409)]);
	await leave(2, 'same');
	for (let round = 0; round < 8; round++) {
		const people = [...Array(40).keys()];
		await Promise.all(people.map(i => enter(3, `u${i}`)));
		await Promise.all(people.map(i => leave(3, `u${i}`)));
	}
	const entered = [];
	for (let i = 0; i < 60; i++)
		entered.push(await enter(3, `v${i}`).then(() => 200, error => error.code));
	assert.deepEqual([...new Set(entered)], [200, 'no_port'], 'ports are given back, and more than there are is refused');
	assert.equal(entered.filter(status => status === 200).length, 49, '200 ports, four a user, one user is there');
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 3, { StreamId: 'crowd' }, { VideoWidth: 320, VideoHeight: 180 }));
	await until('the mix of many', async () => (await box.api('GET', `/applications/${app.id}/rooms/3/mix`)).tiles?.length === 16);
	for (let i = 0; i < 49; i++)
		await leave(3, `v${i}`);
	await assert.rejects(box.api('GET', `/applications/${app.id}/rooms/3/mix`), { status: 404 });
	const other = await box.application('soon gone');
	await box.api('POST', `/applications/${other.id}/rooms/1/users`, { user: 'x' });
	await other.cloud.StartMCUMixTranscode(mixParameters(other, 1, { StreamId: 'gone' }, { VideoWidth: 320, VideoHeight: 180 }));
	await box.api('DELETE', `/applications/${other.id}`);
	await until('its stream to end', async () => statusOf(await raw(box.egressPort, `GET /live/gone.flv HTTP/1.1\r\n${HEAD}\r\n`, { wait_ms: 300 })) === 404);
	stillThere();
});

test('an operator who makes mistakes', { timeout: 40000 }, async () => {
	const run = (...args) => spawnSync(path.join(box.bin, 'tessera'), ['run', ...args], { encoding: 'utf8', timeout: 5000 });
	const wrong = path.join(dir, 'wrong.conf');
	fs.writeFileSync(wrong, 'box: {\n  name = 3;\n};\n');
	let result = run('--config', wrong);
	assert.equal(result.status, 1);
	assert.ok(result.stderr.startsWith(`tessera: ${wrong}:2: box.name: `), result.stderr);
	result = run('--config', box.config);
	assert.equal(result.status, 1);
	assert.match(result.stderr, /another box runs in this folder/);
	stillThere();

	// a data base that is damaged is neither used nor made anew
	const broken = path.join(dir, 'broken');
	fs.mkdirSync(broken);
	fs.writeFileSync(`${broken}/tessera.db`, 'no data base '.repeat(1000));
	fs.writeFileSync(`${broken}/box.conf`, `box: { state_dir = "${broken}"; run_dir = "${broken}/run"; };\n`);
	result = spawnSync(path.join(box.bin, 'tessera-control'), ['--config', `${broken}/box.conf`], { encoding: 'utf8', timeout: 5000 });
	assert.equal(result.status, 1);
	assert.ok(result.stderr.includes(`${broken}/tessera.db`) && result.stderr.includes('damaged'), result.stderr);
	assert.equal(fs.readFileSync(`${broken}/tessera.db`, 'utf8'), 'no data base '.repeat(1000));

	const going = await recordingOf(box, 'show', ['recording']);
	await assert.rejects(box.api('DELETE', `/recordings/${going.id}`), { status: 409 });
	await assert.rejects(box.api('GET', `/recordings/${going.id}/file`), { status: 409 });
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 1 });
	const recording = await recordingOf(box, 'show');
	const decoded = spawnSync('ffmpeg', ['-v', 'error', '-xerror', '-i', path.join(dir, 'recordings', recording.path), '-f', 'null', '-'], { encoding: 'utf8' });
	assert.deepEqual([decoded.status, decoded.stderr], [0, ''], 'what was recorded through all of this is whole');
	assert.deepEqual(recording.gaps, []);

	// the record folder goes while it is written to: that recording is lost, and told of; the next one is not
	const start = name => app.cloud.StartMCUMixTranscode(mixParameters(app, 1, { StreamId: 'show', RecordId: name }, { VideoWidth: 320, VideoHeight: 180 }));
	await start('lost');
	await recordingOf(box, 'lost', ['recording']);
	await sleep(500);
	fs.rmSync(`${dir}/recordings`, { recursive: true });
	await sleep(1500);
	await start('kept');
	assert.equal((await recordingOf(box, 'lost', ['failed'])).error, 'the file was removed');
	await recordingOf(box, 'kept', ['recording']);
	await sleep(1200);
	stillThere();

	const begin = Date.now();
	box.run.kill('SIGTERM');
	await until('the box to stop', () => box.exited !== undefined, 6000);
	assert.ok(Date.now() - begin < 5000);
	assert.equal(box.exited, 0);
	const files = fs.readdirSync(`${dir}/recordings/${app.id}`);
	assert.ok(files.some(file => /^kept.*\.mp4$/.test(file)) && files.some(file => /^kept.*\.journal$/.test(file)), 'it can be gone on with');
});
