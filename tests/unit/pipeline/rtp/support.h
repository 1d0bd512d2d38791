/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/support.h - packets for the tests, and a count of those not given back.
 */
#ifndef TESS_TEST_RTP_SUPPORT_H
#define TESS_TEST_RTP_SUPPORT_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hal/net.h"

struct pool {
	unsigned made, released;
};

/** A packet with a copy of @p data; nothing readable lies behind it. */
struct tess_packet *pool_packet(struct pool *pool, const void *data, size_t length,
				int64_t arrival_us);

struct rtp {
	uint8_t payload_type;
	uint32_t ssrc;
	uint16_t sequence;
	uint32_t timestamp;
	bool marker;
};

/** A packet with an RTP header and @p payload. */
struct tess_packet *pool_rtp(struct pool *pool, const struct rtp *rtp, const void *payload,
			     size_t length, int64_t arrival_us);
/** A packet with an RTCP sender report; @p ntp_us counts from 1900. */
struct tess_packet *pool_sender_report(struct pool *pool, uint32_t ssrc, int64_t ntp_us,
				       uint32_t timestamp, int64_t arrival_us);
/** A repeatable stream of numbers. */
uint32_t next_random(uint64_t *state);

#endif
