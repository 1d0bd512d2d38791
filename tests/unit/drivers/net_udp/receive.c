/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_udp: open, flows, receiving
 */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "drivers/net.h"
#include "fixture.h"

/* of two clocks that are read one after the other: they are read again when that took longer */
#define STAMP_SLACK_US 500

static int64_t now_us(void)
{
	return tess_clock_now_us(tess_clock_system());
}

static void registry_goes_by_scheme(void **state)
{
	(void)state;
	assert_string_equal(tess_net_driver_find("udp:0.0.0.0")->name, "udp");
	assert_null(tess_net_driver_find("udp"));
	assert_null(tess_net_driver_find("ud:0.0.0.0"));
	assert_null(tess_net_driver_find("udpx:0.0.0.0"));
	assert_null(tess_net_driver_find(":"));
	assert_null(tess_net_driver_find(""));
}

static void bad_specs_are_refused(void **state)
{
	static const char *const specs[] = {
		"udp:",
		"udp:localhost",
		"udp:1.2.3",
		"udp:1.2.3.4:5",
		"udp:::1",
		"udp:[::1",
		"udp:[]",
		"udp:[1.2.3.4]",
		"pcap:127.0.0.1",
		"udp:[1234567890123456789012345678901234567890123456789012345678901234567890]",
	};
	const struct tess_net_driver *driver = tess_net_driver_find("udp:");
	struct tess_net_config config = {.packets = 16, .clock = tess_clock_system()};
	struct tess_net *net = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		config.spec = specs[i];
		assert_int_equal(driver->open(&net, &config), -EINVAL);
	}
	config.spec = "udp:0.0.0.0";
	config.packets = 0;
	assert_int_equal(driver->open(&net, &config), -EINVAL);
	assert_null(net);
	driver->close(NULL);
}

static void ports_in_use_are_told(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	struct tess_net *other = open_net("udp:127.0.0.1", 16);
	uint16_t port = add_flow(net, NULL);

	(void)state;
	assert_int_equal(net->driver->flow_add(net, port, NULL), -EADDRINUSE);
	assert_int_equal(other->driver->flow_add(other, port, NULL), -EADDRINUSE);
	assert_int_equal(net->driver->flow_add(net, 0, NULL), -EINVAL);
	net->driver->flow_remove(net, port);
	net->driver->flow_remove(net, port); /* gone already: nothing happens */
	assert_int_equal(other->driver->flow_add(other, port, NULL), 0);
	net->driver->close(net);
	other->driver->close(other);
}

static void contents_tag_and_sender_come_through(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 64);
	int tags[2];
	uint16_t ports[2] = {add_flow(net, &tags[0]), add_flow(net, &tags[1])};
	uint16_t peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[4];
	uint8_t data[TESS_PACKET_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	peer_send(peer, ports[0], data, sizeof(data));
	peer_send(peer, ports[1], "one", 3);
	peer_send(peer, ports[1], "", 0);
	assert_int_equal(receive(net, packets, 3), 3);
	for (unsigned i = 0; i < 3; i++) {
		unsigned flow = packets[i]->tag == &tags[1];

		assert_ptr_equal(packets[i]->tag, &tags[flow]);
		assert_int_equal(packets[i]->local_port, ports[flow]);
		assert_int_equal(packets[i]->capacity, TESS_PACKET_SIZE);
		assert_int_equal(packets[i]->remote.in.sin_family, AF_INET);
		assert_int_equal(packets[i]->remote.in.sin_port, htons(peer_port));
		assert_int_equal(packets[i]->remote.in.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
		if (flow == 0) {
			assert_int_equal(packets[i]->length, sizeof(data));
			assert_memory_equal(packets[i]->data, data, sizeof(data));
		} else if (packets[i]->length) {
			assert_int_equal(packets[i]->length, 3);
			assert_memory_equal(packets[i]->data, "one", 3);
		}
	}
	release_all(packets, 3);
	assert_int_equal(net_stats(net).rx_packets, 3);
	assert_int_equal(net_stats(net).rx_bytes, sizeof(data) + 3);
	close(peer);
	net->driver->close(net);
}

static void thousands_come_in_order(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 256);
	uint16_t port = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[100];
	uint32_t sent = 0, seen = 0, word;
	uint8_t data[1200] = {0};

	(void)state;
	while (seen < 5000) {
		unsigned got;

		for (unsigned i = 0; i < 100; i++, sent++) {
			memcpy(data, &sent, sizeof(sent));
			peer_send(peer, port, data, sizeof(data));
		}
		got = receive(net, packets, 100);
		assert_int_equal(got, 100);
		for (unsigned i = 0; i < got; i++, seen++) {
			assert_int_equal(packets[i]->length, sizeof(data));
			memcpy(&word, packets[i]->data, sizeof(word));
			assert_int_equal(word, seen);
		}
		release_all(packets, got);
	}
	assert_int_equal(net_stats(net).rx_packets, 5000);
	assert_int_equal(net_stats(net).rx_bytes, 5000 * sizeof(data));
	assert_int_equal(net_stats(net).rx_dropped_kernel, 0);
	close(peer);
	net->driver->close(net);
}

