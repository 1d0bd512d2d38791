/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/input.c - publishers who come by egress: rings that are offered and
 * taken away, what is in them, which is not trusted, and how a publisher shows and hears it.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/audio_soft/audio_soft.h"
#include "drivers/clock/clock.h"
#include "firmware/media/input.h"
#include "firmware/media/publisher.h"
#include "tests/unit/firmware/media/fake_engine.h"

#define START_US INT64_C(5000000000)
#define IDR	 "\0\0\0\x04\x67\x42\0\x1f\0\0\0\x03\x68\xce\x06\0\0\0\x04\x65\x88\x84\x21"
#define OTHER	 "\0\0\0\x04\x41\x9a\x02\x33"

static struct tess_inputs *inputs;
static struct tess_ring_writer *ring;
static int64_t now_us;

static int setup(void **state)
{
	(void)state;
	now_us = START_US;
	return tess_inputs_alloc(&inputs);
}

static int teardown(void **state)
{
	(void)state;
	tess_ring_writer_free(ring);
	ring = NULL;
	tess_inputs_free(inputs);
	return 0;
}

static void offer(uint64_t epoch, const struct tess_stream_info *info)
{
	const struct tess_ring_config config = {
		.epoch = epoch, .data_bytes = 1 << 20, .slots = 1024};

	tess_ring_writer_free(ring);
	assert_int_equal(tess_ring_writer_alloc(&ring, &config, info), 0);
	assert_int_equal(tess_inputs_offer(inputs, 12, epoch,
					   fcntl(tess_ring_writer_memfd(ring), F_DUPFD_CLOEXEC, 3)),
			 0);
}

static const struct tess_stream_info both = {.has_video = true,
					     .has_audio = true,
					     .audio_rate = 48000,
					     .audio_channels = 1,
					     .audio_codec = TESS_CODEC_AAC,
					     .audio_config_length = 2,
					     .audio_config = {0x11, 0x88}};

static void put(enum tess_track track, const void *data, size_t length, bool key, int64_t pts_us)
{
	const struct tess_au au = {.data = data,
				   .length = length,
				   .pts_us = pts_us,
				   .dts_us = pts_us,
				   .track = track,
				   .key = key};

	assert_int_equal(tess_ring_write(ring, &au), 0);
}

static void put_picture(bool key, int64_t pts_us)
{
	if (key)
		put(TESS_TRACK_VIDEO, IDR, sizeof(IDR) - 1, true, pts_us);
	else
		put(TESS_TRACK_VIDEO, OTHER, sizeof(OTHER) - 1, false, pts_us);
}

/* what came out of an input */
static unsigned pictures, keys, sounds, begins, discontinuities;
static int64_t last_us;
static uint8_t last[64];
static size_t last_length;

static void on_picture(void *arg, const struct tess_rtp_au *au)
{
	(void)arg;
	pictures++;
	keys += au->key;
	discontinuities += au->discontinuity;
	last_us = au->media_us;
	last_length = au->length;
	assert_true(au->length <= sizeof(last));
	memcpy(last, au->data, au->length);
}

static void on_sound(void *arg, const struct tess_rtp_au *au)
{
	(void)arg;
	(void)au;
	sounds++;
}

static void on_begun(void *arg)
{
	(void)arg;
	begins++;
}

static const struct tess_input_handlers handlers = {
	.picture = on_picture, .sound = on_sound, .begun = on_begun};

static struct tess_input *open_input(void)
{
	struct tess_input *input;

	pictures = keys = sounds = begins = discontinuities = 0;
	assert_int_equal(tess_input_alloc(&input, inputs, 12, &handlers, NULL), 0);
	return input;
}

