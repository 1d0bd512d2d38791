/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/avlog/avlog.h - hears what libavcodec and libavutil log on this thread.
 *
 * Between begin and end, lines at AV_LOG_ERROR and worse that the calling thread logs go to a
 * function instead of stderr, and all else that it logs goes nowhere. Other threads are not
 * touched. It is how an engine learns the words of a device's API when libavcodec is what called
 * it.
 */
#ifndef TESS_AVLOG_H
#define TESS_AVLOG_H

/** A listener; it lives on the stack of who listens. */
struct tess_avlog {
	/* @p line ends without a line feed. libavutil may hold a lock of its own: keep it short,
	 * and call nothing of libavcodec's or libavutil's. */
	void (*line)(void *arg, const char *line);
	void *arg;
	struct tess_avlog *outer; /* the listener's before; begin sets it */
};

/** Listen. Listeners nest; the innermost one hears. */
void tess_avlog_begin(struct tess_avlog *log);
/** Stop, on the same thread, in the reverse order. */
void tess_avlog_end(struct tess_avlog *log);

#endif
