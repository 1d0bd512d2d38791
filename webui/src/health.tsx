// SPDX-License-Identifier: GPL-3.0-or-later
import { api } from './api';
import { bytes, duration, time } from './format';
import { t } from './i18n';
import { Network } from './network';
import { Problem } from './parts';
import { usePolled } from './state';

export function HealthPage() {
	const { data, error } = usePolled(api.health, 2000);
	if (!data)
		return error ? <Problem error={error} /> : null;
	const used = data.disk ? 1 - data.disk.free_bytes / data.disk.total_bytes : 0;
	const facts: [string, string | number | undefined][] = [
		[t('version'), data.version], [t('uptime'), data.uptime_s === undefined ? undefined : duration(data.uptime_s * 1000)],
		[t('engine'), data.engine || '–'], [t('rooms'), data.rooms], [t('users'), data.users], [t('mixes'), data.mixes],
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
		{!!data.net?.length && <Network queues={data.net} />}
		{data.disk && <>
			<h2>{t('disk')}</h2>
			<div class="bar wide"><i class={used > 0.9 ? 'bad' : ''} style={{ width: `${used * 100}%` }} /></div>
			<p>{bytes(data.disk.free_bytes)} {t('free')} {bytes(data.disk.total_bytes)}</p>
		</>}
	</section>;
}
