/* SPDX-License-Identifier: GPL-3.0-or-later
 * The AAC decoder: tones that were encoded come out at their pitch, level, side and time; what is
 * no AAC does no harm.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/audio_soft/audio_soft.h"

#define RATE  TESS_AUDIO_RATE
#define CHUNK 960
/* of the tone that is looked at: a second from here on */
#define FROM (RATE / 2)

static const struct tess_audio_driver *driver = &tess_audio_soft;

/* the amplitude of a frequency in a second of one channel, and its phase at the begin */
static double amplitude(const float *pcm, int channel, double hertz, double *phase)
{
	double re = 0, im = 0;

	for (int i = 0; i < RATE; i++) {
		double angle = 2 * M_PI * hertz * i / RATE;

		re += pcm[2 * i + channel] * cos(angle);
		im += pcm[2 * i + channel] * sin(angle);
	}
	*phase = atan2(re, im);
	return 2 * hypot(re, im) / RATE;
}

static void tone(float *pcm, int64_t at)
{
	for (int i = 0; i < CHUNK; i++) {
		double angle = 2 * M_PI * (double)(at + i) / RATE;

		pcm[2 * i] = (float)(0.5 * sin(250 * angle));
		pcm[2 * i + 1] = (float)(0.25 * sin(600 * angle));
	}
}

/* two seconds through encoder and decoder, each frame put where its time says */
static void round_trip(uint32_t rate, uint8_t channels, float *heard)
{
	const struct tess_audio_encoder_config config = {rate, channels, 96000, false};
	struct tess_audio_encoder *encoder;
	struct tess_audio_decoder *decoder;
	struct tess_audio_encoded encoded;
	float *pcm = calloc(TESS_AUDIO_MAX_FRAMES, 2 * sizeof(*pcm));
	float chunk[2 * CHUNK];
	const uint8_t *text;
	size_t length;

	assert_non_null(pcm);
	assert_int_equal(driver->encoder_open(&encoder, &config), 0);
	text = driver->encoder_config(encoder, &length);
	assert_int_equal(driver->aac_decoder_open(&decoder, text, length), 0);
	for (int64_t at = 0; at < 2 * RATE; at += CHUNK) {
		tone(chunk, at);
		assert_int_equal(driver->encoder_feed(encoder, chunk, CHUNK, at * 1000000 / RATE),
				 0);
		while (driver->encoder_next(encoder, &encoded) == 0) {
			int frames = driver->decoder_decode(decoder, encoded.data, encoded.length,
							    0, pcm);
			int64_t first = llround((double)encoded.pts_us * RATE / 1e6);

			assert_in_range(frames, 0, TESS_AUDIO_MAX_FRAMES);
			for (int i = 0; i < frames; i++)
				if (first + i >= 0 && first + i < 2 * RATE)
					memcpy(heard + 2 * (first + i), pcm + 2 * (ptrdiff_t)i,
					       2 * sizeof(*pcm));
		}
	}
	driver->encoder_close(encoder);
	driver->decoder_close(decoder);
	free(pcm);
}

static void test_tones(void **state)
{
	static const uint32_t rates[] = {48000, 44100, 32000, 24000};
	float *heard = calloc((size_t)2 * RATE, 2 * sizeof(*heard));

	(void)state;
	assert_non_null(heard);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		for (uint8_t channels = 1; channels <= 2; channels++) {
			double phase, late_us;
			double want = channels == 2 ? 0.5 : 0.25;

			memset(heard, 0, (size_t)2 * RATE * 2 * sizeof(*heard));
			round_trip(rates[i], channels, heard);
			assert_true(fabs(amplitude(heard + 2 * FROM, 0, 250, &phase) - want) <
				    0.03);
			/* half a second is a whole number of periods */
			late_us = -phase / (2 * M_PI * 250) * 1e6;
			assert_true(fabs(late_us - (rates[i] == RATE ? 0 : 40e6 / rates[i])) < 50);
			want = channels == 2 ? 0.25 : 0.125;
			assert_true(fabs(amplitude(heard + 2 * FROM, 1, 600, &phase) - want) <
				    0.02);
			/* sides are apart, or both are the same */
			want = channels == 2 ? 0 : 0.25;
			assert_true(fabs(amplitude(heard + 2 * FROM, 1, 250, &phase) - want) <
				    0.03);
		}
	}
	free(heard);
}

static void test_refusals(void **state)
{
	static const uint8_t empty[2] = {0}, lc[2] = {0x12, 0x10};
	struct tess_audio_decoder *decoder;
	float *pcm = calloc(TESS_AUDIO_MAX_FRAMES, 2 * sizeof(*pcm));
	uint8_t noise[600];
	uint32_t x = 1;

	(void)state;
	assert_non_null(pcm);
	assert_int_equal(driver->aac_decoder_open(&decoder, empty, 0), -EBADMSG);
	assert_int_equal(driver->aac_decoder_open(&decoder, empty, 1), -EBADMSG);
	assert_int_equal(driver->aac_decoder_open(&decoder, lc, sizeof(lc)), 0);
	assert_int_equal(driver->decoder_decode(decoder, lc, 0, 0, pcm), -EBADMSG);
	assert_int_equal(driver->decoder_decode(decoder, NULL, 0, 480, pcm), 0);
	for (unsigned round = 0; round < 200; round++) {
		int frames;

		for (size_t i = 0; i < sizeof(noise); i++) {
			x = x * 1664525 + 1013904223;
			noise[i] = (uint8_t)(x >> 24);
		}
		frames = driver->decoder_decode(decoder, noise, 1 + round * 2, 0, pcm);
		assert_true(frames == -EBADMSG || (frames >= 0 && frames <= TESS_AUDIO_MAX_FRAMES));
		for (int i = 0; i < 2 * frames; i++)
			assert_true(fabsf(pcm[i]) <= 32);
	}
	driver->decoder_close(decoder);
	driver->decoder_close(NULL);
	free(pcm);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tones),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