/* One socket floods; the others' single packets must be in the first burst all the same. */
static void a_flood_does_not_starve_the_rest(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 256);
	uint16_t flood = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[TESS_NET_BURST];
	unsigned got, others = 0;
	int tag;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		peer_send(peer, flood, "flood", 5);
	for (unsigned i = 0; i < 3; i++)
		peer_send(peer, add_flow(net, &tag), "quiet", 5);
	peer_settle(peer, peer_port);
	assert_int_equal(net->driver->wait(net, now_us() + 1000000), 0);
	got = net->driver->rx_burst(net, packets, TESS_NET_BURST);
	assert_int_equal(got, TESS_NET_BURST);
	for (unsigned i = 0; i < got; i++)
		others += packets[i]->tag == &tag;
	assert_int_equal(others, 3);
	release_all(packets, got);
	/* what is left does not have to be waited for */
	got = net->driver->rx_burst(net, packets, TESS_NET_BURST);
	assert_int_equal(got, 103 - TESS_NET_BURST);
	release_all(packets, got);
	close(peer);
	net->driver->close(net);
}

/* The kernel begins to stamp a moment after the first socket asks for it: until it does so, 10 s at
 * most. */
static void wait_for_stamps(struct tess_net *net, int peer, uint16_t port)
{
	int64_t until_us = now_us() + 10000000, after_us, arrival_us;
	struct tess_packet *packet;

	do {
		assert_true(now_us() < until_us);
		peer_send(peer, port, "warm", 4);
		after_us = now_us();
		usleep(20000);
		assert_int_equal(receive(net, &packet, 1), 1);
		arrival_us = packet->arrival_us;
		release_all(&packet, 1);
	} while (arrival_us > after_us + STAMP_SLACK_US);
}

static void arrival_is_when_it_came_not_when_it_was_read(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	uint16_t port = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	int64_t before_us[3], after_us[3];
	struct tess_packet *packets[3];

	(void)state;
	wait_for_stamps(net, peer, port);
	for (unsigned i = 0; i < 3; i++) {
		before_us[i] = now_us();
		peer_send(peer, port, "tick", 4);
		after_us[i] = now_us();
		usleep(20000);
	}
	assert_int_equal(receive(net, packets, 3), 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_in_range(packets[i]->arrival_us, before_us[i] - STAMP_SLACK_US,
				after_us[i] + STAMP_SLACK_US);
	}
	release_all(packets, 3);
	close(peer);
	net->driver->close(net);
}

static void too_large_is_counted(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	uint16_t port = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	uint8_t data[TESS_PACKET_SIZE + 1] = {0};
	struct tess_packet *packets[2];

	(void)state;
	peer_send(peer, port, data, sizeof(data));
	peer_send(peer, port, "small", 5);
	assert_int_equal(receive(net, packets, 1), 1);
	assert_int_equal(packets[0]->length, 5);
	assert_memory_equal(packets[0]->data, "small", 5);
	release_all(packets, 1);
	assert_int_equal(net_stats(net).rx_dropped_truncated, 1);
	assert_int_equal(net_stats(net).rx_packets, 1);
	close(peer);
	net->driver->close(net);
}

/* Hand @length bytes to the kernel as datagrams of @segment bytes (UDP_SEGMENT). */
static void peer_send_run(int fd, uint16_t port, const void *data, size_t length, uint16_t segment)
{
	union {
		char bytes[CMSG_SPACE(sizeof(uint16_t))];
		struct cmsghdr header;
	} control = {.header = {.cmsg_level = IPPROTO_UDP,
				.cmsg_type = UDP_SEGMENT,
				.cmsg_len = CMSG_LEN(sizeof(segment))}};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct iovec iovec = {(void *)(uintptr_t)data, length};
	const struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iovec,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.header), &segment, sizeof(segment));
	assert_int_equal(sendmsg(fd, &message, 0), length);
}

