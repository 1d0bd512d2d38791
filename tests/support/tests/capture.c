/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests tests/support/capture.c (and with it test_media.c): replays captures and decodes them with
 * a depacketiser that knows no loss, and libavcodec and libopus.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <math.h>
#include <opus/opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "drivers/net.h"
#include "tests/support/capture.h"
#include "tests/support/tone.h"

#define VIDEO_PORT 20000
#define AUDIO_PORT 20002

static char path[] = "/tmp/tess_capture_XXXXXX";

/* What one publisher sent. */
struct received {
	unsigned packets[4]; /* video, its RTCP, audio, its RTCP */
	unsigned gaps, steps_back;
	uint16_t next_sequence[2];
	uint32_t ssrc[2];
	unsigned ssrcs[2];
	int64_t first_us, last_us;
	/* the last report: time of arrival, UTC by NTP, RTP time */
	int64_t report_us[2], report_utc_us[2];
	uint32_t report_timestamp[2], last_timestamp[2];

	AVCodecContext *video;
	AVFrame *frame;
	AVPacket *packet;
	uint8_t unit[200000];
	size_t unit_length;
	unsigned pictures, keys, widths;
	unsigned width;
	struct tess_test_pattern pattern;
	int64_t picture_us[16], flash_us[64];
	unsigned flashes;
	bool flashing;

	OpusDecoder *opus;
	struct tess_tone_detector detector;
	int64_t beep_us[64];
	unsigned beeps;
	double sound_s; /* at the begin of the next packet */
	double sound_step_s;
	float tone[48000];
	size_t tone_filled;
};

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void on_beep(void *arg, int64_t pts_us)
{
	struct received *received = arg;

	if (received->beeps < 64)
		received->beep_us[received->beeps++] = pts_us;
}

static struct received *received_alloc(const struct tess_test_publisher *publisher)
{
	struct received *received = calloc(1, sizeof(*received));
	int error;

	assert_non_null(received);
	received->video = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	received->frame = av_frame_alloc();
	received->packet = av_packet_alloc();
	received->video->thread_count = 1;
	assert_int_equal(avcodec_open2(received->video, NULL, NULL), 0);
	received->opus = opus_decoder_create(48000, 1, &error);
	assert_non_null(received->opus);
	tess_tone_detector_init(&received->detector, 48000, 1, 1000, 0.25, on_beep, received);
	received->sound_s = publisher->start_s;
	received->sound_step_s = 0.02 / (1 + publisher->audio_ppm * 1e-6);
	return received;
}

static void received_free(struct received *received)
{
	avcodec_free_context(&received->video);
	av_frame_free(&received->frame);
	av_packet_free(&received->packet);
	opus_decoder_destroy(received->opus);
	free(received);
}

static void on_picture(struct received *received)
{
	const AVFrame *frame = received->frame;
	struct tess_test_i420 picture = {
		.planes = {frame->data[0], frame->data[1], frame->data[2]},
		.strides = {(size_t)frame->linesize[0], (size_t)frame->linesize[1],
			    (size_t)frame->linesize[2]},
		.width = (unsigned)frame->width,
		.height = (unsigned)frame->height,
	};
	struct tess_rect whole = {0, 0, frame->width, frame->height};

	assert_int_equal(tess_test_pattern_read(&received->pattern, &picture, &whole,
						TESS_RENDER_CROP, picture.width, picture.height),
			 0);
	received->widths += picture.width != received->width;
	received->width = picture.width;
	received->keys += frame->key_frame != 0;
	if (received->pictures < 16)
		received->picture_us[received->pictures] = received->pattern.time_us;
	received->pictures++;
	if (received->pattern.flash && !received->flashing && received->flashes < 64)
		received->flash_us[received->flashes++] = received->pattern.time_us;
	received->flashing = received->pattern.flash;
}

static void append(struct received *received, const void *data, size_t length)
{
	assert_true(received->unit_length + length <= sizeof(received->unit));
	memcpy(received->unit + received->unit_length, data, length);
	received->unit_length += length;
}

