/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/main.c - tessera-control: APIs, web UI, store; tells media and egress what to
 * do.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/control/clock.h"
#include "firmware/control/control.h"
#include "firmware/control/http/server.h"
#include "firmware/control/jobs/reconcile.h"

static void on_signal(void *arg, int number)
{
	TESS_INFO("process.stop", "signal=%d", number);
	tess_loop_stop(arg);
}

static int report(const char *what, int rc)
{
	if (rc)
		TESS_ERROR("process.failed", "what=%s error=\"%s\"", what, strerror(-rc));
	return rc;
}

static int make_dir(const char *path, mode_t mode)
{
	return mkdir(path, mode) && errno != EEXIST ? -errno : 0;
}

static int serve(struct tess_control *control, struct tess_loop *loop)
{
	static const int signals[] = {SIGINT, SIGTERM, 0};
	struct tess_reconcile *reconcile = NULL;
	struct tess_http_server *server = NULL;
	int rc;

	rc = report("signals", tess_loop_signals(loop, signals, on_signal, loop));
	if (!rc)
		rc = report("control.sock", tess_reconcile_start(&reconcile, control, loop));
	if (!rc)
		rc = report(control->config->control.listen,
			    tess_http_server_start(&server, control, loop));
	if (!rc) {
		TESS_INFO("process.ready", "listen=%s version=%s", control->config->control.listen,
			  TESSERA_VERSION);
		rc = report("loop", tess_loop_run(loop));
	}
	tess_http_server_stop(server);
	tess_reconcile_stop(reconcile);
	return rc;
}

static int run(const struct tess_config *config)
{
	struct tess_control control;
	struct tess_loop *loop = NULL;
	int rc;

	rc = report(config->box.state_dir, make_dir(config->box.state_dir, 0700));
	if (!rc)
		rc = report(config->box.run_dir, make_dir(config->box.run_dir, 0755));
	if (!rc)
		rc = report("loop", tess_loop_alloc(&loop));
	if (rc)
		return rc;
	rc = report("store", tess_control_open(&control, config, &tess_control_clock));
	if (!rc)
		rc = serve(&control, loop);
	tess_control_close(&control);
	tess_loop_free(loop);
	return rc;
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--config FILE]\n"
		"The control process of a Tessera box; \"tessera run\" starts all of them.\n",
		program);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{0},
	};
	struct tess_config config;
	char error[512];
	int option;

	tess_log_init("control", TESS_LOG_INFO);
	tess_config_defaults(&config);
	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (option != 'c')
			return usage(argv[0]);
		if (tess_config_load(&config, optarg, error, sizeof(error))) {
			fprintf(stderr, "%s: %s\n", argv[0], error);
			return 1;
		}
	}
	if (optind != argc)
		return usage(argv[0]);
	/* a client that goes away is no reason to end */
	(void)signal(SIGPIPE, SIG_IGN);
	return run(&config) ? 1 : 0;
}
