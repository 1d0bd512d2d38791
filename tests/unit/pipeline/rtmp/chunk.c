/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/rtmp/chunk: the specification's examples byte for byte, and hostile chunks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/rtmp/chunk.h"

static struct tess_rtmp_reader *reader;
static struct tess_bytes wire;

static int setup(void **state)
{
	(void)state;
	assert_int_equal(tess_rtmp_reader_alloc(&reader, 100000), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tess_rtmp_reader_free(reader);
	tess_bytes_free(&wire);
	return 0;
}

static void put(const char *bytes, size_t length)
{
	tess_put_data(&wire, bytes, length);
}

#define PUT(literal) put(literal, sizeof(literal) - 1)

static void put_fill(size_t length, uint8_t first)
{
	for (size_t i = 0; i < length; i++)
		tess_put_u8(&wire, (uint8_t)(first + i));
}

/** All of the wire in pieces of @p step, with what came out: "type@time/stream:length ". */
static int read_all(size_t step, char *said, size_t size)
{
	struct tess_rtmp_message message;
	size_t used = 0;

	*said = 0;
	for (size_t at = 0; at < wire.length; at += step) {
		size_t length = wire.length - at < step ? wire.length - at : step;
		struct tess_cursor input = tess_cursor_of(wire.data + at, length);
		int rc;

		while ((rc = tess_rtmp_reader_next(reader, &input, &message)) > 0) {
			for (uint32_t i = 0; i < message.length; i++)
				assert_int_equal(message.data[i], (uint8_t)(message.data[0] + i));
			used += (size_t)snprintf(said + used, size - used, "%d@%u/%u:%u ",
						 message.type, message.time_ms, message.stream,
						 message.length);
		}
		if (rc)
			return rc;
		assert_int_equal(tess_left(&input), 0);
	}
	return 0;
}

static void expect(int rc, const char *want)
{
	static const size_t steps[] = {1, 7, 100000};
	char said[512];

	for (unsigned i = 0; i < 3; i++) {
		tess_rtmp_reader_free(reader);
		assert_int_equal(tess_rtmp_reader_alloc(&reader, 100000), 0);
		assert_int_equal(read_all(steps[i], said, sizeof(said)), rc);
		assert_string_equal(said, want);
	}
}

static void test_example_1(void **state)
{
	/* §5.3.2.1: four messages of 32 bytes, 20 ms apart; headers of type 0, 2, 3 and 3 */
	(void)state;
	PUT("\x03\x00\x03\xe8\x00\x00\x20\x08\x39\x30\x00\x00");
	put_fill(32, 0);
	assert_int_equal(wire.length, 44);
	PUT("\x83\x00\x00\x14");
	put_fill(32, 1);
	assert_int_equal(wire.length, 44 + 36);
	PUT("\xc3");
	put_fill(32, 2);
	PUT("\xc3");
	put_fill(32, 3);
	assert_int_equal(wire.length, 44 + 36 + 33 + 33);
	expect(0, "8@1000/12345:32 8@1020/12345:32 8@1040/12345:32 8@1060/12345:32 ");
}

static void test_example_2(void **state)
{
	/* §5.3.2.2: a message of 307 bytes in chunks of 140, 129 and 52 */
	static const uint8_t head[] = {4, 0, 3, 0xe8, 0, 1, 0x33, 9, 0x3a, 0x30, 0, 0};
	uint8_t body[307];
	const struct tess_rtmp_message message = {.type = TESS_RTMP_VIDEO,
						  .time_ms = 1000,
						  .stream = 12346,
						  .data = body,
						  .length = sizeof(body)};

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)i;
	tess_rtmp_put_message(&wire, 4, &message, TESS_RTMP_FIRST_CHUNK_SIZE);
	assert_int_equal(wire.length, 140 + 129 + 52);
	assert_memory_equal(wire.data, head, sizeof(head));
	assert_memory_equal(wire.data + 12, body, 128);
	assert_int_equal(wire.data[140], 0xc4);
	assert_memory_equal(wire.data + 141, body + 128, 128);
	assert_int_equal(wire.data[269], 0xc4);
	assert_memory_equal(wire.data + 270, body + 256, 51);
	expect(0, "9@1000/12346:307 ");
}

static void test_extended_time(void **state)
{
	/* 0x1000000 ms: the four bytes are in the continuation too (§5.3.1.3) */
	uint8_t body[200];
	const struct tess_rtmp_message message = {.type = TESS_RTMP_VIDEO,
						  .time_ms = 0x1000000,
						  .stream = 1,
						  .data = body,
						  .length = sizeof(body)};

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)i;
	tess_rtmp_put_message(&wire, 6, &message, TESS_RTMP_FIRST_CHUNK_SIZE);
	assert_int_equal(wire.length, 12 + 4 + 128 + 1 + 4 + 72);
	assert_memory_equal(wire.data,
			    "\x06\xff\xff\xff\x00\x00\xc8\x09\x01\x00\x00\x00\x01\x00\x00\x00", 16);
	assert_memory_equal(wire.data + 144, "\xc6\x01\x00\x00\x00", 5);
	/* a delta that is extended: 0x1000000 more */
	PUT("\x46\xff\xff\xff\x00\x00\x01\x09\x01\x00\x00\x00\x07");
	/* the greatest time that is not */
	PUT("\x06\xff\xff\xfe\x00\x00\x01\x09\x01\x00\x00\x00\x07");
	expect(0, "9@16777216/1:200 9@33554432/1:1 9@16777214/1:1 ");
}

