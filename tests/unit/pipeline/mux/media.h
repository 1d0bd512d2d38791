/* SPDX-License-Identifier: GPL-3.0-or-later
 * Real H.264 and AAC for the tests of muxers and recordings, encoded by the ffmpeg program, and
 * ffprobe as the judge of what comes out.
 */
#ifndef TESS_TEST_MEDIA_H
#define TESS_TEST_MEDIA_H

#include <stddef.h>
#include <stdint.h>

#include "pipeline/stream/au.h"

/** Access units of one or two tracks in the order a stream has them. Owns their data. */
struct media {
	struct tess_au *units;
	size_t count, allocated;
	uint8_t audio_config[2];
	uint32_t audio_rate;
};

/**
 * Encode into @p dir: a.h264 (160x120, 15 a second, a key frame each 2 s), b.h264 (192x128) and
 * a.aac (48 kHz stereo), b.aac (44.1 kHz mono), @p seconds each. Aborts on failure.
 */
void media_encode(const char *dir, unsigned seconds);
/** Append the pictures of an Annex B file, the first at @p start_us. */
void media_add_video(struct media *media, const char *path, unsigned frame_rate, int64_t start_us);
/** Append the frames of an ADTS file. */
void media_add_audio(struct media *media, const char *path, int64_t start_us);
/** Append the frames of an MP3 file of 48 kHz, MPEG-1, without any tags. */
void media_add_mp3(struct media *media, const char *path);
/** Order by decode time, video first. */
void media_sort(struct media *media);
void media_free(struct media *media);

/** Run a shell command. @return all it wrote to stdout and stderr, to be freed; *status is its end
 */
char *media_run(int *status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Run a command that must end with 0, and give its output. */
char *media_must_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** A new folder below TMPDIR; remove it with media_remove_dir(). */
void media_make_dir(char *dir, size_t size);
void media_remove_dir(const char *dir);
void media_write_file(const char *path, const void *data, size_t length);
/** @return the content, to be freed */
uint8_t *media_read_file(const char *path, size_t *length);

#endif
