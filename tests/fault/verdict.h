/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the recording must be like after all that happened to it.
 */
#ifndef TESS_FAULT_VERDICT_H
#define TESS_FAULT_VERDICT_H

#include <jansson.h>
#include <stdbool.h>

#include "tests/fault/world.h"

/** Time in which media may be missing. */
struct excuse {
	int64_t from_us, to_us;
};

/**
 * The finished file at RECORD_DIR/path of these facts decodes without a complaint and holds the
 * world's units from its begin to its end, each at its time and of its size, but for those that are
 * missing in one of its marked gaps; and each gap is within an excuse. @return how many units are
 * missing
 */
unsigned verdict_content(const struct world *world, const char *record_dir, const json_t *facts,
			 const struct excuse *excuses, unsigned count);

/**
 * The same of each format that the facts name, over all its parts. AAC, which has no times, holds
 * the sound that the others hold; without others and without gaps, the world's.
 */
void verdict_formats(const struct world *world, const char *record_dir, const json_t *facts,
		     const struct excuse *excuses, unsigned count);
/** On disk is what the facts name, what a playlist lists, and a journal for each part; no more. */
void verdict_no_orphan(const char *record_dir, const json_t *facts);

#endif
