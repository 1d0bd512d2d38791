/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/jitter.c
 */
#include "pipeline/rtp/jitter.h"

#include <stdlib.h>

#include "tests/unit/pipeline/rtp/support.h"

#define WAIT_US 100000

struct fixture {
	struct pool pool;
	struct tess_rtp_jitter jitter;
	int64_t out[20000];
	unsigned count;
	uint32_t lost;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	tess_rtp_jitter_init(&f->jitter, WAIT_US);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tess_rtp_jitter_reset(&f->jitter);
	assert_int_equal(f->pool.made, f->pool.released);
	free(f);
	return 0;
}

static void take(struct fixture *f, int64_t now_us)
{
	struct tess_rtp_slot slot;
	uint32_t lost;

	while (tess_rtp_jitter_pop(&f->jitter, now_us, &slot, &lost)) {
		f->lost += lost;
		f->out[f->count++] = slot.extended;
		tess_packet_release(slot.packet);
	}
}

static enum tess_rtp_insert put(struct fixture *f, int64_t extended, int64_t now_us)
{
	const struct tess_rtp_header header = {.timestamp = (uint32_t)extended};
	struct tess_packet *packet = pool_packet(&f->pool, "x", 1, now_us);
	enum tess_rtp_insert result;

	tess_rtp_jitter_make_room(&f->jitter, extended);
	take(f, now_us);
	result = tess_rtp_jitter_insert(&f->jitter, packet, &header, extended);
	if (result == TESS_RTP_DUPLICATE || result == TESS_RTP_LATE)
		tess_packet_release(packet);
	take(f, now_us);
	return result;
}

static void in_order(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2000; i++) {
		assert_int_equal(put(f, 1000 + i, i), TESS_RTP_STORED);
		assert_int_equal(f->count, i + 1);
		assert_true(f->out[i] == 1000 + i);
		assert_true(tess_rtp_jitter_deadline(&f->jitter) == INT64_MAX);
	}
	assert_int_equal(f->lost, 0);
}

static void put_right(void **state)
{
	struct fixture *f = *state;

	(void)put(f, 10, 0);
	assert_int_equal(put(f, 13, 1), TESS_RTP_STORED);
	assert_int_equal(put(f, 12, 2), TESS_RTP_STORED_REORDERED);
	assert_int_equal(f->count, 1);
	assert_int_equal(put(f, 11, 3), TESS_RTP_STORED_REORDERED);
	assert_int_equal(f->count, 4);
	for (int i = 0; i < 4; i++)
		assert_true(f->out[i] == 10 + i);
	assert_int_equal(f->lost, 0);
}

/* The wait begins with the first packet behind the hole, whichever of them that is. */
static void hole_is_given_up(void **state)
{
	struct fixture *f = *state;

	(void)put(f, 10, 0);
	(void)put(f, 14, 1000); /* 11, 12, 13 are missing */
	(void)put(f, 12, 50000);
	assert_true(tess_rtp_jitter_deadline(&f->jitter) == 1000 + WAIT_US);
	take(f, 1000 + WAIT_US - 1);
	assert_int_equal(f->count, 1);
	take(f, 1000 + WAIT_US);
	/* 13 was known to be missing since 14 came */
	assert_int_equal(f->count, 3);
	assert_true(f->out[1] == 12 && f->out[2] == 14);
	assert_int_equal(f->lost, 2);
	assert_true(tess_rtp_jitter_deadline(&f->jitter) == INT64_MAX);
}

static void second_hole_has_its_own_time(void **state)
{
	struct fixture *f = *state;

	(void)put(f, 10, 0);
	(void)put(f, 12, 1000);
	(void)put(f, 14, 60000);
	take(f, 1000 + WAIT_US);
	assert_int_equal(f->count, 2);
	assert_true(tess_rtp_jitter_deadline(&f->jitter) == 60000 + WAIT_US);
	take(f, 60000 + WAIT_US);
	assert_int_equal(f->count, 3);
	assert_int_equal(f->lost, 2);
}

