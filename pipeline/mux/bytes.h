/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/bytes.h - big-endian bytes: a growing buffer to write, a cursor to read, and the box
 * of ISO/IEC 14496-12 §4.2.
 *
 * Both remember their first error instead of returning it at each step: write or read everything,
 * then look once.
 */
#ifndef TESS_MUX_BYTES_H
#define TESS_MUX_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Zero-initialised is empty. */
struct tess_bytes {
	uint8_t *data;
	size_t length, capacity;
	bool failed; /* no memory: what was put since is missing */
};

void tess_bytes_free(struct tess_bytes *bytes); /* empty again */
void tess_put_data(struct tess_bytes *bytes, const void *data, size_t length);
void tess_put_zeros(struct tess_bytes *bytes, size_t length);
void tess_put_u8(struct tess_bytes *bytes, uint8_t value);
void tess_put_u16(struct tess_bytes *bytes, uint16_t value);
void tess_put_u24(struct tess_bytes *bytes, uint32_t value);
void tess_put_u32(struct tess_bytes *bytes, uint32_t value);
void tess_put_u64(struct tess_bytes *bytes, uint64_t value);
/** Write over four bytes that were put before. */
void tess_patch_u32(struct tess_bytes *bytes, size_t at, uint32_t value);
/** A box; its size is filled in by the end. @return where it begins, for tess_box_end() */
size_t tess_box_begin(struct tess_bytes *bytes, const char type[4]);
size_t tess_full_box_begin(struct tess_bytes *bytes, const char type[4], uint8_t version,
			   uint32_t flags);
void tess_box_end(struct tess_bytes *bytes, size_t at);

struct tess_cursor {
	const uint8_t *at, *end;
	bool bad; /* something was read past the end; it read as zero */
};

static inline struct tess_cursor tess_cursor_of(const uint8_t *data, size_t length)
{
	return (struct tess_cursor){.at = data, .end = length ? data + length : data};
}
static inline size_t tess_left(const struct tess_cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}
/** The next bytes, or NULL when there are fewer. */
const uint8_t *tess_get_data(struct tess_cursor *cursor, size_t length);
uint8_t tess_get_u8(struct tess_cursor *cursor);
uint16_t tess_get_u16(struct tess_cursor *cursor);
uint32_t tess_get_u32(struct tess_cursor *cursor);
uint64_t tess_get_u64(struct tess_cursor *cursor);
/** Enter the next box, which must be of this type; the cursor goes behind it. False: it is not. */
bool tess_get_box(struct tess_cursor *cursor, const char type[4], struct tess_cursor *body);

#endif
