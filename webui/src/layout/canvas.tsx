// SPDX-License-Identifier: GPL-3.0-or-later
// The canvas with its tiles, as the box would draw them; rectangles that the operator gives are moved here by pointer and keys.
import { useRef, useState } from 'preact/hooks';
import type { Rect } from '../api';
import { t } from '../i18n';
import { type Grip, type Guides, moved } from './snap';

/** Something on the canvas. With `edit` it can be moved. */
export interface Item extends Rect {
	key: string;
	name: string;
	detail: string;
	kind: 'user' | 'kept' | 'free' | 'sound' | 'mark';
	z: number;
	bad?: boolean;
	image?: string; // the address of a still picture, which fills it
	edit?: Edit;
}
export interface Edit {
	selected: boolean;
	others: Rect[];
	select: () => void;
	change: (rect: Rect) => void;
	raise?: (by: number) => void;
	remove?: () => void;
}

const snap_px = 8;
const grips: [string, Grip][] = [
	['nw', { x: -1, y: -1 }], ['n', { x: 0, y: -1 }], ['ne', { x: 1, y: -1 }], ['e', { x: 1, y: 0 }],
	['se', { x: 1, y: 1 }], ['s', { x: 0, y: 1 }], ['sw', { x: -1, y: 1 }], ['w', { x: -1, y: 0 }],
];
const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The same user has the same colour wherever the tile is. */
function hue(name: string) {
	let sum = 0;
	for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) % 3600;
	return sum * 137 % 360;
}

export function Canvas({ width, height, background, image, items, stale }: {
	width: number; height: number; background: number; image?: string; items: Item[]; stale: boolean;
}) {
	const element = useRef<HTMLDivElement>(null);
	const [guides, setGuides] = useState<Guides>({});
	return <div class={`canvas ${stale ? 'stale' : ''}`} ref={element} role="group" aria-label={`${t('canvas')}, ${width} × ${height}`}
		style={{ aspectRatio: `${width} / ${height}`, maxWidth: `calc(72vh * ${width / height})`, background: `#${background.toString(16).padStart(6, '0')}` }}>
		{image && <img class="backdrop" src={image} alt="" />}
		{items.map(item => <Tile key={item.key} item={item} width={width} height={height} onGuides={setGuides}
			scale={() => width / element.current!.clientWidth} />)}
		{guides.x !== undefined && <i class="guide upright" style={{ left: `${guides.x / width * 100}%` }} />}
		{guides.y !== undefined && <i class="guide" style={{ top: `${guides.y / height * 100}%` }} />}
	</div>;
}

function Tile({ item, width, height, scale, onGuides }: {
	item: Item; width: number; height: number; scale: () => number; onGuides: (guides: Guides) => void;
}) {
	const { edit } = item;
	const drag = useRef<{ pointer: number; grip: Grip; x: number; y: number; from: Rect } | null>(null);
	const style = {
		left: `${item.x / width * 100}%`, top: `${item.y / height * 100}%`, zIndex: item.z + 1,
		width: `${item.width / width * 100}%`, height: `${item.height / height * 100}%`, '--hue': hue(item.name),
	};
	const numbers = `${item.width} × ${item.height}`;
	const label = `${item.name}${item.detail && `, ${item.detail}`}, ${numbers}, ${t('left')} ${item.x}, ${t('top')} ${item.y}`;
	const data = { 'data-tile': item.key, 'data-user': item.name, 'data-rect': `${item.x},${item.y} ${item.width}x${item.height}` };
	const content = item.image ? <><img src={item.image} alt="" draggable={false} />{item.kind !== 'mark' && <span class="name"><b>{item.name}</b></span>}</> : <span class="name"><b>{item.name}</b>{item.detail && <small>{item.detail}</small>}<small class="numbers">{numbers}</small></span>;
	if (!edit)
		return <div class={`box ${item.kind}`} style={style} role="img" aria-label={label} {...data}>{content}</div>;

	const begin = (event: PointerEvent, grip: Grip) => {
		if (event.button !== 0) return;
		event.stopPropagation();
		edit.select();
		const target = event.currentTarget as HTMLElement;
		target.closest<HTMLElement>('.box')!.focus({ preventScroll: true });
		target.setPointerCapture(event.pointerId);
		event.preventDefault();
		drag.current = { pointer: event.pointerId, grip, x: event.clientX, y: event.clientY, from: { x: item.x, y: item.y, width: item.width, height: item.height } };
	};
	const move = (event: PointerEvent) => {
		const { current } = drag;
		if (!current || event.pointerId !== current.pointer) return;
		const per_px = scale();
		const by = { x: (event.clientX - current.x) * per_px, y: (event.clientY - current.y) * per_px };
		// a press with a trembling hand is no move
		if (Math.hypot(event.clientX - current.x, event.clientY - current.y) < 3) return;
		const to = moved(current.from, by, current.grip, { width, height }, edit.others, event.altKey ? 0 : snap_px * per_px);
		onGuides(to.guides);
		edit.change(to.rect);
	};
	const end = () => {
		drag.current = null;
		onGuides({});
	};
	const key = (event: KeyboardEvent) => {
		const arrow = arrows[event.key];
		if (event.key === 'Escape' && drag.current) {
			edit.change(drag.current.from);
			end();
		} else if (arrow) {
			const step = event.ctrlKey ? 20 : 2;
			edit.change(moved(item, { x: arrow[0] * step, y: arrow[1] * step },
				event.shiftKey ? { x: arrow[0] ? 1 : 0, y: arrow[1] ? 1 : 0 } : { x: 0, y: 0 }, { width, height }, [], 0).rect);
		} else if (event.key === 'PageUp' && edit.raise) edit.raise(1);
		else if (event.key === 'PageDown' && edit.raise) edit.raise(-1);
		else if (event.key === 'Delete' && edit.remove) edit.remove();
		else if (event.key === 'Enter' || event.key === ' ') edit.select();
		else return;
		event.preventDefault();
	};
	const handlers = { onPointerMove: move, onPointerUp: end, onPointerCancel: end };
	return <div class={`box movable ${item.kind} ${edit.selected ? 'selected' : ''} ${item.bad ? 'bad' : ''}`} style={style} {...data}
		tabIndex={0} role="button" aria-pressed={edit.selected} aria-label={label} aria-describedby="layout-keys"
		onFocus={edit.select} onKeyDown={key} onPointerDown={event => begin(event, { x: 0, y: 0 })} {...handlers}>
		{content}
		{edit.selected && grips.map(([name, grip]) => <i key={name} class={`grip ${name}`} onPointerDown={event => begin(event, grip)} {...handlers} />)}
	</div>;
}
