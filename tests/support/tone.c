/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/tone.c - sine tones.
 */
#include <math.h>
#include <string.h>

#include "tests/support/tone.h"

/* The detector looks at 10 ms, every 1.25 ms. */
#define WINDOW_S 0.010
#define HOPS	 8

void tess_tone_add(float *pcm, size_t frames, unsigned channels, double rate, double first_s,
		   double frequency_hz, double level)
{
	/* a rotating pointer; sin() for each sample would be the most costly part of a capture */
	double phase = 2 * M_PI * fmod(frequency_hz * first_s, 1.0);
	double step = 2 * M_PI * frequency_hz / rate;
	double real = cos(phase), imaginary = sin(phase), c = cos(step), s = sin(step);

	for (size_t i = 0; i < frames; i++) {
		double next = real * c - imaginary * s;

		for (unsigned channel = 0; channel < channels; channel++)
			*pcm++ += (float)(level * imaginary);
		imaginary = real * s + imaginary * c;
		real = next;
	}
}

double tess_tone_level(const float *pcm, size_t frames, unsigned channels, unsigned channel,
		       double rate, double frequency_hz)
{
	double step = 2 * M_PI * frequency_hz / rate;
	double coefficient = 2 * cos(step), s1 = 0, s2 = 0, power;

	for (size_t i = 0; i < frames; i++) {
		double hann = 0.5 - 0.5 * cos(2 * M_PI * ((double)i + 0.5) / (double)frames);
		double s0 = pcm[i * channels + channel] * hann + coefficient * s1 - s2;

		s2 = s1;
		s1 = s0;
	}
	power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
	/* a tone of level 1 gives frames / 2, and the window lets half of it through */
	return power > 0 ? sqrt(power) * 4 / (double)frames : 0;
}

double tess_tone_db(double level, double reference)
{
	return 20 * log10((level > 1e-9 ? level : 1e-9) / reference);
}

void tess_tone_detector_init(struct tess_tone_detector *detector, double rate, unsigned channels,
			     double frequency_hz, double threshold,
			     void (*onset)(void *arg, int64_t pts_us), void *arg)
{
	memset(detector, 0, sizeof(*detector));
	detector->rate = rate;
	detector->channels = channels;
	detector->frequency_hz = frequency_hz;
	detector->threshold = threshold;
	detector->onset = onset;
	detector->arg = arg;
	detector->capacity = (size_t)(rate * WINDOW_S);
}

static void look(struct tess_tone_detector *detector)
{
	size_t hop = detector->capacity / HOPS;
	double level = tess_tone_level(detector->window, detector->capacity, 1, 0, detector->rate,
				       detector->frequency_hz);

	/* half of the level is reached when the tone fills half of the window: it began in its
	 * middle */
	if (!detector->on && level >= detector->threshold)
		detector->onset(detector->arg, (int64_t)(detector->window_us + WINDOW_S * 1e6 / 2));
	detector->on = level >= (detector->on ? detector->threshold / 2 : detector->threshold);
	memmove(detector->window, detector->window + hop,
		(detector->capacity - hop) * sizeof(detector->window[0]));
	detector->filled -= hop;
	detector->window_us += (double)hop * 1e6 / detector->rate;
}

void tess_tone_detector_feed(struct tess_tone_detector *detector, int64_t pts_us, const float *pcm,
			     size_t frames)
{
	double expected_us = detector->window_us + (double)detector->filled * 1e6 / detector->rate;

	/* over a gap, begin anew; small differences are rounding in the container */
	if (fabs(expected_us - (double)pts_us) > 5000) {
		detector->filled = 0;
		detector->on = false;
	}
	detector->window_us = (double)pts_us - (double)detector->filled * 1e6 / detector->rate;
	for (size_t i = 0; i < frames; i++) {
		detector->window[detector->filled++] = pcm[i * detector->channels];
		if (detector->filled == detector->capacity)
			look(detector);
	}
}
