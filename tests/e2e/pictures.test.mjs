// SPDX-License-Identifier: GPL-3.0-or-later
// Still pictures in a live mix: made by the official cloud SDK or fetched from an address, looked for in decoded frames of the
// stream. On software, or on the emulated device of the engine that TESSERA_TEST_ENGINE names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Box, engineOptions, mixParameters, until } from './box.mjs';

const engine = process.env.TESSERA_TEST_ENGINE ?? 'soft';
const RED = [255, 0, 0], GREEN = [0, 255, 0], BLUE = [0, 0, 255], WHITE = [255, 255, 255], GRAY = [128, 128, 128];
let box, app, dir, server;
const files = {}; // what the web server has
let asked = [];

/** A picture as a file: `left` and `right` colours, `alpha` 0..1. */
function picture(name, left, right, alpha = 1) {
	const file = path.join(dir, name), colour = rgb => `0x${rgb.map(v => v.toString(16).padStart(2, '0')).join('')}@${alpha}`;
	execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-f', 'lavfi', '-i',
		`color=c=${colour(left)}:s=160x180,format=rgba[l];color=c=${colour(right)}:s=160x180,format=rgba[r];[l][r]hstack`,
		'-frames:v', '1', ...name.endsWith('.jpg') ? ['-q:v', '1', '-pix_fmt', 'yuvj444p'] : [], file]);
	return fs.readFileSync(file);
}

before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-pictures-'));
	server = http.createServer((request, response) => {
		asked.push(request.url);
		response.statusCode = files[request.url] ? 200 : 404;
		response.end(files[request.url]);
	});
	await new Promise(done => server.listen(0, '127.0.0.1', done));
	box = await Box.start(dir, { ...engineOptions(engine, dir), control: { fetch_from: 'anywhere' } });
	app = await box.application('pictures test');
	await box.publish(app, 1, 'amy', { size: '320x180' });
	await until('amy to be received', async () =>
		(await box.api('GET', `/applications/${app.id}/rooms/1`)).users[0].state === 'receiving');
});
after(async () => {
	await box?.stop();
	server?.close();
	fs.rmSync(dir, { recursive: true, force: true });
});

const mixOf = () => box.api('GET', `/applications/${app.id}/rooms/1/mix`);
const create = (content, suffix) => app.cloud.CreatePicture({ SdkAppId: app.id, Content: content.toString('base64'), Suffix: suffix,
	Height: 180, Width: 320, XPosition: 0, YPosition: 0 }).then(answer => answer.PictureId);
const encode = { VideoWidth: 640, VideoHeight: 360, VideoBitrate: 2000, VideoGop: 1, BackgroundColor: 0x808080 };
const start = (more, layout) => app.cloud.StartMCUMixTranscode({
	...mixParameters(app, 1, { StreamId: 'pictures' }, { ...encode, ...more }), LayoutParams: layout });
const lobby = { ImageWidth: 320, ImageHeight: 180, LocationX: 320, LocationY: 180 };
const rejected = code => error => assert.equal(error.code, code) ?? true;

/** Mean colours of places [x, y, width, height] in one frame of the live stream, which begins at its last key frame. */
async function look(places) {
	const mix = await until('the mix to run', async () => {
		const now = await mixOf().catch(() => null);
		return now?.state === 'running' && now.frames > 5 && now;
	});
	const file = path.join(dir, 'frame.flv');
	execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-i', mix.flv_url, '-t', '0.3', '-c', 'copy', file], { timeout: 20000 });
	return places.map(([x, y, width, height]) => [...execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-i', file, '-frames:v', '1', '-vf',
		`crop=${width}:${height}:${x}:${y},scale=1:1:flags=area,format=rgb24`, '-f', 'rawvideo', '-']).subarray(0, 3)]);
}
const distance = (a, b) => Math.hypot(...a.map((v, i) => v - b[i]));
/** Wait until all places have their colours. */
async function see(expected) {
	let seen;
	await until('the pictures', async () => {
		seen = await look(expected.map(([place]) => place));
		return seen.every((colour, i) => distance(colour, expected[i][1]) < 30);
	}, 20000, 200).catch(error => { throw new Error(`${error.message}: ${JSON.stringify(seen)}, not ${JSON.stringify(expected)}`); });
}