static void test_wire_bytes(void **state)
{
	static const uint32_t lengths[] = {0, 1, 60000, 60001, 120000, 120001, 1000000};
	static const uint32_t times[] = {0, 0xfffffe, 0xffffff, 0xffffffff};
	uint8_t *body = calloc(1, 1000000);

	(void)state;
	assert_non_null(body);
	for (unsigned i = 0; i < 7; i++) {
		for (unsigned j = 0; j < 4; j++) {
			const struct tess_rtmp_message message = {.type = TESS_RTMP_VIDEO,
								  .time_ms = times[j],
								  .data = body,
								  .length = lengths[i]};

			wire.length = 0;
			tess_rtmp_put_message(&wire, 6, &message, TESS_RTMP_CHUNK_SIZE);
			assert_int_equal(wire.length, tess_rtmp_wire_bytes(lengths[i], times[j]));
		}
	}
	free(body);
}

static void test_interleaved(void **state)
{
	/* two messages in each other's middle, chunk streams 3, 64 + 10 and 64 + 1000 */
	(void)state;
	PUT("\x03\x00\x00\x01\x00\x00\x82\x08\x01\x00\x00\x00");
	put_fill(128, 0);
	PUT("\x00\x0a\x00\x00\x02\x00\x00\x81\x09\x01\x00\x00\x00");
	put_fill(128, 50);
	PUT("\x01\xe8\x03\x00\x00\x03\x00\x00\x01\x09\x01\x00\x00\x00\x00");
	PUT("\xc0\x0a\xb2");
	PUT("\xc3\x80\x81");
	expect(0, "9@3/1:1 9@2/1:129 8@1/1:130 ");
}

static void test_chunk_size_in_mid_message(void **state)
{
	(void)state;
	PUT("\x03\x00\x00\x01\x00\x01\x2c\x08\x01\x00\x00\x00");
	put_fill(128, 0);
	/* 300 bytes: after the first 128 the size falls to 100, then rises */
	PUT("\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x00\x00\x00\x64");
	PUT("\xc3");
	put_fill(100, 128);
	PUT("\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x7f\xff\xff\xff");
	PUT("\xc3");
	put_fill(72, 228);
	PUT("\x03\x00\x00\x02\x00\x01\x2c\x08\x01\x00\x00\x00");
	put_fill(300, 0);
	expect(0, "8@1/1:300 8@2/1:300 ");
}

static void test_abort(void **state)
{
	(void)state;
	PUT("\x03\x00\x00\x01\x00\x01\x2c\x08\x01\x00\x00\x00");
	put_fill(128, 0);
	PUT("\x02\x00\x00\x00\x00\x00\x04\x02\x00\x00\x00\x00\x00\x00\x00\x03");
	PUT("\x03\x00\x00\x02\x00\x00\x02\x08\x01\x00\x00\x00\x00\x01");
	/* of a chunk stream that never was */
	PUT("\x02\x00\x00\x00\x00\x00\x04\x02\x00\x00\x00\x00\x00\x00\x00\x30");
	expect(0, "8@2/1:2 ");
}

static void test_hostile(void **state)
{
	(void)state;
	/* longer than what is taken: refused by its header */
	PUT("\x03\x00\x00\x01\xff\xff\xff\x08\x01\x00\x00\x00");
	expect(-EMSGSIZE, "");
	/* a header that leans on one that never was */
	wire.length = 0;
	PUT("\xc3\x00");
	expect(-EBADMSG, "");
	wire.length = 0;
	PUT("\x83\x00\x00\x01\x00");
	expect(-EBADMSG, "");
	/* another message begins in the middle of one */
	wire.length = 0;
	PUT("\x03\x00\x00\x01\x00\x01\x2c\x08\x01\x00\x00\x00");
	put_fill(128, 0);
	PUT("\x03\x00\x00\x01\x00\x00\x01\x08\x01\x00\x00\x00\x00");
	expect(-EBADMSG, "");
	/* chunk sizes of 0 and beyond */
	wire.length = 0;
	PUT("\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x00\x00\x00\x00");
	expect(-EBADMSG, "");
	wire.length = 0;
	PUT("\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x80\x00\x00\x00");
	expect(-EBADMSG, "");
	wire.length = 0;
	PUT("\x02\x00\x00\x00\x00\x00\x02\x01\x00\x00\x00\x00\x00\x00");
	expect(-EBADMSG, "");
	/* a message on each of too many chunk streams */
	wire.length = 0;
	for (unsigned i = 0; i <= TESS_RTMP_MAX_CHUNK_STREAMS; i++) {
		tess_put_u8(&wire, (uint8_t)(3 + i));
		PUT("\x00\x00\x01\x00\x00\x81\x08\x01\x00\x00\x00");
		put_fill(128, 0);
	}
	expect(-ENOBUFS, "");
	/* unfinished messages are held up to twice the longest one: the third of 90000 bytes is not
	 */
	wire.length = 0;
	PUT("\x02\x00\x00\x00\x00\x00\x04\x01\x00\x00\x00\x00\x00\x01\x5f\x8f");
	for (unsigned i = 0; i < 2; i++) {
		tess_put_u8(&wire, (uint8_t)(3 + i));
		PUT("\x00\x00\x01\x01\x5f\x90\x08\x01\x00\x00\x00");
		put_fill(89999, 0);
	}
	expect(0, "");
	PUT("\x05\x00\x00\x01\x01\x5f\x90\x08\x01\x00\x00\x00");
	put_fill(89999, 0);
	expect(-EMSGSIZE, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_example_1, setup, teardown),
		cmocka_unit_test_setup_teardown(test_example_2, setup, teardown),
		cmocka_unit_test_setup_teardown(test_extended_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wire_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interleaved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chunk_size_in_mid_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
