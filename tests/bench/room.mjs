// SPDX-License-Identifier: GPL-3.0-or-later
// See tests/bench/room. Every contender gets the same sixteen clips from the same senders over RTP on loopback, in real time,
// and is measured over the same length of steady running: user + system CPU of all its processes.
//   box        16 x H.264 640x360@15 + Opus -> grid 1280x720@15, x264 superfast 1.5 Mbit/s GOP 45, AAC 64k, recorded
//   ffmpeg     the same by scale (bilinear) + xstack + amix, into an FLV file
//   gstreamer  the same by compositor + audiomixer, into an FLV file
//   codecs     the codecs alone: decode all sixteen, encode the picture and the sound that are ready, from memory, picture by picture in
//              real time, while the same senders' RTP is received and thrown away
//   offline    the same work without RTP and senders, one stream after the other, as fast as it goes: caches are warm
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Box, mixParameters, root, sleep, until } from '../e2e/box.mjs';

const rounds = Number(process.argv[2] ?? 1);
const only = process.argv[3]?.split(',');
const people = 16, seconds = 20, settle_s = 6;
const dir = path.join(root, 'build/bench-room');
const work = path.join(dir, 'work');
fs.mkdirSync(work, { recursive: true });
const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y'];
const clip = i => path.join(dir, `clip${i}.mkv`), sent = i => path.join(dir, `sent${i}.mkv`);
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** The clips, and the composed picture and sound that the codecs alone are given. Made once. */
function prepare() {
	if (fs.existsSync(path.join(dir, 'ready'))) return;
	console.log('making sixteen clips ...');
	for (let i = 0; i < people; i++)
		execFileSync('ffmpeg', [...quiet, '-f', 'lavfi', '-i', `testsrc2=s=640x360:r=15,hue=h=${i * 22}`, '-f', 'lavfi', '-i',
			`sine=frequency=${220 + 55 * i}:sample_rate=48000,volume=0.2,aformat=channel_layouts=stereo`, '-t', String(seconds),
			'-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-bf', '0', '-b:v', '500k', '-maxrate', '500k', '-bufsize', '500k', '-g', '30',
			'-pix_fmt', 'yuv420p', '-c:a', 'libopus', '-b:a', '32k', clip(i)]);
	for (let i = 0; i < people; i++)
		execFileSync('ffmpeg', [...quiet, '-i', clip(i), '-map', '0:v', '-c', 'copy', '-f', 'h264', path.join(dir, `clip${i}.h264`),
			'-map', '0:a', '-c', 'copy', '-f', 'ogg', path.join(dir, `clip${i}.ogg`)]);
	// what is sent is the clip four times, so that no sender ends during a measurement
	for (let i = 0; i < people; i++) {
		fs.writeFileSync(path.join(dir, 'list'), `file '${clip(i)}'\n`.repeat(4));
		execFileSync('ffmpeg', [...quiet, '-f', 'concat', '-safe', '0', '-i', path.join(dir, 'list'), '-map', '0', '-c', 'copy', sent(i)]);
	}
	execFileSync('ffmpeg', [...quiet, ...inputs(clip), '-filter_complex', graph(), '-map', '[v]', '-f', 'rawvideo', '-pix_fmt', 'yuv420p',
		path.join(dir, 'composed.yuv'), '-map', '[a]', '-f', 'f32le', path.join(dir, 'mixed.f32')]);
	fs.writeFileSync(path.join(dir, 'ready'), '');
}

const inputs = name => [...Array(people).keys()].flatMap(i => ['-i', name(i)]);

function graph() {
	const each = [...Array(people).keys()];
	return each.map(i => `[${i}:v]scale=320:180:flags=bilinear[v${i}]`).join(';') + ';' + each.map(i => `[v${i}]`).join('') +
		`xstack=inputs=${people}:layout=${each.map(i => `${i % 4 * 320}_${Math.floor(i / 4) * 180}`).join('|')},fps=15[v];` +
		each.map(i => `[${i}:a]`).join('') + `amix=inputs=${people}:normalize=0,aresample=48000,aformat=channel_layouts=stereo[a]`;
}

/** Senders, one a person. target(i) = { video, audio } ports. */
function send(target, address = '127.0.0.1') {
	return [...Array(people).keys()].map(i => spawn('ffmpeg', [...quiet, '-re', '-i', sent(i),
		'-map', '0:v', '-c', 'copy', '-bsf:v', 'h264_mp4toannexb', '-payload_type', '96', '-f', 'rtp', `rtp://${address}:${target(i).video}?pkt_size=1200`,
		'-map', '0:a', '-c', 'copy', '-payload_type', '97', '-f', 'rtp', `rtp://${address}:${target(i).audio}?pkt_size=1200`], { stdio: 'ignore' }));
}

