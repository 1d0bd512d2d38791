/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/rtmp/address.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/rtmp/address.h"

static struct tess_rtmp_address address;

static void test_cut_anywhere(void **state)
{
	/* as ffmpeg and librtmp, OBS, GStreamer, and others cut the same address */
	static const char *const cuts[][2] = {
		{"room/1400000001", "101/alice"},  {"room", "1400000001/101/alice"},
		{"room/", "1400000001/101/alice"}, {"room/1400000001/101", "alice"},
		{"room/1400000001/101/", "alice"}, {"room?x=y/z", "1400000001/101/alice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		assert_true(tess_rtmp_is_room_app(cuts[i][0]));
		assert_int_equal(tess_rtmp_address_parse(&address, cuts[i][0], cuts[i][1],
							 "usersig=eJw*-_&b=1"),
				 0);
		assert_int_equal(address.sdk_app_id, 1400000001);
		assert_false(address.string_room);
		assert_string_equal(address.room, "101");
		assert_string_equal(address.user, "alice");
		assert_string_equal(address.query, "usersig=eJw*-_&b=1");
	}
}

static void test_texts(void **state)
{
	(void)state;
	assert_true(tess_rtmp_is_room_app("strroom/4294967295"));
	assert_int_equal(tess_rtmp_address_parse(&address, "strroom/4294967295",
						 "salle%20%231%2Fa/b%6fb", ""),
			 0);
	assert_int_equal(address.sdk_app_id, 4294967295);
	assert_true(address.string_room);
	assert_string_equal(address.room, "salle #1/a");
	assert_string_equal(address.user, "bob");
	assert_string_equal(address.query, "");
}

static void test_refusals(void **state)
{
	static const char *const bad[][2] = {
		{"room", ""},
		{"room", "1/2"},
		{"room", "1/2/"},
		{"room", "1//a"},
		{"room", "1/2/a/b"},
		{"room", "/1/2/a"},
		{"room", "0/2/a"},
		{"room", "4294967296/2/a"},
		{"room", "99999999999/2/a"},
		{"room", "x/2/a"},
		{"room", "-1/2/a"},
		{"room", "1/%/a"},
		{"room", "1/%4/a"},
		{"room", "1/%4g/a"},
		{"room", "1/%00/a"},
		{"room", "1/%ff/a"},
		{"room", "1/\xc3\xa9/a"},
		{"room", "1/2/%0a"},
		{"live", "1/2/a"},
		{"", "room/1/2/a"},
	};
	char text[TESS_RTMP_MAX_QUERY + 300], name[400];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tess_rtmp_address_parse(&address, bad[i][0], bad[i][1], ""),
				 -EINVAL);
	assert_false(tess_rtmp_is_room_app("live"));
	assert_false(tess_rtmp_is_room_app("rooms"));
	assert_false(tess_rtmp_is_room_app(""));
	assert_int_equal(tess_rtmp_address_parse(&address, "room", "1/2/a", "a b"), -EINVAL);
	assert_int_equal(tess_rtmp_address_parse(&address, "room", "1/2/a", "\xe9"), -EINVAL);
	/* the longest, and one more */
	memset(text, 'a', sizeof(text));
	text[TESS_RTMP_MAX_QUERY] = 0;
	assert_int_equal(tess_rtmp_address_parse(&address, "room", "1/2/a", text), -EINVAL);
	text[TESS_RTMP_MAX_QUERY - 1] = 0;
	assert_int_equal(tess_rtmp_address_parse(&address, "room", "1/2/a", text), 0);
	for (size_t longer = 0; longer < 2; longer++) {
		size_t length = TESS_RTMP_MAX_ROOM - 1 + longer;

		memcpy(name, "1/", 2);
		memset(name + 2, 'r', length);
		memcpy(name + 2 + length, "/u", 3);
		assert_int_equal(tess_rtmp_address_parse(&address, "strroom", name, ""),
				 longer ? -EINVAL : 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
