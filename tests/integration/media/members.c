/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/members.c - who comes, goes, shows or hides a picture, and layouts that
 * change again and again: each decoded picture has, whole, what is right at the moment that it was
 * drawn at; none is left out or there twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/mix/layout.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/tone.h"

#define WIDTH	    640
#define HEIGHT	    360
#define HALF_US	    (INT64_C(500000) / 15)
#define INTERVAL_US (INT64_C(1000000) / 15)
/* From here on everybody who was there at the begin is seen. */
#define FROM_US INT64_C(250000)

static int64_t drawn_at(int64_t pts_us)
{
	return pts_us + HALF_US + SCENARIO_DELAY_MS * INT64_C(1000);
}

static json_t *people(unsigned count)
{
	json_t *publishers = json_array();

	for (unsigned id = 0; id < count; id++)
		json_array_append_new(publishers, scenario_desired_publisher(id, id + 1));
	return publishers;
}

static json_t *mix_of(unsigned width, unsigned height, const char *layout, unsigned epoch)
{
	json_t *mix = scenario_desired_mix(width, height), *more = json_loads(layout, 0, NULL);

	assert_non_null(more);
	json_object_update(json_object_get(mix, "layout"), more);
	json_object_set_new(mix, "epoch", json_integer(epoch));
	json_decref(more);
	return mix;
}

static bool is_user(const struct tess_test_i420 *picture, const struct tess_rect *rect,
		    unsigned user, int64_t *time_us)
{
	struct tess_test_pattern pattern;

	if (tess_test_pattern_read(&pattern, picture, rect, TESS_RENDER_CROP, 160, 90) ||
	    pattern.id != user)
		return false;
	*time_us = pattern.time_us;
	return true;
}

static void assert_user(const struct tess_test_i420 *picture, const struct tess_rect *rect,
			unsigned user, int64_t *time_us)
{
	if (!is_user(picture, rect, user, time_us))
		fail_msg("user %u is expected at %d,%d %dx%d", user, rect->x, rect->y, rect->width,
			 rect->height);
}

/* ---- fifty changes a second ---- */

#define CHANGE_MS 20
#define FIRST_MS  7 /* between the times at which pictures are drawn */
#define FOR_MS	  3000

struct flicker {
	unsigned count, by_kind[3];
	int64_t last_pts_us, last_time_us[2];
};

/* Both beside each other; the second with the first in its corner; as at first, but small. */
static json_t *flickering(unsigned change)
{
	static const char *const layouts[] = {
		"{}",
		"{\"template\":3,\"big\":{\"user\":\"u1\",\"stream_type\":\"main\"},\"small\":{"
		"\"user\":\"u0\",\"stream_type\":\"main\",\"x\":480,\"y\":0,\"width\":160,"
		"\"height\":90,\"z\":0,\"render\":0,\"input\":0}}",
		"{}",
	};
	unsigned kind = change % 3;

	return mix_of(kind == 2 ? WIDTH / 2 : WIDTH, kind == 2 ? HEIGHT / 2 : HEIGHT, layouts[kind],
		      change + 1);
}

/* Newer than that of the picture before. */
static void assert_newer(struct flicker *flicker, unsigned user, int64_t time_us)
{
	if (flicker->last_time_us[user])
		assert_true(time_us > flicker->last_time_us[user]);
	flicker->last_time_us[user] = time_us;
}

