/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/audio_soft/opus.c - Opus to 48 kHz stereo, with libopus' concealment of lost packets.
 */
#include "drivers/audio_soft/soft.h"

#include <errno.h>
#include <opus.h>
#include <stdlib.h>

/* concealment comes in steps of 2.5 ms (opus_decode_float) */
#define CONCEAL_STEP 120u

struct opus {
	struct tess_audio_decoder base; /* first: a decoder is its base */
	OpusDecoder *opus;
};

static void opus_close(struct tess_audio_decoder *base)
{
	struct opus *decoder = (struct opus *)base;

	opus_decoder_destroy(decoder->opus);
	free(decoder);
}

static int conceal(struct opus *decoder, unsigned lost_frames, float *pcm)
{
	if (lost_frames > TESS_AUDIO_MAX_FRAMES)
		lost_frames = TESS_AUDIO_MAX_FRAMES;
	int frames = (int)(lost_frames / CONCEAL_STEP * CONCEAL_STEP);
	if (frames == 0)
		return 0;
	int written = opus_decode_float(decoder->opus, NULL, 0, pcm, frames, 0);
	return written < 0 ? -EBADMSG : written;
}

static int opus_decode_packet(struct tess_audio_decoder *base, const uint8_t *data, size_t length,
			      unsigned lost_frames, float *pcm)
{
	struct opus *decoder = (struct opus *)base;

	if (!data)
		return conceal(decoder, lost_frames, pcm);
	/* libopus takes a length of 0 for a lost packet; RFC 6716 §3.4 R1 forbids it. The longest
	 * one is 48 frames of 1275 bytes and their lengths (§3.2.5) */
	if (length == 0 || length > 65535)
		return -EBADMSG;
	int written = opus_decode_float(decoder->opus, data, (opus_int32)length, pcm,
					TESS_AUDIO_MAX_FRAMES, 0);
	return written < 0 ? -EBADMSG : written;
}

int audio_soft_opus_open(struct tess_audio_decoder **decoderp, enum tess_codec codec)
{
	if (codec != TESS_CODEC_OPUS)
		return -ENOTSUP;
	struct opus *decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		return -ENOMEM;
	int err;
	decoder->opus = opus_decoder_create(TESS_AUDIO_RATE, TESS_AUDIO_CHANNELS, &err);
	if (!decoder->opus) {
		free(decoder);
		return -ENOMEM;
	}
	decoder->base = (struct tess_audio_decoder){opus_close, opus_decode_packet};
	*decoderp = &decoder->base;
	return 0;
}
