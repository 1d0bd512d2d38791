/* SPDX-License-Identifier: GPL-3.0-or-later
 * Opus: what libopus encoded comes back, losses are concealed, damage is refused.
 */
#include <errno.h>
#include <math.h>
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "drivers/audio_soft/audio_soft.h"

#define RATE  TESS_AUDIO_RATE
#define FRAME 960

static const struct tess_audio_driver *driver = &tess_audio_soft;

struct packets {
	OpusEncoder *encoder;
	int64_t at;
	unsigned char data[1500];
	int length;
};

static void next_packet(struct packets *packets, double hz)
{
	float pcm[2 * FRAME];
	for (int i = 0; i < FRAME; i++, packets->at++)
		pcm[2 * i] = pcm[2 * i + 1] =
			(float)(0.5 * sin(2 * M_PI * hz * (double)packets->at / RATE));
	packets->length = opus_encode_float(packets->encoder, pcm, FRAME, packets->data,
					    sizeof(packets->data));
	assert_true(packets->length > 0);
}

static double level(const float *pcm, unsigned frames, double hz)
{
	double re = 0, im = 0;
	for (unsigned i = 0; i < frames; i++) {
		re += pcm[2 * i] * cos(2 * M_PI * hz * i / RATE);
		im += pcm[2 * i] * sin(2 * M_PI * hz * i / RATE);
	}
	return 2 * sqrt(re * re + im * im) / frames;
}

static int setup(void **state)
{
	struct packets *packets = calloc(1, sizeof(*packets));
	if (!packets)
		return -1;
	packets->encoder = opus_encoder_create(RATE, 2, OPUS_APPLICATION_AUDIO, NULL);
	*state = packets;
	return packets->encoder ? 0 : -1;
}

static int teardown(void **state)
{
	struct packets *packets = *state;
	opus_encoder_destroy(packets->encoder);
	free(packets);
	return 0;
}

static void decodes_a_tone(void **state)
{
	struct packets *packets = *state;
	struct tess_audio_decoder *decoder;
	static float out[2 * FRAME * 50];
	assert_int_equal(driver->decoder_open(&decoder, TESS_CODEC_OPUS), 0);
	float pcm[2 * TESS_AUDIO_MAX_FRAMES];
	for (unsigned i = 0; i < 50; i++) {
		next_packet(packets, 1000);
		assert_int_equal(driver->decoder_decode(decoder, packets->data,
							(size_t)packets->length, 0, pcm),
				 FRAME);
		for (unsigned k = 0; k < 2 * FRAME; k++)
			out[2 * FRAME * i + k] = pcm[k];
	}
	assert_true(fabs(level(out + 2 * FRAME * 25, 25 * FRAME, 1000) - 0.5) < 0.02);
	assert_true(level(out + 2 * FRAME * 25, 25 * FRAME, 1500) < 0.005);
	driver->decoder_close(decoder);
}

static double channel_level(const float *pcm, unsigned channel, double hz)
{
	float both[2 * FRAME];
	for (unsigned i = 0; i < FRAME; i++)
		both[2 * i] = both[2 * i + 1] = pcm[2 * i + channel];
	return level(both, FRAME, hz);
}

/* a sender may change between mono and stereo at any packet (RFC 7587 §4.4): mono is heard on both
 * sides, left and right stay what they are */
static void mono_and_stereo_take_turns(void **state)
{
	struct tess_audio_decoder *decoder;
	float in[2 * FRAME], pcm[2 * TESS_AUDIO_MAX_FRAMES];
	unsigned char data[1500];
	(void)state;
	assert_int_equal(driver->decoder_open(&decoder, TESS_CODEC_OPUS), 0);
	for (int turn = 0; turn < 3; turn++) {
		int sent = turn == 1 ? 2 : 1;
		OpusEncoder *encoder =
			opus_encoder_create(RATE, sent, OPUS_APPLICATION_RESTRICTED_LOWDELAY, NULL);
		assert_non_null(encoder);
		assert_int_equal(opus_encoder_ctl(encoder, OPUS_SET_BITRATE(256000)), OPUS_OK);
		for (int n = 0; n < 10; n++) {
			for (int i = 0; i < FRAME; i++) {
				double t = (double)(n * FRAME + i) / RATE;
				in[i * sent] = (float)(0.5 * sin(2 * M_PI * 500 * t));
				if (sent == 2)
					in[2 * i + 1] = (float)(0.25 * sin(2 * M_PI * 2000 * t));
			}
			int length = opus_encode_float(encoder, in, FRAME, data, sizeof(data));
			assert_true(length > 0);
			assert_int_equal(
				driver->decoder_decode(decoder, data, (size_t)length, 0, pcm),
				FRAME);
		}
		assert_true(fabs(channel_level(pcm, 0, 500) - 0.5) < 0.02);
		if (sent == 1) {
			for (unsigned i = 0; i < FRAME; i++)
				assert_true(pcm[2 * i] == pcm[2 * i + 1]);
		} else {
			assert_true(channel_level(pcm, 0, 2000) < 0.01);
			assert_true(channel_level(pcm, 1, 500) < 0.01);
			assert_true(fabs(channel_level(pcm, 1, 2000) - 0.25) < 0.01);
		}
		opus_encoder_destroy(encoder);
	}
	driver->decoder_close(decoder);
}

