/* SPDX-License-Identifier: GPL-3.0-or-later
 * Password hashes and random texts.
 */
#include "firmware/control/api/password.h"

#include <string.h>

#include "cloud/cmocka_headers.h"

static void test_hash(void **state)
{
	char a[TESS_PASSWORD_HASH_MAX], b[TESS_PASSWORD_HASH_MAX];

	(void)state;
	assert_int_equal(tess_password_hash(a, "correct horse"), 0);
	assert_int_equal(tess_password_hash(b, "correct horse"), 0);
	assert_int_equal(strncmp(a, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
	assert_string_not_equal(a, b);
	assert_true(tess_password_verify(a, "correct horse"));
	assert_true(tess_password_verify(b, "correct horse"));
	assert_false(tess_password_verify(a, "correct horse "));
	assert_false(tess_password_verify(a, ""));
	assert_false(tess_password_verify("", "correct horse"));
	assert_false(tess_password_verify("$argon2id$nonsense", "correct horse"));
}

static void test_random(void **state)
{
	char a[65], b[65];

	(void)state;
	assert_int_equal(tess_random_hex(a, 32), 0);
	assert_int_equal(tess_random_hex(b, 32), 0);
	assert_int_equal(strlen(a), 64);
	assert_int_equal(strspn(a, "0123456789abcdef"), 64);
	assert_string_not_equal(a, b);
	assert_int_equal(tess_random_text(a, 20), 0);
	assert_int_equal(strlen(a), 20);
	assert_int_equal(strspn(a, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"), 20);
	assert_true(tess_random_hex(a, 65) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
