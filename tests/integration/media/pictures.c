/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/pictures.c - still pictures in mixes, looked for in decoded output:
 * background, watermark and place-holders, and what is seen where there is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/compose/color.h"
#include "drivers/engine_soft/engine_soft.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/images.h"

#define RED    0xff0000
#define GREEN  0x00ff00
#define BLUE   0x0000ff
#define YELLOW 0xffff00
#define GRAY   0x808080

static void put(uint8_t rgba[4], uint32_t rgb, uint8_t alpha)
{
	rgba[0] = (uint8_t)(rgb >> 16);
	rgba[1] = (uint8_t)(rgb >> 8);
	rgba[2] = (uint8_t)rgb;
	rgba[3] = alpha;
}

/* 320 x 480: what a canvas of 16:9 cuts off is blue, of the rest the left half is red, the right
 * one green, the lower half yellow. */
static void paint_background(uint8_t rgba[4], unsigned x, unsigned y)
{
	put(rgba, y < 140 || y >= 340 ? BLUE : y >= 240 ? YELLOW : x < 160 ? RED : GREEN, 255);
}

/* left half green, right half blue, all of it half transparent */
static void paint_mark(uint8_t rgba[4], unsigned x, unsigned y)
{
	(void)y;
	put(rgba, x < 20 ? GREEN : BLUE, 128);
}

/* 40 x 20: above red, below green */
static void paint_place(uint8_t rgba[4], unsigned x, unsigned y)
{
	(void)x;
	put(rgba, y < 10 ? RED : GREEN, 255);
}

static struct tess_media_replay_picture pictures[6];

static void make(struct tess_media_replay_picture *picture, const char *key, const char *format,
		 unsigned width, unsigned height, tess_test_paint *paint)
{
	uint8_t *data;

	picture->length = tess_test_image(&data, format, width, height, paint);
	picture->data = data;
	picture->key = key;
}

static int make_pictures(void **state)
{
	(void)state;
	make(&pictures[0], "background", "jpeg", 320, 480, paint_background);
	make(&pictures[1], "mark", "png", 40, 20, paint_mark);
	make(&pictures[2], "place", "bmp", 40, 20, paint_place);
	make(&pictures[3], "broken", "png", 40, 20, paint_mark);
	pictures[3].length /= 2;
	make(&pictures[4], "opaque", "png", 40, 20, paint_place);
	return 0;
}

static int free_pictures(void **state)
{
	(void)state;
	for (unsigned i = 0; pictures[i].key; i++)
		free((void *)pictures[i].data);
	return 0;
}

/* A rectangle of the canvas: a user's picture, or one colour. */
struct expected {
	struct tess_rect rect;
	uint32_t rgb;
	uint32_t below;		 /* with alpha 128 over this, unless 0 */
	enum tess_render render; /* of a user: 0: a colour is expected */
	unsigned user;
	bool over_user; /* with alpha 128 over the colour of that user */
	bool of_user;	/* that user's colour alone */
};

struct watch {
	const struct expected *expected;
	unsigned count, looked_at;
	int64_t from_us, to_us;
};

