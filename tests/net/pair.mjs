// SPDX-License-Identifier: GPL-3.0-or-later
// Two network namespaces joined by a veth pair: `tx` where senders run and `rx` where the receiver does. Started by tests/net/run,
// which removes what is left of them and of the processes inside.
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../e2e/box.mjs';

export const bin = process.env.TESSERA_BIN ?? path.join(root, 'build/release/bin');
export const long = process.env.TESSERA_LONG === '1';
const prefix = process.env.TESSERA_NETNS;
if (!prefix)
	throw new Error('start this by tests/net/run');
const run = promisify(execFile);

/** "a=1 b=2.5" as an object of numbers. */
export const figures = line => Object.fromEntries(line.trim().split(/\s+/).map(word => word.split('=')).map(([key, value]) => [key, Number(value)]));

export class Side {
	constructor(name, dev, address) {
		Object.assign(this, { name: `${prefix}-${name}`, dev, address, wrap: [] });
	}

	command(args) { return ['ip', ['netns', 'exec', this.name, ...this.wrap, ...args.map(String)]]; }

	/**
	 * The same side, with all that is started through it on one core. A veth holds 256 packets, 5 ms of 50,000 a second, where a network card holds
	 * thousands, and its softirq runs on the core that sent last. With all who send on one core it keeps up with them whatever the other cores do;
	 * otherwise packets are lost that have not come to any driver.
	 */
	onCard() { return Object.assign(Object.create(this), { wrap: ['taskset', '-c', '0'] }); }

	/** Start a program inside; `child.output` gathers what it writes, `child.ended` is a promise of its exit status. */
	spawn(...args) {
		const child = spawn(...this.command(args), { stdio: ['ignore', 'pipe', 'pipe'] });
		child.output = '';
		for (const stream of [child.stdout, child.stderr])
			stream.on('data', data => { child.output += data; });
		child.ended = new Promise(done => child.once('close', (code, signal) => done(code ?? signal)));
		return child;
	}

	/** Run a program inside to its end without waiting for it here; gives what it wrote. */
	async exec(...args) { return (await run(...this.command(args), { maxBuffer: 1 << 26 })).stdout; }

	execSync(...args) { return execFileSync(...this.command(args), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }); }

	ip(...args) { return execFileSync('ip', ['-n', this.name, ...args], { encoding: 'utf8' }); }

	/** The XDP program on the interface as `ip link` shows it, or undefined. */
	xdp() { return /prog\/xdp id \d+.*/.exec(this.ip('-d', 'link', 'show', 'dev', this.dev))?.[0]; }

	/** End all that runs inside, and the namespace with it. */
	remove() {
		for (const pid of spawnSync('ip', ['netns', 'pids', this.name], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean))
			try { process.kill(Number(pid), 'SIGKILL'); } catch { /* it has ended */ }
		spawnSync('ip', ['netns', 'del', this.name]);
	}

	/** Packets that the interface itself has dropped, in and out, by the kernel's counters. */
	dropped() {
		const { rx, tx } = JSON.parse(this.ip('-s', '-j', 'link', 'show', 'dev', this.dev))[0].stats64;
		return { rx: rx.dropped, tx: tx.dropped };
	}

	/** The nft ruleset inside. */
	rules() { return this.execSync('nft', 'list', 'ruleset').trim(); }
}

export class Pair {
	constructor() {
		this.tx = new Side('tx', 'vtx', '10.99.0.1');
		this.rx = new Side('rx', 'vrx', '10.99.0.2');
		for (const side of [this.tx, this.rx])
			execFileSync('ip', ['netns', 'add', side.name]);
		this.connect();
	}

	/** Make the interfaces; also anew, when one of them was deleted and the other with it. */
	connect() {
		execFileSync('ip', ['link', 'add', this.tx.dev, 'netns', this.tx.name, 'type', 'veth', 'peer', 'name', this.rx.dev, 'netns', this.rx.name]);
		for (const side of [this.tx, this.rx]) {
			side.execSync('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
			side.ip('address', 'add', `${side.address}/24`, 'dev', side.dev);
			side.ip('link', 'set', 'lo', 'up');
			side.ip('link', 'set', side.dev, 'up');
			side.execSync('ethtool', '-K', side.dev, 'tx', 'off'); // a receiver that is not the kernel wants whole checksums
		}
	}

	remove() {
		this.tx.remove();
		this.rx.remove();
	}
}

/** The drivers that can be tested here, each with its specification for the receiving side. */
export const drivers = {
	udp: side => `udp:${side.address}`,
	xdp: side => `xdp:${side.dev}`,
	afp: side => `afp:${side.dev}`,
};

export const flows = { port: 20000, ports: 16, streams: 64 };

/** tess-packet-check on a side, ready to receive. It is not held up by what else runs on the machine. */
export async function startChecker(side, spec, seconds = 20) {
	const child = side.spawn('chrt', '-r', '1', path.join(bin, 'tess-packet-check'), spec, flows.port, flows.ports, flows.streams, seconds);
	while (!/^ready$/m.test(child.output)) {
		if (await Promise.race([child.ended, new Promise(done => setTimeout(done, 10, 'waiting'))]) !== 'waiting')
			throw new Error(`${spec}: ${child.output}`);
	}
	return child;
}

/** What the checker counted, once it has ended. */
export async function checked(child) {
	const status = await child.ended;
	const line = /^received=.*$/m.exec(child.output);
	if (!line)
		throw new Error(`the checker ended with ${status}: ${child.output}`);
	return { status, ...figures(line[0]) };
}

/** Send numbered packets to `address`; gives what was sent. Options: seconds, rate, length, run, gso. */
export async function blast(side, address, { seconds, rate = 50000, length = 1200, run = 1, gso = false }) {
	return figures(await side.exec('nice', '-n', '-10', path.join(bin, 'tess-packet-blast'), address, flows.port, rate, seconds, flows.streams, flows.ports, length, run,
		...gso ? ['gso'] : []));
}
