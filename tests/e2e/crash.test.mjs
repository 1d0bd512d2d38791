// SPDX-License-Identifier: GPL-3.0-or-later
// Any process may be killed at any time during a mix: everything comes back by itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Box, ffprobe, mixParameters, recordingOf, sleep, until } from './box.mjs';

let box, app, dir;
const encode = { VideoWidth: 640, VideoHeight: 360, VideoBitrate: 600 };
before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-crash-'));
	box = await Box.start(dir);
	app = await box.application('crash test');
	// one file, though a busy machine may take longer for a start than the 2 s after which another would begin
	await box.api('PATCH', `/applications/${app.id}/recording`, { resume_timeout_s: 60 });
	for (let i = 0; i < 4; i++)
		await box.publish(app, 1, `p${i}`, { index: i, tone: 300 + 100 * i, size: '320x180' });
});
after(async () => {
	await box?.stop();
	fs.rmSync(dir, { recursive: true, force: true });
});

const mixOf = () => box.api('GET', `/applications/${app.id}/rooms/1/mix`);
const running = (frames = 15) => until('the mix to run', async () => {
	const mix = await mixOf().catch(() => null);
	return mix?.state === 'running' && mix.frames > frames && mix;
});

/** A viewer that stays connected and counts what comes. */
class Viewer {
	constructor(url) {
		this.bytes = 0;
		this.last = Date.now();
		this.longest_ms = 0;
		this.abort = new AbortController();
		this.done = this.read(url).catch(() => {}).then(() => { this.ended = true; });
	}

	async read(url) {
		const answer = await fetch(url, { signal: this.abort.signal });
		this.status = answer.status;
		for await (const chunk of answer.body) {
			if (this.bytes)
				this.longest_ms = Math.max(this.longest_ms, Date.now() - this.last);
			this.last = Date.now();
			this.bytes += chunk.length;
		}
	}

	async moving() {
		const before = this.bytes;
		await until('more of the stream', () => this.bytes > before + 20000);
	}
}

async function record(name, during) {
	await app.cloud.StartMCUMixTranscode(mixParameters(app, 1, { StreamId: name, RecordId: name }, encode));
	const mix = await running();
	const first = await recordingOf(box, name, ['recording']);
	const waiting = box.watchWaiting();
	await sleep(1500);
	await during(mix);
	await sleep(1500);
	// a machine that is busy with other things leaves pictures out, and starts processes late
	const busy = waiting();
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 1 });
	const recording = await recordingOf(box, name);
	assert.equal(recording.id, first.id, 'one recording');
	// one file; its journal goes when control has taken note
	await until('one file', () => fs.readdirSync(path.join(dir, 'recordings', String(app.id))).filter(file => file.startsWith(`${name}_`)).length === 1);
	const file = path.join(dir, 'recordings', recording.path);
	const probe = ffprobe(file, '-show_streams', '-show_packets');
	const times = probe.packets.filter(p => p.codec_type === 'video').map(p => Number(p.dts_time));
	let hole = 0;
	for (let i = 1; i < times.length; i++) {
		assert.ok(times[i] > times[i - 1], 'time stamps rise');
		hole = Math.max(hole, times[i] - times[i - 1]);
	}
	return { recording, hole, busy, probe };
}

test('control killed: nothing is interrupted', { timeout: 90000 }, async () => {
	const { recording, hole, busy } = await record('nocontrol', async mix => {
		const viewer = new Viewer(mix.flv_url), waiting = box.watchWaiting();
		await viewer.moving();
		box.kill('control');
		await viewer.moving();
		await until('control to be back', () => box.api('GET', '/health').then(health => health.processes.every(p => p.up), () => false));
		await viewer.moving();
		assert.ok(!viewer.ended);
		assert.ok(viewer.longest_ms < 1000 + 1000 * waiting(), `the viewer waited ${viewer.longest_ms} ms`);
		viewer.abort.abort();
	});
	assert.ok(hole < 0.2 + busy, `a hole of ${hole} s, ${busy} s of waiting`);
	assert.equal(recording.gaps.length, 0);
});

test('media killed: the next picture within 2 s, viewers and the file stay', { timeout: 90000 }, async () => {
	const { recording, hole, busy } = await record('nomedia', async mix => {
		const viewer = new Viewer(mix.flv_url), waiting = box.watchWaiting();
		await viewer.moving();
		box.kill('media');
		await sleep(200);
		await viewer.moving();
		await viewer.moving();
		assert.ok(!viewer.ended, 'the viewer stays connected');
		assert.ok(viewer.longest_ms < 2000 + 1000 * waiting(), `the viewer waited ${viewer.longest_ms} ms`);
		viewer.abort.abort();
	});
	assert.ok(hole < 2 + busy, `a hole of ${hole} s, ${busy} s of waiting`);
	assert.equal(recording.gaps.length, 1, 'the gap is marked');
	assert.ok(Math.abs(recording.gaps[0].length_ms / 1000 - hole) < 0.3);
});

test('egress killed: viewers come back, the recording goes on in the same file', { timeout: 90000 }, async () => {
	const { recording, hole, busy, probe } = await record('noegress', async mix => {
		const viewer = new Viewer(mix.flv_url);
		await viewer.moving();
		box.kill('egress');
		await viewer.done;
		await until('a viewer to be served again', async () => {
			const again = new Viewer(mix.flv_url);
			await sleep(300);
			again.abort.abort();
			return again.bytes > 1000;
		});
	});
	// what the ring still held is not lost; what it did not hold is a marked gap
	assert.ok(hole < 2 + busy, `a hole of ${hole} s, ${busy} s of waiting`);
	if (hole < 0.2 || hole > 0.2 + busy)
		assert.equal(recording.gaps.length, hole > 0.2 ? 1 : 0, `a hole of ${hole} s`);
	assert.equal(probe.streams.length, 2);
});

test('all three at once', { timeout: 90000 }, async () => {
	const { hole, busy } = await record('nothing', async () => {
		for (const name of ['control', 'egress', 'media'])
			box.kill(name);
		await until('all to be back', () => box.api('GET', '/health').then(health => health.processes.every(p => p.up), () => false));
		await running();
	});
	assert.ok(hole < 5 + busy, `a hole of ${hole} s, ${busy} s of waiting`);
});

test('the whole box restarted: the mix and its recording go on', { timeout: 90000 }, async () => {
	await record('restart', async () => {
		box.run.kill('SIGTERM');
		await until('the box to stop', () => box.exited !== undefined);
		box.exited = undefined;
		const log = fs.openSync(box.logPath, 'a');
		box.run = spawn(path.join(box.bin, 'tessera'), ['run', '--config', box.config], { stdio: ['ignore', log, log] });
		box.run.once('exit', code => { box.exited = code ?? -1; });
		fs.closeSync(log);
		await until('all to be back', () => box.api('GET', '/health').then(health => health.processes.every(p => p.up), () => false));
		await running();
	});
});
