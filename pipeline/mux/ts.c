/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/ts.c - access units to packets of a transport stream.
 */
#include "pipeline/mux/ts.h"

#include <errno.h>
#include <string.h>

#include "pipeline/mux/adts.h"
#include "pipeline/mux/h264.h"

enum {
	PID_PMT = 0x1000,
	PID_VIDEO = 0x100,
	PID_AUDIO = 0x101,
	TYPE_H264 = 0x1b,
	TYPE_ADTS = 0x0f,
	STREAM_VIDEO = 0xe0,
	STREAM_AUDIO = 0xc0,
	NAL_AUD = 9,
};

enum counter {
	COUNTER_PAT,
	COUNTER_PMT,
	COUNTER_VIDEO,
	COUNTER_AUDIO,
};

#define PAYLOAD	    (TESS_TS_PACKET - 4)
#define TABLES_US   INT64_C(400000)
#define BEHIND_US   INT64_C(300000)
#define PES_HEADER  19 /* with both times */
#define CLOCK_FIELD 8  /* an adaptation field with the clock */

/* The CRC of the tables (Annex A): polynomial 04c11db7, most significant bit first. */
static uint32_t crc32(const uint8_t *data, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= (uint32_t)data[i] << 24;
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x80000000 ? 0x04c11db7 : 0);
	}
	return crc;
}

static uint8_t next_count(struct tess_ts *ts, enum counter counter)
{
	return ts->counters[counter]++ & 15;
}

static void put_header(struct tess_bytes *out, uint16_t pid, bool begins, uint8_t control,
		       uint8_t count)
{
	tess_put_u8(out, 0x47);
	tess_put_u16(out, (uint16_t)((begins ? 0x4000 : 0) | pid));
	tess_put_u8(out, (uint8_t)(control << 4 | count));
}

/* A section (§2.4.4) in a packet of its own; its length and CRC are filled in. */
static void put_section(struct tess_ts *ts, struct tess_bytes *out, uint16_t pid,
			enum counter counter, uint8_t *section, size_t length)
{
	uint32_t crc;

	section[1] = (uint8_t)(0xb0 | (length + 4 - 3) >> 8);
	section[2] = (uint8_t)(length + 4 - 3);
	crc = crc32(section, length);
	put_header(out, pid, true, 1, next_count(ts, counter));
	tess_put_u8(out, 0); /* pointer_field */
	tess_put_data(out, section, length);
	tess_put_u32(out, crc);
	for (size_t i = length + 5; i < PAYLOAD; i++)
		tess_put_u8(out, 0xff);
}

static size_t put_stream(uint8_t *at, uint8_t type, uint16_t pid)
{
	at[0] = type;
	at[1] = (uint8_t)(0xe0 | pid >> 8);
	at[2] = (uint8_t)pid;
	at[3] = 0xf0; /* no descriptors */
	at[4] = 0;
	return 5;
}

static uint16_t clock_pid(const struct tess_ts *ts)
{
	return ts->has_video ? PID_VIDEO : PID_AUDIO;
}

static void put_tables(struct tess_ts *ts, struct tess_bytes *out)
{
	/* stream 1, version 0, current, section 0 of 0; programme 1 */
	uint8_t pat[] = {0, 0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0 | PID_PMT >> 8, PID_PMT & 0xff};
	uint8_t pmt[12 + 2 * 5] = {2, 0, 0, 0, 1, 0xc1, 0, 0};
	size_t length = 12;

	pmt[8] = (uint8_t)(0xe0 | clock_pid(ts) >> 8);
	pmt[9] = (uint8_t)clock_pid(ts);
	pmt[10] = 0xf0;
	if (ts->has_video)
		length += put_stream(pmt + length, TYPE_H264, PID_VIDEO);
	if (ts->has_audio)
		length += put_stream(pmt + length, TYPE_ADTS, PID_AUDIO);
	put_section(ts, out, 0, COUNTER_PAT, pat, sizeof(pat));
	put_section(ts, out, PID_PMT, COUNTER_PMT, pmt, length);
}

/* 33 bits of 90 kHz */
static uint64_t ticks(int64_t us)
{
	return (uint64_t)(us * 9 / 100) & ((UINT64_C(1) << 33) - 1);
}

static uint8_t *put_time(uint8_t *at, uint8_t mark, int64_t us)
{
	uint64_t time = ticks(us);

	*at++ = (uint8_t)(mark << 4 | (time >> 30 & 7) << 1 | 1);
	*at++ = (uint8_t)(time >> 22);
	*at++ = (uint8_t)(time >> 14 | 1);
	*at++ = (uint8_t)(time >> 7);
	*at++ = (uint8_t)(time << 1 | 1);
	return at;
}

/* The header of a PES packet (§2.4.3.6) of so much payload. @return its length */
static size_t pes_header(uint8_t header[PES_HEADER], const struct tess_au *au, size_t payload)
{
	bool video = au->track == TESS_TRACK_VIDEO, both = au->pts_us != au->dts_us;
	size_t times = both ? 10 : 5, length = payload + 3 + times;
	uint8_t *at = header;

	*at++ = 0;
	*at++ = 0;
	*at++ = 1;
	*at++ = video ? STREAM_VIDEO : STREAM_AUDIO;
	/* a picture may be longer than the field holds: 0 is up to the next */
	*at++ = video ? 0 : (uint8_t)(length >> 8);
	*at++ = video ? 0 : (uint8_t)length;
	*at++ = 0x84; /* data_alignment_indicator */
	*at++ = both ? 0xc0 : 0x80;
	*at++ = (uint8_t)times;
	at = put_time(at, both ? 3 : 2, au->pts_us + BEHIND_US);
	if (both)
		at = put_time(at, 1, au->dts_us + BEHIND_US);
	return (size_t)(at - header);
}

