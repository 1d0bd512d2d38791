// SPDX-License-Identifier: GPL-3.0-or-later
// A recorded file in the browser: MP4, AAC and MP3 as they are, HLS natively or by hls.js, FLV by mpegts.js.
import { useEffect, useRef, useState } from 'preact/hooks';
import type Hls from 'hls.js';
import mpegts from 'mpegts.js';
import { api, type RecordedFile, type Recording } from './api';
import { t } from './i18n';

export function Playback({ recording, file }: { recording: Recording; file: RecordedFile }) {
	const video = useRef<HTMLVideoElement>(null);
	const [failed, setFailed] = useState(false);
	const url = api.fileAddress(recording.id, file.id);
	useEffect(() => {
		const element = video.current!;
		let gone = false, end = () => {};
		setFailed(false);
		const hls = async () => {
			// the relative addresses of the playlist are those of where the redirection leads to
			const { default: Player } = await import('hls.js');
			if (gone) return;
			if (!Player.isSupported()) {
				element.src = url;
				return;
			}
			const player: Hls = new Player({ enableWorker: false }); // the page's policy allows no workers from elsewhere
			player.on(Player.Events.ERROR, (_event, data) => { if (data.fatal) setFailed(true); });
			player.loadSource(url);
			player.attachMedia(element);
			end = () => player.destroy();
		};
		const flv = () => {
			const player = mpegts.createPlayer({ type: 'flv', url, filesize: file.size_bytes, duration: file.duration_ms },
				{ seekType: 'range', reuseRedirectedURL: true, autoCleanupSourceBuffer: true });
			player.on(mpegts.Events.ERROR, () => setFailed(true));
			player.attachMediaElement(element);
			player.load();
			// Where the recording has a gap its pictures have one, behind which it goes on (hls.js looks for that by itself). A short
			// one the sound may have played over, with its pictures left behind: they follow when it is told where it is. A seek
			// to just before one does not end.
			let before = Infinity, ticks = 0;
			const skip = () => {
				const { buffered, currentTime: now, seeking, readyState } = element;
				const waits = readyState < HTMLMediaElement.HAVE_FUTURE_DATA, last = before;
				ticks = waits && now === last ? ticks + 1 : 0;
				before = now;
				const next = [...Array(buffered.length).keys()].find(i => buffered.end(i) > now + (ticks > 3 ? 0.5 : 0));
				if (next === undefined || seeking && ticks <= 3) return;
				const start = buffered.start(next);
				if (start > now && waits) element.currentTime = start + 0.01;
				else if (start <= now && start > last) element.currentTime = now;
			};
			const forget = () => { before = Infinity; };
			element.addEventListener('seeking', forget);
			// no event tells of a stall that begins while the element still seeks
			const timer = setInterval(skip, 250);
			end = () => {
				clearInterval(timer);
				element.removeEventListener('seeking', forget);
				player.destroy();
			};
		};
		if (file.format === 'hls') void hls();
		else if (file.format === 'flv') flv();
		else element.src = url;
		return () => { gone = true; end(); element.removeAttribute('src'); };
	}, [url]);
	return <>
		<video ref={video} class="player" controls autoplay onError={() => setFailed(true)} />
		{failed && <p class="notice bad" role="alert">{t('fileFailed')}</p>}
	</>;
}
