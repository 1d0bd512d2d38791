/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/avlog/avlog.c - libavutil's one log callback, shared out to threads.
 */
#include "drivers/avlog/avlog.h"

#include <libavutil/log.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 256

/* libavutil gives its callback no argument but the codec that logs, and hardware contexts log
 * without one; the thread is what ties a line to the call that led to it */
static _Thread_local struct tess_avlog *listener;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void on_line(void *logger, int level, const char *format, va_list values)
{
	struct tess_avlog *log = listener;
	if (!log) {
		av_log_default_callback(logger, level, format, values);
		return;
	}
	if (level > AV_LOG_ERROR)
		return;
	char line[LINE_MAX_BYTES];
	if (vsnprintf(line, sizeof(line), format, values) < 0)
		return;
	line[strcspn(line, "\n")] = 0;
	log->line(log->arg, line);
}

static void install(void)
{
	av_log_set_callback(on_line);
}

void tess_avlog_begin(struct tess_avlog *log)
{
	pthread_once(&once, install);
	log->outer = listener;
	listener = log;
}

void tess_avlog_end(struct tess_avlog *log)
{
	listener = log->outer;
}
