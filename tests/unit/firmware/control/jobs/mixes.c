/* SPDX-License-Identifier: GPL-3.0-or-later
 * The state machine of a room's mix, through signed requests of the cloud API.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/client.h"
#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/jobs/desired.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/store/db.h"
#include "jobs/cloud_call.h"

#define APP 1400000123

static struct fixture f;
static const struct tess_cloud_room number = {APP, TESS_ROOM_ID_NUMBER, "101"};
static const struct tess_cloud_room string = {APP, TESS_ROOM_ID_STRING, "101"};

static void enter(const struct tess_cloud_room *room, const char *user)
{
	struct tess_publisher row = {.room = *room, .stream_type = "main"};

	(void)stpcpy(row.user, user);
	assert_int_equal(tess_rooms_enter(&f.control, &row, true, true), 0);
}

static int setup(void **state)
{
	(void)state;
	cloud_open(&f, APP);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void expect(const char *action, const char *body, const char *code)
{
	cloud_code(&f, action, body, code);
}

#define ENCODE                                                                                 \
	"\"EncodeParams\":{\"AudioSampleRate\":48000,\"AudioBitrate\":%d,\"AudioChannels\":2," \
	"\"VideoWidth\":%d,\"VideoHeight\":720,\"VideoBitrate\":1500,\"VideoFramerate\":15,"   \
	"\"VideoGop\":3},\"LayoutParams\":{\"Template\":1}"

struct start {
	const char *room; /* a member with its value */
	const char *output;
	int width, audio_kbps;
};

static void start(struct start with, const char *code)
{
	bool text = with.room && strstr(with.room, "StrRoomId");
	char body[1024];

	(void)snprintf(body, sizeof(body), "{\"SdkAppId\":%d,%s,\"OutputParams\":{%s}," ENCODE "}",
		       APP, with.room ? with.room : "\"RoomId\":101",
		       with.output ? with.output : "\"StreamId\":\"show\",\"RecordId\":\"file001\"",
		       with.audio_kbps ? with.audio_kbps : 64, with.width ? with.width : 1280);
	expect(text ? "StartMCUMixTranscodeByStrRoomId" : "StartMCUMixTranscode", body, code);
}

static void stop(const char *code)
{
	expect("StopMCUMixTranscode", "{\"SdkAppId\":1400000123,\"RoomId\":101}", code);
}

static struct tess_mix mix_of(const struct tess_cloud_room *room)
{
	struct tess_mix mix = {0};

	assert_int_equal(tess_store_mix_find(f.control.store, &mix, room), 0);
	return mix;
}

static bool has_mix(const struct tess_cloud_room *room)
{
	struct tess_mix mix;

	return tess_store_mix_find(f.control.store, &mix, room) == 0;
}

static int collect(void *arg, const struct tess_recording *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s:%s:%d ", row->stream, row->record_id, row->wanted);
	return 0;
}

static void expect_recordings(const char *list)
{
	char text[512] = "";

	assert_int_equal(tess_store_recordings_open(f.control.store, collect, text), 0);
	assert_string_equal(text, list);
}

