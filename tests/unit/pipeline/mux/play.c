/* SPDX-License-Identifier: GPL-3.0-or-later
 * Real media through the muxer; ffprobe and ffmpeg say whether the files are right: fragmented and
 * cut off behind any fragment, finished, with gaps, with tracks that start apart, with a change of
 * size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/mux/crc32c.h"
#include "pipeline/mux/mp4_index.h"
#include "tests/unit/pipeline/mux/media.h"

#define SECONDS	    6
#define FRAGMENT_US 1000000
#define MAX_CUTS    64

static char dir[256];

/** A recording in memory. */
struct recording {
	struct tess_mp4_track tracks[TESS_MP4_TRACKS];
	struct tess_bytes file;
	struct tess_mp4_index *index;
	struct tess_fragment fragment;
	struct tess_mp4_description fresh[TESS_MP4_TRACKS];
	uint8_t description[TESS_MP4_TRACKS];
	size_t cuts[MAX_CUTS]; /* where each fragment ends */
	unsigned cut_count;
	uint32_t sequence;
};

static void open_recording(struct recording *r, const struct media *media)
{
	struct tess_h264_config config;

	*r = (struct recording){.description = {1, 1}};
	for (size_t i = 0; i < media->count && !r->tracks[0].timescale; i++) {
		const struct tess_au *au = &media->units[i];

		if (au->track != TESS_TRACK_VIDEO)
			continue;
		assert_int_equal(tess_h264_config_from_au(&config, au->data, au->length), 0);
		assert_int_equal(
			tess_mp4_video_track(&r->tracks[0], config.avcc, config.avcc_length), 0);
	}
	if (media->audio_rate)
		assert_int_equal(tess_mp4_audio_track(&r->tracks[1], media->audio_config, 2), 0);
	tess_fmp4_put_head(&r->file, r->tracks, 1700000000000000);
	assert_int_equal(tess_mp4_index_alloc(&r->index, r->tracks), 0);
}

static void cut(struct recording *r, uint64_t gap_us)
{
	size_t at = r->file.length;
	struct tess_moof moof;

	if (!tess_fragment_samples(&r->fragment))
		return;
	r->fragment.sequence = ++r->sequence;
	r->fragment.gap_us = gap_us;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		r->fragment.runs[i].description = r->description[i];
		r->fragment.runs[i].fresh = r->fresh[i].length ? &r->fresh[i] : NULL;
	}
	tess_fragment_put_moof(&r->fragment, (uint32_t[]){6000, 1024}, &r->file);
	/* it points into the file, which moves as it grows */
	assert_int_equal(tess_moof_parse(&moof, r->file.data + at, r->file.length - 8 - at), 0);
	assert_int_equal(tess_mp4_index_add(r->index, &moof, at), 0);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		tess_put_data(&r->file, r->fragment.runs[i].payload.data,
			      r->fragment.runs[i].payload.length);
		if (r->fragment.runs[i].count)
			r->fresh[i].length = 0;
	}
	assert_int_equal(moof.total, r->file.length - at);
	assert_int_equal(tess_crc32c(tess_moof_crc(&moof, r->file.data + at),
				     r->file.data + at + moof.length, moof.total - moof.length),
			 moof.crc);
	r->cuts[r->cut_count++] = r->file.length;
	tess_fragment_free(&r->fragment);
}

static void record(struct recording *r, const struct media *media, int64_t origin_us)
{
	int64_t begin_us = origin_us;

	for (size_t i = 0; i < media->count; i++) {
		const struct tess_au *au = &media->units[i];
		uint32_t timescale = r->tracks[tess_mp4_index_of(au->track)].timescale;

		if (au->track == TESS_TRACK_VIDEO && au->dts_us >= begin_us + FRAGMENT_US) {
			cut(r, 0);
			begin_us = au->dts_us;
		}
		assert_int_equal(
			tess_fragment_add(
				&r->fragment, au->track,
				tess_mp4_ticks(au->dts_us - origin_us, timescale),
				(uint32_t)(tess_mp4_ticks(au->pts_us - origin_us, timescale) -
					   tess_mp4_ticks(au->dts_us - origin_us, timescale)),
				au->key, au->data, au->length),
			0);
	}
	cut(r, 0);
}

static void finish(struct recording *r, const char *path)
{
	size_t end = r->file.length;

	assert_int_equal(tess_mp4_index_put_moov(r->index, 1700000000000000, &r->file), 0);
	tess_fmp4_final_header(r->file.data + TESS_FMP4_PLACEHOLDER_AT, end);
	media_write_file(path, r->file.data, r->file.length);
}

static void close_recording(struct recording *r)
{
	tess_mp4_index_free(r->index);
	tess_fragment_free(&r->fragment);
	tess_bytes_free(&r->file);
}

static void assert_silent(const char *command)
{
	int status;
	char *text = media_run(&status, "%s", command);

	if (status || text[0])
		print_error("%s\n%s\n", command, text);
	assert_int_equal(status, 0);
	assert_string_equal(text, "");
	free(text);
}

