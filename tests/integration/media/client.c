/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/client.c - the layouts of mixes that users start, as they are seen and
 * heard: their desired state is made from the clients' own parameters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/compose/color.h"
#include "firmware/control/cloud/client_config.h"
#include "firmware/control/jobs/mix_images.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/images.h"
#include "tests/support/tone.h"

#define END_MS 4500
/* u3, the screen of u0, is shared in this time */
#define SHARED_MS   1510
#define UNSHARED_MS 3010
#define BLACK	    -1

/* Where to look, and who was there: early, while the screen is shared, and late. */
struct watch {
	struct tess_rect rects[3];
	enum tess_render render;
	unsigned rect_count;
	unsigned pictures;
	int seen[3][3];
	float pcm[2][24000];
	unsigned frames[2];
	/* and what colour was here, early */
	struct tess_rect spots[5];
	unsigned spot_count;
	uint8_t means[5][3];
};

static int look(const struct tess_test_i420 *picture, const struct tess_rect *rect,
		enum tess_render render)
{
	struct tess_test_pattern pattern;
	uint8_t mean[3];

	if (!tess_test_pattern_read(&pattern, picture, rect, render, 160, 90))
		return (int)pattern.id;
	tess_test_i420_mean(mean, picture, rect);
	assert_true(mean[0] <= 18);
	return BLACK;
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	static const int64_t moments_us[] = {1200000, 2500000, 4000000};
	struct watch *watch = arg;

	watch->pictures++;
	for (unsigned m = 0; m < 3; m++) {
		if (pts_us < moments_us[m] || pts_us >= moments_us[m] + 66666)
			continue;
		for (unsigned i = 0; i < watch->rect_count; i++)
			watch->seen[m][i] = look(picture, &watch->rects[i], watch->render);
		for (unsigned i = 0; i < watch->spot_count && m == 0; i++)
			tess_test_i420_mean(watch->means[i], picture, &watch->spots[i]);
	}
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct watch *watch = arg;

	(void)right;
	for (unsigned part = 0; part < 2; part++) {
		if (pts_us < (part ? 2200000 : 800000))
			continue;
		for (unsigned i = 0; i < frames && watch->frames[part] < 24000; i++)
			watch->pcm[part][watch->frames[part]++] = left[i];
	}
}

/* As control does, but that the key of a picture is its id or address. */
static int name_picture(void *arg, const struct tess_mix_image_at *image)
{
	json_t *key =
		image->url ? json_string(image->url) : json_sprintf("%lld", (long long)image->id);

	(void)arg;
	return json_object_set_new(image->object, image->member, key);
}

/* What control makes of the config, in the words of the link. */
static json_t *mix_of(const char *config_text)
{
	const struct tess_client client = {
		.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
		.user = "u0",
		.screen = {.publisher = 103, .width = 640, .height = 480}};
	json_t *config = json_loads(config_text, 0, NULL), *mix = scenario_desired_mix(2, 2), *json;
	struct tess_mix_request request;
	struct tess_cloud_error error;

	if (tess_client_config_parse(&request, &client, config, &error))
		fail_msg("%s", error.message);
	json = tess_mix_request_to_json(&request);
	assert_non_null(json);
	assert_int_equal(json_object_update(mix, json), 0);
	json_decref(json);
	json_decref(config);
	assert_int_equal(tess_mix_images(mix, name_picture, NULL), 0);
	return mix;
}

static json_t *desired(const char *config, bool shared)
{
	json_t *publishers = json_array();

	for (unsigned id = 0; id < 3; id++)
		json_array_append_new(publishers, scenario_desired_publisher(id, id + 1));
	if (shared) {
		json_t *screen = scenario_desired_publisher(3, 9);

		json_object_set_new(screen, "user", json_string("u0"));
		json_object_set_new(screen, "stream_type", json_string("aux"));
		json_array_append_new(publishers, screen);
	}
	return scenario_desired(publishers, json_pack("[o]", mix_of(config)));
}

