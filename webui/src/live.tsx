// SPDX-License-Identifier: GPL-3.0-or-later
// A live picture with the names of its tiles, how it is played, and how far it is behind.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Tile } from './api';
import { t } from './i18n';
import { LivePlayer, type Figures, type Form, type PlayerState } from './live_player';
import { modes, type Mode } from './pace';
import { remember, remembered } from './state';

const lastMode = (): Mode => {
	const mode = remembered('play_mode') as Mode;
	return modes.includes(mode) ? mode : 'auto';
};

export function Live({ flv, hls, width, height, tiles = [], mode: asked, form: begun = 'flv' }: {
	flv: string; hls: string; width?: number; height?: number; tiles?: Tile[]; mode?: Mode; form?: Form;
}) {
	const video = useRef<HTMLVideoElement>(null);
	const [muted, setMuted] = useState(true);
	const [mode, setMode] = useState<Mode>(asked ?? lastMode());
	const [form, setForm] = useState<Form>(begun);
	const [state, setState] = useState<PlayerState>('connecting');
	const [figures, setFigures] = useState<Figures>();
	const url = form === 'flv' ? flv : hls;
	useEffect(() => {
		setState('connecting');
		const player = new LivePlayer(video.current!, url, form, mode, setState, setFigures);
		return () => player.destroy();
	}, [url, form, mode]);
	const change = (next: Mode) => { remember('play_mode', next); setMode(next); };
	return <div class="watch">
		<div class={width && height ? 'live' : 'live free'} style={width && height ? { aspectRatio: `${width} / ${height}` } : {}}>
			<video ref={video} muted={muted} playsInline />
			{width && height && tiles.map(tile => <span class="tile" key={`${tile.user}/${tile.stream_type}`} style={{
				left: `${tile.x / width * 100}%`, top: `${tile.y / height * 100}%`,
				width: `${tile.width / width * 100}%`, height: `${tile.height / height * 100}%`,
			}}><b>{tile.user}</b></span>)}
			{state !== 'playing' && <p class="over">{state === 'connecting' ? t('connecting') : t('playerFailed')}</p>}
			<button class="sound" onClick={() => setMuted(!muted)}>{muted ? t('unmute') : t('mute')}</button>
		</div>
		<div class="live-bar">
			<label title={t('modeHint')}>{t('playMode')} <select name="mode" value={mode}
				onChange={event => change(event.currentTarget.value as Mode)}>
				{modes.map(one => <option key={one} value={one}>{t(`mode.${one}`)}</option>)}</select></label>
			<label>{t('playForm')} <select name="form" value={form} onChange={event => setForm(event.currentTarget.value as Form)}>
				<option value="flv">FLV</option><option value="hls">HLS</option></select></label>
			{figures && state === 'playing' && <>
				<span class="behind">{t('behindLive')} {figures.behind_s.toFixed(1)} s</span>
				<span class="buffer">{t('buffered')} {figures.buffer_s.toFixed(1)} s{figures.rate !== 1 && ` · ×${figures.rate.toFixed(2)}`}</span>
				{figures.first_picture_ms !== null && <span class="first">
					{t('firstPicture')} {figures.first_picture_ms} ms</span>}
				{figures.stalls > 0 && <span class="stalls">{figures.stalls} {t('stalls')}</span>}
			</>}
		</div>
	</div>;
}
