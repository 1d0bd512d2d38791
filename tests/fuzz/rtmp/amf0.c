/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes as AMF 0 values: what is given out lies in them, and reading ends.
 */
#include <errno.h>
#include <stdlib.h>

#include "pipeline/rtmp/amf0.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_value(const struct tess_amf0_value *value, const uint8_t *data, size_t size)
{
	char text[40];

	if (value->type == TESS_AMF0_STRING && value->length)
		check(value->text >= data && value->length <= size &&
		      value->text + value->length <= data + size);
	tess_amf0_text(text, sizeof(text), value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_amf0_member members[] = {{.name = "app"}, {.name = "a"}, {.name = "code"}};
	struct tess_cursor at = tess_cursor_of(data, size);
	struct tess_amf0_value value;
	size_t left = size;
	int rc;

	while (!(rc = tess_amf0_get(&at, &value))) {
		check(tess_left(&at) < left);
		left = tess_left(&at);
		check_value(&value, data, size);
	}
	check(rc == -EBADMSG || (rc == -ENODATA && !tess_left(&at)));
	at = tess_cursor_of(data, size);
	if (!tess_amf0_get_object(&at, members, 3))
		for (unsigned i = 0; i < 3; i++)
			check_value(&members[i].value, data, size);
	return 0;
}
