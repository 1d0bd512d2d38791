/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/publisher.c - a publisher's ports, its state, the reports that go back
 * and where to, key frames asked for, and how often it is looked at.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/firmware/media/publisher_fixture.h"

static void states_and_idle_time(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	assert_int_equal(fixture.net->open, 4);
	fixture.now_us += 700000;
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_WAITING);
	assert_int_equal(facts_of(&fixture).idle_us, 700000); /* since it was opened */
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_RECEIVING);
	assert_int_equal(facts_of(&fixture).idle_us, 66667);
	assert_int_equal(facts_of(&fixture).video.rtp.access_units, 2);
	fixture.now_us += 2000000;
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_STALLED);
	tess_publisher_measure(fixture.publisher, fixture.now_us);
	assert_true(facts_of(&fixture).video.bitrate_bps > 0);
	close_fixture(&fixture);
}

static void a_port_that_is_taken_is_tried_again(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	fixture.net->taken[20001] = true;
	open_publisher(&fixture);
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_ERROR);
	assert_int_equal(facts_of(&fixture).error, -EADDRINUSE);
	fixture.net->taken[20001] = false;
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_WAITING);
	assert_int_equal(fixture.net->open, 4);
	close_fixture(&fixture);
}

/* The network is told whose packets are wanted, when that is known and when it changes. */
static void the_source_is_told(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(fixture.net->told, 0);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(fixture.net->told, 2);
	assert_int_equal(fixture.net->sources[20000], 0x11223344);
	assert_int_equal(fixture.net->sources[20001], 0x11223344);
	fixture.sender.config.ssrc = 0x55667788;
	for (unsigned i = 0; i < 20; i++)
		send_picture(&fixture, true);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(fixture.net->told, 4);
	assert_int_equal(fixture.net->sources[20000], 0x55667788);
	close_fixture(&fixture);
}

static void asks_for_a_key_frame_at_the_source_of_the_reports(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	/* no report has come: the next port of the sender, RFC 3550 §11 */
	assert_true(fixture.net->sent > 0);
	assert_true(sent_rtcp(&fixture, 206, 1)); /* PLI, RFC 4585 §6.3.1 */
	assert_true(sent_rtcp(&fixture, 201, 0)); /* in a compound with a receiver report */
	assert_int_equal(fixture.net->local_port, 20001);
	assert_int_equal(fixture.net->remote_port, 7001);
	/* then to where the reports come from */
	tess_rtp_sender_report(&fixture.sender, fixture.now_us, fixture.now_us);
	fixture.now_us += 6000000;
	send_picture(&fixture, false);
	fixture.net->sent = 0;
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_true(fixture.net->sent > 0);
	assert_int_equal(fixture.net->remote_port, 7009);
	/* of one that was started anew the next port again, until it reports */
	fixture.rtp_from = 7100;
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	fixture.net->sent = 0;
	fixture.now_us += 1000000;
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_true(sent_rtcp(&fixture, 206, 1));
	assert_int_equal(fixture.net->remote_port, 7101);
	/* one whose report comes before its first packet has told already */
	fixture.rtp_from = 7200;
	fixture.rtcp_from = 7209;
	tess_rtp_sender_report(&fixture.sender, fixture.now_us, fixture.now_us);
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	fixture.now_us += 1000000;
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(fixture.net->remote_port, 7209);
	/* without packets to send it is counted, and the key frame asked for later */
	fixture.net->no_packets = true;
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(facts_of(&fixture).video.counters.rtcp_unsent, 1);
	close_fixture(&fixture);
}

static void video_goes_and_comes_back_while_audio_stays(void **state)
{
	struct tess_desired_publisher without;
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	without = fixture.desired;
	without.video = (struct tess_desired_media){0};
	tess_publisher_update(fixture.publisher, &without, fixture.now_us);
	look(&fixture, true);
	assert_int_equal(fixture.net->open, 2);
	assert_false(facts_of(&fixture).video.present);
	assert_true(facts_of(&fixture).audio.present);
	assert_int_equal(fixture.fake.decoders_open, 0);
	tess_publisher_update(fixture.publisher, &fixture.desired, fixture.now_us);
	look(&fixture, true);
	assert_int_equal(fixture.net->open, 4);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 4);
	close_fixture(&fixture);
}

static void pictures_remember_their_arrival(void **state)
{
	struct tess_surface *surface;
	struct fixture fixture;
	int64_t arrival_us;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, true);
	arrival_us = fixture.now_us;
	send_picture(&fixture, false);
	surface = tess_video_source_pick(fixture.tile->pictures, fixture.now_us + 1000000);
	assert_non_null(surface);
	assert_int_equal(tess_publisher_arrival_us(fixture.publisher, surface->capture_us),
			 arrival_us);
	assert_int_equal(tess_publisher_arrival_us(fixture.publisher, surface->capture_us + 1), 0);
	close_fixture(&fixture);
}

static void whose_pictures_are_late_is_looked_at_more_often(void **state)
{
	static const uint8_t other[] = {0, 0, 0, 1, 0x41, 0x9a, 0x02, 0x33};
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us), INT64_MAX);
	/* one that comes 60 ms late would be decoded too late if nobody looked for 70 ms */
	tess_rtp_sender_h264(&fixture.sender, fixture.now_us - 60000, other, sizeof(other));
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us),
			 fixture.now_us + 20000);
	fixture.now_us += 4999999;
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us),
			 fixture.now_us + 20000);
	fixture.now_us += 1;
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us), INT64_MAX);
	close_fixture(&fixture);
}

static void whom_another_room_wants_is_looked_at_more_often(void **state)
{
	struct fixture fixture;
	struct tess_line *line;

	(void)state;
	open_fixture(&fixture);
	assert_int_equal(tess_bridge_alloc(&fixture.context.bridge), 0);
	assert_int_equal(tess_line_open(&line, fixture.context.bridge, fixture.desired.id), 0);
	open_publisher(&fixture);
	look(&fixture, false);
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us), INT64_MAX);
	tess_line_want(line, NULL, 0, true);
	look(&fixture, false);
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us),
			 fixture.now_us + 20000);
	tess_line_close(line);
	look(&fixture, false);
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us), INT64_MAX);
	tess_publisher_close(fixture.publisher);
	fixture.publisher = NULL;
	tess_bridge_free(fixture.context.bridge);
	close_fixture(&fixture);
}

static void pictures_of_a_stream_are_looked_for_while_they_come(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	memcpy(fixture.desired.stream, "alices", sizeof("alices"));
	fixture.desired.audio.present = false;
	open_publisher(&fixture);
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us), INT64_MAX);
	send_picture(&fixture, true);
	fixture.clock.clock.advance_to(&fixture.clock.clock, fixture.now_us);
	send_picture(&fixture, false);
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us),
			 fixture.now_us + 20000);
	fixture.now_us += 3000000;
	assert_int_equal(tess_publisher_step(fixture.publisher, fixture.now_us), INT64_MAX);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_and_idle_time),
		cmocka_unit_test(a_port_that_is_taken_is_tried_again),
		cmocka_unit_test(the_source_is_told),
		cmocka_unit_test(asks_for_a_key_frame_at_the_source_of_the_reports),
		cmocka_unit_test(video_goes_and_comes_back_while_audio_stays),
		cmocka_unit_test(pictures_remember_their_arrival),
		cmocka_unit_test(whose_pictures_are_late_is_looked_at_more_often),
		cmocka_unit_test(whom_another_room_wants_is_looked_at_more_often),
		cmocka_unit_test(pictures_of_a_stream_are_looked_for_while_they_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
