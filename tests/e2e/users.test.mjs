// SPDX-License-Identifier: GPL-3.0-or-later
// What single users send is recorded by the application's mode, from entry to leaving: over breaks, and kills of each process.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Box, ffprobe, sleep, until } from './box.mjs';

let box, app, dir;
before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-users-'));
	box = await Box.start(dir);
	app = await box.application('users');
});
after(async () => {
	await box?.stop();
	fs.rmSync(dir, { recursive: true, force: true });
});

const settings = change => box.api('PATCH', `/applications/${app.id}/recording`, change);
const recordings = prefix => box.api('GET', `/recordings?prefix=${prefix}`).then(answer => answer.recordings).catch(() => []);
const recorded = (prefix, check, timeout_ms = 30000) => until(`a recording of ${prefix}`, async () =>
	(await recordings(prefix)).find(one => check(one)), timeout_ms);
const leave = async publisher => {
	publisher.process.kill('SIGTERM');
	await until('control', () => box.api('DELETE', `/applications/${app.id}/rooms/5/users/${publisher.user}`).then(() => true, () => false));
};
const file = (recording, format) => path.join(dir, 'recordings', String(app.id),
	`${recording.files.find(one => one.format === format).name}.${format === 'hls' ? 'm3u8' : format}`);
const plays = name => assert.equal(execFileSync('ffmpeg', ['-v', 'error', '-xerror', '-i', name, '-f', 'null', '-'],
	{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }), '');

test('one recording over a break and the kills of all processes', { timeout: 120000 }, async () => {
	const prefix = `${app.id}_5_alice_main`;
	await settings({ mode: 'automatic', formats: ['hls', 'mp4', 'flv', 'aac'], resume_timeout_s: 15 });
	let alice = await box.publish(app, 5, 'alice', { size: '320x180' });
	await recorded(prefix, one => one.duration_ms > 2000);
	box.kill('control');
	await leave(alice);
	await settings({ mode: 'rest' }); // holds for those that begin later
	await sleep(1000);
	alice = await box.publish(app, 5, 'alice', { size: '320x180' });
	let { duration_ms } = await recorded(prefix, one => one.state === 'recording' && one.gaps.length > 0);
	for (const name of ['egress', 'media', 'control']) {
		box.kill(name);
		({ duration_ms } = await recorded(prefix, one => one.state === 'recording' && one.duration_ms > duration_ms + 2000));
	}
	await leave(alice);
	const recording = await recorded(prefix, one => one.state === 'finished', 40000);
	assert.equal((await recordings(prefix)).length, 1);
	assert.equal(recording.files.length, 4);
	assert.ok(recording.gaps[0].length_ms > 1000 && recording.gaps[0].length_ms < 15000);
	for (const format of ['hls', 'mp4', 'flv', 'aac'])
		plays(file(recording, format));
	const { format } = ffprobe(file(recording, 'mp4'), '-show_format');
	assert.ok(Math.abs(Number(format.duration) * 1000 - recording.duration_ms) < 100);
});

test('who enters with a record id; the file is there at once when the user leaves', { timeout: 60000 }, async () => {
	await settings({ mode: 'specified', formats: ['mp4'], resume_timeout_s: 0 });
	await box.publish(app, 5, 'carol', { size: '320x180' });
	const bob = await box.publish(app, 5, 'bob', { size: '320x180', record_id: 'lesson-7' });
	await recorded('lesson-7', one => one.duration_ms > 2000);
	const before_ms = Date.now();
	await leave(bob);
	const recording = await recorded('lesson-7', one => one.state === 'finished');
	assert.ok(Date.now() - before_ms < 4000, `${Date.now() - before_ms} ms`);
	assert.match(recording.files[0].name, /^lesson-7_\d{4}(-\d\d){5}_\d{4}(-\d\d){5}$/);
	assert.equal(recording.user, 'bob');
	assert.deepEqual(await recordings(`${app.id}_5_carol`), []);
	plays(file(recording, 'mp4'));
});
