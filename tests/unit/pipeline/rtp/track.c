/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/track.c - the track as a whole: what comes out, what is counted, and that
 * each packet is given back once.
 */
#include "pipeline/rtp/track.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/rtp/wire.h"
#include "tests/unit/pipeline/rtp/support.h"

#define JITTER_US 100000
#define MAX_UNITS 4096

struct unit {
	struct tess_rtp_au au;
	uint8_t data[64]; /* its begin */
	uint8_t last;
};

struct fixture {
	struct pool pool;
	struct tess_rtp_source *source;
	struct tess_rtp_track *track;
	const struct tess_rtp_counters *counters;
	unsigned count;
	struct unit units[MAX_UNITS];
};

static void on_au(void *arg, const struct tess_rtp_au *au)
{
	struct fixture *f = arg;
	struct unit *unit = &f->units[f->count++];

	assert_in_range(f->count, 0, MAX_UNITS);
	unit->au = *au;
	memcpy(unit->data, au->data, au->length < 64 ? au->length : 64);
	unit->last = au->data[au->length - 1];
}

static int set_up(void **state, enum tess_codec codec, uint32_t jitter_us)
{
	const struct tess_rtp_track_config config = {
		.codec = codec,
		.payload_type = 96,
		.clock_rate = codec == TESS_CODEC_H264 ? 90000 : 48000,
		.jitter_us = jitter_us,
		.max_au_bytes = 100000,
	};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(tess_rtp_source_alloc(&f->source), 0);
	assert_int_equal(tess_rtp_track_alloc(&f->track, f->source, &config, on_au, f), 0);
	f->counters = tess_rtp_track_counters(f->track);
	*state = f;
	return 0;
}

static int set_up_h264(void **state)
{
	return set_up(state, TESS_CODEC_H264, JITTER_US);
}

static int set_up_opus(void **state)
{
	return set_up(state, TESS_CODEC_OPUS, JITTER_US);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tess_rtp_track_free(f->track);
	tess_rtp_source_free(f->source);
	assert_int_equal(f->pool.made, f->pool.released);
	free(f);
	return 0;
}

/* Opus: 20 ms with the number in it. */
static void sound(struct fixture *f, uint32_t ssrc, int number, int64_t arrival_us)
{
	const uint8_t payload[] = {0xf8, (uint8_t)(number >> 8), (uint8_t)number};
	const struct rtp rtp = {
		.payload_type = 96,
		.ssrc = ssrc,
		.sequence = (uint16_t)number,
		.timestamp = (uint32_t)number * 960,
	};

	tess_rtp_track_receive(f->track,
			       pool_rtp(&f->pool, &rtp, payload, sizeof(payload), arrival_us));
}

static int number_of(const struct unit *unit)
{
	return unit->data[1] << 8 | unit->data[2];
}

static void configuration(void **state)
{
	struct fixture *f = *state;
	struct tess_rtp_track_config config = {TESS_CODEC_AAC, 96, 48000, 0, 1000};
	struct tess_rtp_track *track;

	assert_int_equal(tess_rtp_track_alloc(&track, f->source, &config, on_au, f), -EINVAL);
	config.codec = TESS_CODEC_OPUS;
	config.clock_rate = 0;
	assert_int_equal(tess_rtp_track_alloc(&track, f->source, &config, on_au, f), -EINVAL);
	config.clock_rate = 48000;
	config.payload_type = 128;
	assert_int_equal(tess_rtp_track_alloc(&track, f->source, &config, on_au, f), -EINVAL);
	config.payload_type = 96;
	config.max_au_bytes = 0;
	assert_int_equal(tess_rtp_track_alloc(&track, f->source, &config, on_au, f), -EINVAL);
	tess_rtp_track_free(NULL);
	tess_rtp_source_free(NULL);
}

static void sound_in_order_across_wrap(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 100; i++)
		sound(f, 1, 65500 + i, i * 20000);
	assert_int_equal(f->count, 100);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(number_of(&f->units[i]), (65500 + i) & 0xffff);
		assert_int_equal(f->units[i].au.length, 3);
		assert_true(f->units[i].au.media_us == i * 20000);
		assert_int_equal(f->units[i].au.rtp_timestamp, (uint32_t)(65500 + i) * 960);
		assert_false(f->units[i].au.discontinuity);
		assert_int_equal(f->units[i].au.lost_frames, 0);
	}
	assert_int_equal(f->counters->packets, 100);
	assert_int_equal(f->counters->bytes, 300);
	assert_int_equal(f->counters->access_units, 100);
}

