/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/decode_soft/decode_soft.h - pictures decoded by the CPU, for the software engine and for
 * what a device cannot decode: H.264, H.265, VP8 and VP9 by libavcodec, brought to 8-bit I420.
 *
 * What comes in was sent by strangers: sizes and memory are bounded before libavcodec allocates,
 * and an access unit that fails is one error, not the end of the decoder. Helpers of libavcodec log
 * what strangers send, without limit: an engine that decodes calls av_log_set_level(AV_LOG_QUIET).
 * Threads: a decoder is used by one at a time; its pictures may go to any, and outlive it.
 */
#ifndef TESS_DECODE_SOFT_H
#define TESS_DECODE_SOFT_H

#include <libavutil/frame.h>

#include "hal/compiler.h"
#include "hal/engine.h"

/** Larger pictures are refused, in either direction. */
#define TESS_DECODE_SOFT_MAX_SIDE 4096
/** The largest picture that is decoded: MaxFS of level 5.1 (H.264 table A-1). */
#define TESS_DECODE_SOFT_MAX_PIXELS (4096 * 2304)
/**
 * What the pictures of one decoder may take, in tiles and queues too. Enough for 3840x2160 with
 * four references and 1920x1080 with sixteen; real-time senders use one to three.
 */
#define TESS_DECODE_SOFT_BYTES ((size_t)96 << 20)
/** The codecs, bit 1 << enum tess_codec each. */
#define TESS_DECODE_SOFT_CODECS                                                 \
	(1u << TESS_CODEC_H264 | 1u << TESS_CODEC_H265 | 1u << TESS_CODEC_VP8 | \
	 1u << TESS_CODEC_VP9)

struct tess_decode_soft;

/** @retval 0, -ENOTSUP codec, -ENOMEM */
int tess_decode_soft_open(struct tess_decode_soft **decoderp,
			  enum tess_codec codec) TESS_MUST_CHECK;
/** Accepts NULL. */
void tess_decode_soft_close(struct tess_decode_soft *decoder);
/**
 * Rows of the picture that is being decoded, from @p row on, are as they will be, unless an error
 * is made up for later (decode_error_flags) or fields come; crop is not applied yet. In the thread
 * of tess_decode_soft_decode(). The frame is libavcodec's.
 */
typedef void tess_decode_soft_rows(void *arg, const AVFrame *frame, int row, int rows);
/** Before the first access unit. Only decoders of H.264 tell of rows. */
void tess_decode_soft_watch(struct tess_decode_soft *decoder, tess_decode_soft_rows *rows,
			    void *arg);
/**
 * Decode one access unit (H.264, H.265: Annex B; VP8, VP9: a frame). If a picture comes out,
 * @p frame, which must be empty, is a reference to it, the caller's:
 *   data, linesize	three planes of I420 (format AV_PIX_FMT_YUV420P)
 *   width, height	even; crop is applied
 *   sample_aspect_ratio 1:1 if unknown; both fit 16 bits
 *   color_range	AVCOL_RANGE_JPEG: samples are 0..255; AVCOL_RANGE_MPEG: 16..235
 *   pts		the @p capture_us of its access unit
 * @return how many pictures came out (of several @p frame is the last, of none it stays empty), or,
 * with @p frame empty: -EBADMSG the access unit is damaged (go on with the next), -ENOTSUP a format
 * that is not brought to I420, a size beyond the limits, or more pictures held at once than the
 * decoder has memory for (go on with a key frame), -ENOMEM
 */
int tess_decode_soft_decode(struct tess_decode_soft *decoder, const uint8_t *data, size_t length,
			    int64_t capture_us, AVFrame *frame) TESS_MUST_CHECK;

#endif