static void on_flicker(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	int32_t width = (int32_t)picture->width, height = (int32_t)picture->height;
	const struct tess_rect all = {0, 0, width, height}, corner = {480, 0, 160, 90};
	const struct tess_rect left = {0, 0, width / 2, height};
	const struct tess_rect right = {width / 2, 0, width / 2, height};
	int64_t change = (drawn_at(pts_us) - FIRST_MS * 1000) / (CHANGE_MS * 1000),
		time_us[2] = {0};
	struct flicker *flicker = arg;
	unsigned kind;

	if (flicker->count++)
		assert_in_range(pts_us - flicker->last_pts_us, INTERVAL_US, INTERVAL_US + 1);
	flicker->last_pts_us = pts_us;
	if (pts_us < FROM_US)
		return;
	kind = (unsigned)(change < FOR_MS / CHANGE_MS ? change : FOR_MS / CHANGE_MS - 1) % 3;
	assert_int_equal(picture->width, kind == 2 ? WIDTH / 2 : WIDTH);
	assert_user(picture, kind == 1 ? &corner : &left, 0, &time_us[0]);
	assert_user(picture, kind == 1 ? &all : &right, 1, &time_us[1]);
	for (unsigned user = 0; user < 2; user++)
		assert_newer(flicker, user, time_us[user]);
	flicker->by_kind[kind]++;
}

static void fifty_changes_a_second(void **state)
{
	struct tess_test_publisher senders[2] = {scenario_publisher(0), scenario_publisher(1)};
	const struct tess_test_capture capture = {
		.publishers = senders, .count = 2, .duration_s = FOR_MS / 1000.0 + 0.5, .seed = 7};
	struct flicker flicker = {0};
	const struct judge_handlers handlers = {.picture = on_flicker, .arg = &flicker};
	json_t *scenario = scenario_new();
	struct scenario_result result;

	(void)state;
	for (unsigned id = 0; id < 2; id++)
		senders[id].video = (struct tess_test_video_config){
			.width = 160, .height = 90, .frame_rate = 30};
	for (unsigned i = 0; i < FOR_MS / CHANGE_MS; i++)
		scenario_step(scenario, i ? FIRST_MS + i * CHANGE_MS : 0,
			      scenario_desired(people(2), json_pack("[o]", flickering(i))));
	json_object_set_new(scenario, "end_ms", json_integer(FOR_MS + 400));
	result = scenario_run(&capture, scenario, &handlers);
	assert_int_equal(result.streams, 1);
	assert_int_equal(flicker.count, (FOR_MS + 400) * 15 / 1000 + 1);
	for (unsigned kind = 0; kind < 3; kind++)
		assert_true(flicker.by_kind[kind] >= 8);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "late_ticks"), 0);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "encoder_busy"), 0);
	json_decref(result.facts);
}

/* ---- who comes and goes ---- */

/* What is to be seen from a time on, in a grid. */
struct phase {
	unsigned at_ms;
	char newest;	   /* may be black until his first picture has come */
	const char *tiles; /* the numbers of the publishers in their order */
};

struct watch {
	const struct phase *phases;
	unsigned phase_count, looked_at[8];
	bool places; /* a custom layout of 4 x 4, empty places are '-' */
	int64_t last_pts_us;
	unsigned count;
	float early[24000], late[24000]; /* sound from 0.5 s, and of the end */
	unsigned early_frames, late_frames;
	int64_t late_us;
};

#define SEEN_AFTER_US INT64_C(450000)

static unsigned number_of(char tile)
{
	return (unsigned)(tile <= '9' ? tile - '0' : tile - 'a' + 10);
}

static void rects_of(const struct watch *watch, unsigned count, struct tess_rect *rects)
{
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, WIDTH, HEIGHT,
					   watch->places ? 16 : count, rects),
			 0);
}

