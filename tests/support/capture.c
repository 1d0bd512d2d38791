/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/capture.c - writes what many publishers send to the box as one capture.
 *
 * Each stream is made from its begin to its end; the packets are kept and sorted by time at last.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/capture.h"
#include "tests/support/pcap_writer.h"
#include "tests/support/rtp_sender.h"
#include "tests/support/tone.h"

#define BOX_ADDRESS	   0x0a0000feU
#define PUBLISHER_ADDRESS  0x0a000001U
#define PACE_US		   100
#define REPORT_INTERVAL_US 1000000
#define FIRST_REPORT_US	   200000
#define DUPLICATE_AFTER_US 1000
#define REORDER_MIN_US	   5000
#define REORDER_MAX_US	   25000
#define DEFAULT_FLASH_S	   0.2
#define DEFAULT_BEEP_HZ	   1000
#define DEFAULT_BEEP_LEVEL 0.5
#define DEFAULT_FRAME_RATE 15
#define DEFAULT_WIDTH	   160
#define DEFAULT_HEIGHT	   90
#define VIDEO_CLOCK_RATE   90000
#define VIDEO_FROM_PORT	   40000
#define AUDIO_FROM_PORT	   40002
#define LIFE_PORTS	   10
#define LIFE_SEED	   1000003

struct kept_packet {
	int64_t time_us;
	size_t order; /* keeps the sort stable */
	size_t at;    /* in the arena */
	size_t length;
	unsigned publisher;
	uint16_t from, to;
};

struct scene {
	const struct tess_test_capture *config;
	int64_t utc_us;
	struct kept_packet *packets;
	size_t count, capacity;
	uint8_t *arena;
	size_t used, size;
	int error;
};

/* One stream of one publisher on its way through time. */
struct stream {
	struct scene *scene;
	const struct tess_test_publisher *publisher;
	struct tess_rtp_sender sender;
	uint64_t random;
	uint16_t from, to;
	uint32_t clock_rate;
	uint8_t payload_type;
	int ppm;
	double start_s, stop_s;
	double period_s;   /* of its frames, in true time */
	int64_t now_us;	   /* capture time of the frame being sent */
	unsigned in_frame; /* packets of it that were sent */
	int64_t last_us;   /* when the last packet in order went */
	int64_t report_us; /* when the next report is due */
	bool changed_ssrc;
};

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

/* 0 <= x < 1 */
static double uniform(uint64_t *state)
{
	return (double)(next_random(state) >> 11) * 0x1p-53;
}

static bool grow(void **memory, size_t *capacity, size_t wanted, size_t unit)
{
	size_t larger = *capacity ? *capacity : 1024;
	void *moved;

	if (wanted <= *capacity)
		return true;
	while (larger < wanted)
		larger *= 2;
	moved = realloc(*memory, larger * unit);
	if (!moved)
		return false;
	*memory = moved;
	*capacity = larger;
	return true;
}

static void keep(struct stream *stream, int64_t time_us, uint16_t to, const uint8_t *data,
		 size_t length)
{
	struct scene *scene = stream->scene;

	if (scene->error)
		return;
	if (!grow((void **)&scene->packets, &scene->capacity, scene->count + 1,
		  sizeof(*scene->packets)) ||
	    !grow((void **)&scene->arena, &scene->size, scene->used + length, 1)) {
		scene->error = -ENOMEM;
		return;
	}
	memcpy(scene->arena + scene->used, data, length);
	scene->packets[scene->count] = (struct kept_packet){
		.time_us = time_us,
		.order = scene->count,
		.at = scene->used,
		.length = length,
		.publisher = stream->publisher->id,
		.from = stream->from,
		.to = to,
	};
	scene->count++;
	scene->used += length;
}

