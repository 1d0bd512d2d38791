// SPDX-License-Identifier: GPL-3.0-or-later
// DNS over an interface that a packet driver shares with the kernel.
// dns.mjs serve ADDRESS: a name server; n7.test is 10.7.7.7, with its own number for each name below 256.
// dns.mjs ask ADDRESS COUNT: asks it for n0.test, n1.test, ... ten a second, and fails unless each answer is right and comes at once.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { Resolver } from 'node:dns/promises';

const [mode, address, count] = process.argv.slice(2);
const addressOf = number => `10.${number}.${number}.${number}`;

function answer(query) {
	const number = Number(/n(\d+)/.exec(query.toString('latin1', 12))[1]);
	const end = query.indexOf(0, 12) + 5; // of the question; what comes behind it is not looked at
	const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
	const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...addressOf(number).split('.').map(Number)]);
	return Buffer.concat([head, query.subarray(12, end), record]);
}

if (mode === 'serve') {
	const socket = dgram.createSocket('udp4');
	socket.on('message', (query, from) => socket.send(answer(query), from.port, from.address));
	socket.bind(53, address, () => console.log('ready'));
} else {
	const resolver = new Resolver({ timeout: 2000, tries: 1 });
	resolver.setServers([address]);
	for (let number = 0; number < Number(count); number++) {
		assert.deepEqual(await resolver.resolve4(`n${number}.test`), [addressOf(number)]);
		await new Promise(done => setTimeout(done, 100));
	}
	console.log(`answered=${count}`);
}
