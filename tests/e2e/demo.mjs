// SPDX-License-Identifier: GPL-3.0-or-later
// The main job, start to end: sixteen people's sound and picture in, one mix recorded and watched.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Box, ffprobe, mixParameters, recordingOf, root, sleep, until } from './box.mjs';

const keep = process.argv.includes('--keep');
const seconds = 20;
const people = 16;
const room = 101;
const dir = path.join(root, 'build/demo');

if (process.argv.slice(2).some(argument => argument !== '--keep')) {
	console.error('usage: ./demo [--keep]    --keep: leave the box and its sixteen publishers running');
	process.exit(2);
}
fs.rmSync(dir, { recursive: true, force: true });
const box = await Box.start(dir, { controlPort: 8080, egressPort: 8088, rtpPorts: '20000-20999' });
process.on('SIGINT', () => box.stop().then(() => process.exit(130)));
try {
	console.log(`web UI        ${box.url}/   (user admin, password in ${path.relative('.', dir)}/initial-password)`);
	const app = await box.application('demo');
	for (let i = 0; i < people; i++)
		await box.publish(app, room, `user${String(i + 1).padStart(2, '0')}`, { index: i, tone: 220 + 55 * i });
	await until('all publishers', async () => (await box.api('GET', `/applications/${app.id}/rooms/${room}`))
		.users.every(user => user.state === 'receiving'));
	console.log(`publishers    ${people} people send H.264 and Opus by RTP to room ${room}`);

	await app.cloud.StartMCUMixTranscode(mixParameters(app, room, { StreamId: 'demo', RecordId: 'demo' }));
	const mix = await until('the mix', async () => {
		const mix = await box.api('GET', `/applications/${app.id}/rooms/${room}/mix`);
		return mix.state === 'running' && mix.frames > 0 && mix;
	});
	console.log(`mix           StartMCUMixTranscode by the cloud SDK: ${mix.video.width}x${mix.video.height}, ${mix.video.frame_rate} pictures a second`);
	console.log(`live          ${mix.flv_url}   (ffplay, VLC, or the web UI)`);
	console.log(`recording     ${seconds} s ...`);
	const before = box.usage();
	await sleep(seconds * 1000);
	const after = box.usage();
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: room });
	const recording = await recordingOf(box, 'demo');
	const file = path.join(dir, 'recordings', recording.path);
	const probe = ffprobe(file);
	const picture = path.join(dir, 'frame.png');
	execFileSync('ffmpeg', ['-v', 'error', '-y', '-ss', '10', '-i', file, '-frames:v', '1', picture]);

	console.log(`\nrecording     ${path.relative('.', file)}`);
	for (const s of probe.streams)
		console.log(`  ffprobe     ${s.codec_name} ${s.codec_type === 'video' ? `${s.width}x${s.height} ${s.avg_frame_rate} fps` :
			`${s.sample_rate} Hz ${s.channels} channels`}, ${Number(s.duration).toFixed(2)} s, ${Math.round(s.bit_rate / 1000)} kbit/s`);
	console.log(`one picture   ${path.relative('.', picture)}`);
	for (const name of Object.keys(after))
		console.log(`${name.padEnd(13)} ${((after[name].cpu_s - before[name].cpu_s) / seconds * 100).toFixed(1)} % of a core, ${
			(after[name].rss_bytes / 2 ** 20).toFixed(0)} MiB`);
	if (keep) {
		await app.cloud.StartMCUMixTranscode(mixParameters(app, room, { StreamId: 'demo', RecordId: 'demo2' }));
		console.log(`\nleft running until Ctrl-C: ${box.url}/ and ${mix.flv_url}`);
		await new Promise(() => {});
	}
} finally {
	await box.stop();
}
