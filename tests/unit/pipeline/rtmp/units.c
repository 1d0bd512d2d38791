/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/rtmp/units: byte-exact tags in, access units out.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/rtmp/units.h"

/* of a 64x48 picture, baseline */
#define SPS "\x67\x42\xc0\x0a\xda\x11\xc4"
#define PPS "\x68\xce\x3c\x80"

static struct tess_rtmp_units units;
static struct tess_rtmp_unit unit;

static int setup(void **state)
{
	(void)state;
	units = (struct tess_rtmp_units){0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tess_rtmp_units_fini(&units);
	return 0;
}

static int take(enum tess_rtmp_type type, const void *data, size_t length)
{
	const struct tess_rtmp_message message = {
		.type = type, .data = data, .length = (uint32_t)length};

	return tess_rtmp_units_take(&units, &message, &unit);
}

/* a text with its end taken off */
#define VIDEO(text) take(TESS_RTMP_VIDEO, text, sizeof(text) - 1)
#define AUDIO(text) take(TESS_RTMP_AUDIO, text, sizeof(text) - 1)

static void expect(const void *data, size_t length)
{
	assert_int_equal(unit.length, length);
	assert_memory_equal(unit.data, data, length);
}

static void configure(char length_size)
{
	char record[] = "\x17\0\0\0\0\x01\x42\xc0\x0a\xff\xe1\0\x07" SPS "\x01\0\x04" PPS;

	record[9] = (char)(0xfc | (length_size - 1));
	assert_int_equal(take(TESS_RTMP_VIDEO, record, sizeof(record) - 1), 0);
}

static void test_pictures(void **state)
{
	(void)state;
	/* before a configuration nothing is of use */
	assert_int_equal(VIDEO("\x27\x01\0\0\0\0\0\0\x02\x41\x9a"), 0);
	configure(4);
	assert_true(units.has_video);
	assert_int_equal(units.sps.width, 64);
	assert_int_equal(units.sps.height, 48);
	/* a key frame gets its parameter sets; what it says of itself does not count */
	assert_int_equal(VIDEO("\x27\x01\0\0\x50\0\0\0\x03\x65\x88\x84"), 1);
	assert_true(unit.key);
	assert_int_equal(unit.track, TESS_TRACK_VIDEO);
	assert_int_equal(unit.composition_ms, 80);
	expect("\0\0\0\x07" SPS "\0\0\0\x04" PPS "\0\0\0\x03\x65\x88\x84", 26);
	/* one that brings its own keeps them; delimiter and filler are left out */
	assert_int_equal(VIDEO("\x17\x01\xff\xff\xff\0\0\0\x02\x09\x10\0\0\0\x07" SPS
			       "\0\0\0\x04" PPS "\0\0\0\x03\x65\x88\x84\0\0\0\x02\x0c\xff"),
			 1);
	assert_true(unit.key);
	assert_int_equal(unit.composition_ms, -1);
	expect("\0\0\0\x07" SPS "\0\0\0\x04" PPS "\0\0\0\x03\x65\x88\x84", 26);
	/* no key frame, though it says so */
	assert_int_equal(VIDEO("\x17\x01\0\0\0\0\0\0\x02\x41\x9a"), 1);
	assert_false(unit.key);
	expect("\0\0\0\x02\x41\x9a", 6);
	/* nothing to see: parameter sets alone, a command, the end, an empty message */
	assert_int_equal(VIDEO("\x17\x01\0\0\0\0\0\0\x04" PPS), 0);
	assert_int_equal(VIDEO("\x57\x00"), 0);
	assert_int_equal(VIDEO("\x17\x02\0\0\0"), 0);
	assert_int_equal(VIDEO(""), 0);
}

static void test_short_lengths(void **state)
{
	(void)state;
	configure(2);
	assert_int_equal(VIDEO("\x27\x01\0\0\0\0\x02\x41\x9a\0\x01\x06"), 1);
	expect("\0\0\0\x02\x41\x9a\0\0\0\x01\x06", 11);
	configure(1);
	assert_int_equal(VIDEO("\x27\x01\0\0\0\x02\x41\x9a"), 1);
	expect("\0\0\0\x02\x41\x9a", 6);
}

static void test_sound(void **state)
{
	(void)state;
	assert_int_equal(AUDIO("\xaf\x01\x21\x10"), 0);
	assert_int_equal(AUDIO("\xaf\0\x12\x10"), 0);
	assert_true(units.has_audio);
	assert_int_equal(units.audio_rate, 44100);
	assert_int_equal(units.audio_channels, 2);
	assert_int_equal(units.audio_changes, 1);
	assert_int_equal(AUDIO("\xaf\x01\x21\x10\x04"), 1);
	assert_int_equal(unit.track, TESS_TRACK_AUDIO);
	expect("\x21\x10\x04", 3);
	assert_int_equal(AUDIO("\xaf\x01"), 0);
	/* the same again is no change; mono of 48 kHz, HE-AAC, and an explicit rate are */
	assert_int_equal(AUDIO("\xaf\0\x12\x10"), 0);
	assert_int_equal(units.audio_changes, 1);
	assert_int_equal(AUDIO("\xaf\0\x11\x88"), 0);
	assert_int_equal(units.audio_rate, 48000);
	assert_int_equal(units.audio_channels, 1);
	assert_int_equal(AUDIO("\xaf\0\x2b\x92\x08\0"), 0);
	assert_int_equal(units.audio_rate, 22050);
	assert_int_equal(AUDIO("\xaf\0\x17\x80\x5d\xc0\x10"), 0);
	assert_int_equal(units.audio_rate, 48000);
	assert_int_equal(units.audio_changes, 4);
}

static void test_refusals(void **state)
{
	static const struct {
		enum tess_rtmp_type type;
		const char *data;
		size_t length;
		const char *reason;
	} cases[] = {
		{TESS_RTMP_VIDEO, "\x1c\0\0\0\0", 5,
		 "Pictures must be H.264; this publisher sends H.265."},
		{TESS_RTMP_VIDEO, "\x90hvc1", 5,
		 "Pictures must be H.264; this publisher sends enhanced RTMP, hvc1."},
		{TESS_RTMP_VIDEO,
		 "\x91"
		 "av01",
		 5, "Pictures must be H.264; this publisher sends enhanced RTMP, av01."},
		{TESS_RTMP_VIDEO, "\x90\n\0", 3,
		 "Pictures must be H.264; this publisher sends enhanced RTMP, ."},
		{TESS_RTMP_VIDEO, "\x22\0", 2,
		 "Pictures must be H.264; this publisher sends Sorenson H.263."},
		{TESS_RTMP_AUDIO, "\x2f\xff", 2, "Sound must be AAC; this publisher sends MP3."},
		{TESS_RTMP_AUDIO, "\xb2", 1, "Sound must be AAC; this publisher sends Speex."},
		{TESS_RTMP_AUDIO, "\x90Opus", 5,
		 "Sound must be AAC; this publisher sends enhanced RTMP, Opus."},
		{TESS_RTMP_AUDIO, "\xaf\0\x0a\x10", 4,
		 "Sound must be AAC; this publisher sends AAC of another kind than LC and HE."},
		{TESS_RTMP_AUDIO, "\xaf\0\x12\x30", 4,
		 "Sound must be AAC; this publisher sends AAC of more channels than two."},
		{TESS_RTMP_AUDIO, "\xaf\0\x15\x88", 4,
		 "Sound must be AAC; this publisher sends AAC of a sample rate below 11025."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(take(cases[i].type, cases[i].data, cases[i].length), -ENOTSUP);
		assert_string_equal(units.reason, cases[i].reason);
	}
	/* of other types nothing comes */
	assert_int_equal(take(TESS_RTMP_DATA, "\x2f", 1), 0);
}

static void test_damage(void **state)
{
	static const char record[] =
		"\x17\0\0\0\0\x01\x42\xc0\x0a\xff\xe1\0\x07" SPS "\x01\0\x04" PPS;

	(void)state;
	for (size_t length = 2; length < sizeof(record) - 1; length++)
		assert_int_equal(take(TESS_RTMP_VIDEO, record, length), -EBADMSG);
	assert_false(units.has_video);
	configure(4);
	assert_int_equal(VIDEO("\x17\x01\0\0"), -EBADMSG);
	assert_int_equal(VIDEO("\x17\x01\0\0\0\0\0"), -EBADMSG);
	assert_int_equal(VIDEO("\x17\x01\0\0\0\0\0\0\x05\x65"), -EBADMSG);
	assert_int_equal(VIDEO("\x17\x01\0\0\0\xff\xff\xff\xff\x65"), -EBADMSG);
	assert_int_equal(VIDEO("\x27\x01\0\0\0\0\0\0\x02\x41\x9a"), 1);
	assert_int_equal(AUDIO("\xaf"), -EBADMSG);
	assert_int_equal(AUDIO("\xaf\0\x12"), -EBADMSG);
	assert_int_equal(AUDIO("\xaf\0\x12\x10"), 0);
	{
		static uint8_t large[TESS_RTMP_MAX_AUDIO_FRAME + 3] = {0xaf, 1};

		assert_int_equal(take(TESS_RTMP_AUDIO, large, sizeof(large) - 1), 1);
		assert_int_equal(take(TESS_RTMP_AUDIO, large, sizeof(large)), -EBADMSG);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pictures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short_lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
