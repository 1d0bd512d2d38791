/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/form.h - a query string or an application/x-www-form-urlencoded body.
 */
#ifndef TESS_CLOUD_FORM_H
#define TESS_CLOUD_FORM_H

#include <stddef.h>

#include "firmware/control/cloud/error.h"

#define TESS_FORM_MAX_FIELDS 2048

struct tess_form_field {
	const char *name, *value; /* decoded */
};

struct tess_form {
	struct tess_form_field *fields; /* in byte order of their names, which are unique */
	size_t count;
	char *storage;
};

/**
 * Decode (%XX and '+' for a blank) and sort.
 * @retval 0 *form is the caller's to free, -EINVAL refused, see *error, -ENOMEM
 */
int tess_form_parse(struct tess_form *form, const char *text, size_t length,
		    struct tess_cloud_error *error) TESS_MUST_CHECK;
void tess_form_free(struct tess_form *form); /* leaves it empty; accepts an empty one */
/** The value of a field, NULL when it is not there. */
const char *tess_form_get(const struct tess_form *form, const char *name);

#endif
