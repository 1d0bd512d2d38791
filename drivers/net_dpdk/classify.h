/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/classify.h - what an Ethernet frame holds; all input is untrusted.
 *
 * Pure: no look-ups, no state.
 */
#ifndef TESS_DRIVERS_NET_DPDK_CLASSIFY_H
#define TESS_DRIVERS_NET_DPDK_CLASSIFY_H

#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

enum dpdk_class {
	DPDK_DATAGRAM,	/* a whole UDP datagram */
	DPDK_OTHER,	/* something else: ARP, ICMP, TCP, tags in tags, ... */
	DPDK_FRAGMENT,	/* of an IP packet with UDP in it; of the first one the ports are known */
	DPDK_MALFORMED, /* lengths that contradict each other or the frame */
};

struct dpdk_datagram {
	int family;	      /* AF_INET or AF_INET6 */
	uint16_t vlan;	      /* 0: no tag, or a priority tag */
	uint16_t ip;	      /* offset of the IP header */
	uint16_t payload;     /* offset of the UDP payload */
	uint16_t length;      /* bytes of it, all inside the frame */
	uint16_t source_port; /* host order, as the next */
	uint16_t port;
};

/** What a datagram to a media port is, by its first byte (RFC 7983 §7). */
enum dpdk_payload {
	DPDK_UNKNOWN,
	DPDK_STUN,
	DPDK_DTLS,
	DPDK_RTP,  /* with a whole header */
	DPDK_RTCP, /* by the second byte (RFC 5761 §4) */
};

enum dpdk_payload dpdk_demultiplex(const uint8_t *payload, size_t length);

/** RFC 3550 §5.1, of a DPDK_RTP. */
static inline uint32_t dpdk_rtp_ssrc(const uint8_t *payload)
{
	return (uint32_t)payload[8] << 24 | (uint32_t)payload[9] << 16 |
	       (uint32_t)payload[10] << 8 | payload[11];
}

/**
 * Look at a frame of @p length bytes, without its check sequence. *datagram is whole only for
 * DPDK_DATAGRAM; for DPDK_FRAGMENT it has the port, or 0.
 */
enum dpdk_class dpdk_classify(struct dpdk_datagram *datagram, const uint8_t *frame, size_t length);
/** The sender of a whole datagram. */
void dpdk_datagram_source(const struct dpdk_datagram *datagram, const uint8_t *frame,
			  union tess_addr *source);
/** The address that it is for: 4 or 16 bytes. */
const uint8_t *dpdk_datagram_destination(const struct dpdk_datagram *datagram,
					 const uint8_t *frame);

#endif
