// SPDX-License-Identifier: GPL-3.0-or-later
// How an application records: for recordings that begin from now on.
import { api, type Application, type Format, type RecordSettings } from './api';
import { t } from './i18n';
import { Dialog, Field, Form, Problem } from './parts';
import { usePolled } from './state';

const formats: Format[] = ['hls', 'mp4', 'flv', 'aac'];

export function RecordSettingsDialog({ app, onClose }: { app: Application; onClose: () => void }) {
	const settings = usePolled(() => api.recordSettings(app.id), 3600000);
	const areas = usePolled(() => api.areas(app.id), 3600000);
	const problem = settings.error ?? areas.error;
	return <Dialog title={t('recordSettings')} onClose={onClose}>
		{problem && <Problem error={problem} />}
		{settings.data && areas.data && <Settings app={app} settings={settings.data} areas={areas.data} onClose={onClose} />}
		<Form submit={t('newArea')} onSubmit={async ({ area }) => { await api.createArea(app.id, area); areas.again(); }}>
			<Field label={t('areaName')} name="area" maxLength={40} required />
		</Form>
	</Dialog>;
}

function Settings({ app, settings, areas, onClose }: {
	app: Application; settings: RecordSettings; areas: { id: number; name: string; status: string }[]; onClose: () => void;
}) {
	return <Form submit={t('save')} cancel={onClose} onSubmit={async values => {
		await api.changeRecordSettings(app.id, {
			mode: values.mode as RecordSettings['mode'], formats: formats.filter(format => values[format]),
			split_minutes: Number(values.split_minutes), retention_days: Number(values.retention_days),
			resume_timeout_s: Number(values.resume_timeout_s), area: Number(values.area) || null,
			callback_url: values.callback_url, callback_key: values.callback_key,
		});
		onClose();
	}}>
		<p class="hint">{t('settingsHint')}</p>
		<label class="field"><span>{t('recordMode')}</span><select name="mode">
			<option value="rest" selected={settings.mode === 'rest'}>{t('modeRest')}</option>
			<option value="specified" selected={settings.mode === 'specified'}>{t('modeSpecified')}</option>
			<option value="automatic" selected={settings.mode === 'automatic'}>{t('modeAutomatic')}</option>
		</select></label>
		<fieldset class="field"><span>{t('formats')}</span>{formats.map(format => <label key={format}>
			<input type="checkbox" name={format} defaultChecked={settings.formats.includes(format)} /> {format.toUpperCase()}</label>)}</fieldset>
		<Field label={t('splitMinutes')} name="split_minutes" type="number" min={1} max={120} required defaultValue={settings.split_minutes} />
		<Field label={t('retentionDays')} name="retention_days" type="number" min={0} max={1500} required defaultValue={settings.retention_days} />
		<Field label={t('resumeTimeout')} name="resume_timeout_s" type="number" min={0} max={1800} required defaultValue={settings.resume_timeout_s} />
		<label class="field"><span>{t('area')}</span><select name="area">
			<option value="" selected={!settings.area}>{app.name}</option>
			{areas.filter(area => area.status === 'On').map(area =>
				<option key={area.id} value={area.id} selected={settings.area === area.id}>{area.name} ({area.id})</option>)}
		</select></label>
		<Field label={t('callbackUrl')} name="callback_url" maxLength={512} placeholder="https://" defaultValue={settings.callback_url} />
		<Field label={t('callbackKey')} name="callback_key" maxLength={32} pattern="[A-Za-z0-9]*" autocomplete="off" defaultValue={settings.callback_key} />
	</Form>;
}
