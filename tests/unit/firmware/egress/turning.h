/* SPDX-License-Identifier: GPL-3.0-or-later
 * A loop that turns in a thread of its own, for tests of what belongs to a loop.
 */
#ifndef TESS_TEST_TURNING_H
#define TESS_TEST_TURNING_H

#include <stdbool.h>

#include "firmware/base/loop.h"

struct turning;

struct turning *turning_start(void);
/** Ends the thread and frees the loop. */
void turning_stop(struct turning *turning);
struct tess_loop *turning_loop(struct turning *turning);
/** Run in the loop's thread, and wait until it has run. */
void turning_do(struct turning *turning, void (*call)(void *arg), void *arg);
/** Ask in the loop's thread, again and again, until it is true; false after 30 s. */
bool turning_until(struct turning *turning, bool (*ask)(void *arg), void *arg);
/** Monotonic microseconds, as the loop has them. */
int64_t turning_now_us(void);
/** Let so much time be over, of all of this process: what is due and what has come is done then. */
void turning_later(struct turning *turning, int64_t us);

#endif
