/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recordings of single users: a camera or a microphone that is turned on later, or off; a user who
 * leaves and is back under another stream. In all formats at once, decoded and counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hal/engine.h"
#include "tests/unit/firmware/egress/record_box.h"

#define PICTURE 1u
#define SOUND	2u

#define ORDER(stream, more)                                                             \
	"{\"records\":[{\"id\":1,\"stream\":\"" stream "\",\"app\":7,\"prefix\":\"u\"," \
	"\"formats\":[\"mp4\",\"hls\",\"flv\",\"aac\"]" more "}]}"
#define NONE "{\"records\":[]}"

struct feed {
	struct box *box;
	const char *stream;
	unsigned tracks; /* PICTURE, SOUND */
	int64_t from_us, to_us;
	uint64_t epoch;
	unsigned given[2]; /* units so far: pictures, sounds */
};

static void up_call(void *arg)
{
	struct feed *feed = arg;
	struct tess_sink *sink = box_sink(feed->box, feed->stream);
	struct tess_stream_info info = {
		.has_video = feed->tracks & PICTURE,
		.has_audio = feed->tracks & SOUND,
		.audio_codec = TESS_CODEC_AAC,
		.audio_config_length = 2,
	};

	memcpy(info.audio_config, feed->box->media->audio_config, 2);
	sink->ops->stream_up(sink->arg, &info, feed->epoch);
}

static void bring_up(struct feed *feed, unsigned tracks)
{
	feed->tracks = tracks;
	feed->epoch++;
	turning_do(feed->box->turning, up_call, feed);
}

static void feed_call(void *arg)
{
	struct feed *feed = arg;
	const struct media *media = feed->box->media;

	for (size_t i = 0; i < media->count; i++) {
		const struct tess_au *au = &media->units[i];
		unsigned track = au->track == TESS_TRACK_VIDEO ? 0 : 1;

		if (au->dts_us < feed->from_us || au->dts_us >= feed->to_us ||
		    !(feed->tracks >> track & 1))
			continue;
		feed->given[track]++;
		box_give(feed->box, feed->stream, *au, START_US);
	}
}

static void give(struct feed *feed, unsigned tracks, int64_t from_ms, int64_t to_ms)
{
	feed->tracks = tracks;
	feed->from_us = from_ms * 1000;
	feed->to_us = to_ms * 1000;
	turning_do(feed->box->turning, feed_call, feed);
}

/** Packets of a file that decodes: pictures, sounds. */
static void count_packets(struct box *box, const char *name, unsigned counts[2])
{
	const char *dir = box->config.egress.record_dir;
	char *text = media_must_run("ffmpeg -v error -nostdin -xerror -i %s/7/%s -f null - && "
				    "ffprobe -v error -show_entries packet=codec_type -of csv=p=0 "
				    "%s/7/%s | grep . | tr -d ,",
				    dir, name, dir, name);

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strcmp(line, "video"))
			counts[0]++;
		else if (!strcmp(line, "audio"))
			counts[1]++;
		else
			fail_msg("%s: %s", name, line);
	}
	free(text);
}

/** The files of each format hold, together, what was given; AAC the sound. */
static void assert_all_there(struct feed *feed, unsigned parts)
{
	static const char *const formats[] = {"mp4", "hls", "flv", "aac"};
	json_t *fact = box_fact(feed->box, 1);
	const json_t *file;
	size_t i;

	for (unsigned n = 0; n < 4; n++) {
		unsigned counts[2] = {0}, files = 0;

		json_array_foreach(json_object_get(fact, "files"), i, file)
		{
			if (strcmp(text_of(file, "format"), formats[n]) != 0)
				continue;
			assert_string_equal(text_of(file, "state"), "finished");
			count_packets(feed->box, text_of(file, "name"), counts);
			files++;
		}
		assert_int_equal(counts[0], n == 3 ? 0 : feed->given[0]);
		assert_int_equal(counts[1], feed->given[1]);
		assert_int_equal(files, parts);
	}
	json_decref(fact);
}

static void finish(struct feed *feed)
{
	box_desire(feed->box, NONE);
	box_wait_for(feed->box, 1, "finished");
}

/** What a file of the facts tells. */
static int64_t of_file(struct box *box, unsigned index, const char *name)
{
	json_t *fact = box_fact(box, 1);
	int64_t number = number_of(json_array_get(json_object_get(fact, "files"), index), name);

	json_decref(fact);
	return number;
}

/** The stream says that it has both, but the camera is off for 4 s: nobody waits for it, and with
 * its first key frame another part begins. */
static void camera_later(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};

	box_desire(feed.box, ORDER("user-1", ""));
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, SOUND, 0, 4000);
	box_wait_for(feed.box, 1, "recording");
	give(&feed, PICTURE | SOUND, 4000, 8000);
	finish(&feed);
	assert_all_there(&feed, 2);
	assert_int_equal(of_file(feed.box, 0, "width"), 0);
	assert_int_equal(of_file(feed.box, 4, "width"), 160);
}

/** The stream comes up again with a camera that it had not ... */
static void tracks_of_another_epoch(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};

	box_desire(feed.box, ORDER("user-1", ""));
	bring_up(&feed, SOUND);
	give(&feed, SOUND, 0, 2000);
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, PICTURE | SOUND, 2000, 6000);
	finish(&feed);
	assert_all_there(&feed, 2);
}

