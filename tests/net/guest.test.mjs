// SPDX-License-Identifier: GPL-3.0-or-later
// A NIC on its PCI driver: a guest under QEMU, on an emulated CPU of x86-64-v2, gives its virtio-net device to DPDK by uio_pci_generic and
// receives 60,000 packets a second for 3 s from the namespace that QEMU runs in, over a tap; it answers ARP and ping itself.
// The guest is Debian's kernel, busybox and the checker of tests/support/packets with its libraries; it is kept in build/guest.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root, until } from '../e2e/box.mjs';
import { Side, bin, blast, figures, flows } from './pair.mjs';

const dir = path.join(root, 'build/guest'), address = '10.97.0.2', mac = '02:00:00:00:00:77';
const text = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 });

/** The folder of Debian's newest kernel for virtual machines, unpacked. */
function kernel() {
	const folder = path.join(dir, 'kernel');
	const name = /linux-image-\d\S*/.exec(text('apt-cache', 'depends', '--important', 'linux-image-cloud-amd64'))[0];
	if (!fs.existsSync(path.join(folder, name))) {
		fs.rmSync(folder, { recursive: true, force: true });
		fs.mkdirSync(folder, { recursive: true });
		execFileSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
		execFileSync('dpkg-deb', ['-x', fs.readdirSync(folder).find(file => file.endsWith('.deb')), '.'], { cwd: folder });
		fs.writeFileSync(path.join(folder, name), '');
	}
	return folder;
}