/* Joins; packets are whole and in order in the captures that are decoded. */
static void on_video(struct received *received, const uint8_t *rtp, size_t length)
{
	static const uint8_t start_code[4] = {0, 0, 0, 1};
	const uint8_t *payload = rtp + 12, *end = rtp + length;

	switch (payload[0] & 0x1f) {
	case 24:
		for (payload++; payload < end; payload += 2 + (payload[0] << 8 | payload[1])) {
			append(received, start_code, 4);
			append(received, payload + 2, (size_t)(payload[0] << 8 | payload[1]));
		}
		break;
	case 28:
		if (payload[1] & 0x80) {
			uint8_t header = (uint8_t)((payload[0] & 0xe0) | (payload[1] & 0x1f));

			append(received, start_code, 4);
			append(received, &header, 1);
		}
		append(received, payload + 2, (size_t)(end - payload - 2));
		break;
	default:
		append(received, start_code, 4);
		append(received, payload, (size_t)(end - payload));
	}
	if (!(rtp[1] & 0x80))
		return;
	assert_int_equal(av_new_packet(received->packet, (int)received->unit_length), 0);
	memcpy(received->packet->data, received->unit, received->unit_length);
	received->unit_length = 0;
	assert_int_equal(avcodec_send_packet(received->video, received->packet), 0);
	av_packet_unref(received->packet);
	while (avcodec_receive_frame(received->video, received->frame) == 0)
		on_picture(received);
}

static void on_audio(struct received *received, const uint8_t *rtp, size_t length)
{
	float pcm[5760];
	int frames = opus_decode_float(received->opus, rtp + 12, (int)length - 12, pcm, 5760, 0);

	assert_int_equal(frames, 960);
	/* the codec delays by 6.5 ms */
	tess_tone_detector_feed(&received->detector,
				(int64_t)llround(received->sound_s * 1e6) - 6500, pcm, 960);
	received->sound_s += received->sound_step_s;
	if (received->tone_filled + 960 <= 48000) {
		memcpy(received->tone + received->tone_filled, pcm, 960 * sizeof(float));
		received->tone_filled += 960;
	}
}

static void on_report(struct received *received, unsigned kind, const struct tess_packet *packet)
{
	const uint8_t *data = packet->data;

	assert_true(packet->length >= 28 && data[1] == 200);
	assert_int_equal(get32(data + 4), received->ssrc[kind]);
	received->report_us[kind] = packet->arrival_us;
	received->report_utc_us[kind] =
		((int64_t)get32(data + 8) - 2208988800) * 1000000 +
		(int64_t)(((uint64_t)get32(data + 12) * 1000000 + 0x80000000U) >> 32);
	received->report_timestamp[kind] = get32(data + 16);
}

static void on_packet(struct received *received, const struct tess_packet *packet, bool decode)
{
	unsigned kind = packet->local_port - VIDEO_PORT, media = kind / 2;
	const uint8_t *rtp = packet->data;
	uint16_t sequence = (uint16_t)(rtp[2] << 8 | rtp[3]);
	int16_t ahead = (int16_t)(sequence - received->next_sequence[media]);

	if (received->packets[kind]++ == 0 && received->first_us == 0)
		received->first_us = packet->arrival_us;
	received->last_us = packet->arrival_us;
	assert_int_equal(packet->remote.in.sin_addr.s_addr, htonl(0x0a000001 + 5));
	if (kind % 2 == 1) {
		on_report(received, media, packet);
		return;
	}
	assert_int_equal(packet->remote.in.sin_port, htons(kind ? 40002 : 40000));
	assert_int_equal(rtp[1] & 0x7f,
			 kind ? TESS_TEST_AUDIO_PAYLOAD_TYPE : TESS_TEST_VIDEO_PAYLOAD_TYPE);
	if (get32(rtp + 8) != received->ssrc[media]) {
		received->ssrc[media] = get32(rtp + 8);
		received->ssrcs[media]++;
	} else if (ahead < 0) {
		received->steps_back++;
	} else {
		received->gaps += (unsigned)ahead;
	}
	if (ahead >= 0 || received->packets[kind] == 1)
		received->next_sequence[media] = (uint16_t)(sequence + 1);
	received->last_timestamp[media] = get32(rtp + 4);
	if (decode && kind == 0)
		on_video(received, rtp, packet->length);
	else if (decode)
		on_audio(received, rtp, packet->length);
}

