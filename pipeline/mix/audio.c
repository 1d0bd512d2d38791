/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/audio.c - the audio mixer: sums its sources and limits the sum.
 */
#include "pipeline/mix/audio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/mix/limiter.h"
#include "pipeline/mix/source.h"

_Static_assert(TESS_MIX_AUDIO_FRAMES <= TESS_LIMITER_MAX_FRAMES,
	       "a pull is one run of the limiter");

struct tess_audio_mixer {
	struct tess_audio_source *sources;
	struct tess_source_stock stock;
	struct tess_source_now now; /* mixed is ahead of what was pulled by the limiter's delay */
	struct tess_limiter limiter;
	float fade_in[TESS_SOURCE_FADE];
	bool leaving; /* sources were removed: their last sound, faded, is still to be mixed */
	float leaving_pcm[2 * TESS_SOURCE_FADE];
};

/* media time in frames, rounded down; exact for steps of 20 ms */
static int64_t frames_of(int64_t media_us)
{
	int64_t scaled = media_us * (TESS_AUDIO_RATE / 1000);
	int64_t frames = scaled / 1000;
	return scaled % 1000 < 0 ? frames - 1 : frames;
}

int tess_audio_mixer_alloc(struct tess_audio_mixer **mixerp)
{
	struct tess_audio_mixer *mixer = calloc(1, sizeof(*mixer));
	if (!mixer)
		return -ENOMEM;
	tess_limiter_init(&mixer->limiter);
	tess_source_fade_table(mixer->fade_in);
	*mixerp = mixer;
	return 0;
}

void tess_audio_mixer_free(struct tess_audio_mixer *mixer)
{
	if (!mixer)
		return;
	while (mixer->sources) {
		struct tess_audio_source *source = mixer->sources;
		mixer->sources = source->next;
		tess_source_empty(source);
		free(source);
	}
	tess_source_stock_clear(&mixer->stock);
	free(mixer);
}

int tess_audio_source_add(struct tess_audio_source **sourcep, struct tess_audio_mixer *mixer)
{
	struct tess_audio_source *source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	source->mixer = mixer;
	source->stock = &mixer->stock;
	source->next = mixer->sources;
	mixer->sources = source;
	*sourcep = source;
	return 0;
}

void tess_audio_source_remove(struct tess_audio_source *source)
{
	if (!source)
		return;
	struct tess_audio_mixer *mixer = source->mixer;
	float last[2 * TESS_SOURCE_FADE];
	if (mixer->now.running &&
	    tess_source_read(source, mixer->fade_in, last, TESS_SOURCE_FADE, mixer->now)) {
		for (unsigned i = 0; i < 2 * TESS_SOURCE_FADE; i++)
			mixer->leaving_pcm[i] += last[i] * (1 - mixer->fade_in[i / 2]);
		mixer->leaving = true;
	}
	struct tess_audio_source **link = &mixer->sources;
	while (*link != source)
		link = &(*link)->next;
	*link = source->next;
	tess_source_empty(source);
	free(source);
}

void tess_audio_source_push(struct tess_audio_source *source, const float *pcm, unsigned frames,
			    int64_t media_us)
{
	struct tess_audio_mixer *mixer = source->mixer;
	tess_source_push(source, mixer->fade_in, pcm, frames, frames_of(media_us), mixer->now);
}

static void add(float *sum, const float *pcm, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		sum[i] += pcm[i];
}

/* mix the next frames (>= TESS_SOURCE_FADE) and send them through the limiter */
static void advance(struct tess_audio_mixer *mixer, unsigned frames, float *out)
{
	float sum[2 * TESS_MIX_AUDIO_FRAMES], pcm[2 * TESS_MIX_AUDIO_FRAMES];
	memset(sum, 0, 2 * frames * sizeof(float));
	for (struct tess_audio_source *source = mixer->sources; source; source = source->next)
		if (tess_source_read(source, mixer->fade_in, pcm, frames, mixer->now))
			add(sum, pcm, 2 * frames);
	if (mixer->leaving) {
		add(sum, mixer->leaving_pcm, 2 * TESS_SOURCE_FADE);
		memset(mixer->leaving_pcm, 0, sizeof(mixer->leaving_pcm));
		mixer->leaving = false;
	}
	mixer->now.mixed += frames;
	tess_limiter_run(&mixer->limiter, sum, out, frames);
}

void tess_audio_mixer_pull(struct tess_audio_mixer *mixer, int64_t media_us, float *pcm)
{
	int64_t media = frames_of(media_us);
	if (!mixer->now.running || mixer->now.mixed != media + TESS_LIMITER_DELAY) {
		/* the first, or not the one after the last: fill the limiter's look-ahead */
		mixer->now = (struct tess_source_now){.running = true, .mixed = media};
		tess_limiter_init(&mixer->limiter);
		advance(mixer, TESS_LIMITER_DELAY, pcm);
	}
	advance(mixer, TESS_MIX_AUDIO_FRAMES, pcm);
}

float tess_audio_source_level(const struct tess_audio_source *source)
{
	return source->level;
}
