/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/stream/annexb.c - NAL units behind start codes and behind lengths.
 */
#include "pipeline/stream/annexb.h"

#include <errno.h>
#include <string.h>

/** Offset of the next 00 00 01 at or behind @p from; @p size if there is none. */
static size_t find_start_code(const uint8_t *data, size_t size, size_t from)
{
	size_t i = from;

	while (i + 2 < size) {
		/* the third byte decides how far the pattern can be moved on */
		if (data[i + 2] > 1)
			i += 3;
		else if (data[i + 2] == 0)
			i++;
		else if (data[i] == 0 && data[i + 1] == 0)
			return i;
		else
			i += 3;
	}
	return size;
}

bool tess_annexb_next(const uint8_t *data, size_t size, size_t *offset, const uint8_t **nal,
		      size_t *length)
{
	size_t start = *offset <= size ? find_start_code(data, size, *offset) : size;

	while (start < size) {
		size_t begin = start + 3;
		size_t next = find_start_code(data, size, begin);
		size_t end = next;

		while (end > begin && data[end - 1] == 0)
			end--;
		if (end > begin) {
			*nal = data + begin;
			*length = end - begin;
			*offset = next;
			return true;
		}
		start = next;
	}
	*offset = size;
	return false;
}

int tess_annexb_to_lengths(uint8_t *out, size_t capacity, size_t *length, const uint8_t *data,
			   size_t size)
{
	const uint8_t *nal;
	size_t nal_length, offset = 0, used = 0;

	while (tess_annexb_next(data, size, &offset, &nal, &nal_length)) {
		if (capacity - used < 4 || capacity - used - 4 < nal_length ||
		    nal_length > UINT32_MAX)
			return -EMSGSIZE;
		out[used] = (uint8_t)(nal_length >> 24);
		out[used + 1] = (uint8_t)(nal_length >> 16);
		out[used + 2] = (uint8_t)(nal_length >> 8);
		out[used + 3] = (uint8_t)nal_length;
		memcpy(out + used + 4, nal, nal_length);
		used += 4 + nal_length;
	}
	if (!used)
		return -EBADMSG;
	*length = used;
	return 0;
}
