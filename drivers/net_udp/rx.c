/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_udp/rx.c - receiving.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "drivers/net_udp/internal.h"

/* One turn of a socket: enough to be cheap, few enough that a flood on one does not starve the
 * rest. */
#define MIN_TURN 8
/* A kernel time older than that is a step of the wall clock, not a wait in the queue. */
#define MAX_AGE_US 1000000
/* Two clocks read closer together than that are read at one instant. */
#define CLOCK_APART_US 20
#define CLOCK_TRIES    4

void udp_rx_init(struct udp_rx *rx)
{
	for (unsigned i = 0; i < TESS_NET_BURST; i++)
		rx->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &rx->remotes[i],
			.msg_iov = &rx->iovecs[i],
			.msg_iovlen = 1,
			.msg_control = &rx->controls[i],
		};
	rx->first = TESS_NET_BURST;
}

void udp_rx_close(struct udp_rx *rx)
{
	for (unsigned i = 0; i < TESS_NET_BURST; i++)
		if (rx->packets[i])
			tess_packet_release(rx->packets[i]);
}

/* Have @count messages with packets under them, as far as the pool goes. */
static void fill(struct udp_net *udp, unsigned count)
{
	struct udp_rx *rx = &udp->rx;

	while (TESS_NET_BURST - rx->first < count) {
		unsigned i = rx->first - 1;
		struct msghdr *header = &rx->messages[i].msg_hdr;

		if (!rx->packets[i] && !(rx->packets[i] = tess_packet_pool_alloc(udp->rx_pool)))
			return;
		rx->iovecs[i] = (struct iovec){
			.iov_base = rx->packets[i]->data,
			.iov_len = rx->packets[i]->capacity,
		};
		header->msg_namelen = sizeof(union tess_addr);
		header->msg_controllen = sizeof(union udp_control);
		rx->first = i;
	}
}

/* An IPv4 sender on an IPv6 socket comes as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2); say it plainly. */
static void set_remote(union tess_addr *remote, const union tess_addr *from)
{
	*remote = *from;
	if (from->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&from->in6.sin6_addr))
		return;
	memset(remote, 0, sizeof(*remote));
	remote->in.sin_family = AF_INET;
	remote->in.sin_port = from->in6.sin6_port;
	memcpy(&remote->in.sin_addr, &from->in6.sin6_addr.s6_addr[12], 4);
}

/* The kernel's arrival time on the wall clock, 0 if it gave none; notes its drop counter. */
static int64_t read_control(struct udp_net *udp, struct udp_flow *flow, struct msghdr *header)
{
	int64_t wall_us = 0;

	for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control;
	     control = CMSG_NXTHDR(header, control)) {
		if (control->cmsg_level != SOL_SOCKET)
			continue;
		if (control->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec time;

			memcpy(&time, CMSG_DATA(control), sizeof(time));
			wall_us = (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
		} else if (control->cmsg_type == SO_RXQ_OVFL) {
			uint32_t drops;

			memcpy(&drops, CMSG_DATA(control), sizeof(drops));
			udp->stats.rx_dropped_kernel += drops - flow->kernel_drops;
			flow->kernel_drops = drops;
		}
	}
	return wall_us;
}

