/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/program.c - see program.h.
 */
#include "firmware/base/program.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "firmware/base/log.h"

static void on_signal(void *arg, int number)
{
	TESS_INFO("process.stop", "signal=%d", number);
	tess_loop_stop(arg);
}

/* Each publisher has up to four sockets, each player one. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int usage(const char *program, const char *name)
{
	fprintf(stderr,
		"usage: %s [--config FILE]\n"
		"The %s process of a Tessera box; \"tessera run\" starts all of them.\n",
		program, name);
	return 2;
}

int tess_program_main(int argc, char **argv, const char *name,
		      int (*run)(const struct tess_config *config, struct tess_loop *loop))
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{0},
	};
	static const int signals[] = {SIGINT, SIGTERM, 0};
	struct tess_config config;
	struct tess_loop *loop;
	char error[512];
	int option, rc;

	tess_log_init(name, TESS_LOG_INFO);
	tess_config_defaults(&config);
	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (option != 'c')
			return usage(argv[0], name);
		if (tess_config_load(&config, optarg, error, sizeof(error))) {
			fprintf(stderr, "%s: %s\n", argv[0], error);
			return 1;
		}
	}
	if (optind != argc)
		return usage(argv[0], name);
	(void)signal(SIGPIPE, SIG_IGN); /* sendfile and libraries have no flag against it */
	raise_file_limit();
	rc = tess_loop_alloc(&loop);
	if (!rc) {
		/* signals first: threads that start later have them blocked */
		rc = tess_loop_signals(loop, signals, on_signal, loop);
		if (!rc)
			rc = run(&config, loop);
		tess_loop_free(loop);
	}
	if (rc)
		TESS_ERROR("process.failed", "error=\"%s\"", strerror(-rc));
	return rc ? 1 : 0;
}
