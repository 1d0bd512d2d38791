/* SPDX-License-Identifier: GPL-3.0-or-later
 * Big-endian bytes and boxes.
 */
#include "pipeline/mux/bytes.h"

#include <stdlib.h>
#include <string.h>

void tess_bytes_free(struct tess_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct tess_bytes){0};
}

static uint8_t *bytes_grow(struct tess_bytes *bytes, size_t length)
{
	uint8_t *at;

	if (bytes->failed)
		return NULL;
	if (length > bytes->capacity - bytes->length) {
		size_t capacity = bytes->capacity ? bytes->capacity : 256;
		uint8_t *data;

		while (capacity - bytes->length < length)
			capacity *= 2;
		data = realloc(bytes->data, capacity);
		if (!data) {
			bytes->failed = true;
			return NULL;
		}
		bytes->data = data;
		bytes->capacity = capacity;
	}
	at = bytes->data + bytes->length;
	bytes->length += length;
	return at;
}

void tess_put_data(struct tess_bytes *bytes, const void *data, size_t length)
{
	uint8_t *at = length ? bytes_grow(bytes, length) : NULL;

	if (at)
		memcpy(at, data, length);
}

void tess_put_zeros(struct tess_bytes *bytes, size_t length)
{
	uint8_t *at = length ? bytes_grow(bytes, length) : NULL;

	if (at)
		memset(at, 0, length);
}

static void put_big_endian(struct tess_bytes *bytes, uint64_t value, unsigned count)
{
	uint8_t *at = bytes_grow(bytes, count);

	if (!at)
		return;
	for (unsigned i = 0; i < count; i++)
		at[i] = (uint8_t)(value >> (8 * (count - 1 - i)));
}

void tess_put_u8(struct tess_bytes *bytes, uint8_t value)
{
	put_big_endian(bytes, value, 1);
}

void tess_put_u16(struct tess_bytes *bytes, uint16_t value)
{
	put_big_endian(bytes, value, 2);
}

void tess_put_u24(struct tess_bytes *bytes, uint32_t value)
{
	put_big_endian(bytes, value, 3);
}

void tess_put_u32(struct tess_bytes *bytes, uint32_t value)
{
	put_big_endian(bytes, value, 4);
}

void tess_put_u64(struct tess_bytes *bytes, uint64_t value)
{
	put_big_endian(bytes, value, 8);
}

void tess_patch_u32(struct tess_bytes *bytes, size_t at, uint32_t value)
{
	if (bytes->failed)
		return;
	for (unsigned i = 0; i < 4; i++)
		bytes->data[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

size_t tess_box_begin(struct tess_bytes *bytes, const char type[4])
{
	size_t at = bytes->length;

	tess_put_u32(bytes, 0);
	tess_put_data(bytes, type, 4);
	return at;
}

size_t tess_full_box_begin(struct tess_bytes *bytes, const char type[4], uint8_t version,
			   uint32_t flags)
{
	size_t at = tess_box_begin(bytes, type);

	tess_put_u8(bytes, version);
	tess_put_u24(bytes, flags);
	return at;
}

void tess_box_end(struct tess_bytes *bytes, size_t at)
{
	tess_patch_u32(bytes, at, (uint32_t)(bytes->length - at));
}

const uint8_t *tess_get_data(struct tess_cursor *cursor, size_t length)
{
	const uint8_t *at = cursor->at;

	if (length > tess_left(cursor)) {
		cursor->bad = true;
		cursor->at = cursor->end;
		return NULL;
	}
	cursor->at += length;
	return at;
}

static uint64_t get_big_endian(struct tess_cursor *cursor, unsigned count)
{
	const uint8_t *at = tess_get_data(cursor, count);
	uint64_t value = 0;

	for (unsigned i = 0; at && i < count; i++)
		value = value << 8 | at[i];
	return value;
}

uint8_t tess_get_u8(struct tess_cursor *cursor)
{
	return (uint8_t)get_big_endian(cursor, 1);
}

uint16_t tess_get_u16(struct tess_cursor *cursor)
{
	return (uint16_t)get_big_endian(cursor, 2);
}

uint32_t tess_get_u32(struct tess_cursor *cursor)
{
	return (uint32_t)get_big_endian(cursor, 4);
}

uint64_t tess_get_u64(struct tess_cursor *cursor)
{
	return get_big_endian(cursor, 8);
}

bool tess_get_box(struct tess_cursor *cursor, const char type[4], struct tess_cursor *body)
{
	uint32_t size = tess_get_u32(cursor);
	const uint8_t *name = tess_get_data(cursor, 4);
	const uint8_t *data;

	if (!name || size < 8 || memcmp(name, type, 4) != 0) {
		cursor->bad = true;
		return false;
	}
	data = tess_get_data(cursor, size - 8);
	if (!data)
		return false;
	*body = tess_cursor_of(data, size - 8);
	return true;
}
