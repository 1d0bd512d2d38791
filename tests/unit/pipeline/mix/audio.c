/* SPDX-License-Identifier: GPL-3.0-or-later
 * The audio mixer on virtual time: what is heard, when, and that nothing clicks.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/mix/audio.h"

#define RATE   48000
#define FRAMES TESS_MIX_AUDIO_FRAMES
#define FADE   240
/* pulls stay this far behind pushes, as behind a jitter buffer */
#define BEHIND_US 120000
/* media time of the box, not at zero and no multiple of anything */
#define START_US 1234567891

static struct tess_audio_mixer *mixer_of(void **state)
{
	return *state;
}

static int setup(void **state)
{
	return tess_audio_mixer_alloc((struct tess_audio_mixer **)state);
}

static int teardown(void **state)
{
	tess_audio_mixer_free(*state);
	return 0;
}

static struct tess_audio_source *add_source(struct tess_audio_mixer *mixer)
{
	struct tess_audio_source *source = NULL;
	assert_int_equal(tess_audio_source_add(&source, mixer), 0);
	return source;
}

/* a tone by frame number, the same in every test; right is the negative of left */
static void tone(float *pcm, unsigned frames, int64_t first, double hz, double level)
{
	for (unsigned i = 0; i < frames; i++) {
		pcm[2 * i] = (float)(level * sin(2 * M_PI * hz * (double)(first + i) / RATE));
		pcm[2 * i + 1] = -pcm[2 * i];
	}
}

static double goertzel(const float *pcm, unsigned frames, double hz)
{
	double re = 0, im = 0;
	for (unsigned i = 0; i < frames; i++) {
		re += pcm[2 * i] * cos(2 * M_PI * hz * i / RATE);
		im += pcm[2 * i] * sin(2 * M_PI * hz * i / RATE);
	}
	return 2 * sqrt(re * re + im * im) / frames;
}

static double largest_step(const float *pcm, unsigned frames)
{
	double largest = 0;
	for (unsigned i = 1; i < frames; i++)
		largest = fmax(largest, fabs((double)pcm[2 * i] - pcm[2 * i - 2]));
	return largest;
}

/* the largest step of a sine of this level */
static double step_of(double hz, double level)
{
	return 2 * level * sin(M_PI * hz / RATE);
}

static void one_source_passes_bit_exact_at_its_time(void **state)
{
	struct tess_audio_mixer *mixer = mixer_of(state);
	struct tess_audio_source *source = add_source(mixer);
	/* 10 ms packets, so that they end elsewhere than pulls; the first sample is 40 frames into
	 * the first pull's time */
	int64_t first_us = START_US + 833;
	float pushed[2 * RATE], pulled[2 * RATE];
	tone(pushed, RATE, 0, 997, 0.9);
	memset(pulled, 0, sizeof(pulled));
	unsigned done = 0;
	for (unsigned i = 0; i < 45; i++) {
		while (done < RATE && (int64_t)done * 1000 / 48 <= i * 20000 + BEHIND_US) {
			tess_audio_source_push(source, pushed + 2 * done, 480,
					       first_us + (int64_t)done * 1000 / 48);
			done += 480;
		}
		tess_audio_mixer_pull(mixer, START_US + i * 20000, pulled + 2 * i * FRAMES);
	}
	/* 833 us are 39.98 frames; both times are rounded down to frames */
	int64_t offset = first_us * 48 / 1000 - (int64_t)START_US * 48 / 1000;
	assert_in_range(offset, 39, 41);
	for (int64_t i = 0; i < 2 * offset; i++)
		assert_true(pulled[i] == 0);
	/* faded in at first, then the very same samples */
	assert_true(fabsf(pulled[2 * (offset + 12)]) < fabsf(pushed[24]));
	assert_memory_equal(pulled + 2 * (offset + FADE), pushed + 2 * FADE,
			    2 * (45 * FRAMES - offset - FADE) * sizeof(float));
	assert_true(fabsf(tess_audio_source_level(source) - 0.9f) < 0.01f);
}

