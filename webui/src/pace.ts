// SPDX-License-Identifier: GPL-3.0-or-later
// How fast a live stream is played, so that the buffer becomes what the mode asks for.
export const modes = ['auto', 'fast', 'smooth'] as const;
export type Mode = typeof modes[number];

/** The least and the most that each mode keeps in the buffer; `fast` has less than a second. */
const bounds: Record<Mode, [number, number]> = { auto: [1, 5], fast: [0.3, 0.6], smooth: [5, 5] };
/** A buffer this much larger than it should be is jumped over rather than played faster. */
export const jump_s = 8;
/** `auto` tries with less after this long without a stall. */
const calm_ms = 30000;

/** How fast to play, and how much to keep, by what there is: http-flv alone, hls.js does this itself. */
export class Pace {
	aim: number;
	private calm_since = 0;
	private hurrying = false;
	constructor(private mode: Mode) { this.aim = bounds[mode][0]; }

	stalled(now_ms: number) {
		this.calm_since = now_ms;
		this.aim = Math.min(bounds[this.mode][1], this.aim + (this.mode === 'auto' ? 1 : 0));
	}

	/** The playback rate; null: jump to the aim. */
	rate(buffer_s: number, now_ms: number): number | null {
		const [least, most] = bounds[this.mode];
		if (this.mode === 'auto' && now_ms - this.calm_since > calm_ms) {
			this.calm_since = now_ms;
			this.aim = Math.max(least, this.aim - 0.5);
		}
		const high = this.mode === 'fast' ? most : this.aim + 0.5;
		if (buffer_s > high + jump_s) return null;
		// up to the limit nothing is done, then all of it
		this.hurrying = buffer_s > (this.hurrying ? (this.aim + high) / 2 : high);
		if (this.hurrying) return buffer_s > high + 2 ? 1.5 : this.mode === 'fast' ? 1.25 : 1.1;
		// what is missing is gathered by playing slower, so that the first picture is there at once
		if (this.mode !== 'fast' && buffer_s < this.aim - 0.3) return buffer_s < this.aim - 2 ? 0.9 : 0.95;
		return 1;
	}
}
