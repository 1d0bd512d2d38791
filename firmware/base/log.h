/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/log.h - one line an event, key=value, to standard error.
 *
 *   TESS_INFO("mix.started", "room=%s stream=%s", room, stream);
 *   -> 2026-03-01T12:00:00.123Z info media mix.started room=101 stream=show
 *
 * Values with blanks are the caller's to quote. Secrets are never logged. Threads: any.
 */
#ifndef TESS_BASE_LOG_H
#define TESS_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum tess_log_level {
	TESS_LOG_ERROR = 1,
	TESS_LOG_WARN,
	TESS_LOG_INFO,
	TESS_LOG_DEBUG,
};

/** Name of this process in each line, and the most verbose level written. Before threads start. */
void tess_log_init(const char *process, enum tess_log_level level);
/** One line of at most 2 KiB; control characters in it become blanks. Keeps errno. */
void tess_log(enum tess_log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define TESS_ERROR(event, ...) tess_log(TESS_LOG_ERROR, event, __VA_ARGS__)
#define TESS_WARN(event, ...)  tess_log(TESS_LOG_WARN, event, __VA_ARGS__)
#define TESS_INFO(event, ...)  tess_log(TESS_LOG_INFO, event, __VA_ARGS__)
#define TESS_DEBUG(event, ...) tess_log(TESS_LOG_DEBUG, event, __VA_ARGS__)

/** True at most once a second for each limiter; *suppressed is how often it was not since. */
struct tess_log_limit {
	int64_t last_us;
	uint64_t suppressed;
};
bool tess_log_allowed(struct tess_log_limit *limit, int64_t now_us, uint64_t *suppressed);

#endif
