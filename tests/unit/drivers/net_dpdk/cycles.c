/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests that a port can be opened and closed for ever: nothing is used up by it.
 */
#include <dirent.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_mempool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "drivers/net_dpdk/net_dpdk.h"

#define CYCLES 100

static unsigned descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	return count;
}

static void count_pool(struct rte_mempool *mempool, void *arg)
{
	(void)mempool;
	++*(unsigned *)arg;
}

static void cycle(const char *spec)
{
	struct tess_packet *packets[TESS_NET_BURST];
	char reason[200] = "";
	const struct tess_net_config config = {
		.spec = spec,
		.packets = 256,
		.clock = tess_clock_system(),
		.reason = reason,
		.reason_size = sizeof(reason),
	};
	struct tess_net *net;
	unsigned got;

	if (tess_net_dpdk.open(&net, &config))
		fail_msg("%s", reason);
	assert_int_equal(net->driver->flow_add(net, 20000, NULL), 0);
	assert_int_equal(net->driver->wait(net, tess_clock_now_us(config.clock) + 200), 0);
	got = net->driver->rx_burst(net, packets, TESS_NET_BURST);
	for (unsigned i = 0; i < got; i++)
		tess_packet_release(packets[i]);
	net->driver->close(net);
}

static void run(const char *spec)
{
	struct rte_malloc_socket_stats before, after;
	unsigned open_before, pools = 0;

	cycle(spec); /* what the first one needs stays */
	open_before = descriptors();
	assert_int_equal(rte_malloc_get_socket_stats(0, &before), 0);
	for (unsigned i = 0; i < CYCLES; i++)
		cycle(spec);
	assert_int_equal(rte_malloc_get_socket_stats(0, &after), 0);
	assert_int_equal(descriptors(), open_before);
	rte_mempool_walk(count_pool, &pools);
	assert_int_equal(pools, 0);
	assert_int_equal(rte_eth_dev_count_avail(), 0);
	/* a leak of a KiB a cycle would be seen */
	assert_true(after.heap_allocsz_bytes < before.heap_allocsz_bytes + CYCLES * 1024);
}

static void null_device(void **state)
{
	(void)state;
	run("dpdk:net_null0,size=64");
}

static void ring_device(void **state)
{
	(void)state;
	run("dpdk:net_ring0,addr=10.0.0.2/24");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_device),
		cmocka_unit_test(ring_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
