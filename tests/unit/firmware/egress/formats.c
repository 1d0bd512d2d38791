/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a recording leaves in each format: every unit once and in order, decoded and counted; names,
 * playlists and indexes; other parameters in mid-file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/egress/key_frame.h"
#include "firmware/egress/record_output.h"
#include "pipeline/mux/h264.h"
#include "tests/unit/firmware/egress/record_loops.h"

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

/** What goes on in loops without pictures: sound alone, or with pictures of another file. */
static void give_sound(struct box *box, int64_t from_us, bool broken, const struct media *pictures)
{
	size_t sounds = 0, shown = 0;

	for (size_t i = 0; i < box->media->count && sounds < SOUNDS; i++) {
		struct tess_au au = box->media->units[i];

		if (au.track != TESS_TRACK_AUDIO)
			continue;
		while (pictures && shown < PICTURES / 2 &&
		       pictures->units[shown].dts_us < from_us + au.dts_us)
			box_give(box, "mix-1", pictures->units[shown++], 0);
		au.discontinuity = broken && !sounds;
		sounds++;
		box_give(box, "mix-1", au, from_us);
	}
}

static void camera_off_call(void *arg)
{
	struct box *box = arg;

	for (unsigned loop = 1; loop < 3; loop++)
		give_sound(box, START_US + loop * LOOP_US, false, NULL);
}

static void camera_on_call(void *arg)
{
	struct box *box = arg;
	struct media second = {0};
	int64_t back_us = START_US + 5 * LOOP_US + 3000000;
	char path[512];

	for (unsigned loop = 2; loop < 4; loop++)
		give_sound(box, START_US + loop * LOOP_US, false, NULL);
	for (size_t i = 0, sounds = 0; i < box->media->count; i++) {
		if (box->media->units[i].track == TESS_TRACK_VIDEO || sounds++ < SOUNDS)
			box_give(box, "mix-1", box->media->units[i], START_US + 4 * LOOP_US);
	}
	(void)snprintf(path, sizeof(path), "%s/b.h264", box->media_dir);
	media_add_video(&second, path, 15, back_us + 1300000);
	give_sound(box, back_us, true, &second);
	media_free(&second);
}

/**
 * Each picture of the segments is shown until the next comes, in ticks. @return how many there are;
 * *@p stills: key frames that are as long as the one before
 */
static unsigned assert_no_hole(struct box *box, unsigned segments, unsigned *stills)
{
	uint64_t until = 0, from;
	unsigned count = 0, key = 0;
	char path[512];

	*stills = 0;
	for (unsigned segment = 1; segment <= segments; segment++) {
		struct tess_moof moof;
		size_t length;
		uint8_t *data;

		(void)snprintf(path, sizeof(path), "%s/" START ".hls/%05u.m4s",
			       box->config.egress.record_dir, segment);
		data = media_read_file(path, &length);
		for (size_t at = 0; at < length; at += moof.total) {
			const struct tess_moof_run *run = &moof.runs[0];
			struct tess_cursor cursor = tess_cursor_of(data + at, 4);

			assert_int_equal(tess_moof_parse(&moof, data + at, tess_get_u32(&cursor)),
					 0);
			from = run->first_dts;
			/* behind the break sound is first */
			if (run->count && llabs((long long)(from - until)) > 90 &&
			    llabs((long long)from - 443 * 9000) > 90)
				fail_msg("a picture at %lu, the one before until %lu",
					 (unsigned long)from, (unsigned long)until);
			for (uint32_t i = 0; i < run->count; i++, count++) {
				struct tess_mp4_sample sample = tess_moof_sample(run, i);

				*stills += sample.key && sample.size == key;
				key = sample.key ? sample.size : key;
				until = from += sample.duration;
			}
		}
		free(data);
	}
	return count;
}

/**
 * The camera is off from 8 s to 32 s, 40 s to 43 s are missing, and pictures, of another size, come
 * from 44.3 s to 48.3 s.
 */
static void sound_goes_on_alone(void **state)
{
	struct box *box = *state;
	unsigned stills;
	char *text;

	box_desire(box, ORDER("[\"hls\",\"mp4\"]", ""));
	box_bring_up(box, "mix-1", 1);
	feed_loops(box, 0, 1);
	turning_do(box->turning, camera_off_call, box);
	/* with the first stills on disk, and the second segment of sound begun; the ring has the
	 * rest */
	box_switch_off(box);
	box_switch_on(box);
	box_desire(box, ORDER("[\"hls\",\"mp4\"]", ""));
	box_bring_up(box, "mix-1", 1);
	turning_do(box->turning, camera_on_call, box);
	box_desire(box, "{\"records\":[]}");
	box_wait_for(box, 1, "finished");
	text = media_must_run("sed 's/all_.*hls.//' %s/%s", box->config.egress.record_dir,
			      START "_2020-02-16-12-13-03.m3u8");
	assert_string_equal(text, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:12\n"
				  "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n"
				  "#EXT-X-MAP:URI=\"init-1.mp4\"\n#EXTINF:4.000000,\n00001.m4s\n"
				  "#EXTINF:4.512000,\n00002.m4s\n"
				  /* in these three, stills */
				  "#EXT-X-DISCONTINUITY\n#EXTINF:11.029333,\n00003.m4s\n"
				  "#EXTINF:11.477334,\n00004.m4s\n#EXTINF:0.981333,\n00005.m4s\n"
				  "#EXTINF:4.000000,\n00006.m4s\n#EXTINF:4.000000,\n00007.m4s\n"
				  /* sound, then pictures; and sound alone again */
				  "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-2.mp4\"\n"
				  "#EXTINF:6.549333,\n00008.m4s\n"
				  "#EXT-X-DISCONTINUITY\n#EXTINF:1.450667,\n00009.m4s\n"
				  "#EXT-X-ENDLIST\n");
	free(text);
	assert_decodes(box, START "_2020-02-16-12-13-03.m3u8", 300 + 25, 6 * SOUNDS);
	assert_decodes(box, START "_2020-02-16-12-13-03.mp4", 300, 6 * SOUNDS);
	assert_int_equal(assert_no_hole(box, 9, &stills), 300 + 25);
	assert_int_equal(stills, 25);
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
		cmocka_unit_test_setup_teardown(other_size_in_mid_file, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(sound_goes_on_alone, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(sound_alone, box_set_up, box_tear_down),
		cmocka_unit_test_setup_teardown(orders_that_cannot_be, box_set_up, box_tear_down),
		cmocka_unit_test(formats_of_streams),
	};

	return cmocka_run_group_tests(tests, box_encode, box_remove_media);
}