const cpu = pid => {
	const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
	return (Number(fields[11]) + Number(fields[12])) / 100;
};
const peak = pid => Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const pictures = file => Number(execFileSync('ffprobe', ['-v', 'quiet', '-select_streams', 'v', '-count_packets', '-show_entries',
	'stream=nb_read_packets', '-of', 'csv=p=0', file], { encoding: 'utf8' }).trim());
const ports = i => ({ video: 22000 + 4 * i, audio: 22002 + 4 * i });

/** CPU seconds a second and peak MiB of one process that takes the senders' streams. */
async function measureProcess(name, start, output) {
	fs.rmSync(output, { force: true });
	const senders = send(ports);
	const process_ = start();
	try {
		await until(`${name} to write`, () => fs.existsSync(output) && fs.statSync(output).size > 200000, 60000, 200);
		await sleep(settle_s * 1000);
		const [before, t0, frames] = [cpu(process_.pid), Date.now(), pictures(output)];
		await sleep(seconds * 1000);
		const s = (Date.now() - t0) / 1000;
		return { cpu: (cpu(process_.pid) - before) / s, memory: peak(process_.pid), frame_rate: (pictures(output) - frames) / s };
	} finally {
		process_.kill('SIGKILL');
		for (const sender of senders) sender.kill('SIGKILL');
		await sleep(300);
	}
}

function measureFfmpeg() {
	const sdp = i => path.join(work, `${i}.sdp`);
	for (let i = 0; i < people; i++)
		fs.writeFileSync(sdp(i), ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
			`m=video ${ports(i).video} RTP/AVP 96`, 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1',
			`m=audio ${ports(i).audio} RTP/AVP 97`, 'a=rtpmap:97 opus/48000/2', ''].join('\n'));
	const output = path.join(work, 'ffmpeg.flv');
	return measureProcess('ffmpeg', () => spawn('ffmpeg', [...quiet,
		...[...Array(people).keys()].flatMap(i => ['-protocol_whitelist', 'file,udp,rtp', '-threads', '1', '-analyzeduration', '100000',
			'-thread_queue_size', '1024', '-i', sdp(i)]),
		'-filter_complex_threads', '1', '-filter_complex', graph(), '-map', '[v]', '-map', '[a]', '-c:v', 'libx264', '-preset', 'superfast',
		'-tune', 'zerolatency', '-threads', '1', '-b:v', '1500k', '-maxrate', '1500k', '-bufsize', '1500k', '-g', '45', '-sc_threshold', '0', '-c:a', 'aac', '-aac_coder', 'fast', '-b:a', '64k',
		'-f', 'flv', '-flush_packets', '1', output], { stdio: 'ignore' }), output);
}

function measureGstreamer() {
	const output = path.join(work, 'gstreamer.flv');
	const branches = [...Array(people).keys()].flatMap(i => [
		`udpsrc port=${ports(i).video} caps="application/x-rtp,media=video,clock-rate=90000,encoding-name=H264,payload=96" ! ` +
			`rtpjitterbuffer latency=100 ! rtph264depay ! h264parse ! avdec_h264 max-threads=1 ! queue ! c.sink_${i}`,
		`udpsrc port=${ports(i).audio} caps="application/x-rtp,media=audio,clock-rate=48000,encoding-name=OPUS,payload=97" ! ` +
			'rtpjitterbuffer latency=100 ! rtpopusdepay ! opusdec ! audioconvert ! queue ! a.']);
	const pads = [...Array(people).keys()].map(i =>
		`sink_${i}::xpos=${i % 4 * 320} sink_${i}::ypos=${Math.floor(i / 4) * 180} sink_${i}::width=320 sink_${i}::height=180`).join(' ');
	return measureProcess('gstreamer', () => spawn('sh', ['-c', `exec gst-launch-1.0 -q compositor name=c background=black ${pads} ! ` +
		'video/x-raw,format=I420,width=1280,height=720,framerate=15/1 ! x264enc speed-preset=superfast tune=zerolatency threads=1 bitrate=1500 ' +
		'key-int-max=45 ! h264parse ! queue ! flvmux name=m streamable=true ! filesink buffer-mode=unbuffered location=' + output + ' ' +
		'audiomixer name=a ! audio/x-raw,rate=48000,channels=2 ! audioconvert ! avenc_aac aac-coder=fast bitrate=64000 ! aacparse ! queue ! m. ' +
		branches.join(' ')], { stdio: 'ignore' }), output);
}

