/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/chunk.c - see chunk.h.
 */
#include "pipeline/rtmp/chunk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* §5.3.1.2: a time stamp of this says that the real one follows in four bytes of its own */
#define EXTENDED   0xffffffu
#define MAX_HEAD   18 /* 3 + 11 + 4 */
#define FIRST_BODY 4096

/* A chunk stream: the header it had last, and the message that is not complete. */
struct channel {
	bool used;
	uint32_t id;
	uint32_t time_ms, delta_ms, length, stream;
	uint8_t type;
	bool extended; /* its headers carry the four bytes, those of type 3 too */
	uint8_t *body;
	uint32_t received, capacity;
};

struct tess_rtmp_reader {
	struct channel channels[TESS_RTMP_MAX_CHUNK_STREAMS];
	uint32_t max_message, chunk_size;
	uint8_t head[MAX_HEAD];
	unsigned head_length;
	struct channel *current; /* in the middle of a chunk of it */
	uint32_t chunk_left;
	struct channel *given; /* its message was given out, and is over */
};

int tess_rtmp_reader_alloc(struct tess_rtmp_reader **readerp, uint32_t max_message)
{
	struct tess_rtmp_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->max_message = max_message;
	reader->chunk_size = TESS_RTMP_FIRST_CHUNK_SIZE;
	*readerp = reader;
	return 0;
}

static void forget_body(struct channel *channel)
{
	free(channel->body);
	channel->body = NULL;
	channel->received = channel->capacity = 0;
}

void tess_rtmp_reader_free(struct tess_rtmp_reader *reader)
{
	if (!reader)
		return;
	for (unsigned i = 0; i < TESS_RTMP_MAX_CHUNK_STREAMS; i++)
		forget_body(&reader->channels[i]);
	free(reader);
}

void tess_rtmp_reader_set_max(struct tess_rtmp_reader *reader, uint32_t max_message)
{
	reader->max_message = max_message;
}

static unsigned basic_bytes(uint8_t first)
{
	unsigned id = first & 63;

	return id == 0 ? 2 : id == 1 ? 3 : 1;
}

static uint32_t channel_id(const uint8_t *head)
{
	unsigned id = head[0] & 63;

	if (id == 0)
		return 64u + head[1];
	return id == 1 ? 64u + head[1] + 256u * head[2] : id;
}

static struct channel *channel_find(struct tess_rtmp_reader *reader, uint32_t id)
{
	for (unsigned i = 0; i < TESS_RTMP_MAX_CHUNK_STREAMS; i++) {
		struct channel *channel = &reader->channels[i];

		if (channel->used && channel->id == id)
			return channel;
	}
	return NULL;
}

static uint32_t u24(const uint8_t *at)
{
	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static uint32_t u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | u24(at + 1);
}

/** How many bytes the header has, as far as it can be told from those that are there. */
static unsigned head_bytes(struct tess_rtmp_reader *reader)
{
	static const uint8_t message_bytes[4] = {11, 7, 3, 0};
	const uint8_t *head = reader->head;
	unsigned basic, whole, format;
	bool extended;

	if (!reader->head_length)
		return 1;
	format = head[0] >> 6;
	basic = basic_bytes(head[0]);
	whole = basic + message_bytes[format];
	if (reader->head_length < whole)
		return whole;
	if (format == 3) {
		const struct channel *channel = channel_find(reader, channel_id(head));

		extended = channel && channel->extended;
	} else {
		extended = u24(head + basic) == EXTENDED;
	}
	return whole + (extended ? 4 : 0);
}

/** The chunk stream of a header; type 2 and 3 lean on an earlier header. */
static int channel_get(struct tess_rtmp_reader *reader, unsigned format, struct channel **channelp)
{
	uint32_t id = channel_id(reader->head);
	struct channel *channel = channel_find(reader, id);

	for (unsigned i = 0; !channel && i < TESS_RTMP_MAX_CHUNK_STREAMS; i++) {
		if (!reader->channels[i].used)
			channel = &reader->channels[i];
	}
	if (!channel)
		return -ENOBUFS;
	if (!channel->used && format >= 2)
		return -EBADMSG;
	/* a message is continued by type 3 alone */
	if (channel->used && channel->received && format != 3)
		return -EBADMSG;
	channel->used = true;
	channel->id = id;
	*channelp = channel;
	return 0;
}

