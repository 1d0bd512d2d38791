/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/faults.c - a device that fails a thousand times a second fills no log.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "firmware/media/faults.h"

#define SECOND INT64_C(1000000)

struct fixture {
	struct tess_faults faults;
	int log, stderr_before;
	char text[16384];
};

static void open_fixture(struct fixture *fixture)
{
	tess_log_init("test", TESS_LOG_WARN);
	tess_faults_init(&fixture->faults);
	fixture->log = memfd_create("log", 0);
	fixture->stderr_before = dup(STDERR_FILENO);
	assert_true(fixture->log >= 0 && fixture->stderr_before >= 0);
	assert_true(dup2(fixture->log, STDERR_FILENO) >= 0);
}

/* All that was logged; stderr is the test's again. */
static const char *log_of(struct fixture *fixture)
{
	ssize_t length;

	assert_true(dup2(fixture->stderr_before, STDERR_FILENO) >= 0);
	(void)close(fixture->stderr_before);
	length = pread(fixture->log, fixture->text, sizeof(fixture->text) - 1, 0);
	assert_true(length >= 0);
	fixture->text[length] = '\0';
	(void)close(fixture->log);
	tess_faults_destroy(&fixture->faults);
	return fixture->text;
}

static void fail_call(struct fixture *fixture, const char *call, int64_t now_us)
{
	const struct tess_engine_fault fault = {"renderD128", call, "no such thing"};

	tess_faults_take(&fixture->faults, "vaapi", &fault, now_us);
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

static void the_first_at_once_then_a_count(void **state)
{
	struct fixture fixture;
	const char *text;

	(void)state;
	open_fixture(&fixture);
	for (int i = 0; i < 1000; i++)
		fail_call(&fixture, "vaEndPicture", 5 * SECOND + i);
	fail_call(&fixture, "vaSyncSurface", 6 * SECOND);
	fail_call(&fixture, "vaEndPicture", 65 * SECOND);
	fail_call(&fixture, "vaEndPicture", 65 * SECOND + 1);
	text = log_of(&fixture);
	assert_int_equal(count(text, "engine.fault"), 3);
	assert_int_equal(count(text, "engine=vaapi device=renderD128 call=vaEndPicture "
				     "error=\"no such thing\" count=1\n"),
			 1);
	assert_int_equal(count(text, "call=vaSyncSurface error=\"no such thing\" count=1\n"), 1);
	assert_int_equal(count(text, "call=vaEndPicture error=\"no such thing\" count=1000\n"), 1);
}

static void there_is_a_place_for_any_number_of_calls(void **state)
{
	struct fixture fixture;
	char name[128];

	(void)state;
	open_fixture(&fixture);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "call%d", i);
		fail_call(&fixture, name, SECOND);
	}
	/* longer than what is kept of it, it is still one call */
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		fail_call(&fixture, name, 2 * SECOND);
	assert_int_equal(count(log_of(&fixture), "engine.fault"), TESS_FAULTS_CALLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_at_once_then_a_count),
		cmocka_unit_test(there_is_a_place_for_any_number_of_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
