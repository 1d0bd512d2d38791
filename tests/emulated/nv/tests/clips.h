/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/clips.h - elementary streams in, decoded pictures out.
 */
#ifndef TESS_EMULATED_NV_TESTS_CLIPS_H
#define TESS_EMULATED_NV_TESTS_CLIPS_H

#include <libavcodec/avcodec.h>
#include <libavutil/hwcontext.h>

/** Called for each picture in the order shown; on the device when `device` was given. */
typedef void clips_picture_fn(void *user, const AVFrame *frame);

/**
 * Decode the Annex B stream @p data with libavcodec's h264, on @p device unless that is NULL.
 * @return pictures shown
 */
int clips_decode(const uint8_t *data, size_t length, AVBufferRef *device, clips_picture_fn *picture,
		 void *user);
/** A whole file, padded as libavcodec wants it; the caller frees it. */
uint8_t *clips_read(const char *path, size_t *length);
/** Luma and chroma of an 8-bit 4:2:0 picture as I420, tightly packed; the caller frees it. */
uint8_t *clips_i420(const AVFrame *frame, size_t *length);

#endif
