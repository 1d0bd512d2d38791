/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/h264.c
 */
#include "pipeline/rtp/h264.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/pipeline/rtp/support.h"

#define LIMIT 65536
#define SC    0, 0, 0, 1

struct fixture {
	struct tess_rtp_counters counters;
	struct tess_rtp_h264 h264;
	unsigned count;
	struct tess_rtp_h264_frame frame; /* the last */
	uint8_t data[LIMIT];
};

static void on_frame(void *arg, const struct tess_rtp_h264_frame *frame)
{
	struct fixture *f = arg;

	f->count++;
	f->frame = *frame;
	memcpy(f->data, frame->data, frame->length);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(tess_rtp_h264_init(&f->h264, LIMIT, &f->counters, on_frame, f), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tess_rtp_h264_clear(&f->h264);
	free(f);
	return 0;
}

/* The payload is copied, so that a read past its end is seen. */
static void push(struct fixture *f, const uint8_t *payload, size_t length, uint32_t timestamp,
		 bool marker, bool lost)
{
	uint8_t *copy = malloc(length ? length : 1);

	assert_non_null(copy);
	memcpy(copy, payload, length);
	tess_rtp_h264_push(&f->h264, copy, length, timestamp, marker, lost);
	free(copy);
}

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__})
#define EXPECT(f, ...)                                                      \
	do {                                                                \
		static const uint8_t expected[] = {__VA_ARGS__};            \
		assert_int_equal((f)->frame.length, sizeof(expected));      \
		assert_memory_equal((f)->data, expected, sizeof(expected)); \
	} while (0)

#define SPS 0x67, 66, 0, 30, 0x80, 0x11
#define PPS 0x68, 0x80, 0x22
#define IDR 0x65, 0x88, 0x01
#define P   0x41, 0x9a, 0x02

static void single(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(SPS), 100, false, false);
	push(f, BYTES(PPS), 100, false, false);
	push(f, BYTES(IDR), 100, true, false);
	assert_int_equal(f->count, 1);
	EXPECT(f, SC, SPS, SC, PPS, SC, IDR);
	assert_true(f->frame.key);
	assert_false(f->frame.discontinuity);
	assert_int_equal(f->frame.timestamp, 100);
	assert_false(f->h264.key_wanted);

	push(f, BYTES(P), 200, true, false);
	assert_int_equal(f->count, 2);
	EXPECT(f, SC, P);
	assert_false(f->frame.key);
}

static void two_slices_without_marker(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(0x41, 0x9a, 1), 100, false, false);
	push(f, BYTES(0x41, 0x1a, 2), 100, false, false);
	assert_int_equal(f->count, 0);
	push(f, BYTES(0x41, 0x9a, 3), 200, false, false);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->frame.timestamp, 100);
	EXPECT(f, SC, 0x41, 0x9a, 1, SC, 0x41, 0x1a, 2);
}

static void stap_a(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(0x78, 0, 6, SPS, 0, 3, PPS, 0, 3, IDR), 100, true, false);
	assert_int_equal(f->count, 1);
	EXPECT(f, SC, SPS, SC, PPS, SC, IDR);
	assert_true(f->frame.key);
}

static void fu_a(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(0x7c, 0x85, 0x88, 1, 2), 100, false, false);
	push(f, BYTES(0x7c, 0x05, 3), 100, false, false);
	push(f, BYTES(0x7c, 0x45, 4, 5), 100, true, false);
	assert_int_equal(f->count, 1);
	EXPECT(f, SC, 0x65, 0x88, 1, 2, 3, 4, 5);
	assert_true(f->frame.key);
}

static void parameter_sets_are_put_in_front(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(0x78, 0, 6, SPS, 0, 3, PPS, 0, 3, IDR), 100, true, false);
	push(f, BYTES(IDR), 200, true, false);
	EXPECT(f, SC, SPS, SC, PPS, SC, IDR);
	/* behind a delimiter, before SEI */
	push(f, BYTES(0x09, 0xf0), 300, false, false);
	push(f, BYTES(0x06, 5, 1, 7, 0x80), 300, false, false);
	push(f, BYTES(IDR), 300, true, false);
	EXPECT(f, SC, 0x09, 0xf0, SC, SPS, SC, PPS, SC, 0x06, 5, 1, 7, 0x80, SC, IDR);
	/* the one that is missing goes behind the one that is there */
	push(f, BYTES(0x78, 0, 6, 0x67, 66, 0, 30, 0x80, 0x33, 0, 3, IDR), 400, true, false);
	EXPECT(f, SC, 0x67, 66, 0, 30, 0x80, 0x33, SC, PPS, SC, IDR);
	/* and is the one for the next */
	push(f, BYTES(IDR), 500, true, false);
	EXPECT(f, SC, 0x67, 66, 0, 30, 0x80, 0x33, SC, PPS, SC, IDR);
	/* not in front of others */
	push(f, BYTES(P), 600, true, false);
	EXPECT(f, SC, P);
}

