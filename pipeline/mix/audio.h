/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/audio.h - sums the sound of a room: 48 kHz, stereo, 20 ms at a time.
 *
 * Each source is placed on the media time line by the capture time of its samples. Where a source's
 * clock drifts against the box's, it is stretched by at most 0.2 %; beyond 60 ms of error it is
 * moved at once, faded over the seam. A gap is silence with short fades. A look-ahead limiter keeps
 * the sum under full scale without clicks; below full scale the gain is exactly 1.
 *
 * Sound is read 5 ms ahead for the limiter: what is to be heard in [t, t + 20 ms) must have been
 * pushed up to t + 25 ms when t is pulled; what comes later is dropped, and the hole is faded over.
 *
 * Threads: a mixer and its sources belong to one thread. No clock is read.
 */
#ifndef TESS_MIX_AUDIO_H
#define TESS_MIX_AUDIO_H

#include "hal/audio.h"

#define TESS_MIX_AUDIO_FRAMES 960 /* 20 ms */

struct tess_audio_mixer;
struct tess_audio_source;

int tess_audio_mixer_alloc(struct tess_audio_mixer **mixerp) TESS_MUST_CHECK; /* -ENOMEM */
void tess_audio_mixer_free(struct tess_audio_mixer *mixer); /* and its sources; accepts NULL */
int tess_audio_source_add(struct tess_audio_source **sourcep,
			  struct tess_audio_mixer *mixer) TESS_MUST_CHECK; /* -ENOMEM */
void tess_audio_source_remove(struct tess_audio_source *source); /* faded out; accepts NULL */
/** Add @p frames stereo frames (<= TESS_AUDIO_MAX_FRAMES); the first was captured at media_us. */
void tess_audio_source_push(struct tess_audio_source *source, const float *pcm, unsigned frames,
			    int64_t media_us);
/**
 * The mix of [media_us, media_us + 20 ms) into @p pcm (TESS_MIX_AUDIO_FRAMES stereo frames). Called
 * with media_us rising by 20 ms; the limiter's look-ahead is taken off inside: the sound pulled is
 * that of the time asked for.
 */
void tess_audio_mixer_pull(struct tess_audio_mixer *mixer, int64_t media_us, float *pcm);
/** Peak of the source in the last 20 ms pulled, 0..1 and above. */
float tess_audio_source_level(const struct tess_audio_source *source);

#endif
