/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/checks.c - collects what is wrong with the parameters of an action.
 */
#include "firmware/control/cloud/checks.h"

#include <errno.h>
#include <stdio.h>

#include "firmware/control/cloud/params.h"

static bool is_free(const struct tess_cloud_error *fault)
{
	return fault->code == TESS_CLOUD_CODE_BEFORE_FIRST;
}

static void blame(struct tess_cloud_error *fault, const struct tess_section *section,
		  const char *name)
{
	(void)snprintf(fault->parameter, sizeof(fault->parameter), "%s%s", section->path, name);
}

void tess_check_missing(const struct tess_section *section, const char *name,
			enum tess_cloud_code code)
{
	struct tess_cloud_error *fault = &section->checks->missing;

	if (is_free(fault)) {
		(void)tess_cloud_refuse(fault, code,
					"The request is missing a required parameter `%s%s`.",
					section->path, name);
		blame(fault, section, name);
	}
}

void tess_check_invalid(const struct tess_section *section, const char *name,
			enum tess_cloud_code code, const char *expected)
{
	struct tess_cloud_error *fault = &section->checks->invalid;

	if (is_free(fault)) {
		(void)tess_cloud_refuse(fault, code,
					"The value of parameter `%s%s` is not valid: %s.",
					section->path, name, expected);
		blame(fault, section, name);
	}
}

int64_t tess_check_number(const struct tess_section *section, const struct tess_number *number,
			  int64_t absent)
{
	char expected[80];
	int64_t value;

	if (!section->object)
		return absent;
	switch (tess_params_int(&value, section->object, number->name)) {
	case 0:
		if (value >= number->min && value <= number->max)
			return value;
		break;
	case -ENOENT:
		if (number->missing != TESS_CLOUD_CODE_BEFORE_FIRST)
			tess_check_missing(section, number->name, number->missing);
		return absent;
	default:
		break;
	}
	(void)snprintf(expected, sizeof(expected), "an integer from %lld to %lld is expected",
		       (long long)number->min, (long long)number->max);
	tess_check_invalid(section, number->name, number->invalid, expected);
	return absent;
}

const char *tess_check_text(const struct tess_section *section, const char *name,
			    enum tess_cloud_code missing, enum tess_cloud_code invalid)
{
	bool required = missing != TESS_CLOUD_CODE_BEFORE_FIRST;
	const char *text;

	if (!section->object)
		return NULL;
	switch (tess_params_text(&text, section->object, name)) {
	case 0:
		return *text || required ? text : NULL;
	case -ENOENT:
		if (required)
			tess_check_missing(section, name, missing);
		return NULL;
	default:
		tess_check_invalid(section, name, invalid, "a text is expected");
		return NULL;
	}
}

struct tess_section tess_check_object(const struct tess_section *section, const char *name,
				      enum tess_cloud_code missing, enum tess_cloud_code invalid)
{
	struct tess_section member = {.checks = section->checks};
	json_t *object;

	(void)snprintf(member.path, sizeof(member.path), "%.63s%.31s.", section->path, name);
	if (!section->object)
		return member;
	switch (tess_params_object(&object, section->object, name)) {
	case 0:
		member.object = object;
		break;
	case -ENOENT:
		if (missing != TESS_CLOUD_CODE_BEFORE_FIRST)
			tess_check_missing(section, name, missing);
		break;
	default:
		tess_check_invalid(section, name, invalid, "an object is expected");
		break;
	}
	return member;
}

const json_t *tess_check_array(const struct tess_section *section, const char *name, size_t max,
			       enum tess_cloud_code missing, enum tess_cloud_code invalid)
{
	char expected[80];
	json_t *array;
	int err;

	if (!section->object)
		return NULL;
	err = tess_params_array(&array, section->object, name);
	if (err == -ENOENT || (!err && !json_array_size(array))) {
		if (missing != TESS_CLOUD_CODE_BEFORE_FIRST)
			tess_check_missing(section, name, missing);
		return NULL;
	}
	if (!err && json_array_size(array) <= max)
		return array;
	(void)snprintf(expected, sizeof(expected), "an array of at most %zu is expected", max);
	tess_check_invalid(section, name, invalid, expected);
	return NULL;
}

int tess_checks_end(const struct tess_checks *checks, struct tess_cloud_error *error)
{
	if (!is_free(&checks->missing))
		*error = checks->missing;
	else if (!is_free(&checks->invalid))
		*error = checks->invalid;
	else
		return 0;
	return -EINVAL;
}
