// SPDX-License-Identifier: GPL-3.0-or-later
// The little state that pages share, and polling.
import { useEffect, useRef, useState } from 'preact/hooks';

/** A value that components can follow. */
export function signalState<T>(initial: T) {
	let value = initial;
	const followers = new Set<() => void>();
	return {
		get: () => value,
		set(next: T) {
			value = next;
			for (const follow of [...followers]) follow();
		},
		/** In a component: the value, and to be drawn again when it changes. */
		use(): T {
			const [, redraw] = useState(0);
			useEffect(() => {
				const follow = () => redraw(n => n + 1);
				followers.add(follow);
				return () => { followers.delete(follow); };
			}, []);
			return value;
		},
	};
}

/** Ask again and again while the component is there. `again()` asks at once. An error keeps the last answer. */
export function usePolled<T>(ask: () => Promise<T>, every_ms: number, key: unknown = null) {
	const [data, setData] = useState<T>();
	const [error, setError] = useState<Error>();
	const round = useRef(0);
	const now = useRef(() => {});
	useEffect(() => {
		const mine = ++round.current;
		let timer = 0;
		const turn = async () => {
			clearTimeout(timer);
			try {
				const answer = await ask();
				if (mine !== round.current) return;
				setData(answer);
				setError(undefined);
			} catch (problem) {
				if (mine !== round.current) return;
				setError(problem as Error);
			}
			timer = window.setTimeout(turn, document.hidden ? every_ms * 5 : every_ms);
		};
		now.current = turn;
		void turn();
		return () => { round.current++; clearTimeout(timer); };
	}, [key]);
	return { data, error, again: () => now.current() };
}

/** What the address names after the '#', and to be drawn again when it changes. */
export function useAddress(): string {
	const [address, setAddress] = useState(location.hash);
	useEffect(() => {
		const follow = () => setAddress(location.hash);
		addEventListener('hashchange', follow);
		return () => removeEventListener('hashchange', follow);
	}, []);
	return address;
}

/** What the browser remembers; within another page it may not be allowed to. */
export function remembered(key: string): string | null {
	try {
		return localStorage.getItem(key);
	} catch {
		return null;
	}
}
export function remember(key: string, value: string) {
	try {
		localStorage.setItem(key, value);
	} catch { /* then it is forgotten */ }
}