static void sound_lost(void **state)
{
	struct fixture *f = *state;

	sound(f, 1, 1, 0);
	sound(f, 1, 4, 60000);
	assert_int_equal(f->count, 1);
	assert_true(tess_rtp_track_deadline(f->track) == 60000 + JITTER_US);
	tess_rtp_track_poll(f->track, 60000 + JITTER_US - 1);
	assert_int_equal(f->count, 1);
	tess_rtp_track_poll(f->track, 60000 + JITTER_US);
	assert_int_equal(f->count, 2);
	assert_true(f->units[1].au.discontinuity);
	assert_int_equal(f->units[1].au.lost_frames, 2 * 960);
	assert_true(f->units[1].au.media_us == 60000);
	assert_int_equal(f->counters->lost, 2);
	sound(f, 1, 2, 170000);
	assert_int_equal(f->counters->late, 1);
	sound(f, 1, 4, 170000);
	assert_int_equal(f->counters->duplicate, 1);
	assert_int_equal(f->count, 2);
	assert_true(tess_rtp_track_deadline(f->track) == INT64_MAX);
}

static void what_is_dropped_is_counted(void **state)
{
	struct fixture *f = *state;
	const struct rtp other = {.payload_type = 97, .ssrc = 1, .sequence = 1};
	static const uint8_t version_1[] = {0x40, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xf8};
	static const uint8_t bye[] = {0x81, 203, 0, 2, 0, 0, 0, 1, 200, 'x', 'y', 'z'};
	uint8_t large[1200] = {0xf8};

	sound(f, 1, 1, 0);
	tess_rtp_track_receive(f->track, pool_rtp(&f->pool, &other, "x", 1, 0));
	assert_int_equal(f->counters->wrong_payload_type, 1);
	tess_rtp_track_receive(f->track, pool_packet(&f->pool, version_1, sizeof(version_1), 0));
	tess_rtp_track_receive(f->track, pool_packet(&f->pool, bye, sizeof(bye), 0));
	tess_rtp_track_receive(f->track, pool_packet(&f->pool, "", 0, 0));
	assert_int_equal(f->counters->malformed, 3);
	tess_rtp_track_receive(f->track,
			       pool_rtp(&f->pool,
					&(struct rtp){.payload_type = 96, .ssrc = 1, .sequence = 2},
					"", 0, 0));
	assert_int_equal(f->counters->bad_depacketise, 1);
	assert_int_equal(f->count, 1);
	sound(f, 1, 3, 40000);
	assert_true(f->units[1].au.discontinuity);
	assert_int_equal(f->units[1].au.lost_frames, 960);
	/* as large as a packet can be is no access unit too large */
	tess_rtp_track_receive(f->track,
			       pool_rtp(&f->pool,
					&(struct rtp){.payload_type = 96, .ssrc = 1, .sequence = 4},
					large, sizeof(large), 60000));
	assert_int_equal(f->count, 3);
	assert_int_equal(f->counters->oversize, 0);
}

/* Probes of the path: padding and nothing else. */
static void padding_alone(void **state)
{
	struct fixture *f = *state;
	static const uint8_t padding[] = {0xa0, 96, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4};

	sound(f, 1, 1, 0);
	tess_rtp_track_receive(f->track, pool_packet(&f->pool, padding, sizeof(padding), 0));
	sound(f, 1, 3, 40000);
	assert_int_equal(f->count, 2);
	assert_false(f->units[1].au.discontinuity);
	assert_int_equal(f->counters->bad_depacketise, 0);
}

