/* SPDX-License-Identifier: GPL-3.0-or-later
 * The AAC and MP3 encoder: what it encodes is decoded again, and everything must lie at its media
 * time.
 */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/audio_soft/audio_soft.h"

#define RATE	 TESS_AUDIO_RATE
#define START_US 987654321

static const struct tess_audio_driver *driver = &tess_audio_soft;

/* an encoder and a decoder behind it that paints what it hears on a time line beginning at START_US
 */
struct chain {
	struct tess_audio_encoder_config config;
	struct tess_audio_encoder *encoder;
	AVCodecContext *codec;
	AVFrame *frame;
	AVPacket *packet;
	float *heard[2];
	int64_t samples; /* length of heard */
	unsigned packets;
	int64_t pts_us[1000];
};

static int frame_of(const struct tess_audio_encoder_config *config)
{
	return !config->mp3 ? 1024 : config->sample_rate >= 32000 ? 1152 : 576;
}

static void chain_open(struct chain *chain, bool mp3, uint32_t rate, uint8_t channels,
		       unsigned seconds)
{
	memset(chain, 0, sizeof(*chain));
	chain->config = (struct tess_audio_encoder_config){rate, channels, 64000, mp3};
	chain->samples = (int64_t)seconds * rate;
	assert_int_equal(driver->encoder_open(&chain->encoder, &chain->config), 0);
	for (int c = 0; c < 2; c++)
		chain->heard[c] = calloc((size_t)chain->samples, sizeof(float));
	chain->codec =
		avcodec_alloc_context3(avcodec_find_decoder_by_name(mp3 ? "mp3float" : "aac"));
	chain->frame = av_frame_alloc();
	chain->packet = av_packet_alloc();
	size_t length;
	const uint8_t *config = driver->encoder_config(chain->encoder, &length);
	assert_in_range(length, 2, 16); /* it must fit tess_stream_info */
	chain->codec->extradata = av_mallocz(length + AV_INPUT_BUFFER_PADDING_SIZE);
	memcpy(chain->codec->extradata, config, length);
	chain->codec->extradata_size = (int)length;
	assert_int_equal(avcodec_open2(chain->codec, NULL, NULL), 0);
}

static void chain_close(struct chain *chain)
{
	driver->encoder_close(chain->encoder);
	avcodec_free_context(&chain->codec);
	av_frame_free(&chain->frame);
	av_packet_free(&chain->packet);
	free(chain->heard[0]);
	free(chain->heard[1]);
}

static void paint(struct chain *chain, int64_t pts_us)
{
	int64_t at = llround((double)(pts_us - START_US) * chain->config.sample_rate / 1e6);
	for (int i = 0; i < chain->frame->nb_samples; i++)
		if (at + i >= 0 && at + i < chain->samples)
			for (int c = 0; c < chain->config.channels; c++)
				chain->heard[c][at + i] =
					((float *)chain->frame->extended_data[c])[i];
}

/* Layer 3 with a header that tells its own length, and no sound in the frames before it. */
static void assert_whole_frame(const struct tess_audio_encoded *encoded,
			       const struct tess_audio_encoder_config *config)
{
	static const uint16_t mpeg1[] = {0,   32,  40,	48,  56,  64,  80, 96,
					 112, 128, 160, 192, 224, 256, 320};
	static const uint16_t mpeg2[] = {0,  8,	 16, 24,  32,  40,  48, 56,
					 64, 80, 96, 112, 128, 144, 160};
	const uint8_t *data = encoded->data;
	bool full = config->sample_rate >= 32000;
	unsigned kbps = (full ? mpeg1 : mpeg2)[data[2] >> 4];
	unsigned padding = data[2] >> 1 & 1;
	unsigned begin = full ? (unsigned)data[4] << 1 | data[5] >> 7 : data[4];

	assert_int_equal(data[0], 0xff);
	assert_int_equal(data[1] & 0xe6, 0xe2); /* Layer 3 */
	assert_int_equal(data[1] & 1, 1);	/* no CRC in front of the side information */
	assert_int_equal(data[3] >> 6 == 3, config->channels == 1);
	assert_int_equal(encoded->length,
			 (full ? 144000u : 72000u) * kbps / config->sample_rate + padding);
	assert_int_equal(begin, 0); /* main_data_begin */
}

