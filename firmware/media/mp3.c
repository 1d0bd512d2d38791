/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/mp3.c - the sound of a mix as MP3.
 */
#include "firmware/media/mp3.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/media/sound.h"

/* 26 s of the highest bit rate, and of frames at 48 kHz even more: egress may restart meanwhile. */
#define RING_BYTES (1u << 20)
#define RING_SLOTS 2048

struct tess_mp3_stream {
	const struct tess_audio_driver *driver;
	struct tess_audio_encoder *encoder;
	struct tess_ring_writer *ring;
};

static int open_ring(struct tess_mp3_stream *stream, const struct tess_audio_encoder_config *audio,
		     uint64_t epoch)
{
	const struct tess_ring_config ring = {
		.epoch = epoch,
		.data_bytes = RING_BYTES,
		.slots = RING_SLOTS,
	};
	struct tess_stream_info info = {
		.has_audio = true,
		.audio_rate = audio->sample_rate,
		.audio_channels = audio->channels,
		.audio_codec = TESS_CODEC_MP3,
	};
	size_t length;
	const uint8_t *config = stream->driver->encoder_config(stream->encoder, &length);

	if (length > sizeof(info.audio_config))
		return -EINVAL;
	memcpy(info.audio_config, config, length);
	info.audio_config_length = (uint8_t)length;
	return tess_ring_writer_alloc(&stream->ring, &ring, &info);
}

int tess_mp3_stream_alloc(struct tess_mp3_stream **streamp, const struct tess_audio_driver *driver,
			  const struct tess_audio_encoder_config *audio, uint64_t epoch)
{
	struct tess_audio_encoder_config config = *audio;
	struct tess_mp3_stream *stream = calloc(1, sizeof(*stream));
	int error;

	if (!stream)
		return -ENOMEM;
	stream->driver = driver;
	config.mp3 = true;
	error = driver->encoder_open(&stream->encoder, &config);
	if (error)
		stream->encoder = NULL;
	else
		error = open_ring(stream, audio, epoch);
	if (error) {
		tess_mp3_stream_free(stream);
		return error;
	}
	*streamp = stream;
	return 0;
}

void tess_mp3_stream_free(struct tess_mp3_stream *stream)
{
	if (!stream)
		return;
	stream->driver->encoder_close(stream->encoder);
	tess_ring_writer_free(stream->ring);
	free(stream);
}

int tess_mp3_stream_feed(struct tess_mp3_stream *stream, const float *pcm, unsigned frames,
			 int64_t pts_us)
{
	return tess_sound_write(stream->driver, stream->encoder, stream->ring, pcm, frames, pts_us,
				INT64_MIN, NULL);
}

void tess_mp3_stream_descriptors(const struct tess_mp3_stream *stream, int *memfd, int *eventfd)
{
	*memfd = tess_ring_writer_memfd(stream->ring);
	*eventfd = tess_ring_writer_eventfd(stream->ring);
}