static void sender_changes(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 50; i++)
		sound(f, 1, i, i * 20000);
	sound(f, 1, 51, 1020000); /* 50 is lost, and nobody waits for it any more */
	sound(f, 2, 9000, 1030000);
	assert_int_equal(f->count, 50);
	sound(f, 2, 9001, 1050000);
	assert_int_equal(f->count, 53);
	assert_int_equal(number_of(&f->units[50]), 51);
	assert_int_equal(number_of(&f->units[51]), 9000);
	assert_int_equal(number_of(&f->units[52]), 9001);
	assert_true(f->units[51].au.discontinuity);
	assert_false(f->units[52].au.discontinuity);
	/* a mapping of its own, from when the first of them came */
	assert_true(f->units[51].au.media_us == 1030000);
	assert_true(f->units[52].au.media_us == 1050000);
	assert_int_equal(f->counters->ssrc_changes, 1);
	/* stragglers of the old one */
	sound(f, 1, 52, 1060000);
	sound(f, 1, 53, 1060000);
	assert_int_equal(f->counters->untrusted, 2);
	assert_int_equal(f->count, 53);
	/* a third that never gets to two packets in sequence */
	sound(f, 3, 100, 1060000);
	sound(f, 3, 200, 1060000);
	sound(f, 2, 9002, 1070000);
	assert_int_equal(f->count, 54);
	assert_int_equal(f->counters->untrusted, 3);
	assert_int_equal(f->counters->ssrc_changes, 1);
}

static void sender_begins_anew(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 50; i++)
		sound(f, 1, 40000 + i, i * 20000);
	for (int i = 0; i < 50; i++)
		sound(f, 1, 100 + i, 1000000 + i * 20000);
	assert_int_equal(f->count, 100);
	assert_int_equal(f->counters->restarts, 1);
	assert_int_equal(f->counters->ssrc_changes, 0);
	assert_int_equal(f->counters->lost, 0);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(number_of(&f->units[50 + i]), 100 + i);
		assert_true(f->units[50 + i].au.media_us == 1000000 + i * 20000);
		assert_int_equal(f->units[50 + i].au.discontinuity, i == 0);
	}
}

static void goodbye(void **state)
{
	struct fixture *f = *state;
	static const uint8_t bye[] = {0x81, 203, 0, 1, 0, 0, 0, 1};

	sound(f, 1, 1, 0);
	sound(f, 1, 3, 40000);
	assert_int_equal(f->count, 1);
	tess_rtp_track_receive(f->track, pool_packet(&f->pool, bye, sizeof(bye), 41000));
	assert_int_equal(f->count, 2); /* nothing is waited for */
}

/* A sender report may come before the first packet, as ffmpeg does it. */
static void report_comes_first(void **state)
{
	struct fixture *f = *state;
	uint8_t rtcp[64];

	tess_rtp_track_receive(
		f->track, pool_sender_report(&f->pool, 1, INT64_C(3900000000250000), 960, 500000));
	assert_int_equal(f->counters->sender_reports, 0);
	sound(f, 1, 1, 500000);
	assert_int_equal(f->counters->sender_reports, 1);
	sound(f, 1, 2, 520000);
	assert_true(f->units[1].au.media_us == 520000);
	/* and is in the report: LSR, DLSR of half a second */
	assert_int_equal(tess_rtp_track_rtcp(f->track, 999999, rtcp, sizeof(rtcp)), 0);
	assert_int_equal(tess_rtp_track_rtcp(f->track, 1000000, rtcp, sizeof(rtcp)), 52);
	assert_int_equal(tess_rtp_get32(rtcp + 8), 1);
	assert_int_equal(tess_rtp_get32(rtcp + 24), (uint32_t)(INT64_C(3900000000) << 16) | 0x4000);
	assert_int_equal(tess_rtp_get32(rtcp + 28), 0x8000);
	/* of somebody else */
	tess_rtp_track_receive(f->track, pool_sender_report(&f->pool, 7, 5, 960, 1000000));
	assert_int_equal(f->counters->sender_reports, 1);
}

/* Loss, reordering, duplicates and 300 ms of jitter: what comes goes out, once, in order, in time.
 */
