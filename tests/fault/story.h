/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a test of one recording needs around its lives: folders, the world, and a way to run a life
 * to its end.
 */
#ifndef TESS_FAULT_STORY_H
#define TESS_FAULT_STORY_H

#include <jansson.h>

#include "tests/fault/world.h"

#define BEGIN_US  10000000
#define LENGTH_US 4200000

struct story {
	char dir[256], record_dir[300], state_path[300];
	struct world world;
};

/** Of a group of tests: *state is a struct story. */
int set_up(void **state);
int tear_down(void **state);
/** No recording, and the world at BEGIN_US. */
void begin_anew(struct story *story);
/**
 * A life with these options that ends by a crash or with a finished recording at @p until_us.
 * @return the exit status; *facts is the finished recording's or NULL
 */
int live_until(const struct story *story, json_t **facts, int64_t until_us, const char *options);

#endif
