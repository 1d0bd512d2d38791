// SPDX-License-Identifier: GPL-3.0-or-later
// Where recordings lie: the database is lost and what is on disk is found again, in all formats; it is uploaded to an object
// storage that refuses, fails and hangs, while control and egress are killed; what has left this disk is still played and deleted.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Box, mixParameters, recordingOf, until } from './box.mjs';
import { startObjects } from './objects.mjs';

const id = 1400000077, secret = 'S3RVER', wrong = 'WrongSecretThatNobodyMaySee';
const part = 8 << 20;
let box, dir, objects, recorded, found;
const files = new Map(); // name -> bytes, of what was on disk

/** An AAC file of 128 kbit/s frames padded to a length that takes three parts. */
function largeSound(count) {
	const frame = Buffer.alloc(4096);
	frame.set([0xff, 0xf1, 0x4c, 0x80 | 4096 >> 11, 4096 >> 3 & 255, (4096 & 7) << 5 | 0x1f, 0xfc]);
	return Buffer.concat(Array.from({ length: count }, (_, i) => {
		const one = Buffer.from(frame);
		one.writeUInt32BE(i, 100);
		return one;
	}));
}

const start = () => Box.start(dir, { control: { callback_ca_file: `${dir}/tls.crt` }, egress: { disk_soft_percent: 0, disk_hard_percent: 0, disk_reserve_percent: 0 } });
const settings = change => box.api('PATCH', `/applications/${id}/upload`, change);
const file = (recording, format) => box.api('GET', `/recordings/${recording.id}`).then(row => row.files.find(one => one.format === format));
const egress = () => `http://127.0.0.1:${box.egressPort}`;
/** An address that somebody who has a play domain's key makes by himself. */
async function keyed(recording, one, seconds = 60, key = 'filekey') {
	const time = Math.floor(Date.now() / 1000 + seconds).toString(16);
	const right = crypto.createHash('md5').update(key + one.name + time).digest('hex');
	return `${egress()}/record/${recording.id}/${one.name}.${one.format === 'hls' ? 'm3u8' : one.format}?txSecret=${right}&txTime=${time}`;
}
const library = () => box.api('GET', `/recordings?application=${id}&limit=100`).then(answer => answer.recordings);

before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-storage-'));
	execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
		'-addext', 'subjectAltName=DNS:localhost', '-keyout', `${dir}/tls.key`, '-out', `${dir}/tls.crt`], { stdio: 'ignore' });
	objects = await startObjects(`${dir}/objects`, 'lessons', { tls: { key: fs.readFileSync(`${dir}/tls.key`), cert: fs.readFileSync(`${dir}/tls.crt`) } });
	process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // for this test's own requests: what the box trusts is its setting
	box = await start();
});
after(async () => {
	await box?.stop();
	await objects?.stop();
	fs.rmSync(dir, { recursive: true, force: true });
});

