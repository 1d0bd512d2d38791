/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/faults.c - calls of the device that fail: each is told, costs the
 * picture at hand, and the mix goes on; a device that is lost is said to be.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <va/va.h>

#include "tests/unit/drivers/engine_vaapi/mixer.h"

#include <cmocka.h>

#define STREAMS 8
#define FAULTS	200
#define GOP	15 /* of the clip */
/* a fault that waits for a key frame, and the next one */
#define PATIENCE   (2 * GOP + 3)
#define ENCODE_FPS 30

static const struct tess_engine_driver *const driver = &tess_engine_vaapi;

/* where a fault is put: in what each tick does, or in what opening something again does */
enum place { STEADY, REOPEN_DECODER, REOPEN_COMPOSITOR, REOPEN_ENCODER };

static const struct {
	const char *op;
	enum place place;
	unsigned range; /* the fault hits one of so many calls */
} places[] = {
	{"vaCreateBuffer", STEADY, 50},
	{"vaBeginPicture", STEADY, STREAMS + 2},
	{"vaRenderPicture", STEADY, 2 * STREAMS + 2},
	{"vaEndPicture", STEADY, STREAMS + 2},
	{"vaMapBuffer", STEADY, 1},
	{"vaSyncBuffer", STEADY, 1},
	{"vaQueryConfigProfiles", REOPEN_DECODER, 1},
	{"vaCreateConfig", REOPEN_DECODER, 2},
	{"vaQuerySurfaceAttributes", REOPEN_DECODER, 2},
	{"vaCreateSurfaces", REOPEN_DECODER, 20},
	{"vaCreateContext", REOPEN_DECODER, 1},
	{"vaCreateSurfaces", REOPEN_COMPOSITOR, 6},
	{"vaCreateContext", REOPEN_COMPOSITOR, 1},
	{"vaQueryConfigProfiles", REOPEN_ENCODER, 1},
	{"vaGetConfigAttributes", REOPEN_ENCODER, 3},
	{"vaCreateConfig", REOPEN_ENCODER, 1},
	{"vaCreateSurfaces", REOPEN_ENCODER, 2},
	{"vaCreateContext", REOPEN_ENCODER, 1},
};
#define PLACES (sizeof(places) / sizeof(places[0]))

static const int statuses[] = {
	VA_STATUS_ERROR_OPERATION_FAILED, VA_STATUS_ERROR_ALLOCATION_FAILED,
	VA_STATUS_ERROR_HW_BUSY,	  VA_STATUS_ERROR_INVALID_PARAMETER,
	VA_STATUS_ERROR_DECODING_ERROR,	  VA_STATUS_ERROR_TIMEDOUT,
};
#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))

static unsigned next_random(unsigned *seed, unsigned range)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % range;
}

static bool is_failure_of_device(int err)
{
	return err == -EIO || err == -ENOMEM;
}

/* as firmware does after an error: it tries again until it works */
static void reopen(struct mixer *mixer, enum place place, unsigned stream)
{
	struct tess_engine *engine = mixer->rig->vaapi;
	const struct tess_encoder_config config = {mixer->width, mixer->height, ENCODE_FPS,
						   60,		 1500000,	0};
	int err = 0, tries = 0;
	if (place == REOPEN_DECODER) {
		driver->decoder_close(mixer->decoders[stream]);
		assert_int_equal(
			driver->decoder_open(&mixer->decoders[stream], engine, TESS_CODEC_H264), 0);
	} else if (place == REOPEN_COMPOSITOR) {
		driver->compositor_close(mixer->compositor);
		while ((err = driver->compositor_open(&mixer->compositor, engine, mixer->width,
						      mixer->height)) != 0)
			assert_true(is_failure_of_device(err) && ++tries == 1);
	} else if (place == REOPEN_ENCODER) {
		driver->encoder_close(mixer->encoder);
		while ((err = driver->encoder_open(&mixer->encoder, engine, &config)) != 0)
			assert_true(is_failure_of_device(err) && ++tries == 1);
	}
}

static void check_errors(const struct mixer *mixer)
{
	for (unsigned i = 0; i < mixer->streams; i++) {
		int err = mixer->decode_error[i];
		assert_true(!err || err == -EBADMSG || err == -ENOMEM);
	}
	assert_true(!mixer->draw_error || is_failure_of_device(mixer->draw_error));
	assert_true(!mixer->encode_error || is_failure_of_device(mixer->encode_error));
}

