/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/files/sync.h - are flashes and beeps that were published together still
 * together in the recording and on http-flv?
 */
#ifndef TESS_TESTS_SYNC_H
#define TESS_TESTS_SYNC_H

#include "tests/integration/files/box.h"

#define SYNC_MAX_PUBLISHERS 2
/* As the specification has it. */
#define SYNC_MAX_US INT64_C(40000)

/** A publisher of the capture that flashes, with a beep of its own and no other sound. */
struct tess_test_publisher sync_publisher(unsigned id, double flash_every_s);
/**
 * Publish for @p duration_s, and hold each flash against its beep, and against those of the others
 * at the same time. Prints the largest distances.
 */
void sync_check(const struct tess_test_publisher *publishers, unsigned count, double duration_s);

#endif