/* Write it, replay it; the clock begins at 0 with the first packet. */
static struct received *run(const struct tess_test_publisher *publisher, double duration_s,
			    bool decode)
{
	struct tess_test_capture capture = {
		.publishers = publisher, .count = 1, .duration_s = duration_s, .seed = 7};
	struct received *received = received_alloc(publisher);
	struct tess_clock_virtual clock;
	struct tess_packet *packets[TESS_NET_BURST];
	const struct tess_net_driver *driver;
	struct tess_net *net;
	char spec[64];

	assert_int_equal(tess_test_capture_write(path, &capture), 0);
	(void)snprintf(spec, sizeof(spec), "pcap:%s", path);
	tess_clock_virtual_init(&clock, 1, 0);
	driver = tess_net_driver_find(spec);
	assert_int_equal(driver->open(&net, &(struct tess_net_config){.spec = spec,
								      .packets = 256,
								      .clock = &clock.clock}),
			 0);
	for (uint16_t port = VIDEO_PORT; port < VIDEO_PORT + 4; port++)
		assert_int_equal(driver->flow_add(net, port, NULL), 0);
	while (driver->wait(net, INT64_MAX) == 0) {
		unsigned got = driver->rx_burst(net, packets, TESS_NET_BURST);

		for (unsigned i = 0; i < got; i++) {
			on_packet(received, packets[i], decode);
			tess_packet_release(packets[i]);
		}
	}
	driver->close(net);
	return received;
}

static const struct tess_test_publisher plain = {
	.id = 5,
	.video_port = VIDEO_PORT,
	.audio_port = AUDIO_PORT,
	.tone_hz = 440,
	.tone_level = 0.2,
};

static void pictures_and_sound_are_what_was_asked(void **state)
{
	struct tess_test_publisher publisher = plain;
	struct received *received;

	(void)state;
	publisher.video.width = 320;
	publisher.video.height = 180;
	publisher.video.bitrate_bps = 500000;
	received = run(&publisher, 4, true);
	assert_int_equal(received->pictures, 60);
	assert_int_equal(received->keys, 4);
	assert_int_equal(received->packets[2], 200);
	assert_int_equal(received->packets[1], 4);
	assert_int_equal(received->packets[3], 4);
	assert_int_equal(received->gaps + received->steps_back, 0);
	assert_int_equal(received->pattern.id, 5);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(received->picture_us[i], i * 1000000 / 15 / 20000 * 20000);
	assert_int_equal(received->width, 320);
	assert_true(received->last_us > 3900000 && received->last_us < 4010000);
	assert_true(
		fabs(tess_tone_db(tess_tone_level(received->tone + 4800, 43200, 1, 0, 48000, 440),
				  0.2)) < 0.3);
	received_free(received);
}

static void flash_and_beep_come_together(void **state)
{
	struct tess_test_publisher publisher = plain;
	struct received *received;

	(void)state;
	publisher.start_s = 0.333;
	publisher.flash_every_s = 2;
	publisher.video_ppm = -5000; /* much, so that it shows in a short time */
	publisher.audio_ppm = 5000;
	received = run(&publisher, 21, true);
	assert_int_equal(received->flashes, 10);
	assert_int_equal(received->beeps, 10);
	for (unsigned i = 0; i < 10; i++) {
		int64_t time_us = tess_test_flash_time_us(&publisher, i + 1);

		assert_true(time_us >= (i + 1) * 2000000 && time_us < (i + 1) * 2000000 + 67500);
		assert_int_equal(received->flash_us[i], time_us / 20000 * 20000);
		assert_true(llabs(received->beep_us[i] - time_us) < 4000);
	}
	assert_int_equal(tess_test_flash_time_us(&publisher, 0), -1);
	/* a clock that is fast makes more of them */
	assert_int_equal(received->pictures, 309);
	assert_int_equal(received->packets[2], 1039);
	/* reports tie both to the same wall clock: capture starts at the first packet, 0.333 s */
	for (unsigned kind = 0; kind < 2; kind++) {
		assert_true(received->report_us[kind] > 19000000);
		assert_true(llabs(received->report_utc_us[kind] - TESS_TEST_UTC_US - 333000 -
				  received->report_us[kind]) < 10);
	}
	received_free(received);
}

