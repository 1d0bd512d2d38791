// SPDX-License-Identifier: GPL-3.0-or-later
// What becomes of a box when its port does not start, loses its link, goes away and comes back: each is told by name, the other processes
// go on, and so does the port when it can. The box runs in one namespace and is asked over the loopback interface there.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { until } from '../e2e/box.mjs';
import { Pair, bin, blast, checked, startChecker } from './pair.mjs';

let pair, dir, box;
before(() => {
	pair = new Pair();
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-net-'));
});
afterEach(async () => {
	box?.process.kill('SIGTERM');
	await box?.process.ended;
	box = undefined;
});
after(() => {
	pair?.remove();
	fs.rmSync(dir, { recursive: true, force: true });
});

/** `tessera run` on the receiving side with those settings of `media`. */
async function startBox(name, media) {
	const state = path.join(dir, name), config = path.join(dir, `${name}.conf`);
	fs.mkdirSync(state);
	fs.writeFileSync(config, `box: { state_dir = "${state}"; run_dir = "${state}/run"; };
control: { listen = "127.0.0.1:8080"; };
media: { rtp_ports = "20000-20199"; ${media} };
egress: { listen = "127.0.0.1:8088"; record_dir = "${state}/recordings"; };
`);
	box = { process: pair.rx.spawn(path.join(bin, 'tessera'), 'run', '--config', config) };
	const curl = (...args) => pair.rx.exec('curl', '-sS', '--max-time', '5', '-H', 'X-Tessera: 1', ...args).catch(error => error.message);
	await until('the web server', () => curl('http://127.0.0.1:8080/api/v1/health').then(text => text.startsWith('{')), 30000);
	const password = fs.readFileSync(`${state}/initial-password`, 'utf8').trim();
	const answer = await curl('-i', '-H', 'Content-Type: application/json', '-d', JSON.stringify({ user: 'admin', password }), 'http://127.0.0.1:8080/api/v1/login');
	const cookie = /^set-cookie: ([^;]+)/im.exec(answer)[1];
	box.health = async () => JSON.parse(await curl('-H', `Cookie: ${cookie}`, 'http://127.0.0.1:8080/api/v1/health'));
	box.port = async () => (await box.health()).net?.[0];
	box.log = () => box.process.output;
	/** The ids of control and egress, which must not change. */
	box.others = () => pair.rx.execSync('sh', '-c', `for name in control egress; do pgrep -f "tessera-$name.*${config}"; done`).trim();
	return box;
}

test('a port that does not start is told by its setting, and sockets take its place', { timeout: 60000 }, async () => {
	await startBox('eal', 'net = "xdp:vrx,eal=--no-such-word"; net_fallback = "udp:10.99.0.2";');
	const port = await until('a port', async () => (await box.port())?.net && box.port(), 30000);
	assert.equal(port.net, 'udp:10.99.0.2');
	assert.match(box.log(), /media\.net_failed media\.net=xdp:vrx,eal=--no-such-word error="Invalid argument" reason="DPDK does not start: [^"]+"/);
	assert.equal(pair.rx.xdp(), undefined);
});

test('link down and up, the port gone and back: told, and the other processes go on', { timeout: 120000 }, async () => {
	await startBox('link', 'net = "xdp:vrx";');
	const port = (what, check) => until(what, async () => {
		const now = await box.port();
		return now && check(now) && now;
	}, 40000, 200);
	await port('the port', now => now.net === 'xdp:vrx' && now.link);
	assert.match(pair.rx.xdp() ?? 'none', /prog\/xdp id \d+/);
	const others = box.others();
	assert.equal(others.split('\n').length, 2);
	pair.rx.ip('link', 'set', 'vrx', 'down');
	await port('the link to be down', now => !now.link);
	pair.rx.ip('link', 'set', 'vrx', 'up');
	await port('the link to be up', now => now.link);
	assert.doesNotMatch(box.log(), /net_lost/);

	pair.rx.ip('link', 'delete', 'vrx');
	await until('the loss to be told', () => /media\.net_lost media\.net=xdp:vrx error="the port is gone"/.test(box.log()), 20000);
	await until('the next start to be refused', () => /media\.net_failed.*media\.net=xdp:vrx .*there is no network interface vrx/.test(box.log()), 20000);
	assert.equal((await box.health()).processes.find(one => one.process === 'media' || one.name === 'media').up, false);
	assert.equal(box.others(), others);
	pair.connect();
	await until('the XDP program', () => pair.rx.xdp(), 60000);
	await port('the port to be back', now => now.net === 'xdp:vrx' && now.link);
	assert.equal(box.others(), others);
});

for (const spec of ['xdp:vrx', 'afp:vrx'])
	test(`${spec}: packets come again after the link was down`, { timeout: 30000 }, async () => {
		const checker = await startChecker(pair.rx, spec, 15);
		const first = await blast(pair.tx.onCard(), pair.rx.address, { seconds: 0.3, rate: 10000 });
		pair.rx.ip('link', 'set', 'vrx', 'down');
		pair.rx.ip('link', 'set', 'vrx', 'up');
		await pair.tx.exec('ping', '-c', '1', '-W', '5', '-q', pair.rx.address); // the kernel is there again
		const second = await blast(pair.tx.onCard(), pair.rx.address, { seconds: 0.3, rate: 10000 });
		const got = await checked(checker);
		// the second run numbers its packets as the first did
		assert.equal(got.received + got.duplicates, first.sent + second.sent, JSON.stringify(got));
		assert.equal(got.damaged, 0);
	});
