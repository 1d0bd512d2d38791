/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/audio_soft/audio.c - the driver table.
 */
#include "drivers/audio_soft/soft.h"

static void decoder_close(struct tess_audio_decoder *decoder)
{
	if (decoder)
		decoder->close(decoder);
}

static int decoder_decode(struct tess_audio_decoder *decoder, const uint8_t *data, size_t length,
			  unsigned lost_frames, float *pcm)
{
	return decoder->decode(decoder, data, length, lost_frames, pcm);
}

const struct tess_audio_driver tess_audio_soft = {
	.size = sizeof(struct tess_audio_driver),
	.name = "soft",
	.decoder_open = audio_soft_opus_open,
	.aac_decoder_open = audio_soft_aac_decoder_open,
	.decoder_close = decoder_close,
	.decoder_decode = decoder_decode,
	.encoder_open = audio_soft_encoder_open,
	.encoder_close = audio_soft_encoder_close,
	.encoder_config = audio_soft_encoder_config,
	.encoder_feed = audio_soft_encoder_feed,
	.encoder_next = audio_soft_encoder_next,
};
