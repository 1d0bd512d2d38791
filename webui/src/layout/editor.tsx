// SPDX-License-Identifier: GPL-3.0-or-later
// The layout editor of a room: the picture as it will be, asked of the box at each change, beside the picture as it is.
import { useEffect, useState } from 'preact/hooks';
import { api, ApiError, type Preview, type Rect, type Room, type Who } from '../api';
import { t } from '../i18n';
import { Live } from '../live';
import { Problem } from '../parts';
import { usePolled } from '../state';
import { Canvas, type Item } from './canvas';
import './layout.css';
import { custom, CUSTOM, type Draft, draftOf, inOrder, PICTURE, removePlace, reordered, requestOf, sameWho, setPlace } from './model';
import { Fault } from './parts';
import { People, PlaceFields, PlaceTools } from './places';
import { type Change, OutputFields, PictureFields, TemplateFields, Templates } from './settings';

const settle_ms = 60, retry_ms = 2000;

/** What the box says of the draft, and which draft that was. */
interface Answer { draft: Draft; preview?: Preview; error?: ApiError }

function usePreview(room: Room, draft: Draft): Answer | undefined {
	const [answer, setAnswer] = useState<Answer>();
	const [round, setRound] = useState(0);
	const people = room.users.map(user => user.id).join();
	useEffect(() => {
		let current = true, again = 0;
		const timer = setTimeout(() => api.previewMix(room, requestOf(draft)).then(
			preview => current && setAnswer({ draft, preview }),
			(error: ApiError) => {
				if (!current) return;
				setAnswer(last => ({ draft, preview: last?.preview, error }));
				if (error.code === 'unreachable') again = window.setTimeout(() => setRound(n => n + 1), retry_ms);
			}), settle_ms);
		return () => { current = false; clearTimeout(timer); clearTimeout(again); };
	}, [draft, people, round]);
	return answer;
}

/** What is drawn. A given rectangle that has just been moved is where it was moved to; all else is where the box says. */
function itemsOf(room: Room, draft: Draft, answer: Answer | undefined, selected: number, select: (index: number) => void, change: Change): Item[] {
	const preview = answer?.preview;
	// black, or nothing, is what the mix shows of them
	const silent = (who: Who) => room.users.some(user => sameWho(user, who) && !user.video);
	const fresh = answer?.draft === draft && !answer.error;
	if (draft.template === CUSTOM) {
		const order = inOrder(draft.presets);
		return draft.presets.map((preset, i): Item => {
			const place = preview?.places[i];
			const rect: Rect = fresh && place ? place : preset;
			const taken = place?.user ?? '';
			const heard = preset.input === 2 || taken !== '' && silent(place!);
			return {
				x: rect.x, y: rect.y, width: rect.width, height: rect.height, key: `place ${i + 1}`, z: order.indexOf(i),
				name: taken || preset.user || t('whoComes'),
				detail: [`${t('placeWord')} ${i + 1}`, (taken ? place! : preset).stream_type === 'aux' && t('screenOf'),
					!taken && preview && (preset.user ? t('notHere') : t('freePlace')), heard && t('inputSound')].filter(Boolean).join(' · '),
				kind: heard ? 'sound' : taken ? 'user' : preset.user ? 'kept' : 'free',
				bad: answer?.error?.field.startsWith(`layout.presets.${i}.`),
				image: preset.image && (heard || !taken) ? api.pictureContent({ application: room.application, id: preset.image }) : undefined,
				edit: {
					selected: i === selected, select: () => select(i),
					others: draft.presets.filter((_, other) => other !== i),
					change: to => change(before => setPlace(before, i, to)),
					raise: by => change(before => reordered(before, i, by)),
					remove: () => change(before => removePlace(before, i)),
				},
			};
		});
	}
	const { small } = draft;
	const isSmall = (tile: Preview['tiles'][number], i: number) => draft.template === PICTURE && i > 0 && sameWho(tile, small);
	const items = (preview?.tiles ?? []).filter((tile, i) => !isSmall(tile, i)).map((tile, i): Item => ({
		x: tile.x, y: tile.y, width: tile.width, height: tile.height, key: `tile ${i + 1}`, z: i,
		name: tile.user, detail: tile.stream_type === 'aux' ? t('screenOf') : silent(tile) ? t('inputSound') : '', kind: silent(tile) ? 'sound' : 'user',
	}));
	if (draft.template !== PICTURE)
		return items;
	const drawn = preview?.tiles.find(isSmall);
	const rect: Rect = fresh && drawn ? drawn : small;
	return [...items, {
		x: rect.x, y: rect.y, width: rect.width, height: rect.height, key: 'small', z: 1,
		name: small.user || t('smallPicture'), detail: !small.user ? t('nobody') : preview && !drawn ? t('notHere') : '',
		kind: drawn ? 'user' : small.user ? 'kept' : 'free', bad: answer?.error?.field.startsWith('layout.small.'),
		edit: { selected: selected === 0, select: () => select(0), others: [], change: to => change(before => ({ ...before, small: { ...before.small, ...to } })) },
	}];
}

const MARK = -2;