/* A PPS is refused by decoders that do not know its SPS yet. */
static void an_sps_comes_before_its_pps(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(SPS), 100, true, false);
	push(f, BYTES(0x09, 0xf0), 200, false, false);
	push(f, BYTES(PPS), 200, false, false);
	push(f, BYTES(IDR), 200, true, false);
	assert_int_equal(f->count, 1);
	EXPECT(f, SC, 0x09, 0xf0, SC, SPS, SC, PPS, SC, IDR);
	push(f, BYTES(SPS), 300, false, false);
	push(f, BYTES(IDR), 300, true, false);
	EXPECT(f, SC, SPS, SC, PPS, SC, IDR);
}

/* Some senders mark the end of parameter sets as if they were a picture, in a packet of their own.
 */
static void sets_alone_are_no_access_unit(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(SPS), 100, true, false);
	push(f, BYTES(PPS), 100, true, false);
	assert_int_equal(f->count, 0);
	push(f, BYTES(IDR), 100, true, false);
	assert_int_equal(f->count, 1);
	EXPECT(f, SC, SPS, SC, PPS, SC, IDR);
	assert_int_equal(f->counters.incomplete, 0);
}

static void loss_inside(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(IDR), 100, true, false);
	push(f, BYTES(0x5c, 0x81, 0x9a, 1), 200, false, false);
	push(f, BYTES(0x5c, 0x41, 3), 200, true, true);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->counters.incomplete, 1);
	assert_true(f->h264.key_wanted);
	push(f, BYTES(P), 300, true, false);
	assert_int_equal(f->count, 2);
	assert_true(f->frame.discontinuity);
	EXPECT(f, SC, P);
	push(f, BYTES(P), 400, true, false);
	assert_false(f->frame.discontinuity);
	assert_true(f->h264.key_wanted);
	push(f, BYTES(IDR), 500, true, false);
	assert_false(f->h264.key_wanted);
}

static void loss_of_tail_and_head(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(IDR), 100, true, false);
	/* the tail of 200 is lost, 300 comes whole */
	push(f, BYTES(0x5c, 0x81, 0x9a, 1), 200, false, false);
	push(f, BYTES(P), 300, true, true);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->counters.incomplete, 1);
	assert_true(f->frame.discontinuity);
	/* 400 is lost and the first slice of 500: the second does not begin at macroblock 0 */
	push(f, BYTES(0x41, 0x1a, 3), 500, true, true);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->counters.incomplete, 2);
	/* the same in fragments */
	push(f, BYTES(0x5c, 0x81, 0x1a, 3), 600, false, true);
	push(f, BYTES(0x5c, 0x41, 4), 600, true, false);
	assert_int_equal(f->counters.incomplete, 3);
	/* begins in the middle of a fragmented slice */
	push(f, BYTES(0x5c, 0x41, 4), 700, true, true);
	assert_int_equal(f->counters.incomplete, 4);
	assert_int_equal(f->count, 2);
	/* sets come first: whole */
	push(f, BYTES(0x78, 0, 6, SPS, 0, 3, PPS, 0, 3, IDR), 800, true, true);
	assert_int_equal(f->count, 3);
	assert_true(f->frame.discontinuity);
}

static void joined_in_the_middle(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(0x5c, 0x41, 4), 100, true, false);
	assert_int_equal(f->count, 0);
	assert_int_equal(f->counters.incomplete, 1);
	push(f, BYTES(P), 200, true, false);
	assert_int_equal(f->count, 1);
	assert_true(f->h264.key_wanted);
}

/* One bad packet, between good ones: it is dropped, its access unit with it, and nothing else. */
static void bad_packet(struct fixture *f, const uint8_t *payload, size_t length)
{
	uint64_t bad = f->counters.bad_depacketise, incomplete = f->counters.incomplete;
	unsigned count = f->count;

	push(f, BYTES(P), 1000, false, false);
	push(f, payload, length, 1000, true, false);
	assert_int_equal(f->counters.bad_depacketise, bad + 1);
	assert_int_equal(f->counters.incomplete, incomplete + 1);
	assert_int_equal(f->count, count);
	push(f, BYTES(P), 2000, true, false);
	assert_int_equal(f->count, count + 1);
	assert_true(f->frame.discontinuity);
	EXPECT(f, SC, P);
}

