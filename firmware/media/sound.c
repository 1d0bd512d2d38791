/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/sound.c - see sound.h.
 */
#include "firmware/media/sound.h"

#include <errno.h>

int tess_sound_write(const struct tess_audio_driver *driver, struct tess_audio_encoder *encoder,
		     struct tess_ring_writer *ring, const float *pcm, unsigned frames,
		     int64_t pts_us, int64_t from_us, size_t *bytes)
{
	struct tess_audio_encoded encoded;
	int error = driver->encoder_feed(encoder, pcm, frames, pts_us);

	while (!error && !(error = driver->encoder_next(encoder, &encoded))) {
		const struct tess_au au = {
			.data = encoded.data,
			.length = encoded.length,
			.pts_us = encoded.pts_us,
			.dts_us = encoded.pts_us,
			.track = TESS_TRACK_AUDIO,
			.key = true,
		};

		if (!ring || au.pts_us < from_us)
			continue;
		error = tess_ring_write(ring, &au);
		if (!error && bytes)
			*bytes += encoded.length;
	}
	return error == -EAGAIN ? 0 : error;
}