test('what is on disk is found again after the database was lost', { timeout: 60000 }, async () => {
	await box.api('POST', '/applications', { id, name: 'storage test' });
	const key = await box.api('POST', `/applications/${id}/keys`);
	const app = { id, cloud: box.cloud(key) };
	await box.api('PATCH', `/applications/${id}/recording`, { formats: ['hls', 'mp4', 'flv', 'aac'] });
	await box.publish(app, 7, 'alice', { size: '320x180', bitrate: 200 });
	await until('the publisher', async () => (await box.api('GET', `/applications/${id}/rooms/7`)).users.every(user => user.state === 'receiving'));
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 7, { StreamId: 'show', RecordId: 'lesson' }, { VideoWidth: 320, VideoHeight: 180, VideoBitrate: 200 }));
	await until('some media', async () => (await recordingOf(box, 'lesson', ['recording'])).duration_ms > 3600, 30000);
	await app.cloud.StopMCUMixTranscode({ SdkAppId: id, RoomId: 7 });
	recorded = await recordingOf(box, 'lesson');
	await until('its journals to go', () => !fs.readdirSync(`${dir}/recordings/${id}`).some(name => name.endsWith('journal')));
	assert.ok(recorded.id < 1000);
	assert.equal(recorded.files.length, 4);
	await box.stop();

	for (const name of ['tessera.db', 'tessera.db-wal', 'tessera.db-shm', 'initial-password'])
		fs.rmSync(`${dir}/${name}`, { force: true });
	// another one was copied here; and what is none of ours
	const folder = `${dir}/recordings/${id}`;
	fs.writeFileSync(`${folder}/sound_2026-01-02-03-04-05_2026-01-02-03-05-52.aac`, largeSound(5000));
	fs.writeFileSync(`${folder}/bad_2026-01-02-03-04-05_2026-01-02-03-05-52.mp4`, 'no film');
	for (const name of fs.readdirSync(folder, { recursive: true }).filter(one => fs.statSync(`${folder}/${one}`).isFile()))
		files.set(name, fs.readFileSync(`${folder}/${name}`));
	box = await start();
	await box.api('POST', '/applications', { id, name: 'storage test again' });
	await box.api('POST', '/recordings/find');
	await until('all to be found', async () => (await library()).reduce((count, row) => count + row.files.length, 0) === 5);
	found = Object.fromEntries((await library()).map(row => [row.record_id, row]));
	assert.deepEqual(Object.keys(found).sort(), ['lesson', 'sound']);
	assert.ok(found.lesson.id > 1600000000, 'an id that the lost store may have given');
	assert.equal(found.lesson.state, 'finished');
	assert.deepEqual([found.lesson.width, found.lesson.height], [320, 180]);
	let fetched = 0;
	for (const before of recorded.files) {
		const now = found.lesson.files.find(one => one.format === before.format);
		assert.ok(Math.abs(now.duration_ms - before.duration_ms) < 300, `${before.format}: ${now.duration_ms} ms, it was ${before.duration_ms}`);
		assert.ok(Math.abs(now.size_bytes - before.size_bytes) < 3000, `${before.format}: ${now.size_bytes} bytes, it was ${before.size_bytes}`);
		const answer = await fetch(await box.api('GET', `/recordings/${found.lesson.id}/files/${now.id}`));
		assert.equal(answer.status, 200, before.format);
		const name = decodeURIComponent(new URL(answer.url).pathname.split('/').pop());
		const bytes = Buffer.from(await answer.arrayBuffer());
		fetched += bytes.length;
		assert.deepEqual(bytes, before.format === 'mp4' ? files.get(`${now.name}.mp4`) : files.get(name));
	}
	assert.equal(found.sound.start, '2026-01-02T03:04:05.000Z');
	assert.equal(found.sound.duration_ms, Math.floor(5000 * 1024 / 48));

	// the same by the key of a play domain; a playlist's segments by where it leads to
	await box.api('POST', `/applications/${id}/domains`, { kind: 'play', name: 'files.example', enabled: true, key: 'filekey' });
	await until('the key', async () => (await fetch(await keyed(found.lesson, found.lesson.files[0]), { method: 'HEAD' })).status === 200);
	for (const one of found.lesson.files) {
		assert.equal((await fetch(await keyed(found.lesson, one, 60, 'another'))).status, 403);
		assert.equal((await fetch(await keyed(found.lesson, one, -5))).status, 403);
		const answer = await fetch(await keyed(found.lesson, one));
		const bytes = Buffer.from(await answer.arrayBuffer());
		fetched += bytes.length;
		assert.ok(bytes.equals(files.get(`${one.name}.${one.format === 'hls' ? 'm3u8' : one.format}`)), one.format);
		if (one.format !== 'hls')
			continue;
		for (const name of bytes.toString().split('\n').filter(line => line.endsWith('.m4s'))) {
			const segment = Buffer.from(await (await fetch(new URL(name, answer.url))).arrayBuffer());
			fetched += segment.length;
			assert.ok(segment.equals(files.get(name)), name);
		}
	}

	// a thumbnail of those with pictures: one of the file's key frames, and not a black one at its begin
	const pixels = input => execFileSync('ffmpeg', ['-v', 'error', '-skip_frame', 'nokey', '-i', input, '-vsync', 'passthrough', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'],
		{ maxBuffer: 1 << 28 });
	const mp4 = found.lesson.files.find(one => one.format === 'mp4');
	for (const format of ['mp4', 'hls']) {
		const { cover } = await until(`the thumbnail of ${format}`, async () => {
			const one = await file(found.lesson, format);
			return one.cover && one;
		});
		const answer = await fetch(`${box.url}${cover}`);
		assert.equal(answer.headers.get('content-type'), 'image/jpeg');
		fs.writeFileSync(`${dir}/cover.jpg`, Buffer.from(await answer.arrayBuffer()));
		const picture = pixels(`${dir}/cover.jpg`);
		assert.equal(picture.length, 320 * 180 * 3);
		const shown = pixels(`${folder}/${mp4.name}.mp4`);
		const differences = Array.from({ length: shown.length / picture.length }, (_, n) =>
			picture.reduce((sum, value, i) => sum + Math.abs(value - shown[n * picture.length + i]), 0) / picture.length);
		assert.ok(Math.min(...differences) < 8, `${format}: its thumbnail differs by ${differences}`);
		const light = of => of.reduce((all, value) => all + value, 0) / of.length;
		const lightest = Math.max(...differences.map((_, n) => light(shown.subarray(n * picture.length, (n + 1) * picture.length))));
		assert.ok(light(picture) > Math.min(20, lightest / 2), `not a black one: ${light(picture)} of ${lightest}`);
		assert.equal((await fetch(`${box.url}${cover.replace(/[0-9a-f]{64}/, '0'.repeat(64))}`)).status, 403);
	}
	assert.equal((await file(found.sound, 'aac')).cover, null);

	// once: looking again finds nothing new
	await box.api('POST', '/recordings/find');
	await box.api('POST', '/recordings/find');
	assert.equal((await library()).length, 2);

	// MP3, as an encoder of others makes it
	execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'sine=d=10:r=44100', '-c:a', 'libmp3lame', '-b:a', '64k', '-write_xing', '0', '-id3v2_version', '0',
		`${folder}/song_2026-01-02-03-04-05_2026-01-02-03-04-15.mp3`]);
	await box.api('POST', '/recordings/find');
	const song = await until('the MP3', async () => (await library()).find(row => row.record_id === 'song'));
	assert.deepEqual([song.files.length, song.files[0].format], [1, 'mp3']);
	assert.ok(song.duration_ms >= 10000 && song.duration_ms < 10100, `${song.duration_ms} ms`);
	await box.api('DELETE', `/recordings/${song.id}`);
	await until('it to go', async () => (await library()).length === 2);
	await until('what was fetched to be usage', async () => (await box.api('GET', `/applications/${id}/usage`)).total.file_bytes === fetched);
});

