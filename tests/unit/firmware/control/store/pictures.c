/* SPDX-License-Identifier: GPL-3.0-or-later
 * Still pictures in the store: those of applications and those that were fetched.
 */
#include "firmware/control/store/pictures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "fixture.h"

#define APP 1400000001

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static struct tess_picture a_picture(const char *hash, int64_t bytes)
{
	struct tess_picture picture = {.application = APP,
				       .format = "png",
				       .width = 160,
				       .height = 90,
				       .x = 1,
				       .y = 2,
				       .bytes = bytes,
				       .created_us = FIXTURE_UTC_US};

	(void)stpcpy(picture.hash, hash);
	return picture;
}

static void assert_content(const char *hash, const void *expected, size_t expected_length)
{
	void *content;
	size_t length;

	assert_int_equal(tess_store_picture_content(f.control.store, hash, &content, &length), 0);
	assert_int_equal(length, expected_length);
	assert_memory_equal(content, expected, length);
	free(content);
}

static void test_kept(void **state)
{
	struct tess_picture picture = a_picture("aa", 5), read;
	void *content;
	size_t length;

	(void)state;
	assert_int_equal(tess_store_picture_add(f.control.store, &picture,
						"a\0b\xff"
						"c"),
			 0);
	assert_int_equal(picture.id, 1);
	fixture_restart(&f);
	assert_int_equal(tess_store_picture_get(f.control.store, &read, APP, 1), 0);
	assert_string_equal(read.format, "png");
	assert_string_equal(read.hash, "aa");
	assert_int_equal(read.bytes, 5);
	assert_int_equal(read.width, 160);
	assert_int_equal(read.height, 90);
	assert_int_equal(read.x, 1);
	assert_int_equal(read.y, 2);
	assert_int_equal(read.created_us, FIXTURE_UTC_US);
	assert_content("aa",
		       "a\0b\xff"
		       "c",
		       5);

	read.width = 7;
	read.y = 9;
	assert_int_equal(tess_store_picture_set(f.control.store, &read), 0);
	assert_int_equal(tess_store_picture_get(f.control.store, &picture, APP, 1), 0);
	assert_int_equal(picture.width, 7);
	assert_int_equal(picture.height, 90);
	assert_int_equal(picture.y, 9);
	read.application = APP + 1;
	assert_int_equal(tess_store_picture_set(f.control.store, &read), -ENOENT);
	assert_int_equal(tess_store_picture_get(f.control.store, &read, APP + 1, 1), -ENOENT);
	assert_int_equal(tess_store_picture_remove(f.control.store, APP + 1, 1), -ENOENT);
	assert_int_equal(tess_store_picture_remove(f.control.store, APP, 1), 0);
	assert_int_equal(tess_store_picture_get(f.control.store, &read, APP, 1), -ENOENT);
	assert_int_equal(tess_store_picture_content(f.control.store, "aa", &content, &length),
			 -ENOENT);
	/* an id is never used twice */
	assert_int_equal(tess_store_picture_add(f.control.store, &picture, "xxxxx"), 0);
	assert_int_equal(picture.id, 2);
	picture.application = 5;
	assert_int_equal(tess_store_picture_add(f.control.store, &picture, "xxxxx"), -ENOENT);
}

static int count_ids(void *arg, const struct tess_picture *row)
{
	int64_t *sum = arg;

	*sum = *sum * 10 + row->id;
	return 0;
}

static void test_lists(void **state)
{
	int64_t count, ids = 0;

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct tess_picture picture = a_picture("h", 1);

		assert_int_equal(tess_store_picture_add(f.control.store, &picture, "x"), 0);
	}
	assert_int_equal(tess_store_picture_count(f.control.store, APP, &count), 0);
	assert_int_equal(count, 5);
	assert_int_equal(tess_store_picture_count(f.control.store, 7, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(tess_store_pictures(f.control.store, APP, 0, 0, count_ids, &ids), 0);
	assert_int_equal(ids, 12345);
	ids = 0;
	assert_int_equal(tess_store_pictures(f.control.store, APP, 2, 2, count_ids, &ids), 0);
	assert_int_equal(ids, 34);
	/* they go with their application */
	assert_int_equal(tess_store_application_remove(f.control.store, APP), 0);
	assert_int_equal(tess_store_picture_count(f.control.store, APP, &count), 0);
	assert_int_equal(count, 0);
}

static int join(void *arg, const char *url)
{
	(void)strcat(strcat(arg, url), " ");
	return 0;
}

static void test_fetched(void **state)
{
	struct tess_store *store;
	char hash[TESS_PICTURE_HASH], urls[64] = "";

	(void)state;
	assert_int_equal(tess_store_fetched_hash(f.control.store, "http://b", hash), -ENOENT);
	assert_int_equal(tess_store_fetched_set(f.control.store, "http://b", "11", "one", 3), 0);
	assert_int_equal(tess_store_fetched_set(f.control.store, "http://b", "22", "two", 3), 0);
	assert_int_equal(tess_store_fetched_set(f.control.store, "http://a", "33", "three", 5), 0);
	fixture_restart(&f);
	store = f.control.store;
	assert_int_equal(tess_store_fetched_hash(store, "http://b", hash), 0);
	assert_string_equal(hash, "22");
	assert_content("22", "two", 3);
	assert_content("33", "three", 5);
	assert_int_equal(tess_store_fetched(store, join, urls), 0);
	assert_string_equal(urls, "http://a http://b ");
	assert_int_equal(tess_store_fetched_remove(store, "http://b"), 0);
	assert_int_equal(tess_store_fetched_remove(store, "http://b"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fetched, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
