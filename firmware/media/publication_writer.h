/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publication_writer.h - the writing end of a publication: its ring and its AAC
 * encoder, on a strand of the pool, in the order in which things are handed over.
 *
 * Queues are bounded; what finds no room is refused at once. A picture that cannot be written takes
 * those up to the next key frame with it, which then says so. Threads: all calls belong to the
 * room's thread.
 */
#ifndef TESS_MEDIA_PUBLICATION_WRITER_H
#define TESS_MEDIA_PUBLICATION_WRITER_H

#include "firmware/media/context.h"
#include "firmware/media/gop.h"
#include "pipeline/stream/ring.h"

struct tess_publication_writer;

/** @p context is copied. @p has_audio: with an encoder. @retval 0, -ENOMEM, -EINVAL */
int tess_publication_writer_open(struct tess_publication_writer **writerp,
				 const struct tess_media_context *context,
				 bool has_audio) TESS_MUST_CHECK;
/** Gone for the caller at once; what is queued is still written. Accepts NULL. */
void tess_publication_writer_close(struct tess_publication_writer *writer);
/** Complete @p info by the sound's codec and configuration, if there is an encoder. */
void tess_publication_writer_describe(const struct tess_publication_writer *writer,
				      struct tess_stream_info *info);

/** Go on in this ring, which is the writer's then. @retval 0, -EBUSY it stays the caller's */
int tess_publication_writer_ring(struct tess_publication_writer *writer,
				 struct tess_ring_writer *ring) TESS_MUST_CHECK;
/** A picture; a reference is taken. @retval 0, -EBUSY */
int tess_publication_writer_picture(struct tess_publication_writer *writer, struct tess_unit *unit,
				    int64_t pts_us, int64_t dts_us,
				    bool discontinuity) TESS_MUST_CHECK;
/** Room for 20 ms of stereo (TESS_MIX_AUDIO_FRAMES), or NULL: the queue is full. */
float *tess_publication_writer_sound_begin(struct tess_publication_writer *writer);
void tess_publication_writer_sound_submit(struct tess_publication_writer *writer, int64_t pts_us);

#endif
