/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/main.c - tessera-egress: records streams and serves players.
 */
#include "drivers/clock/clock.h"
#include "firmware/base/program.h"
#include "firmware/egress/egress.h"

static int run(const struct tess_config *config, struct tess_loop *loop)
{
	struct tess_egress *egress;
	int rc = tess_egress_alloc(&egress, loop, tess_clock_system(), config);

	if (rc)
		return rc;
	rc = tess_loop_run(loop);
	tess_egress_free(egress);
	return rc;
}

int main(int argc, char **argv)
{
	return tess_program_main(argc, argv, "egress", run);
}
