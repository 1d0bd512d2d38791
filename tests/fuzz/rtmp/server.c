/* SPDX-License-Identifier: GPL-3.0-or-later
 * Any bytes from a player, behind a good handshake and, by the first bit, as they are: the server
 * stays within its bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "pipeline/rtmp/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int play(void *arg, const char *name, const char *query)
{
	(void)arg;
	if (strlen(name) >= TESS_RTMP_MAX_NAME || strlen(query) >= TESS_RTMP_MAX_NAME)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hello[1 + 2 * 1536] = {3};
	struct tess_rtmp_server server;
	int rc = 0;

	if (!size || tess_rtmp_server_init(&server, "live", 1))
		return 0;
	server.play = play;
	if (*data & 1)
		rc = tess_rtmp_server_input(&server, hello, sizeof(hello));
	if (!rc)
		rc = tess_rtmp_server_input(&server, data + 1, size - 1);
	if (!rc && server.session.out.length > TESS_RTMP_MAX_OUT + 4096)
		abort();
	tess_rtmp_server_fini(&server);
	return 0;
}
