/* SPDX-License-Identifier: GPL-3.0-or-later
 * The recordings of the box, as control sees them: names and modes of files, states, gaps,
 * restarts, a reboot, acknowledgement and deletion, a disk that fails for one of two.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/egress/recorder.h"
#include "tests/unit/firmware/egress/record_box.h"

#define ORDER_1                                                                                \
	"{\"id\":1,\"stream\":\"mix-1\",\"app\":1400000001,\"prefix\":\"file001\",\"format\":" \
	"\"mp4\"}"
#define ORDER_2                                                                              \
	"{\"id\":2,\"stream\":\"mix-2\",\"app\":1400000001,\"prefix\":\"other\",\"format\":" \
	"\"mp4\"}"
#define RUNNING	 "1400000001/file001_2020-02-16-12-12-12.mp4"
#define FINISHED "1400000001/file001_2020-02-16-12-12-12_2020-02-16-12-12-15.mp4"

static void life_of_a_recording(void **state)
{
	struct box *box = *state;
	struct stat info;
	json_t *json;
	int fd;

	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_wait_for(box, 1, "waiting");
	assert_true(box_sink(box, "mix-1")->after_us == TESS_SINK_NEWEST_KEY);
	assert_int_equal(box_open_file(box, 1, &fd), -ENOENT);
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 0, 3000000);
	box_wait_for(box, 1, "recording");
	box_wait_for_fragments(box, 2);
	/* its file is there, and plays while it grows */
	assert_true(box_exists(box, RUNNING, 0640));
	assert_true(box_exists(box, "1400000001", 0750));
	box_assert_plays(box, RUNNING, 30);
	json = box_fact(box, 1);
	assert_string_equal(text_of(json, "path"), RUNNING);
	assert_string_equal(text_of(json, "error"), "");
	assert_true(number_of(json, "start_utc_us") == UTC_US);
	assert_int_equal(number_of(json, "width"), 160);
	assert_int_equal(number_of(json, "height"), 120);
	assert_int_equal(json_array_size(json_object_get(json, "gaps")), 0);
	json_decref(json);
	assert_int_equal(box_open_file(box, 1, &fd), 0);
	assert_int_equal(box->folder, 1400000001);
	(void)close(fd);
	box->changes = 0;

	box_desire(box, "{\"records\":[]}");
	assert_null(box_sink(box, "mix-1"));
	box_wait_for(box, 1, "finished");
	assert_true(box->changes > 0);
	assert_false(box_exists(box, RUNNING, 0));
	assert_true(box_exists(box, FINISHED, 0640));
	assert_true(box_exists(box, "1400000001/file001_2020-02-16-12-12-12.journal", 0640));
	box_assert_plays(box, FINISHED, 45);
	json = box_fact(box, 1);
	assert_string_equal(text_of(json, "path"), FINISHED);
	assert_int_equal(number_of(json, "duration_us"), 3008000); /* 141 frames of sound */
	assert_true(number_of(json, "end_utc_us") == UTC_US + 3008000);
	assert_int_equal(box_open_file(box, 1, &fd), 0);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(number_of(json, "bytes"), info.st_size);
	(void)close(fd);
	json_decref(json);

	/* control has stored it */
	box_desire(box, "{\"records\":[],\"acknowledged\":[1]}");
	box_wait_for(box, 1, "none");
	assert_false(box_exists(box, "1400000001/file001_2020-02-16-12-12-12.journal", 0));
	assert_true(box_exists(box, "by-id/1", 0));
	assert_int_equal(box_open_file(box, 1, &fd), 0);
	assert_int_equal(box->folder, 1400000001);
	(void)close(fd);
	/* also in the next life */
	box_switch_off(box);
	box_switch_on(box);
	box_wait_for(box, 1, "none");
	assert_int_equal(box_open_file(box, 1, &fd), 0);
	(void)close(fd);

	box_desire(box, "{\"records\":[],\"deleted\":[1]}");
	box_wait_for(box, 1, "deleted");
	assert_false(box_exists(box, FINISHED, 0));
	assert_false(box_exists(box, "by-id/1", 0));
	assert_int_equal(box_open_file(box, 1, &fd), -ENOENT);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "none");
}

static void deleted_whatever_its_state(void **state)
{
	struct box *box = *state;

	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 0, 3000000);
	box_wait_for(box, 1, "recording");
	box_desire(box, "{\"records\":[],\"deleted\":[1,99]}");
	box_wait_for(box, 1, "deleted");
	box_wait_for(box, 99, "deleted"); /* one that never was */
	assert_false(box_exists(box, RUNNING, 0));
	assert_false(box_exists(box, "1400000001/file001_2020-02-16-12-12-12.journal", 0));
}