static void units_come_out(void **state)
{
	struct tess_input *input = open_input();

	(void)state;
	assert_true(tess_input_step(input, now_us) > now_us);
	assert_int_equal(begins, 0);
	offer(100, &both);
	put_picture(true, now_us);
	put(TESS_TRACK_AUDIO, "sound", 5, true, now_us);
	assert_int_equal(tess_input_step(input, now_us), now_us + TESS_INPUT_STEP_US);
	assert_int_equal(begins, 1);
	assert_int_equal(pictures, 1);
	assert_int_equal(sounds, 1);
	assert_int_equal(last_us, now_us);
	/* Annex B */
	assert_int_equal(last_length, sizeof(IDR) - 1);
	assert_memory_equal(last, "\0\0\0\1\x67\x42\0\x1f\0\0\0\1\x68\xce\x06\0\0\0\1\x65", 19);
	put_picture(false, now_us + 40000);
	tess_input_step(input, now_us);
	assert_int_equal(pictures, 2);
	assert_int_equal(keys, 1);
	/* the last of a ring is not lost with it; the next begins with a key frame */
	put_picture(false, now_us + 80000);
	offer(101, &both);
	put_picture(false, now_us + 120000);
	put_picture(true, now_us + 160000);
	tess_input_step(input, now_us);
	assert_int_equal(begins, 2);
	assert_int_equal(pictures, 4);
	assert_int_equal(keys, 2);
	assert_int_equal(discontinuities, 2);
	/* it is over */
	tess_inputs_end(inputs, 12, 101);
	tess_input_step(input, now_us);
	put_picture(true, now_us + 200000);
	tess_input_step(input, now_us);
	assert_int_equal(pictures, 4);
	tess_input_free(input);
}

/* Media was started anew: what is in the ring, from its newest key frame on. */
static void old_units(void **state)
{
	struct tess_input *input = open_input();

	(void)state;
	offer(100, &both);
	put_picture(true, now_us - 9000000);
	for (unsigned i = 0; i < 100; i++) {
		int64_t pts_us = now_us - 4000000 + 40000 * (int64_t)i;

		put_picture(i == 0, pts_us);
		put(TESS_TRACK_AUDIO, "sound", 5, true, pts_us);
	}
	tess_input_step(input, now_us);
	assert_int_equal(pictures, 100);
	assert_int_equal(keys, 1);
	assert_int_equal(sounds, 25); /* the last second */
	tess_input_free(input);
}

static void what_is_wrong_is_left_out(void **state)
{
	static const char *const bad[] = {"\0\0\0\x05\x41\x9a\x02\x33",
					  "\xff\xff\xff\xff\x41\x9a\x02",
					  "\0\0\0\0\x41\x9a\x02\x33", "\0\0\0\x01"};
	static const size_t lengths[] = {8, 7, 8, 4};
	struct tess_input *input = open_input();

	(void)state;
	offer(100, &both);
	put_picture(true, now_us);
	for (size_t i = 0; i < 4; i++) {
		put(TESS_TRACK_VIDEO, bad[i], lengths[i], false, now_us);
		put_picture(false, now_us); /* of no use without the one before */
	}
	tess_input_step(input, now_us);
	assert_int_equal(pictures, 1);
	/* times that are none of this box */
	put_picture(true, now_us + 3600000000);
	put_picture(true, now_us - 3600000000);
	put(TESS_TRACK_AUDIO, "sound", 5, true, now_us + 3600000000);
	tess_input_step(input, now_us);
	/* nor what refers to them */
	put_picture(true, now_us);
	put_picture(false, now_us + 3600000000);
	put_picture(false, now_us);
	tess_input_step(input, now_us);
	assert_int_equal(pictures, 2);
	assert_int_equal(discontinuities, 2);
	assert_int_equal(sounds, 0);
	put_picture(true, now_us);
	tess_input_step(input, now_us);
	assert_int_equal(pictures, 3);
	assert_int_equal(discontinuities, 3);
	tess_input_free(input);
}

