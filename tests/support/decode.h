/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/decode.h - reads a recording or a live stream's file back by the ffmpeg programs.
 *
 * An independent judge of what the product wrote: any complaint of ffmpeg or ffprobe is an error.
 */
#ifndef TESS_TESTS_DECODE_H
#define TESS_TESTS_DECODE_H

#include "tests/support/test_pattern.h"

/** What a file holds, of its first video and audio stream; zeros for one that it has not got. */
struct tess_test_file_info {
	unsigned width, height;
	unsigned sample_rate, channels;
	double duration_s; /* the container's */
};

struct tess_test_decode_handlers {
	/** Each picture in order. NULL: no video is decoded. The picture is valid during the call.
	 */
	void (*picture)(void *arg, int64_t pts_us, const struct tess_test_i420 *picture);
	/**
	 * Each decoded audio frame in order, stereo interleaved, at the file's sample rate. NULL:
	 * no audio is decoded.
	 */
	void (*sound)(void *arg, int64_t pts_us, const float *pcm, unsigned frames, unsigned rate);
};

/** @retval 0, -EBADMSG ffprobe complained (on stderr, too), -ENOENT it did not run */
int tess_test_file_info(struct tess_test_file_info *info, const char *path) TESS_MUST_CHECK;
/**
 * Decode all of the file (MP4, FLV, ...), first the pictures, then the sound. Times are the
 * container's. Each picture has the size that it was coded with.
 * @retval 0, -EBADMSG a program complained, or pictures and times do not match in number;
 *         -ENODATA a stream that is asked for is not there; -ENOMEM
 */
int tess_test_decode(const char *path, const struct tess_test_decode_handlers *handlers,
		     void *arg) TESS_MUST_CHECK;

#endif
