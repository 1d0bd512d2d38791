/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/engines.c - two devices, of which one is lost while a mix works on it:
 * the stream goes on, and the pictures of publishers who send a key frame each 4 s are there again
 * long before the next one. The devices are the software engine twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/engine_soft/engine_soft.h"
#include "tests/integration/media/scenario.h"

#define PUBLISHERS 4
#define DURATION_S 8
#define HALF_US	   (INT64_C(500000) / 15)
#define MAX_AGE_US (HALF_US + TESS_TEST_PATTERN_UNIT_US + 1000)
/* of the mix's 15 a second, in the midst of a group of pictures of all publishers */
#define LOST_AT_PICTURE 45

/* What the devices do; each run of the test sets it anew. */
static struct {
	unsigned pictures; /* encoded by both */
	unsigned lost_at;  /* device "0" is gone from this picture on; 0: never */
	unsigned opened, closed;
} twins;

static struct tess_engine_driver twin, second;

static bool is_lost(const struct tess_engine_driver *driver)
{
	return driver == &twin && twins.lost_at && twins.pictures >= twins.lost_at;
}

static unsigned devices(char (*names)[TESS_ENGINE_DEVICE_MAX], unsigned max)
{
	assert_true(max >= 2);
	memcpy(names[0], "0", 2);
	memcpy(names[1], "1", 2);
	return 2;
}

static int open_twin(struct tess_engine **enginep, const struct tess_engine_config *config)
{
	int error;

	if (!strcmp(config->device, "0") && is_lost(&twin))
		return -ENODEV;
	error = tess_engine_soft.open(enginep, &(struct tess_engine_config){0});
	assert_int_equal(error, 0);
	(*enginep)->driver = strcmp(config->device, "0") ? &second : &twin;
	twins.opened++;
	return 0;
}

static void close_twin(struct tess_engine *engine)
{
	struct tess_engine_stats stats;

	if (!engine)
		return;
	/* nothing of a lost device is held on to */
	tess_engine_soft.stats(engine, &stats);
	assert_int_equal(stats.surfaces_live, 0);
	twins.closed++;
	tess_engine_soft.close(engine);
}

static int decode_on_twin(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			  int64_t capture_us, struct tess_surface **surfacep)
{
	if (!is_lost(&twin))
		return tess_engine_soft.decoder_decode(decoder, data, length, capture_us, surfacep);
	*surfacep = NULL;
	return -ENODEV;
}

static int draw_on_twin(struct tess_compositor *compositor, const struct tess_scene *scene,
			struct tess_surface **surfacep)
{
	return is_lost(&twin) ? -ENODEV
			      : tess_engine_soft.compositor_draw(compositor, scene, surfacep);
}

static int encode(struct tess_encoder *encoder, struct tess_surface *surface, int64_t pts_us,
		  bool force_key, struct tess_encoded *encoded)
{
	twins.pictures++;
	return tess_engine_soft.encoder_encode(encoder, surface, pts_us, force_key, encoded);
}

/* Other parameter sets than the first one's: the frame rate stands in them. */
static int open_other_encoder(struct tess_encoder **encoderp, struct tess_engine *engine,
			      const struct tess_encoder_config *config)
{
	struct tess_encoder_config other = *config;

	other.frame_rate++;
	return tess_engine_soft.encoder_open(encoderp, engine, &other);
}

static const struct tess_engine_driver *const *make_twins(unsigned lost_at)
{
	static const struct tess_engine_driver *const drivers[] = {&twin, &tess_engine_soft, NULL};

	memset(&twins, 0, sizeof(twins));
	twins.lost_at = lost_at;
	second = tess_engine_soft;
	second.name = "twin";
	second.devices = devices;
	second.open = open_twin;
	second.close = close_twin;
	second.encoder_open = open_other_encoder;
	second.encoder_encode = encode;
	twin = second;
	twin.encoder_open = tess_engine_soft.encoder_open;
	twin.decoder_decode = decode_on_twin;
	twin.compositor_draw = draw_on_twin;
	return drivers;
}

struct watcher {
	unsigned pictures, missing;
	int64_t last_us, last_sound_us;
	int64_t first_whole_us; /* the first picture with all of them */
	int64_t last_broken_us; /* the last one without */
};

