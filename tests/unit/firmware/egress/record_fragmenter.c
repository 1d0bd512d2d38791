/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where fragments end, what is dropped, how a recording is gone on with.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/egress/record_fragmenter.h"
#include "hal/engine.h"

#define MAX_FRAGMENTS 300
#define ORIGIN	      7000000

static const uint8_t sps[] = {0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27,
			      0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00,
			      0x00, 0x03, 0x00, 0x78, 0x3c, 0x60, 0xc9, 0x20};

/** What was emitted, in order. */
struct output {
	struct tess_fragmenter f;
	struct tess_fragment_bytes fragments[MAX_FRAGMENTS];
	struct tess_moof moofs[MAX_FRAGMENTS];
	unsigned count;
	struct tess_bytes head;
};

static void on_fragment(void *arg, struct tess_fragment_bytes *fragment)
{
	struct output *out = arg;

	assert_true(out->count < MAX_FRAGMENTS);
	out->fragments[out->count] = *fragment;
	assert_int_equal(tess_moof_parse(&out->moofs[out->count], fragment->moof.data,
					 fragment->moof.length - 8),
			 0);
	out->count++;
}

static struct tess_stream_info info_of(bool video, bool audio)
{
	return (struct tess_stream_info){
		.has_video = video,
		.has_audio = audio,
		.audio_codec = audio ? TESS_CODEC_AAC : 0,
		.audio_config_length = 2,
		.audio_config = {0x11, 0x90},
	};
}

/** A key frame has parameter sets; @p variant makes them differ. */
static size_t picture(uint8_t *data, bool key, uint8_t variant)
{
	uint8_t *at = data;

	if (key) {
		memcpy(at, "\0\0\0\x1a", 4);
		memcpy(at + 4, sps, sizeof(sps));
		at += 4 + sizeof(sps);
		memcpy(at, "\0\0\0\6\x68\xcb\x83\xcb\x20", 9);
		at[9] = variant;
		at += 10;
	}
	memcpy(at, key ? "\0\0\0\2\x65\x88" : "\0\0\0\2\x41\x9a", 6);
	return (size_t)(at + 6 - data);
}

static struct tess_au video(uint8_t *data, int64_t time_us, bool key, uint8_t variant)
{
	return (struct tess_au){.data = data,
				.length = picture(data, key, variant),
				.dts_us = ORIGIN + time_us,
				.pts_us = ORIGIN + time_us,
				.track = TESS_TRACK_VIDEO,
				.key = key};
}

static struct tess_au audio(int64_t time_us)
{
	return (struct tess_au){.data = (const uint8_t *)"sound",
				.length = 5,
				.dts_us = ORIGIN + time_us,
				.pts_us = ORIGIN + time_us,
				.track = TESS_TRACK_AUDIO,
				.key = true};
}

static int set_up(void **state)
{
	struct output *out = calloc(1, sizeof(*out));

	tess_fragmenter_init(&out->f, 1000000, on_fragment, out);
	*state = out;
	return 0;
}

static int tear_down(void **state)
{
	struct output *out = *state;

	for (unsigned i = 0; i < out->count; i++) {
		tess_bytes_free(&out->fragments[i].moof);
		for (unsigned n = 0; n < TESS_MP4_TRACKS; n++)
			tess_bytes_free(&out->fragments[i].payloads[n]);
	}
	tess_bytes_free(&out->head);
	tess_fragmenter_free(&out->f);
	free(out);
	return 0;
}

static void begin(struct output *out, bool with_audio)
{
	struct tess_stream_info info = info_of(true, with_audio);
	uint8_t data[64];
	struct tess_au au = video(data, 0, true, 1);

	assert_int_equal(tess_fragmenter_begin(&out->f, &info, &au, 0, &out->head), 0);
	assert_int_equal(tess_fragmenter_add(&out->f, &au), 0);
}

static int add_video(struct output *out, int64_t time_us, bool key, uint8_t variant)
{
	uint8_t data[64];
	struct tess_au au = video(data, time_us, key, variant);

	return tess_fragmenter_add(&out->f, &au);
}

static int add_audio(struct output *out, int64_t time_us)
{
	struct tess_au au = audio(time_us);

	return tess_fragmenter_add(&out->f, &au);
}

