/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/audio_soft/audio.c - the driver table.
 */
#include "drivers/audio_soft/soft.h"

const struct tess_audio_driver tess_audio_soft = {
	.size = sizeof(struct tess_audio_driver),
	.name = "soft",
	.decoder_open = audio_soft_opus_open,
	.decoder_close = audio_soft_opus_close,
	.decoder_decode = audio_soft_opus_decode,
	.encoder_open = audio_soft_encoder_open,
	.encoder_close = audio_soft_encoder_close,
	.encoder_config = audio_soft_encoder_config,
	.encoder_feed = audio_soft_encoder_feed,
	.encoder_next = audio_soft_encoder_next,
};
