/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/memory.c - a track when memory runs out, and how often it asks for some.
 * Linked with --wrap for malloc, calloc and realloc of the library.
 */
#include "pipeline/rtp/track.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/pipeline/rtp/support.h"

static unsigned calls;		      /* of the three */
static unsigned fail_at = UINT32_MAX; /* the call that fails */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return calls++ == fail_at ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return calls++ == fail_at ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return calls++ == fail_at ? NULL : __real_realloc(old, size);
}

static const struct tess_rtp_track_config video = {TESS_CODEC_H264, 96, 90000, 100000, 200000};
static const struct tess_rtp_track_config audio = {TESS_CODEC_OPUS, 96, 48000, 100000, 2000};

struct heard {
	unsigned units;
	size_t length;
	bool discontinuity;
};

static void on_au(void *arg, const struct tess_rtp_au *au)
{
	struct heard *heard = arg;

	heard->units++;
	heard->length = au->length;
	heard->discontinuity = au->discontinuity;
}

static void alloc_fails(void **state)
{
	(void)state;
	for (unsigned n = 0;; n++) {
		struct tess_rtp_source *source = NULL;
		struct tess_rtp_track *track = NULL;
		int rc;

		calls = 0;
		fail_at = n;
		rc = tess_rtp_source_alloc(&source);
		if (rc == 0)
			rc = tess_rtp_track_alloc(&track, source, &video, on_au, NULL);
		fail_at = UINT32_MAX;
		if (rc == 0)
			assert_int_equal(n, 3); /* source, track, access unit */
		else
			assert_int_equal(rc, -ENOMEM);
		tess_rtp_track_free(track);
		tess_rtp_source_free(source);
		if (rc == 0)
			break;
	}
}

/* One picture of @p parts packets; returns how many calls for memory the track made. */
static unsigned picture(struct tess_rtp_track *track, struct pool *pool, uint16_t *sequence,
			unsigned parts, uint32_t timestamp, unsigned fail)
{
	uint8_t payload[1002];
	unsigned made = 0;

	memset(payload, 0x88, sizeof(payload));
	payload[0] = 0x7c;
	for (unsigned i = 0; i < parts; i++) {
		const struct rtp rtp = {96, 1, (*sequence)++, timestamp, i == parts - 1};
		struct tess_packet *packet;

		payload[1] = i == 0 ? 0x85 : i == parts - 1 ? 0x45 : 0x05;
		packet = pool_rtp(pool, &rtp, payload, sizeof(payload), timestamp * 11);
		calls = 0;
		fail_at = fail;
		tess_rtp_track_receive(track, packet);
		fail_at = UINT32_MAX;
		made += calls;
	}
	return made;
}

static void access_unit_grows(void **state)
{
	struct pool pool = {0};
	struct heard heard = {0};
	struct tess_rtp_source *source;
	struct tess_rtp_track *track;
	uint16_t sequence = 0;

	(void)state;
	assert_int_equal(tess_rtp_source_alloc(&source), 0);
	assert_int_equal(tess_rtp_track_alloc(&track, source, &video, on_au, &heard), 0);
	assert_int_equal(picture(track, &pool, &sequence, 10, 0, UINT32_MAX), 0);
	assert_int_equal(heard.length, 5 + 10 * 1000);
	/* it cannot grow: the access unit is dropped, the next that fits is not */
	(void)picture(track, &pool, &sequence, 100, 3000, 0);
	assert_int_equal(heard.units, 1);
	assert_int_equal(tess_rtp_track_counters(track)->oversize, 1);
	assert_int_equal(picture(track, &pool, &sequence, 10, 6000, UINT32_MAX), 0);
	assert_int_equal(heard.units, 2);
	assert_true(heard.discontinuity);
	/* 16 KiB, 32, 64, 128; then it is large enough for good */
	assert_int_equal(picture(track, &pool, &sequence, 100, 9000, UINT32_MAX), 3);
	assert_int_equal(heard.length, 5 + 100 * 1000);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(
			picture(track, &pool, &sequence, 100, 12000 + i * 3000, UINT32_MAX), 0);
	assert_int_equal(heard.units, 13);
	tess_rtp_track_free(track);
	tess_rtp_source_free(source);
	assert_int_equal(pool.made, pool.released);
}

static void sound_asks_for_nothing(void **state)
{
	static const uint8_t payload[] = {0xf8, 1, 2};
	struct pool pool = {0};
	struct heard heard = {0};
	struct tess_rtp_source *source;
	struct tess_rtp_track *track;

	(void)state;
	assert_int_equal(tess_rtp_source_alloc(&source), 0);
	assert_int_equal(tess_rtp_track_alloc(&track, source, &audio, on_au, &heard), 0);
	for (unsigned i = 0; i < 1000; i++) {
		/* every tenth is lost, two of them swapped, a sender report now and then */
		const unsigned number = i % 10 == 5 ? i + 1 : i % 10 == 6 ? i - 1 : i;
		const struct rtp rtp = {96, 1, (uint16_t)number, number * 960, false};
		struct tess_packet *packet = pool_rtp(&pool, &rtp, payload, 3, i * 20000);
		struct tess_packet *report = pool_sender_report(
			&pool, 1, INT64_C(3900000000000000) + i * 20000, i * 960, i * 20000);

		calls = 0;
		if (i % 10 == 3)
			tess_packet_release(packet);
		else
			tess_rtp_track_receive(track, packet);
		tess_rtp_track_receive(track, report);
		tess_rtp_track_poll(track, i * 20000);
		assert_int_equal(calls, 0);
	}
	assert_in_range(heard.units, 890, 900);
	assert_int_equal(tess_rtp_track_counters(track)->lost, 100);
	tess_rtp_track_free(track);
	tess_rtp_source_free(source);
	assert_int_equal(pool.made, pool.released);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alloc_fails),
		cmocka_unit_test(access_unit_grows),
		cmocka_unit_test(sound_asks_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
