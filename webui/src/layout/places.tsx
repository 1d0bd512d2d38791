// SPDX-License-Identifier: GPL-3.0-or-later
// The chosen place of a custom layout, in numbers and names; and who of the room is seen and heard.
import type { Picture, Preset, Preview, Room } from '../api';
import { t, type TextKey } from '../i18n';
import { addPlace, type Draft, MAX_PLACES, removePlace, reordered, setPlace } from './model';
import { Choice, NumberField, useFault, WhoField } from './parts';
import { type Change, fills } from './settings';

export function PlaceTools({ draft, selected, select, change }: { draft: Draft; selected: number; select: (index: number) => void; change: Change }) {
	const chosen = selected < draft.presets.length;
	const fault = useFault('layout.presets');
	return <div class="tools">
		<button type="button" disabled={draft.presets.length >= MAX_PLACES} onClick={() => { change(addPlace); select(draft.presets.length); }}>{t('addPlace')}</button>
		<button type="button" class="plain" disabled={!chosen} onClick={() => change(before => reordered(before, selected, Infinity))}>{t('toFront')}</button>
		<button type="button" class="plain" disabled={!chosen} onClick={() => change(before => reordered(before, selected, -Infinity))}>{t('toBack')}</button>
		<button type="button" class="danger" disabled={!chosen} onClick={() => change(before => removePlace(before, selected))}>{t('removePlace')}</button>
		{fault && <em>{fault}</em>}
	</div>;
}

export function PlaceFields({ draft, selected, room, pictures, change }: {
	draft: Draft; selected: number; room: Room; pictures: Picture[]; change: Change;
}) {
	const preset: Preset | undefined = draft.presets[selected];
	if (!preset)
		return <p class="hint">{t('choosePlace')}</p>;
	const name = `layout.presets.${selected}`;
	const set = (next: Partial<Preset>) => change(before => setPlace(before, selected, next));
	const number = (label: TextKey, key: 'x' | 'y' | 'width' | 'height' | 'z', step = 2) =>
		<NumberField label={t(label)} name={`${name}.${key}`} step={step} min={0} value={preset[key]} onValue={value => set({ [key]: value })} />;
	return <fieldset class="place" key={selected}>
		<legend>{t('placeWord')} {selected + 1}</legend>
		<div class="row">
			<WhoField label={t('forWhom')} name={name} value={preset} none={t('whoComes')} room={room} onValue={set} />
			<Choice label={t('mixInput')} name={`${name}.input`} value={preset.input} onValue={input => set({ input })}
				options={[[0, t('inputBoth')], [1, t('inputPicture')], [2, t('inputSound')]]} />
			<Choice label={t('fill')} name={`${name}.render`} value={preset.render} onValue={render => set({ render })} options={fills()} />
			{number('zOrder', 'z', 1)}
		</div>
		<div class="row">{number('left', 'x')}{number('top', 'y')}{number('width', 'width')}{number('height', 'height')}</div>
		{pictures.length > 0 && <Choice label={t('placeImage')} name={`${name}.image`} value={preset.image ?? 0} onValue={image => set({ image })}
			options={[[0, t('noPicture')], ...pictures.map(({ id, format }): [number, string] => [id, `${t('pictureNumber')} ${id} (${format})`])]} />}
	</fieldset>;
}

export function People({ preview }: { preview: Preview }) {
	return <section class="present" aria-label={t('inRoom')}>
		<h3>{t('inRoom')}</h3>
		<ul>{preview.people.map(({ user, stream_type, mixed, seen, heard }) => {
			const state: TextKey = !mixed ? 'waits' : seen ? heard ? 'isSeen' : 'isSeenMute' : heard ? 'isHeard' : 'isNeither';
			return <li key={`${user}/${stream_type}`} class={state}><b>{user}{stream_type === 'aux' && ` · ${t('screenOf')}`}</b> {t(state)}</li>;
		})}</ul>
	</section>;
}