static void run_pictures(struct watch *watch, const char *config,
			 const struct tess_media_replay_picture *pictures)
{
	struct tess_test_publisher senders[4];
	const struct tess_test_capture capture = {
		.publishers = senders, .count = 4, .duration_s = END_MS / 1000.0, .seed = 4};
	const struct judge_handlers handlers = {
		.picture = on_picture, .sound = on_sound, .arg = watch};
	json_t *scenario = scenario_new();
	struct scenario_result result;

	for (unsigned id = 0; id < 4; id++)
		senders[id] = scenario_publisher(id);
	senders[3].start_s = SHARED_MS / 1000.0 + 0.05;
	scenario_step(scenario, 0, desired(config, false));
	scenario_step(scenario, SHARED_MS, desired(config, true));
	scenario_step(scenario, UNSHARED_MS, desired(config, false));
	json_object_set_new(scenario, "end_ms", json_integer(END_MS));
	result = scenario_run_pictures(&capture, scenario, &handlers, NULL, pictures);
	assert_int_equal(result.streams, 1);
	json_decref(result.facts);
}

static void run(struct watch *watch, const char *config)
{
	run_pictures(watch, config, NULL);
}

/* whether each of u0 to u2 and the screen is heard, at its full level */
static void assert_heard(const struct watch *watch, unsigned part, const char *expected)
{
	for (unsigned id = 0; id < 4; id++) {
		double level =
			tess_tone_level(watch->pcm[part], 24000, 1, 0, 48000, scenario_tone_hz(id));

		if (expected[id] == '1')
			assert_true(fabs(tess_tone_db(level, 0.05)) <= 1);
		else
			assert_true(level < 0.0005);
	}
}

static void pure_audio(void **state)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	(void)state;
	assert_non_null(watch);
	run(watch, "{\"mode\":\"PureAudio\"}");
	assert_int_equal(watch->pictures, 0);
	assert_heard(watch, 0, "1110");
	assert_heard(watch, 1, "1110"); /* of a screen only the picture is taken */
	free(watch);
}

static void preset_layout(void **state)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	(void)state;
	assert_non_null(watch);
	watch->render = TESS_RENDER_CROP;
	watch->rect_count = 3;
	watch->rects[0] = (struct tess_rect){0, 0, 320, 180};
	watch->rects[1] = (struct tess_rect){320, 0, 320, 180};
	watch->rects[2] = (struct tess_rect){0, 180, 320, 180};
	run(watch, "{\"mode\":3,\"videoWidth\":640,\"videoHeight\":360,\"videoBitrate\":1500,"
		   "\"mixUsers\":["
		   "{\"userId\":\"$PLACE_HOLDER_REMOTE$\",\"width\":320,\"height\":180},"
		   "{\"userId\":\"$PLACE_HOLDER_LOCAL_MAIN$\",\"x\":320,\"width\":320,"
		   "\"height\":180},"
		   "{\"userId\":\"$PLACE_HOLDER_LOCAL_SUB$\",\"y\":180,\"width\":320,"
		   "\"height\":180}]}");
	/* the first of the others has the one place for them; the second is heard */
	assert_int_equal(watch->seen[0][0], 1);
	assert_int_equal(watch->seen[0][1], 0);
	assert_int_equal(watch->seen[0][2], BLACK);
	assert_int_equal(watch->seen[1][0], 1);
	assert_int_equal(watch->seen[1][2], 3);
	assert_int_equal(watch->seen[2][2], BLACK);
	assert_heard(watch, 0, "1110");
	assert_heard(watch, 1, "1110");
	free(watch);
}

static void screen_sharing(void **state)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	(void)state;
	assert_non_null(watch);
	/* 640 x 480: a picture of 16:9 is shown whole, with a bar above and below */
	watch->render = TESS_RENDER_FIT;
	watch->rect_count = 1;
	watch->rects[0] = (struct tess_rect){0, 0, 640, 480};
	run(watch, "{\"mode\":4}");
	assert_int_equal(watch->seen[0][0], 0);
	assert_int_equal(watch->seen[1][0], 3);
	assert_int_equal(watch->seen[2][0], 0);
	assert_heard(watch, 0, "1110");
	assert_heard(watch, 1, "1110");
	free(watch);
}

static void manual(void **state)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	(void)state;
	assert_non_null(watch);
	watch->render = TESS_RENDER_CROP;
	watch->rect_count = 2;
	watch->rects[0] = (struct tess_rect){0, 0, 320, 360};
	watch->rects[1] = (struct tess_rect){320, 0, 320, 360};
	run(watch, "{\"mode\":1,\"videoWidth\":640,\"videoHeight\":360,\"videoBitrate\":1500,"
		   "\"mixUsers\":["
		   "{\"userId\":\"u2\",\"width\":320,\"height\":360},"
		   "{\"userId\":\"u0\",\"x\":320,\"width\":320,\"height\":360,\"pureAudio\":true}]"
		   "}");
	assert_int_equal(watch->seen[0][0], 2);
	assert_int_equal(watch->seen[0][1], BLACK);
	/* only who is named is heard */
	assert_heard(watch, 0, "1010");
	free(watch);
}

