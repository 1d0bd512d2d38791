// SPDX-License-Identifier: GPL-3.0-or-later
// The pictures of an application, for backgrounds, watermarks and place-holders: upload, look, delete.
import { useState } from 'preact/hooks';
import { api, ApiError, type Application, type Picture } from './api';
import { bytes, time } from './format';
import { t } from './i18n';
import { Dialog, Problem } from './parts';
import { usePolled } from './state';

const MAX_BYTES = 2 << 20;

export function Pictures() {
	const { data, error } = usePolled(api.applications, 5000);
	return <section>
		<h1>{t('pictures')}</h1>
		<p class="hint">{t('picturesHint')}</p>
		{error && <Problem error={error} />}
		{data?.length === 0 && <p class="empty">{t('noApplications')}</p>}
		{data?.map(app => <OfApplication key={app.id} app={app} />)}
	</section>;
}

function OfApplication({ app }: { app: Application }) {
	const { data, error, again } = usePolled(() => api.pictures(app.id), 10000);
	const [shown, setShown] = useState<Picture>();
	const [problem, setProblem] = useState<Error>();
	const [busy, setBusy] = useState(false);
	const guard = async (action: () => Promise<unknown>) => {
		setProblem(undefined);
		setBusy(true);
		await action().catch(setProblem);
		setBusy(false);
		again();
	};
	const upload = async (file: File) => {
		if (file.size > MAX_BYTES)
			throw new ApiError(0, 'too_large', t('pictureTooLarge'));
		await api.addPicture(app.id, await base64(file));
	};
	return <article class="card">
		<h2>{app.name}<small>SdkAppId {app.id}</small></h2>
		{error && <Problem error={error} />}
		{data?.length === 0 && <p class="hint">{t('noPictures')}</p>}
		<ul class="pictures">{data?.map(picture => <li key={picture.id}>
			<button class="plain look" title={t('look')} onClick={() => setShown(picture)}>
				<img src={api.pictureContent(picture)} alt={`${t('picture')} ${picture.id}`} loading="lazy" /></button>
			<div><b>{picture.id}</b> {picture.format.toUpperCase()} {bytes(picture.bytes)}
				<button class="plain" disabled={busy} onClick={() => void guard(async () => {
					if (confirm(t('confirmDeletePicture'))) await api.deletePicture(picture);
				})}>{t('remove')}</button></div></li>)}</ul>
		<label class={busy ? 'upload busy' : 'upload'}>{t('upload')}
			<input type="file" accept=".png,.jpg,.jpeg,.bmp" disabled={busy} onChange={event => {
				const input = event.currentTarget, file = input.files?.[0];
				if (file) void guard(() => upload(file)).then(() => { input.value = ''; });
			}} /></label>
		{problem && <Problem error={problem} />}
		{shown && <Dialog title={`${t('picture')} ${shown.id}`} onClose={() => setShown(undefined)} wide>
			<img class="picture" src={api.pictureContent(shown)} alt="" />
			<p class="hint">{t('created')} {time(shown.created)}</p>
		</Dialog>}
	</article>;
}

const base64 = (file: File) => new Promise<string>((done, failed) => {
	const reader = new FileReader();
	reader.onload = () => done((reader.result as string).replace(/^[^,]*,/, ''));
	reader.onerror = () => failed(reader.error);
	reader.readAsDataURL(file);
});
