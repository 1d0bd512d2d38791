/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/room.c - a room made equal to what is desired: streams that begin and
 * end, ids that change their room, mixes that find no place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>

#include <cmocka.h>

#include "drivers/audio_soft/audio_soft.h"
#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/media/inputs.h"
#include "firmware/media/room.h"
#include "tests/unit/firmware/media/fake_engine.h"

#define START_US INT64_C(1000000000)
#define ROOM	 "1/number/1"

struct fixture {
	struct fake_engine fake;
	struct tess_clock_virtual clock;
	struct tess_executor *executor;
	struct tess_engines *engines;
	struct tess_media_context context;
	struct tess_room *room;
	struct tess_desired *desired;
	char events[256]; /* "+stream " and "-stream " */
	uint64_t last_epoch;
};

static void on_stream(void *arg, const char *stream, uint64_t epoch, int memfd, int eventfd)
{
	struct fixture *fixture = arg;
	size_t length = strlen(fixture->events);

	assert_true(memfd >= 0 ? eventfd >= 0 : eventfd < 0);
	if (memfd >= 0) {
		assert_true(epoch >= fixture->last_epoch);
		fixture->last_epoch = epoch;
	}
	snprintf(fixture->events + length, sizeof(fixture->events) - length, "%c%s ",
		 memfd >= 0 ? '+' : '-', stream);
}

/* Packet I/O is not needed: publishers here have neither video nor audio. */
static const struct tess_net_driver driver = {.size = sizeof(driver), .name = "none"};
static struct tess_net net = {&driver};

static void open_fixture(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	tess_log_init("test", TESS_LOG_ERROR);
	fake_engine_init(&fixture->fake);
	tess_clock_virtual_init(&fixture->clock, START_US, START_US);
	assert_int_equal(tess_executor_alloc(&fixture->executor, 0), 0);
	fixture->engines =
		fake_engines_open(NULL, 0, &fixture->fake, "soft", &fixture->clock.clock);
	fixture->context = (struct tess_media_context){
		.clock = &fixture->clock.clock,
		.net = &net,
		.engines = fixture->engines,
		.audio = &tess_audio_soft,
		.executor = fixture->executor,
		.jitter_us = 100000,
		.pcm = calloc(TESS_AUDIO_MAX_FRAMES * TESS_AUDIO_CHANNELS, sizeof(float)),
	};
	fixture->desired = calloc(1, sizeof(*fixture->desired));
	fixture->desired->publishers = calloc(32, sizeof(*fixture->desired->publishers));
	fixture->desired->mixes = calloc(32, sizeof(*fixture->desired->mixes));
	assert_int_equal(
		tess_room_alloc(&fixture->room, ROOM, &fixture->context, on_stream, fixture), 0);
}

static void close_fixture(struct fixture *fixture)
{
	tess_room_free(fixture->room);
	tess_executor_free(fixture->executor);
	tess_engines_close(fixture->engines);
	tess_desired_free(fixture->desired);
	free(fixture->context.pcm);
	fake_engine_done(&fixture->fake);
}

static struct tess_desired_mix *want_mix(struct fixture *fixture, int64_t id)
{
	struct tess_desired_mix *mix = &fixture->desired->mixes[fixture->desired->mix_count++];

	*mix = (struct tess_desired_mix){
		.id = id,
		.epoch = 1,
		.room = ROOM,
		.audio = {.sample_rate = 48000, .channels = 2, .bitrate_bps = 64000},
		.layout = {.layout = TESS_LAYOUT_GRID, .render = TESS_RENDER_CROP},
	};
	snprintf(mix->stream, sizeof(mix->stream), "s%lld", (long long)id);
	return mix;
}

static struct tess_desired_publisher *want_publisher(struct fixture *fixture, int64_t id)
{
	struct tess_desired_publisher *publisher =
		&fixture->desired->publishers[fixture->desired->publisher_count++];

	*publisher = (struct tess_desired_publisher){.id = id, .room = ROOM, .order = (uint64_t)id};
	snprintf(publisher->user, sizeof(publisher->user), "u%lld", (long long)id);
	return publisher;
}

/* As the worker does; @return what happened to streams. */
static const char *reconcile(struct fixture *fixture)
{
	int64_t now_us = tess_clock_now_us(&fixture->clock.clock) + 1000;

	fixture->clock.clock.advance_to(&fixture->clock.clock, now_us);
	fixture->events[0] = '\0';
	tess_room_prune(fixture->room, fixture->desired);
	tess_room_grow(fixture->room, fixture->desired, now_us);
	(void)tess_room_step(fixture->room, now_us);
	return fixture->events;
}

