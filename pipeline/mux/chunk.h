/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/chunk.h - bytes that are made once and held by several, freed with the last; what
 * all of them take together is counted.
 *
 * Threads: all holders of chunks of one account belong to one thread.
 */
#ifndef TESS_MUX_CHUNK_H
#define TESS_MUX_CHUNK_H

#include <stddef.h>
#include <stdint.h>

struct tess_chunk {
	unsigned references;
	uint64_t *account; /* bytes of all chunks that live; outlives them */
	size_t length;
	uint8_t data[];
};

/** Not yet filled, with one reference: the caller's. @return NULL: no memory */
struct tess_chunk *tess_chunk_alloc(size_t length, uint64_t *account);
struct tess_chunk *tess_chunk_hold(struct tess_chunk *chunk);
void tess_chunk_release(struct tess_chunk *chunk); /* accepts NULL */

#endif
