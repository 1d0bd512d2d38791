/* SPDX-License-Identifier: GPL-3.0-or-later
 * Removal of single files.
 */
#include "firmware/egress/removals.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/egress/record_links.h"

static char dir[32];
static int fd;
static bool more; /* as the last step said */

static void make(const char *path)
{
	int file = openat(fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(file >= 0);
	close(file);
}

static bool there(const char *path)
{
	return !faccessat(fd, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

static int setup(void **state)
{
	static const char *const files[] = {"7/a_s_e.mp4", "7/a_s_e.m3u8",  "7/a_s.hls/1.m4s",
					    "7/a_s_e.flv", "7/running.flv", "secret"};

	(void)state;
	(void)stpcpy(dir, "/tmp/tessera-rm-XXXXXX");
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(fd, "7", 0700), 0);
	assert_int_equal(mkdirat(fd, "7/a_s.hls", 0700), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		make(files[i]);
	assert_int_equal(tess_links_add(fd, 5, 7, "a_s_e.mp4"), 0);
	assert_int_equal(tess_links_add(fd, 5, 7, "a_s_e.m3u8"), 0);
	assert_int_equal(tess_links_add(fd, 5, 7, "a_s.hls"), 0);
	assert_int_equal(tess_links_add(fd, 5, 7, "a_s_e.flv"), 0);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	close(fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command); /* NOLINT(cert-env33-c): our own folder */
}

/* One step; these (of the wanted ones) are gone after it. */
static void step(const char *wanted, const char *expected)
{
	json_t *list = json_loads(wanted, 0, NULL), *gone;
	json_t *other = json_loads(expected, 0, NULL);

	gone = tess_removals_step(dir, list, &more);
	assert_true(json_equal(gone, other));
	json_decref(list);
	json_decref(gone);
	json_decref(other);
}

#define FLV  "{\"id\":5,\"path\":\"7/a_s_e.flv\"}"
#define M3U8 "{\"id\":5,\"path\":\"7/a_s_e.m3u8\"}"

static void test_removed(void **state)
{
	(void)state;
	/* told until it is not wanted gone any more */
	step("[" M3U8 "]", "[" M3U8 "]");
	assert_false(more);
	assert_false(there("7/a_s_e.m3u8") || there("7/a_s.hls") || there("by-id/5/a_s.hls") ||
		     there("by-id/5/a_s_e.m3u8"));
	assert_true(there("7/a_s_e.flv"));
	step("[" M3U8 "," FLV "]", "[" M3U8 "," FLV "]");
	assert_false(there("7/a_s_e.flv"));
	step("[" FLV "]", "[" FLV "]");
	step("[]", "[]");
	assert_true(there("7/a_s_e.mp4") && there("by-id/5/a_s_e.mp4"));
}

/* A long HLS file goes in steps; the playlist last, and what comes behind it waits. */
static void test_in_steps(void **state)
{
	char name[40];

	(void)state;
	for (unsigned i = 2; i <= 2 * TESS_REMOVALS_A_STEP; i++) {
		(void)sprintf(name, "7/a_s.hls/%u.m4s", i);
		make(name);
	}
	step("[" M3U8 "," FLV "]", "[]");
	assert_true(more && there("7/a_s.hls") && there("7/a_s_e.m3u8"));
	step("[" M3U8 "," FLV "]", "[]");
	assert_true(more && there("7/a_s_e.m3u8") && there("7/a_s_e.flv"));
	step("[" M3U8 "," FLV "]", "[" M3U8 "," FLV "]");
	assert_false(more || there("7/a_s.hls") || there("7/a_s_e.m3u8") || there("7/a_s_e.flv"));
}

/* by-id/ID -> ../APP/NAME of an earlier firmware */
static void test_old_layout(void **state)
{
	(void)state;
	make("7/old.mp4");
	assert_int_equal(symlinkat("../7/old.mp4", fd, "by-id/9"), 0);
	step("[{\"id\":9,\"path\":\"7/a_s_e.mp4\"}]", "[]");
	assert_true(there("7/a_s_e.mp4") && there("7/old.mp4") && there("by-id/9"));
	step("[{\"id\":9,\"path\":\"7/old.mp4\"}]", "[{\"id\":9,\"path\":\"7/old.mp4\"}]");
	assert_false(there("7/old.mp4") || there("by-id/9"));
}

static void test_refused(void **state)
{
	(void)state;
	/* not acknowledged: it may be written yet */
	step("[{\"id\":6,\"path\":\"7/running.flv\"}]", "[]");
	assert_true(there("7/running.flv"));
	/* of another recording, or no file of ours at all */
	step("[{\"id\":6,\"path\":\"7/a_s_e.mp4\"},{\"id\":5,\"path\":\"7/../secret\"},"
	     "{\"id\":5,\"path\":\"secret\"},{\"id\":5,\"path\":\"../7/a_s_e.mp4\"},"
	     "{\"id\":5,\"path\":\"7/..\"},{\"id\":5},7]",
	     "[]");
	assert_true(there("secret") && there("7/a_s_e.mp4"));
	step("{}", "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_layout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