static void begins_with_a_key_frame(void **state)
{
	struct tess_stream_info both = info_of(true, true), sound = info_of(false, true),
				opus = info_of(false, true), none = info_of(false, false);
	struct output *out = *state;
	struct tess_au au = audio(0);
	uint8_t data[64];

	assert_int_equal(tess_fragmenter_begin(&out->f, &both, &au, 0, &out->head), -EAGAIN);
	au = video(data, 0, false, 0);
	assert_int_equal(tess_fragmenter_begin(&out->f, &both, &au, 0, &out->head), -EAGAIN);
	au.key = true; /* says so, but has no parameter sets */
	assert_int_equal(tess_fragmenter_begin(&out->f, &both, &au, 0, &out->head), -EAGAIN);
	au = audio(0);
	opus.audio_codec = TESS_CODEC_OPUS;
	assert_int_equal(tess_fragmenter_begin(&out->f, &opus, &au, 0, &out->head), -ENOTSUP);
	assert_int_equal(tess_fragmenter_begin(&out->f, &none, &au, 0, &out->head), -ENOTSUP);
	assert_int_equal(out->head.length, 0);
	assert_int_equal(tess_fragmenter_begin(&out->f, &sound, &au, 0, &out->head), 0);
	assert_int_equal(out->f.state.tracks[0].timescale, 0);
	assert_int_equal(out->f.state.tracks[1].timescale, 48000);
}

/** A key frame each 3 s at 15 a second: cut each second, and at the key frame. */
static void ends_after_a_second(void **state)
{
	struct output *out = *state;

	begin(out, false);
	for (int n = 1; n <= 90; n++)
		assert_int_equal(add_video(out, n * 1000000ll / 15, n % 45 == 0, 1), 0);
	assert_int_equal(out->count, 6);
	for (unsigned i = 0; i < out->count; i++) {
		assert_int_equal(out->moofs[i].runs[0].count, 15);
		assert_int_equal(out->moofs[i].runs[0].first_dts, i * 90000);
		assert_int_equal(out->moofs[i].sequence, i + 1);
		assert_int_equal(out->moofs[i].gap_us, 0);
		/* the last duration is a guess, and a good one */
		assert_int_equal(tess_moof_sample(&out->moofs[i].runs[0], 14).duration, 6000);
	}
	tess_fragmenter_cut(&out->f);
	assert_int_equal(out->count, 7);
	tess_fragmenter_cut(&out->f); /* of nothing */
	assert_int_equal(out->count, 7);
}

static void key_frame_that_is_near_ends_it(void **state)
{
	struct output *out = *state;

	begin(out, false);
	assert_int_equal(add_video(out, 700000, true, 1), 0); /* too early */
	assert_int_equal(out->count, 0);
	assert_int_equal(add_video(out, 760000, false, 1), 0);
	assert_int_equal(add_video(out, 800000, true, 1), 0);
	assert_int_equal(out->count, 1);
	assert_int_equal(out->moofs[0].runs[0].count, 3);
}

/** Sound waits for the picture, but not for ever. */
static void sound_does_not_wait_for_ever(void **state)
{
	struct output *out = *state;

	begin(out, true);
	for (int n = 0; n < 70; n++)
		assert_int_equal(add_audio(out, n * 21333), 0);
	assert_int_equal(out->count, 0);
	assert_int_equal(add_audio(out, 1500000), 0);
	assert_int_equal(out->count, 1);
	assert_int_equal(out->moofs[0].runs[1].count, 70);
}

/** Where no picture follows, the last one is shown as long as there is sound; else until the next.
 */
