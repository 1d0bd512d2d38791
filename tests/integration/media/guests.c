/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/guests.c - several mixes at once, in different rooms and applications:
 * they keep apart, and a user whom two of them show is decoded once.
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

#include "drivers/engine_soft/engine_soft.h"
#include "tests/integration/media/scenario.h"
#include "tests/support/tone.h"

#define END_MS	  4000
#define LEAVES_MS 2500
#define BLACK	  -1

/* What comes out of one mix: who is at the left and at the right, and the sound of two stretches of
 * time. */
struct stream {
	const char *name;
	struct judge *judge;
	struct judge_handlers handlers;
	unsigned pictures;
	int64_t last_us;
	int early[2], late[2];
	float pcm[2][24000];
	unsigned frames[2];
};

struct run {
	struct stream streams[3];
	struct tess_media_facts_track last[4]; /* video of each publisher, by its id */
	unsigned told[4];
};

/* Software, counting its decoders. */
static struct tess_engine_driver counting;
static unsigned opened;

static int open_counting(struct tess_engine **enginep, const struct tess_engine_config *config)
{
	int error = tess_engine_soft.open(enginep, config);

	if (!error)
		(*enginep)->driver = &counting;
	return error;
}

static int count_open(struct tess_decoder **decoderp, struct tess_engine *engine,
		      enum tess_codec codec)
{
	opened++;
	return tess_engine_soft.decoder_open(decoderp, engine, codec);
}

static int look(const struct tess_test_i420 *picture, int side)
{
	const struct tess_rect rect = {side * 320, 0, 320, 360};
	struct tess_test_pattern pattern;
	uint8_t mean[3];

	if (!tess_test_pattern_read(&pattern, picture, &rect, TESS_RENDER_CROP, 160, 90))
		return (int)pattern.id;
	tess_test_i420_mean(mean, picture, &rect);
	assert_true(mean[0] <= 18);
	return BLACK;
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct stream *stream = arg;

	pts_us -= TESS_MEDIA_REPLAY_START_US;
	if (stream->pictures++)
		assert_in_range(pts_us - stream->last_us, 66666, 66667);
	stream->last_us = pts_us;
	for (int side = 0; side < 2; side++) {
		if (pts_us > 1000000 && pts_us < 1100000)
			stream->early[side] = look(picture, side);
		/* the grid has one tile by then */
		if (pts_us > 3500000 && pts_us < 3600000 && strcmp(stream->name, "mix-4") != 0)
			stream->late[side] = look(picture, side);
	}
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct stream *stream = arg;

	(void)right;
	pts_us -= TESS_MEDIA_REPLAY_START_US;
	for (unsigned part = 0; part < 2; part++) {
		if (pts_us < (part ? 3000000 : 1000000))
			continue;
		for (unsigned i = 0; i < frames && stream->frames[part] < 24000; i++)
			stream->pcm[part][stream->frames[part]++] = left[i];
	}
}

static void on_au(void *arg, const char *name, uint64_t epoch, const struct tess_stream_info *info,
		  const struct tess_au *au)
{
	struct run *run = arg;

	(void)epoch;
	for (unsigned i = 0; i < 3; i++) {
		struct stream *stream = &run->streams[i];

		if (strcmp(stream->name, name) != 0)
			continue;
		if (!stream->judge) {
			stream->handlers = (struct judge_handlers){
				.picture = on_picture, .sound = on_sound, .arg = stream};
			stream->judge = judge_open(&stream->handlers);
		}
		judge_au(stream->judge, info, au);
		return;
	}
	fail_msg("stream %s", name);
}

/* each publisher is told of once, by its own room */
static void on_facts(void *arg, int64_t now_us, const struct tess_media_facts *facts)
{
	struct run *run = arg;
	unsigned seen = 0;

	(void)now_us;
	for (unsigned i = 0; i < facts->publisher_count; i++) {
		unsigned id = (unsigned)facts->publishers[i].id - 100;

		assert_true(id < 4);
		assert_false(seen & 1u << id);
		seen |= 1u << id;
		run->told[id]++;
		run->last[id] = facts->publishers[i].video;
	}
}

static json_t *publisher(unsigned id, const char *room, int app)
{
	json_t *json = scenario_desired_publisher(id, id + 1);

	json_object_set_new(json, "room", json_string(room));
	json_object_set_new(json, "app", json_integer(app));
	return json;
}

static json_t *place(const char *user, const char *room, int x)
{
	json_t *json = json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "user", user,
				 "stream_type", "main", "x", x, "y", 0, "width", 320, "height", 360,
				 "z", 0, "render", 0, "input", 0);

	if (room)
		json_object_set_new(json, "room", json_string(room));
	return json;
}

/* takes the presets over; NULL: a grid */
static json_t *mix(int id, const char *room, int app, json_t *presets)
{
	json_t *json = scenario_desired_mix(640, 360);
	json_t *layout = json_object_get(json, "layout");
	char stream[16];

	(void)snprintf(stream, sizeof(stream), "mix-%d", id);
	json_object_set_new(json, "id", json_integer(id));
	json_object_set_new(json, "stream", json_string(stream));
	json_object_set_new(json, "room", json_string(room));
	json_object_set_new(json, "app", json_integer(app));
	if (presets) {
		json_object_set_new(layout, "template", json_integer(4));
		json_object_set_new(layout, "presets", presets);
	}
	return json;
}

