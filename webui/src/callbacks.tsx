// SPDX-License-Identifier: GPL-3.0-or-later
// Callbacks that were not delivered yet; nothing is shown while there are none.
import { useState } from 'preact/hooks';
import { api } from './api';
import { time } from './format';
import { t } from './i18n';
import { Problem } from './parts';
import { usePolled } from './state';

export function Callbacks() {
	const { data, again } = usePolled(api.callbacks, 5000);
	const [problem, setProblem] = useState<Error>();
	const act = (action: Promise<unknown>) => { setProblem(undefined); action.then(again, setProblem); };
	if (!data?.callbacks.length) return null;
	return <>
		<h2>{t('callbacks')}<small>{data.waiting} {t('callbacksWaiting')}, {data.dead} {t('callbacksDead')}</small></h2>
		{problem && <Problem error={problem} />}
		<table class="callbacks">
			<thead><tr><th>{t('application')}</th><th>{t('event')}</th><th>{t('address')}</th><th>{t('state')}</th><th class="number">{t('attempts')}</th>
				<th>{t('nextAttempt')}</th><th>{t('lastError')}</th><th /></tr></thead>
			<tbody>{data.callbacks.map(callback => <tr key={callback.id}>
				<td>{callback.application}</td>
				<td>{callback.event_type} {callback.body.record_event}</td>
				<td>{callback.url}</td>
				<td>{t(callback.state === 'dead' ? 'dead' : 'waiting')}</td>
				<td class="number">{callback.attempts}</td>
				<td>{time(callback.next)}</td>
				<td>{callback.error}</td>
				<td class="buttons">
					{callback.state === 'dead' && <button onClick={() => act(api.resendCallback(callback.id))}>{t('resend')}</button>}
					<button class="plain" onClick={() => act(api.deleteCallback(callback.id))}>{t('remove')}</button>
				</td>
			</tr>)}</tbody>
		</table>
	</>;
}
