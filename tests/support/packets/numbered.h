/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/packets/numbered.h - RTP packets that say which they are, and the account of them.
 *
 * A packet has an RTP header (SSRC = TESS_NUMBERED_SSRC + stream), then its 64-bit number in its
 * stream, counted from 0, then filling, and at its very end the complement of the number's low 32
 * bits, so that a packet cut, joined to another or mixed with it is told from a whole one.
 */
#ifndef TESS_TESTS_NUMBERED_H
#define TESS_TESTS_NUMBERED_H

#include <stddef.h>
#include <stdint.h>

#define TESS_NUMBERED_SSRC 0x10000U
/** Header, number and end. */
#define TESS_NUMBERED_MIN 24
/** Of the filling: where a sender puts the monotonic time, in ns, that it sends the packet at, if
 * it has at least TESS_NUMBERED_TIMED bytes. */
#define TESS_NUMBERED_TIME  20
#define TESS_NUMBERED_TIMED 32

/** Write packet @p number of @p stream; @p length >= TESS_NUMBERED_MIN. Filling is left as it is.
 */
void tess_numbered_write(uint8_t *data, size_t length, uint32_t stream, uint64_t number);

/** What came of one stream. All zero at first. */
struct tess_numbered_stream {
	uint64_t received;   /* each number once */
	uint64_t duplicates; /* a number again, or one too old to tell */
	uint64_t late;	     /* of received: after a higher one */
	uint64_t next;	     /* above the highest */
	uint64_t seen;	     /* bit i: next - 1 - i has come */
};

/** Numbers below the highest that have not come. */
static inline uint64_t tess_numbered_lost(const struct tess_numbered_stream *stream)
{
	return stream->next - stream->received;
}

/**
 * Take account of a packet. @p count is the length of @p streams.
 * @retval 0, -EINVAL it is none of ours, or damaged
 */
int tess_numbered_count(struct tess_numbered_stream *streams, uint32_t count, const uint8_t *data,
			size_t length);

#endif
