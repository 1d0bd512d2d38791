/* SPDX-License-Identifier: GPL-3.0-or-later
 * Facts of very many recordings, and of one with very many files.
 */
#include "firmware/egress/facts_pieces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MAX_BYTES 4000

static json_t *record_of(int id, int files)
{
	json_t *list = json_array();

	for (int i = 0; i < files; i++)
		(void)json_array_append_new(list,
					    json_pack("{s:s, s:i}", "name", "lesson", "part", i));
	return json_pack("{s:i, s:s, s:o}", "id", id, "state", "finished", "files", list);
}

/* Nothing is told twice, nothing is missing, and no piece is too large. */
static void assert_pieces(const json_t *records, size_t least)
{
	json_t *pieces = tess_facts_pieces(records, MAX_BYTES), *piece, *record, *file;
	int files[500] = {0};
	size_t i, k, n;

	assert_true(json_array_size(pieces) >= least);
	json_array_foreach(pieces, i, piece)
	{
		assert_true(json_dumpb(piece, NULL, 0, JSON_COMPACT) < MAX_BYTES + 200);
		json_array_foreach(piece, k, record)
		{
			int id = (int)json_integer_value(json_object_get(record, "id"));

			assert_string_equal(json_string_value(json_object_get(record, "state")),
					    "finished");
			json_array_foreach(json_object_get(record, "files"), n, file)
			{
				assert_int_equal(json_integer_value(json_object_get(file, "part")),
						 files[id]);
				files[id]++;
			}
		}
	}
	json_array_foreach(records, i, record)
	{
		assert_int_equal(files[json_integer_value(json_object_get(record, "id"))],
				 json_array_size(json_object_get(record, "files")));
	}
	json_decref(pieces);
}

static void test_pieces(void **state)
{
	json_t *records = json_array();

	(void)state;
	assert_pieces(records, 1);
	(void)json_array_append_new(records, record_of(0, 1));
	assert_pieces(records, 1);
	for (int i = 1; i < 300; i++)
		(void)json_array_append_new(records, record_of(i, 2));
	assert_pieces(records, 5);
	(void)json_array_append_new(records, record_of(300, 1000));
	(void)json_array_append_new(records, record_of(301, 0));
	assert_pieces(records, 10);
	json_decref(records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
