/* SPDX-License-Identifier: GPL-3.0-or-later
 * Shared bytes.
 */
#include "pipeline/mux/chunk.h"

#include <stdlib.h>

struct tess_chunk *tess_chunk_alloc(size_t length, uint64_t *account)
{
	struct tess_chunk *chunk = malloc(sizeof(*chunk) + length);

	if (!chunk)
		return NULL;
	chunk->references = 1;
	chunk->account = account;
	chunk->length = length;
	*account += length;
	return chunk;
}

struct tess_chunk *tess_chunk_hold(struct tess_chunk *chunk)
{
	chunk->references++;
	return chunk;
}

void tess_chunk_release(struct tess_chunk *chunk)
{
	if (!chunk || --chunk->references)
		return;
	*chunk->account -= chunk->length;
	free(chunk);
}
