/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_pcap/net_pcap.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "drivers/net.h"
#include "tests/support/pcap_writer.h"

#define START_US   5000000000
#define CAPTURE_US 1700000000123456 /* far from the clock's time */

struct sent {
	int64_t after_us;
	uint16_t port;
	const char *text;
};

static char path[] = "/tmp/tess_pcap_XXXXXX";
static struct tess_clock_virtual virtual;

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static int64_t now_us(void)
{
	return tess_clock_now_us(&virtual.clock);
}

static void write_capture(const struct sent *sent, size_t count)
{
	struct sockaddr_in from = tess_ipv4(0x0a000001, 4000);
	struct tess_pcap_writer *writer;

	assert_int_equal(tess_pcap_writer_open(&writer, path), 0);
	for (size_t i = 0; i < count; i++) {
		struct sockaddr_in to = tess_ipv4(0x0a0000fe, sent[i].port);

		tess_pcap_writer_udp(writer, CAPTURE_US + sent[i].after_us, &from, &to,
				     sent[i].text, strlen(sent[i].text));
	}
	assert_int_equal(tess_pcap_writer_close(writer), 0);
}

static int try_open(struct tess_net **netp, unsigned packets)
{
	char spec[64];

	(void)snprintf(spec, sizeof(spec), "pcap:%s", path);
	tess_clock_virtual_init(&virtual, START_US, 1700000000000000);
	return tess_net_driver_find(spec)->open(
		netp, &(struct tess_net_config){
			      .spec = spec, .packets = packets, .clock = &virtual.clock});
}

static struct tess_net *open_capture(unsigned packets)
{
	struct tess_net *net = NULL;

	assert_int_equal(try_open(&net, packets), 0);
	return net;
}

static struct tess_net_stats net_stats(const struct tess_net *net)
{
	struct tess_net_stats stats;

	net->driver->stats(net, &stats);
	return stats;
}

static void expect(struct tess_packet *packet, const struct sent *sent, const void *tag)
{
	assert_int_equal(packet->length, strlen(sent->text));
	assert_memory_equal(packet->data, sent->text, packet->length);
	assert_int_equal(packet->arrival_us, START_US + sent->after_us);
	assert_int_equal(packet->local_port, sent->port);
	assert_ptr_equal(packet->tag, tag);
	assert_int_equal(packet->remote.in.sin_family, AF_INET);
	assert_int_equal(packet->remote.in.sin_addr.s_addr, htonl(0x0a000001));
	assert_int_equal(packet->remote.in.sin_port, htons(4000));
	tess_packet_release(packet);
}

static void replays_in_its_own_time(void **state)
{
	static const struct sent sent[] = {
		{0, 5000, "first"},
		{1000, 5002, "second"},
		{1000, 5000, "with it"},
		{1500, 6000, "not ours"},
		{70000000, 5000, "a minute later"},
	};
	struct tess_packet *packets[8];
	struct tess_net *net;
	int tags[2];

	(void)state;
	write_capture(sent, 5);
	net = open_capture(16);
	assert_int_equal(net->driver->flow_add(net, 5000, &tags[0]), 0);
	assert_int_equal(net->driver->flow_add(net, 5002, &tags[1]), 0);
	assert_int_equal(net->driver->flow_add(net, 5002, &tags[1]), -EADDRINUSE);

	assert_int_equal(net->driver->rx_burst(net, packets, 8), 1);
	expect(packets[0], &sent[0], &tags[0]);
	assert_int_equal(net->driver->rx_burst(net, packets, 8), 0);

	/* until comes before the next packet */
	assert_int_equal(net->driver->wait(net, START_US + 600), 0);
	assert_int_equal(now_us(), START_US + 600);
	assert_int_equal(net->driver->rx_burst(net, packets, 8), 0);
	/* the next packet comes before until; two of the same time come together */
	assert_int_equal(net->driver->wait(net, START_US + 30000000), 0);
	assert_int_equal(now_us(), START_US + 1000);
	assert_int_equal(net->driver->rx_burst(net, packets, 1), 1);
	expect(packets[0], &sent[1], &tags[1]);
	assert_int_equal(net->driver->rx_burst(net, packets, 8), 1);
	expect(packets[0], &sent[2], &tags[0]);
	/* one that nobody wants */
	assert_int_equal(net->driver->wait(net, INT64_MAX), 0);
	assert_int_equal(net->driver->rx_burst(net, packets, 8), 0);
	assert_int_equal(net->driver->wait(net, INT64_MAX), 0);
	assert_int_equal(now_us(), START_US + 70000000);
	assert_int_equal(net->driver->rx_burst(net, packets, 8), 1);
	expect(packets[0], &sent[4], &tags[0]);
	/* the end: time goes on */
	assert_int_equal(net->driver->wait(net, START_US + 71000000), -ENODATA);
	assert_int_equal(now_us(), START_US + 71000000);
	assert_int_equal(net->driver->wait(net, INT64_MAX), -ENODATA);
	assert_int_equal(now_us(), START_US + 71000000);
	assert_int_equal(net_stats(net).rx_packets, 4);
	assert_int_equal(net_stats(net).rx_bytes, 5 + 6 + 7 + 14);
	net->driver->close(net);
}

