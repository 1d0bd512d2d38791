// SPDX-License-Identifier: GPL-3.0-or-later
// A box to drive from outside, as its users do: started by `tessera run`, set up by the admin REST API, fed by
// ffmpeg, mixed by the official cloud SDK. Used by the demo, the end-to-end tests and the benchmarks.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const sleep = ms => new Promise(done => setTimeout(done, ms));

/** Wait until `check` gives something true, and return it. */
export async function until(what, check, timeout_ms = 15000, step_ms = 50) {
	const end = Date.now() + timeout_ms;
	for (;;) {
		const value = await check();
		if (value)
			return value;
		if (Date.now() > end)
			throw new Error(`waited ${timeout_ms} ms for ${what}`);
		await sleep(step_ms);
	}
}

const portIsFree = port => new Promise(done => {
	const server = net.createServer();
	server.once('error', () => done(false));
	server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
});

// each process has 250 of its own, tests of two lanes, which run at once, others; below those that the kernel gives to outgoing
// connections: one of them could take a port of a process that restarts, or of a publisher that enters
const firstPort = 10000 + (process.pid % 40 * 2 + Number(process.env.TESSERA_TEST_LANE ?? 0)) * 250;

async function freePorts(count, from = firstPort) {
	const ports = [];
	for (let port = from; ports.length < count; port++)
		if (await portIsFree(port))
			ports.push(port);
	return ports;
}

/** Ports that no box of this process listens at, nor receives RTP at. */
export const morePorts = count => freePorts(count, firstPort + 220);

export class Box {
	/**
	 * Start a box that keeps everything below `dir`.
	 * options: bin (folder of the programs), controlPort, egressPort, rtpPorts "a-b", control/media/egress (settings), log,
	 * env (beside this process's), netns (run it in this network namespace), address (where it is reached; default 127.0.0.1)
	 */
	static async start(dir, options = {}) {
		const box = new Box();
		box.dir = path.resolve(dir);
		box.address = options.address ?? '127.0.0.1';
		box.bin = options.bin ?? process.env.TESSERA_BIN ?? path.join(root, 'build/release/bin');
		fs.mkdirSync(box.dir, { recursive: true });
		const [control, egress, rtmp, rtp] = await freePorts(4);
		box.controlPort = options.controlPort ?? control;
		box.egressPort = options.egressPort ?? egress;
		for (const port of [box.controlPort, box.egressPort])
			if (!options.netns && !await portIsFree(port))
				throw new Error(`port ${port} is in use`);
		const even = rtp + rtp % 2; // of UDP, so that it may begin there
		const settings = {
			box: { state_dir: box.dir, run_dir: `${box.dir}/run` },
			control: { listen: `${box.address}:${box.controlPort}`, ...options.control },
			media: { net: `udp:${box.address}`, rtp_ports: options.rtpPorts ?? `${even}-${even + 199}`, ...options.media },
			egress: { listen: `${box.address}:${box.egressPort}`, rtmp_listen: `${box.address}:${rtmp}`, record_dir: `${box.dir}/recordings`, ...options.egress },
		};
		box.config = `${box.dir}/tessera.conf`;
		fs.writeFileSync(box.config, Object.entries(settings).map(([group, values]) => `${group}: {\n` +
			Object.entries(values).map(([name, value]) => `  ${name} = ${JSON.stringify(value)};\n`).join('') +
			'};\n').join(''));
		box.logPath = options.log ?? `${box.dir}/log`;
		const log = fs.openSync(box.logPath, 'a');
		const command = [...options.netns ? ['ip', 'netns', 'exec', options.netns] : [], path.join(box.bin, 'tessera'), 'run', '--config', box.config];
		box.run = spawn(command[0], command.slice(1), { stdio: ['ignore', log, log], env: { ...process.env, ...options.env } });
		fs.closeSync(log);
		box.run.once('exit', code => { box.exited = code ?? -1; });
		box.publishers = [];
		try {
			await until('the web server', () => {
				if (box.exited !== undefined)
					throw new Error(`tessera run ended (${box.exited}): ${fs.readFileSync(box.logPath, 'utf8').slice(-2000)}`);
				return fetch(`${box.url}/api/v1/health`).then(() => true, () => false);
			});
			await box.login();
			await until('all processes', async () =>
				(await box.api('GET', '/health')).processes.every(process => process.up));
		} catch (error) {
			await box.stop();
			throw error;
		}
		return box;
	}

	get url() { return `http://${this.address}:${this.controlPort}`; }

