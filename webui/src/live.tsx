// SPDX-License-Identifier: GPL-3.0-or-later
// A live picture by http-flv, which comes back by itself when the stream was away.
import { useEffect, useRef, useState } from 'preact/hooks';
import mpegts from 'mpegts.js';
import { type Tile } from './api';
import { t } from './i18n';

const retry_ms = 1500;

export function Live({ url, width, height, tiles }: { url: string; width: number; height: number; tiles: Tile[] }) {
	const video = useRef<HTMLVideoElement>(null);
	const [muted, setMuted] = useState(true);
	const [state, setState] = useState<'connecting' | 'playing' | 'failed'>('connecting');
	useEffect(() => {
		let player: mpegts.Player | undefined, timer = 0, gone = false;
		const stop = () => {
			player?.destroy();
			player = undefined;
		};
		const again = () => {
			stop();
			setState('failed');
			clearTimeout(timer);
			if (!gone) timer = window.setTimeout(start, retry_ms);
		};
		const start = () => {
			player = mpegts.createPlayer({ type: 'flv', isLive: true, url },
				{ isLive: true, enableStashBuffer: false, liveBufferLatencyChasing: true, liveBufferLatencyMaxLatency: 1.5,
					liveBufferLatencyMinRemain: 0.3, autoCleanupSourceBuffer: true });
			player.attachMediaElement(video.current!);
			player.on(mpegts.Events.ERROR, again);
			player.on(mpegts.Events.LOADING_COMPLETE, again);
			player.load();
			Promise.resolve(player.play()).catch(() => {});
		};
		start();
		return () => { gone = true; clearTimeout(timer); stop(); };
	}, [url]);
	return <div class="live" style={{ aspectRatio: `${width} / ${height}` }}>
		<video ref={video} muted={muted} playsInline onPlaying={() => setState('playing')} />
		{tiles.map(tile => <span class="tile" key={`${tile.user}/${tile.stream_type}`} style={{
			left: `${tile.x / width * 100}%`, top: `${tile.y / height * 100}%`,
			width: `${tile.width / width * 100}%`, height: `${tile.height / height * 100}%`,
		}}><b>{tile.user}</b></span>)}
		{state !== 'playing' && <p class="over">{state === 'connecting' ? t('connecting') : t('playerFailed')}</p>}
		<button class="sound" onClick={() => setMuted(!muted)}>{muted ? t('unmute') : t('mute')}</button>
	</div>;
}
