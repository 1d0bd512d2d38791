// SPDX-License-Identifier: GPL-3.0-or-later
// The parameters of the mix beside the canvas: template, who is where, picture, output.
import type { Picture, Rect, Room } from '../api';
import { t, type TextKey } from '../i18n';
import { beginsAnew, CUSTOM, type Draft, GRID, marked, PICTURE, resized, SCREEN, sizes } from './model';
import { Check, Choice, ColorField, ImageField, NumberField, TextField, useFault, WhoField } from './parts';

export type Change = (change: Partial<Draft> | ((draft: Draft) => Draft)) => void;
interface Props { draft: Draft; room: Room; change: Change }

const templates: { name: TextKey; hint: TextKey; icon: string }[] = [
	{ name: 'layoutFloating', hint: 'layoutFloatingHint', icon: 'M1 1h30v18H1zM3 13h7v4H3zM12 13h7v4h-7z' },
	{ name: 'layoutGrid', hint: 'layoutGridHint', icon: 'M1 1h30v18H1zM16 1v18M1 10h30' },
	{ name: 'layoutScreen', hint: 'layoutScreenHint', icon: 'M1 1h30v18H1zM23 1v18M23 7h8M23 13h8' },
	{ name: 'layoutPicture', hint: 'layoutPictureHint', icon: 'M1 1h30v18H1zM19 11h10v6H19z' },
	{ name: 'layoutCustom', hint: 'layoutCustomHint', icon: 'M1 1h30v18H1zM4 4h13v7H4zM13 9h8v7h-8zM24 4h4v4h-4z' },
];

export function Templates({ draft, change, onCustom }: Props & { onCustom?: () => void }) {
	return <fieldset class="templates">
		<legend>{t('template')}</legend>
		{templates.map(({ name, icon }, i) => <label key={name} class={draft.template === i ? 'chosen' : ''}>
			<input type="radio" name="template" value={i} checked={draft.template === i} onChange={() => change({ template: i })} />
			<svg viewBox="0 0 32 20" aria-hidden="true"><path d={icon} /></svg>{t(name)}
		</label>)}
		<p class="hint">{t(templates[draft.template].hint)}</p>
		{onCustom && <p class="hint"><button type="button" class="plain" onClick={onCustom}>{t('makeCustom')}</button> {t('makeCustomHint')}</p>}
	</fieldset>;
}

export function TemplateFields({ draft, room, change }: Props) {
	const { template, small } = draft;
	return <>
		{template !== GRID && template !== CUSTOM && <WhoField label={t('bigPicture')} name="layout.big" value={draft.big} room={room}
			none={template === SCREEN ? t('nobody') : t('firstWhoComes')} onValue={big => change({ big })} />}
		{template === SCREEN && <Check label={t('bigRight')} name="layout.big_right" checked={draft.big_right} onChecked={big_right => change({ big_right })} />}
		{template === PICTURE && <>
			<WhoField label={t('smallPicture')} name="layout.small" value={small} room={room} none={t('nobody')} onValue={who => change({ small: { ...small, ...who } })} />
			<Rectangle name="layout.small" rect={small} onRect={rect => change({ small: { ...small, ...rect } })} />
		</>}
		{template <= SCREEN && <Users draft={draft} room={room} change={change} />}
		{template <= SCREEN && <Choice label={t('holdPlace')} name="layout.pure_audio_hold_place" value={draft.hold} onValue={hold => change({ hold })}
			options={[[0, t('holdDefault')], [1, t('holdYes')], [2, t('holdNo')]]} />}
		{template !== CUSTOM && <Choice label={t('fill')} name="layout.render" value={draft.render ?? (template === SCREEN ? -1 : 0)}
			onValue={render => change({ render: render < 0 ? null : render })}
			options={[...template === SCREEN ? [[-1, t('fillDefault')] as [number, string]] : [], ...fills()]} />}
	</>;
}

export const fills = (): [number, string][] => [[0, t('fillCrop')], [1, t('fillFit')], [2, t('fillBlack')]];

