/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/sound.h - sound through an encoder into a ring, as mixes, their MP3 and users' own
 * streams have it.
 *
 * Threads: belongs to the strand that encoder and ring belong to.
 */
#ifndef TESS_MEDIA_SOUND_H
#define TESS_MEDIA_SOUND_H

#include <stddef.h>

#include "hal/audio.h"
#include "pipeline/stream/ring.h"

/**
 * Encode @p frames at 48 kHz stereo that begin at @p pts_us, and write what is ready.
 * @p ring: NULL: what is ready is dropped
 * @p from_us: what is ready of the time before it is dropped
 * @p bytes: those written are added; NULL: not counted
 * @retval 0, or errors of encoder_feed(), encoder_next() and tess_ring_write()
 */
int tess_sound_write(const struct tess_audio_driver *driver, struct tess_audio_encoder *encoder,
		     struct tess_ring_writer *ring, const float *pcm, unsigned frames,
		     int64_t pts_us, int64_t from_us, size_t *bytes) TESS_MUST_CHECK;

#endif
