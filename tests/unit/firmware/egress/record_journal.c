/* SPDX-License-Identifier: GPL-3.0-or-later
 * The journal's records: written, read back over the borders of the reader's buffer, damaged, cut
 * off.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/egress/record_journal.h"

#define RECORDS 200
#define LARGEST 150000

struct journal {
	FILE *file;
	int fd;
	uint64_t ends[RECORDS];
};

static size_t length_of(unsigned record)
{
	return record * 7919u % LARGEST;
}

static void fill(uint8_t *data, unsigned record)
{
	for (size_t i = 0; i < length_of(record); i++)
		data[i] = (uint8_t)(i * 31 + record);
}

static int set_up(void **state)
{
	struct journal *j = calloc(1, sizeof(*j));
	uint8_t *data = malloc(LARGEST);
	uint64_t end = 0;

	j->file = tmpfile();
	assert_non_null(j->file);
	j->fd = fileno(j->file);
	for (unsigned i = 0; i < RECORDS; i++) {
		size_t length = length_of(i);
		struct iovec pieces[] = {{data, length / 3},
					 {data + length / 3, length - length / 3}};
		int64_t written;

		fill(data, i);
		written = tess_journal_write(j->fd, end, 1 + i % 4, pieces, 2);
		assert_int_equal(written, TESS_JOURNAL_HEAD_BYTES + length);
		end += (uint64_t)written;
		j->ends[i] = end;
	}
	free(data);
	*state = j;
	return 0;
}

static int tear_down(void **state)
{
	struct journal *j = *state;

	(void)fclose(j->file);
	free(j);
	return 0;
}

/** How many records can be read; each must be what was written. */
static unsigned read_all(const struct journal *j)
{
	struct tess_journal_reader reader;
	struct tess_journal_record record;
	uint8_t *data = malloc(LARGEST);
	unsigned count = 0;

	tess_journal_reader_init(&reader, j->fd);
	while (tess_journal_read(&reader, &record) > 0) {
		fill(data, count);
		assert_int_equal(record.type, 1 + count % 4);
		assert_int_equal(record.length, length_of(count));
		assert_memory_equal(record.payload, data, record.length);
		assert_int_equal(reader.offset, j->ends[count]);
		count++;
	}
	/* the end stays the end */
	assert_int_equal(tess_journal_read(&reader, &record), 0);
	tess_journal_reader_free(&reader);
	free(data);
	return count;
}

static void all_is_read_back(void **state)
{
	assert_int_equal(read_all(*state), RECORDS);
}

/** One bit, in each part of a record: what is before it counts, what is behind it does not. */
static void damage_ends_it(void **state)
{
	struct journal *j = *state;
	uint64_t begin = j->ends[99];
	uint8_t byte;

	for (unsigned at = 0; at < 40; at++) {
		assert_int_equal(pread(j->fd, &byte, 1, (off_t)(begin + at)), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(j->fd, &byte, 1, (off_t)(begin + at)), 1);
		assert_int_equal(read_all(j), 100);
		byte ^= 0x10;
		assert_int_equal(pwrite(j->fd, &byte, 1, (off_t)(begin + at)), 1);
	}
	assert_int_equal(read_all(j), RECORDS);
}

static void cut_off_anywhere(void **state)
{
	struct journal *j = *state;

	for (unsigned n = RECORDS - 1; n > 150; n -= 7) {
		assert_int_equal(ftruncate(j->fd, (off_t)j->ends[n] - 1), 0);
		assert_int_equal(read_all(j), n);
		assert_int_equal(ftruncate(j->fd, (off_t)j->ends[n - 1] + 5), 0);
		assert_int_equal(read_all(j), n);
		assert_int_equal(ftruncate(j->fd, (off_t)j->ends[n - 1]), 0);
		assert_int_equal(read_all(j), n);
	}
	assert_int_equal(ftruncate(j->fd, 0), 0);
	assert_int_equal(read_all(j), 0);
}

static void limits(void **state)
{
	static const uint8_t huge[12] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2};
	static const uint8_t unknown[12] = {0, 0, 0, 0, 0, 0, 0, 5};
	struct tess_journal_record record;
	struct journal *j = *state;
	uint8_t *data = calloc(1, TESS_JOURNAL_MAX_PAYLOAD + 1);
	struct iovec piece = {data, TESS_JOURNAL_MAX_PAYLOAD + 1};

	assert_int_equal(tess_journal_write(j->fd, 0, TESS_JOURNAL_FRAGMENT, &piece, 1), -EMSGSIZE);
	assert_int_equal(tess_journal_parse(&record, huge, sizeof(huge)), -EBADMSG);
	assert_int_equal(tess_journal_parse(&record, unknown, sizeof(unknown)), -EBADMSG);
	assert_int_equal(tess_journal_parse(&record, unknown, 11), 0);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_is_read_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damage_ends_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cut_off_anywhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