static void goes_on_in_the_next_life(void **state)
{
	struct box *box = *state;
	json_t *json;

	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 0, 2500000);
	box_switch_off(box); /* what was taken goes to disk */
	assert_true(box_exists(box, RUNNING, 0));
	box_switch_on(box);
	/* before control says anything, behind what it has of the track that has less */
	assert_non_null(box_sink(box, "mix-1"));
	assert_true(box_sink(box, "mix-1")->after_us > START_US + 2400000);
	assert_true(box_sink(box, "mix-1")->after_us < START_US + 2500000);
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 2000000, 4000000);
	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_wait_for(box, 1, "recording");
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	json = box_fact(box, 1);
	assert_int_equal(json_array_size(json_object_get(json, "gaps")), 0);
	box_assert_plays(box, text_of(json, "path"), 60);
	json_decref(json);
}

static void finished_in_the_next_life(void **state)
{
	struct box *box = *state;
	json_t *json;

	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 0, 3000000);
	box_switch_off(box);
	box_switch_on(box);
	box_wait_for(box, 1, "gap");
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	json = box_fact(box, 1);
	assert_string_equal(text_of(json, "path"), FINISHED);
	json_decref(json);
	box_assert_plays(box, FINISHED, 45);
	/* and it is told of until control has stored it */
	box_switch_off(box);
	box_switch_on(box);
	box_wait_for(box, 1, "finished");
	json = box_fact(box, 1);
	assert_string_equal(text_of(json, "path"), FINISHED);
	assert_int_equal(number_of(json, "duration_us"), 3008000);
	assert_int_equal(number_of(json, "width"), 160);
	json_decref(json);
}

/** Media dies and comes back 1.3 s later with another epoch. */
static void gap_is_told(void **state)
{
	struct box *box = *state;
	const json_t *gap;
	json_t *json;

	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 0, 2700000);
	box_take_away(box, "mix-1");
	box_wait_for(box, 1, "gap");
	box_wait_for_fragments(box, 3); /* what was taken is written */
	box_bring_up(box, "mix-1", 2);
	box_feed(box, "mix-1", 4000000, 6000000);
	box_wait_for(box, 1, "recording");
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	json = box_fact(box, 1);
	assert_int_equal(json_array_size(json_object_get(json, "gaps")), 1);
	gap = json_array_get(json_object_get(json, "gaps"), 0);
	assert_int_equal(number_of(gap, "at_us") + number_of(gap, "length_us"), 4000000);
	assert_true(number_of(gap, "length_us") > 1300000 && number_of(gap, "length_us") < 1340000);
	assert_int_equal(number_of(json, "duration_us") / 100000, 60);
	box_assert_plays(box, text_of(json, "path"), 41 + 30);
	json_decref(json);
}

/** A stream that falls silent leaves nothing in memory for long. */
static void silence_is_written(void **state)
{
	struct box *box = *state;
	json_t *json;

	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 0, 500000);
	box->clock.clock.advance_to(&box->clock.clock, START_US + 2200000);
	box_wait_for_fragments(box, 1);
	json = box_fact(box, 1);
	assert_int_equal(number_of(json, "duration_us") / 100000, 5);
	json_decref(json);
}

static void one_disk_error_harms_no_other(void **state)
{
	struct box *box = *state;
	json_t *json;

	box_desire(box, "{\"records\":[" ORDER_1 "," ORDER_2 "]}");
	box_bring_up(box, "mix-1", 1);
	box_bring_up(box, "mix-2", 1);
	box_feed(box, "mix-1", 0, 1500000);
	box_feed(box, "mix-2", 0, 1500000);
	box_wait_for(box, 1, "recording");
	box_wait_for_fragments(box, 2);
	box_fail_writes("other_");
	box_feed(box, "mix-1", 1500000, 4000000);
	box_feed(box, "mix-2", 1500000, 2500000);
	box_wait_for(box, 2, "gap");
	json = box_fact(box, 2);
	assert_string_equal(text_of(json, "error"), "disk: No space left on device");
	json_decref(json);
	/* it takes no more, the other does */
	assert_false(box_is_ready(box, "mix-2"));
	assert_true(box_is_ready(box, "mix-1"));
	box_wait_for_fragments(box, 4);
	json = box_fact(box, 1);
	assert_string_equal(text_of(json, "error"), "");
	assert_string_equal(text_of(json, "state"), "recording");
	json_decref(json);
	/* what was written plays */
	box_assert_plays(box, "1400000001/other_2020-02-16-12-12-12.mp4", 15);
	/* space again: it is tried again each second, and nothing is missing */
	box_fail_writes(NULL);
	box_wait_for(box, 2, "recording");
	assert_true(box_is_ready(box, "mix-2"));
	box_feed(box, "mix-2", 2500000, 4000000);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 2, "finished");
	json = box_fact(box, 2);
	assert_string_equal(text_of(json, "error"), "");
	assert_int_equal(json_array_size(json_object_get(json, "gaps")), 0);
	box_assert_plays(box, text_of(json, "path"), 60);
	json_decref(json);
}