	async login() {
		const password = fs.readFileSync(`${this.dir}/initial-password`, 'utf8').trim();
		const answer = await fetch(`${this.url}/api/v1/login`, { method: 'POST',
			headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ user: 'admin', password }) });
		if (!answer.ok)
			throw new Error(`login: ${answer.status} ${await answer.text()}`);
		this.cookie = answer.headers.get('set-cookie').split(';')[0];
		this.password = password;
	}

	/** A call of the admin API; throws with the API's error. */
	async api(method, where, body) {
		const answer = await fetch(`${this.url}/api/v1${where}`, { method, redirect: 'manual',
			headers: { Cookie: this.cookie, 'X-Tessera': '1', ...body && { 'Content-Type': 'application/json' } },
			body: body && JSON.stringify(body) });
		const text = await answer.text();
		if (answer.status === 302)
			return new URL(answer.headers.get('location'), this.url).href;
		const json = text && JSON.parse(text);
		if (!answer.ok)
			throw Object.assign(new Error(`${method} ${where}: ${answer.status} ${text}`), { status: answer.status, ...json?.error });
		return json;
	}

	/** An application with an API key, and a client of the official SDK for it. */
	async application(name, profile = {}) {
		const { id } = await this.api('POST', '/applications', { name });
		const key = await this.api('POST', `/applications/${id}/keys`);
		return { id, key, cloud: this.cloud(key, profile) };
	}

	/** A client of the official SDK: by default for TRTC; for another product, e.g. 'vod', '2018-07-17'. */
	cloud(key, { signMethod = 'TC3-HMAC-SHA256', reqMethod = 'POST', product = 'trtc', version = '2019-07-22' } = {}) {
		const { Client } = require(`tencentcloud-sdk-nodejs/tencentcloud/services/${product}/v${version.replaceAll('-', '')}/${product}_client.js`);
		return new Client({ credential: { secretId: key.secret_id, secretKey: key.secret_key }, region: 'ap-guangzhou',
			profile: { signMethod, httpProfile: { protocol: 'http://', endpoint: `${this.address}:${this.controlPort}`, reqMethod } } });
	}

	/**
	 * A user enters and sends: a moving picture with the name and a running clock burnt in, and a tone.
	 * options: tone (Hz), size "640x360", rate, bitrate, colour index, video/audio false
	 */
	async publish(app, room, user, options = {}) {
		const place = await this.api('POST', `/applications/${app.id}/rooms/${room}/users`,
			{ user, video: options.video ?? true, audio: options.audio ?? true, record_id: options.record_id ?? '' });
		const publisher = { user, place, process: spawn('ffmpeg', publisherArguments(place, user, options),
			{ stdio: ['ignore', 'ignore', 'ignore'] }) };
		this.publishers.push(publisher);
		return publisher;
	}

	/** A publisher goes away without a word, and sends again, otherwise. */
	again(publisher, options) {
		publisher.process.kill('SIGKILL');
		publisher.process = spawn('ffmpeg', publisherArguments(publisher.place, publisher.user, options), { stdio: ['ignore', 'ignore', 'ignore'] });
	}

	/** CPU seconds used so far and resident bytes of control, media and egress. */
	usage() {
		const usage = {};
		for (const name of ['control', 'media', 'egress']) {
			const pid = this.pid(name);
			const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
			const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
			usage[name] = { cpu_s: (Number(fields[11]) + Number(fields[12])) / 100,
				rss_bytes: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024,
				peak_bytes: Number(/VmHWM:\s+(\d+)/.exec(status)[1]) * 1024 };
		}
		return usage;
	}

	/** Seconds for which a thread of a process waited for a processor, the one that waited longest: what other programs took of its time. */
	keptWaiting(name) {
		const tasks = `/proc/${this.pid(name)}/task`;
		return Math.max(...fs.readdirSync(tasks).map(task => {
			try {
				return Number(fs.readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[1]) / 1e9;
			} catch {
				return 0; // it has just ended
			}
		}));
	}

	/** From now on, the same of those that have to do with media, together; of ones that were started anew from their start. */
	watchWaiting() {
		const look = () => ['media', 'egress'].map(name => ({ pid: this.pid(name), waited: this.keptWaiting(name) }));
		const before = look();
		return () => look().reduce((sum, now, i) => sum + now.waited - (now.pid === before[i].pid ? before[i].waited : 0), 0);
	}

	/** Process id of control, media or egress: the newest that runs. */
	pid(name) {
		const children = fs.readFileSync(`/proc/${this.run.pid}/task/${this.run.pid}/children`, 'utf8').trim().split(' ');
		return Number(children.filter(pid => {
			try {
				return fs.readlinkSync(`/proc/${pid}/exe`).endsWith(`/tessera-${name}`);
			} catch {
				return false;
			}
		}).pop());
	}

	kill(name) { process.kill(this.pid(name), 'SIGKILL'); }

	async stop() {
		for (const publisher of this.publishers ?? [])
			publisher.process.kill('SIGTERM');
		if (this.run && this.exited === undefined) {
			this.run.kill('SIGTERM');
			await until('the box to stop', () => this.exited !== undefined, 20000);
		}
	}
}