test('files are uploaded in parts, through kills and failures, and leave this disk', { timeout: 90000 }, async () => {
	const to = { endpoint: objects.endpoint, bucket: 'lessons', prefix: 'box/', access_key: 'S3RVER' };
	await assert.rejects(settings({ ...to, enabled: true }), { code: 'invalid_parameter', field: 'secret_key' });
	await assert.rejects(settings({ endpoint: 'ftp://x' }), { code: 'invalid_parameter', field: 'endpoint' });
	const now = await settings({ ...to, enabled: true, secret_key: wrong, delete_local: true });
	assert.equal(now.secret_key_set, true);
	assert.ok(!JSON.stringify([now, await box.api('GET', `/applications/${id}/upload`)]).includes(wrong));

	const sound = await file(found.sound, 'aac');
	const upload = async () => (await file(found.sound, 'aac')).upload;
	assert.equal(sound.upload, null);

	// a certificate for another name: neither control, which begins with what goes in parts, nor egress sends anything
	await settings({ endpoint: objects.endpoint.replace('localhost', '127.0.0.1') });
	for (const [recording, format] of [[found.sound, 'aac'], [found.lesson, 'flv']]) {
		const { id: one } = await file(recording, format);
		await box.api('POST', `/recordings/${recording.id}/files/${one}/upload`);
		const { upload: distrusted } = await until('the certificate to be refused', async () => {
			const row = await file(recording, format);
			return row.upload?.error && row;
		});
		assert.match(distrusted.error, /certificate/);
	}
	assert.deepEqual([objects.requests.length, objects.hung.length], [0, 0]);
	await settings({ endpoint: objects.endpoint });

	// the wrong key: of control's own request, and of the address that it gave to egress
	for (const [recording, format] of [[found.sound, 'aac'], [found.lesson, 'flv']]) {
		const refused = await until('the refusal', async () => {
			const row = await file(recording, format);
			return row.upload.state === 'failed' && row.upload;
		});
		assert.match(refused.error, /403 SignatureDoesNotMatch/);
	}
	assert.equal(objects.requests.length, 0);

	// the second part hangs; both processes are killed meanwhile
	let hanging = true;
	objects.trouble = request => hanging && request.url.includes('partNumber=2') ? 'hang' : undefined;
	await settings({ secret_key: secret });
	const parts = () => objects.requests.filter(one => one.method === 'PUT' && one.query.has('partNumber')).map(one => Number(one.query.get('partNumber')));
	await until('the other parts', async () => objects.hung.length && parts().length === 2 && (await upload()).sent_bytes >= 2 * part - part);
	const half = await upload();
	assert.equal(half.state, 'uploading');
	assert.ok(half.percent > 20 && half.percent < 100, `${half.percent} %`);
	await box.kill('egress');
	await box.kill('control');
	hanging = false;
	let failures = 0, completions = 0;
	objects.trouble = request => {
		if (request.method === 'POST' && request.url.includes('uploadId='))
			return completions++ < 1 ? 'InvalidPart' : undefined;
		return request.method === 'HEAD' && request.url.includes('sound') && failures++ < 1 ? 500 : undefined;
	};
	await until('control', () => box.api('GET', '/health').then(health => health.processes.every(one => one.up), () => false));
	const now_due = () => box.api('POST', `/recordings/${found.sound.id}/files/${sound.id}/upload`); // not after the pause
	// it begins anew; what was sent is not left in the storage
	await until('the parts to be refused', async () => (await upload()).state === 'pending' && /other parts/.test((await upload()).error), 30000);
	await now_due();
	await until('the failure', async () => (await upload()).state === 'pending' && /answered 500/.test((await upload()).error), 30000);
	await now_due();
	await until('the upload', async () => (await upload()).state === 'uploaded', 30000);
	const of = (method, name) => objects.requests.filter(one => one.method === method && one.query.has(name));
	const ids = [...new Set(of('PUT', 'uploadId').map(one => one.query.get('uploadId')))];
	assert.equal(ids.length, 2);
	for (const one of ids)
		assert.deepEqual(of('PUT', 'uploadId').filter(part => part.query.get('uploadId') === one).map(part => Number(part.query.get('partNumber'))).sort(), [1, 2, 3], 'each part once');
	assert.deepEqual(of('DELETE', 'uploadId').map(one => one.query.get('uploadId')), [ids[0]]);
	assert.equal(failures, 2);
	assert.equal(objects.requests.filter(one => one.method === 'POST' && one.query.has('uploads')).length, 2);
	const name = 'sound_2026-01-02-03-04-05_2026-01-02-03-05-52.aac';
	assert.ok(objects.object(`box/${id}/${name}`).equals(files.get(name)));

	// all others
	for (const one of found.lesson.files)
		await box.api('POST', `/recordings/${found.lesson.id}/files/${one.id}/upload`);
	await until('all uploads', async () => (await box.api('GET', `/recordings/${found.lesson.id}`)).files.every(one => one.upload.state === 'uploaded' && !one.local), 30000);
	const hls = objects.requests.filter(one => one.method === 'PUT' && /hls|m3u8/.test(one.path)).map(one => one.path);
	assert.match(hls.at(-1), /m3u8$/, 'the playlist comes last');
	await until('the disk to be empty', () => fs.readdirSync(`${dir}/recordings/${id}`).every(one => one.startsWith('bad_')));
	for (const [local, bytes] of files)
		if (!local.startsWith('bad_'))
			assert.ok(objects.object(`box/${id}/${local}`)?.equals(bytes), local);
	assert.match(await (await fetch(`${box.url}/metrics`)).text(), /tessera_uploads\{state="uploaded"\} 5/);
});

