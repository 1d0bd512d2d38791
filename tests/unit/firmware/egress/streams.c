/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/streams: what a sink is told, and in what order.
 *
 * A sink writes down what it is told: "up5" (epoch 5), "away", "end", and access units as number n
 * of the time line with "v" or "a" before, "k" (key) and "d" (discontinuity) behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "firmware/egress/streams.h"
#include "pipeline/stream/ring.h"
#include "tests/unit/firmware/egress/turning.h"

struct listener {
	struct tess_sink *sink;
	bool not_ready;
	bool detach_at_unit;
	char said[4096];
	const char *want;
};

static struct turning *turning;
static struct tess_streams *streams;

static void say(struct listener *listener, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct listener *listener, const char *format, ...)
{
	size_t used = strlen(listener->said);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(listener->said + used, sizeof(listener->said) - used, format, args);
	va_end(args);
}

static void on_up(void *arg, const struct tess_stream_info *info, uint64_t epoch)
{
	assert_int_equal(info->width, 640);
	say(arg, "up%lu ", (unsigned long)epoch);
}

static void on_au(void *arg, const struct tess_au *au)
{
	struct listener *listener = arg;
	int64_t n = au->dts_us / 1000;

	say(listener, "%c%d%s%s ", au->track == TESS_TRACK_VIDEO ? 'v' : 'a', (int)n,
	    au->key && au->track == TESS_TRACK_VIDEO ? "k" : "", au->discontinuity ? "d" : "");
	assert_int_equal(au->length, 100 + n % 50);
	assert_int_equal(au->data[0], (uint8_t)n);
	assert_int_equal(au->data[au->length - 1], (uint8_t)n);
	if (listener->detach_at_unit) {
		tess_streams_detach(listener->sink);
		listener->sink = NULL;
	}
}

static void on_away(void *arg)
{
	say(arg, "away ");
}

static void on_end(void *arg)
{
	say(arg, "end ");
}

static bool is_ready(void *arg)
{
	return !((struct listener *)arg)->not_ready;
}

static const struct tess_sink_ops ops = {.stream_up = on_up,
					 .au = on_au,
					 .stream_away = on_away,
					 .stream_end = on_end,
					 .ready = is_ready};

static bool has_said(void *arg)
{
	struct listener *listener = arg;

	if (strcmp(listener->said, listener->want) != 0)
		return false;
	listener->said[0] = 0;
	return true;
}

/** Wait until the listener has been told exactly this since the last time. */
static void expect(struct listener *listener, const char *want)
{
	listener->want = want;
	if (!turning_until(turning, has_said, listener))
		fail_msg("told \"%s\" instead of \"%s\"", listener->said, want);
}

struct attach {
	struct listener *listener;
	int64_t after_dts_us;
};

static void do_attach(void *arg)
{
	struct attach *attach = arg;

	assert_int_equal(tess_streams_attach(&attach->listener->sink, streams, "s", &ops,
					     attach->listener, attach->after_dts_us),
			 0);
	assert_string_equal(attach->listener->said, ""); /* nothing from within */
}

static void attach(struct listener *listener, int64_t after_dts_us)
{
	struct attach order = {listener, after_dts_us};

	turning_do(turning, do_attach, &order);
}

static void do_detach(void *arg)
{
	struct listener *listener = arg;

	tess_streams_detach(listener->sink);
	listener->sink = NULL;
}

static void do_toggle_ready(void *arg)
{
	struct listener *listener = arg;

	listener->not_ready = !listener->not_ready;
}

static void do_away(void *arg)
{
	(void)arg;
	tess_streams_away(streams);
}

static void do_end(void *arg)
{
	tess_streams_end(streams, "s", *(uint64_t *)arg);
}

struct offer {
	const char *key;
	uint64_t epoch;
	int memfd, eventfd, rc;
};

static void do_offer(void *arg)
{
	struct offer *offer = arg;

	offer->rc =
		tess_streams_offer(streams, offer->key, offer->epoch, offer->memfd, offer->eventfd);
}

