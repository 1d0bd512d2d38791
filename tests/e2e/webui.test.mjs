// SPDX-License-Identifier: GPL-3.0-or-later
// The web UI in Chromium, as an operator uses it. Screenshots of each page stay in build/screenshots to be looked at.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Box, ffprobe, recordingOf, root, sleep, until } from './box.mjs';
import { startObjects } from './objects.mjs';

const shots = path.join(root, 'build/screenshots');
let box, dir, browser, page;
const complaints = [];
before(async () => {
	fs.mkdirSync(shots, { recursive: true });
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-webui-'));
	box = await Box.start(dir, { control: { callback_exclude: '', callback_retries: 0, callback_hours: 0 } });
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'] });
	page = await browser.newPage({ viewport: { width: 1360, height: 900 }, locale: 'en-GB' });
	page.on('pageerror', error => complaints.push(String(error)));
	page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
	page.setDefaultTimeout(15000);
});
after(async () => {
	await browser?.close();
	await box?.stop();
	fs.rmSync(dir, { recursive: true, force: true });
});
const shot = name => page.screenshot({ path: path.join(shots, `${name}.png`) });
const open = name => page.click(`nav a[href="#/${name}"]`);


const recordings = prefix => box.api('GET', `/recordings?prefix=${prefix}`).then(answer => answer.recordings[0]);

/** It plays more than a second, from now or from what it was told to go to. */
async function playing(selector, width, on = page, from = null) {
	await on.waitForSelector(selector);
	const first = from ?? await on.$eval(selector, video => video.currentTime);
	await on.waitForFunction(([s, w, t]) => {
		const video = document.querySelector(s);
		return video && video.videoWidth === w && video.currentTime > t + 1;
	}, [selector, width, first]);
}

/** Play from there, null: from where it is, to a time, or to the end. @return where that is, and the tones that were heard: [Hz, from, to] */
async function heard(selector, from, to, on = page) {
	const { rows, ...end } = await on.$eval(selector, async (video, [start, stop]) => {
		if (!video.analyser) {
			const sound = new AudioContext();
			video.analyser = sound.createAnalyser();
			sound.createMediaElementSource(video).connect(video.analyser).connect(sound.destination);
			video.analyser.fftSize = 4096;
			video.analyser.smoothingTimeConstant = 0;
		}
		const { analyser } = video, bins = new Float32Array(analyser.frequencyBinCount), rows = [], deadline = performance.now() + 30000;
		if (start !== null)
			video.currentTime = start;
		await video.play();
		while (!video.ended && video.currentTime < stop && performance.now() < deadline) {
			await new Promise(done => setTimeout(done, 50));
			analyser.getFloatFrequencyData(bins);
			const loudest = Math.max(...bins);
			if (loudest > -60)
				rows.push([Math.round(bins.indexOf(loudest) * analyser.context.sampleRate / 4096 / 100) * 100, video.currentTime]);
		}
		return { rows, ended: video.ended, time: video.currentTime };
	}, [from, to]);
	const tones = [], often = rows.reduce((all, [hz]) => all.set(hz, (all.get(hz) ?? 0) + 1), new Map());
	for (const [hz, time] of rows.filter(([hz]) => often.get(hz) >= 5)) { // without those of a change
		if (tones.at(-1)?.[0] !== hz)
			tones.push([hz, time, time]);
		tones.at(-1)[2] = time;
	}
	return { ...end, tones };
}

const still = 96 * 54;
/** All pictures of a file, or of what is given as such, small and grey. */
const stills = (file, input) => execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-vsync', 'passthrough', '-vf', 'scale=96:54,format=gray', '-f', 'rawvideo', '-'],
	{ input, maxBuffer: 1 << 28 });
const known = new Map(); // file -> its stills
/** What the player shows is the picture that the file has at this time, by its burnt-in clocks; `of` makes its time the file's, and the picture is taken
 * out of the element, whose shape may be another. */
async function shows(selector, file, on = page, of) {
	const shown = await on.$eval(selector, video => {
		video.pause();
		video.controls = false; // they lie over it
		return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(video.currentTime))));
	}), time = of ? of(shown) : shown;
	if (!known.has(file))
		known.set(file, stills(file));
	const seen = stills('-', of ? Buffer.from(await on.$eval(selector, video => {
		const canvas = document.createElement('canvas');
		[canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
		canvas.getContext('2d').drawImage(video, 0, 0);
		return canvas.toDataURL().split(',')[1];
	}), 'base64') : await on.locator(selector).screenshot()), all = known.get(file);
	const times = ffprobe(file, '-select_streams', 'v', '-show_entries', 'packet=pts_time').packets.map(packet => Number(packet.pts_time)).sort((a, b) => a - b);
	assert.equal(all.length / still, times.length);
	const differences = times.map((_, n) => seen.reduce((sum, value, i) => sum + Math.abs(value - all[n * still + i]), 0) / still);
	const best = differences.indexOf(Math.min(...differences));
	assert.ok(differences[best] < 8, `at ${time} s it is like no picture of the file: ${differences[best]}`);
	assert.ok(Math.abs(times[best] - time) < 0.3, `at ${time} s it shows the picture of ${times[best]} s`);
}

