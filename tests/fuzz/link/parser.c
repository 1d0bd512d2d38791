/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fuzz target of the link's message parser: the first byte is the size of the pieces it is fed.
 */
#include <stdint.h>
#include <stdlib.h>

#include "firmware/link/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_link_parser *parser;
	size_t step;

	if (size < 1 || tess_link_parser_alloc(&parser))
		return 0;
	step = data[0] ? data[0] : 1;
	data++;
	size--;
	while (size) {
		size_t used;
		json_t *message;

		if (tess_link_parser_feed(parser, data, size < step ? size : step, &used,
					  &message) < 0)
			break;
		json_decref(message);
		data += used;
		size -= used;
	}
	tess_link_parser_free(parser);
	return 0;
}