/** A complete header in reader->head (§5.3.1.2). */
static int begin_chunk(struct tess_rtmp_reader *reader)
{
	const uint8_t *at = reader->head + basic_bytes(reader->head[0]);
	unsigned format = reader->head[0] >> 6;
	struct channel *channel;
	uint32_t left;
	int rc = channel_get(reader, format, &channel);

	if (rc)
		return rc;
	if (format < 3) {
		uint32_t time = u24(at);

		channel->extended = time == EXTENDED;
		if (channel->extended)
			time = u32(reader->head + reader->head_length - 4);
		channel->delta_ms = time;
		if (format == 0)
			channel->time_ms = 0;
	}
	if (format < 2) {
		channel->length = u24(at + 3);
		channel->type = at[6];
	}
	if (format == 0) /* the only little-endian field of the protocol */
		channel->stream = (uint32_t)at[10] << 24 | (uint32_t)at[9] << 16 |
				  (uint32_t)at[8] << 8 | at[7];
	/* a type 3 that begins a message repeats the delta; after a type 0 its time stamp
	 * (§5.3.1.2.4) */
	if (!channel->received)
		channel->time_ms += channel->delta_ms;
	if (channel->length > reader->max_message)
		return -EMSGSIZE;
	left = channel->length - channel->received;
	reader->current = channel;
	reader->chunk_left = left < reader->chunk_size ? left : reader->chunk_size;
	reader->head_length = 0;
	return 0;
}

/** Room for more of a body. It grows with what has come, not with what was announced; all bodies
 * together have twice the room of one. @retval 0, -ENOMEM, -EMSGSIZE */
static int reserve(const struct tess_rtmp_reader *reader, struct channel *channel, uint32_t more)
{
	uint32_t capacity = channel->capacity ? channel->capacity : FIRST_BODY;
	uint64_t held;
	uint8_t *body;

	if (channel->received + more <= channel->capacity)
		return 0;
	while (capacity < channel->received + more)
		capacity *= 2;
	if (capacity > channel->length)
		capacity = channel->length;
	held = capacity;
	for (unsigned i = 0; i < TESS_RTMP_MAX_CHUNK_STREAMS; i++)
		if (&reader->channels[i] != channel)
			held += reader->channels[i].capacity;
	if (held > 2 * (uint64_t)reader->max_message)
		return -EMSGSIZE;
	body = realloc(channel->body, capacity);
	if (!body)
		return -ENOMEM;
	channel->body = body;
	channel->capacity = capacity;
	return 0;
}

/** Set Chunk Size and Abort (§5.4.1, §5.4.2). @retval 1 it was one, 0 another, -EBADMSG */
static int obey(struct tess_rtmp_reader *reader, const struct tess_rtmp_message *message)
{
	struct channel *channel;
	uint32_t value;

	if (message->type != TESS_RTMP_SET_CHUNK_SIZE && message->type != TESS_RTMP_ABORT)
		return 0;
	if (message->length < 4)
		return -EBADMSG;
	value = u32(message->data);
	if (message->type == TESS_RTMP_SET_CHUNK_SIZE) {
		/* the first bit must be 0, and a chunk is at most a message */
		if (!value || value >> 31)
			return -EBADMSG;
		reader->chunk_size = value;
		return 1;
	}
	channel = channel_find(reader, value);
	if (channel)
		forget_body(channel);
	return 1;
}

/** @retval 1 a message is complete, 0 more of it is needed, -ENOMEM, -EMSGSIZE */
static int take_body(struct tess_rtmp_reader *reader, struct tess_cursor *input,
		     struct tess_rtmp_message *message)
{
	struct channel *channel = reader->current;
	uint32_t take = reader->chunk_left;
	int rc;

