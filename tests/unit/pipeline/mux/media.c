/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fixtures from ffmpeg, answers from ffprobe.
 */
#include "tests/unit/pipeline/mux/media.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline/mux/h264.h"

static void must(int good, const char *what)
{
	if (!good) {
		fprintf(stderr, "media: %s\n", what);
		abort();
	}
}

char *media_run(int *status, const char *format, ...)
{
	char command[4096], whole[4200], *text;
	size_t length = 0, size = 1 << 16;
	va_list args;
	FILE *pipe;

	va_start(args, format);
	must(vsnprintf(command, sizeof(command), format, args) < (int)sizeof(command),
	     "command too long");
	va_end(args);
	(void)snprintf(whole, sizeof(whole), "{ %s; } 2>&1", command);
	pipe = popen(whole, "r");
	must(pipe != NULL, "popen");
	text = malloc(size);
	for (;;) {
		size_t got;

		must(text != NULL, "memory");
		got = fread(text + length, 1, size - 1 - length, pipe);
		if (!got)
			break;
		length += got;
		if (length == size - 1)
			text = realloc(text, size *= 2);
	}
	text[length] = 0;
	*status = pclose(pipe);
	return text;
}

char *media_must_run(const char *format, ...)
{
	char command[4096], *text;
	va_list args;
	int status;

	va_start(args, format);
	(void)vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	text = media_run(&status, "%s", command);
	if (status) {
		fprintf(stderr, "media: %s: %s\n", command, text);
		abort();
	}
	return text;
}

void media_encode(const char *dir, unsigned seconds)
{
	static const char *const video[][3] = {{"a", "160x120", "testsrc2"},
					       {"b", "192x128", "testsrc"}};

	for (unsigned i = 0; i < 2; i++) {
		free(media_must_run(
			"ffmpeg -v error -nostdin -y -f lavfi -i %s=s=%s:r=15:d=%u -pix_fmt "
			"yuv420p "
			"-c:v libx264 -preset ultrafast -tune zerolatency -g 30 -crf 32 -threads 1 "
			"-x264-params aud=1:scenecut=0:keyint_min=30 -f h264 %s/%s.h264",
			video[i][2], video[i][1], seconds, dir, video[i][0]));
	}
	free(media_must_run("ffmpeg -v error -nostdin -y -f lavfi -i sine=440:r=48000:d=%u -ac 2 "
			    "-c:a aac -b:a 48k -f adts %s/a.aac",
			    seconds, dir));
	free(media_must_run("ffmpeg -v error -nostdin -y -f lavfi -i sine=880:r=44100:d=%u -ac 1 "
			    "-c:a aac -b:a 32k -f adts %s/b.aac",
			    seconds, dir));
}

static struct tess_au *add_unit(struct media *media)
{
	if (media->count == media->allocated) {
		media->allocated = media->allocated ? media->allocated * 2 : 256;
		media->units = realloc(media->units, media->allocated * sizeof(*media->units));
		must(media->units != NULL, "memory");
	}
	media->units[media->count] = (struct tess_au){0};
	return &media->units[media->count++];
}

/** Four byte start codes only; x264 writes three byte ones between slices, so look for those. */
static const uint8_t *next_start_code(const uint8_t *at, const uint8_t *end)
{
	for (; end - at >= 3; at++) {
		if (!at[0] && !at[1] && at[2] == 1)
			return at;
	}
	return end;
}

static void append_nal(struct tess_au *unit, const uint8_t *nal, size_t length)
{
	uint8_t *data = realloc((uint8_t *)unit->data, unit->length + 4 + length);

	must(data != NULL, "memory");
	data[unit->length] = 0;
	data[unit->length + 1] = (uint8_t)(length >> 16);
	data[unit->length + 2] = (uint8_t)(length >> 8);
	data[unit->length + 3] = (uint8_t)length;
	memcpy(data + unit->length + 4, nal, length);
	unit->data = data;
	unit->length += 4 + length;
}

