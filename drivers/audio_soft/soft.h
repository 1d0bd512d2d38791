/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/audio_soft/soft.h - the parts behind the driver table.
 */
#ifndef TESS_AUDIO_SOFT_SOFT_H
#define TESS_AUDIO_SOFT_SOFT_H

#include "drivers/audio_soft/audio_soft.h"

int audio_soft_opus_open(struct tess_audio_decoder **decoderp, enum tess_codec codec);
void audio_soft_opus_close(struct tess_audio_decoder *decoder);
int audio_soft_opus_decode(struct tess_audio_decoder *decoder, const uint8_t *data, size_t length,
			   unsigned lost_frames, float *pcm);

int audio_soft_encoder_open(struct tess_audio_encoder **encoderp,
			const struct tess_audio_encoder_config *config);
void audio_soft_encoder_close(struct tess_audio_encoder *encoder);
const uint8_t *audio_soft_encoder_config(const struct tess_audio_encoder *encoder, size_t *length);
int audio_soft_encoder_feed(struct tess_audio_encoder *encoder, const float *pcm, unsigned frames,
			int64_t pts_us);
int audio_soft_encoder_next(struct tess_audio_encoder *encoder, struct tess_audio_encoded *encoded);

#endif