static void drain(struct chain *chain)
{
	struct tess_audio_encoded encoded;
	int err;
	while ((err = driver->encoder_next(chain->encoder, &encoded)) == 0) {
		assert_true(encoded.length > 0 && encoded.length < 1536);
		if (chain->config.mp3)
			assert_whole_frame(&encoded, &chain->config);
		else
			assert_true(encoded.data[0] != 0xff); /* no ADTS */
		assert_int_equal(av_new_packet(chain->packet, (int)encoded.length), 0);
		memcpy(chain->packet->data, encoded.data, encoded.length);
		assert_int_equal(avcodec_send_packet(chain->codec, chain->packet), 0);
		av_packet_unref(chain->packet);
		assert_int_equal(avcodec_receive_frame(chain->codec, chain->frame), 0);
		assert_int_equal(chain->frame->sample_rate, chain->config.sample_rate);
		assert_int_equal(chain->frame->ch_layout.nb_channels, chain->config.channels);
		assert_true(chain->packets < 1000);
		chain->pts_us[chain->packets++] = encoded.pts_us;
		paint(chain, encoded.pts_us);
	}
	assert_int_equal(err, -EAGAIN);
}

/* beeps of 50 ms: 1 kHz, at each whole second + 0.3 s of media time, right side at half level */
static void beeps(float *pcm, unsigned frames, int64_t at_us)
{
	for (unsigned i = 0; i < frames; i++) {
		double seconds = (double)(at_us - START_US) / 1e6 + (double)i / RATE;
		double into = seconds - floor(seconds) - 0.3;
		pcm[2 * i] =
			into >= 0 && into < 0.05 ? (float)(0.5 * sin(2 * M_PI * 1000 * into)) : 0;
		pcm[2 * i + 1] = 0.5f * pcm[2 * i];
	}
}

/* MP3's noise lies wider around a beep than AAC's, and LAME takes 5 % off the level. */
static double time_slack_us(const struct chain *chain)
{
	return chain->config.mp3 ? 1000 : 300;
}

static double level_slack(const struct chain *chain)
{
	return chain->config.mp3 ? 0.08 : 0.06;
}

/* where the energy of the second begun at `from` lies, in microseconds from its begin */
static double beep_centre_us(const struct chain *chain, const float *heard, unsigned second)
{
	uint32_t rate = chain->config.sample_rate;
	double weight = 0, moment = 0;
	for (uint32_t i = 0; i < rate; i++) {
		double energy = pow(heard[second * rate + i], 2);
		weight += energy;
		moment += energy * i;
	}
	assert_true(weight > 0);
	return moment / weight / rate * 1e6;
}

static double level(const struct chain *chain, const float *heard, double from_s, double hz)
{
	uint32_t rate = chain->config.sample_rate;
	unsigned n = rate / 50, first = (unsigned)(from_s * rate);
	double re = 0, im = 0;
	for (unsigned i = 0; i < n; i++) {
		re += heard[first + i] * cos(2 * M_PI * hz * i / rate);
		im += heard[first + i] * sin(2 * M_PI * hz * i / rate);
	}
	return 2 * sqrt(re * re + im * im) / n;
}

static void beep_stays_at_its_time(void **state)
{
	(void)state;
	static const uint32_t rates[] = {48000, 44100, 32000, 24000, 16000, 8000};
	for (size_t r = 0; r < 12; r++)
		for (uint8_t channels = 1; channels <= 2; channels++) {
			struct chain chain;
			float pcm[2 * 960];
			chain_open(&chain, r >= 6, rates[r % 6], channels, 3);
			for (int64_t at = START_US; at < START_US + 3500000; at += 20000) {
				beeps(pcm, 960, at);
				assert_int_equal(driver->encoder_feed(chain.encoder, pcm, 960, at),
						 0);
				drain(&chain);
			}
			for (unsigned i = 1; i < chain.packets; i++) {
				double step = (double)(chain.pts_us[i] - chain.pts_us[i - 1]);
				assert_true(fabs(step - 1e6 * frame_of(&chain.config) /
								rates[r % 6]) <= 1);
			}
			for (unsigned second = 0; second < 3; second++)
				for (int c = 0; c < channels; c++)
					assert_true(fabs(beep_centre_us(&chain, chain.heard[c],
									second) -
							 325000) < time_slack_us(&chain));
			/* mono is the mean of both sides */
			double left = level(&chain, chain.heard[0], 1.315, 1000);
			double want = channels == 1 ? 0.375 : 0.5;
			assert_true(fabs(left / want - 1) < level_slack(&chain));
			if (channels == 2)
				assert_true(fabs(level(&chain, chain.heard[1], 1.315, 1000) / 0.25 -
						 1) < level_slack(&chain));
			chain_close(&chain);
		}
}

/* time is missing at two places, once more than a frame and once less; later sound keeps its time
 */
