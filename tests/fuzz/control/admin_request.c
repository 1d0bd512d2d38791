/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any request to the admin API: the first line is method and target, the rest the body.
 */
#include <stdlib.h>
#include <string.h>

#include "box.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	struct tess_control *control;
	char *line, *target;

	if (!end)
		return 0;
	line = strndup((const char *)data, (size_t)(end - data));
	target = strchr(line, ' ');
	/* the server gives a path; a password costs 30 ms each time */
	if (target && target[1] == '/' && !strstr(target, "login") && !strstr(target, "password")) {
		*target++ = 0;
		control = box_begin();
		box_request(control, line, target, (const char *)end + 1,
			    size - (size_t)(end + 1 - data), true);
		box_request(control, line, target, (const char *)end + 1,
			    size - (size_t)(end + 1 - data), false);
		box_end(control);
	}
	free(line);
	return 0;
}