static void sixteen_tones_keep_their_level(void **state)
{
	struct tess_audio_mixer *mixer = mixer_of(state);
	struct tess_audio_source *sources[16];
	float pcm[2 * FRAMES];
	float *out = calloc(2 * RATE * 2, sizeof(float));
	assert_non_null(out);
	for (unsigned s = 0; s < 16; s++)
		sources[s] = add_source(mixer);
	/* together below full scale: 1/16 each */
	for (unsigned i = 0; i < 103; i++) {
		for (unsigned s = 0; s < 16; s++) {
			tone(pcm, FRAMES, (int64_t)i * FRAMES, 200 + 150 * s, 1.0 / 16);
			tess_audio_source_push(sources[s], pcm, FRAMES, START_US + i * 20000);
		}
		if (i >= 3)
			tess_audio_mixer_pull(mixer, START_US + (i - 3) * 20000,
					      out + 2 * (i - 3) * FRAMES);
	}
	for (unsigned s = 0; s < 16; s++) {
		double level = goertzel(out + 2 * RATE, RATE, 200 + 150 * s) * 16;
		assert_true(fabs(20 * log10(level)) < 0.01);
	}
	assert_true(goertzel(out + 2 * RATE, RATE, 275) < 1e-5);
	free(out);
}

static void sixteen_at_full_scale_do_not_clip(void **state)
{
	struct tess_audio_mixer *mixer = mixer_of(state);
	struct tess_audio_source *sources[16];
	float pcm[2 * FRAMES];
	float *out = calloc(2 * RATE * 2, sizeof(float));
	assert_non_null(out);
	for (unsigned s = 0; s < 16; s++)
		sources[s] = add_source(mixer);
	for (unsigned i = 0; i < 103; i++) {
		for (unsigned s = 0; s < 16; s++) {
			tone(pcm, FRAMES, (int64_t)i * FRAMES, 200 + 150 * s, 1.0);
			tess_audio_source_push(sources[s], pcm, FRAMES, START_US + i * 20000);
		}
		if (i >= 3)
			tess_audio_mixer_pull(mixer, START_US + (i - 3) * 20000,
					      out + 2 * (i - 3) * FRAMES);
	}
	double peak = 0, least = 1, most = 0;
	for (unsigned i = 0; i < 2 * 2 * RATE; i++)
		peak = fmax(peak, fabsf(out[i]));
	assert_true(peak <= 1.0 && peak > 0.95);
	for (unsigned s = 0; s < 16; s++) {
		double level = goertzel(out + 2 * RATE, RATE, 200 + 150 * s);
		least = fmin(least, level);
		most = fmax(most, level);
	}
	/* turned down alike, and no samples flattened: hardly anything between the tones */
	assert_true(20 * log10(most / least) < 1.0);
	for (unsigned s = 0; s < 15; s++)
		assert_true(goertzel(out + 2 * RATE, RATE, 275 + 150 * s) < 0.003 * least);
	free(out);
}

