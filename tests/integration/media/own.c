/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/own.c - what users send as streams of their own: the pictures byte for
 * byte, the sound as AAC, both on one time line; with losses, and with pictures that come late and
 * go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "pipeline/mux/h264.h"
#include "pipeline/stream/annexb.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/tone.h"

#define MAX_PICTURES 256
#define MAX_RINGS    4
#define PICTURE_US   (1000000.0 / 15)

/* One ring as it was read. */
struct ring {
	uint64_t epoch;
	struct tess_stream_info info;
	struct judge *judge;
	unsigned pictures, sounds, discontinuities;
	int64_t first_us, last_us; /* dts of all */
};

struct watch {
	struct ring rings[MAX_RINGS];
	unsigned ring_count;
	bool look; /* decode the pictures */

	/* pictures as written */
	uint8_t *bytes[MAX_PICTURES];
	size_t lengths[MAX_PICTURES];
	int64_t pts_us[MAX_PICTURES];
	bool keys[MAX_PICTURES], cuts[MAX_PICTURES];
	unsigned count;
	int64_t sound_us; /* pts of the last sound */

	/* as seen and heard */
	struct tess_tone_detector detector;
	int64_t flashes_us[16], beeps_us[16];
	unsigned flash_count, beep_count, seen;
	bool flashing;
	float pcm[48000];
	size_t pcm_frames;
	json_t *facts;
};

static void on_beep(void *arg, int64_t pts_us)
{
	struct watch *watch = arg;

	assert_true(watch->beep_count < 16);
	watch->beeps_us[watch->beep_count++] = pts_us;
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct watch *watch = arg;

	(void)right;
	tess_tone_detector_feed(&watch->detector, pts_us, left, frames);
	/* the second after the first one */
	if (pts_us < TESS_MEDIA_REPLAY_START_US + 1300000)
		return;
	for (unsigned i = 0; i < frames && watch->pcm_frames < 24000; i++)
		watch->pcm[watch->pcm_frames++] = left[i];
}

/* What is decoded is whole, and says itself when it was captured. */
static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct tess_rect all = {0, 0, (int32_t)picture->width, (int32_t)picture->height};
	struct watch *watch = arg;
	struct tess_test_pattern pattern;

	assert_int_equal(tess_test_pattern_read(&pattern, picture, &all, TESS_RENDER_CROP,
						picture->width, picture->height),
			 0);
	assert_in_range(pts_us - TESS_MEDIA_REPLAY_START_US - pattern.time_us + 10000, 0, 40000);
	watch->seen++;
	if (pattern.flash && !watch->flashing)
		watch->flashes_us[watch->flash_count++] = pts_us;
	watch->flashing = pattern.flash;
}

static struct ring *ring_of(struct watch *watch, uint64_t epoch,
			    const struct tess_stream_info *info)
{
	const struct judge_handlers handlers = {
		.picture = watch->look ? on_picture : NULL, .sound = on_sound, .arg = watch};
	struct ring *ring;

	if (watch->ring_count) {
		ring = &watch->rings[watch->ring_count - 1];
		if (ring->epoch == epoch)
			return ring;
		assert_true(epoch > ring->epoch);
	}
	assert_true(watch->ring_count < MAX_RINGS);
	ring = &watch->rings[watch->ring_count++];
	*ring = (struct ring){.epoch = epoch, .info = *info, .judge = judge_open(&handlers)};
	return ring;
}

static void keep_picture(struct watch *watch, const struct tess_au *au)
{
	unsigned i = watch->count++;

	assert_true(i < MAX_PICTURES);
	watch->bytes[i] = malloc(au->length);
	memcpy(watch->bytes[i], au->data, au->length);
	watch->lengths[i] = au->length;
	watch->pts_us[i] = au->pts_us;
	watch->keys[i] = au->key;
	watch->cuts[i] = au->discontinuity;
}

