// SPDX-License-Identifier: GPL-3.0-or-later
// What the layout editor edits: the parameters of a mix, until they are applied. Where tiles are is not worked out here, but
// asked of the box; only given rectangles are moved and resized.
import type { Image, Mix, MixRequest, Place, Preset, Preview, Rect, Room, Who } from '../api';

export const FLOATING = 0, GRID = 1, SCREEN = 2, PICTURE = 3, CUSTOM = 4;
export const MAX_PLACES = 16;
export const MIN_EDGE = 16;
export const sizes = ['1920x1080', '1280x720', '960x540', '640x360', '1080x1080', '608x1080', '540x960'];

export interface Draft {
	stream_id: string; record_id: string; record_audio_only: boolean;
	sound_only: boolean;
	video: { width: number; height: number; bitrate_kbps: number; frame_rate: number; gop_s: number; background: number };
	background_image: Image | null;
	water_mark: Image & Rect | null;
	template: number;
	render: number | null; // null: as the template says
	users: string[];
	hold: number;
	big: Who; big_right: boolean;
	small: Place;
	presets: Preset[];
}

const nobody: Who = { user: '', stream_type: 'main' };
export const even = (n: number) => 2 * Math.round(n / 2);
export const sameWho = (a: Who, b: Who) => a.user === b.user && a.stream_type === b.stream_type;

/** A quarter of the canvas, in the lower right corner. */
const corner = (width: number, height: number): Rect => ({
	x: even(width * 0.73), y: even(height * 0.72), width: even(width * 0.25), height: even(height * 0.25),
});

/** The mix that runs, or a new one. */
export function draftOf(room: Room): Draft {
	const { mix } = room;
	const layout = mix?.layout;
	const video = mix?.video ?? { width: 1280, height: 720, bitrate_kbps: 1500, frame_rate: 15, gop_s: 3, background: 0 };
	return {
		stream_id: mix ? mix.stream_id : `mix-${room.room}`,
		record_id: mix?.record_id ?? '',
		record_audio_only: mix?.record_audio_only ?? false,
		sound_only: mix !== null && mix.video === null,
		video: { width: video.width, height: video.height, bitrate_kbps: video.bitrate_kbps, frame_rate: video.frame_rate, gop_s: video.gop_s,
			background: video.background },
		background_image: mix?.video?.background_image ?? null,
		water_mark: layout?.water_mark ?? null,
		template: layout?.template ?? GRID,
		render: !layout || layout.big_render !== undefined ? null : layout.render,
		users: layout?.users ?? [],
		hold: layout?.pure_audio_hold_place ?? 0,
		big: { ...nobody, ...layout?.big },
		big_right: layout?.big_right ?? false,
		small: layout?.small ?? { ...nobody, ...corner(video.width, video.height) },
		presets: layout?.presets ?? [],
	};
}

/** What is not of the template stays in the draft, but is not sent. */
export function requestOf(draft: Draft): Omit<MixRequest, 'room_type'> {
	const { template, small } = draft;
	const counted = template <= SCREEN;
	return {
		...draft.stream_id && { stream_id: draft.stream_id },
		...draft.record_id && { record_id: draft.record_id, record_audio_only: draft.record_audio_only },
		video: draft.sound_only ? null : { ...draft.video, ...draft.background_image && { background_image: draft.background_image } },
		layout: {
			template,
			...template !== CUSTOM && draft.render !== null && { render: draft.render },
			...counted && { users: draft.users, pure_audio_hold_place: draft.hold },
			...template !== GRID && template !== CUSTOM && draft.big.user && { big: draft.big },
			...template === SCREEN && { big_right: draft.big_right },
			...template === PICTURE && small.user &&
				{ small: { user: small.user, stream_type: small.stream_type, x: small.x, y: small.y, width: small.width, height: small.height } },
			...template === CUSTOM && { presets: draft.presets },
			...draft.water_mark && !draft.sound_only && { water_mark: draft.water_mark },
		},
	};
}

/** Another output than that of the running mix begins. */
export const beginsAnew = (draft: Draft, mix: Mix) => draft.stream_id !== mix.stream_id || draft.record_id !== mix.record_id ||
	draft.record_id !== '' && draft.record_audio_only !== mix.record_audio_only || draft.sound_only !== (mix.video === null);

/** Another size of the canvas; given rectangles grow and shrink with it. */
export function resized(draft: Draft, width: number, height: number): Draft {
	const { video } = draft;
	const scale = <T extends Rect>(rect: T): T => {
		const x = 2 * Math.floor(rect.x * width / video.width / 2), y = 2 * Math.floor(rect.y * height / video.height / 2);
		return { ...rect, x, y, width: Math.min(even(rect.width * width / video.width), width - x),
			height: Math.min(even(rect.height * height / video.height), height - y) };
	};
	return { ...draft, video: { ...video, width, height }, small: scale(draft.small), presets: draft.presets.map(scale),
		water_mark: draft.water_mark && scale(draft.water_mark) };
}

/** Another watermark, where the one before was, or small in the upper right corner. */
export function marked(draft: Draft, image: Image | null): Draft {
	const { width, height } = draft.video, { water_mark } = draft;
	const { x, y, width: w, height: h } = water_mark ?? { x: even(width * 0.84), y: even(height * 0.04), width: even(width * 0.14), height: even(height * 0.12) };
	return { ...draft, water_mark: image && { ...image, x, y, width: w, height: h } };
}

/** The tiles of any template as places to be moved, each kept for who is in it. */
export const custom = (draft: Draft, preview: Preview): Draft => ({
	...draft, template: CUSTOM,
	presets: preview.tiles.map(({ user, stream_type, x, y, width, height, render }, z) =>
		({ user, stream_type, x, y, width, height, render: Math.min(render, 2), z, input: 0 })),
});

export const setPlace = (draft: Draft, index: number, change: Partial<Preset>): Draft =>
	({ ...draft, presets: draft.presets.map((preset, i) => i === index ? { ...preset, ...change } : preset) });

export function addPlace(draft: Draft): Draft {
	const { width, height } = draft.video, step = draft.presets.length % 8;
	const place = { ...nobody, x: even(width * (0.05 + 0.05 * step)), y: even(height * (0.05 + 0.05 * step)),
		width: even(width * 0.3), height: even(height * 0.3), render: 0, input: 0,
		z: Math.max(0, ...draft.presets.map(preset => preset.z + 1)) };
	return { ...draft, presets: [...draft.presets, place] };
}

export const removePlace = (draft: Draft, index: number): Draft =>
	({ ...draft, presets: draft.presets.filter((_, i) => i !== index) });

/** The places from the back to the front, by their indexes. */
export const inOrder = (presets: Preset[]) => presets.map((_, i) => i).sort((a, b) => presets[a].z - presets[b].z || a - b);

/** A place one step (1, -1) or all the way (Infinity, -Infinity) to the front or back. */
export function reordered(draft: Draft, index: number, by: number): Draft {
	const order = inOrder(draft.presets), from = order.indexOf(index);
	const to = Math.max(0, Math.min(order.length - 1, from + by));
	order.splice(to, 0, ...order.splice(from, 1));
	return { ...draft, presets: draft.presets.map((preset, i) => ({ ...preset, z: order.indexOf(i) })) };
}
