/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/pictures.c - pictures that control hands over, and the stills that are
 * made of them: limits, sharing, release, and devices that fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/media/pictures.h"
#include "tests/support/images.h"
#include "tests/unit/firmware/media/fake_engine.h"

#define LIMIT_MS 20000

struct fixture {
	struct fake_engine device, software;
	struct tess_clock_virtual clock;
	struct tess_executor *executor;
	struct tess_engines *engines;
	struct tess_placement placement;
	struct tess_pictures *pictures;
	uint8_t *png;
	size_t length;
};

static void paint(uint8_t rgba[4], unsigned x, unsigned y)
{
	rgba[0] = (uint8_t)x;
	rgba[1] = (uint8_t)y;
	rgba[3] = 200;
}

static void open_fixture(struct fixture *fixture, unsigned threads)
{
	memset(fixture, 0, sizeof(*fixture));
	tess_log_init("test", TESS_LOG_ERROR);
	fake_engine_init(&fixture->device);
	fake_engine_init(&fixture->software);
	tess_clock_virtual_init(&fixture->clock, 1, 1);
	assert_int_equal(tess_executor_alloc(&fixture->executor, threads), 0);
	fixture->engines = fake_engines_open(&fixture->device, 1, &fixture->software, "auto",
					     &fixture->clock.clock);
	fixture->placement = fake_engines_place(fixture->engines);
	assert_int_equal(tess_pictures_alloc(&fixture->pictures, fixture->executor), 0);
	fixture->length = tess_test_image(&fixture->png, "png", 40, 30, paint);
	assert_int_equal(
		tess_pictures_put(fixture->pictures, "good", fixture->png, fixture->length), 0);
	assert_int_equal(
		tess_pictures_put(fixture->pictures, "bad", fixture->png, fixture->length / 2), 0);
}

/* All that was made must be gone with it, which the fakes look at. */
static void close_fixture(struct fixture *fixture)
{
	tess_pictures_free(fixture->pictures);
	tess_placement_leave(&fixture->placement);
	tess_executor_free(fixture->executor);
	tess_engines_close(fixture->engines);
	fake_engine_done(&fixture->device);
	fake_engine_done(&fixture->software);
	free(fixture->png);
}

static struct tess_still *get(struct fixture *fixture, const char *key, uint16_t width)
{
	return tess_still_get(fixture->pictures, key, fixture->placement.device, width, 20,
			      TESS_IMAGE_STRETCH);
}

static bool is_shown(struct tess_still *still)
{
	struct tess_surface *surface = tess_still_surface(still);

	tess_surface_unref(surface);
	return surface != NULL;
}

static void takes_and_limits(void **state)
{
	static const uint8_t huge[TESS_IMAGE_MAX_BYTES + 1];
	struct fixture fixture;
	char key[TESS_DESIRED_PICTURE + 1];

	(void)state;
	open_fixture(&fixture, 0);
	assert_int_equal(tess_pictures_put(fixture.pictures, "", "x", 1), -EINVAL);
	memset(key, 'k', sizeof(key));
	key[TESS_DESIRED_PICTURE] = '\0';
	assert_int_equal(tess_pictures_put(fixture.pictures, key, "x", 1), -EINVAL);
	key[TESS_DESIRED_PICTURE - 1] = '\0';
	assert_int_equal(tess_pictures_put(fixture.pictures, key, "x", 1), 0);
	assert_int_equal(tess_pictures_put(fixture.pictures, "h", huge, sizeof(huge)), -EFBIG);
	for (unsigned i = 3; i < TESS_PICTURES_MAX; i++) {
		(void)snprintf(key, sizeof(key), "%u", i);
		assert_int_equal(tess_pictures_put(fixture.pictures, key, "x", 1), 0);
	}
	assert_int_equal(tess_pictures_put(fixture.pictures, "one more", "x", 1), -ENOSPC);
	/* what is there already is no more */
	assert_int_equal(tess_pictures_put(fixture.pictures, "good", "x", 1), 0);
	close_fixture(&fixture);
}

static int take(struct fixture *fixture, const char *message, const void *data, size_t length)
{
	json_t *json = json_loads(message, 0, NULL);
	int fd = memfd_create("test", MFD_CLOEXEC), error;

	assert_non_null(json);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	error = tess_pictures_take(fixture->pictures, json, fd);
	json_decref(json);
	(void)close(fd);
	return error;
}

