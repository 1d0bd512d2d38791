/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a recording leaves in each format: every unit once and in order, over splits, breaks and
 * restarts, decoded and counted; names, playlists and indexes; other parameters in mid-file.
 */
#include <dirent.h>
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

#include "firmware/egress/key_frame.h"
#include "firmware/egress/record_output.h"
#include "pipeline/mux/h264.h"
#include "tests/unit/firmware/egress/record_box.h"

/** The media again and again: 120 pictures and 375 frames of sound in exactly 8 s. */
#define LOOP_US	 8000000ll
#define PICTURES 120
#define SOUNDS	 375

#define ORDER(formats, more)                                                         \
	"{\"records\":[{\"id\":1,\"stream\":\"mix-1\",\"app\":7,\"prefix\":\"all\"," \
	"\"formats\":" formats more "}]}"
#define ALL   "[\"mp4\",\"hls\",\"flv\",\"aac\"]"
#define START "7/all_2020-02-16-12-12-12"

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

static void feed_loops(struct box *box, unsigned from, unsigned to)
{
	struct feed feed = {.box = box, .from = from, .to = to};

	turning_do(box->turning, feed_call, &feed);
}

/** The first so many microseconds of a loop. */
static void feed_begin(struct box *box, unsigned loop, int64_t until_us)
{
	struct feed feed = {.box = box, .from = loop, .to = loop + 1, .until_us = until_us};

	turning_do(box->turning, feed_call, &feed);
}

/** A whole text file below the record folder. */
static char *read_text(struct box *box, const char *path)
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

static unsigned count_of(const char *text, const char *what)
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

/** A file decodes without a complaint into so many pictures and samples of sound. */
static void assert_decodes(struct box *box, const char *path, unsigned pictures, unsigned sounds)
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

/** The files of a format hold, one after the other, the units of the loops and nothing else. */
static void assert_holds(struct box *box, const char *format, unsigned loops)
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

/** Each segment that a playlist lists is there, as a whole. @return how many */
static unsigned check_playlist(struct box *box, const char *text)
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

static void assert_no_files(struct box *box)
{
	char *text = media_must_run("ls -A %s/7", box->config.egress.record_dir);

	assert_string_equal(text, "");
	free(text);
}

static void one_recording_in_all_formats(void **state)
{
	struct box *box = *state;
	json_t *fact;
	char *text;

	box_desire(box, ORDER(ALL, ""));
	box_bring_up(box, "mix-1", 1);
	feed_loops(box, 0, 1);
	feed_begin(box, 1, 1500000);
	box_wait_for_fragments(box, 9);
	/* while it runs */
	text = read_text(box, START ".m3u8");
	assert_non_null(strstr(text, "#EXT-X-PLAYLIST-TYPE:EVENT\n"));
	assert_null(strstr(text, "#EXT-X-ENDLIST"));
	assert_int_equal(check_playlist(box, text), 2);
	assert_int_equal(count_of(text, "#EXTINF:4.000000,\n"), 2);
	free(text);
	/* as far as it goes; without an end ffmpeg would wait for more */
	text = media_must_run("cd %s/7 && (cat all*.m3u8 && echo '#EXT-X-ENDLIST') > so_far.m3u8",
			      box->config.egress.record_dir);
	free(text);
	box_assert_plays(box, "7/so_far.m3u8", 120);
	box_assert_plays(box, START ".mp4", 135);
	text = media_must_run("ffprobe -v error -count_packets -select_streams v -show_entries "
			      "stream=nb_read_packets -of csv=p=0 %s/%s",
			      box->config.egress.record_dir, START ".flv");
	assert_int_equal(strtol(text, NULL, 10), 135);
	free(text);
	fact = box_fact(box, 1);
	assert_int_equal(json_array_size(json_object_get(fact, "files")), 4);
	assert_string_equal(text_of(fact, "path"), START ".mp4");
	json_decref(fact);

	box->changes = 0;
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	assert_decodes(box, START "_2020-02-16-12-12-21.mp4", 143, 446);
	assert_decodes(box, START "_2020-02-16-12-12-21.m3u8", 143, 446);
	assert_decodes(box, START "_2020-02-16-12-12-21.flv", 143, 446);
	assert_decodes(box, START "_2020-02-16-12-12-21.aac", 0, 446);
}