static void on_phase(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	int64_t drawn_us = drawn_at(pts_us), time_us, since_us;
	struct watch *watch = arg;
	const struct phase *phase;
	unsigned now = 0, count;

	if (watch->count++)
		assert_in_range(pts_us - watch->last_pts_us, INTERVAL_US, INTERVAL_US + 1);
	watch->last_pts_us = pts_us;
	if (pts_us < FROM_US)
		return;
	while (now + 1 < watch->phase_count &&
	       drawn_us >= watch->phases[now + 1].at_ms * INT64_C(1000))
		now++;
	phase = &watch->phases[now];
	since_us = drawn_us - phase->at_ms * INT64_C(1000);
	count = (unsigned)strlen(phase->tiles);
	rects_of(watch, count, rects);
	for (unsigned i = 0; i < count; i++) {
		char tile = phase->tiles[i];
		uint8_t mean[3];

		if (tile != '-' && (tile != phase->newest || since_us >= SEEN_AFTER_US))
			assert_user(picture, &rects[i], number_of(tile), &time_us);
		else if (tile == '-' || !is_user(picture, &rects[i], number_of(tile), &time_us)) {
			tess_test_i420_mean(mean, picture, &rects[i]);
			assert_true(mean[0] <= 18);
		}
	}
	watch->looked_at[now]++;
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct watch *watch = arg;

	(void)right;
	for (unsigned i = 0; i < frames; i++) {
		if (pts_us >= 300000 && watch->early_frames < 24000)
			watch->early[watch->early_frames++] = left[i];
		if (pts_us >= watch->late_us && watch->late_frames < 24000)
			watch->late[watch->late_frames++] = left[i];
	}
}

static void assert_heard(const float *pcm, unsigned id, bool heard)
{
	double level = tess_tone_level(pcm, 24000, 1, 0, 48000, scenario_tone_hz(id));

	if (heard ? level < 0.04 : level > 0.001)
		fail_msg("user %u is heard at %f", id, level);
}

/* @p desired: the state of each phase. Ends 0.7 s after the last one began. */
static void run(struct watch *watch, const struct tess_test_publisher *senders, unsigned count,
		json_t *const *desired)
{
	unsigned end_ms = watch->phases[watch->phase_count - 1].at_ms + 900;
	const struct tess_test_capture capture = {.publishers = senders,
						  .count = count,
						  .duration_s = end_ms / 1000.0 + 0.1,
						  .seed = 8};
	const struct judge_handlers handlers = {
		.picture = on_phase, .sound = on_sound, .arg = watch};
	json_t *scenario = scenario_new();
	struct scenario_result result;

	for (unsigned i = 0; i < watch->phase_count; i++)
		scenario_step(scenario, watch->phases[i].at_ms, desired[i]);
	json_object_set_new(scenario, "end_ms", json_integer(end_ms));
	watch->late_us = (end_ms - 750) * INT64_C(1000);
	result = scenario_run(&capture, scenario, &handlers);
	assert_int_equal(result.streams, 1);
	json_decref(result.facts);
	assert_int_equal(watch->count, end_ms * 15 / 1000 + 1);
	for (unsigned i = 0; i < watch->phase_count; i++)
		assert_true(watch->looked_at[i] >= 5);
	assert_int_equal(watch->late_frames, 24000);
}

static json_t *grid(json_t *publishers)
{
	return scenario_desired(
		publishers,
		json_pack("[o]", mix_of(WIDTH, HEIGHT, "{\"pure_audio_hold_place\":2}", 1)));
}

/* u0, u1 and perhaps u2 and the screen of u0, which is publisher 3; u1 perhaps without a camera. */
static json_t *room_of(bool camera, bool screen, bool third)
{
	json_t *publishers = people(third ? 3 : 2), *one;

	if (!camera)
		json_object_set_new(json_array_get(publishers, 1), "video", json_null());
	if (screen) {
		one = scenario_desired_publisher(3, 9);
		json_object_set_new(one, "user", json_string("u0"));
		json_object_set_new(one, "stream_type", json_string("aux"));
		json_array_append_new(publishers, one);
	}
	return publishers;
}

