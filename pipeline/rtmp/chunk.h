/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/chunk.h - RTMP's chunk stream (Adobe's Real Time Messaging Protocol 1.0, §5.3):
 * messages cut into chunks, several of them interleaved.
 *
 * The writer always uses type 0 headers (a whole header, an absolute time stamp), so that what is
 * sent depends on nothing sent before, and one body serves all peers. Reading is bounded before
 * anything is allocated: messages of at most a given length, on at most
 * TESS_RTMP_MAX_CHUNK_STREAMS chunk streams.
 */
#ifndef TESS_RTMP_CHUNK_H
#define TESS_RTMP_CHUNK_H

#include "hal/compiler.h"
#include "pipeline/mux/bytes.h"

#define TESS_RTMP_MAX_CHUNK_STREAMS 16
/** Both sides begin with this chunk size (§5.4.1). */
#define TESS_RTMP_FIRST_CHUNK_SIZE 128
/** Ours, told first. What large servers take at most is 65536. */
#define TESS_RTMP_CHUNK_SIZE 60000u
/** Largest header of a chunk that is written. */
#define TESS_RTMP_HEADER_SIZE 16

/** Message types (§5.4, §7.1). */
enum tess_rtmp_type {
	TESS_RTMP_SET_CHUNK_SIZE = 1,
	TESS_RTMP_ABORT = 2,
	TESS_RTMP_ACKNOWLEDGEMENT = 3,
	TESS_RTMP_USER_CONTROL = 4,
	TESS_RTMP_WINDOW_SIZE = 5,
	TESS_RTMP_PEER_BANDWIDTH = 6,
	TESS_RTMP_AUDIO = 8,
	TESS_RTMP_VIDEO = 9,
	TESS_RTMP_COMMAND_AMF3 = 17,
	TESS_RTMP_DATA = 18,
	TESS_RTMP_COMMAND = 20,
};

/** Chunk streams that we send on, each below 64. */
enum {
	TESS_RTMP_ON_CONTROL = 2, /* §5.4 */
	TESS_RTMP_ON_COMMAND = 3,
	TESS_RTMP_ON_AUDIO = 4,
	TESS_RTMP_ON_DATA = 5,
	TESS_RTMP_ON_VIDEO = 6,
};

struct tess_rtmp_message {
	enum tess_rtmp_type type;
	uint32_t time_ms, stream;
	const uint8_t *data; /* valid until the next call of the reader */
	uint32_t length;
};

struct tess_rtmp_reader;

/** @p max_message: bytes of a message that are taken. @retval 0, -ENOMEM */
int tess_rtmp_reader_alloc(struct tess_rtmp_reader **readerp, uint32_t max_message) TESS_MUST_CHECK;
void tess_rtmp_reader_free(struct tess_rtmp_reader *reader); /* accepts NULL */
/** Take messages of up to @p max_message bytes from now on. */
void tess_rtmp_reader_set_max(struct tess_rtmp_reader *reader, uint32_t max_message);
/**
 * Take bytes up to the end of the next message. Set Chunk Size and Abort are obeyed here, and not
 * given out.
 * @retval 1 *message is filled; there may be more, 0 all was taken
 * @retval -EBADMSG it is no chunk stream, -EMSGSIZE a message is too long, -ENOBUFS too many chunk
 * streams, -ENOMEM: reading cannot go on
 */
int tess_rtmp_reader_next(struct tess_rtmp_reader *reader, struct tess_cursor *input,
			  struct tess_rtmp_message *message) TESS_MUST_CHECK;

/** Bytes of a whole message on the wire, with all its chunk headers of our chunk size. */
size_t tess_rtmp_wire_bytes(uint32_t length, uint32_t time_ms);
/** The header in front of a message. @return its length, up to TESS_RTMP_HEADER_SIZE */
size_t tess_rtmp_put_header(uint8_t *out, unsigned chunk_stream,
			    const struct tess_rtmp_message *message);
/** The header inside of it, after each TESS_RTMP_CHUNK_SIZE bytes. @return its length */
size_t tess_rtmp_put_continuation(uint8_t *out, unsigned chunk_stream, uint32_t time_ms);
/** A whole message, in chunks of @p chunk_size. */
void tess_rtmp_put_message(struct tess_bytes *out, unsigned chunk_stream,
			   const struct tess_rtmp_message *message, uint32_t chunk_size);

#endif
