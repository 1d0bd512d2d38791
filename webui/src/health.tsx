// SPDX-License-Identifier: GPL-3.0-or-later
import { api, type Engine } from './api';
import { bytes, duration, time } from './format';
import { t } from './i18n';
import { Network } from './network';
import { Problem } from './parts';
import { usePolled } from './state';

const percent = (share: number) => `${Math.round(share * 100)} %`;
/** A share as a length of CSS, which knows no blank; at most the whole bar. */
const part = (share: number) => `${Math.min(share, 1) * 100}%`;

/** What is used of one kind of work; nothing was measured of an engine that never opened. */
function Work({ used, capacity }: { used: number; capacity: number }) {
	return <td>
		<div class="bar"><i style={{ width: part(capacity && used / capacity) }} /></div>
		<small title={t('workUnit')}>{used.toFixed(1)} / {capacity ? capacity.toFixed(0) : '–'}</small>
	</td>;
}

function EngineRow({ engine }: { engine: Engine }) {
	return <tr>
		<td><b>{engine.name}</b> {engine.device}<br /><small>{engine.vendor}</small></td>
		<td>
			<span class={`state ${engine.state}`}>{t(`state.${engine.state}`)}</span>
			{engine.losses > 0 && <><br /><small>{engine.losses} {t('lossesOf')}</small></>}
		</td>
		<td>
			<div class="bar limit">
				<i class={engine.load > engine.max_load ? 'bad' : ''} style={{ width: part(engine.load) }} />
				<u style={{ left: part(engine.max_load) }} title={`${t('loadLimit')}: ${percent(engine.max_load)}`} />
			</div>
			<small>{percent(engine.load)}</small>
		</td>
		<Work used={engine.used.decode} capacity={engine.capacity.decode} />
		<Work used={engine.used.compose} capacity={engine.capacity.compose} />
		<Work used={engine.used.encode} capacity={engine.capacity.encode} />
		<td class="number">{engine.mixes}</td>
		<td class="number">{engine.faults}</td>
	</tr>;
}

export function HealthPage() {
	const { data, error } = usePolled(api.health, 2000);
	if (!data)
		return error ? <Problem error={error} /> : null;
	const used = data.disk ? 1 - data.disk.free_bytes / data.disk.total_bytes : 0;
	const facts: [string, string | number | undefined][] = [
		[t('version'), data.version], [t('uptime'), data.uptime_s === undefined ? undefined : duration(data.uptime_s * 1000)],
		[t('rooms'), data.rooms], [t('users'), data.users], [t('mixes'), data.mixes],
		[t('viewersNow'), data.viewers], [t('recordingsNow'), data.recordings],
	];
	return <section>
		<h1>{data.name}</h1>
		{error && <Problem error={error} />}
		<p class={`notice ${data.status === 'ok' ? 'good' : 'bad'}`}>{data.status === 'ok' ? t('statusOk') : t('statusDegraded')}</p>
		<div class="facts">{facts.map(([name, value]) => <div key={name}><b>{value}</b><span>{name}</span></div>)}</div>
		<h2>{t('processes')}</h2>
		<table><tbody>{data.processes?.map(process => <tr key={process.name}>
			<td>tessera-{process.name}</td>
			<td><span class={`state ${process.up ? 'running' : 'error'}`}>{process.up ? t('up') : t('away')}</span></td>
			<td>{process.since && `${t('since')} ${time(process.since)}`}</td>
		</tr>)}</tbody></table>
		{!!data.engines?.length && <>
			<h2>{t('engines')}</h2>
			<table class="engines">
				<thead><tr>
					<th>{t('engine')}</th><th>{t('state')}</th><th>{t('load')}</th><th>{t('decoding')}</th><th>{t('composing')}</th>
					<th>{t('encoding')}</th><th class="number">{t('mixes')}</th><th class="number">{t('faults')}</th>
				</tr></thead>
				<tbody>{data.engines.map(engine => <EngineRow key={engine.name + engine.device} engine={engine} />)}</tbody>
			</table>
		</>}
		{!!data.net?.length && <Network queues={data.net} />}
		{data.disk && <>
			<h2>{t('disk')}</h2>
			<div class="bar wide"><i class={used > 0.9 ? 'bad' : ''} style={{ width: `${used * 100}%` }} /></div>
			<p>{bytes(data.disk.free_bytes)} {t('free')} {bytes(data.disk.total_bytes)}</p>
		</>}
	</section>;
}
