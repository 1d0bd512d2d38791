/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/decode_soft/budget.c - a bound on the memory of one decoder's pictures.
 *
 * A stream says itself how many references it needs, and tiles hold pictures for as long as they
 * like; so pictures are counted where they are allocated, until the last reference goes, which may
 * be after the decoder and on another thread.
 */
#include "drivers/decode_soft/budget.h"

#include <stdatomic.h>
#include <stdlib.h>

struct tess_decode_budget {
	atomic_uint references; /* the decoder's and one for each picture */
	atomic_size_t left;	/* bytes; only the decoder's thread takes */
};

struct tess_decode_budget *tess_decode_budget_new(size_t bytes)
{
	struct tess_decode_budget *budget = malloc(sizeof(*budget));
	if (!budget)
		return NULL;
	atomic_init(&budget->references, 1);
	atomic_init(&budget->left, bytes);
	return budget;
}

void tess_decode_budget_release(struct tess_decode_budget *budget)
{
	if (budget && atomic_fetch_sub_explicit(&budget->references, 1, memory_order_acq_rel) == 1)
		free(budget);
}

static void give_back(void *opaque, uint8_t *data)
{
	struct tess_decode_budget *budget = opaque;
	size_t *bytes = (size_t *)data;
	atomic_fetch_add_explicit(&budget->left, *bytes, memory_order_relaxed);
	free(bytes);
	tess_decode_budget_release(budget);
}

AVBufferRef *tess_decode_budget_take(struct tess_decode_budget *budget, size_t bytes)
{
	if (bytes > atomic_load_explicit(&budget->left, memory_order_relaxed))
		return NULL;
	size_t *share = malloc(sizeof(*share));
	if (!share)
		return NULL;
	*share = bytes;
	AVBufferRef *taken =
		av_buffer_create((uint8_t *)share, sizeof(*share), give_back, budget, 0);
	if (!taken) {
		free(share);
		return NULL;
	}
	atomic_fetch_sub_explicit(&budget->left, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&budget->references, 1, memory_order_relaxed);
	return taken;
}
