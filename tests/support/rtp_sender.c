/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/rtp_sender.c - the sending end of one RTP stream.
 */
#include <stdio.h>
#include <string.h>

#include "tests/support/rtp_sender.h"

#define RTP_HEADER	12
#define NAL_SPS		7
#define NAL_PPS		8
#define NAL_STAP_A	24
#define NAL_FU_A	28
#define NAL_TYPE(octet) ((octet)&0x1f)
#define UNIX_TO_NTP_S	2208988800U /* RFC 868 */
#define RTCP_SR		200
#define RTCP_SDES	202
#define SDES_CNAME	1
#define MAX_PAYLOAD	(TESS_RTP_SENDER_MTU - RTP_HEADER)

struct nal {
	const uint8_t *data;
	size_t length;
};

static uint8_t *put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

void tess_rtp_sender_init(struct tess_rtp_sender *sender,
			  const struct tess_rtp_sender_config *config,
			  tess_rtp_sender_handler *handler, void *arg)
{
	*sender = (struct tess_rtp_sender){
		.config = *config,
		.handler = handler,
		.arg = arg,
		.sequence = config->first_sequence,
	};
}

uint32_t tess_rtp_sender_timestamp(const struct tess_rtp_sender *sender, int64_t capture_us)
{
	double ticks = (double)(capture_us - sender->config.origin_us) * sender->config.clock_rate *
		       1e-6 * (1.0 + sender->config.clock_ppm * 1e-6);

	ticks += ticks < 0 ? -0.5 : 0.5;
	return sender->config.first_timestamp + (uint32_t)(int64_t)ticks;
}

/* One packet: the payload is @head followed by @body. */
static void send_packet(struct tess_rtp_sender *sender, uint32_t timestamp, bool marker,
			const struct nal *head, const struct nal *body)
{
	uint8_t packet[TESS_RTP_SENDER_MTU], *at = packet;

	*at++ = 0x80; /* version 2 */
	*at++ = (uint8_t)(sender->config.payload_type | (marker ? 0x80 : 0));
	at = put16(at, sender->sequence++);
	at = put32(at, timestamp);
	at = put32(at, sender->config.ssrc);
	memcpy(at, head->data, head->length);
	at += head->length;
	memcpy(at, body->data, body->length);
	at += body->length;
	sender->packets++;
	sender->bytes += (uint32_t)(head->length + body->length);
	sender->handler(sender->arg, packet, (size_t)(at - packet), false);
}

/* The NAL unit that begins at or after *@at; *@at moves behind it. False: there is no more. */
static bool next_nal(struct nal *nal, const uint8_t **at, const uint8_t *end)
{
	const uint8_t *begin = *at, *next;

	while (end - begin >= 3 && !(begin[0] == 0 && begin[1] == 0 && begin[2] == 1))
		begin++;
	if (end - begin < 4)
		return false;
	begin += 3;
	for (next = begin; end - next >= 3; next++)
		if (next[0] == 0 && next[1] == 0 && next[2] <= 1)
			break;
	if (end - next < 3)
		next = end;
	*at = next;
	*nal = (struct nal){begin, (size_t)(next - begin)};
	return true;
}

static void send_fragments(struct tess_rtp_sender *sender, uint32_t timestamp, bool marker,
			   const struct nal *nal)
{
	size_t at = 1, part = MAX_PAYLOAD - 2;

	while (at < nal->length) {
		size_t left = nal->length - at;
		bool last = left <= part;
		struct nal body = {nal->data + at, last ? left : part};
		uint8_t fu[2] = {
			(uint8_t)((nal->data[0] & 0xe0) | NAL_FU_A),
			(uint8_t)(NAL_TYPE(nal->data[0]) | (at == 1 ? 0x80 : 0) |
				  (last ? 0x40 : 0)),
		};

		send_packet(sender, timestamp, marker && last, &(struct nal){fu, 2}, &body);
		at += body.length;
	}
}