static void on_au(void *arg, const char *stream, uint64_t epoch,
		  const struct tess_stream_info *info, const struct tess_au *au)
{
	struct watch *watch = arg;
	struct ring *ring;

	if (strcmp(stream, "user-100") != 0)
		return; /* a mix's */
	ring = ring_of(watch, epoch, info);
	if (!ring->pictures && !ring->sounds)
		ring->first_us = au->dts_us;
	ring->last_us = au->dts_us;
	if (au->track == TESS_TRACK_VIDEO) {
		assert_true(info->has_video);
		if (!ring->pictures++)
			assert_true(au->key);
		ring->discontinuities += au->discontinuity;
		/* in the order of time: the next sound is not before it, the last not long before
		 */
		if (ring->sounds)
			assert_in_range(watch->sound_us + 21334 - au->dts_us, 0, 60000);
		keep_picture(watch, au);
	} else {
		assert_true(info->has_audio);
		assert_false(au->discontinuity);
		/* without a hole, in one ring and from one to the next */
		if (watch->sound_us)
			assert_in_range(au->pts_us - watch->sound_us, 21332, 21335);
		watch->sound_us = au->pts_us;
		ring->sounds++;
	}
	judge_au(ring->judge, info, au);
}

static void on_facts(void *arg, int64_t now_us, const struct tess_media_facts *facts)
{
	struct tess_media_facts *all[1] = {(struct tess_media_facts *)facts};
	struct watch *watch = arg;

	(void)now_us;
	json_decref(watch->facts);
	watch->facts = tess_media_facts_message(all, 1, NULL, 0);
}

static json_int_t counter(const struct watch *watch, const char *name)
{
	const json_t *video = json_object_get(
		json_array_get(json_object_get(watch->facts, "publishers"), 0), "video");
	const json_t *value = json_object_get(json_object_get(video, "counters"), name);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

/* A publisher of whom this is received; takes @p publisher over, which may have less. */
static void run(struct watch *watch, const struct tess_test_publisher *senders, unsigned count,
		double duration_s, json_t *publisher)
{
	const struct tess_test_capture capture = {
		.publishers = senders, .count = count, .duration_s = duration_s, .seed = 3};
	const struct tess_media_replay_handlers handlers = {
		.au = on_au, .facts = on_facts, .arg = watch};
	char path[] = "/tmp/tessera-test-XXXXXX", error[256];
	json_t *scenario = scenario_new();
	int fd = mkstemp(path);

	tess_log_init("test", TESS_LOG_WARN);
	assert_true(fd >= 0);
	(void)close(fd);
	tess_tone_detector_init(&watch->detector, 48000, 1, 1000, 0.25, on_beep, watch);
	assert_int_equal(json_object_set_new(publisher, "stream", json_string("user-100")), 0);
	scenario_step(scenario, 0, scenario_desired(json_pack("[o]", publisher), json_array()));
	assert_int_equal(tess_test_capture_write(path, &capture), 0);
	if (tess_media_replay(path, scenario, &handlers, error, sizeof(error)))
		fail_msg("%s", error);
	(void)unlink(path);
	json_decref(scenario);
}

static void done(struct watch *watch)
{
	for (unsigned i = 0; i < watch->ring_count; i++)
		judge_close(watch->rings[i].judge);
	for (unsigned i = 0; i < watch->count; i++)
		free(watch->bytes[i]);
	json_decref(watch->facts);
	free(watch);
}

static struct watch *watch_new(void)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	assert_non_null(watch);
	watch->look = true;
	return watch;
}

/* The pictures of the capture once more, each to be found byte for byte. */
static void assert_as_sent(const struct watch *watch, const struct tess_test_publisher *sender)
{
	const struct tess_test_video_config config = {.width = 160, .height = 90};
	struct tess_test_video *video;
	uint8_t *wanted = malloc(1 << 20);

	assert_non_null(wanted);
	assert_int_equal(tess_test_video_open(&video, &config), 0);
	for (unsigned i = 0; i < watch->count; i++) {
		int64_t captured_us = (int64_t)llround(i * PICTURE_US);
		double since_flash_s = fmod(i / 15.0, sender->flash_every_s);
		struct tess_test_pattern pattern = {
			.id = sender->id,
			.time_us = captured_us,
			.flash = i >= 15 && since_flash_s < 0.2 - 1e-6,
		};
		const uint8_t *data;
		size_t length, wanted_length;

		tess_test_pattern_draw(tess_test_video_picture(video), &pattern);
		assert_int_equal(tess_test_video_encode(video, false, &data, &length), 0);
		assert_int_equal(
			tess_annexb_to_lengths(wanted, 1 << 20, &wanted_length, data, length), 0);
		assert_int_equal(watch->lengths[i], wanted_length);
		assert_memory_equal(watch->bytes[i], wanted, wanted_length);
		assert_in_range(watch->pts_us[i] - TESS_MEDIA_REPLAY_START_US - captured_us + 2000,
				0, 4000);
	}
	tess_test_video_close(video);
	free(wanted);
}

