/* SPDX-License-Identifier: GPL-3.0-or-later
 * A recording that is cut into parts, broken off and taken up again: every unit is in each format
 * once and in order all the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/firmware/egress/record_loops.h"

/** Two minutes and a half in files of one: nothing is lost or doubled, and HLS is not split. */
static void split_at_the_limit(void **state)
{
	struct box *box = *state;
	const json_t *files, *file;
	unsigned of_mp4 = 0, of_hls = 0;
	json_t *fact;
	size_t i;

	box_desire(box, ORDER(ALL, ",\"split_minutes\":1"));
	box_bring_up(box, "mix-1", 1);
	feed_loops(box, 0, 8);
	assert_true(turning_until(box->turning, has_finished_file, box));
	/* the first one is finished while the recording goes on */
	fact = box_fact(box, 1);
	file = json_array_get(json_object_get(fact, "files"), 0);
	assert_string_equal(text_of(fact, "state"), "recording");
	assert_string_equal(text_of(file, "format"), "mp4");
	assert_string_equal(text_of(file, "name"),
			    "all_2020-02-16-12-12-12_2020-02-16-12-13-12.mp4");
	json_decref(fact);
	feed_loops(box, 8, 19);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	fact = box_fact(box, 1);
	files = json_object_get(fact, "files");
	json_array_foreach(files, i, file)
	{
		if (strcmp(text_of(file, "format"), "hls") == 0) {
			of_hls++;
			assert_string_equal(text_of(file, "name"),
					    "all_2020-02-16-12-12-12_2020-02-16-12-14-44.m3u8");
			assert_int_equal(number_of(file, "duration_ms"), 152000);
		} else if (strcmp(text_of(file, "format"), "mp4") == 0) {
			assert_int_equal(number_of(file, "part"), ++of_mp4);
			/* sound that is older than the split stays where it belongs */
			assert_in_range(number_of(file, "duration_ms"), of_mp4 < 3 ? 60000 : 32000,
					of_mp4 < 3 ? 60022 : 32022);
		}
	}
	assert_int_equal(of_mp4, 3);
	assert_int_equal(of_hls, 1);
	assert_int_equal(json_array_size(files), 10);
	assert_int_equal(json_array_size(json_object_get(fact, "gaps")), 0);
	assert_true(number_of(fact, "start_utc_us") == UTC_US);
	assert_int_equal(number_of(fact, "end_utc_us") - UTC_US, 152000000);
	json_decref(fact);
	assert_holds(box, "mp4", 19);
	assert_holds(box, "hls", 19);
	assert_holds(box, "flv", 19);
	assert_holds(box, "aac", 19);
	assert_decodes(box, "7/all_2020-02-16-12-13-12_2020-02-16-12-14-12.mp4", 900, 2812);
	assert_decodes(box, "7/all_2020-02-16-12-13-12_2020-02-16-12-14-12.flv", 900, 2812);
}

/** The process ends in the middle, at a split as well: the next life goes on in the same files. */
static void split_over_restarts(void **state)
{
	struct box *box = *state;
	json_t *fact;

	box_desire(box, ORDER(ALL, ",\"split_minutes\":1"));
	for (unsigned loop = 0; loop < 10; loop++) {
		box_bring_up(box, "mix-1", 1);
		/* the ring gives again what may have been lost */
		if (loop)
			feed_loops(box, loop - 1, loop);
		if (loop == 7)
			feed_begin(box, 7, 4066667); /* the key frame of the split, just so */
		else
			feed_loops(box, loop, loop + 1);
		box_switch_off(box);
		box_switch_on(box);
		box_desire(box, ORDER(ALL, ",\"split_minutes\":1"));
	}
	box_bring_up(box, "mix-1", 1);
	feed_loops(box, 9, 10);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	fact = box_fact(box, 1);
	assert_int_equal(json_array_size(json_object_get(fact, "files")), 7);
	assert_int_equal(json_array_size(json_object_get(fact, "gaps")), 0);
	json_decref(fact);
	assert_holds(box, "mp4", 10);
	assert_holds(box, "hls", 10);
	assert_holds(box, "flv", 10);
	assert_holds(box, "aac", 10);
}

