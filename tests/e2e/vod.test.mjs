// SPDX-License-Identifier: GPL-3.0-or-later
// Recordings seen as the cloud's VOD and callbacks: one short room is recorded; the official SDK finds, describes and deletes the
// file; receivers of callbacks, over HTTPS too, take what happened; recorded time is told. Control is killed on the way.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Box, ffprobe, mixParameters, recordingOf, until } from './box.mjs';

let box, app, vod, dir, receiver;
const key = 'Callback1Key';

/** A receiver: `requests` has what came; `answer(response)` may be set. */
async function receive(options) {
	const requests = [];
	const handler = (request, response) => {
		let body = '';
		request.on('data', data => { body += data; });
		request.on('end', () => {
			requests.push({ ...JSON.parse(body), url: request.url });
			(server.answer ?? (r => r.end('{"code":0}')))(response, requests.length);
		});
	};
	const server = options ? https.createServer(options, handler) : http.createServer(handler);
	await new Promise(done => server.listen(0, '127.0.0.1', done));
	server.requests = requests;
	server.port = server.address().port;
	return server;
}

before(async () => {
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-vod-'));
	// of another name, expired, nobody's that is known, and right
	for (const [name, host, days] of [['other', 'DNS:localhost', 2], ['expired', 'IP:127.0.0.1', 0], ['unknown', 'IP:127.0.0.1', 2], ['right', 'IP:127.0.0.1', 2]]) {
		const at = `${dir}/${name}`;
		fs.writeFileSync(`${at}.ext`, `subjectAltName=${host}`);
		execFileSync('openssl', ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${at}.key`,
			'-out', `${at}.csr`], { stdio: 'ignore' });
		execFileSync('openssl', ['x509', '-req', '-in', `${at}.csr`, '-signkey', `${at}.key`, '-extfile', `${at}.ext`, '-days', String(days), '-out', `${at}.crt`],
			{ stdio: 'ignore' });
	}
	fs.writeFileSync(`${dir}/known.crt`, ['other', 'expired', 'right'].map(name => fs.readFileSync(`${dir}/${name}.crt`, 'utf8')).join(''));
	box = await Box.start(dir, { control: { callback_exclude: '', callback_retry_s: 1, callback_retries: 1000, callback_ca_file: `${dir}/known.crt` },
		egress: { disk_soft_percent: 0, disk_hard_percent: 0, disk_reserve_percent: 0 } });
	app = await box.application('vod test');
	vod = box.cloud(app.key, { product: 'vod', version: '2018-07-17' });
	receiver = await receive();
});
after(async () => {
	await box?.stop();
	receiver?.close();
	fs.rmSync(dir, { recursive: true, force: true });
});

const rejected = code => error => {
	assert.equal(error.code, code, `${error.code}: ${error.message}`);
	return true;
};
const settings = change => box.api('PATCH', `/applications/${app.id}/recording`, change);

/** Records `record_id` for some seconds in a room of its own; returns the finished recording. */
async function record(room, record_id, seconds = 4, during = async () => {}, more = {}) {
	const publisher = await box.publish(app, room, 'alice', { size: '320x180', bitrate: 200 });
	await until('the publisher', async () => (await box.api('GET', `/applications/${app.id}/rooms/${room}`)).users.every(user => user.state === 'receiving'));
	await app.cloud.StartMCUMixTranscode(mixParameters(app, room, { StreamId: `stream-${record_id}`, RecordId: record_id, ...more },
		{ VideoWidth: 640, VideoHeight: 360, VideoBitrate: 400 }));
	await until('some seconds', async () => (await recordingOf(box, record_id, ['recording'])).duration_ms > seconds * 1000, 30000);
	await during();
	await app.cloud.StopMCUMixTranscode({ SdkAppId: app.id, RoomId: room });
	publisher.process.kill('SIGTERM');
	return recordingOf(box, record_id);
}

const signed = request => request.sign === crypto.createHash('md5').update(key + request.t).digest('hex') &&
	Math.abs(request.t - Date.now() / 1000 - 600) < 60;

test('a recording is told, found, described, metered and deleted', { timeout: 120000 }, async () => {
	const before = Math.floor(Date.now() / 1000);
	await settings({ callback_url: `http://127.0.0.1:${receiver.port}/hook?token=1`, callback_key: key, retention_days: 3 });
	receiver.answer = (response, count) => {
		if (count % 2) // each is refused once
			response.writeHead(500);
		response.end();
	};
	const recording = await record(101, 'lesson_1', 4, async () => {
		box.kill('control'); // with a callback on its way
		await until('control', () => box.api('GET', '/health').then(health => health.processes.every(process => process.up), () => false));
	});
	const file = recording.files[0];
	assert.match(file.id, /^[1-9]\d{18}$/);
	await until('all callbacks', async () => (await box.api('GET', '/callbacks')).waiting === 0, 30000);
	const events = receiver.requests.filter((request, at) => at % 2); // those that were taken
	assert.deepEqual(events.map(event => event.record_event ?? event.event_type), ['record_start_succeeded', 'record_ended', 100]);
	assert.ok(receiver.requests.every(signed));
	assert.ok(receiver.requests.every(request => request.url === '/hook?token=1'));
	const [started, , done] = events;
	assert.deepEqual([started.appname, started.stream_id, JSON.parse(started.record_detail).file_format], [`trtc_${app.id}`, 'stream-lesson_1', 3]);
	assert.deepEqual([done.file_id, done.record_file_id, done.file_format, done.stream_id, done.file_size, done.appid],
		[file.id, file.id, 'mp4', 'stream-lesson_1', recording.size_bytes, app.id]);
	assert.match(done.video_id, new RegExp(`^${app.id}_[0-9a-f]{32}$`));
	assert.match(done.stream_param, new RegExp(`sdkappid=${app.id}&.*userdefinerecordid=lesson_1&roomid=101`));
	assert.ok(done.start_time >= before && done.end_time - done.start_time >= 4 && Math.abs(done.duration - recording.duration_ms / 1000) <= 1);
	// the address plays
	assert.equal((await fetch(done.video_url, { headers: { Range: 'bytes=0-99' } })).status, 206);
	assert.equal(ffprobe(done.video_url).streams.length, 2);

	const found = await vod.SearchMedia({ Text: 'LESSON', StreamId: 'stream-lesson_1', SourceType: 'Record', Sort: { Field: 'CreateTime', Order: 'Asc' } });
	assert.equal(found.TotalCount, 1);
	const [media] = found.MediaInfoSet;
	assert.equal(media.FileId, file.id);
	assert.deepEqual([media.BasicInfo.Name, media.BasicInfo.Type, media.BasicInfo.Category, media.BasicInfo.SourceInfo.LiveRecordInfo.StreamId,
		media.BasicInfo.SourceInfo.TrtcRecordInfo.RoomId], [file.name, 'mp4', 'Video', 'stream-lesson_1', '101']);
	assert.deepEqual([media.MetaData.Size, media.MetaData.Width, media.MetaData.Height], [recording.size_bytes, 640, 360]);
	assert.equal(Date.parse(media.BasicInfo.ExpireTime), Math.floor(Date.parse(recording.end) / 1000) * 1000 + 3 * 86400e3);
	const minute = at => new Date(Date.now() + at * 60000).toISOString().slice(0, 19) + 'Z';
	for (const [filter, count] of [[{ FileIds: [file.id, '12'] }, 1], [{ FileIds: ['12'] }, 0], [{ Names: ['esso'] }, 1], [{ Names: ['other'] }, 0],
		[{ NamePrefixes: ['lesson_'] }, 1], [{ NamePrefixes: ['esson'] }, 0], [{ Descriptions: ['x'] }, 0], [{ ClassIds: [0] }, 1], [{ ClassIds: [7] }, 0],
		[{ Tags: ['x'] }, 0], [{ Categories: ['Audio'] }, 0], [{ Categories: ['Video', 'Image'] }, 1], [{ SourceTypes: ['Upload'] }, 0],
		[{ SourceTypes: ['Upload', 'TrtcRecord'] }, 1], [{ SourceType: 'Upload' }, 0], [{ StreamIds: ['stream-lesson_1', 'x'] }, 1], [{ StreamIds: ['x'] }, 0],
		[{ StreamIds: ['x'], StreamId: 'stream-lesson_1' }, 0], [{ CreateTime: { After: minute(-5), Before: minute(5) } }, 1], [{ CreateTime: { After: minute(1) } }, 0],
		[{ StartTime: minute(-5), EndTime: minute(5) }, 1], [{ StartTime: minute(1), CreateTime: { After: minute(-5) } }, 1],
		[{ ExpireTime: { Before: minute(60) } }, 0], [{ ExpireTime: { After: minute(60) } }, 1], [{ MediaTypes: ['MP4', 'flv'] }, 1], [{ MediaTypes: ['hls'] }, 0],
		[{ Status: ['Forbidden'] }, 0], [{ StorageClasses: ['ARCHIVE'] }, 0], [{ StorageRegions: ['ap-x'] }, 0], [{ ReviewResults: ['notModerated'] }, 1],
		[{ TrtcSdkAppIds: [app.id] }, 1], [{ TrtcSdkAppIds: [1] }, 0], [{ TrtcRoomIds: ['101'] }, 1], [{ TrtcRoomIds: ['102'] }, 0],
		[{ StreamPaths: [`trtc_${app.id}`] }, 1], [{ StreamDomains: ['elsewhere'] }, 0], [{ SubAppId: app.id }, 1], [{ Vids: ['x'], Vid: 'y' }, 1], [{ Offset: 1 }, 1]])
		assert.equal((await vod.SearchMedia(filter)).TotalCount, count, JSON.stringify(filter));
	assert.deepEqual((await vod.SearchMedia({ Offset: 1 })).MediaInfoSet, []);
	const bare = (await vod.SearchMedia({ Filters: ['metaData'] })).MediaInfoSet[0];
	assert.ok(bare.MetaData && !bare.BasicInfo);
	const described = await until('its thumbnail', async () => {
		const answer = await vod.DescribeMediaInfos({ FileIds: ['12', file.id, 'no number'] });
		return answer.MediaInfoSet[0].BasicInfo.CoverUrl && answer;
	});
	const cover = await fetch(described.MediaInfoSet[0].BasicInfo.CoverUrl);
	assert.equal(cover.headers.get('content-type'), 'image/jpeg');
	assert.equal(Buffer.from(await cover.arrayBuffer()).readUInt16BE(0), 0xffd8);
	assert.deepEqual([described.MediaInfoSet.map(info => info.FileId), described.NotExistFileIdSet], [[file.id], ['12', 'no number']]);

	// recorded time, by the size of the picture
	const local = new Date(Date.now() - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 10);
	const { SdkAppIdUsages: [usage] } = await app.cloud.DescribeRecordStatistic({ StartTime: local, EndTime: local });
	assert.equal(usage.SdkAppId, String(app.id));
	const total = name => usage.Usages.reduce((sum, row) => sum + row[name], 0);
	assert.ok(Math.abs(total('Class1VideoTime') - recording.duration_ms / 1000) <= 1, JSON.stringify(usage));
	assert.equal(total('Class2VideoTime') + total('Class3VideoTime') + total('AudioTime'), 0);

	// held: not deleted; then it is, on disk too
	const on_disk = path.join(dir, 'recordings', recording.path);
	await box.api('PATCH', `/recordings/${recording.id}/files/${file.id}`, { hold: true });
	await assert.rejects(vod.DeleteMedia({ FileId: file.id }), rejected('FailedOperation'));
	await box.api('PATCH', `/recordings/${recording.id}/files/${file.id}`, { hold: false });
	await vod.DeleteMedia({ FileId: file.id, DeleteParts: [{ Type: 'TranscodeFiles' }] });
	assert.equal((await vod.SearchMedia({})).TotalCount, 1);
	await vod.DeleteMedia({ FileId: file.id, DeleteParts: [] });
	assert.equal((await vod.SearchMedia({})).TotalCount, 0);
	await until('the file to go', () => !fs.existsSync(on_disk));
	await assert.rejects(vod.DeleteMedia({ FileId: file.id }), rejected('ResourceNotFound'));
	await until('the recording to go', async () => (await box.api('GET', '/recordings?prefix=lesson_1')).total === 0);
});

test('what is wrong is told with the documented codes', async () => {
	const long = 'x'.repeat(101), many = Array(11).fill('1');
	for (const [action, parameters, code] of [
		['SearchMedia', { FileIds: many }, 'InvalidParameterValue.FileIds'], ['SearchMedia', { Names: [long] }, 'InvalidParameterValue.Names'],
		['SearchMedia', { NamePrefixes: [long] }, 'InvalidParameterValue.NamePrefixes'], ['SearchMedia', { ClassIds: many.map(Number) }, 'InvalidParameterValue.ClassIds'],
		['SearchMedia', { Tags: [long] }, 'InvalidParameterValue.Tags'], ['SearchMedia', { Categories: ['Song'] }, 'InvalidParameterValue.Categories'],
		['SearchMedia', { SourceTypes: ['Disk'] }, 'InvalidParameterValue.SourceTypes'], ['SearchMedia', { SourceType: 'Disk' }, 'InvalidParameterValue.SourceType'],
		['SearchMedia', { StreamIds: many }, 'InvalidParameterValue.StreamIds'], ['SearchMedia', { StartTime: 'now' }, 'InvalidParameterValue.StartTime'],
		['SearchMedia', { EndTime: '2023' }, 'InvalidParameterValue.EndTime'], ['SearchMedia', { Sort: { Field: 'Name', Order: 'Asc' } }, 'InvalidParameterValue.Sort'],
		['SearchMedia', { Text: long }, 'InvalidParameterValue.Text'], ['SearchMedia', { Offset: -1 }, 'InvalidParameterValue.Offset'],
		['SearchMedia', { Offset: 4999, Limit: 2 }, 'LimitExceeded'], ['SearchMedia', { SubAppId: 7 }, 'InvalidParameterValue.SubAppId'],
		['SearchMedia', { StorageRegions: [long] }, 'InvalidParameterValue.StorageRegions'],
		['DescribeMediaInfos', {}, 'MissingParameter'], ['DescribeMediaInfos', { FileIds: [] }, 'InvalidParameterValue.FileIdsEmpty'],
		['DescribeMediaInfos', { FileIds: Array(21).fill('1') }, 'InvalidParameterValue.FileIdsOverLimit'],
		['DescribeMediaInfos', { FileIds: ['1'], SubAppId: 7 }, 'FailedOperation.InvalidVodUser'],
		['DescribeMediaInfos', { FileIds: ['1'.repeat(41)] }, 'InvalidParameterValue.FileIds'],
		['DeleteMedia', { FileId: '1', SubAppId: 7 }, 'FailedOperation.InvalidVodUser'],
		['DeleteMedia', {}, 'MissingParameter'], ['DeleteMedia', { FileId: '5285890784246869930' }, 'ResourceNotFound'],
		['CreateSubAppId', {}, 'MissingParameter'], ['CreateSubAppId', { Name: 'x'.repeat(41) }, 'InvalidParameterValue.Name'],
		['CreateSubAppId', { Name: 'x', Description: 'x'.repeat(301) }, 'InvalidParameterValue.Description'],
		['ModifySubAppIdInfo', { SubAppId: 7, Name: 'x' }, 'InvalidParameterValue.SubAppId'],
		['ModifySubAppIdStatus', { SubAppId: 7, Status: 'Gone' }, 'InvalidParameterValue']])
		await assert.rejects(vod[action](parameters), rejected(code), `${action} ${JSON.stringify(parameters)}`);
	for (const [parameters, code] of [[{}, 'MissingParameter'], [{ StartTime: '2023-02-30', EndTime: '2023-03-01' }, 'InvalidParameter'],
		[{ StartTime: '2023-01-01', EndTime: '2023-02-01' }, 'InvalidParameter'], [{ StartTime: '2023-01-02', EndTime: '2023-01-01' }, 'InvalidParameter'],
		[{ StartTime: '2023-01-01', EndTime: '2023-01-01', SdkAppId: 5 }, 'InvalidParameter.SdkAppId']])
		await assert.rejects(app.cloud.DescribeRecordStatistic(parameters), rejected(code), JSON.stringify(parameters));
});

test('storage areas are kept apart', { timeout: 120000 }, async () => {
	const { SubAppId } = await vod.CreateSubAppId({ Name: '课程', Description: 'of lessons' });
	await vod.ModifySubAppIdInfo({ SubAppId, Name: 'Lessons' });
	const { SubAppIdInfoSet, TotalCount } = await vod.DescribeSubAppIds({});
	assert.equal(TotalCount, 2);
	assert.deepEqual(SubAppIdInfoSet.map(info => [info.SubAppId, info.SubAppIdName, info.Status]), [[app.id, 'vod test', 'On'], [SubAppId, 'Lessons', 'On']]);
	assert.equal((await vod.DescribeSubAppIds({ Name: 'less' })).TotalCount, 1);
	await settings({ area: SubAppId, callback_url: '', formats: ['hls', 'mp4', 'flv'] });
	const recording = await record(103, 'apart', 2);
	assert.ok(recording.path.startsWith(`${SubAppId}/apart_`), recording.path); // a folder of its own
	assert.ok(fs.existsSync(path.join(dir, 'recordings', recording.path)));
	// three files; one goes alone, with all that its playlist lists
	assert.deepEqual(recording.files.map(file => file.format).sort(), ['flv', 'hls', 'mp4']);
	const kept = () => fs.readdirSync(path.join(dir, 'recordings', String(SubAppId))).map(name => path.extname(name))
		.filter(suffix => suffix !== '.journal').sort().join(); // which goes when it is acknowledged
	assert.equal(kept(), '.flv,.hls,.m3u8,.mp4');
	const { MediaInfoSet: [playlist] } = await vod.SearchMedia({ SubAppId, MediaTypes: ['hls'] });
	const listed = await (await fetch(playlist.BasicInfo.MediaUrl)).text();
	assert.match(listed, /#EXT-X-ENDLIST/);
	await vod.DeleteMedia({ SubAppId, FileId: playlist.FileId });
	await until('the playlist to go', () => kept() === '.flv,.mp4');
	await vod.DeleteMedia({ SubAppId, FileId: recording.files.find(file => file.format === 'flv').id });
	await until('one file to be left', () => kept() === '.mp4');
	await until('it to be forgotten', async () => (await box.api('GET', `/recordings/${recording.id}`)).files.length === 1);
	const FileId = recording.files.find(file => file.format === 'mp4').id;
	assert.equal((await vod.SearchMedia({ SubAppId })).TotalCount, 1);
	assert.equal((await vod.SearchMedia({})).TotalCount, 0);
	assert.deepEqual((await vod.DescribeMediaInfos({ FileIds: [FileId] })).NotExistFileIdSet, [FileId]);
	await assert.rejects(vod.DeleteMedia({ FileId }), rejected('ResourceNotFound'));
	// another application does not know it either
	const other = await box.application('other');
	const theirs = box.cloud(other.key, { product: 'vod', version: '2018-07-17' });
	await assert.rejects(theirs.SearchMedia({ SubAppId }), rejected('InvalidParameterValue.SubAppId'));
	await assert.rejects(theirs.ModifySubAppIdStatus({ SubAppId, Status: 'Off' }), rejected('InvalidParameterValue'));
	// a quota that is reached, an area that is off: no recording begins
	const start = () => app.cloud.StartMCUMixTranscode(mixParameters(app, 104, { StreamId: 's4', RecordId: 'r4' }, { VideoWidth: 320, VideoHeight: 180 }));
	await box.publish(app, 104, 'bob', { size: '320x180', bitrate: 200 });
	await box.api('PATCH', `/applications/${app.id}/areas/${SubAppId}`, { quota_bytes: 1000 });
	await assert.rejects(start(), rejected('ResourceInsufficient.RequestRejection'));
	await box.api('PATCH', `/applications/${app.id}/areas/${SubAppId}`, { quota_bytes: 0 });
	await vod.ModifySubAppIdStatus({ SubAppId, Status: 'Off' });
	await assert.rejects(start(), rejected('ResourceInsufficient.RequestRejection'));
	await assert.rejects(vod.DescribeMediaInfos({ SubAppId, FileIds: [FileId] }), rejected('FailedOperation.InvalidVodUser'));
	await assert.rejects(vod.SearchMedia({ SubAppId }), rejected('FailedOperation.InvalidVodUser'));
	await assert.rejects(vod.DeleteMedia({ SubAppId, FileId }), rejected('FailedOperation.InvalidVodUser'));
	await settings({ area: null, formats: ['mp4'] });
	await vod.ModifySubAppIdStatus({ SubAppId, Status: 'On' });
	await vod.DeleteMedia({ SubAppId, FileId });
	await until('the file to go', () => !fs.existsSync(path.join(dir, 'recordings', recording.path)));
});

test('callbacks go by HTTPS, and not to a wrong certificate', { timeout: 120000 }, async () => {
	const certificate = name => ({ key: fs.readFileSync(`${dir}/${name}.key`), cert: fs.readFileSync(`${dir}/${name}.crt`) });
	const secure = await receive(certificate('other'));
	try {
		await settings({ callback_url: `https://127.0.0.1:${secure.port}/`, callback_key: key });
		await record(105, 'tls', 2);
		for (const [name, error] of [['other', /subject name/], ['expired', /expired/], ['unknown', /self.signed/]]) {
			secure.setSecureContext(certificate(name));
			await until(`the certificate to be refused: ${error}`, async () =>
				(await box.api('GET', '/callbacks')).callbacks.some(callback => callback.attempts && error.test(callback.error)));
			assert.equal(secure.requests.length, 0);
		}
		// with the right one they come after all, in order
		secure.setSecureContext(certificate('right'));
		await until('delivery', () => secure.requests.some(request => request.event_type === 100));
		assert.deepEqual(secure.requests.map(request => request.record_event ?? request.event_type), ['record_start_succeeded', 'record_ended', 100]);
		assert.ok(secure.requests.every(signed));
		secure.requests.length = 0;
		secure.setSecureContext(certificate('other'));
		await settings({ callback_url: `https://localhost:${secure.port}/` });
		// this one is of sound alone, as MP3, whatever the application's formats are; viewers see it as ever
		await settings({ formats: ['mp4', 'hls'] });
		const recording = await record(106, 'tls2', 2, async () => {
			const { streams } = ffprobe((await box.api('GET', `/applications/${app.id}/rooms/106/mix`)).flv_url);
			assert.deepEqual(streams.map(stream => stream.codec_name).sort(), ['aac', 'h264']);
		}, { RecordAudioOnly: 1 });
		await until('delivery', () => secure.requests.some(request => request.event_type === 100));
		const done = secure.requests.find(request => request.event_type === 100), [file] = recording.files;
		assert.equal(recording.files.length, 1);
		assert.match(recording.path, /^\d+\/tls2_[-\d]+_[-\d]+\.mp3$/);
		assert.deepEqual([file.format, done.file_format, done.file_id, recording.width], ['mp3', 'mp3', file.id, 0]);
		assert.equal((await fetch(done.video_url)).headers.get('content-type'), 'audio/mpeg');
		const { streams: [sound, none], format } = ffprobe(done.video_url);
		assert.deepEqual([sound.codec_name, sound.sample_rate, sound.channels, none], ['mp3', '48000', 2, undefined]);
		assert.ok(Math.abs(Number(format.duration) * 1000 - recording.duration_ms) < 200, `${format.duration} s, ${recording.duration_ms} ms`);
		const { MediaInfoSet: [media] } = await vod.SearchMedia({ MediaTypes: ['mp3'], Categories: ['Audio'] });
		assert.deepEqual([media.FileId, media.BasicInfo.Type, media.BasicInfo.Category], [file.id, 'mp3', 'Audio']);
		assert.ok(secure.requests.every(signed));
	} finally {
		secure.close();
	}
});