test('a wrong password is refused, the right one opens the rooms', async () => {
	await page.goto(box.url);
	await page.fill('input[name=password]', 'not the password');
	await page.click('button[type=submit]');
	await page.waitForSelector('[role=alert]');
	await shot('login');
	complaints.length = 0; // the browser logs the 401 itself
	await page.fill('input[name=password]', box.password);
	await page.click('button[type=submit]');
	await page.waitForSelector('nav');
	await page.waitForSelector('.empty');
});

test('an application with its API key', async () => {
	await open('applications');
	await page.click('h1 button');
	await page.fill('dialog input[name=name]', 'Concert hall');
	await page.fill('dialog input[name=description]', 'Live shows');
	await page.click('dialog button[type=submit]');
	await page.waitForSelector('.card h2:has-text("Concert hall")');
	await page.click('button:has-text("New API key")');
	await page.waitForSelector('dialog code');
	const codes = await page.locator('dialog code').allInnerTexts();
	assert.match(codes[0], /^AKID\w+/);
	assert.ok(codes[1].length >= 32);
	await page.click('dialog .close');
	await page.waitForSelector(`.keys code:has-text("${codes[0]}")`);
	assert.ok(!(await page.content()).includes(codes[1]), 'the secret is gone');
	await shot('applications');
	// a tick stays while other things are chosen
	await page.click('.live-settings summary');
	await page.check('.live-settings input[name=live_all]');
	await page.selectOption('.live-settings select', 'md5');
	await page.waitForSelector('.live-settings input[name=biz_id]');
	assert.ok(await page.isChecked('.live-settings input[name=live_all]'));
	await page.selectOption('.live-settings select', 'plain');
	await page.uncheck('.live-settings input[name=live_all]');
});

test('a picture is uploaded, looked at and deleted', async () => {
	await open('pictures');
	const png = path.join(dir, 'logo.png');
	execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', 'testsrc=size=320x180', '-frames:v', '1', png]);
	fs.writeFileSync(path.join(dir, 'not.png'), 'no picture');
	fs.writeFileSync(path.join(dir, 'large.png'), Buffer.alloc((2 << 20) + 1));
	await page.setInputFiles('.upload input', path.join(dir, 'large.png'));
	await page.waitForSelector('[role=alert]:has-text("2 MiB")');
	await page.setInputFiles('.upload input', path.join(dir, 'not.png'));
	await page.waitForSelector('[role=alert]:has-text("PNG, JPEG or BMP")');
	complaints.length = 0; // the browser logs the 400 itself
	await page.setInputFiles('.upload input', png);
	await page.waitForFunction(() => document.querySelector('.pictures img')?.naturalWidth === 320);
	assert.equal(await page.locator('[role=alert]').count(), 0);
	await shot('pictures');
	await page.click('.pictures .look');
	await page.waitForFunction(() => document.querySelector('dialog img.picture')?.naturalHeight === 180);
	await page.click('dialog .close');
	page.once('dialog', question => question.accept());
	await page.click('.pictures li div button');
	await page.waitForFunction(() => !document.querySelector('.pictures li'));
});

test('who may watch is set', async () => {
	await open('applications');
	await page.click('.card:has-text("Concert hall") button:has-text("Who may watch")');
	await page.fill('dialog input[name=name]', 'Play.Example.com');
	await page.click('dialog button:has-text("Add domain")');
	const row = 'dialog tr:has-text("play.example.com")';
	await page.click(`${row} button:has-text("Keys")`);
	assert.match(await page.inputValue('dialog input[name=key]'), /^[0-9a-f]{32}$/);
	await page.check('dialog input[name=enabled]');
	await page.fill('dialog input[name=back_key]', 'spare');
	await page.click('dialog .domain button:has-text("Save")');
	await page.waitForSelector(`${row}:has-text("signed addresses alone")`);
	// removed only after a question
	await page.fill('dialog input[name=name]', 'gone.example.com');
	await page.click('dialog button:has-text("Add domain")');
	const gone = 'dialog tr:has-text("gone.example.com")', questions = [];
	for (const answer of ['dismiss', 'accept']) {
		page.once('dialog', question => { questions.push(question.message()); question[answer](); });
		await page.click(`${gone} button:last-child`);
	}
	await page.waitForSelector(gone, { state: 'detached' });
	assert.ok(questions.length === 2 && questions.every(text => text.startsWith('gone.example.com\n')), String(questions));
	await page.selectOption('dialog select[name=referrer_mode]', 'allow');
	await page.fill('dialog textarea[name=referrers]', '*.example.com\nexample.org');
	await page.fill('dialog textarea[name=ip_deny]', '192.0.2.0/40');
	await page.fill('dialog input[name=max_stream_viewers]', '250');
	await page.click('dialog > form:last-of-type button:has-text("Save")');
	await page.waitForSelector('dialog [role=alert]:has-text("ip_deny")');
	complaints.length = 0; // the browser logs the 400 itself
	await page.fill('dialog textarea[name=ip_deny]', '192.0.2.0/24');
	await page.click(`${row} button:has-text("Keys")`);
	await page.waitForSelector('dialog .domain');
	await page.setViewportSize({ width: 1360, height: 1800 });
	await shot('who-may-watch');
	await page.setViewportSize({ width: 1360, height: 900 });
	await page.click('dialog > form:last-of-type button:has-text("Save")');
	await page.waitForSelector('dialog', { state: 'detached' });
	const { applications: [{ id }] } = await box.api('GET', '/applications');
	assert.deepEqual(await box.api('GET', `/applications/${id}/live`), { referrer_mode: 'allow', referrer_empty: true,
		referrers: ['*.example.com', 'example.org'], ip_allow: [], ip_deny: ['192.0.2.0/24'], origins: [], max_viewers: 0, max_stream_viewers: 250 });
	// the other tests watch from a page of the box
	await box.api('PATCH', `/applications/${id}/live`, { referrer_mode: 'off' });
	await page.evaluate(() => localStorage.setItem('language', 'zh'));
	await page.reload();
	await page.click('.card:has-text("Concert hall") button:has-text("播放权限")');
	await page.waitForSelector('dialog td:has-text("仅限签名地址")');
	await shot('who-may-watch-zh');
	await page.evaluate(() => localStorage.setItem('language', 'en'));
	await page.reload();
	await open('applications');
});

