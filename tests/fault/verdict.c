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

static void assert_silent(const char *format, const char *path)
{
	char command[1024];
	int status;
	char *text;

	(void)snprintf(command, sizeof(command), format, path);
	text = media_run(&status, "%s", command);
	if (status || text[0])
		print_error("%s\n%s\n", command, text);
	assert_int_equal(status, 0);
	assert_string_equal(text, "");
	free(text);
}

void verdict_plays(const char *path)
{
	assert_silent("ffmpeg -v error -nostdin -xerror -threads 1 -i %s -f null -", path);
}

struct packet {
	int track;
	int64_t time_us;
	size_t size;
};

static struct packet *read_packets(const char *path, int64_t origin_us, unsigned *count)
{
	char *text = media_must_run(
		"ffprobe -v error -show_entries packet=stream_index,pts,size -of csv=p=0 %s", path);
	struct packet *packets = NULL;
	unsigned allocated = 0;

	*count = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		struct packet packet;
		long long ticks;

		assert_int_equal(sscanf(line, "%d,%lld,%zu", &packet.track, &ticks, &packet.size),
				 3);
		packet.time_us = origin_us + (packet.track ? (ticks * 1000000 + 24000) / 48000
							   : (ticks * 1000000 + 45000) / 90000);
		if (*count == allocated) {
			allocated = allocated ? allocated * 2 : 1024;
			packets = realloc(packets, allocated * sizeof(*packets));
			assert_non_null(packets);
		}
		packets[(*count)++] = packet;
	}
	free(text);
	return packets;
}

static int compare_packets(const void *a, const void *b)
{
	const struct packet *x = a, *y = b;

	if (x->time_us / 20 != y->time_us / 20)
		return x->time_us < y->time_us ? -1 : 1;
	return x->track - y->track;
}

static bool is_in(const json_t *gaps, int64_t at_us)
{
	const json_t *gap;
	size_t i;

	json_array_foreach(gaps, i, gap)
	{
		int64_t from_us = json_integer_value(json_object_get(gap, "at_us"));
		int64_t length_us = json_integer_value(json_object_get(gap, "length_us"));

		if (at_us > from_us - 30 && at_us < from_us + length_us + 30)
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

unsigned verdict_content(const struct world *world, const char *record_dir, const json_t *facts,
			 const struct excuse *excuses, unsigned count)
{
	int64_t origin_us =
		json_integer_value(json_object_get(facts, "start_utc_us")) - WORLD_UTC_US;
	int64_t duration_us = json_integer_value(json_object_get(facts, "duration_us"));
	const json_t *gaps = json_object_get(facts, "gaps");
	unsigned packet_count, at = 0, missing = 0;
	struct packet *packets;
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s", record_dir,
		       json_string_value(json_object_get(facts, "path")));
	verdict_plays(path);
	check_excuses(gaps, origin_us, excuses, count);
	packets = read_packets(path, origin_us,
			       &packet_count); /* fails at any complaint of ffprobe */
	qsort(packets, packet_count, sizeof(*packets), compare_packets);
	for (uint64_t index = world_find(world, origin_us);; index++) {
		struct tess_au au = world_unit(world, index);

		/* the end of the two tracks is not the same */
		if (au.dts_us - origin_us > duration_us - 100000 && at == packet_count)
			break;
		assert_true(au.dts_us - origin_us < duration_us + 100000);
		if (at < packet_count && packets[at].track == (int)au.track - TESS_TRACK_VIDEO &&
		    llabs(packets[at].time_us - au.dts_us) <= 20) {
			assert_int_equal(packets[at].size, au.length);
			at++;
		} else {
			missing++;
			if (!is_in(gaps, au.dts_us - origin_us) &&
			    au.dts_us - origin_us < duration_us - 100000) {
				print_error("unit at %lld us is missing outside of gaps\n",
					    (long long)(au.dts_us - origin_us));
				fail();
			}
		}
	}
	assert_int_equal(at, packet_count);
	free(packets);
	return missing;
}
