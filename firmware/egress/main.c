/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/main.c - tessera-egress: records streams and serves players.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/egress/egress.h"

static void on_signal(void *arg, int signal_number)
{
	TESS_INFO("egress.stopping", "signal=%d", signal_number);
	tess_loop_stop(arg);
}

/* Each player is a socket. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--config FILE]\n"
		"The egress process of a Tessera box; \"tessera run\" starts all of them.\n",
		program);
	return 2;
}

static int run(const struct tess_config *config)
{
	static const int signals[] = {SIGTERM, SIGINT, 0};
	struct tess_egress *egress = NULL;
	struct tess_loop *loop;
	int rc = tess_loop_alloc(&loop);

	if (rc) {
		TESS_ERROR("egress.start_failed", "error=%s", strerror(-rc));
		return 1;
	}
	/* signals first: threads that start later have them blocked */
	rc = tess_loop_signals(loop, signals, on_signal, loop);
	if (!rc)
		rc = tess_egress_alloc(&egress, loop, tess_clock_system(), config);
	if (!rc)
		rc = tess_loop_run(loop);
	if (rc)
		TESS_ERROR("egress.failed", "error=%s", strerror(-rc));
	tess_egress_free(egress);
	tess_loop_free(loop);
	return rc ? 1 : 0;
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

	tess_log_init("egress", TESS_LOG_INFO);
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
	/* sendfile has no flag against it */
	(void)signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	return run(&config);
}
