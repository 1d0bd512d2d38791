/* SPDX-License-Identifier: GPL-3.0-or-later
 * Transport streams: the packets of a few access units, taken apart again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/mux/ts.h"

static const uint8_t config[] = {0x11, 0x90}; /* AAC-LC, 48 kHz, stereo */

struct pes {
	unsigned pid, stream_id;
	uint64_t pts, dts;
	uint8_t data[70000];
	size_t length;
	uint64_t clock;
	bool has_clock, random_access;
};

/* Takes the stream apart; continuity and tables are checked on the way. */
struct reader {
	unsigned counters[0x2000];
	bool seen[0x2000];
	unsigned tables;
	struct pes *pes;
	unsigned count;
};

static uint64_t time_of(const uint8_t *at)
{
	assert_true(at[0] & 1 && at[2] & 1 && at[4] & 1);
	return (uint64_t)(at[0] >> 1 & 7) << 30 | (uint64_t)at[1] << 22 |
	       (uint64_t)(at[2] >> 1) << 15 | (uint64_t)at[3] << 7 | at[4] >> 1;
}

static uint32_t crc(const uint8_t *data, size_t length)
{
	uint32_t value = UINT32_MAX;

	for (size_t i = 0; i < 8 * length; i++) {
		uint32_t bit = (value >> 31) ^ (data[i / 8] >> (7 - i % 8) & 1);

		value = value << 1 ^ (bit ? 0x04c11db7 : 0);
	}
	return value;
}

static void read_table(struct reader *reader, unsigned pid, const uint8_t *at)
{
	size_t length = 3 + ((at[1 + 1] & 15u) << 8 | at[1 + 2]);

	assert_int_equal(at[0], 0);
	assert_int_equal(at[1], pid ? 2 : 0);
	assert_int_equal(crc(at + 1, length), 0); /* its own CRC included */
	if (!pid)
		assert_int_equal((at[11] & 0x1f) << 8 | at[12], 0x1000);
	reader->tables++;
}

static void read_pes(struct pes *pes, const uint8_t *at, size_t length)
{
	assert_memory_equal(at, "\0\0\1", 3);
	pes->stream_id = at[3];
	pes->pts = pes->dts = time_of(at + 9);
	if (at[7] & 0x40)
		pes->dts = time_of(at + 14);
	if (pes->stream_id == 0xc0)
		assert_true(at[4] || at[5]);
	pes->length = length - 9 - at[8];
	memcpy(pes->data, at + 9 + at[8], pes->length);
}

static void read_packet(struct reader *reader, const uint8_t *packet)
{
	unsigned pid = (packet[1] & 0x1fu) << 8 | packet[2];
	const uint8_t *at = packet + 4, *end = packet + TESS_TS_PACKET;
	bool begins = packet[1] & 0x40;
	struct pes *pes;

	assert_int_equal(packet[0], 0x47);
	if (reader->seen[pid])
		assert_int_equal(packet[3] & 15, (reader->counters[pid] + 1) & 15);
	reader->seen[pid] = true;
	reader->counters[pid] = packet[3] & 15;
	if (!pid || pid == 0x1000) {
		read_table(reader, pid, at);
		return;
	}
	if (begins) {
		pes = &reader->pes[reader->count++];
		memset(pes, 0, sizeof(*pes));
		pes->pid = pid;
	}
	pes = &reader->pes[reader->count - 1];
	assert_int_equal(pes->pid, pid);
	if (packet[3] & 0x20) {
		if (at[0] && at[1] & 0x10) {
			pes->has_clock = true;
			pes->clock = (uint64_t)at[2] << 25 | (uint64_t)at[3] << 17 |
				     (uint64_t)at[4] << 9 | (uint64_t)at[5] << 1 | at[6] >> 7;
		}
		pes->random_access = pes->random_access || (at[0] && at[1] & 0x40);
		at += 1 + at[0];
	}
	assert_true(at < end);
	if (begins) {
		read_pes(pes, at, (size_t)(end - at));
		return;
	}
	memcpy(pes->data + pes->length, at, (size_t)(end - at));
	pes->length += (size_t)(end - at);
}

static void read_all(struct reader *reader, const struct tess_bytes *out)
{
	assert_int_equal(out->length % TESS_TS_PACKET, 0);
	for (size_t at = 0; at < out->length; at += TESS_TS_PACKET)
		read_packet(reader, out->data + at);
}

static size_t put_nal(uint8_t *at, uint8_t type, size_t length)
{
	at[0] = (uint8_t)(length >> 24);
	at[1] = (uint8_t)(length >> 16);
	at[2] = (uint8_t)(length >> 8);
	at[3] = (uint8_t)length;
	memset(at + 4, 0x55, length);
	at[4] = type;
	return 4 + length;
}