/** ffprobe and a whole decode by ffmpeg have nothing to complain of. */
static void assert_plays(const char *path)
{
	char command[1024];

	(void)snprintf(command, sizeof(command), "ffprobe -v error %s", path);
	assert_silent(command);
	(void)snprintf(command, sizeof(command),
		       "ffmpeg -v error -nostdin -xerror -i %s -f null - -map 0 -c copy -f null -",
		       path);
	assert_silent(command);
}

static void assert_probe(const char *path, const char *stream, const char *entries,
			 const char *expected)
{
	char *text = media_must_run("ffprobe -v error %s %s -show_entries %s -of csv=p=0 %s",
				    stream[0] ? "-select_streams" : "", stream, entries, path);

	if (strcmp(text, expected) != 0)
		print_error("%s of %s: %s instead of %s", entries, path, text, expected);
	assert_string_equal(text, expected);
	free(text);
}

/** Packets of one track as ffprobe reads them: count, first and last time in ticks. */
static void assert_packets(const char *path, const char *stream, unsigned count, long first,
			   long last)
{
	char *text = media_must_run("ffprobe -v error -select_streams %s -show_entries packet=pts "
				    "-of csv=p=0 %s",
				    stream, path);
	unsigned lines = 0;
	long at = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		at = strtol(line, NULL, 10);
		if (!lines++)
			assert_int_equal(at, first);
	}
	assert_int_equal(lines, count);
	assert_int_equal(at, last);
	free(text);
}

static void load(struct media *media, const char *video, const char *audio, int64_t audio_start_us)
{
	char path[512];

	*media = (struct media){0};
	(void)snprintf(path, sizeof(path), "%s/%s", dir, video);
	media_add_video(media, path, 15, 0);
	if (audio) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, audio);
		media_add_audio(media, path, audio_start_us);
	}
	media_sort(media);
}

static void fragments_play_wherever_the_file_ends(void **state)
{
	struct recording r;
	struct media media;
	char path[512];

	(void)state;
	load(&media, "a.h264", "a.aac", 0);
	open_recording(&r, &media);
	record(&r, &media, 0);
	assert_int_equal(r.cut_count, SECONDS);
	(void)snprintf(path, sizeof(path), "%s/running.mp4", dir);
	for (unsigned i = 0; i < r.cut_count; i++) {
		media_write_file(path, r.file.data, r.cuts[i]);
		assert_plays(path);
		assert_packets(path, "v", 15 * (i + 1), 0, (long)(15 * (i + 1) - 1) * 6000);
	}
	assert_probe(path, "v", "stream=codec_name,width,height,time_base",
		     "h264,160,120,1/90000\n");
	assert_probe(path, "a", "stream=codec_name,sample_rate,channels,time_base",
		     "aac,48000,2,1/48000\n");
	close_recording(&r);
	media_free(&media);
}

static void finished_file_is_plain(void **state)
{
	struct recording r;
	struct media media;
	struct tess_cursor cursor, body;
	char path[512];

	(void)state;
	load(&media, "a.h264", "a.aac", 0);
	open_recording(&r, &media);
	record(&r, &media, 0);
	(void)snprintf(path, sizeof(path), "%s/finished.mp4", dir);
	finish(&r, path);
	assert_plays(path);
	assert_packets(path, "v", SECONDS * 15, 0, (SECONDS * 15 - 1) * 6000);
	assert_probe(path, "v", "stream=start_pts,duration_ts,nb_frames,avg_frame_rate",
		     "15/1,0,540000,90\n");
	assert_probe(path, "a", "stream=start_pts,duration_ts,nb_frames", "0,289792,283\n");
	assert_probe(path, "", "format=duration", "6.037333\n");
	assert_probe(path, "", "format_tags=creation_time", "2023-11-14T22:13:20.000000Z\n");
	/* a reader that knows no fragments sees ftyp, mdat, moov */
	cursor = tess_cursor_of(r.file.data, r.file.length);
	assert_true(tess_get_box(&cursor, "ftyp", &body));
	assert_int_equal(tess_get_u32(&cursor), 1);
	assert_memory_equal(tess_get_data(&cursor, 4), "mdat", 4);
	assert_non_null(tess_get_data(&cursor, tess_get_u64(&cursor) - 16));
	assert_true(tess_get_box(&cursor, "moov", &body));
	assert_int_equal(tess_left(&cursor), 0);
	close_recording(&r);
	media_free(&media);
}

static void finished_file_has_the_same_frames(void **state)
{
	char *fragmented, *plain, *source;
	struct recording r;
	struct media media;
	char path[512];

	(void)state;
	load(&media, "a.h264", "a.aac", 0);
	open_recording(&r, &media);
	record(&r, &media, 0);
	(void)snprintf(path, sizeof(path), "%s/same.mp4", dir);
	media_write_file(path, r.file.data, r.file.length);
	fragmented =
		media_must_run("ffmpeg -v error -nostdin -i %s -f framemd5 - | grep -v '^#'", path);
	finish(&r, path);
	plain = media_must_run("ffmpeg -v error -nostdin -i %s -f framemd5 - | grep -v '^#'", path);
	assert_string_equal(plain, fragmented);
	free(plain);
	plain = media_must_run("ffmpeg -v error -nostdin -i %s -an -f hash -", path);
	source = media_must_run("ffmpeg -v error -nostdin -i %s/a.h264 -f hash -", dir);
	assert_string_equal(plain, source);
	free(plain);
	free(source);
	free(fragmented);
	close_recording(&r);
	media_free(&media);
}

