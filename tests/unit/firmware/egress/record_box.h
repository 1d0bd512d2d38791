/* SPDX-License-Identifier: GPL-3.0-or-later
 * The recordings of a box in a loop's thread of its own, fed by the test.
 */
#ifndef TESS_TEST_RECORD_BOX_H
#define TESS_TEST_RECORD_BOX_H

#include "drivers/clock/clock.h"
#include "firmware/egress/records.h"
#include "tests/unit/firmware/egress/turning.h"
#include "tests/unit/pipeline/mux/media.h"

#define START_US  100000000ll
#define UTC_US	  1581855132000000ll /* 2020-02-16 12:12:12 UTC */
#define MAX_SINKS 4

/** Stands in for the streams of the process: whoever is attached gets what the test feeds. */
struct tess_sink {
	const struct tess_sink_ops *ops;
	void *arg;
	char stream[32];
	int64_t after_us;
};

struct tess_streams {
	struct tess_sink sinks[MAX_SINKS];
};

struct box {
	char dir[256];
	struct tess_streams streams;
	struct tess_clock_virtual clock;
	struct tess_config config;
	struct turning *turning;
	struct tess_records *records;
	unsigned changes;
	int64_t folder;		   /* of the file that was opened last */
	const struct media *media; /* a.h264 and a.aac from time 0 */
	const char *media_dir;
};

/** Of the whole group of tests: the media. */
int box_encode(void **state);
int box_remove_media(void **state);
/** Of each test: *state is a struct box that is switched on. */
int box_set_up(void **state);
int box_tear_down(void **state);
/** A life of the process. */
void box_switch_on(struct box *box);
void box_switch_off(struct box *box);

/** Writes to files that have this in their name fail with ENOSPC; NULL: none do. */
void box_fail_writes(const char *name);

/** Who is attached to a stream; NULL: nobody */
struct tess_sink *box_sink(struct box *box, const char *stream);
/** To be called in the loop's thread: one unit, later by @p shift_us. */
void box_give(struct box *box, const char *stream, struct tess_au au, int64_t shift_us);
void box_bring_up(struct box *box, const char *stream, uint64_t epoch);
void box_take_away(struct box *box, const char *stream);
/** The units of [from, to) of the media. */
void box_feed(struct box *box, const char *stream, int64_t from_us, int64_t to_us);
bool box_is_ready(struct box *box, const char *stream);

/** A desired state, as text. */
void box_desire(struct box *box, const char *text);
/** What is told of a recording, a reference of the caller's; NULL: nothing */
json_t *box_fact(struct box *box, int64_t id);
const char *text_of(const json_t *json, const char *name);
int64_t number_of(const json_t *json, const char *name);
/** Let things go on until the recording's state is this; "none": it is not told of. */
void box_wait_for(struct box *box, int64_t id, const char *state);
/** Until so many fragments, of all recordings, are on disk. */
void box_wait_for_fragments(struct box *box, uint64_t count);
int box_open_file(struct box *box, int64_t id, int *fdp);
int box_open_named(struct box *box, int64_t id, const char *name, int *fdp);
/** Whether there is such a file in the record folder, and of this mode if that is not 0. */
bool box_exists(struct box *box, const char *path, mode_t mode);
/** It decodes without a complaint, and has so many pictures. */
void box_assert_plays(struct box *box, const char *path, unsigned pictures);

#endif
