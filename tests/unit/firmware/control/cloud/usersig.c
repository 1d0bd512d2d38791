/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/usersig.c, with tickets of the official library (tests/fixtures).
 */
#include "firmware/control/cloud/usersig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "cmocka_headers.h"

#define KEY  "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
#define APP  1400000123u
#define USER "rexchang"
#define NOW  1700000060

static int verdict(const char *expect)
{
	if (!strncmp(expect, "OK", 2))
		return 0;
	if (!strncmp(expect, "EXPIRED", 7))
		return -EKEYEXPIRED;
	assert_string_equal(expect, "BAD SIGNATURE");
	return -EKEYREJECTED;
}

static void test_vectors(void **state)
{
	json_t *vectors = json_load_file(VECTORS, 0, NULL), *vector;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(vectors), 5);
	json_array_foreach(vectors, i, vector)
	{
		const char *name, *usersig, *expect;
		json_int_t at;

		assert_int_equal(json_unpack(vector, "{s:s,s:s,s:{s:I,s:s}}", "name", &name,
					     "UserSig", &usersig, "judge", "at", &at, "expect",
					     &expect),
				 0);
		if (tess_usersig_verify(usersig, KEY, APP, USER, at) != verdict(expect))
			fail_msg("%s: %s", name, expect);
	}
	json_decref(vectors);
}

/* A ticket around any document. */
static void wrap(char *usersig, const char *document, size_t length)
{
	static uint8_t deflated[65536];
	uLongf deflated_length = sizeof(deflated);

	assert_int_equal(compress2(deflated, &deflated_length, (const Bytef *)document, length, 1),
			 Z_OK);
	assert_true(deflated_length < 1500);
	(void)EVP_EncodeBlock((unsigned char *)usersig, deflated, (int)deflated_length);
	for (char *p = usersig; *p; p++)
		*p = (char)(*p == '+' ? '*' : *p == '/' ? '-' : *p == '=' ? '_' : *p);
}

static int judge(const char *document)
{
	char usersig[TESS_USERSIG_MAX];

	wrap(usersig, document, strlen(document));
	return tess_usersig_verify(usersig, KEY, APP, USER, NOW);
}

#define V1_SIG "\"WaG7sDRwxuwdFkyqmURgBbKSU/DL5eGGpc8xP91RUeA=\""

static void test_documents(void **state)
{
	(void)state;
	/* order and blanks do not matter, unknown members neither */
	assert_int_equal(judge("{ \"TLS.sig\": " V1_SIG ", \"x\": 1, \"TLS.expire\": 86400,\n"
			       "\"TLS.time\":1700000000,\"TLS.sdkappid\":1400000123,"
			       "\"TLS.identifier\":\"rexchang\",\"TLS.ver\":\"2.0\"}"),
			 0);
	assert_int_equal(
		judge("{\"TLS.ver\":\"1.0\",\"TLS.identifier\":\"rexchang\",\"TLS.sdkappid\":"
		      "1400000123,\"TLS.time\":1700000000,\"TLS.expire\":86400,\"TLS.sig\":" V1_SIG
		      "}"),
		-EBADMSG);
	/* each signed member counts */
	assert_int_equal(
		judge("{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"rexchanh\",\"TLS.sdkappid\":"
		      "1400000123,\"TLS.time\":1700000000,\"TLS.expire\":86400,\"TLS.sig\":" V1_SIG
		      "}"),
		-EKEYREJECTED);
	assert_int_equal(
		judge("{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"rexchang\",\"TLS.sdkappid\":"
		      "1400000123,\"TLS.time\":1700000000,\"TLS.expire\":86401,\"TLS.sig\":" V1_SIG
		      "}"),
		-EKEYREJECTED);
	assert_int_equal(
		judge("{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"rexchang\",\"TLS.sdkappid\":"
		      "1400000123,\"TLS.time\":1700000000,\"TLS.expire\":86400,"
		      "\"TLS.userbuf\":\"\",\"TLS.sig\":" V1_SIG "}"),
		-EKEYREJECTED);
	/* not a ticket */
	assert_int_equal(judge("{}"), -EBADMSG);
	assert_int_equal(judge("[]"), -EBADMSG);
	assert_int_equal(judge("no JSON"), -EBADMSG);
	assert_int_equal(
		judge("{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"rexchang\",\"TLS.sdkappid\":"
		      "\"1400000123\",\"TLS.time\":1700000000,\"TLS.expire\":86400,"
		      "\"TLS.sig\":" V1_SIG "}"),
		-EBADMSG);
	assert_int_equal(
		judge("{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"rexchang\",\"TLS.sdkappid\":"
		      "1400000123,\"TLS.time\":1700000000,\"TLS.expire\":86400}"),
		-EBADMSG);
}