/* a sender whose clock is ppm too fast or slow, for minutes; returns nothing, asserts all */
static void drift(struct tess_audio_mixer *mixer, double ppm, unsigned seconds)
{
	struct tess_audio_source *source = add_source(mixer);
	float pcm[2 * FRAMES], out[2 * (FRAMES + 1)];
	double bound = 1.03 * step_of(1000, 0.5);
	double worst_us = 0;
	unsigned pushed = 0;
	memset(out, 0, sizeof(out));
	for (int64_t pull = 0; pull < 50 * (int64_t)seconds; pull++) {
		/* sample k was captured at k / 48000 * (1 + ppm) */
		double due_us = (double)pull * 20000 + BEHIND_US;
		for (;;) {
			double at_us = pushed * 20000.0 * (1 + ppm * 1e-6);
			if (at_us > due_us)
				break;
			tone(pcm, FRAMES, (int64_t)pushed * FRAMES, 1000, 0.5);
			tess_audio_source_push(source, pcm, FRAMES, START_US + (int64_t)at_us);
			pushed++;
		}
		tess_audio_mixer_pull(mixer, START_US + pull * 20000, out + 2);
		if (pull == 0) {
			memcpy(out, out + 2 * FRAMES, 2 * sizeof(float));
			continue;
		}
		assert_true(largest_step(out, FRAMES + 1) < bound);
		/* the phase of the tone tells which sample is heard: compare with the one that
		 * should be */
		double re = 0, im = 0, middle_us = (double)pull * 20000 + 10000;
		for (int i = -432; i < 432; i++) { /* 18 periods round the middle */
			double angle = 2 * M_PI * 1000 * i / RATE;
			re += out[2 * (FRAMES / 2 + 1 + i)] * sin(angle);
			im += out[2 * (FRAMES / 2 + 1 + i)] * cos(angle);
		}
		double heard = atan2(im, re) / (2 * M_PI);
		double wanted = middle_us / (1 + ppm * 1e-6) / 1000;
		/* only modulo a period, 1 ms; errors are followed by unwrapping from one pull to
		 * the next */
		double error_us = (heard - wanted - round(heard - wanted)) * 1000;
		static double unwrapped;
		if (pull == 1)
			unwrapped = error_us;
		unwrapped += error_us - unwrapped - 1000 * round((error_us - unwrapped) / 1000);
		worst_us = fmax(worst_us, fabs(unwrapped));
		memcpy(out, out + 2 * FRAMES, 2 * sizeof(float));
	}
	/* it did drift, and was held */
	assert_true(worst_us > 700);
	assert_true(worst_us < 1500);
	tess_audio_source_remove(source);
}

static void drift_fast(void **state)
{
	drift(mixer_of(state), 200, 600);
}

static void drift_slow(void **state)
{
	drift(mixer_of(state), -200, 600);
}

/* push a second of a tone, with whatever media time `at` says of each packet, and collect 1.2 s */
static float *play(struct tess_audio_mixer *mixer, int64_t (*at)(unsigned packet), unsigned packets)
{
	struct tess_audio_source *source = add_source(mixer);
	float pcm[2 * FRAMES];
	float *out = calloc(60 * FRAMES, 2 * sizeof(float));
	assert_non_null(out);
	unsigned next = 0;
	for (unsigned pull = 0; pull < 60; pull++) {
		for (; next < packets && next * 20000 <= pull * 20000 + BEHIND_US; next++) {
			int64_t media_us = at(next);
			if (media_us < 0)
				continue;
			tone(pcm, FRAMES, (int64_t)next * FRAMES, 500, 0.5);
			tess_audio_source_push(source, pcm, FRAMES, START_US + media_us);
		}
		tess_audio_mixer_pull(mixer, START_US + pull * 20000, out + 2 * pull * FRAMES);
	}
	return out;
}

static void assert_silent(const float *pcm, unsigned from, unsigned to)
{
	for (unsigned i = 2 * from; i < 2 * to; i++)
		assert_true(pcm[i] == 0);
}

static void assert_tone(const float *pcm, unsigned from, unsigned to, int64_t first)
{
	for (unsigned i = from; i < to; i++) {
		double want = 0.5 * sin(2 * M_PI * 500 * (double)(first + i - from) / RATE);
		assert_true(fabs(pcm[2 * i] - want) < 1e-6);
	}
}

/* a fade over 5 ms adds at most this to a step */
#define FADE_STEP (0.5 * M_PI / 2 / FADE)

static int64_t two_packets_missing(unsigned packet)
{
	return packet == 10 || packet == 11 ? -1 : (int64_t)packet * 20000;
}

static void gap_is_faded_silence(void **state)
{
	float *out = play(mixer_of(state), two_packets_missing, 50);
	/* the tone up to the gap, then its fading tail, silence, and the tone where it belongs */
	assert_tone(out, FADE, 10 * FRAMES, FADE);
	assert_silent(out, 10 * FRAMES + FADE, 12 * FRAMES);
	assert_tone(out, 12 * FRAMES + FADE, 50 * FRAMES, 12 * FRAMES + FADE);
	assert_silent(out, 50 * FRAMES + FADE, 60 * FRAMES);
	assert_true(fabsf(out[2 * (10 * FRAMES + 20)]) > 0.1f);
	assert_true(largest_step(out, 60 * FRAMES) < step_of(500, 0.5) + FADE_STEP);
	free(out);
}

