/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/log.c - see log.h.
 */
#include "firmware/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Set once before threads start, read-only after that. */
static struct {
	char process[16];
	enum tess_log_level level;
} setup = {"tessera", TESS_LOG_INFO};

void tess_log_init(const char *process, enum tess_log_level level)
{
	(void)snprintf(setup.process, sizeof(setup.process), "%s", process);
	setup.level = level;
}

/* One event is one line, and cannot steer a terminal, whatever a value holds. */
static void make_printable(unsigned char *text, int length)
{
	for (int i = 0; i < length; i++) {
		/* U+0080..U+009F, the control characters of ISO 6429, in UTF-8 */
		bool c1 = text[i] == 0xc2 && i + 1 < length && text[i + 1] >= 0x80 &&
			  text[i + 1] < 0xa0;

		if (c1)
			text[i + 1] = ' ';
		if (c1 || text[i] < ' ' || text[i] == 0x7f)
			text[i] = ' ';
	}
}

void tess_log(enum tess_log_level level, const char *event, const char *format, ...)
{
	static const char *const names[] = {"", "error", "warn", "info", "debug"};
	struct timespec now;
	char line[2048];
	ssize_t written;
	struct tm utc;
	int error = errno, n, more;
	va_list args;

	if (level > setup.level)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	n = snprintf(line, sizeof(line), "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s %s ",
		     utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
		     utc.tm_sec, now.tv_nsec / 1000000, names[level], setup.process, event);
	va_start(args, format);
	more = vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
	va_end(args);
	if (more > 0)
		n += more;
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	make_printable((unsigned char *)line, n);
	line[n++] = '\n';
	/* one write a line, so that lines of several threads and processes do not mix */
	written = write(STDERR_FILENO, line, (size_t)n);
	(void)written; /* there is nobody to tell */
	errno = error;
}

bool tess_log_allowed(struct tess_log_limit *limit, int64_t now_us, uint64_t *suppressed)
{
	if (limit->last_us && now_us - limit->last_us < 1000000) {
		limit->suppressed++;
		return false;
	}
	limit->last_us = now_us;
	*suppressed = limit->suppressed;
	limit->suppressed = 0;
	return true;
}
