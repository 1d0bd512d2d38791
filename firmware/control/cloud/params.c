/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/params.c - the parameters of an action as a tree of JSON values.
 */
#include "firmware/control/cloud/params.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Bounds of a text before the parser allocates for it: how deep it nests and how many values it can
 * hold. It need not be valid JSON; what is not, the parser refuses.
 */
static int check_bounds(const char *text, size_t length)
{
	unsigned depth = 0, values = 0;
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		if (quoted) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				quoted = false;
			continue;
		}
		switch (text[i]) {
		case '"':
			quoted = true;
			break;
		case '{':
		case '[':
			values++;
			if (++depth > TESS_PARAMS_MAX_DEPTH)
				return -E2BIG;
			break;
		case '}':
		case ']':
			depth -= depth > 0;
			break;
		case ',':
			values++;
			break;
		default:
			break;
		}
		if (values > TESS_PARAMS_MAX_VALUES)
			return -E2BIG;
	}
	return 0;
}

void tess_params_remove_nulls(json_t *value)
{
	const char *name;
	size_t i;
	void *next;
	json_t *member;

	if (json_is_object(value)) {
		json_object_foreach_safe(value, next, name, member)
		{
			if (json_is_null(member))
				(void)json_object_del(value, name);
			else
				tess_params_remove_nulls(member);
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member) tess_params_remove_nulls(member);
	}
}

int tess_params_from_json(json_t **paramsp, const void *body, size_t length,
			  struct tess_cloud_error *error)
{
	json_t *params;

	if (check_bounds(length ? body : "", length))
		return tess_cloud_refuse(
			error, TESS_CLOUD_INVALID_PARAMETER,
			"The request body nests deeper than %d or has more than %d values.",
			TESS_PARAMS_MAX_DEPTH, TESS_PARAMS_MAX_VALUES);
	params = length ? json_loadb(body, length, JSON_REJECT_DUPLICATES, NULL) : json_object();
	if (!json_is_object(params)) {
		json_decref(params);
		return tess_cloud_refuse_zh(error, TESS_CLOUD_INVALID_PARAMETER,
					    "The request body is not a valid JSON object, as "
					    "content-type=application/json says.",
					    "对于指定content-type=application/"
					    "json协议下，请求内容不是合法的Json格式。");
	}
	tess_params_remove_nulls(params);
	*paramsp = params;
	return 0;
}

static bool is_common(const char *name)
{
	static const char *const common[] = {
		"Action",    "Version", "Region",   "Timestamp",       "Nonce",		"SecretId",
		"Signature", "Token",	"Language", "SignatureMethod", "RequestClient",
	};

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (!strcmp(name, common[i]))
			return true;
	}
	return false;
}

/* Is the path element an index? Its number without leading zeros is put in its place. */
static bool is_index(const char **element)
{
	const char *text = *element;

	if (!*text || text[strspn(text, "0123456789")])
		return false;
	while (text[0] == '0' && text[1])
		text++;
	*element = text;
	return true;
}

/* Indexes are members of an object until all are known. */
static int insert(json_t *object, const char *path, const char *value)
{
	char name[256], *rest = name, *element;
	unsigned depth = 0;
	json_t *member;

	if (strlen(path) >= sizeof(name))
		return -EINVAL;
	(void)stpcpy(name, path);
	for (;;) {
		const char *key;

		element = strsep(&rest, ".");
		if (!*element || ++depth > TESS_PARAMS_MAX_PATH)
			return -EINVAL;
		key = element;
		if (is_index(&key) && strlen(key) > 9)
			return -EINVAL;
		member = json_object_get(object, key);
		if (!rest) {
			if (member)
				return -EINVAL;
			/* no memory, or text that is not UTF-8 */
			return json_object_set_new(object, key, json_string(value)) ? -EINVAL : 0;
		}
		if (!member) {
			member = json_object();
			if (json_object_set_new(object, key, member))
				return -EINVAL;
		}
		if (!json_is_object(member))
			return -EINVAL;
		object = member;
	}
}

