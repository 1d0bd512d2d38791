// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers and times for people.
export const bitrate = (bps: number) => bps >= 1e6 ? `${(bps / 1e6).toFixed(2)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;

export function bytes(n: number) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
	return `${i && n < 100 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

export function duration(ms: number) {
	const s = Math.round(ms / 1000), two = (n: number) => String(n).padStart(2, '0');
	return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

export const time = (text: string | null) => text ? new Date(text).toLocaleString() : '';
/** A level 0..1 as dB, no lower than -60. */
export const decibel = (level: number) => Math.max(-60, 20 * Math.log10(Math.max(level, 1e-6)));