static void test_as_sent(void **state)
{
	struct watch *watch = watch_new();
	struct tess_test_publisher sender = scenario_publisher(0);
	const struct ring *ring = &watch->rings[0];

	(void)state;
	sender.flash_every_s = 1;
	run(watch, &sender, 1, 4, scenario_desired_publisher(0, 1));
	assert_int_equal(watch->ring_count, 1);
	assert_int_equal(ring->info.width, 160);
	assert_int_equal(ring->info.height, 90);
	assert_true(ring->info.has_video && ring->info.has_audio);
	assert_int_equal(ring->info.audio_rate, 48000);
	/* the first key frame is the first picture; what is sent last is written too */
	assert_int_equal(watch->count, 60);
	assert_int_equal(watch->seen, 60);
	assert_int_equal(ring->discontinuities, 0);
	assert_as_sent(watch, &sender);
	/* the tone as loud as it was sent, and sound and picture together */
	assert_int_equal(watch->pcm_frames, 24000);
	assert_true(fabs(tess_tone_db(tess_tone_level(watch->pcm, watch->pcm_frames, 1, 0, 48000,
						      sender.tone_hz),
				      sender.tone_level)) < 0.5);
	assert_int_equal(watch->flash_count, 3);
	assert_int_equal(watch->beep_count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(watch->flashes_us[i] - watch->beeps_us[i] + 40000, 0, 80000);
	assert_int_equal(counter(watch, "stream_waiting"), 0);
	assert_int_equal(counter(watch, "decoder_overflow"), 0);
	done(watch);
}

/* What came after a loss is left out up to the next key frame, which says so; what is there decodes
 * without a fault (the judge's decoder takes none). */
static void test_losses(void **state)
{
	struct watch *watch = watch_new();
	struct tess_test_publisher sender = scenario_publisher(0);
	unsigned holes = 0, cuts = 0;

	(void)state;
	sender.loss_percent = 3;
	sender.reorder_percent = 5;
	sender.video.gop_frames = 5;
	run(watch, &sender, 1, 6, scenario_desired_publisher(0, 1));
	assert_int_equal(watch->ring_count, 1);
	assert_in_range(watch->count, 30, 89);
	assert_int_equal(watch->seen, watch->count);
	for (unsigned i = 1; i < watch->count; i++) {
		bool hole = watch->pts_us[i] - watch->pts_us[i - 1] > 1.5 * PICTURE_US;

		/* also where but the parameter sets before a key frame were lost */
		if (watch->cuts[i])
			assert_true(watch->keys[i]);
		if (hole)
			assert_true(watch->cuts[i]);
		holes += hole;
		cuts += watch->cuts[i];
	}
	assert_in_range(holes, 1, 40);
	assert_int_equal(watch->rings[0].discontinuities, cuts);
	assert_true(counter(watch, "stream_waiting") > 0);
	done(watch);
}

/* Another size, and a sender that begins anew: the ring goes on, with the sets in the pictures. */
static void test_changes(void **state)
{
	struct watch *watch = watch_new();
	struct tess_test_publisher sender = scenario_publisher(0);
	unsigned sets = 0;

	(void)state;
	sender.resize_at_s = 1;
	sender.resize_width = 240;
	sender.resize_height = 136;
	sender.ssrc_change_at_s = 2;
	run(watch, &sender, 1, 3, scenario_desired_publisher(0, 1));
	assert_int_equal(watch->ring_count, 1);
	assert_in_range(watch->count, 43, 45);
	assert_int_equal(watch->seen, watch->count);
	for (unsigned i = 0; i < watch->count; i++) {
		struct tess_h264_config config;

		if (!watch->keys[i])
			continue;
		assert_int_equal(
			tess_h264_config_from_au(&config, watch->bytes[i], watch->lengths[i]), 0);
		assert_int_equal(config.sps.width, i < 15 ? 160 : 240);
		sets++;
	}
	assert_in_range(sets, 3, 4);
	done(watch);
}

static json_t *only(const char *left_out)
{
	json_t *publisher = scenario_desired_publisher(0, 1);

	assert_int_equal(json_object_set_new(publisher, left_out, json_null()), 0);
	return publisher;
}

static void test_one_track(void **state)
{
	const struct tess_test_publisher sender = scenario_publisher(0);
	struct watch *watch = watch_new();

	(void)state;
	run(watch, &sender, 1, 2, only("audio"));
	assert_int_equal(watch->ring_count, 1);
	assert_false(watch->rings[0].info.has_audio);
	assert_int_equal(watch->count, 30);
	assert_int_equal(watch->rings[0].sounds, 0);
	done(watch);
	watch = watch_new();
	run(watch, &sender, 1, 2, only("video"));
	assert_int_equal(watch->ring_count, 1);
	assert_false(watch->rings[0].info.has_video);
	assert_in_range(watch->rings[0].sounds, 130, 145);
	assert_int_equal(watch->pcm_frames, 24000);
	assert_true(fabs(tess_tone_db(tess_tone_level(watch->pcm, watch->pcm_frames, 1, 0, 48000,
						      sender.tone_hz),
				      sender.tone_level)) < 0.5);
	done(watch);
}

/* Sound alone; a picture from 2.5 s to 4 s; sound alone from 5 s after the last picture on. */
static void test_pictures_come_and_go(void **state)
{
	struct tess_test_publisher senders[2] = {scenario_publisher(0), scenario_publisher(0)};
	struct watch *watch = watch_new();
	const struct ring *rings = watch->rings;
	int64_t start_us = TESS_MEDIA_REPLAY_START_US;

	(void)state;
	senders[0].video_port = 0;
	senders[1].audio_port = 0;
	senders[1].start_s = 2.5;
	senders[1].stop_s = 4;
	senders[1].no_sender_reports = senders[0].no_sender_reports = true;
	watch->look = false; /* a capture that begins later counts its pictures' time otherwise */
	run(watch, senders, 2, 11, scenario_desired_publisher(0, 1));
	assert_int_equal(watch->ring_count, 3);
	assert_false(rings[0].info.has_video);
	assert_true(rings[1].info.has_video);
	assert_false(rings[2].info.has_video);
	for (unsigned i = 0; i < 3; i++)
		assert_true(rings[i].info.has_audio && rings[i].sounds);
	assert_in_range(rings[0].first_us - start_us, 700000, 1100000);
	assert_int_equal(rings[1].pictures, 23);
	assert_int_equal(rings[1].discontinuities, 0);
	assert_in_range(watch->pts_us[0] - start_us, 2490000, 2510000);
	assert_in_range(rings[2].first_us - start_us, 8700000, 9200000);
	assert_in_range(rings[2].last_us - start_us, 11500000, 12100000);
	done(watch);
}

/* Nobody asked for it: no ring, nothing is decoded for it. */
static void test_not_wanted(void **state)
{
	const struct tess_test_publisher sender = scenario_publisher(0);
	struct scenario_result result;
	const struct tess_test_capture capture = {
		.publishers = &sender, .count = 1, .duration_s = 1, .seed = 3};
	const struct judge_handlers handlers = {0};
	json_t *scenario = scenario_new();

	(void)state;
	scenario_step(
		scenario, 0,
		scenario_desired(json_pack("[o]", scenario_desired_publisher(0, 1)), json_array()));
	result = scenario_run(&capture, scenario, &handlers);
	assert_int_equal(result.streams, 0);
	json_decref(result.facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_sent),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_one_track),
		cmocka_unit_test(test_pictures_come_and_go),
		cmocka_unit_test(test_not_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
