/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/cli: the command line as it is called, with shell scripts in the place of the
 * three processes. Each script appends its process id and arguments to a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TURNS 3000 /* of 10 ms, that something is waited for */

static const char *const names[] = {"control", "media", "egress"};

struct fixture {
	char folder[64];
	pid_t tessera;
};

static void wait_10_ms(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void copy_program(const char *to)
{
	FILE *in = fopen(TESSERA, "rb"), *out = fopen(to, "wb");
	char data[65536];
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(data, 1, sizeof(data), in)))
		assert_int_equal(fwrite(data, 1, n, out), n);
	(void)fclose(in);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(to, 0755), 0);
}

/* A process that does @p first, tells that it runs, and then does the rest. */
static void write_script(const struct fixture *f, const char *name, const char *first,
			 const char *rest)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/tessera-%s", f->folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fprintf(file, "#!/bin/sh\n%s\necho $$ \"$@\" >> %s/%s.log\n%s\n", first, f->folder,
		      name, rest);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[128];

	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/tessera-cli-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(path, sizeof(path), "%s/tessera", f->folder);
	copy_program(path);
	for (int i = 0; i < 3; i++)
		write_script(f, names[i], "", "exec sleep 60");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	if (f->tessera > 0) {
		(void)kill(f->tessera, SIGKILL);
		(void)waitpid(f->tessera, NULL, 0);
	}
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* Start it, silent. */
static void start(struct fixture *f, const char *verb, const char *option, const char *value,
		  bool ignore_children)
{
	char path[128], output[128];

	(void)snprintf(path, sizeof(path), "%s/tessera", f->folder);
	(void)snprintf(output, sizeof(output), "%s/output", f->folder);
	f->tessera = fork();
	if (f->tessera == 0) {
		int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (ignore_children)
			(void)signal(SIGCHLD, SIG_IGN);
		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			_exit(99);
		(void)execl(path, path, verb, option, value, (char *)NULL);
		_exit(99);
	}
	assert_true(f->tessera > 0);
}

static void start_box(struct fixture *f, bool ignore_children)
{
	char folder[128];

	(void)snprintf(folder, sizeof(folder), "%s/box", f->folder);
	start(f, "run", "--dir", folder, ignore_children);
}

