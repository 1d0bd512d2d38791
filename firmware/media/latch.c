/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/latch.c - from which address a plain RTP stream is accepted.
 */
#include "firmware/media/latch.h"

#include <string.h>

/* How far apart the two first packets may be numbered: they may be reordered or lossy. */
#define MAX_SEQUENCE_DISTANCE 100

bool tess_latch_is_rtcp(const struct tess_packet *packet)
{
	return packet->length >= 2 && packet->data[1] >= 192 && packet->data[1] <= 223;
}

static bool same_host(const union tess_addr *a, const union tess_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->sa.sa_family == AF_INET6 &&
	       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
}

/* sin_port and sin6_port are at the same place */
bool tess_latch_same_address(const union tess_addr *a, const union tess_addr *b)
{
	return same_host(a, b) && a->in.sin_port == b->in.sin_port;
}

static bool valid_rtp(const struct tess_latch *latch, const struct tess_packet *packet)
{
	return packet->length >= 12 && packet->data[0] >> 6 == 2 &&
	       (packet->data[1] & 0x7f) == latch->payload_type;
}

static bool follows(const struct tess_packet *first, const struct tess_packet *second)
{
	uint16_t a = (uint16_t)(first->data[2] << 8 | first->data[3]);
	uint16_t b = (uint16_t)(second->data[2] << 8 | second->data[3]);
	int distance = (int16_t)(uint16_t)(b - a);

	return distance != 0 && distance <= MAX_SEQUENCE_DISTANCE &&
	       distance >= -MAX_SEQUENCE_DISTANCE;
}

static void hold(struct tess_packet **place, struct tess_packet *packet)
{
	if (*place)
		tess_packet_release(*place);
	*place = packet;
}

static struct tess_packet *take(struct tess_packet **place)
{
	struct tess_packet *packet = *place;

	*place = NULL;
	return packet;
}

void tess_latch_init(struct tess_latch *latch, const union tess_addr *allowed, uint8_t payload_type)
{
	memset(latch, 0, sizeof(*latch));
	latch->allowed = allowed;
	latch->payload_type = payload_type;
}

void tess_latch_clear(struct tess_latch *latch)
{
	hold(&latch->held_rtp, NULL);
	hold(&latch->held_rtcp, NULL);
}

/* How long the latched address has to be silent before this one may be latched. */
static int64_t silence_us(const struct tess_latch *latch, const union tess_addr *remote)
{
	if (!same_host(&latch->remote, remote))
		return TESS_LATCH_SILENCE_US;
	return latch->has_previous && tess_latch_same_address(&latch->previous, remote)
		       ? TESS_LATCH_RETURN_US
		       : 0;
}

static enum tess_latch_verdict check_rtcp(struct tess_latch *latch, struct tess_packet *packet)
{
	if (latch->latched && same_host(&latch->remote, &packet->remote))
		return TESS_LATCH_ACCEPTED;
	if (latch->latched)
		return TESS_LATCH_REFUSED;
	/* often sent just before the first RTP packet, and the next may be seconds away */
	hold(&latch->held_rtcp, packet);
	return TESS_LATCH_HELD;
}

enum tess_latch_verdict tess_latch_check(struct tess_latch *latch, struct tess_packet *packet,
					 struct tess_packet *held[2])
{
	held[0] = held[1] = NULL;
	if (latch->allowed && (!same_host(latch->allowed, &packet->remote) ||
			       (latch->allowed->in.sin_port && !tess_latch_is_rtcp(packet) &&
				!tess_latch_same_address(latch->allowed, &packet->remote))))
		return TESS_LATCH_REFUSED;
	if (tess_latch_is_rtcp(packet))
		return check_rtcp(latch, packet);
	if (latch->latched && tess_latch_same_address(&latch->remote, &packet->remote)) {
		if (valid_rtp(latch, packet))
			latch->last_us = packet->arrival_us;
		return TESS_LATCH_ACCEPTED; /* what is wrong with it the track counts */
	}
	if (latch->latched &&
	    packet->arrival_us - latch->last_us < silence_us(latch, &packet->remote))
		return TESS_LATCH_REFUSED;
	if (!valid_rtp(latch, packet))
		return TESS_LATCH_REFUSED;
	if (!latch->held_rtp ||
	    !tess_latch_same_address(&latch->held_rtp->remote, &packet->remote) ||
	    !follows(latch->held_rtp, packet)) {
		hold(&latch->held_rtp, packet);
		return TESS_LATCH_HELD;
	}
	latch->has_previous = latch->latched;
	latch->previous = latch->remote;
	latch->latched = true;
	latch->remote = packet->remote;
	latch->last_us = packet->arrival_us;
	held[1] = take(&latch->held_rtp);
	held[0] = take(&latch->held_rtcp);
	if (held[0] && !same_host(&held[0]->remote, &latch->remote)) {
		tess_packet_release(held[0]);
		held[0] = NULL;
	}
	return TESS_LATCH_ACCEPTED;
}