/** Copy a file into the guest under the names it has here, with the libraries that it is linked with. */
function take(guest, file) {
	const to = path.join(guest, file), real = fs.realpathSync(file);
	if (fs.lstatSync(to, { throwIfNoEntry: false }))
		return;
	fs.mkdirSync(path.dirname(to), { recursive: true });
	if (real !== file) { // one file must stay one: DPDK's drivers are found under two names
		take(guest, real);
		fs.symlinkSync(real, to);
		return;
	}
	fs.copyFileSync(file, to);
	let libraries = '';
	try {
		libraries = text('ldd', file);
	} catch { /* linked with none */ }
	for (const [library] of libraries.matchAll(/\/\S+(?= \(0x)/g))
		take(guest, library);
}

/** The initial file system, which is all that the guest has. */
function makeGuest(kernelFolder) {
	const guest = path.join(dir, 'root'), image = path.join(dir, 'initrd');
	fs.rmSync(guest, { recursive: true, force: true });
	for (const folder of ['bin', 'proc', 'sys', 'dev', 'tmp', 'run'])
		fs.mkdirSync(path.join(guest, folder), { recursive: true });
	fs.copyFileSync(text('sh', '-c', 'command -v busybox').trim(), path.join(guest, 'bin/busybox'));
	const modules = text('find', path.join(kernelFolder, 'lib/modules'), '-name', 'uio.ko', '-o', '-name', 'uio_pci_generic.ko').trim().split('\n');
	assert.equal(modules.length, 2);
	for (const module of modules)
		fs.copyFileSync(module, path.join(guest, path.basename(module)));
	for (const file of ['tess-packet-check', 'tessera-net-dpdk.so']) {
		take(guest, path.join(bin, file));
		fs.renameSync(path.join(guest, fs.realpathSync(path.join(bin, file))), path.join(guest, 'bin', file));
	}
	const drivers = text('sh', '-c', 'echo /usr/lib/*/dpdk/pmds-*').trim().split(' ')[0];
	for (const driver of fs.readdirSync(drivers).filter(name => /^librte_(bus_pci|bus_vdev|net_virtio|mempool_ring)\.so\.[\d.]+$/.test(name)))
		take(guest, path.join(drivers, driver));
	fs.writeFileSync(path.join(guest, 'init'), `#!/bin/busybox sh
export PATH=/bin LD_LIBRARY_PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/hugepages; mount -t hugetlbfs huge /dev/hugepages
insmod /uio.ko; insmod /uio_pci_generic.ko
for device in /sys/bus/pci/devices/*; do
	[ "$(cat $device/vendor) $(cat $device/class)" = "0x1af4 0x020000" ] || continue
	echo uio_pci_generic >$device/driver_override
	echo \${device##*/} >/sys/bus/pci/drivers_probe
	echo "device \${device##*/} driver $(basename $(readlink $device/driver))"
	tess-packet-check pci:\${device##*/},addr=${address}/24 ${flows.port} ${flows.ports} ${flows.streams} 60
	echo "status $?"
done
poweroff -f
`, { mode: 0o755 });
	execFileSync('sh', ['-c', 'find . | cpio --quiet -o -H newc >../initrd'], { cwd: guest });
	return image;
}

let side, image, kernelFolder;
before(() => {
	fs.mkdirSync(dir, { recursive: true });
	kernelFolder = kernel();
	image = makeGuest(kernelFolder);
	side = new Side('host', 'tap0', '10.97.0.1');
	execFileSync('ip', ['netns', 'add', side.name]);
	side.ip('link', 'set', 'lo', 'up');
});
after(() => side?.remove());

test('virtio-net on uio_pci_generic receives 60,000 packets a second', { timeout: 280000 }, async () => {
	const seconds = 3, rate = 60000;
	const boot = fs.readdirSync(path.join(kernelFolder, 'boot')).find(name => name.startsWith('vmlinuz'));
	const qemu = side.spawn('nice', '-n', '-10', 'qemu-system-x86_64', '-machine', 'q35', '-accel', 'tcg', '-cpu', 'Nehalem', '-m', 512, '-nographic', '-no-reboot', '-nodefaults',
		'-serial', 'stdio', '-kernel', path.join(kernelFolder, 'boot', boot), '-initrd', image, '-append', 'console=ttyS0 quiet panic=1 hugepages=64',
		'-netdev', `tap,id=n0,ifname=${side.dev},script=no,downscript=no`,
		'-device', `virtio-net-pci,netdev=n0,romfile=,mac=${mac},disable-legacy=on,rx_queue_size=1024`);
	let ended;
	qemu.ended.then(status => { ended = status; });
	await until('the tap', () => {
		assert.equal(ended, undefined, qemu.output);
		return side.ip('-o', 'link').includes(side.dev);
	});
	side.ip('link', 'set', side.dev, 'txqueuelen', '20000', 'up'); // QEMU may have to wait for a core
	side.ip('address', 'add', `${side.address}/24`, 'dev', side.dev);
	await until('the guest to be ready', () => {
		assert.equal(ended, undefined, qemu.output);
		return /^ready\r?$/m.test(qemu.output);
	}, 120000).catch(error => assert.fail(`${error.message}: ${qemu.output.slice(-3000)}`));
	assert.match(qemu.output, /device 0000:\S+ driver uio_pci_generic/);
	assert.match(await side.exec('ping', '-c', '5', '-i', '0.2', '-W', '5', '-q', address), / 5 received/);
	assert.match(side.ip('neighbour'), new RegExp(`^${address} dev ${side.dev} lladdr ${mac}`, 'm'));
	const sent = await blast(side, address, { seconds, rate });
	const { stats64 } = JSON.parse(side.ip('-s', '-j', 'link', 'show', 'dev', side.dev))[0];
	await until('the guest to end', () => ended !== undefined, 60000);
	const line = /^received=.*$/m.exec(qemu.output)?.[0];
	assert.ok(line, qemu.output.slice(-3000));
	console.log(`sent ${sent.sent} in ${sent.seconds} s: ${line}`);
	const got = figures(line);
	assert.deepEqual([got.received, got.lost, got.duplicates, got.damaged], [rate * seconds, 0, 0, 0], `${line}; the tap dropped ${stats64.tx.dropped}`);
	assert.match(qemu.output, /^status 0\r?$/m);
});
