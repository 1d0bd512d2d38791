/* SPDX-License-Identifier: GPL-3.0-or-later
 * Judges recordings by ffprobe and by the world they were made of.
 */
#include "tests/fault/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct packet {
	int track;
	int64_t time_us;
	size_t size;
};

struct packets {
	struct packet *list;
	unsigned count, allocated, files;
	int64_t end_us;
	int64_t slack_us; /* its gaps may be so much larger than is told */
	bool stills;	  /* a key frame may come again where pictures are missing */
};

/** Add those of a file, which plays; @p origin_us is its begin. */
static void read_packets(struct packets *packets, const char *path, int64_t origin_us)
{
	/* decodes as well: to start a program for each takes longer than to do it */
	char *text = media_must_run(
		"ffprobe -v error -threads 1 -show_packets -show_frames "
		"-show_entries packet=codec_type,pts_time,size:frame=media_type -of csv %s",
		path);
	unsigned pictures = 0, decoded = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		bool is_video = strncmp(line, "packet,video,", 13) == 0;
		struct packet packet = {.track = !is_video};
		double time_s;

		if (strncmp(line, "frame,", 6) == 0) {
			decoded += strncmp(line + 6, "video", 5) == 0;
			continue;
		}
		/* any complaint of ffprobe */
		if (!is_video && strncmp(line, "packet,audio,", 13) != 0)
			fail_msg("%s: %s", path, line);
		assert_int_equal(sscanf(line + 12, ",%lf,%zu", &time_s, &packet.size), 2);
		pictures += is_video;
		packet.time_us = origin_us + (int64_t)(time_s * 1e6 + 0.5);
		if (packets->count == packets->allocated) {
			packets->allocated = packets->allocated ? packets->allocated * 2 : 1024;
			packets->list =
				realloc(packets->list, packets->allocated * sizeof(*packets->list));
			assert_non_null(packets->list);
		}
		packets->list[packets->count++] = packet;
	}
	assert_int_equal(decoded, pictures);
	free(text);
}

static int compare_packets(const void *a, const void *b)
{
	const struct packet *x = a, *y = b;

	return x->track != y->track	  ? x->track - y->track
	       : x->time_us == y->time_us ? 0
	       : x->time_us < y->time_us  ? -1
					  : 1;
}

static bool is_in(const json_t *gaps, int64_t at_us, int64_t slack_us)
{
	const json_t *gap;
	size_t i;

	json_array_foreach(gaps, i, gap)
	{
		int64_t from_us = json_integer_value(json_object_get(gap, "at_us"));
		int64_t length_us = json_integer_value(json_object_get(gap, "length_us"));

		if (at_us > from_us - 30 - slack_us && at_us < from_us + length_us + 30 + slack_us)
			return true;
	}
	return false;
}

static void check_excuses(const json_t *gaps, int64_t origin_us, const struct excuse *excuses,
			  unsigned count)
{
	const json_t *gap;
	size_t i;

	json_array_foreach(gaps, i, gap)
	{
		int64_t from_us = origin_us + json_integer_value(json_object_get(gap, "at_us"));
		int64_t to_us = from_us + json_integer_value(json_object_get(gap, "length_us"));
		bool excused = false;

		for (unsigned n = 0; n < count && !excused; n++)
			excused = from_us >= excuses[n].from_us && to_us <= excuses[n].to_us;
		if (!excused)
			print_error("gap from %lld to %lld has no excuse\n", (long long)from_us,
				    (long long)to_us);
		assert_true(excused);
	}
}

static int64_t end_of(const json_t *facts)
{
	return json_integer_value(json_object_get(facts, "end_utc_us")) - WORLD_UTC_US;
}

/** The packets are the world's units from begin to end but for those in gaps. @return how many are
 * missing */
