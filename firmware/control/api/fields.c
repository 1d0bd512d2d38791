/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/fields.c - reading the members of a body and the parameters of a query, with
 * refusals that name them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/api/call.h"

/* The refusal was answered; only a failure to do so counts more. */
#define REFUSE(...) (tess_call_invalid(__VA_ARGS__) ? -ENOMEM : -EINVAL)

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static json_t *member(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, last_part(name));

	return json_is_null(value) ? NULL : value;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool is_among(const char *choices, const char *text)
{
	size_t length = strlen(text);
	const char *at = choices;

	if (!length || strchr(text, ' '))
		return false;
	while ((at = strstr(at, text))) {
		if ((at == choices || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
		at += length;
	}
	return false;
}

int tess_field_text(struct tess_call *call, const json_t *object, const char *name, size_t min,
		    size_t max, const char **value)
{
	const json_t *found = member(object, name);
	size_t length;

	if (!found)
		return 0;
	if (!json_is_string(found))
		return REFUSE(call, name, "%s must be a text.", name);
	length = json_string_length(found);
	if (length < min || length > max)
		return REFUSE(call, name, "%s must have %zu to %zu bytes.", name, min, max);
	if (!is_plain(json_string_value(found)))
		return REFUSE(call, name, "%s must not have control characters.", name);
	*value = json_string_value(found);
	return 1;
}

int tess_field_int(struct tess_call *call, const json_t *object, const char *name, int64_t min,
		   int64_t max, int64_t *value)
{
	const json_t *found = member(object, name);

	if (!found)
		return 0;
	if (!json_is_integer(found))
		return REFUSE(call, name, "%s must be an integer.", name);
	if (json_integer_value(found) < min || json_integer_value(found) > max)
		return REFUSE(call, name, "%s must be %" PRId64 " to %" PRId64 ".", name, min, max);
	*value = json_integer_value(found);
	return 1;
}

int tess_field_bool(struct tess_call *call, const json_t *object, const char *name, bool *value)
{
	const json_t *found = member(object, name);

	if (!found)
		return 0;
	if (!json_is_boolean(found))
		return REFUSE(call, name, "%s must be true or false.", name);
	*value = json_is_true(found);
	return 1;
}

int tess_field_choice(struct tess_call *call, const json_t *object, const char *name,
		      const char *choices, const char **value)
{
	const json_t *found = member(object, name);

	if (!found)
		return 0;
	if (!json_is_string(found) || !is_among(choices, json_string_value(found)))
		return REFUSE(call, name, "%s must be one of: %s.", name, choices);
	*value = json_string_value(found);
	return 1;
}

int tess_field_object(struct tess_call *call, const json_t *object, const char *name,
		      json_t **value)
{
	json_t *found = member(object, name);

	if (!found)
		return 0;
	if (!json_is_object(found))
		return REFUSE(call, name, "%s must be an object.", name);
	*value = found;
	return 1;
}

int tess_field_required(struct tess_call *call, const char *name, int found)
{
	if (found)
		return found;
	if (tess_call_error(call, 400, "missing_parameter", name, "%s is required.", name))
		return -ENOMEM;
	return -EINVAL;
}

int tess_fields_only(struct tess_call *call, const json_t *object, const char *prefix,
		     const char *names)
{
	const char *name;
	json_t *value;
	char field[80];

	json_object_foreach((json_t *)object, name, value)
	{
		if (is_among(names, name))
			continue;
		snprintf(field, sizeof(field), "%s%.60s", prefix, name);
		return REFUSE(call, field, "%s is not known.", field);
	}
	return 1;
}

static int parse_int(const char *text, int64_t min, int64_t max, int64_t *value)
{
	char *end;

	if (*text != '-' && (*text < '0' || *text > '9'))
		return -EINVAL;
	errno = 0;
	*value = strtoll(text, &end, 10);
	return errno || *end || *value < min || *value > max ? -EINVAL : 0;
}

int tess_query_param_int(struct tess_call *call, const char *name, int64_t min, int64_t max,
			 int64_t *value)
{
	const char *text = tess_form_get(&call->query, name);

	if (!text)
		return 0;
	if (parse_int(text, min, max, value))
		return REFUSE(call, name, "%s must be %" PRId64 " to %" PRId64 ".", name, min, max);
	return 1;
}

int tess_query_param_choice(struct tess_call *call, const char *name, const char *choices,
			    const char **value)
{
	const char *text = tess_form_get(&call->query, name);

	if (!text)
		return 0;
	if (!is_among(choices, text))
		return REFUSE(call, name, "%s must be one of: %s.", name, choices);
	*value = text;
	return 1;
}

int tess_query_param_time(struct tess_call *call, const char *name, int64_t *utc_us)
{
	const char *text = tess_form_get(&call->query, name);

	if (!text)
		return 0;
	if (tess_time_parse(utc_us, text))
		return REFUSE(call, name, "%s must be a time such as 2026-03-01T12:00:00Z.", name);
	return 1;
}

int tess_path_id(struct tess_call *call, unsigned index, const char *what, int64_t *id)
{
	if (!parse_int(call->params[index], 1, INT64_MAX, id))
		return 1;
	return tess_call_missing(call, what) ? -ENOMEM : -EINVAL;
}

int tess_call_done(int rc)
{
	return rc == -EINVAL ? 0 : rc;
}