static void sound_over_a_bad_channel(void **state)
{
	enum { N = 3000 };
	struct fixture *f = *state;

	for (unsigned loss = 0; loss <= 30; loss += 10) {
		uint64_t seed = loss + 1;
		unsigned count, given = 0, concealed = 0;
		static int64_t at[N];
		int last = 0;

		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state, TESS_CODEC_OPUS, 300000), 0);
		f = *state;
		for (int i = 0; i < N; i++) {
			at[i] = next_random(&seed) % 100 < loss
					? INT64_MIN
					: i * 20000 + next_random(&seed) % 300000;
			given += at[i] != INT64_MIN;
		}
		at[0] = 0;
		for (int64_t t = 0; t <= N * 20000 + 700000; t += 1000) {
			for (int i = 0; i < N; i++) {
				if (at[i] / 1000 * 1000 != t)
					continue;
				sound(f, 1, i, t);
				if (i % 5 == 0)
					sound(f, 1, i, t);
			}
			tess_rtp_track_poll(f->track, t);
		}
		count = f->count;
		assert_int_equal(f->counters->packets, count);
		for (unsigned i = 1; i < count; i++) {
			struct unit *unit = &f->units[i];
			int number = number_of(unit);
			unsigned gap = (unsigned)(number - last - 1);

			assert_true(number > last);
			assert_int_equal(unit->au.discontinuity, gap > 0);
			assert_int_equal(unit->au.lost_frames, gap * 960);
			/* the fastest of 50 packets a second make the line */
			if (number > 100)
				assert_true(llabs(unit->au.media_us - number * 20000) < 6000);
			concealed += gap;
			last = number;
		}
		assert_int_equal(f->counters->lost, concealed);
		assert_int_equal(count, given);
		assert_int_equal(f->counters->late, 0);
		assert_true(f->counters->reordered > 0);
	}
}

/* --- pictures --- */

struct camera {
	uint16_t sequence;
	uint32_t timestamp;
};

static void nal(struct fixture *f, struct camera *camera, const uint8_t *payload, size_t length,
		bool marker, int64_t arrival_us)
{
	const struct rtp rtp = {
		.payload_type = 96,
		.ssrc = 5,
		.sequence = camera->sequence++,
		.timestamp = camera->timestamp,
		.marker = marker,
	};

	tess_rtp_track_receive(f->track, pool_rtp(&f->pool, &rtp, payload, length, arrival_us));
	if (marker)
		camera->timestamp += 6000;
}

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})

static void picture_in_fragments(void **state)
{
	struct fixture *f = *state;
	struct camera camera = {0};
	uint8_t fragment[1200];
	static const uint8_t begin[] = {0, 0, 0,    1,	  0x67, 66, 0, 30, 0x80, 0,   0,
					0, 1, 0x68, 0x80, 0,	0,  0, 1,  0x65, 0x88};

	memset(fragment, 0x77, sizeof(fragment));
	nal(f, &camera, BYTES(0x78, 0, 5, 0x67, 66, 0, 30, 0x80, 0, 2, 0x68, 0x80), false, 0);
	fragment[0] = 0x7c;
	fragment[1] = 0x85;
	fragment[2] = 0x88;
	nal(f, &camera, fragment, sizeof(fragment), false, 100);
	fragment[1] = 0x05;
	for (int i = 0; i < 60; i++)
		nal(f, &camera, fragment, sizeof(fragment), false, 200 + i);
	fragment[1] = 0x45;
	fragment[1199] = 0x99;
	nal(f, &camera, fragment, sizeof(fragment), true, 300);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->units[0].au.length, 20 + 62 * 1198);
	assert_memory_equal(f->units[0].data, begin, sizeof(begin));
	assert_int_equal(f->units[0].last, 0x99);
	assert_true(f->units[0].au.key);
	assert_true(f->units[0].au.media_us == 0);
}