static void messages(void **state)
{
	struct fixture fixture;
	struct tess_still *still;
	char text[96];

	(void)state;
	open_fixture(&fixture, 0);
	assert_int_equal(take(&fixture, "{\"key\":\"a\"}", "x", 1), -EINVAL);
	assert_int_equal(take(&fixture, "{\"bytes\":1}", "x", 1), -EINVAL);
	assert_int_equal(take(&fixture, "{\"key\":7,\"bytes\":1}", "x", 1), -EINVAL);
	assert_int_equal(take(&fixture, "{\"key\":\"a\",\"bytes\":-1}", "x", 1), -EINVAL);
	assert_int_equal(take(&fixture, "{\"key\":\"a\",\"bytes\":2097153}", "x", 1), -EFBIG);
	/* fewer than it says */
	assert_int_equal(take(&fixture, "{\"key\":\"a\",\"bytes\":9}", "x", 1), -EBADMSG);
	assert_null(get(&fixture, "a", 40));
	(void)snprintf(text, sizeof(text), "{\"key\":\"a\",\"bytes\":%zu}", fixture.length);
	assert_int_equal(take(&fixture, text, fixture.png, fixture.length), 0);
	still = get(&fixture, "a", 40);
	assert_true(is_shown(still));
	tess_still_unref(still);
	close_fixture(&fixture);
}

/* One upload for each picture and size, shared, and gone with the last who shows it. */
static void sharing(void **state)
{
	struct fixture fixture;
	struct tess_still *first, *second, *other;
	struct tess_surface *surface;

	(void)state;
	open_fixture(&fixture, 0);
	assert_null(get(&fixture, "nothing", 40));
	first = get(&fixture, "good", 40);
	second = get(&fixture, "good", 40);
	assert_ptr_equal(first, second);
	assert_int_equal(fixture.device.uploads, 1);
	surface = tess_still_surface(first);
	assert_non_null(surface);
	assert_int_equal(surface->width, 40);
	assert_int_equal(surface->height, 20);
	other = get(&fixture, "good", 60);
	assert_int_equal(fixture.device.uploads, 2);
	assert_int_equal(fixture.device.surfaces, 2);
	tess_still_unref(first);
	tess_still_unref(second);
	assert_int_equal(fixture.device.surfaces, 2); /* the surface is still held */
	tess_surface_unref(surface);
	assert_int_equal(fixture.device.surfaces, 1);
	/* who comes after that has it made again */
	first = get(&fixture, "good", 40);
	assert_int_equal(fixture.device.uploads, 3);
	tess_still_unref(first);
	tess_still_unref(other);
	assert_int_equal(fixture.device.surfaces, 0);
	tess_still_unref(NULL);
	assert_null(tess_still_surface(NULL));
	tess_still_retry(NULL);
	close_fixture(&fixture);
}

/* What the newest state does not name is forgotten; who shows it keeps it. */
static void keeping(void **state)
{
	struct tess_desired_mix mixes[2] = {0};
	struct tess_desired desired[2] = {{.mixes = &mixes[0], .mix_count = 1},
					  {.mixes = &mixes[1], .mix_count = 1}};
	struct tess_desired *all[] = {&desired[0], &desired[1]};
	struct fixture fixture;
	struct tess_still *still;

	(void)state;
	open_fixture(&fixture, 0);
	assert_int_equal(tess_pictures_put(fixture.pictures, "mark", fixture.png, fixture.length),
			 0);
	assert_int_equal(tess_pictures_put(fixture.pictures, "place", fixture.png, fixture.length),
			 0);
	still = get(&fixture, "good", 40);
	(void)stpcpy(mixes[0].pictures.water_mark, "mark");
	(void)stpcpy(mixes[1].pictures.places[15], "place");
	tess_pictures_keep(fixture.pictures, all, 2);
	assert_true(is_shown(still));
	tess_still_unref(still);
	assert_null(get(&fixture, "good", 40));
	still = get(&fixture, "mark", 40);
	assert_true(is_shown(still));
	tess_still_unref(still);
	still = get(&fixture, "place", 40);
	assert_true(is_shown(still));
	tess_still_unref(still);
	(void)stpcpy(mixes[0].pictures.water_mark, "");
	(void)stpcpy(mixes[0].pictures.background, "place");
	tess_pictures_keep(fixture.pictures, all, 1);
	assert_null(get(&fixture, "mark", 40));
	tess_pictures_keep(fixture.pictures, all, 0);
	assert_null(get(&fixture, "place", 40));
	close_fixture(&fixture);
}

