/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the tests of the UDP driver share: a net on loopback and plain sockets to talk to it.
 */
#ifndef TESS_TESTS_NET_UDP_FIXTURE_H
#define TESS_TESTS_NET_UDP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hal/net.h"

/** Opens "udp:ADDRESS" through the registry. */
struct tess_net *open_net(const char *spec, unsigned packets);
/** Adds a flow on a port that was free. */
uint16_t add_flow(struct tess_net *net, void *tag);
struct tess_net_stats net_stats(const struct tess_net *net);
/** Receives until @p count packets are there or 10 s have gone; @return how many came. */
unsigned receive(struct tess_net *net, struct tess_packet **packets, unsigned count);
void release_all(struct tess_packet **packets, unsigned count);

/** A plain socket on 127.0.0.1, its receive buffer large; *port is where it listens. */
int peer_open(uint16_t *port);
/**
 * Returns when what was sent before has arrived: a kernel that is busy takes it from its queue a
 * little later, and this behind it. What waits at @p fd is lost.
 */
void peer_settle(int fd, uint16_t port_of_fd);
/** Sends to 127.0.0.1:@p port. */
void peer_send(int fd, uint16_t port, const void *data, size_t length);

#endif
