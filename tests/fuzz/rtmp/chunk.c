/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as chunks: the same messages come out of the whole and of single bytes, none is longer
 * than what is taken.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/rtmp/chunk.h"

#define MAX_MESSAGE 5000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

/** A sum over all that comes out. */
static int read_all(uint64_t *sum, const uint8_t *data, size_t size, size_t step)
{
	struct tess_rtmp_message message;
	struct tess_rtmp_reader *reader;
	int rc = 0;

	*sum = 0;
	if (tess_rtmp_reader_alloc(&reader, MAX_MESSAGE))
		return -ENOMEM;
	for (size_t at = 0; at < size && rc >= 0; at += step) {
		struct tess_cursor input =
			tess_cursor_of(data + at, size - at < step ? size - at : step);

		while ((rc = tess_rtmp_reader_next(reader, &input, &message)) > 0) {
			check(message.length <= MAX_MESSAGE);
			*sum = *sum * 31 + message.type + message.time_ms + message.stream;
			for (uint32_t i = 0; i < message.length; i++)
				*sum = *sum * 31 + message.data[i];
		}
		check(rc || !tess_left(&input));
	}
	tess_rtmp_reader_free(reader);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t whole, pieces;
	int rc = read_all(&whole, data, size, size + 1);

	check(rc == 0 || rc == -EBADMSG || rc == -EMSGSIZE || rc == -ENOBUFS);
	check(read_all(&pieces, data, size, 1) == rc && pieces == whole);
	return 0;
}
