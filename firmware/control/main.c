/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/main.c - tessera-control: APIs, web UI, store; tells media and egress what to
 * do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "firmware/base/log.h"
#include "firmware/base/program.h"
#include "firmware/control/clock.h"
#include "firmware/control/control.h"
#include "firmware/control/http/server.h"
#include "firmware/control/jobs/callbacks.h"
#include "firmware/control/jobs/covers.h"
#include "firmware/control/jobs/found.h"
#include "firmware/control/jobs/reconcile.h"
#include "firmware/control/jobs/space.h"
#include "firmware/control/jobs/uploads.h"

static int report(const char *what, int rc)
{
	if (rc)
		TESS_ERROR("process.cannot", "what=%s error=\"%s\"", what, strerror(-rc));
	return rc;
}

static int make_dir(const char *path, mode_t mode)
{
	return mkdir(path, mode) && errno != EEXIST ? -errno : 0;
}

static int serve(struct tess_control *control, struct tess_loop *loop)
{
	struct tess_reconcile *reconcile = NULL;
	struct tess_http_server *server = NULL;
	struct tess_callbacks *callbacks = NULL;
	struct tess_space_keeper *keeper = NULL;
	int rc;

	rc = report("control.sock", tess_reconcile_start(&reconcile, control, loop));
	if (!rc)
		rc = report("callbacks", tess_callbacks_start(&callbacks, control, loop));
	if (!rc)
		rc = report("space", tess_space_start(&keeper, control, loop));
	if (!rc)
		rc = report("uploads", tess_uploads_start(control, loop));
	if (!rc)
		rc = report("covers", tess_covers_start(control, loop));
	if (!rc)
		rc = report("found", tess_found_start(control, loop));
	if (!rc)
		rc = report(control->config->control.listen,
			    tess_http_server_start(&server, control, loop));
	if (!rc) {
		TESS_INFO("process.ready", "listen=%s version=%s", control->config->control.listen,
			  TESSERA_VERSION);
		rc = report("loop", tess_loop_run(loop));
	}
	tess_http_server_stop(server);
	tess_found_stop(control);
	tess_covers_stop(control);
	tess_uploads_stop(control);
	tess_space_stop(keeper);
	tess_callbacks_stop(callbacks);
	tess_reconcile_stop(reconcile);
	return rc;
}

static int run(const struct tess_config *config, struct tess_loop *loop)
{
	struct tess_control control;
	int rc;

	/* the days of usage are the box's; before there are threads */
	if (*config->box.time_zone && setenv("TZ", config->box.time_zone, 1))
		return report("TZ", -errno);
	tzset();
	rc = report(config->box.state_dir, make_dir(config->box.state_dir, 0700));
	if (!rc)
		rc = report(config->box.run_dir, make_dir(config->box.run_dir, 0755));
	if (rc)
		return rc;
	rc = report("store", tess_control_open(&control, config, &tess_control_clock));
	if (!rc)
		rc = serve(&control, loop);
	tess_control_close(&control);
	return rc;
}

int main(int argc, char **argv)
{
	return tess_program_main(argc, argv, "control", run);
}
