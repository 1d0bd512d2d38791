/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/crowd.c - many publishers that send for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "drivers/packet_pool.h"
#include "tests/integration/media/crowd.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/rtp_sender.h"
#include "tests/support/tone.h"

#define MAX_PEOPLE 32
#define FRAME_RATE 5
#define PICTURES   (4 * FRAME_RATE) /* of a round */
#define SOUNDS	   200
#define PICTURE_US (INT64_C(1000000) / FRAME_RATE)
#define SOUND_US   INT64_C(20000)
#define REPORT_US  INT64_C(1000000)
#define FLASH	   10
#define BEEP_FIRST 100
#define BEEP_LAST  109
#define PACKETS	   8192

struct bytes {
	uint8_t *data;
	size_t length;
};

struct person {
	struct crowd *crowd;
	unsigned id;
	uint16_t video_port, audio_port;
	struct bytes pictures[PICTURES], sounds[SOUNDS];
	struct tess_rtp_sender video, audio;
};

struct crowd {
	struct tess_net net;
	struct tess_clock *clock;
	int64_t begun_us;
	uint64_t picture, sound, report; /* that come next, counting on */
	struct tess_packet_pool *pool;
	void *tags[UINT16_MAX + 1];
	struct tess_packet *queue[PACKETS];
	unsigned head, tail;
	struct tess_net_stats stats;
	unsigned count;
	struct person people[MAX_PEOPLE];
};

static void keep(struct bytes *bytes, const uint8_t *data, size_t length)
{
	bytes->data = malloc(length);
	assert_non_null(bytes->data);
	memcpy(bytes->data, data, length);
	bytes->length = length;
}

static void make_pictures(struct person *person)
{
	const struct tess_test_video_config config = {
		.width = 64, .height = 36, .frame_rate = FRAME_RATE};
	struct tess_test_video *video;

	assert_int_equal(tess_test_video_open(&video, &config), 0);
	for (unsigned i = 0; i < PICTURES; i++) {
		const struct tess_test_pattern pattern = {
			.id = person->id,
			.time_us = i * PICTURE_US,
			.flash = person->id == 0 && i == FLASH,
		};
		const uint8_t *data;
		size_t length;

		tess_test_pattern_draw(tess_test_video_picture(video), &pattern);
		assert_int_equal(tess_test_video_encode(video, i == 0, &data, &length), 0);
		keep(&person->pictures[i], data, length);
	}
	tess_test_video_close(video);
}

static void make_sounds(struct person *person)
{
	struct tess_test_audio *audio;

	assert_int_equal(tess_test_audio_open(&audio, 1, person->id ? 6000 : 0), 0);
	for (unsigned i = 0; i < SOUNDS; i++) {
		float pcm[TESS_TEST_AUDIO_FRAMES] = {0};
		const uint8_t *data;
		size_t length;

		if (person->id)
			tess_tone_add(pcm, TESS_TEST_AUDIO_FRAMES, 1, TESS_TEST_AUDIO_RATE,
				      (double)i * 0.02, 200 + 25.0 * person->id, 0.01);
		else if (i >= BEEP_FIRST && i <= BEEP_LAST)
			tess_tone_add(pcm, TESS_TEST_AUDIO_FRAMES, 1, TESS_TEST_AUDIO_RATE,
				      (double)i * 0.02, CROWD_BEEP_HZ, 0.5);
		assert_int_equal(tess_test_audio_encode(audio, pcm, &data, &length), 0);
		keep(&person->sounds[i], data, length);
	}
	tess_test_audio_close(audio);
}

static void queue(struct person *person, uint16_t port, const uint8_t *data, size_t length)
{
	struct crowd *crowd = person->crowd;
	struct tess_packet *packet;

	if (!crowd->tags[port])
		return;
	packet = tess_packet_pool_alloc(crowd->pool);
	assert_non_null(packet);
	memcpy(packet->data, data, length);
	packet->length = (uint32_t)length;
	packet->arrival_us = tess_clock_now_us(crowd->clock);
	packet->tag = crowd->tags[port];
	packet->local_port = port;
	packet->remote.in.sin_family = AF_INET;
	packet->remote.in.sin_addr.s_addr = htonl(0x0a000001 + person->id);
	packet->remote.in.sin_port = htons(40000);
	crowd->queue[crowd->head++ % PACKETS] = packet;
	crowd->stats.rx_packets++;
}

static void on_video(void *arg, const uint8_t *data, size_t length, bool rtcp)
{
	struct person *person = arg;

	queue(person, person->video_port + rtcp, data, length);
}

static void on_audio(void *arg, const uint8_t *data, size_t length, bool rtcp)
{
	struct person *person = arg;

	queue(person, person->audio_port + rtcp, data, length);
}

static void person_init(struct person *person, struct crowd *crowd, unsigned id)
{
	struct tess_rtp_sender_config config = {
		.ssrc = 1000 + 2 * id,
		.payload_type = TESS_TEST_VIDEO_PAYLOAD_TYPE,
		.clock_rate = 90000,
		.origin_us = crowd->begun_us,
	};

	person->crowd = crowd;
	person->id = id;
	person->video_port = scenario_video_port(id);
	person->audio_port = scenario_audio_port(id);
	make_pictures(person);
	make_sounds(person);
	tess_rtp_sender_init(&person->video, &config, on_video, person);
	config.ssrc++;
	config.payload_type = TESS_TEST_AUDIO_PAYLOAD_TYPE;
	config.clock_rate = 48000;
	tess_rtp_sender_init(&person->audio, &config, on_audio, person);
}

