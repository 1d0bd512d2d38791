// SPDX-License-Identifier: GPL-3.0-or-later
// Small parts that several pages use.
import { type ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api';
import { stateText, t } from './i18n';

export function Problem({ error }: { error: Error }) {
	const text = error instanceof ApiError && error.code === 'unreachable' ? t('unreachable') : error.message;
	return <p class="notice bad" role="alert">{text}</p>;
}

export const State = ({ state, title }: { state: string; title?: string }) =>
	<span class={`state ${state}`} title={title}>{stateText(state)}</span>;

/** A form that calls the box, shows what it refuses beside the field it names, and blocks a second press meanwhile. */
export function Form({ children, submit, onSubmit, cancel }: {
	children: ComponentChildren; submit: string; onSubmit: (values: Record<string, string>) => Promise<unknown>; cancel?: () => void;
}) {
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState<ApiError>();
	const alive = useRef(true);
	useEffect(() => () => { alive.current = false; }, []);
	const send = async (event: SubmitEvent) => {
		event.preventDefault();
		const values = Object.fromEntries(new FormData(event.target as HTMLFormElement)) as Record<string, string>;
		setBusy(true);
		setError(undefined);
		try {
			await onSubmit(values);
		} catch (problem) {
			if (alive.current) setError(problem as ApiError);
		}
		if (alive.current) setBusy(false);
	};
	return <form onSubmit={send}>
		{children}
		<div class="buttons">
			<button type="submit" disabled={busy}>{submit}</button>
			{cancel && <button type="button" class="plain" onClick={cancel}>{t('cancel')}</button>}
		</div>
		{error && <Problem error={error} />}
	</form>;
}

export function Field({ label, ...input }: { label: string } & preact.JSX.HTMLAttributes<HTMLInputElement> & Record<string, any>) {
	return <label class="field"><span>{label}</span><input {...input} /></label>;
}

export function Dialog({ title, children, onClose, wide }: { title: string; children: ComponentChildren; onClose: () => void; wide?: boolean }) {
	const element = useRef<HTMLDialogElement>(null);
	useEffect(() => { element.current?.showModal(); }, []);
	return <dialog ref={element} class={wide ? 'wide' : ''} onClose={onClose}>
		<h2>{title}<button class="plain close" aria-label={t('close')} onClick={onClose}>×</button></h2>
		{children}
	</dialog>;
}
