/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/input.h - a publisher's access units out of a ring that egress writes, in place of
 * RTP tracks: H.264 and AAC, with times of the media time line.
 *
 * Egress parses what strangers send, so nothing in the ring is trusted. What is in it already when
 * it is opened (media has just been started) comes from the newest key frame on, its sound only if
 * it may still be heard. Threads: the room's.
 */
#ifndef TESS_MEDIA_INPUT_H
#define TESS_MEDIA_INPUT_H

#include "firmware/media/inputs.h"
#include "hal/audio.h"
#include "pipeline/rtp/track.h"

/** How often step() wants to be called while there is a ring. */
#define TESS_INPUT_STEP_US 5000

struct tess_input;

struct tess_input_handlers {
	/** As from an RTP track; H.264 is Annex B. */
	tess_rtp_au_handler *picture, *sound;
	/** Another ring begins: the sound's configuration may be another one. */
	void (*begun)(void *arg);
};

/** @p handlers and @p inputs must outlive it. @retval 0, -ENOMEM */
int tess_input_alloc(struct tess_input **inputp, struct tess_inputs *inputs, int64_t publisher,
		     const struct tess_input_handlers *handlers, void *arg) TESS_MUST_CHECK;
void tess_input_free(struct tess_input *input); /* accepts NULL */
/** Hand out what has come. @return when to call it again at the latest */
int64_t tess_input_step(struct tess_input *input, int64_t now_us);
/**
 * A decoder for the sound. @retval 0, -EAGAIN there is no ring with sound yet, or as
 * aac_decoder_open()
 */
int tess_input_open_decoder(const struct tess_input *input, const struct tess_audio_driver *audio,
			    struct tess_audio_decoder **decoderp) TESS_MUST_CHECK;

#endif
