// SPDX-License-Identifier: GPL-3.0-or-later
// What to give to others so that they can watch: the page of the player, a piece of HTML, the plain addresses. All carry
// the right to watch that the box put into the addresses.
import { useState } from 'preact/hooks';
import { t } from './i18n';
import { Dialog } from './parts';

const playerAddress = (flv: string) => `${location.origin}/player?src=${encodeURIComponent(flv)}`;

export function Share({ flv, hls, rtmp }: { flv: string; hls: string; rtmp: string }) {
	const [open, setOpen] = useState(false);
	const page = playerAddress(flv);
	return <div class="buttons">
		<button class="plain" onClick={() => setOpen(true)}>{t('share')} …</button>
		{open && <Dialog title={t('shareTitle')} onClose={() => setOpen(false)}>
			<div class="share">
				<h3>{t('shareLink')}</h3>
				<ul><Line text={page} link /></ul>
				<h3>{t('shareEmbed')}</h3>
				<ul><Line text={`<iframe src="${page.replaceAll('&', '&amp;')}" width="640" height="400" allow="autoplay; fullscreen"></iframe>`} /></ul>
				<h3>{t('shareAddresses')}</h3>
				<ul>{[flv, hls, rtmp].filter(Boolean).map(text => <Line text={text} key={text} />)}</ul>
			</div>
		</Dialog>}
	</div>;
}

function Line({ text, link }: { text: string; link?: boolean }) {
	const [copied, setCopied] = useState(false);
	const element = (line: HTMLElement | null) => line?.querySelector('code');
	const copy = async (event: MouseEvent) => {
		const code = element((event.currentTarget as HTMLElement).parentElement);
		try {
			await navigator.clipboard.writeText(text);
			setCopied(true);
		} catch { // not over plain http: it is marked, to be copied by hand
			if (code) getSelection()?.selectAllChildren(code);
		}
	};
	return <li><code>{link ? <a href={text} target="_blank" rel="noopener">{text}</a> : text}</code>
		<button class="plain" onClick={copy}>{copied ? t('copied') : t('copy')}</button></li>;
}
