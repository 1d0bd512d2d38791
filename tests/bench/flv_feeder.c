/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/bench/flv_feeder.c - stands in for control and media: desires live outputs and feeds their
 * streams, made up, in real time: 15 pictures a second with a key frame each 3 s, and AAC at 48
 *kHz.
 *
 *	bench-flv-feeder RUN_DIR VIDEO_KBPS [STREAMS [RELAY_URL]]
 *
 * Streams are bench, bench1, bench2, ..., their pictures spread over time. SIGUSR1: all of them are
 * recorded from then on, the second time no longer. RELAY_URL: the first is pushed there. The
 *pictures are real in their framing and parameter sets only; what is in the slices is filler. Each
 *picture has a stamp (stamp.h).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/link/link.h"
#include "hal/engine.h"
#include "pipeline/stream/ring.h"
#include "tests/bench/stamp.h"

#define FRAME_RATE    15
#define GOP_FRAMES    45
#define AUDIO_RATE    48000
#define AUDIO_FRAME   1024
#define AUDIO_BITRATE 64000
#define TICK_US	      2000
#define MAX_STREAMS   256

/* 640x360, Constrained Baseline, as x264 writes them */
static const uint8_t sps[] = {0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x2f, 0xf9,
			      0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00,
			      0x03, 0x00, 0x1e, 0x0f, 0x16, 0x2e, 0x48};
static const uint8_t pps[] = {0x68, 0xcb, 0x83, 0xcb, 0x20};

struct stream {
	char name[16];
	struct tess_ring_writer *ring;
	int64_t start_us;
	uint64_t pictures, frames;
};

struct feeder {
	struct tess_loop *loop;
	struct tess_timer *timer;
	struct tess_link *control;
	uint64_t epoch;
	uint32_t video_bitrate_bps;
	struct stream streams[MAX_STREAMS];
	unsigned count;
	bool recording;
	const char *relay; /* NULL: none */
	uint8_t picture[1 << 20];
};

static uint8_t *put_nal(uint8_t *at, const uint8_t *nal, size_t length)
{
	at[0] = at[1] = 0;
	at[2] = (uint8_t)(length >> 8);
	at[3] = (uint8_t)length;
	memcpy(at + 4, nal, length);
	return at + 4 + length;
}

/** A picture of a size that gives the bit rate: key frames are as large as eight others. */
static size_t make_picture(struct feeder *feeder, bool key)
{
	size_t unit = feeder->video_bitrate_bps / 8 * GOP_FRAMES / FRAME_RATE / (GOP_FRAMES + 7);
	size_t length = key ? unit * 8 : unit;
	uint8_t *at = feeder->picture;

	if (key)
		at = put_nal(put_nal(at, sps, sizeof(sps)), pps, sizeof(pps));
	if (length < 64)
		length = 64;
	length -= 64;
	at[0] = (uint8_t)(length >> 24);
	at[1] = (uint8_t)(length >> 16);
	at[2] = (uint8_t)(length >> 8);
	at[3] = (uint8_t)length;
	memset(at + 4, 0xa5, length);
	at[4] = key ? 0x65 : 0x41;
	/* a header for those who look at it: the first macroblock, an I or P slice, the PPS above
	 */
	at[5] = key ? 0x88 : 0x9a;
	at[6] = key ? 0x84 : 0x21;
	return (size_t)(at - feeder->picture) + 4 + length;
}

static void stamp(uint8_t *at, int64_t now_us)
{
	memcpy(at, BENCH_STAMP, BENCH_STAMP_LENGTH);
	memcpy(at + BENCH_STAMP_LENGTH, &now_us, sizeof(now_us));
}

static void feed(struct feeder *feeder, struct stream *stream, int64_t now_us)
{
	int64_t passed_us = now_us - stream->start_us;
	uint8_t sound[AUDIO_BITRATE / 8 * AUDIO_FRAME / AUDIO_RATE] = {0x21};
	struct tess_au au;

	while ((int64_t)(stream->pictures * 1000000 / FRAME_RATE) <= passed_us) {
		bool key = stream->pictures % GOP_FRAMES == 0;

		au = (struct tess_au){
			.data = feeder->picture, .track = TESS_TRACK_VIDEO, .key = key};
		au.length = make_picture(feeder, key);
		au.dts_us = stream->start_us + (int64_t)(stream->pictures++ * 1000000 / FRAME_RATE);
		au.pts_us = au.dts_us;
		stamp(feeder->picture + (key ? sizeof(sps) + sizeof(pps) + 8 : 0) + 7,
		      tess_clock_now_us(tess_clock_system()));
		(void)tess_ring_write(stream->ring, &au);
	}
	while ((int64_t)(stream->frames * AUDIO_FRAME * 1000000 / AUDIO_RATE) <= passed_us) {
		au = (struct tess_au){.data = sound,
				      .length = sizeof(sound),
				      .track = TESS_TRACK_AUDIO,
				      .key = true};
		au.dts_us = stream->start_us +
			    (int64_t)(stream->frames++ * AUDIO_FRAME * 1000000 / AUDIO_RATE);
		au.pts_us = au.dts_us;
		(void)tess_ring_write(stream->ring, &au);
	}
}

static void on_timer(void *arg)
{
	struct feeder *feeder = arg;
	int64_t now_us = tess_loop_now_us(feeder->loop);

	for (unsigned i = 0; i < feeder->count; i++)
		feed(feeder, &feeder->streams[i], now_us);
	tess_timer_start(feeder->timer, TICK_US);
}