static void test_bytes(void **state)
{
	static char bomb[1 << 20];
	char usersig[TESS_USERSIG_MAX], longer[2 * TESS_USERSIG_MAX];

	(void)state;
	assert_int_equal(tess_usersig_verify("", KEY, APP, USER, NOW), -EBADMSG);
	assert_int_equal(tess_usersig_verify("____", KEY, APP, USER, NOW), -EBADMSG);
	assert_int_equal(tess_usersig_verify("AAAA", KEY, APP, USER, NOW), -EBADMSG);
	assert_int_equal(tess_usersig_verify("AAA", KEY, APP, USER, NOW), -EBADMSG);
	assert_int_equal(tess_usersig_verify("A_AA", KEY, APP, USER, NOW), -EBADMSG);
	assert_int_equal(tess_usersig_verify(" AAAA", KEY, APP, USER, NOW), -EBADMSG);
	assert_int_equal(tess_usersig_verify("eJw+/+==", KEY, APP, USER, NOW), -EBADMSG);
	memset(longer, 'A', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(tess_usersig_verify(longer, KEY, APP, USER, NOW), -EBADMSG);
	/* 1 MiB in 1 KiB */
	memset(bomb, ' ', sizeof(bomb));
	wrap(usersig, bomb, 300000);
	assert_int_equal(tess_usersig_verify(usersig, KEY, APP, USER, NOW), -EBADMSG);
}

static void test_generated(void **state)
{
	char usersig[TESS_USERSIG_MAX], small[16];

	(void)state;
	assert_int_equal(
		tess_usersig_generate(usersig, sizeof(usersig), KEY, APP, "al_ice-1", NOW, 600), 0);
	assert_null(strpbrk(usersig, "+/="));
	assert_int_equal(tess_usersig_verify(usersig, KEY, APP, "al_ice-1", NOW), 0);
	assert_int_equal(tess_usersig_verify(usersig, KEY, APP, "al_ice-1", NOW + 599), 0);
	assert_int_equal(tess_usersig_verify(usersig, KEY, APP, "al_ice-1", NOW + 600),
			 -EKEYEXPIRED);
	assert_int_equal(tess_usersig_verify(usersig, KEY, APP, "al_ice-1", NOW - 300), 0);
	assert_int_equal(tess_usersig_verify(usersig, KEY, APP, "al_ice-1", NOW - 301),
			 -EKEYEXPIRED);
	assert_int_equal(tess_usersig_verify(usersig, KEY, APP, "al_ice-2", NOW), -EPERM);
	assert_int_equal(tess_usersig_verify(usersig, KEY, APP + 1, "al_ice-1", NOW), -EPERM);
	assert_int_equal(tess_usersig_verify(usersig, KEY "0", APP, "al_ice-1", NOW),
			 -EKEYREJECTED);
	/* the longest there is */
	assert_int_equal(tess_usersig_generate(usersig, sizeof(usersig), KEY, UINT32_MAX,
					       "abcdefghijklmnopqrstuvwxyz012345", NOW, INT64_MAX),
			 0);
	assert_int_equal(tess_usersig_verify(usersig, KEY, UINT32_MAX,
					     "abcdefghijklmnopqrstuvwxyz012345", NOW),
			 0);
	assert_int_equal(tess_usersig_generate(small, sizeof(small), KEY, APP, "u", NOW, 600),
			 -ENOSPC);
	assert_int_equal(tess_usersig_generate(usersig, sizeof(usersig), KEY, APP, "u", NOW, 0),
			 -EINVAL);
	assert_int_equal(tess_usersig_generate(usersig, sizeof(usersig), KEY, APP, "u\"", NOW, 1),
			 -EINVAL);
}

static void test_user_ids(void **state)
{
	(void)state;
	assert_true(tess_user_id_valid("a"));
	assert_true(tess_user_id_valid("User_1-x"));
	assert_true(tess_user_id_valid("abcdefghijklmnopqrstuvwxyz012345"));
	assert_false(tess_user_id_valid("abcdefghijklmnopqrstuvwxyz0123456"));
	assert_false(tess_user_id_valid(""));
	assert_false(tess_user_id_valid("a b"));
	assert_false(tess_user_id_valid("a.b"));
	assert_false(tess_user_id_valid("\xc3\xa9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),	 cmocka_unit_test(test_documents),
		cmocka_unit_test(test_bytes),	 cmocka_unit_test(test_generated),
		cmocka_unit_test(test_user_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
