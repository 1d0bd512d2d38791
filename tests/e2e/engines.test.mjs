// SPDX-License-Identifier: GPL-3.0-or-later
// A device that is lost while it mixes: viewers and the recording go on, and what they have plays from end to end. On the emulated
// devices of tests/emulated.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Box, engineOptions, ffprobe, mixParameters, recordingOf, until } from './box.mjs';

let dir;
before(() => { dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-engines-')); });
after(() => fs.rmSync(dir, { recursive: true, force: true }));

/**
 * Decodes all of it; each picture follows the one before within a second. A viewer's begins with more pictures than have room at 15 a second.
 * For `busy` of the seconds the machine kept each of the three threads waiting that a picture goes through: it leaves pictures out then.
 */
function assertPlays(file, seconds, busy) {
	const decoded = spawnSync('ffmpeg', ['-v', 'error', '-nostdin', '-i', file, '-fps_mode', 'passthrough', '-enc_time_base', '1:1000', '-f', 'null', '-'],
		{ encoding: 'utf8' });
	assert.equal(decoded.stderr, '', path.basename(file));
	const times = ffprobe(file, '-show_packets', '-select_streams', 'v').packets.map(packet => Number(packet.pts_time));
	assert.ok(times.length > (seconds - 3 * busy) * 13, `${times.length} pictures in ${seconds} s, ${busy} s of waiting`);
	for (let i = 1; i < times.length; i++)
		assert.ok(times[i] - times[i - 1] < 1 + busy, `a hole of ${times[i] - times[i - 1]} s at ${times[i]}`);
}

for (const [engine, lost_after] of [['vaapi', 10000], ['nv', 4000]])
	test(`a device of ${engine} is lost`, { timeout: 120000 }, async () => {
		const where = path.join(dir, engine);
		fs.mkdirSync(where);
		const box = await Box.start(where, engineOptions(engine, where, { lost_after }));
		let watching;
		try {
			const app = await box.application('engines');
			const engines = async () => (await box.api('GET', '/health')).engines;
			await until('media to tell of its engines', async () => (await engines()).length > 0);
			assert.deepEqual((await engines()).map(e => `${e.name} ${e.state}`), [`${engine} ok`, 'soft standby']);
			for (const i of [0, 1, 2])
				await box.publish(app, 1, `p${i}`, { index: i, tone: 400 + 100 * i, size: '320x180' });
			await until('publishers', async () => (await box.api('GET', `/applications/${app.id}/rooms/1`)).users
				.filter(user => user.state === 'receiving').length === 3);
			await app.cloud.StartMCUMixTranscode(mixParameters(app, 1, { StreamId: 'show', RecordId: 'file' }, { VideoWidth: 640, VideoHeight: 360 }));
			const mixOf = () => box.api('GET', `/applications/${app.id}/rooms/1/mix`);
			const begun = await until('the mix to run', async () => {
				const mix = await mixOf();
				return mix.state === 'running' && mix.frames > 15 && mix;
			});
			const started = Date.now(), waited = box.keptWaiting('media');
			assert.equal((await engines())[0].state, 'ok', 'lost too early for this test');
			assert.equal((await engines())[0].mixes, 1);
			const watched = path.join(where, 'watched.flv');
			watching = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-i', begun.flv_url, '-c', 'copy', watched], { stdio: 'ignore' });
			await until('the loss', async () => (await engines())[0].state === 'lost', 60000);
			const after = await until('the mix to go on', async () => {
				const mix = await mixOf();
				return mix.state === 'running' && (await engines())[1].mixes === 1 && mix;
			});
			assert.equal(after.id, begun.id);
			assert.equal((await box.api('GET', '/health')).status, 'degraded');
			const metrics = await (await fetch(`${box.url}/metrics`, { headers: { Cookie: box.cookie } })).text();
			assert.match(metrics, new RegExp(`^tessera_engine_up\\{engine="${engine}",.*\\} 0$`, 'm'));
			await until('its pictures to go on', async () => (await mixOf()).frames - after.frames > 45);
			const seconds = (Date.now() - started) / 1000, busy = box.keptWaiting('media') - waited;
			await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 1 });
			const recording = await recordingOf(box, 'file');
			await until('the viewer to end', () => watching.exitCode !== null);
			assert.equal(recording.gaps.length, 0);
			assertPlays(path.join(where, 'recordings', recording.path), seconds, busy);
			assertPlays(watched, seconds - 2, busy);
			const log = fs.readFileSync(box.logPath, 'utf8');
			assert.match(log, new RegExp(`engine\\.lost engine=${engine} `));
			assert.match(log, /mix\.moved .*from_engine=0 to_engine=1/);
			assert.doesNotMatch(log, /violation|run\.ended/);
		} finally {
			watching?.kill('SIGKILL');
			await box.stop();
		}
	});
