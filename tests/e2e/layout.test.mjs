// SPDX-License-Identifier: GPL-3.0-or-later
// The layout editor in Chromium: what it draws is what the box says, and what is applied is what viewers see.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Box, root, until } from './box.mjs';

const shots = path.join(root, 'build/screenshots');
const colours = { red: [220, 30, 30], green: [30, 160, 60], blue: [40, 70, 220], yellow: [220, 200, 40] };
let box, app, room, dir, browser, page;
const complaints = [];

/** A user whose picture has one colour. */
async function paint(user, stream_type = 'main') {
	const place = await box.api('POST', `${room}/users`, { user, stream_type, audio: false });
	const colour = colours[user].map(value => value.toString(16).padStart(2, '0')).join('');
	const process = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', `color=0x${colour}:s=320x180:r=10`,
		'-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1', '-pix_fmt', 'yuv420p', '-b:v', '150k', '-g', '10',
		'-payload_type', place.video.payload_type, '-f', 'rtp', `rtp://${place.address}:${place.video.port}?rtcpport=${place.video.rtcp_port}&pkt_size=1200`]
		.map(String), { stdio: 'ignore' });
	box.publishers.push({ process });
	return process;
}

before(async () => {
	fs.mkdirSync(shots, { recursive: true });
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-layout-'));
	box = await Box.start(dir);
	app = await box.application('Concert hall');
	room = `/applications/${app.id}/rooms/101`;
	for (const user of Object.keys(colours))
		await paint(user);
	await box.publish(app, 101, 'voice', { video: false });
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'] });
	page = await browser.newPage({ viewport: { width: 1280, height: 860 }, locale: 'en-GB' });
	page.on('pageerror', error => complaints.push(String(error)));
	page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
	page.setDefaultTimeout(20000);
	await page.goto(box.url);
	await page.fill('input[name=password]', box.password);
	await page.click('button[type=submit]');
	await page.click('a.button:has-text("Start mix")');
	await page.waitForSelector('.canvas .box');
});
after(async () => {
	await browser?.close();
	await box?.stop();
	fs.rmSync(dir, { recursive: true, force: true });
});

const shot = name => page.screenshot({ path: path.join(shots, `${name}.png`) });
const text = ({ x, y, width, height }) => `${x},${y} ${width}x${height}`;
const field = name => page.locator(`[name="${name}"]`);
const template = number => page.check(`input[name=template][value="${number}"]`, { force: true });
const tile = key => page.locator(`.box[data-tile="${key}"]`);
const apply = () => page.click('.apply button[type=submit]');
const applied = async () => { await apply(); await page.waitForSelector('.apply [role=status]:has-text("Applied.")'); };

/** What is drawn, from the places that the browser gave the boxes, back to pixels of the canvas. */
const drawn = width => page.$$eval('.canvas', ([canvas], w) => {
	const frame = canvas.getBoundingClientRect(), scale = w / frame.width;
	return [...canvas.querySelectorAll('.box')].map(box => {
		const at = box.getBoundingClientRect();
		return { user: box.dataset.user, said: box.dataset.rect, x: (at.left - frame.left) * scale, y: (at.top - frame.top) * scale,
			width: at.width * scale, height: at.height * scale };
	});
}, width);

/** The canvas shows these tiles (in any order) within a pixel, and says their numbers exactly. */
async function shows(tiles, width = 1280) {
	const key = list => list.map(one => `${one.user} ${one.said ?? text(one)}`).sort();
	let boxes;
	await until(`${key(tiles)} to be drawn`, async () => {
		boxes = await drawn(width);
		return JSON.stringify(key(boxes)) === JSON.stringify(key(tiles));
	}).catch(error => { throw new Error(`${error.message}; drawn: ${key(boxes)}`); });
	for (const box of boxes)
		for (const [at, value] of Object.entries(/^(?<x>\d+),(?<y>\d+) (?<width>\d+)x(?<height>\d+)$/.exec(box.said).groups))
			assert.ok(Math.abs(box[at] - Number(value)) < 2, `${box.user} ${at}: ${box[at]} is drawn for ${value}`);
}

const preview = (layout, video) => box.api('POST', `${room}/mix/preview`, { layout, ...video && { video } });
const users = tiles => tiles.map(one => one.user);

