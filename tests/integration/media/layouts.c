/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/layouts.c - every layout template with 1 to 16 users, one more after
 * each step: each of them is seen, by content, at the place of his tile, in every decoded picture
 * from the very one on that the step is for.
 *
 * The places are those of pipeline/mix/layout.c, which its own test holds against the published
 * tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/mix/layout.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/tone.h"

#define USERS	16
#define HALF_US (INT64_C(500000) / 15)
/* The first step begins here; what is drawn before it has nothing to show. */
#define LEAD_MS 250
#define STEP_MS 267
/* The newest user's decoder has come from his last key frame to the present. */
#define CAUGHT_UP_US 110000

struct canvas {
	unsigned width, height;
	int render; /* RenderMode: what is cropped to less than half cannot be read */
};

static const struct canvas canvases[] = {{1280, 720, 0}, {720, 1280, 1}, {1920, 1080, 0}};

struct watch {
	const struct canvas *canvas;
	enum tess_layout_template layout;
	bool big_right;
	unsigned drawn[USERS + 1], looked_at[USERS + 1]; /* pictures, by number of users */
};

/* Who is to be seen where. */
struct place {
	struct tess_rect rect;
	unsigned user;
};

static enum tess_render render_of(const struct watch *watch, unsigned tile)
{
	if (watch->layout == TESS_LAYOUT_SCREEN && tile == 0)
		return TESS_RENDER_FIT;
	return (enum tess_render)(watch->canvas->render + 1);
}

/* The small picture is beside the middle of the large one, in another place for each number. */
static struct tess_rect small_rect(const struct canvas *canvas, unsigned users)
{
	return (struct tess_rect){(int32_t)canvas->width * 3 / 4,
				  (int32_t)((users - 1) * canvas->height / 20 & ~1u),
				  (int32_t)canvas->width / 4, (int32_t)canvas->height / 4};
}

/* A place of sixteen, with a gap of 8 to the right and below. */
static struct tess_rect preset_rect(const struct canvas *canvas, unsigned place)
{
	int32_t width = (int32_t)canvas->width / 4, height = (int32_t)canvas->height / 4;

	return (struct tess_rect){(int32_t)(place % 4) * width, (int32_t)(place / 4) * height,
				  (width - 8) & ~1, (height - 8) & ~1};
}

/* Each other place is kept, from the last user on; the rest is taken in the order of entry. */
static unsigned preset_user(unsigned place)
{
	return place % 2 ? USERS - 1 - place / 2 : place / 2;
}

/* The newest is the last. @return how many */
static unsigned places_of(const struct watch *watch, unsigned users, struct place *places)
{
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	const struct canvas *canvas = watch->canvas;

	if (watch->layout == TESS_LAYOUT_PICTURE) {
		places[0] = (struct place){{0, 0, (int32_t)canvas->width, (int32_t)canvas->height},
					   users - 1};
		places[1] = (struct place){small_rect(canvas, users), users % USERS};
		return 2;
	}
	if (watch->layout != TESS_LAYOUT_CUSTOM)
		assert_int_equal(tess_layout_place(watch->layout, watch->big_right,
						   (uint16_t)canvas->width,
						   (uint16_t)canvas->height, users, rects),
				 0);
	for (unsigned i = 0; i < users; i++)
		places[i] = watch->layout == TESS_LAYOUT_CUSTOM
				    ? (struct place){preset_rect(canvas, i), preset_user(i)}
				    : (struct place){rects[i], i};
	return users;
}

