/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/main.c - tessera-media: receives, decodes, composes, mixes and encodes.
 */
#include "firmware/base/program.h"
#include "firmware/media/service.h"

static int run(const struct tess_config *config, struct tess_loop *loop)
{
	struct tess_media_service *service;
	int rc = tess_media_service_start(&service, loop, config);

	if (rc)
		return rc;
	rc = tess_loop_run(loop);
	if (!rc)
		rc = tess_media_service_error(service);
	tess_media_service_stop(service);
	return rc;
}

int main(int argc, char **argv)
{
	return tess_program_main(argc, argv, "media", run);
}