/** The colour at a point of the live picture as Chromium has decoded it. */
const livePixel = (x, y) => page.$eval('.live video', (video, [px, py]) => {
	if (!video.videoWidth) return null;
	const canvas = document.createElement('canvas');
	canvas.width = video.videoWidth;
	canvas.height = video.videoHeight;
	const context = canvas.getContext('2d');
	context.drawImage(video, 0, 0);
	return [...context.getImageData(px, py, 1, 1).data.slice(0, 3)];
}, [x, y]);
const near = (a, b) => a && a.every((value, i) => Math.abs(value - b[i]) < 45);

/** In the middle of each of these rectangles of the live picture is the user's colour. */
async function seen(expected) {
	let found;
	await until(`${JSON.stringify(expected)} in the live picture`, async () => {
		found = [];
		for (const [user, x, y] of expected)
			found.push(near(await livePixel(x, y), colours[user] ?? [0, 0, 0]));
		return found.every(Boolean);
	}, 25000, 200).catch(error => { throw new Error(`${error.message}: ${found}`); });
}

test('each template is drawn as the box says', async () => {
	await shows((await preview({ template: 1 })).tiles);
	assert.equal((await drawn(1280)).length, 5);
	assert.equal(await tile('tile 5').getAttribute('data-rect'), '426,240 426x240'); // SPEC's table
	await shot('layout-grid');
	await template(0);
	await shows((await preview({ template: 0 })).tiles);
	await field('layout.big.user').selectOption('blue/main');
	const floating = await preview({ template: 0, big: { user: 'blue' } });
	assert.equal(floating.tiles[0].user, 'blue');
	await shows(floating.tiles);
	await shot('layout-floating');

	await template(2);
	await shows((await preview({ template: 2, big: { user: 'blue' } })).tiles);
	await page.check('[name="layout.big_right"]');
	const right = await preview({ template: 2, big: { user: 'blue' }, big_right: true });
	assert.equal(text(right.tiles[0]), '256,0 1024x720');
	await shows(right.tiles);
	await shot('layout-screen');
	await field('layout.pure_audio_hold_place').selectOption('2');
	await shows((await preview({ template: 2, big: { user: 'blue' }, big_right: true, pure_audio_hold_place: 2 })).tiles);
	assert.ok(!users(await drawn(1280)).includes('voice'));
	await page.uncheck('[name="layout.users.all"]');
	await page.uncheck('[name="layout.users.red"]');
	const four = ['green', 'blue', 'yellow', 'voice'];
	await shows((await preview({ template: 2, big: { user: 'blue' }, big_right: true, pure_audio_hold_place: 2, users: four })).tiles);
	assert.match(await page.locator('.present li:has-text("red")').innerText(), /neither seen nor heard/); // it sends no sound
	assert.match(await page.locator('.present li:has-text("voice")').innerText(), /only heard/);
	await page.check('[name="layout.users.all"]');
	await field('layout.pure_audio_hold_place').selectOption('0');

	// a portrait canvas
	await field('size').selectOption('540x960');
	await shows((await preview({ template: 2, big: { user: 'blue' }, big_right: true }, { width: 540, height: 960 })).tiles, 540);
	await shot('layout-portrait');
	await field('size').selectOption('1280x720');

	await template(3);
	await field('layout.small.user').selectOption('red/main');
	await field('layout.small.x').fill('941');
	await field('layout.small.y').fill('500');
	await field('layout.small.width').fill('320');
	await field('layout.small.height').fill('180');
	const small = { user: 'red', x: 941, y: 500, width: 320, height: 180 };
	const picture = await preview({ template: 3, big: { user: 'blue' }, small });
	assert.deepEqual(picture.tiles.map(text), ['0,0 1280x720', '940,500 320x180']);
	await shows(picture.tiles);
	await shot('layout-picture');
});

test('the small picture is dragged', async () => {
	const at = await tile('small').boundingBox();
	const frame = await page.locator('.canvas').boundingBox();
	await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
	await page.mouse.down();
	// near the upper left corner it is drawn into it
	await page.mouse.move(frame.x + at.width / 2 + 4, frame.y + at.height / 2 + 5, { steps: 6 });
	await page.waitForSelector('.guide.upright');
	await page.mouse.up();
	await page.waitForSelector('.guide', { state: 'detached' });
	assert.equal(await field('layout.small.x').inputValue(), '0');
	await shows((await preview({ template: 3, big: { user: 'blue' }, small: { user: 'red', x: 0, y: 0, width: 320, height: 180 } })).tiles);
});

test('a mix is started, and its picture is beside', { timeout: 60000 }, async () => {
	await template(1);
	await field('stream_id').fill('show');
	await field('record_id').fill('evening');
	await applied();
	await page.waitForSelector('.live video');
	await seen([['red', 213, 120], ['green', 640, 120], ['blue', 1066, 120], ['yellow', 213, 360]]);
});

