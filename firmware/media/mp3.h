/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/mp3.h - the sound of a mix once more, as MP3, a stream with a ring of its own that
 * recordings are made of (RecordAudioOnly).
 *
 * It runs beside the mix's own sound, with the same parameters, so that viewers notice nothing.
 * Threads: belongs to one strand at a time; the descriptors may be asked for from any.
 */
#ifndef TESS_MEDIA_MP3_H
#define TESS_MEDIA_MP3_H

#include "hal/audio.h"
#include "pipeline/stream/ring.h"

struct tess_mp3_stream;

/** @retval 0, -EINVAL, -ENOTSUP libavcodec has no LAME, -ENOMEM, -EMFILE */
int tess_mp3_stream_alloc(struct tess_mp3_stream **streamp, const struct tess_audio_driver *driver,
			  const struct tess_audio_encoder_config *audio,
			  uint64_t epoch) TESS_MUST_CHECK;
/** Ends the stream for its readers; accepts NULL. */
void tess_mp3_stream_free(struct tess_mp3_stream *stream);
/** @p frames at 48 kHz stereo that begin at @p pts_us. @retval 0, -ENOMEM */
int tess_mp3_stream_feed(struct tess_mp3_stream *stream, const float *pcm, unsigned frames,
			 int64_t pts_us) TESS_MUST_CHECK;
/** The ring's descriptors; they stay the stream's. */
void tess_mp3_stream_descriptors(const struct tess_mp3_stream *stream, int *memfd, int *eventfd);

#endif
