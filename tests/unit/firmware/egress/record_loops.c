/* SPDX-License-Identifier: GPL-3.0-or-later
 * The media again and again.
 */
#include "tests/unit/firmware/egress/record_loops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct feed {
	struct box *box;
	unsigned from, to; /* loops */
	int64_t until_us;  /* of the last of them; 0: all of it */
};

static void feed_call(void *arg)
{
	struct feed *feed = arg;
	const struct media *media = feed->box->media;

	for (unsigned loop = feed->from; loop < feed->to; loop++) {
		unsigned sounds = 0;

		for (size_t i = 0; i < media->count; i++) {
			const struct tess_au *au = &media->units[i];

			/* what the encoder put behind 8 s */
			if (au->track == TESS_TRACK_AUDIO && sounds++ >= SOUNDS)
				continue;
			if (feed->until_us && loop + 1 == feed->to && au->dts_us >= feed->until_us)
				continue;
			box_give(feed->box, "mix-1", *au, START_US + loop * LOOP_US);
		}
	}
}

void feed_loops(struct box *box, unsigned from, unsigned to)
{
	struct feed feed = {.box = box, .from = from, .to = to};

	turning_do(box->turning, feed_call, &feed);
}

void feed_begin(struct box *box, unsigned loop, int64_t until_us)
{
	struct feed feed = {.box = box, .from = loop, .to = loop + 1, .until_us = until_us};

	turning_do(box->turning, feed_call, &feed);
}

bool has_finished_file(void *arg)
{
	struct box *box = arg;
	json_t *facts = tess_records_facts(box->records);
	const json_t *file = json_array_get(json_object_get(json_array_get(facts, 0), "files"), 0);
	bool is = file && strcmp(text_of(file, "state"), "finished") == 0;

	json_decref(facts);
	return is;
}

char *read_text(struct box *box, const char *path)
{
	char whole[600];
	size_t length;
	uint8_t *data;
	char *text;

	(void)snprintf(whole, sizeof(whole), "%s/%s", box->config.egress.record_dir, path);
	data = media_read_file(whole, &length);
	text = malloc(length + 1);
	assert_non_null(text);
	memcpy(text, data, length);
	text[length] = 0;
	free(data);
	return text;
}

unsigned count_of(const char *text, const char *what)
{
	unsigned count = 0;

	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

/** Sizes of a track's units in a file, one behind the other, appended to @p out. */
static unsigned append_sizes(struct box *box, const char *path, char track, size_t *out,
			     unsigned count)
{
	char *text = media_must_run("ffprobe -v error -select_streams %c:0 -show_entries "
				    "packet=size -of csv=p=0 %s/%s",
				    track, box->config.egress.record_dir, path);
	size_t head = strstr(path, ".aac") ? 7 : 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		out[count++] = (size_t)strtoul(line, NULL, 10) - head;
	free(text);
	return count;
}

void assert_decodes(struct box *box, const char *path, unsigned pictures, unsigned sounds)
{
	const char *dir = box->config.egress.record_dir;
	char *text = media_must_run(
		"ffmpeg -v error -nostdin -xerror -i %s/%s -f null - && ffprobe -v error "
		"-count_frames -show_entries stream=codec_type,nb_read_frames -of csv=p=0 %s/%s | "
		"grep . | sort -u",
		dir, path, dir, path);
	char expected[128];

	(void)snprintf(expected, sizeof(expected), pictures ? "audio,%u\nvideo,%u\n" : "audio,%u\n",
		       sounds, pictures);
	if (strcmp(text, expected) != 0)
		print_error("%s: %s, not %s", path, text, expected);
	assert_string_equal(text, expected);
	free(text);
}

void assert_holds(struct box *box, const char *format, unsigned loops)
{
	const struct media *media = box->media;
	size_t *video = calloc(loops * PICTURES + 64, sizeof(*video));
	size_t *sound = calloc(loops * SOUNDS + 64, sizeof(*sound));
	unsigned videos = 0, sounds = 0;
	json_t *fact = box_fact(box, 1);
	const json_t *file;
	char path[400];
	size_t i;

	json_array_foreach(json_object_get(fact, "files"), i, file)
	{
		if (strcmp(text_of(file, "format"), format) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "7/%s", text_of(file, "name"));
		assert_string_equal(text_of(file, "state"), "finished");
		assert_true(number_of(file, "bytes") > 0);
		if (strcmp(format, "aac") != 0)
			videos = append_sizes(box, path, 'v', video, videos);
		sounds = append_sizes(box, path, 'a', sound, sounds);
	}
	assert_int_equal(videos, strcmp(format, "aac") != 0 ? loops * PICTURES : 0);
	assert_int_equal(sounds, loops * SOUNDS);
	videos = sounds = 0;
	for (unsigned loop = 0; loop < loops; loop++) {
		unsigned in_loop = 0;

		for (i = 0; i < media->count; i++) {
			const struct tess_au *au = &media->units[i];

			if (au->track == TESS_TRACK_VIDEO && strcmp(format, "aac") != 0)
				assert_int_equal(video[videos++], au->length);
			else if (au->track == TESS_TRACK_AUDIO && in_loop++ < SOUNDS)
				assert_int_equal(sound[sounds++], au->length);
		}
	}
	free(video);
	free(sound);
	json_decref(fact);
}

unsigned check_playlist(struct box *box, const char *text)
{
	unsigned count = 0;
	char line[300], path[400];

	for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
		(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
		if (line[0] == '#')
			continue;
		(void)snprintf(path, sizeof(path), "7/%s", line);
		assert_true(box_exists(box, path, 0640));
		count++;
	}
	return count;
}

void assert_no_files(struct box *box)
{
	char *text = media_must_run("ls -A %s/7", box->config.egress.record_dir);

	assert_string_equal(text, "");
	free(text);
}
