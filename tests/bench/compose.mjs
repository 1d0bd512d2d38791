// SPDX-License-Identifier: GPL-3.0-or-later
// See tests/bench/compose. CPU time, in nanoseconds for each pixel of the canvas.
//   libyuv, all, one  by bench-compose, in one process, taking turns
//   ffmpeg            16 x rawvideo from memory, scale=bilinear, xstack, -f null; less its time for the same 16 inputs straight to -f null
//   gstreamer         16 x raw pictures from memory, compositor, fakesink; less its time for the same 16 sources straight to fakesink
// All get the same pictures (noise; each tile goes through six of them), and nothing is encoded.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const rounds = Number(process.argv[2] ?? 3);
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const tiles = 16, side = 4, pictures = 6, frames = 240, width = 640, height = 360;
const each = [...Array(tiles).keys()];
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const dir = fs.mkdtempSync('/dev/shm/bench-compose-');
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

function prepare() {
	const picture = Buffer.alloc(width * height * 3 / 2);
	for (const i of each) {
		fs.mkdirSync(path.join(dir, String(i)));
		for (let k = 0; k < pictures; k++) {
			randomFillSync(picture);
			fs.writeFileSync(path.join(dir, String(i), `${k}.yuv`), picture);
			fs.appendFileSync(path.join(dir, `${i}.yuv`), picture);
		}
	}
}

/** User and system seconds of a program that must succeed. */
function cpu(program, args) {
	const run = spawnSync('/usr/bin/time', ['-f', 'cpu %U %S', program, ...args], { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
	const times = /cpu ([\d.]+) ([\d.]+)/.exec(run.stderr);
	if (run.status !== 0 || !times) throw new Error(`${program} failed: ${run.stderr}`);
	return Number(times[1]) + Number(times[2]);
}

function ffmpeg(canvas) {
	const [w, h] = [canvas.width / side, canvas.height / side];
	const graph = each.map(i => `[${i}:v]scale=${w}:${h}:flags=bilinear[v${i}]`).join(';') + ';' + each.map(i => `[v${i}]`).join('') +
		`xstack=inputs=${tiles}:layout=${each.map(i => `${i % side * w}_${Math.floor(i / side) * h}`).join('|')}[v]`;
	const inputs = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-filter_complex_threads', '1', ...each.flatMap(i => ['-f', 'rawvideo',
		'-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-r', '30', '-stream_loop', String(frames / pictures - 1), '-i', path.join(dir, `${i}.yuv`)])];
	return cpu('ffmpeg', [...inputs, '-filter_complex', graph, '-map', '[v]', '-f', 'null', '-']) -
		cpu('ffmpeg', [...inputs, ...each.flatMap(i => ['-map', `${i}:v`, '-f', 'null', '-'])]);
}

function gstreamer(canvas) {
	const [w, h] = [canvas.width / side, canvas.height / side];
	const source = i => ['multifilesrc', `location=${path.join(dir, String(i))}/%d.yuv`, 'loop=true', `stop-index=${pictures - 1}`,
		`num-buffers=${frames}`, '!', 'rawvideoparse', 'format=i420', `width=${width}`, `height=${height}`, 'framerate=30/1'];
	const pads = each.flatMap(i => [`sink_${i}::xpos=${i % side * w}`, `sink_${i}::ypos=${Math.floor(i / side) * h}`, `sink_${i}::width=${w}`,
		`sink_${i}::height=${h}`]);
	return cpu('gst-launch-1.0', ['-q', 'compositor', 'name=c', 'background=black', ...pads, '!',
		`video/x-raw,format=I420,width=${canvas.width},height=${canvas.height},framerate=30/1`, '!', 'fakesink', 'sync=false',
		...each.flatMap(i => [...source(i), '!', `c.sink_${i}`])]) -
		cpu('gst-launch-1.0', ['-q', ...each.flatMap(i => [...source(i), '!', 'fakesink', 'sync=false'])]);
}

function ours(canvas) {
	const out = execFileSync(path.join(root, 'build/release/bin/bench-compose'), [String(canvas.width), String(canvas.height), '150'], { encoding: 'utf8' });
	return Object.fromEntries(out.trim().split(' ').map(pair => pair.split('=')).map(([key, value]) => [key, Number(value)]));
}

prepare();
const results = [];
for (const canvas of [{ width: 1280, height: 720 }, { width: 1920, height: 1080 }]) {
	const runs = [];
	const per_pixel = seconds => seconds * 1e9 / frames / canvas.width / canvas.height;
	for (let round = 0; round < rounds; round++)
		runs.push({ ...ours(canvas), ffmpeg: per_pixel(ffmpeg(canvas)), gstreamer: per_pixel(gstreamer(canvas)) });
	const of = key => median(runs.map(run => run[key]));
	for (const key of ['libyuv', 'all', 'one', 'ffmpeg', 'gstreamer'])
		console.log(`${canvas.width}x${canvas.height} ${key.padEnd(9)} ${of(key).toFixed(3)} ns a pixel`);
	const ratio = (name, value, goal) => results.push(`result compose_${canvas.height}_${name}=${value.toFixed(4)} x goal=${goal} ` +
		(value <= goal ? 'ok' : 'short'));
	ratio('all_to_libyuv', of('all_to_libyuv'), 1.1);
	ratio('one_to_all', of('one_to_all'), 0.0813); // a sixteenth and 30 % of it
	for (const other of ['ffmpeg', 'gstreamer'])
		ratio(`all_to_${other}`, median(runs.map(run => run.all / run[other])), 1);
}
for (const line of results) console.log(line);