void media_add_video(struct media *media, const char *path, unsigned frame_rate, int64_t start_us)
{
	size_t length, first = media->count;
	uint8_t *file = media_read_file(path, &length);
	const uint8_t *end = file + length, *at = next_start_code(file, end);
	struct tess_au *unit = NULL;

	while (at < end) {
		const uint8_t *nal = at + 3, *next = next_start_code(nal, end), *stop = next;

		while (stop > nal && !stop[-1])
			stop--;
		if ((nal[0] & 0x1f) == 9) { /* the access unit delimiter, which streams leave out */
			unit = add_unit(media);
			unit->track = TESS_TRACK_VIDEO;
			unit->dts_us = start_us + ((int64_t)(media->count - 1 - first) * 1000000 +
						   frame_rate / 2) /
							  frame_rate;
			unit->pts_us = unit->dts_us;
		} else {
			must(unit != NULL, "no delimiter");
			append_nal(unit, nal, (size_t)(stop - nal));
			if ((nal[0] & 0x1f) == TESS_H264_NAL_IDR)
				unit->key = true;
		}
		at = next;
	}
	free(file);
}

void media_add_audio(struct media *media, const char *path, int64_t start_us)
{
	static const uint32_t rates[] = {96000, 88200, 64000, 48000, 44100, 32000,
					 24000, 22050, 16000, 12000, 11025, 8000};
	size_t length, frames = 0;
	uint8_t *file = media_read_file(path, &length);

	for (const uint8_t *at = file; at < file + length;) {
		size_t frame = (at[3] & 3u) << 11 | (size_t)at[4] << 3 | at[5] >> 5;
		unsigned rate = at[2] >> 2 & 15, channels = (at[2] & 1u) << 2 | at[3] >> 6;
		size_t header = at[1] & 1 ? 7 : 9;
		struct tess_au *unit = add_unit(media);
		uint8_t *data = malloc(frame - header);

		must(at[0] == 0xff && data, "ADTS");
		memcpy(data, at + header, frame - header);
		media->audio_rate = rates[rate];
		media->audio_config[0] = (uint8_t)(2 << 3 | rate >> 1);
		media->audio_config[1] = (uint8_t)((rate & 1) << 7 | channels << 3);
		unit->track = TESS_TRACK_AUDIO;
		unit->key = true;
		unit->data = data;
		unit->length = frame - header;
		unit->dts_us = start_us +
			       ((int64_t)frames++ * 1024 * 1000000 + rates[rate] / 2) / rates[rate];
		unit->pts_us = unit->dts_us;
		at += frame;
	}
	free(file);
}

void media_add_mp3(struct media *media, const char *path)
{
	static const uint16_t kbps[] = {0,   32,  40,  48,  56,	 64,  80,  96,
					112, 128, 160, 192, 224, 256, 320, 0};
	size_t length, frames = 0;
	uint8_t *file = media_read_file(path, &length);

	for (size_t at = 0; at + 4 <= length;) {
		size_t frame = 144000u * kbps[file[at + 2] >> 4] / 48000;
		struct tess_au *unit = add_unit(media);
		uint8_t *data = malloc(frame);

		must(file[at] == 0xff && (file[at + 1] & 0xfe) == 0xfa &&
			     (file[at + 2] & 0x0e) == 0x04,
		     "MP3");
		must(data && frame && at + frame <= length, "MP3 frame");
		memcpy(data, file + at, frame);
		unit->track = TESS_TRACK_AUDIO;
		unit->key = true;
		unit->data = data;
		unit->length = frame;
		unit->dts_us = unit->pts_us = (int64_t)frames++ * 24000;
		at += frame;
	}
	media->audio_rate = 48000;
	free(file);
}

static int compare_units(const void *a, const void *b)
{
	const struct tess_au *x = a, *y = b;

	if (x->dts_us != y->dts_us)
		return x->dts_us < y->dts_us ? -1 : 1;
	return (int)x->track - (int)y->track;
}

void media_sort(struct media *media)
{
	qsort(media->units, media->count, sizeof(*media->units), compare_units);
}

void media_free(struct media *media)
{
	for (size_t i = 0; i < media->count; i++)
		free((uint8_t *)media->units[i].data);
	free(media->units);
	*media = (struct media){0};
}

void media_make_dir(char *dir, size_t size)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(dir, size, "%s/tessera-test-XXXXXX", base ? base : "/tmp");
	must(mkdtemp(dir) != NULL, "mkdtemp");
}

void media_remove_dir(const char *dir)
{
	free(media_must_run("rm -rf '%s'", dir));
}

void media_write_file(const char *path, const void *data, size_t length)
{
	FILE *file = fopen(path, "wb");

	must(file && fwrite(data, 1, length, file) == length && !fclose(file), "write");
}

uint8_t *media_read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	must(file != NULL, path);
	(void)fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	data = malloc(size > 0 ? (size_t)size : 1);
	must(data && fread(data, 1, (size_t)size, file) == (size_t)size, "read");
	(void)fclose(file);
	*length = (size_t)size;
	return data;
}
