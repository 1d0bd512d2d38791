/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/h264.c - see h264.h
 */
#include "pipeline/rtp/h264.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/rtp/wire.h"

/* NAL unit types: H.264 table 7-1 up to 23, RFC 6184 table 1 above */
enum {
	NAL_SLICE = 1,
	NAL_PARTITION_A = 2,
	NAL_IDR = 5,
	NAL_DELIMITER = 9,
	NAL_LAST_SINGLE = 23,
	NAL_STAP_A = 24,
	NAL_FU_A = 28,
	NAL_FU_B = 29,
};

#define START_CODE_BYTES 4
#define FIRST_CAPACITY	 16384
#define FU_START	 0x80
#define FU_END		 0x40

int tess_rtp_h264_init(struct tess_rtp_h264 *h264, size_t limit, struct tess_rtp_counters *counters,
		       tess_rtp_h264_handler *handler, void *arg)
{
	*h264 = (struct tess_rtp_h264){
		.counters = counters,
		.handler = handler,
		.arg = arg,
		.limit = limit,
		.capacity = limit < FIRST_CAPACITY ? limit : FIRST_CAPACITY,
	};
	h264->buffer = malloc(h264->capacity);
	return h264->buffer ? 0 : -ENOMEM;
}

void tess_rtp_h264_clear(struct tess_rtp_h264 *h264)
{
	free(h264->buffer);
	h264->buffer = NULL;
}

/* Make sure of room for bytes more. @return false if the access unit is too large now */
static bool reserve(struct tess_rtp_h264 *h264, size_t bytes)
{
	size_t capacity = h264->capacity;
	uint8_t *buffer;

	if (bytes <= capacity - h264->length)
		return true;
	if (bytes > h264->limit - h264->length)
		return false;
	while (capacity - h264->length < bytes)
		capacity = capacity > h264->limit / 2 ? h264->limit : capacity * 2;
	buffer = realloc(h264->buffer, capacity);
	if (!buffer)
		return false;
	h264->buffer = buffer;
	h264->capacity = capacity;
	return true;
}

static void begin(struct tess_rtp_h264 *h264, uint32_t timestamp, bool head_unsure)
{
	h264->open = true;
	h264->timestamp = timestamp;
	h264->head_unsure = head_unsure;
	h264->length = 0;
	h264->sps_at = h264->pps_at = 0;
	h264->fragment_type = 0;
	h264->damaged = h264->oversize = false;
	h264->has_picture = h264->has_idr = h264->has_sps = h264->has_pps = false;
}

static void append(struct tess_rtp_h264 *h264, const uint8_t *data, size_t length)
{
	if (h264->damaged || h264->oversize)
		return;
	if (!reserve(h264, length)) {
		h264->oversize = true;
		return;
	}
	memcpy(h264->buffer + h264->length, data, length);
	h264->length += length;
}

/* The first byte of a slice header begins with first_mb_in_slice as ue(v): a 1 bit is 0. */
static bool begins_picture(uint8_t type, const uint8_t *data, size_t length)
{
	if (type != NAL_SLICE && type != NAL_PARTITION_A && type != NAL_IDR)
		return type > NAL_IDR;
	return length > 0 && data[0] & 0x80;
}

/* A NAL unit begins; data is what follows its header. */
static void nal_begin(struct tess_rtp_h264 *h264, uint8_t header, const uint8_t *data,
		      size_t length)
{
	static const uint8_t start_code[START_CODE_BYTES] = {0, 0, 0, 1};

	if (h264->head_unsure) {
		h264->head_unsure = false;
		if (!begins_picture(header & 0x1f, data, length))
			h264->damaged = true;
	}
	append(h264, start_code, sizeof(start_code));
	h264->nal_at = h264->length;
	append(h264, &header, 1);
}

/* The NAL unit of that type is complete in the buffer. */
static void nal_end(struct tess_rtp_h264 *h264, uint8_t type)
{
	if (h264->damaged || h264->oversize)
		return;
	switch (type) {
	case TESS_H264_NAL_SPS:
	case TESS_H264_NAL_PPS:
		tess_h264_parameters_put(&h264->parameters, h264->buffer + h264->nal_at,
					 h264->length - h264->nal_at);
		if (type == TESS_H264_NAL_SPS)
			h264->has_sps = true;
		else
			h264->has_pps = true;
		h264->pps_at = h264->length;
		break;
	case NAL_DELIMITER:
		if (h264->nal_at == START_CODE_BYTES)
			h264->sps_at = h264->pps_at = h264->length;
		break;
	case NAL_IDR:
		h264->has_idr = true;
		h264->has_picture = true;
		break;
	default:
		if (type < NAL_IDR)
			h264->has_picture = true;
		break;
	}
}

static void put_nal(struct tess_rtp_h264 *h264, const uint8_t *nal, size_t length)
{
	nal_begin(h264, nal[0], nal + 1, length - 1);
	append(h264, nal + 1, length - 1);
	nal_end(h264, nal[0] & 0x1f);
}

/* A part of a NAL unit is missing. */
static void damage(struct tess_rtp_h264 *h264)
{
	h264->damaged = true;
	h264->fragment_type = 0;
}

/* Another NAL unit begins: a fragmented one before it ought to have ended. */
static void expect_nal(struct tess_rtp_h264 *h264)
{
	if (h264->fragment_type)
		damage(h264);
}

static void drop_packet(struct tess_rtp_h264 *h264)
{
	h264->counters->bad_depacketise++;
	damage(h264);
}