static void key_frame_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct camera camera = {0};
	uint8_t rtcp[64];

	nal(f, &camera, BYTES(0x65, 0x88, 1), true, 0);
	assert_int_equal(tess_rtp_track_rtcp(f->track, 0, rtcp, sizeof(rtcp)), 0);
	camera.sequence++; /* lost */
	camera.timestamp += 6000;
	nal(f, &camera, BYTES(0x41, 0x9a, 1), true, 133000);
	tess_rtp_track_poll(f->track, 133000 + JITTER_US);
	assert_int_equal(f->count, 2);
	assert_true(f->units[1].au.discontinuity);
	assert_int_equal(tess_rtp_track_rtcp(f->track, 233000, rtcp, sizeof(rtcp)), 64);
	assert_int_equal(rtcp[53], 206);
	assert_int_equal(tess_rtp_get32(rtcp + 60), 5);
	assert_int_equal(tess_rtp_track_rtcp(f->track, 732999, rtcp, sizeof(rtcp)), 0);
	assert_int_equal(tess_rtp_track_rtcp(f->track, 733000, rtcp, sizeof(rtcp)), 64);
	nal(f, &camera, BYTES(0x65, 0x88, 1), true, 800000);
	assert_int_equal(tess_rtp_track_rtcp(f->track, 1300000, rtcp, sizeof(rtcp)), 0);
	tess_rtp_track_want_key(f->track);
	assert_int_equal(tess_rtp_track_rtcp(f->track, 1300000, rtcp, sizeof(rtcp)), 64);
}

/* Every access unit that comes out is one that was sent, whole, whatever the channel does. */
static void pictures_over_a_bad_channel(void **state)
{
	enum { N = 600, PARTS = 5 };
	struct fixture *f = *state;

	for (unsigned loss = 0; loss <= 30; loss += 10) {
		uint64_t seed = loss + 9;
		static int64_t at[N * PARTS];
		static bool whole[N];
		unsigned expected = 0, got = 0;

		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up_h264(state), 0);
		f = *state;
		for (int i = 0; i < N; i++) {
			whole[i] = true;
			for (int p = 0; p < PARTS; p++) {
				bool lost = i > 0 && next_random(&seed) % 100 < loss;

				if (lost)
					whole[i] = false;
				at[i * PARTS + p] =
					lost ? INT64_MIN
					     : i * 66667 + p * 500 +
							(i > 0 ? next_random(&seed) % 40000 : 0);
			}
			expected += whole[i];
		}
		for (int64_t t = 0; t <= (int64_t)N * 66667 + 400000; t += 500) {
			int first = (int)(t / 66667) - 3;

			for (int k = first < 0 ? 0 : first * PARTS;
			     k < N * PARTS && k < (first + 5) * PARTS; k++) {
				struct camera camera = {(uint16_t)(65000 + k),
							(uint32_t)(k / PARTS) * 6000};
				int p = k % PARTS;
				uint8_t payload[] = {0x5c,
						     p == 0	      ? 0x81
						     : p == PARTS - 1 ? 0x41
								      : 0x01,
						     p == 0 ? 0x9a : (uint8_t)p,
						     (uint8_t)(k / PARTS)};

				if (at[k] / 500 * 500 == t)
					nal(f, &camera, payload, sizeof(payload), p == PARTS - 1,
					    t);
			}
			tess_rtp_track_poll(f->track, t);
		}
		for (unsigned i = 0; i < f->count; i++) {
			const struct unit *unit = &f->units[i];
			uint32_t number = unit->au.rtp_timestamp / 6000;

			assert_true(number < N && whole[number]);
			assert_int_equal(unit->au.length, 5 + 2 * PARTS);
			for (int p = 0; p < PARTS; p++)
				assert_int_equal(unit->data[6 + 2 * p], (uint8_t)number);
			assert_true(llabs(unit->au.media_us - (int64_t)number * 66667) < 45000);
			got++;
		}
		assert_int_equal(f->counters->access_units, got);
		assert_int_equal(got, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define OPUS(name) cmocka_unit_test_setup_teardown(name, set_up_opus, tear_down)
#define H264(name) cmocka_unit_test_setup_teardown(name, set_up_h264, tear_down)
		OPUS(configuration),
		OPUS(sound_in_order_across_wrap),
		OPUS(sound_lost),
		OPUS(what_is_dropped_is_counted),
		OPUS(padding_alone),
		OPUS(sender_changes),
		OPUS(sender_begins_anew),
		OPUS(goodbye),
		OPUS(report_comes_first),
		OPUS(sound_over_a_bad_channel),
		H264(picture_in_fragments),
		H264(key_frame_is_asked_for),
		H264(pictures_over_a_bad_channel),
#undef OPUS
#undef H264
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
