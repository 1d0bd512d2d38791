/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/cli/main.c - the command line: tessera run | check-config | selftest | version.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/config.h"
#include "firmware/base/tls_files.h"
#include "firmware/base/log.h"
#include "firmware/cli/run.h"

#define SYSTEM_CONFIG "/etc/tessera/tessera.conf"

static int usage(FILE *to)
{
	fputs("usage: tessera run [--config FILE | --dir FOLDER]  start the box and keep it "
	      "running\n"
	      "       tessera check-config FILE                   say what is wrong with it, if "
	      "anything\n"
	      "       tessera selftest [--engine NAME] [--device NAME]\n"
	      "                                                   try the video engines of this "
	      "machine\n"
	      "       tessera version\n"
	      "\n"
	      "--config FILE  the configuration (default " SYSTEM_CONFIG ")\n"
	      "--dir FOLDER   keep everything below FOLDER; FOLDER/tessera.conf is made if it is "
	      "not there\n",
	      to);
	return to == stdout ? 0 : 2;
}

static int make_folder(const char *path)
{
	if (mkdir(path, 0750) < 0 && errno != EEXIST) {
		fprintf(stderr, "tessera: %s: %s\n", path, strerror(errno));
		return -1;
	}
	return 0;
}

/* Take a folder for this box alone, until the process ends: a second box would take over the
 * sockets and the data base of the first. Also says at once, and once, that a folder cannot be
 * written to.
 */
static int claim(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || access(path, W_OK | X_OK)) {
		fprintf(stderr, "tessera: %s: %s\n", path, strerror(errno));
	} else if (flock(fd, LOCK_EX | LOCK_NB)) {
		fprintf(stderr, "tessera: %s: another box runs in this folder\n", path);
	} else {
		return 0;
	}
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static int claim_folders(const struct tess_config *config)
{
	struct stat state, run;

	if (make_folder(config->box.state_dir) || make_folder(config->box.run_dir) ||
	    make_folder(config->egress.record_dir) || claim(config->box.state_dir))
		return -1;
	if (!stat(config->box.state_dir, &state) && !stat(config->box.run_dir, &run) &&
	    state.st_dev == run.st_dev && state.st_ino == run.st_ino)
		return 0;
	return claim(config->box.run_dir);
}

/* A configuration that keeps state, sockets and recordings below @p folder. */
static int make_config(const char *folder, const char *path)
{
	FILE *file;

	if (access(path, F_OK) == 0)
		return 0;
	file = fopen(path, "we");
	if (!file) {
		fprintf(stderr, "tessera: %s: %s\n", path, strerror(errno));
		return -1;
	}
	fprintf(file,
		"box: { state_dir = \"%s\"; run_dir = \"%s/run\"; };\n"
		"egress: { record_dir = \"%s/recordings\"; };\n",
		folder, folder, folder);
	if (fclose(file)) {
		fprintf(stderr, "tessera: %s: %s\n", path, strerror(errno));
		(void)unlink(path); /* half of it would be taken for whole the next time */
		return -1;
	}
	return 0;
}

static int use_folder(const char *name, char *path, size_t size)
{
	char folder[200];
	char *real;

	if (make_folder(name))
		return -1;
	real = realpath(name, NULL);
	if (!real || strlen(real) >= sizeof(folder) || strpbrk(real, "\"\\")) {
		fprintf(stderr, "tessera: %s: this path cannot be used\n", name);
		free(real);
		return -1;
	}
	memcpy(folder, real, strlen(real) + 1);
	free(real);
	(void)snprintf(path, size, "%s/tessera.conf", folder);
	return make_config(folder, path);
}

static void print_addresses(const struct tess_config *config)
{
	const char *control = strrchr(config->control.listen, ':');
	const char *egress = strrchr(config->egress.listen, ':');

	printf("web UI and API  http://127.0.0.1%s/\n"
	       "live            http://127.0.0.1%s/live/STREAM.flv\n"
	       "first log-in    user admin, password in %s/initial-password\n",
	       control, egress, config->box.state_dir);
	(void)fflush(stdout);
}

static int load(struct tess_config *config, const char *path)
{
	char error[512];

	tess_config_defaults(config);
	if (tess_config_load(config, path, error, sizeof(error))) {
		fprintf(stderr, "tessera: %s\n", error);
		return -1;
	}
	if (*config->egress.tls_listen) {
		SSL_CTX *context;

		if (tess_tls_files_load(&context, config, error, sizeof(error))) {
			fprintf(stderr, "tessera: %s: %s\n", path, error);
			return -1;
		}
		SSL_CTX_free(context);
	}
	return 0;
}

static int command_run(int argc, char **argv)
{
	const char *path = SYSTEM_CONFIG;
	struct tess_config config;
	char own[256];
	int err;

	if (argc == 2 && !strcmp(argv[0], "--config")) {
		path = argv[1];
	} else if (argc == 2 && !strcmp(argv[0], "--dir")) {
		if (use_folder(argv[1], own, sizeof(own)))
			return 1;
		path = own;
	} else if (argc) {
		return usage(stderr);
	}
	if (load(&config, path) || claim_folders(&config))
		return 1;
	print_addresses(&config);
	tess_log_init("run", TESS_LOG_INFO);
	err = tess_run(path);
	if (err)
		fprintf(stderr, "tessera: %s\n", strerror(-err));
	return err ? 1 : 0;
}

/* A program of its own, beside this one. */
static int command_selftest(char **argv)
{
	char folder[512], program[sizeof(folder) + 32];

	if (!tess_run_folder(folder, sizeof(folder))) {
		(void)snprintf(program, sizeof(program), "%s/tessera-selftest", folder);
		(void)execv(program, argv);
	}
	fprintf(stderr, "tessera: tessera-selftest: %s\n", strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct tess_config config;

	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "run"))
		return command_run(argc - 2, argv + 2);
	if (!strcmp(argv[1], "check-config") && argc == 3) {
		if (load(&config, argv[2]))
			return 1;
		puts("the configuration is right");
		return 0;
	}
	if (!strcmp(argv[1], "selftest"))
		return command_selftest(argv + 1);
	if (!strcmp(argv[1], "version")) {
		puts("tessera " TESSERA_VERSION);
		return 0;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return usage(stdout);
	return usage(stderr);
}