static int64_t forward_40_ms(unsigned packet)
{
	return packet < 10 ? packet * 20000 : packet * 20000 + 40000;
}

static void jump_forward_goes_to_its_place(void **state)
{
	float *out = play(mixer_of(state), forward_40_ms, 40);
	assert_tone(out, FADE, 10 * FRAMES, FADE);
	assert_silent(out, 10 * FRAMES + FADE, 12 * FRAMES);
	assert_tone(out, 12 * FRAMES + FADE, 40 * FRAMES, 10 * FRAMES + FADE);
	assert_true(largest_step(out, 60 * FRAMES) < step_of(500, 0.5) + FADE_STEP);
	free(out);
}

static int64_t backward_71_ms(unsigned packet)
{
	return packet < 20 ? packet * 20000 : packet * 20000 - 71000;
}

static void jump_back_is_cross_faded(void **state)
{
	float *out = play(mixer_of(state), backward_71_ms, 50);
	unsigned seam = 0;
	assert_tone(out, FADE, 15 * FRAMES, FADE);
	/* somewhere after that the later time line takes over, for good */
	for (unsigned i = 15 * FRAMES; i < 20 * FRAMES && !seam; i++) {
		double want = 0.5 * sin(2 * M_PI * 500 * (double)(i + 3408) / RATE);
		double old = 0.5 * sin(2 * M_PI * 500 * (double)i / RATE);
		if (fabs(out[2 * i] - want) < 1e-6 && fabs(want - old) > 1e-3)
			seam = i;
	}
	assert_true(seam > 0);
	assert_tone(out, seam, 46 * FRAMES, seam + 3408);
	assert_true(largest_step(out, 60 * FRAMES) < step_of(500, 0.5) + 2 * FADE_STEP);
	free(out);
}

static int64_t ten_ms_early(unsigned packet)
{
	return packet < 5 ? packet * 20000 : packet * 20000 - 10000;
}

/* under 60 ms nothing is cut: the tone goes on and is only stretched, by 0.2 % at most */
static void small_error_is_stretched(void **state)
{
	float *out = play(mixer_of(state), ten_ms_early, 50);
	assert_true(largest_step(out + 2 * FADE, 49 * FRAMES) < 1.03 * step_of(500, 0.5));
	unsigned crossings = 0;
	for (unsigned i = 10 * FRAMES; i < 46 * FRAMES; i++)
		crossings += out[2 * i] < 0 && out[2 * i + 2] >= 0;
	/* 720 ms of 500 Hz are 360 periods, 360.72 when sped up */
	assert_in_range(crossings, 360, 362);
	assert_silent(out, 50 * FRAMES + FADE, 60 * FRAMES);
	free(out);
}

static int64_t late_by_a_second(unsigned packet)
{
	return packet >= 20 && packet < 25 ? packet * 20000 - 1000000 : packet * 20000;
}

static void late_and_early_sound_is_dropped(void **state)
{
	float *out = play(mixer_of(state), late_by_a_second, 50);
	assert_tone(out, FADE, 20 * FRAMES, FADE);
	assert_silent(out, 20 * FRAMES + FADE, 25 * FRAMES);
	assert_tone(out, 25 * FRAMES + FADE, 50 * FRAMES, 25 * FRAMES + FADE);
	free(out);

	struct tess_audio_mixer *mixer = mixer_of(state);
	struct tess_audio_source *source = add_source(mixer);
	float pcm[2 * FRAMES], pulled[2 * FRAMES];
	tone(pcm, FRAMES, 0, 500, 0.5);
	tess_audio_source_push(source, pcm, FRAMES, START_US + 1200000 + 3100000);
	for (unsigned i = 60; i < 230; i++) {
		tess_audio_mixer_pull(mixer, START_US + i * 20000, pulled);
		assert_silent(pulled, 0, FRAMES);
	}
}

