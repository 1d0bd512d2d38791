/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/source.h - one source of the audio mixer: its sound on the media time line.
 *
 * Time is counted in frames of 48 kHz. Pages hold what is still to be heard, and a little of what
 * was; those that are done with are taken again first, by any source of the mixer, while they are
 * in the processor's cache. A sample's *index* in them differs from its media frame by `shift`,
 * which changes by one at a time while the source's clock is followed (see slip) and is put right
 * at once where the sound is cut anyway.
 */
#ifndef TESS_MIX_SOURCE_H
#define TESS_MIX_SOURCE_H

#include "pipeline/mix/audio.h"

/** Frames that the mixer may hold ahead of what it has mixed: 3 s, for the longest jitter buffer
 * (2 s) and a mixer that catches up (1 s). */
#define TESS_SOURCE_CAPACITY 144000
/** Frames of a page, and pages of a source at most; powers of two. */
#define TESS_SOURCE_PAGE  1024
#define TESS_SOURCE_PAGES 256
/** Fades and cross-fades: 5 ms. */
#define TESS_SOURCE_FADE 240

struct tess_source_page {
	struct tess_source_page *next; /* in the stock */
	float pcm[2 * TESS_SOURCE_PAGE];
};

/** Pages that no source of the mixer has; the last one given back is the first one taken. */
struct tess_source_stock {
	struct tess_source_page *pages;
	unsigned count;
};

struct tess_audio_source {
	struct tess_audio_mixer *mixer;
	struct tess_audio_source *next;
	struct tess_source_stock *stock;
	bool started;
	bool cut; /* the last push was dropped, whole */
	/* [begin, data_end) is sound; [data_end, end) is what was made up for sound that is not
	 * there */
	int64_t begin, data_end, end;
	int64_t shift;	    /* media frame = index + shift */
	int64_t next_media; /* media frame at which the last push ended */
	int64_t error;	    /* frames by which the sound would be heard too early */
	bool following;	    /* the error is being worked off */
	int slip;	    /* +1: one frame is being stretched in, -1: out, 0: none */
	unsigned slipped;   /* frames of the slip that are done */
	float level;
	int64_t first_page;				   /* none before it */
	struct tess_source_page *pages[TESS_SOURCE_PAGES]; /* of index / TESS_SOURCE_PAGE, modulo */
};

/** Where the mixer stands: the next media frame to be mixed, and if it ever mixed. */
struct tess_source_now {
	bool running;
	int64_t mixed;
};

/** Fade-in gains, TESS_SOURCE_FADE of them; the fade-out is 1 minus these. */
void tess_source_fade_table(float *fade_in);
/** Give its pages back. */
void tess_source_empty(struct tess_audio_source *source);
void tess_source_stock_clear(struct tess_source_stock *stock);
/** Without memory for it the sound is dropped. */
void tess_source_push(struct tess_audio_source *source, const float *fade_in, const float *pcm,
		      unsigned frames, int64_t media, struct tess_source_now now);
/**
 * The source's sound of the next @p frames (<= TESS_MIX_AUDIO_FRAMES) from now.mixed on into @p
 * pcm.
 * @return false: silence, pcm is untouched
 */
bool tess_source_read(struct tess_audio_source *source, const float *fade_in, float *pcm,
		      unsigned frames, struct tess_source_now now);

#endif