static void no_ring(void **state)
{
	struct tess_audio_decoder *decoder;
	struct tess_stream_info info = both;
	struct tess_input *input = open_input();
	uint64_t epoch = 0;
	struct tess_ring_reader *reader;
	int memfd = memfd_create("nothing", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(tess_input_open_decoder(input, &tess_audio_soft, &decoder), -EAGAIN);
	assert_int_equal(tess_inputs_open(inputs, 12, &epoch, &reader), -ENOENT);
	assert_int_equal(tess_inputs_offer(inputs, 12, 100, memfd), 0);
	tess_input_step(input, now_us);
	assert_int_equal(begins, 0);
	/* one that comes late, and one for nobody */
	assert_int_equal(tess_inputs_offer(inputs, 12, 99, open("/dev/null", O_RDONLY)), -ESTALE);
	tess_inputs_end(inputs, 13, 100);
	tess_inputs_end(inputs, 12, 99);
	assert_int_equal(tess_inputs_open(inputs, 12, &epoch, &reader), -EBADMSG);
	info.audio_codec = TESS_CODEC_OPUS;
	offer(200, &info);
	tess_input_step(input, now_us);
	assert_int_equal(begins, 1);
	assert_int_equal(tess_input_open_decoder(input, &tess_audio_soft, &decoder), -EAGAIN);
	tess_inputs_clear(inputs);
	tess_input_step(input, now_us);
	assert_int_equal(tess_inputs_open(inputs, 12, &epoch, &reader), -ENOENT);
	for (int i = 0; i < TESS_INPUTS_MAX; i++)
		assert_int_equal(
			tess_inputs_offer(inputs, 1000 + i, 1, open("/dev/null", O_RDONLY)), 0);
	assert_int_equal(tess_inputs_offer(inputs, 12, 1, open("/dev/null", O_RDONLY)), -ENOSPC);
	tess_input_free(input);
}

/* The link to egress broke and is up again: the ring that was read is offered once more. */
static void the_same_ring_again(void **state)
{
	struct tess_input *input = open_input();

	(void)state;
	offer(100, &both);
	put_picture(true, now_us);
	tess_input_step(input, now_us);
	assert_int_equal(pictures, 1);
	tess_inputs_clear(inputs);
	tess_input_step(input, now_us);
	assert_int_equal(tess_inputs_offer(inputs, 12, 100,
					   fcntl(tess_ring_writer_memfd(ring), F_DUPFD_CLOEXEC, 3)),
			 0);
	put_picture(false, now_us + 40000);
	tess_input_step(input, now_us);
	assert_int_equal(begins, 2);
	assert_int_equal(last_us, now_us + 40000);
	tess_input_free(input);
}

/* A publisher with a fake engine and real sound. */
struct stage {
	struct fake_engine fake;
	struct tess_engines *engines;
	struct tess_placement placement;
	struct tess_executor *executor;
	struct tess_media_context context;
	struct tess_tile_source *tile;
	struct tess_audio_mixer *mixer;
	struct tess_audio_source *sound;
	struct tess_publisher *publisher;
};

static void open_stage(struct stage *stage)
{
	const struct tess_desired_publisher desired = {
		.id = 12,
		.room = "1/number/1",
		.user = "alice",
		.input = true,
		.video = {.present = true, .codec = TESS_CODEC_H264},
		.audio = {.present = true, .codec = TESS_CODEC_AAC},
	};
	struct tess_tap tap;

	memset(stage, 0, sizeof(*stage));
	fake_engine_init(&stage->fake);
	assert_int_equal(tess_executor_alloc(&stage->executor, 0), 0);
	stage->engines = fake_engines_open(NULL, 0, &stage->fake, "soft", tess_clock_system());
	stage->placement = fake_engines_place(stage->engines);
	assert_int_equal(tess_tile_source_alloc(&stage->tile, stage->placement.device), 0);
	assert_int_equal(tess_audio_mixer_alloc(&stage->mixer), 0);
	assert_int_equal(tess_audio_source_add(&stage->sound, stage->mixer), 0);
	stage->context = (struct tess_media_context){
		.clock = tess_clock_system(),
		.engines = stage->engines,
		.audio = &tess_audio_soft,
		.executor = stage->executor,
		.inputs = inputs,
		.jitter_us = 100000,
		.pcm = calloc(TESS_AUDIO_MAX_FRAMES * TESS_AUDIO_CHANNELS, sizeof(float)),
	};
	assert_int_equal(tess_publisher_open(&stage->publisher, &stage->context, &desired, now_us),
			 0);
	tap = (struct tess_tap){.tile = stage->tile, .sound = stage->sound};
	tess_publisher_set_taps(stage->publisher, &tap, 1);
}

static void close_stage(struct stage *stage)
{
	tess_publisher_close(stage->publisher);
	tess_audio_mixer_free(stage->mixer);
	tess_tile_source_unref(stage->tile);
	tess_executor_free(stage->executor);
	tess_placement_leave(&stage->placement);
	tess_engines_close(stage->engines);
	fake_engine_done(&stage->fake);
	free(stage->context.pcm);
}

static struct tess_publisher_facts facts_of(const struct stage *stage)
{
	struct tess_publisher_facts facts = {0};

	tess_publisher_facts(stage->publisher, now_us, &facts);
	return facts;
}

static void a_burst_is_decoded_whole(void **state)
{
	struct stage stage;

	(void)state;
	open_stage(&stage);
	assert_int_equal(facts_of(&stage).state, TESS_PUBLISHER_WAITING);
	offer(100, &both);
	/* more than the decoder's queue takes, and nobody to ask for a key frame */
	for (unsigned i = 0; i < 50; i++)
		put_picture(i == 0, now_us - 2000000 + 40000 * (int64_t)i);
	for (unsigned i = 0; i < 20; i++) {
		(void)tess_publisher_step(stage.publisher, now_us);
		now_us += 5000;
	}
	assert_int_equal(stage.fake.decoded, 50);
	put_picture(false, now_us);
	(void)tess_publisher_step(stage.publisher, now_us);
	assert_int_equal(stage.fake.decoded, 51);
	assert_int_equal(facts_of(&stage).state, TESS_PUBLISHER_RECEIVING);
	assert_int_equal(facts_of(&stage).error, 0);
	assert_int_equal(facts_of(&stage).video.rtp.access_units, 51);
	assert_int_equal(facts_of(&stage).video.counters.waiting_for_key, 0);
	now_us += 2000000;
	assert_int_equal(facts_of(&stage).state, TESS_PUBLISHER_STALLED);
	close_stage(&stage);
}

static void its_sound_is_heard(void **state)
{
	const struct tess_audio_encoder_config config = {44100, 2, 96000, false};
	struct tess_stream_info info = both;
	struct tess_audio_encoder *encoder;
	struct tess_audio_encoded encoded;
	float pcm[2 * TESS_MIX_AUDIO_FRAMES];
	const uint8_t *text;
	struct stage stage;
	double sum = 0;
	size_t length;

	(void)state;
	assert_int_equal(tess_audio_soft.encoder_open(&encoder, &config), 0);
	text = tess_audio_soft.encoder_config(encoder, &length);
	info.has_video = false;
	info.audio_rate = 44100;
	info.audio_channels = 2;
	info.audio_config_length = (uint8_t)length;
	memcpy(info.audio_config, text, length);
	open_stage(&stage);
	(void)tess_publisher_step(stage.publisher, now_us);
	offer(100, &info);
	for (unsigned i = 0; i < 50; i++) {
		int64_t at_us = START_US + 20000 * (int64_t)i;

		for (unsigned k = 0; k < TESS_MIX_AUDIO_FRAMES; k++) {
			pcm[2 * k] = (float)(0.5 * sin(2 * M_PI * 1000 * k / TESS_AUDIO_RATE));
			pcm[2 * k + 1] = pcm[2 * k];
		}
		assert_int_equal(
			tess_audio_soft.encoder_feed(encoder, pcm, TESS_MIX_AUDIO_FRAMES, at_us),
			0);
		while (tess_audio_soft.encoder_next(encoder, &encoded) == 0)
			put(TESS_TRACK_AUDIO, encoded.data, encoded.length, true, encoded.pts_us);
		now_us = at_us;
		(void)tess_publisher_step(stage.publisher, now_us);
	}
	for (unsigned i = 0; i < 40; i++) {
		tess_audio_mixer_pull(stage.mixer, START_US + 20000 * (int64_t)i, pcm);
		for (unsigned k = 0; i >= 10 && k < TESS_MIX_AUDIO_FRAMES; k++)
			sum += (double)pcm[2 * k] * pcm[2 * k];
	}
	/* a sine of 0.5 */
	assert_true(fabs(sqrt(sum / (30 * TESS_MIX_AUDIO_FRAMES)) - 0.5 / sqrt(2)) < 0.01);
	assert_int_equal(facts_of(&stage).audio.counters.decode_errors, 0);
	/* what is no sound is counted */
	put(TESS_TRACK_AUDIO, "\xff\xff\xff\xff\xff\xff", 6, true, now_us);
	(void)tess_publisher_step(stage.publisher, now_us);
	assert_int_equal(facts_of(&stage).audio.counters.decode_errors, 1);
	tess_audio_soft.encoder_close(encoder);
	close_stage(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(units_come_out, setup, teardown),
		cmocka_unit_test_setup_teardown(old_units, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(no_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_ring_again, setup, teardown),
		cmocka_unit_test_setup_teardown(a_burst_is_decoded_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(its_sound_is_heard, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