test('how the application records is set', async () => {
	await open('applications');
	await page.click('.card:has-text("Concert hall") button:has-text("Recording settings")');
	await page.fill('dialog input[name=area]', 'Archive');
	await page.click('dialog button:has-text("Add area")');
	await page.waitForSelector('dialog select[name=area] option:has-text("Archive")', { state: 'attached' });
	for (const format of ['hls', 'flv', 'aac'])
		await page.check(`dialog input[name=${format}]`);
	await page.fill('dialog input[name=retention_days]', '30');
	await page.fill('dialog input[name=split_minutes]', '121');
	await page.click('dialog button:has-text("Save")');
	assert.ok(await page.$('dialog input[name=split_minutes]:invalid'));
	await page.fill('dialog input[name=split_minutes]', '60');
	await page.fill('dialog input[name=callback_key]', 'Key123');
	await page.fill('dialog input[name=callback_url]', 'gopher://nowhere');
	await page.click('dialog button:has-text("Save")');
	await page.waitForSelector('dialog [role=alert]:has-text("callback_url")');
	await page.fill('dialog input[name=callback_url]', 'http://127.0.0.1:1/');
	await shot('record-settings');
	await page.click('dialog button:has-text("Save")');
	await page.waitForSelector('dialog', { state: 'detached' });
	complaints.length = 0; // the browser logs the 400 itself
	const [{ id }] = (await box.api('GET', '/applications')).applications;
	assert.deepEqual(await box.api('GET', `/applications/${id}/recording`), { mode: 'rest', formats: ['hls', 'mp4', 'flv', 'aac'], split_minutes: 60,
		retention_days: 30, resume_timeout_s: 0, area: null, callback_url: 'http://127.0.0.1:1/', callback_key: 'Key123' });
});

