/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/support.c - see support.h
 */
#include "tests/unit/pipeline/rtp/support.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/rtp/wire.h"

static void give_back(struct tess_packet *packet)
{
	struct pool *pool = packet->driver_private;

	pool->released++;
	free(packet->data);
	free(packet); /* a second release is found by the sanitizer */
}

struct tess_packet *pool_packet(struct pool *pool, const void *data, size_t length,
				int64_t arrival_us)
{
	struct tess_packet *packet = calloc(1, sizeof(*packet));

	assert_non_null(packet);
	packet->data = malloc(length ? length : 1);
	assert_non_null(packet->data);
	if (length)
		memcpy(packet->data, data, length);
	packet->length = packet->capacity = (uint32_t)length;
	packet->arrival_us = arrival_us;
	packet->release = give_back;
	packet->driver_private = pool;
	pool->made++;
	return packet;
}

struct tess_packet *pool_rtp(struct pool *pool, const struct rtp *rtp, const void *payload,
			     size_t length, int64_t arrival_us)
{
	uint8_t data[TESS_PACKET_SIZE];

	assert_true(length <= sizeof(data) - 12);
	data[0] = 0x80;
	data[1] = (uint8_t)((rtp->marker ? 0x80 : 0) | rtp->payload_type);
	tess_rtp_put16(data + 2, rtp->sequence);
	tess_rtp_put32(data + 4, rtp->timestamp);
	tess_rtp_put32(data + 8, rtp->ssrc);
	if (length)
		memcpy(data + 12, payload, length);
	return pool_packet(pool, data, 12 + length, arrival_us);
}

struct tess_packet *pool_sender_report(struct pool *pool, uint32_t ssrc, int64_t ntp_us,
				       uint32_t timestamp, int64_t arrival_us)
{
	uint8_t data[28] = {0x80, 200, 0, 6};

	tess_rtp_put32(data + 4, ssrc);
	tess_rtp_put32(data + 8, (uint32_t)(ntp_us / 1000000));
	/* rounded up, so that it reads back as the same microsecond */
	tess_rtp_put32(data + 12,
		       (uint32_t)((((uint64_t)(ntp_us % 1000000) << 32) + 999999) / 1000000));
	tess_rtp_put32(data + 16, timestamp);
	return pool_packet(pool, data, sizeof(data), arrival_us);
}

uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*state >> 33);
}