static void assert_colour(const struct tess_test_i420 *picture, const struct expected *expected)
{
	struct tess_compose_yuv yuv = tess_compose_yuv_of_rgb(expected->rgb);
	struct tess_compose_yuv below = tess_compose_yuv_of_rgb(expected->below);
	uint8_t wanted[] = {yuv.y, yuv.u, yuv.v}, mean[3];
	uint8_t under[] = {below.y, below.u, below.v};

	if (expected->over_user)
		tess_test_pattern_colour(under, expected->user);
	if (expected->of_user)
		tess_test_pattern_colour(wanted, expected->user);
	for (unsigned plane = 0; plane < 3 && (expected->over_user || expected->below); plane++)
		wanted[plane] = tess_compose_blend(under[plane], wanted[plane], 128);
	tess_test_i420_mean(mean, picture, &expected->rect);
	for (unsigned plane = 0; plane < 3; plane++) {
		if (abs(mean[plane] - wanted[plane]) > 9)
			fail_msg("%d,%d %dx%d: %u %u %u, not %u %u %u", expected->rect.x,
				 expected->rect.y, expected->rect.width, expected->rect.height,
				 mean[0], mean[1], mean[2], wanted[0], wanted[1], wanted[2]);
	}
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct watch *watch = arg;

	if (pts_us < watch->from_us || pts_us > watch->to_us)
		return;
	for (unsigned i = 0; i < watch->count; i++) {
		const struct expected *expected = &watch->expected[i];
		struct tess_test_pattern pattern;

		if (!expected->render) {
			assert_colour(picture, expected);
			continue;
		}
		if (tess_test_pattern_read(&pattern, picture, &expected->rect, expected->render,
					   160, 90))
			fail_msg("nobody at %d,%d", expected->rect.x, expected->rect.y);
		assert_int_equal(pattern.id, expected->user);
	}
	watch->looked_at++;
}

/* The mix of 1280 x 720 with these members of its video and layout over the usual ones. */
static json_t *mix_with(const char *video, const char *layout, int epoch)
{
	json_t *mix = scenario_desired_mix(1280, 720);
	json_t *more_video = json_loads(video, 0, NULL), *more_layout = json_loads(layout, 0, NULL);

	assert_non_null(more_video);
	assert_non_null(more_layout);
	json_object_update(json_object_get(mix, "video"), more_video);
	json_object_update(json_object_get(mix, "layout"), more_layout);
	json_object_set_new(json_object_get(mix, "video"), "bitrate_kbps", json_integer(8000));
	json_object_set_new(mix, "epoch", json_integer(epoch));
	json_decref(more_video);
	json_decref(more_layout);
	return mix;
}

/* Users 0 .. users - 1 of the room, those of the bit mask @p silent without a picture. */
static json_t *publishers_of(unsigned users, unsigned silent)
{
	json_t *publishers = json_array();

	for (unsigned id = 0; id < users; id++) {
		json_t *publisher = scenario_desired_publisher(id, id);

		if (silent >> id & 1)
			json_object_set_new(publisher, "video", json_null());
		json_array_append_new(publishers, publisher);
	}
	return publishers;
}

static void play(json_t *scenario, unsigned users, struct watch *watch,
		 const struct tess_engine_driver *const *drivers)
{
	struct tess_test_publisher senders[4];
	const struct tess_test_capture capture = {
		.publishers = senders, .count = users, .duration_s = 2, .seed = 6};
	const struct judge_handlers handlers = {.picture = on_picture, .arg = watch};
	struct scenario_result result;

	for (unsigned id = 0; id < users; id++)
		senders[id] = scenario_publisher(id);
	json_object_set_new(scenario, "end_ms", json_integer(1500));
	result = scenario_run_pictures(&capture, scenario, &handlers, drivers, pictures);
	assert_int_equal(result.streams, 1);
	json_decref(result.facts);
	assert_true(watch->looked_at >= 3);
}

static void expect(const char *video, const char *layout, unsigned users, unsigned silent,
		   const struct expected *expected, unsigned count)
{
	struct watch watch = {
		.expected = expected, .count = count, .from_us = 400000, .to_us = INT64_MAX};
	json_t *scenario = scenario_new();

	scenario_step(scenario, 0,
		      scenario_desired(publishers_of(users, silent),
				       json_pack("[o]", mix_with(video, layout, 1))));
	play(scenario, users, &watch, NULL);
}
#define EXPECT(video, layout, users, silent, expected) \
	expect(video, layout, users, silent, expected, sizeof(expected) / sizeof((expected)[0]))

#define BACKGROUND "{\"background\":8421504,\"background_image\":\"background\"}"
#define COLOUR	   "{\"background\":8421504}" /* GRAY */

