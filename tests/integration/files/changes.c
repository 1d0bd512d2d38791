/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/files/changes.c - a mix that is changed while it is recorded and watched: in
 * the recording, which is one file, and on http-flv each change shows from one picture on, whole,
 * and no picture is missing or there twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/files/box.h"

#define FRAME_RATE 15
#define HALF_US	   (INT64_C(500000) / FRAME_RATE)
/* Until the first pictures of the publishers are there. */
#define SETTLE_US INT64_C(500000)

/* A state of the mix, from a moment on. No picture is composed at just that moment. */
struct look {
	unsigned width, height;
	bool swapped; /* u1 at the left, u0 at the right */
	unsigned bitrate_kbps;
};

struct test {
	const struct look *looks; /* taken in turns */
	unsigned look_count;
	unsigned first_ms, every_ms; /* the second look comes at first_ms, and so on */
	unsigned end_ms;
};

struct watch {
	const struct test *test;
	unsigned pictures;
	unsigned changes; /* from one picture to the next */
	int64_t last_us;
	const struct look *last;
};

static const struct look *look_at(const struct test *test, int64_t composed_us)
{
	int64_t since_us = composed_us - (int64_t)test->first_ms * 1000;
	int64_t index = since_us < 0 ? 0 : since_us / (test->every_ms * INT64_C(1000)) + 1;

	return &test->looks[index % test->look_count];
}

static void see(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct watch *watch = arg;
	const struct look *look = look_at(watch->test, pts_us + HALF_US + SCENARIO_DELAY_MS * 1000);
	int32_t half = (int32_t)look->width / 2 & ~1;

	/* exact but for FLV's milliseconds */
	if (watch->pictures)
		assert_in_range(pts_us - watch->last_us, 66000, 67001);
	if (watch->last && watch->last != look)
		watch->changes++;
	watch->last = look;
	watch->last_us = pts_us;
	watch->pictures++;
	assert_int_equal(picture->width, look->width);
	assert_int_equal(picture->height, look->height);
	for (int32_t side = 0; side < 2 && pts_us >= SETTLE_US; side++) {
		struct tess_rect rect = {side * half, 0, half, (int32_t)look->height};
		struct tess_test_pattern pattern;

		if (tess_test_pattern_read(&pattern, picture, &rect, TESS_RENDER_FIT, 160, 90))
			fail_msg("nothing to read at side %d at %lld us", (int)side,
				 (long long)pts_us);
		assert_int_equal(pattern.id, look->swapped ? !side : side);
		/* and it is the picture of now */
		assert_in_range(pts_us + HALF_US + 1000 - pattern.time_us, 0, 4 * HALF_US + 22000);
	}
}

static void begin(void *arg, const char *name)
{
	struct watch *watch = arg;

	(void)name;
	*watch = (struct watch){.test = watch->test};
}

static void end(void *arg, const char *name)
{
	const struct watch *watch = arg;
	unsigned changes =
		1 + (watch->test->end_ms - watch->test->first_ms - 1) / watch->test->every_ms;

	(void)name;
	assert_int_equal(watch->pictures, watch->test->end_ms * FRAME_RATE / 1000 + 1);
	/* each change is seen, unless several come between two pictures */
	if (watch->test->every_ms > 100)
		assert_int_equal(watch->changes, changes);
	else
		assert_true(watch->changes >= 20);
}

static json_t *place(const struct look *look, unsigned index)
{
	unsigned half = look->width / 2 & ~1u;
	json_t *json = json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "user",
				 look->swapped == !index ? "u1" : "u0", "stream_type", "main", "x",
				 (int)(index * half), "y", 0, "width", (int)half, "height",
				 (int)look->height, "z", 0, "render", 1, "input", 0);

	assert_non_null(json);
	return json;
}

static json_t *mix_of(const struct look *look, unsigned epoch)
{
	json_t *mix = scenario_desired_mix(look->width, look->height);
	json_t *layout = json_object_get(mix, "layout");

	json_object_set_new(mix, "epoch", json_integer(epoch));
	json_object_set_new(json_object_get(mix, "video"), "bitrate_kbps",
			    json_integer(look->bitrate_kbps));
	json_object_set_new(layout, "template", json_integer(4));
	json_object_set_new(layout, "presets", json_pack("[o,o]", place(look, 0), place(look, 1)));
	return mix;
}

static json_t *desired(const struct look *look, unsigned epoch)
{
	json_t *publishers = json_array();

	for (unsigned id = 0; id < 2; id++)
		json_array_append_new(publishers, scenario_desired_publisher(id, id + 1));
	return scenario_desired(publishers, json_pack("[o]", mix_of(look, epoch)));
}

static void run(const struct test *test)
{
	const struct tess_test_publisher publishers[] = {scenario_publisher(0),
							 scenario_publisher(1)};
	const struct tess_test_capture capture = {.publishers = publishers,
						  .count = 2,
						  .duration_s = test->end_ms / 1000.0,
						  .seed = 5};
	struct watch watch = {.test = test};
	const struct box_watcher watcher = {
		.handlers = {.picture = see}, .begin = begin, .end = end, .arg = &watch};
	json_t *scenario = scenario_new();
	struct box_files files;
	unsigned epoch = 1;

	scenario_step(scenario, 0, desired(&test->looks[0], epoch++));
	for (unsigned at = test->first_ms; at < test->end_ms; at += test->every_ms, epoch++)
		scenario_step(scenario, at,
			      desired(&test->looks[(epoch - 1) % test->look_count], epoch));
	json_object_set_new(scenario, "end_ms", json_integer(test->end_ms));
	box_run(&files, &capture, scenario);
	box_watch(&files, &watcher);
	box_files_remove(&files);
}

static void layout_changes_at_one_picture(void **state)
{
	static const struct look looks[] = {{640, 360, false, 2000}, {640, 360, true, 2000}};
	static const struct test test = {looks, 2, 1510, 500, 5000};

	(void)state;
	run(&test);
}

static void size_changes_at_one_picture(void **state)
{
	static const struct look looks[] = {
		{640, 360, false, 2000},
		{320, 180, false, 1000},
		{960, 540, true, 3000},
		{360, 640, true, 2000}, /* a phone that is turned */
	};
	static const struct test test = {looks, 4, 1510, 730, 6000};

	(void)state;
	run(&test);
}

static void fifty_changes_a_second_do_no_harm(void **state)
{
	static const struct look looks[] = {
		{640, 360, false, 2000}, {640, 360, true, 1500}, {320, 180, false, 1000},
		{320, 180, true, 1200},	 {480, 270, true, 1700},
	};
	static const struct test test = {looks, 5, 1013, 20, 4000};

	(void)state;
	run(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_changes_at_one_picture),
		cmocka_unit_test(size_changes_at_one_picture),
		cmocka_unit_test(fifty_changes_a_second_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
