/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/desired.c - parser of the desired state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/media/desired.h"

/* as in docs/links.md */
static const char example[] =
	"{\"type\":\"desired\",\"epoch\":17,"
	"\"publishers\":[{\"id\":12,\"app\":1400000001,\"room_type\":\"number\",\"room\":\"101\","
	"\"user\":\"alice\",\"stream_type\":\"main\",\"order\":3,\"source\":\"\","
	"\"video\":{\"port\":20000,\"payload_type\":96,\"codec\":\"h264\"},"
	"\"audio\":{\"port\":20002,\"payload_type\":97,\"codec\":\"opus\"}}],"
	"\"mixes\":[{\"id\":3,\"epoch\":5,\"app\":1400000001,\"room_type\":\"number\","
	"\"room\":\"101\",\"stream\":\"mix-3\",\"mp3_stream\":\"mix-3-mp3\","
	"\"video\":{\"width\":1280,\"height\":720,\"bitrate_kbps\":1500,\"frame_rate\":15,"
	"\"gop_s\":3,\"background\":255},"
	"\"audio\":{\"sample_rate\":48000,\"bitrate_kbps\":64,\"channels\":2},"
	"\"layout\":{\"template\":1,\"render\":2,\"users\":[\"alice\",\"bob\"],"
	"\"pure_audio_hold_place\":2},\"frozen\":\"avatar\"}]}";

static json_t *example_message(void)
{
	json_t *message = json_loads(example, 0, NULL);

	assert_non_null(message);
	return message;
}

static json_t *first(json_t *message, const char *list)
{
	return json_array_get(json_object_get(message, list), 0);
}

static void the_documented_message(void **state)
{
	json_t *message = example_message();
	const struct tess_desired_publisher *publisher;
	const struct tess_desired_mix *mix;
	struct tess_desired *desired;
	char error[128];

	(void)state;
	assert_int_equal(tess_desired_parse(&desired, message, 0, 1, error, sizeof(error)), 0);
	json_decref(message);
	assert_int_equal(desired->epoch, 17);
	assert_int_equal(desired->publisher_count, 1);
	assert_int_equal(desired->mix_count, 1);
	publisher = tess_desired_find_publisher(desired, 12);
	assert_non_null(publisher);
	assert_string_equal(publisher->room, "1400000001/number/101");
	assert_string_equal(publisher->user, "alice");
	assert_false(publisher->auxiliary);
	assert_false(publisher->has_source);
	assert_int_equal(publisher->order, 3);
	assert_true(publisher->video.present);
	assert_int_equal(publisher->video.port, 20000);
	assert_int_equal(publisher->video.payload_type, 96);
	assert_int_equal(publisher->video.codec, TESS_CODEC_H264);
	assert_int_equal(publisher->audio.port, 20002);
	assert_int_equal(publisher->audio.codec, TESS_CODEC_OPUS);
	mix = tess_desired_find_mix(desired, 3);
	assert_non_null(mix);
	assert_int_equal(mix->epoch, 5);
	assert_string_equal(mix->room, "1400000001/number/101");
	assert_string_equal(mix->stream, "mix-3");
	assert_string_equal(mix->mp3_stream, "mix-3-mp3");
	assert_true(mix->has_video);
	assert_int_equal(mix->video.width, 1280);
	assert_int_equal(mix->video.height, 720);
	assert_int_equal(mix->video.bitrate_bps, 1500000);
	assert_int_equal(mix->video.frame_rate, 15);
	assert_int_equal(mix->video.gop_frames, 45);
	assert_int_equal(mix->video.background, 255);
	assert_int_equal(mix->audio.sample_rate, 48000);
	assert_int_equal(mix->audio.bitrate_bps, 64000);
	assert_int_equal(mix->audio.channels, 2);
	assert_int_equal(mix->layout.layout, TESS_LAYOUT_GRID);
	assert_int_equal(mix->layout.render, TESS_RENDER_FIT_BLACK);
	assert_int_equal(mix->layout.user_count, 2);
	assert_string_equal(mix->layout.users[1], "bob");
	assert_true(mix->layout.audio_only_without_tile);
	assert_int_equal(mix->frozen, TESS_FROZEN_AVATAR);
	assert_null(tess_desired_find_publisher(desired, 13));
	assert_null(tess_desired_find_mix(desired, 12));
	tess_desired_free(desired);
}

