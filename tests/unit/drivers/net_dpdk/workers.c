/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests that workers can share a port: each gets its own flows' packets, whichever queue they came
 * in on, and sends on its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "drivers/net_dpdk/internal.h"
#include "drivers/net_dpdk/net_dpdk.h"
#include "frames.h"

#define WORKERS 3
#define BURSTS	200

static int open_worker(struct tess_net **netp, const char *spec, unsigned worker, unsigned workers,
		       char *reason)
{
	const struct tess_net_config config = {
		.spec = spec,
		.packets = 2048,
		.clock = tess_clock_system(),
		.port_min = 20000,
		.port_max = 20999,
		.worker = worker,
		.workers = workers,
		.reason = reason,
		.reason_size = 200,
	};

	return tess_net_dpdk.open(netp, &config);
}

static void open_all(struct tess_net *nets[WORKERS], const char *spec)
{
	char reason[200] = "";

	for (unsigned i = 0; i < WORKERS; i++)
		if (open_worker(&nets[i], spec, i, WORKERS, reason))
			fail_msg("%s", reason);
}

static void close_all(struct tess_net *nets[WORKERS])
{
	/* in any order: the last one closes the port */
	for (unsigned i = 0; i < WORKERS; i++)
		tess_net_dpdk.close(nets[(i + 1) % WORKERS]);
	assert_int_equal(rte_eth_dev_count_avail(), 0);
}

static const struct dpdk_hub *hub_of(const struct tess_net *net)
{
	return ((const struct dpdk_net *)net)->hub;
}

static void send_datagram(struct tess_net *net, unsigned port, const char *text)
{
	const struct dpdk_port *device = &hub_of(net)->port;
	struct frame frame;
	struct rte_mbuf *mbuf;

	frame_datagram(&frame, AF_INET, port, text, strlen(text));
	memcpy(frame.data, device->mac, 6);
	mbuf = dpdk_pool_frame(device->tx_pool, frame.data, frame.length);
	assert_non_null(mbuf);
	assert_int_equal(rte_eth_tx_burst(device->id, 0, &mbuf, 1), 1);
}

static unsigned take(struct tess_net *net, const char *text, void *tag)
{
	struct tess_packet *packets[TESS_NET_BURST];
	unsigned got = net->driver->rx_burst(net, packets, TESS_NET_BURST);

	for (unsigned i = 0; i < got; i++) {
		assert_int_equal(packets[i]->length, strlen(text));
		assert_memory_equal(packets[i]->data, text, packets[i]->length);
		assert_ptr_equal(packets[i]->tag, tag);
		tess_packet_release(packets[i]);
	}
	return got;
}

/* All comes in on the first worker's queue; the others get theirs from it. */
static void packets_go_to_whose_they_are(void **state)
{
	struct tess_net *nets[WORKERS];
	int tags[WORKERS];

	(void)state;
	open_all(nets, "dpdk:net_ring0");
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(tess_net_dpdk.flow_add(nets[i], (uint16_t)(20000 + i), &tags[i]),
				 0);
	assert_int_equal(tess_net_dpdk.flow_add(nets[1], 20000, NULL), -EADDRINUSE);
	tess_net_dpdk.flow_remove(nets[1], 20000); /* not its own: stays */
	send_datagram(nets[0], 20002, "two");
	send_datagram(nets[0], 20000, "zero");
	send_datagram(nets[0], 20001, "one");
	send_datagram(nets[0], 20002, "two");
	assert_int_equal(take(nets[2], "two", &tags[2]), 0);
	assert_int_equal(take(nets[0], "zero", &tags[0]), 1);
	assert_int_equal(take(nets[1], "one", &tags[1]), 1);
	assert_int_equal(take(nets[2], "two", &tags[2]), 2);
	/* one moves to another worker */
	tess_net_dpdk.flow_remove(nets[2], 20002);
	assert_int_equal(tess_net_dpdk.flow_add(nets[1], 20002, &tags[2]), 0);
	send_datagram(nets[0], 20002, "two");
	assert_int_equal(take(nets[0], "", NULL), 0);
	assert_int_equal(take(nets[1], "two", &tags[2]), 1);
	close_all(nets);
}

static void *wait_for_one(void *arg)
{
	struct tess_net *net = arg;
	int64_t until_us = tess_clock_now_us(tess_clock_system()) + 5000000;
	uintptr_t got = 0;

	while (got == 0 && tess_clock_now_us(tess_clock_system()) < until_us) {
		(void)net->driver->wait(net, until_us);
		got = take(net, "wake up", NULL);
	}
	return (void *)got;
}

/* A capture of @count datagrams to port 20001, to the address that DPDK's device for captures has.
 */