/* An adaptation field (§2.4.3.4) of @p size bytes, the clock in it if @p has_clock. */
static void put_adaptation(struct tess_bytes *out, size_t size, bool has_clock, bool random_access,
			   int64_t clock_us)
{
	size_t filled = 1;

	tess_put_u8(out, (uint8_t)(size - 1));
	if (size == 1)
		return;
	tess_put_u8(out, (uint8_t)((has_clock ? 0x10 : 0) | (random_access ? 0x40 : 0)));
	filled++;
	if (has_clock) {
		uint64_t base = ticks(clock_us);

		tess_put_u32(out, (uint32_t)(base >> 1));
		tess_put_u16(out, (uint16_t)((base & 1) << 15 | 0x7e00));
		filled += 6;
	}
	for (; filled < size; filled++)
		tess_put_u8(out, 0xff);
}

/* The payload of a PES packet, a piece after the other. */
struct pieces {
	const uint8_t *header; /* first */
	size_t header_length;
	const uint8_t *data;
	size_t length;
};

static void take(struct pieces *pieces, struct tess_bytes *out, size_t count)
{
	size_t first = count < pieces->header_length ? count : pieces->header_length;

	tess_put_data(out, pieces->header, first);
	pieces->header += first;
	pieces->header_length -= first;
	tess_put_data(out, pieces->data, count - first);
	pieces->data += count - first;
	pieces->length -= count - first;
}

static void put_pes(struct tess_ts *ts, struct tess_bytes *out, const struct tess_au *au,
		    const uint8_t *data, size_t length)
{
	bool video = au->track == TESS_TRACK_VIDEO;
	uint16_t pid = video ? PID_VIDEO : PID_AUDIO;
	uint8_t header[PES_HEADER];
	struct pieces pieces = {header, pes_header(header, au, length), data, length};
	bool begins = true;

	while (pieces.header_length + pieces.length) {
		size_t left = pieces.header_length + pieces.length, field = 0;
		bool has_clock = begins && pid == clock_pid(ts);

		if (has_clock)
			field = CLOCK_FIELD;
		else if (begins && video && au->key)
			field = 2;
		if (left < PAYLOAD - field)
			field = PAYLOAD - left;
		put_header(out, pid, begins, field ? 3 : 1,
			   next_count(ts, video ? COUNTER_VIDEO : COUNTER_AUDIO));
		if (field)
			put_adaptation(out, field, has_clock, begins && au->key, au->dts_us);
		take(&pieces, out, PAYLOAD - field);
		begins = false;
	}
}

/* A picture as a byte stream (Annex B), behind an access unit delimiter (§2.14.1). */
static int put_picture(struct tess_ts *ts, struct tess_bytes *out, const struct tess_au *au)
{
	static const uint8_t delimiter[] = {0, 0, 0, 1, NAL_AUD, 0xf0}, code[] = {0, 0, 0, 1};
	const uint8_t *nal, *at = au->data;
	struct tess_bytes stream = {0};
	size_t length;
	int rc;

	tess_put_data(&stream, delimiter, sizeof(delimiter));
	while ((rc = tess_h264_next_nal(&nal, &length, &at, au->data + au->length)) == 1) {
		if ((nal[0] & 0x1f) == NAL_AUD)
			continue;
		tess_put_data(&stream, code, sizeof(code));
		tess_put_data(&stream, nal, length);
	}
	if (!rc && stream.failed)
		rc = -ENOMEM;
	if (!rc)
		put_pes(ts, out, au, stream.data, stream.length);
	tess_bytes_free(&stream);
	return rc;
}

static int put_sound(struct tess_ts *ts, struct tess_bytes *out, const struct tess_au *au,
		     const uint8_t *config, size_t config_length)
{
	uint8_t frame[TESS_ADTS_HEADER_BYTES + 0x2000];
	int rc = tess_adts_header(frame, config, config_length, au->length);

	if (rc)
		return rc;
	memcpy(frame + TESS_ADTS_HEADER_BYTES, au->data, au->length);
	put_pes(ts, out, au, frame, TESS_ADTS_HEADER_BYTES + au->length);
	return 0;
}

int tess_ts_put(struct tess_ts *ts, struct tess_bytes *out, const struct tess_au *au,
		const uint8_t *config, size_t config_length)
{
	bool video = au->track == TESS_TRACK_VIDEO;
	int rc;

	if (video ? !ts->has_video : !ts->has_audio)
		return -EINVAL;
	if (!ts->begun || (video && au->key) || au->dts_us - ts->tables_us >= TABLES_US) {
		put_tables(ts, out);
		ts->tables_us = au->dts_us;
		ts->begun = true;
	}
	rc = video ? put_picture(ts, out, au) : put_sound(ts, out, au, config, config_length);
	return rc ? rc : out->failed ? -ENOMEM : 0;
}
