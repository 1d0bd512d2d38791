/* SPDX-License-Identifier: GPL-3.0-or-later
 * hal/audio.h - audio codecs. Samples are float, interleaved, full scale +-1.0.
 * Threads: each decoder and encoder belongs to one thread at a time.
 */
#ifndef TESS_HAL_AUDIO_H
#define TESS_HAL_AUDIO_H

#include "hal/engine.h"

/** The mix works at this rate, in stereo. */
#define TESS_AUDIO_RATE	    48000
#define TESS_AUDIO_CHANNELS 2
/** The longest packet of Opus is 120 ms (RFC 6716 §2.1.4). */
#define TESS_AUDIO_MAX_FRAMES 5760

struct tess_audio_decoder;
struct tess_audio_encoder;

struct tess_audio_encoder_config {
	uint32_t sample_rate; /* 48000 44100 32000 24000 16000 8000 */
	uint8_t channels;     /* 1 or 2 */
	uint32_t bitrate_bps; /* MP3: the nearest that there is */
	bool mp3;	      /* instead of AAC-LC */
};

/** An encoded audio frame; data is the encoder's until its next call. */
struct tess_audio_encoded {
	const uint8_t
		*data; /* AAC: a raw frame, no ADTS header; MP3: a frame that needs no other */
	size_t length;
	int64_t pts_us; /* media time of the first sample, the encoder's own delay taken off */
};

struct tess_audio_driver {
	size_t size;
	const char *name; /* "soft" */
	/** Decoder to 48 kHz stereo. @retval 0, -ENOTSUP, -ENOMEM */
	int (*decoder_open)(struct tess_audio_decoder **decoderp, enum tess_codec codec);
	void (*decoder_close)(struct tess_audio_decoder *decoder); /* accepts NULL */
	/**
	 * Decode a packet, or conceal a lost one: data NULL and @p lost_frames how many sample
	 * frames are missing. @p pcm has room for TESS_AUDIO_MAX_FRAMES stereo frames.
	 * @return sample frames written, or -EBADMSG
	 */
	int (*decoder_decode)(struct tess_audio_decoder *decoder, const uint8_t *data,
			      size_t length, unsigned lost_frames, float *pcm);

	/** AAC-LC or MP3 encoder, fed at 48 kHz stereo; it resamples and mixes down itself. */
	int (*encoder_open)(struct tess_audio_encoder **encoderp,
			    const struct tess_audio_encoder_config *config);
	void (*encoder_close)(struct tess_audio_encoder *encoder); /* accepts NULL */
	/** AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), also of MP3; valid until close. */
	const uint8_t *(*encoder_config)(const struct tess_audio_encoder *encoder, size_t *length);
	/** Feed @p frames sample frames that begin at @p pts_us. @retval 0, -ENOMEM */
	int (*encoder_feed)(struct tess_audio_encoder *encoder, const float *pcm, unsigned frames,
			    int64_t pts_us);
	/** The next encoded frame. @retval 0, -EAGAIN feed more, -ENOMEM */
	int (*encoder_next)(struct tess_audio_encoder *encoder, struct tess_audio_encoded *encoded);
};

#endif