static unsigned compare(const struct world *world, const json_t *facts, struct packets *packets,
			int64_t tolerance_us)
{
	int64_t origin_us =
		json_integer_value(json_object_get(facts, "start_utc_us")) - WORLD_UTC_US;
	int64_t end_us = packets->end_us;
	const json_t *gaps = json_object_get(facts, "gaps");
	unsigned at[2] = {0}, end[2] = {0}, missing = 0;
	size_t key = 0;

	/* pictures, then sound, each by time */
	qsort(packets->list, packets->count, sizeof(*packets->list), compare_packets);
	while (at[1] < packets->count && !packets->list[at[1]].track)
		at[1]++;
	end[0] = at[1];
	end[1] = packets->count;
	for (uint64_t index = world_find(world, origin_us);; index++) {
		struct tess_au au = world_unit(world, index);
		unsigned track = au.track - TESS_TRACK_VIDEO;
		const struct packet *packet;

		while (packets->stills && !track && at[0] < end[0] &&
		       packets->list[at[0]].size == key &&
		       packets->list[at[0]].time_us < au.dts_us - tolerance_us)
			at[0]++;
		packet = &packets->list[at[track]];
		/* the end of the two tracks is not the same */
		if (au.dts_us > end_us + 200000)
			break;
		if (at[track] < end[track] && llabs(packet->time_us - au.dts_us) <= tolerance_us) {
			assert_int_equal(packet->size, au.length);
			key = !track && au.key ? au.length : key;
			at[track]++;
		} else if (au.dts_us < end_us - 100000) {
			missing++;
			if (!is_in(gaps, au.dts_us - origin_us, packets->slack_us)) {
				print_error("unit at %lld us is missing outside of gaps\n",
					    (long long)(au.dts_us - origin_us));
			}
			assert_true(is_in(gaps, au.dts_us - origin_us, packets->slack_us));
		}
	}
	assert_int_equal(at[0], end[0]);
	assert_int_equal(at[1], end[1]);
	return missing;
}

unsigned verdict_content(const struct world *world, const char *record_dir, const json_t *facts,
			 const struct excuse *excuses, unsigned count)
{
	int64_t origin_us =
		json_integer_value(json_object_get(facts, "start_utc_us")) - WORLD_UTC_US;
	struct packets packets = {0};
	unsigned missing;
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s", record_dir,
		       json_string_value(json_object_get(facts, "path")));
	check_excuses(json_object_get(facts, "gaps"), origin_us, excuses, count);
	read_packets(&packets, path, origin_us);
	packets.end_us = end_of(facts);
	missing = compare(world, facts, &packets, 20);
	free(packets.list);
	return missing;
}