test('a user enters, publishers are seen, a mix is started and watched', { timeout: 90000 }, async () => {
	await open('rooms');
	await page.click('h1 button');
	await page.fill('dialog input[name=room]', '101');
	await page.fill('dialog input[name=user]', 'bad user!');
	await page.click('dialog button[type=submit]');
	assert.ok(await page.$('dialog input[name=user]:invalid'));
	await page.fill('dialog input[name=user]', 'guest');
	await page.click('dialog button[type=submit]');
	await page.waitForSelector('dialog pre:has-text("ffmpeg -re")');
	await shot('enter');
	await page.click('dialog .close');
	await page.waitForSelector('.users td:has-text("guest")');
	// by RTMP it is an address with a key; the user is there while a publisher is connected
	await page.click('h1 button');
	await page.fill('dialog input[name=room]', '101');
	await page.fill('dialog input[name=user]', 'caster');
	await page.fill('dialog input[name=stream_id]', 'casters');
	await page.selectOption('dialog select[name=protocol]', 'rtmp');
	await page.click('dialog button[type=submit]');
	await page.waitForSelector('dialog dd code:has-text("/101/caster?usersig=")');
	const [, address] = /"(rtmp:[^"]+)"/.exec(await page.textContent('dialog pre'));
	assert.match(address, /&stream_id=casters$/);
	await shot('enter_rtmp');
	await page.click('dialog .close');
	const caster = spawn('ffmpeg', ['-loglevel', 'quiet', '-nostdin', '-re', '-f', 'lavfi', '-i', 'testsrc=s=160x90:r=15', '-c:v', 'libx264', '-preset', 'ultrafast',
		'-pix_fmt', 'yuv420p', '-f', 'flv', address], { stdio: 'ignore' });
	await page.waitForSelector('.users td:has-text("caster") small:has-text("RTMP")');
	caster.kill('SIGKILL');
	await page.waitForFunction(() => !document.querySelector('.users')?.textContent.includes('caster'));

	const [{ id }] = (await box.api('GET', '/applications')).applications;
	for (let i = 0; i < 5; i++)
		await box.publish({ id }, 101, `singer${i + 1}`, { index: i, tone: 300 + 50 * i, size: '320x180' });
	await page.waitForFunction(() => document.querySelectorAll('.users .state.receiving').length === 5);
	await page.click('.users tr:has-text("guest") button:has-text("Leave")');
	await page.waitForFunction(() => !document.querySelector('.users')?.textContent.includes('guest'));

	// one of them in files of its own, without callbacks
	await box.api('PATCH', `/applications/${id}/recording`, { callback_url: '', resume_timeout_s: 20 });
	await page.click('.users tr:has-text("singer1") button:has-text("Record")');
	await page.waitForSelector('.users tr:has-text("singer1") button:has-text("Stop recording")');
	await box.api('PATCH', `/applications/${id}/recording`, { callback_url: 'http://127.0.0.1:1/', resume_timeout_s: 0 });

	await page.click('a.button:has-text("Start mix")');
	await page.fill('input[name=stream_id]', 'show');
	await page.fill('input[name=record_id]', 'evening');
	await page.selectOption('select[name=size]', '960x540');
	await page.click('.apply button[type=submit]');
	await page.click('h1 a:has-text("Rooms")');
	await page.waitForSelector('.mix-facts .state.running');
	await playing('.live video', 960);
	assert.equal(await page.locator('.live .tile').count(), 5);
	await page.waitForSelector('.mix-facts .rec');
	await sleep(3000);
	await shot('rooms');
	await page.click('.mix-facts .viewers');
	await page.waitForSelector('dialog table.viewers td:has-text("127.0.0.1")');
	await shot('viewers');
	await page.click('dialog .close');
	const size = await page.$eval('.live video', video => video.videoWidth / video.videoHeight);
	assert.ok(Math.abs(size - 16 / 9) < 0.01);
});

test('another layout while it runs', async () => {
	await page.click('a.button:has-text("Change mix")');
	await page.check('input[name=template][value="3"]', { force: true });
	await page.selectOption('select[name="layout.big.user"]', 'singer2/main');
	await page.selectOption('select[name="layout.small.user"]', 'singer1/main');
	await shot('layout');
	await page.click('.apply button[type=submit]');
	await page.waitForFunction(() => document.querySelectorAll('.live .tile').length === 2);
	const mix = await box.api('GET', `/applications/${(await box.api('GET', '/applications')).applications[0].id}/rooms/101/mix`);
	assert.deepEqual(mix.tiles.map(tile => [tile.user, tile.x, tile.width]), [['singer2', 0, 960], ['singer1', 700, 240]]);
	await playing('.live video', 960);
});

test('the same in Chinese', async () => {
	await page.click('h1 a:has-text("Rooms")');
	await page.click('header button:has-text("中文")');
	await page.waitForSelector('nav a:has-text("房间")');
	await page.waitForSelector('article.room');
	await shot('rooms-zh');
	await page.click('header button:has-text("English")');
});

test('a bad parameter is shown where it was given', async () => {
	await page.click('a.button:has-text("Change mix")');
	await page.fill('input[name=stream_id]', 'a b?');
	await page.click('.apply button[type=submit]');
	await page.waitForSelector('.apply [role=alert]');
	await page.waitForSelector('.field.refused:has(input[name=stream_id])');
	await page.click('h1 a:has-text("Rooms")');
	complaints.length = 0; // the browser logs the 400 itself
});

