/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/found.h - recordings that lie on disk and have no row: after the database
 * was lost, or a disk was copied. Finished files are looked for when control starts and when
 * somebody asks for it; what egress still has journals of, it tells itself (import.h).
 *
 * Control reads names alone; egress looks into the files and links them (an order "inspect").
 */
#ifndef TESS_CONTROL_JOBS_FOUND_H
#define TESS_CONTROL_JOBS_FOUND_H

#include <jansson.h>

#include "firmware/base/loop.h"
#include "firmware/control/control.h"

/** What a name of a file of ours says: PREFIX_START_END.SUFFIX. */
struct tess_found_name {
	char prefix[TESS_STREAM_NAME_MAX + 1];
	char format[8];
	int64_t start_us, end_us; /* in the time zone of the process */
};

/** @retval 0, -EINVAL it is no name of a finished file */
int tess_found_name(struct tess_found_name *out, const char *name) TESS_MUST_CHECK;
/** Of the folder of an application or area. @retval 0, -ENOENT there is none of this number */
int tess_found_owner(struct tess_control *control, int64_t folder, uint32_t *application,
		     int64_t *area) TESS_MUST_CHECK;
/** What is on disk from an earlier store shall not meet new ids: when the store is new and the
 * folder of recordings is not empty, ids begin with the seconds of UTC. @retval 0, or an error */
int tess_found_first_id(struct tess_control *control) TESS_MUST_CHECK;

/** Sets control->found, and looks. @retval 0, -ENOMEM */
int tess_found_start(struct tess_control *control, struct tess_loop *loop) TESS_MUST_CHECK;
void tess_found_stop(struct tess_control *control);
/** Look again. */
void tess_found_scan(struct tess_control *control);
/** Files that were found, and have rows now, since control started. */
unsigned tess_found_count(const struct tess_control *control);
/** Add the orders for egress to an array. */
void tess_found_orders(const struct tess_control *control, json_t *orders);
/** What egress tells of its orders. @retval 1 the orders are others now, 0 not */
int tess_found_told(struct tess_control *control, const json_t *told);

#endif
