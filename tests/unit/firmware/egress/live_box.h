/* SPDX-License-Identifier: GPL-3.0-or-later
 * Live outputs in a loop's thread of their own, and what control does with them; the servers that
 * players come to are the tests'.
 */
#ifndef TESS_TEST_LIVE_BOX_H
#define TESS_TEST_LIVE_BOX_H

#include "firmware/egress/live.h"
#include "tests/unit/firmware/egress/media_ring.h"

/** The box of the test that runs. */
extern struct live_box {
	struct turning *turning;
	struct tess_streams *streams;
	struct tess_guard *guard;
	struct tess_traffic *traffic;
	struct tess_live *live;
} live_box;

/** For 3 viewers, with ids from 100 on. */
void live_box_open(uint64_t hls_bytes);
void live_box_close(void);

/** The `live` array and the rules of a desired state, as text. */
void set_outputs(const char *text);
void rules(const char *text);
/** A counter of live outputs, by its name. */
json_int_t counter(const char *name);
/** For turning_until(); @p arg is not looked at. */
bool no_viewers(void *arg);
/** The facts of the outputs, a reference of the caller's. */
json_t *live_facts(void);
/** The viewers of the one output, the same. */
json_t *list_viewers(void);
/** Media's, with the stream "s". */
struct tess_ring_writer *make_ring(uint64_t epoch);
void end_stream(void);

#endif