/* The pool is empty: take the datagrams off the socket so that it does not wake us for ever. */
static unsigned discard(struct udp_net *udp, struct udp_flow *flow, unsigned count)
{
	struct mmsghdr messages[TESS_NET_BURST];
	int taken;

	memset(messages, 0, count * sizeof(messages[0]));
	taken = recvmmsg(flow->fd, messages, count, MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (taken <= 0)
		return 0;
	udp->stats.rx_dropped_pool_empty += (unsigned)taken;
	return (unsigned)taken;
}

/* Make a packet of message @i, or NULL if it is no good; arrival_us is left on the wall clock. */
static struct tess_packet *take(struct udp_net *udp, struct udp_flow *flow, unsigned i)
{
	struct udp_rx *rx = &udp->rx;
	struct msghdr *header = &rx->messages[i].msg_hdr;
	struct tess_packet *packet = rx->packets[i];

	packet->arrival_us = read_control(udp, flow, header);
	if (header->msg_flags & MSG_TRUNC) {
		udp->stats.rx_dropped_truncated++;
		return NULL; /* the packet stays for the next datagram */
	}
	rx->packets[i] = NULL;
	packet->length = rx->messages[i].msg_len;
	packet->tag = flow->tag;
	packet->local_port = flow->port;
	set_remote(&packet->remote, &rx->remotes[i]);
	udp->stats.rx_packets++;
	udp->stats.rx_bytes += packet->length;
	return packet;
}

/*
 * Receive up to @want datagrams of one socket. Returns how many packets came out, which may be
 * fewer than were @taken off; *drained says that the socket has no more for now.
 */
static unsigned receive(struct udp_net *udp, struct udp_flow *flow, struct tess_packet **packets,
			unsigned want, unsigned *taken, bool *drained)
{
	struct udp_rx *rx = &udp->rx;
	unsigned got = 0;
	int received;

	fill(udp, want);
	if (rx->first == TESS_NET_BURST) {
		*taken = discard(udp, flow, want);
		*drained = *taken < want;
		return 0;
	}
	if (want > TESS_NET_BURST - rx->first)
		want = TESS_NET_BURST - rx->first;
	received = recvmmsg(flow->fd, &rx->messages[rx->first], want, MSG_DONTWAIT, NULL);
	*taken = received > 0 ? (unsigned)received : 0;
	*drained = *taken < want;
	for (unsigned i = 0; i < *taken; i++) {
		struct tess_packet *packet = take(udp, flow, rx->first++);

		if (packet)
			packets[got++] = packet;
	}
	return got;
}

struct instant {
	int64_t now_us, wall_us;
	int64_t apart_us; /* between the two readings, at most */
};

static struct instant read_clocks(const struct udp_net *udp)
{
	struct instant instant = {.now_us = tess_clock_now_us(udp->clock)};
	struct timespec wall;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	instant.wall_us = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000;
	instant.apart_us = tess_clock_now_us(udp->clock) - instant.now_us;
	return instant;
}

/*
 * Put the arrival times on the clock. The kernel stamps datagrams with the wall clock; the age is
 * the same on both. A thread that is interrupted between reading the one and the other tries again.
 */
static void set_arrivals(const struct udp_net *udp, struct tess_packet **packets, unsigned count)
{
	struct instant instant = read_clocks(udp);

	for (unsigned i = 1; i < CLOCK_TRIES && instant.apart_us > CLOCK_APART_US; i++) {
		const struct instant again = read_clocks(udp);

		if (again.apart_us < instant.apart_us)
			instant = again;
	}
	for (unsigned i = 0; i < count; i++) {
		int64_t age_us = instant.wall_us - packets[i]->arrival_us;

		packets[i]->arrival_us = age_us >= 0 && age_us <= MAX_AGE_US
						 ? instant.now_us - age_us
						 : instant.now_us;
	}
}

unsigned udp_rx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	struct udp_net *udp = (struct udp_net *)net;
	bool waited = udp->harvested;
	unsigned left = count; /* what is dropped counts as well: a flood of it must not hold us */
	unsigned got = 0;

	udp->harvested = false;
	if (waited && !udp->ready)
		return 0; /* all that wait() saw has been handed out: not worth another look */
	if (!waited && udp_harvest(udp, &(struct timespec){0}))
		return 0;
	while (left > 0 && udp->ready) {
		struct udp_flow *flow = udp->ready;
		unsigned want = left / udp->ready_count, taken;
		bool drained;

		if (want < MIN_TURN)
			want = MIN_TURN;
		if (want > left)
			want = left;
		if (want > TESS_NET_BURST)
			want = TESS_NET_BURST;
		udp_ready_remove(udp, flow);
		got += receive(udp, flow, packets + got, want, &taken, &drained);
		left -= taken;
		if (!drained)
			udp_ready_push(udp, flow);
	}
	udp->harvested = waited && !udp->ready;
	if (got > 0)
		set_arrivals(udp, packets, got);
	return got;
}