/* RFC 6184 §5.7.1. All of it is checked before any of it is used. */
static void push_stap_a(struct tess_rtp_h264 *h264, const uint8_t *payload, size_t length)
{
	size_t at = 1;

	do {
		size_t size;
		uint8_t type;

		if (length - at < 3)
			goto bad;
		size = tess_rtp_get16(payload + at);
		if (size == 0 || size > length - at - 2)
			goto bad;
		type = payload[at + 2] & 0x1f;
		if (payload[at + 2] & 0x80 || type == 0 || type > NAL_LAST_SINGLE)
			goto bad; /* aggregates are not nested */
		at += 2 + size;
	} while (at < length);

	expect_nal(h264);
	for (at = 1; at < length; at += 2 + (size_t)tess_rtp_get16(payload + at))
		put_nal(h264, payload + at + 2, tess_rtp_get16(payload + at));
	return;
bad:
	drop_packet(h264);
}

/* RFC 6184 §5.8 */
static void push_fu_a(struct tess_rtp_h264 *h264, const uint8_t *payload, size_t length)
{
	uint8_t header, type;

	if (length < 3) {
		drop_packet(h264);
		return;
	}
	header = payload[1];
	type = header & 0x1f;
	if (type == 0 || type > NAL_LAST_SINGLE || (header & FU_START && header & FU_END)) {
		drop_packet(h264);
		return;
	}
	if (header & FU_START) {
		expect_nal(h264);
		nal_begin(h264, (payload[0] & 0xe0) | type, payload + 2, length - 2);
		h264->fragment_type = type;
	} else if (h264->fragment_type != type) {
		damage(h264); /* its begin is missing */
		return;
	}
	append(h264, payload + 2, length - 2);
	if (header & FU_END) {
		h264->fragment_type = 0;
		nal_end(h264, type);
	}
}

static void push_payload(struct tess_rtp_h264 *h264, const uint8_t *payload, size_t length)
{
	uint8_t type = payload[0] & 0x1f;

	if (payload[0] & 0x80) { /* the forbidden bit tells of bit errors */
		drop_packet(h264);
	} else if (type == NAL_STAP_A) {
		push_stap_a(h264, payload, length);
	} else if (type == NAL_FU_A) {
		push_fu_a(h264, payload, length);
	} else if (type > NAL_STAP_A && type <= NAL_FU_B) {
		drop_packet(h264); /* of the interleaved mode */
	} else if (type == 0 || type > NAL_FU_B) {
		h264->counters->bad_depacketise++; /* reserved: to be ignored, §5.2 */
	} else {
		expect_nal(h264);
		put_nal(h264, payload, length);
	}
}

/* Put the remembered sets of a type where they belong. */
static void insert_sets(struct tess_rtp_h264 *h264, uint8_t type, size_t at)
{
	size_t size = tess_h264_parameters_size(&h264->parameters, type);

	if (size == 0)
		return;
	if (!reserve(h264, size)) {
		h264->oversize = true;
		return;
	}
	memmove(h264->buffer + at + size, h264->buffer + at, h264->length - at);
	tess_h264_parameters_write(&h264->parameters, type, h264->buffer + at);
	h264->length += size;
}

static void give_out(struct tess_rtp_h264 *h264)
{
	const struct tess_rtp_h264_frame frame = {
		.data = h264->buffer,
		.length = h264->length,
		.timestamp = h264->timestamp,
		.key = h264->has_idr,
		.discontinuity = h264->discontinuity,
	};

	h264->discontinuity = false;
	if (frame.key) {
		h264->key_seen = true;
		h264->key_wanted = false;
	} else if (!h264->key_seen) {
		h264->key_wanted = true; /* joined in the middle */
	}
	h264->handler(h264->arg, &frame);
}

/* The access unit has come to its end. */
static void finish(struct tess_rtp_h264 *h264)
{
	h264->open = false;
	if (h264->fragment_type)
		damage(h264);
	if (h264->has_idr && !h264->damaged && !h264->oversize) {
		/* the later place first, so that the other one stays where it is */
		if (!h264->has_pps)
			insert_sets(h264, TESS_H264_NAL_PPS, h264->pps_at);
		if (!h264->has_sps)
			insert_sets(h264, TESS_H264_NAL_SPS, h264->sps_at);
	}
	if (h264->damaged || h264->oversize) {
		if (h264->damaged)
			h264->counters->incomplete++;
		else
			h264->counters->oversize++;
		h264->discontinuity = true;
		h264->key_wanted = true;
	} else if (h264->has_picture) {
		give_out(h264);
	} /* else only parameter sets or the like, which are remembered */
}

void tess_rtp_h264_restart(struct tess_rtp_h264 *h264)
{
	if (h264->open)
		h264->counters->incomplete++;
	h264->open = false;
	h264->started = h264->key_seen = false;
	h264->discontinuity = true;
	memset(h264->parameters.sps_length, 0, sizeof(h264->parameters.sps_length));
	memset(h264->parameters.pps_length, 0, sizeof(h264->parameters.pps_length));
}

void tess_rtp_h264_push(struct tess_rtp_h264 *h264, const uint8_t *payload, size_t length,
			uint32_t timestamp, bool marker, bool lost)
{
	bool head_unsure = lost || !h264->started;

	h264->started = true;
	if (lost) {
		h264->discontinuity = true;
		h264->key_wanted = true;
		if (h264->open)
			damage(h264);
	}
	if (h264->open && timestamp != h264->timestamp)
		finish(h264);
	if (!h264->open)
		begin(h264, timestamp, head_unsure);

	if (length == 0)
		h264->counters->bad_depacketise++;
	else
		push_payload(h264, payload, length);
	if (marker)
		finish(h264);
}
