/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/session.h - what both sides of an RTMP connection do alike: the simple handshake
 * (§5.2; the digests that Flash players wanted are not), chunks, acknowledgements, pings.
 *
 * No socket and no clock: bytes go in, messages come out, and what is to be sent gathers in `out`.
 */
#ifndef TESS_RTMP_SESSION_H
#define TESS_RTMP_SESSION_H

#include "pipeline/rtmp/amf0.h"
#include "pipeline/rtmp/chunk.h"

/** Of what peers send to us, all of them commands until one of them may publish. */
#define TESS_RTMP_MAX_COMMAND 65536u
/** A key frame of 16 Mbit/s is below it. */
#define TESS_RTMP_MAX_PICTURE (2u << 20)
/** A peer that asks and does not read what it is answered is given up at this. */
#define TESS_RTMP_MAX_OUT 65536u
/** Our message stream, as a server. */
#define TESS_RTMP_STREAM 1u

enum tess_rtmp_phase {
	TESS_RTMP_VERSION = 1, /* C0 or S0 is awaited */
	TESS_RTMP_ECHO,	       /* C1 or S1, which goes back as S2 or C2 */
	TESS_RTMP_IGNORE,      /* C2 or S2 */
	TESS_RTMP_CHUNKS,
};

struct tess_rtmp_session {
	struct tess_bytes out; /* to be sent; whoever sends it empties it */
	struct tess_rtmp_reader *reader;
	enum tess_rtmp_phase phase;
	bool client;
	unsigned phase_left;
	uint64_t seed;
	uint32_t chunk_size; /* ours */
	uint32_t received, acknowledged, window;
};

/** @p seed: any number, for the bytes that are to be random. @retval 0, -ENOMEM */
int tess_rtmp_session_init(struct tess_rtmp_session *session, bool client,
			   uint64_t seed) TESS_MUST_CHECK;
void tess_rtmp_session_fini(struct tess_rtmp_session *session);
/**
 * Take bytes up to the end of the next message that is not the protocol's own.
 * @retval 1 *message is filled, 0 all was taken; or what tess_rtmp_reader_next() returns,
 * -EPROTONOSUPPORT not RTMP, -ENOBUFS the peer does not read, -ENOMEM
 */
int tess_rtmp_session_next(struct tess_rtmp_session *session, struct tess_cursor *input,
			   struct tess_rtmp_message *message) TESS_MUST_CHECK;
/** Whether the handshake is over. */
static inline bool tess_rtmp_session_is_open(const struct tess_rtmp_session *session)
{
	return session->phase == TESS_RTMP_CHUNKS;
}
/** Bytes of `out` were sent. */
void tess_rtmp_session_sent(struct tess_rtmp_session *session, size_t length);

/** The name and the transaction of a command; *at goes behind them. @retval 0, -EBADMSG */
int tess_rtmp_command(const struct tess_rtmp_message *message, struct tess_cursor *at,
		      char name[32], double *transaction) TESS_MUST_CHECK;

/* What is sent. A command is begun in a buffer of its own, and put when it is complete. */
void tess_rtmp_put_command(struct tess_rtmp_session *session, uint32_t stream,
			   struct tess_bytes *command); /* frees the command */
void tess_rtmp_begin_command(struct tess_bytes *command, const char *name, double transaction);
/** One of the messages of four bytes: type 1, 3 or 5. */
void tess_rtmp_put_u32(struct tess_rtmp_session *session, enum tess_rtmp_type type, uint32_t value);
/** Set Chunk Size to TESS_RTMP_CHUNK_SIZE. */
void tess_rtmp_put_chunk_size(struct tess_rtmp_session *session);
/** A User Control message (§7.1.7): 0 Stream Begin, 1 Stream EOF, 7 Ping Response. */
void tess_rtmp_put_user_control(struct tess_rtmp_session *session, uint16_t event, uint32_t value);

#endif