/* Room 101 with u0, room 102 with u1 and u2, and the room 101 of another application with u3. The
 * first mixes in somebody of room 102: u1, or who is there when nobody is named. */
static json_t *desired(const char *guest, bool u1)
{
	json_t *publishers = json_array();

	json_array_append_new(publishers, publisher(0, "101", 1400000001));
	if (u1)
		json_array_append_new(publishers, publisher(1, "102", 1400000001));
	json_array_append_new(publishers, publisher(2, "102", 1400000001));
	json_array_append_new(publishers, publisher(3, "101", 1400000002));
	return scenario_desired(
		publishers,
		json_pack("[o,o,o]",
			  mix(3, "101", 1400000001,
			      json_pack("[o,o]", place("u0", NULL, 0), place(guest, "102", 320))),
			  mix(4, "102", 1400000001, NULL),
			  mix(5, "101", 1400000002,
			      json_pack("[o,o]", place("", NULL, 0), place("", NULL, 320)))));
}

static void run(struct run *run, const char *guest)
{
	struct tess_test_publisher senders[4];
	const struct tess_test_capture capture = {
		.publishers = senders, .count = 4, .duration_s = END_MS / 1000.0, .seed = 3};
	const struct tess_engine_driver *drivers[] = {&counting, NULL};
	const struct tess_media_replay_handlers handlers = {
		.au = on_au, .facts = on_facts, .arg = run, .drivers = drivers};
	char path[] = "/tmp/tessera-test-XXXXXX", error[256];
	json_t *scenario = scenario_new();
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	(void)close(fd);
	counting = tess_engine_soft;
	counting.open = open_counting;
	counting.decoder_open = count_open;
	opened = 0;
	run->streams[0].name = "mix-3";
	run->streams[1].name = "mix-4";
	run->streams[2].name = "mix-5";
	for (unsigned id = 0; id < 4; id++)
		senders[id] = scenario_publisher(id);
	scenario_step(scenario, 0, desired(guest, true));
	scenario_step(scenario, LEAVES_MS, desired(guest, false));
	json_object_set_new(scenario, "end_ms", json_integer(END_MS));
	assert_int_equal(tess_test_capture_write(path, &capture), 0);
	if (tess_media_replay(path, scenario, &handlers, error, sizeof(error)))
		fail_msg("%s", error);
	(void)unlink(path);
	json_decref(scenario);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(run->streams[i].pictures, END_MS * 15 / 1000 + 1);
		judge_close(run->streams[i].judge);
	}
}

/* whether each of u0 to u3 is heard, at their full level */
static void assert_heard(const struct stream *stream, unsigned part, const char *expected)
{
	for (unsigned id = 0; id < 4; id++) {
		double level = tess_tone_level(stream->pcm[part], 24000, 1, 0, 48000,
					       scenario_tone_hz(id));

		if (expected[id] == '1')
			assert_true(fabs(tess_tone_db(level, 0.05)) <= 1);
		else
			assert_true(level < 0.0005);
	}
}

static void a_user_of_another_room(void **state)
{
	struct run *r = calloc(1, sizeof(*r));

	(void)state;
	assert_non_null(r);
	run(r, "u1");
	assert_int_equal(r->streams[0].early[0], 0);
	assert_int_equal(r->streams[0].early[1], 1);
	assert_heard(&r->streams[0], 0, "1100");
	assert_int_equal(r->streams[1].early[0], 1);
	assert_int_equal(r->streams[1].early[1], 2);
	assert_heard(&r->streams[1], 0, "0110");
	/* the room of the same name, but another application's */
	assert_int_equal(r->streams[2].early[0], 3);
	assert_int_equal(r->streams[2].early[1], BLACK);
	assert_heard(&r->streams[2], 0, "0001");
	/* u1, in two mixes, has one decoder */
	assert_int_equal(opened, 4);
	assert_int_equal(r->last[1].width, 160);
	/* u1 has left: both mixes go on */
	assert_int_equal(r->streams[0].late[0], 0);
	assert_int_equal(r->streams[0].late[1], BLACK);
	assert_heard(&r->streams[0], 1, "1000");
	assert_heard(&r->streams[1], 1, "0010");
	free(r);
}

static void whoever_is_in_the_other_room(void **state)
{
	struct run *r = calloc(1, sizeof(*r));

	(void)state;
	assert_non_null(r);
	run(r, "");
	assert_int_equal(r->streams[0].early[1], 1);
	assert_heard(&r->streams[0], 0, "1100");
	/* the next one there takes the place */
	assert_int_equal(r->streams[0].late[0], 0);
	assert_int_equal(r->streams[0].late[1], 2);
	assert_heard(&r->streams[0], 1, "1010");
	assert_int_equal(opened, 4);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_of_another_room),
		cmocka_unit_test(whoever_is_in_the_other_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