static void duplicate_and_late(void **state)
{
	struct fixture *f = *state;

	(void)put(f, 10, 0);
	(void)put(f, 12, 0);
	assert_int_equal(put(f, 12, 0), TESS_RTP_DUPLICATE); /* held */
	assert_int_equal(put(f, 10, 0), TESS_RTP_DUPLICATE); /* passed on */
	take(f, WAIT_US);
	assert_int_equal(put(f, 11, WAIT_US), TESS_RTP_LATE);
	assert_int_equal(f->count, 2);
}

static void bounded(void **state)
{
	struct fixture *f = *state;

	(void)put(f, 0, 0);
	/* 1 never comes */
	for (int i = 2; i <= TESS_RTP_JITTER_PACKETS; i++)
		(void)put(f, i, 0);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->jitter.count, TESS_RTP_JITTER_PACKETS - 1);
	(void)put(f, TESS_RTP_JITTER_PACKETS + 1, 0);
	assert_int_equal(f->count, TESS_RTP_JITTER_PACKETS + 1);
	assert_int_equal(f->lost, 1);
}

static void jump_ahead(void **state)
{
	struct fixture *f = *state;

	(void)put(f, 0, 0);
	(void)put(f, 3, 0);
	(void)put(f, 3000, 0);
	/* 3 is out; of the hole before 3000 what fits is still waited for */
	assert_int_equal(f->count, 2);
	take(f, WAIT_US);
	assert_int_equal(f->count, 3);
	assert_true(f->out[2] == 3000);
	assert_int_equal(f->lost, 2 + 2996);
}

/* Loss of 30 %, reordering and duplicates: what is not lost comes out once, in order. */
static void random_channel(void **state)
{
	struct fixture *f = *state;
	enum { N = 10000 };
	static int64_t at[N];
	static bool lost[N];
	uint64_t seed = 7;
	unsigned sent = 0;

	for (int i = 0; i < N; i++) {
		lost[i] = i > 0 && i < N - 1 && next_random(&seed) % 10 < 3;
		at[i] = i * 1000 + next_random(&seed) % 30000;
		sent += !lost[i];
	}
	at[0] = 0;
	at[N - 1] = N * 1000 + 60000;
	for (int64_t t = 0; t < N * 1000 + 100000; t += 100) {
		for (int64_t i = t / 1000 - 100; i <= t / 1000 && i < N; i++) {
			if (i < 0 || lost[i] || at[i] / 100 != t / 100)
				continue;
			assert_true(put(f, i, t) <= TESS_RTP_STORED_REORDERED);
			if (i % 7 == 0)
				assert_int_equal(put(f, i, t), TESS_RTP_DUPLICATE);
		}
		take(f, t);
	}
	while (f->jitter.count)
		take(f, tess_rtp_jitter_deadline(&f->jitter));
	/* the last is late by construction, so it is there all the same */
	assert_int_equal(f->count + f->lost, N);
	assert_int_equal(f->count, sent);
	for (unsigned i = 0, k = 0; i < N; i++) {
		if (!lost[i])
			assert_true(f->out[k++] == i);
	}
}

static void give_up_gives_all(void **state)
{
	struct fixture *f = *state;

	(void)put(f, 0, 0);
	(void)put(f, 5, 0);
	(void)put(f, 9, 0);
	tess_rtp_jitter_give_up(&f->jitter);
	take(f, 0);
	assert_int_equal(f->count, 3);
	assert_int_equal(f->lost, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(in_order),		  TEST(put_right),
		TEST(hole_is_given_up),	  TEST(second_hole_has_its_own_time),
		TEST(duplicate_and_late), TEST(bounded),
		TEST(jump_ahead),	  TEST(random_channel),
		TEST(give_up_gives_all),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