/* Covered: nothing of the blue that is cut off is seen at any edge. */
static void background_behind_a_gap(void **state)
{
	static const struct expected expected[] = {
		{.rect = {0, 0, 640, 360}, .render = TESS_RENDER_CROP, .user = 0},
		{.rect = {640, 0, 640, 360}, .render = TESS_RENDER_CROP, .user = 1},
		{.rect = {0, 360, 640, 360}, .render = TESS_RENDER_CROP, .user = 2},
		{.rect = {644, 376, 632, 326}, .rgb = YELLOW},
	};
	static const struct expected colour[] = {
		{.rect = {640, 0, 640, 360}, .render = TESS_RENDER_CROP, .user = 1},
		{.rect = {644, 364, 632, 352}, .rgb = GRAY},
	};

	(void)state;
	EXPECT(BACKGROUND, "{\"template\":1}", 3, 0, expected);
	EXPECT(COLOUR, "{\"template\":1}", 3, 0, colour);
}

/* Tiles of 640 x 720 with pictures of 16:9: 180 rows above and below them. */
static void background_and_render_modes(void **state)
{
	static const struct expected crop[] = {
		{.rect = {0, 0, 640, 720}, .render = TESS_RENDER_CROP, .user = 0},
		{.rect = {640, 0, 640, 720}, .render = TESS_RENDER_CROP, .user = 1},
	};
	static const struct expected fit[] = {
		{.rect = {0, 0, 640, 720}, .render = TESS_RENDER_FIT, .user = 0},
		{.rect = {640, 0, 640, 720}, .render = TESS_RENDER_FIT, .user = 1},
		{.rect = {4, 24, 632, 150}, .rgb = RED},
		{.rect = {644, 24, 632, 150}, .rgb = GREEN},
		{.rect = {4, 546, 1272, 150}, .rgb = YELLOW},
	};
	static const struct expected black[] = {
		{.rect = {0, 0, 640, 720}, .render = TESS_RENDER_FIT, .user = 0},
		{.rect = {4, 4, 632, 170}, .rgb = 0},
		{.rect = {4, 546, 1272, 170}, .rgb = 0},
	};
	static const struct expected colour[] = {
		{.rect = {0, 0, 640, 720}, .render = TESS_RENDER_FIT, .user = 0},
		{.rect = {4, 4, 1272, 170}, .rgb = GRAY},
		{.rect = {4, 546, 1272, 170}, .rgb = GRAY},
	};

	(void)state;
	EXPECT(BACKGROUND, "{\"template\":1,\"render\":0}", 2, 0, crop);
	EXPECT(BACKGROUND, "{\"template\":1,\"render\":1}", 2, 0, fit);
	EXPECT(BACKGROUND, "{\"template\":1,\"render\":2}", 2, 0, black);
	EXPECT(COLOUR, "{\"template\":1,\"render\":1}", 2, 0, colour);
	EXPECT(COLOUR, "{\"template\":1,\"render\":2}", 2, 0, black);
}