/* LayoutParams of that, in the words of the link. */
static void set_places(const struct watch *watch, unsigned users, json_t *layout)
{
	json_t *presets = json_array(), *list = json_array();

	for (unsigned i = 0; i < users; i++) {
		struct tess_rect rect = preset_rect(watch->canvas, i);
		char user[16] = "";

		if (i % 2)
			(void)snprintf(user, sizeof(user), "u%u", preset_user(i));
		json_array_append_new(list, json_sprintf("u%u", i));
		json_array_append_new(
			presets, json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "user", user,
					   "stream_type", "main", "x", rect.x, "y", rect.y, "width",
					   rect.width, "height", rect.height, "z", (int)i, "render",
					   watch->canvas->render, "input", 0));
	}
	if (watch->layout == TESS_LAYOUT_CUSTOM) {
		json_object_set(layout, "presets", presets);
	} else if (watch->layout == TESS_LAYOUT_PICTURE) {
		struct tess_rect rect = small_rect(watch->canvas, users);

		json_object_set_new(layout, "big",
				    json_pack("{s:o,s:s}", "user", json_sprintf("u%u", users - 1),
					      "stream_type", "main"));
		json_object_set_new(layout, "small",
				    json_pack("{s:o,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "user",
					      json_sprintf("u%u", users % USERS), "stream_type",
					      "main", "x", rect.x, "y", rect.y, "width", rect.width,
					      "height", rect.height, "z", 0, "render", 0, "input",
					      0));
	} else {
		json_object_set(layout, "users", list);
	}
	json_decref(presets);
	json_decref(list);
}

static bool is_user(const struct tess_test_i420 *picture, const struct tess_rect *rect,
		    enum tess_render render, unsigned user)
{
	struct tess_test_pattern pattern;

	return !tess_test_pattern_read(&pattern, picture, rect, render, 160, 90) &&
	       pattern.id == user;
}

static void assert_user(const struct tess_test_i420 *picture, const struct tess_rect *rect,
			enum tess_render render, unsigned user)
{
	if (!is_user(picture, rect, render, user))
		fail_msg("user %u is expected at %d,%d %dx%d", user, rect->x, rect->y, rect->width,
			 rect->height);
}

/* The first user's picture is all over the canvas, below the small ones: his colour at the left
 * edge, which no other tile touches. */
static void assert_below(const struct tess_test_i420 *picture, unsigned user)
{
	const struct tess_rect edge = {2, (int32_t)picture->height * 2 / 5, 4,
				       (int32_t)picture->height / 5};
	uint8_t mean[3], colour[3];

	tess_test_i420_mean(mean, picture, &edge);
	tess_test_pattern_colour(colour, user);
	for (unsigned plane = 0; plane < 3; plane++)
		assert_in_range(mean[plane], colour[plane] - 8, colour[plane] + 8);
}

/* Black until his first picture is there. */
static void assert_newest(const struct tess_test_i420 *picture, const struct place *place,
			  enum tess_render render, int64_t since_us)
{
	uint8_t mean[3];

	if (is_user(picture, &place->rect, render, place->user))
		return;
	tess_test_i420_mean(mean, picture, &place->rect);
	if (since_us >= CAUGHT_UP_US || mean[0] > 18)
		fail_msg("user %u, the newest, is expected %lld us after the change", place->user,
			 (long long)since_us);
}

/* Each picture has, whole, the layout of the moment that it was drawn at. */
static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	int64_t drawn_us = pts_us + HALF_US + (SCENARIO_DELAY_MS - LEAD_MS) * 1000;
	unsigned users = (unsigned)(drawn_us / (STEP_MS * 1000)) + 1, count;
	int64_t since_us = drawn_us - (users - 1) * STEP_MS * INT64_C(1000);
	struct place places[TESS_LAYOUT_MAX_TILES];
	struct watch *watch = arg;

	if (drawn_us < 0 || users > USERS)
		return;
	assert_int_equal(picture->width, watch->canvas->width);
	assert_int_equal(picture->height, watch->canvas->height);
	count = places_of(watch, users, places);
	for (unsigned i = 0; i < count; i++) {
		if (watch->layout == TESS_LAYOUT_FLOATING && i == 0 && users > 1)
			assert_below(picture, 0);
		else if (i == count - 1)
			assert_newest(picture, &places[i], render_of(watch, i), since_us);
		else
			assert_user(picture, &places[i].rect, render_of(watch, i), places[i].user);
	}
	watch->drawn[users]++;
	watch->looked_at[users] += since_us >= CAUGHT_UP_US;
}

