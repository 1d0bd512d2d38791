/* SPDX-License-Identifier: GPL-3.0-or-later
 * Names of live streams by the two rules: published vectors.
 */
#include "firmware/control/cloud/stream_name.h"

#include <string.h>

#include "cmocka_headers.h"

static void expect(const char *want, const char *rule, const struct tess_cloud_room *room,
		   const char *user, const char *stream_type)
{
	char name[TESS_STREAM_NAME_MAX + 1];

	assert_int_equal(tess_stream_name(name, rule, room, user, stream_type, 1234), 0);
	assert_string_equal(name, want);
}

static void test_plain(void **state)
{
	struct tess_cloud_room room = {12345678, TESS_ROOM_ID_NUMBER, "12345"};

	(void)state;
	expect("12345678_12345_userA_main", "plain", &room, "userA", "main");
	expect("12345678_12345_user-B_aux", "plain", &room, "user-B", "aux");
	room.type = TESS_ROOM_ID_STRING;
	(void)stpcpy(room.id, "a b~.-_!@[]|");
	expect("12345678_a%20b~.-_%21%40%5B%5D%7C_userA_main", "plain", &room, "userA", "main");
}

static void test_md5(void **state)
{
	const struct tess_cloud_room room = {12345678, TESS_ROOM_ID_NUMBER, "12345"};

	(void)state;
	expect("1234_8D0261436C375BB0DEA901D86D7D70E8", "md5", &room, "userA", "main");
}

/* The longest room, user and SdkAppId are not cut. */
static void test_longest(void **state)
{
	struct tess_cloud_room room = {4294967295, TESS_ROOM_ID_STRING, ""};
	char user[TESS_CLOUD_MAX_USER + 1], name[TESS_STREAM_NAME_MAX + 1], want[300];
	char *end;

	(void)state;
	memset(room.id, ' ', TESS_CLOUD_MAX_ID);
	memset(user, 'u', TESS_CLOUD_MAX_USER);
	user[TESS_CLOUD_MAX_USER] = 0;
	end = stpcpy(want, "4294967295_");
	for (unsigned i = 0; i < TESS_CLOUD_MAX_ID; i++)
		end = stpcpy(end, "%20");
	(void)stpcpy(end, "_uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu_main");
	assert_int_equal(tess_stream_name(name, "plain", &room, user, "main", 0), 0);
	assert_string_equal(name, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_md5),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