/* The end of it: its exit status. */
static int finish(struct fixture *f)
{
	int status;

	assert_int_equal(waitpid(f->tessera, &status, 0), f->tessera);
	f->tessera = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void read_file(const struct fixture *f, const char *name, char *text, size_t size)
{
	char path[128];
	FILE *file;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	file = fopen(path, "r");
	text[0] = '\0';
	if (!file)
		return;
	n = fread(text, 1, size - 1, file);
	text[n] = '\0';
	(void)fclose(file);
}

/* The @p turn-th start of a process, counted from 1: its pid, when it comes. */
static pid_t started(const struct fixture *f, const char *name, int turn)
{
	char file[32], text[1024];

	(void)snprintf(file, sizeof(file), "%s.log", name);
	for (int i = 0; i < TURNS; i++, wait_10_ms()) {
		const char *line = text;

		read_file(f, file, text, sizeof(text));
		for (int skipped = 1; line && skipped < turn; skipped++) {
			line = strchr(line, '\n');
			line = line ? line + 1 : NULL;
		}
		if (line && strchr(line, '\n'))
			return (pid_t)strtol(line, NULL, 10);
	}
	fail_msg("%s was not started %d times", name, turn);
	return 0;
}

/* Dead, or only not yet buried. */
static bool is_gone(pid_t pid)
{
	char path[64], state = 'Z';
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (!file)
		return true;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	(void)fclose(file);
	return state == 'Z';
}

static void assert_goes(pid_t pid)
{
	for (int i = 0; i < TURNS && !is_gone(pid); i++)
		wait_10_ms();
	assert_true(is_gone(pid));
}

static void test_starts_and_stops_all(void **state)
{
	struct fixture *f = *state;
	char text[512], expected[512];
	pid_t pids[3];

	start_box(f, false);
	for (int i = 0; i < 3; i++)
		pids[i] = started(f, names[i], 1);
	read_file(f, "media.log", text, sizeof(text));
	(void)snprintf(expected, sizeof(expected), "%d --config %s/box/tessera.conf\n",
		       (int)pids[1], f->folder);
	assert_string_equal(text, expected);
	read_file(f, "box/tessera.conf", text, sizeof(text));
	(void)snprintf(expected, sizeof(expected),
		       "box: { state_dir = \"%s/box\"; run_dir = \"%s/box/run\"; };\n"
		       "egress: { record_dir = \"%s/box/recordings\"; };\n",
		       f->folder, f->folder, f->folder);
	assert_string_equal(text, expected);
	assert_int_equal(kill(f->tessera, SIGTERM), 0);
	assert_int_equal(finish(f), 0);
	for (int i = 0; i < 3; i++)
		assert_true(is_gone(pids[i]));
}

static void restart(struct fixture *f, bool ignore_children)
{
	pid_t media, control, next;

	start_box(f, ignore_children);
	control = started(f, "control", 1);
	media = started(f, "media", 1);
	assert_int_equal(kill(media, SIGKILL), 0);
	next = started(f, "media", 2);
	assert_true(next != media);
	assert_false(is_gone(control)); /* the others are left alone */
	assert_int_equal(kill(f->tessera, SIGINT), 0);
	assert_int_equal(finish(f), 0);
	assert_true(is_gone(next));
}

/* The next life of media finds what the one before wrote; the others have no such memory. */
static void test_media_has_a_memory(void **state)
{
	struct fixture *f = *state;
	char first[512], text[64];

	(void)snprintf(first, sizeof(first),
		       "head -c 4 /proc/self/fd/$TESSERA_KEEP_FD | tr '\\0' - >> %s/kept\n"
		       "printf kept | dd conv=notrunc of=/proc/self/fd/$TESSERA_KEEP_FD "
		       "2>/dev/null",
		       f->folder);
	write_script(f, "media", first, "exec sleep 60");
	(void)snprintf(first, sizeof(first), "echo ${TESSERA_KEEP_FD-none} > %s/others", f->folder);
	write_script(f, "egress", first, "exec sleep 60");
	start_box(f, false);
	assert_int_equal(kill(started(f, "media", 1), SIGKILL), 0);
	(void)started(f, "media", 2);
	(void)started(f, "egress", 1);
	read_file(f, "kept", text, sizeof(text));
	assert_string_equal(text, "----kept");
	read_file(f, "others", text, sizeof(text));
	assert_string_equal(text, "none\n");
	assert_int_equal(kill(f->tessera, SIGTERM), 0);
	assert_int_equal(finish(f), 0);
}

static void test_restarts_what_ends(void **state)
{
	restart(*state, false);
}

/* As under a parent that does not want to hear of its children. */
static void test_restarts_with_sigchld_ignored(void **state)
{
	restart(*state, true);
}

/* The second wait is longer than the first, and the stop does not wait for it. A process says when
 * it is about to end, and when it has begun: at least the wait is between the two. */
static void test_waits_longer_each_time(void **state)
{
	struct fixture *f = *state;
	char say[128], text[256];
	double begun[3], over[2];

	(void)snprintf(say, sizeof(say), "cut -d ' ' -f 1 /proc/uptime >> %s/times", f->folder);
	(void)snprintf(text, sizeof(text), "%s\nexit 3", say);
	write_script(f, "egress", say, text);
	start_box(f, false);
	(void)started(f, "egress", 3);
	read_file(f, "times", text, sizeof(text));
	assert_int_equal(sscanf(text, "%lf %lf %lf %lf %lf", &begun[0], &over[0], &begun[1],
				&over[1], &begun[2]),
			 5);
	assert_true(begun[1] - over[0] >= 0.09);
	assert_true(begun[2] - over[1] >= 0.19);
	(void)started(f, "control", 1);
	assert_int_equal(kill(f->tessera, SIGTERM), 0);
	assert_int_equal(finish(f), 0);
}

static void test_kills_what_does_not_stop(void **state)
{
	struct fixture *f = *state;
	int64_t asked_ms;
	pid_t media;

	write_script(f, "media", "trap '' TERM", "while :; do sleep 0.1; done");
	start_box(f, false);
	media = started(f, "media", 1);
	asked_ms = now_ms();
	assert_int_equal(kill(f->tessera, SIGTERM), 0);
	assert_int_equal(finish(f), 0);
	assert_in_range(now_ms() - asked_ms, 4500, 20000);
	assert_true(is_gone(media));
}

/* Nothing stays behind when the supervisor itself is killed. */
static void test_children_end_with_it(void **state)
{
	struct fixture *f = *state;
	pid_t pids[3];

	start_box(f, false);
	for (int i = 0; i < 3; i++)
		pids[i] = started(f, names[i], 1);
	assert_int_equal(kill(f->tessera, SIGKILL), 0);
	assert_int_equal(finish(f), -1);
	for (int i = 0; i < 3; i++)
		assert_goes(pids[i]);
}

/* The first goes on; the second says why it does not. */
static void test_one_box_a_folder(void **state)
{
	struct fixture *f = *state;
	char text[512], expected[512];
	pid_t first, control;

	start_box(f, false);
	control = started(f, "control", 1);
	first = f->tessera;
	start_box(f, false);
	assert_int_equal(finish(f), 1);
	f->tessera = first;
	read_file(f, "output", text, sizeof(text));
	(void)snprintf(expected, sizeof(expected),
		       "tessera: %s/box: another box runs in this folder\n", f->folder);
	assert_string_equal(text, expected);
	assert_int_equal(kill(control, 0), 0);
	assert_int_equal(kill(first, SIGKILL), 0);
	assert_int_equal(finish(f), -1);
	/* the folder is free again however the first ended */
	start_box(f, false);
	(void)started(f, "control", 2);
}

static void test_check_config(void **state)
{
	struct fixture *f = *state;
	char path[128], text[512], expected[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/some.conf", f->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("media: {\n jitter_ms = 5000;\n};\n", file);
	assert_int_equal(fclose(file), 0);
	start(f, "check-config", path, NULL, false);
	assert_int_equal(finish(f), 1);
	read_file(f, "output", text, sizeof(text));
	(void)snprintf(expected, sizeof(expected),
		       "tessera: %s:2: media.jitter_ms: a whole number from 0 to 2000 is "
		       "expected\n",
		       path);
	assert_string_equal(text, expected);
	/* the same for a box that shall run */
	start(f, "run", "--config", path, false);
	assert_int_equal(finish(f), 1);
	read_file(f, "output", text, sizeof(text));
	assert_string_equal(text, expected);
	start(f, "run", "--confg", path, false);
	assert_int_equal(finish(f), 2);
	/* it looks into the files of the certificate */
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("egress: { tls_listen = \"127.0.0.1:0\"; tls_certificate = \"/dev/null\"; "
	      "tls_key = \"/dev/null\"; };\n",
	      file);
	assert_int_equal(fclose(file), 0);
	start(f, "check-config", path, NULL, false);
	assert_int_equal(finish(f), 1);
	read_file(f, "output", text, sizeof(text));
	(void)snprintf(expected, sizeof(expected),
		       "tessera: %s: egress.tls_certificate: /dev/null: it has no certificate in "
		       "PEM form\n",
		       path);
	assert_string_equal(text, expected);
	start(f, "check-config", "/dev/null", NULL, false);
	assert_int_equal(finish(f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_starts_and_stops_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restarts_what_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restarts_with_sigchld_ignored, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_media_has_a_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits_longer_each_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kills_what_does_not_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_children_end_with_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_box_a_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_check_config, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
