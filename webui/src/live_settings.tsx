// SPDX-License-Identifier: GPL-3.0-or-later
// Whether all that users send are live streams, and by which names.
import { useState } from 'preact/hooks';
import { api, type Application } from './api';
import { t } from './i18n';
import { Field, Form } from './parts';

export function LiveSettings({ app, again }: { app: Application; again: () => void }) {
	const [rule, setRule] = useState(app.name_rule);
	return <details class="live-settings">
		<summary>{t('liveStreams')}: {app.live_all ? t('liveAll') : t('liveNamed')}</summary>
		<Form submit={t('save')} onSubmit={values => api.changeApplication(app.id, {
			live_all: values.live_all === 'on', name_rule: rule, ...rule === 'md5' && { biz_id: Number(values.biz_id) },
		}).then(again)}>
			<label><input type="checkbox" name="live_all" defaultChecked={app.live_all} /> {t('liveAll')}</label>
			<label class="field"><span>{t('nameRule')}</span><select value={rule} onChange={event =>
				setRule(event.currentTarget.value as Application['name_rule'])}>
				<option value="plain">SdkAppId_room_user_main</option>
				<option value="md5">bizid_MD5(room_user_main)</option>
			</select></label>
			{rule === 'md5' && <Field label="bizid" name="biz_id" type="number" min={1} max={4294967295} required defaultValue={app.biz_id || ''} />}
		</Form>
	</details>;
}