static void names_in_the_time_zone(void **state)
{
	struct box *box = *state;
	json_t *json;

	box_desire(box, "{\"time_zone\":\"Asia/Shanghai\",\"records\":[" ORDER_1 "]}");
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 0, 3000000);
	box_wait_for(box, 1, "recording");
	box_wait_for_fragments(box, 2);
	json = box_fact(box, 1);
	assert_string_equal(text_of(json, "path"), "1400000001/file001_2020-02-16-20-12-12.mp4");
	json_decref(json);
	box_desire(box, "{\"records\":[]}");
}

/** Two of the same prefix in the same second, and a third when they are finished. */
static void names_that_are_taken(void **state)
{
	struct box *box = *state;
	json_t *json;

	box_desire(box,
		   "{\"records\":[" ORDER_1 ",{\"id\":2,\"stream\":\"mix-2\",\"app\":1400000001,"
		   "\"prefix\":\"file001\",\"format\":\"mp4\"}]}");
	box_bring_up(box, "mix-1", 1);
	box_bring_up(box, "mix-2", 1);
	box_feed(box, "mix-1", 0, 2000000);
	box_wait_for_fragments(box, 1);
	box_feed(box, "mix-2", 0, 2000000);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	box_wait_for(box, 2, "finished");
	json = box_fact(box, 2);
	assert_string_equal(text_of(json, "path"),
			    "1400000001/file001_2020-02-16-12-12-13_2020-02-16-12-12-14.mp4");
	json_decref(json);
	box_desire(box, "{\"records\":[],\"acknowledged\":[1,2]}");
	box_wait_for(box, 1, "none");
	box_wait_for(box, 2, "none");
	box_desire(box, "{\"records\":[{\"id\":3,\"stream\":\"mix-3\",\"app\":1400000001,"
			"\"prefix\":\"file001\",\"format\":\"mp4\"}]}");
	box_bring_up(box, "mix-3", 1);
	box_feed(box, "mix-3", 0, 2000000);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 3, "finished");
	json = box_fact(box, 3);
	assert_string_equal(text_of(json, "path"),
			    "1400000001/file001_2020-02-16-12-12-14_2020-02-16-12-12-14.mp4");
	json_decref(json);
}

static void orders_that_cannot_be(void **state)
{
	struct box *box = *state;
	json_t *json;

	box_desire(box,
		   "{\"records\":[7,{},{\"id\":\"x\"},{\"id\":5,\"stream\":\"s\",\"app\":1,"
		   "\"prefix\":\"../x\",\"format\":\"mp4\"},{\"id\":6,\"stream\":\"s\",\"app\":1,"
		   "\"prefix\":\"x\",\"format\":\"avi\"},{\"id\":7,\"stream\":\"s\",\"app\":-1,"
		   "\"prefix\":\"x\",\"format\":\"mp4\"}]}");
	box_wait_for(box, 5, "failed");
	box_wait_for(box, 6, "failed");
	box_wait_for(box, 7, "failed");
	json = box_fact(box, 6);
	assert_string_equal(text_of(json, "error"), "there is no such format");
	json_decref(json);
	box_desire(box, "{\"records\":[],\"acknowledged\":[5,6,7]}");
	box_wait_for(box, 5, "none");
	/* one that never got anything */
	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "failed");
	box_desire(box, "{}");
}

static void second_process_call(void *arg)
{
	struct tess_records *second;
	struct box *box = arg;

	assert_int_equal(tess_records_alloc(&second, turning_loop(box->turning), &box->streams,
					    &box->clock.clock, &box->config),
			 -EBUSY);
}

static void one_process_at_a_time(void **state)
{
	struct box *box = *state;

	turning_do(box->turning, second_process_call, box);
}

static void other_size_call(void *arg)
{
	struct box *box = arg;
	struct media second = {0};
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/b.h264", box->media_dir);
	media_add_video(&second, path, 15, START_US + 2000000);
	for (size_t i = 0; i < 30; i++)
		box_give(box, "mix-1", second.units[i], 0);
	media_free(&second);
}

