/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/fuzz/rtp/rtp.c - two tracks of a source in the order of real calls.
 *
 * The input is a list of steps. The first byte of each says what: a datagram as it is, a datagram
 * with a header that fits the ones before, an RTCP sender report, time that passes, feedback to
 * write.
 */
#include <stdlib.h>
#include <string.h>

#include "pipeline/rtp/track.h"
#include "pipeline/rtp/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_AU 3000

struct input {
	const uint8_t *data;
	size_t left;
};

struct state {
	struct tess_rtp_track *tracks[2];
	unsigned out; /* packets not given back */
	int64_t now_us;
	uint16_t sequence[2];
	uint32_t timestamp[2];
	unsigned units;
	uint32_t sum;
};

static uint8_t take8(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->data++;
}

static uint16_t take16(struct input *input)
{
	uint8_t high = take8(input);

	return (uint16_t)(high << 8 | take8(input));
}

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static void give_back(struct tess_packet *packet)
{
	struct state *state = packet->driver_private;

	state->out--;
	free(packet->data);
	free(packet);
}

static struct tess_packet *make_packet(struct state *state, size_t length)
{
	struct tess_packet *packet = calloc(1, sizeof(*packet));

	expect(packet != NULL);
	packet->data = malloc(length ? length : 1);
	expect(packet->data != NULL);
	packet->length = packet->capacity = (uint32_t)length;
	packet->arrival_us = state->now_us;
	packet->release = give_back;
	packet->driver_private = state;
	state->out++;
	return packet;
}

static void on_au(void *arg, const struct tess_rtp_au *au)
{
	struct state *state = arg;

	expect(au->length > 0 && au->length <= MAX_AU);
	/* half a second ahead is no stray timestamp yet, and each unit is later than the one before
	 */
	state->units++;
	expect(au->media_us <= state->now_us + 500000 + state->units);
	for (size_t i = 0; i < au->length; i++) /* all of it is there */
		state->sum += au->data[i];
}

static void on_picture(void *arg, const struct tess_rtp_au *au)
{
	static const uint8_t start_code[] = {0, 0, 0, 1};

	expect(au->length > 4 && memcmp(au->data, start_code, 4) == 0);
	expect(au->lost_frames == 0);
	on_au(arg, au);
}

/* A datagram of as many bytes as the input says, or has, with room for a header in front. */
static struct tess_packet *take_packet(struct state *state, struct input *input, size_t header)
{
	size_t length = take8(input);
	struct tess_packet *packet;

	if (length > input->left)
		length = input->left;
	packet = make_packet(state, header + length);
	if (length)
		memcpy(packet->data + header, input->data, length);
	input->data += length;
	input->left -= length;
	return packet;
}

static struct tess_packet *take_rtp(struct state *state, struct input *input, unsigned i)
{
	uint8_t flags = take8(input);
	struct tess_packet *packet;

	state->sequence[i] = (uint16_t)(state->sequence[i] + (flags & 0x40 ? take16(input) : 1));
	if (flags & 0x20)
		state->timestamp[i] += take16(input) * (flags & 0x10 ? 60000U : 1U);
	packet = take_packet(state, input, 12);
	packet->data[0] = 0x80;
	packet->data[1] = (uint8_t)((flags & 0x80) | 96);
	tess_rtp_put16(packet->data + 2, state->sequence[i]);
	tess_rtp_put32(packet->data + 4, state->timestamp[i]);
	tess_rtp_put32(packet->data + 8, 1 + (flags & 3));
	return packet;
}

static struct tess_packet *make_report(struct state *state, struct input *input, unsigned i)
{
	struct tess_packet *packet = make_packet(state, 28);
	uint8_t flags = take8(input);

	memset(packet->data, 0, 28);
	packet->data[0] = 0x80;
	packet->data[1] = 200;
	packet->data[3] = 6;
	tess_rtp_put32(packet->data + 4, 1 + (flags & 3));
	tess_rtp_put32(packet->data + 8,
		       (uint32_t)(state->now_us / 1000000) + (flags & 0x80 ? take16(input) : 0));
	tess_rtp_put32(packet->data + 12, (uint32_t)take16(input) << 16);
	tess_rtp_put32(packet->data + 16, state->timestamp[i]);
	return packet;
}

static void step(struct state *state, struct input *input)
{
	uint8_t what = take8(input);
	unsigned i = what >> 7;
	struct tess_rtp_track *track = state->tracks[i];
	uint8_t rtcp[128];

	switch (what & 7) {
	case 0:
	case 1:
		tess_rtp_track_receive(track, take_packet(state, input, 0));
		break;
	case 2:
	case 3:
		tess_rtp_track_receive(track, take_rtp(state, input, i));
		break;
	case 4:
		tess_rtp_track_receive(track, make_report(state, input, i));
		break;
	case 5:
		state->now_us += (int64_t)take16(input) * 100;
		tess_rtp_track_poll(track, state->now_us);
		expect(tess_rtp_track_deadline(track) > state->now_us);
		break;
	case 6:
		expect(tess_rtp_track_rtcp(track, state->now_us, rtcp, sizeof(rtcp)) <= 64);
		break;
	case 7:
		tess_rtp_track_want_key(track);
		state->now_us += 20000;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tess_rtp_track_config audio = {TESS_CODEC_OPUS, 96, 48000, 100000, MAX_AU};
	const struct tess_rtp_track_config video = {TESS_CODEC_H264, 96, 90000, 100000, MAX_AU};
	struct input input = {data, size};
	struct state state = {.now_us = 1000000};
	struct tess_rtp_source *source;

	expect(tess_rtp_source_alloc(&source) == 0);
	expect(tess_rtp_track_alloc(&state.tracks[0], source, &audio, on_au, &state) == 0);
	expect(tess_rtp_track_alloc(&state.tracks[1], source, &video, on_picture, &state) == 0);
	while (input.left)
		step(&state, &input);
	tess_rtp_track_free(state.tracks[0]);
	tess_rtp_track_free(state.tracks[1]);
	tess_rtp_source_free(source);
	expect(state.out == 0);
	return 0;
}