/* RenderMode of the other templates, and of a place. */
static void render_modes_of_templates(void **state)
{
	/* the large picture, 1024 x 720, whole if nothing is said; 72 rows above and below it */
	static const struct expected whole[] = {
		{.rect = {0, 0, 1024, 720}, .render = TESS_RENDER_FIT, .user = 0},
		{.rect = {4, 4, 1016, 60}, .rgb = GRAY},
		{.rect = {1024, 0, 256, 180}, .render = TESS_RENDER_CROP, .user = 1},
	};
	static const struct expected cropped[] = {
		{.rect = {0, 0, 1024, 720}, .render = TESS_RENDER_CROP, .user = 0},
		{.rect = {4, 4, 1016, 60}, .of_user = true, .user = 0},
	};
	static const struct expected barred[] = {
		{.rect = {0, 0, 1024, 720}, .render = TESS_RENDER_FIT, .user = 0},
		{.rect = {4, 4, 1016, 60}, .rgb = 0},
		{.rect = {4, 656, 1016, 60}, .rgb = 0},
	};
	/* 90 rows above and below the small picture, of 320 x 360; beside it is the background
	 * also there, not the large picture */
	static const struct expected small_cropped[] = {
		{.rect = {960, 0, 320, 360}, .render = TESS_RENDER_CROP, .user = 1},
		{.rect = {964, 4, 312, 60}, .of_user = true, .user = 1},
	};
	static const struct expected small_fitted[] = {
		{.rect = {960, 0, 320, 360}, .render = TESS_RENDER_FIT, .user = 1},
		{.rect = {964, 4, 312, 80}, .rgb = GRAY},
	};
	static const struct expected small_barred[] = {
		{.rect = {960, 0, 320, 360}, .render = TESS_RENDER_FIT, .user = 1},
		{.rect = {964, 4, 312, 80}, .rgb = 0},
		{.rect = {964, 276, 312, 80}, .rgb = 0},
	};
	static const struct expected places[] = {
		{.rect = {0, 0, 320, 360}, .render = TESS_RENDER_CROP, .user = 0},
		{.rect = {320, 0, 320, 360}, .render = TESS_RENDER_FIT, .user = 1},
		{.rect = {324, 4, 312, 80}, .rgb = GRAY},
		{.rect = {640, 0, 320, 360}, .render = TESS_RENDER_FIT, .user = 2},
		{.rect = {644, 4, 312, 80}, .rgb = 0},
		{.rect = {644, 276, 312, 80}, .rgb = 0},
	};

#define SCREEN "\"template\":2,\"big\":{\"user\":\"u0\",\"stream_type\":\"main\"}"
#define SMALL                                                                                   \
	"\"template\":3,\"small\":{\"user\":\"u1\",\"stream_type\":\"main\",\"x\":960,\"y\":0," \
	"\"width\":320,\"height\":360,\"z\":0,\"render\":0,\"input\":0}"
#define PLACE(user, x, render)                                                                \
	"{\"user\":\"" user "\",\"stream_type\":\"main\",\"x\":" #x ",\"y\":0,\"width\":320," \
	"\"height\":360,\"z\":0,\"render\":" #render ",\"input\":0}"
	(void)state;
	/* as LayoutParams without RenderMode are told */
	EXPECT(COLOUR, "{" SCREEN ",\"big_render\":1}", 2, 0, whole);
	EXPECT(COLOUR, "{" SCREEN ",\"render\":0}", 2, 0, cropped);
	EXPECT(COLOUR, "{" SCREEN ",\"render\":2}", 2, 0, barred);
	EXPECT(COLOUR, "{" SMALL ",\"render\":0}", 2, 0, small_cropped);
	EXPECT(COLOUR, "{" SMALL ",\"render\":1}", 2, 0, small_fitted);
	EXPECT(COLOUR, "{" SMALL ",\"render\":2}", 2, 0, small_barred);
	EXPECT(COLOUR,
	       "{\"template\":4,\"presets\":[" PLACE("u0", 0, 0) "," PLACE("u1", 320, 1) "," PLACE(
		       "u2", 640, 2) "]}",
	       3, 0, places);
#undef PLACE
#undef SMALL
#undef SCREEN
}

