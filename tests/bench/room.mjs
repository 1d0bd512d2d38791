// SPDX-License-Identifier: GPL-3.0-or-later
// See tests/bench/room. Every contender gets the same clips from the same senders over RTP on loopback, in real time, and is measured over
// the same length of steady running: user + system CPU of all its processes.
//   box        H.264 at 15 pictures a second + Opus -> grid 1280x720@15, x264 superfast 1.5 Mbit/s GOP 45, AAC 64k, recorded
//   ffmpeg     the same by scale (bilinear) + xstack + amix, into an FLV file; a process a room
//   gstreamer  the same by compositor + audiomixer, into an FLV file; one room of sixteen alone
//   codecs     the codecs alone: decode all, encode the picture and the sound that are ready, from memory, picture by picture in real time,
//              while the same senders' RTP is received and thrown away
//   offline    the same work without RTP and senders, one stream after the other, as fast as it goes: caches are warm
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Box, mixParameters, root, sleep, until } from '../e2e/box.mjs';
import { Shape, quiet } from './room_input.mjs';

const short = process.argv.length === 2;
const rounds = Number(process.argv[2] ?? 1);
const only = process.argv[3]?.split(',');
const seconds = short ? 5 : 20, settle_s = short ? 2 : 6;
const work = path.join(root, 'build/bench-room/work');
fs.mkdirSync(work, { recursive: true });
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const sixteen = new Shape('1 x 16', { people: 16 });
const four = new Shape('4 x 4', { rooms: 4, people: 4 });
const large = new Shape('16 x 720p', { people: 16, width: 1280, height: 720, kbps: 1500, different: 4 });
const tiles = [1, 4, 9].map(people => new Shape(`${people} tiles`, { people }));
const still = new Shape('12 of 16 still', { people: 16, muted: 6, slides: 6 });
for (const shape of [...tiles, still])
	shape.dir = sixteen.dir; // the same clips

const cpu = pid => {
	const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
	return (Number(fields[11]) + Number(fields[12])) / 100;
};
const peak = pid => Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const pictures = file => Number(execFileSync('ffprobe', ['-v', 'quiet', '-select_streams', 'v', '-count_packets', '-show_entries',
	'stream=nb_read_packets', '-of', 'csv=p=0', file], { encoding: 'utf8' }).trim());
const sum = values => values.reduce((a, b) => a + b, 0);
const kill = processes => { for (const one of processes) one.kill('SIGKILL'); };

/** CPU seconds a second and peak MiB of processes that take the senders' streams, one a room. */
async function measureProcesses(name, shape, start) {
	const outputs = [...Array(shape.rooms).keys()].map(room => path.join(work, `${name}${room}.flv`));
	for (const output of outputs) fs.rmSync(output, { force: true });
	const senders = shape.send();
	const processes = outputs.map((output, room) => start(shape, room, output));
	try {
		await until(`${name} to write`, () => outputs.every(output => fs.existsSync(output) && fs.statSync(output).size > 200000), 60000, 200);
		await sleep(settle_s * 1000);
		const used = () => sum(processes.map(one => cpu(one.pid)));
		const [before, t0, frames] = [used(), Date.now(), sum(outputs.map(pictures))];
		await sleep(seconds * 1000);
		const s = (Date.now() - t0) / 1000;
		return { cpu: (used() - before) / s, memory: sum(processes.map(one => peak(one.pid))), frame_rate: (sum(outputs.map(pictures)) - frames) / s / shape.rooms };
	} finally {
		kill(processes);
		kill(senders);
		await sleep(300);
	}
}

function startFfmpeg(shape, room, output) {
	const each = [...Array(shape.people).keys()], sdp = i => path.join(work, `${room}-${i}.sdp`);
	for (const i of each) {
		const ports = shape.ports(room, i);
		fs.writeFileSync(sdp(i), ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
			`m=video ${ports.video} RTP/AVP 96`, 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1',
			`m=audio ${ports.audio} RTP/AVP 97`, 'a=rtpmap:97 opus/48000/2', ''].join('\n'));
	}
	return spawn('ffmpeg', [...quiet,
		...each.flatMap(i => ['-protocol_whitelist', 'file,udp,rtp', '-threads', '1', '-analyzeduration', '100000',
			'-thread_queue_size', '1024', '-i', sdp(i)]),
		'-filter_complex_threads', '1', '-filter_complex', shape.graph(), '-map', '[v]', '-map', '[a]', '-c:v', 'libx264', '-preset', 'superfast',
		'-tune', 'zerolatency', '-threads', '1', '-b:v', '1500k', '-maxrate', '1500k', '-bufsize', '1500k', '-g', '45', '-sc_threshold', '0', '-c:a', 'aac', '-aac_coder', 'fast', '-b:a', '64k',
		'-f', 'flv', '-flush_packets', '1', output], { stdio: 'ignore' });
}