/** Packets behind the gap are as late as the gap was long, picture and sound together. */
static void assert_gap(struct box *box, const char *path)
{
	char *text = media_must_run(
		"ffprobe -v error -show_entries packet=codec_type,pts_time -of csv=p=0 %s/%s | awk "
		"-F, '$2 >= 12 && !($1 in first) {first[$1] = $2} END {print first[\"video\"], "
		"first[\"audio\"]}'",
		box->config.egress.record_dir, path);
	double video = 0, sound = 0;

	assert_int_equal(sscanf(text, "%lf %lf", &video, &sound), 2);
	if (video < 15.999 || video > 16.001 || sound < 15.999 || sound > 16.025)
		print_error("%s: %s", path, text);
	assert_true(video > 15.999 && video < 16.001 && sound > 15.999 && sound < 16.025);
	free(text);
}

/** A break within the time-out is a gap in the same files; a longer one ends them. */
static void resumed_within_the_time_out(void **state)
{
	struct box *box = *state;
	const json_t *gaps;
	json_t *fact;
	char *text;

	box_desire(box, ORDER(ALL, ",\"resume_timeout_s\":10"));
	box_bring_up(box, "mix-1", 1);
	feed_loops(box, 0, 1);
	box_take_away(box, "mix-1");
	box_wait_for(box, 1, "gap");
	/* eight seconds, and our own process comes and goes in them */
	box_switch_off(box);
	box_switch_on(box);
	box_desire(box, ORDER(ALL, ",\"resume_timeout_s\":10"));
	box_bring_up(box, "mix-1", 2);
	feed_loops(box, 2, 3);
	box_wait_for(box, 1, "recording");
	box_take_away(box, "mix-1");
	/* and forty */
	box_bring_up(box, "mix-1", 3);
	feed_loops(box, 8, 9);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	fact = box_fact(box, 1);
	assert_int_equal(json_array_size(json_object_get(fact, "files")), 8);
	gaps = json_object_get(fact, "gaps");
	assert_int_equal(json_array_size(gaps), 2); /* the other one is between the parts */
	assert_int_equal(number_of(json_array_get(gaps, 1), "at_us"), 24000000);
	assert_int_equal(number_of(json_array_get(gaps, 1), "length_us"), 40000000);
	json_decref(fact);
	assert_holds(box, "mp4", 3);
	assert_holds(box, "hls", 3);
	assert_holds(box, "flv", 3);
	assert_holds(box, "aac", 3);
	text = read_text(box, START "_2020-02-16-12-12-36.m3u8");
	assert_int_equal(count_of(text, "#EXT-X-DISCONTINUITY\n"), 1);
	assert_non_null(strstr(text, "#EXT-X-DISCONTINUITY\n#EXTINF:4.000000,\n"));
	assert_int_equal(check_playlist(box, text), 4);
	free(text);
	assert_gap(box, START "_2020-02-16-12-12-36.mp4");
	assert_gap(box, START "_2020-02-16-12-12-36.m3u8");
	assert_gap(box, START "_2020-02-16-12-12-36.flv");
	assert_true(box_exists(box, "7/all_2020-02-16-12-13-16_2020-02-16-12-13-24.flv", 0640));
}

static void wait_a_while(void *arg)
{
	struct box *box = arg;

	box->clock.clock.advance_to(&box->clock.clock, START_US + LOOP_US + 14500000);
}

/** The file comes when the time-out is over, and not before. */
static void file_comes_after_the_time_out(void **state)
{
	struct box *box = *state;
	json_t *fact;

	box_desire(box, ORDER("[\"flv\"]", ",\"resume_timeout_s\":10"));
	box_bring_up(box, "mix-1", 1);
	feed_loops(box, 0, 1);
	box_take_away(box, "mix-1");
	box_wait_for_fragments(box, 8);
	fact = box_fact(box, 1);
	assert_string_equal(text_of(fact, "state"), "gap");
	assert_string_equal(text_of(fact, "path"), START ".flv");
	json_decref(fact);
	turning_do(box->turning, wait_a_while, box);
	assert_true(turning_until(box->turning, has_finished_file, box));
	fact = box_fact(box, 1);
	assert_string_equal(text_of(fact, "state"), "gap"); /* it is still wanted */
	assert_string_equal(text_of(fact, "path"), START "_2020-02-16-12-12-20.flv");
	json_decref(fact);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	assert_holds(box, "flv", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(split_at_the_limit, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(split_over_restarts, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(resumed_within_the_time_out, box_set_up,
						box_tear_down),
		cmocka_unit_test_setup_teardown(file_comes_after_the_time_out, box_set_up,
						box_tear_down),
	};

	return cmocka_run_group_tests(tests, box_encode, box_remove_media);
}
