/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sound of a recording as a row of frames: AAC with ADTS headers, or MP3 as it is. It has no
 * times: what is missing in a gap is missing without a trace in the file; the facts tell of it. MP3
 * has no Xing header, which would have to be right at every instant: its bit rate is constant, so
 * players know the length from the file's.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "firmware/egress/record_output.h"
#include "pipeline/mux/adts.h"

struct sound {
	struct tess_output base;
	int fd;
};

#define SOUND 1

static int open_sound(struct tess_output *output)
{
	struct sound *sound = (struct sound *)output;
	int fd = tess_output_open_file(output);

	if (fd < 0)
		return fd;
	if (sound->fd >= 0)
		(void)close(sound->fd);
	sound->fd = fd;
	return 0;
}

/** Bytes in front of a frame; -1: it is left out. By its description alone, which is all that there
 * is after a restart. */
static int header_of(uint8_t header[TESS_ADTS_HEADER_BYTES], const struct tess_output *output,
		     const struct tess_output_fragment *fragment, uint32_t size)
{
	struct tess_mp4_audio audio;
	size_t length;
	const uint8_t *config = tess_output_description(
		fragment, SOUND, fragment->moof->runs[SOUND].description, &length);

	if (!config)
		return -1;
	if (output->format == TESS_RECORD_MP3)
		return tess_mp4_audio_parse(&audio, config, length) || !audio.mp3 ? -1 : 0;
	/* nor what ADTS cannot tell, or hold */
	return tess_adts_header(header, config, length, size) ? -1 : TESS_ADTS_HEADER_BYTES;
}

static int write_sound(struct tess_output *output, const struct tess_output_fragment *fragment)
{
	const struct tess_moof_run *run = &fragment->moof->runs[SOUND];
	const uint8_t *data = fragment->payloads[SOUND]->data;
	uint8_t header[TESS_ADTS_HEADER_BYTES];
	struct tess_bytes bytes = {0};
	int error = 0;

	for (uint32_t i = 0; i < run->count; i++) {
		uint32_t size = tess_moof_sample(run, i).size;

		int head = header_of(header, output, fragment, size);

		if (head >= 0) {
			tess_put_data(&bytes, header, (size_t)head);
			tess_put_data(&bytes, data, size);
		}
		data += size;
	}
	if (run->count)
		error = tess_output_append(output, ((struct sound *)output)->fd, &bytes);
	tess_bytes_free(&bytes);
	return error;
}

static void take_sound(struct tess_output *output, const struct tess_output_fragment *fragment)
{
	const struct tess_moof_run *run = &fragment->moof->runs[SOUND];
	uint8_t header[TESS_ADTS_HEADER_BYTES];

	for (uint32_t i = 0; i < run->count; i++) {
		uint32_t size = tess_moof_sample(run, i).size;

		int head = header_of(header, output, fragment, size);

		if (head >= 0)
			output->bytes += size + (unsigned)head;
	}
}

static int finish_sound(struct tess_output *output, const struct tess_output_end *end)
{
	return tess_output_rename(output, end->final);
}

static void close_sound(struct tess_output *output)
{
	struct sound *sound = (struct sound *)output;

	if (sound->fd >= 0)
		(void)close(sound->fd);
	sound->fd = -1;
}

static void free_sound(struct tess_output *output)
{
	close_sound(output);
	free(output);
}

static const struct tess_output_ops sound_ops = {
	.open = open_sound,
	.write = write_sound,
	.take = take_sound,
	.finish = finish_sound,
	.close = close_sound,
	.remove = tess_output_unlink,
	.free = free_sound,
};

int tess_output_sound_alloc(struct tess_output **outputp)
{
	struct sound *sound = calloc(1, sizeof(*sound));

	if (!sound)
		return -ENOMEM;
	sound->base.ops = &sound_ops;
	sound->fd = -1;
	*outputp = &sound->base;
	return 0;
}
