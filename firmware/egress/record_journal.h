/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_journal.h - the journal that lies beside each recording: its sample index
 * on disk and what else is needed to go on with it after a crash.
 *
 * A row of records: u32 length of the payload, u32 type, u32 CRC-32C of length, type and payload,
 * the payload; all big endian. The first is a HEADER. What follows the first record that is not
 * whole does not count: the recording's file has it all, since a fragment is on disk before its
 * record is.
 */
#ifndef TESS_EGRESS_RECORD_JOURNAL_H
#define TESS_EGRESS_RECORD_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

#define TESS_JOURNAL_MAX_PAYLOAD (1u << 20)
#define TESS_JOURNAL_HEAD_BYTES	 12

enum tess_journal_type {
	TESS_JOURNAL_HEADER =
		1,	       /* u32 length and text of JSON (record_state.h), head of the file */
	TESS_JOURNAL_FRAGMENT, /* u64 offset in the file, the moof */
	TESS_JOURNAL_ORIGIN,   /* JSON: media time was anchored anew, e.g. after a reboot */
	TESS_JOURNAL_END,      /* JSON: no more fragments; from here on it is being finished */
};

struct tess_journal_record {
	enum tess_journal_type type;
	const uint8_t *payload;
	uint32_t length;
};

/**
 * The record at the begin of @p data; its payload points into it.
 * @retval >0 bytes that it takes
 * @retval 0 it may go on behind @p length
 * @retval -EBADMSG it is damaged, or no record
 */
int64_t tess_journal_parse(struct tess_journal_record *record, const uint8_t *data,
			   size_t length) TESS_MUST_CHECK;

struct iovec;
/**
 * Write a record of up to 3 pieces at @p offset. @return bytes written, or a negative errno of the
 * system: then nothing may be said about what stands there.
 */
int64_t tess_journal_write(int fd, uint64_t offset, enum tess_journal_type type,
			   const struct iovec *pieces, unsigned count) TESS_MUST_CHECK;

/** Reads a journal from its begin. */
struct tess_journal_reader {
	int fd;
	uint64_t offset; /* of the record that comes next */
	uint8_t *buffer;
	size_t length, at, size;
	uint64_t file_at; /* where the buffer's end lies in the file */
};

void tess_journal_reader_init(struct tess_journal_reader *reader,
			      int fd); /* fd stays the caller's */
void tess_journal_reader_free(struct tess_journal_reader *reader);
/**
 * The next record, valid until the next call.
 * @retval 1 a record; 0 the end, or no whole record from here on; -ENOMEM; errors of pread
 */
int tess_journal_read(struct tess_journal_reader *reader,
		      struct tess_journal_record *record) TESS_MUST_CHECK;

/** pread and pwritev until all is done. @retval 0, -ENODATA the file ends before, negative errno */
int tess_read_fully(int fd, void *data, size_t length, uint64_t offset) TESS_MUST_CHECK;
int tess_write_fully(int fd, const struct iovec *pieces, unsigned count,
		     uint64_t offset) TESS_MUST_CHECK;

#endif
