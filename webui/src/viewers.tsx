// SPDX-License-Identifier: GPL-3.0-or-later
// Who watches a stream, and the closing of one or all.
import { useState } from 'preact/hooks';
import { api } from './api';
import { bytes, time } from './format';
import { t } from './i18n';
import { Dialog, Problem } from './parts';
import { usePolled } from './state';

export function Viewers({ stream, count }: { stream: string; count: number }) {
	const [open, setOpen] = useState(false);
	return <>
		<button class="plain viewers" onClick={() => setOpen(true)}>{count} {t('viewers')}</button>
		{open && <ViewersDialog stream={stream} onClose={() => setOpen(false)} />}
	</>;
}

function ViewersDialog({ stream, onClose }: { stream: string; onClose: () => void }) {
	const { data, error, again } = usePolled(() => api.viewers(stream), 1000, stream);
	const [problem, setProblem] = useState<Error>();
	const guard = (action: () => Promise<unknown>) => () => { setProblem(undefined); action().then(again, setProblem); };
	const hidden = data ? data.total - data.viewers.length : 0;
	return <Dialog title={`${t('viewersOf')} ${stream}`} onClose={onClose} wide>
		{(problem ?? error) && <Problem error={(problem ?? error)!} />}
		{data?.total === 0 && <p class="empty">{t('noViewers')}</p>}
		{data && data.viewers.length > 0 && <table class="viewers">
			<thead><tr><th>{t('address')}</th><th>{t('protocol')}</th><th>{t('watchesSince')}</th><th class="number">{t('bytes')}</th><th /></tr></thead>
			<tbody>{data.viewers.map(viewer => <tr key={viewer.id}>
				<td><code>{viewer.address}</code></td>
				<td>{viewer.protocol}</td>
				<td>{time(viewer.since)}</td>
				<td class="number">{bytes(viewer.bytes_sent)}</td>
				<td><button class="plain" onClick={guard(() => api.kick(stream, viewer.id))}>{t('kick')}</button></td>
			</tr>)}</tbody>
		</table>}
		{hidden > 0 && <p class="hint">{hidden} {t('moreViewers')}</p>}
		<div class="buttons">
			<button class="danger" disabled={!data?.total} onClick={guard(() => api.kickAll(stream))}>{t('kickAll')}</button>
			<button class="plain" onClick={onClose}>{t('close')}</button>
		</div>
	</Dialog>;
}
