/* SPDX-License-Identifier: GPL-3.0-or-later
 * hal/net.h - packet I/O: bursts of UDP datagrams in and out.
 *
 * A packet belongs to the driver that made it: an mbuf under DPDK, a pool buffer under sockets. It
 * is passed by pointer, never copied, and given back with tess_packet_release().
 *
 * A *flow* is a local UDP port whose datagrams the user wants; each packet received carries the tag
 * that its flow was added with, so that no look-up by port is needed afterwards.
 *
 * Threads: one tess_net belongs to one thread; only packets may be released on another.
 */
#ifndef TESS_HAL_NET_H
#define TESS_HAL_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "hal/clock.h"
#include "hal/compiler.h"

/** The most packets that one burst call moves; more costs cache misses and wins nothing. */
#define TESS_NET_BURST 64
/** Room for data in a packet: an Ethernet frame and nothing that needed IP fragments. */
#define TESS_PACKET_SIZE 2048

union tess_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct tess_packet {
	uint8_t *data;	     /* UDP payload; may be changed in place by whoever holds the packet */
	uint32_t length;     /* bytes */
	uint32_t capacity;   /* bytes that data may grow to */
	int64_t arrival_us;  /* rx: the clock when the datagram came in */
	void *tag;	     /* rx: of its flow */
	uint16_t local_port; /* rx: where it came in; tx: the port it leaves from */
	union tess_addr remote; /* rx: sender; tx: destination */
	/* the driver's; use tess_packet_release() */
	void (*release)(struct tess_packet *packet);
	void *driver_private;
};

static inline void tess_packet_release(struct tess_packet *packet)
{
	packet->release(packet);
}

/* Why packets are dropped: X(name, when). */
/* clang-format off */
#define TESS_NET_DROPS(X) \
	X(rx_dropped_pool_empty, "came in, but all packets were out") \
	X(rx_dropped_kernel, "the kernel's or NIC's receive queue overran") \
	X(rx_dropped_truncated, "larger than TESS_PACKET_SIZE") \
	X(rx_dropped_malformed, "lengths of headers that contradict each other") \
	X(rx_dropped_fragment, "a fragment of an IP packet: media never needs them") \
	X(rx_dropped_checksum, "the NIC found a wrong checksum") \
	X(rx_dropped_stun, "STUN, to a flow of plain RTP") \
	X(rx_dropped_dtls, "DTLS, to a flow of plain RTP") \
	X(rx_dropped_unknown_source, "of another source than the flow's, and too many of them") \
	X(rx_dropped_worker_busy, "the worker whose it is has not taken those before") \
	X(rx_dropped_no_flow, "UDP to an address or port that is no flow") \
	X(rx_dropped_other, "no UDP, where the NIC is not shared with the kernel") \
	X(tx_dropped, "the queue was full or the kernel refused") \
	X(tx_dropped_no_neighbour, "no route, or the next hop's hardware address is not known yet") \
	X(tx_dropped_too_long, "longer than the NIC may send") \
	X(tx_dropped_link_down, "no link")
/* clang-format on */

struct tess_net_stats {
	uint64_t rx_packets, rx_bytes;
	uint64_t tx_packets, tx_bytes;
#define X(name, when) uint64_t name;
	TESS_NET_DROPS(X)
#undef X
	bool link_down; /* the port has no carrier */
};

struct tess_net;

/** What open() needs; nothing in it is kept but the clock. */
struct tess_net_config {
	const char *spec; /* "scheme:arguments", e.g. "udp:0.0.0.0" or "pcap:FILE" */
	unsigned packets; /* size of the receive pool */
	struct tess_clock *clock;
	/* all flows will have ports in this range; a driver that shares the NIC with the kernel
	   takes nothing else from it */
	uint16_t port_min, port_max;
	/* of how many workers with the same specification this one is which; 0 of 0 or 1: alone.
	   A driver that has no sockets of their own for them shares its port out among them */
	unsigned worker, workers;
	char *reason; /* may be NULL; on failure one line that says more than the errno, or "" */
	size_t reason_size;
};

/** A packet I/O driver. Required calls first; those marked optional may be NULL. */
struct tess_net_driver {
	size_t size;	  /* sizeof(struct tess_net_driver) the driver was built with */
	const char *name; /* "udp", "pcap", "dpdk" */
	/**
	 * Open. On success *netp is the caller's, to be given to close().
	 * @retval 0, -EINVAL bad spec, -ENOMEM, -ENODEV, -EACCES, or another errno of the system
	 */
	int (*open)(struct tess_net **netp, const struct tess_net_config *config);
	/** Close; accepts NULL. Packets that are still out stay valid until released. */
	void (*close)(struct tess_net *net);
	/**
	 * Begin to receive datagrams to local UDP port @p port.
	 * @retval 0, -EADDRINUSE, -EINVAL a port that cannot be, -ENOMEM, -EMFILE, or another errno
	 * of the system
	 */
	int (*flow_add)(struct tess_net *net, uint16_t port, void *tag);
	/** End it. Packets of the flow that were received before keep their tag. */
	void (*flow_remove)(struct tess_net *net, uint16_t port);
	/**
	 * Optional. The flow has found its RTP source: packets of others, and what is no RTP or
	 * RTCP, come from now on only so often that one of them can be taken up instead.
	 */
	void (*flow_source)(struct tess_net *net, uint16_t port, uint32_t ssrc);
	/** Receive without waiting, up to @p count packets. @return how many, now the caller's */
	unsigned (*rx_burst)(struct tess_net *net, struct tess_packet **packets, unsigned count);
	/** An empty packet to fill and send, or NULL if the pool is empty. */
	struct tess_packet *(*tx_alloc)(struct tess_net *net);
	/**
	 * Optional. A packet of the bytes of @p payload, to be sent as well, to somewhere else:
	 * without a copy where the NIC gathers. The bytes must not be changed from then on; either
	 * may be released or sent first. NULL: the pool is empty.
	 */
	struct tess_packet *(*tx_share)(struct tess_net *net, struct tess_packet *payload);
	/** Queue packets. All are taken; what cannot be sent is dropped and counted. */
	void (*tx_burst)(struct tess_net *net, struct tess_packet **packets, unsigned count);
	/** Send what is queued: once a poll, not once a stream. */
	void (*flush)(struct tess_net *net);
	/**
	 * Wait for packets, tess_net_wake() or the time @p until_us of the clock. On a replay
	 * driver this is what moves the virtual clock. @return 0, -ENODATA: a replay has come to
	 * its end, -ENODEV: the port is gone for good
	 */
	int (*wait)(struct tess_net *net, int64_t until_us);
	/**
	 * Optional. Keep taking packets from the port until @p until_us or tess_net_wake(), for one
	 * who will not look before then; arrival times are as exact as if it had looked. May return
	 * earlier, when it cannot hold more. NULL: packets gather by themselves, sleep instead.
	 * @return as wait()
	 */
	int (*gather)(struct tess_net *net, int64_t until_us);
	/** Make a wait() that runs or comes next return at once. From any thread. */
	void (*wake)(struct tess_net *net);
	void (*stats)(const struct tess_net *net, struct tess_net_stats *stats);
};

/** What every driver's net begins with. */
struct tess_net {
	const struct tess_net_driver *driver;
};

#endif
