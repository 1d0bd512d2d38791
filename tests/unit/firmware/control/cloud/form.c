/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/form.c.
 */
#include "firmware/control/cloud/form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_headers.h"

static void test_decode(void **state)
{
	const char *text = "b=%E4%BD%A0+x&a.10=1%2b2&a.2=&A=x%3dy=z&c=%7e";
	struct tess_cloud_error error;
	struct tess_form form;

	(void)state;
	assert_int_equal(tess_form_parse(&form, text, strlen(text), &error), 0);
	assert_int_equal(form.count, 5);
	assert_string_equal(form.fields[0].name, "A");
	assert_string_equal(form.fields[1].name, "a.10");
	assert_string_equal(form.fields[2].name, "a.2");
	assert_string_equal(tess_form_get(&form, "A"), "x=y=z");
	assert_string_equal(tess_form_get(&form, "a.10"), "1+2");
	assert_string_equal(tess_form_get(&form, "a.2"), "");
	assert_string_equal(tess_form_get(&form, "b"), "\xe4\xbd\xa0 x");
	assert_string_equal(tess_form_get(&form, "c"), "~");
	assert_null(tess_form_get(&form, "a"));
	tess_form_free(&form);
	assert_int_equal(tess_form_parse(&form, NULL, 0, &error), 0);
	assert_int_equal(form.count, 0);
	assert_null(tess_form_get(&form, "a"));
	tess_form_free(&form);
}

static void refused(const char *text, size_t length, const char *message)
{
	struct tess_cloud_error error;
	struct tess_form form;

	assert_int_equal(tess_form_parse(&form, text, length, &error), -EINVAL);
	assert_int_equal(error.code, TESS_CLOUD_INVALID_PARAMETER);
	assert_string_equal(error.message, message);
}

static void test_refused(void **state)
{
	static const char split[] = "Url key and value should be splited by `=`.";
	static const char encoding[] = "The url is not encoded correctly.";
	char *many;

	(void)state;
	refused("a=1&b", 5, split);
	refused("a", 1, split);
	refused("&a=1", 4, split);
	refused("a=1&", 4, split);
	refused("a=1&&b=2", 8, split);
	refused("a=%", 3, encoding);
	refused("a=%4", 4, encoding);
	refused("a=%g0", 5, encoding);
	refused("a=%0g", 5, encoding);
	refused("%zz=1", 5, encoding);
	refused("a=%00", 5, encoding);
	refused("a=\0b", 4, encoding);
	/* what follows the text in memory is not read */
	refused("a=%41", 4, encoding);
	refused("a=1&%61=2", 9, "The parameter `a` is given twice.");
	many = malloc(8 * (TESS_FORM_MAX_FIELDS + 1));
	assert_non_null(many);
	memset(many, '&', 8 * (TESS_FORM_MAX_FIELDS + 1));
	refused(many, TESS_FORM_MAX_FIELDS, "More than 2048 parameters.");
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
