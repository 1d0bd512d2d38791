/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/token. The signature was made by the openssl program.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/egress/token.h"

#define KEY  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SIGN "e2cb6762cdb27ebe429d0441e86d627960ee2634b0156674bb1625151adfcaa9"
#define UTC  INT64_C(1699999999000000)

static void test_key(void **state)
{
	uint8_t key[TESS_TOKEN_KEY_SIZE];

	(void)state;
	assert_int_equal(tess_token_key(key, KEY), 0);
	for (unsigned i = 0; i < sizeof(key); i++)
		assert_int_equal(key[i], i);
	assert_int_equal(tess_token_key(key, ""), -EINVAL);
	assert_int_equal(tess_token_key(key, KEY "00"), -EINVAL);
	assert_int_equal(tess_token_key(key, "g" KEY), -EINVAL);
}

static void test_check(void **state)
{
	uint8_t key[TESS_TOKEN_KEY_SIZE];
	char sign[65] = SIGN;

	(void)state;
	assert_int_equal(tess_token_key(key, KEY), 0);
	assert_int_equal(tess_token_check(key, 5, "1700000000", SIGN, UTC), 0);
	assert_int_equal(tess_token_check(key, 5, "1700000000", SIGN, UTC + 1999999), 0);
	assert_int_equal(tess_token_check(key, 5, "1700000000", SIGN, UTC + 2000000), -EACCES);
	assert_int_equal(tess_token_check(key, 6, "1700000000", SIGN, UTC), -EACCES);
	assert_int_equal(tess_token_check(key, 5, "1700000001", SIGN, UTC), -EACCES);
	assert_int_equal(tess_token_check(key, 5, "01700000000", SIGN, UTC), -EACCES);
	assert_int_equal(tess_token_check(key, 5, "", SIGN, UTC), -EACCES);
	assert_int_equal(tess_token_check(key, 5, "170000000000", SIGN, UTC), -EACCES);
	assert_int_equal(tess_token_check(key, 5, NULL, SIGN, UTC), -EACCES);
	assert_int_equal(tess_token_check(key, 5, "1700000000", NULL, UTC), -EACCES);
	assert_int_equal(tess_token_check(key, 5, "1700000000", "", UTC), -EACCES);
	for (unsigned i = 0; i < 64; i++) {
		sign[i] ^= 1;
		assert_int_equal(tess_token_check(key, 5, "1700000000", sign, UTC), -EACCES);
		sign[i] ^= 1;
	}
	key[0] ^= 1;
	assert_int_equal(tess_token_check(key, 5, "1700000000", SIGN, UTC), -EACCES);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