/** The sound begins 250 ms after the picture, and is there 250 ms after it. */
static void tracks_that_start_apart_stay_apart(void **state)
{
	struct recording r;
	struct media media;
	char path[512];

	(void)state;
	load(&media, "a.h264", "a.aac", 250000);
	open_recording(&r, &media);
	record(&r, &media, 0);
	(void)snprintf(path, sizeof(path), "%s/apart.mp4", dir);
	media_write_file(path, r.file.data, r.file.length);
	assert_plays(path);
	assert_probe(path, "a", "stream=start_pts", "12000\n");
	finish(&r, path);
	assert_plays(path);
	assert_probe(path, "v", "stream=start_pts", "0\n");
	assert_probe(path, "a", "stream=start_pts", "12000\n");
	assert_packets(path, "a", 283, 12000, 12000 + 282 * 1024);
	close_recording(&r);
	media_free(&media);
}

/** Two seconds are missing in the middle: what comes after is at its own time in both tracks. */
static void gap_keeps_tracks_together(void **state)
{
	struct recording r;
	struct media media;
	size_t kept = 0;
	char path[512];

	(void)state;
	load(&media, "a.h264", "a.aac", 0);
	open_recording(&r, &media);
	for (size_t i = 0; i < media.count; i++) {
		struct tess_au au = media.units[i];

		if (au.dts_us >= 2000000 && au.dts_us < 4000000) {
			free((uint8_t *)au.data);
			continue;
		}
		media.units[kept++] = au;
	}
	media.count = kept;
	record(&r, &media, 0);
	(void)snprintf(path, sizeof(path), "%s/gap.mp4", dir);
	finish(&r, path);
	assert_plays(path);
	assert_packets(path, "v", 15 * 4, 0, 89 * 6000);
	assert_probe(path, "v", "stream=duration_ts", "540000\n");
	assert_probe(path, "a", "stream=duration_ts", "289792\n");
	close_recording(&r);
	media_free(&media);
}

/** The picture's size changes: a second description, and both parts decode at their size. */
static void size_change_plays_in_both_forms(void **state)
{
	struct media media, second;
	struct tess_h264_config config;
	struct recording r;
	char path[512], *sizes;

	(void)state;
	load(&media, "a.h264", "a.aac", 0);
	load(&second, "b.h264", "b.aac", 0);
	open_recording(&r, &media);
	record(&r, &media, 0);
	for (size_t i = 0; i < second.count; i++) {
		second.units[i].dts_us += 7000000;
		second.units[i].pts_us += 7000000;
	}
	assert_int_equal(
		tess_h264_config_from_au(&config, second.units[0].data, second.units[0].length), 0);
	r.fresh[0].length = config.avcc_length;
	memcpy(r.fresh[0].data, config.avcc, config.avcc_length);
	r.fresh[1].length = 2;
	memcpy(r.fresh[1].data, second.audio_config, 2);
	r.description[0] = r.description[1] = 2;
	record(&r, &second, 0);
	(void)snprintf(path, sizeof(path), "%s/change.mp4", dir);
	for (unsigned form = 0; form < 2; form++) {
		if (form)
			finish(&r, path);
		else
			media_write_file(path, r.file.data, r.file.length);
		sizes = media_must_run("ffprobe -v error -select_streams v -show_entries "
				       "frame=width,height -of csv=p=0 %s | grep -o "
				       "'[0-9][0-9]*,[0-9][0-9]*' | uniq -c | "
				       "tr -s ' '",
				       path);
		assert_string_equal(sizes, " 90 160,120\n 90 192,128\n");
		free(sizes);
	}
	/* the sound of the second part, at its own rate, in the plain form */
	sizes = media_must_run(
		"ffmpeg -v error -nostdin -i %s -map 0:a -ss 8 -t 4 -af astats -f null - "
		"-v info 2>&1 | grep -m1 'RMS level dB' | sed 's/.*: //'",
		path);
	assert_true(strtod(sizes, NULL) > -30 && strtod(sizes, NULL) < 0);
	free(sizes);
	close_recording(&r);
	media_free(&media);
	media_free(&second);
}

static int set_up(void **state)
{
	(void)state;
	media_make_dir(dir, sizeof(dir));
	media_encode(dir, SECONDS);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	media_remove_dir(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_play_wherever_the_file_ends),
		cmocka_unit_test(finished_file_is_plain),
		cmocka_unit_test(finished_file_has_the_same_frames),
		cmocka_unit_test(tracks_that_start_apart_stay_apart),
		cmocka_unit_test(gap_keeps_tracks_together),
		cmocka_unit_test(size_change_plays_in_both_forms),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