async function measureBox() {
	fs.rmSync(path.join(work, 'box'), { recursive: true, force: true });
	// where tests/bench/packets wants it
	const box = await Box.start(path.join(work, 'box'), JSON.parse(process.env.TESSERA_ROOM_BOX ?? '{}'));
	let senders = [];
	try {
		const app = await box.application('bench');
		const places = [];
		for (let i = 0; i < people; i++)
			places.push(await box.api('POST', `/applications/${app.id}/rooms/1/users`, { user: `u${i}` }));
		senders = send(i => ({ video: places[i].video.port, audio: places[i].audio.port }), box.address);
		await app.cloud.StartMCUMixTranscode(mixParameters(app, 1, { StreamId: 'bench', RecordId: 'bench' }));
		await until('all sixteen', async () => (await box.api('GET', `/applications/${app.id}/rooms/1`)).users
			.every(user => user.video.width === 640), 30000, 200);
		await sleep(settle_s * 1000);
		const [before, t0] = [box.usage(), Date.now()];
		await sleep(seconds * 1000);
		const [after, t1] = [box.usage(), Date.now()];
		const mix = await box.api('GET', `/applications/${app.id}/rooms/1/mix`);
		const used = name => (after[name].cpu_s - before[name].cpu_s) / (t1 - t0) * 1000;
		return { cpu: used('media') + used('egress') + used('control'), media: used('media'), egress: used('egress'), control: used('control'),
			memory: after.media.peak_bytes / 2 ** 20, latency_ms: mix.latency_p95_us / 1000, frame_rate: mix.frame_rate };
	} finally {
		for (const sender of senders) sender.kill('SIGKILL');
		await box.stop();
	}
}

const codecs = async (...how) => {
	const { stdout } = await promisify(execFile)(path.join(root, 'build/release/bin/bench-codecs'), [dir, String(people), ...how]);
	return { cpu: Number(/cpu=([\d.]+)/.exec(stdout)[1]) };
};

async function measureCodecs() {
	const senders = send(ports);
	try {
		await sleep(settle_s * 1000);
		return await codecs(String(ports(0).video));
	} finally {
		for (const sender of senders) sender.kill('SIGKILL');
		await sleep(300);
	}
}

prepare();
const contenders = Object.fromEntries(Object.entries({ box: measureBox, codecs: measureCodecs, ffmpeg: measureFfmpeg,
	gstreamer: measureGstreamer, offline: () => codecs() }).filter(([name]) => name === 'box' || !only || only.includes(name)));
const runs = Object.fromEntries(Object.keys(contenders).map(name => [name, []]));
for (let round = 0; round < rounds; round++)
	for (const [name, measure] of Object.entries(contenders)) {
		const run = await measure();
		if (run.frame_rate < 14)
			throw new Error(`${name} gave ${run.frame_rate.toFixed(1)} pictures a second instead of 15: the figures would say nothing`);
		runs[name].push(run);
		console.log(`round ${round + 1} ${name.padEnd(9)} ` + Object.entries(run).map(([key, value]) => `${key}=${value.toFixed(3)}`).join(' '));
	}
const of = (name, key) => median(runs[name].map(run => run[key]));
const result = (name, value, unit, goal, ok) => console.log(`result ${name}=${value.toFixed(3)} ${unit} goal=${goal} ${ok ? 'ok' : 'short'}`);
for (const name of Object.keys(contenders))
	console.log(`${name.padEnd(9)} ${of(name, 'cpu').toFixed(3)} CPU seconds a second`);
const ratio = (name, goal) => {
	if (!runs[name]) return;
	const value = median(runs.box.map((run, i) => run.cpu / runs[name][i].cpu));
	result(`room_cpu_to_${name}`, value, 'x', goal, value <= goal);
};
ratio('codecs', 1.10);
ratio('ffmpeg', 0.92);
ratio('gstreamer', 0.92);
result('room_media_memory', of('box', 'memory'), 'MiB', 200, of('box', 'memory') <= 200);
result('room_delay_p95', of('box', 'latency_ms'), 'ms', 150, of('box', 'latency_ms') <= 150);
process.exit(0);