#define RED   0xff0000
#define GREEN 0x00ff00
#define BLUE  0x0000ff

static void paint(uint8_t rgba[4], uint32_t rgb)
{
	rgba[0] = (uint8_t)(rgb >> 16);
	rgba[1] = (uint8_t)(rgb >> 8);
	rgba[2] = (uint8_t)rgb;
	rgba[3] = 255;
}

static void paint_red(uint8_t rgba[4], unsigned x, unsigned y)
{
	(void)x;
	(void)y;
	paint(rgba, RED);
}

static void paint_green(uint8_t rgba[4], unsigned x, unsigned y)
{
	(void)x;
	(void)y;
	paint(rgba, GREEN);
}

static void paint_blue(uint8_t rgba[4], unsigned x, unsigned y)
{
	(void)x;
	(void)y;
	paint(rgba, BLUE);
}

static void assert_colour(const uint8_t mean[3], uint32_t rgb)
{
	struct tess_compose_yuv yuv = tess_compose_yuv_of_rgb(rgb);
	const uint8_t wanted[] = {yuv.y, yuv.u, yuv.v};

	for (unsigned plane = 0; plane < 3; plane++) {
		if (abs(mean[plane] - wanted[plane]) > 9)
			fail_msg("%u %u %u, not %u %u %u", mean[0], mean[1], mean[2], wanted[0],
				 wanted[1], wanted[2]);
	}
}

/* A picture behind all, in the places of who sends none, and over all. */
static void pictures(void **state)
{
	static tess_test_paint *const paints[] = {paint_red, paint_green, paint_blue};
	static const char *const formats[] = {"jpeg", "png", "bmp"};
	struct tess_media_replay_picture list[4] = {
		{.key = "63"}, {.key = "http://a/place.png"}, {.key = "http://a/mark.bmp"}};
	struct watch *watch = calloc(1, sizeof(*watch));

	(void)state;
	assert_non_null(watch);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t *data;

		list[i].length = tess_test_image(&data, formats[i], 32, 18, paints[i]);
		list[i].data = data;
	}
	watch->render = TESS_RENDER_CROP;
	watch->rect_count = 1;
	watch->rects[0] = (struct tess_rect){0, 0, 320, 180};
	watch->spots[0] = (struct tess_rect){20, 200, 280, 140};  /* nobody's */
	watch->spots[1] = (struct tess_rect){340, 20, 280, 140};  /* sound alone */
	watch->spots[2] = (struct tess_rect){340, 200, 120, 140}; /* not in the room */
	watch->spots[3] = (struct tess_rect){520, 300, 80, 40};	  /* over that */
	watch->spot_count = 4;
	run_pictures(watch,
		     "{\"mode\":1,\"videoWidth\":640,\"videoHeight\":360,\"videoBitrate\":4000,"
		     "\"backgroundImage\":\"63\",\"mixUsers\":["
		     "{\"userId\":\"u2\",\"width\":320,\"height\":180,"
		     "\"image\":\"http://a/place.png\"},"
		     "{\"userId\":\"u0\",\"x\":320,\"width\":320,\"height\":180,"
		     "\"inputType\":3,\"image\":\"http://a/place.png\"},"
		     "{\"userId\":\"u9\",\"x\":320,\"y\":180,\"width\":320,\"height\":180,"
		     "\"zOrder\":15,\"image\":\"http://a/place.png\"},"
		     "{\"inputType\":4,\"image\":\"http://a/mark.bmp\",\"x\":500,\"y\":290,"
		     "\"width\":120,\"height\":60}]}",
		     list);
	assert_int_equal(watch->seen[0][0], 2);
	assert_colour(watch->means[0], RED);
	assert_colour(watch->means[1], GREEN);
	assert_colour(watch->means[2], GREEN);
	assert_colour(watch->means[3], BLUE);
	assert_heard(watch, 0, "1010");
	for (unsigned i = 0; i < 3; i++)
		free((void *)list[i].data);
	free(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pure_audio),	  cmocka_unit_test(preset_layout),
		cmocka_unit_test(screen_sharing), cmocka_unit_test(manual),
		cmocka_unit_test(pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
