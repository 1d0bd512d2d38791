// SPDX-License-Identifier: GPL-3.0-or-later
// Who may watch the stream "show" of a running box: domains and their keys set by the official cloud SDK, rules and limits set by the
// admin API; ffmpeg and curl-like requests watch. Part of live.test.mjs, whose box it uses.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { ffprobe, mixParameters, until } from './box.mjs';

const domain = 'play.example', key = 'ffmpeg1key';
const sign = (name, seconds = 60, by = key) => {
	const time = (Math.floor(Date.now() / 1000) + seconds).toString(16).toUpperCase();
	return `txSecret=${crypto.createHash('md5').update(by + name + time).digest('hex')}&txTime=${time}`;
};

/** The status of a request that says it is for `host`; what is played is let go of. */
const statusOf = (url, headers = {}) => new Promise((done, fail) => {
	const request = http.get(url, { headers }, answer => {
		done({ status: answer.statusCode, headers: answer.headers });
		request.destroy();
	});
	request.on('error', fail);
});

/** `setUp()` gives { box, app }, once before() has run. */
export function protectTests(setUp) {
	test('who may watch: keys by the cloud SDK, 403 without the right, rules, limits, kick', { timeout: 120000 }, async () => {
		const { box, app } = setUp();
		const live = box.cloud(app.key, { product: 'live', version: '2018-08-01' });
		const rejected = code => error => error.code === code || assert.fail(`${error.code}: ${error.message}`);
		const rules = change => box.api('PATCH', `/applications/${app.id}/live`, change);
		const stream = async () => (await box.api('GET', '/streams')).streams.find(one => one.name === 'show');
		const plain = (await stream()).flv_url, rtmp = (await stream()).rtmp_url, hls = (await stream()).hls_url;
		const told = (condition, what) => until(what, condition);

		// the states of the stream, by the SDK
		const place = { AppName: 'live', DomainName: 'push.example', StreamName: 'show' };
		assert.equal((await live.DescribeLiveStreamState(place)).StreamState, 'active');
		assert.equal((await live.DescribeLiveStreamState({ ...place, StreamName: 'none' })).StreamState, 'inactive');
		const online = await live.DescribeLiveStreamOnlineList({ PageSize: 10 });
		assert.equal(online.TotalNum, 1);
		assert.equal(online.OnlineInfo[0].StreamName, 'show');
		assert.match(online.OnlineInfo[0].PublishTimeList[0].PublishTime, /^20\d\d-.*Z$/);

		// what a user sends is a stream too, until it is dropped; he stays
		const own = { ...place, StreamName: `${app.id}_1_alice_main` };
		await box.api('PATCH', `/applications/${app.id}`, { live_all: true });
		await told(async () => (await live.DescribeLiveStreamState(own)).StreamState === 'active', 'the own stream of the user');
		assert.equal((await live.DescribeLiveStreamOnlineList({ StreamName: own.StreamName })).TotalNum, 1);
		const address = (await box.api('GET', '/streams')).streams.find(one => one.name === own.StreamName).flv_url;
		await told(async () => (await statusOf(address)).status === 200, 'it to be watched');
		await live.DropLiveStream(own);
		assert.equal((await live.DescribeLiveStreamState(own)).StreamState, 'inactive');
		await told(async () => (await statusOf(address)).status === 404, 'it to be gone');
		assert.equal((await box.api('GET', `/applications/${app.id}/rooms/1`)).users.length, 1);
		await box.api('PATCH', `/applications/${app.id}`, { live_all: false });

		// a domain is there by the admin API, its keys by the SDK
		await assert.rejects(live.DescribeLivePlayAuthKey({ DomainName: domain }), rejected('ResourceNotFound.PlayDomainNoRecord'));
		await box.api('POST', `/applications/${app.id}/domains`, { kind: 'play', name: domain });
		await box.api('POST', `/applications/${app.id}/domains`, { kind: 'push', name: 'push.example' });
		assert.equal((await statusOf(plain)).status, 200);
		await live.ModifyLivePlayAuthKey({ DomainName: domain, Enable: 1, AuthKey: key, AuthBackKey: 'other', AuthDelta: 0 });
		assert.deepEqual((await live.DescribeLivePlayAuthKey({ DomainName: domain })).PlayAuthKeyInfo,
			{ DomainName: domain, Enable: 1, AuthKey: key, AuthDelta: 0, AuthBackKey: 'other' });
		await live.ModifyLivePushAuthKey({ DomainName: 'push.example', Enable: 1, MasterAuthKey: 'master' });
		assert.equal((await live.DescribeLivePushAuthKey({ DomainName: 'push.example' })).PushAuthKeyInfo.MasterAuthKey, 'master');
		await told(async () => (await statusOf(plain)).status === 403, 'the key to be asked for');
		for (const host of [domain, `${domain}:8088`, '127.0.0.1'])
			for (const [query, status] of [['', 403], [`?${sign('show')}`, 200], [`?a=1&${sign('show', 60, 'other')}`, 200], [`?${sign('show', -5)}`, 403],
				[`?${sign('another')}`, 403]])
				assert.equal((await statusOf(plain + query, { Host: host })).status, status, `${host} ${query}`);
		assert.equal((await statusOf(hls)).status, 403);

		// the real thing: pictures with the right, none without, by each protocol
		for (const [url, refusal] of [[plain, /403/], [rtmp, /Not allowed|Failed/], [hls, /403/]]) {
			const refused = spawnSync('ffmpeg', ['-v', 'error', '-i', url, '-f', 'null', '-'], { encoding: 'utf8', timeout: 20000 });
			assert.notEqual(refused.status, 0, url);
			assert.match(refused.stderr, refusal);
			const watched = ffprobe(`${url}?${sign('show')}`, '-select_streams', 'v', '-show_streams', '-show_packets', '-read_intervals', '%+1');
			assert.equal(watched.streams[0].width, 640);
			assert.ok(watched.packets.length > 5, `${url}: ${watched.packets.length} pictures`);
		}
		// the box's own addresses bring the right with them
		assert.match((await stream()).flv_url, /\?txSecret=[0-9a-f]{32}&txTime=[0-9A-F]{8}$/);
		assert.equal((await statusOf((await stream()).flv_url)).status, 200);

		// rules; who watches already goes on
		const viewers = async () => (await box.api('GET', '/streams/show/viewers')).viewers.filter(one => one.protocol === 'flv');
		await told(async () => (await viewers()).length === 0, 'those from before to be gone');
		const player = spawn('ffmpeg', ['-v', 'error', '-i', `${plain}?${sign('show')}`, '-f', 'null', '-'], { stdio: 'ignore' });
		await told(async () => (await viewers())[0]?.bytes_sent > 10000, 'the viewer to be listed');
		const good = `${plain}?${sign('show', 600)}`;
		await rules({ referrer_mode: 'allow', referrers: ['*.example.com'], referrer_empty: false, origins: ['https://www.example.com'] });
		await told(async () => (await statusOf(good)).status === 403, 'the rules');
		assert.equal((await statusOf(good, { Referer: 'https://evil.example/' })).status, 403);
		const allowed = await statusOf(good, { Referer: 'https://www.example.com/page', Origin: 'https://www.example.com' });
		assert.deepEqual([allowed.status, allowed.headers['access-control-allow-origin']], [200, 'https://www.example.com']);
		await rules({ referrer_mode: 'off', origins: [], ip_deny: ['127.0.0.0/8'] });
		await told(async () => (await statusOf(good)).status === 403, 'the network to be denied');
		await rules({ ip_deny: [], max_stream_viewers: 1 });
		await told(async () => (await statusOf(good)).status === 503, 'the limit');
		assert.equal((await statusOf(good)).headers['retry-after'], '10');
		assert.equal(player.exitCode, null);
		await rules({ max_stream_viewers: 0 });

		// who watches, and no more
		await told(async () => (await viewers()).length === 1, 'nobody else to be there');
		const [viewer] = await viewers();
		assert.equal(viewer.address, '127.0.0.1');
		assert.ok(Math.abs(Date.now() - Date.parse(viewer.since)) < 60000);
		await box.api('DELETE', `/streams/show/viewers/${viewer.id}`);
		await told(() => player.exitCode !== null, 'the viewer to be gone');
		await told(async () => (await viewers()).length === 0, 'nobody to be told of');
		const metrics = await fetch(`${box.url}/metrics`).then(answer => answer.text());
		for (const event of ['viewers_denied_secret', 'viewers_denied_referrer', 'viewers_denied_address', 'viewers_refused_stream'])
			assert.match(metrics, new RegExp(`event="${event}"\\} [1-9]`));
		await told(async () => (await box.api('GET', `/applications/${app.id}/usage`)).total.live_bytes >= viewer.bytes_sent, 'the traffic');
		const { total: used } = await box.api('GET', `/applications/${app.id}/usage`);
		assert.ok(used.mix_sd_ms > 5000, `${used.mix_sd_ms} ms of mixes`);

		// dropped by the SDK, and started again
		await live.DropLiveStream({ ...place, DomainName: 'push.example' });
		assert.equal((await live.DescribeLiveStreamState(place)).StreamState, 'inactive');
		await live.DropLiveStream({ ...place, DomainName: 'push.example' });
		await app.cloud.StartMCUMixTranscode(mixParameters(app, 1, { StreamId: 'show' }, { VideoWidth: 640, VideoHeight: 360, VideoBitrate: 600 }));
		await told(async () => (await live.DescribeLiveStreamState(place)).StreamState === 'active', 'the stream to be back');
		for (const [kind, name] of [['play', domain], ['push', 'push.example']])
			await box.api('DELETE', `/applications/${app.id}/domains/${kind}/${name}`);
		await told(async () => (await statusOf(plain)).status === 200, 'all to be open again');
	});
}