static bool is_whole(const struct tess_test_i420 *picture, int64_t pts_us)
{
	for (unsigned i = 0; i < PUBLISHERS; i++) {
		const struct tess_rect rect = {(int32_t)(i % 2) * 320, (int32_t)(i / 2) * 180, 320,
					       180};
		struct tess_test_pattern pattern;

		if (tess_test_pattern_read(&pattern, picture, &rect, TESS_RENDER_CROP, 160, 90))
			return false;
		assert_int_equal(pattern.id, i);
		assert_true(pattern.time_us <= pts_us + HALF_US);
		if (pattern.time_us < pts_us - MAX_AGE_US)
			return false;
	}
	return true;
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct watcher *watcher = arg;

	if (watcher->pictures++) {
		int64_t intervals = (pts_us - watcher->last_us + 33333) / 66667;

		assert_in_range(intervals, 1, 2);
		watcher->missing += (unsigned)intervals - 1;
	}
	watcher->last_us = pts_us;
	if (!is_whole(picture, pts_us))
		watcher->last_broken_us = pts_us;
	else if (!watcher->first_whole_us)
		watcher->first_whole_us = pts_us;
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct watcher *watcher = arg;

	(void)left;
	(void)right;
	(void)frames;
	if (watcher->last_sound_us)
		assert_in_range(pts_us - watcher->last_sound_us, 21332, 21335);
	watcher->last_sound_us = pts_us;
}

/* Four publishers, and a mix of them from @p mix_ms on. */
static struct scenario_result run(struct watcher *watcher, unsigned mix_ms,
				  const struct tess_engine_driver *const *drivers)
{
	struct tess_test_publisher senders[PUBLISHERS];
	const struct tess_test_capture capture = {
		.publishers = senders, .count = PUBLISHERS, .duration_s = DURATION_S, .seed = 3};
	const struct judge_handlers handlers = {
		.picture = on_picture, .sound = on_sound, .arg = watcher};
	json_t *scenario = scenario_new(), *publishers = json_array();

	for (unsigned id = 0; id < PUBLISHERS; id++) {
		senders[id] = scenario_publisher(id);
		senders[id].video = (struct tess_test_video_config){
			.width = 160, .height = 90, .gop_frames = 60};
		json_array_append_new(publishers, scenario_desired_publisher(id, id + 1));
	}
	if (mix_ms)
		scenario_step(scenario, 0,
			      scenario_desired(json_deep_copy(publishers), json_array()));
	scenario_step(
		scenario, mix_ms,
		scenario_desired(publishers, json_pack("[o]", scenario_desired_mix(640, 360))));
	json_object_set_new(scenario, "end_ms", json_integer(DURATION_S * 1000));
	*watcher = (struct watcher){0};
	return scenario_run_on(&capture, scenario, &handlers, drivers);
}

static void a_lost_device_breaks_no_stream(void **state)
{
	const struct tess_engine_driver *const *drivers = make_twins(LOST_AT_PICTURE);
	struct scenario_result result;
	struct watcher watcher;
	int64_t lost_us;

	(void)state;
	result = run(&watcher, 0, drivers);
	assert_int_equal(result.streams, 1);
	/* a decoder finds out before the canvas is drawn again: not a picture is missing */
	assert_int_equal(watcher.missing, 0);
	assert_int_equal(watcher.pictures, DURATION_S * 15 + 1);
	/* all are there again within a second, the key frame would have been at 4 s */
	lost_us = (LOST_AT_PICTURE - 1) * INT64_C(66667) - SCENARIO_DELAY_MS * 1000 - HALF_US;
	assert_in_range(watcher.last_broken_us, lost_us, lost_us + 500000);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "draw_errors"), 0);
	for (unsigned i = 0; i < PUBLISHERS; i++) {
		assert_int_equal(
			scenario_counter(&result, "publishers", i, "video", "decode_errors"), 0);
		assert_int_equal(
			scenario_counter(&result, "publishers", i, "video", "waiting_for_key"), 0);
	}
	assert_int_equal(
		json_integer_value(json_object_get(
			json_array_get(json_object_get(result.facts, "mixes"), 0), "engine")),
		1);
	assert_int_equal(twins.opened, 2);
	assert_int_equal(twins.closed, 2);
	json_decref(result.facts);
}

static void a_mix_in_the_midst_shows_all_at_once(void **state)
{
	struct scenario_result result;
	struct watcher watcher;

	(void)state;
	/* key frames at 0 and 4 s */
	result = run(&watcher, 3000, make_twins(0));
	assert_int_equal(result.streams, 1);
	assert_int_equal(watcher.missing, 0);
	/* its first picture is of 3 s - delay; all is there within 500 ms of the start */
	assert_true(watcher.first_whole_us > 0);
	assert_true(watcher.first_whole_us + SCENARIO_DELAY_MS * 1000 + HALF_US <= 3500000);
	assert_true(watcher.last_broken_us < watcher.first_whole_us);
	json_decref(result.facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_device_breaks_no_stream),
		cmocka_unit_test(a_mix_in_the_midst_shows_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
