// SPDX-License-Identifier: GPL-3.0-or-later
// The first picture of a late viewer, 300 ms after its request at most: its bytes at the socket, and decoded and shown by
// Chromium with the web player. Also the browser's own HLS. Tests of live.test.mjs, over its box and its mix.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mixParameters, until } from './box.mjs';

const goal_ms = 300;

/** Best of three, as the machine may be busy. */
async function bestOf(get) {
	const times = [];
	for (let i = 0; i < 3; i++) {
		const begun = performance.now();
		await get();
		times.push(performance.now() - begun);
	}
	return Math.min(...times);
}

async function flvPicture(mix) {
	const answer = await fetch(mix.flv_url);
	let data = Buffer.alloc(0);
	for await (const chunk of answer.body) {
		data = Buffer.concat([data, chunk]);
		for (let at = 13; at + 11 < data.length; at += data.readUIntBE(at + 1, 3) + 15)
			// a key frame that is whole, not a configuration
			if (data[at] === 9 && data[at + 11] === 0x17 && data[at + 12] === 1 && at + data.readUIntBE(at + 1, 3) + 15 <= data.length)
				return;
	}
	assert.fail('the stream ended');
}

async function hlsPicture(mix) {
	const list = await (await fetch(mix.hls_url)).text();
	const part = [...list.matchAll(/URI="([^"]+)",INDEPENDENT=YES/g)].pop()[1], init = /MAP:URI="([^"]+)"/.exec(list)[1];
	for (const name of [init, part]) {
		const answer = await fetch(new URL(name, mix.hls_url));
		assert.equal(answer.status, 200);
		assert.ok((await answer.arrayBuffer()).byteLength > 500);
	}
	return list;
}

/** In the page, before anything of it: when the first request for the stream was made, and when its first picture was shown. */
function watchPage() {
	const note = what => { window[what] ??= performance.now(); };
	const { fetch } = window, { open } = XMLHttpRequest.prototype, ask = HTMLVideoElement.prototype.requestVideoFrameCallback;
	const look = url => String(url?.url ?? url).includes('/live/') && note('asked_ms');
	window.fetch = (...all) => { look(all[0]); return fetch(...all); };
	XMLHttpRequest.prototype.open = function (method, url, ...more) { look(url); return open.call(this, method, url, ...more); };
	HTMLVideoElement.prototype.requestVideoFrameCallback = function (call) {
		return ask.call(this, (...all) => { note('shown_ms'); call(...all); });
	};
}

/** From the request to the picture, in ms: rounds of three viewers until the middle one of a round is in time, as the machine
 * may be busy for a while. The first viewer, for whom the browser starts its decoders, is told apart. */
async function shown(page, address) {
	const once = async () => {
		await page.goto(address);
		await page.waitForFunction(() => window.shown_ms && document.querySelector('.live-bar .first'), null, { timeout: 20000 });
		const took = await page.evaluate(() => window.shown_ms - window.asked_ms);
		// what the player says of itself is from before the request
		const said = Number(/\d+/.exec(await page.textContent('.live-bar .first'))[0]);
		assert.ok(took > 0 && said >= Math.floor(took), `the player says ${said} ms, it took ${took} ms`);
		return took;
	};
	const cold = await once();
	let times;
	for (let round = 0; round < 4; round++) {
		times = [await once(), await once(), await once()].sort((a, b) => a - b);
		if (times[1] <= goal_ms)
			break;
	}
	return { cold, times, text: `${times.map(time => time.toFixed(0)).join(', ')} ms, in a browser just started ${cold.toFixed(0)} ms` };
}

export function firstPictureTests(get) {
	test('a late viewer has its first picture at once, by http-flv and by HLS that nobody watched', { timeout: 30000 }, async () => {
		const { mix } = get(), flv = await bestOf(() => flvPicture(mix)), hls = await bestOf(() => hlsPicture(mix));
		console.log(`# first picture: http-flv ${flv.toFixed(0)} ms, HLS ${hls.toFixed(0)} ms`);
		assert.ok(flv <= goal_ms && hls <= goal_ms, `${flv} ms, ${hls} ms`);
	});

	test('and Chromium has decoded and shown it 300 ms after the player asked', { timeout: 120000 }, async () => {
		const { box, mix, browser } = get();
		const page = await browser.newPage({ viewport: { width: 820, height: 520 } });
		try {
			await page.addInitScript(watchPage);
			for (const [what, url] of [['http-flv', mix.flv_url], ['HLS', mix.hls_url]]) {
				const { times, text } = await shown(page, `${box.url}/player?src=${encodeURIComponent(url)}&mode=fast`);
				console.log(`# first picture by ${what}: ${text}`);
				assert.ok(times[1] <= goal_ms, `${what}: ${text}`);
			}
		} finally {
			await page.close();
		}
	});

	test('HLS of a stream that has just begun: a segment of what there is, which hls.js plays', { timeout: 60000 }, async () => {
		const { box, app, browser } = get();
		const erin = await box.publish(app, 3, 'erin', { size: '160x90' });
		// the next key frame is five seconds away
		await app.cloud.StartMCUMixTranscode(mixParameters(app, 3, { StreamId: 'young' }, { VideoWidth: 320, VideoHeight: 180, VideoBitrate: 100, VideoGop: 5 }));
		const page = await browser.newPage();
		try {
			const young = await until('the mix to run', async () => {
				const now = await box.api('GET', `/applications/${app.id}/rooms/3/mix`).catch(() => null);
				return now?.state === 'running' && now.frames > 15 && now;
			});
			const list = await hlsPicture(young);
			assert.equal(list.match(/#EXTINF/g)?.length, 1, list);
			await page.goto(`${box.url}/player?src=${encodeURIComponent(young.hls_url)}&mode=fast`);
			await page.waitForSelector('.live-bar .first', { timeout: 20000 });
			await until('it to play on', () => page.$eval('video', video => video.currentTime > 1));
		} finally {
			await page.close();
			await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: 3 });
			erin.process.kill('SIGKILL');
			await box.api('DELETE', `/applications/${app.id}/rooms/3/users/erin`);
		}
	});

	test("the browser's own HLS plays where there is no hls.js", { timeout: 60000 }, async () => {
		const { box, mix, browser } = get();
		const page = await browser.newPage({ viewport: { width: 820, height: 520 } });
		try {
			await page.addInitScript(() => { delete window.MediaSource; delete window.ManagedMediaSource; });
			await page.goto(`${box.url}/player?src=${encodeURIComponent(mix.hls_url)}`);
			await page.waitForSelector('.live-bar .first', { timeout: 20000 });
			const [src, width, time] = await page.$eval('video', video => [video.src, video.videoWidth, video.currentTime]);
			assert.deepEqual([src, width], [mix.hls_url, 640]);
			assert.ok(Number(/[\d.]+/.exec(await page.textContent('.live-bar .buffer'))[0]) > 0);
			await until('it to play on', () => page.$eval('video', (video, begun) => video.currentTime > begun + 1, time), 20000);
		} finally {
			await page.close();
		}
	});
}
