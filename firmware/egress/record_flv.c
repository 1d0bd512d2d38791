/* SPDX-License-Identifier: GPL-3.0-or-later
 * A recording as FLV. Room for the metadata is left at its begin; when it ends, duration and index
 * are written there, of as many key frames as have room: with more, of every second, fourth ...
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "firmware/egress/record_journal.h"
#include "firmware/egress/record_output.h"
#include "pipeline/mux/flv.h"

#define PICTURE 0
#define SOUND	1

/** Where the file ends, as far as it is written or taken. */
struct place {
	uint64_t position;
	unsigned described[TESS_MP4_TRACKS]; /* by the last configuration tags; 0: there is none */
};

struct flv {
	struct tess_output base;
	int fd;
	struct place place;
	unsigned every, skipped; /* of how many key frames one is in the index; since the last */
	struct tess_flv_index index;
};

/** Writes the tags of a fragment into a buffer, or only goes where they end. */
struct walk {
	struct place place;
	const struct tess_output_fragment *fragment;
	struct tess_bytes *out; /* NULL: only count */
	struct flv *index;	/* NULL: leave it */
	struct {
		uint32_t at;
		uint64_t dts;
		const uint8_t *data;
	} next[TESS_MP4_TRACKS];
};

static int64_t time_of(const struct walk *walk, unsigned track)
{
	return tess_mp4_us(walk->next[track].dts, walk->fragment->state->tracks[track].timescale);
}

static uint8_t *put_room(struct walk *walk, size_t length)
{
	size_t at;

	walk->place.position += length;
	if (!walk->out)
		return NULL;
	at = walk->out->length;
	tess_put_zeros(walk->out, length);
	return walk->out->failed ? NULL : walk->out->data + at;
}

static uint8_t *put_tag(struct walk *walk, enum tess_flv_type type, size_t body, int64_t time_us)
{
	uint8_t *at = put_room(walk, TESS_FLV_TAG_HEADER_SIZE + body + TESS_FLV_TRAILER_SIZE);

	if (!at)
		return NULL;
	tess_flv_tag_header(at, type, (uint32_t)body, (uint32_t)(time_us / 1000));
	return at + TESS_FLV_TAG_HEADER_SIZE;
}

static void put_begin(struct walk *walk)
{
	const struct tess_mp4_track *tracks = walk->fragment->state->tracks;
	static const struct tess_flv_index empty;
	uint8_t *at = put_room(walk, TESS_FLV_HEADER_SIZE);

	if (at)
		tess_flv_header(at, tracks[PICTURE].timescale, tracks[SOUND].timescale);
	at = put_tag(walk, TESS_FLV_SCRIPT, TESS_FLV_INDEX_BYTES, 0);
	if (at)
		tess_flv_put_index(at, &empty);
}

static void put_configuration(struct walk *walk, unsigned track)
{
	uint8_t body[TESS_FLV_CONFIG_SIZE + TESS_FLV_TRAILER_SIZE], *at;
	struct tess_stream_info info = {0};
	struct tess_h264_config config;
	size_t length, size = 0;
	const uint8_t *data = tess_output_description(
		walk->fragment, track, walk->fragment->moof->runs[track].description, &length);

	walk->place.described[track] = walk->fragment->moof->runs[track].description;
	if (data && track == PICTURE && tess_h264_config_from_avcc(&config, data, length) == 0) {
		size = tess_flv_put_video_config(body, &config);
	} else if (data && track == SOUND && length <= sizeof(info.audio_config)) {
		memcpy(info.audio_config, data, length);
		info.audio_config_length = (uint8_t)length;
		size = tess_flv_put_audio_config(body, &info);
	}
	if (!size)
		return;
	at = put_tag(walk, track == PICTURE ? TESS_FLV_VIDEO : TESS_FLV_AUDIO, size,
		     time_of(walk, track));
	if (at)
		memcpy(at, body, size + TESS_FLV_TRAILER_SIZE);
}

static void note_key(struct flv *flv, int64_t time_us, uint64_t position)
{
	struct tess_flv_index *index = &flv->index;

	if (++flv->skipped < flv->every)
		return;
	if (index->key_count == TESS_FLV_INDEX_KEYS) {
		index->key_count /= 2;
		for (unsigned i = 0; i < index->key_count; i++)
			index->keys[i] = index->keys[2 * i];
		flv->every *= 2;
	}
	flv->skipped = 0;
	index->keys[index->key_count++] =
		(struct tess_flv_key){(double)time_us / 1e6, (double)position};
}

static void put_sample(struct walk *walk, unsigned track)
{
	const struct tess_moof_run *run = &walk->fragment->moof->runs[track];
	struct tess_mp4_sample sample = tess_moof_sample(run, walk->next[track].at);
	uint32_t timescale = walk->fragment->state->tracks[track].timescale;
	struct tess_au au = {.data = walk->next[track].data,
			     .length = sample.size,
			     .dts_us = time_of(walk, track),
			     .pts_us = tess_mp4_us(walk->next[track].dts + sample.cts, timescale),
			     .track = TESS_TRACK_VIDEO + track,
			     .key = sample.key};
	uint8_t *at;

	if (walk->place.described[track] != run->description)
		put_configuration(walk, track);
	if (walk->index && track == PICTURE && sample.key)
		note_key(walk->index, au.dts_us, walk->place.position);
	at = put_tag(walk, track == PICTURE ? TESS_FLV_VIDEO : TESS_FLV_AUDIO,
		     tess_flv_body_bytes(&au), au.dts_us);
	if (at && tess_flv_put_au(at, &au))
		walk->out->failed = true; /* no fragment is so large */
	walk->next[track].at++;
	walk->next[track].dts += sample.duration;
	if (walk->out)
		walk->next[track].data += sample.size;
}

