/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/wire.c - see wire.h.
 */
#include "firmware/egress/wire.h"

#include <string.h>

#include "pipeline/rtmp/chunk.h"

/* An AMF 0 string in front of onMetaData: what servers take as the stream's own. */
static const uint8_t SET_DATA_FRAME[16] = "\x02\x00\x0d@setDataFrame";

static unsigned chunk_stream(const struct tess_tag *tag)
{
	switch (tag->type) {
	case TESS_FLV_AUDIO:
		return TESS_RTMP_ON_AUDIO;
	case TESS_FLV_VIDEO:
		return TESS_RTMP_ON_VIDEO;
	case TESS_FLV_SCRIPT:
	default:
		return TESS_RTMP_ON_DATA;
	}
}

static uint32_t prefix_bytes(const struct tess_wire *wire, const struct tess_tag *tag)
{
	return wire->kind == TESS_WIRE_RTMP_PUBLISH && tag->type == TESS_FLV_SCRIPT
		       ? sizeof(SET_DATA_FRAME)
		       : 0;
}

/* FLV's tag types are RTMP's message types, and the bodies are the same (RTMP 1.0 §7.1). */
static uint32_t message_bytes(const struct tess_wire *wire, const struct tess_tag *tag)
{
	return tag->length - TESS_FLV_TRAILER_SIZE + prefix_bytes(wire, tag);
}

uint32_t tess_wire_bytes(const struct tess_wire *wire, const struct tess_tag *tag, uint32_t time_ms)
{
	if (wire->kind == TESS_WIRE_FLV)
		return tag->length + (tag->type ? TESS_FLV_TAG_HEADER_SIZE : 0);
	/* FLV's file header */
	if (!tag->type)
		return 0;
	return (uint32_t)tess_rtmp_wire_bytes(message_bytes(wire, tag), time_ms);
}

/** One stretch of bytes without its first *skip. False: no room. */
static bool put(struct tess_wire_out *out, const void *data, size_t length, uint32_t *skip)
{
	if (*skip >= length) {
		*skip -= (uint32_t)length;
		return true;
	}
	if (out->used == out->max)
		return false;
	out->iov[out->used++] = (struct iovec){(uint8_t *)(uintptr_t)data + *skip, length - *skip};
	*skip = 0;
	return true;
}

static bool put_flv(struct tess_wire_out *out, const struct tess_tag *tag, uint32_t time_ms,
		    uint32_t skip)
{
	if (out->used == out->max)
		return false;
	if (tag->type) {
		uint8_t *head = out->heads[out->used];

		tess_flv_tag_header(head, tag->type, tag->length - TESS_FLV_TRAILER_SIZE, time_ms);
		if (!put(out, head, TESS_FLV_TAG_HEADER_SIZE, &skip))
			return false;
	}
	return put(out, tag->data, tag->length, &skip);
}

static bool put_rtmp(const struct tess_wire *wire, struct tess_wire_out *out,
		     const struct tess_tag *tag, uint32_t time_ms, uint32_t skip)
{
	const struct tess_rtmp_message message = {.type = (enum tess_rtmp_type)tag->type,
						  .time_ms = time_ms,
						  .stream = wire->stream,
						  .length = message_bytes(wire, tag)};
	uint32_t prefix = prefix_bytes(wire, tag), length = tag->length - TESS_FLV_TRAILER_SIZE;

	/* metadata is far smaller than a chunk, so what goes before it needs no cutting */
	for (uint32_t at = 0; at < length || !at; at += TESS_RTMP_CHUNK_SIZE) {
		uint32_t left = length - at;
		uint8_t *head;
		size_t used;

		if (out->used == out->max)
			return false;
		head = out->heads[out->used];
		if (at) {
			used = tess_rtmp_put_continuation(head, chunk_stream(tag), time_ms);
		} else {
			used = tess_rtmp_put_header(head, chunk_stream(tag), &message);
			memcpy(head + used, SET_DATA_FRAME, prefix);
			used += prefix;
		}
		if (left > TESS_RTMP_CHUNK_SIZE)
			left = TESS_RTMP_CHUNK_SIZE;
		if (!put(out, head, used, &skip) || !put(out, tag->data + at, left, &skip))
			return false;
	}
	return true;
}

bool tess_wire_put(const struct tess_wire *wire, struct tess_wire_out *out,
		   const struct tess_tag *tag, uint32_t time_ms, uint32_t skip)
{
	if (wire->kind == TESS_WIRE_FLV)
		return put_flv(out, tag, time_ms, skip);
	return tag->type ? put_rtmp(wire, out, tag, time_ms, skip) : true;
}