test('the recording is found and played', { timeout: 120000 }, async () => {
	// in mid-file, the picture of the one that is recorded alone gets another size, behind a break that is longer than silence is recorded
	const singer = box.publishers.find(publisher => publisher.user === 'singer1');
	singer.process.kill('SIGKILL');
	await sleep(4000);
	box.again(singer, { tone: 300, size: '240x320' });
	const [{ id }] = (await box.api('GET', '/applications')).applications;
	const own = () => recordings(`${id}_101_singer1_main`);
	await until('the other size', async () => (await own()).width === 240);
	const { duration_ms } = await own();
	await until('some seconds of it', async () => (await own()).duration_ms > duration_ms + 2500);
	await page.click('.users tr:has-text("singer1") button:has-text("Stop recording")');
	await page.waitForSelector('.users tr:has-text("singer1") button:text-is("● Record")');
	await page.click('button:has-text("Stop mix")');
	await recordingOf(box, 'evening');
	// meanwhile another one, of the sound alone; and one whose camera is off from 3 s to 7 s
	await box.api('POST', `/applications/${id}/rooms/101/mix`, { stream_id: 'talk', record_id: 'talk', record_audio_only: true });
	const off = path.join(dir, 'off.mkv');
	execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', `testsrc=s=320x180:r=15:d=9,hue=s=0,drawtext=text='%{n}':fontcolor=white:borderw=5:fontsize=h/2:x=w/4:y=h/4,select='lt(t,3)+gte(t,7)'`,
		'-f', 'lavfi', '-i', `aevalsrc='0.5*sin(2*PI*t*if(lt(t,3),400,if(lt(t,7),800,600)))':s=48000:d=9`, '-vsync', 'passthrough', '-pix_fmt', 'yuv420p',
		'-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-x264-params', 'repeat-headers=1:keyint=30', '-force_key_frames', '0,2,7',
		'-c:a', 'libopus', '-b:a', '32k', off]);
	const place = await box.api('POST', `/applications/${id}/rooms/102/users`, { user: 'walker', record_id: 'walk' });
	await box.api('PATCH', `/applications/${id}/recording`, { callback_url: '', resume_timeout_s: 20 });
	await box.api('POST', `/applications/${id}/rooms/102/users/walker/recording`, {});
	await box.api('PATCH', `/applications/${id}/recording`, { callback_url: 'http://127.0.0.1:1/', resume_timeout_s: 0 });
	const to = (target, type) => ['-map', `0:${type}`, '-c', 'copy', '-payload_type', target.payload_type, '-f', 'rtp',
		`rtp://${place.address}:${target.port}?rtcpport=${target.rtcp_port}&pkt_size=1200`].map(String);
	const walker = new Promise(done => spawn('ffmpeg', ['-v', 'error', '-nostdin', '-re', '-i', off, ...to(place.video, 'v'), ...to(place.audio, 'a')],
		{ stdio: 'ignore' }).once('exit', done));
	await open('recordings');
	await page.fill('.search input', 'even');
	await page.waitForSelector('tr:has-text("evening") .state.finished');
	const file = format => `.files li:has(b:text-is("${format}"))`;
	const { files } = await recordingOf(box, 'evening');
	const mp4 = `${dir}/recordings/${id}/${files.find(one => one.format === 'mp4').name}.mp4`;
	for (const [format, width] of [['MP4', 960], ['HLS', 960], ['FLV', 960], ['AAC', 0]]) {
		await page.click(`${file(format)} button:has-text("Play")`);
		await playing('dialog video', width);
		await shot(`player-${format.toLowerCase()}`);
		if (width)
			await shows('dialog video', mp4);
		await page.click('dialog .close');
		await page.waitForSelector('dialog', { state: 'detached' });
	}
	await shot('recordings');
	// HLS as the browser plays it by itself
	const { id: recording } = await recordingOf(box, 'evening');
	const bare = await browser.newPage();
	await bare.setContent(`<video src="${await box.api('GET', `/recordings/${recording}/files/${files.find(one => one.format === 'hls').id}`)}" muted autoplay></video>`);
	await playing('video', 960, bare);
	await bare.screenshot({ path: path.join(shots, 'player-hls-native.png') });
	await shows('video', mp4, bare);
	await bare.close();
	// the user's own, as it was sent
	await page.fill('.search input', `${id}_101_singer1_main`);
	await page.waitForSelector('tr:has-text("singer1") .state.finished');
	const { gaps: [gap] } = await own();
	for (const format of ['MP4', 'FLV']) {
		await page.click(`${file(format)} button:has-text("Play")`);
		await page.waitForFunction(() => document.querySelector('video')?.videoWidth === 320);
		assert.equal(await page.$eval('dialog video', video => video.videoHeight), 180);
		// towards the end; FLV from before the gap on, which has no pictures
		const from = await page.$eval('dialog video', (video, time) => (video.currentTime = time ?? video.duration - 4), format === 'FLV' ? gap.at_ms / 1000 - 0.5 : null);
		await playing('dialog video', 240, page, from);
		assert.equal(await page.$eval('dialog video', video => video.videoHeight), 320);
		await page.click('dialog .close');
		await page.waitForSelector('dialog', { state: 'detached' });
	}
	// HLS to its end, by hls.js and as the browser plays it by itself; where sound is alone the last picture stays, and what follows is right
	await walker;
	await box.api('DELETE', `/applications/${id}/rooms/102/users/walker/recording`);
	await box.api('DELETE', `/applications/${id}/rooms/102/users/walker`);
	for (const row of [await own(), await recordingOf(box, 'walk')]) {
		const own_mp4 = `${dir}/recordings/${id}/${row.files.find(one => one.format === 'mp4').name}.mp4`, walks = row.path.includes('walk');
		const playlist = await box.api('GET', `/recordings/${row.id}/files/${row.files.find(one => one.format === 'hls').id}`);
		const text = await (await fetch(playlist)).text();
		const length = [...text.matchAll(/#EXTINF:([\d.]+)/g)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
		if (walks) {
			await page.fill('.search input', 'walk');
			await page.waitForSelector('tr:has-text("singer1")', { state: 'detached' });
			await page.waitForSelector('tr:has-text("walk") .state.finished');
		}
		await page.click(`${file('HLS')} button:has-text("Play")`);
		const native = await browser.newPage();
		await native.goto(box.url);
		await native.evaluate(url => {
			document.body.innerHTML = '<video crossorigin="anonymous"></video>';
			document.querySelector('video').src = url;
		}, playlist);
		const silences = spawnSync('ffmpeg', ['-nostdin', '-i', own_mp4, '-vn', '-af', 'silencedetect=noise=-40dB:d=0.2', '-f', 'null', '-'], { encoding: 'utf8' });
		const back = Number([...silences.stderr.matchAll(/silence_end: ([\d.]+)/g)].at(-1)?.[1]); // where sound begins behind the break
		// players leave out what is missing, the MP4 does not
		const inFile = time => row.gaps.reduce((at, { at_ms, length_ms }) => at > at_ms / 1000 ? at + length_ms / 1000 : at, time);
		const listen = async (name, selector, on) => {
			const begin = await heard(selector, walks ? 1 : row.gaps[0].at_ms / 1000 - 1, walks ? 5.5 : 0, on);
			if (walks)
				await shows(selector, own_mp4, on, () => 2.9);
			const end = await heard(selector, null, Infinity, on);
			assert.ok(end.ended && Math.abs(end.time - length) < 0.3, `${name} ends at ${end.time} s, the playlist at ${length} s`);
			await on.screenshot({ path: path.join(shots, `player-hls-${walks ? 'camera-off' : 'size'}-${name}.png`) });
			const tones = [...begin.tones, ...end.tones], told = `${name} plays ${JSON.stringify(tones)}`;
			if (walks) {
				assert.deepEqual([...new Set(tones.map(([hz]) => hz))], [400, 800, 600], told);
				for (const [at, time] of [[tones.findLast(([hz]) => hz === 400)[2], 3], [tones.find(([hz]) => hz === 800)[1], 3],
					[tones.findLast(([hz]) => hz === 800)[2], 7], [tones.find(([hz]) => hz === 600)[1], 7]])
					assert.ok(Math.abs(at - time) < 0.5, told);
			} else {
				assert.ok(tones.some(([hz, begin]) => hz === 300 && Math.abs(inFile(begin) - back) < 0.5), `${told}, not from ${back} s of the file on: ${JSON.stringify(row.gaps)}`);
				assert.ok(tones.at(-1)[0] === 300 && tones.at(-1)[2] > length - 0.4, told);
			}
		};
		await Promise.all([['hls.js', 'dialog video', page], ['native', 'video', native]].map(async ([name, selector, on]) => {
			await on.waitForFunction(s => document.querySelector(s)?.videoWidth === 320, selector);
			// a browser that is kept waiting hears nothing for a moment: it may listen three times
			for (let times = 1; ; times++)
				try {
					await listen(name, selector, on);
					break;
				} catch (error) {
					if (times === 3)
						throw error;
				}
			// players go on at once where something is missing
			await on.$eval(selector, (video, time) => new Promise(done => { video.onseeked = done; video.currentTime = time; }), walks ? 8 : length - 1);
			await shows(selector, own_mp4, on, inFile);
		}));
		await native.close();
		await page.click('dialog .close');
		await page.waitForSelector('dialog', { state: 'detached' });
	}
	await box.api('DELETE', `/applications/${id}/rooms/101/mix`);
	await recordingOf(box, 'talk');
	await page.fill('.search input', 'talk');
	await page.waitForSelector('tr:has-text("talk") .state.finished');
	assert.equal(await page.locator('.files li').count(), 1);
	await page.click(`${file('MP3')} button:has-text("Play")`);
	await playing('dialog video', 0);
	await page.click('dialog .close');
	await page.waitForSelector('dialog', { state: 'detached' });
	await page.fill('.search input', 'even');
	await page.waitForSelector('tr:has-text("evening")');
	await page.waitForSelector('tr:has-text("singer1")', { state: 'detached' });
	// held, released, downloaded
	await page.click(`${file('MP4')} button:has-text("Hold")`);
	await page.waitForSelector(`${file('MP4')} button:has-text("Release")`);
	assert.equal(await page.locator(`${file('MP4')} button:has-text("Delete")`).count(), 0);
	await page.click(`${file('MP4')} button:has-text("Release")`);
	await page.waitForSelector(`${file('MP4')} button:has-text("Hold")`);
	const address = await page.getAttribute(`${file('AAC')} a`, 'href');
	const aac = Buffer.from(await (await fetch(box.url + address, { headers: { Cookie: box.cookie } })).arrayBuffer());
	assert.equal(aac.readUInt16BE(0) & 0xfff6, 0xfff0); // ADTS
	await page.fill('.search input', 'nothing');
	await page.waitForSelector('.empty');
	await page.fill('.search input', '');
	await page.waitForSelector('tr:has-text("evening")');
	// by time: begun before the year
	await page.fill('.search label:nth-child(3) input', '2020-01-01T00:00');
	await page.waitForSelector('.empty');
	await page.fill('.search label:nth-child(3) input', '');
	await page.fill('.search label:nth-child(2) input', '2020-01-01T00:00');
	await page.waitForSelector('tr:has-text("evening")');
	await page.fill('.search label:nth-child(2) input', '');
});