/* Over the large picture and the small one on it, stretched from 40 x 20 to 40 x 400. */
static void water_mark_over_all(void **state)
{
	static const struct expected floating[] = {
		{.rect = {2, 304, 14, 200}, .rgb = GREEN, .over_user = true, .user = 0},
		{.rect = {24, 304, 14, 200}, .rgb = BLUE, .over_user = true, .user = 0},
		/* the small tile begins at 14, 542 */
		{.rect = {24, 560, 14, 100}, .rgb = BLUE, .over_user = true, .user = 1},
		{.rect = {44, 304, 20, 200}, .of_user = true, .user = 0},
	};
	static const struct expected gap[] = {
		{.rect = {804, 404, 92, 192}, .rgb = GREEN, .below = GRAY},
		{.rect = {904, 404, 92, 192}, .rgb = BLUE, .below = GRAY},
		{.rect = {704, 404, 92, 192}, .rgb = GRAY},
	};
	static const struct expected custom[] = {
		{.rect = {604, 304, 92, 92}, .rgb = RED},
		{.rect = {604, 504, 92, 92}, .rgb = GREEN},
	};

	(void)state;
	EXPECT(COLOUR,
	       "{\"template\":0,\"water_mark\":{\"image\":\"mark\",\"x\":0,\"y\":300,"
	       "\"width\":40,\"height\":400}}",
	       2, 0, floating);
	EXPECT(COLOUR,
	       "{\"template\":1,\"water_mark\":{\"image\":\"mark\",\"x\":801,\"y\":401,"
	       "\"width\":201,\"height\":201}}",
	       3, 0, gap);
	/* above the highest z; an opaque one covers */
	EXPECT(COLOUR,
	       "{\"template\":4,\"water_mark\":{\"image\":\"opaque\",\"x\":600,\"y\":300,"
	       "\"width\":100,\"height\":300},\"presets\":[{\"user\":\"\",\"stream_type\":"
	       "\"main\",\"x\":0,\"y\":0,\"width\":1280,\"height\":720,\"z\":2147483647,"
	       "\"render\":0,\"input\":0}]}",
	       1, 0, custom);
}

#define PLACE(user, x, y, more)                                                  \
	"{\"user\":\"" user "\",\"stream_type\":\"main\",\"x\":" #x ",\"y\":" #y \
	",\"width\":320,\"height\":360,\"z\":0,\"render\":0,\"input\":0" more "}"

static void place_holders(void **state)
{
	static const struct expected expected[] = {
		/* u9 is not there: the picture, stretched */
		{.rect = {4, 4, 312, 168}, .rgb = RED},
		{.rect = {4, 188, 312, 168}, .rgb = GREEN},
		/* u1 sends sound alone */
		{.rect = {324, 4, 312, 168}, .rgb = RED},
		{.rect = {324, 188, 312, 168}, .rgb = GREEN},
		/* u0 sends a picture */
		{.rect = {640, 0, 320, 360}, .render = TESS_RENDER_CROP, .user = 0},
		/* nobody, and no picture for it; u2 without a picture, nor one for it: background
		 */
		{.rect = {964, 4, 312, 352}, .rgb = GRAY},
		{.rect = {4, 364, 312, 352}, .rgb = GRAY},
		/* a free place that nobody has taken */
		{.rect = {324, 364, 312, 168}, .rgb = RED},
		{.rect = {324, 548, 312, 168}, .rgb = GREEN},
	};

	(void)state;
	EXPECT(COLOUR,
	       "{\"template\":4,\"presets\":[" PLACE("u9", 0, 0, ",\"image\":\"place\"") "," PLACE("u1", 320, 0, ",\"image\":\"place\"") "," PLACE(
		       "u0", 640, 0,
		       ",\"image\":\"place\"") "," PLACE("u8", 960, 0,
							 "") "," PLACE("u2", 0, 360,
								       "") "," PLACE("", 320, 360,
										     ",\"image\""
										     ":\"place"
										     "\"") "]}",
	       3, 6, expected);
}

/* Until a user's first picture, the place-holder is there. */
static void place_holder_before_the_first_picture(void **state)
{
	static const struct expected expected[] = {
		{.rect = {4, 4, 312, 168}, .rgb = RED},
		{.rect = {4, 188, 312, 168}, .rgb = GREEN},
	};

	(void)state;
	/* u1 is in the room and says that it sends a picture, but the capture has u0 alone */
	struct watch watch = {
		.expected = expected, .count = 2, .from_us = 400000, .to_us = INT64_MAX};
	json_t *scenario = scenario_new();

	scenario_step(
		scenario, 0,
		scenario_desired(
			publishers_of(2, 0),
			json_pack("[o]", mix_with(COLOUR,
						  "{\"template\":4,\"presets\":[" PLACE(
							  "u1", 0, 0, ",\"image\":\"place\"") "]}",
						  1))));
	play(scenario, 1, &watch, NULL);
}