static void assert_count(const struct fixture *fixture, unsigned publishers, unsigned mixes)
{
	unsigned got_publishers, got_mixes;

	tess_room_count(fixture->room, &got_publishers, &got_mixes);
	assert_int_equal(got_publishers, publishers);
	assert_int_equal(got_mixes, mixes);
}

static void streams_begin_and_end(void **state)
{
	struct fixture fixture;
	struct tess_desired_mix *mix;
	uint64_t epoch;

	(void)state;
	open_fixture(&fixture);
	assert_true(tess_room_is_empty(fixture.room));
	mix = want_mix(&fixture, 1);
	assert_string_equal(reconcile(&fixture), "+s1 ");
	/* nothing new, nothing happens */
	assert_string_equal(reconcile(&fixture), "");
	/* a layout is changed in place */
	mix->epoch = 2;
	mix->layout.render = TESS_RENDER_FIT;
	assert_string_equal(reconcile(&fixture), "");
	/* with a picture it is another ring of the same stream, which has not ended */
	epoch = fixture.last_epoch;
	mix->epoch = 3;
	mix->has_video = true;
	mix->video = (struct tess_desired_video){320, 180, 15, 45, 500000, 0};
	assert_string_equal(reconcile(&fixture), "+s1 ");
	assert_true(fixture.last_epoch > epoch);
	/* another name is another stream */
	mix->epoch = 4;
	snprintf(mix->stream, sizeof(mix->stream), "other");
	assert_string_equal(reconcile(&fixture), "-s1 +other ");
	/* its sound as MP3 is a second one, which comes and goes with it */
	mix->epoch = 5;
	snprintf(mix->mp3_stream, sizeof(mix->mp3_stream), "other-mp3");
	epoch = fixture.last_epoch;
	assert_string_equal(reconcile(&fixture), "+other +other-mp3 ");
	assert_true(fixture.last_epoch > epoch);
	mix->epoch = 6;
	mix->layout.render = TESS_RENDER_CROP;
	assert_string_equal(reconcile(&fixture), "");
	mix->epoch = 7;
	mix->mp3_stream[0] = '\0';
	assert_string_equal(reconcile(&fixture), "-other-mp3 +other ");
	mix->epoch = 8;
	snprintf(mix->mp3_stream, sizeof(mix->mp3_stream), "other-mp3");
	assert_string_equal(reconcile(&fixture), "+other +other-mp3 ");
	fixture.desired->mix_count = 0;
	assert_string_equal(reconcile(&fixture), "-other -other-mp3 ");
	assert_true(tess_room_is_empty(fixture.room));
	close_fixture(&fixture);
}

static void an_old_epoch_changes_nothing(void **state)
{
	struct fixture fixture;
	struct tess_desired_mix *mix;
	struct tess_media_facts *facts;

	(void)state;
	open_fixture(&fixture);
	mix = want_mix(&fixture, 1);
	assert_string_equal(reconcile(&fixture), "+s1 ");
	/* the same epoch: what is in it was taken already */
	mix->has_video = true;
	assert_string_equal(reconcile(&fixture), "");
	assert_int_equal(tess_media_facts_alloc(&facts, 0, 1), 0);
	tess_room_facts(fixture.room, START_US, facts);
	assert_int_equal(facts->mix_count, 1);
	assert_int_equal(facts->mixes[0].epoch, 1);
	tess_media_facts_free(facts);
	close_fixture(&fixture);
}

static void whoever_goes_to_another_room_leaves_this_one(void **state)
{
	struct fixture fixture;
	struct tess_desired_publisher *publisher;
	struct tess_desired_mix *mix;

	(void)state;
	open_fixture(&fixture);
	(void)want_publisher(&fixture, 10);
	publisher = want_publisher(&fixture, 11);
	(void)want_publisher(&fixture, 12);
	mix = want_mix(&fixture, 1);
	assert_string_equal(reconcile(&fixture), "+s1 ");
	assert_count(&fixture, 3, 1);
	publisher->room[0] = '2';
	assert_string_equal(reconcile(&fixture), "");
	assert_count(&fixture, 2, 1);
	/* the mix's stream goes on elsewhere: it has not ended */
	mix->room[0] = '2';
	assert_string_equal(reconcile(&fixture), "");
	assert_count(&fixture, 2, 0);
	fixture.desired->publisher_count = 0;
	assert_string_equal(reconcile(&fixture), "");
	assert_true(tess_room_is_empty(fixture.room));
	close_fixture(&fixture);
}

