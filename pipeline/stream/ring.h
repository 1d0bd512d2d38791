/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/stream/ring.h - one stream in shared memory: one writer, any number of readers.
 *
 * A memfd with a header page, an index of slots and a data area. The writer never waits and never
 * looks at readers. A reader maps it read-only, keeps its own cursor, copies an access unit out and
 * then checks (sequence lock) that the writer has not come round meanwhile; if it has, the reader
 * is told so and goes on at the next key frame. Nothing that a reader finds in the memory is
 * trusted: every offset and length is checked against the mapping's size (the writer parses hostile
 * input).
 *
 * An eventfd goes with it; the writer adds to it after each access unit.
 * Threads: a writer and a reader each belong to one thread.
 */
#ifndef TESS_STREAM_RING_H
#define TESS_STREAM_RING_H

#include "hal/net.h"
#include "pipeline/stream/au.h"

struct tess_ring_writer;
struct tess_ring_reader;

struct tess_ring_config {
	uint64_t epoch;	     /* rises with each new ring of the same stream */
	uint32_t data_bytes; /* of the data area; holds at least 8 s of the stream */
	uint32_t slots;	     /* access units in the index, power of two */
};

/** @retval 0, -EINVAL, -ENOMEM, -EMFILE */
int tess_ring_writer_alloc(struct tess_ring_writer **writerp, const struct tess_ring_config *config,
			   const struct tess_stream_info *info) TESS_MUST_CHECK;
/** Marks the stream as ended for its readers and frees; accepts NULL. */
void tess_ring_writer_free(struct tess_ring_writer *writer);
/** The descriptors to hand to readers; they stay the writer's. */
int tess_ring_writer_memfd(const struct tess_ring_writer *writer);
int tess_ring_writer_eventfd(const struct tess_ring_writer *writer);
/** Append. @retval 0, -EMSGSIZE larger than half the data area (dropped) */
int tess_ring_write(struct tess_ring_writer *writer, const struct tess_au *au);
/**
 * Append a picture given as Annex B (RFC-less: ITU-T H.264 Annex B), stored length-prefixed.
 * @p au->data points to Annex B. @retval 0, -EMSGSIZE, -EBADMSG no NAL unit in it
 */
int tess_ring_write_annexb(struct tess_ring_writer *writer, const struct tess_au *au);

/**
 * Map a ring read-only. Takes ownership of neither descriptor (memfd may be closed after it).
 * The reader starts behind the newest access unit.
 * @retval 0, -EBADMSG not a ring of this version or inconsistent, -ENOMEM
 */
int tess_ring_reader_alloc(struct tess_ring_reader **readerp, int memfd) TESS_MUST_CHECK;
void tess_ring_reader_free(struct tess_ring_reader *reader); /* accepts NULL */
uint64_t tess_ring_reader_epoch(const struct tess_ring_reader *reader);
const struct tess_stream_info *tess_ring_reader_info(const struct tess_ring_reader *reader);
/** Cursor to the oldest access unit still held whole / to the newest key frame held / behind all.
 */
void tess_ring_seek_oldest(struct tess_ring_reader *reader);
int tess_ring_seek_key(
	struct tess_ring_reader *reader); /* -ENOENT: none held; audio only: newest */
void tess_ring_seek_newest(struct tess_ring_reader *reader);
/**
 * Cursor to the oldest access unit held whose dts is greater than @p dts_us, or behind all.
 * @retval 0 all that came after that time is still held, 1 some of it may have been overwritten
 */
int tess_ring_seek_after(struct tess_ring_reader *reader, int64_t dts_us);
/**
 * Copy the access unit at the cursor into @p buffer and go on. au->data points into buffer.
 * @retval 0
 * @retval -EAGAIN nothing new
 * @retval -EOVERFLOW overrun: the cursor now stands at the oldest unit held (call again)
 * @retval -EMSGSIZE buffer too small; *needed is set, the cursor stays
 * @retval -EPIPE the writer has ended the stream and all was read
 * @retval -EBADMSG the memory is inconsistent: detach
 */
int tess_ring_read(struct tess_ring_reader *reader, struct tess_au *au, uint8_t *buffer,
		   size_t capacity, size_t *needed) TESS_MUST_CHECK;

#endif
