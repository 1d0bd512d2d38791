/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_udp/internal.h - what the files of the UDP driver share.
 */
#ifndef TESS_DRIVERS_NET_UDP_INTERNAL_H
#define TESS_DRIVERS_NET_UDP_INTERNAL_H

#include <stdbool.h>

#include "drivers/packet_pool.h"
#include "hal/net.h"

#define UDP_PORTS 65536

/* Room for the two control messages asked for: SCM_TIMESTAMPNS and SO_RXQ_OVFL. */
union udp_control {
	char bytes[CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(uint32_t))];
	struct cmsghdr align;
};

struct udp_flow {
	int fd;
	uint16_t port;
	bool ready; /* in the ready list */
	struct udp_flow *next_ready;
	void *tag;
	uint32_t kernel_drops; /* SO_RXQ_OVFL, as told last; wraps */
};

/*
 * The messages of recvmmsg, each with a packet from the pool under it. They are kept between calls:
 * only those used are filled again, which makes a socket with one datagram cheap.
 */
struct udp_rx {
	struct mmsghdr messages[TESS_NET_BURST];
	struct iovec iovecs[TESS_NET_BURST];
	union tess_addr remotes[TESS_NET_BURST];
	union udp_control controls[TESS_NET_BURST];
	struct tess_packet *packets[TESS_NET_BURST];
	unsigned first; /* messages from here to the end are ready to receive */
};

struct udp_net {
	struct tess_net net;
	struct tess_clock *clock;
	union tess_addr local; /* of all flows, the port is set for each */
	bool kernel_times;     /* the clock is a real one, so the kernel's times can be put on it */
	bool segmentation;     /* no device has refused UDP_SEGMENT so far */
	int epoll_fd;
	int wake_fd;
	bool woken;	/* wake_fd was seen but no wait() has told yet */
	bool harvested; /* wait() has asked epoll and rx_burst has not yet said that there is no
			   more */
	struct udp_flow **flows; /* by port */
	struct udp_flow *ready, **ready_end;
	unsigned ready_count;
	struct tess_packet_pool *rx_pool;
	struct tess_packet_pool
		*tx_pool; /* own, so that a flood coming in cannot silence the box */
	struct udp_rx rx;
	struct tess_packet *tx_queue[TESS_NET_BURST];
	unsigned tx_queued;
	struct tess_net_stats stats;
};

void udp_ready_push(struct udp_net *udp, struct udp_flow *flow);
void udp_ready_remove(struct udp_net *udp, struct udp_flow *flow);
/** Ask epoll which sockets have something and put them into the ready list; NULL waits for ever. */
int udp_harvest(struct udp_net *udp, const struct timespec *timeout);

void udp_rx_init(struct udp_rx *rx);
void udp_rx_close(struct udp_rx *rx);
unsigned udp_rx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count);

void udp_tx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count);
void udp_flush(struct tess_net *net);

#endif