function startGstreamer(shape, room, output) {
	const each = [...Array(shape.people).keys()];
	const branches = each.flatMap(i => [
		`udpsrc port=${shape.ports(room, i).video} caps="application/x-rtp,media=video,clock-rate=90000,encoding-name=H264,payload=96" ! ` +
			`rtpjitterbuffer latency=100 ! rtph264depay ! h264parse ! avdec_h264 max-threads=1 ! queue ! c.sink_${i}`,
		`udpsrc port=${shape.ports(room, i).audio} caps="application/x-rtp,media=audio,clock-rate=48000,encoding-name=OPUS,payload=97" ! ` +
			'rtpjitterbuffer latency=100 ! rtpopusdepay ! opusdec ! audioconvert ! queue ! a.']);
	const pads = each.map(i => `sink_${i}::xpos=${i % 4 * 320} sink_${i}::ypos=${Math.floor(i / 4) * 180} sink_${i}::width=320 sink_${i}::height=180`).join(' ');
	return spawn('sh', ['-c', `exec gst-launch-1.0 -q compositor name=c background=black ${pads} ! ` +
		'video/x-raw,format=I420,width=1280,height=720,framerate=15/1 ! x264enc speed-preset=superfast tune=zerolatency threads=1 bitrate=1500 ' +
		'key-int-max=45 ! h264parse ! queue ! flvmux name=m streamable=true ! filesink buffer-mode=unbuffered location=' + output + ' ' +
		'audiomixer name=a ! audio/x-raw,rate=48000,channels=2 ! audioconvert ! avenc_aac aac-coder=fast bitrate=64000 ! aacparse ! queue ! m. ' +
		branches.join(' ')], { stdio: 'ignore' });
}

async function measureBox(shape) {
	fs.rmSync(path.join(work, 'box'), { recursive: true, force: true });
	// where tests/bench/packets wants it
	const box = await Box.start(path.join(work, 'box'), JSON.parse(process.env.TESSERA_ROOM_BOX ?? '{}'));
	const rooms = [...Array(shape.rooms).keys()];
	let senders = [];
	try {
		const app = await box.application('bench');
		const places = [];
		for (const room of rooms) {
			places.push([]);
			for (let i = 0; i < shape.people; i++)
				places[room].push(await box.api('POST', `/applications/${app.id}/rooms/${room + 1}/users`, { user: `u${i}`, video: !shape.isMuted(i) }));
		}
		senders = shape.send((room, i) => ({ video: places[room][i].video?.port, audio: places[room][i].audio.port }), box.address);
		for (const room of rooms)
			await app.cloud.StartMCUMixTranscode(mixParameters(app, room + 1, { StreamId: `bench${room}`, RecordId: `bench${room}` }));
		for (const room of rooms)
			await until('all pictures', async () => (await box.api('GET', `/applications/${app.id}/rooms/${room + 1}`)).users
				.every(user => !user.video || user.video.width === shape.width), 30000, 200);
		await sleep(settle_s * 1000);
		const mixes = () => Promise.all(rooms.map(room => box.api('GET', `/applications/${app.id}/rooms/${room + 1}/mix`)));
		/** What the mixes say next; they do once a second. */
		const news = async () => {
			const old = await mixes();
			return until('facts of the mixes', async () => {
				const now = await mixes();
				return now.every((mix, i) => mix.frames !== old[i].frames) && now;
			}, 5000, 20);
		};
		const [then, before, t0] = [await news(), box.usage(), Date.now()];
		await sleep((seconds - 1) * 1000);
		const after = box.usage(), t1 = Date.now();
		const [now, t2] = [await news(), Date.now()];
		const used = name => (after[name].cpu_s - before[name].cpu_s) / (t1 - t0) * 1000;
		return { cpu: used('media') + used('egress') + used('control'), media: used('media'), egress: used('egress'), control: used('control'),
			memory: after.media.peak_bytes / 2 ** 20, latency_ms: Math.max(...now.map(mix => mix.latency_p95_us)) / 1000,
			frame_rate: Math.min(...now.map((mix, i) => (mix.frames - then[i].frames) / (t2 - t0) * 1000)) };
	} finally {
		kill(senders);
		await box.stop();
	}
}