static void test_life(void **state)
{
	struct tess_mix first, second;
	json_t *params;
	unsigned changes;

	(void)state;
	start((struct start){0}, "FailedOperation.RoomNotExist");
	stop("FailedOperation.RoomNotExist");
	enter(&number, "alice");
	stop("FailedOperation.MixSessionNotExist");
	changes = f.changes;
	start((struct start){0}, "");
	assert_int_equal(f.changes, changes + 1);
	first = mix_of(&number);
	assert_int_equal(first.epoch, 1);
	assert_string_equal(first.stream_id, "show");
	assert_string_equal(first.record_id, "file001");
	params = json_loads(first.params, 0, NULL);
	assert_json(params,
		    "{'video':{'width':1280,'height':720,'bitrate_kbps':1500,'frame_rate':15,"
		    "'gop_s':3,'background':0},"
		    "'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
		    "'layout':{'template':1,'render':0,'users':[],'pure_audio_hold_place':0}}");
	json_decref(params);
	expect_recordings("mix-1:file001:1 ");

	/* the same again: nothing */
	start((struct start){0}, "");
	second = mix_of(&number);
	assert_int_equal(second.id, first.id);
	assert_int_equal(second.epoch, 1);

	/* other parameters: in place; the sound stays as it is */
	start((struct start){.width = 960, .audio_kbps = 128}, "");
	second = mix_of(&number);
	assert_int_equal(second.id, first.id);
	assert_int_equal(second.epoch, 2);
	assert_non_null(strstr(second.params, "\"width\":960"));
	assert_non_null(strstr(second.params, "\"bitrate_kbps\":64"));
	start((struct start){.width = 960, .audio_kbps = 300}, "");
	assert_int_equal(mix_of(&number).epoch, 2);
	expect_recordings("mix-1:file001:1 ");

	stop("");
	assert_false(has_mix(&number));
	expect_recordings("mix-1:file001:0 ");
	stop("FailedOperation.MixSessionNotExist");
}

static void test_other_output(void **state)
{
	int64_t first;

	(void)state;
	enter(&number, "alice");
	start((struct start){0}, "");
	first = mix_of(&number).id;
	/* another file: the old one ends, the stream is a new one with the old name */
	start((struct start){.output = "\"StreamId\":\"show\",\"RecordId\":\"file002\""}, "");
	assert_int_not_equal(mix_of(&number).id, first);
	assert_string_equal(mix_of(&number).stream_id, "show");
	expect_recordings("mix-1:file001:0 mix-2:file002:1 ");
	/* another stream id, no file */
	start((struct start){.output = "\"StreamId\":\"other\""}, "");
	assert_string_equal(mix_of(&number).stream_id, "other");
	assert_string_equal(mix_of(&number).record_id, "");
	expect_recordings("mix-1:file001:0 mix-2:file002:0 ");
	/* a file alone */
	start((struct start){.output = "\"RecordId\":\"file003\""}, "");
	assert_string_equal(mix_of(&number).stream_id, "");
	expect_recordings("mix-1:file001:0 mix-2:file002:0 mix-4:file003:1 ");
	/* from picture to sound only: another kind of output */
	start((struct start){.output = "\"RecordId\":\"file003\",\"PureAudioStream\":1"}, "");
	expect_recordings("mix-1:file001:0 mix-2:file002:0 mix-4:file003:0 mix-5:file003:1 ");
	assert_non_null(strstr(mix_of(&number).params, "\"video\":null"));
	/* recorded as MP3: another file, of a stream of its own */
	start((struct start){.output = "\"RecordId\":\"file003\",\"PureAudioStream\":1,"
				       "\"RecordAudioOnly\":1"},
	      "");
	expect_recordings("mix-1:file001:0 mix-2:file002:0 mix-4:file003:0 mix-5:file003:0 "
			  "mix-6-mp3:file003:1 ");
	stop("");
	expect_recordings("mix-1:file001:0 mix-2:file002:0 mix-4:file003:0 mix-5:file003:0 "
			  "mix-6-mp3:file003:0 ");
}

