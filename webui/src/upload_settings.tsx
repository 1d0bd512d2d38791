// SPDX-License-Identifier: GPL-3.0-or-later
// Where an application's finished files are uploaded to. The secret key is never shown again.
import { api, type Application, type UploadSettings } from './api';
import { t } from './i18n';
import { Dialog, Field, Form, Problem } from './parts';
import { usePolled } from './state';

export function UploadSettingsDialog({ app, onClose }: { app: Application; onClose: () => void }) {
	const { data, error } = usePolled(() => api.uploadSettings(app.id), 3600000);
	return <Dialog title={t('uploadSettings')} onClose={onClose}>
		{error && <Problem error={error} />}
		{data && <Settings app={app} settings={data} onClose={onClose} />}
	</Dialog>;
}

const Check = ({ label, name, on }: { label: string; name: string; on: boolean }) =>
	<label class="check"><input type="checkbox" name={name} defaultChecked={on} /> {label}</label>;

function Settings({ app, settings, onClose }: { app: Application; settings: UploadSettings; onClose: () => void }) {
	return <Form submit={t('save')} cancel={onClose} onSubmit={async values => {
		await api.changeUploadSettings(app.id, {
			enabled: !!values.enabled, path_style: !!values.path_style, delete_local: !!values.delete_local,
			endpoint: values.endpoint, bucket: values.bucket, region: values.region, prefix: values.prefix, access_key: values.access_key,
			...values.secret_key && { secret_key: values.secret_key },
		});
		onClose();
	}}>
		<p class="hint">{t('uploadHint')}</p>
		<Check label={t('uploadEnabled')} name="enabled" on={settings.enabled} />
		<Field label={t('uploadEndpoint')} name="endpoint" maxLength={255} placeholder="https://s3.example.com" defaultValue={settings.endpoint} />
		<Field label={t('uploadBucket')} name="bucket" maxLength={63} defaultValue={settings.bucket} />
		<Field label={t('uploadRegion')} name="region" maxLength={63} required defaultValue={settings.region} />
		<Field label={t('uploadPrefix')} name="prefix" maxLength={200} defaultValue={settings.prefix} />
		<Check label={t('uploadPathStyle')} name="path_style" on={settings.path_style} />
		<Field label={t('uploadAccessKey')} name="access_key" maxLength={128} autocomplete="off" defaultValue={settings.access_key} />
		<Field label={t('uploadSecretKey')} name="secret_key" type="password" maxLength={128} autocomplete="new-password"
			placeholder={settings.secret_key_set ? t('uploadSecretKept') : ''} />
		<Check label={t('uploadDeleteLocal')} name="delete_local" on={settings.delete_local} />
	</Form>;
}