/** The watermark lies over all. */
function markOf(room: Room, draft: Draft, answer: Answer | undefined, selected: number, select: (index: number) => void, change: Change): Item[] {
	const { water_mark } = draft;
	if (!water_mark)
		return [];
	const rect: Rect = answer?.draft === draft && !answer.error && answer.preview?.water_mark || water_mark;
	return [{
		x: rect.x, y: rect.y, width: rect.width, height: rect.height, key: 'water mark', name: t('waterMark'), detail: '', kind: 'mark', z: 50,
		bad: answer?.error?.field.startsWith('layout.water_mark.'),
		image: water_mark.id ? api.pictureContent({ application: room.application, id: water_mark.id }) : undefined,
		edit: {
			selected: selected === MARK, select: () => select(MARK), others: [], remove: () => change({ water_mark: null }),
			change: to => change(before => ({ ...before, water_mark: before.water_mark && { ...before.water_mark, ...to } })),
		},
	}];
}

export function LayoutEditor({ room, again }: { room: Room; again: () => void }) {
	const { mix } = room;
	const [draft, setDraft] = useState(() => draftOf(room));
	const [selected, select] = useState(-1);
	const [busy, setBusy] = useState(false);
	const [applied, setApplied] = useState<Draft>();
	const [refused, setRefused] = useState<{ draft: Draft; error: ApiError }>();
	const answer = usePreview(room, draft);
	const pictures = usePolled(() => api.pictures(room.application), 10000, room.application).data ?? [];
	const change: Change = to => setDraft(before => typeof to === 'function' ? to(before) : { ...before, ...to });
	// what was refused at a start counts until something is changed
	const error = refused?.draft === draft ? refused.error : answer?.draft === draft ? answer.error : undefined;
	const index = selected < 0 ? draft.presets.length : selected;

	const apply = async () => {
		setBusy(true);
		try {
			await api.startMix(room, requestOf(draft));
			setApplied(draft);
			setRefused(undefined);
			again();
		} catch (problem) {
			setRefused({ draft, error: problem as ApiError });
		}
		setBusy(false);
	};
	useEffect(() => {
		const place = /^layout\.presets\.(\d+)/.exec(error?.field ?? '');
		if (place) select(Number(place[1]));
	}, [error]);

	const { width, height } = draft.sound_only ? { width: 16, height: 9 } : draft.video;
	const items = draft.sound_only ? [] :
		[...itemsOf(room, draft, answer, selected, select, change), ...markOf(room, draft, answer, selected, select, change)];
	const backdrop = draft.background_image?.id;
	const preview = answer?.preview;
	return <Fault.Provider value={error}>
		<form class="layout-editor" noValidate onSubmit={event => { event.preventDefault(); void apply(); }}>
			<h1><a href="#/rooms" class="plain button">← {t('backToRooms')}</a>{t('layoutEditor')}
				<small>{t('room')} {room.room_type === 'string' ? `“${room.room}”` : room.room} · SdkAppId {room.application}</small></h1>
			<div class="stage">
				<h3>{t('canvas')}{!draft.sound_only && <span> {draft.video.width} × {draft.video.height}</span>}</h3>
				{draft.sound_only ? <div class="canvas none"><p>{t('nothingDrawn')}</p></div> :
					<Canvas width={width} height={height} background={draft.video.background}
						image={backdrop ? api.pictureContent({ application: room.application, id: backdrop }) : undefined} items={items} stale={!!error} />}
				{draft.template === CUSTOM && !draft.sound_only && <>
					<PlaceTools draft={draft} selected={index} select={select} change={change} />
					<PlaceFields draft={draft} selected={index} room={room} pictures={pictures} change={change} />
				</>}
				{(draft.template === CUSTOM || draft.template === PICTURE || draft.water_mark) && !draft.sound_only && <p class="hint" id="layout-keys">{t('keysHint')}</p>}
				{preview && <People preview={preview} />}
			</div>
			<div class="side">
				<div class="now">
					<h3>{t('livePreview')}</h3>
					{mix?.video && mix.flv_url ? <Live flv={mix.flv_url} hls={mix.hls_url} width={mix.video.width} height={mix.video.height} tiles={mix.tiles} /> :
						<div class="live none"><p class="over">{mix ? t('notWatched') : t('noMix')}</p></div>}
					{mix?.starter && <p class="notice warn">{t('usersMix')} {mix.starter}</p>}
					{mix?.warnings.map(({ field, message }) => <p class="notice warn" key={field}>{message}</p>)}
				</div>
				<Templates draft={draft} room={room} change={change}
					onCustom={draft.template !== CUSTOM && preview?.tiles.length ? () => { change(before => custom(before, preview)); select(0); } : undefined} />
				<TemplateFields draft={draft} room={room} change={change} />
				<PictureFields draft={draft} pictures={pictures} change={change} />
				<OutputFields draft={draft} room={room} change={change} />
			</div>
			<div class="apply">
				{error && <Problem error={error} />}
				<p role="status">{applied === draft && !error && t('applied')}</p>
				<button type="button" class="plain" onClick={() => { setDraft(draftOf(room)); select(-1); }}>{t('startAgain')}</button>
				<button type="submit" disabled={busy}>{mix ? t('apply') : t('startMix')}</button>
			</div>
		</form>
	</Fault.Provider>;
}
