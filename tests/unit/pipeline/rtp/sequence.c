/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/sequence.c
 */
#include "pipeline/rtp/sequence.h"

#include "tests/unit/pipeline/rtp/support.h"

static enum tess_rtp_verdict check(struct tess_rtp_sequence *sequence, uint32_t ssrc,
				   uint16_t number, int64_t at_us, int64_t *extended)
{
	const struct tess_rtp_header header = {.ssrc = ssrc, .sequence = number};

	*extended = -1;
	return tess_rtp_sequence_check(sequence, &header, at_us, extended);
}

static void wraps(void **state)
{
	struct tess_rtp_sequence sequence = {0};
	int64_t extended, first = TESS_RTP_FIRST_CYCLE + 65533;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		assert_int_equal(check(&sequence, 1, (uint16_t)(65533 + i), i, &extended),
				 TESS_RTP_ACCEPT);
		assert_true(extended == first + i);
	}
}

static void misordered_across_wrap(void **state)
{
	struct tess_rtp_sequence sequence = {0};
	int64_t extended;

	(void)state;
	assert_int_equal(check(&sequence, 1, 2, 0, &extended), TESS_RTP_ACCEPT);
	assert_int_equal(check(&sequence, 1, 65535, 0, &extended), TESS_RTP_ACCEPT);
	assert_true(extended == TESS_RTP_FIRST_CYCLE - 1);
	assert_int_equal(check(&sequence, 1, 3, 0, &extended), TESS_RTP_ACCEPT);
	assert_true(extended == TESS_RTP_FIRST_CYCLE + 3);
}

static void large_jump_needs_two(void **state)
{
	struct tess_rtp_sequence sequence = {0};
	int64_t extended;

	(void)state;
	assert_int_equal(check(&sequence, 1, 100, 0, &extended), TESS_RTP_ACCEPT);
	assert_int_equal(check(&sequence, 1, 100 + 2999, 0, &extended), TESS_RTP_ACCEPT);
	assert_int_equal(check(&sequence, 1, 20000, 0, &extended), TESS_RTP_HOLD);
	assert_int_equal(check(&sequence, 1, 30000, 0, &extended), TESS_RTP_HOLD);
	assert_int_equal(check(&sequence, 1, 3100, 0, &extended), TESS_RTP_ACCEPT);
	assert_int_equal(check(&sequence, 1, 30001, 0, &extended), TESS_RTP_RESTART);
	assert_true(extended == TESS_RTP_FIRST_CYCLE + 30001);
	assert_int_equal(check(&sequence, 1, 30002, 0, &extended), TESS_RTP_ACCEPT);
	/* too far behind for reordering */
	assert_int_equal(check(&sequence, 1, 30002 - 512, 0, &extended), TESS_RTP_HOLD);
	assert_int_equal(check(&sequence, 1, 30002 - 511, 0, &extended), TESS_RTP_ACCEPT);
}

static void another_sender(void **state)
{
	struct tess_rtp_sequence sequence = {0};
	int64_t extended;

	(void)state;
	assert_int_equal(check(&sequence, 1, 100, 0, &extended), TESS_RTP_ACCEPT);
	assert_int_equal(check(&sequence, 2, 7, 0, &extended), TESS_RTP_HOLD);
	assert_int_equal(check(&sequence, 3, 8, 0, &extended), TESS_RTP_HOLD);
	assert_int_equal(check(&sequence, 1, 101, 0, &extended), TESS_RTP_ACCEPT);
	assert_int_equal(check(&sequence, 3, 9, 10, &extended), TESS_RTP_RESTART);
	assert_int_equal(sequence.ssrc, 3);
	/* the one that was replaced stays out while the new one sends */
	for (int i = 0; i < 10; i++)
		assert_int_equal(check(&sequence, 1, (uint16_t)(102 + i), 20, &extended),
				 TESS_RTP_REFUSE);
	/* and may come back when that one is silent */
	assert_int_equal(check(&sequence, 1, 200, 1000010, &extended), TESS_RTP_HOLD);
	assert_int_equal(check(&sequence, 1, 201, 1000020, &extended), TESS_RTP_RESTART);
}

static void goodbye(void **state)
{
	struct tess_rtp_sequence sequence = {0};
	int64_t extended;

	(void)state;
	(void)check(&sequence, 1, 1, 0, &extended);
	(void)check(&sequence, 2, 1, 0, &extended);
	assert_int_equal(check(&sequence, 2, 2, 0, &extended), TESS_RTP_RESTART);
	assert_int_equal(check(&sequence, 1, 2, 1, &extended), TESS_RTP_REFUSE);
	tess_rtp_sequence_bye(&sequence);
	assert_int_equal(check(&sequence, 1, 3, 1, &extended), TESS_RTP_HOLD);
}

/* A stray packet, and much later the one behind it: no word of a sender that is there now. */
static void confirmation_has_its_time(void **state)
{
	struct tess_rtp_sequence sequence = {0};
	int64_t extended;

	(void)state;
	(void)check(&sequence, 1, 1, 0, &extended);
	assert_int_equal(check(&sequence, 2, 10, 0, &extended), TESS_RTP_HOLD);
	assert_int_equal(check(&sequence, 2, 11, 5000000, &extended), TESS_RTP_HOLD);
	assert_int_equal(check(&sequence, 1, 2, 5000000, &extended), TESS_RTP_ACCEPT);
	assert_int_equal(check(&sequence, 2, 12, 9999999, &extended), TESS_RTP_RESTART);
}

/* The packet before the wrap is held, the one behind it confirms. */
static void restart_at_wrap(void **state)
{
	struct tess_rtp_sequence sequence = {0};
	int64_t extended;

	(void)state;
	(void)check(&sequence, 1, 10000, 0, &extended);
	assert_int_equal(check(&sequence, 2, 65535, 0, &extended), TESS_RTP_HOLD);
	assert_int_equal(check(&sequence, 2, 0, 0, &extended), TESS_RTP_RESTART);
	assert_true(extended == TESS_RTP_FIRST_CYCLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps),
		cmocka_unit_test(misordered_across_wrap),
		cmocka_unit_test(large_jump_needs_two),
		cmocka_unit_test(another_sender),
		cmocka_unit_test(goodbye),
		cmocka_unit_test(confirmation_has_its_time),
		cmocka_unit_test(restart_at_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
