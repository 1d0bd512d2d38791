/* SPDX-License-Identifier: GPL-3.0-or-later
 * JSON in tests, written with ' for ".
 */
#include "json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_headers.h"

json_t *json_of(const char *text)
{
	char *copy = strdup(text);
	json_error_t error;
	json_t *value;

	assert_non_null(copy);
	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	value = json_loads(copy, JSON_DECODE_ANY, &error);
	if (!value)
		fail_msg("%s in %s", error.text, text);
	free(copy);
	return value;
}

void assert_json(const json_t *value, const char *text)
{
	json_t *expected = json_of(text);

	if (!json_equal(value, expected)) {
		char *got = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		fail_msg("got %s, expected %s", got ? got : "nothing", text);
	}
	json_decref(expected);
}

void json_patch(json_t *object, json_t *patch)
{
	const char *name;
	json_t *value;

	json_object_foreach(patch, name, value)
	{
		json_t *member = json_object_get(object, name);

		if (json_is_null(value))
			(void)json_object_del(object, name);
		else if (json_is_object(value) && json_is_object(member))
			json_patch(member, value);
		else
			assert_int_equal(json_object_set(object, name, value), 0);
	}
}
