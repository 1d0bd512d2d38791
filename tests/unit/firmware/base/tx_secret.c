/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/base/tx_secret by published vectors.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/tx_secret.h"

#define KEY	 "e12c46f2612d5106e2034781ab261ca3"
#define TEST	 "txSecret=f85a2ab363fe4deaffef9754d79da6fe&txTime=5C271099"
#define TEST_S	 0x5C271099LL
#define OTHER	 "stream1001"
#define OTHER_OK "txSecret=48282d6cc22015d7306f1ead1f2be095&txTime=6553f100"

static int check(const char *key, const char *back_key, const char *stream, const char *query,
		 int64_t delta_s, int64_t now_s)
{
	return tess_tx_check(key, back_key, stream, query, delta_s, now_s * 1000000);
}

static void test_vectors(void **state)
{
	char secret[TESS_TX_SECRET_SIZE], query[TESS_TX_QUERY_SIZE];

	(void)state;
	assert_int_equal(tess_tx_secret(secret, KEY, "test", "5C271099"), 0);
	assert_string_equal(secret, "f85a2ab363fe4deaffef9754d79da6fe");
	assert_int_equal(tess_tx_secret(secret, KEY, OTHER, "6553f100"), 0);
	assert_string_equal(secret, "48282d6cc22015d7306f1ead1f2be095");
	assert_int_equal(tess_tx_query(query, KEY, "test", TEST_S), 0);
	assert_string_equal(query, TEST);
	assert_int_equal(check(KEY, "", "test", TEST, 0, TEST_S - 100), 0);
	assert_int_equal(check(KEY, "", OTHER, OTHER_OK, 0, 0x6553f100), 0);
}

static void test_time(void **state)
{
	char secret[TESS_TX_SECRET_SIZE], query[160];

	(void)state;
	/* the last good second is until + delta */
	assert_int_equal(check(KEY, "", "test", TEST, 0, TEST_S), 0);
	assert_int_equal(check(KEY, "", "test", TEST, 0, TEST_S + 1), -EACCES);
	assert_int_equal(check(KEY, "", "test", TEST, 300, TEST_S + 300), 0);
	assert_int_equal(check(KEY, "", "test", TEST, 300, TEST_S + 301), -EACCES);
	/* ten digits that begin with 1 are decimal: as hexadecimal they would last for ever */
	assert_int_equal(tess_tx_secret(secret, KEY, "test", "1700000000"), 0);
	(void)snprintf(query, sizeof(query), "txTime=1700000000&txSecret=%s", secret);
	assert_int_equal(check(KEY, "", "test", query, 0, 1700000000), 0);
	assert_int_equal(check(KEY, "", "test", query, 0, 1700000001), -EACCES);
	/* nine digits, and ten with a letter, are hexadecimal */
	assert_int_equal(tess_tx_secret(secret, KEY, "test", "100000000"), 0);
	(void)snprintf(query, sizeof(query), "txTime=100000000&txSecret=%s", secret);
	assert_int_equal(check(KEY, "", "test", query, 0, 0x100000000), 0);
	assert_int_equal(check(KEY, "", "test", query, 0, 0x100000001), -EACCES);
	assert_int_equal(tess_tx_secret(secret, KEY, "test", "170000000a"), 0);
	(void)snprintf(query, sizeof(query), "txTime=170000000a&txSecret=%s", secret);
	assert_int_equal(check(KEY, "", "test", query, 0, 1700000001), 0);
	/* no times at all, signed well */
	assert_int_equal(tess_tx_secret(secret, KEY, "test", "soon"), 0);
	(void)snprintf(query, sizeof(query), "txTime=soon&txSecret=%s", secret);
	assert_int_equal(check(KEY, "", "test", query, 0, 0), -EACCES);
	assert_int_equal(tess_tx_secret(secret, KEY, "test", "fffffffffffff"), 0);
	(void)snprintf(query, sizeof(query), "txTime=fffffffffffff&txSecret=%s", secret);
	assert_int_equal(check(KEY, "", "test", query, 0, 0), -EACCES);
}

static void test_keys(void **state)
{
	char secret[TESS_TX_SECRET_SIZE], query[160];

	(void)state;
	assert_int_equal(check("another", KEY, "test", TEST, 0, TEST_S), 0);
	assert_int_equal(check("another", "third", "test", TEST, 0, TEST_S), -EACCES);
	assert_int_equal(check("", KEY, "test", TEST, 0, TEST_S), 0);
	/* an empty key is none: nobody gets in by signing with it */
	assert_int_equal(tess_tx_secret(secret, "", "test", "5C271099"), 0);
	(void)snprintf(query, sizeof(query), "txSecret=%s&txTime=5C271099", secret);
	assert_int_equal(check(KEY, "", "test", query, 0, TEST_S), -EACCES);
	assert_int_equal(check("", "", "test", query, 0, TEST_S), -EACCES);
}

static void test_queries(void **state)
{
	static const char *const bad[] = {
		"",
		"txTime=5C271099",
		"txSecret=f85a2ab363fe4deaffef9754d79da6fe",
		"txSecret=&txTime=",
		"txSecret=f85a2ab363fe4deaffef9754d79da6fe&txTime=5c271099", /* hashed as written */
		"txSecret=F85A2AB363FE4DEAFFEF9754D79DA6FE&txTime=5C271099",
		"txSecret=f85a2ab363fe4deaffef9754d79da6ff&txTime=5C271099",
		"txSecret=f85a2ab363fe4deaffef9754d79da6f&txTime=5C271099",
		"txSecret=f85a2ab363fe4deaffef9754d79da6fe0&txTime=5C271099",
		"xtxSecret=f85a2ab363fe4deaffef9754d79da6fe&txTime=5C271099",
		"txsecret=f85a2ab363fe4deaffef9754d79da6fe&txTime=5C271099",
		/* the first of a name counts */
		"txTime=5C271098&txSecret=f85a2ab363fe4deaffef9754d79da6fe&txTime=5C271099",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(check(KEY, KEY, "test", bad[i], 0, TEST_S), -EACCES);
	assert_int_equal(check(KEY, "", "other", TEST, 0, TEST_S), -EACCES);
	assert_int_equal(check(KEY, "", "test",
			       "a=1&txTime=5C271099&b&&txSecret=f85a2ab363fe4deaffef9754d79da6fe&c="
			       "txTime=1",
			       0, TEST_S),
			 0);
	assert_int_equal(check(KEY, "", "test", TEST "&txTime=1", 0, TEST_S), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
