/* SPDX-License-Identifier: GPL-3.0-or-later
 * Applications and their cloud API keys.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "fixture.h"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static int collect(void *arg, const struct tess_application *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%u:%s:%s ", row->id, row->name, row->description);
	return 0;
}

static void test_applications(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_application row = {.name = "a", .usersig_key = "k", .created_us = 5};
	char text[256] = "";

	(void)state;
	assert_int_equal(tess_store_application_add(store, &row), 0);
	assert_int_equal(row.id, 1400000001);
	row.id = 0;
	(void)stpcpy(row.name, "b");
	assert_int_equal(tess_store_application_add(store, &row), 0);
	assert_int_equal(row.id, 1400000002);
	assert_int_equal(tess_store_application_add(store, &row), -EEXIST);
	row.id = 7; /* a chosen one does not move those that are given out */
	(void)stpcpy(row.name, "c");
	assert_int_equal(tess_store_application_add(store, &row), 0);
	(void)stpcpy(row.description, "changed");
	assert_int_equal(tess_store_application_set(store, &row), 0);
	assert_int_equal(tess_store_applications(store, collect, text), 0);
	assert_string_equal(text, "7:c:changed 1400000001:a: 1400000002:b: ");
	memset(&row, 0, sizeof(row));
	assert_int_equal(tess_store_application_get(store, &row, 7), 0);
	assert_string_equal(row.usersig_key, "k");
	assert_int_equal(row.created_us, 5);
	assert_int_equal(tess_store_application_get(store, &row, 8), -ENOENT);
	row.id = 8;
	assert_int_equal(tess_store_application_set(store, &row), -ENOENT);
	assert_int_equal(tess_store_application_remove(store, 7), 0);
	assert_int_equal(tess_store_application_remove(store, 7), -ENOENT);
	/* none is free above */
	row.id = UINT32_MAX;
	assert_int_equal(tess_store_application_add(store, &row), 0);
	row.id = 0;
	assert_int_equal(tess_store_application_add(store, &row), -EEXIST);
}

static int collect_key(void *arg, const struct tess_api_key *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s:%d ", row->secret_id, row->enabled);
	return 0;
}

static void test_keys(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_api_key key = {.secret_id = "AKID1",
				   .secret_key = "s1",
				   .application = 1400000001,
				   .enabled = true,
				   .created_us = 3};
	char text[256] = "";
	int64_t first;

	(void)state;
	assert_int_equal(tess_store_key_add(store, &key), -ENOENT);
	fixture_application(&f);
	assert_int_equal(tess_store_key_add(store, &key), 0);
	first = key.id;
	assert_int_equal(tess_store_key_add(store, &key), -EEXIST);
	(void)stpcpy(key.secret_id, "AKID2");
	assert_int_equal(tess_store_key_add(store, &key), 0);
	assert_int_equal(tess_store_key_enable(store, 1400000001, "AKID2", false), 0);
	assert_int_equal(tess_store_key_enable(store, 1400000002, "AKID2", true), -ENOENT);
	assert_int_equal(tess_store_keys(store, 1400000001, collect_key, text), 0);
	assert_string_equal(text, "AKID1:1 AKID2:0 ");
	assert_int_equal(tess_store_key_owns(store, first, 1400000001), 1);
	assert_int_equal(tess_store_key_owns(store, first, 1400000002), 0);
	assert_int_equal(tess_store_key_owns(store, 99, 1400000001), 0);
	assert_int_equal(tess_store_key_find(store, &key, "AKID1"), 0);
	assert_int_equal(key.id, first);
	assert_string_equal(key.secret_key, "s1");
	assert_int_equal(tess_store_key_find(store, &key, "akid1"), -ENOENT);
	assert_int_equal(tess_store_key_remove(store, 1400000001, "AKID1"), 0);
	assert_int_equal(tess_store_key_remove(store, 1400000001, "AKID1"), -ENOENT);
	/* they go with their application */
	assert_int_equal(tess_store_application_remove(store, 1400000001), 0);
	assert_int_equal(tess_store_key_find(store, &key, "AKID2"), -ENOENT);
}

static void test_in_use(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_recording recording = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "1"},
					   .stream = "mix-1",
					   .record_id = "r"};

	(void)state;
	fixture_application(&f);
	assert_int_equal(tess_store_recording_add(store, &recording), 0);
	assert_int_equal(tess_store_application_remove(store, 1400000001), -EBUSY);
	assert_int_equal(tess_store_recording_remove(store, recording.id), 0);
	assert_int_equal(tess_store_application_remove(store, 1400000001), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_applications, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_use, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
