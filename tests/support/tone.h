/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/tone.h - sine tones: making them, measuring them, finding where one begins.
 *
 * Levels are amplitudes, full scale 1.0. PCM is interleaved float.
 */
#ifndef TESS_TESTS_TONE_H
#define TESS_TESTS_TONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Add a tone to all channels; @p first_s is the time of the first sample, which sets the phase. */
void tess_tone_add(float *pcm, size_t frames, unsigned channels, double rate, double first_s,
		   double frequency_hz, double level);
/**
 * The level of a tone in one channel (Goertzel's algorithm with a Hann window: other tones that are
 * at least 4 * rate / frames away do not count). Take 0.1 s or more.
 */
double tess_tone_level(const float *pcm, size_t frames, unsigned channels, unsigned channel,
		       double rate, double frequency_hz);
/** 20 * log10(level / reference). */
double tess_tone_db(double level, double reference);

/** Finds the instants at which a tone begins, in PCM that comes in pieces with times. */
struct tess_tone_detector {
	double rate, frequency_hz, threshold; /* on: half of the tone's expected level */
	unsigned channels;
	void (*onset)(void *arg, int64_t pts_us); /* to about 2 ms */
	void *arg;
	/* its own */
	float window[960];
	size_t filled, capacity;
	double window_us;
	bool on;
};

/** @p threshold: e.g. half the level that the tone should have. Channel 0 is listened to. */
void tess_tone_detector_init(struct tess_tone_detector *detector, double rate, unsigned channels,
			     double frequency_hz, double threshold,
			     void (*onset)(void *arg, int64_t pts_us), void *arg);
void tess_tone_detector_feed(struct tess_tone_detector *detector, int64_t pts_us, const float *pcm,
			     size_t frames);

#endif