/** The picture's size changes while it is recorded: both parts decode. */
static void size_changes(void **state)
{
	struct box *box = *state;
	json_t *json;
	char *text;

	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 0, 2000000);
	turning_do(box->turning, other_size_call, box);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	json = box_fact(box, 1);
	assert_int_equal(number_of(json, "width"), 192);
	text = media_must_run(
		"ffprobe -v error -select_streams v -show_entries frame=width,height -of "
		"csv=p=0 %s/%s | grep -o '[0-9][0-9]*,[0-9][0-9]*' | uniq -c | tr -s ' '",
		box->config.egress.record_dir, text_of(json, "path"));
	assert_string_equal(text, " 30 160,120\n 30 192,128\n");
	free(text);
	/* none of them distorted, whatever the track's size */
	text = media_must_run("ffprobe -v error -select_streams v -show_entries "
			      "stream=sample_aspect_ratio -of csv=p=0 %s/%s",
			      box->config.egress.record_dir, text_of(json, "path"));
	assert_string_equal(text, "1:1\n");
	free(text);
	json_decref(json);
}

static void nothing_changed(void *arg)
{
	(void)arg;
}

/**
 * The box was rebooted: media time begins anew, UTC says that ten seconds are over, and the file
 * goes on ten seconds later.
 */
static void reboot_goes_on_by_utc(void **state)
{
	struct box *box = *state;
	struct tess_recorder_shared shared = {.clock = &box->clock.clock,
					      .fragment_us = 1000000,
					      .boot_id = "another boot",
					      .changed = nothing_changed};
	struct tess_record_state held;
	struct tess_record_file file;
	struct tess_record_meta meta;
	struct tess_recorder *recorder;
	struct tess_record_end end;
	struct tess_loop *loop;
	char path[600];
	json_t *json;
	int dir;

	box_desire(box, "{\"records\":[" ORDER_1 "]}");
	box_bring_up(box, "mix-1", 1);
	box_feed(box, "mix-1", 0, 2000000);
	box_switch_off(box);

	tess_clock_virtual_init(&box->clock, 5000000, UTC_US + 12000000);
	assert_int_equal(tess_loop_alloc(&loop), 0);
	assert_int_equal(tess_writer_alloc(&shared.writer, loop, 1000000), 0);
	(void)snprintf(path, sizeof(path), "%s/1400000001", box->config.egress.record_dir);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	for (unsigned life = 0; life < 2; life++) {
		assert_int_equal(tess_record_file_recover(&file, &meta, &held, &end, dir,
							  "file001_2020-02-16-12-12-12"),
				 0);
		/* the second life is on the same boot, and knows it from the journal */
		assert_string_equal(meta.boot_id, life ? "another boot" : meta.boot_id);
		assert_int_equal(
			tess_recorder_resume(&recorder, &shared, &meta, &file, &held, &end), 0);
		/* media time 5 s is 12 s in the file */
		assert_true(tess_recorder_after_us(recorder) / 100000 == (20 - 120 + 50) ||
			    tess_recorder_after_us(recorder) / 100000 == (19 - 120 + 50));
		if (life) {
			for (size_t i = 0;
			     i < box->media->count && box->media->units[i].dts_us < 2000000; i++) {
				struct tess_au au = box->media->units[i];

				au.dts_us += 5000000;
				au.pts_us += 5000000;
				tess_recorder_au(recorder, &au);
			}
			tess_recorder_finish(recorder, true);
		}
		tess_writer_stop(shared.writer);
		if (life) {
			json = tess_recorder_facts(recorder);
			assert_string_equal(text_of(json, "state"), "finished");
			assert_int_equal(number_of(json, "duration_us") / 100000, 140);
			assert_int_equal(json_array_size(json_object_get(json, "gaps")), 1);
			box_assert_plays(box, text_of(json, "path"), 60);
			json_decref(json);
		}
		tess_recorder_free(recorder);
		tess_writer_free(shared.writer);
		if (!life)
			assert_int_equal(tess_writer_alloc(&shared.writer, loop, 1000000), 0);
	}
	(void)close(dir);
	tess_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(life_of_a_recording, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(deleted_whatever_its_state, box_set_up,
						box_tear_down),
		cmocka_unit_test_setup_teardown(goes_on_in_the_next_life, box_set_up,
						box_tear_down),
		cmocka_unit_test_setup_teardown(finished_in_the_next_life, box_set_up,
						box_tear_down),
		cmocka_unit_test_setup_teardown(gap_is_told, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(silence_is_written, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(one_disk_error_harms_no_other, box_set_up,
						box_tear_down),
		cmocka_unit_test_setup_teardown(names_in_the_time_zone, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(names_that_are_taken, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(orders_that_cannot_be, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(one_process_at_a_time, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(size_changes, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(reboot_goes_on_by_utc, box_set_up, box_tear_down),
	};

	return cmocka_run_group_tests(tests, box_encode, box_remove_media);
}