static int offer_as(const struct tess_ring_writer *writer, const char *key, uint64_t epoch)
{
	struct offer offer = {.key = key,
			      .epoch = epoch,
			      .memfd = dup(tess_ring_writer_memfd(writer)),
			      .eventfd = dup(tess_ring_writer_eventfd(writer))};

	turning_do(turning, do_offer, &offer);
	/* the descriptors are taken or closed */
	if (offer.rc)
		assert_int_equal(fcntl(offer.memfd, F_GETFD), -1);
	return offer.rc;
}

static struct tess_ring_writer *make_ring(uint64_t epoch, uint32_t slots)
{
	struct tess_ring_config config = {.epoch = epoch, .data_bytes = 65536, .slots = slots};
	struct tess_stream_info info = {.has_video = true, .has_audio = true, .width = 640};
	struct tess_ring_writer *writer;

	assert_int_equal(tess_ring_writer_alloc(&writer, &config, &info), 0);
	return writer;
}

/** Units of the time line from @p from on: even ones are video, each tenth is a key frame. */
static void feed(struct tess_ring_writer *writer, int from, int count)
{
	for (int n = from; n < from + count; n++) {
		uint8_t data[150];
		struct tess_au au = {.data = data,
				     .length = (size_t)(100 + n % 50),
				     .dts_us = n * 1000,
				     .pts_us = n * 1000,
				     .track = n % 2 ? TESS_TRACK_AUDIO : TESS_TRACK_VIDEO,
				     .key = n % 2 || n % 10 == 0};

		memset(data, n, sizeof(data));
		assert_int_equal(tess_ring_write(writer, &au), 0);
	}
}

static void make_streams(void *arg)
{
	(void)arg;
	assert_int_equal(tess_streams_alloc(&streams, turning_loop(turning)), 0);
}

static void free_streams(void *arg)
{
	(void)arg;
	tess_streams_free(streams);
}

