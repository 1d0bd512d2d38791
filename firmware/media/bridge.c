/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/bridge.c - publishers that are shown and heard in another room.
 */
#include "firmware/media/bridge.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hal/audio.h"

/* A second and more of sound, in packets of 10 ms or longer; powers of two. */
#define FRAMES	65536u
#define PACKETS 128u

struct packet {
	int64_t media_us;
	unsigned frames;
};

struct tess_line {
	struct tess_bridge *bridge;
	struct tess_line *next; /* the bridge's lock guards this ... */
	int64_t publisher;
	struct tess_tile_source *tiles[TESS_MAX_TAPS];
	unsigned tile_count;
	bool sound; /* ... to here */
	atomic_uint references;
	_Atomic double price;
	/* packets are pushed at the head, whose sound begins at frame written, and taken at the
	 * tail; all four count up */
	atomic_uint head, tail;
	atomic_uint taken; /* frames */
	unsigned written;
	unsigned read; /* the taker's copy of taken */
	struct packet packets[PACKETS];
	float pcm[FRAMES * TESS_AUDIO_CHANNELS];
};

struct tess_bridge {
	pthread_mutex_t lock;
	struct tess_line *lines;
	atomic_uint version;
};

int tess_bridge_alloc(struct tess_bridge **bridgep)
{
	struct tess_bridge *bridge = calloc(1, sizeof(*bridge));

	if (!bridge)
		return -ENOMEM;
	pthread_mutex_init(&bridge->lock, NULL);
	*bridgep = bridge;
	return 0;
}

void tess_bridge_free(struct tess_bridge *bridge)
{
	if (!bridge)
		return;
	pthread_mutex_destroy(&bridge->lock);
	free(bridge);
}

unsigned tess_bridge_version(struct tess_bridge *bridge)
{
	return bridge ? atomic_load_explicit(&bridge->version, memory_order_acquire) : 0;
}

static void unref(struct tess_line *line)
{
	if (line && atomic_fetch_sub_explicit(&line->references, 1, memory_order_acq_rel) == 1)
		free(line);
}

int tess_line_open(struct tess_line **linep, struct tess_bridge *bridge, int64_t publisher)
{
	struct tess_line *line;

	if (!bridge)
		return -EINVAL;
	line = calloc(1, sizeof(*line));
	if (!line)
		return -ENOMEM;
	line->bridge = bridge;
	line->publisher = publisher;
	atomic_init(&line->references, 1);
	pthread_mutex_lock(&bridge->lock);
	line->next = bridge->lines;
	bridge->lines = line;
	pthread_mutex_unlock(&bridge->lock);
	*linep = line;
	return 0;
}

/* References to tiles are dropped outside of the lock: the last one runs code of an engine. */
static void set_wanted(struct tess_line *line, struct tess_tile_source *const *tiles,
		       unsigned count, bool sound, bool gone)
{
	struct tess_bridge *bridge = line->bridge;
	struct tess_tile_source *before[TESS_MAX_TAPS];
	unsigned before_count;

	pthread_mutex_lock(&bridge->lock);
	before_count = line->tile_count;
	memcpy(before, line->tiles, sizeof(before));
	for (unsigned i = 0; i < count; i++)
		line->tiles[i] = tess_tile_source_ref(tiles[i]);
	line->tile_count = count;
	line->sound = sound;
	for (struct tess_line **at = &bridge->lines; gone && *at; at = &(*at)->next) {
		if (*at == line) {
			*at = line->next;
			break;
		}
	}
	atomic_fetch_add_explicit(&bridge->version, 1, memory_order_release);
	pthread_mutex_unlock(&bridge->lock);
	for (unsigned i = 0; i < before_count; i++)
		tess_tile_source_unref(before[i]);
}

void tess_line_close(struct tess_line *line)
{
	if (!line)
		return;
	set_wanted(line, NULL, 0, false, true);
	unref(line);
}

void tess_line_want(struct tess_line *line, struct tess_tile_source *const *tiles, unsigned count,
		    bool sound)
{
	bool same;

	pthread_mutex_lock(&line->bridge->lock);
	same = line->tile_count == count && line->sound == sound &&
	       (!count || !memcmp(line->tiles, tiles, count * sizeof(struct tess_tile_source *)));
	pthread_mutex_unlock(&line->bridge->lock);
	if (!same)
		set_wanted(line, tiles, count, sound, false);
}