test('tiles are dragged, resized and put over one another, and viewers see it', { timeout: 120000 }, async () => {
	await page.click('button:has-text("Make it custom")');
	await shows((await preview({ template: 1 })).tiles);
	assert.equal(await page.locator('.box.movable').count(), 5);
	const frame = await page.locator('.canvas').boundingBox(), scale = frame.width / 1280;
	const drag = async (x, y, toX, toY, modifier) => {
		if (modifier) await page.keyboard.down(modifier);
		await page.mouse.move(frame.x + x * scale, frame.y + y * scale);
		await page.mouse.down();
		await page.mouse.move(frame.x + (x + toX) / 2 * scale, frame.y + (y + toY) / 2 * scale);
		await page.mouse.move(frame.x + toX * scale, frame.y + toY * scale, { steps: 5 });
		await page.mouse.up();
		if (modifier) await page.keyboard.up(modifier);
	};
	// red (0,0 426x240) to the lower right corner: near it is drawn into it
	await drag(213, 120, 1280 - 213 - 5, 720 - 120 - 4);
	await until('the corner', async () => await tile('place 1').getAttribute('data-rect') === '854,480 426x240');
	// by its upper left corner to the middle of the canvas
	await drag(856, 482, 642, 358);
	await until('the middle', async () => await tile('place 1').getAttribute('data-rect') === '640,360 640x360');
	// keys: the voice's place, away from there
	await tile('place 5').focus();
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Shift+ArrowRight');
	await page.keyboard.press('Control+ArrowLeft');
	await until('keys to move it', async () => await tile('place 5').getAttribute('data-rect') === '406,242 428x240');
	await page.keyboard.press('Delete');
	await until('four places', async () => await page.locator('.box.movable').count() === 4);
	// a free place over red
	await page.click('button:has-text("Add a place")');
	await field('layout.presets.4.x').fill('1000');
	await field('layout.presets.4.y').fill('500');
	await field('layout.presets.4.width').fill('200');
	await field('layout.presets.4.height').fill('120');
	await until('the free place to be drawn', async () => await tile('place 5').getAttribute('data-rect') === '1000,500 200x120');
	await until('the voice to take it', async () => await tile('place 5').getAttribute('data-user') === 'voice');
	await shot('layout-custom');
	await applied();
	const mix = await box.api('GET', `${room}/mix`);
	assert.equal(mix.layout.template, 4);
	assert.equal(text(mix.layout.presets[0]), '640,360 640x360');
	await seen([['red', 700, 400], ['green', 640, 120], ['blue', 1066, 120], ['yellow', 213, 360]]);

	// a decoder of its own sees the same
	const file = path.join(dir, 'frame.rgb');
	const pixel = (x, y) => [...fs.readFileSync(file).subarray((y * 1280 + x) * 3, (y * 1280 + x) * 3 + 3)];
	await until('ffmpeg to see red there', () => {
		execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', mix.flv_url, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', file], { timeout: 15000 });
		return near(pixel(700, 400), colours.red) && near(pixel(1270, 710), colours.red) && near(pixel(213, 120), [0, 0, 0]);
	}, 30000, 300);

	// who is in the way goes to the back; yellow's place is given to green, who was elsewhere
	await tile('place 2').focus(); // green, 426,0
	await field('layout.presets.1.user').selectOption('');
	await tile('place 4').focus(); // yellow, 0,240
	await field('layout.presets.3.user').selectOption('green/main');
	await until('green in place 4', async () => await tile('place 4').getAttribute('data-user') === 'green');
	await tile('place 1').focus();
	await page.click('button:has-text("To the front")');
	await applied();
	await seen([['green', 213, 360], ['red', 1100, 560]]);
	const after = await box.api('GET', `${room}/mix`);
	assert.deepEqual(after.tiles.map(one => `${one.user} ${text(one)}`).sort(),
		(await preview(after.layout)).tiles.map(one => `${one.user} ${text(one)}`).sort());
});