static void write_capture(char *path, unsigned count)
{
	static const uint32_t header[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
	struct frame frame;
	int fd = mkstemp(path);
	FILE *file;

	assert_true(fd >= 0);
	file = fdopen(fd, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(header, sizeof(header), 1, file), 1);
	frame_datagram(&frame, AF_INET, 20001, "wake up", 7);
	memcpy(frame.data, "\2pcap\0", 6);
	for (unsigned i = 0; i < count; i++) {
		uint32_t record[] = {0, 0, (uint32_t)frame.length, (uint32_t)frame.length};

		assert_int_equal(fwrite(record, sizeof(record), 1, file), 1);
		assert_int_equal(fwrite(frame.data, frame.length, 1, file), 1);
	}
	assert_int_equal(fclose(file), 0);
}

/* A worker that has no queue sleeps, and is woken by who has got something for it. */
static void a_worker_without_a_queue_is_woken(void **state)
{
	char path[] = "/tmp/tessera-workers-XXXXXX", spec[100];
	struct tess_net *nets[WORKERS];
	unsigned late = 0;
	pthread_t thread;
	void *got;

	(void)state;
	write_capture(path, 50);
	(void)snprintf(spec, sizeof(spec), "dpdk:net_pcap0,rx_pcap=%s", path);
	open_all(nets, spec);
	assert_int_equal(hub_of(nets[0])->port.rx_queues, 1);
	assert_int_equal(tess_net_dpdk.flow_add(nets[1], 20001, NULL), 0);
	for (unsigned i = 0; i < 50; i++) {
		struct tess_packet *packet;
		int64_t given_us;

		assert_int_equal(pthread_create(&thread, NULL, wait_for_one, nets[1]), 0);
		(void)usleep(i * 100);
		given_us = tess_clock_now_us(tess_clock_system());
		assert_int_equal(nets[0]->driver->rx_burst(nets[0], &packet, 1), 0);
		assert_int_equal(pthread_join(thread, &got), 0);
		assert_int_equal((uintptr_t)got, 1);
		late += tess_clock_now_us(tess_clock_system()) - given_us > 400000;
	}
	/* by the bell, not by the half second after which it looks anyway; a busy machine may keep
	 * one waiting */
	assert_true(late < 25);
	close_all(nets);
	(void)unlink(path);
}

/* One that rings when nobody is to be woken any more ends one nap, not all that follow. */
static void a_bell_rings_once(void **state)
{
	static const uint64_t one = 1;
	struct tess_clock *clock = tess_clock_system();
	struct tess_net *net;
	char reason[200] = "";
	uint64_t rings;

	(void)state;
	assert_int_equal(open_worker(&net, "dpdk:net_ring0", 0, 1, reason), 0);
	assert_int_equal(write(hub_of(net)->bells[0], &one, sizeof(one)), sizeof(one));
	assert_int_equal(net->driver->wait(net, tess_clock_now_us(clock) + 5000), 0);
	assert_int_equal(read(hub_of(net)->bells[0], &rings, sizeof(rings)), -1);
	assert_int_equal(errno, EAGAIN);
	net->driver->close(net);
}

static void full_rings_are_told(void **state)
{
	struct tess_net *nets[WORKERS];
	struct tess_net_stats stats;
	unsigned got = 0, count;

	(void)state;
	open_all(nets, "dpdk:net_ring0");
	assert_int_equal(tess_net_dpdk.flow_add(nets[1], 20001, NULL), 0);
	for (unsigned i = 0; i < 1100; i++) {
		send_datagram(nets[0], 20001, "x");
		assert_int_equal(take(nets[0], "", NULL), 0);
	}
	while ((count = take(nets[1], "x", NULL)) > 0)
		got += count;
	tess_net_dpdk.stats(nets[0], &stats);
	assert_true(got >= 1000 && stats.rx_dropped_worker_busy > 0);
	assert_int_equal(got + stats.rx_dropped_worker_busy, 1100);
	/* what nobody has taken goes with the port */
	send_datagram(nets[0], 20001, "x");
	assert_int_equal(take(nets[0], "", NULL), 0);
	close_all(nets);
}

/* To each worker's flow in turn, on every queue. */
static uint16_t make_frames(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count,
			    uint16_t room, void *arg)
{
	const struct dpdk_port *device = arg;
	struct frame frame;

	(void)port;
	(void)queue;
	(void)room;
	for (uint16_t i = 0; i < count; i++) {
		frame_datagram(&frame, AF_INET, 20000 + i % WORKERS, "spread", 6);
		memcpy(frame.data, device->mac, 6);
		memcpy(rte_pktmbuf_mtod(mbufs[i], void *), frame.data, frame.length);
	}
	return count;
}

struct poller {
	struct tess_net *net;
	cpu_set_t cores;
	pthread_t thread;
};

static void *poll_once(void *arg)
{
	struct poller *poller = arg;

	(void)tess_net_dpdk.wait(poller->net, 0);
	(void)pthread_getaffinity_np(pthread_self(), sizeof(poller->cores), &poller->cores);
	return NULL;
}

/* From the first of them on, each thread that polls has a core of its own. */
static void pollers_are_bound_to_cores(void **state)
{
	struct poller pollers[WORKERS];
	struct tess_net *nets[WORKERS];
	cpu_set_t mine;
	char spec[64];
	int first = 0;

	(void)state;
	assert_int_equal(pthread_getaffinity_np(pthread_self(), sizeof(mine), &mine), 0);
	while (first < CPU_SETSIZE - 1 && !(CPU_ISSET(first, &mine) && CPU_ISSET(first + 1, &mine)))
		first++;
	if (first == CPU_SETSIZE - 1)
		skip(); /* no two cores in a row */
	(void)snprintf(spec, sizeof(spec), "dpdk:net_null0,size=64,core=%d", first);
	open_all(nets, spec);
	for (int i = 0; i < WORKERS && i < 2; i++) {
		pollers[i].net = nets[i];
		assert_int_equal(pthread_create(&pollers[i].thread, NULL, poll_once, &pollers[i]),
				 0);
		assert_int_equal(pthread_join(pollers[i].thread, NULL), 0);
		assert_int_equal(CPU_COUNT(&pollers[i].cores), 1);
		assert_true(CPU_ISSET(first + i, &pollers[i].cores));
	}
	close_all(nets);
}

struct run {
	struct tess_net *net;
	unsigned worker;
	uint64_t got;
	pthread_t thread;
};

static void *run_worker(void *arg)
{
	struct run *run = arg;

	for (unsigned i = 0; i < BURSTS; i++) {
		struct tess_packet *packets[TESS_NET_BURST];
		unsigned got = run->net->driver->rx_burst(run->net, packets, TESS_NET_BURST);

		for (unsigned k = 0; k < got; k++) {
			assert_int_equal(packets[k]->local_port, 20000 + run->worker);
			assert_ptr_equal(packets[k]->tag, run->net);
			tess_packet_release(packets[k]);
		}
		run->got += got;
	}
	return NULL;
}

/* A device with as many queues as workers, all of which have packets for all. */
static void queues_are_shared_out(void **state)
{
	const struct rte_eth_rxtx_callback *hooks[WORKERS];
	struct tess_net *nets[WORKERS];
	struct run runs[WORKERS];
	uint64_t received = 0, got = 0, busy = 0;
	struct tess_net_stats stats;
	const struct dpdk_hub *hub;

	(void)state;
	open_all(nets, "dpdk:net_null0,size=64");
	hub = hub_of(nets[0]);
	assert_int_equal(hub->port.rx_queues, WORKERS);
	assert_int_equal(hub->port.tx_queues, WORKERS);
	for (uint16_t i = 0; i < WORKERS; i++) {
		assert_int_equal(tess_net_dpdk.flow_add(nets[i], (uint16_t)(20000 + i), nets[i]),
				 0);
		hooks[i] = rte_eth_add_rx_callback(hub->port.id, i, make_frames,
						   (void *)(uintptr_t)&hub->port);
		assert_non_null(hooks[i]);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		runs[i] = (struct run){.net = nets[i], .worker = i};
		assert_int_equal(pthread_create(&runs[i].thread, NULL, run_worker, &runs[i]), 0);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(pthread_join(runs[i].thread, NULL), 0);
		tess_net_dpdk.stats(nets[i], &stats);
		assert_true(stats.rx_packets > 0);
		received += stats.rx_packets;
		busy += stats.rx_dropped_worker_busy;
		got += runs[i].got;
		/* some of each queue's are somebody else's */
		assert_true(runs[i].got > 0);
	}
	assert_true(got + busy <= received);
	for (uint16_t i = 0; i < WORKERS; i++)
		assert_int_equal(rte_eth_remove_rx_callback(hub->port.id, i, hooks[i]), 0);
	close_all(nets);
}

static void workers_have_bounds(void **state)
{
	struct tess_net *net = NULL, *first;
	char reason[200] = "";

	(void)state;
	assert_int_equal(open_worker(&net, "dpdk:net_null0", 0, DPDK_MAX_QUEUES + 1, reason),
			 -EINVAL);
	assert_string_equal(reason, "a port has no more than 16 workers");
	assert_int_equal(open_worker(&first, "dpdk:net_null0", 0, 2, reason), 0);
	assert_int_equal(open_worker(&net, "dpdk:net_null0", 0, 2, reason), -EBUSY);
	assert_string_equal(reason, "net_null0 is in use already");
	assert_int_equal(open_worker(&net, "dpdk:net_null0", 1, 3, reason), -EBUSY);
	assert_null(net);
	tess_net_dpdk.close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_go_to_whose_they_are),
		cmocka_unit_test(a_worker_without_a_queue_is_woken),
		cmocka_unit_test(a_bell_rings_once),
		cmocka_unit_test(full_rings_are_told),
		cmocka_unit_test(pollers_are_bound_to_cores),
		cmocka_unit_test(queues_are_shared_out),
		cmocka_unit_test(workers_have_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
