/* SPDX-License-Identifier: GPL-3.0-or-later
 * What media does for egress: a ring of the stream "s" with numbered units in it (flv_play.h), its
 * life and death.
 */
#ifndef TESS_TEST_MEDIA_RING_H
#define TESS_TEST_MEDIA_RING_H

#include "firmware/egress/streams.h"
#include "pipeline/stream/ring.h"
#include "tests/unit/firmware/egress/flv_play.h"
#include "tests/unit/firmware/egress/turning.h"

/** A new ring, offered to @p streams in the loop's thread; room for 4 s and more. The caller's. */
struct tess_ring_writer *media_ring(struct turning *turning, struct tess_streams *streams,
				    uint64_t epoch);
/** Media is gone; what it offered stays as it is. */
void media_away(struct turning *turning, struct tess_streams *streams);
/** The stream is over, whatever its epoch. */
void media_end(struct turning *turning, struct tess_streams *streams);
/** Write access unit @p number, of @p length bytes. */
void video(struct tess_ring_writer *ring, uint32_t number, size_t length, bool key);
void audio(struct tess_ring_writer *ring, uint32_t number);

#endif
