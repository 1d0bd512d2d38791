/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/bench/stamp.h - what the feeder writes into each picture, right behind the NAL header of
 * its slice, for the players to see how late it is: these bytes, then the time at which it was put
 * into the ring, 8 bytes of CLOCK_MONOTONIC in microseconds as this machine has them.
 */
#ifndef TESS_BENCH_STAMP_H
#define TESS_BENCH_STAMP_H

#define BENCH_STAMP	   "tess"
#define BENCH_STAMP_LENGTH 4

#endif
