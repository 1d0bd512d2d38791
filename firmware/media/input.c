/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/input.c - see input.h.
 */
#include "firmware/media/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* As those that are put together of RTP; and what is enough for most. */
#define MAX_AU_BYTES   ((size_t)4 << 20)
#define FIRST_AU_BYTES ((size_t)64 << 10)
/* older sound is too late for any mix */
#define OLD_SOUND_US INT64_C(1000000)
/* Times so far from now are no times of this box: no ring of egress has them. */
#define MAX_AGE_US   INT64_C(60000000)
#define MAX_AHEAD_US INT64_C(10000000)
/* The room has other things to do, too. */
#define UNITS_A_STEP 512
/* when nobody has offered a ring yet */
#define LOOK_US 20000

struct tess_input {
	struct tess_inputs *inputs;
	int64_t publisher;
	const struct tess_input_handlers *handlers;
	void *arg;
	unsigned version; /* of the inputs as last looked at */
	bool looked;
	uint64_t epoch;
	struct tess_ring_reader *reader; /* NULL: none, or one that was bad */
	bool need_key, discontinuity;
	uint8_t *buffer;
	size_t size;
};

int tess_input_alloc(struct tess_input **inputp, struct tess_inputs *inputs, int64_t publisher,
		     const struct tess_input_handlers *handlers, void *arg)
{
	struct tess_input *input = calloc(1, sizeof(*input));

	if (!input)
		return -ENOMEM;
	*input = (struct tess_input){
		.inputs = inputs, .publisher = publisher, .handlers = handlers, .arg = arg};
	input->size = FIRST_AU_BYTES;
	input->buffer = malloc(input->size);
	if (!input->buffer) {
		free(input);
		return -ENOMEM;
	}
	*inputp = input;
	return 0;
}

void tess_input_free(struct tess_input *input)
{
	if (!input)
		return;
	tess_ring_reader_free(input->reader);
	free(input->buffer);
	free(input);
}

static void close_reader(struct tess_input *input)
{
	tess_ring_reader_free(input->reader);
	input->reader = NULL;
}

/* Nothing more before a key frame. */
static void lose(struct tess_input *input)
{
	input->need_key = true;
	input->discontinuity = true;
}

/* @return whether another ring is offered now, and open */
static bool look(struct tess_input *input)
{
	unsigned version = tess_inputs_version(input->inputs);
	struct tess_ring_reader *reader;
	int rc;

	if (input->looked && version == input->version)
		return false;
	input->looked = true;
	input->version = version;
	rc = tess_inputs_open(input->inputs, input->publisher, &input->epoch, &reader);
	if (rc == -EALREADY)
		return false;
	close_reader(input);
	/* after a break of the link the same ring comes again */
	if (rc == -ENOENT)
		input->epoch = 0;
	if (rc)
		return false;
	input->reader = reader;
	lose(input);
	if (tess_ring_seek_key(reader))
		tess_ring_seek_oldest(reader);
	input->handlers->begun(input->arg);
	return true;
}

/* Start codes in place of lengths, which are as long. @retval 0, -EBADMSG */
static int to_annexb(uint8_t *data, size_t length)
{
	static const uint8_t start_code[4] = {0, 0, 0, 1};
	size_t at = 0;

	while (at < length) {
		size_t nal;

		if (length - at < 5)
			return -EBADMSG;
		nal = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
		      (size_t)data[at + 2] << 8 | data[at + 3];
		if (!nal || nal > length - at - 4)
			return -EBADMSG;
		memcpy(data + at, start_code, 4);
		at += 4 + nal;
	}
	return 0;
}

static void hand_out_picture(struct tess_input *input, const struct tess_au *unit,
			     struct tess_rtp_au *au)
{
	/* the buffer is ours */
	if ((input->need_key && !unit->key) || to_annexb(input->buffer, unit->length)) {
		lose(input);
		return;
	}
	au->discontinuity = input->discontinuity || unit->discontinuity;
	input->need_key = false;
	input->discontinuity = false;
	input->handlers->picture(input->arg, au);
}

static void hand_out(struct tess_input *input, const struct tess_au *unit, int64_t now_us)
{
	struct tess_rtp_au au = {
		.data = unit->data,
		.length = unit->length,
		.media_us = unit->pts_us,
		.key = unit->key,
	};
	bool good = unit->length && unit->pts_us >= now_us - MAX_AGE_US &&
		    unit->pts_us <= now_us + MAX_AHEAD_US;

	if (unit->track == TESS_TRACK_AUDIO) {
		if (good && unit->pts_us >= now_us - OLD_SOUND_US)
			input->handlers->sound(input->arg, &au);
	} else if (good) {
		hand_out_picture(input, unit, &au);
	} else {
		lose(input);
	}
}

static int grow(struct tess_input *input, size_t needed)
{
	uint8_t *buffer;

	if (needed > MAX_AU_BYTES)
		return -EBADMSG;
	buffer = realloc(input->buffer, needed);
	if (!buffer)
		return -ENOMEM;
	input->buffer = buffer;
	input->size = needed;
	return 0;
}

/* Hand out what the ring holds. It is closed when it is over, or bad: until another is offered. */
static void drain(struct tess_input *input, int64_t now_us)
{
	for (unsigned i = 0; input->reader && i < UNITS_A_STEP; i++) {
		struct tess_au unit;
		size_t needed;
		int rc = tess_ring_read(input->reader, &unit, input->buffer, input->size, &needed);

		if (rc == -EAGAIN)
			return;
		if (rc == -EMSGSIZE) {
			rc = grow(input, needed);
		} else if (rc == -EOVERFLOW) {
			lose(input);
			rc = 0;
		} else if (!rc) {
			hand_out(input, &unit, now_us);
		}
		if (rc)
			close_reader(input);
	}
}

int64_t tess_input_step(struct tess_input *input, int64_t now_us)
{
	drain(input, now_us);
	if (look(input))
		drain(input, now_us);
	return now_us + (input->reader ? TESS_INPUT_STEP_US : LOOK_US);
}

int tess_input_open_decoder(const struct tess_input *input, const struct tess_audio_driver *audio,
			    struct tess_audio_decoder **decoderp)
{
	const struct tess_stream_info *info =
		input->reader ? tess_ring_reader_info(input->reader) : NULL;

	if (!info || !info->has_audio || info->audio_codec != TESS_CODEC_AAC)
		return -EAGAIN;
	if (info->audio_config_length > sizeof(info->audio_config))
		return -EBADMSG;
	return audio->aac_decoder_open(decoderp, info->audio_config, info->audio_config_length);
}
