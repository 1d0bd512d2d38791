// SPDX-License-Identifier: GPL-3.0-or-later
import { useState } from 'preact/hooks';
import { api, type Me } from './api';
import { t } from './i18n';
import { Field, Form } from './parts';

export function Account({ me, onMe }: { me: Me; onMe: () => void }) {
	const [done, setDone] = useState(0);
	return <section class="narrow">
		<h1>{me.user}</h1>
		<h2>{t('changePassword')}</h2>
		{me.must_change_password && <p class="notice warn">{t('mustChange')}</p>}
		<Form key={done} submit={t('changePassword')} onSubmit={async ({ current, next }) => {
			await api.changePassword(current, next);
			setDone(done + 1);
			onMe();
		}}>
			<Field label={t('currentPassword')} name="current" type="password" autocomplete="current-password" required />
			<Field label={t('newPassword')} name="next" type="password" minLength={10} autocomplete="new-password" required />
		</Form>
		{done > 0 && <p class="notice good">{t('passwordChanged')}</p>}
	</section>;
}