test('who holds a free place keeps it, here and there', { timeout: 60000 }, async () => {
	const places = { template: 4, presets: [{ x: 0, y: 0, width: 640, height: 360 }, { x: 640, y: 0, width: 640, height: 360 }, { x: 0, y: 360, width: 640, height: 360 }] };
	const start = layout => box.api('POST', `${room}/mix`, { stream_id: 'show', record_id: 'evening', layout });
	await start({ template: 1 }); // nobody holds a place
	await until('the grid', async () => (await box.api('GET', `${room}/mix`)).tiles.length === 5);
	await start(places);
	await page.waitForFunction(() => document.querySelectorAll('.live .tile').length === 3);
	await page.click('button:has-text("Undo changes")');
	await until('the editor', async () => users(await drawn(1280)).join() === 'red,green,blue');
	await box.api('DELETE', `${room}/users/red`);
	// yellow has waited; nobody moves up
	await until('the mix after one has left', async () => users((await box.api('GET', `${room}/mix`)).tiles).join() === 'yellow,green,blue');
	await until('the editor after one has left', async () => users(await drawn(1280)).join() === 'yellow,green,blue');
	await page.waitForSelector('.present li.waits:has-text("voice")');
});

test('what the box refuses is shown at its field', async () => {
	await field('video.bitrate_kbps').fill('20000');
	await page.waitForSelector('.field.refused:has([name="video.bitrate_kbps"]) em:has-text("1 to 10000")');
	assert.equal(await field('video.bitrate_kbps').getAttribute('aria-invalid'), 'true');
	const described = await field('video.bitrate_kbps').getAttribute('aria-describedby');
	assert.match(await page.locator(`[id="${described}"]`).innerText(), /1 to 10000/);
	// the live picture, which stays in sight, does not lie over the field
	assert.ok(await field('video.bitrate_kbps').evaluate(input => {
		const at = input.getBoundingClientRect();
		return input === document.elementFromPoint(at.x + at.width / 2, at.y + 3);
	}));
	await shot('layout-refused');
	await field('video.bitrate_kbps').fill('1200');
	await page.waitForSelector('.field.refused', { state: 'detached' });
	await field('layout.presets.0.x').waitFor({ state: 'detached' });
	await tile('place 2').focus();
	await field('layout.presets.1.width').fill('1000');
	await page.waitForSelector('.field.refused:has([name="layout.presets.1.width"]) em');
	assert.ok(await page.$('.box.bad[data-tile="place 2"]'));
	await field('layout.presets.1.width').fill('600');
	await page.waitForSelector('.field.refused', { state: 'detached' });
	await field('stream_id').fill('');
	await field('record_id').fill('');
	await apply();
	await page.waitForSelector('.field.refused:has([name="stream_id"]) em');
	await page.waitForSelector('.apply [role=alert]');
	complaints.length = 0; // the browser logs each 400 itself
	await page.click('button:has-text("Undo changes")');
});

test('size, frame rate and bit rate change while it runs', { timeout: 60000 }, async () => {
	await field('size').selectOption('960x540');
	assert.equal(await tile('place 2').getAttribute('data-rect'), '480,0 480x270'); // the places have shrunk with it
	await field('video.frame_rate').fill('20');
	await field('video.bitrate_kbps').fill('800');
	await field('video.background').fill('#203050');
	await applied();
	const mix = await box.api('GET', `${room}/mix`);
	assert.deepEqual(mix.video, { width: 960, height: 540, bitrate_kbps: 800, frame_rate: 20, gop_s: 3, background: 0x203050 });
	assert.equal(mix.stream_id, 'show');
	await page.waitForFunction(() => document.querySelector('.live video')?.videoWidth === 960);
	await seen([['yellow', 240, 135], ['green', 720, 135], ['blue', 240, 405]]);
	await until('the background', async () => near(await livePixel(720, 405), [0x20, 0x30, 0x50]));
});

