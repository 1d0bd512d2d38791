/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/form.c - a query string or an application/x-www-form-urlencoded body.
 */
#include "firmware/control/cloud/form.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place a part that ends with a NUL; false when it is malformed or holds a NUL itself.
 */
static bool decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '%') {
			int high = hex_digit(text[1]);
			int low = high < 0 ? -1 : hex_digit(text[2]);

			if (low < 0 || !(high | low))
				return false;
			*to++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*to++ = (char)(*text == '+' ? ' ' : *text);
		}
	}
	*to = '\0';
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct tess_form_field *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int split(struct tess_form *form, struct tess_cloud_error *error)
{
	char *part = form->storage, *rest, *value;

	for (size_t i = 0; i < form->count; i++, part = rest) {
		rest = part + strcspn(part, "&");
		if (*rest)
			*rest++ = '\0';
		value = strchr(part, '=');
		if (!value)
			return tess_cloud_refuse(error, TESS_CLOUD_INVALID_PARAMETER,
						 "Url key and value should be splited by `=`.");
		*value++ = '\0';
		if (!decode(part) || !decode(value))
			return tess_cloud_refuse(error, TESS_CLOUD_INVALID_PARAMETER,
						 "The url is not encoded correctly.");
		form->fields[i].name = part;
		form->fields[i].value = value;
	}
	return 0;
}

int tess_form_parse(struct tess_form *form, const char *text, size_t length,
		    struct tess_cloud_error *error)
{
	size_t count = length ? 1 : 0;
	int err;

	memset(form, 0, sizeof(*form));
	for (size_t i = 0; i < length; i++) {
		if (!text[i])
			return tess_cloud_refuse(error, TESS_CLOUD_INVALID_PARAMETER,
						 "The url is not encoded correctly.");
		count += text[i] == '&';
	}
	if (count > TESS_FORM_MAX_FIELDS)
		return tess_cloud_refuse(error, TESS_CLOUD_INVALID_PARAMETER,
					 "More than %d parameters.", TESS_FORM_MAX_FIELDS);
	if (!count)
		return 0;
	form->count = count;
	form->fields = calloc(count, sizeof(*form->fields));
	form->storage = malloc(length + 1);
	if (!form->fields || !form->storage) {
		tess_form_free(form);
		return -ENOMEM;
	}
	memcpy(form->storage, text, length);
	form->storage[length] = '\0';
	err = split(form, error);
	if (!err) {
		qsort(form->fields, count, sizeof(*form->fields), compare);
		for (size_t i = 1; !err && i < count; i++) {
			if (!compare(&form->fields[i - 1], &form->fields[i]))
				err = tess_cloud_refuse(error, TESS_CLOUD_INVALID_PARAMETER,
							"The parameter `%.64s` is given twice.",
							form->fields[i].name);
		}
	}
	if (err)
		tess_form_free(form);
	return err;
}

void tess_form_free(struct tess_form *form)
{
	free(form->fields);
	free(form->storage);
	memset(form, 0, sizeof(*form));
}

const char *tess_form_get(const struct tess_form *form, const char *name)
{
	const struct tess_form_field key = {.name = name}, *found;

	found = form->count ? bsearch(&key, form->fields, form->count, sizeof(key), compare) : NULL;
	return found ? found->value : NULL;
}
