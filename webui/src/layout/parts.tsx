// SPDX-License-Identifier: GPL-3.0-or-later
// Fields of the layout editor; what the box refuses is shown at the field that it names.
import { createContext, type ComponentChildren } from 'preact';
import { useContext, useEffect, useId, useState } from 'preact/hooks';
import type { ApiError, Image, Picture, Room, Who } from '../api';
import { t } from '../i18n';
import { sameWho } from './model';

/** What the box refused last. */
export const Fault = createContext<ApiError | undefined>(undefined);

/** In the box's words, without the name of the parameter: it stands at the field. */
const reason = (message: string) => message.replace(/^The value of parameter `[^`]*` is not valid: /, '');

/** What is wrong with a field, by its name in the API. */
export function useFault(name: string): string | undefined {
	const error = useContext(Fault);
	return error && error.field === name ? reason(error.message) : undefined;
}

function Labelled({ label, name, children, also }: {
	label: string; name: string; also?: string;
	children: (attributes: { id: string; name: string; 'aria-invalid': boolean; 'aria-describedby': string | undefined }) => ComponentChildren;
}) {
	const id = useId();
	const own = useFault(name), other = useFault(also ?? name);
	const fault = own ?? other;
	return <div class={`field ${fault ? 'refused' : ''}`}>
		<label for={id}><span>{label}</span></label>
		{children({ id, name, 'aria-invalid': !!fault, 'aria-describedby': fault ? `${id}-fault` : undefined })}
		{fault && <em id={`${id}-fault`}>{fault}</em>}
	</div>;
}

/** A whole number. While the input is empty the number stays what it was. */
export function NumberField({ label, name, value, onValue, min, max, step, also }: {
	label: string; name: string; value: number; onValue: (value: number) => void; min?: number; max?: number; step?: number; also?: string;
}) {
	const [text, setText] = useState(String(value));
	useEffect(() => { if (text.trim() === '' || Number(text) !== value) setText(String(value)); }, [value]);
	return <Labelled label={label} name={name} also={also}>{attributes => <input type="number" inputMode="numeric" {...attributes}
		min={min} max={max} step={step} value={text} onBlur={() => setText(String(value))} onInput={event => {
			const next = event.currentTarget.value;
			setText(next);
			if (next.trim() !== '' && Number.isFinite(Number(next))) onValue(Number(next));
		}} />}</Labelled>;
}

export function TextField({ label, name, value, onValue, maxLength }: {
	label: string; name: string; value: string; onValue: (value: string) => void; maxLength: number;
}) {
	return <Labelled label={label} name={name}>{attributes => <input type="text" spellcheck={false} autocomplete="off" {...attributes}
		maxLength={maxLength} value={value} onInput={event => onValue(event.currentTarget.value)} />}</Labelled>;
}

export function ColorField({ label, name, value, onValue }: { label: string; name: string; value: number; onValue: (value: number) => void }) {
	return <Labelled label={label} name={name}>{attributes => <input type="color" {...attributes} value={`#${value.toString(16).padStart(6, '0')}`}
		onInput={event => onValue(parseInt(event.currentTarget.value.slice(1), 16))} />}</Labelled>;
}

export function Choice<T extends string | number>({ label, name, value, options, onValue }: {
	label: string; name: string; value: T; options: [T, string][]; onValue: (value: T) => void;
}) {
	return <Labelled label={label} name={name}>{attributes => <select {...attributes}
		onChange={event => onValue(options[event.currentTarget.selectedIndex][0])}>
		{options.map(([option, text]) => <option key={option} value={option} selected={option === value}>{text}</option>)}
	</select>}</Labelled>;
}

const nobody: Who = { user: '', stream_type: 'main' };

/** A stream of somebody in the room, of somebody who is still to come, or of nobody in particular. */
export function WhoField({ label, name, value, none, room, onValue }: {
	label: string; name: string; value: Who; none: string; room: Room; onValue: (value: Who) => void;
}) {
	const [other, setOther] = useState(false);
	const known = room.users.map(({ user, stream_type }): Who => ({ user, stream_type }));
	if (value.user && !known.some(who => sameWho(who, value)))
		known.push(value);
	const options: [string, string][] = [['', none],
		...known.map(({ user, stream_type }): [string, string] => [`${user}/${stream_type}`, stream_type === 'aux' ? `${user} · ${t('screenOf')}` : user]),
		['other', t('someoneElse')]];
	const choose = (chosen: string) => {
		setOther(chosen === 'other');
		if (chosen === 'other') return;
		const [user, stream_type] = chosen.split('/');
		onValue(user ? { user, stream_type: stream_type as Who['stream_type'] } : nobody);
	};
	return <>
		<Choice label={label} name={`${name}.user`} value={other ? 'other' : value.user ? `${value.user}/${value.stream_type}` : ''} options={options} onValue={choose} />
		{other && <>
			<TextField label={t('userId')} name={`${name}.user`} maxLength={32} value={value.user}
				onValue={user => onValue(user ? { ...value, user } : nobody)} />
			<Check label={t('itsScreen')} checked={value.stream_type === 'aux'} onChecked={aux => onValue({ ...value, stream_type: aux ? 'aux' : 'main' })} />
		</>}
	</>;
}

export function Check({ label, name, checked, onChecked }: { label: string; name?: string; checked: boolean; onChecked: (checked: boolean) => void }) {
	return <label class="check"><input type="checkbox" name={name} checked={checked} onChange={event => onChecked(event.currentTarget.checked)} />{label}</label>;
}

/** One of the application's pictures, or one at an address, or none. */
export function ImageField({ label, name, value, pictures, urls, onValue }: {
	label: string; name: string; value: Image | null; pictures: Picture[]; urls?: boolean; onValue: (value: Image | null) => void;
}) {
	const ids = pictures.map(picture => picture.id);
	if (value?.id && !ids.includes(value.id)) ids.push(value.id);
	const options: [string, string][] = [['', t('noPicture')], ...ids.map((id): [string, string] => {
		const picture = pictures.find(one => one.id === id);
		return [String(id), `${t('pictureNumber')} ${id}${picture ? ` (${picture.format})` : ''}`];
	}), ...urls ? [['url', t('atAddress')] as [string, string]] : []];
	return <>
		<Choice label={label} name={`${name}.id`} value={!value ? '' : value.id ? String(value.id) : 'url'} options={options}
			onValue={chosen => onValue(chosen === '' ? null : chosen === 'url' ? { url: 'http://' } : { id: Number(chosen) })} />
		{value && !value.id && <TextField label={t('pictureAddress')} name={`${name}.url`} maxLength={512} value={value.url ?? ''} onValue={url => onValue({ url })} />}
	</>;
}