/** All samples, in the order of their times. */
static void go(struct walk *walk)
{
	const struct tess_moof_run *runs = walk->fragment->moof->runs;

	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		walk->next[i].dts = runs[i].first_dts;
		if (walk->out)
			walk->next[i].data = walk->fragment->payloads[i]->data;
	}
	if (!walk->place.position)
		put_begin(walk);
	for (;;) {
		bool picture = walk->next[PICTURE].at < runs[PICTURE].count;
		bool sound = walk->next[SOUND].at < runs[SOUND].count;

		if (!picture && !sound)
			return;
		put_sample(walk,
			   picture && (!sound || time_of(walk, PICTURE) <= time_of(walk, SOUND))
				   ? PICTURE
				   : SOUND);
	}
}

static int open_flv(struct tess_output *output)
{
	struct flv *flv = (struct flv *)output;
	int fd = tess_output_open_file(output);

	if (fd < 0)
		return fd;
	if (flv->fd >= 0)
		(void)close(flv->fd);
	flv->fd = fd;
	return 0;
}

static int write_flv(struct tess_output *output, const struct tess_output_fragment *fragment)
{
	struct flv *flv = (struct flv *)output;
	struct tess_bytes bytes = {0};
	struct walk walk = {.place = flv->place, .fragment = fragment, .out = &bytes};
	int error;

	go(&walk);
	error = tess_output_append(output, flv->fd, &bytes);
	tess_bytes_free(&bytes);
	return error;
}

static void take_flv(struct tess_output *output, const struct tess_output_fragment *fragment)
{
	struct flv *flv = (struct flv *)output;
	struct walk walk = {.place = flv->place, .fragment = fragment, .index = flv};

	go(&walk);
	flv->place = walk.place;
	output->bytes = walk.place.position;
}

static void fill_index(struct flv *flv, const struct tess_record_state *state)
{
	struct tess_flv_index *index = &flv->index;
	struct tess_mp4_audio audio;

	index->duration_s = (double)tess_record_state_duration_us(state) / 1e6;
	index->file_bytes = (double)flv->base.bytes;
	index->has_video = state->track[PICTURE].begun;
	index->has_audio = state->track[SOUND].begun;
	index->width = state->width;
	index->height = state->height;
	if (index->has_audio && tess_mp4_audio_parse(&audio, state->track[SOUND].list[0].data,
						     state->track[SOUND].list[0].length) == 0)
		index->audio_rate = audio.rate;
}

static int finish_flv(struct tess_output *output, const struct tess_output_end *end)
{
	size_t length = TESS_FLV_INDEX_BYTES + TESS_FLV_TRAILER_SIZE;
	struct flv *flv = (struct flv *)output;
	int error = tess_output_exists(output, output->base);
	uint8_t header[TESS_FLV_HEADER_SIZE], *body;

	if (error < 0)
		return error;
	if (!error) /* it had been finished, or somebody removed it */
		return tess_output_rename(output, end->final);
	error = flv->fd < 0 ? open_flv(output) : 0;
	if (error)
		return error;
	body = malloc(length);
	if (!body)
		return -ENOMEM;
	fill_index(flv, end->state);
	tess_flv_put_index(body, &flv->index);
	/* of a track that never came, players would wait for the first tag */
	tess_flv_header(header, flv->index.has_video, flv->index.has_audio);
	error = tess_write_fully(flv->fd, &(struct iovec){header, sizeof(header)}, 1, 0);
	if (!error)
		error = tess_write_fully(flv->fd, &(struct iovec){body, length}, 1,
					 TESS_FLV_HEADER_SIZE + TESS_FLV_TAG_HEADER_SIZE);
	free(body);
	if (!error && fdatasync(flv->fd))
		error = -errno;
	return error ? error : tess_output_rename(output, end->final);
}

static void close_flv(struct tess_output *output)
{
	struct flv *flv = (struct flv *)output;

	if (flv->fd >= 0)
		(void)close(flv->fd);
	flv->fd = -1;
}

static void free_flv(struct tess_output *output)
{
	close_flv(output);
	free(output);
}

static const struct tess_output_ops flv_ops = {
	.open = open_flv,
	.write = write_flv,
	.take = take_flv,
	.finish = finish_flv,
	.close = close_flv,
	.remove = tess_output_unlink,
	.free = free_flv,
};

int tess_output_flv_alloc(struct tess_output **outputp)
{
	struct flv *flv = calloc(1, sizeof(*flv));

	if (!flv)
		return -ENOMEM;
	flv->base.ops = &flv_ops;
	flv->fd = -1;
	flv->every = 1;
	*outputp = &flv->base;
	return 0;
}
