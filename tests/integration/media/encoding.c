/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/encoding.c - what EncodeParams and OutputParams ask for, in what comes
 * out: size, rate, distance of key frames and bits of the picture; rate, channels and bits of the
 * sound; sound without a picture; and sound as MP3 beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/tone.h"

#define USERS  4
#define END_MS 5500
/* Counted and listened to are the 4 s from here on. */
#define FROM_US INT64_C(1000000)
#define FOR_US	INT64_C(4000000)

struct asked {
	unsigned width, height, frame_rate, gop_s, video_kbps; /* width 0: PureAudioStream */
	unsigned sample_rate, channels, audio_kbps;
	bool mp3;
};

/* One stream as it came out. */
struct stream {
	struct judge *judge;
	struct judge_handlers handlers;
	struct tess_stream_info info;
	const struct asked *asked;
	unsigned pictures, keys;
	int64_t last_picture_us, last_key_us;
	size_t video_bytes, sound_bytes;
	unsigned sounds, frames;
	float left[48000 * 4], right[48000 * 4];
};

struct run {
	struct stream mix, mp3;
};

static bool is_counted(int64_t pts_us)
{
	return pts_us >= FROM_US && pts_us < FROM_US + FOR_US;
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct stream *stream = arg;

	(void)pts_us;
	assert_int_equal(picture->width, stream->asked->width);
	assert_int_equal(picture->height, stream->asked->height);
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct stream *stream = arg;

	if (!is_counted(pts_us - TESS_MEDIA_REPLAY_START_US))
		return;
	for (unsigned i = 0; i < frames && stream->frames < 48000 * 4; i++) {
		stream->left[stream->frames] = left[i];
		stream->right[stream->frames++] = right[i];
	}
}

static void count_picture(struct stream *stream, const struct tess_au *au, int64_t pts_us)
{
	const struct asked *asked = stream->asked;

	if (stream->pictures++)
		assert_in_range(pts_us - stream->last_picture_us, 1000000 / asked->frame_rate - 1,
				1000000 / asked->frame_rate + 1);
	stream->last_picture_us = pts_us;
	if (au->key) {
		if (stream->keys++)
			assert_in_range(pts_us - stream->last_key_us, asked->gop_s * 1000000 - 10,
					asked->gop_s * 1000000 + 10);
		stream->last_key_us = pts_us;
	}
	if (is_counted(pts_us))
		stream->video_bytes += au->length;
}

static void on_au(void *arg, const char *name, uint64_t epoch, const struct tess_stream_info *info,
		  const struct tess_au *au)
{
	struct run *run = arg;
	struct stream *stream = strcmp(name, "mix-3") != 0 ? &run->mp3 : &run->mix;
	int64_t pts_us = au->pts_us - TESS_MEDIA_REPLAY_START_US;

	(void)epoch;
	if (!stream->judge) {
		stream->handlers = (struct judge_handlers){
			.picture = on_picture, .sound = on_sound, .arg = stream};
		stream->judge = judge_open(&stream->handlers);
		stream->info = *info;
	}
	judge_au(stream->judge, info, au);
	if (au->track == TESS_TRACK_VIDEO) {
		count_picture(stream, au, pts_us);
	} else if (is_counted(pts_us)) {
		stream->sounds++;
		stream->sound_bytes += au->length;
	}
}

static json_t *desired(const struct asked *asked)
{
	json_t *publishers = json_array(), *mix = scenario_desired_mix(2, 2);

	for (unsigned id = 0; id < USERS; id++)
		json_array_append_new(publishers, scenario_desired_publisher(id, id));
	json_object_set_new(mix, "video",
			    asked->width
				    ? json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "width",
						(int)asked->width, "height", (int)asked->height,
						"bitrate_kbps", (int)asked->video_kbps,
						"frame_rate", (int)asked->frame_rate, "gop_s",
						(int)asked->gop_s, "background", 0)
				    : json_null());
	json_object_set_new(mix, "audio",
			    json_pack("{s:i,s:i,s:i}", "sample_rate", (int)asked->sample_rate,
				      "bitrate_kbps", (int)asked->audio_kbps, "channels",
				      (int)asked->channels));
	if (asked->mp3)
		json_object_set_new(mix, "mp3_stream", json_string("mix-3-mp3"));
	return scenario_desired(publishers, json_pack("[o]", mix));
}