/* the longest jitter buffer, behind which the mix is late besides */
static void sound_waits_for_three_seconds(void **state)
{
	struct tess_audio_mixer *mixer = mixer_of(state);
	struct tess_audio_source *source = add_source(mixer);
	float pcm[2 * FRAMES], pulled[2 * FRAMES];
	for (unsigned i = 0; i < 300; i++) {
		tone(pcm, FRAMES, (int64_t)i * FRAMES, 500, 0.5);
		tess_audio_source_push(source, pcm, FRAMES, START_US + i * 20000);
		if (i < 148)
			continue;
		tess_audio_mixer_pull(mixer, START_US + (i - 148) * 20000, pulled);
		assert_tone(pulled, i == 148 ? FADE : 0, FRAMES,
			    (i - 148) * FRAMES + (i == 148 ? FADE : 0));
	}
}

static void starving_source_fades_and_comes_back(void **state)
{
	struct tess_audio_mixer *mixer = mixer_of(state);
	struct tess_audio_source *source = add_source(mixer);
	float pcm[2 * FRAMES];
	static float out[2 * 60 * FRAMES];
	unsigned next = 0;
	memset(out, 0, sizeof(out));
	for (unsigned pull = 0; pull < 60; pull++) {
		/* packets 20 to 24 come only when 24 is due, 100 ms late */
		unsigned upto = pull + 4 > 20 && pull < 25 ? 20 : pull + 4;
		for (; next < upto; next++) {
			tone(pcm, FRAMES, (int64_t)next * FRAMES, 500, 0.5);
			tess_audio_source_push(source, pcm, FRAMES, START_US + next * 20000);
		}
		tess_audio_mixer_pull(mixer, START_US + pull * 20000, out + 2 * pull * FRAMES);
	}
	assert_tone(out, FADE, 20 * FRAMES, FADE);
	assert_silent(out, 20 * FRAMES + FADE, 25 * FRAMES);
	/* 5 ms had been mixed ahead, 5 ms are the fade */
	assert_tone(out, 25 * FRAMES + 2 * FADE, 60 * FRAMES, 25 * FRAMES + 2 * FADE);
	assert_true(largest_step(out, 60 * FRAMES) < step_of(500, 0.5) + FADE_STEP);
}

static void removed_source_fades(void **state)
{
	struct tess_audio_mixer *mixer = mixer_of(state);
	struct tess_audio_source *source = add_source(mixer), *other = add_source(mixer);
	float pcm[2 * FRAMES];
	static float out[2 * 30 * FRAMES];
	for (unsigned pull = 0; pull < 30; pull++) {
		if (pull == 15) {
			tess_audio_source_remove(source);
			source = NULL;
		}
		tone(pcm, FRAMES, (int64_t)pull * FRAMES, 500, 0.5);
		for (unsigned i = 0; source && i < 1; i++)
			tess_audio_source_push(source, pcm, FRAMES,
					       START_US + BEHIND_US + pull * 20000);
		tess_audio_mixer_pull(mixer, START_US + pull * 20000, out + 2 * pull * FRAMES);
	}
	assert_tone(out, 6 * FRAMES + FADE, 15 * FRAMES, FADE);
	assert_silent(out, 15 * FRAMES + 2 * FADE, 30 * FRAMES);
	assert_true(largest_step(out, 30 * FRAMES) < step_of(500, 0.5) + FADE_STEP);
	tess_audio_source_remove(other);
	tess_audio_source_remove(NULL);
}

