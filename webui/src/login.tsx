// SPDX-License-Identifier: GPL-3.0-or-later
import { type ComponentChildren } from 'preact';
import { api, type Me } from './api';
import { t } from './i18n';
import { Field, Form } from './parts';

export function Login({ switcher, onLogin }: { switcher: ComponentChildren; onLogin: (me: Me) => void }) {
	return <div class="login">
		<h1><img src="/icon.svg" alt="" />Tessera</h1>
		<Form submit={t('login')} onSubmit={async ({ user, password }) => onLogin(await api.login(user, password))}>
			<Field label={t('user')} name="user" defaultValue="admin" autocomplete="username" required />
			<Field label={t('password')} name="password" type="password" autocomplete="current-password" required autofocus />
		</Form>
		<p class="hint">{t('firstLogin')}</p>
		{switcher}
	</div>;
}