static void conceals_what_is_lost(void **state)
{
	struct packets *packets = *state;
	struct tess_audio_decoder *decoder;
	float pcm[2 * TESS_AUDIO_MAX_FRAMES];
	assert_int_equal(driver->decoder_open(&decoder, TESS_CODEC_OPUS), 0);
	for (unsigned i = 0; i < 20; i++) {
		next_packet(packets, 1000);
		assert_int_equal(driver->decoder_decode(decoder, packets->data,
							(size_t)packets->length, 0, pcm),
				 FRAME);
	}
	next_packet(packets, 1000); /* lost */
	assert_int_equal(driver->decoder_decode(decoder, NULL, 0, FRAME, pcm), FRAME);
	/* the tone goes on instead of silence */
	assert_true(level(pcm, FRAME, 1000) > 0.25);
	/* in steps of 2.5 ms, at most 120 ms at once */
	assert_int_equal(driver->decoder_decode(decoder, NULL, 0, 500, pcm), 480);
	assert_int_equal(driver->decoder_decode(decoder, NULL, 0, 119, pcm), 0);
	assert_int_equal(driver->decoder_decode(decoder, NULL, 0, 48000, pcm),
			 TESS_AUDIO_MAX_FRAMES);
	next_packet(packets, 1000);
	assert_int_equal(
		driver->decoder_decode(decoder, packets->data, (size_t)packets->length, 0, pcm),
		FRAME);
	driver->decoder_close(decoder);
}

static void refuses_damage(void **state)
{
	struct packets *packets = *state;
	struct tess_audio_decoder *decoder;
	static float pcm[2 * TESS_AUDIO_MAX_FRAMES];
	assert_int_equal(driver->decoder_open(&decoder, TESS_CODEC_H264), -ENOTSUP);
	assert_int_equal(driver->decoder_open(&decoder, TESS_CODEC_AAC), -ENOTSUP);
	assert_int_equal(driver->decoder_open(&decoder, TESS_CODEC_OPUS), 0);
	static const unsigned char bad[][4] = {
		{0x03},		    /* code 3 without its frame count: R6 */
		{0xff, 0x00},	    /* code 3 with no frames */
		{0xff, 0x3f, 0xff}, /* 63 frames of 20 ms: over 120 ms, R5 */
		{0x01, 0x00},	    /* code 1 with an odd rest: R3 */
		{0x02, 0xff},	    /* code 2, length cut short: R4 */
	};
	static const size_t lengths[] = {1, 2, 3, 2, 2};
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(driver->decoder_decode(decoder, bad[i], lengths[i], 0, pcm),
				 -EBADMSG);
	assert_int_equal(driver->decoder_decode(decoder, bad[0], 0, 0, pcm), -EBADMSG);
	/* random damage never crashes, and a good packet decodes after it */
	unsigned seed = 3;
	for (unsigned i = 0; i < 2000; i++) {
		next_packet(packets, 700);
		for (unsigned k = 0; k < 5; k++) {
			seed = seed * 1664525 + 1013904223;
			packets->data[(seed >> 8) % (unsigned)packets->length] ^= seed >> 24;
		}
		int frames = driver->decoder_decode(decoder, packets->data, (size_t)packets->length,
						    0, pcm);
		assert_true(frames == -EBADMSG || (frames > 0 && frames <= TESS_AUDIO_MAX_FRAMES));
	}
	next_packet(packets, 700);
	assert_int_equal(
		driver->decoder_decode(decoder, packets->data, (size_t)packets->length, 0, pcm),
		FRAME);
	driver->decoder_close(decoder);
	driver->decoder_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(decodes_a_tone),
		TEST(mono_and_stereo_take_turns),
		TEST(conceals_what_is_lost),
		TEST(refuses_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