/* Copy out of the queue's or into it, from @p frame on, round its end. */
static void copy(struct tess_line *line, unsigned frame, unsigned frames, float *out,
		 const float *in)
{
	unsigned at = frame % FRAMES;
	unsigned first = frames < FRAMES - at ? frames : FRAMES - at;
	size_t head = (size_t)first * TESS_AUDIO_CHANNELS;
	size_t rest = (size_t)(frames - first) * TESS_AUDIO_CHANNELS;
	float *pcm = line->pcm + (size_t)at * TESS_AUDIO_CHANNELS;

	memcpy(out ? out : pcm, out ? pcm : in, head * sizeof(float));
	memcpy(out ? out + head : line->pcm, out ? line->pcm : in + head, rest * sizeof(float));
}

/* @retval 0, -ENOBUFS the queue is full */
static int push(struct tess_line *line, const float *pcm, unsigned frames, int64_t media_us)
{
	unsigned head = atomic_load_explicit(&line->head, memory_order_relaxed);
	unsigned taken = atomic_load_explicit(&line->taken, memory_order_acquire);

	if (head - atomic_load_explicit(&line->tail, memory_order_acquire) == PACKETS ||
	    frames > FRAMES - (line->written - taken))
		return -ENOBUFS;
	copy(line, line->written, frames, NULL, pcm);
	line->written += frames;
	line->packets[head % PACKETS] = (struct packet){media_us, frames};
	atomic_store_explicit(&line->head, head + 1, memory_order_release);
	return 0;
}

unsigned tess_line_take(struct tess_line *line, float *pcm, int64_t *media_us)
{
	unsigned tail = atomic_load_explicit(&line->tail, memory_order_relaxed);
	struct packet packet;

	if (tail == atomic_load_explicit(&line->head, memory_order_acquire))
		return 0;
	packet = line->packets[tail % PACKETS];
	copy(line, line->read, packet.frames, pcm, NULL);
	line->read += packet.frames;
	*media_us = packet.media_us;
	atomic_store_explicit(&line->taken, line->read, memory_order_release);
	atomic_store_explicit(&line->tail, tail + 1, memory_order_release);
	return packet.frames;
}

double tess_line_price(const struct tess_line *line)
{
	return atomic_load_explicit(&line->price, memory_order_relaxed);
}

static struct tess_branch branch_of(struct tess_line *line, struct tess_tile_source *tile,
				    bool sound)
{
	atomic_fetch_add_explicit(&line->references, 1, memory_order_relaxed);
	return (struct tess_branch){
		.line = line,
		.tile = tile ? tess_tile_source_ref(tile) : NULL,
		.sound = sound,
	};
}

void tess_branches_release(struct tess_branches *branches)
{
	for (unsigned i = 0; i < branches->count; i++) {
		tess_tile_source_unref(branches->list[i].tile);
		unref(branches->list[i].line);
	}
	branches->count = 0;
}

static void add_branches(struct tess_branches *branches, struct tess_line *line, unsigned max)
{
	struct tess_branch *list = branches->list;

	if (line->sound && !line->tile_count && branches->count < max)
		list[branches->count++] = branch_of(line, NULL, true);
	for (unsigned i = 0; i < line->tile_count && branches->count < max; i++)
		list[branches->count++] = branch_of(line, line->tiles[i], line->sound && !i);
}

bool tess_branches_find(struct tess_branches *branches, struct tess_bridge *bridge,
			int64_t publisher, unsigned max)
{
	bool sound = false;

	tess_branches_release(branches);
	if (!bridge)
		return false;
	pthread_mutex_lock(&bridge->lock);
	for (struct tess_line *line = bridge->lines; line; line = line->next) {
		if (line->publisher == publisher)
			add_branches(branches, line, max);
	}
	pthread_mutex_unlock(&bridge->lock);
	for (unsigned i = 0; i < branches->count; i++)
		sound = sound || branches->list[i].sound;
	return sound;
}

unsigned tess_branches_push(struct tess_branches *branches, const float *pcm, unsigned frames,
			    int64_t media_us)
{
	unsigned full = 0;

	for (unsigned i = 0; i < branches->count; i++) {
		if (branches->list[i].sound)
			full += push(branches->list[i].line, pcm, frames, media_us) != 0;
	}
	return full;
}

void tess_branches_set_price(struct tess_branches *branches, double price)
{
	for (unsigned i = 0; i < branches->count; i++)
		atomic_store_explicit(&branches->list[i].line->price, price, memory_order_relaxed);
}