static void test_both(void **state)
{
	static const unsigned sizes[] = {1,   100, 140, 150, 151, 152, 153, 154, 155,
					 156, 157, 158, 159, 160, 161, 162, 163, 164,
					 165, 166, 167, 168, 169, 170, 184, 300, 60000};
	enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };
	struct reader *reader = calloc(1, sizeof(*reader));
	uint8_t *au = malloc(70000);
	struct tess_bytes out = {0};
	struct tess_ts ts;

	(void)state;
	reader->pes = calloc(2 * SIZES, sizeof(*reader->pes));
	ts = (struct tess_ts){.has_video = true, .has_audio = true};
	for (unsigned i = 0; i < SIZES; i++) {
		int64_t dts_us = 1000000 + 40000 * (int64_t)i;
		/* what is there already is not there twice */
		size_t length = put_nal(au, 9, 2);
		struct tess_au picture = {.data = au, .dts_us = dts_us, .track = TESS_TRACK_VIDEO};
		struct tess_au sound = {.data = au,
					.length = sizes[i] < 8000 ? sizes[i] : 8000,
					.pts_us = dts_us - 5000,
					.dts_us = dts_us - 5000,
					.track = TESS_TRACK_AUDIO,
					.key = true};

		picture.length = length + put_nal(au + length, i ? 1 : 5, sizes[i]);
		picture.key = !i;
		picture.pts_us = dts_us + (i % 2 ? 80000 : 0);
		assert_int_equal(tess_ts_put(&ts, &out, &picture, NULL, 0), 0);
		assert_int_equal(tess_ts_put(&ts, &out, &sound, config, sizeof(config)), 0);
	}
	read_all(reader, &out);
	assert_int_equal(reader->count, 2 * SIZES);
	/* at the key frame, and each 400 ms */
	assert_int_equal(reader->tables, 2 * 3);
	for (unsigned i = 0; i < SIZES; i++) {
		const struct pes *picture = &reader->pes[2 * i], *sound = picture + 1;
		uint64_t dts = (1000000 + 40000 * (uint64_t)i) * 9 / 100;

		assert_int_equal(picture->stream_id, 0xe0);
		assert_true(picture->has_clock);
		assert_int_equal(picture->clock, dts);
		assert_int_equal(picture->dts, dts + 27000);
		assert_int_equal(picture->pts, dts + 27000 + (i % 2 ? 7200 : 0));
		assert_int_equal(picture->random_access, !i);
		assert_int_equal(picture->length, 6 + 4 + sizes[i]);
		assert_memory_equal(picture->data, "\0\0\0\1\x09\xf0\0\0\0\1", 10);
		assert_int_equal(picture->data[10], i ? 1 : 5);
		assert_int_equal(sound->stream_id, 0xc0);
		assert_false(sound->has_clock);
		assert_int_equal(sound->pts, dts + 27000 - 450);
		assert_int_equal(sound->length, 7 + (sizes[i] < 8000 ? sizes[i] : 8000));
		assert_memory_equal(sound->data, "\xff\xf1\x4c", 3);
	}
	tess_bytes_free(&out);
	free(reader->pes);
	free(reader);
	free(au);
}

/* Sound alone carries the clock; times go over the end of 33 bits. */
static void test_sound_alone(void **state)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	const uint8_t frame[200] = {1, 2, 3};
	int64_t end_us = (INT64_C(1) << 33) * 100 / 9;
	struct tess_bytes out = {0};
	struct tess_ts ts;

	(void)state;
	reader->pes = calloc(4, sizeof(*reader->pes));
	ts = (struct tess_ts){.has_audio = true};
	for (unsigned i = 0; i < 4; i++) {
		struct tess_au sound = {
			.data = frame, .length = sizeof(frame), .track = TESS_TRACK_AUDIO};

		sound.pts_us = sound.dts_us = end_us - 320000 + 21333 * (int64_t)i;
		assert_int_equal(tess_ts_put(&ts, &out, &sound, config, sizeof(config)), 0);
	}
	read_all(reader, &out);
	assert_int_equal(reader->count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(reader->pes[i].has_clock);
		assert_int_equal((reader->pes[i].pts - reader->pes[i].clock) &
					 ((UINT64_C(1) << 33) - 1),
				 27000);
		assert_int_equal(reader->pes[i].length, 207);
	}
	assert_true(reader->pes[3].pts < reader->pes[0].pts);
	tess_bytes_free(&out);
	free(reader->pes);
	free(reader);
}

static void test_refused(void **state)
{
	const uint8_t broken[] = {0, 0, 0, 9, 1};
	struct tess_au au = {.data = broken, .length = sizeof(broken), .track = TESS_TRACK_VIDEO};
	struct tess_bytes out = {0};
	struct tess_ts ts;

	(void)state;
	ts = (struct tess_ts){.has_audio = true};
	assert_int_equal(tess_ts_put(&ts, &out, &au, NULL, 0), -EINVAL);
	ts = (struct tess_ts){.has_video = true, .has_audio = true};
	assert_int_equal(tess_ts_put(&ts, &out, &au, NULL, 0), -EBADMSG);
	au.track = TESS_TRACK_AUDIO;
	assert_int_equal(tess_ts_put(&ts, &out, &au, NULL, 0), -ENOTSUP);
	au.length = 8192;
	assert_int_equal(tess_ts_put(&ts, &out, &au, config, sizeof(config)), -EMSGSIZE);
	tess_bytes_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_sound_alone),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