/* Everybody is heard at the level sent, on both sides, and the bits are those asked for. */
static void assert_sound(const struct stream *stream, const struct asked *asked,
			 unsigned frame_samples, double slack_db)
{
	double wanted = (double)asked->audio_kbps * 1000 / 8 * 4;

	assert_int_equal(stream->info.audio_rate, asked->sample_rate);
	assert_int_equal(stream->info.audio_channels, asked->channels);
	assert_in_range(stream->sounds, asked->sample_rate * 4 / frame_samples - 1,
			asked->sample_rate * 4 / frame_samples + 1);
	/* AAC takes less for tones, MP3 is constant */
	if ((double)stream->sound_bytes > wanted * 1.15 ||
	    (double)stream->sound_bytes <
		    wanted * (stream->info.audio_codec == TESS_CODEC_MP3 ? 0.95 : 0.3))
		fail_msg("%zu bytes of sound, not %.0f", stream->sound_bytes, wanted);
	for (unsigned id = 0; id < USERS; id++) {
		double hz = scenario_tone_hz(id);
		unsigned frames = stream->frames / 2;

		assert_true(fabs(tess_tone_db(tess_tone_level(stream->left, frames, 1, 0,
							      asked->sample_rate, hz),
					      0.05)) <= slack_db);
		assert_true(fabs(tess_tone_db(tess_tone_level(stream->right, frames, 1, 0,
							      asked->sample_rate, hz),
					      0.05)) <= slack_db);
	}
}

/* @return the bytes of the picture */
static size_t check(const struct asked *asked)
{
	struct tess_test_publisher senders[USERS];
	const struct tess_test_capture capture = {
		.publishers = senders, .count = USERS, .duration_s = END_MS / 1000.0, .seed = 5};
	struct run *run = calloc(1, sizeof(*run));
	const struct tess_media_replay_handlers handlers = {.au = on_au, .arg = run};
	char path[] = "/tmp/tessera-test-XXXXXX", error[256];
	json_t *scenario = scenario_new();
	int fd = mkstemp(path);
	size_t bytes;

	tess_log_init("test", TESS_LOG_WARN);
	assert_non_null(run);
	assert_true(fd >= 0);
	(void)close(fd);
	run->mix.asked = run->mp3.asked = asked;
	for (unsigned id = 0; id < USERS; id++)
		senders[id] = scenario_publisher(id);
	scenario_step(scenario, 0, desired(asked));
	json_object_set_new(scenario, "end_ms", json_integer(END_MS));
	assert_int_equal(tess_test_capture_write(path, &capture), 0);
	if (tess_media_replay(path, scenario, &handlers, error, sizeof(error)))
		fail_msg("%s", error);
	(void)unlink(path);
	json_decref(scenario);

	assert_int_equal(run->mix.info.has_video, asked->width != 0);
	assert_int_equal(run->mix.info.audio_codec, TESS_CODEC_AAC);
	if (asked->width) {
		assert_in_range(run->mix.pictures, asked->frame_rate * END_MS / 1000,
				asked->frame_rate * END_MS / 1000 + 1);
		assert_int_equal(run->mix.keys, (END_MS / 1000 + asked->gop_s) / asked->gop_s);
	} else {
		assert_int_equal(run->mix.pictures, 0);
	}
	assert_sound(&run->mix, asked, 1024, 0.5);
	assert_int_equal(run->mp3.judge != NULL, asked->mp3);
	if (asked->mp3) {
		assert_int_equal(run->mp3.info.audio_codec, TESS_CODEC_MP3);
		assert_int_equal(run->mp3.pictures, 0);
		assert_sound(&run->mp3, asked, asked->sample_rate >= 32000 ? 1152 : 576, 1);
		judge_close(run->mp3.judge);
	}
	judge_close(run->mix.judge);
	bytes = run->mix.video_bytes;
	free(run);
	return bytes;
}

static void as_asked_for(void **state)
{
	/* a picture that is simple needs few bits: what it may have is a limit */
	static const struct asked few = {320, 180, 10, 1, 30, 16000, 1, 32, true};
	static const struct asked many = {320, 180, 10, 2, 1000, 44100, 2, 128, true};
	static const struct asked sound_alone = {0, 0, 0, 0, 0, 8000, 1, 24, false};
	static const struct asked large = {640, 360, 25, 5, 1500, 48000, 2, 64, false};
	size_t bytes;

	(void)state;
	bytes = check(&few);
	assert_true(bytes <= 15000 * 3 / 2);
	size_t more = check(&many);
	assert_true(more > 2 * bytes);
	(void)check(&sound_alone);
	(void)check(&large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
