// SPDX-License-Identifier: GPL-3.0-or-later
// Moving and resizing a rectangle: to even pixels, inside the canvas, and to the edges that are near.
import type { Rect } from '../api';
import { even, MIN_EDGE } from './model';

export interface Size { width: number; height: number }
/** Which edges move: -1 the left or top one, 1 the right or bottom one, 0 neither; both 0: the whole moves. */
export interface Grip { x: -1 | 0 | 1; y: -1 | 0 | 1 }
/** Lines that the rectangle has been drawn to. */
export interface Guides { x?: number; y?: number }

const clamp = (n: number, low: number, high: number) => Math.max(low, Math.min(high, n));

/** Along one axis: of these positions of ours the one that is nearest to a line, if it is near. */
function nearest(positions: number[], lines: number[], reach: number) {
	let best: { by: number; line: number } | undefined;
	for (const position of positions)
		for (const line of lines)
			if (Math.abs(line - position) <= Math.abs(best?.by ?? reach))
				best = { by: line - position, line };
	return best;
}

function along(start: number, length: number, by: number, grip: number, size: number, lines: number[], reach: number) {
	const from = start + (grip <= 0 ? by : 0), to = start + length + (grip >= 0 ? by : 0);
	const positions = grip < 0 ? [from] : grip > 0 ? [to] : [from, to, (from + to) / 2];
	// the canvas before its tiles: two pixels beside a neighbour's edge are no harm, at the border they are seen
	const snap = reach ? nearest(positions, [0, size], reach) ?? nearest(positions, [size / 2, ...lines], reach) : undefined;
	const more = snap?.by ?? 0;
	if (grip === 0) {
		const at = clamp(even(from + more), 0, Math.max(0, size - length));
		return { at, length, line: snap?.line };
	}
	if (grip < 0) {
		const end = start + length, at = clamp(even(from + more), 0, Math.max(0, end - MIN_EDGE));
		return { at, length: end - at, line: snap?.line };
	}
	return { at: start, length: clamp(even(to + more - start), MIN_EDGE, Math.max(MIN_EDGE, size - start)), line: snap?.line };
}

/** `reach`: how near an edge draws, in pixels of the canvas; 0: not at all. */
export function moved(rect: Rect, by: { x: number; y: number }, grip: Grip, canvas: Size, others: Rect[], reach: number): { rect: Rect; guides: Guides } {
	const linesX = others.flatMap(other => [other.x, other.x + other.width]);
	const linesY = others.flatMap(other => [other.y, other.y + other.height]);
	const whole = grip.x === 0 && grip.y === 0;
	const keepX = grip.x === 0 && !whole, keepY = grip.y === 0 && !whole;
	const x = keepX ? { at: rect.x, length: rect.width, line: undefined } :
		along(rect.x, rect.width, by.x, grip.x, canvas.width, linesX, reach);
	const y = keepY ? { at: rect.y, length: rect.height, line: undefined } :
		along(rect.y, rect.height, by.y, grip.y, canvas.height, linesY, reach);
	return { rect: { x: x.at, y: y.at, width: x.length, height: y.length }, guides: { x: x.line, y: y.line } };
}
