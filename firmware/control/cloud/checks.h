/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/checks.h - collects what is wrong with the parameters of an action, so
 * that all that is missing is told before anything that is wrong, and that before what cannot be
 * done yet.
 */
#ifndef TESS_CLOUD_CHECKS_H
#define TESS_CLOUD_CHECKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/control/cloud/error.h"

/** The first fault of each kind; starts zeroed. */
struct tess_checks {
	struct tess_cloud_error missing, invalid;
};

/** An object of the parameters; a NULL object has no members and nothing is told of them. */
struct tess_section {
	struct tess_checks *checks;
	const json_t *object;
	char path[96]; /* for messages: "" or "EncodeParams." */
};

/** An integer; missing = TESS_CLOUD_CODE_BEFORE_FIRST: it may be absent. */
struct tess_number {
	const char *name;
	int64_t min, max;
	enum tess_cloud_code missing, invalid;
};

void tess_check_missing(const struct tess_section *section, const char *name,
			enum tess_cloud_code code);
void tess_check_invalid(const struct tess_section *section, const char *name,
			enum tess_cloud_code code, const char *expected);

/** The value, or @p absent when it is not there or not valid. */
int64_t tess_check_number(const struct tess_section *section, const struct tess_number *number,
			  int64_t absent);
/** A text, NULL when it is absent, empty (unless it is required) or not valid. */
const char *tess_check_text(const struct tess_section *section, const char *name,
			    enum tess_cloud_code missing, enum tess_cloud_code invalid);
/** A member object as a section of its own; its object is NULL when it is absent or no object. */
struct tess_section tess_check_object(const struct tess_section *section, const char *name,
				      enum tess_cloud_code missing, enum tess_cloud_code invalid);
/** An array, borrowed; NULL when it is absent, empty, no array or longer than @p max. */
const json_t *tess_check_array(const struct tess_section *section, const char *name, size_t max,
			       enum tess_cloud_code missing, enum tess_cloud_code invalid);
/** The verdict. @retval 0, -EINVAL *error is the fault to tell */
int tess_checks_end(const struct tess_checks *checks,
		    struct tess_cloud_error *error) TESS_MUST_CHECK;

#endif
