/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violation.c - proves that a check fires.
 */
#include "tests/emulated/va/tests/violation.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void child(const struct violation *violation, int err)
{
	const struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGABRT, SIG_DFL);
	dup2(err, STDERR_FILENO);
	violation->run(violation->argument);
	_exit(0);
}

/* all that the child says */
static void collect(int fd, char *text, size_t size)
{
	size_t length = 0;
	char more[512];
	for (ssize_t n; (n = read(fd, more, sizeof(more))) > 0;) {
		size_t fits = (size_t)n < size - 1 - length ? (size_t)n : size - 1 - length;
		memcpy(text + length, more, fits);
		length += fits;
	}
	text[length] = '\0';
}

static void prove(void **state)
{
	const struct violation *violation = *state;
	static const char prefix[] = "emulated va: violation: ";
	char text[8192];
	int ends[2], status;
	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(violation, ends[1]);
	close(ends[1]);
	collect(ends[0], text, sizeof(text));
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	const char *message = strstr(text, prefix);
	if (!violation->words) {
		if (status != 0)
			print_message("%s", text);
		assert_int_equal(status, 0);
		assert_null(message);
		return;
	}
	if (!message || !strstr(message, violation->words))
		print_message("wanted '%s', got '%s'\n", violation->words, text);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(message);
	assert_non_null(strstr(message, violation->words));
}

int violations_run(const char *group, const struct violation *violations, size_t count)
{
	struct CMUnitTest *tests = calloc(count, sizeof(*tests));
	if (!tests)
		abort();
	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){
			.name = violations[i].name,
			.test_func = prove,
			.initial_state = (void *)(uintptr_t)&violations[i],
		};
	int failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
	free(tests);
	return failed;
}
