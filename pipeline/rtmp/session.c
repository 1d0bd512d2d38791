/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/session.c - see session.h.
 */
#include "pipeline/rtmp/session.h"

#include <errno.h>
#include <string.h>

#define VERSION	     3
#define MAX_VERSION  31 /* above it is text (§5.2.2) */
#define HELLO_BYTES  1536u
#define PING_REQUEST 6
#define PING_ANSWER  7

/* C0 C1, or S0 S1 (§5.2.2, §5.2.3): version; time 0, zero, random bytes */
static void put_hello(struct tess_rtmp_session *session)
{
	uint64_t x = session->seed | 1;

	tess_put_u8(&session->out, VERSION);
	tess_put_zeros(&session->out, 8);
	for (unsigned i = 0; i < (HELLO_BYTES - 8) / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		tess_put_u64(&session->out, x);
	}
}

int tess_rtmp_session_init(struct tess_rtmp_session *session, bool client, uint64_t seed)
{
	*session = (struct tess_rtmp_session){
		.phase = TESS_RTMP_VERSION,
		.phase_left = 1,
		.client = client,
		.seed = seed,
		.chunk_size = TESS_RTMP_FIRST_CHUNK_SIZE,
	};
	if (client)
		put_hello(session);
	return session->out.failed ? -ENOMEM : 0;
}

void tess_rtmp_session_fini(struct tess_rtmp_session *session)
{
	tess_rtmp_reader_free(session->reader);
	tess_bytes_free(&session->out);
	session->reader = NULL;
}

void tess_rtmp_session_sent(struct tess_rtmp_session *session, size_t length)
{
	session->out.length -= length;
	if (session->out.length)
		memmove(session->out.data, session->out.data + length, session->out.length);
	else
		tess_bytes_free(&session->out);
}

/** Some bytes of the handshake. @retval 0, -EPROTONOSUPPORT, -ENOMEM */
static int shake(struct tess_rtmp_session *session, struct tess_cursor *input)
{
	size_t length = session->phase_left;
	const uint8_t *data;

	if (length > tess_left(input))
		length = tess_left(input);
	data = tess_get_data(input, length);
	if (session->phase == TESS_RTMP_VERSION) {
		if (data[0] < VERSION || data[0] > MAX_VERSION)
			return -EPROTONOSUPPORT;
		if (!session->client)
			put_hello(session);
	} else if (session->phase == TESS_RTMP_ECHO) {
		tess_put_data(&session->out, data, length);
	}
	session->phase_left -= (unsigned)length;
	if (!session->phase_left) {
		session->phase++;
		session->phase_left = HELLO_BYTES;
	}
	if (session->phase == TESS_RTMP_CHUNKS && !session->reader)
		return tess_rtmp_reader_alloc(&session->reader, TESS_RTMP_MAX_COMMAND);
	return session->out.failed ? -ENOMEM : 0;
}

/** The protocol's own messages. @return whether it was one */
static bool is_own(struct tess_rtmp_session *session, const struct tess_rtmp_message *message)
{
	struct tess_cursor at = tess_cursor_of(message->data, message->length);

	switch (message->type) {
	case TESS_RTMP_USER_CONTROL:
		if (tess_get_u16(&at) == PING_REQUEST && tess_left(&at) >= 4)
			tess_rtmp_put_user_control(session, PING_ANSWER, tess_get_u32(&at));
		return true;
	case TESS_RTMP_WINDOW_SIZE:
		session->window = tess_get_u32(&at);
		return true;
	case TESS_RTMP_ACKNOWLEDGEMENT:
	case TESS_RTMP_PEER_BANDWIDTH:
		return true;
	default:
		return false;
	}
}

int tess_rtmp_session_next(struct tess_rtmp_session *session, struct tess_cursor *input,
			   struct tess_rtmp_message *message)
{
	int rc;

	while (session->phase != TESS_RTMP_CHUNKS) {
		if (!tess_left(input))
			return 0;
		rc = shake(session, input);
		if (rc)
			return rc;
	}
	do {
		size_t before = tess_left(input);

		rc = tess_rtmp_reader_next(session->reader, input, message);
		session->received += (uint32_t)(before - tess_left(input));
		if (session->window &&
		    session->received - session->acknowledged >= session->window) {
			session->acknowledged = session->received;
			tess_rtmp_put_u32(session, TESS_RTMP_ACKNOWLEDGEMENT, session->received);
		}
		if (session->out.length > TESS_RTMP_MAX_OUT)
			return -ENOBUFS;
	} while (rc > 0 && is_own(session, message));
	return session->out.failed ? -ENOMEM : rc;
}

int tess_rtmp_command(const struct tess_rtmp_message *message, struct tess_cursor *at,
		      char name[32], double *transaction)
{
	struct tess_amf0_value value;

	*at = tess_cursor_of(message->data, message->length);
	/* in AMF 3 commands a byte goes before what is AMF 0 all the same */
	if (message->type == TESS_RTMP_COMMAND_AMF3)
		(void)tess_get_u8(at);
	if (tess_amf0_get(at, &value) || value.type != TESS_AMF0_STRING)
		return -EBADMSG;
	tess_amf0_text(name, 32, &value);
	if (tess_amf0_get(at, &value) || value.type != TESS_AMF0_NUMBER)
		return -EBADMSG;
	*transaction = value.number;
	return 0;
}

void tess_rtmp_begin_command(struct tess_bytes *command, const char *name, double transaction)
{
	*command = (struct tess_bytes){0};
	tess_amf0_put_string(command, name);
	tess_amf0_put_number(command, transaction);
}

static void put(struct tess_rtmp_session *session, unsigned chunk_stream, enum tess_rtmp_type type,
		uint32_t stream, const uint8_t *data, size_t length)
{
	const struct tess_rtmp_message message = {
		.type = type, .stream = stream, .data = data, .length = (uint32_t)length};

	tess_rtmp_put_message(&session->out, chunk_stream, &message, session->chunk_size);
}

void tess_rtmp_put_command(struct tess_rtmp_session *session, uint32_t stream,
			   struct tess_bytes *command)
{
	session->out.failed |= command->failed;
	put(session, TESS_RTMP_ON_COMMAND, TESS_RTMP_COMMAND, stream, command->data,
	    command->length);
	tess_bytes_free(command);
}

void tess_rtmp_put_u32(struct tess_rtmp_session *session, enum tess_rtmp_type type, uint32_t value)
{
	const uint8_t data[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
				 (uint8_t)(value >> 8), (uint8_t)value};

	put(session, TESS_RTMP_ON_CONTROL, type, 0, data, sizeof(data));
}

void tess_rtmp_put_chunk_size(struct tess_rtmp_session *session)
{
	tess_rtmp_put_u32(session, TESS_RTMP_SET_CHUNK_SIZE, TESS_RTMP_CHUNK_SIZE);
	session->chunk_size = TESS_RTMP_CHUNK_SIZE;
}

void tess_rtmp_put_user_control(struct tess_rtmp_session *session, uint16_t event, uint32_t value)
{
	const uint8_t data[6] = {(uint8_t)(event >> 8),	 (uint8_t)event,
				 (uint8_t)(value >> 24), (uint8_t)(value >> 16),
				 (uint8_t)(value >> 8),	 (uint8_t)value};

	put(session, TESS_RTMP_ON_CONTROL, TESS_RTMP_USER_CONTROL, 0, data, sizeof(data));
}
