/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/import.h - what egress tells of recordings, into the store.
 */
#ifndef TESS_CONTROL_JOBS_IMPORT_H
#define TESS_CONTROL_JOBS_IMPORT_H

#include <jansson.h>

#include "firmware/control/control.h"

/** An ended recording that egress does not tell of for so long is lost. */
#define TESS_IMPORT_LOST_US 10000000

/** What an importer remembers between the messages of one life of egress. */
struct tess_import {
	json_t *acknowledged; /* ids: told as over and stored so */
	json_t *missing;      /* id -> monotonic time when it was first not told of */
	int64_t meter_us;     /* monotonic: when recorded time is next added up */
	bool meter;	      /* ... which is with this message */
};

int tess_import_init(struct tess_import *import) TESS_MUST_CHECK; /* -ENOMEM */
/** Egress went away: begin anew. */
int tess_import_reset(struct tess_import *import) TESS_MUST_CHECK;
void tess_import_fini(struct tess_import *import);

/**
 * Take the records of a facts message in one transaction.
 * @retval 1 the desired state of egress is another one now, 0 not, or an error of the store
 */
int tess_import_records(struct tess_import *import, struct tess_control *control,
			const json_t *message) TESS_MUST_CHECK;

#endif
