/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/stream/au.h - an encoded access unit: one picture or one audio frame of a stream.
 *
 * H.264 travels length-prefixed (4 bytes big endian, ISO/IEC 14496-15 §5.3.2), SPS and PPS in front
 * of each key frame; AAC as raw frames; MP3 as frames; Opus as packets. That is what FLV and MP4 store, so that no
 * reader has to rewrite payload.
 */
#ifndef TESS_STREAM_AU_H
#define TESS_STREAM_AU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tess_track {
	TESS_TRACK_VIDEO = 1,
	TESS_TRACK_AUDIO = 2,
};

struct tess_au {
	const uint8_t *data;
	size_t length;
	int64_t pts_us, dts_us; /* media time line (hal/clock.h) */
	enum tess_track track;
	bool key;	    /* video: decoding can start here; audio: always set */
	bool discontinuity; /* something before this one is missing */
};

/** What a reader must know of a stream before its first access unit. */
struct tess_stream_info {
	bool has_video, has_audio;
	uint16_t width, height; /* as the stream began; SPS in key frames is the truth */
	uint16_t frame_rate;	/* nominal, 0 if unknown */
	uint32_t video_bitrate_bps;
	uint32_t audio_rate;
	uint8_t audio_channels;
	uint8_t audio_codec; /* enum tess_codec: AAC, MP3 or Opus */
	uint8_t audio_config_length;
	uint8_t audio_config[16]; /* AAC, MP3: AudioSpecificConfig */
};

#endif