static int setup(void **state)
{
	(void)state;
	turning = turning_start();
	turning_do(turning, make_streams, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	turning_do(turning, free_streams, NULL);
	turning_stop(turning);
	return 0;
}

static void test_attach_before_and_after(void **state)
{
	struct tess_ring_writer *ring = make_ring(5, 64);
	struct listener early = {0}, late = {0};

	(void)state;
	attach(&early, TESS_SINK_NEWEST_KEY);
	feed(ring, 18, 5);
	assert_int_equal(offer_as(ring, "s", 5), 0);
	expect(&early, "up5 v20k a21 v22 ");
	feed(ring, 23, 2);
	expect(&early, "a23 v24 ");
	attach(&late, TESS_SINK_NEWEST_KEY);
	expect(&late, "up5 v20k a21 v22 a23 v24 ");
	feed(ring, 25, 1);
	expect(&early, "a25 ");
	expect(&late, "a25 ");
	turning_do(turning, do_detach, &early);
	feed(ring, 26, 1);
	expect(&late, "v26 ");
	assert_string_equal(early.said, "");
	turning_do(turning, do_detach, &late);
	tess_ring_writer_free(ring);
}

static void test_no_key_yet(void **state)
{
	struct tess_ring_writer *ring = make_ring(5, 64);
	struct listener listener = {0};

	(void)state;
	feed(ring, 12, 3);
	assert_int_equal(offer_as(ring, "s", 5), 0);
	attach(&listener, TESS_SINK_NEWEST_KEY);
	expect(&listener, "up5 ");
	/* sound may come before the first key frame, pictures may not */
	feed(ring, 15, 7);
	expect(&listener, "a15 a17 a19 v20k a21 ");
	turning_do(turning, do_detach, &listener);
	tess_ring_writer_free(ring);
}

static void test_replay(void **state)
{
	struct tess_ring_writer *ring = make_ring(5, 16);
	struct listener exact = {0}, lost = {0};

	(void)state;
	/* 16 slots hold 21 .. 36 */
	feed(ring, 1, 36);
	assert_int_equal(offer_as(ring, "s", 5), 0);
	attach(&exact, 27000);
	expect(&exact, "up5 v28 a29 v30k a31 v32 a33 v34 a35 v36 ");
	/* something after 3 is gone: sound from the oldest on, pictures from the next key frame */
	attach(&lost, 3000);
	expect(&lost, "up5 a21d a23 a25 a27 a29 v30k a31 v32 a33 v34 a35 v36 ");
	turning_do(turning, do_detach, &exact);
	turning_do(turning, do_detach, &lost);
	tess_ring_writer_free(ring);
}

static void test_media_restarts(void **state)
{
	struct tess_ring_writer *first = make_ring(5, 64), *second = make_ring(9, 64);
	struct listener listener = {0};
	uint64_t epoch = 9;

	(void)state;
	attach(&listener, TESS_SINK_NEWEST_KEY);
	feed(first, 10, 3);
	assert_int_equal(offer_as(first, "s", 5), 0);
	expect(&listener, "up5 v10k a11 v12 ");
	/* media dies: what it had written last is given before the news */
	feed(first, 13, 1);
	turning_do(turning, do_away, NULL);
	expect(&listener, "a13 away ");
	turning_do(turning, do_away, NULL); /* told once */
	/* the next life: from its first unit on, pictures from a key frame on */
	feed(second, 98, 4);
	assert_int_equal(offer_as(second, "s", 9), 0);
	expect(&listener, "up9 a99 v100k a101 ");
	/* a late message of the life before */
	assert_int_equal(offer_as(first, "s", 5), -ESTALE);
	epoch = 5;
	turning_do(turning, do_end, &epoch);
	feed(second, 102, 1);
	expect(&listener, "v102 ");
	epoch = 9;
	feed(second, 103, 1);
	turning_do(turning, do_end, &epoch);
	expect(&listener, "a103 end ");
	turning_do(turning, do_end, &epoch);
	turning_do(turning, do_away, NULL);
	turning_do(turning, do_detach, &listener);
	assert_string_equal(listener.said, "");
	tess_ring_writer_free(first);
	tess_ring_writer_free(second);
}

static void test_link_breaks(void **state)
{
	struct tess_ring_writer *ring = make_ring(5, 64);
	struct listener listener = {0};

	(void)state;
	attach(&listener, TESS_SINK_NEWEST_KEY);
	feed(ring, 10, 2);
	assert_int_equal(offer_as(ring, "s", 5), 0);
	expect(&listener, "up5 v10k a11 ");
	turning_do(turning, do_away, NULL);
	expect(&listener, "away ");
	feed(ring, 12, 2);
	/* the same ring again: nothing is lost, nothing comes twice */
	assert_int_equal(offer_as(ring, "s", 5), 0);
	expect(&listener, "up5 v12 a13 ");
	turning_do(turning, do_detach, &listener);
	tess_ring_writer_free(ring);
}

static void do_offer_own(void *arg)
{
	struct offer *offer = arg;

	offer->rc = tess_streams_offer_own(streams, offer->key, offer->epoch, offer->memfd,
					   offer->eventfd);
}

/* A ring of this process: media's link does not matter to it. */
static void test_own_ring(void **state)
{
	struct tess_ring_writer *ring = make_ring(5, 64);
	struct offer offer = {.key = "s",
			      .epoch = 5,
			      .memfd = dup(tess_ring_writer_memfd(ring)),
			      .eventfd = dup(tess_ring_writer_eventfd(ring))};
	struct listener listener = {0};
	uint64_t epoch = 5;

	(void)state;
	attach(&listener, TESS_SINK_NEWEST_KEY);
	feed(ring, 10, 2);
	turning_do(turning, do_offer_own, &offer);
	assert_int_equal(offer.rc, 0);
	expect(&listener, "up5 v10k a11 ");
	turning_do(turning, do_away, NULL);
	feed(ring, 12, 2);
	expect(&listener, "v12 a13 ");
	turning_do(turning, do_end, &epoch);
	expect(&listener, "end ");
	turning_do(turning, do_detach, &listener);
	tess_ring_writer_free(ring);
}

static void test_ring_closed(void **state)
{
	struct tess_ring_writer *ring = make_ring(5, 64);
	struct listener listener = {0};

	(void)state;
	attach(&listener, TESS_SINK_NEWEST_KEY);
	feed(ring, 10, 2);
	assert_int_equal(offer_as(ring, "s", 5), 0);
	expect(&listener, "up5 v10k a11 ");
	feed(ring, 12, 1);
	tess_ring_writer_free(ring);
	expect(&listener, "v12 away ");
	turning_do(turning, do_detach, &listener);
}

static void test_overrun_when_not_ready(void **state)
{
	struct tess_ring_writer *ring = make_ring(5, 16);
	struct listener listener = {0}, other = {0};

	(void)state;
	attach(&listener, TESS_SINK_NEWEST_KEY);
	attach(&other, TESS_SINK_NEWEST_KEY);
	feed(ring, 10, 1);
	assert_int_equal(offer_as(ring, "s", 5), 0);
	expect(&listener, "up5 v10k ");
	expect(&other, "up5 v10k ");
	turning_do(turning, do_toggle_ready, &listener);
	feed(ring, 11, 6);
	expect(&other, "a11 v12 a13 v14 a15 v16 ");
	feed(ring, 17, 14);
	expect(&other, "a17 v18 a19 v20k a21 v22 a23 v24 a25 v26 a27 v28 a29 v30k ");
	assert_string_equal(listener.said, "");
	turning_do(turning, do_toggle_ready, &listener);
	expect(&listener, "a15d a17 a19 v20k a21 v22 a23 v24 a25 v26 a27 v28 a29 v30k ");
	turning_do(turning, do_detach, &listener);
	turning_do(turning, do_detach, &other);
	tess_ring_writer_free(ring);
}

static void test_detach_in_a_call(void **state)
{
	struct tess_ring_writer *ring = make_ring(5, 64);
	struct listener listener = {.detach_at_unit = true}, other = {0};

	(void)state;
	attach(&other, TESS_SINK_NEWEST_KEY);
	attach(&listener, TESS_SINK_NEWEST_KEY);
	feed(ring, 10, 3);
	assert_int_equal(offer_as(ring, "s", 5), 0);
	expect(&other, "up5 v10k a11 v12 ");
	expect(&listener, "up5 v10k ");
	turning_do(turning, do_detach, &other);
	tess_ring_writer_free(ring);
}

static void test_refusals(void **state)
{
	struct tess_ring_writer *ring = make_ring(5, 64);
	struct offer offer = {.key = "s", .epoch = 5};
	char long_key[TESS_STREAM_KEY_SIZE + 1];
	int pipes[2];

	(void)state;
	memset(long_key, 'x', sizeof(long_key));
	long_key[TESS_STREAM_KEY_SIZE] = 0;
	assert_int_equal(offer_as(ring, long_key, 5), -EINVAL);
	long_key[TESS_STREAM_KEY_SIZE - 1] = 0;
	assert_int_equal(offer_as(ring, long_key, 5), 0);
	assert_int_equal(offer_as(ring, "", 5), -EINVAL);
	assert_int_equal(offer_as(ring, "s", 6), -EBADMSG); /* not what the ring says */
	assert_int_equal(pipe(pipes), 0);
	offer.memfd = pipes[0];
	offer.eventfd = pipes[1];
	turning_do(turning, do_offer, &offer);
	assert_int_equal(offer.rc, -EBADMSG);
	assert_int_equal(fcntl(pipes[0], F_GETFD), -1);
	assert_int_equal(fcntl(pipes[1], F_GETFD), -1);
	tess_ring_writer_free(ring);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_attach_before_and_after, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_key_yet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_media_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_breaks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overrun_when_not_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_detach_in_a_call, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