/* RecordAudioOnly: MP3 whatever the application's formats are; what is watched stays. */
static void test_mp3(void **state)
{
	json_t *desired, *mix, *record, *none = json_array();
	int64_t id;

	(void)state;
	enter(&number, "alice");
	start((struct start){.output = "\"StreamId\":\"show\",\"RecordId\":\"file001\","
				       "\"RecordAudioOnly\":1"},
	      "");
	expect_recordings("mix-1-mp3:file001:1 ");
	assert_int_equal(tess_store_recording_of(f.control.store, &id, "mix-1"), 0);
	/* the same again changes nothing, another layout nothing of the recording */
	start((struct start){.width = 960,
			     .output = "\"StreamId\":\"show\",\"RecordId\":\"file001\","
				       "\"RecordAudioOnly\":1"},
	      "");
	assert_int_equal(mix_of(&number).epoch, 2);
	expect_recordings("mix-1-mp3:file001:1 ");
	assert_int_equal(tess_desired_media(&desired, &f.control, 1), 0);
	mix = json_array_get(json_object_get(desired, "mixes"), 0);
	assert_string_equal(json_string_value(json_object_get(mix, "stream")), "mix-1");
	assert_string_equal(json_string_value(json_object_get(mix, "mp3_stream")), "mix-1-mp3");
	assert_null(json_object_get(mix, "record_audio_only"));
	assert_true(json_is_object(json_object_get(mix, "video")));
	json_decref(desired);
	assert_int_equal(tess_desired_egress(&desired, &f.control, 1, none), 0);
	record = json_array_get(json_object_get(desired, "records"), 0);
	assert_json(json_object_get(record, "formats"), "['mp3']");
	assert_string_equal(json_string_value(json_object_get(record, "stream")), "mix-1-mp3");
	assert_json(json_object_get(desired, "live"),
		    "[{'stream':'mix-1','name':'show','app':1400000123}]");
	json_decref(desired);
	json_decref(none);
	/* without it: another output */
	start((struct start){0}, "");
	expect_recordings("mix-1-mp3:file001:0 mix-2:file001:1 ");
}

static void test_rooms_apart(void **state)
{
	(void)state;
	enter(&number, "alice");
	start((struct start){.room = "\"StrRoomId\":\"101\"", .output = "\"StreamId\":\"text\""},
	      "FailedOperation.RoomNotExist");
	enter(&string, "alice");
	start((struct start){0}, "");
	/* a stream id belongs to one room at a time */
	start((struct start){.room = "\"StrRoomId\":\"101\""}, "InvalidParameter.StreamId");
	assert_false(has_mix(&string));
	start((struct start){.room = "\"StrRoomId\":\"101\"", .output = "\"StreamId\":\"text\""},
	      "");
	stop("");
	assert_false(has_mix(&number));
	assert_true(has_mix(&string));
	start((struct start){.room = "\"StrRoomId\":\"101\""}, "");
	expect("StopMCUMixTranscodeByStrRoomId", "{\"SdkAppId\":1400000123,\"StrRoomId\":\"101\"}",
	       "");
	assert_false(has_mix(&string));
}

static void test_last_leaves(void **state)
{
	(void)state;
	enter(&number, "alice");
	enter(&number, "bob");
	start((struct start){0}, "");
	assert_int_equal(tess_rooms_leave(&f.control, &number, "alice", NULL), 0);
	assert_true(has_mix(&number));
	assert_int_equal(tess_rooms_leave(&f.control, &number, "bob", "main"), 0);
	assert_false(has_mix(&number));
	expect_recordings("mix-1:file001:0 ");
	start((struct start){0}, "FailedOperation.RoomNotExist");
}

static void test_restart(void **state)
{
	int64_t id;

	(void)state;
	enter(&number, "alice");
	start((struct start){0}, "");
	start((struct start){.width = 960}, "");
	id = mix_of(&number).id;
	fixture_restart(&f);
	assert_int_equal(mix_of(&number).id, id);
	assert_int_equal(mix_of(&number).epoch, 2);
	start((struct start){.width = 960}, "");
	assert_int_equal(mix_of(&number).epoch, 2);
	expect_recordings("mix-1:file001:1 ");
}

static void test_too_often(void **state)
{
	(void)state;
	enter(&number, "alice");
	enter(&string, "alice");
	for (int i = 0; i < TESS_ROOMS_MAX_STARTS; i++)
		start((struct start){.width = 640 + 2 * i}, "");
	start((struct start){0}, "FailedOperation.RestrictedFrequency");
	assert_int_equal(mix_of(&number).epoch, TESS_ROOMS_MAX_STARTS);
	/* each room for itself, and for a second */
	start((struct start){.room = "\"StrRoomId\":\"101\"", .output = "\"RecordId\":\"r\""}, "");
	fixture_advance(&f, 1000000);
	start((struct start){0}, "");
}

