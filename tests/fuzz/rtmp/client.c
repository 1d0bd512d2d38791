/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes from a server that is published to, behind a good handshake.
 */
#include <stdlib.h>
#include <string.h>

#include "pipeline/rtmp/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hello[1 + 2 * 1536] = {3};
	static const struct tess_rtmp_client_config config = {
		.app = "app", .tc_url = "rtmp://host/app", .name = "key", .seed = 1};
	struct tess_rtmp_client client;

	if (tess_rtmp_client_init(&client, &config))
		return 0;
	if (!tess_rtmp_client_input(&client, hello, sizeof(hello)) &&
	    !tess_rtmp_client_input(&client, data, size)) {
		if (client.session.out.length > TESS_RTMP_MAX_OUT + 8192)
			abort();
		tess_rtmp_client_end(&client);
	}
	for (const char *at = client.code; *at; at++) {
		if (*at <= ' ' || *at == '"')
			abort();
	}
	tess_rtmp_client_fini(&client);
	return 0;
}