test('thumbnails are seen; files are uploaded, leave the disk and are played from the storage', { timeout: 120000 }, async () => {
	await page.fill('.search input', 'even');
	await page.waitForFunction(() => document.querySelector('img.cover')?.naturalWidth === 320);
	const objects = await startObjects(`${dir}/objects`, 'concerts', { origin: box.url });
	try {
		await open('applications');
		await page.click('button:has-text("Upload of files")');
		await page.fill('dialog input[name=endpoint]', objects.endpoint);
		await page.fill('dialog input[name=bucket]', 'concerts');
		await page.fill('dialog input[name=prefix]', 'box/');
		await page.fill('dialog input[name=access_key]', 'S3RVER');
		await page.fill('dialog input[name=secret_key]', 'a wrong one');
		await page.check('dialog input[name=enabled]');
		await page.check('dialog input[name=delete_local]');
		await shot('upload-settings');
		await page.click('dialog button[type=submit]');
		await page.waitForSelector('dialog', { state: 'detached' });
		// the secret is not shown again, and stays when nothing is given
		await page.click('button:has-text("Upload of files")');
		assert.equal(await page.inputValue('dialog input[name=bucket]'), 'concerts');
		assert.equal(await page.inputValue('dialog input[name=secret_key]'), '');
		assert.equal(await page.getAttribute('dialog input[name=secret_key]', 'placeholder'), 'set; empty: it stays');
		await page.click('dialog button[type=submit]');
		await page.waitForSelector('dialog', { state: 'detached' });
		const row = await recordingOf(box, 'evening');
		for (const file of row.files)
			await box.api('POST', `/recordings/${row.id}/files/${file.id}/upload`);
		await open('recordings');
		await page.fill('.search input', 'even');
		await page.waitForSelector('tr:has-text("singer1")', { state: 'detached' });
		const mp4 = '.files li:has(b:text-is("MP4"))';
		await page.waitForSelector(`${mp4} .state.failed`);
		assert.match(await page.locator(mp4).innerText(), /403 SignatureDoesNotMatch/);
		await shot('recordings-upload-failed');
		await box.api('PATCH', `/applications/${row.application}/upload`, { secret_key: 'S3RVER' });
		await page.waitForSelector(`${mp4}:has-text("in storage") .state.uploaded`);
		await page.click('header button:has-text("中文")');
		await page.waitForSelector(`${mp4} .state.uploaded:has-text("已上传")`);
		await shot('recordings-upload-zh');
		await open('applications');
		await page.click('button:has-text("文件上传")');
		await page.waitForSelector('dialog input[name=endpoint]');
		await shot('upload-settings-zh');
		await page.click('dialog .close');
		await page.click('header button:has-text("English")');
		await page.reload(); // what a page may load is said when it is
		await open('recordings');
		await page.fill('.search input', 'even');
		await page.waitForSelector('tr:has-text("singer1")', { state: 'detached' });
		for (const [format, suffix] of [['MP4', '.mp4'], ['HLS', '.m4s'], ['FLV', '.flv']]) {
			const file = `.files li:has(b:text-is("${format}"))`;
			await page.waitForSelector(`${file}:has-text("in storage") .state.uploaded`);
			await page.click(`${file} button:has-text("Play")`);
			await playing('dialog video', 960);
			await page.click('dialog .close');
			assert.ok(objects.requests.some(one => one.method === 'GET' && one.path.endsWith(suffix)));
		}
	} finally {
		await objects.stop();
	}
});