/** Nobody named: everybody. */
function Users({ draft, room, change }: Props) {
	const fault = useFault('layout.users');
	const { users } = draft;
	const names = [...new Set([...room.users.map(({ user }) => user), ...users])];
	const set = (next: string[]) => change({ users: next });
	return <fieldset class={`field users ${fault ? 'refused' : ''}`}>
		<legend>{t('whosePictures')}</legend>
		<Check label={t('everybody')} name="layout.users.all" checked={!users.length} onChecked={all => set(all ? [] : names)} />
		{names.map(name => <Check key={name} label={name} name={`layout.users.${name}`} checked={users.includes(name)}
			onChecked={on => set(on ? [...users, name] : users.filter(user => user !== name))} />)}
		{users.length > 0 && <p class="hint">{t('whosePicturesHint')}</p>}
		{fault && <em>{fault}</em>}
	</fieldset>;
}

export function PictureFields({ draft, pictures, change }: Omit<Props, 'room'> & { pictures: Picture[] }) {
	const { video } = draft;
	const fault = useFault('video');
	const size = draft.sound_only ? 'sound' : `${video.width}x${video.height}`;
	const set = (next: Partial<Draft['video']>) => change({ video: { ...video, ...next } });
	return <fieldset class={fault ? 'refused' : ''}>
		<legend>{t('pictureGroup')}</legend>
		<Choice label={t('size')} name="size" value={size === 'sound' || sizes.includes(size) ? size : 'other'}
			options={[...sizes.map((one): [string, string] => [one, one.replace('x', ' × ')]), ['other', t('otherSize')], ['sound', t('soundOnly')]]}
			onValue={chosen => {
				const [width, height] = chosen.split('x').map(Number);
				change(before => width ? { ...resized(before, width, height), sound_only: false } : { ...before, sound_only: chosen === 'sound' });
			}} />
		{fault && <em>{fault}</em>}
		{!draft.sound_only && <div class="two">
			<NumberField label={t('width')} name="video.width" step={2} min={16} max={1920} value={video.width} onValue={width => set({ width })} />
			<NumberField label={t('height')} name="video.height" step={2} min={16} max={1080} value={video.height} onValue={height => set({ height })} />
			<NumberField label={t('frameRate')} name="video.frame_rate" min={1} max={60} value={video.frame_rate} onValue={frame_rate => set({ frame_rate })} />
			<NumberField label={`${t('bitrate')} (kbit/s)`} name="video.bitrate_kbps" min={1} max={10000} value={video.bitrate_kbps} onValue={bitrate_kbps => set({ bitrate_kbps })} />
			<NumberField label={t('keyFrames')} name="video.gop_s" min={1} max={5} value={video.gop_s} onValue={gop_s => set({ gop_s })} />
			<ColorField label={t('backgroundColor')} name="video.background" value={video.background} onValue={background => set({ background })} />
		</div>}
		{!draft.sound_only && <>
			<ImageField label={t('backgroundImage')} name="video.background_image" urls value={draft.background_image} pictures={pictures}
				onValue={background_image => change({ background_image })} />
			<ImageField label={t('waterMark')} name="layout.water_mark" urls value={draft.water_mark} pictures={pictures}
				onValue={image => change(before => marked(before, image))} />
			{draft.water_mark && <Rectangle name="layout.water_mark" rect={draft.water_mark}
				onRect={rect => change(before => ({ ...before, water_mark: before.water_mark && { ...before.water_mark, ...rect } }))} />}
		</>}
	</fieldset>;
}

function Rectangle({ name, rect, onRect }: { name: string; rect: Rect; onRect: (rect: Partial<Rect>) => void }) {
	const number = (label: TextKey, key: keyof Rect) =>
		<NumberField label={t(label)} name={`${name}.${key}`} step={2} min={0} value={rect[key]} onValue={value => onRect({ [key]: value })} />;
	return <div class="four">{number('left', 'x')}{number('top', 'y')}{number('width', 'width')}{number('height', 'height')}</div>;
}

export function OutputFields({ draft, room, change }: Props) {
	return <fieldset>
		<legend>{t('outputGroup')}</legend>
		<TextField label={t('streamId')} name="stream_id" maxLength={64} value={draft.stream_id} onValue={stream_id => change({ stream_id })} />
		<TextField label={t('recordId')} name="record_id" maxLength={64} value={draft.record_id} onValue={record_id => change({ record_id })} />
		{draft.record_id && <Check label={t('recordAudioOnly')} name="record_audio_only" checked={draft.record_audio_only}
			onChecked={record_audio_only => change({ record_audio_only })} />}
		{room.mix && beginsAnew(draft, room.mix) && <p class="notice warn">{t('newOutput')}</p>}
	</fieldset>;
}