/* one fault, until all is well again */
static void suffer(struct mixer *mixer, size_t at, unsigned n, int status, unsigned stream)
{
	struct rig *rig = mixer->rig;
	uint64_t before = rig_stats(rig).faults;
	bool encoder_failed = false;
	unsigned ticks = 0;
	rig_fail(rig, places[at].op, n, status);
	reopen(mixer, places[at].place, stream);
	do {
		if (ticks++ == PATIENCE)
			fail_msg("%s %u: no recovery", places[at].op, n);
		mixer_run(mixer);
		check_errors(mixer);
		if (encoder_failed && mixer->encoded.length) {
			assert_true(mixer->encoded.key);
			encoder_failed = false;
		}
		encoder_failed |= mixer->encode_error != 0;
	} while (!mixer_good(mixer) || rig_stats(rig).faults == before);
	/* the call, and what could not work without it */
	uint64_t faults = rig_stats(rig).faults - before;
	assert_true(faults <= 3);
	assert_int_equal(rig->faults, rig_stats(rig).faults);
}

static void test_two_hundred_faults(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip;
	struct mixer mixer;
	unsigned seed = 7;
	clip_load(&clip, "baseline");
	rig_open(&rig, NULL);
	mixer_open(&mixer, &rig, &clip, STREAMS, 640, 360);
	for (unsigned i = 0; i < 5; i++)
		mixer_run(&mixer);
	assert_true(mixer_good(&mixer));
	for (unsigned i = 0; i < FAULTS; i++) {
		size_t at = next_random(&seed, PLACES);
		unsigned n = 1 + next_random(&seed, places[at].range);
		suffer(&mixer, at, n, statuses[next_random(&seed, STATUSES)],
		       next_random(&seed, STREAMS));
	}
	/* surfaces and contexts of what was opened again did not pile up */
	struct emu_va_objects live = rig_device(&rig).live;
	assert_true(live.contexts <= STREAMS + 3);
	assert_true(live.coded_buffers <= 2);
	assert_int_equal(rig_stats(&rig).fallback_decoded, 0);
	mixer_close(&mixer);
	rig_close(&rig);
	clip_free(&clip);
}

static void test_a_fault_has_names(void **state)
{
	(void)state;
	struct rig rig;
	struct clip clip;
	struct mixer mixer;
	clip_load(&clip, "baseline");
	rig_open(&rig, NULL);
	mixer_open(&mixer, &rig, &clip, 1, 320, 180);
	mixer_run(&mixer);
	assert_true(mixer_good(&mixer));

	rig_fail(&rig, "vaEndPicture", 1, VA_STATUS_ERROR_DECODING_ERROR); /* the decoder's */
	mixer_run(&mixer);
	assert_int_equal(mixer.decode_error[0], -EBADMSG);
	assert_int_equal(mixer.draw_error, 0);
	assert_int_equal(rig.faults, 1);
	assert_string_equal(rig.call, "vaEndPicture");
	assert_non_null(strstr(rig.error, vaErrorStr(VA_STATUS_ERROR_DECODING_ERROR)));
	assert_int_equal(rig_stats(&rig).damaged, 1);
	while (mixer.tick < GOP) { /* nothing is shown that was made from what is missing */
		mixer_run(&mixer);
		assert_int_equal(mixer.decode_error[0], -EBADMSG);
	}
	mixer_run(&mixer);
	assert_true(mixer_good(&mixer));

	rig_fail(&rig, "vaBeginPicture", 2, VA_STATUS_ERROR_HW_BUSY); /* the compositor's */
	mixer_run(&mixer);
	assert_int_equal(mixer.decode_error[0], 0);
	assert_int_equal(mixer.draw_error, -EIO);
	assert_int_equal(rig.faults, 2);
	assert_string_equal(rig.call, "vaBeginPicture");
	assert_string_equal(rig.error, vaErrorStr(VA_STATUS_ERROR_HW_BUSY));

	rig_fail(&rig, "vaMapBuffer", 1, VA_STATUS_ERROR_OPERATION_FAILED); /* the encoder's */
	mixer_run(&mixer);
	assert_int_equal(mixer.draw_error, 0);
	assert_int_equal(mixer.encode_error, -EIO);
	assert_int_equal(mixer.encoded.length, 0);
	assert_int_equal(rig.faults, 3);
	assert_string_equal(rig.call, "vaMapBuffer");
	mixer_run(&mixer);
	assert_true(mixer_good(&mixer) && mixer.encoded.key);

	mixer_close(&mixer);
	rig_close(&rig);
	clip_free(&clip);
}

