/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/import_files.h - the finished files that egress tells of, into the index.
 */
#ifndef TESS_CONTROL_JOBS_IMPORT_FILES_H
#define TESS_CONTROL_JOBS_IMPORT_FILES_H

#include <jansson.h>

#include "firmware/control/control.h"

/**
 * Take the files of a recording that are finished, each once, with its callback; within a
 * transaction. @p recording is as it is stored after this fact.
 * @retval 0, or an error of the store
 */
int tess_import_files(struct tess_control *control, const struct tess_recording *recording,
		      const json_t *fact) TESS_MUST_CHECK;

#endif