static void without_video(void **state)
{
	json_t *message = example_message();
	struct tess_desired *desired;
	char error[128];

	(void)state;
	json_object_set_new(first(message, "publishers"), "video", json_null());
	json_object_set_new(first(message, "publishers"), "source", json_string("10.1.2.3"));
	json_object_set_new(first(message, "publishers"), "stream_type", json_string("aux"));
	json_object_set_new(first(message, "mixes"), "video", json_null());
	assert_int_equal(tess_desired_parse(&desired, message, 0, 1, error, sizeof(error)), 0);
	json_decref(message);
	assert_false(desired->publishers[0].video.present);
	assert_true(desired->publishers[0].audio.present);
	assert_true(desired->publishers[0].auxiliary);
	assert_true(desired->publishers[0].has_source);
	assert_int_equal(desired->publishers[0].source.in.sin_family, AF_INET);
	assert_int_equal(ntohl(desired->publishers[0].source.in.sin_addr.s_addr), 0x0a010203);
	assert_false(desired->mixes[0].has_video);
	tess_desired_free(desired);
}

/* Set LIST[0].NAME, or LIST[0].OBJECT.NAME, to VALUE: refused with an error that says TEXT. */
static void refused(const char *list, const char *object, const char *name, json_t *value,
		    const char *text)
{
	json_t *message = example_message();
	json_t *target = first(message, list);
	struct tess_desired *desired;
	char error[128] = "";

	if (object)
		target = json_object_get(target, object);
	assert_int_equal(json_object_set_new(target, name, value), 0);
	assert_int_equal(tess_desired_parse(&desired, message, 0, 1, error, sizeof(error)),
			 -EBADMSG);
	assert_string_equal(error, text);
	json_decref(message);
}

static void bad_values_are_refused_by_name(void **state)
{
	char long_name[TESS_DESIRED_NAME + 1];

	(void)state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	refused("publishers", NULL, "id", json_string("12"), "publisher 0: id is not an integer");
	refused("publishers", NULL, "user", json_string(long_name),
		"publisher 12: user is too long");
	refused("publishers", NULL, "user", json_integer(5), "publisher 12: user is not a string");
	refused("publishers", NULL, "source", json_string("localhost"),
		"publisher 12: source is not an address");
	refused("publishers", "video", "port", json_integer(65535),
		"publisher 12: port is out of range");
	refused("publishers", "video", "port", json_integer(0),
		"publisher 12: port is out of range");
	refused("publishers", "video", "payload_type", json_integer(128),
		"publisher 12: payload_type is out of range");
	refused("publishers", "video", "codec", json_string("av1"),
		"publisher 12: codec is not one this version can receive");
	refused("publishers", "audio", "codec", json_string("h264"),
		"publisher 12: codec is not one this version can receive");
	refused("mixes", "video", "width", json_integer(100000), "mix 3: width is out of range");
	refused("mixes", "video", "frame_rate", json_integer(0),
		"mix 3: frame_rate is out of range");
	refused("mixes", "video", "background", json_integer(0x1000000),
		"mix 3: background is out of range");
	refused("mixes", "audio", "channels", json_integer(3), "mix 3: channels is out of range");
	refused("mixes", "layout", "template", json_integer(5), "mix 3: template is out of range");
	refused("mixes", "layout", "users", json_string("alice"),
		"mix 3: users is not a list of at most 16 users");
	refused("mixes", NULL, "mp3_stream", json_true(), "mix 3: mp3_stream is not a string");
	refused("mixes", NULL, "audio", json_null(), "mix 3: sample_rate is not an integer");
}

