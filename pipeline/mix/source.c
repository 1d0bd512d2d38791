/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/source.c - places a source's sound on the media time line and reads it from there.
 */
#include "pipeline/mix/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/mix/limiter.h"

#define PAGE  TESS_SOURCE_PAGE
#define PAGES TESS_SOURCE_PAGES
#define FADE  TESS_SOURCE_FADE
/* frames that pages can hold wherever they begin */
#define LONGEST ((PAGES - 1) * PAGE)
/* pages kept for the next who needs one */
#define MAX_STOCK 128

/* clock drift is worked off from 1 ms of error down to 0.3 ms */
#define FOLLOW_ERROR  48
#define RELEASE_ERROR 14
/* more than 60 ms is no drift */
#define JUMP_ERROR 2880
/* a hole of more than 5 ms in the source's own time line is a gap */
#define GAP 240
/* one frame in 500 is 0.2 % */
#define SLIP_FRAMES 500
/* frames past a block that interpolation and the slips inside it may touch, and before it */
#define SLIP_MARGIN 8
/* frames before what is read next, and before the end of the sound, that may be heard again */
#define HISTORY (FADE + SLIP_MARGIN)
/* what is left of a late packet is not worth a fade below 2.5 ms, the shortest Opus frame */
#define MIN_REST 120
/* louder than any decoder gets: damage */
#define MAX_SAMPLE 8.0f

void tess_source_fade_table(float *fade_in)
{
	for (int i = 0; i < FADE; i++)
		fade_in[i] = (float)(0.5 - 0.5 * cos(M_PI * (i + 0.5) / FADE));
}

static struct tess_source_page **slot_of(struct tess_audio_source *source, int64_t page)
{
	return &source->pages[page & (PAGES - 1)];
}

static int64_t page_of(int64_t index)
{
	return (index - (index & (PAGE - 1))) / PAGE;
}

static float *frame_at(struct tess_audio_source *source, int64_t index)
{
	return (*slot_of(source, page_of(index)))->pcm + 2 * (index & (PAGE - 1));
}

/* frames from index on that lie in its page */
static unsigned run_at(int64_t index, unsigned frames)
{
	unsigned rest = PAGE - (unsigned)(index & (PAGE - 1));
	return frames < rest ? frames : rest;
}

static void give_back(struct tess_audio_source *source, struct tess_source_page **slot)
{
	struct tess_source_page *page = *slot;
	struct tess_source_stock *stock = source->stock;
	*slot = NULL;
	if (!page)
		return;
	if (stock->count == MAX_STOCK) {
		free(page);
		return;
	}
	page->next = stock->pages;
	stock->pages = page;
	stock->count++;
}

static struct tess_source_page *take(struct tess_source_stock *stock)
{
	struct tess_source_page *page = stock->pages;
	if (!page)
		return malloc(sizeof(*page));
	stock->pages = page->next;
	stock->count--;
	return page;
}

void tess_source_stock_clear(struct tess_source_stock *stock)
{
	while (stock->pages)
		free(take(stock));
}

void tess_source_empty(struct tess_audio_source *source)
{
	for (unsigned i = 0; i < PAGES; i++)
		give_back(source, &source->pages[i]);
}

/* have pages for [end, index); index - begin <= LONGEST */
static bool reach(struct tess_audio_source *source, int64_t index)
{
	for (int64_t page = page_of(source->end); page <= page_of(index - 1); page++) {
		struct tess_source_page **slot = slot_of(source, page);
		if (!*slot)
			*slot = take(source->stock);
		if (!*slot)
			return false;
	}
	return true;
}

/* nothing before index is needed any more */
static void forget(struct tess_audio_source *source, int64_t index)
{
	int64_t first = page_of(index), from = source->first_page;
	source->begin = index;
	source->first_page = first;
	if (from < first - PAGES)
		from = first - PAGES;
	for (; from < first; from++)
		give_back(source, slot_of(source, from));
}