static void last_picture_is_shown_on(void **state)
{
	struct output *out = *state;
	struct tess_moof_run *pictures;

	begin(out, true);
	for (int n = 0; n < 70; n++) {
		if (n > 0 && n < 4)
			assert_int_equal(add_video(out, n * 100000, false, 1), 0);
		assert_int_equal(add_audio(out, n * 20000), 0);
	}
	assert_int_equal(add_audio(out, 1500000), 0); /* no picture for a second */
	assert_int_equal(out->count, 1);
	pictures = &out->moofs[0].runs[0];
	assert_int_equal(pictures->count, 4);
	assert_int_equal(tess_moof_sample(pictures, 2).duration, 9000);
	assert_in_range(tess_moof_sample(pictures, 3).duration, 98900,
			108100); /* 300 ms to 1.4 or 1.5 s */
	/* sound is ahead of a picture that ends the fragment */
	assert_int_equal(add_video(out, 1600000, true, 1), 0);
	assert_int_equal(add_audio(out, 2300000), 0);
	assert_int_equal(add_video(out, 1700000, false, 1), 0);
	assert_int_equal(add_video(out, 2400000, true, 1), 0);
	assert_int_equal(out->count, 2);
	assert_int_equal(tess_moof_sample(&out->moofs[1].runs[0], 1).duration, 63000);
	/* and where the recording ends */
	assert_int_equal(add_audio(out, 2800000), 0);
	tess_fragmenter_cut(&out->f);
	assert_true(tess_moof_sample(&out->moofs[2].runs[0], 0).duration >= 36000);
}

static void gap_begins_a_fragment_with_a_key_frame(void **state)
{
	struct output *out = *state;
	uint8_t data[64];
	struct tess_au au;

	begin(out, true);
	assert_int_equal(add_audio(out, 0), 0);
	assert_int_equal(add_video(out, 66667, false, 1), 0);
	au = video(data, 500000, false, 1);
	au.discontinuity = true;
	assert_int_equal(tess_fragmenter_add(&out->f, &au), -EAGAIN);
	assert_int_equal(add_video(out, 566667, false, 1), -EAGAIN);
	assert_int_equal(out->count, 0);
	/* sound needs no key frame: the gap ends with it */
	assert_int_equal(add_audio(out, 600000), 0);
	assert_int_equal(out->count, 1);
	assert_int_equal(add_video(out, 633333, false, 1), -EAGAIN);
	assert_int_equal(add_video(out, 700000, true, 1), 0);
	tess_fragmenter_cut(&out->f);
	/* and the picture's a little later, which is a gap of its own */
	assert_int_equal(out->count, 3);
	assert_int_equal(out->moofs[0].gap_us, 0);
	assert_int_equal(out->moofs[1].gap_us, 600000 - 66667);
	assert_int_equal(out->moofs[1].runs[0].count, 0);
	assert_int_equal(out->moofs[2].gap_us, 100000);
	assert_true(tess_moof_sample(&out->moofs[2].runs[0], 0).key);
	assert_int_equal(out->f.state.gap_count, 2);
	assert_int_equal(out->f.state.gaps[0].at_us, 66667);
	assert_int_equal(out->f.state.gaps[0].length_us, 533333);
}

static void change_of_description(void **state)
{
	struct output *out = *state;

	begin(out, false);
	assert_int_equal(add_video(out, 100000, true, 2), 0);
	assert_int_equal(out->count, 1); /* ends at once */
	assert_int_equal(add_video(out, 200000, true, 2), 0);
	assert_int_equal(add_video(out, 300000, true, 1), 0);
	assert_int_equal(add_video(out, 400000, true, 2), 0);
	tess_fragmenter_cut(&out->f);
	assert_int_equal(out->count, 4);
	assert_int_equal(out->moofs[0].runs[0].description, 1);
	assert_int_equal(out->moofs[1].runs[0].description, 2);
	assert_int_equal(out->moofs[1].runs[0].count, 2);
	assert_non_null(out->moofs[1].runs[0].fresh);
	/* known ones are not said again */
	assert_int_equal(out->moofs[2].runs[0].description, 1);
	assert_null(out->moofs[2].runs[0].fresh);
	assert_int_equal(out->moofs[3].runs[0].description, 2);
	assert_null(out->moofs[3].runs[0].fresh);
}

static void too_many_descriptions(void **state)
{
	struct output *out = *state;

	begin(out, false);
	for (int n = 2; n < 256; n++)
		assert_int_equal(add_video(out, n * 50000, true, (uint8_t)n), 0);
	tess_fragmenter_cut(&out->f);
	assert_int_equal(out->f.state.track[0].count, TESS_MP4_MAX_DESCRIPTIONS);
	/* it goes on under the last one */
	assert_int_equal(out->moofs[out->count - 1].runs[0].description, TESS_MP4_MAX_DESCRIPTIONS);
}