static void gap_moves_the_time(void **state)
{
	(void)state;
	static const uint32_t rates[] = {48000, 44100, 16000};
	for (size_t r = 0; r < 6; r++) {
		struct chain chain;
		float pcm[2 * 960];
		int64_t at = START_US;
		chain_open(&chain, r >= 3, rates[r % 3], 2, 4);
		for (unsigned i = 0; i < 150; i++, at += 20000) {
			if (i == 40)
				at += 543210;
			if (i == 80)
				at += 5000;
			beeps(pcm, 960, at);
			assert_int_equal(driver->encoder_feed(chain.encoder, pcm, 960, at), 0);
			drain(&chain);
		}
		unsigned jumps = 0;
		for (unsigned i = 1; i < chain.packets; i++) {
			int64_t step = chain.pts_us[i] - chain.pts_us[i - 1];
			assert_true(step > 0);
			if (fabs((double)step - 1e6 * frame_of(&chain.config) / rates[r % 3]) > 1) {
				/* what the filling of the open frame left of the gap */
				assert_true(step > 500000);
				jumps++;
			}
		}
		assert_int_equal(jumps, 1);
		for (unsigned second = 0; second < 3; second++)
			/* the one of 1 fell into the gap, or not: 0.8 to 1.34 s; what an MP3 frame
			 * holds of it beside the gap is heard in 0 */
			if (second == 2 || (second == 0 && !chain.config.mp3))
				assert_true(fabs(beep_centre_us(&chain, chain.heard[0], second) -
						 325000) < time_slack_us(&chain));
		chain_close(&chain);
	}
}

static void time_may_go_back(void **state)
{
	(void)state;
	struct chain chain;
	float pcm[2 * 960] = {0};
	chain_open(&chain, false, 48000, 2, 1);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(
			driver->encoder_feed(chain.encoder, pcm, 960, START_US + i * 20000), 0);
	drain(&chain);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(driver->encoder_feed(chain.encoder, pcm, 960, 1000 + i * 20000),
				 0);
		drain(&chain);
	}
	/* 401 ms was the end; the encoder keeps two frames, and part of one waits to be whole */
	assert_in_range(chain.pts_us[chain.packets - 1], 401000 - 4 * 21334, 401000);
	chain_close(&chain);
}

static void same_input_same_bytes(void **state)
{
	(void)state;
	static uint8_t bytes[2][200000];
	size_t length[2] = {0, 0};
	for (unsigned run = 0; run < 2; run++) {
		struct tess_audio_encoder *encoder;
		struct tess_audio_encoder_config config = {44100, 2, 96000, false};
		struct tess_audio_encoded encoded;
		float pcm[2 * 960];
		assert_int_equal(driver->encoder_open(&encoder, &config), 0);
		for (int64_t at = START_US; at < START_US + 2000000; at += 20000) {
			beeps(pcm, 960, at);
			assert_int_equal(driver->encoder_feed(encoder, pcm, 960, at), 0);
			while (driver->encoder_next(encoder, &encoded) == 0) {
				memcpy(bytes[run] + length[run], encoded.data, encoded.length);
				length[run] += encoded.length;
			}
		}
		driver->encoder_close(encoder);
	}
	assert_int_equal(length[0], length[1]);
	assert_true(length[0] > 1000);
	assert_memory_equal(bytes[0], bytes[1], length[0]);
}

/* numbers so small that arithmetic with them is slow, and what is no number, are silence */
static void nothing_is_heard_below_silence(void **state)
{
	(void)state;
	static const float quiet[] = {0.0f, 2e-34f, -1e-38f, 1e-42f, NAN};
	static const struct tess_audio_encoder_config configs[] = {{44100, 2, 64000, false},
								   {48000, 1, 32000, false}};
	for (size_t c = 0; c < 2; c++) {
		uint8_t silent[4096];
		size_t silent_length = 0;
		for (size_t q = 0; q < sizeof(quiet) / sizeof(quiet[0]); q++) {
			struct tess_audio_encoder *encoder;
			struct tess_audio_encoded encoded;
			uint8_t bytes[4096];
			size_t length = 0;
			float pcm[2 * 960];
			assert_int_equal(driver->encoder_open(&encoder, &configs[c]), 0);
			for (unsigned i = 0; i < 25; i++) {
				for (unsigned k = 0; k < 2 * 960; k++)
					pcm[k] = k % 7 ? quiet[q] : 0;
				assert_int_equal(driver->encoder_feed(encoder, pcm, 960, i * 20000),
						 0);
				while (driver->encoder_next(encoder, &encoded) == 0) {
					assert_true(length + encoded.length <= sizeof(bytes));
					memcpy(bytes + length, encoded.data, encoded.length);
					length += encoded.length;
				}
			}
			driver->encoder_close(encoder);
			assert_true(length > 0);
			if (q == 0) {
				memcpy(silent, bytes, length);
				silent_length = length;
			}
			assert_int_equal(length, silent_length);
			assert_memory_equal(bytes, silent, length);
		}
	}
}