static void bad_packets(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(IDR), 100, true, false);
	bad_packet(f, BYTES(0x78));		   /* STAP-A of nothing */
	bad_packet(f, BYTES(0x78, 0, 3, P, 0));	   /* one trailing byte */
	bad_packet(f, BYTES(0x78, 0, 3, P, 0, 1)); /* a size and nothing behind */
	bad_packet(f, BYTES(0x78, 0, 0, 0, 3, P)); /* zero-length NAL unit */
	bad_packet(f, BYTES(0x78, 0, 4, P));	   /* larger than the packet */
	bad_packet(f, BYTES(0x78, 0xff, 0xff, P));
	bad_packet(f, BYTES(0x78, 0, 6, 0x78, 0, 3, P));    /* nested */
	bad_packet(f, BYTES(0x78, 0, 4, 0x7c, 0x81, 1, 2)); /* fragment in an aggregate */
	bad_packet(f, BYTES(0x7c));			    /* FU-A cut */
	bad_packet(f, BYTES(0x7c, 0x85));		    /* of nothing */
	bad_packet(f, BYTES(0x7c, 0xc5, 0x88, 1));	    /* start and end */
	bad_packet(f, BYTES(0x7c, 0x98, 0, 3, P));	    /* STAP-A in fragments */
	bad_packet(f, BYTES(0x7c, 0x80, 1));		    /* type 0 */
	bad_packet(f, BYTES(0x79, 0, 0, 0, 3, P));	    /* STAP-B */
	bad_packet(f, BYTES(0x7d, 0x85, 0, 0, 0x88));	    /* FU-B */
	bad_packet(f, BYTES(0xc1, 0x9a, 2));		    /* forbidden bit */
}

static void ignored_packets(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(IDR), 100, false, false);
	push(f, BYTES(0x7e, 1, 2), 100, false, false); /* PACSI, RFC 6190 */
	push(f, (const uint8_t *)"", 0, 100, true, false);
	assert_int_equal(f->counters.bad_depacketise, 2);
	assert_int_equal(f->count, 1);
	EXPECT(f, SC, IDR);
}

static void fragments_out_of_place(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(IDR), 100, true, false);
	/* another NAL unit before the end */
	push(f, BYTES(0x5c, 0x81, 0x9a, 1), 200, false, false);
	push(f, BYTES(P), 200, true, false);
	assert_int_equal(f->counters.incomplete, 1);
	/* a second start */
	push(f, BYTES(0x5c, 0x81, 0x9a, 1), 300, false, false);
	push(f, BYTES(0x5c, 0x81, 0x9a, 1), 300, false, false);
	push(f, BYTES(0x5c, 0x41, 1), 300, true, false);
	assert_int_equal(f->counters.incomplete, 2);
	/* another type goes on */
	push(f, BYTES(0x5c, 0x81, 0x9a, 1), 400, false, false);
	push(f, BYTES(0x5c, 0x45, 1), 400, true, false);
	assert_int_equal(f->counters.incomplete, 3);
	/* the access unit ends before the fragment */
	push(f, BYTES(0x5c, 0x81, 0x9a, 1), 500, true, false);
	assert_int_equal(f->counters.incomplete, 4);
	push(f, BYTES(0x5c, 0x41, 1), 600, true, false);
	assert_int_equal(f->counters.incomplete, 5);
	assert_int_equal(f->count, 1);
}

static void too_large(void **state)
{
	struct fixture *f = *state;
	uint8_t payload[1000];

	memset(payload, 0xaa, sizeof(payload));
	payload[0] = 0x5c;
	payload[1] = 0x81;
	push(f, payload, sizeof(payload), 100, false, false);
	payload[1] = 0x01;
	for (int i = 0; i < 70; i++)
		push(f, payload, sizeof(payload), 100, false, false);
	payload[1] = 0x41;
	push(f, payload, sizeof(payload), 100, true, false);
	assert_int_equal(f->count, 0);
	assert_int_equal(f->counters.oversize, 1);
	assert_true(f->h264.capacity <= LIMIT);

	/* exactly the limit fits: start code and header are 5 of it, one slice is 1 + 994 */
	push(f, BYTES(0x5c, 0x81, 0xaa), 200, false, false);
	payload[1] = 0x01;
	for (int i = 0; i < 65; i++)
		push(f, payload, sizeof(payload), 200, false, false);
	payload[1] = 0x41;
	push(f, payload, 2 + LIMIT - 6 - 65 * 998, 200, true, false);
	assert_int_equal(f->count, 1);
	assert_int_equal(f->frame.length, LIMIT);
	assert_int_equal(f->data[LIMIT - 1], 0xaa);
}

static void another_sender_follows(void **state)
{
	struct fixture *f = *state;

	push(f, BYTES(0x78, 0, 6, SPS, 0, 3, PPS, 0, 3, IDR), 100, true, false);
	push(f, BYTES(P), 200, false, false);
	tess_rtp_h264_restart(&f->h264);
	push(f, BYTES(IDR), 5, true, false);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->counters.incomplete, 1);
	assert_true(f->frame.discontinuity);
	EXPECT(f, SC, IDR); /* without the sets of the other one */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(single),
		TEST(two_slices_without_marker),
		TEST(stap_a),
		TEST(fu_a),
		TEST(parameter_sets_are_put_in_front),
		TEST(an_sps_comes_before_its_pps),
		TEST(sets_alone_are_no_access_unit),
		TEST(loss_inside),
		TEST(loss_of_tail_and_head),
		TEST(joined_in_the_middle),
		TEST(bad_packets),
		TEST(ignored_packets),
		TEST(fragments_out_of_place),
		TEST(too_large),
		TEST(another_sender_follows),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