static void sound_changes(void **state)
{
	struct tess_stream_info mono = info_of(true, true);
	struct output *out = *state;

	begin(out, true);
	assert_int_equal(add_audio(out, 0), 0);
	mono.audio_config[0] = 0x12;
	mono.audio_config[1] = 0x08;
	tess_fragmenter_stream_up(&out->f, &mono, true);
	assert_int_equal(add_audio(out, 300000), 0);
	tess_fragmenter_cut(&out->f);
	assert_int_equal(out->count, 2);
	assert_int_equal(out->moofs[1].runs[1].description, 2);
	assert_memory_equal(out->moofs[1].runs[1].fresh, "\x12\x08", 2);
	assert_int_equal(out->moofs[1].gap_us, 300000);
}

static void what_is_not_stored(void **state)
{
	static const uint8_t large[TESS_FMP4_MAX_FRAGMENT_BYTES + 1] = {0};
	struct output *out = *state;
	struct tess_au au = {.data = large,
			     .length = sizeof(large),
			     .dts_us = ORIGIN + 100000,
			     .pts_us = ORIGIN + 100000,
			     .track = TESS_TRACK_VIDEO};

	begin(out, false);
	assert_int_equal(add_audio(out, 10), -EINVAL);
	assert_int_equal(add_video(out, 0, false, 1), -ESTALE);
	assert_int_equal(tess_fragmenter_add(&out->f, &au), -EINVAL);
	/* which leaves a hole */
	assert_int_equal(add_video(out, 166667, false, 1), -EAGAIN);
	assert_int_equal(add_video(out, 233333, true, 1), 0);
	tess_fragmenter_cut(&out->f);
	assert_int_equal(out->moofs[out->count - 1].gap_us, 133333);
	au.length = 0;
	assert_int_equal(tess_fragmenter_add(&out->f, &au), -EINVAL);
}

/** The ring has all: what is known is dropped, nothing is marked. Then it has not. */
static void goes_on_behind_a_file(void **state)
{
	struct tess_stream_info info = info_of(true, true);
	struct tess_record_state held;
	struct output *out = *state;
	struct tess_fragmenter f;
	struct output again = {0};

	begin(out, true);
	for (int n = 1; n < 15; n++) {
		assert_int_equal(add_video(out, n * 1000000ll / 15, false, 1), 0);
		assert_int_equal(add_audio(out, n * 64000), 0);
	}
	tess_fragmenter_cut(&out->f);
	for (int gap = 0; gap < 2; gap++) {
		again.count = 0;
		tess_fragmenter_init(&f, 1000000, on_fragment, &again);
		assert_int_equal(tess_record_state_copy(&held, &out->f.state), 0);
		tess_fragmenter_resume(&f, &held, ORIGIN);
		again.f = f;
		tess_fragmenter_stream_up(&again.f, &info, false);
		assert_int_equal(tess_timeline_last_media_us(&again.f.timeline),
				 ORIGIN + 14 * 64000);
		if (!gap) {
			assert_int_equal(add_video(&again, 14 * 1000000ll / 15, false, 1), -ESTALE);
			assert_int_equal(add_audio(&again, 15 * 64000), 0);
			assert_int_equal(add_video(&again, 1000000, false, 1), 0);
		} else {
			/* 300 ms later, and nobody says that something is missing */
			assert_int_equal(add_video(&again, 1300000, true, 1), 0);
		}
		tess_fragmenter_cut(&again.f);
		assert_int_equal(again.count, 1);
		assert_int_equal(again.moofs[0].sequence, 2);
		assert_int_equal(again.moofs[0].gap_us, gap ? 1300000 - 933333 : 0);
		tess_bytes_free(&again.fragments[0].moof);
		tess_bytes_free(&again.fragments[0].payloads[0]);
		tess_bytes_free(&again.fragments[0].payloads[1]);
		tess_fragmenter_free(&again.f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(begins_with_a_key_frame, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_after_a_second, set_up, tear_down),
		cmocka_unit_test_setup_teardown(key_frame_that_is_near_ends_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sound_does_not_wait_for_ever, set_up, tear_down),
		cmocka_unit_test_setup_teardown(last_picture_is_shown_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(gap_begins_a_fragment_with_a_key_frame, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(change_of_description, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_many_descriptions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sound_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_stored, set_up, tear_down),
		cmocka_unit_test_setup_teardown(goes_on_behind_a_file, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
