/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/crowd.h - many publishers that send for ever, as packet I/O on virtual
 * time.
 *
 * Each sends 64x36 at 5 pictures a second and Opus to the ports of scenario.h, in rounds of 4 s
 * that are encoded once; only what somebody listens to is sent. The first one flashes for 0.2 s
 * and begins to beep (1000 Hz, 0.2 s) at the same time, two seconds after each round's begin, and
 * is silent otherwise; the others have tones of their own.
 */
#ifndef TESS_TESTS_CROWD_H
#define TESS_TESTS_CROWD_H

#include "hal/clock.h"
#include "hal/net.h"

#define CROWD_ROUND_US INT64_C(4000000)
#define CROWD_FLASH_US INT64_C(2000000) /* in each round */
#define CROWD_BEEP_HZ  1000

/** @p count <= 32; captures begin at the clock's time. Fails the test if it cannot. */
struct tess_net *crowd_open(unsigned count, struct tess_clock *clock);
void crowd_close(struct tess_net *net);

#endif
