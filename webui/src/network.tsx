// SPDX-License-Identifier: GPL-3.0-or-later
import { useRef } from 'preact/hooks';
import type { NetQueue } from './api';
import { bitrate } from './format';
import { t } from './i18n';

interface Rate { rx: number; tx: number; packets: number; cpu: number }
const none: Rate = { rx: 0, tx: 0, packets: 0, cpu: 0 };

/** Between two looks at a port; nothing after it has begun to count anew. */
export function rateOf(before: NetQueue | undefined, now: NetQueue): Rate {
	const us = before ? now.at_us - before.at_us : 0;
	if (!before || us <= 0 || now.rx_bytes < before.rx_bytes || now.cpu_us < before.cpu_us) return none;
	return {
		rx: (now.rx_bytes - before.rx_bytes) * 8e6 / us, tx: (now.tx_bytes - before.tx_bytes) * 8e6 / us,
		packets: (now.rx_packets - before.rx_packets) * 1e6 / us, cpu: (now.cpu_us - before.cpu_us) / us,
	};
}

/** What was dropped, by reason; reasons that never happened are left out. */
export const dropsOf = (queue: NetQueue) => Object.entries(queue)
	.filter(([name, value]) => name.includes('_dropped') && typeof value === 'number' && value > 0);

/** The ports of the media network. Rates are between this look and the one before. */
export function Network({ queues }: { queues: NetQueue[] }) {
	const last = useRef<{ queue: NetQueue; rate: Rate }[]>([]);
	const rows = queues.map((queue, i) => {
		const before = last.current[i];
		// looked at again before there was news: what it was
		return before && before.queue.at_us === queue.at_us ? before : { queue, rate: rateOf(before?.queue, queue) };
	});
	last.current = rows;
	return <>
		<h2>{t('network')}</h2>
		<table class="network">
			<thead><tr>
				<th>{t('port')}</th><th>{t('link')}</th><th>{t('receiving')}</th><th>{t('sending')}</th><th>CPU</th><th>{t('dropped')}</th>
			</tr></thead>
			<tbody>{rows.map(({ queue, rate }, i) => <tr key={i}>
				<td>{queue.net}</td>
				<td><span class={`state ${queue.link ? 'running' : 'error'}`}>{queue.link ? t('up') : t('away')}</span></td>
				<td>{bitrate(rate.rx)}, {Math.round(rate.packets)}/s</td>
				<td>{bitrate(rate.tx)}</td>
				<td>{Math.round(rate.cpu * 100)} %</td>
				<td>{dropsOf(queue).map(([name, count]) => <div key={name}>{name} {count as number}</div>)}</td>
			</tr>)}</tbody>
		</table>
	</>;
}