test('CreatePicture, a mix with it, and what is seen', { timeout: 120000 }, async () => {
	const background = await create(picture('background.jpg', RED, GREEN), 'jpg');
	const place = await create(picture('place.bmp', BLUE, WHITE), 'bmp');
	const mark = await create(picture('mark.png', WHITE, WHITE, 0.5), 'png');
	assert.ok(background > 0 && place > background && mark > place);
	const layout = { Template: 4, PlaceHolderMode: 1,
		PresetLayoutConfig: [{ UserId: 'amy', ImageWidth: 320, ImageHeight: 180 }, { UserId: 'ben', PlaceImageId: place, ...lobby }],
		WaterMarkParams: { WaterMarkId: mark, WaterMarkWidth: 80, WaterMarkHeight: 60, LocationX: 340, LocationY: 200 } };
	await start({ BackgroundImageId: background }, layout);
	const half = (a, b) => a.map((v, i) => (v + b[i]) / 2);
	const seen = [[[10, 200, 300, 150], RED], [[330, 10, 300, 150], GREEN], [[330, 300, 140, 50], BLUE], [[490, 190, 140, 160], WHITE],
		[[350, 210, 60, 40], half(BLUE, WHITE)]];
	await see(seen);
	const [amy] = await look([[0, 0, 320, 180]]);
	for (const colour of [RED, GREEN, BLUE, WHITE, GRAY])
		assert.ok(distance(amy, colour) > 40, `amy is not to be seen: ${amy}`);
	assert.deepEqual((await mixOf()).warnings, []);

	// a new process of media gets them again
	box.kill('media');
	await until('media to be back', async () => (await mixOf()).state !== 'running');
	await see(seen);

	await app.cloud.ModifyPicture({ SdkAppId: app.id, PictureId: mark, XPosition: 7 });
	const { Total, PictureInfo } = await app.cloud.DescribePicture({ SdkAppId: app.id, PageSize: 2, PageNo: 2 });
	assert.equal(Total, 3);
	assert.deepEqual(PictureInfo, [{ Height: 180, Width: 320, XPosition: 7, YPosition: 0, SdkAppId: app.id, PictureId: mark }]);

	// deleted while they are shown: the mix goes on without, and says so
	for (const PictureId of [background, place, mark])
		await app.cloud.DeletePicture({ SdkAppId: app.id, PictureId });
	await see([[[10, 200, 300, 150], GRAY], [[330, 190, 300, 160], GRAY]]);
	assert.deepEqual((await mixOf()).warnings, [['video.background_image', background], ['layout.water_mark', mark],
		['layout.presets.1.image', place]].map(([field, id]) => ({ field, message: `Picture ${id} has been deleted.` })));
	await assert.rejects(start({ BackgroundImageId: background }, { Template: 1 }), rejected('ResourceNotFound'));
	await assert.rejects(app.cloud.DeletePicture({ SdkAppId: app.id, PictureId: mark }), rejected('InvalidParameter.PictureNotFound'));
	await assert.rejects(create(Buffer.from('GIF89a'), 'png'), rejected('InvalidParameter.CheckContentFailed'));
	await assert.rejects(create(picture('other.png', RED, RED), 'bmp'), rejected('InvalidParameter.CheckSuffixFailed'));
});

test('pictures from addresses, which win over ids', { timeout: 120000 }, async () => {
	const url = name => `http://127.0.0.1:${server.address().port}/${name}`;
	files['/back.png'] = picture('back.png', GREEN, BLUE);
	files['/mark.jpg'] = picture('mark.jpg', WHITE, RED);
	const layout = { Template: 4, PresetLayoutConfig: [{ UserId: 'amy', ImageWidth: 320, ImageHeight: 180 }],
		WaterMarkParams: { WaterMarkId: 0, WaterMarkUrl: url('mark.jpg'), WaterMarkWidth: 200, WaterMarkHeight: 100, LocationX: 400, LocationY: 220 } };
	await start({ BackgroundImageId: 999, BackgroundImageUrl: url('back.png') }, layout);
	const seen = [[[10, 200, 300, 150], GREEN], [[330, 10, 300, 150], BLUE], [[405, 225, 90, 90], WHITE], [[505, 225, 90, 90], RED]];
	await see(seen);
	assert.deepEqual((await mixOf()).warnings, []);
	assert.deepEqual(asked.sort(), ['/back.png', '/mark.jpg']);
	// what was fetched is kept: a new process of control does not ask again
	box.kill('control');
	await until('control to be back', () => mixOf().then(() => true, () => false));
	await see(seen);
	assert.equal(asked.length, 2);

	// one that is not there: three tries, then a warning, and the colour
	asked = [];
	await start({ BackgroundImageUrl: url('missing.png') }, { ...layout, WaterMarkParams: undefined });
	const { warnings } = await until('a warning', async () => {
		const mix = await mixOf();
		return mix.warnings.length && mix;
	});
	assert.deepEqual(warnings, [{ field: 'video.background_image', message: 'The picture could not be fetched: the server answers 404.' }]);
	assert.deepEqual(asked, ['/missing.png', '/missing.png', '/missing.png']);
	await see([[[10, 200, 300, 150], GRAY], [[405, 225, 90, 90], GRAY]]);

	// one that looks like a picture and is none: media says so
	files['/broken.png'] = Buffer.concat([files['/back.png'].subarray(0, 60), Buffer.alloc(3000, 0x55)]);
	await start({ BackgroundImageUrl: url('broken.png') }, { Template: 1 });
	await until('a warning of media', async () => {
		const [warning] = (await mixOf()).warnings;
		return warning?.message === 'The picture cannot be shown: it is damaged.';
	});
	assert.equal((await box.api('GET', '/health')).status, 'ok');
});