static void on_egress_up(void *arg, struct tess_link *link)
{
	struct feeder *feeder = arg;

	for (unsigned i = 0; i < feeder->count; i++) {
		const struct stream *stream = &feeder->streams[i];
		int fds[] = {tess_ring_writer_memfd(stream->ring),
			     tess_ring_writer_eventfd(stream->ring)};
		json_t *message = json_pack("{s:s, s:s, s:I}", "type", "stream", "stream",
					    stream->name, "epoch", (json_int_t)feeder->epoch);

		(void)tess_link_send(link, message, fds, 2);
		json_decref(message);
	}
}

static void send_desired(struct feeder *feeder)
{
	json_t *live = json_array(), *records = json_array(), *message;

	for (unsigned i = 0; i < feeder->count; i++) {
		const char *name = feeder->streams[i].name;

		json_array_append_new(live, json_pack("{s:s, s:s}", "stream", name, "name", name));
		if (feeder->recording)
			json_array_append_new(records, json_pack("{s:i, s:s, s:i, s:s, s:s}", "id",
								 i + 1, "stream", name, "app", 1,
								 "prefix", name, "format", "mp4"));
	}
	message = json_pack("{s:s, s:i, s:s, s:o, s:o, s:[], s:[], s:o}", "type", "desired",
			    "epoch", 1, "token_key", "", "live", live, "records", records,
			    "acknowledged", "deleted", "relays",
			    feeder->relay ? json_pack("[{s:i, s:i, s:s, s:s}]", "id", 1, "epoch", 1,
						      "stream", feeder->streams[0].name, "url",
						      feeder->relay)
					  : json_array());
	(void)tess_link_send(feeder->control, message, NULL, 0);
	json_decref(message);
}

static void on_control_up(void *arg, struct tess_link *link)
{
	struct feeder *feeder = arg;

	feeder->control = link;
	send_desired(feeder);
}

/* What egress says of itself, one line of JSON each. */
static void on_message(void *arg, struct tess_link *link, json_t *message, int *fds, unsigned count)
{
	(void)arg;
	(void)link;
	(void)fds;
	(void)count;
	(void)json_dumpf(message, stdout, JSON_COMPACT);
	(void)putchar('\n');
	(void)fflush(stdout);
}

static void on_signal(void *arg, int number)
{
	struct feeder *feeder = arg;

	if (number != SIGUSR1) {
		tess_loop_stop(feeder->loop);
	} else if (feeder->control) {
		feeder->recording = !feeder->recording;
		send_desired(feeder);
	}
}

static int run(struct feeder *feeder, const char *run_dir)
{
	static const struct tess_link_handlers control = {.up = on_control_up,
							  .message = on_message};
	static const struct tess_link_handlers media = {.up = on_egress_up, .message = on_message};
	static const int signals[] = {SIGTERM, SIGINT, SIGUSR1, 0};
	const struct tess_stream_info info = {.has_video = true,
					      .has_audio = true,
					      .width = 640,
					      .height = 360,
					      .frame_rate = FRAME_RATE,
					      .video_bitrate_bps = feeder->video_bitrate_bps,
					      .audio_rate = AUDIO_RATE,
					      .audio_channels = 2,
					      .audio_codec = TESS_CODEC_AAC,
					      .audio_config_length = 2,
					      .audio_config = {0x11, 0x90}};
	struct tess_link_server *servers[2];
	struct tess_ring_config ring = {.data_bytes = feeder->video_bitrate_bps * 2, .slots = 2048};
	char path[256];

	feeder->epoch = ring.epoch = (uint64_t)tess_clock_utc_us(tess_clock_system());
	if (tess_loop_alloc(&feeder->loop) ||
	    tess_loop_signals(feeder->loop, signals, on_signal, feeder) ||
	    tess_timer_alloc(&feeder->timer, feeder->loop, on_timer, feeder))
		return 1;
	for (unsigned i = 0; i < feeder->count; i++) {
		struct stream *stream = &feeder->streams[i];

		(void)snprintf(stream->name, sizeof(stream->name), i ? "bench%u" : "bench", i);
		/* spread over a group of pictures, as those of strangers are */
		stream->start_us = tess_clock_now_us(tess_clock_system()) +
				   (int64_t)i * GOP_FRAMES * 1000000 / FRAME_RATE / feeder->count;
		if (tess_ring_writer_alloc(&stream->ring, &ring, &info))
			return 1;
	}
	(void)snprintf(path, sizeof(path), "%s/streams.sock", run_dir);
	if (tess_link_listen(&servers[0], feeder->loop, path, &media, feeder))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/control.sock", run_dir);
	if (tess_link_listen(&servers[1], feeder->loop, path, &control, feeder))
		return 1;
	tess_timer_start(feeder->timer, 0);
	(void)tess_loop_run(feeder->loop);
	tess_link_server_free(servers[0]);
	tess_link_server_free(servers[1]);
	for (unsigned i = 0; i < feeder->count; i++)
		tess_ring_writer_free(feeder->streams[i].ring);
	tess_loop_free(feeder->loop);
	return 0;
}

int main(int argc, char **argv)
{
	static struct feeder feeder;
	int kbps = argc >= 3 && argc <= 5 ? atoi(argv[2]) : 0, count = argc > 3 ? atoi(argv[3]) : 1;

	if (kbps < 100 || kbps > 20000 || count < 1 || count > MAX_STREAMS) {
		fprintf(stderr, "usage: %s RUN_DIR VIDEO_KBPS [STREAMS [RELAY_URL]]\n", argv[0]);
		return 2;
	}
	tess_log_init("feeder", TESS_LOG_WARN);
	feeder.video_bitrate_bps = (uint32_t)kbps * 1000;
	feeder.count = (unsigned)count;
	feeder.relay = argc > 4 ? argv[4] : NULL;
	return run(&feeder, argv[1]);
}
