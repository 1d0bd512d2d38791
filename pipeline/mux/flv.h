/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/flv.h - FLV (Adobe Flash Video File Format Specification 10.1, Annex E).
 *
 * A tag is an 11-byte header, a body and the 4-byte size of the tag. The body and its trailing size
 * are the same for all viewers of a stream and are made once; the header carries the time stamp,
 * which counts from the viewer's own start, and is made for each. FLV has no Opus: AAC is the only
 * sound.
 */
#ifndef TESS_MUX_FLV_H
#define TESS_MUX_FLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/mux/h264.h"
#include "pipeline/stream/au.h"

/** File header with the PreviousTagSize0 behind it (E.2, E.3). */
#define TESS_FLV_HEADER_SIZE	 13
#define TESS_FLV_TAG_HEADER_SIZE 11
/** PreviousTagSize behind each body. */
#define TESS_FLV_TRAILER_SIZE 4
#define TESS_FLV_MAX_BODY     0xffffffu
/** Room for any of the configuration tags below. */
#define TESS_FLV_CONFIG_SIZE (TESS_H264_MAX_AVCC + 64)

enum tess_flv_type {
	TESS_FLV_AUDIO = 8,
	TESS_FLV_VIDEO = 9,
	TESS_FLV_SCRIPT = 18,
};

void tess_flv_header(uint8_t out[TESS_FLV_HEADER_SIZE], bool has_video, bool has_audio);
/** @p body_bytes without the trailer; @p time_ms wraps after 49 days, as players expect. */
void tess_flv_tag_header(uint8_t out[TESS_FLV_TAG_HEADER_SIZE], enum tess_flv_type type,
			 uint32_t body_bytes, uint32_t time_ms);

/** Bytes of an access unit's body, its trailer not counted. */
size_t tess_flv_body_bytes(const struct tess_au *au);
/**
 * Write body and trailer: tess_flv_body_bytes() + TESS_FLV_TRAILER_SIZE bytes.
 * @retval 0, -EMSGSIZE larger than TESS_FLV_MAX_BODY (nothing is written)
 */
int tess_flv_put_au(uint8_t *out, const struct tess_au *au) TESS_MUST_CHECK;

/* Bodies with trailers that come before the first access unit. @return bytes of the body written to
 * out, which has room for TESS_FLV_CONFIG_SIZE. */
size_t tess_flv_put_metadata(uint8_t *out, const struct tess_stream_info *info);
size_t tess_flv_put_video_config(uint8_t *out, const struct tess_h264_config *config);
size_t tess_flv_put_audio_config(uint8_t *out, const struct tess_stream_info *info);

/** Key frames that the index of a file has room for. */
#define TESS_FLV_INDEX_KEYS 1024
/** Bytes of a file's metadata body, always the same: it is written again when the file ends. */
#define TESS_FLV_INDEX_BYTES (512 + TESS_FLV_INDEX_KEYS * 18)

/** What onMetaData tells of a whole file. */
struct tess_flv_index {
	double duration_s, file_bytes;
	bool has_video, has_audio;
	double width, height, audio_rate;
	unsigned key_count; /* at most TESS_FLV_INDEX_KEYS */
	struct tess_flv_key {
		double time_s, position; /* of its tag in the file */
	} keys[TESS_FLV_INDEX_KEYS];
};
/** Write a body of TESS_FLV_INDEX_BYTES and its trailer; what is left of it is zeros. */
void tess_flv_put_index(uint8_t *out, const struct tess_flv_index *index);

#endif