static void flows_end(void **state)
{
	static const struct sent sent[] = {{0, 5000, "a"}, {10, 5000, "b"}, {20, 5000, "c"}};
	struct tess_packet *packets[8];
	struct tess_net *net;
	int tag;

	(void)state;
	write_capture(sent, 3);
	net = open_capture(16);
	assert_int_equal(net->driver->flow_add(net, 5000, NULL), 0);
	assert_int_equal(net->driver->rx_burst(net, packets, 8), 1);
	expect(packets[0], &sent[0], NULL);
	net->driver->flow_remove(net, 5000);
	net->driver->flow_remove(net, 5000);
	assert_int_equal(net->driver->wait(net, INT64_MAX), 0);
	assert_int_equal(net->driver->rx_burst(net, packets, 8), 0);
	assert_int_equal(net->driver->flow_add(net, 5000, &tag), 0);
	assert_int_equal(net->driver->wait(net, INT64_MAX), 0);
	assert_int_equal(net->driver->rx_burst(net, packets, 8), 1);
	expect(packets[0], &sent[2], &tag);
	net->driver->close(net);
}

static void time_never_steps_back(void **state)
{
	static const struct sent sent[] = {
		{0, 5000, "a"}, {900, 5000, "b"}, {400, 5000, "c"}, {1200, 5000, "d"}};
	static const int64_t arrival_us[] = {0, 900, 900, 1200};
	struct tess_packet *packet;
	struct tess_net *net;

	(void)state;
	write_capture(sent, 4);
	net = open_capture(16);
	assert_int_equal(net->driver->flow_add(net, 5000, NULL), 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(net->driver->wait(net, INT64_MAX), 0);
		assert_int_equal(net->driver->rx_burst(net, &packet, 1), 1);
		assert_int_equal(packet->data[0], sent[i].text[0]);
		assert_int_equal(packet->arrival_us, START_US + arrival_us[i]);
		tess_packet_release(packet);
	}
	net->driver->close(net);
}

static void drops_are_counted(void **state)
{
	static uint8_t large[TESS_PACKET_SIZE + 1];
	struct sockaddr_in from = tess_ipv4(1, 1), to = tess_ipv4(2, 5000);
	struct tess_pcap_writer *writer;
	struct tess_packet *packets[8];
	struct tess_net *net;

	(void)state;
	assert_int_equal(tess_pcap_writer_open(&writer, path), 0);
	tess_pcap_writer_udp(writer, 1, &from, &to, large, sizeof(large));
	tess_pcap_writer_udp(writer, 1, &from, &to, large, sizeof(large) - 1);
	for (unsigned i = 0; i < 4; i++)
		tess_pcap_writer_udp(writer, 1, &from, &to, "x", 1);
	assert_int_equal(tess_pcap_writer_close(writer), 0);
	net = open_capture(3);
	assert_int_equal(net->driver->flow_add(net, 5000, NULL), 0);
	assert_int_equal(net->driver->rx_burst(net, packets, 8), 3);
	assert_int_equal(packets[0]->length, TESS_PACKET_SIZE);
	assert_int_equal(net_stats(net).rx_dropped_truncated, 1);
	assert_int_equal(net_stats(net).rx_dropped_pool_empty, 2);
	/* and packets stay when the net goes */
	net->driver->close(net);
	assert_int_equal(packets[2]->data[0], 'x');
	for (unsigned i = 0; i < 3; i++)
		tess_packet_release(packets[i]);
}