/* The network: what becomes of a packet that leaves now. */
static void on_packet(void *arg, const uint8_t *data, size_t length, bool rtcp)
{
	struct stream *stream = arg;
	const struct tess_test_publisher *publisher = stream->publisher;
	int64_t time_us = stream->now_us + (int64_t)(publisher->send_delay_ms * 1000);

	if (rtcp) {
		keep(stream, time_us, (uint16_t)(stream->to + (publisher->rtcp_mux ? 0 : 1)), data,
		     length);
		return;
	}
	if (stream->now_us < (int64_t)llround(publisher->sent_from_s * 1e6))
		return;
	time_us += PACE_US * stream->in_frame++;
	if (uniform(&stream->random) * 100 < publisher->loss_percent)
		return;
	time_us += (int64_t)(uniform(&stream->random) * publisher->jitter_ms * 1000);
	if (time_us < stream->last_us)
		time_us = stream->last_us;
	stream->last_us = time_us;
	if (uniform(&stream->random) * 100 < publisher->reorder_percent)
		time_us += REORDER_MIN_US +
			   (int64_t)(uniform(&stream->random) * (REORDER_MAX_US - REORDER_MIN_US));
	keep(stream, time_us, stream->to, data, length);
	if (uniform(&stream->random) * 100 < publisher->duplicate_percent)
		keep(stream, time_us + DUPLICATE_AFTER_US, stream->to, data, length);
}

/* A new SSRC with sequence number and time stamp of its own, from @now_us on. */
static void begin_sender(struct stream *stream, int64_t now_us)
{
	struct tess_rtp_sender_config config = {
		.ssrc = (uint32_t)next_random(&stream->random),
		.payload_type = stream->payload_type,
		.clock_rate = stream->clock_rate,
		.first_sequence = (uint16_t)next_random(&stream->random),
		.first_timestamp = (uint32_t)next_random(&stream->random),
		.origin_us = now_us,
		.clock_ppm = stream->ppm,
	};

	tess_rtp_sender_init(&stream->sender, &config, on_packet, stream);
	stream->report_us = now_us + FIRST_REPORT_US;
	if (stream->publisher->first_report_s != 0)
		stream->report_us =
			now_us + (int64_t)llround(stream->publisher->first_report_s * 1e6);
}

static void begin_stream(struct stream *stream, struct scene *scene,
			 const struct tess_test_publisher *publisher, bool video)
{
	unsigned frame_rate =
		publisher->video.frame_rate ? publisher->video.frame_rate : DEFAULT_FRAME_RATE;
	double period_s =
		video ? 1.0 / frame_rate : (double)TESS_TEST_AUDIO_FRAMES / TESS_TEST_AUDIO_RATE;

	*stream = (struct stream){
		.scene = scene,
		.publisher = publisher,
		.random = scene->config->seed * 64 + publisher->id * 2 + video +
			  publisher->life * (uint64_t)LIFE_SEED,
		.from = (uint16_t)((video ? VIDEO_FROM_PORT : AUDIO_FROM_PORT) +
				   publisher->life * LIFE_PORTS),
		.to = video ? publisher->video_port : publisher->audio_port,
		.clock_rate = video ? VIDEO_CLOCK_RATE : TESS_TEST_AUDIO_RATE,
		.payload_type = video ? TESS_TEST_VIDEO_PAYLOAD_TYPE : TESS_TEST_AUDIO_PAYLOAD_TYPE,
		.ppm = video ? publisher->video_ppm : publisher->audio_ppm,
		.start_s = publisher->start_s,
		.stop_s = scene->config->duration_s,
	};
	if (publisher->stop_s > 0 && publisher->stop_s < stream->stop_s)
		stream->stop_s = publisher->stop_s;
	stream->period_s = period_s / (1.0 + stream->ppm * 1e-6);
	(void)next_random(&stream->random); /* seeds that are near give numbers that are not */
	begin_sender(stream, (int64_t)llround(publisher->start_s * 1e6));
}

/* Move on to the @index-th frame; false at the end. *@anew: the SSRC changed just now. */
static bool next_frame(struct stream *stream, unsigned index, double *time_s, bool *anew)
{
	const struct tess_test_publisher *publisher = stream->publisher;

	*anew = false;
	*time_s = stream->start_s + index * stream->period_s;
	if (*time_s >= stream->stop_s || stream->scene->error)
		return false;
	stream->now_us = (int64_t)llround(*time_s * 1e6);
	stream->in_frame = 0;
	if (publisher->ssrc_change_at_s > 0 && *time_s >= publisher->ssrc_change_at_s &&
	    !stream->changed_ssrc) {
		stream->changed_ssrc = *anew = true;
		begin_sender(stream, stream->now_us);
	}
	return true;
}

