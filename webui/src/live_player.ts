// SPDX-License-Identifier: GPL-3.0-or-later
// Plays a live stream, by http-flv (mpegts.js) or HLS (hls.js, or the browser's own), keeps the buffer that its mode asks for,
// and comes back by itself when the stream was away.
import type Hls from 'hls.js';
import mpegts from 'mpegts.js';
import { jump_s, Pace, type Mode } from './pace';

export type Form = 'flv' | 'hls';
export type PlayerState = 'connecting' | 'playing' | 'failed';
export interface Figures {
	buffer_s: number; // what there is to play
	behind_s: number; // the newest picture that there is, seconds before what is shown
	rate: number; stalls: number;
	first_picture_ms: number | null; // from the request; null: none yet, or there is sound alone
}

const retry_ms = 1500, look_ms = 250;
export class LivePlayer {
	private flv?: mpegts.Player;
	private hls?: Hls;
	private retry = 0;
	private timer: number;
	private gone = false;
	private pace: Pace;
	private stalls = 0;
	private begun_ms = 0;
	private started = false;
	private first_picture_ms: number | null = null;

	constructor(private video: HTMLVideoElement, private url: string, private form: Form, private mode: Mode,
		private onState: (state: PlayerState) => void, private onFigures: (figures: Figures) => void) {
		this.pace = new Pace(mode);
		this.timer = window.setInterval(this.look, look_ms);
		video.addEventListener('playing', this.playing);
		video.addEventListener('waiting', this.waiting);
		void this.start();
	}

	destroy() {
		this.gone = true;
		clearInterval(this.timer);
		clearTimeout(this.retry);
		this.video.removeEventListener('playing', this.playing);
		this.video.removeEventListener('waiting', this.waiting);
		this.stop();
	}

	private playing = () => {
		this.started = true;
		this.onState('playing');
	};
	private waiting = () => {
		if (!this.started || this.video.seeking) return;
		this.stalls++;
		this.pace.stalled(performance.now());
	};

	private again = () => {
		this.stop();
		this.onState('failed');
		clearTimeout(this.retry);
		if (!this.gone) this.retry = window.setTimeout(() => void this.start(), retry_ms);
	};

	private async start() {
		this.begun_ms = performance.now();
		this.first_picture_ms = null;
		this.started = false;
		this.video.playbackRate = 1;
		const begun = this.begun_ms;
		this.video.requestVideoFrameCallback?.(() => {
			if (begun === this.begun_ms) this.first_picture_ms = Math.round(performance.now() - begun);
		});
		if (this.form === 'flv') this.startFlv();
		else await this.startHls();
		if (!this.gone) Promise.resolve(this.video.play()).catch(() => {});
	}

	private startFlv() {
		const player = mpegts.createPlayer({ type: 'flv', isLive: true, url: this.url },
			// the request does not wait for the element to be ready
			{ isLive: true, enableStashBuffer: false, autoCleanupSourceBuffer: true, deferLoadAfterSourceOpen: false });
		this.flv = player;
		player.attachMediaElement(this.video);
		player.on(mpegts.Events.ERROR, this.again);
		player.on(mpegts.Events.LOADING_COMPLETE, this.again);
		player.load();
	}

	private async startHls() {
		const { default: Player } = await import('hls.js');
		if (this.gone) return;
		if (!Player.isSupported()) {
			this.video.onerror = this.again;
			this.video.src = this.url;
			return;
		}
		const distance = { auto: { liveSyncDuration: 2, liveMaxLatencyDuration: 2 + jump_s }, fast: {},
			smooth: { liveSyncDuration: 5, liveMaxLatencyDuration: 5 + jump_s } }[this.mode];
		// the page's policy allows no workers from elsewhere
		const player = new Player({ enableWorker: false, lowLatencyMode: true, startFragPrefetch: true, maxLiveSyncPlaybackRate: 1.2, backBufferLength: 10, ...distance });
		this.hls = player;
		player.on(Player.Events.ERROR, (_event, data) => { if (data.fatal) this.again(); });
		player.loadSource(this.url);
		player.attachMedia(this.video);
	}

	private stop() {
		this.flv?.destroy();
		this.hls?.destroy();
		this.flv = this.hls = undefined;
		this.video.onerror = null;
		this.video.removeAttribute('src');
	}

	private look = () => {
		const { video } = this, ranges = video.buffered;
		const end = ranges.length ? ranges.end(ranges.length - 1) : 0;
		const buffer = Math.max(0, end - video.currentTime);
		if (this.flv && this.started) {
			const rate = this.pace.rate(buffer, performance.now());
			if (rate === null) video.currentTime = end - this.pace.aim;
			else if (rate !== video.playbackRate) video.playbackRate = rate;
		}
		// a page that was in the background may have been paused
		if (video.paused && ranges.length && !document.hidden) Promise.resolve(video.play()).catch(() => {});
		this.onFigures({ buffer_s: buffer, behind_s: this.hls?.latency || buffer, rate: video.playbackRate, stalls: this.stalls,
			first_picture_ms: this.first_picture_ms });
	};
}
