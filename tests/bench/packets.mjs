// SPDX-License-Identifier: GPL-3.0-or-later
// See tests/bench/packets. All contenders of a comparison take turns on the same pair of namespaces and the same numbered packets of 1200
// bytes; CPU is the receiver's own and the softirq of the whole machine, between the first and the last packet.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../e2e/box.mjs';
import { Pair, bin, blast, checked, drivers, figures, flows, startChecker } from '../net/pair.mjs';

const rounds = Number(process.argv[2] ?? 1);
const turns = 3 * rounds, seconds = 3, rate = 100000;
const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const print = (name, value, unit, goal, ok) => console.log(`result ${name}=${value.toFixed(2)} ${unit} goal=${goal} ${ok ? 'ok' : 'short'}`);

/** Each contender in turn, `turns` times; gives what each returned. */
async function interleave(contenders, times = turns) {
	const runs = Object.fromEntries(Object.keys(contenders).map(name => [name, []]));
	for (let turn = 0; turn < times; turn++)
		for (const [name, measure] of Object.entries(contenders))
			runs[name].push(await measure());
	return runs;
}
const ratio = (a, b) => median(a.map((value, i) => value / b[i]));

async function classify() {
	const run = (device, streams) => figures(execFileSync(path.join(bin, 'bench-classify'), [device, String(streams)], { encoding: 'utf8' })).cycles;
	const runs = await interleave(Object.fromEntries(['null', 'ring'].flatMap(device => [64, 1024].map(streams =>
		[`classify_${device}_${streams}`, () => run(device, streams)]))), 3 * turns);
	for (const [name, cycles] of Object.entries(runs))
		print(name, median(cycles), 'cycles', 100, median(cycles) <= 100);
}

/** What one driver received and needed for it. */
async function receive(pair, spec) {
	const checker = await startChecker(pair.rx, spec(pair.rx));
	const sent = await blast(pair.tx, pair.rx.address, { seconds, rate });
	const got = await checked(checker);
	if (got.received < sent.sent * 0.98)
		console.log(`${spec(pair.rx)}: only ${got.received} of ${sent.sent} came`);
	return got;
}

async function compareDrivers(pair) {
	const runs = await interleave(Object.fromEntries(Object.entries(drivers).map(([name, spec]) => [name, () => receive(pair, spec)])));
	const value = (name, key) => runs[name].map(run => run[key]);
	for (const name of Object.keys(runs))
		console.log(`${name.padEnd(4)} ${(median(value(name, 'packets_a_cpu_s')) / 1e6).toFixed(3)} million packets a CPU second; 95 % of them seen ` +
			`${median(value(name, 'latency_us'))} us after they were sent, with arrival times of ${median(value(name, 'arrival_us'))} us after it`);
	for (const [name, goal] of [['xdp', 2.5], ['afp', 1.8]]) {
		const times = ratio(value(name, 'packets_a_cpu_s'), value('udp', 'packets_a_cpu_s'));
		print(`receive_${name}_to_sockets`, times, 'x', goal, times >= goal);
	}
}

const ticks = pid => {
	const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
	return Number(fields[11]) + Number(fields[12]);
};

/**
 * UDP_GRO on receiving, where it can join anything: the interface's NAPI runs in a thread, so that packets gather for it as they do behind a
 * NIC's interrupt moderation. Runs of packets are those of one picture from one sender, back to back.
 */
async function compareGro(pair) {
	pair.rx.execSync('ethtool', '-K', pair.rx.dev, 'gro', 'on');
	pair.rx.execSync('sh', '-c', `echo 1 >/sys/class/net/${pair.rx.dev}/threaded`);
	const thread = execFileSync('pgrep', ['-x', `napi/${pair.rx.dev}-.*`], { encoding: 'utf8' }).trim().split('\n').pop();
	const measure = async (mode, run) => {
		const child = pair.rx.spawn(path.join(bin, 'bench-sockets'), mode, flows.port, flows.ports);
		while (!child.output.includes('ready'))
			await new Promise(done => setTimeout(done, 10));
		const before = ticks(thread);
		await blast(pair.tx, pair.rx.address, { seconds, rate: 40000, run });
		await child.ended;
		const got = figures(/^packets=.*$/m.exec(child.output)[0]);
		return { ...got, value: got.packets / (got.cpu_s + got.softirq_s + (ticks(thread) - before) / 100) };
	};
	for (const run of rounds > 1 ? [1, 4, 20] : [4]) {
		const runs = await interleave({ plain: () => measure('plain', run), gro: () => measure('gro', run) });
		const value = key => runs[key].map(one => one.value);
		console.log(`UDP_GRO, runs of ${run}: ${median(runs.gro.map(one => one.packets / one.messages)).toFixed(1)} packets a message, ` +
			`${ratio(value('gro'), value('plain')).toFixed(2)} x the packets a CPU second`);
	}
	pair.rx.execSync('sh', '-c', `echo 0 >/sys/class/net/${pair.rx.dev}/threaded`);
	pair.rx.execSync('ethtool', '-K', pair.rx.dev, 'gro', 'off');
}

/** UDP_SEGMENT on sending, which drivers/net_udp does by itself for runs of equal datagrams to one place. */
async function compareGso(pair) {
	const measure = async (run, gso) => {
		const sent = await blast(pair.tx, pair.rx.address, { seconds, rate: 40000, run, gso });
		return sent.sent / sent.cpu_s;
	};
	const sink = await startChecker(pair.rx, drivers.udp(pair.rx), 600);
	for (const run of rounds > 1 ? [4, 20] : [4]) {
		const runs = await interleave({ plain: () => measure(run, false), gso: () => measure(run, true) });
		console.log(`UDP_SEGMENT, runs of ${run}: ${ratio(runs.gso, runs.plain).toFixed(2)} x the packets sent a CPU second`);
	}
	sink.kill('SIGTERM');
	await sink.ended;
}

/** The box of tests/bench/room over one driver: CPU seconds a second of its processes. */
async function room(pair, spec) {
	const options = { netns: pair.rx.name, address: pair.rx.address, controlPort: 8080, egressPort: 8088, media: { net: spec(pair.rx) } };
	const out = await pair.tx.exec('env', `TESSERA_ROOM_BOX=${JSON.stringify(options)}`, process.execPath, path.join(root, 'tests/bench/room.mjs'), 1, 'box');
	const line = /^round 1 box\s+(.*)$/m.exec(out)?.[1];
	if (!line)
		throw new Error(out);
	console.log(`room over ${spec(pair.rx)}: ${line}`);
	return figures(line).cpu;
}

async function compareRooms(pair) {
	const runs = await interleave({ udp: () => room(pair, drivers.udp), xdp: () => room(pair, drivers.xdp) }, rounds);
	const value = ratio(runs.xdp, runs.udp);
	print('room_cpu_xdp_to_sockets', value, 'x', 1.05, value <= 1.05);
}

const parts = { classify, drivers: compareDrivers, gso: compareGso, gro: compareGro, room: compareRooms };
const pair = new Pair();
try {
	for (const part of process.argv[3]?.split(',') ?? Object.keys(parts))
		await parts[part](pair);
} finally {
	pair.remove();
}
process.exit(0);
