/* SPDX-License-Identifier: GPL-3.0-or-later
 * Records of a recording's journal.
 */
#include "firmware/egress/record_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "pipeline/mux/bytes.h"
#include "pipeline/mux/crc32c.h"

#define READ_BYTES (64u << 10)
/** Pieces of one write; a fragment is its moof and two payloads. */
#define MAX_PIECES 8

int tess_read_fully(int fd, void *data, size_t length, uint64_t offset)
{
	uint8_t *at = data;

	while (length) {
		ssize_t got = pread(fd, at, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return -ENODATA;
		at += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return 0;
}

int tess_write_fully(int fd, const struct iovec *pieces, unsigned count, uint64_t offset)
{
	struct iovec rest[MAX_PIECES];
	unsigned at = 0;

	if (count > MAX_PIECES)
		return -EINVAL;
	memcpy(rest, pieces, count * sizeof(*pieces));
	while (at < count) {
		ssize_t done;

		if (!rest[at].iov_len) {
			at++;
			continue;
		}
		done = pwritev(fd, rest + at, (int)(count - at), (off_t)offset);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (!done)
			return -EIO;
		offset += (uint64_t)done;
		for (; at < count && (size_t)done >= rest[at].iov_len; at++)
			done -= (ssize_t)rest[at].iov_len;
		if (at < count) {
			rest[at].iov_base = (uint8_t *)rest[at].iov_base + done;
			rest[at].iov_len -= (size_t)done;
		}
	}
	return 0;
}

static uint32_t crc_of(const uint8_t head[TESS_JOURNAL_HEAD_BYTES])
{
	return tess_crc32c(0, head, 8);
}

int64_t tess_journal_parse(struct tess_journal_record *record, const uint8_t *data, size_t length)
{
	struct tess_cursor cursor = tess_cursor_of(data, length);
	uint32_t type, crc;

	if (length < TESS_JOURNAL_HEAD_BYTES)
		return 0;
	record->length = tess_get_u32(&cursor);
	type = tess_get_u32(&cursor);
	crc = tess_get_u32(&cursor);
	if (record->length > TESS_JOURNAL_MAX_PAYLOAD || type < TESS_JOURNAL_HEADER ||
	    type > TESS_JOURNAL_END)
		return -EBADMSG;
	record->type = type;
	record->payload = tess_get_data(&cursor, record->length);
	if (!record->payload)
		return 0;
	if (tess_crc32c(crc_of(data), record->payload, record->length) != crc)
		return -EBADMSG;
	return TESS_JOURNAL_HEAD_BYTES + (int64_t)record->length;
}

int64_t tess_journal_write(int fd, uint64_t offset, enum tess_journal_type type,
			   const struct iovec *pieces, unsigned count)
{
	uint8_t buffer[TESS_JOURNAL_HEAD_BYTES];
	struct tess_bytes head = {.data = buffer, .capacity = sizeof(buffer)};
	struct iovec all[MAX_PIECES] = {{buffer, sizeof(buffer)}};
	size_t length = 0;
	uint32_t crc;
	int error;

	if (count + 1 > MAX_PIECES)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		all[i + 1] = pieces[i];
		length += pieces[i].iov_len;
	}
	if (length > TESS_JOURNAL_MAX_PAYLOAD)
		return -EMSGSIZE;
	tess_put_u32(&head, (uint32_t)length);
	tess_put_u32(&head, type);
	crc = crc_of(buffer);
	for (unsigned i = 0; i < count; i++)
		crc = tess_crc32c(crc, pieces[i].iov_base, pieces[i].iov_len);
	tess_put_u32(&head, crc);
	error = tess_write_fully(fd, all, count + 1, offset);
	return error ? error : TESS_JOURNAL_HEAD_BYTES + (int64_t)length;
}

void tess_journal_reader_init(struct tess_journal_reader *reader, int fd)
{
	*reader = (struct tess_journal_reader){.fd = fd};
}

void tess_journal_reader_free(struct tess_journal_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
}

/** Have more bytes of the file behind the record at the cursor. @retval 1, 0 the end, negative
 * errno */
static int fill(struct tess_journal_reader *reader)
{
	ssize_t got;

	if (reader->at)
		memmove(reader->buffer, reader->buffer + reader->at, reader->length - reader->at);
	reader->length -= reader->at;
	reader->at = 0;
	if (reader->size - reader->length < READ_BYTES) {
		uint8_t *buffer = realloc(reader->buffer, reader->size + READ_BYTES);

		if (!buffer)
			return -ENOMEM;
		reader->buffer = buffer;
		reader->size += READ_BYTES;
	}
	do {
		got = pread(reader->fd, reader->buffer + reader->length, READ_BYTES,
			    (off_t)reader->file_at);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	reader->length += (size_t)got;
	reader->file_at += (uint64_t)got;
	return got > 0;
}

int tess_journal_read(struct tess_journal_reader *reader, struct tess_journal_record *record)
{
	for (;;) {
		int64_t taken = 0;
		int error;

		if (reader->length > reader->at)
			taken = tess_journal_parse(record, reader->buffer + reader->at,
						   reader->length - reader->at);
		if (taken < 0)
			return 0;
		if (taken > 0) {
			reader->at += (size_t)taken;
			reader->offset += (uint64_t)taken;
			return 1;
		}
		error = fill(reader);
		if (error <= 0)
			return error;
	}
}
