/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/scenario.c - runs captures through the media process on virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "tests/integration/media/scenario.h"

uint16_t scenario_video_port(unsigned id)
{
	return (uint16_t)(20000 + 4 * id);
}

uint16_t scenario_audio_port(unsigned id)
{
	return (uint16_t)(20002 + 4 * id);
}

double scenario_tone_hz(unsigned id)
{
	return 400 + 110 * id;
}

struct tess_test_publisher scenario_publisher(unsigned id)
{
	return (struct tess_test_publisher){
		.id = id,
		.video_port = scenario_video_port(id),
		.audio_port = scenario_audio_port(id),
		.tone_hz = scenario_tone_hz(id),
		.tone_level = 0.05,
	};
}

json_t *scenario_desired_publisher(unsigned id, unsigned order)
{
	char user[16];
	json_t *publisher;

	snprintf(user, sizeof(user), "u%u", id);
	publisher = json_pack("{s:i,s:i,s:s,s:s,s:s,s:s,s:i,s:s,s:{s:i,s:i,s:s},s:{s:i,s:i,s:s}}",
			      "id", 100 + (int)id, "app", 1400000001, "room_type", "number", "room",
			      "101", "user", user, "stream_type", "main", "order", (int)order,
			      "source", "", "video", "port", scenario_video_port(id),
			      "payload_type", TESS_TEST_VIDEO_PAYLOAD_TYPE, "codec", "h264",
			      "audio", "port", scenario_audio_port(id), "payload_type",
			      TESS_TEST_AUDIO_PAYLOAD_TYPE, "codec", "opus");
	assert_non_null(publisher);
	return publisher;
}

json_t *scenario_desired_mix(unsigned width, unsigned height)
{
	json_t *mix = json_pack(
		"{s:i,s:i,s:i,s:s,s:s,s:s,s:{s:i,s:i,s:i,s:i,s:i,s:i},s:{s:i,s:i,s:i},"
		"s:{s:i,s:i,s:[],s:i}}",
		"id", 3, "epoch", 1, "app", 1400000001, "room_type", "number", "room", "101",
		"stream", "mix-3", "video", "width", (int)width, "height", (int)height,
		"bitrate_kbps", 2000, "frame_rate", 15, "gop_s", 3, "background", 0, "audio",
		"sample_rate", 48000, "bitrate_kbps", 128, "channels", 2, "layout", "template", 1,
		"render", 0, "users", "pure_audio_hold_place", 0);

	assert_non_null(mix);
	return mix;
}

json_t *scenario_desired(json_t *publishers, json_t *mixes)
{
	json_t *desired = json_pack("{s:s,s:i,s:o,s:o}", "type", "desired", "epoch", 1,
				    "publishers", publishers, "mixes", mixes);

	assert_non_null(desired);
	return desired;
}

json_t *scenario_new(void)
{
	json_t *scenario = json_pack("{s:i,s:[]}", "jitter_ms", SCENARIO_JITTER_MS, "steps");

	assert_non_null(scenario);
	return scenario;
}

void scenario_step(json_t *scenario, unsigned at_ms, json_t *desired)
{
	json_t *step = json_pack("{s:i,s:o}", "at_ms", (int)at_ms, "desired", desired);

	assert_int_equal(json_array_append_new(json_object_get(scenario, "steps"), step), 0);
}

#define MAX_STREAMS 8

/* One ring of the replay. */
struct stream {
	uint64_t epoch;
	struct judge *judge;
};

struct run {
	const struct judge_handlers *handlers;
	struct stream streams[MAX_STREAMS];
	unsigned count;
	json_t *facts;
};

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct judge_handlers *handlers = arg;

	handlers->picture(handlers->arg, pts_us - TESS_MEDIA_REPLAY_START_US, picture);
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	const struct judge_handlers *handlers = arg;

	handlers->sound(handlers->arg, pts_us - TESS_MEDIA_REPLAY_START_US, left, right, frames);
}

static void on_au(void *arg, const char *stream, uint64_t epoch,
		  const struct tess_stream_info *info, const struct tess_au *au)
{
	struct run *run = arg;
	unsigned i = 0;

	assert_string_equal(stream, "mix-3");
	while (i < run->count && run->streams[i].epoch != epoch)
		i++;
	if (i == run->count) {
		const struct judge_handlers handlers = {
			.picture = run->handlers->picture ? on_picture : NULL,
			.sound = run->handlers->sound ? on_sound : NULL,
			.arg = (void *)run->handlers,
		};

		assert_true(run->count < MAX_STREAMS);
		assert_true(run->count == 0 || epoch > run->streams[i - 1].epoch);
		run->streams[i].epoch = epoch;
		run->streams[i].judge = judge_open(&handlers);
		run->count++;
	}
	judge_au(run->streams[i].judge, info, au);
}

static void on_facts(void *arg, int64_t now_us, const struct tess_media_facts *facts)
{
	struct tess_media_facts *all[1] = {(struct tess_media_facts *)facts};
	struct run *run = arg;

	(void)now_us;
	json_decref(run->facts);
	run->facts = tess_media_facts_message(all, 1, NULL, 0);
	assert_non_null(run->facts);
}

struct scenario_result scenario_run_pictures(const struct tess_test_capture *capture,
					     json_t *scenario,
					     const struct judge_handlers *handlers,
					     const struct tess_engine_driver *const *drivers,
					     const struct tess_media_replay_picture *pictures)
{
	struct run run = {.handlers = handlers};
	const struct tess_media_replay_handlers replay = {.au = on_au,
							  .facts = on_facts,
							  .arg = &run,
							  .drivers = drivers,
							  .pictures = pictures};
	struct scenario_result result = {0};
	char path[] = "/tmp/tessera-test-XXXXXX", error[256];
	int fd = mkstemp(path);

	tess_log_init("test", TESS_LOG_WARN);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(tess_test_capture_write(path, capture), 0);
	if (tess_media_replay(path, scenario, &replay, error, sizeof(error)))
		fail_msg("%s", error);
	(void)unlink(path);
	json_decref(scenario);
	for (unsigned i = 0; i < run.count; i++) {
		result.digest = result.digest * 31 + judge_digest(run.streams[i].judge);
		judge_close(run.streams[i].judge);
	}
	result.streams = run.count;
	result.facts = run.facts;
	return result;
}

struct scenario_result scenario_run_on(const struct tess_test_capture *capture, json_t *scenario,
				       const struct judge_handlers *handlers,
				       const struct tess_engine_driver *const *drivers)
{
	return scenario_run_pictures(capture, scenario, handlers, drivers, NULL);
}

struct scenario_result scenario_run(const struct tess_test_capture *capture, json_t *scenario,
				    const struct judge_handlers *handlers)
{
	return scenario_run_on(capture, scenario, handlers, NULL);
}

json_int_t scenario_counter(const struct scenario_result *result, const char *list, unsigned index,
			    const char *object, const char *name)
{
	const json_t *value = json_array_get(json_object_get(result->facts, list), index);

	if (object[0])
		value = json_object_get(value, object);
	value = json_object_get(json_object_get(value, "counters"), name);
	assert_true(json_is_integer(value));
	return json_integer_value(value);
}
