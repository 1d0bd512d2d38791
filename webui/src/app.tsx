// SPDX-License-Identifier: GPL-3.0-or-later
// The frame: log-in, navigation, the page that the address names.
import { useEffect, useState } from 'preact/hooks';
import { api, ApiError, setLogoutHandler, type Me } from './api';
import { language, setLanguage, t, type TextKey } from './i18n';
import { Account } from './account';
import { Applications } from './applications';
import { HealthPage } from './health';
import { Login } from './login';
import { Pictures } from './pictures';
import { Recordings } from './recordings';
import { Rooms } from './rooms';
import { Problem } from './parts';

const pages: Record<string, { title: TextKey; page: (props: { me: Me; onMe: () => void }) => any }> = {
	rooms: { title: 'rooms', page: Rooms },
	recordings: { title: 'recordings', page: Recordings },
	applications: { title: 'applications', page: Applications },
	pictures: { title: 'pictures', page: Pictures },
	health: { title: 'health', page: HealthPage },
	account: { title: 'account', page: Account },
};

const pageOfAddress = () => {
	const name = location.hash.replace(/^#\/?/, '').split('/')[0];
	return name in pages ? name : 'rooms';
};

export function App() {
	const lang = language.use();
	const [me, setMe] = useState<Me | null>();
	const [problem, setProblem] = useState<Error>();
	const [name, setName] = useState(pageOfAddress());
	const ask = () => api.me().then(answer => { setMe(answer); setProblem(undefined); }, (error: ApiError) => {
		if (error.status === 401) setMe(null);
		else { setProblem(error); setTimeout(ask, 2000); }
	});
	useEffect(() => {
		setLogoutHandler(() => setMe(null));
		const follow = () => setName(pageOfAddress());
		addEventListener('hashchange', follow);
		void ask();
		return () => removeEventListener('hashchange', follow);
	}, []);

	const switcher = <button class="plain" onClick={() => setLanguage(lang === 'zh' ? 'en' : 'zh')}>{lang === 'zh' ? 'English' : '中文'}</button>;
	if (me === undefined)
		return <main>{problem && <Problem error={problem} />}</main>;
	if (me === null)
		return <Login switcher={switcher} onLogin={setMe} />;
	const Page = pages[name].page;
	return <>
		<header>
			<a class="brand" href="#/rooms"><img src="/icon.svg" alt="" />Tessera</a>
			<nav>{Object.entries(pages).map(([key, { title }]) =>
				<a href={`#/${key}`} class={key === name ? 'here' : ''} key={key}>{t(title)}</a>)}</nav>
			{switcher}
			<button class="plain" onClick={() => api.logout().finally(() => setMe(null))}>{t('logout')}</button>
		</header>
		<main>
			{me.must_change_password && name !== 'account' && <p class="notice warn"><a href="#/account">{t('mustChange')}</a></p>}
			<Page me={me} onMe={() => void ask()} />
		</main>
	</>;
}