static void bounded_and_checked(void **state)
{
	(void)state;
	struct tess_audio_encoder *encoder;
	struct tess_audio_encoder_config config = {48000, 2, 64000, false};
	static const float pcm[2 * 960];
	int err = 0;
	assert_int_equal(driver->encoder_open(&encoder, &config), 0);
	/* a caller that never drains */
	for (unsigned i = 0; i < 200 && !err; i++)
		err = driver->encoder_feed(encoder, pcm, 960, i * 20000);
	assert_int_equal(err, -ENOMEM);
	driver->encoder_close(encoder);
	driver->encoder_close(NULL);
	config.sample_rate = 11025;
	assert_int_equal(driver->encoder_open(&encoder, &config), -EINVAL);
	config.sample_rate = 48000;
	config.channels = 3;
	assert_int_equal(driver->encoder_open(&encoder, &config), -EINVAL);
	config.channels = 1;
	config.bitrate_bps = 0;
	assert_int_equal(driver->encoder_open(&encoder, &config), -EINVAL);
}

static void config_says_rate_and_channels(void **state)
{
	(void)state;
	struct tess_audio_encoder *encoder;
	struct tess_audio_encoder_config config = {44100, 1, 64000, false};
	size_t length;
	assert_int_equal(driver->encoder_open(&encoder, &config), 0);
	const uint8_t *asc = driver->encoder_config(encoder, &length);
	assert_true(length >= 2);
	/* ISO/IEC 14496-3 1.6.2.1: 5 bits object type 2, 4 bits rate index 4, 4 bits channels 1 */
	assert_int_equal(asc[0] >> 3, 2);
	assert_int_equal((asc[0] & 7) << 1 | asc[1] >> 7, 4);
	assert_int_equal(asc[1] >> 3 & 15, 1);
	driver->encoder_close(encoder);
	/* object type 34 = 31 and 6 bits of 2; 4 bits rate index 4, 4 bits channels 1 */
	config.mp3 = true;
	assert_int_equal(driver->encoder_open(&encoder, &config), 0);
	asc = driver->encoder_config(encoder, &length);
	assert_int_equal(length, 3);
	assert_memory_equal(asc, ((const uint8_t[]){0xf8, 0x48, 0x20}), 3);
	driver->encoder_close(encoder);
}

/* any rate that is wanted becomes the nearest that frames can say */
static void mp3_has_its_own_bit_rates(void **state)
{
	static const struct {
		uint32_t rate, wanted, got;
	} cases[] = {
		{48000, 8000, 32000},	 {44100, 62000, 64000},	  {48000, 500000, 320000},
		{24000, 8000, 8000},	 {16000, 500000, 160000}, {8000, 500000, 64000},
		{32000, 130000, 128000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tess_audio_encoder_config config = {cases[i].rate, 2, cases[i].wanted,
								 true};
		struct tess_audio_encoder *encoder;
		struct tess_audio_encoded encoded;
		static const float pcm[2 * 960];
		size_t bytes = 0;
		int64_t first_us = INT64_MIN, last_us = 0;

		assert_int_equal(driver->encoder_open(&encoder, &config), 0);
		for (unsigned k = 0; k < 100; k++) {
			assert_int_equal(driver->encoder_feed(encoder, pcm, 960, k * 20000), 0);
			while (driver->encoder_next(encoder, &encoded) == 0) {
				first_us = first_us == INT64_MIN ? encoded.pts_us : first_us;
				last_us = encoded.pts_us;
				bytes += encoded.length;
			}
		}
		driver->encoder_close(encoder);
		bytes -= encoded.length;
		assert_true(fabs((double)bytes * 8e6 / (double)(last_us - first_us) / cases[i].got -
				 1) < 0.01);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beep_stays_at_its_time),
		cmocka_unit_test(gap_moves_the_time),
		cmocka_unit_test(time_may_go_back),
		cmocka_unit_test(same_input_same_bytes),
		cmocka_unit_test(nothing_is_heard_below_silence),
		cmocka_unit_test(bounded_and_checked),
		cmocka_unit_test(config_says_rate_and_channels),
		cmocka_unit_test(mp3_has_its_own_bit_rates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
