// SPDX-License-Identifier: GPL-3.0-or-later
// 20,000 packets a second for 5 s into each driver, none lost, while ping, a web server and DNS go over the same interface.
// TESSERA_LONG=1: 50,000 for 20 s, which needs a machine that does nothing else.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root, sleep, until } from '../e2e/box.mjs';
import { Pair, blast, checked, drivers, long, startChecker } from './pair.mjs';

const seconds = long ? 20 : 5, rate = long ? 50000 : 20000, fileBytes = 4 << 20;
let pair, dir;
before(() => {
	pair = new Pair();
	dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-net-'));
	fs.writeFileSync(path.join(dir, 'file'), Buffer.alloc(fileBytes, 'tessera'));
});
after(() => {
	pair?.remove();
	fs.rmSync(dir, { recursive: true, force: true });
});


const fetchFile = () => pair.tx.onCard().exec('curl', '-sS', '--max-time', '5', '-o', '/dev/null', '-w', '%{http_code} %{size_download}',
	`http://${pair.rx.address}:8080/file`);

async function fetchWhile(running) {
	let fetched = 0;
	while (!running.over) {
		assert.equal(await fetchFile(), `200 ${fileBytes}`);
		fetched++;
		await sleep(200);
	}
	return fetched;
}

const cases = { ...drivers, 'afp with two queues': side => `${drivers.afp(side)},qpairs=2` };
for (const [name, spec] of Object.entries(cases))
	test(`${name}: nothing lost at ${rate} packets a second beside ping, HTTP and DNS`, { timeout: (seconds + 40) * 1000 }, async () => {
		const server = pair.rx.onCard().spawn('python3', '-m', 'http.server', '8080', '--bind', pair.rx.address, '--directory', dir);
		// the box asks: what comes back is UDP to a port of the kernel's
		const dns = [process.execPath, path.join(root, 'tests/net/dns.mjs')];
		const names = pair.tx.onCard().spawn(...dns, 'serve', pair.tx.address);
		try {
			await until('the name server', () => names.output.includes('ready'));
			await until('the web server', () => fetchFile().then(() => true, () => false));
			const checker = await startChecker(pair.rx, spec(pair.rx));
			const running = { over: false };
			const sending = blast(pair.tx.onCard(), pair.rx.address, { seconds, rate }).finally(() => { running.over = true; });
			const count = seconds * 10;
			const [sent, ping, answered, fetched] = await Promise.all([sending,
				pair.tx.onCard().exec('ping', '-c', count, '-i', '0.1', '-W', '2', '-q', pair.rx.address),
				pair.rx.onCard().exec(...dns, 'ask', pair.tx.address, count), fetchWhile(running)]);
			const got = await checked(checker);
			console.log(`${name}: ${JSON.stringify(got)}, ${fetched} files fetched, ${ping.trim().split('\n').pop()}`);
			assert.equal(sent.sent, rate * seconds);
			const where = `${JSON.stringify(got)}, dropped by the sending interface ${pair.tx.dropped().tx}, by the receiving one ${pair.rx.dropped().rx}`;
			assert.deepEqual([got.received, got.lost, got.duplicates, got.damaged], [sent.sent, 0, 0, 0], where);
			assert.deepEqual(Object.keys(got).filter(key => key.startsWith('rx_dropped')), [], where);
			assert.equal(got.status, 0);
			assert.match(ping, new RegExp(`${count} packets transmitted, ${count} received, 0% packet loss`));
			assert.match(answered, new RegExp(`^answered=${count}$`, 'm'));
			assert.ok(fetched >= seconds, `${fetched} files fetched`);
		} finally {
			server.kill();
			names.kill();
		}
	});