/* On loopback, and through NICs that join what they receive, a run travels as one packet. */
static void a_run_comes_as_its_datagrams(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	int tag;
	uint16_t port = add_flow(net, &tag), peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[5];
	uint8_t data[2300], large[2 * (TESS_PACKET_SIZE + 1)] = {0};
	int64_t before_us, after_us;
	uint64_t warm;

	(void)state;
	wait_for_stamps(net, peer, port);
	warm = net_stats(net).rx_packets;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i / 1000 + i % 7);
	before_us = now_us();
	peer_send_run(peer, port, data, sizeof(data), 1000);
	after_us = now_us();
	peer_send_run(peer, port, large, sizeof(large), TESS_PACKET_SIZE + 1);
	usleep(20000);
	peer_send(peer, port, "end", 3);
	assert_int_equal(receive(net, packets, 4), 4);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(packets[i]->length, i < 2 ? 1000 : 300);
		assert_memory_equal(packets[i]->data, data + 1000 * (size_t)i, packets[i]->length);
		assert_ptr_equal(packets[i]->tag, &tag);
		assert_int_equal(packets[i]->local_port, port);
		assert_int_equal(ntohs(packets[i]->remote.in.sin_port), peer_port);
		assert_in_range(packets[i]->arrival_us, before_us - STAMP_SLACK_US,
				after_us + STAMP_SLACK_US);
	}
	assert_memory_equal(packets[3]->data, "end", 3);
	release_all(packets, 4);
	assert_int_equal(net_stats(net).rx_packets, warm + 4);
	assert_int_equal(net_stats(net).rx_dropped_truncated, 2);
	close(peer);
	net->driver->close(net);
}

static void an_empty_pool_drops_and_counts(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 8);
	uint16_t port = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[32];
	uint8_t i;

	(void)state;
	for (i = 0; i < 20; i++)
		peer_send(peer, port, &i, 1);
	peer_settle(peer, peer_port);
	assert_int_equal(receive(net, packets, 8), 8);
	for (i = 0; i < 8; i++)
		assert_int_equal(packets[i]->data[0], i);
	assert_int_equal(net->driver->rx_burst(net, packets + 8, 24), 0);
	assert_int_equal(net_stats(net).rx_dropped_pool_empty, 12);
	/* and it goes on once packets are back; wait does not report what was dropped */
	release_all(packets, 8);
	peer_send(peer, port, "x", 1);
	assert_int_equal(receive(net, packets, 1), 1);
	assert_int_equal(packets[0]->data[0], 'x');
	release_all(packets, 1);
	close(peer);
	net->driver->close(net);
}

/* What can only be dropped takes part in a burst's work, or a flood of it would never let go. */
static void dropping_has_an_end(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 8);
	uint16_t port = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[TESS_NET_BURST], *more[TESS_NET_BURST];
	uint8_t data[TESS_PACKET_SIZE + 1] = {0};

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		peer_send(peer, port, data, sizeof(data));
	peer_settle(peer, peer_port);
	assert_int_equal(net->driver->rx_burst(net, packets, 16), 0);
	assert_int_equal(net_stats(net).rx_dropped_truncated, 16);
	assert_int_equal(net->driver->rx_burst(net, packets, TESS_NET_BURST), 0);
	assert_int_equal(net_stats(net).rx_dropped_truncated, 40);

	for (unsigned i = 0; i < 48; i++)
		peer_send(peer, port, data, 1);
	peer_settle(peer, peer_port);
	assert_int_equal(receive(net, packets, 8), 8);
	assert_int_equal(net->driver->rx_burst(net, more, 16), 0);
	assert_int_equal(net_stats(net).rx_dropped_pool_empty, 16);
	assert_int_equal(net->driver->rx_burst(net, more, TESS_NET_BURST), 0);
	assert_int_equal(net_stats(net).rx_dropped_pool_empty, 40);
	release_all(packets, 8);
	close(peer);
	net->driver->close(net);
}

