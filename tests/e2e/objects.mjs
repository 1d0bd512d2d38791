// SPDX-License-Identifier: GPL-3.0-or-later
// An object storage to upload to: s3rver, which keeps objects in files, behind a gate that checks what s3rver does not (each
// signature of AWS Signature Version 4, Content-MD5), notes each request, and can be told to fail.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { createRequire } from 'node:module';

const S3rver = createRequire(import.meta.url)('s3rver');
const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const escaped = text => encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const sha256 = data => crypto.createHash('sha256').update(data).digest('hex');

/** What a request says of its signature, which is in its headers or in its address ("presigned"); empty: it has none, or two. */
function signed({ headers }, query) {
	const [, credential, names, signature] = /^AWS4-HMAC-SHA256 Credential=(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(headers.authorization) ?? [];
	if (!query.has('X-Amz-Algorithm'))
		return credential ? { by: 'headers', credential, names, signature, time: headers['x-amz-date'], life: 900, payload: headers['x-amz-content-sha256'] } : {};
	return credential || query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256' ? {} : { by: 'address', credential: query.get('X-Amz-Credential'),
		names: query.get('X-Amz-SignedHeaders'), signature: query.get('X-Amz-Signature'), time: query.get('X-Amz-Date'),
		life: Number(query.get('X-Amz-Expires')), payload: 'UNSIGNED-PAYLOAD' };
}

/** What is wrong with the signature of a request; undefined: nothing. Written from AWS's text, not from ours. */
function fault({ method, url, headers }, body, secrets) {
	const { pathname, searchParams: query } = new URL(url, 'http://gate');
	const { credential = '', names = '', signature, time = '', life, payload } = signed({ headers }, query);
	const [id, day, region, service, end] = credential.split('/');
	if (service !== 's3' || end !== 'aws4_request' || !time.startsWith(day))
		return 'AccessDenied';
	if (!secrets[id])
		return 'InvalidAccessKeyId';
	const at = Date.parse(time.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
	if (!(at < Date.now() + 60000 && Date.now() < at + life * 1000))
		return 'AccessDenied';
	if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(body))
		return 'XAmzContentSHA256Mismatch';
	query.delete('X-Amz-Signature');
	const list = names.split(';');
	const left = Object.keys(headers).filter(name => (name === 'host' || name.startsWith('x-amz-')) && !list.includes(name));
	const canonical = [method, pathname.split('/').map(part => escaped(decodeURIComponent(part))).join('/'),
		[...query].map(([name, value]) => `${escaped(name)}=${escaped(value)}`).sort().join('&'),
		...list.map(name => `${name}:${headers[name]}`), '', names, payload].join('\n');
	const text = ['AWS4-HMAC-SHA256', time, `${day}/${region}/s3/aws4_request`, sha256(canonical)].join('\n');
	const key = ['s3', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${secrets[id]}`, day), region));
	return !left.length && hmac(key, text).toString('hex') === signature ? undefined : 'SignatureDoesNotMatch';
}

/** Starts it, by TLS if it is given options for that (for the name localhost), for pages of this origin; `gate.requests` notes what was let in, `gate.trouble(request)` may give a status, an error code of 400, 'hang', or nothing. */
export async function startObjects(dir, bucket, { tls, origin } = {}) {
	fs.mkdirSync(dir, { recursive: true });
	const s3 = new S3rver({ directory: dir, port: 0, address: '127.0.0.1', silent: true, configureBuckets: [{ name: bucket, configs: origin ? [
		`<CORSConfiguration><CORSRule><AllowedOrigin>${origin}</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`] : [] }] });
	const { port } = await s3.run();
	const secrets = { S3RVER: 'S3RVER' };
	const refuse = (response, status, code) => {
		response.writeHead(status, { 'Content-Type': 'application/xml' });
		response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
	};
	const answer = (request, response) => {
		const chunks = [];
		const trouble = gate.trouble?.(request);
		request.on('data', data => chunks.push(data));
		request.on('end', () => {
			const body = Buffer.concat(chunks);
			const md5 = request.headers['content-md5'];
			const wrong = fault(request, body, secrets);
			if (wrong)
				return refuse(response, 403, wrong);
			if (trouble === 'hang')
				return gate.hung.push(response);
			if (trouble)
				return typeof trouble === 'string' ? refuse(response, 400, trouble) : refuse(response, trouble, 'InternalError');
			if (md5 && crypto.createHash('md5').update(body).digest('base64') !== md5)
				return refuse(response, 400, 'BadDigest');
			const { pathname, searchParams: query } = new URL(request.url, 'http://gate');
			const note = { method: request.method, path: pathname, query, bytes: body.length, signed: signed(request, query).by };
			// s3rver keeps the parts; what matters is that it was asked for
			if (request.method === 'DELETE' && note.query.has('uploadId')) {
				gate.requests.push({ ...note, status: 204 });
				response.writeHead(204);
				return response.end();
			}
			const onward = http.request({ port, host: '127.0.0.1', method: request.method, path: request.url,
				headers: request.headers }, stored => {
				note.status = stored.statusCode;
				gate.requests.push(note);
				response.writeHead(stored.statusCode, stored.headers);
				stored.pipe(response);
			});
			onward.on('error', () => response.destroy());
			onward.end(body);
		});
		request.on('error', () => {});
	};
	const gate = tls ? https.createServer(tls, answer) : http.createServer(answer);
	gate.requests = [];
	gate.hung = [];
	gate.secrets = secrets;
	await new Promise(done => gate.listen(0, '127.0.0.1', done));
	gate.endpoint = `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${gate.address().port}`;
	/** The bytes of an object; undefined: it is not there. */
	gate.object = name => {
		const file = path.join(dir, bucket, `${name}._S3rver_object`);
		return fs.existsSync(file) ? fs.readFileSync(file) : undefined;
	};
	gate.stop = async () => {
		for (const response of gate.hung)
			response.destroy();
		gate.closeAllConnections();
		gate.close();
		await s3.close();
	};
	return gate;
}