/** An access unit in Annex B with its parameter sets and an IDR picture. */
static void assert_is_key_frame(const struct tess_bytes *unit)
{
	unsigned kinds = 0;

	for (size_t i = 0; i + 4 < unit->length; i++) {
		if (!memcmp(unit->data + i, "\0\0\0\1", 4))
			kinds |= 1u << (unit->data[i + 4] & 31);
	}
	assert_int_equal(memcmp(unit->data, "\0\0\0\1", 4), 0);
	assert_true(kinds >> TESS_H264_NAL_SPS & 1 && kinds >> TESS_H264_NAL_PPS & 1 &&
		    kinds >> TESS_H264_NAL_IDR & 1);
}

/** For a thumbnail, out of what is finished. */
static void assert_gives_key_frames(struct box *box, const char *mp4, const char *playlist)
{
	struct tess_bytes unit = {0};
	char path[512], *list = read_text(box, playlist);
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", box->config.egress.record_dir, mp4);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(tess_key_frame_mp4(&unit, fd), 0);
	assert_is_key_frame(&unit);
	tess_bytes_free(&unit);
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/7", box->config.egress.record_dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(tess_key_frame_hls(&unit, fd, list), 0);
	assert_is_key_frame(&unit);
	tess_bytes_free(&unit);
	/* what leads out of the folder, or to nothing */
	assert_true(tess_key_frame_hls(&unit, fd, "#EXTM3U\n#EXT-X-MAP:URI=\"../x\"\n../y\n") < 0);
	assert_true(tess_key_frame_hls(&unit, fd, "#EXTM3U\n#EXT-X-MAP:URI=\"x\"\ny\n") < 0);
	(void)close(fd);
	free(list);
}

/** Of what is finished no file is kept open, also before control has stored it. */
static void assert_closed(const struct box *box)
{
	DIR *listing = opendir("/proc/self/fd");
	struct dirent *entry;
	char target[512];

	assert_non_null(listing);
	while ((entry = readdir(listing))) {
		ssize_t length =
			readlinkat(dirfd(listing), entry->d_name, target, sizeof(target) - 1);

		target[length < 0 ? 0 : length] = 0;
		if (strncmp(target, box->config.egress.record_dir,
			    strlen(box->config.egress.record_dir)) == 0)
			assert_null(strstr(target, "/7/"));
	}
	(void)closedir(listing);
}