static void test_still_pictures(void **state)
{
	(void)state;
	struct rig rig;
	static const uint8_t rgba[16 * 16 * 4];
	struct tess_surface *surface;
	struct tess_image image = {16, 16, rgba, 64, false};
	rig_open(&rig, NULL);
	rig_fail(&rig, "vaCreateSurfaces", 1, VA_STATUS_ERROR_ALLOCATION_FAILED);
	assert_int_equal(driver->upload(rig.vaapi, &image, &surface), -ENOMEM);
	assert_null(surface);
	rig_fail(&rig, "vaMapBuffer", 1, VA_STATUS_ERROR_OPERATION_FAILED);
	assert_int_equal(driver->upload(rig.vaapi, &image, &surface), -EIO);
	assert_null(surface);
	assert_int_equal(rig.faults, 2);
	assert_int_equal(rig_stats(&rig).uploads, 0);
	assert_int_equal(driver->upload(rig.vaapi, &image, &surface), 0);
	tess_surface_unref(surface);
	image.width = 15;
	assert_int_equal(driver->upload(rig.vaapi, &image, &surface), -EINVAL);
	rig_close(&rig);
}

/* which of its objects meets the lost device first */
enum first { DECODER, COMPOSITOR, ENCODER, FIRSTS };

static void lose(enum first first)
{
	struct rig rig;
	struct clip clip;
	struct mixer mixer;
	struct tess_surface *canvas, *surface;
	struct tess_encoded encoded;
	struct tess_scene scene = {.background = 0x123456};
	clip_load(&clip, "baseline");
	rig_open(&rig, NULL);
	mixer_open(&mixer, &rig, &clip, 1, 320, 180);
	mixer_run(&mixer);
	assert_true(mixer_good(&mixer));
	assert_int_equal(driver->compositor_draw(mixer.compositor, &scene, &canvas), 0);
	rig_lose(&rig);
	scene.background++;
	int errors[FIRSTS];
	for (unsigned i = 0; i < FIRSTS; i++) {
		enum first at = (first + i) % FIRSTS;
		errors[at] = at == DECODER
				     ? clip_decode(&clip, 1, rig.vaapi, mixer.decoders[0], &surface)
			     : at == COMPOSITOR
				     ? driver->compositor_draw(mixer.compositor, &scene, &surface)
				     : driver->encoder_encode(mixer.encoder, canvas, 99999, false,
							      &encoded);
		assert_int_equal(errors[at], -ENODEV);
	}
	assert_true(rig.faults >= 2);
	/* and nothing is asked of it any more */
	unsigned faults = rig.faults;
	struct tess_decoder *decoder;
	struct tess_compositor *compositor;
	struct tess_encoder *encoder;
	const struct tess_encoder_config config = {320, 180, 30, 60, 1000000, 0};
	uint8_t i420[320 * 180 * 3 / 2];
	assert_int_equal(driver->decoder_open(&decoder, rig.vaapi, TESS_CODEC_H264), -ENODEV);
	assert_int_equal(driver->compositor_open(&compositor, rig.vaapi, 320, 180), -ENODEV);
	assert_int_equal(driver->encoder_open(&encoder, rig.vaapi, &config), -ENODEV);
	assert_int_equal(driver->download(rig.vaapi, canvas, i420), -ENODEV);
	assert_int_equal(
		driver->upload(rig.vaapi, &(struct tess_image){2, 2, i420, 8, false}, &surface),
		-ENODEV);
	assert_int_equal(rig.faults, faults);
	tess_surface_unref(canvas);
	mixer_close(&mixer);
	rig_close(&rig);
	clip_free(&clip);
}

static void test_lost_device(void **state)
{
	(void)state;
	for (unsigned first = 0; first < FIRSTS; first++)
		lose((enum first)first);
}

static void test_no_device(void **state)
{
	(void)state;
	struct tess_engine *engine;
	struct tess_engine_config config = {.device = "/dev/null"};
	assert_int_equal(driver->open(&engine, &config), -ENODEV);
	config.device = "/nonexistent";
	assert_int_equal(driver->open(&engine, &config), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fault_has_names), cmocka_unit_test(test_two_hundred_faults),
		cmocka_unit_test(test_still_pictures),	  cmocka_unit_test(test_lost_device),
		cmocka_unit_test(test_no_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
