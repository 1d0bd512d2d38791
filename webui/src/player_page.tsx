// SPDX-License-Identifier: GPL-3.0-or-later
// The page of the player alone, for links and for other pages to embed: /player?src=ADDRESS[&mode=auto|fast|smooth][&lang=en|zh],
// where the address is that of a stream by http-flv or HLS, with its right to be watched.
import { render } from 'preact';
import { language, setLanguage, t } from './i18n';
import { Live } from './live';
import { modes, type Mode } from './pace';
import './style.css';

const asked = new URLSearchParams(location.search);
const lang = asked.get('lang');
if (lang === 'en' || lang === 'zh') language.set(lang); // of this page alone
else setLanguage(language.get());

/** The same stream in the other form: its name ends otherwise. */
const as = (src: URL, ending: string) => {
	const url = new URL(src);
	url.pathname = url.pathname.replace(/\.(flv|m3u8)$/, ending);
	return url.href;
};

function sourceOf(text: string | null): URL | undefined {
	try {
		const url = new URL(text ?? '', location.href);
		return text && /^https?:$/.test(url.protocol) && /\/live\/[^/]+\.(flv|m3u8)$/.test(url.pathname) ? url : undefined;
	} catch {
		return undefined;
	}
}

function Page() {
	const src = sourceOf(asked.get('src')), mode = asked.get('mode') as Mode;
	if (!src) return <p class="over">{t('noSource')}</p>;
	return <Live flv={as(src, '.flv')} hls={as(src, '.m3u8')} mode={modes.includes(mode) ? mode : undefined}
		form={src.pathname.endsWith('.m3u8') ? 'hls' : 'flv'} />;
}

render(<Page />, document.getElementById('app')!);
