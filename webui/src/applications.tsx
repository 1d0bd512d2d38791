// SPDX-License-Identifier: GPL-3.0-or-later
import { useState } from 'preact/hooks';
import { api, type Application, type Frozen, type Key } from './api';
import { time } from './format';
import { t } from './i18n';
import { LiveSettings } from './live_settings';
import { Dialog, Field, Form, Problem } from './parts';
import { ProtectionDialog } from './protection';
import { RecordSettingsDialog } from './record_settings';
import { UploadSettingsDialog } from './upload_settings';
import { usePolled } from './state';

export function Applications() {
	const { data, error, again } = usePolled(api.applications, 5000);
	const [creating, setCreating] = useState(false);
	return <section>
		<h1>{t('applications')} <button onClick={() => setCreating(true)}>{t('create')}</button></h1>
		{error && <Problem error={error} />}
		{data?.length === 0 && <p class="empty">{t('noApplications')}</p>}
		<div class="cards">{data?.map(app => <ApplicationCard key={app.id} app={app} again={again} />)}</div>
		{creating && <Dialog title={t('create')} onClose={() => setCreating(false)}>
			<Form submit={t('create')} onSubmit={async ({ name, description }) => {
				await api.createApplication(name, description);
				setCreating(false);
				again();
			}}>
				<Field label={t('name')} name="name" maxLength={64} required autofocus />
				<Field label={t('description')} name="description" maxLength={256} />
			</Form>
		</Dialog>}
	</section>;
}

function ApplicationCard({ app, again }: { app: Application; again: () => void }) {
	const keys = usePolled(() => api.keys(app.id), 10000);
	const [made, setMade] = useState<Key>();
	const [userSigKey, setUserSigKey] = useState('');
	const [recording, setRecording] = useState(false);
	const [protecting, setProtecting] = useState(false);
	const [uploading, setUploading] = useState(false);
	const [problem, setProblem] = useState<Error>();
	const guard = (action: () => Promise<unknown>) => () => { setProblem(undefined); action().catch(setProblem); };
	return <article class="card">
		<h2>{app.name}<small>SdkAppId {app.id}</small></h2>
		{app.description && <p>{app.description}</p>}
		<p class="hint">{t('created')} {time(app.created)}</p>
		<label class="field"><span>{t('frozen')}</span><select name="frozen" value={app.frozen} onChange={event => {
			const frozen = event.currentTarget.value as Frozen;
			guard(async () => { await api.changeApplication(app.id, { frozen }); again(); })();
		}}>{(['box', 'keep', 'dim', 'avatar'] as const).map(how => <option key={how} value={how}>{t(`frozen_${how}`)}</option>)}</select></label>
		<LiveSettings app={app} again={again} />
		<button class="plain" onClick={() => setRecording(true)}>{t('recordSettings')}</button>{' '}
		<button class="plain" onClick={() => setUploading(true)}>{t('uploadSettings')}</button>{' '}
		<button class="plain" onClick={() => setProtecting(true)}>{t('protection')}</button>
		<h3>{t('apiKeys')}</h3>
		<ul class="keys">{keys.data?.map(key => <li key={key.secret_id}><code>{key.secret_id}</code>
			<button class="plain" onClick={guard(async () => {
				if (confirm(t('confirmDeleteKey'))) { await api.deleteKey(app.id, key.secret_id); keys.again(); }
			})}>{t('remove')}</button></li>)}</ul>
		<button onClick={guard(async () => { setMade(await api.createKey(app.id)); keys.again(); })}>{t('newKey')}</button>
		<h3>{t('userSigKey')}</h3>
		{userSigKey ? <code class="secret">{userSigKey}</code> :
			<button onClick={guard(async () => setUserSigKey((await api.application(app.id)).usersig_key ?? ''))}>{t('show')}</button>}
		<div class="buttons"><button class="danger" onClick={guard(async () => {
			if (confirm(t('confirmDeleteApplication'))) { await api.deleteApplication(app.id); again(); }
		})}>{t('remove')}</button></div>
		{problem && <Problem error={problem} />}
		{recording && <RecordSettingsDialog app={app} onClose={() => setRecording(false)} />}
		{uploading && <UploadSettingsDialog app={app} onClose={() => setUploading(false)} />}
		{protecting && <ProtectionDialog app={app} onClose={() => setProtecting(false)} />}
		{made && <Dialog title={t('newKey')} onClose={() => setMade(undefined)}>
			<p class="notice warn">{t('secretOnce')}</p>
			<dl><dt>SecretId</dt><dd><code>{made.secret_id}</code></dd><dt>SecretKey</dt><dd><code>{made.secret_key}</code></dd></dl>
		</Dialog>}
	</article>;
}