static void report_if_due(struct stream *stream)
{
	const struct tess_test_publisher *publisher = stream->publisher;
	int64_t now_us = stream->now_us;

	if (now_us < stream->report_us || publisher->no_sender_reports)
		return;
	tess_rtp_sender_report(&stream->sender, now_us,
			       stream->scene->utc_us + now_us +
				       llround((double)now_us * publisher->wall_clock_ppm * 1e-6) +
				       (int64_t)(publisher->wall_clock_ms * 1000));
	stream->report_us += REPORT_INTERVAL_US;
}

/* In seconds; negative: none. */
static double flash_time_s(const struct tess_test_publisher *publisher, double number)
{
	unsigned frame_rate =
		publisher->video.frame_rate ? publisher->video.frame_rate : DEFAULT_FRAME_RATE;
	double period_s = 1.0 / frame_rate / (1.0 + publisher->video_ppm * 1e-6);
	double after_s = number * publisher->flash_every_s - publisher->start_s;

	if (number < 1 || after_s < 0)
		return -1;
	if (!publisher->video_port)
		return publisher->start_s + after_s;
	/* a hair early is on time: 2.0 / (1 / 15.0) need not be 30 */
	return publisher->start_s + ceil(after_s / period_s - 1e-6) * period_s;
}

int64_t tess_test_flash_time_us(const struct tess_test_publisher *publisher, unsigned number)
{
	double time_s = flash_time_s(publisher, number);

	return time_s < 0 ? -1 : (int64_t)llround(time_s * 1e6);
}

static double flash_length_s(const struct tess_test_publisher *publisher)
{
	return publisher->flash_s > 0 ? publisher->flash_s : DEFAULT_FLASH_S;
}

static bool flashes(const struct tess_test_publisher *publisher, double time_s)
{
	double number, begin_s;

	if (publisher->flash_every_s <= 0)
		return false;
	number = floor(time_s / publisher->flash_every_s + 1e-6);
	begin_s = flash_time_s(publisher, number);
	return begin_s >= 0 && time_s >= begin_s - 1e-6 &&
	       time_s < begin_s + flash_length_s(publisher) - 1e-6;
}

/* The configuration in force at @time_s. */
static struct tess_test_video_config video_config(const struct tess_test_publisher *publisher,
						  double time_s)
{
	struct tess_test_video_config config = publisher->video;

	if (config.width == 0) {
		config.width = DEFAULT_WIDTH;
		config.height = DEFAULT_HEIGHT;
	}
	if (publisher->resize_at_s > 0 && time_s >= publisher->resize_at_s) {
		config.width = publisher->resize_width;
		config.height = publisher->resize_height;
	}
	return config;
}

static int send_picture(struct stream *stream, struct tess_test_video *video, double time_s,
			bool force_key)
{
	struct tess_test_pattern pattern = {
		.id = stream->publisher->id,
		.time_us = stream->now_us,
		.flash = flashes(stream->publisher, time_s),
	};
	const uint8_t *data;
	size_t length;
	int error;

	tess_test_pattern_draw(tess_test_video_picture(video), &pattern);
	error = tess_test_video_encode(video, force_key, &data, &length);
	if (!error)
		tess_rtp_sender_h264(&stream->sender, stream->now_us, data, length);
	return error;
}

static int make_video(struct scene *scene, const struct tess_test_publisher *publisher)
{
	struct tess_test_video_config config = {0};
	struct tess_test_video *video = NULL;
	struct stream stream;
	double time_s;
	int error = 0;
	bool anew;

	begin_stream(&stream, scene, publisher, true);
	for (unsigned i = 0; !error && next_frame(&stream, i, &time_s, &anew); i++) {
		struct tess_test_video_config now = video_config(publisher, time_s);

		if (now.width != config.width || now.height != config.height) {
			tess_test_video_close(video);
			video = NULL;
			config = now;
			error = tess_test_video_open(&video, &config);
			if (error)
				break;
		}
		if (publisher->first_report_s < 0)
			report_if_due(&stream);
		error = send_picture(&stream, video, time_s, anew);
		report_if_due(&stream);
	}
	tess_test_video_close(video);
	return error;
}

