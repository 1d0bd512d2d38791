/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/rtmp/amf0: bytes by the specification, and what is no AMF 0.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/rtmp/amf0.h"

static struct tess_cursor over(const void *data, size_t length)
{
	return tess_cursor_of(data, length);
}

static void test_writes(void **state)
{
	/* §2.2 to §2.7: each marker, its value */
	static const uint8_t want[] = "\x02\x00\x07"
				      "connect"
				      "\x00\x3f\xf0\x00\x00\x00\x00\x00\x00"
				      "\x03"
				      "\x00\x03"
				      "app\x02\x00\x04live"
				      "\x00\x00\x09"
				      "\x05";
	struct tess_bytes out = {0};

	(void)state;
	tess_amf0_put_string(&out, "connect");
	tess_amf0_put_number(&out, 1);
	tess_amf0_begin_object(&out);
	tess_amf0_put_name(&out, "app");
	tess_amf0_put_string(&out, "live");
	tess_amf0_end_object(&out);
	tess_amf0_put_null(&out);
	assert_int_equal(out.length, sizeof(want) - 1);
	assert_memory_equal(out.data, want, out.length);
	tess_bytes_free(&out);
}

static void test_long_string(void **state)
{
	struct tess_amf0_value value;
	struct tess_bytes out = {0};
	char *text = malloc(70001);
	struct tess_cursor at;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 70000);
	text[70000] = 0;
	tess_amf0_put_string(&out, text);
	assert_int_equal(out.length, 70005);
	assert_memory_equal(out.data, "\x0c\x00\x01\x11\x70x", 6);
	at = over(out.data, out.length);
	assert_int_equal(tess_amf0_get(&at, &value), 0);
	assert_int_equal(value.type, TESS_AMF0_STRING);
	assert_int_equal(value.length, 70000);
	tess_bytes_free(&out);
	free(text);
}

static void test_reads_members(void **state)
{
	/* an object with members of every kind, nested, around the two that are wanted */
	static const uint8_t data[] = "\x03"
				      "\x00\x01"
				      "a\x03\x00\x03"
				      "app\x02\x00\x05wrong\x00\x00\x09"
				      "\x00\x01"
				      "b\x08\x00\x00\x00\x07\x00\x01z\x05\x00\x00\x09"
				      "\x00\x01"
				      "c\x0a\x00\x00\x00\x02\x01\x01\x06"
				      "\x00\x03"
				      "app\x02\x00\x04live"
				      "\x00\x01"
				      "d\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
				      "\x00\x01"
				      "e\x10\x00\x02Xy\x00\x01q\x07\x00\x01\x00\x00\x09"
				      "\x00\x03"
				      "num\x00\x40\x00\x00\x00\x00\x00\x00\x00"
				      "\x00\x00\x09"
				      "\x05";
	struct tess_amf0_member members[] = {{.name = "app"}, {.name = "num"}, {.name = "none"}};
	struct tess_cursor at = over(data, sizeof(data) - 1);
	struct tess_amf0_value next;
	char text[8];

	(void)state;
	assert_int_equal(tess_amf0_get_object(&at, members, 3), 0);
	tess_amf0_text(text, sizeof(text), &members[0].value);
	assert_string_equal(text, "live");
	assert_int_equal(members[1].value.type, TESS_AMF0_NUMBER);
	assert_true(members[1].value.number == 2);
	assert_int_equal(members[2].value.type, 0);
	assert_int_equal(tess_amf0_get(&at, &next), 0);
	assert_int_equal(next.type, TESS_AMF0_OTHER);
	assert_int_equal(tess_amf0_get(&at, &next), -ENODATA);
}

static void put_array(struct tess_bytes *out)
{
	tess_put_u8(out, 0x0a);
	tess_put_u32(out, 1);
}

static void test_nesting(void **state)
{
	struct tess_bytes out = {0};
	struct tess_amf0_value value;
	struct tess_cursor at;

	(void)state;
	/* arrays in arrays, each of one, as deep as may be, with a null in the last */
	for (unsigned i = 0; i < TESS_AMF0_MAX_DEPTH; i++)
		put_array(&out);
	tess_put_u8(&out, 5);
	at = over(out.data, out.length);
	assert_int_equal(tess_amf0_get(&at, &value), 0);
	/* one deeper */
	out.length--;
	put_array(&out);
	tess_put_u8(&out, 5);
	at = over(out.data, out.length);
	assert_int_equal(tess_amf0_get(&at, &value), -EBADMSG);
	/* and very deep */
	for (unsigned i = 0; i < 10000; i++)
		put_array(&out);
	at = over(out.data, out.length);
	assert_int_equal(tess_amf0_get(&at, &value), -EBADMSG);
	tess_bytes_free(&out);
}

static void test_damaged(void **state)
{
	static const struct {
		const char *data;
		size_t length;
	} cases[] = {
		{"\x00\x3f", 2},		 /* half a number */
		{"\x02\x00\x05live", 7},	 /* a text that is not there */
		{"\x0c\xff\xff\xff\xff", 5},	 /* four GiB of it */
		{"\x0a\xff\xff\xff\xff\x05", 6}, /* four billion values, one there */
		{"\x03\x00\x01"
		 "a\x05",
		 5},			 /* no end */
		{"\x03\x00\x00\x05", 4}, /* another end */
		{"\x03\x00\x01"
		 "a",
		 4},	     /* a name without a value */
		{"\x11", 1}, /* AMF 3 */
		{"\x09", 1}, /* an end without a beginning */
		{"\x01", 1}, /* no boolean */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tess_cursor at = over(cases[i].data, cases[i].length);
		struct tess_amf0_value value;

		assert_int_equal(tess_amf0_get(&at, &value), -EBADMSG);
	}
}

static void test_text(void **state)
{
	struct tess_amf0_value value = {
		.type = TESS_AMF0_STRING, .text = (const uint8_t *)"abcdef", .length = 6};
	char text[4];

	(void)state;
	tess_amf0_text(text, sizeof(text), &value);
	assert_string_equal(text, "abc");
	value.text = (const uint8_t *)"a\nb";
	value.length = 3;
	tess_amf0_text(text, sizeof(text), &value);
	assert_string_equal(text, "");
	value.type = TESS_AMF0_NUMBER;
	tess_amf0_text(text, sizeof(text), &value);
	assert_string_equal(text, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes),	      cmocka_unit_test(test_long_string),
		cmocka_unit_test(test_reads_members), cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_damaged),	      cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
