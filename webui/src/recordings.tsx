// SPDX-License-Identifier: GPL-3.0-or-later
import { useState } from 'preact/hooks';
import { api, type Recording } from './api';
import { bytes, duration, time } from './format';
import { t } from './i18n';
import { Dialog, Problem, State } from './parts';
import { usePolled } from './state';

const page_size = 25;

export function Recordings() {
	const [prefix, setPrefix] = useState('');
	const [offset, setOffset] = useState(0);
	const [playing, setPlaying] = useState<Recording>();
	const [problem, setProblem] = useState<Error>();
	const { data, error, again } = usePolled(() => api.recordings(prefix, page_size, offset), 2000, `${prefix}/${offset}`);
	const remove = (recording: Recording) => {
		if (!confirm(t('confirmDeleteRecording'))) return;
		api.deleteRecording(recording.id).then(again, setProblem);
	};
	return <section>
		<h1>{t('recordings')}</h1>
		<label class="field search"><span>{t('searchPrefix')}</span>
			<input value={prefix} maxLength={64} onInput={event => { setPrefix(event.currentTarget.value); setOffset(0); }} /></label>
		{error && <Problem error={error} />}
		{problem && <Problem error={problem} />}
		{data?.recordings.length === 0 && <p class="empty">{t('noRecordings')}</p>}
		{data && data.recordings.length > 0 && <table>
			<thead><tr><th>{t('name')}</th><th>{t('room')}</th><th>{t('state')}</th><th>{t('start')}</th><th class="number">{t('length')}</th>
				<th class="number">{t('bytes')}</th><th>{t('picture')}</th><th class="number">{t('gaps')}</th><th /></tr></thead>
			<tbody>{data.recordings.map(recording => <tr key={recording.id}>
				<td title={recording.path}>{recording.record_id}</td>
				<td>{recording.application} / {recording.room}</td>
				<td><State state={recording.state} title={recording.error} /></td>
				<td>{time(recording.start)}</td>
				<td class="number">{duration(recording.duration_ms)}</td>
				<td class="number">{bytes(recording.size_bytes)}</td>
				<td>{recording.width > 0 && `${recording.width} × ${recording.height}`}</td>
				<td class="number" title={recording.gaps.map(gap => `${duration(gap.at_ms)} +${(gap.length_ms / 1000).toFixed(1)} s`).join('\n')}>
					{recording.gaps.length || ''}</td>
				<td class="buttons">{recording.state === 'finished' && <>
					<button onClick={() => setPlaying(recording)}>{t('play')}</button>
					<a class="button plain" href={api.recordingFile(recording.id)} download>{t('download')}</a>
					<button class="plain" onClick={() => remove(recording)}>{t('remove')}</button>
				</>}</td>
			</tr>)}</tbody>
		</table>}
		{data && data.total > page_size && <div class="buttons">
			<button class="plain" disabled={offset === 0} onClick={() => setOffset(offset - page_size)}>{t('previous')}</button>
			<span>{offset + 1}–{Math.min(offset + page_size, data.total)} / {data.total}</span>
			<button class="plain" disabled={offset + page_size >= data.total} onClick={() => setOffset(offset + page_size)}>{t('next')}</button>
		</div>}
		{playing && <Dialog wide title={playing.record_id} onClose={() => setPlaying(undefined)}>
			<video class="player" src={api.recordingFile(playing.id)} controls autoplay />
			<p class="hint">{playing.path}</p>
		</Dialog>}
	</section>;
}