test('what has left is fetched from the storage, and deleted there', { timeout: 30000 }, async () => {
	// by control, which has no other origin between; by addresses of before, which egress has; by the key of a play domain
	for (const [way, one] of ['control', 'egress', 'key'].flatMap(way => found.lesson.files.map(file => [way, file]))) {
		const given = await box.api('GET', `/recordings/${found.lesson.id}/files/${one.id}`);
		assert.ok(given.startsWith(`${box.url}/record/`), given);
		const url = way === 'key' ? await keyed(found.lesson, one) : way === 'egress' ? egress() + new URL(given).pathname + new URL(given).search : given;
		const answer = await fetch(url);
		assert.equal(answer.status, 200, url);
		if (way === 'key')
			assert.equal((await fetch(await keyed(found.lesson, one, 60, 'another'))).status, 403);
		if (one.format !== 'hls') {
			assert.ok(answer.url.startsWith(objects.endpoint));
			const local = decodeURIComponent(new URL(answer.url).pathname.split('/').pop());
			assert.ok(Buffer.from(await answer.arrayBuffer()).equals(files.get(local)));
			continue;
		}
		assert.equal(answer.headers.get('access-control-allow-origin'), '*');
		const lines = (await answer.text()).split('\n').map(line => /URI="(.*)"/.exec(line)?.[1] ?? line).filter(line => line && !line.startsWith('#'));
		assert.ok(lines.length >= 2);
		for (const line of lines) {
			const segment = await fetch(line);
			assert.equal(segment.status, 200);
			const local = decodeURIComponent(new URL(line).pathname).split(`/${id}/`)[1];
			assert.ok(Buffer.from(await segment.arrayBuffer()).equals(files.get(local)), local);
		}
	}
	const address = await box.api('GET', `/recordings/${found.sound.id}/files/${found.sound.files[0].id}`);
	assert.equal((await fetch(address.replace(/[0-9a-f]{64}/, 'f'.repeat(64)))).status, 403);

	await box.api('DELETE', `/recordings/${found.lesson.id}/files/${(await file(found.lesson, 'mp4')).id}`);
	await until('the object to go', () => [...files.keys()].filter(one => one.endsWith('.mp4') && one.startsWith('lesson') && !one.includes('/'))
		.every(one => !objects.object(`box/${id}/${one}`)));
	for (const row of [found.lesson, found.sound])
		await box.api('DELETE', `/recordings/${row.id}`);
	await until('all objects to go', () => [...files.keys()].every(one => !objects.object(`box/${id}/${one}`)));
	await until('their rows to go', async () => (await library()).length === 0);
	// addresses are for what others do: egress, which sends, and players
	const ways = new Set(objects.requests.map(one => `${one.method} by its ${one.signed}`));
	assert.deepEqual([...ways].sort(), ['DELETE by its headers', 'GET by its address', 'HEAD by its headers', 'POST by its headers', 'PUT by its address']);
	const texts = fs.readFileSync(box.logPath, 'utf8');
	assert.ok(!texts.includes(wrong) && !texts.includes(`"${secret}"`) && !texts.includes('X-Amz-Signature'), 'a secret is in the log');
});