test('a mix of a user is seen as such, and ended', async () => {
	const [{ id }] = (await box.api('GET', '/applications')).applications;
	const place = (userId, x) => ({ userId, x, y: 0, width: 320, height: 180 });
	await box.api('POST', `/applications/${id}/rooms/101/users/singer1/mix`, { config: { mode: 'PresetLayout', videoWidth: 640, videoHeight: 360,
		videoBitrate: 500, mixUsers: [place('$PLACE_HOLDER_LOCAL_MAIN$', 0), place('$PLACE_HOLDER_REMOTE$', 320),
			{ ...place('$PLACE_HOLDER_LOCAL_SUB$', 0), y: 180 }] } });
	await open('rooms');
	await page.waitForSelector('.users-mix:has-text("singer1"):has-text("PresetLayout")');
	await page.waitForFunction(() => document.querySelectorAll('.users-mix .places .taken').length === 2);
	assert.deepEqual(await page.$$eval('.users-mix .places span', list => list.map(place => place.textContent)), ['singer1', 'singer2', 'singer1 screen']);
	assert.equal(await page.locator('a.button:has-text("Change mix")').count(), 0);
	await playing('.live video', 640);
	await shot('users-mix');
	await page.click('button:has-text("End this user’s mix")');
	await page.waitForSelector('a.button:has-text("Start mix")');
	await open('recordings');
});