static void the_kernels_drops_are_counted(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 64);
	uint16_t port = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[TESS_NET_BURST];
	uint8_t data[1400] = {0};
	unsigned got;

	(void)state;
	for (unsigned i = 0; i < 4000; i++)
		peer_send(peer, port, data, sizeof(data));
	peer_settle(peer, peer_port);
	while ((got = net->driver->rx_burst(net, packets, TESS_NET_BURST)) > 0)
		release_all(packets, got);
	/* the count comes with the next datagram that gets in */
	peer_send(peer, port, data, sizeof(data));
	assert_int_equal(receive(net, packets, 1), 1);
	release_all(packets, 1);
	assert_true(net_stats(net).rx_dropped_kernel > 0);
	assert_int_equal(net_stats(net).rx_packets + net_stats(net).rx_dropped_kernel, 4001);
	close(peer);
	net->driver->close(net);
}

static void flows_come_and_go(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 64);
	uint16_t ports[32], peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[32];
	int tags[32];
	unsigned got;

	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		ports[i] = add_flow(net, &tags[i]);
		peer_send(peer, ports[i], &i, sizeof(i));
	}
	peer_settle(peer, peer_port);
	/* all are ready; every other goes before it was read, in and out of order */
	assert_int_equal(net->driver->wait(net, now_us() + 1000000), 0);
	for (unsigned i = 0; i < 32; i += 4)
		net->driver->flow_remove(net, ports[i]);
	for (unsigned i = 30; i < 32; i -= 4)
		net->driver->flow_remove(net, ports[i]);
	got = net->driver->rx_burst(net, packets, 32);
	assert_int_equal(got, 16);
	for (unsigned i = 0; i < got; i++) {
		unsigned sent;

		memcpy(&sent, packets[i]->data, sizeof(sent));
		assert_int_equal(sent % 2, 1);
		assert_ptr_equal(packets[i]->tag, &tags[sent]);
		assert_int_equal(packets[i]->local_port, ports[sent]);
	}
	release_all(packets, got);
	/* a port can come back with another tag */
	assert_int_equal(net->driver->flow_add(net, ports[0], &tags[31]), 0);
	peer_send(peer, ports[0], "again", 5);
	assert_int_equal(receive(net, packets, 1), 1);
	assert_ptr_equal(packets[0]->tag, &tags[31]);
	release_all(packets, 1);
	close(peer);
	net->driver->close(net);
}

