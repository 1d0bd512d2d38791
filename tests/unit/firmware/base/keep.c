/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/base/keep: memory over two lives of a process, the first of which is killed.
 * The process is this program, called with the name of what it shall do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/base/keep.h"

/* A life: the memory must begin with what is awaited; then it writes, and is killed. */
static int live(const char *awaited, const char *written)
{
	char *memory = tess_keep_find();

	if (!memory)
		return 3;
	if (strcmp(memory, awaited) != 0 || memory[TESS_KEEP_SIZE - 1] != *awaited)
		return 4;
	(void)strcpy(memory, written);
	memory[TESS_KEEP_SIZE - 1] = *written;
	(void)raise(SIGKILL);
	return 5;
}

static int run(int fd, const char *awaited, const char *written)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (fd >= 0)
			tess_keep_pass(fd);
		(void)execl("/proc/self/exe", "keep", awaited, written, (char *)NULL);
		_exit(99);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_found_again(void **state)
{
	int fd = tess_keep_create();

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(run(fd, "", "first"), -SIGKILL);
	assert_int_equal(run(fd, "first", "second"), -SIGKILL);
	assert_int_equal(run(fd, "second", "third"), -SIGKILL);
	assert_int_equal(run(-1, "", "none"), 3);
	close(fd);
}

static void test_another_descriptor(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(run(fds[0], "", "x"), 3);
	close(fds[0]);
	close(fds[1]);
	/* nor memory whose size may change */
	fds[0] = memfd_create("other", MFD_ALLOW_SEALING);
	assert_true(fds[0] >= 0);
	assert_int_equal(ftruncate(fds[0], TESS_KEEP_SIZE), 0);
	assert_int_equal(run(fds[0], "", "x"), 3);
	close(fds[0]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_again),
		cmocka_unit_test(test_another_descriptor),
	};

	if (argc == 3)
		return live(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