const codecs = async (shape, ...how) => {
	const { stdout } = await promisify(execFile)(path.join(root, 'build/release/bin/bench-codecs'), [shape.dir, String(shape.people), ...how]);
	return Number(/cpu=([\d.]+)/.exec(stdout)[1]);
};

async function measureCodecs(shape) {
	const senders = shape.send();
	try {
		await sleep(settle_s * 1000);
		return { cpu: sum(await Promise.all([...Array(shape.rooms).keys()].map(room => codecs(shape, String(shape.ports(room, 0).video))))) };
	} finally {
		kill(senders);
		await sleep(300);
	}
}

async function measureOffline(shape) {
	let used = 0;
	for (let room = 0; room < shape.rooms; room++)
		used += await codecs(shape);
	return { cpu: used };
}

const measures = { box: measureBox, codecs: measureCodecs, ffmpeg: shape => measureProcesses('ffmpeg', shape, startFfmpeg),
	gstreamer: shape => measureProcesses('gstreamer', shape, startGstreamer), offline: measureOffline };
const result = (name, value, unit, goal, ok) => console.log(`result ${name}=${value.toFixed(3)} ${unit} goal=${goal} ${ok ? 'ok' : 'short'}`);

/** Each contender in turn, `rounds` times. */
async function compare(shape, names) {
	const runs = Object.fromEntries(names.map(name => [name, []]));
	shape.prepare(names.includes('codecs') || names.includes('offline'));
	for (let round = 0; round < rounds; round++)
		for (const name of names) {
			const run = await measures[name](shape);
			if (run.frame_rate < 14)
				throw new Error(`${name} gave ${run.frame_rate.toFixed(1)} pictures a second instead of 15: the figures would say nothing`);
			runs[name].push(run);
			const label = shape === sixteen ? '' : `${shape.name}: `;
			console.log(`${label}round ${round + 1} ${name.padEnd(9)} ` + Object.entries(run).map(([key, value]) => `${key}=${value.toFixed(3)}`).join(' '));
		}
	return runs;
}

const of = (runs, name, key) => median(runs[name].map(run => run[key]));

function judge(prefix, runs, goals) {
	for (const [name, goal] of Object.entries(goals)) {
		if (!runs[name]) continue;
		const value = median(runs.box.map((run, i) => run.cpu / runs[name][i].cpu));
		result(`${prefix}_cpu_to_${name}`, value, 'x', goal, value <= goal);
	}
}

const goals = { codecs: 1.10, ffmpeg: 0.92, gstreamer: 0.92 };
const contenders = Object.keys(measures).filter(name => name === 'box' || (only ? only.includes(name) : !short || goals[name] && name !== 'gstreamer'));
const runs = await compare(sixteen, contenders);
for (const name of contenders)
	console.log(`${name.padEnd(9)} ${of(runs, name, 'cpu').toFixed(3)} CPU seconds a second`);
judge('room', runs, goals);
result('room_media_memory', of(runs, 'box', 'memory'), 'MiB', 200, of(runs, 'box', 'memory') <= 200);
result('room_delay_p95', of(runs, 'box', 'latency_ms'), 'ms', 150, of(runs, 'box', 'latency_ms') <= 150);
if (only)
	process.exit(0);

judge('four_rooms', await compare(four, short ? ['box', 'codecs'] : ['box', 'codecs', 'ffmpeg']), goals);
judge('large', await compare(large, ['box', 'codecs', 'ffmpeg']), goals);
const curve = [];
for (const shape of tiles)
	curve.push([shape.people, of(await compare(shape, ['box']), 'box', 'cpu')]);
curve.push([sixteen.people, of(runs, 'box', 'cpu')]);
console.log('tiles  CPU seconds a second');
for (const [people, used] of curve)
	console.log(`${String(people).padStart(5)}  ${used.toFixed(3)} ${'#'.repeat(Math.round(used * 100))}`);
const share = of(await compare(still, ['box']), 'box', 'cpu') / of(runs, 'box', 'cpu');
result('room_twelve_still_to_moving', share, 'x', 0.6, share <= 0.6);
process.exit(0);
