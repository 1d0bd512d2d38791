/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/units.h - from the audio and video messages of a publisher to access units: H.264
 * and AAC-LC or HE-AAC, mono or stereo. Their bodies are those of FLV tags (E.4.2.1, E.4.3.1).
 *
 * Pictures come out length-prefixed with SPS and PPS in front of each key frame, sound as raw
 * frames, as pipeline/stream/au.h wants them. Anything else is refused with a reason that a person
 * understands. All input is hostile.
 */
#ifndef TESS_RTMP_UNITS_H
#define TESS_RTMP_UNITS_H

#include "pipeline/mux/bytes.h"
#include "pipeline/mux/h264.h"
#include "pipeline/rtmp/chunk.h"
#include "pipeline/stream/au.h"

/** Bytes of an AudioSpecificConfig that are taken, and of a frame of sound. */
#define TESS_RTMP_MAX_AUDIO_CONFIG 16
#define TESS_RTMP_MAX_AUDIO_FRAME  8192

/** All zero is a new one. */
struct tess_rtmp_units {
	bool has_video, has_audio; /* a configuration came */
	unsigned nal_length_bytes;
	uint8_t sets[TESS_H264_MAX_AVCC]; /* SPS and PPS, length-prefixed */
	size_t sets_length;
	struct tess_h264_sps sps;
	uint8_t audio_config[TESS_RTMP_MAX_AUDIO_CONFIG];
	uint8_t audio_config_length;
	uint32_t audio_rate;
	uint8_t audio_channels;
	unsigned audio_changes; /* rises with each other configuration of the sound */
	struct tess_bytes picture;
	char reason[96]; /* after -ENOTSUP */
};

struct tess_rtmp_unit {
	enum tess_track track;
	bool key;
	const uint8_t *data; /* of the units or of the message, until either's next call */
	size_t length;
	int32_t composition_ms; /* it is shown so much later than it is decoded */
};

void tess_rtmp_units_fini(struct tess_rtmp_units *units);
/**
 * Take a message; of another type than audio and video nothing comes.
 * @retval 1 *unit is filled, 0 a configuration, or nothing that is of use
 * @retval -ENOTSUP it is of a kind that is not received: units->reason says which
 * @retval -EBADMSG damaged, -ENOMEM
 */
int tess_rtmp_units_take(struct tess_rtmp_units *units, const struct tess_rtmp_message *message,
			 struct tess_rtmp_unit *unit) TESS_MUST_CHECK;

#endif
