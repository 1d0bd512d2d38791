/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/rtcp.c - see rtcp.h
 */
#include "pipeline/rtp/rtcp.h"

#include <errno.h>
#include <string.h>

#include "pipeline/rtp/wire.h"

enum {
	RTCP_SR = 200,
	RTCP_RR = 201,
	RTCP_SDES = 202,
	RTCP_BYE = 203,
	RTCP_PSFB = 206, /* RFC 4585 §6.1 */
};

#define SDES_CNAME   1
#define PSFB_PLI     1
#define SENDER_BYTES 24 /* SSRC and sender info, §6.4.1 */
#define BLOCK_BYTES  24
/* one box is one end of every session; RFC 7022 asks for a name that is not an address */
static const char cname[] = "tessera";

struct item {
	uint8_t type;
	uint8_t count;	     /* reception reports, chunks or sources */
	const uint8_t *body; /* behind the common header */
	size_t length;
};

/* The item at *offset, which moves behind it. */
static int next_item(struct item *item, const uint8_t *data, size_t length, size_t *offset)
{
	const uint8_t *p = data + *offset;
	size_t left = length - *offset;
	size_t bytes;

	if (left < 4 || p[0] >> 6 != 2)
		return -EBADMSG;
	bytes = ((size_t)tess_rtp_get16(p + 2) + 1) * 4;
	if (bytes > left)
		return -EBADMSG;
	item->type = p[1];
	item->count = p[0] & 0x1f;
	item->body = p + 4;
	item->length = bytes - 4;
	*offset += bytes;
	if (p[0] & 0x20) {
		/* padding: only in the last packet, whole words, §6.4.1 */
		uint8_t padding = p[bytes - 1];

		if (*offset != length || padding == 0 || padding % 4 || padding > item->length)
			return -EBADMSG;
		item->length -= padding;
	}
	return 0;
}

/* A chunk: SSRC, items of type and length, a zero, and zeros up to the next word (§6.5). */
static int check_sdes(const struct item *item)
{
	size_t at = 0;

	for (unsigned chunk = 0; chunk < item->count; chunk++) {
		if (item->length - at < 8)
			return -EBADMSG;
		at += 4;
		while (at < item->length && item->body[at] != 0) {
			if (item->length - at < 2 || item->length - at - 2 < item->body[at + 1])
				return -EBADMSG;
			at += 2 + (size_t)item->body[at + 1];
		}
		if (at >= item->length)
			return -EBADMSG;
		at = (at / 4 + 1) * 4;
	}
	return 0;
}

static int check_bye(const struct item *item)
{
	size_t sources = (size_t)item->count * 4;

	if (item->length < sources)
		return -EBADMSG;
	/* the reason is optional and counted by its own first byte, §6.6 */
	if (item->length > sources && item->body[sources] > item->length - sources - 1)
		return -EBADMSG;
	return 0;
}

static int check_item(const struct item *item)
{
	size_t blocks = (size_t)item->count * BLOCK_BYTES;

	switch (item->type) {
	case RTCP_SR:
		return item->length < SENDER_BYTES + blocks ? -EBADMSG : 0;
	case RTCP_RR:
		return item->length < 4 + blocks ? -EBADMSG : 0;
	case RTCP_SDES:
		return check_sdes(item);
	case RTCP_BYE:
		return check_bye(item);
	default: /* of types that mean nothing here the length is enough */
		return 0;
	}
}

static void tell(const struct item *item, const struct tess_rtcp_events *events, void *arg)
{
	const uint8_t *p = item->body;

	if (item->type == RTCP_SR && events->sender_report) {
		const struct tess_rtcp_sender_report report = {
			.ssrc = tess_rtp_get32(p),
			.ntp = (uint64_t)tess_rtp_get32(p + 4) << 32 | tess_rtp_get32(p + 8),
			.rtp_timestamp = tess_rtp_get32(p + 12),
			.packets = tess_rtp_get32(p + 16),
			.octets = tess_rtp_get32(p + 20),
		};

		events->sender_report(arg, &report);
	} else if (item->type == RTCP_BYE && events->bye) {
		for (unsigned i = 0; i < item->count; i++)
			events->bye(arg, tess_rtp_get32(p + (size_t)i * 4));
	}
}

int tess_rtcp_parse(const uint8_t *data, size_t length, const struct tess_rtcp_events *events,
		    void *arg)
{
	struct item item;
	size_t offset = 0;

	if (length == 0)
		return -EBADMSG;
	while (offset < length) {
		int rc = next_item(&item, data, length, &offset);

		if (rc == 0)
			rc = check_item(&item);
		if (rc)
			return rc;
	}
	offset = 0;
	while (offset < length && next_item(&item, data, length, &offset) == 0)
		tell(&item, events, arg);
	return 0;
}

/* Common header; returns where the body begins. */
static uint8_t *put_header(uint8_t *p, uint8_t count, uint8_t type, size_t bytes)
{
	p[0] = (uint8_t)(0x80 | count);
	p[1] = type;
	tess_rtp_put16(p + 2, (uint16_t)(bytes / 4 - 1));
	return p + 4;
}

static size_t put_report(uint8_t *buffer, uint32_t own_ssrc,
			 const struct tess_rtcp_report_block *block)
{
	const size_t bytes = 8 + BLOCK_BYTES;
	uint8_t *p = put_header(buffer, 1, RTCP_RR, bytes);

	tess_rtp_put32(p, own_ssrc);
	tess_rtp_put32(p + 4, block->ssrc);
	tess_rtp_put32(p + 8, (uint32_t)block->cumulative_lost & 0xffffff);
	p[8] = block->fraction_lost;
	tess_rtp_put32(p + 12, block->highest_sequence);
	tess_rtp_put32(p + 16, block->jitter);
	tess_rtp_put32(p + 20, block->last_sr);
	tess_rtp_put32(p + 24, block->delay_since_last_sr);
	return bytes;
}

static size_t put_sdes(uint8_t *buffer, uint32_t own_ssrc)
{
	const size_t name = sizeof(cname) - 1;
	const size_t bytes = 4 + (4 + 2 + name + 1 + 3) / 4 * 4;
	uint8_t *p;

	memset(buffer, 0, bytes);
	p = put_header(buffer, 1, RTCP_SDES, bytes);
	tess_rtp_put32(p, own_ssrc);
	p[4] = SDES_CNAME;
	p[5] = (uint8_t)name;
	memcpy(p + 6, cname, name);
	return bytes;
}

static size_t put_pli(uint8_t *buffer, uint32_t own_ssrc, uint32_t media_ssrc)
{
	const size_t bytes = 12;
	uint8_t *p = put_header(buffer, PSFB_PLI, RTCP_PSFB, bytes);

	tess_rtp_put32(p, own_ssrc);
	tess_rtp_put32(p + 4, media_ssrc);
	return bytes;
}

size_t tess_rtcp_write(uint8_t *buffer, size_t capacity, uint32_t own_ssrc,
		       const struct tess_rtcp_report_block *block, bool pli)
{
	size_t length;

	if (capacity < TESS_RTCP_WRITE_BYTES)
		return 0;
	length = put_report(buffer, own_ssrc, block);
	length += put_sdes(buffer + length, own_ssrc);
	if (pli)
		length += put_pli(buffer + length, own_ssrc, block->ssrc);
	return length;
}