static void a_broken_picture(void **state)
{
	struct fixture fixture;
	struct tess_still *still;
	json_t *facts;

	(void)state;
	open_fixture(&fixture, 0);
	tess_log_init("test", TESS_LOG_ERROR);
	facts = tess_pictures_facts(fixture.pictures);
	assert_int_equal(json_array_size(facts), 0);
	json_decref(facts);
	still = get(&fixture, "bad", 40);
	assert_non_null(still);
	assert_false(is_shown(still));
	tess_still_retry(still); /* which is for good */
	assert_false(is_shown(still));
	assert_int_equal(fixture.device.uploads, 0);
	facts = tess_pictures_facts(fixture.pictures);
	assert_int_equal(json_array_size(facts), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(facts, 0), "key")),
			    "bad");
	assert_string_equal(json_string_value(json_object_get(json_array_get(facts, 0), "error")),
			    "it is damaged");
	json_decref(facts);
	tess_still_unref(still);
	close_fixture(&fixture);
}

static void a_device_that_fails(void **state)
{
	struct fixture fixture;
	struct tess_still *still;

	(void)state;
	open_fixture(&fixture, 0);
	fixture.device.upload_error = -EIO;
	still = get(&fixture, "good", 40);
	assert_false(is_shown(still));
	tess_still_retry(still);
	assert_false(is_shown(still));
	fixture.device.upload_error = 0;
	tess_still_retry(still);
	assert_true(is_shown(still));
	tess_still_retry(still);
	assert_int_equal(fixture.device.uploads, 1);
	tess_still_unref(still);
	/* a size that it refuses says nothing about its health, whatever the number of them */
	fixture.device.upload_error = -EINVAL;
	for (uint16_t i = 0; i < 20; i++)
		tess_still_unref(get(&fixture, "good", (uint16_t)(60 + 2 * i)));
	assert_false(tess_device_is_lost(fixture.placement.device));
	/* one that is gone is */
	fixture.device.gone = true;
	still = get(&fixture, "good", 40);
	assert_false(is_shown(still));
	assert_true(tess_device_is_lost(fixture.placement.device));
	tess_still_unref(still);
	/* the next device gets its own */
	tess_placement_leave(&fixture.placement);
	fixture.placement = fake_engines_place(fixture.engines);
	still = get(&fixture, "good", 40);
	assert_true(is_shown(still));
	assert_int_equal(fixture.software.uploads, 1);
	tess_still_unref(still);
	close_fixture(&fixture);
}

/* On threads: mixes come and go while pictures are made. */
static void on_threads(void **state)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	struct fixture fixture;
	struct tess_still *stills[8] = {0};
	unsigned shown = 0;

	(void)state;
	open_fixture(&fixture, 2);
	for (unsigned round = 0; round < 400; round++) {
		struct tess_still **still = &stills[round * 5 % 8];

		tess_still_unref(*still);
		*still = get(&fixture, round % 7 ? "good" : "bad", (uint16_t)(20 + round % 5 * 2));
		tess_surface_unref(tess_still_surface(stills[round % 8]));
	}
	for (unsigned ms = 0; shown < 1 && ms < LIMIT_MS; ms++) {
		shown = 0;
		for (unsigned i = 0; i < 8; i++)
			shown += is_shown(stills[i]);
		(void)nanosleep(&nap, NULL);
	}
	assert_true(shown >= 1);
	for (unsigned i = 0; i < 8; i++)
		tess_still_unref(stills[i]);
	/* and what is still queued when all ends */
	for (unsigned i = 0; i < 8; i++)
		tess_still_unref(get(&fixture, "good", (uint16_t)(100 + 2 * i)));
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_and_limits), cmocka_unit_test(messages),
		cmocka_unit_test(sharing),	    cmocka_unit_test(keeping),
		cmocka_unit_test(a_broken_picture), cmocka_unit_test(a_device_that_fails),
		cmocka_unit_test(on_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