/* copy [index, index + frames) out, at most a page; silence before the sound begins */
static void gather(struct tess_audio_source *source, int64_t index, unsigned frames, float *out)
{
	if (index < source->begin) {
		int64_t silent = source->begin - index;
		if (silent > frames)
			silent = frames;
		memset(out, 0, 2 * silent * sizeof(float));
		out += 2 * silent;
		index += silent;
		frames -= (unsigned)silent;
	}
	unsigned first = run_at(index, frames);
	memcpy(out, frame_at(source, index), 2 * first * sizeof(float));
	if (first < frames)
		memcpy(out + 2 * first, frame_at(source, index + first),
		       2 * (frames - first) * sizeof(float));
}

/* define what is heard from the end of the sound up to index: its last 5 ms backwards and fading,
 * so that there is no step, then silence. @return false: no memory */
static bool conceal(struct tess_audio_source *source, const float *fade_in, int64_t index)
{
	if (!reach(source, index))
		return false;
	for (; source->end < index; source->end++) {
		int64_t past = source->end - source->data_end;
		int64_t mirrored = source->data_end - 1 - past;
		float *to = frame_at(source, source->end);
		to[0] = to[1] = 0;
		if (past < FADE && mirrored >= source->begin) {
			const float *from = frame_at(source, mirrored);
			to[0] = from[0] * (1 - fade_in[past]);
			to[1] = from[1] * (1 - fade_in[past]);
		}
	}
	return true;
}

static float plausible(float sample)
{
	return fabsf(sample) <= MAX_SAMPLE ? sample : 0; /* not-a-number is not */
}

/* copy to [index, index + frames) */
static void scatter(struct tess_audio_source *source, const float *pcm, unsigned frames,
		    int64_t index)
{
	while (frames) {
		unsigned run = run_at(index, frames);
		memcpy(frame_at(source, index), pcm, 2 * run * sizeof(float));
		pcm += 2 * run;
		index += run;
		frames -= run;
	}
}

/* write sound at index and end there; with a seam it is faded in over what was there before */
static void write(struct tess_audio_source *source, const float *fade_in, const float *pcm,
		  unsigned frames, int64_t index, bool seam)
{
	unsigned fade = seam ? frames < FADE ? frames : FADE : 0;
	float before[2 * FADE];
	for (unsigned i = 0; i < fade; i++)
		memcpy(before + 2 * i, frame_at(source, index + i), 2 * sizeof(float));
	scatter(source, pcm, frames, index);
	if (!(tess_peak(pcm, 2 * frames) <= MAX_SAMPLE))
		for (unsigned i = 0; i < frames; i++) {
			float *to = frame_at(source, index + i);
			to[0] = plausible(to[0]);
			to[1] = plausible(to[1]);
		}
	for (unsigned i = 0; i < fade; i++) {
		float *to = frame_at(source, index + i), in = fade_in[i * FADE / fade];
		to[0] = to[0] * in + before[2 * i] * (1 - in);
		to[1] = to[1] * in + before[2 * i + 1] * (1 - in);
	}
	source->data_end = source->end = index + frames;
}

/* nothing before index is heard any more */
static void begin_at(struct tess_audio_source *source, int64_t index)
{
	source->data_end = source->end = index;
	forget(source, index);
}

static void follow(struct tess_audio_source *source, int64_t error)
{
	source->error = error;
	if (error > FOLLOW_ERROR || error < -FOLLOW_ERROR)
		source->following = true;
}

