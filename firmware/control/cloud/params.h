/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/params.h - the parameters of an action as a tree of JSON values, from a
 * JSON body or from dotted names, and the reading of them by type.
 *
 * JSON null counts as absent. Values from dotted names are all texts; so an integer may also be
 * written as text, whichever way it came.
 */
#ifndef TESS_CLOUD_PARAMS_H
#define TESS_CLOUD_PARAMS_H

#include <jansson.h>
#include <stdint.h>

#include "firmware/control/cloud/form.h"

#define TESS_PARAMS_MAX_DEPTH  32    /* nested objects and arrays of a body */
#define TESS_PARAMS_MAX_VALUES 65536 /* of a body */
#define TESS_PARAMS_MAX_PATH   8     /* elements of a dotted name */

/**
 * Parse a body; an empty one is {}. A member given twice is refused.
 * @retval 0 *paramsp is an object, a new reference, -EINVAL refused, see *error
 */
int tess_params_from_json(json_t **paramsp, const void *body, size_t length,
			  struct tess_cloud_error *error) TESS_MUST_CHECK;
/**
 * Build the tree of dotted names: A.B=1 is member B of object A, A.3=x an element of array A (in
 * the order of their numbers, which may have gaps). Common parameters (Action, Signature, ...) are
 * left out.
 * @retval 0 *paramsp is an object, a new reference, -EINVAL refused, see *error, -ENOMEM
 */
int tess_params_from_form(json_t **paramsp, const struct tess_form *form,
			  struct tess_cloud_error *error) TESS_MUST_CHECK;

/** Members that are null go, of all objects in it, as deep as it is; elements of arrays stay. */
void tess_params_remove_nulls(json_t *value);
/** An integer: 123 or "123". @retval 0, -ENOENT absent, -EINVAL of another type or out of int64's
 * range */
int tess_params_int(int64_t *value, const json_t *object, const char *name) TESS_MUST_CHECK;
/** A text; *value lives as long as the object. @retval 0, -ENOENT, -EINVAL */
int tess_params_text(const char **value, const json_t *object, const char *name) TESS_MUST_CHECK;
/** A member object or array, a borrowed reference. @retval 0, -ENOENT, -EINVAL */
int tess_params_object(json_t **value, const json_t *object, const char *name) TESS_MUST_CHECK;
int tess_params_array(json_t **value, const json_t *object, const char *name) TESS_MUST_CHECK;

#endif
