// SPDX-License-Identifier: GPL-3.0-or-later
// The end-to-end test of a room (tests/e2e/room.test.mjs) over each driver that shares the interface with the kernel: the box in one
// namespace; publishers, the cloud SDK, viewers and the reader of the recording in the other, all over the one interface between them.
// The web UI must answer all the while. TESSERA_LONG=1: over all three drivers, and with two workers, instead of AF_XDP alone.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root, sleep } from '../e2e/box.mjs';
import { Pair, drivers, long } from './pair.mjs';

let pair;
before(() => { pair = new Pair(); });
after(() => pair?.remove());

/**
 * Ask for the page of the web UI again and again while a child runs; gives how often it came, the longest it took, and how often the
 * driver under test was seen on the interface meanwhile.
 */
async function browse(child, port, isThere) {
	const seen = { pages: 0, failures: [], slowest_s: 0, driver: 0 };
	let over = false;
	child.ended.then(() => { over = true; });
	for (let up = false; !over; await sleep(250)) {
		const answer = await pair.tx.exec('curl', '-sS', '--max-time', '3', '-o', '/dev/null', '-w', '%{http_code} %{time_total} %{content_type}',
			`http://${pair.rx.address}:${port}/`).catch(error => error.message);
		if (over)
			break;
		if (/^200 [\d.]+ text\/html/.test(answer)) {
			up = true;
			seen.pages++;
			seen.driver += isThere() ? 1 : 0;
			seen.slowest_s = Math.max(seen.slowest_s, Number(answer.split(' ')[1]));
		} else if (up) {
			seen.failures.push(answer);
		}
	}
	return seen;
}

/** What a driver in use can be known by. A box whose driver does not start goes on with sockets, which would prove nothing. */
const isThere = { udp: () => !pair.rx.xdp() && !pair.rx.rules(), xdp: () => pair.rx.xdp(), afp: () => pair.rx.rules() };

const cases = long ? [...Object.keys(drivers).map(name => [name, 1]), ['xdp', 2]] : [['xdp', 1]];
for (const [name, workers] of cases)
	test(`a room over ${name}, ${workers} workers`, { timeout: 240000 }, async () => {
		const port = 8080;
		const options = { netns: pair.rx.name, address: pair.rx.address, controlPort: port, media: { net: drivers[name](pair.rx), workers } };
		const child = pair.tx.spawn('env', '-u', 'NODE_TEST_CONTEXT', `TESSERA_ROOM_BOX=${JSON.stringify(options)}`, process.execPath, '--test', '--test-reporter=tap',
			'--test-name-pattern=16 people are mixed', path.join(root, 'tests/e2e/room.test.mjs'));
		const seen = await browse(child, port, isThere[name]);
		assert.equal(await child.ended, 0, child.output);
		assert.match(child.output, /^# pass 1$/m);
		console.log(`${name}: ${JSON.stringify(seen)}`);
		// the box stops at the end of the test, and so does its web server
		assert.ok(seen.pages > 20 && seen.failures.length <= 4, JSON.stringify(seen));
		assert.ok(seen.driver > 20 && seen.driver >= seen.pages - 8, `${name} was there ${seen.driver} times of ${seen.pages}`);
		assert.ok(seen.slowest_s < 2, `a page took ${seen.slowest_s} s`);
	});