/* As docs/links.md has them: a background, a watermark, and place-holders of a custom layout. */
static void pictures(void **state)
{
	static const char place[] = "{\"user\":\"\",\"stream_type\":\"main\",\"x\":0,\"y\":0,"
				    "\"width\":10,\"height\":10,"
				    "\"z\":0,\"render\":0,\"input\":0}";
	json_t *message = example_message(), *layout, *mark, *presets = json_array();
	char error[128], key[TESS_DESIRED_PICTURE], longer[TESS_DESIRED_PICTURE + 1];
	const struct tess_desired_pictures *found;
	struct tess_desired *desired;
	json_t *wrong;

	(void)state;
	memset(key, 'k', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	memset(longer, 'k', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(tess_desired_parse(&desired, message, 0, 1, error, sizeof(error)), 0);
	found = &desired->mixes[0].pictures;
	assert_string_equal(found->background, "");
	assert_string_equal(found->water_mark, "");
	assert_string_equal(found->places[0], "");
	tess_desired_free(desired);

	layout = json_object_get(first(message, "mixes"), "layout");
	json_object_set_new(json_object_get(first(message, "mixes"), "video"), "background_image",
			    json_string(key));
	mark = json_pack("{ss si si si si}", "image", "m", "x", 1, "y", 2, "width", 3, "height", 4);
	json_object_set_new(layout, "water_mark", mark);
	json_array_append_new(presets, json_loads(place, 0, NULL));
	json_array_append_new(presets, json_loads(place, 0, NULL));
	json_object_set_new(json_array_get(presets, 1), "image", json_string("p"));
	json_object_set_new(layout, "presets", presets);
	assert_int_equal(tess_desired_parse(&desired, message, 0, 1, error, sizeof(error)), 0);
	found = &desired->mixes[0].pictures;
	assert_string_equal(found->background, key);
	assert_string_equal(found->water_mark, "m");
	assert_int_equal(found->water_mark_rect.x, 1);
	assert_int_equal(found->water_mark_rect.y, 2);
	assert_int_equal(found->water_mark_rect.width, 3);
	assert_int_equal(found->water_mark_rect.height, 4);
	assert_string_equal(found->places[0], "");
	assert_string_equal(found->places[1], "p");
	tess_desired_free(desired);
	json_decref(message);

	refused("mixes", "video", "background_image", json_string(longer),
		"mix 3: background_image is too long");
	refused("mixes", "video", "background_image", json_integer(7),
		"mix 3: background_image is not a string");
	refused("mixes", "layout", "water_mark", json_pack("{ss}", "image", "m"),
		"mix 3: x is not an integer");
	refused("mixes", "layout", "water_mark", json_object(), "mix 3: image is not a string");
	wrong = json_loads(place, 0, NULL);
	json_object_set_new(wrong, "image", json_true());
	refused("mixes", "layout", "presets", json_pack("[o]", wrong),
		"mix 3: image is not a string");
}

static void twice_the_same_id(void **state)
{
	json_t *message = example_message();
	struct tess_desired *desired;
	char error[128];

	(void)state;
	json_array_append(json_object_get(message, "mixes"), first(message, "mixes"));
	assert_int_equal(tess_desired_parse(&desired, message, 0, 1, error, sizeof(error)),
			 -EBADMSG);
	assert_string_equal(error, "mix 3: id is there twice");
	json_decref(message);
}

static void a_missing_list(void **state)
{
	json_t *message = example_message();
	struct tess_desired *desired;
	char error[128];

	(void)state;
	json_object_del(message, "mixes");
	assert_int_equal(tess_desired_parse(&desired, message, 0, 1, error, sizeof(error)),
			 -EBADMSG);
	assert_string_equal(error, "mixes 0: list is missing");
	json_decref(message);
}

static void each_room_falls_to_one_worker(void **state)
{
	json_t *message = example_message();
	json_t *publishers = json_object_get(message, "publishers");
	unsigned total = 0, workers_used = 0;
	char error[128];

	(void)state;
	for (int i = 1; i < 40; i++) {
		json_t *publisher = json_deep_copy(first(message, "publishers"));
		char room[8];

		snprintf(room, sizeof(room), "%d", i / 2);
		json_object_set_new(publisher, "id", json_integer(12 + i));
		json_object_set_new(publisher, "room", json_string(room));
		json_array_append_new(publishers, publisher);
	}
	for (unsigned shard = 0; shard < 4; shard++) {
		struct tess_desired *desired;

		assert_int_equal(
			tess_desired_parse(&desired, message, shard, 4, error, sizeof(error)), 0);
		total += desired->publisher_count;
		workers_used += desired->publisher_count != 0;
		for (unsigned i = 1; i < desired->publisher_count; i++)
			assert_true(desired->publishers[i - 1].id < desired->publishers[i].id);
		/* both of a room are together */
		for (unsigned i = 0; i < desired->publisher_count; i++) {
			int64_t number = desired->publishers[i].id - 12;

			if (number >= 2)
				assert_non_null(
					tess_desired_find_publisher(desired, 12 + (number ^ 1)));
		}
		tess_desired_free(desired);
	}
	assert_int_equal(total, 40);
	assert_true(workers_used > 1);
	json_decref(message);
}

/* a user's mix that takes in people of another room: they are its room's guests, wherever that
 * other room is worked on */
static void guests(void **state)
{
	json_t *message = example_message(), *layout, *far;
	struct tess_desired *desired;
	unsigned seen = 0;
	char error[128];

	(void)state;
	layout = json_object_get(first(message, "mixes"), "layout");
	json_object_set_new(layout, "template", json_integer(4));
	json_object_set_new(layout, "local", json_string("alice"));
	json_object_set_new(layout, "others_heard", json_true());
	json_object_set_new(layout, "presets",
			    json_pack("[{s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i},"
				      "{s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}]",
				      "user", "", "stream_type", "main", "room", "102", "x", 0, "y",
				      0, "width", 2, "height", 2, "z", 0, "render", 0, "input", 0,
				      "user", "bob", "stream_type", "main", "room", "102", "x", 0,
				      "y", 0, "width", 2, "height", 2, "z", 0, "render", 0, "input",
				      0));
	far = json_deep_copy(first(message, "publishers"));
	json_object_set_new(far, "id", json_integer(13));
	json_object_set_new(far, "user", json_string("bob"));
	json_object_set_new(far, "room", json_string("102"));
	json_array_append_new(json_object_get(message, "publishers"), far);
	far = json_deep_copy(far);
	json_object_set_new(far, "id", json_integer(14));
	json_object_set_new(far, "stream_type", json_string("aux"));
	json_array_append_new(json_object_get(message, "publishers"), far);
	for (unsigned shard = 0; shard < 3; shard++) {
		assert_int_equal(
			tess_desired_parse(&desired, message, shard, 3, error, sizeof(error)), 0);
		/* once, though there are two places for him; not his screen */
		assert_int_equal(desired->guest_count, desired->mix_count);
		if (desired->mix_count) {
			const struct tess_desired_mix *mix = &desired->mixes[0];
			const struct tess_desired_publisher *guest =
				tess_desired_find_guest(desired, 13, "1400000001/number/101");

			assert_non_null(guest);
			assert_string_equal(guest->user, "bob");
			assert_string_equal(guest->room, "1400000001/number/101");
			assert_string_equal(guest->origin, "1400000001/number/102");
			assert_null(tess_desired_find_guest(desired, 13, "1400000001/number/102"));
			assert_null(tess_desired_find_guest(desired, 14, "1400000001/number/101"));
			assert_string_equal(mix->layout.local, "alice");
			assert_true(mix->layout.others_heard);
			assert_string_equal(mix->layout.presets[1].who.room,
					    "1400000001/number/102");
			seen++;
		}
		tess_desired_free(desired);
	}
	assert_int_equal(seen, 1);
	json_object_set_new(json_array_get(json_object_get(layout, "presets"), 0), "room",
			    json_integer(102));
	assert_int_equal(tess_desired_parse(&desired, message, 0, 1, error, sizeof(error)),
			 -EBADMSG);
	assert_string_equal(error, "mix 3: room is not a string");
	json_decref(message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_message),
		cmocka_unit_test(without_video),
		cmocka_unit_test(guests),
		cmocka_unit_test(bad_values_are_refused_by_name),
		cmocka_unit_test(pictures),
		cmocka_unit_test(twice_the_same_id),
		cmocka_unit_test(a_missing_list),
		cmocka_unit_test(each_room_falls_to_one_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