static void ipv6_takes_both(void **state)
{
	struct tess_net *net = open_net("udp:[::]", 16);
	uint16_t port = add_flow(net, NULL), peer_port;
	struct sockaddr_in6 to = {.sin6_family = AF_INET6,
				  .sin6_port = htons(port),
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int peer = peer_open(&peer_port), peer6 = socket(AF_INET6, SOCK_DGRAM, 0);
	struct tess_packet *packets[1];
	char answer[8];

	(void)state;
	peer_send(peer, port, "four", 4);
	assert_int_equal(receive(net, packets, 1), 1);
	assert_int_equal(packets[0]->remote.in.sin_family, AF_INET);
	assert_int_equal(packets[0]->remote.in.sin_port, htons(peer_port));
	assert_int_equal(packets[0]->remote.in.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	net->driver->tx_burst(net, packets, 1); /* back to where it came from */
	net->driver->flush(net);
	assert_int_equal(recv(peer, answer, sizeof(answer), 0), 4);
	assert_memory_equal(answer, "four", 4);

	if (sendto(peer6, "six", 3, 0, (struct sockaddr *)&to, sizeof(to)) == 3) {
		assert_int_equal(receive(net, packets, 1), 1);
		assert_int_equal(packets[0]->remote.in6.sin6_family, AF_INET6);
		assert_memory_equal(&packets[0]->remote.in6.sin6_addr, &in6addr_loopback, 16);
		net->driver->tx_burst(net, packets, 1);
		net->driver->flush(net);
		assert_int_equal(recv(peer6, answer, sizeof(answer), 0), 3);
		assert_memory_equal(answer, "six", 3);
	}
	close(peer);
	close(peer6);
	net->driver->close(net);
}

static void packets_outlive_the_net(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	uint16_t port = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		peer_send(peer, port, "alive", 5);
	assert_int_equal(receive(net, packets, 3), 3);
	tess_packet_release(packets[0]);
	net->driver->close(net);
	assert_memory_equal(packets[1]->data, "alive", 5);
	tess_packet_release(packets[1]);
	memset(packets[2]->data, 0xff, packets[2]->capacity);
	tess_packet_release(packets[2]);
	close(peer);
}

/* What is sent to a port that nobody listens on comes back as an ICMP error. It must neither be
 * taken for a packet, nor hide one, nor wake the owner again and again. */
static void unreachable_peers_do_no_harm(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 64);
	uint16_t port = add_flow(net, NULL), peer_port, closed_port;
	int peer = peer_open(&peer_port), closed = peer_open(&closed_port);
	struct tess_packet *packets[TESS_NET_BURST];
	unsigned wakes = 0;
	int64_t until_us;

	(void)state;
	close(closed);
	for (uint8_t i = 0; i < 50; i++) {
		struct tess_packet *packet = net->driver->tx_alloc(net);

		assert_non_null(packet);
		packet->length = 1;
		packet->local_port = port;
		packet->remote.in.sin_family = AF_INET;
		packet->remote.in.sin_port = htons(closed_port);
		packet->remote.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		net->driver->tx_burst(net, &packet, 1);
		net->driver->flush(net);
		peer_send(peer, port, &i, 1);
	}
	assert_int_equal(receive(net, packets, 50), 50);
	for (uint8_t i = 0; i < 50; i++)
		assert_int_equal(packets[i]->data[0], i);
	release_all(packets, 50);
	until_us = now_us() + 50000;
	while (now_us() < until_us) {
		assert_int_equal(net->driver->wait(net, until_us), 0);
		assert_int_equal(net->driver->rx_burst(net, packets, TESS_NET_BURST), 0);
		wakes++;
	}
	assert_true(wakes < 5);
	assert_int_equal(net_stats(net).tx_packets, 50);
	assert_int_equal(net_stats(net).rx_packets, 50);
	close(peer);
	net->driver->close(net);
}

/* Out of descriptors: told, nothing is left behind, and the port can be had later. */
static void descriptors_may_run_out(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	uint16_t port = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	struct rlimit limit, none;
	struct tess_packet *packet;

	(void)state;
	net->driver->flow_remove(net, port);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(net->driver->flow_add(net, port, NULL), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(net->driver->flow_add(net, port, NULL), 0);
	peer_send(peer, port, "x", 1);
	assert_int_equal(receive(net, &packet, 1), 1);
	release_all(&packet, 1);
	close(peer);
	net->driver->close(net);
}

static void wait_keeps_its_time(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	int64_t begin_us = now_us();

	(void)state;
	assert_int_equal(net->driver->wait(net, begin_us + 30000), 0);
	assert_true(now_us() >= begin_us + 30000);
	begin_us = now_us();
	assert_int_equal(net->driver->wait(net, begin_us - 1000000), 0);
	net->driver->wake(net);
	net->driver->wake(net);
	assert_int_equal(net->driver->rx_burst(net, (struct tess_packet *[1]){0}, 1), 0);
	assert_int_equal(net->driver->wait(net, INT64_MAX), 0);
	assert_true(now_us() < begin_us + 10000000);
	/* the two wakes were one, and it is used up */
	begin_us = now_us();
	assert_int_equal(net->driver->wait(net, begin_us + 20000), 0);
	assert_true(now_us() >= begin_us + 20000);
	net->driver->close(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registry_goes_by_scheme),
		cmocka_unit_test(bad_specs_are_refused),
		cmocka_unit_test(ports_in_use_are_told),
		cmocka_unit_test(contents_tag_and_sender_come_through),
		cmocka_unit_test(thousands_come_in_order),
		cmocka_unit_test(a_flood_does_not_starve_the_rest),
		cmocka_unit_test(arrival_is_when_it_came_not_when_it_was_read),
		cmocka_unit_test(too_large_is_counted),
		cmocka_unit_test(a_run_comes_as_its_datagrams),
		cmocka_unit_test(an_empty_pool_drops_and_counts),
		cmocka_unit_test(dropping_has_an_end),
		cmocka_unit_test(the_kernels_drops_are_counted),
		cmocka_unit_test(flows_come_and_go),
		cmocka_unit_test(ipv6_takes_both),
		cmocka_unit_test(packets_outlive_the_net),
		cmocka_unit_test(unreachable_peers_do_no_harm),
		cmocka_unit_test(descriptors_may_run_out),
		cmocka_unit_test(wait_keeps_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