/* Add the part of the beeps that falls into the frame that begins at @time_s. */
static void add_beep(const struct tess_test_publisher *publisher, float *pcm, unsigned channels,
		     double rate, double time_s)
{
	double frequency_hz = publisher->beep_hz > 0 ? publisher->beep_hz : DEFAULT_BEEP_HZ;
	double level = publisher->beep_level > 0 ? publisher->beep_level : DEFAULT_BEEP_LEVEL;
	double near = floor(time_s / publisher->flash_every_s);

	for (int i = -1; i <= 1; i++) {
		double begin_s = flash_time_s(publisher, near + i);
		double first = ceil((begin_s - time_s) * rate);
		double end = ceil((begin_s + flash_length_s(publisher) - time_s) * rate);

		if (first < 0)
			first = 0;
		if (end > TESS_TEST_AUDIO_FRAMES)
			end = TESS_TEST_AUDIO_FRAMES;
		if (begin_s >= 0 && first < end)
			tess_tone_add(pcm + (size_t)first * channels, (size_t)(end - first),
				      channels, rate, time_s + first / rate - begin_s, frequency_hz,
				      level);
	}
}

static int make_audio(struct scene *scene, const struct tess_test_publisher *publisher)
{
	unsigned channels = publisher->audio_channels ? publisher->audio_channels : 1;
	double rate = TESS_TEST_AUDIO_RATE * (1.0 + publisher->audio_ppm * 1e-6);
	float pcm[TESS_TEST_AUDIO_FRAMES * 2];
	struct tess_test_audio *audio;
	struct stream stream;
	double time_s;
	bool anew;
	int error = tess_test_audio_open(&audio, channels, 0);

	if (error)
		return error;
	begin_stream(&stream, scene, publisher, false);
	for (unsigned i = 0; !error && next_frame(&stream, i, &time_s, &anew); i++) {
		const uint8_t *data;
		size_t length;

		memset(pcm, 0, sizeof(pcm));
		if (publisher->tone_level > 0)
			tess_tone_add(pcm, TESS_TEST_AUDIO_FRAMES, channels, rate, time_s,
				      publisher->tone_hz, publisher->tone_level);
		if (publisher->flash_every_s > 0)
			add_beep(publisher, pcm, channels, rate, time_s);
		error = tess_test_audio_encode(audio, pcm, &data, &length);
		if (publisher->first_report_s < 0)
			report_if_due(&stream);
		if (!error)
			tess_rtp_sender_opus(&stream.sender, stream.now_us, data, length);
		report_if_due(&stream);
	}
	tess_test_audio_close(audio);
	return error;
}

static int by_time(const void *a, const void *b)
{
	const struct kept_packet *left = a, *right = b;

	if (left->time_us != right->time_us)
		return left->time_us < right->time_us ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

static int write_scene(const struct scene *scene, const char *path)
{
	struct tess_pcap_writer *writer;
	int error = tess_pcap_writer_open(&writer, path);

	if (error)
		return error;
	for (size_t i = 0; i < scene->count; i++) {
		const struct kept_packet *packet = &scene->packets[i];
		struct sockaddr_in from =
			tess_ipv4(PUBLISHER_ADDRESS + packet->publisher, packet->from);
		struct sockaddr_in to = tess_ipv4(BOX_ADDRESS, packet->to);

		tess_pcap_writer_udp(writer, scene->utc_us + packet->time_us, &from, &to,
				     scene->arena + packet->at, packet->length);
	}
	return tess_pcap_writer_close(writer);
}

int tess_test_capture_write(const char *path, const struct tess_test_capture *capture)
{
	struct scene scene = {
		.config = capture,
		.utc_us = capture->utc_us ? capture->utc_us : TESS_TEST_UTC_US,
	};
	int error = 0;

	for (unsigned i = 0; !error && i < capture->count; i++) {
		const struct tess_test_publisher *publisher = &capture->publishers[i];

		if (publisher->id >= TESS_TEST_PATTERN_IDS)
			error = -EINVAL;
		if (!error && publisher->video_port)
			error = make_video(&scene, publisher);
		if (!error && publisher->audio_port)
			error = make_audio(&scene, publisher);
	}
	if (!error)
		error = scene.error;
	if (!error) {
		if (scene.count > 0)
			qsort(scene.packets, scene.count, sizeof(*scene.packets), by_time);
		error = write_scene(&scene, path);
	}
	free(scene.packets);
	free(scene.arena);
	return error;
}
