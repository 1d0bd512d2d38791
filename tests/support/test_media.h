/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/test_media.h - the encoders of a synthetic publisher: H.264 by x264, Opus.
 *
 * The fastest settings there are, and one thread, so that the same input gives the same bytes. Each
 * handle belongs to one thread.
 */
#ifndef TESS_TESTS_TEST_MEDIA_H
#define TESS_TESTS_TEST_MEDIA_H

#include "tests/support/test_pattern.h"

#define TESS_TEST_AUDIO_RATE 48000
/** 20 ms, what each Opus packet holds. */
#define TESS_TEST_AUDIO_FRAMES 960

struct tess_test_video;
struct tess_test_audio;

struct tess_test_video_config {
	unsigned width, height; /* even */
	unsigned frame_rate;	/* 0: 15 */
	unsigned bitrate_bps;	/* 0: constant quality, small for small pictures */
	unsigned gop_frames;	/* 0: a key frame each second */
	/* every second picture repeats the one before it, and no other refers to it */
	bool half_disposable;
};

/** @retval 0, -EINVAL, -ENOMEM, -ENOSYS libavcodec has no x264 */
int tess_test_video_open(struct tess_test_video **videop,
			 const struct tess_test_video_config *config) TESS_MUST_CHECK;
void tess_test_video_close(struct tess_test_video *video); /* accepts NULL */
/** The picture to draw on before each encode; the last one's content is undefined. */
const struct tess_test_i420 *tess_test_video_picture(struct tess_test_video *video);
/**
 * Encode the picture: one access unit, Annex B, SPS and PPS in front of key frames, no B frames.
 * *datap is the encoder's until its next call. @retval 0, -EIO
 */
int tess_test_video_encode(struct tess_test_video *video, bool force_key, const uint8_t **datap,
			   size_t *lengthp) TESS_MUST_CHECK;

/**
 * An Opus encoder (its look-ahead is 6.5 ms, as browsers have it). @p bitrate_bps 0: 32000 a
 * channel.
 * @retval 0, -EINVAL, -ENOMEM
 */
int tess_test_audio_open(struct tess_test_audio **audiop, unsigned channels,
			 unsigned bitrate_bps) TESS_MUST_CHECK;
void tess_test_audio_close(struct tess_test_audio *audio); /* accepts NULL */
/** Encode TESS_TEST_AUDIO_FRAMES frames, interleaved. *datap as above. @retval 0, -EIO */
int tess_test_audio_encode(struct tess_test_audio *audio, const float *pcm, const uint8_t **datap,
			   size_t *lengthp) TESS_MUST_CHECK;

#endif
