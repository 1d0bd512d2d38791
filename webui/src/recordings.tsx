// SPDX-License-Identifier: GPL-3.0-or-later
import { useState } from 'preact/hooks';
import { api, type RecordedFile, type Recording, type Search } from './api';
import { Callbacks } from './callbacks';
import { bytes, duration, time } from './format';
import { t } from './i18n';
import { Dialog, Problem, State } from './parts';
import { Playback } from './playback';
import { usePolled } from './state';

const page_size = 25;
const counted = 10000; // the box counts no further

export function Recordings() {
	const [search, setSearch] = useState<Search>({ prefix: '', from: '', to: '' });
	const [offset, setOffset] = useState(0);
	const [playing, setPlaying] = useState<{ recording: Recording; file: RecordedFile }>();
	const [problem, setProblem] = useState<Error>();
	const [finding, setFinding] = useState(false);
	const { data, error, again } = usePolled(() => api.recordings(search, page_size, offset), 2000, `${JSON.stringify(search)}/${offset}`);
	const narrow = (change: Partial<Search>) => { setSearch({ ...search, ...change }); setOffset(0); };
	const act = (action: Promise<unknown>) => { setProblem(undefined); action.then(again, setProblem); };
	return <section>
		<h1>{t('recordings')}</h1>
		<div class="search">
			<label class="field"><span>{t('searchPrefix')}</span>
				<input value={search.prefix} maxLength={64} onInput={event => narrow({ prefix: event.currentTarget.value })} /></label>
			<label class="field"><span>{t('searchFrom')}</span>
				<input type="datetime-local" value={search.from} onInput={event => narrow({ from: event.currentTarget.value })} /></label>
			<label class="field"><span>{t('searchTo')}</span>
				<input type="datetime-local" value={search.to} onInput={event => narrow({ to: event.currentTarget.value })} /></label>
		</div>
		{error && <Problem error={error} />}
		{problem && <Problem error={problem} />}
		{data?.recordings.length === 0 && <p class="empty">{t('noRecordings')}</p>}
		{data && data.recordings.length > 0 && <table>
			<thead><tr><th>{t('name')}</th><th>{t('room')}</th><th>{t('state')}</th><th>{t('start')}</th><th class="number">{t('length')}</th>
				<th class="number">{t('bytes')}</th><th>{t('picture')}</th><th class="number">{t('gaps')}</th><th>{t('files')}</th><th /></tr></thead>
			<tbody>{data.recordings.map(recording => <tr key={recording.id}>
				<td title={recording.path}><Cover recording={recording} />{recording.prefix}{recording.user && <small> {recording.user} {recording.stream_type}</small>}</td>
				<td>{recording.application} / {recording.room}</td>
				<td><State state={recording.state} title={recording.error} /></td>
				<td>{time(recording.start)}</td>
				<td class="number">{duration(recording.duration_ms)}</td>
				<td class="number">{bytes(recording.size_bytes)}</td>
				<td>{recording.width > 0 && `${recording.width} × ${recording.height}`}</td>
				<td class="number" title={recording.gaps.map(gap => `${duration(gap.at_ms)} +${(gap.length_ms / 1000).toFixed(1)} s`).join('\n')}>
					{recording.gaps.length || ''}</td>
				<td><ul class="files">{recording.files.map(file => <Row key={file.id} recording={recording} file={file}
					play={() => setPlaying({ recording, file })} act={act} />)}</ul></td>
				<td class="buttons">{recording.state === 'finished' &&
					<button class="plain" onClick={() => { if (confirm(t('confirmDeleteRecording'))) act(api.deleteRecording(recording.id)); }}>
						{t('remove')}</button>}</td>
			</tr>)}</tbody>
		</table>}
		{data && data.total > page_size && <div class="buttons">
			<button class="plain" disabled={offset === 0} onClick={() => setOffset(offset - page_size)}>{t('previous')}</button>
			<span>{offset + 1}–{Math.min(offset + page_size, data.total)} / {data.total}{data.total === counted && '+'}</span>
			<button class="plain" disabled={offset + page_size >= data.total} onClick={() => setOffset(offset + page_size)}>{t('next')}</button>
		</div>}
		<div class="buttons find"><button class="plain" onClick={() => { act(api.findRecordings()); setFinding(true); }}>{t('findRecordings')}</button>
			{finding && <span class="hint">{t('findStarted')}</span>}</div>
		<Callbacks />
		{playing && <Dialog wide title={playing.recording.prefix} onClose={() => setPlaying(undefined)}>
			<Playback recording={playing.recording} file={playing.file} />
			<p class="hint">{playing.file.name}</p>
		</Dialog>}
	</section>;
}

/** The picture of a recording: that of the first file that has one. */
function Cover({ recording }: { recording: Recording }) {
	const cover = recording.files.find(file => file.cover)?.cover;
	return cover ? <img class="cover" src={cover} loading="lazy" alt="" /> : null;
}

function UploadState({ file }: { file: RecordedFile }) {
	const { state, percent, error } = file.upload!;
	return <><State state={state} title={error} />{state === 'uploading' && ` ${percent} %`}
		{!file.local && <span class="hint"> {t('inStorage')}</span>}{' '}</>;
}

function Row({ recording, file, play, act }: {
	recording: Recording; file: RecordedFile; play: () => void; act: (action: Promise<unknown>) => void;
}) {
	const expires = file.expires ? `${t('expires')} ${time(file.expires)}` : '';
	return <li title={`${file.name}\nFileId ${file.id}\n${expires}`}>
		<b>{file.format.toUpperCase()}</b> {file.upload && <UploadState file={file} />}<span class="hint">{duration(file.duration_ms)} {bytes(file.size_bytes)}</span>
		<button onClick={play}>{t('play')}</button>
		<a class="button plain" href={api.fileAddress(recording.id, file.id)} download>{t('download')}</a>
		<button class="plain" aria-pressed={file.hold} title={t('holdHint')}
			onClick={() => act(api.holdFile(recording.id, file.id, !file.hold))}>{t(file.hold ? 'release' : 'hold')}</button>
		{file.upload && ['pending', 'failed'].includes(file.upload.state) && <button class="plain"
			onClick={() => act(api.uploadFile(recording.id, file.id))}>{t('uploadAgain')}</button>}
		{!file.hold && recording.files.length > 1 && <button class="plain"
			onClick={() => { if (confirm(t('confirmDeleteFile'))) act(api.deleteFile(recording.id, file.id)); }}>{t('remove')}</button>}
		{file.upload?.error && <div class="hint problem">{file.upload.error}</div>}
	</li>;
}
