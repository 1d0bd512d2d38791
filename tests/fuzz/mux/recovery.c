/* SPDX-License-Identifier: GPL-3.0-or-later
 * A journal and a file as a crash may leave them, or as an attacker may: recover, recover again
 * (which must find the same), finish.
 *
 *   u8 flags (1: make the journal's CRCs right) | u32 bytes of journal | journal | file
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/record_file.h"
#include "firmware/egress/record_journal.h"
#include "pipeline/mux/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** So that the fuzzer gets past them. */
static void repair_crcs(uint8_t *journal, size_t length)
{
	for (size_t at = 0; length - at >= TESS_JOURNAL_HEAD_BYTES;) {
		struct tess_cursor cursor = tess_cursor_of(journal + at, length - at);
		size_t payload = tess_get_u32(&cursor);
		uint32_t crc;

		if (payload > length - at - TESS_JOURNAL_HEAD_BYTES)
			return;
		crc = tess_crc32c(tess_crc32c(0, journal + at, 8),
				  journal + at + TESS_JOURNAL_HEAD_BYTES, payload);
		for (unsigned i = 0; i < 4; i++)
			journal[at + 8 + i] = (uint8_t)(crc >> (24 - 8 * i));
		at += TESS_JOURNAL_HEAD_BYTES + payload;
	}
}

static void put_file(int dir, const char *name, const uint8_t *data, size_t length)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, length) != (ssize_t)length)
		abort();
	(void)close(fd);
}

static void clear(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *item;

	if (!listing)
		abort();
	while ((item = readdir(listing)))
		(void)unlinkat(dir, item->d_name, 0);
	(void)closedir(listing);
}

static void go_through(int dir)
{
	struct tess_record_state state, again;
	struct tess_record_meta meta;
	struct tess_record_file file;
	struct tess_record_end end;

	if (tess_record_file_recover(&file, &meta, &state, &end, dir, "f"))
		return;
	tess_record_file_close(&file);
	if (tess_record_file_recover(&file, &meta, &again, &end, dir, "f"))
		abort();
	if (again.media_end != state.media_end || again.fragments != state.fragments ||
	    again.gap_count != state.gap_count)
		abort();
	/* what was taken back can always be finished */
	if (!end.ended)
		end = (struct tess_record_end){.ended = true, .utc_us = 1000000, .last = true};
	if (!end.finished && tess_record_file_finish(&file, &meta, &end))
		abort();
	tess_record_file_close(&file);
	tess_record_state_free(&state);
	tess_record_state_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_cursor cursor = tess_cursor_of(data, size);
	char folder[64];
	uint8_t flags = tess_get_u8(&cursor), *journal;
	size_t length = tess_get_u32(&cursor);
	int dir;

	if (cursor.bad)
		return 0;
	tess_log_init("fuzz", 0);
	if (length > tess_left(&cursor))
		length = tess_left(&cursor);
	journal = malloc(length + 1);
	if (!journal)
		abort();
	memcpy(journal, cursor.at, length);
	if (flags & 1)
		repair_crcs(journal, length);
	/* in memory, where a sync costs nothing */
	(void)snprintf(folder, sizeof(folder), "%s/tessera-fuzz-%d",
		       access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (int)getpid());
	(void)mkdir(folder, 0700);
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		abort();
	put_file(dir, "f.journal", journal, length);
	put_file(dir, "f.mp4", cursor.at + length, tess_left(&cursor) - length);
	go_through(dir);
	clear(dir);
	(void)close(dir);
	(void)rmdir(folder);
	free(journal);
	return 0;
}
