/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any Authorization and Host header: parsed and verified, and never found right.
 */
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/tc3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every header has the input as its value, so that the host comes from it too. */
static const char *get_header(void *arg, const char *name)
{
	(void)name;
	return arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_tc3_authorization authorization;
	struct tess_tc3_request request = {
		.method = "POST",
		.query = "",
		.timestamp = "1700000000",
		.payload_hash = "00",
		.get_header = get_header,
	};
	char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	request.header_arg = text;
	if (!tess_tc3_parse(&authorization, text)) {
		(void)tess_tc3_date_matches(&authorization, 1700000000);
		if (!tess_tc3_verify(&authorization, &request, "key"))
			abort();
		request.header_arg = (char *)strchr(text, '/');
		if (!tess_tc3_verify(&authorization, &request, "key"))
			abort();
	}
	free(text);
	return 0;
}
