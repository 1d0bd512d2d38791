/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/main.c - tessera-media: receives, decodes, composes, mixes and encodes.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "firmware/base/log.h"
#include "firmware/media/service.h"

static void on_signal(void *arg, int signal_number)
{
	TESS_INFO("media.stopping", "signal=%d", signal_number);
	tess_loop_stop(arg);
}

/* Each publisher has up to four sockets. */
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
		"The media process of a Tessera box; \"tessera run\" starts all of them.\n",
		program);
	return 2;
}

static int run(const struct tess_config *config)
{
	static const int signals[] = {SIGTERM, SIGINT, 0};
	struct tess_media_service *service = NULL;
	struct tess_loop *loop;
	int error = tess_loop_alloc(&loop);

	if (error) {
		TESS_ERROR("media.start_failed", "error=%s", strerrordesc_np(-error));
		return 1;
	}
	/* signals first: threads that start later have them blocked */
	error = tess_loop_signals(loop, signals, on_signal, loop);
	if (!error)
		error = tess_media_service_start(&service, loop, config);
	if (!error)
		error = tess_loop_run(loop);
	if (error)
		TESS_ERROR("media.failed", "error=%s", strerrordesc_np(-error));
	tess_media_service_stop(service);
	tess_loop_free(loop);
	return error ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{0},
	};
	struct tess_config config;
	char error_text[512];
	int option;

	tess_log_init("media", TESS_LOG_INFO);
	tess_config_defaults(&config);
	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (option != 'c')
			return usage(argv[0]);
		if (tess_config_load(&config, optarg, error_text, sizeof(error_text))) {
			fprintf(stderr, "%s: %s\n", argv[0], error_text);
			return 2;
		}
	}
	if (optind != argc)
		return usage(argv[0]);
	raise_file_limit();
	return run(&config);
}
