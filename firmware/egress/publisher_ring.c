/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/publisher_ring.c - see publisher_ring.h.
 */
#include "firmware/egress/publisher_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/egress/streams.h"
#include "hal/engine.h"
#include "pipeline/rtmp/clock.h"
#include "pipeline/rtmp/units.h"
#include "pipeline/stream/ring.h"

/* 6 s of the most that a publisher may send, and more of what is usual */
#define VIDEO_BYTES (16u << 20)
#define AUDIO_BYTES (1u << 20)
/* 13 s of 60 pictures and 94 frames of sound a second */
#define SLOTS 2048
/* samples of a frame (ISO/IEC 14496-3 §4.5.1.1), of the rate in its configuration */
#define FRAME_SAMPLES 1024

struct tess_publisher_ring {
	struct tess_publisher_ring_config config;
	struct tess_rtmp_units units;
	struct tess_rtmp_clock clock;
	struct tess_ring_writer *writer; /* NULL: nothing has come yet */
	uint64_t epoch;
	bool video, audio;	/* of the ring */
	unsigned audio_changes; /* that the ring is of */
	bool discontinuity;
};

int tess_publisher_ring_alloc(struct tess_publisher_ring **ringp,
			      const struct tess_publisher_ring_config *config)
{
	struct tess_publisher_ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	ring->config = *config;
	*ringp = ring;
	return 0;
}

static void stream_key(const struct tess_publisher_ring *ring, char key[32])
{
	(void)snprintf(key, 32, "user-%" PRId64, ring->config.publisher);
}

void tess_publisher_ring_free(struct tess_publisher_ring *ring, bool left)
{
	char key[32];

	if (!ring)
		return;
	if (ring->writer) {
		tess_ring_writer_free(ring->writer);
		ring->config.offer(ring->config.arg, ring->epoch, -1);
	}
	/* also that of a connection before, if nothing came by this one */
	stream_key(ring, key);
	if (left && ring->config.streams)
		tess_streams_end(ring->config.streams, key, UINT64_MAX);
	tess_rtmp_units_fini(&ring->units);
	free(ring);
}

void tess_publisher_ring_offer(const struct tess_publisher_ring *ring)
{
	if (ring->writer)
		ring->config.offer(ring->config.arg, ring->epoch,
				   tess_ring_writer_memfd(ring->writer));
}

/** To those who record, watch and relay the user's own stream. */
static void offer_here(const struct tess_publisher_ring *ring)
{
	int memfd, eventfd, rc;
	char key[32];

	if (!ring->config.streams)
		return;
	memfd = fcntl(tess_ring_writer_memfd(ring->writer), F_DUPFD_CLOEXEC, 3);
	eventfd = fcntl(tess_ring_writer_eventfd(ring->writer), F_DUPFD_CLOEXEC, 3);
	stream_key(ring, key);
	rc = tess_streams_offer_own(ring->config.streams, key, ring->epoch, memfd, eventfd);
	if (rc)
		TESS_WARN("stream.refused", "stream=%s error=%s", key, strerror(-rc));
}

/** @retval 0, -ENOMEM, -EMFILE */
static int open_ring(struct tess_publisher_ring *ring)
{
	const struct tess_rtmp_units *units = &ring->units;
	uint64_t now = (uint64_t)tess_clock_utc_us(ring->config.clock);
	struct tess_ring_config config = {
		.epoch = now > ring->epoch ? now : ring->epoch + 1,
		.data_bytes = units->has_video ? VIDEO_BYTES : AUDIO_BYTES,
		.slots = SLOTS,
	};
	struct tess_stream_info info = {
		.has_video = units->has_video,
		.has_audio = units->has_audio,
		.width = units->has_video ? units->sps.width : 0,
		.height = units->has_video ? units->sps.height : 0,
	};
	struct tess_ring_writer *writer;
	int rc;

	if (units->has_audio) {
		info.audio_rate = units->audio_rate;
		info.audio_channels = units->audio_channels;
		info.audio_codec = TESS_CODEC_AAC;
		info.audio_config_length = units->audio_config_length;
		memcpy(info.audio_config, units->audio_config, units->audio_config_length);
	}
	rc = tess_ring_writer_alloc(&writer, &config, &info);
	if (rc)
		return rc;
	tess_ring_writer_free(ring->writer);
	ring->writer = writer;
	ring->epoch = config.epoch;
	ring->audio_changes = units->audio_changes;
	ring->video = units->has_video;
	ring->audio = units->has_audio;
	tess_publisher_ring_offer(ring);
	offer_here(ring);
	ring->config.tracks(ring->config.arg, ring->video, ring->audio);
	return 0;
}

static bool must_open(const struct tess_publisher_ring *ring)
{
	const struct tess_rtmp_units *units = &ring->units;

	return !ring->writer || ring->video < units->has_video || ring->audio < units->has_audio ||
	       ring->audio_changes != units->audio_changes;
}

int tess_publisher_ring_take(struct tess_publisher_ring *ring,
			     const struct tess_rtmp_message *message)
{
	int64_t arrival_us = tess_clock_now_us(ring->config.clock);
	struct tess_rtmp_times times;
	struct tess_rtmp_unit unit;
	struct tess_au au;
	double duration_us = 0;
	int rc = tess_rtmp_units_take(&ring->units, message, &unit);

	if (rc <= 0)
		return rc;
	if (must_open(ring)) {
		rc = open_ring(ring);
		if (rc)
			return rc;
	}
	if (unit.track == TESS_TRACK_AUDIO)
		duration_us = FRAME_SAMPLES * 1e6 / ring->units.audio_rate;
	times = tess_rtmp_clock_map(&ring->clock, unit.track, message->time_ms, unit.composition_ms,
				    duration_us, arrival_us);
	ring->discontinuity |= times.jumped;
	au = (struct tess_au){
		.data = unit.data,
		.length = unit.length,
		.pts_us = times.pts_us,
		.dts_us = times.dts_us,
		.track = unit.track,
		.key = unit.key,
		.discontinuity = ring->discontinuity,
	};
	ring->discontinuity = tess_ring_write(ring->writer, &au) != 0;
	return 0;
}

const char *tess_publisher_ring_reason(const struct tess_publisher_ring *ring)
{
	return ring->units.reason;
}

void tess_publisher_ring_tracks(const struct tess_publisher_ring *ring, bool *video, bool *audio)
{
	*video = !ring->writer || ring->video;
	*audio = !ring->writer || ring->audio;
}
