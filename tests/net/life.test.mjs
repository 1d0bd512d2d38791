// SPDX-License-Identifier: GPL-3.0-or-later
// Starts, stops and kills of the drivers that share an interface with the kernel: nothing is left behind and the next start works.
// TESSERA_LONG=1: 100 starts and 20 kills instead of 10 and 3.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../e2e/box.mjs';
import { Pair, bin, blast, checked, drivers, flows, long, startChecker } from './pair.mjs';

const starts = long ? 100 : 10, kills = long ? 20 : 3;
let pair, runtime;
before(() => {
	pair = new Pair();
	// where DPDK keeps its files instead of /var/run, so that others' do not matter
	runtime = process.env.RUNTIME_DIRECTORY = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-net-'));
});
after(() => {
	pair?.remove();
	fs.rmSync(runtime, { recursive: true, force: true });
});

const files = folder => fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true }).map(String).sort() : [];
const hugepages = () => /HugePages_Free:\s+(\d+)/.exec(fs.readFileSync('/proc/meminfo', 'utf8'))[1];

/** All that a driver could leave: what is on the interface, in nftables, and in DPDK's folders. */
const traces = () => ({ xdp: pair.rx.xdp(), rules: pair.rx.rules(), runtime: files(runtime), huge: files('/dev/hugepages'), free: hugepages(),
	links: pair.rx.ip('-o', 'link').trim().split('\n').length });

/** While a driver runs there is something to be left. */
function assertTaken(name) {
	if (name === 'xdp')
		assert.match(pair.rx.xdp() ?? 'none', /prog\/xdp id \d+/);
	else
		assert.notEqual(pair.rx.rules(), '');
}

async function stop(checker) {
	checker.kill('SIGTERM');
	return checked(checker);
}

for (const name of ['xdp', 'afp']) {
	const spec = drivers[name];

	test(`${name}: ${starts} starts and stops leave nothing`, { timeout: 60000 + starts * 3000 }, async () => {
		const clean = traces();
		for (let i = 0; i < starts; i++) {
			const checker = await startChecker(pair.rx, spec(pair.rx));
			assertTaken(name);
			assert.equal((await stop(checker)).status, 0);
			assert.deepEqual(traces(), clean, `after ${i + 1} starts`);
		}
	});

	test(`${name}: after each of ${kills} kills the next start works and leaves nothing`, { timeout: 60000 + kills * 6000 }, async () => {
		const clean = traces();
		for (let i = 0; i < kills; i++) {
			const killed = await startChecker(pair.rx, spec(pair.rx));
			// killed in the midst of work
			const sending = blast(pair.tx.onCard(), pair.rx.address, { seconds: 0.3, rate: 20000 });
			await new Promise(done => setTimeout(done, 50 + 10 * i));
			killed.kill('SIGKILL');
			assert.equal(await killed.ended, 'SIGKILL');
			await sending;
			const checker = await startChecker(pair.rx, spec(pair.rx));
			const { sent } = await blast(pair.tx.onCard(), pair.rx.address, { seconds: 0.2, rate: 20000 });
			const got = await checked(checker);
			assert.deepEqual([got.status, got.received, got.lost, got.duplicates, got.damaged], [0, sent, 0, 0, 0], `after ${i + 1} kills`);
			await until('all to be gone', () => {
				try {
					assert.deepEqual(traces(), clean);
					return true;
				} catch {
					return false;
				}
			}).catch(() => assert.deepEqual(traces(), clean, `after ${i + 1} kills`));
		}
	});
}

/** The checker as a user without any rights but those, with packets for it; what it wrote and how it ended. */
async function runAsNobody(spec, capabilities) {
	const list = ['-all', ...capabilities.map(name => `+${name}`)].join(',');
	fs.chmodSync(runtime, 0o777);
	const checker = pair.rx.spawn('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', `--bounding-set=${list}`, `--inh-caps=${list}`,
		`--ambient-caps=${list}`, path.join(bin, 'tess-packet-check'), spec, flows.port, flows.ports, flows.streams, 10);
	await until('its start', () => /^ready$/m.test(checker.output) || checker.exitCode !== null);
	const sent = checker.exitCode === null && await blast(pair.tx.onCard(), pair.rx.address, { seconds: 0.2, rate: 10000 });
	const status = await checker.ended;
	return { status, sent: sent.sent, output: checker.output };
}

for (const [name, capabilities] of [['xdp', ['net_raw', 'net_admin', 'bpf', 'ipc_lock']], ['afp', ['net_raw', 'net_admin', 'ipc_lock']]])
	test(`${name}: runs without root with just the capabilities in docs/network.md`, { timeout: 60000 }, async () => {
		const spec = drivers[name](pair.rx), clean = traces();
		const { status, sent, output } = await runAsNobody(spec, capabilities);
		assert.equal(status, 0, output);
		assert.match(output, new RegExp(`^received=${sent} lost=0 `, 'm'));
		assert.deepEqual(traces(), clean);
		for (const missing of ['net_raw', 'net_admin']) {
			const refused = await runAsNobody(spec, capabilities.filter(one => one !== missing));
			assert.equal(refused.status, 1, `without ${missing}: ${refused.output}`);
			assert.match(refused.output, new RegExp(`tess-packet-check: ${name}:vrx: .*(vrx|privileged)`), `without ${missing}`);
			assert.deepEqual(traces(), clean, `without ${missing}`);
		}
	});