/* Users 0 .. USERS - 1 are in the room; at each step one more is to be seen. */
static void run(struct watch *watch, int template, json_t *more)
{
	struct tess_test_publisher senders[USERS];
	const struct tess_test_capture capture = {
		.publishers = senders, .count = USERS, .duration_s = 5, .seed = 3};
	const struct judge_handlers handlers = {.picture = on_picture, .arg = watch};
	json_t *mix = scenario_desired_mix(watch->canvas->width, watch->canvas->height);
	json_t *layout = json_object_get(mix, "layout"), *scenario = scenario_new();
	json_t *publishers = json_array();
	struct scenario_result result;

	json_object_set_new(layout, "template", json_integer(template));
	json_object_set_new(layout, "render", json_integer(watch->canvas->render));
	json_object_update(layout, more);
	json_object_set_new(json_object_get(mix, "video"), "bitrate_kbps", json_integer(8000));
	for (unsigned id = 0; id < USERS; id++) {
		senders[id] = scenario_publisher(id);
		json_array_append_new(publishers, scenario_desired_publisher(id, id));
	}
	for (unsigned step = 0; step < USERS; step++) {
		set_places(watch, step + 1, layout);
		json_object_set_new(mix, "epoch", json_integer(step + 1));
		scenario_step(scenario, step ? LEAD_MS + step * STEP_MS : 0,
			      scenario_desired(json_incref(publishers),
					       json_pack("[o]", json_deep_copy(mix))));
	}
	json_object_set_new(scenario, "end_ms", json_integer(LEAD_MS + USERS * STEP_MS));
	result = scenario_run(&capture, scenario, &handlers);
	assert_int_equal(result.streams, 1);
	json_decref(result.facts);
	json_decref(publishers);
	json_decref(more);
	json_decref(mix);
	for (unsigned count = 1; count <= USERS; count++) {
		assert_in_range(watch->drawn[count], 4, 5);
		assert_true(watch->looked_at[count] >= 2);
	}
}

static void run_all(enum tess_layout_template layout, bool big_right, const char *more)
{
	for (size_t i = 0; i < sizeof(canvases) / sizeof(canvases[0]); i++) {
		struct watch watch = {
			.canvas = &canvases[i], .layout = layout, .big_right = big_right};

		run(&watch, (int)layout - 1, json_loads(more, 0, NULL));
	}
}

static void floating(void **state)
{
	(void)state;
	run_all(TESS_LAYOUT_FLOATING, false, "{}");
}

static void grid(void **state)
{
	(void)state;
	run_all(TESS_LAYOUT_GRID, false, "{}");
}

static void screen_share(void **state)
{
	(void)state;
	run_all(TESS_LAYOUT_SCREEN, false,
		"{\"big\":{\"user\":\"u0\",\"stream_type\":\"main\"},\"big_render\":1}");
}

static void screen_share_mirrored(void **state)
{
	struct watch watch = {
		.canvas = &canvases[0], .layout = TESS_LAYOUT_SCREEN, .big_right = true};

	(void)state;
	run(&watch, 2,
	    json_loads("{\"big\":{\"user\":\"u0\",\"stream_type\":\"main\"},\"big_render\":1,"
		       "\"big_right\":true}",
		       0, NULL));
}

static void picture_in_picture(void **state)
{
	(void)state;
	run_all(TESS_LAYOUT_PICTURE, false, "{}");
}

static void custom(void **state)
{
	(void)state;
	run_all(TESS_LAYOUT_CUSTOM, false, "{}");
}

/* A tile that is expected: a user, or nobody on the black background. */
#define NOBODY (-1)

struct expected {
	struct tess_rect rect;
	enum tess_render render;
	int user;
};

struct given {
	const struct expected *tiles;
	unsigned tile_count, looked_at;
	float pcm[48000];
	size_t pcm_frames;
};

static void on_given_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct given *given = arg;

	if (pts_us < 500000)
		return;
	for (unsigned i = 0; i < given->tile_count; i++) {
		const struct expected *tile = &given->tiles[i];
		uint8_t mean[3];

		if (tile->user != NOBODY) {
			assert_user(picture, &tile->rect, tile->render, (unsigned)tile->user);
			continue;
		}
		tess_test_i420_mean(mean, picture, &tile->rect);
		assert_true(mean[0] <= 18);
	}
	given->looked_at++;
}