static void a_mix_too_many_waits_for_a_place(void **state)
{
	struct fixture fixture;
	struct tess_media_facts *facts;

	(void)state;
	open_fixture(&fixture);
	for (int id = 1; id <= TESS_MAX_TAPS + 1; id++)
		(void)want_mix(&fixture, id);
	assert_string_equal(reconcile(&fixture), "+s1 +s2 +s3 +s4 +s5 +s6 +s7 +s8 ");
	assert_count(&fixture, 0, TESS_MAX_TAPS + 1);
	assert_int_equal(tess_media_facts_alloc(&facts, 0, TESS_MAX_TAPS + 1), 0);
	tess_room_facts(fixture.room, START_US, facts);
	assert_int_equal(facts->mixes[TESS_MAX_TAPS].id, TESS_MAX_TAPS + 1);
	assert_int_equal(facts->mixes[TESS_MAX_TAPS].state, TESS_MIX_ERROR);
	assert_int_equal(facts->mixes[TESS_MAX_TAPS].error, -EUSERS);
	tess_media_facts_free(facts);
	/* the first ends: its place is given to the one that waits */
	memmove(fixture.desired->mixes, fixture.desired->mixes + 1,
		TESS_MAX_TAPS * sizeof(*fixture.desired->mixes));
	fixture.desired->mix_count--;
	assert_string_equal(reconcile(&fixture), "-s1 ");
	tess_room_housekeep(fixture.room, START_US + 2000000);
	assert_string_equal(fixture.events, "-s1 +s9 ");
	close_fixture(&fixture);
}

/* SPS of 320x240, PPS, an IDR slice */
#define KEY                                                                                      \
	"\0\0\0\x09\x67\x42\x40\x0d\xe8\x80\xa0\xfc\x80\0\0\0\x03\x68\xce\x06\0\0\0\x04\x65\x88" \
	"\x84\x21"

/* A user's own stream has ended with the user, also while what goes on in it has yet to come. */
static void a_users_stream_ends(void **state)
{
	const struct tess_ring_config config = {.epoch = 5, .data_bytes = 1 << 20, .slots = 1024};
	const struct tess_stream_info info = {.has_video = true};
	const struct tess_au key = {.data = (const uint8_t *)KEY,
				    .length = sizeof(KEY) - 1,
				    .pts_us = START_US,
				    .dts_us = START_US,
				    .track = TESS_TRACK_VIDEO,
				    .key = true};
	struct tess_desired_publisher *publisher;
	struct tess_ring_writer *ring;
	struct tess_inputs *inputs;
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	assert_int_equal(tess_inputs_alloc(&inputs), 0);
	fixture.context.inputs = inputs;
	publisher = want_publisher(&fixture, 7);
	publisher->input = true;
	publisher->video = (struct tess_desired_media){.present = true, .codec = TESS_CODEC_H264};
	snprintf(publisher->stream, sizeof(publisher->stream), "user-7");
	assert_string_equal(reconcile(&fixture), "");
	assert_int_equal(tess_ring_writer_alloc(&ring, &config, &info), 0);
	assert_int_equal(tess_ring_write(ring, &key), 0);
	assert_int_equal(tess_inputs_offer(inputs, 7, 5,
					   fcntl(tess_ring_writer_memfd(ring), F_DUPFD_CLOEXEC, 3)),
			 0);
	assert_string_equal(reconcile(&fixture), "+user-7 ");
	/* sound is to come as well: another ring, for which there is nothing yet */
	publisher->audio = (struct tess_desired_media){.present = true, .codec = TESS_CODEC_AAC};
	assert_string_equal(reconcile(&fixture), "");
	fixture.desired->publisher_count = 0;
	assert_string_equal(reconcile(&fixture), "-user-7 ");
	close_fixture(&fixture);
	tess_ring_writer_free(ring);
	tess_inputs_free(inputs);
}

static void the_fingerprint_tells_changes_of_state(void **state)
{
	struct fixture fixture;
	uint64_t before;

	(void)state;
	open_fixture(&fixture);
	(void)want_publisher(&fixture, 10);
	(void)reconcile(&fixture);
	before = tess_room_fingerprint(fixture.room, START_US);
	assert_true(before == tess_room_fingerprint(fixture.room, START_US + 500000));
	(void)want_mix(&fixture, 1);
	(void)reconcile(&fixture);
	assert_true(before != tess_room_fingerprint(fixture.room, START_US));
	before = tess_room_fingerprint(fixture.room, START_US);
	/* starting to running, once sound has come out of the encoder */
	for (int64_t now_us = START_US + 2000; now_us < START_US + 200000; now_us += 20000)
		(void)tess_room_step(fixture.room, now_us);
	assert_true(before != tess_room_fingerprint(fixture.room, START_US));
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_begin_and_end),
		cmocka_unit_test(an_old_epoch_changes_nothing),
		cmocka_unit_test(whoever_goes_to_another_room_leaves_this_one),
		cmocka_unit_test(a_mix_too_many_waits_for_a_place),
		cmocka_unit_test(a_users_stream_ends),
		cmocka_unit_test(the_fingerprint_tells_changes_of_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
