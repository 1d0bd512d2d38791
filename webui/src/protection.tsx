// SPDX-License-Identifier: GPL-3.0-or-later
// Who may watch an application's live streams: play and push domains with their keys, rules for all of them.
import { useState } from 'preact/hooks';
import { api, type Application, type Domain, type LiveRules } from './api';
import { t } from './i18n';
import { Dialog, Field, Form, Problem } from './parts';
import { usePolled } from './state';

export function ProtectionDialog({ app, onClose }: { app: Application; onClose: () => void }) {
	const domains = usePolled(() => api.domains(app.id), 3600000);
	const rules = usePolled(() => api.liveRules(app.id), 3600000);
	const [changing, setChanging] = useState<Domain>();
	const [problem, setProblem] = useState<Error>();
	const error = problem ?? domains.error ?? rules.error;
	const guard = (action: () => Promise<unknown>) => () => { setProblem(undefined); action().then(domains.again, setProblem); };
	return <Dialog title={t('protection')} onClose={onClose} wide>
		{error && <Problem error={error} />}
		<h3>{t('domains')}</h3>
		<p class="hint">{t('domainsHint')}</p>
		{domains.data && domains.data.length > 0 && <table>
			<thead><tr><th>{t('domain')}</th><th>{t('domainKind')}</th><th>{t('guarded')}</th><th /></tr></thead>
			<tbody>{domains.data.map(domain => <tr key={`${domain.kind}/${domain.name}`}>
				<td><code>{domain.name}</code></td>
				<td>{t(domain.kind === 'play' ? 'domainPlay' : 'domainPush')}</td>
				<td>{domain.enabled ? t('protectedByKey') : t('unprotected')}</td>
				<td><div class="buttons">
					<button class="plain" onClick={guard(async () => setChanging(await api.domain(app.id, domain)))}>{t('keys')} …</button>
					<button class="plain" onClick={guard(async () => {
						if (confirm(`${domain.name}\n${t('confirmDeleteDomain')}`)) await api.deleteDomain(app.id, domain);
					})}>{t('remove')}</button>
				</div></td>
			</tr>)}</tbody>
		</table>}
		{changing && <DomainForm key={`${changing.kind}/${changing.name}`} app={app} domain={changing} onClose={() => { setChanging(undefined); domains.again(); }} />}
		<Form key={domains.data?.length ?? 0} submit={t('addDomain')} onSubmit={async ({ name, kind }) => {
			await api.addDomain(app.id, kind as Domain['kind'], name.trim().toLowerCase());
			domains.again();
		}}>
			<Field label={t('domain')} name="name" maxLength={253} required placeholder="play.example.com" autoComplete="off" spellCheck={false} />
			<label class="field"><span>{t('domainKind')}</span><select name="kind">
				<option value="play">{t('domainPlay')}</option><option value="push">{t('domainPush')}</option></select></label>
		</Form>
		{rules.data && <Rules app={app} rules={rules.data} onClose={onClose} />}
	</Dialog>;
}

function DomainForm({ app, domain, onClose }: { app: Application; domain: Domain; onClose: () => void }) {
	return <div class="domain"><Form submit={t('save')} cancel={onClose} onSubmit={async values => {
		await api.changeDomain(app.id, domain, {
			enabled: values.enabled === 'on', key: values.key, back_key: values.back_key, delta_s: Number(values.delta_s) });
		onClose();
	}}>
		<h3><code>{domain.name}</code> {t(domain.kind === 'play' ? 'domainPlay' : 'domainPush')}</h3>
		<label class="field"><span>{t('guarded')}</span><span><input type="checkbox" name="enabled" defaultChecked={domain.enabled} /> {t('protectedByKey')}</span></label>
		<Field label={t('authKey')} name="key" maxLength={255} autoComplete="off" spellCheck={false} defaultValue={domain.key} />
		<Field label={t('authBackKey')} name="back_key" maxLength={255} autoComplete="off" spellCheck={false} defaultValue={domain.back_key} />
		<Field label={t('authDelta')} name="delta_s" type="number" min={0} max={315360000} required defaultValue={domain.delta_s} />
		<p class="hint">{t('authHint')}</p>
	</Form></div>;
}

const lines = (text: string) => text.split(/[\s,]+/).filter(Boolean);

function Rules({ app, rules, onClose }: { app: Application; rules: LiveRules; onClose: () => void }) {
	const list = (name: 'referrers' | 'ip_allow' | 'ip_deny' | 'origins', label: string, placeholder: string) =>
		<label class="field"><span>{label}</span>
			<textarea name={name} rows={2} placeholder={placeholder} spellcheck={false} defaultValue={rules[name].join('\n')} /></label>;
	return <Form submit={t('save')} cancel={onClose} onSubmit={async values => {
		await api.changeLiveRules(app.id, {
			referrer_mode: values.referrer_mode as LiveRules['referrer_mode'], referrer_empty: values.referrer_empty === 'on',
			referrers: lines(values.referrers), ip_allow: lines(values.ip_allow), ip_deny: lines(values.ip_deny), origins: lines(values.origins),
			max_viewers: Number(values.max_viewers), max_stream_viewers: Number(values.max_stream_viewers),
		});
		onClose();
	}}>
		<h3>{t('liveRules')}</h3>
		<p class="hint">{t('liveRulesHint')}</p>
		<label class="field"><span>{t('referrerMode')}</span><select name="referrer_mode">
			{(['off', 'allow', 'deny'] as const).map(mode =>
				<option key={mode} value={mode} selected={rules.referrer_mode === mode}>{t(`referrer_${mode}`)}</option>)}
		</select></label>
		{list('referrers', t('referrers'), '*.example.com')}
		<label class="field"><span>{t('referrerEmpty')}</span><span><input type="checkbox" name="referrer_empty" defaultChecked={rules.referrer_empty} /> {t('mayWatch')}</span></label>
		{list('ip_allow', t('ipAllow'), '10.0.0.0/8')}
		{list('ip_deny', t('ipDeny'), '192.0.2.0/24')}
		{list('origins', t('origins'), 'https://www.example.com')}
		<Field label={t('maxViewers')} name="max_viewers" type="number" min={0} max={1000000} required defaultValue={rules.max_viewers} />
		<Field label={t('maxStreamViewers')} name="max_stream_viewers" type="number" min={0} max={1000000} required defaultValue={rules.max_stream_viewers} />
	</Form>;
}