static void on_given_sound(void *arg, int64_t pts_us, const float *left, const float *right,
			   unsigned frames)
{
	struct given *given = arg;

	(void)right;
	for (unsigned i = 0; pts_us >= 500000 && i < frames && given->pcm_frames < 48000; i++)
		given->pcm[given->pcm_frames++] = left[i];
}

/* Users u0, u1, ... of a room in a layout of given rectangles; 2 s. @p heard: a bit for each. Where
 * the layout names a screen, the last of them is that of u0. */
static void run_given(const char *layout, unsigned users, const struct expected *tiles,
		      unsigned tile_count, unsigned heard)
{
	struct tess_test_publisher senders[USERS];
	struct given *given = calloc(1, sizeof(*given));
	const struct tess_test_capture capture = {
		.publishers = senders, .count = users, .duration_s = 2, .seed = 4};
	const struct judge_handlers handlers = {
		.picture = on_given_picture, .sound = on_given_sound, .arg = given};
	json_t *mix = scenario_desired_mix(1280, 720), *publishers = json_array();
	json_t *more = json_loads(layout, 0, NULL), *scenario = scenario_new();
	struct scenario_result result;

	assert_non_null(given);
	assert_non_null(more);
	given->tiles = tiles;
	given->tile_count = tile_count;
	json_object_update(json_object_get(mix, "layout"), more);
	for (unsigned id = 0; id < users; id++) {
		senders[id] = scenario_publisher(id);
		json_array_append_new(publishers, scenario_desired_publisher(id, id));
	}
	if (strstr(layout, "\"aux\"")) {
		json_t *screen = json_array_get(publishers, users - 1);

		json_object_set_new(screen, "user", json_string("u0"));
		json_object_set_new(screen, "stream_type", json_string("aux"));
	}
	scenario_step(scenario, 0, scenario_desired(publishers, json_pack("[o]", mix)));
	json_object_set_new(scenario, "end_ms", json_integer(2000));
	result = scenario_run(&capture, scenario, &handlers);
	json_decref(result.facts);
	json_decref(more);
	assert_true(given->looked_at >= 15);
	for (unsigned id = 0; id < users; id++) {
		double level = tess_tone_level(given->pcm, given->pcm_frames, 1, 0, 48000,
					       scenario_tone_hz(id));

		assert_int_equal(level > 0.025, heard >> id & 1);
	}
	free(given);
}

/* MainVideoUserId and MainVideoStreamType: large, though others came before. */
static void floating_over_the_main_user(void **state)
{
	static const struct expected tiles[] = {
		{{0, 0, 1280, 720}, TESS_RENDER_CROP, 1},
		{{14, 542, 300, 168}, TESS_RENDER_CROP, 0},
	};

	(void)state;
	run_given("{\"template\":0,\"big\":{\"user\":\"u1\",\"stream_type\":\"main\"}}", 2, tiles,
		  2, 3);
	/* the second publisher is the first user's screen */
	run_given("{\"template\":0,\"big\":{\"user\":\"u0\",\"stream_type\":\"aux\"}}", 2, tiles, 2,
		  3);
}

static void picture_in_picture_of_users(void **state)
{
	static const struct expected tiles[] = {
		{{900, 500, 320, 180}, TESS_RENDER_CROP, 2},
		{{0, 0, 880, 720}, TESS_RENDER_CROP, NOBODY},
	};
	static const struct expected big[] = {
		{{0, 0, 1280, 720}, TESS_RENDER_CROP, 1},
		{{1000, 0, 200, 112}, TESS_RENDER_CROP, 2},
	};

	(void)state;
	/* who is named is waited for; everybody is heard */
	run_given("{\"template\":3,\"big\":{\"user\":\"nobody\",\"stream_type\":\"main\"},"
		  "\"small\":{\"user\":\"u2\",\"stream_type\":\"main\",\"x\":900,\"y\":500,"
		  "\"width\":320,\"height\":180,\"z\":0,\"render\":0,\"input\":0}}",
		  3, tiles, 2, 7);
	run_given("{\"template\":3,\"big\":{\"user\":\"u1\",\"stream_type\":\"main\"},"
		  "\"small\":{\"user\":\"u2\",\"stream_type\":\"main\",\"x\":1000,\"y\":0,"
		  "\"width\":200,\"height\":112,\"z\":0,\"render\":0,\"input\":0}}",
		  3, big, 2, 7);
}