static void starts_stops_and_changes(void **state)
{
	struct tess_test_publisher publisher = plain;
	struct received *received;

	(void)state;
	publisher.start_s = 1;
	publisher.stop_s = 5;
	publisher.resize_at_s = 2;
	publisher.resize_width = 64;
	publisher.resize_height = 48;
	publisher.ssrc_change_at_s = 3.5;
	received = run(&publisher, 10, true);
	assert_int_equal(received->pictures, 60);
	assert_int_equal(received->widths, 2);
	assert_int_equal(received->width, 64);
	assert_int_equal(received->ssrcs[0], 2);
	assert_int_equal(received->ssrcs[1], 2);
	assert_int_equal(received->keys, 4 + 1);  /* 1, 2 (anew), 3, 3.5, 4.5 */
	assert_true(received->last_us < 4010000); /* 4 s after its first packet */
	received_free(received);
}

static void the_network_is_bad_as_asked(void **state)
{
	struct tess_test_publisher publisher = plain;
	struct received *received;
	unsigned all;

	(void)state;
	publisher.loss_percent = 10;
	received = run(&publisher, 60, false);
	all = received->packets[0] + received->packets[2] + received->gaps;
	assert_in_range(all, 3900, 4200);
	assert_in_range(received->gaps, all * 8 / 100, all * 12 / 100);
	assert_int_equal(received->steps_back, 0);
	received_free(received);

	publisher.loss_percent = 0;
	publisher.jitter_ms = 50;
	received = run(&publisher, 20, false);
	assert_int_equal(received->gaps + received->steps_back, 0);
	received_free(received);

	publisher.jitter_ms = 0;
	publisher.reorder_percent = 10;
	publisher.duplicate_percent = 5;
	received = run(&publisher, 60, false);
	assert_true(received->steps_back > 100);
	assert_in_range(received->packets[2], 3000 * 103 / 100, 3000 * 107 / 100);
	received_free(received);
}

static size_t read_capture(uint8_t *data, size_t capacity)
{
	FILE *file = fopen(path, "rb");
	size_t length;

	assert_non_null(file);
	length = fread(data, 1, capacity, file);
	assert_int_equal(fclose(file), 0);
	return length;
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
	static uint8_t first[2000000], second[2000000];
	struct tess_test_publisher publishers[2] = {plain, plain};
	struct tess_test_capture capture = {
		.publishers = publishers, .count = 2, .duration_s = 5, .seed = 1};
	size_t length;

	(void)state;
	publishers[1].id = 6;
	publishers[1].video_port = 20004;
	publishers[1].audio_port = 20006;
	publishers[1].loss_percent = 3;
	publishers[0].jitter_ms = 10;
	assert_int_equal(tess_test_capture_write(path, &capture), 0);
	length = read_capture(first, sizeof(first));
	assert_true(length > 50000 && length < sizeof(first));
	assert_int_equal(tess_test_capture_write(path, &capture), 0);
	assert_int_equal(read_capture(second, sizeof(second)), length);
	assert_memory_equal(first, second, length);
	capture.seed = 2;
	assert_int_equal(tess_test_capture_write(path, &capture), 0);
	assert_true(read_capture(second, sizeof(second)) != length ||
		    memcmp(first, second, length) != 0);
}

static void ten_minutes_do_not_drift_by_themselves(void **state)
{
	struct tess_test_publisher publisher = plain;
	struct received *received;

	(void)state;
	publisher.audio_ppm = 100;
	publisher.video_ppm = -100;
	publisher.flash_every_s = 10;
	received = run(&publisher, 600, true);
	assert_int_equal(received->flashes, 59);
	assert_int_equal(received->beeps, 59);
	for (unsigned i = 0; i < 59; i++)
		assert_true(llabs(received->beep_us[i] -
				  tess_test_flash_time_us(&publisher, i + 1)) < 4000);
	received_free(received);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_and_sound_are_what_was_asked),
		cmocka_unit_test(flash_and_beep_come_together),
		cmocka_unit_test(starts_stops_and_changes),
		cmocka_unit_test(the_network_is_bad_as_asked),
		cmocka_unit_test(the_same_seed_gives_the_same_bytes),
		cmocka_unit_test(ten_minutes_do_not_drift_by_themselves),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
