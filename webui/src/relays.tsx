// SPDX-License-Identifier: GPL-3.0-or-later
// Where a stream is pushed to: each server with its state, and a form for one more.
import { useState } from 'preact/hooks';
import { api, type Relay } from './api';
import { bytes } from './format';
import { t } from './i18n';
import { Dialog, Field, Form, Problem, State } from './parts';
import { usePolled } from './state';

export function Relays({ application, stream }: { application: number; stream: string }) {
	const { data, error, again } = usePolled(() => api.relays(application, stream), 2000, `${application}/${stream}`);
	const [adding, setAdding] = useState(false);
	const [problem, setProblem] = useState<Error>();
	const guard = (action: () => Promise<unknown>) => () => { setProblem(undefined); action().then(again, setProblem); };
	return <div class="relays">
		<h3>{t('relays')} <button class="plain" onClick={() => setAdding(true)}>{t('addRelay')}</button></h3>
		{(error ?? problem) && <Problem error={(error ?? problem)!} />}
		{data && data.length > 0 && <table>
			<thead><tr><th>{t('server')}</th><th>{t('state')}</th><th class="number">{t('bytes')}</th><th class="number">{t('delay')}</th>
				<th class="number">{t('picturesLeftOut')}</th><th /></tr></thead>
			<tbody>{data.map(relay => <RelayRow key={relay.id} relay={relay}
				toggle={guard(() => api.enableRelay(relay, !relay.enabled))}
				restart={guard(() => api.enableRelay(relay, true))}
				remove={guard(() => api.deleteRelay(relay))} />)}</tbody>
		</table>}
		{adding && <Dialog title={t('addRelay')} onClose={() => setAdding(false)}>
			<Form submit={t('addRelay')} cancel={() => setAdding(false)}
				onSubmit={values => api.addRelay(application, stream, values.url).then(() => { setAdding(false); again(); })}>
				<Field label={t('relayUrl')} name="url" required autoComplete="off" spellCheck={false} placeholder="rtmp://host/app/key, srt://host:port?streamid=…" />
				<p><small>{t('relayUrlHint')}</small></p>
			</Form>
		</Dialog>}
	</div>;
}

function RelayRow({ relay, toggle, restart, remove }: { relay: Relay; toggle: () => void; restart: () => void; remove: () => void }) {
	const over = relay.state === 'refused' || relay.state === 'failed';
	return <tr>
		<td><code>{relay.url}</code></td>
		<td><State state={relay.state} title={relay.error} />{relay.error && <small> {relay.error}</small>}</td>
		<td class="number">{bytes(relay.bytes_sent)}</td>
		<td class="number">{relay.state === 'publishing' && `${relay.delay_ms} ms`}</td>
		<td class="number">{relay.pictures_dropped || ''}</td>
		<td>{relay.origin === 'admin' && <div class="buttons">
			{over && <button onClick={restart}>{t('tryAgain')}</button>}
			<button class="plain" onClick={toggle}>{relay.enabled ? t('disable') : t('enable')}</button>
			<button class="plain" onClick={remove}>{t('remove')}</button>
		</div>}</td>
	</tr>;
}
