/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/removals.h - removes single finished files of recordings that stay (deleted_files
 * in docs/links.md).
 */
#ifndef TESS_EGRESS_REMOVALS_H
#define TESS_EGRESS_REMOVALS_H

#include <jansson.h>
#include <stdbool.h>

/** So many files are unlinked in one step: the loop serves others between two of them. */
#define TESS_REMOVALS_A_STEP 128

/**
 * Remove some of the files that are wanted gone; a file that control has not acknowledged the
 * recording of yet stays. Blocks as long as TESS_REMOVALS_A_STEP unlinks.
 * @param record_dir the folder of recordings
 * @param wanted     the array of the link; what is not one is nothing
 * @param more       set when there is more to remove at once
 * @return those of it that are gone, a new reference; NULL when out of memory
 */
json_t *tess_removals_step(const char *record_dir, const json_t *wanted, bool *more);

#endif