static void test_keys(void **state)
{
	struct tess_application other = {.id = 5, .name = "other"};

	(void)state;
	enter(&number, "alice");
	assert_int_equal(tess_store_application_add(f.control.store, &other), 0);
	expect("StopMCUMixTranscode", "{\"SdkAppId\":5,\"RoomId\":101}",
	       "UnauthorizedOperation.SdkAppId");
	expect("StopMCUMixTranscode", "{\"SdkAppId\":6,\"RoomId\":101}",
	       "UnauthorizedOperation.SdkAppId");
	assert_int_equal(tess_store_key_enable(f.control.store, APP, SECRET_ID, false), 0);
	stop("AuthFailure.SecretIdNotFound");
	assert_int_equal(tess_store_key_remove(f.control.store, APP, SECRET_ID), 0);
	stop("AuthFailure.SecretIdNotFound");
	fixture_advance(&f, (int64_t)301 * 1000000);
	stop("AuthFailure.SignatureExpire");
	assert_int_equal(f.control.http.cloud, 5);
	assert_int_equal(f.control.http.cloud_errors, 5);
}

static int64_t pages(const char *pragma)
{
	struct tess_query q = tess_query(tess_store_db(f.control.store), pragma);
	int64_t count = 0;

	assert_int_equal(tess_query_row(&q), 1);
	count = tess_column_int(&q, 0);
	assert_int_equal(tess_query_end(&q), 0);
	return count;
}

/* The disk is full: refused as a whole, nothing half done is told to the others; then it has room
 * again. */
static void test_full_disk(void **state)
{
	char limit[64];
	unsigned changes;
	int64_t id;

	(void)state;
	enter(&number, "alice");
	start((struct start){0}, "");
	id = mix_of(&number).id;
	/* so many audit entries that no free page is left for what comes next */
	(void)snprintf(limit, sizeof(limit), "PRAGMA max_page_count=%lld",
		       (long long)pages("PRAGMA page_count"));
	assert_int_equal(tess_db_script(tess_store_db(f.control.store), limit), 0);
	for (int i = 0; i < 1000; i++) {
		struct tess_audit entry = {0, 1, "who", "address", "action", "a longer target"};

		if (tess_store_audit_add(f.control.store, &entry) == -ENOSPC)
			break;
		assert_int_not_equal(i, 999);
	}
	changes = f.changes;
	for (int i = 0; i < 100; i++) {
		struct tess_publisher row = {.room = string, .stream_type = "main"};
		int rc;

		(void)sprintf(row.user, "user%d", i);
		rc = tess_rooms_enter(&f.control, &row, true, true);
		if (rc) {
			assert_int_equal(rc, -ENOSPC);
			break;
		}
		assert_int_not_equal(i, 99);
		changes++;
	}
	assert_int_equal(f.changes, changes);
	assert_int_equal(mix_of(&number).id, id);

	assert_int_equal(
		tess_db_script(tess_store_db(f.control.store), "PRAGMA max_page_count=1000000"), 0);
	start((struct start){.output = "\"StreamId\":\"other\""}, "");
	expect_recordings("mix-1:file001:0 ");
}

static void test_no_room(void **state)
{
	json_t *message = json_of("{'engines':[{'name':'soft','device':'cpu','state':'ok',"
				  "'shared':true,'capacity':{'decode':100,'compose':100,"
				  "'encode':100},'used':{'decode':80},'max_load':0.85}]}");

	(void)state;
	enter(&number, "alice");
	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, 1);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, message, 0), 0);
	json_decref(message);
	start((struct start){0}, "ResourceInsufficient.RequestRejection");
	assert_false(has_mix(&number));
	/* what is wrong with the request or the room is told before */
	start((struct start){.output = "\"StreamId\":\"a b\""}, "InvalidParameter.StreamId");
	start((struct start){.room = "\"StrRoomId\":\"nobody\""}, "FailedOperation.RoomNotExist");
	stop("FailedOperation.MixSessionNotExist");
	for (int i = 0; i < 19; i++)
		start((struct start){0}, "ResourceInsufficient.RequestRejection");
	start((struct start){0}, "FailedOperation.RestrictedFrequency");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mp3, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rooms_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_often, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