static void send_nal(struct tess_rtp_sender *sender, uint32_t timestamp, bool marker,
		     const struct nal *nal)
{
	if (nal->length <= MAX_PAYLOAD)
		send_packet(sender, timestamp, marker, nal, &(struct nal){nal->data, 0});
	else
		send_fragments(sender, timestamp, marker, nal);
}

/* The parameter sets gathered so far, as one STAP-A if there are several. */
static void send_parameter_sets(struct tess_rtp_sender *sender, uint32_t timestamp, bool marker,
				const struct nal *sets, unsigned count)
{
	uint8_t payload[MAX_PAYLOAD], *at = payload;
	size_t total = 1;

	for (unsigned i = 0; i < count; i++)
		total += 2 + sets[i].length;
	if (count < 2 || total > MAX_PAYLOAD) {
		for (unsigned i = 0; i < count; i++)
			send_nal(sender, timestamp, marker && i + 1 == count, &sets[i]);
		return;
	}
	*at++ = (uint8_t)((sets[0].data[0] & 0xe0) | NAL_STAP_A);
	for (unsigned i = 0; i < count; i++) {
		at = put16(at, (unsigned)sets[i].length);
		memcpy(at, sets[i].data, sets[i].length);
		at += sets[i].length;
	}
	send_packet(sender, timestamp, marker, &(struct nal){payload, total},
		    &(struct nal){payload, 0});
}

void tess_rtp_sender_h264(struct tess_rtp_sender *sender, int64_t capture_us, const uint8_t *data,
			  size_t length)
{
	uint32_t timestamp = tess_rtp_sender_timestamp(sender, capture_us);
	const uint8_t *at = data, *end = data + length;
	struct nal nal, sets[4];
	bool more = next_nal(&nal, &at, end);
	unsigned count = 0;

	while (more) {
		struct nal now = nal;
		uint8_t type = NAL_TYPE(now.data[0]);

		more = next_nal(&nal, &at, end);
		if ((type == NAL_SPS || type == NAL_PPS) && count < 4) {
			sets[count++] = now;
			if (more)
				continue;
			send_parameter_sets(sender, timestamp, true, sets, count);
			return;
		}
		send_parameter_sets(sender, timestamp, false, sets, count);
		count = 0;
		send_nal(sender, timestamp, !more, &now);
	}
}

void tess_rtp_sender_opus(struct tess_rtp_sender *sender, int64_t capture_us, const uint8_t *data,
			  size_t length)
{
	/* the marker would say that a talk spurt begins (RFC 7587 §4.1); this one never pauses */
	send_packet(sender, tess_rtp_sender_timestamp(sender, capture_us), false,
		    &(struct nal){data, length}, &(struct nal){data, 0});
}

void tess_rtp_sender_report(struct tess_rtp_sender *sender, int64_t now_us, int64_t utc_us)
{
	uint8_t packet[64] = {0}, *at = packet;
	char cname[24];
	size_t cname_length, sdes_words;

	*at++ = 0x80;
	*at++ = RTCP_SR;
	at = put16(at, 6);
	at = put32(at, sender->config.ssrc);
	at = put32(at, (uint32_t)(utc_us / 1000000 + UNIX_TO_NTP_S));
	at = put32(at, (uint32_t)(((uint64_t)(utc_us % 1000000) << 32) / 1000000));
	at = put32(at, tess_rtp_sender_timestamp(sender, now_us));
	at = put32(at, sender->packets);
	at = put32(at, sender->bytes);

	cname_length = (size_t)snprintf(cname, sizeof(cname), "test-%08x", sender->config.ssrc);
	/* an item is type, length, text; the chunk ends with at least one zero, on a word */
	sdes_words = (4 + 2 + cname_length + 1 + 3) / 4;
	*at++ = 0x81;
	*at++ = RTCP_SDES;
	at = put16(at, (unsigned)sdes_words);
	(void)put32(at, sender->config.ssrc);
	at[4] = SDES_CNAME;
	at[5] = (uint8_t)cname_length;
	memcpy(at + 6, cname, cname_length);
	at += sdes_words * 4;
	sender->handler(sender->arg, packet, (size_t)(at - packet), true);
}
