/* SPDX-License-Identifier: GPL-3.0-or-later
 * Lists of networks, and who is in them.
 */
#include "firmware/base/prefixes.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool in(const char *list, const char *text)
{
	union tess_addr address = {0};

	assert_true(tess_prefixes_valid(list));
	if (strchr(text, ':')) {
		address.in6.sin6_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text, &address.in6.sin6_addr), 1);
	} else {
		address.in.sin_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, text, &address.in.sin_addr), 1);
	}
	return tess_prefixes_have(list, &address);
}

static void test_membership(void **state)
{
	const char *list = "10.0.0.0/8, 192.0.2.7,fe80::/10, 172.16.0.0/12";

	(void)state;
	assert_true(in(list, "10.255.0.1"));
	assert_false(in(list, "11.0.0.1"));
	assert_true(in(list, "192.0.2.7"));
	assert_false(in(list, "192.0.2.6"));
	assert_true(in(list, "172.31.255.255"));
	assert_false(in(list, "172.32.0.0"));
	assert_true(in(list, "fe80::1"));
	assert_true(in(list, "febf::1"));
	assert_false(in(list, "fec0::1"));
	/* an IPv4 address in IPv6 clothes */
	assert_true(in(list, "::ffff:10.1.2.3"));
	assert_false(in(list, "::ffff:9.1.2.3"));
	/* networks of one family say nothing of the other */
	assert_false(in("0.0.0.0/0", "2001:db8::1"));
	assert_false(in("::/0", "192.0.2.1"));
	assert_true(in("::/0", "2001:db8::1"));
	assert_true(in("0.0.0.0/0", "192.0.2.1"));
	assert_false(in("", "192.0.2.1"));
}

static void test_validity(void **state)
{
	static const char *const bad[] = {
		"10.0.0.0/33", "10.0.0/8", "::/129",	      "10.0.0.0/", "10.0.0.0/-1",
		"10.0.0.0/8x", ",",	   "10.0.0.0/8,,::1", "host.name", "10.0.0.1 10.0.0.2"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (tess_prefixes_valid(bad[i]))
			fail_msg("taken: %s", bad[i]);
	assert_true(tess_prefixes_valid(""));
	assert_true(tess_prefixes_valid(" 10.0.0.0/8 , ::1 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_membership),
		cmocka_unit_test(test_validity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
