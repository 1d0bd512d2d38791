// SPDX-License-Identifier: GPL-3.0-or-later
// What tests/bench/room sends: clips of people who move and of slides that stand still, made once, and what the codecs alone are given for them.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../e2e/box.mjs';

export const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y'];
export const canvas = { width: 1280, height: 720, rate: 15 };
const clip_s = 10, repeats = 8;

/** A room of `people` who send pictures of this size; `different` clips go round among them. */
export class Shape {
	constructor(name, { rooms = 1, people, width = 640, height = 360, kbps = 500, different = people, muted = 0, slides = 0 }) {
		Object.assign(this, { name, rooms, people, width, height, kbps, different, muted, slides });
		this.dir = path.join(root, 'build/bench-room', `${width}x${height}-${people}`);
	}

	clip(i, ending) { return path.join(this.dir, `clip${i}.${ending}`); }
	/** What person i of a room sends: the last ones are slides, those before them have no picture. */
	isSlide(i) { return i >= this.people - this.slides; }
	isMuted(i) { return !this.isSlide(i) && i >= this.people - this.slides - this.muted; }
	sent(i) { return this.isSlide(i) ? path.join(this.dir, 'slide-sent.mkv') : this.clip(i % this.different, 'sent.mkv'); }
	ports(room, i) { return { video: 22000 + 4 * (room * this.people + i), audio: 22002 + 4 * (room * this.people + i) }; }

	/** ffmpeg's filters for one room: a grid and the sum of sounds. */
	graph() {
		const each = [...Array(this.people).keys()], columns = Math.ceil(Math.sqrt(this.people));
		const width = canvas.width / columns, height = canvas.height / columns;
		return each.map(i => `[${i}:v]scale=${width}:${height}:flags=bilinear[v${i}]`).join(';') + ';' + each.map(i => `[v${i}]`).join('') +
			`xstack=inputs=${this.people}:layout=${each.map(i => `${i % columns * width}_${Math.floor(i / columns) * height}`).join('|')},fps=${canvas.rate}[v];` +
			each.map(i => `[${i}:a]`).join('') + `amix=inputs=${this.people}:normalize=0,aresample=48000,aformat=channel_layouts=stereo[a]`;
	}

	/** All that is sent; with `composed`, also what the codecs alone encode. */
	prepare(composed) {
		fs.mkdirSync(this.dir, { recursive: true });
		if (!fs.existsSync(path.join(this.dir, 'ready'))) {
			console.log(`making clips of ${this.width}x${this.height} ...`);
			for (let i = 0; i < this.different; i++)
				this.#make(this.clip(i, 'mkv'), this.clip(i, 'sent.mkv'), ['-f', 'lavfi', '-i', `testsrc2=s=${this.width}x${this.height}:r=${canvas.rate},hue=h=${i * 22}`], i);
			// five pictures a second, as a shared screen has them
			this.#make(path.join(this.dir, 'slide.mkv'), path.join(this.dir, 'slide-sent.mkv'),
				['-f', 'lavfi', '-i', `testsrc2=s=${this.width}x${this.height}:r=5,trim=end_frame=1,loop=-1:1,setpts=N/5/TB`], this.different);
			fs.writeFileSync(path.join(this.dir, 'ready'), '');
		}
		if (composed && !fs.existsSync(path.join(this.dir, 'composed'))) {
			for (let i = 0; i < this.people; i++)
				execFileSync('ffmpeg', [...quiet, '-i', this.clip(i % this.different, 'mkv'), '-map', '0:v', '-c', 'copy', '-f', 'h264', this.clip(i, 'h264'),
					'-map', '0:a', '-c', 'copy', '-f', 'ogg', this.clip(i, 'ogg')]);
			execFileSync('ffmpeg', [...quiet, ...[...Array(this.people).keys()].flatMap(i => ['-i', this.clip(i % this.different, 'mkv')]),
				'-filter_complex', this.graph(), '-map', '[v]', '-f', 'rawvideo', '-pix_fmt', 'yuv420p',
				path.join(this.dir, 'composed.yuv'), '-map', '[a]', '-f', 'f32le', path.join(this.dir, 'mixed.f32')]);
			fs.writeFileSync(path.join(this.dir, 'composed'), '');
		}
	}

	#make(clip, sent, picture, number) {
		execFileSync('ffmpeg', [...quiet, ...picture, '-f', 'lavfi', '-i',
			`sine=frequency=${220 + 55 * number}:sample_rate=48000,volume=0.2,aformat=channel_layouts=stereo`, '-t', String(clip_s),
			'-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-bf', '0', '-b:v', `${this.kbps}k`, '-maxrate', `${this.kbps}k`, '-bufsize', `${this.kbps}k`,
			'-g', '30', '-pix_fmt', 'yuv420p', '-c:a', 'libopus', '-b:a', '32k', clip]);
		// what is sent is the clip several times, so that no sender ends during a measurement
		const list = path.join(this.dir, 'list');
		fs.writeFileSync(list, `file '${clip}'\n`.repeat(repeats));
		execFileSync('ffmpeg', [...quiet, '-f', 'concat', '-safe', '0', '-i', list, '-map', '0', '-c', 'copy', sent]);
	}

	/** Senders, one a person. target(room, i) = { video, audio } ports; no video: sound alone. */
	send(target = (room, i) => this.ports(room, i), address = '127.0.0.1') {
		const senders = [];
		for (let room = 0; room < this.rooms; room++)
			for (let i = 0; i < this.people; i++) {
				const { video, audio } = target(room, i);
				senders.push(spawn('ffmpeg', [...quiet, '-re', '-i', this.sent(i),
					...video ? ['-map', '0:v', '-c', 'copy', '-bsf:v', 'h264_mp4toannexb', '-payload_type', '96', '-f', 'rtp', `rtp://${address}:${video}?pkt_size=1200`] : [],
					'-map', '0:a', '-c', 'copy', '-payload_type', '97', '-f', 'rtp', `rtp://${address}:${audio}?pkt_size=1200`], { stdio: 'ignore' }));
			}
		return senders;
	}
}
