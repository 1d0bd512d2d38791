/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as Annex B: the units that are found lie in the input, and come out whole behind
 * lengths.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/stream/annexb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a unit costs at least four bytes of input, and one more in the output */
	size_t capacity = size + size / 4 + 4, length = 0, used = 0, offset = 0, nal_length;
	uint8_t *out = malloc(capacity);
	const uint8_t *nal;
	int rc;

	if (!out)
		return 0;
	rc = tess_annexb_to_lengths(out, capacity, &length, data, size);
	check(rc == 0 || rc == -EBADMSG);
	while (tess_annexb_next(data, size, &offset, &nal, &nal_length)) {
		check(nal >= data && nal_length > 0 && nal + nal_length <= data + size);
		check(nal[nal_length - 1] != 0);
		check(offset <= size);
		check(used + 4 + nal_length <= length);
		check(!memcmp(out + used + 4, nal, nal_length));
		used += 4 + nal_length;
	}
	check(used == (rc ? 0 : length));
	if (!rc)
		check(tess_annexb_to_lengths(out, length - 1, &used, data, size) == -EMSGSIZE);
	free(out);
	return 0;
}