static void sending_is_counted(void **state)
{
	struct tess_packet *packets[2];
	struct tess_net *net;

	(void)state;
	write_capture(NULL, 0);
	net = open_capture(2);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 2; i++) {
			packets[i] = net->driver->tx_alloc(net);
			assert_non_null(packets[i]);
			packets[i]->length = 10 + i;
		}
		assert_null(net->driver->tx_alloc(net));
		net->driver->tx_burst(net, packets, 2);
		net->driver->flush(net);
	}
	assert_int_equal(net_stats(net).tx_packets, 20);
	assert_int_equal(net_stats(net).tx_bytes, 210);
	net->driver->close(net);
}

static void wake_leaves_the_clock_alone(void **state)
{
	static const struct sent sent[] = {{0, 5000, "a"}, {900, 5000, "b"}};
	struct tess_packet *packet;
	struct tess_net *net;

	(void)state;
	write_capture(sent, 2);
	net = open_capture(2);
	assert_int_equal(net->driver->flow_add(net, 5000, NULL), 0);
	assert_int_equal(net->driver->rx_burst(net, &packet, 1), 1);
	tess_packet_release(packet);
	net->driver->wake(net);
	assert_int_equal(net->driver->wait(net, START_US + 100), 0);
	assert_int_equal(now_us(), START_US);
	assert_int_equal(net->driver->wait(net, START_US + 100), 0);
	assert_int_equal(now_us(), START_US + 100);
	net->driver->close(net);
}

static void damage_is_the_end(void **state)
{
	static const struct sent sent[] = {{0, 5000, "whole"}, {10, 5000, "cut short"}};
	struct tess_packet *packets[2];
	struct tess_net *net = NULL;

	(void)state;
	write_capture(sent, 2);
	assert_int_equal(truncate(path, 24 + 2 * (16 + 42) + 5 + 9 - 1), 0);
	net = open_capture(2);
	assert_int_equal(net->driver->flow_add(net, 5000, NULL), 0);
	assert_int_equal(net->driver->rx_burst(net, packets, 2), 1);
	expect(packets[0], &sent[0], NULL);
	assert_int_equal(net->driver->wait(net, START_US + 5), -ENODATA);
	assert_int_equal(now_us(), START_US + 5);
	net->driver->close(net);

	assert_int_equal(truncate(path, 24), 0);
	net = open_capture(2);
	assert_int_equal(net->driver->wait(net, START_US + 5), -ENODATA);
	net->driver->close(net);

	net = NULL;
	assert_int_equal(truncate(path, 23), 0);
	assert_int_equal(try_open(&net, 2), -EBADMSG);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(truncate(path, 24), 0); /* zeros */
	assert_int_equal(try_open(&net, 2), -EBADMSG);
	assert_null(net);
}

static void open_says_why_not(void **state)
{
	const struct tess_net_driver *driver = tess_net_driver_find("pcap:");
	struct tess_net_config config = {.packets = 2, .clock = &virtual.clock};
	struct tess_net *net = NULL;

	(void)state;
	write_capture(NULL, 0);
	assert_int_equal(try_open(&net, 0), -EINVAL);
	config.spec = "pcap:/nonexistent/x";
	assert_int_equal(driver->open(&net, &config), -ENOENT);
	config.spec = "udp:/tmp/x";
	assert_int_equal(driver->open(&net, &config), -EINVAL);
	config.spec = "pcap:/dev/null";
	config.clock = tess_clock_system();
	assert_int_equal(driver->open(&net, &config), -EINVAL);
	assert_null(net);
	driver->close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replays_in_its_own_time),
		cmocka_unit_test(flows_end),
		cmocka_unit_test(time_never_steps_back),
		cmocka_unit_test(drops_are_counted),
		cmocka_unit_test(sending_is_counted),
		cmocka_unit_test(wake_leaves_the_clock_alone),
		cmocka_unit_test(damage_is_the_end),
		cmocka_unit_test(open_says_why_not),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