#define PLACE(user, x, y, width, height, z, render, input)                              \
	"{\"user\":\"" user "\",\"stream_type\":\"main\",\"x\":" #x ",\"y\":" #y        \
	",\"width\":" #width ",\"height\":" #height ",\"z\":" #z ",\"render\":" #render \
	",\"input\":" #input "}"

static void custom_places(void **state)
{
	static const struct expected tiles[] = {
		{{0, 0, 640, 360}, TESS_RENDER_CROP, 3},	  /* kept for u3 */
		{{640, 0, 640, 360}, TESS_RENDER_CROP, 0},	  /* the first who comes */
		{{0, 360, 320, 360}, TESS_RENDER_FIT, 2},	  /* picture only */
		{{640, 360, 320, 360}, TESS_RENDER_CROP, NOBODY}, /* u1: sound only */
		{{1010, 410, 160, 90}, TESS_RENDER_CROP, 4},	  /* over the one below */
	};

	(void)state;
	run_given(
		"{\"template\":4,\"presets\":[" PLACE("u4", 1010, 410, 160, 90, 7, 0, 0) "," PLACE(
			"u3", 0, 0, 640, 360, 0, 0,
			0) "," PLACE("", 640, 0, 640, 360, 0, 0,
				     0) "," PLACE("u2", 0, 360, 320, 360, 0, 1,
						  1) "," PLACE("u1", 640, 360, 320, 360, 0, 0,
							       2) "," PLACE("u5", 960, 360, 320,
									    360, 6, 0, 0) "]}",
		/* u6 has no place: neither seen nor heard */
		7, tiles, 5, 0x3b);
}

/* MainVideoStreamType and StreamType: not the user's camera, which is a user like others then. */
static void screen_of_a_user(void **state)
{
	static const struct expected beside[] = {
		{{0, 0, 1024, 720}, TESS_RENDER_FIT, 2},
		{{1024, 0, 256, 180}, TESS_RENDER_CROP, 0},
		{{1024, 180, 256, 180}, TESS_RENDER_CROP, 1},
	};
	static const struct expected over[] = {
		{{0, 0, 1280, 720}, TESS_RENDER_CROP, 1},
		{{1000, 0, 200, 112}, TESS_RENDER_CROP, 2},
	};
	static const struct expected places[] = {
		{{0, 0, 640, 360}, TESS_RENDER_CROP, 0},
		{{640, 360, 640, 360}, TESS_RENDER_CROP, 2},
		{{640, 0, 640, 360}, TESS_RENDER_CROP, NOBODY},
	};

	(void)state;
	run_given("{\"template\":2,\"big\":{\"user\":\"u0\",\"stream_type\":\"aux\"},"
		  "\"big_render\":1}",
		  3, beside, 3, 7);
	run_given("{\"template\":3,\"big\":{\"user\":\"u1\",\"stream_type\":\"main\"},"
		  "\"small\":{\"user\":\"u0\",\"stream_type\":\"aux\",\"x\":1000,\"y\":0,"
		  "\"width\":200,\"height\":112,\"z\":0,\"render\":0,\"input\":0}}",
		  3, over, 2, 7);
	run_given("{\"template\":4,\"presets\":[" PLACE(
			  "u0", 0, 0, 640, 360, 0, 0,
			  0) ","
			     "{\"user\":\"u0\",\"stream_type\":\"aux\",\"x\":640,\"y\":360,"
			     "\"width\":640,\"height\":360,\"z\":0,\"render\":0,\"input\":0}]}",
		  3, places, 3, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floating),
		cmocka_unit_test(grid),
		cmocka_unit_test(screen_share),
		cmocka_unit_test(screen_share_mirrored),
		cmocka_unit_test(picture_in_picture),
		cmocka_unit_test(custom),
		cmocka_unit_test(floating_over_the_main_user),
		cmocka_unit_test(picture_in_picture_of_users),
		cmocka_unit_test(custom_places),
		cmocka_unit_test(screen_of_a_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