test('a dead callback is seen and sent again', { timeout: 60000 }, async () => {
	// nobody listens there; the callbacks of the recording died at once
	await page.waitForSelector('.callbacks tr:has-text("100"):has-text("given up")');
	await shot('callbacks');
	const received = [];
	const receiver = http.createServer((request, response) => {
		request.resume().on('end', () => { received.push(request.url); response.end(); });
	});
	await new Promise(done => receiver.listen(0, '127.0.0.1', done));
	try {
		const [{ id }] = (await box.api('GET', '/applications')).applications;
		await box.api('PATCH', `/applications/${id}/recording`, { callback_url: `http://127.0.0.1:${receiver.address().port}/later` });
		const count = await page.locator('.callbacks tbody tr').count();
		const again = page.locator('.callbacks button:has-text("Send again")');
		for (let left = count; left > 0; left--) {
			await again.first().click();
			// the list is asked for anew; the same one must not be sent twice
			await page.waitForFunction(most => [...document.querySelectorAll('.callbacks button')].filter(button =>
				button.textContent === 'Send again').length < most, left);
		}
		await page.waitForSelector('.callbacks', { state: 'detached' });
		assert.equal(received.length, count);
		assert.ok(received.every(url => url === '/later'));
	} finally {
		receiver.close();
	}
});

test('health', async () => {
	await open('health');
	await page.waitForSelector('.notice.good');
	assert.equal(await page.locator('tr:has-text("tessera-") .state.running').count(), 3);
	// the one port, over which media came in
	await page.waitForFunction(() => /\d+\/s$/.test(document.querySelectorAll('.network td')[2]?.innerText));
	assert.match(await page.locator('.network tbody tr').innerText(), /^udp:127\.0\.0\.1\s+up\s/);
	const rows = page.locator('.engines tbody tr');
	assert.equal(await rows.count(), 1);
	assert.match(await rows.first().innerText(), /^soft cpu\s+libavcodec.*\s+ok\s/);
	// measured at the start, and a mix is at work
	assert.match(await rows.first().locator('td').nth(5).innerText(), /^\d+\.\d \/ [1-9]\d*$/);
	await shot('health');
});

test('a lost device is seen', async () => {
	// the answer of a box that has devices: one is lost, the other one has more than it should
	const work = (decode, compose, encode) => ({ decode, compose, encode });
	const engine = { vendor: 'NVIDIA T4 (driver 535.183.01)', shared: false, losses: 0, fallback_decoded: 0, uploads: 0, downloads: 0, faults: 0 };
	await page.route('**/api/v1/health', async route => {
		const answer = await (await route.fetch()).json();
		const [soft] = answer.engines;
		await route.fulfill({ json: { ...answer, status: 'degraded', engines: [
			{ ...engine, name: 'nv', device: '0', state: 'lost', losses: 3, faults: 12, mixes: 0, load: 0, max_load: 0.95,
				capacity: work(2800, 4100, 1200), used: work(0, 0, 0) },
			{ ...engine, name: 'nv', device: '1', state: 'ok', mixes: 41, load: 0.97, max_load: 0.95,
				capacity: work(2800, 4100, 1200), used: work(2716, 566.8, 566.8) },
			{ ...soft, state: 'standby' },
		] } });
	});
	await page.waitForSelector('.engines .state.lost');
	assert.equal(await page.locator('.engines tbody tr').count(), 3);
	assert.match(await page.locator('.engines tbody tr').first().innerText(), /lost\s+3 times lost/);
	assert.equal(await page.locator('.engines .bar.limit i.bad').count(), 1);
	await page.waitForSelector('.notice.bad');
	await sleep(500); // bars move
	const bars = await page.$$eval('.engines tbody tr:nth-child(2) .bar i', list => list.map(i =>
		Math.round(100 * i.getBoundingClientRect().width / i.parentElement.getBoundingClientRect().width)));
	assert.deepEqual(bars, [97, 97, 14, 47]);
	await shot('health-lost');
	await page.click('header button:has-text("中文")');
	await page.waitForSelector('.engines .state.lost:has-text("丢失")');
	await shot('health-lost-zh');
	await page.click('header button:has-text("English")');
	await page.unroute('**/api/v1/health');
	await page.waitForSelector('.notice.good');
});

test('the password is changed; the old one is refused', async () => {
	await open('account');
	await page.fill('input[name=current]', box.password);
	await page.fill('input[name=next]', 'a much better password');
	await page.click('form button[type=submit]');
	await page.waitForSelector('.notice.good');
	assert.ok(!fs.existsSync(path.join(dir, 'initial-password')));
	await page.click('header button:has-text("Log out")');
	await page.fill('input[name=password]', box.password);
	await page.click('button[type=submit]');
	await page.waitForSelector('[role=alert]');
	await page.fill('input[name=password]', 'a much better password');
	await page.click('button[type=submit]');
	await page.waitForSelector('nav');
	complaints.length = 0;
});

test('nothing went wrong in the browser', () => {
	assert.deepEqual(complaints, []);
});