/** ... and with sound that it had not: with the next key frame. */
static void sound_of_another_epoch(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};
	unsigned lost;

	box_desire(feed.box, ORDER("user-1", ""));
	bring_up(&feed, PICTURE);
	give(&feed, PICTURE, 0, 4500);
	bring_up(&feed, PICTURE | SOUND);
	lost = feed.given[1];
	give(&feed, SOUND, 4500, 4600);
	feed.given[1] = lost;
	give(&feed, PICTURE | SOUND, 6000, 8000);
	finish(&feed);
	assert_int_equal(of_file(feed.box, 0, "part"), 1);
	assert_int_equal(of_file(feed.box, 3, "part"), 2);
}

/** Less than the wait for a picture was said: it is there. */
static void a_word_alone(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};

	box_desire(feed.box, ORDER("user-1", ""));
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, SOUND, 0, 1000);
	finish(&feed);
	assert_all_there(&feed, 1);
}

/** ... and after a break that no file goes on over, another. */
static void a_word_and_a_break(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};

	box_desire(feed.box, ORDER("user-1", ",\"resume_timeout_s\":0"));
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, SOUND, 0, 1000);
	give(&feed, SOUND, 5000, 8000);
	finish(&feed);
	assert_all_there(&feed, 2);
}

/** Sound that comes before the first picture is not of the recording of a picture. */
static void camera_at_once(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};

	box_desire(feed.box, ORDER("user-1", ""));
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, SOUND, 1000, 2000);
	memset(feed.given, 0, sizeof(feed.given));
	give(&feed, PICTURE | SOUND, 2000, 4000);
	finish(&feed);
	assert_all_there(&feed, 1);
}

/** The camera is turned off: the sound goes on in the same files, and what is told shows it. */
static void turned_off(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};
	json_t *fact;

	box_desire(feed.box, ORDER("user-1", ""));
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, PICTURE | SOUND, 0, 1000);
	box_wait_for(feed.box, 1, "recording");
	give(&feed, SOUND, 1000, 2000);
	bring_up(&feed, SOUND); /* media has found that no picture comes any more */
	give(&feed, SOUND, 2000, 8000);
	finish(&feed);
	assert_all_there(&feed, 1);
	fact = box_fact(feed.box, 1);
	assert_true(json_is_false(json_object_get(fact, "picture")));
	assert_int_equal(json_array_size(json_object_get(fact, "gaps")), 0);
	assert_int_equal(number_of(fact, "width"), 160);
	json_decref(fact);
}

/** The microphone is on for a while in the middle. */
static void microphone_off(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};

	box_desire(feed.box, ORDER("user-1", ""));
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, PICTURE, 0, 2000);
	give(&feed, PICTURE | SOUND, 2000, 4000);
	give(&feed, PICTURE, 4000, 8000);
	finish(&feed);
	assert_all_there(&feed, 1);
}

/** The user leaves and is back under another stream within the time-out. */
static void back_in_time(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};
	const json_t *gap;
	json_t *fact;

	box_desire(feed.box, ORDER("user-1", ",\"resume_timeout_s\":30"));
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, PICTURE | SOUND, 0, 2500);
	box_take_away(feed.box, "user-1");
	box_desire(feed.box, ORDER("user-9", ",\"resume_timeout_s\":30"));
	assert_null(box_sink(feed.box, "user-1"));
	feed.stream = "user-9";
	feed.epoch = 0; /* the same: media says nothing of what is missing */
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, PICTURE | SOUND, 4000, 8000);
	finish(&feed);
	assert_all_there(&feed, 1);
	fact = box_fact(feed.box, 1);
	assert_int_equal(json_array_size(json_object_get(fact, "gaps")), 1);
	gap = json_array_get(json_object_get(fact, "gaps"), 0);
	assert_in_range(number_of(gap, "at_us"), 2450000, 2550000);
	assert_in_range(number_of(gap, "length_us"), 1400000, 1550000);
	json_decref(fact);
}

/** ... in the next life of the process, which hears of the other stream from control alone. */
static void back_after_a_crash(void **state)
{
	struct feed feed = {.box = *state, .stream = "user-1"};

	box_desire(feed.box, ORDER("user-1", ",\"resume_timeout_s\":30"));
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, PICTURE | SOUND, 0, 2500);
	box_switch_off(feed.box);
	box_switch_on(feed.box);
	assert_non_null(box_sink(feed.box, "user-1"));
	box_desire(feed.box, ORDER("user-9", ",\"resume_timeout_s\":30"));
	assert_null(box_sink(feed.box, "user-1"));
	feed.stream = "user-9";
	bring_up(&feed, PICTURE | SOUND);
	give(&feed, PICTURE | SOUND, 4000, 8000);
	finish(&feed);
	assert_all_there(&feed, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, box_set_up, box_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(camera_later),
		TEST(tracks_of_another_epoch),
		TEST(sound_of_another_epoch),
		TEST(a_word_alone),
		TEST(a_word_and_a_break),
		TEST(camera_at_once),
		TEST(turned_off),
		TEST(microphone_off),
		TEST(back_in_time),
		TEST(back_after_a_crash),
	};

	return cmocka_run_group_tests(tests, box_encode, box_remove_media);
}
