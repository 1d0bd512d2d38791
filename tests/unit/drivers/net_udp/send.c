/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_udp: sending
 */
#include <string.h>
#include <unistd.h>

#include "fixture.h"

static struct tess_packet *make(struct tess_net *net, uint16_t from, uint16_t to, uint32_t number,
				uint32_t length)
{
	struct tess_packet *packet = net->driver->tx_alloc(net);

	assert_non_null(packet);
	assert_int_equal(packet->capacity, TESS_PACKET_SIZE);
	memset(packet->data, (int)(number & 0xff), length);
	memcpy(packet->data, &number, sizeof(number));
	packet->length = length;
	packet->local_port = from;
	packet->remote.in.sin_family = AF_INET;
	packet->remote.in.sin_port = htons(to);
	packet->remote.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return packet;
}

static void expect(int peer, uint16_t from, uint32_t number, uint32_t length)
{
	struct sockaddr_in remote;
	socklen_t remote_length = sizeof(remote);
	uint8_t data[TESS_PACKET_SIZE], want[TESS_PACKET_SIZE];

	memset(want, (int)(number & 0xff), sizeof(want));
	memcpy(want, &number, sizeof(number));
	assert_int_equal(
		recvfrom(peer, data, sizeof(data), 0, (struct sockaddr *)&remote, &remote_length),
		length);
	assert_memory_equal(data, want, length);
	assert_int_equal(remote.sin_port, htons(from));
}

static void nothing_more(int peer)
{
	uint8_t data[16];

	assert_int_equal(recv(peer, data, sizeof(data), MSG_DONTWAIT), -1);
}

static void leaves_from_its_flow_at_the_flush(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	uint16_t a = add_flow(net, NULL), b = add_flow(net, NULL), to;
	int peer = peer_open(&to);
	struct tess_packet *packets[] = {make(net, a, to, 1, 100), make(net, b, to, 2, 200),
					 make(net, a, to, 3, 50)};

	(void)state;
	net->driver->tx_burst(net, packets, 3);
	nothing_more(peer);
	net->driver->flush(net);
	/* grouped by socket, in order within each */
	expect(peer, a, 1, 100);
	expect(peer, a, 3, 50);
	expect(peer, b, 2, 200);
	nothing_more(peer);
	assert_int_equal(net_stats(net).tx_packets, 3);
	assert_int_equal(net_stats(net).tx_bytes, 350);
	assert_int_equal(net_stats(net).tx_dropped, 0);
	net->driver->flush(net);
	nothing_more(peer);
	close(peer);
	net->driver->close(net);
}

/* Sizes that begin, lengthen, end and break runs, and two destinations in turn. */
static void datagrams_stay_what_they_are(void **state)
{
	static const uint32_t lengths[] = {1200, 1200, 1200, 700, 1200, 1300, 1300, 4,
					   4,	 4,    900,  900, 1400, 1399, 1399, 2000};
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	uint16_t from = add_flow(net, NULL), ports[2];
	int peers[2] = {peer_open(&ports[0]), peer_open(&ports[1])};
	const unsigned count = sizeof(lengths) / sizeof(lengths[0]);

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < count; i++) {
			struct tess_packet *packet =
				make(net, from, ports[i / 5 % 2], i + round, lengths[i]);

			net->driver->tx_burst(net, &packet, 1);
		}
		net->driver->flush(net);
		for (uint32_t i = 0; i < count; i++)
			expect(peers[i / 5 % 2], from, i + round, lengths[i]);
		nothing_more(peers[0]);
		nothing_more(peers[1]);
	}
	assert_int_equal(net_stats(net).tx_packets, 100 * count);
	assert_int_equal(net_stats(net).tx_dropped, 0);
	close(peers[0]);
	close(peers[1]);
	net->driver->close(net);
}

static void more_than_a_burst_is_sent_on_the_way(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	uint16_t from = add_flow(net, NULL), to;
	int peer = peer_open(&to);
	struct tess_packet *packets[200];

	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		packets[i] = make(net, from, to, i, 1000);
	net->driver->tx_burst(net, packets, 200);
	net->driver->flush(net);
	for (uint32_t i = 0; i < 200; i++)
		expect(peer, from, i, 1000);
	assert_int_equal(net_stats(net).tx_bytes, 200000);
	close(peer);
	net->driver->close(net);
}

static void what_cannot_go_is_dropped_alone(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	uint16_t from = add_flow(net, NULL), gone = add_flow(net, NULL), to;
	int peer = peer_open(&to);
	struct tess_packet *packets[6];

	(void)state;
	packets[0] = make(net, from, to, 1, 100);
	packets[1] = make(net, from, to, 2, 100);
	packets[1]->remote.in6.sin6_family = AF_INET6; /* not over an IPv4 socket */
	packets[2] = make(net, from, to, 3, 100);
	packets[3] = make(net, gone, to, 4, 100); /* no such flow by then */
	packets[4] = make(net, from, 0, 5, 100);  /* port 0 */
	packets[5] = make(net, from, to, 6, 100);
	net->driver->flow_remove(net, gone);
	net->driver->tx_burst(net, packets, 6);
	net->driver->flush(net);
	expect(peer, from, 1, 100);
	expect(peer, from, 3, 100);
	expect(peer, from, 6, 100);
	nothing_more(peer);
	assert_int_equal(net_stats(net).tx_packets, 3);
	assert_int_equal(net_stats(net).tx_dropped, 3);
	close(peer);
	net->driver->close(net);
}

static void a_flow_that_goes_sends_its_last(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 16);
	uint16_t from = add_flow(net, NULL), to;
	int peer = peer_open(&to);
	struct tess_packet *packet = make(net, from, to, 9, 33);

	(void)state;
	net->driver->tx_burst(net, &packet, 1);
	net->driver->flow_remove(net, from);
	expect(peer, from, 9, 33);
	close(peer);
	net->driver->close(net);
}

static void receiving_cannot_use_up_the_packets_to_send(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 4);
	uint16_t port = add_flow(net, NULL), to;
	int peer = peer_open(&to);
	struct tess_packet *packets[4], *answer;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		peer_send(peer, port, "in", 2);
	assert_int_equal(receive(net, packets, 4), 4);
	answer = make(net, port, to, 1, 20);
	net->driver->tx_burst(net, &answer, 1);
	net->driver->flush(net);
	expect(peer, port, 1, 20);
	release_all(packets, 4);
	close(peer);
	net->driver->close(net);
}

static void the_pool_to_send_has_an_end(void **state)
{
	struct tess_net *net = open_net("udp:127.0.0.1", 4);
	struct tess_packet *packets[1024];
	unsigned count = 0;

	(void)state;
	while (count < 1024 && (packets[count] = net->driver->tx_alloc(net)))
		count++;
	assert_true(count >= 2 * TESS_NET_BURST && count < 1024);
	release_all(packets, count);
	assert_non_null(packets[0] = net->driver->tx_alloc(net));
	release_all(packets, 1);
	net->driver->close(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_from_its_flow_at_the_flush),
		cmocka_unit_test(datagrams_stay_what_they_are),
		cmocka_unit_test(more_than_a_burst_is_sent_on_the_way),
		cmocka_unit_test(what_cannot_go_is_dropped_alone),
		cmocka_unit_test(a_flow_that_goes_sends_its_last),
		cmocka_unit_test(receiving_cannot_use_up_the_packets_to_send),
		cmocka_unit_test(the_pool_to_send_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