struct element {
	unsigned long index;
	json_t *value;
};

static int compare_elements(const void *a, const void *b)
{
	const struct element *left = a, *right = b;

	return (left->index > right->index) - (left->index < right->index);
}

/* An object whose members are all indexes as an array, a new reference. */
static int to_array(json_t **arrayp, json_t *object)
{
	struct element *elements;
	const char *name;
	size_t count = 0;
	json_t *member;
	int err = 0;

	elements = calloc(json_object_size(object), sizeof(*elements));
	*arrayp = json_array();
	if (!elements || !*arrayp)
		err = -ENOMEM;
	if (!err) {
		json_object_foreach(object, name, member) elements[count++] =
			(struct element){strtoul(name, NULL, 10), member};
		qsort(elements, count, sizeof(*elements), compare_elements);
	}
	for (size_t i = 0; !err && i < count; i++)
		err = json_array_append(*arrayp, elements[i].value) ? -ENOMEM : 0;
	free(elements);
	if (err)
		json_decref(*arrayp);
	return err;
}

/* Turns member objects of indexes into arrays, deepest first (at most TESS_PARAMS_MAX_PATH deep).
 */
static int make_arrays(json_t *object)
{
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		json_t *member = json_object_iter_value(at), *array, *element;
		size_t indexes = 0;
		const char *name;
		int err;

		if (!json_is_object(member))
			continue;
		err = make_arrays(member);
		if (err)
			return err;
		json_object_foreach(member, name, element) indexes += is_index(&name);
		if (!indexes)
			continue;
		if (indexes != json_object_size(member))
			return -EINVAL;
		err = to_array(&array, member);
		if (err)
			return err;
		if (json_object_iter_set_new(object, at, array))
			return -ENOMEM;
	}
	return 0;
}

int tess_params_from_form(json_t **paramsp, const struct tess_form *form,
			  struct tess_cloud_error *error)
{
	json_t *params;
	int err;

	params = json_object();
	if (!params)
		return -ENOMEM;
	for (size_t i = 0; i < form->count; i++) {
		const struct tess_form_field *field = &form->fields[i];

		if (is_common(field->name))
			continue;
		err = insert(params, field->name, field->value);
		if (err) {
			json_decref(params);
			return tess_cloud_refuse(
				error, TESS_CLOUD_INVALID_PARAMETER,
				"The parameter `%.64s` is malformed or contradicts another.",
				field->name);
		}
	}
	err = make_arrays(params);
	if (err) {
		json_decref(params);
		return err == -ENOMEM
			       ? err
			       : tess_cloud_refuse(error, TESS_CLOUD_INVALID_PARAMETER,
						   "A parameter has both names and indexes.");
	}
	*paramsp = params;
	return 0;
}

static int parse_int(int64_t *value, const char *text)
{
	const char *digits = text + (*text == '-');
	long long number;

	if (!*digits || digits[strspn(digits, "0123456789")])
		return -EINVAL;
	errno = 0;
	number = strtoll(text, NULL, 10);
	if (errno)
		return -EINVAL;
	*value = number;
	return 0;
}

int tess_params_int(int64_t *value, const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	if (!member)
		return -ENOENT;
	if (json_is_string(member))
		return parse_int(value, json_string_value(member));
	if (!json_is_integer(member))
		return -EINVAL;
	*value = json_integer_value(member);
	return 0;
}

int tess_params_text(const char **value, const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	if (!member)
		return -ENOENT;
	*value = json_string_value(member);
	return *value ? 0 : -EINVAL;
}

int tess_params_object(json_t **value, const json_t *object, const char *name)
{
	*value = json_object_get(object, name);
	if (!*value)
		return -ENOENT;
	return json_is_object(*value) ? 0 : -EINVAL;
}

int tess_params_array(json_t **value, const json_t *object, const char *name)
{
	*value = json_object_get(object, name);
	if (!*value)
		return -ENOENT;
	return json_is_array(*value) ? 0 : -EINVAL;
}