static int64_t picture_us(const struct crowd *crowd)
{
	return crowd->begun_us + (int64_t)crowd->picture * PICTURE_US;
}

static int64_t sound_us(const struct crowd *crowd)
{
	return crowd->begun_us + (int64_t)crowd->sound * SOUND_US;
}

static int64_t report_us(const struct crowd *crowd)
{
	return crowd->begun_us + (int64_t)crowd->report * REPORT_US;
}

static int64_t next_us(const struct crowd *crowd)
{
	int64_t at_us = picture_us(crowd);

	if (sound_us(crowd) < at_us)
		at_us = sound_us(crowd);
	return report_us(crowd) < at_us ? report_us(crowd) : at_us;
}

static void send_pictures(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->count; i++) {
		struct person *person = &crowd->people[i];
		const struct bytes *bytes = &person->pictures[crowd->picture % PICTURES];

		if (crowd->tags[person->video_port])
			tess_rtp_sender_h264(&person->video, picture_us(crowd), bytes->data,
					     bytes->length);
	}
	crowd->picture++;
}

static void send_sounds(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->count; i++) {
		struct person *person = &crowd->people[i];
		const struct bytes *bytes = &person->sounds[crowd->sound % SOUNDS];

		if (crowd->tags[person->audio_port])
			tess_rtp_sender_opus(&person->audio, sound_us(crowd), bytes->data,
					     bytes->length);
	}
	crowd->sound++;
}

static void send_reports(struct crowd *crowd)
{
	int64_t now_us = report_us(crowd), utc_us = tess_clock_utc_us(crowd->clock);

	for (unsigned i = 0; i < crowd->count; i++) {
		tess_rtp_sender_report(&crowd->people[i].video, now_us, utc_us);
		tess_rtp_sender_report(&crowd->people[i].audio, now_us, utc_us);
	}
	crowd->report++;
}

static unsigned rx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	struct crowd *crowd = (struct crowd *)net;
	int64_t now_us = tess_clock_now_us(crowd->clock);
	unsigned got = 0;

	while (next_us(crowd) <= now_us) {
		if (picture_us(crowd) <= now_us)
			send_pictures(crowd);
		if (sound_us(crowd) <= now_us)
			send_sounds(crowd);
		if (report_us(crowd) <= now_us)
			send_reports(crowd);
		assert_true(crowd->head - crowd->tail < PACKETS / 2);
	}
	while (got < count && crowd->tail != crowd->head)
		packets[got++] = crowd->queue[crowd->tail++ % PACKETS];
	return got;
}

static int flow_add(struct tess_net *net, uint16_t port, void *tag)
{
	((struct crowd *)net)->tags[port] = tag;
	return 0;
}

static void flow_remove(struct tess_net *net, uint16_t port)
{
	((struct crowd *)net)->tags[port] = NULL;
}

static struct tess_packet *tx_alloc(struct tess_net *net)
{
	return tess_packet_pool_alloc(((struct crowd *)net)->pool);
}

static void tx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	((struct crowd *)net)->stats.tx_packets += count;
	for (unsigned i = 0; i < count; i++)
		tess_packet_release(packets[i]);
}

static void nothing(struct tess_net *net)
{
	(void)net;
}

static int wait_until(struct tess_net *net, int64_t until_us)
{
	struct crowd *crowd = (struct crowd *)net;
	int64_t next = next_us(crowd);

	crowd->clock->advance_to(crowd->clock, next < until_us ? next : until_us);
	return 0;
}

static void stats_of(const struct tess_net *net, struct tess_net_stats *stats)
{
	*stats = ((const struct crowd *)net)->stats;
}

static const struct tess_net_driver driver = {
	.size = sizeof(driver),
	.name = "crowd",
	.close = crowd_close,
	.flow_add = flow_add,
	.flow_remove = flow_remove,
	.rx_burst = rx_burst,
	.tx_alloc = tx_alloc,
	.tx_burst = tx_burst,
	.flush = nothing,
	.wait = wait_until,
	.wake = nothing,
	.stats = stats_of,
};

struct tess_net *crowd_open(unsigned count, struct tess_clock *clock)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	assert_non_null(crowd);
	assert_true(count <= MAX_PEOPLE);
	crowd->net.driver = &driver;
	crowd->clock = clock;
	crowd->begun_us = tess_clock_now_us(clock);
	crowd->count = count;
	assert_int_equal(tess_packet_pool_open(&crowd->pool, PACKETS), 0);
	for (unsigned i = 0; i < count; i++)
		person_init(&crowd->people[i], crowd, i);
	return &crowd->net;
}

void crowd_close(struct tess_net *net)
{
	struct crowd *crowd = (struct crowd *)net;

	while (crowd->tail != crowd->head)
		tess_packet_release(crowd->queue[crowd->tail++ % PACKETS]);
	for (unsigned i = 0; i < crowd->count; i++) {
		for (unsigned k = 0; k < PICTURES; k++)
			free(crowd->people[i].pictures[k].data);
		for (unsigned k = 0; k < SOUNDS; k++)
			free(crowd->people[i].sounds[k].data);
	}
	tess_packet_pool_close(crowd->pool);
	free(crowd);
}