/* Who sends no picture but holds a place has a black tile, whatever the background. */
static void black_tiles(void **state)
{
	static const struct expected kept[] = {
		{.rect = {0, 0, 640, 720}, .render = TESS_RENDER_CROP, .user = 0},
		{.rect = {644, 4, 632, 712}, .rgb = 0},
	};
	static const struct expected not_kept[] = {
		{.rect = {0, 0, 1280, 720}, .render = TESS_RENDER_CROP, .user = 0},
	};
	static const struct expected floating[] = {
		{.rect = {18, 546, 292, 160}, .rgb = 0},
	};
	static const struct expected screen[] = {
		{.rect = {1028, 4, 248, 172}, .rgb = 0},
		{.rect = {1028, 184, 248, 172}, .rgb = GREEN},
	};
	static const struct expected screen_not_kept[] = {
		{.rect = {1028, 24, 248, 320}, .rgb = GREEN},
	};

#define SCREEN "\"template\":2,\"big\":{\"user\":\"u0\",\"stream_type\":\"main\"}"
	(void)state;
	EXPECT(BACKGROUND, "{\"template\":1}", 2, 2, kept);
	EXPECT(BACKGROUND, "{\"template\":1,\"pure_audio_hold_place\":1}", 2, 2, kept);
	EXPECT(BACKGROUND, "{\"template\":1,\"pure_audio_hold_place\":2}", 2, 2, not_kept);
	EXPECT(BACKGROUND, "{\"template\":0}", 2, 2, floating);
	EXPECT(BACKGROUND, "{\"template\":0,\"pure_audio_hold_place\":2}", 2, 2, not_kept);
	EXPECT(BACKGROUND, "{" SCREEN "}", 2, 2, screen);
	EXPECT(BACKGROUND, "{" SCREEN ",\"pure_audio_hold_place\":2}", 2, 2, screen_not_kept);
}

/* One that cannot be decoded, and one that is not there: the colour. */
static void no_picture_to_be_had(void **state)
{
	static const struct expected expected[] = {
		{.rect = {640, 0, 640, 360}, .render = TESS_RENDER_CROP, .user = 1},
		{.rect = {644, 364, 632, 352}, .rgb = GRAY},
	};

	(void)state;
	EXPECT("{\"background\":8421504,\"background_image\":\"broken\"}",
	       "{\"template\":1,\"water_mark\":{\"image\":\"broken\",\"x\":700,\"y\":400,"
	       "\"width\":400,\"height\":200}}",
	       3, 0, expected);
	EXPECT("{\"background\":8421504,\"background_image\":\"nothing\"}", "{\"template\":1}", 3,
	       0, expected);
}

/* A picture that has been fetched, or is deleted, changes a running mix without a new epoch. */
static void comes_and_goes(void **state)
{
	static const struct expected there[] = {{.rect = {644, 376, 632, 326}, .rgb = YELLOW}};
	static const struct expected away[] = {{.rect = {644, 364, 632, 352}, .rgb = GRAY}};
	struct watch watches[] = {
		{.expected = away, .count = 1, .from_us = 60000, .to_us = 310000},
		{.expected = there, .count = 1, .from_us = 370000, .to_us = 800000},
		{.expected = away, .count = 1, .from_us = 870000, .to_us = INT64_MAX},
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		json_t *scenario = scenario_new();

		scenario_step(scenario, 0,
			      scenario_desired(publishers_of(3, 0),
					       json_pack("[o]", mix_with(COLOUR, "{}", 1))));
		scenario_step(scenario, 500,
			      scenario_desired(publishers_of(3, 0),
					       json_pack("[o]", mix_with(BACKGROUND, "{}", 1))));
		scenario_step(scenario, 1000,
			      scenario_desired(publishers_of(3, 0),
					       json_pack("[o]", mix_with(COLOUR, "{}", 1))));
		watches[i].looked_at = 0;
		/* pictures are drawn 140 ms after their time stamp and half an interval later */
		play(scenario, 3, &watches[i], NULL);
	}
}

