/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/avlog/avlog.c - lines go to the innermost listener of their own thread.
 */
#include "drivers/avlog/avlog.h"

#include <libavutil/log.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct heard {
	unsigned count;
	char last[256];
};

static void hear(void *arg, const char *line)
{
	struct heard *heard = arg;
	heard->count++;
	snprintf(heard->last, sizeof(heard->last), "%s", line);
}

static void test_hears_errors(void **state)
{
	(void)state;
	struct heard outer = {0}, inner = {0};
	struct tess_avlog outer_log = {.line = hear, .arg = &outer};
	struct tess_avlog inner_log = {.line = hear, .arg = &inner};

	tess_avlog_begin(&outer_log);
	av_log(NULL, AV_LOG_ERROR, "Failed to sync: %d (%s).\n", 1, "operation failed");
	assert_string_equal(outer.last, "Failed to sync: 1 (operation failed).");
	av_log(NULL, AV_LOG_WARNING, "not an error\n");
	assert_int_equal(outer.count, 1);

	tess_avlog_begin(&inner_log);
	av_log(NULL, AV_LOG_FATAL, "inner\n");
	tess_avlog_end(&inner_log);
	assert_string_equal(inner.last, "inner");
	assert_int_equal(outer.count, 1);

	av_log(NULL, AV_LOG_ERROR, "outer again\n");
	tess_avlog_end(&outer_log);
	assert_string_equal(outer.last, "outer again");
	assert_int_equal(inner.count, 1);
}

static void *log_elsewhere(void *arg)
{
	av_log(NULL, AV_LOG_ERROR, "elsewhere\n");
	return arg;
}

static void test_other_threads_are_not_heard(void **state)
{
	(void)state;
	struct heard heard = {0};
	struct tess_avlog log = {.line = hear, .arg = &heard};
	pthread_t thread;
	int level = av_log_get_level();

	av_log_set_level(AV_LOG_QUIET); /* the other thread's line is for stderr */
	tess_avlog_begin(&log);
	assert_int_equal(pthread_create(&thread, NULL, log_elsewhere, NULL), 0);
	pthread_join(thread, NULL);
	tess_avlog_end(&log);
	av_log_set_level(level);
	assert_int_equal(heard.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hears_errors),
		cmocka_unit_test(test_other_threads_are_not_heard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