void tess_source_push(struct tess_audio_source *source, const float *fade_in, const float *pcm,
		      unsigned frames, int64_t media, struct tess_source_now now)
{
	if (frames == 0 || frames > TESS_AUDIO_MAX_FRAMES)
		return;
	int64_t read = now.running ? now.mixed - source->shift : INT64_MIN;
	/* what was dropped is missing in front of this; once this is written nothing is */
	bool seam = source->cut;
	source->cut = true;
	if (!source->started || read > source->data_end + FADE) {
		/* nothing of it is heard any more */
		source->started = true;
		source->shift = 0;
		source->slip = 0;
		source->slipped = 0;
		read = now.running ? now.mixed : INT64_MIN;
		begin_at(source, read > media ? read : media);
		seam = true;
	}
	int64_t error = media - (source->data_end + source->shift);
	int64_t hole = media - source->next_media;
	source->next_media = media + frames;

	int64_t index = source->data_end;
	if (seam || error > JUMP_ERROR || error < -JUMP_ERROR || hole > GAP ||
	    read > source->data_end) {
		/* a slip that runs is finished: what is heard now must not step */
		index = media - source->shift;
		source->error = 0;
		source->following = false;
		seam = true;
	} else {
		follow(source, error);
	}
	if (index < read) {
		int64_t late = read - index;
		if (late + MIN_REST > frames)
			return;
		pcm += 2 * late;
		frames -= (unsigned)late;
		index = read;
	}
	if (now.running && index + frames > read + TESS_SOURCE_CAPACITY)
		return; /* too far ahead */
	if (index < source->begin || index > source->data_end + TESS_SOURCE_CAPACITY)
		begin_at(source, index);
	if (source->begin < index + frames + FADE - LONGEST)
		forget(source, index + frames + FADE - LONGEST);
	if ((seam && !conceal(source, fade_in, index + FADE)) || !reach(source, index + frames))
		return;
	write(source, fade_in, pcm, frames, index, seam);
	source->cut = false;
}

/* Catmull-Rom through b and c, at part t of the way from b to c */
static float cubic(float a, float b, float c, float d, float t)
{
	float u = 3 * (b - c) + d - a;
	float v = 2 * a - 5 * b + 4 * c - d;
	return b + 0.5f * t * (c - a + t * (v + t * u));
}

/* part of a slip: the reading position falls behind (slip > 0) or gets ahead by 1/500 each frame */
static void stretch(struct tess_audio_source *source, int64_t index, unsigned frames, float *out)
{
	float window[2 * (SLIP_FRAMES + 4)];
	/* when falling behind, positions lie in the interval before index */
	int64_t first = index - (source->slip > 0 ? 2 : 1);
	gather(source, first, frames + 3, window);
	for (unsigned i = 0; i < frames; i++) {
		float part = (float)(source->slipped + i) / SLIP_FRAMES;
		float t = source->slip > 0 ? 1 - part : part;
		const float *p = window + 2 * i;
		out[2 * i] = cubic(p[0], p[2], p[4], p[6], t);
		out[2 * i + 1] = cubic(p[1], p[3], p[5], p[7], t);
	}
}

bool tess_source_read(struct tess_audio_source *source, const float *fade_in, float *pcm,
		      unsigned frames, struct tess_source_now now)
{
	source->level = 0;
	int64_t index = now.mixed - source->shift;
	if (!source->started || index >= source->data_end + FADE ||
	    index + frames + SLIP_MARGIN <= source->begin)
		return false;
	if (!conceal(source, fade_in, index + frames + SLIP_MARGIN))
		return false;
	for (unsigned done = 0; done < frames;) {
		unsigned run = frames - done;
		float *out = pcm + 2 * done;
		index = now.mixed + done - source->shift;
		if (source->error < RELEASE_ERROR && source->error > -RELEASE_ERROR)
			source->following = false;
		if (source->slip == 0 && source->following)
			source->slip = source->error > 0 ? 1 : -1;
		if (source->slip == 0) {
			gather(source, index, run, out);
			break;
		}
		if (run > SLIP_FRAMES - source->slipped)
			run = SLIP_FRAMES - source->slipped;
		stretch(source, index, run, out);
		done += run;
		source->slipped += run;
		if (source->slipped == SLIP_FRAMES) {
			source->shift += source->slip;
			source->error -= source->slip;
			source->slip = 0;
			source->slipped = 0;
		}
	}
	source->level = tess_peak(pcm, 2 * frames);
	int64_t needed = now.mixed + frames - source->shift;
	needed = (needed < source->data_end ? needed : source->data_end) - HISTORY;
	if (source->begin < needed)
		forget(source, needed);
	return true;
}