	if (take > tess_left(input))
		take = (uint32_t)tess_left(input);
	rc = reserve(reader, channel, take);
	if (rc)
		return rc;
	if (take)
		memcpy(channel->body + channel->received, tess_get_data(input, take), take);
	channel->received += take;
	reader->chunk_left -= take;
	if (reader->chunk_left)
		return 0;
	reader->current = NULL;
	if (channel->received < channel->length)
		return 0;
	*message = (struct tess_rtmp_message){.type = channel->type,
					      .time_ms = channel->time_ms,
					      .stream = channel->stream,
					      .data = channel->body ? channel->body : reader->head,
					      .length = channel->length};
	reader->given = channel;
	return 1;
}

int tess_rtmp_reader_next(struct tess_rtmp_reader *reader, struct tess_cursor *input,
			  struct tess_rtmp_message *message)
{
	int rc;

	for (;;) {
		if (reader->given)
			forget_body(reader->given);
		reader->given = NULL;
		if (!reader->current) {
			while (reader->head_length < head_bytes(reader) && tess_left(input))
				reader->head[reader->head_length++] = tess_get_u8(input);
			if (reader->head_length < head_bytes(reader))
				return 0;
			rc = begin_chunk(reader);
			if (rc)
				return rc;
		}
		rc = take_body(reader, input, message);
		if (rc < 0)
			return rc;
		if (rc == 0 && !tess_left(input))
			return 0;
		if (rc == 0)
			continue;
		rc = obey(reader, message);
		if (rc <= 0)
			return rc < 0 ? rc : 1;
	}
}

static uint8_t *put_u24(uint8_t *out, uint32_t value)
{
	*out++ = (uint8_t)(value >> 16);
	*out++ = (uint8_t)(value >> 8);
	*out++ = (uint8_t)value;
	return out;
}

static uint8_t *put_extended(uint8_t *out, uint32_t time_ms)
{
	if (time_ms < EXTENDED)
		return out;
	*out++ = (uint8_t)(time_ms >> 24);
	return put_u24(out, time_ms);
}

size_t tess_rtmp_wire_bytes(uint32_t length, uint32_t time_ms)
{
	size_t extended = time_ms < EXTENDED ? 0 : 4;
	size_t inner = length ? (length - 1) / TESS_RTMP_CHUNK_SIZE : 0;

	return 12 + extended + length + inner * (1 + extended);
}

size_t tess_rtmp_put_header(uint8_t *out, unsigned chunk_stream,
			    const struct tess_rtmp_message *message)
{
	uint8_t *at = out;

	*at++ = (uint8_t)chunk_stream;
	at = put_u24(at, message->time_ms < EXTENDED ? message->time_ms : EXTENDED);
	at = put_u24(at, message->length);
	*at++ = (uint8_t)message->type;
	*at++ = (uint8_t)message->stream;
	*at++ = (uint8_t)(message->stream >> 8);
	*at++ = (uint8_t)(message->stream >> 16);
	*at++ = (uint8_t)(message->stream >> 24);
	return (size_t)(put_extended(at, message->time_ms) - out);
}

size_t tess_rtmp_put_continuation(uint8_t *out, unsigned chunk_stream, uint32_t time_ms)
{
	*out = (uint8_t)(0xc0 | chunk_stream);
	return (size_t)(put_extended(out + 1, time_ms) - out);
}

void tess_rtmp_put_message(struct tess_bytes *out, unsigned chunk_stream,
			   const struct tess_rtmp_message *message, uint32_t chunk_size)
{
	uint8_t head[TESS_RTMP_HEADER_SIZE];
	uint32_t at = 0;

	tess_put_data(out, head, tess_rtmp_put_header(head, chunk_stream, message));
	while (at < message->length) {
		uint32_t left = message->length - at;

		if (at)
			tess_put_data(
				out, head,
				tess_rtmp_put_continuation(head, chunk_stream, message->time_ms));
		if (left > chunk_size)
			left = chunk_size;
		tess_put_data(out, message->data + at, left);
		at += left;
	}
}
