/* SPDX-License-Identifier: GPL-3.0-or-later
 * Times as text.
 */
#include "firmware/control/api/call.h"

#include <errno.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"

static void expect(const char *text, int64_t utc_us)
{
	int64_t got = -1;

	if (tess_time_parse(&got, text))
		fail_msg("%s was refused", text);
	assert_int_equal(got, utc_us);
}

static void refused(const char *text)
{
	int64_t got;

	if (tess_time_parse(&got, text) != -EINVAL)
		fail_msg("%s was taken", text);
}

static void test_parse(void **state)
{
	(void)state;
	expect("2023-11-14T22:13:20Z", 1700000000000000);
	expect("2023-11-14T22:13:20.25Z", 1700000000250000);
	expect("2023-11-14T22:13:20.123456789Z", 1700000000123456);
	expect("2023-11-15T06:13:20+08:00", 1700000000000000);
	expect("2023-11-15T06:13:20 08:00", 1700000000000000); /* as a query decodes it */
	expect("2023-11-14T17:43:20-04:30", 1700000000000000);
	expect("1970-01-01T00:00:00Z", 0);
	refused("");
	refused("2023-11-14");
	refused("2023-11-14T22:13:20");
	refused("2023-11-14T22:13:20X");
	refused("2023-11-14T22:13:20Zx");
	refused("2023-13-14T22:13:20Z");
	refused("2023-11-14T22:13:20+8:00");
	refused("2023-11-14T22:13:20+08:60");
	refused("1700000000");
	refused("2023-11-14T22:13:20.00000000000000000000000000Z");
}

static void test_write(void **state)
{
	json_t *json;

	(void)state;
	json = tess_time_json(1700000000123456);
	assert_json(json, "'2023-11-14T22:13:20.123Z'");
	json_decref(json);
	json = tess_time_json(0);
	assert_true(json_is_null(json));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