/** All that a stream gave is in each format, with names, playlist and index as they must be. */
static void each_unit_once(void **state)
{
	struct box *box = *state;
	json_t *fact;
	char *text;
	int fd;

	box_desire(box, ORDER(ALL, ""));
	box_bring_up(box, "mix-1", 1);
	feed_loops(box, 0, 2);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	assert_closed(box);
	assert_gives_key_frames(box, START "_2020-02-16-12-12-28.mp4",
				START "_2020-02-16-12-12-28.m3u8");
	assert_holds(box, "mp4", 2);
	assert_holds(box, "hls", 2);
	assert_holds(box, "flv", 2);
	assert_holds(box, "aac", 2);
	text = read_text(box, START "_2020-02-16-12-12-28.m3u8");
	assert_string_equal(text, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:12\n"
				  "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n"
				  "#EXT-X-MAP:URI=\"all_2020-02-16-12-12-12.hls/init-1.mp4\"\n"
				  "#EXTINF:4.000000,\nall_2020-02-16-12-12-12.hls/00001.m4s\n"
				  "#EXTINF:4.000000,\nall_2020-02-16-12-12-12.hls/00002.m4s\n"
				  "#EXTINF:4.000000,\nall_2020-02-16-12-12-12.hls/00003.m4s\n"
				  "#EXTINF:4.000000,\nall_2020-02-16-12-12-12.hls/00004.m4s\n"
				  "#EXT-X-ENDLIST\n");
	free(text);
	assert_false(box_exists(box, START ".m3u8", 0));
	/* the index of the FLV: a player that seeks lands on a key frame at once */
	text = media_must_run("ffprobe -v error -show_entries format=duration -of csv=p=0 %s/%s && "
			      "ffprobe -v error -select_streams v -read_intervals 11%%+#1 "
			      "-show_entries packet=pts_time,flags -of csv=p=0 %s/%s",
			      box->config.egress.record_dir, START "_2020-02-16-12-12-28.flv",
			      box->config.egress.record_dir, START "_2020-02-16-12-12-28.flv");
	assert_string_equal(text, "16.000000\n10.000000,K_\n");
	free(text);
	/* what is served by these names */
	assert_int_equal(
		box_open_named(box, 1, "all_2020-02-16-12-12-12_2020-02-16-12-12-28.flv", &fd), 0);
	(void)close(fd);
	assert_int_equal(box_open_named(box, 1, "all_2020-02-16-12-12-12.hls/00002.m4s", &fd), 0);
	(void)close(fd);
	assert_int_equal(box_open_named(box, 1, "all_2020-02-16-12-12-12.hls/../x", &fd), -ENOENT);
	assert_int_equal(box_open_named(box, 1, "all_2020-02-16-12-12-12.journal", &fd), -ENOENT);
	assert_int_equal(box_open_named(box, 1, "other.mp4", &fd), -ENOENT);
	/* and from then on when control has stored it */
	box_desire(box, "{\"records\":[],\"acknowledged\":[1]}");
	box_wait_for(box, 1, "none");
	box_switch_off(box);
	box_switch_on(box);
	assert_int_equal(
		box_open_named(box, 1, "all_2020-02-16-12-12-12_2020-02-16-12-12-28.m3u8", &fd), 0);
	(void)close(fd);
	assert_int_equal(box_open_named(box, 1, "all_2020-02-16-12-12-12.hls/init-1.mp4", &fd), 0);
	(void)close(fd);
	assert_int_equal(box_open_named(box, 1, "all_2020-02-16-12-12-12.hls/00009.m4s", &fd),
			 -ENOENT);
	assert_int_equal(box_open_file(box, 1, &fd), 0);
	(void)close(fd);
	box_desire(box, "{\"records\":[],\"deleted\":[1]}");
	box_wait_for(box, 1, "deleted");
	assert_no_files(box);
	assert_false(box_exists(box, "by-id/1", 0));
	fact = box_fact(box, 1);
	assert_string_equal(text_of(fact, "error"), "");
	json_decref(fact);
}

static bool has_finished_file(void *arg)
{
	struct box *box = arg;
	json_t *facts = tess_records_facts(box->records);
	const json_t *file = json_array_get(json_object_get(json_array_get(facts, 0), "files"), 0);
	bool is = file && strcmp(text_of(file, "state"), "finished") == 0;

	json_decref(facts);
	return is;
}

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

static void other_picture_call(void *arg)
{
	struct box *box = arg;
	struct media second = {0};
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/b.h264", box->media_dir);
	media_add_video(&second, path, 15, START_US + LOOP_US);
	for (size_t i = 0; i < PICTURES; i++)
		box_give(box, "mix-1", second.units[i], 0);
	media_free(&second);
}

/** Another picture size in mid-file, and the first one again: every format plays all of it. */
static void other_size_in_mid_file(void **state)
{
	static const char *const names[] = {START "_2020-02-16-12-12-36.m3u8",
					    START "_2020-02-16-12-12-36.flv"};
	struct box *box = *state;
	char *text;

	box_desire(box, ORDER("[\"hls\",\"flv\"]", ""));
	box_bring_up(box, "mix-1", 1);
	feed_loops(box, 0, 1);
	turning_do(box->turning, other_picture_call, box);
	feed_loops(box, 2, 3);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	for (unsigned i = 0; i < 2; i++) {
		text = media_must_run("ffprobe -v error -select_streams v:0 -show_entries "
				      "frame=width,height -of csv=p=0 %s/%s | grep -o "
				      "'[0-9][0-9]*,[0-9][0-9]*' | uniq -c | tr -s ' '",
				      box->config.egress.record_dir, names[i]);
		if (strcmp(text, " 120 160,120\n 120 192,128\n 120 160,120\n") != 0)
			print_error("%s: %s", names[i], text);
		assert_string_equal(text, " 120 160,120\n 120 192,128\n 120 160,120\n");
		free(text);
	}
	text = read_text(box, names[0]);
	assert_int_equal(count_of(text, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"all"), 2);
	assert_non_null(strstr(text, "init-3.mp4"));
	free(text);
}