test('a background, a watermark that is dragged, a picture in an empty place', { timeout: 60000 }, async () => {
	const flat = async colour => {
		const file = path.join(dir, `${colour}.png`);
		execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `color=${colour}:s=64x36`, '-frames:v', '1', '-pix_fmt', 'rgb24', file]);
		return (await box.api('POST', `/applications/${app.id}/pictures`, { content: fs.readFileSync(file).toString('base64') })).id;
	};
	const teal = await flat('0x20a0a0'), pink = await flat('0xf080a0'), orange = await flat('0xf09020');
	await page.waitForSelector(`[name="video.background_image.id"] option[value="${orange}"]`, { state: 'attached' });
	await field('video.background_image.id').selectOption(String(teal));
	await page.waitForSelector('.canvas .backdrop');
	await field('layout.water_mark.id').selectOption(String(pink));
	await field('layout.water_mark.x').fill('780');
	await field('layout.water_mark.width').fill('160');
	await field('layout.water_mark.height').fill('90');
	await tile('water mark').scrollIntoViewIfNeeded();
	const at = await tile('water mark').boundingBox(), frame = await page.locator('.canvas').boundingBox();
	await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
	await page.mouse.down();
	await page.mouse.move(frame.x + frame.width - at.width / 2 - 3, frame.y + frame.height - at.height / 2 - 3, { steps: 5 });
	await page.mouse.up();
	await until('the mark in the corner', async () => await tile('water mark').getAttribute('data-rect') === '800,450 160x90');
	// a place for somebody who is not here
	await page.click('button:has-text("Add a place")');
	for (const [name, value] of Object.entries({ width: 200, height: 120, x: 500, y: 290 }))
		await field(`layout.presets.3.${name}`).fill(String(value));
	await field('layout.presets.3.user').first().selectOption('other');
	await page.locator('input[name="layout.presets.3.user"]').fill('late');
	await field('layout.presets.3.image').selectOption(String(orange));
	await until('the place to be kept', async () => await tile('place 4').getAttribute('data-user') === 'late');
	await shot('layout-pictures');
	await applied();
	const colour = async (what, x, y, expected) => await until(what, async () => near(await livePixel(x, y), expected), 25000, 200);
	await colour('the watermark', 880, 495, [0xf0, 0x80, 0xa0]);
	await colour('the background', 740, 300, [0x20, 0xa0, 0xa0]);
	await colour('the picture in the empty place', 600, 350, [0xf0, 0x90, 0x20]);
	await seen([['yellow', 240, 135]]);
	const mix = await box.api('GET', `${room}/mix`);
	assert.deepEqual(mix.layout.water_mark, { id: pink, x: 800, y: 450, width: 160, height: 90 });
	assert.deepEqual(mix.video.background_image, { id: teal });
	assert.equal(mix.layout.presets[3].image, orange);
});

test('all can be reached by keys and has a name', async () => {
	const nameless = await page.$$eval('.layout-editor input, .layout-editor select, .layout-editor button, .layout-editor [tabindex]', list =>
		list.filter(one => !(one.labels?.length || one.getAttribute('aria-label') || one.innerText?.trim())).map(one => one.outerHTML));
	assert.deepEqual(nameless, []);
	await tile('place 1').focus();
	await page.keyboard.press('Tab');
	assert.equal(await page.evaluate(() => document.activeElement.dataset.tile), 'place 2');
	const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
	assert.notEqual(outline, 'none');
});

/** Fields that reach over their frame, or do not begin below the beginning of their name. */
const crooked = () => page.$$eval('.layout-editor fieldset .field', list => list.flatMap(one => {
	const input = one.querySelector('input:not([type=checkbox]), select'), name = one.querySelector('label span');
	if (!input || !name) return [];
	const at = input.getBoundingClientRect(), frame = one.closest('fieldset').getBoundingClientRect();
	return at.right > frame.right - 4 || Math.abs(at.left - name.getBoundingClientRect().left) > 1 ? [input.name] : [];
}));

test('on a telephone, and in Chinese', async () => {
	assert.deepEqual(await crooked(), []);
	await page.setViewportSize({ width: 390, height: 844 });
	assert.deepEqual(await crooked(), []);
	const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	assert.ok(await overflow() <= 0, `${await overflow()} px too wide`);
	const canvas = await page.locator('.canvas').boundingBox();
	assert.ok(canvas.width > 320 && canvas.x >= 0);
	await page.screenshot({ path: path.join(shots, 'layout-narrow.png'), fullPage: true });
	await tile('place 2').scrollIntoViewIfNeeded();
	const at = await tile('place 2').boundingBox();
	await page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
	await page.mouse.down();
	await page.mouse.move(at.x + at.width / 2, at.y + at.height * 1.5, { steps: 5 });
	await page.mouse.up();
	await until('the tile below', async () => await tile('place 2').getAttribute('data-rect') === '480,270 480x270');
	await page.setViewportSize({ width: 1280, height: 860 });
	await page.click('header button:has-text("中文")');
	await page.waitForSelector('legend:has-text("模板")');
	await shot('layout-zh');
	assert.deepEqual((await page.innerText('.layout-editor')).match(/\b(Template|Place|Custom|Apply|Left|Top)\b/g), null);
	await page.click('header button:has-text("English")');
	await page.click('.layout-editor h1 a');
	await page.waitForSelector('article.room');
});

test('nothing went wrong in the browser', () => {
	assert.deepEqual(complaints, []);
});
