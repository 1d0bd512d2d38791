/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/records.h - all recordings of the box, made equal to what control desires.
 *
 * At its start it brings back what an earlier life left in egress.record_dir; those recordings go
 * on as soon as control's desired state lists them, and are finished when it does not. A recording
 * that was lost sight of is never deleted.
 *
 *   record_dir/APP/PREFIX_START.mp4 ..., .journal    while a part runs (record_file.h)
 *   record_dir/APP/PREFIX_START_END.mp4 ..., PREFIX_START.journal   until control has stored it
 *   record_dir/by-id/ID/NAME -> ../../APP/NAME       from then on (record_links.h)
 *
 * Threads: the loop's; the disk is written by one thread of its own, so nothing here waits for it.
 */
#ifndef TESS_EGRESS_RECORDS_H
#define TESS_EGRESS_RECORDS_H

#include <jansson.h>

#include "firmware/base/config.h"
#include "firmware/base/loop.h"
#include "firmware/egress/sink.h"
#include "hal/clock.h"

struct tess_records;

/**
 * Open config->egress.record_dir (made if it is not there) and recover what it holds. Blocks for
 * the disk, as nothing else runs yet. @p streams and @p clock must outlive it.
 * @retval 0, -ENOMEM, -EBUSY another process uses the folder, or another negative errno of the
 * system
 */
int tess_records_alloc(struct tess_records **recordsp, struct tess_loop *loop,
		       struct tess_streams *streams, const struct tess_clock *clock,
		       const struct tess_config *config) TESS_MUST_CHECK;
/**
 * What was received goes to disk; recordings are not finished, they go on when the process is back.
 * Accepts NULL.
 */
void tess_records_free(struct tess_records *records);
/** Called when facts have changed, soon after it; from the loop, never from within another call. */
void tess_records_on_change(struct tess_records *records, void (*changed)(void *arg), void *arg);

/** Take members records, acknowledged, deleted and time_zone of a "desired" message
 * (docs/links.md). */
void tess_records_set_desired(struct tess_records *records, const json_t *desired);
/** The "records" array of facts; the caller's reference. NULL: no memory */
json_t *tess_records_facts(const struct tess_records *records);

struct tess_records_counters {
	uint64_t fragments;	/* committed */
	uint64_t bytes;		/* of media committed */
	uint64_t units_late;	/* access units not after their track's last one */
	uint64_t units_no_key;	/* video without a key frame to begin with */
	uint64_t units_refused; /* not storable: too large, damaged, or of a track that the file has
				   not */
	uint64_t write_errors;	/* of the disk, each retried */
};
void tess_records_counters(const struct tess_records *records,
			   struct tess_records_counters *counters);

/**
 * Open a file of a recording for reading, finished or still growing. @p name: of a file, or of one
 * in a folder of segments, FOLDER/NAME; NULL: of the first MP4, or the first file of one that runs.
 * Any text may be given. *folderp becomes the number of its folder.
 * @retval 0 *fdp is the caller's; -ENOENT; or another negative errno
 */
int tess_records_open(const struct tess_records *records, int64_t id, const char *name, int *fdp,
		      int64_t *folderp) TESS_MUST_CHECK;

#endif