/** With sound alone nobody waits for a picture, and the picture is not kept. */
static void sound_alone(void **state)
{
	struct box *box = *state;
	json_t *fact;

	box_desire(box, ORDER("[\"aac\"]", ",\"split_minutes\":1"));
	box_bring_up(box, "mix-1", 1);
	feed_loops(box, 0, 9);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	fact = box_fact(box, 1);
	assert_int_equal(json_array_size(json_object_get(fact, "files")), 2);
	assert_int_equal(number_of(fact, "width"), 0);
	json_decref(fact);
	assert_holds(box, "aac", 9);
	assert_decodes(box, START "_2020-02-16-12-13-12.aac", 0, 2813);
	box_desire(box, "{\"records\":[],\"deleted\":[1]}");
	box_wait_for(box, 1, "deleted");
	assert_no_files(box);
}

static void orders_that_cannot_be(void **state)
{
	struct box *box = *state;
	json_t *fact;

	box_desire(box, ORDER("[\"mp4\",\"wmv\"]", ""));
	box_wait_for(box, 1, "failed");
	fact = box_fact(box, 1);
	assert_string_equal(text_of(fact, "error"), "there is no such format");
	assert_int_equal(json_array_size(json_object_get(fact, "files")), 0);
	json_decref(fact);
	box_desire(box, "{\"records\":[],\"acknowledged\":[1]}");
	box_wait_for(box, 1, "none");
	box_desire(box, ORDER("[\"mp4\"]", ",\"split_minutes\":121"));
	box_wait_for(box, 1, "failed");
	box_desire(box, "{\"records\":[],\"acknowledged\":[1]}");
	box_wait_for(box, 1, "none");
	box_desire(box, ORDER("[\"mp4\"]", ",\"resume_timeout_s\":1801"));
	box_wait_for(box, 1, "failed");
	box_desire(box, "{\"records\":[],\"acknowledged\":[1]}");
	box_wait_for(box, 1, "none");
	box_desire(box, ORDER("[]", ""));
	box_wait_for(box, 1, "failed");
	box_desire(box, "{\"records\":[],\"acknowledged\":[1]}");
	box_wait_for(box, 1, "none");
	/* nothing is made MP3 here */
	box_desire(box, ORDER("[\"mp3\"]", ""));
	box_bring_up(box, "mix-1", 1);
	feed_begin(box, 0, 100000);
	box_wait_for(box, 1, "failed");
	fact = box_fact(box, 1);
	assert_string_equal(text_of(fact, "error"), "the stream has nothing for these formats");
	json_decref(fact);
}

/** What is MP3 comes alone, and makes nothing else. */
static void formats_of_streams(void **state)
{
	unsigned all = (1u << TESS_RECORD_FORMATS) - 1, mp3 = 1u << TESS_RECORD_MP3,
		 aac = 1u << TESS_RECORD_AAC;

	(void)state;
	assert_int_equal(tess_record_formats_for(all, true, TESS_CODEC_AAC), all & ~mp3);
	assert_int_equal(tess_record_formats_for(all, false, TESS_CODEC_AAC), all & ~mp3);
	assert_int_equal(tess_record_formats_for(all, true, 0), all & ~mp3 & ~aac);
	assert_int_equal(tess_record_formats_for(all, false, 0), 0);
	assert_int_equal(tess_record_formats_for(all, false, TESS_CODEC_MP3), mp3);
	assert_int_equal(tess_record_formats_for(aac, false, TESS_CODEC_MP3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_recording_in_all_formats, box_set_up,
						box_tear_down),
		cmocka_unit_test_setup_teardown(each_unit_once, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(split_at_the_limit, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(split_over_restarts, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(resumed_within_the_time_out, box_set_up,
						box_tear_down),
		cmocka_unit_test_setup_teardown(file_comes_after_the_time_out, box_set_up,
						box_tear_down),
		cmocka_unit_test_setup_teardown(other_size_in_mid_file, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(sound_alone, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(orders_that_cannot_be, box_set_up, box_tear_down),
		cmocka_unit_test(formats_of_streams),
	};

	return cmocka_run_group_tests(tests, box_encode, box_remove_media);
}