static void damaged_samples_are_silenced(void **state)
{
	struct tess_audio_mixer *mixer = mixer_of(state);
	struct tess_audio_source *source = add_source(mixer);
	float pcm[2 * FRAMES], out[2 * FRAMES];
	for (unsigned pull = 0; pull < 40; pull++) {
		tone(pcm, FRAMES, (int64_t)pull * FRAMES, 500, 0.5);
		if (pull == 10) {
			pcm[100] = NAN;
			pcm[200] = INFINITY;
			pcm[300] = 1e30f;
		}
		tess_audio_source_push(source, pcm, FRAMES, START_US + BEHIND_US + pull * 20000);
		tess_audio_mixer_pull(mixer, START_US + pull * 20000, out);
		for (unsigned i = 0; i < 2 * FRAMES; i++)
			assert_true(fabsf(out[i]) <= 0.5f);
		if (pull == 20)
			assert_tone(out, 0, FRAMES, 14 * FRAMES);
	}
}

static void stalled_puller_goes_on(void **state)
{
	struct tess_audio_mixer *mixer = mixer_of(state);
	struct tess_audio_source *source = add_source(mixer);
	float pcm[2 * FRAMES], out[2 * FRAMES];
	for (unsigned pull = 0; pull < 100; pull++) {
		tone(pcm, FRAMES, (int64_t)pull * FRAMES, 500, 0.5);
		tess_audio_source_push(source, pcm, FRAMES, START_US + BEHIND_US + pull * 20000);
		if (pull >= 40 && pull < 60)
			continue;
		tess_audio_mixer_pull(mixer, START_US + pull * 20000, out);
		if (pull == 39 || pull == 60 || pull == 99)
			assert_tone(out, 0, FRAMES, (int64_t)(pull - 6) * FRAMES);
	}
}

/* random pushes and pulls, as a broken sender makes them: no crash, never over full scale, same
 * twice */
static void anything_goes(void **state)
{
	(void)state;
	static float outs[2][2 * FRAMES * 400];
	for (unsigned run = 0; run < 2; run++) {
		struct tess_audio_mixer *mixer;
		assert_int_equal(tess_audio_mixer_alloc(&mixer), 0);
		struct tess_audio_source *sources[4];
		static float pcm[2 * TESS_AUDIO_MAX_FRAMES];
		unsigned seed = 42;
		for (unsigned s = 0; s < 4; s++)
			sources[s] = add_source(mixer);
		for (unsigned pull = 0; pull < 400; pull++) {
			for (unsigned s = 0; s < 4; s++) {
				seed = seed * 1664525 + 1013904223;
				unsigned frames = (seed >> 8) % (TESS_AUDIO_MAX_FRAMES + 1);
				seed = seed * 1664525 + 1013904223;
				int64_t off = (int64_t)(seed >> 8) % 400000 - 150000;
				if (seed % 17 == 0)
					off *= 1000000;
				tone(pcm, frames, pull, 300 + 100 * s, 1);
				tess_audio_source_push(sources[s], pcm, frames,
						       START_US + pull * 20000 + off);
				if (seed % 41 == 0) {
					tess_audio_source_remove(sources[s]);
					sources[s] = add_source(mixer);
				}
			}
			tess_audio_mixer_pull(mixer, START_US + pull * 20000,
					      outs[run] + 2 * FRAMES * pull);
		}
		tess_audio_mixer_free(mixer);
	}
	for (unsigned i = 0; i < 2 * FRAMES * 400; i++)
		assert_true(fabsf(outs[0][i]) <= 1.0f);
	assert_memory_equal(outs[0], outs[1], sizeof(outs[0]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_source_passes_bit_exact_at_its_time),
		TEST(sixteen_tones_keep_their_level),
		TEST(sixteen_at_full_scale_do_not_clip),
		TEST(drift_fast),
		TEST(drift_slow),
		TEST(gap_is_faded_silence),
		TEST(jump_forward_goes_to_its_place),
		TEST(jump_back_is_cross_faded),
		TEST(small_error_is_stretched),
		TEST(late_and_early_sound_is_dropped),
		TEST(sound_waits_for_three_seconds),
		TEST(starving_source_fades_and_comes_back),
		TEST(removed_source_fades),
		TEST(damaged_samples_are_silenced),
		TEST(stalled_puller_goes_on),
		TEST(anything_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
