/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publication.h - what one user sends as a stream of its own: the pictures as they
 * were sent, the sound as AAC of 48 kHz, in a ring like a mix's, on the capture time line.
 *
 * Pictures are never decoded. Where packets were lost, nothing is passed on until the next key
 * frame, which has its discontinuity set: no picture in the ring refers to one that is not there.
 * Decoding times are made from the display times (pipeline/stream/reorder.h). Sound goes through a
 * mixer of one source: its clock is followed, holes are faded over, and what is not there is
 * silence, so that AAC goes on without gaps for as long as anything comes. It is a jitter buffer
 * behind; so are the pictures of who sends both, so that the ring is in the order of time.
 *
 * A ring begins when there is something: at a key frame, or with sound alone where no picture comes
 * within a second, or none but a key frame is missing for 5 s. When pictures come after all, or
 * come no more for 5 s while sound does, a new ring with a higher epoch goes on with both or with
 * the sound. Size and profile may change in a ring, by the parameter sets in key frames.
 *
 * Encoding and writing are jobs of a strand of the pool. Threads: all calls belong to the room's
 * thread.
 */
#ifndef TESS_MEDIA_PUBLICATION_H
#define TESS_MEDIA_PUBLICATION_H

#include "firmware/media/context.h"
#include "firmware/media/facts.h"
#include "firmware/media/gop.h"

struct tess_publication;

/**
 * @p context is copied. @p counters is the publisher's, of its pictures, and must live as long.
 * @retval 0, -ENOMEM, -EINVAL
 */
int tess_publication_open(struct tess_publication **publicationp,
			  const struct tess_media_context *context, bool has_video, bool has_audio,
			  struct tess_publisher_counters *counters) TESS_MUST_CHECK;
/** Gone for the caller at once; what is queued is still written. Accepts NULL. */
void tess_publication_close(struct tess_publication *publication);

/**
 * A picture of H.264 (Annex B), in the order of decoding; a reference is taken.
 * @p discontinuity: packets before it are missing
 * @return false if it is not passed on for want of a key frame
 */
bool tess_publication_picture(struct tess_publication *publication, struct tess_unit *unit,
			      bool discontinuity);
/** A picture, or what comes before the next, is missing. */
void tess_publication_lose(struct tess_publication *publication);
/** Stereo frames at 48 kHz, the first captured at @p media_us. */
void tess_publication_sound(struct tess_publication *publication, const float *pcm, unsigned frames,
			    int64_t media_us);
/** Peak of the sound in the last 20 ms, 0..1 and above. */
float tess_publication_level(const struct tess_publication *publication);

/** Do what is due. @return when it must be called again at the latest */
int64_t tess_publication_step(struct tess_publication *publication, int64_t now_us);
/** True once for each new ring: its epoch and descriptors, which stay the publication's. */
bool tess_publication_news(struct tess_publication *publication, uint64_t *epoch, int *memfd,
			   int *eventfd);

#endif