static const char *text_of(const json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

/** The folder of its application. */
static int folder_of(const json_t *facts)
{
	return atoi(text_of(facts, "path"));
}

/** All packets of a format's parts, each of which plays; empty: there is no such format. */
static struct packets read_format(const char *record_dir, const json_t *facts, const char *format)
{
	struct packets packets = {0};
	const json_t *file;
	char path[1024];
	size_t i;

	json_array_foreach(json_object_get(facts, "files"), i, file)
	{
		if (strcmp(text_of(file, "format"), format) != 0)
			continue;
		assert_string_equal(text_of(file, "state"), "finished");
		(void)snprintf(path, sizeof(path), "%s/%d/%s", record_dir, folder_of(facts),
			       text_of(file, "name"));
		read_packets(&packets, path,
			     json_integer_value(json_object_get(file, "start_utc_us")) -
				     WORLD_UTC_US);
		packets.files++;
		packets.end_us = end_of(file);
	}
	return packets;
}

/** AAC: the same sizes in the same order. */
static void compare_sound(const struct packets *sound, const struct packets *other)
{
	unsigned at = 0;

	for (unsigned i = 0; i < other->count; i++) {
		if (!other->list[i].track)
			continue;
		assert_true(at < sound->count);
		assert_int_equal(sound->list[at++].size, other->list[i].size + 7);
	}
	assert_int_equal(at, sound->count);
}

static void compare_sound_with_world(const struct world *world, const json_t *facts,
				     const struct packets *sound)
{
	uint64_t index = world_find(
		world, json_integer_value(json_object_get(facts, "start_utc_us")) - WORLD_UTC_US);

	for (unsigned i = 0; i < sound->count; index++) {
		struct tess_au au = world_unit(world, index);

		if (au.track == TESS_TRACK_AUDIO)
			assert_int_equal(sound->list[i++].size, au.length + 7);
	}
}

/** MP3 comes alone: the frames in order, but for those in gaps. */
static void verdict_mp3(const struct world *world, const json_t *facts, const struct packets *mp3)
{
	int64_t origin_us =
		json_integer_value(json_object_get(facts, "start_utc_us")) - WORLD_UTC_US;
	struct world as_mp3 = *world;
	uint64_t index = world_find(world, origin_us);
	unsigned at = 0;

	as_mp3.is_mp3 = true;
	assert_true(mp3->end_us == end_of(facts));
	while (at < mp3->count) {
		struct tess_au au = world_unit(&as_mp3, index++);

		if (au.track == TESS_TRACK_AUDIO &&
		    !is_in(json_object_get(facts, "gaps"), au.dts_us - origin_us, -60))
			assert_int_equal(mp3->list[at++].size, au.length);
	}
	/* and the next one begins where they end */
	while (world_unit(&as_mp3, index).track != TESS_TRACK_AUDIO)
		index++;
	assert_true(llabs(world_unit(&as_mp3, index).dts_us - end_of(facts)) <= 30);
}

/** Parts of the formats that are split. */
static unsigned count_parts(const json_t *facts)
{
	json_int_t parts = 0;
	const json_t *file;
	size_t i;

	json_array_foreach(json_object_get(facts, "files"), i, file)
	{
		if (json_integer_value(json_object_get(file, "part")) > parts)
			parts = json_integer_value(json_object_get(file, "part"));
	}
	return (unsigned)parts;
}

void verdict_formats(const struct world *world, const char *record_dir, const json_t *facts,
		     const struct excuse *excuses, unsigned count)
{
	static const char *const formats[] = {"mp4", "hls", "flv"};
	struct packets sound = read_format(record_dir, facts, "aac"), other;
	struct packets mp3 = read_format(record_dir, facts, "mp3");
	bool heard = false, any = false, alone;

	check_excuses(json_object_get(facts, "gaps"),
		      json_integer_value(json_object_get(facts, "start_utc_us")) - WORLD_UTC_US,
		      excuses, count);
	for (unsigned i = 0; i < 3; i++) {
		other = read_format(record_dir, facts, formats[i]);
		if (!other.count)
			continue;
		/* HLS that is not split with the others has a journal of its own: where all ended
		   while it was being written, the last fragment of either may be missing */
		alone = i == 1 && other.files != count_parts(facts);
		other.slack_us = alone ? WORLD_AHEAD_US : 0;
		other.stills = i == 1;
		assert_true(llabs(other.end_us - end_of(facts)) <= other.slack_us);
		/* FLV counts milliseconds */
		(void)compare(world, facts, &other, i == 2 ? 1020 : 20);
		if (sound.count && !heard && !alone)
			compare_sound(&sound, &other);
		heard = heard || !alone;
		any = true;
		free(other.list);
	}
	if (sound.count && !heard && !json_array_size(json_object_get(facts, "gaps")))
		compare_sound_with_world(world, facts, &sound);
	if (mp3.count)
		verdict_mp3(world, facts, &mp3);
	assert_true(any || sound.count || mp3.count);
	free(mp3.list);
	free(sound.list);
}

static bool is_named(const json_t *facts, const char *name)
{
	const json_t *file;
	size_t i;

	json_array_foreach(json_object_get(facts, "files"), i, file)
	{
		if (strcmp(text_of(file, "name"), name) == 0)
			return true;
	}
	return false;
}

void verdict_no_orphan(const char *record_dir, const json_t *facts)
{
	char *names = media_must_run("cd %s/%d && ls -A", record_dir, folder_of(facts)), *lost;

	for (char *name = strtok(names, "\n"); name; name = strtok(NULL, "\n")) {
		/* what a crash of the test's own disk leaves, and what the parts need */
		if (strncmp(name, ".undo-", 6) == 0 || strstr(name, ".journal") ||
		    strstr(name, ".hls") || is_named(facts, name))
			continue;
		print_error("%s is on disk and in no fact\n", name);
		fail();
	}
	free(names);
	lost = media_must_run("cd %s/%d && for file in *.hls/*; do [ ! -e \"$file\" ] || "
			      "grep -qF \"$file\" *.m3u8 || echo $file; done",
			      record_dir, folder_of(facts));
	if (lost[0])
		print_error("in no playlist: %s", lost);
	assert_string_equal(lost, "");
	free(lost);
}
