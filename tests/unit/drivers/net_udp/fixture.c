/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the tests of the UDP driver share.
 */
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "drivers/net.h"
#include "fixture.h"

struct tess_net *open_net(const char *spec, unsigned packets)
{
	const struct tess_net_driver *driver = tess_net_driver_find(spec);
	const struct tess_net_config config = {
		.spec = spec, .packets = packets, .clock = tess_clock_system()};
	struct tess_net *net = NULL;

	assert_non_null(driver);
	assert_int_equal(driver->open(&net, &config), 0);
	assert_ptr_equal(net->driver, driver);
	return net;
}

uint16_t add_flow(struct tess_net *net, void *tag)
{
	/* each test process looks from another place on, so that they seldom meet; above those of
	 * boxes of tests/e2e, below those that the kernel gives out */
	static uint16_t next;
	int error = -EADDRINUSE;

	if (next == 0)
		next = (uint16_t)(30000 + getpid() * 97 % 2000);
	for (unsigned i = 0; error == -EADDRINUSE && i < 1000; i++)
		error = net->driver->flow_add(net, ++next, tag);
	assert_int_equal(error, 0);
	return next;
}

struct tess_net_stats net_stats(const struct tess_net *net)
{
	struct tess_net_stats stats;

	net->driver->stats(net, &stats);
	return stats;
}

unsigned receive(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	int64_t until_us = tess_clock_now_us(tess_clock_system()) + 10000000;
	unsigned got = 0;

	while (got < count && tess_clock_now_us(tess_clock_system()) < until_us) {
		unsigned room = count - got;

		assert_int_equal(net->driver->wait(net, until_us), 0);
		got += net->driver->rx_burst(net, packets + got,
					     room < TESS_NET_BURST ? room : TESS_NET_BURST);
	}
	return got;
}

void release_all(struct tess_packet **packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		tess_packet_release(packets[i]);
}

int peer_open(uint16_t *port)
{
	struct sockaddr_in local = {.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	static const struct timeval patience = {.tv_sec = 10};
	static const int bytes = 1 << 22;
	socklen_t length = sizeof(local);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &length), 0);
	*port = ntohs(local.sin_port);
	return fd;
}

void peer_send(int fd, uint16_t port, const void *data, size_t length)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	assert_int_equal(sendto(fd, data, length, 0, (struct sockaddr *)&to, sizeof(to)), length);
}

void peer_settle(int fd, uint16_t port_of_fd)
{
	static const char mark[] = "settled";
	char data[sizeof(mark)] = "";

	peer_send(fd, port_of_fd, mark, sizeof(mark));
	while (memcmp(data, mark, sizeof(mark)) != 0)
		assert_true(recv(fd, data, sizeof(data), 0) >= 0);
}