/* ---- engines: how often a picture is brought to a device ---- */

static struct {
	unsigned draws, lost_at, uploads[2];
} twins;
static struct tess_engine_driver twin, second;

static unsigned devices(char (*names)[TESS_ENGINE_DEVICE_MAX], unsigned max)
{
	assert_true(max >= 2);
	memcpy(names[0], "0", 2);
	memcpy(names[1], "1", 2);
	return 2;
}

static bool is_lost(void)
{
	return twins.lost_at && twins.draws >= twins.lost_at;
}

static int open_twin(struct tess_engine **enginep, const struct tess_engine_config *config)
{
	bool first = !strcmp(config->device, "0");
	int error = first && is_lost()
			    ? -ENODEV
			    : tess_engine_soft.open(enginep, &(struct tess_engine_config){0});

	if (!error)
		(*enginep)->driver = first ? &twin : &second;
	return error;
}

static void close_twin(struct tess_engine *engine)
{
	struct tess_engine_stats stats;

	if (!engine)
		return;
	tess_engine_soft.stats(engine, &stats);
	assert_int_equal(stats.surfaces_live, 0);
	tess_engine_soft.close(engine);
}

static int upload(struct tess_engine *engine, const struct tess_image *image,
		  struct tess_surface **surfacep)
{
	bool first = engine->driver == &twin;

	if (first && is_lost())
		return -ENODEV;
	twins.uploads[!first]++;
	return tess_engine_soft.upload(engine, image, surfacep);
}

static int draw_on_twin(struct tess_compositor *compositor, const struct tess_scene *scene,
			struct tess_surface **surfacep)
{
	twins.draws++;
	return is_lost() ? -ENODEV : tess_engine_soft.compositor_draw(compositor, scene, surfacep);
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
	second.upload = upload;
	twin = second;
	twin.compositor_draw = draw_on_twin;
	return drivers;
}

#define MARKED                                                                                 \
	"{\"template\":1,\"pure_audio_hold_place\":2,\"render\":%u,\"water_mark\":{\"image\":" \
	"\"mark\",\"x\":800,\"y\":400,\"width\":200,\"height\":200}}"

/* One upload of each picture and size, whatever the changes; all again on another device. */
static void uploads(void **state)
{
	static const struct expected expected[] = {
		{.rect = {644, 376, 140, 326}, .rgb = YELLOW},
		{.rect = {804, 404, 92, 192}, .rgb = GREEN, .below = YELLOW},
	};

	(void)state;
	for (unsigned lost_at = 0; lost_at <= 8; lost_at += 8) {
		struct watch watch = {
			.expected = expected, .count = 2, .from_us = 300000, .to_us = INT64_MAX};
		json_t *scenario = scenario_new();

		for (unsigned step = 0; step < 20; step++) {
			char layout[200];

			(void)snprintf(layout, sizeof(layout), MARKED, step % 2);
			scenario_step(scenario, step * 50,
				      scenario_desired(publishers_of(step < 10 ? 3 : 4, 8),
						       json_pack("[o]", mix_with(BACKGROUND, layout,
										 (int)step + 1))));
		}
		play(scenario, 4, &watch, make_twins(lost_at));
		assert_int_equal(twins.uploads[0], 2);
		assert_int_equal(twins.uploads[1], lost_at ? 2 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(background_behind_a_gap),
		cmocka_unit_test(background_and_render_modes),
		cmocka_unit_test(render_modes_of_templates),
		cmocka_unit_test(water_mark_over_all),
		cmocka_unit_test(place_holders),
		cmocka_unit_test(place_holder_before_the_first_picture),
		cmocka_unit_test(black_tiles),
		cmocka_unit_test(no_picture_to_be_had),
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(uploads),
	};

	return cmocka_run_group_tests(tests, make_pictures, free_pictures);
}