function publisherArguments(place, user, { tone = 440, size = '640x360', rate = 15, bitrate = 500, index = 0, seconds } = {}) {
	const to = (target, type) => ['-payload_type', target.payload_type, '-f', 'rtp',
		`rtp://${place.address}:${target.port}?rtcpport=${target.rtcp_port}&pkt_size=1200`].map(String);
	const hue = index * 47 % 360;
	const colour = shift => '0x' + [0, 120, 240].map(angle =>
		Math.round(110 + 90 * Math.cos((hue + shift - angle) * Math.PI / 180)).toString(16).padStart(2, '0')).join('');
	// the clock is UTC to the millisecond: time stamps are the wall clock's while it is drawn
	const picture = `gradients=s=80x46:r=${rate}:c0=${colour(0)}:c1=${colour(90)}:x0=0:y0=0:seed=${index + 1}:speed=0.03,format=yuv420p,` +
		`scale=${size.replace('x', ':')}:flags=fast_bilinear,setsar=1,` + // drawn small: sixteen publishers must be cheap
		`setpts=(RTCTIME/1000000-86400*floor(RTCTIME/86400000000))/TB,` +
		`drawtext=text='${user}':fontcolor=white:borderw=3:fontsize=h/6:x=(w-tw)/2:y=h/6,` +
		`drawtext=text='%{pts\\:hms}':fontcolor=white:borderw=3:fontsize=h/8:x=(w-tw)/2:y=h*0.55,` +
		`drawtext=text='●':fontcolor=white:fontsize=h/8:x='mod(t*w/4,w)':y=h*0.8,setpts=N/(${rate}*TB)`;
	const args = ['-hide_banner', '-loglevel', 'error', '-nostdin'];
	// without a queue behind the filters, or the clock is drawn half a second before the picture is sent
	if (place.video)
		args.push('-thread_queue_size', '1', '-re', '-f', 'lavfi', '-i', picture);
	if (place.audio)
		args.push('-thread_queue_size', '1', '-re', '-f', 'lavfi', '-i', `sine=frequency=${tone}:sample_rate=48000,volume=0.5,aformat=channel_layouts=stereo`);
	if (place.video)
		args.push('-map', '0:v', ...seconds ? ['-t', String(seconds)] : [], '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1',
			'-b:v', `${bitrate}k`, '-maxrate', `${bitrate}k`, '-bufsize', `${bitrate}k`, '-g', String(rate * 2), ...to(place.video));
	if (place.audio)
		args.push('-map', place.video ? '1:a' : '0:a', ...seconds ? ['-t', String(seconds)] : [], '-c:a', 'libopus', '-b:a', '32k', ...to(place.audio));
	return args;
}

/**
 * Options of Box.start() for an engine: "soft", or "vaapi" or "nv" on a device of tests/emulated, which lives in `dir` and has
 * this personality ({lost_after: 1000}; emu_va.h, emu_nv.h). What such a device was measured to do says nothing, since all of it
 * is done by the CPU: it takes any load.
 */
export function engineOptions(engine, dir, personality = {}) {
	const build = path.resolve(process.env.TESSERA_BIN ?? path.join(root, 'build/release/bin'), '../emulated');
	const entries = Object.entries(personality).map(([key, value]) => `${key}=${value}`);
	if (engine === 'vaapi') {
		const device = path.join(dir, 'gpu');
		fs.writeFileSync(device, ['tessera emulated va device', 'damaged=yes', ...entries, ''].join('\n'));
		return { media: { engine, devices: [device], max_load: 1000 }, env: { LIBVA_DRIVERS_PATH: `${build}/va`, LIBVA_DRIVER_NAME: 'tessemu',
			LD_PRELOAD: `${build}/va/libtessemu_drm.so` } };
	}
	if (engine === 'nv')
		return { media: { engine, max_load: 1000 }, env: { LD_LIBRARY_PATH: `${build}/nv`, TESSERA_EMU_NV: entries.join(',') } };
	return { media: { engine } };
}

/** Parameters of StartMCUMixTranscode as the original document recommends them. */
export const mixParameters = (app, room, output, encode = {}) => ({
	SdkAppId: app.id, RoomId: room, OutputParams: output,
	EncodeParams: { AudioSampleRate: 48000, AudioBitrate: 64, AudioChannels: 2, VideoWidth: 1280, VideoHeight: 720,
		VideoBitrate: 1500, VideoFramerate: 15, VideoGop: 3, BackgroundColor: 0x202428, ...encode },
	LayoutParams: { Template: 1 },
});

/** The recording with this record id, once it is in one of the states. */
export const recordingOf = (box, record_id, states = ['finished'], timeout_ms = 15000) =>
	until(`recording ${record_id} to be ${states}`, async () =>
		(await box.api('GET', `/recordings?prefix=${record_id}`)).recordings.find(recording =>
			recording.record_id === record_id && states.includes(recording.state)), timeout_ms);

export const ffprobe = (file, ...args) => JSON.parse(execFileSync('ffprobe',
	['-v', 'error', '-of', 'json', ...args.length ? args : ['-show_format', '-show_streams'], file], { maxBuffer: 1 << 28, timeout: 60000 }));