static void the_next_picture_is_right(void **state)
{
	static const struct phase phases[] = {
		{0, 0, "01"},	     {807, '2', "012"}, /* joins */
		{1407, 0, "02"},			/* camera off */
		{1807, '1', "012"},			/* on */
		{2507, '3', "0312"},			/* a screen */
		{3207, 0, "012"},			/* no more */
		{3607, 0, "012"},			/* muted */
		{4007, 0, "12"},			/* leaves */
	};
	struct watch *watch = calloc(1, sizeof(*watch));
	struct tess_test_publisher senders[4];
	json_t *desired[8], *muted = room_of(true, false, true), *left = people(3);

	(void)state;
	assert_non_null(watch);
	watch->phases = phases;
	watch->phase_count = sizeof(phases) / sizeof(phases[0]);
	for (unsigned id = 0; id < 4; id++) {
		senders[id] = scenario_publisher(id);
		senders[id].video = (struct tess_test_video_config){
			.width = 160, .height = 90, .gop_frames = 3};
	}
	senders[2].start_s = phases[1].at_ms / 1000.0;
	senders[3].start_s = phases[4].at_ms / 1000.0;
	json_object_set_new(json_array_get(muted, 1), "audio", json_null());
	json_object_set_new(json_array_get(left, 1), "audio", json_null());
	json_array_remove(left, 0);
	desired[0] = grid(room_of(true, false, false));
	desired[1] = grid(room_of(true, false, true));
	desired[2] = grid(room_of(false, false, true));
	desired[3] = grid(room_of(true, false, true));
	desired[4] = grid(room_of(true, true, true));
	desired[5] = grid(room_of(true, false, true));
	desired[6] = grid(muted);
	desired[7] = grid(left);
	run(watch, senders, 4, desired);
	assert_heard(watch->early, 0, true);
	assert_heard(watch->early, 1, true);
	assert_heard(watch->early, 2, false);
	assert_heard(watch->late, 0, false);
	assert_heard(watch->late, 1, false);
	assert_heard(watch->late, 2, true);
	free(watch);
}

/* ---- the seventeenth ---- */

static void run_seventeen(const struct phase *phases, const char *layout, bool places)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	struct tess_test_publisher senders[17];
	json_t *desired[2], *left = people(17);

	assert_non_null(watch);
	watch->phases = phases;
	watch->phase_count = 2;
	watch->places = places;
	for (unsigned id = 0; id < 17; id++)
		senders[id] = scenario_publisher(id);
	json_array_remove(left, 3);
	desired[0] =
		scenario_desired(people(17), json_pack("[o]", mix_of(WIDTH, HEIGHT, layout, 1)));
	desired[1] = scenario_desired(left, json_pack("[o]", mix_of(WIDTH, HEIGHT, layout, 1)));
	run(watch, senders, 17, desired);
	assert_heard(watch->early, 3, true);
	assert_heard(watch->early, 16, false);
	assert_heard(watch->late, 3, false);
	assert_heard(watch->late, 16, true);
	assert_heard(watch->late, 15, true);
	free(watch);
}

/* Sixteen free places, as large as the tiles of a grid. */
static char *places(void)
{
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	json_t *presets = json_array(), *layout;
	char *text;

	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, WIDTH, HEIGHT, 16, rects), 0);
	for (unsigned i = 0; i < 16; i++)
		json_array_append_new(presets,
				      json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "user", "",
						"stream_type", "main", "x", rects[i].x, "y",
						rects[i].y, "width", rects[i].width, "height",
						rects[i].height, "z", 0, "render", 0, "input", 0));
	layout = json_pack("{s:i,s:o}", "template", 4, "presets", presets);
	text = json_dumps(layout, JSON_COMPACT);
	json_decref(layout);
	assert_non_null(text);
	return text;
}

static void the_seventeenth_waits_for_a_place(void **state)
{
	/* the later ones move up */
	static const struct phase in_a_grid[] = {{0, 0, "0123456789abcdef"},
						 {907, 'g', "012456789abcdefg"}};
	/* everybody stays */
	static const struct phase in_places[] = {{0, 0, "0123456789abcdef"},
						 {907, 'g', "012g456789abcdef"}};
	char *layout = places();

	(void)state;
	run_seventeen(in_a_grid, "{}", false);
	run_seventeen(in_places, layout, true);
	free(layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fifty_changes_a_second),
		cmocka_unit_test(the_next_picture_is_right),
		cmocka_unit_test(the_seventeenth_waits_for_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
