/* SPDX-License-Identifier: GPL-3.0-or-later
 * Mixes that users start: by the admin API and by the link's message, beside those of the cloud
 * API.
 */
#include <stdio.h>
#include <string.h>

#include "cloud/client.h"
#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/http/dispatch.h"
#include "firmware/control/jobs/client_mix.h"
#include "firmware/control/jobs/rooms.h"
#include "fixture.h"

#define ROOM "/api/v1/applications/1400000001/rooms/101"
#define MIX  ROOM "/mix"
#define MINE ROOM "/users/anna/mix"

static struct fixture f;
static const struct tess_cloud_room room = {1400000001, TESS_ROOM_ID_NUMBER, "101"};

static int setup(void **state)
{
	struct tess_api_key key = {.secret_id = SECRET_ID,
				   .secret_key = SECRET_KEY,
				   .application = 1400000001,
				   .enabled = true};

	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	assert_int_equal(tess_store_key_add(f.control.store, &key), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

/* Sign and send to the cloud API; the code of the answer, "" = success. */
static void cloud(const char *action, const char *body, const char *code)
{
	struct tess_response response;
	struct tess_request request;
	struct client client;
	const char *got = "";
	json_t *json;

	client_setup(&client, action, body);
	client_sign(&client);
	request = (struct tess_request){
		.method = "POST",
		.path = "/",
		.query = "",
		.get_header = client.request.get_header,
		.header_arg = client.request.header_arg,
		.body = body,
		.body_length = strlen(body),
		.address = "192.0.2.1",
	};
	tess_response_init(&response);
	tess_dispatch(&f.control, &request, &response);
	json = json_loads(response.body, 0, NULL);
	assert_int_equal(json_unpack(json, "{s:{s?:{s:s}}}", "Response", "Error", "Code", &got), 0);
	if (strcmp(got, code) != 0)
		fail_msg("%s: %s", action, response.body);
	json_decref(json);
	tess_response_fini(&response);
}

#define ENCODE                                                                             \
	"\"EncodeParams\":{\"AudioSampleRate\":48000,\"AudioBitrate\":64,"                 \
	"\"AudioChannels\":2,\"VideoWidth\":640,\"VideoHeight\":360,\"VideoBitrate\":500," \
	"\"VideoFramerate\":15,\"VideoGop\":3},\"LayoutParams\":{}"
#define START \
	"{\"SdkAppId\":1400000001,\"RoomId\":101,\"OutputParams\":{\"StreamId\":\"show\"}," ENCODE
#define WHERE "{\"SdkAppId\":1400000001,\"RoomId\":101}"

static bool has_mix(struct tess_mix *mix)
{
	return tess_store_mix_find(f.control.store, mix, &room) == 0;
}

static void enter_sending(const char *user, const char *stream_type, bool video, bool audio)
{
	struct tess_publisher row = {.room = room};

	(void)stpcpy(row.user, user);
	(void)stpcpy(row.stream_type, stream_type);
	assert_int_equal(tess_rooms_enter(&f.control, &row, video, audio), 0);
}

static void leave(const char *user, const char *stream_type)
{
	assert_int_equal(tess_rooms_leave(&f.control, &room, user, stream_type), 0);
}

static void test_life(void **state)
{
	struct tess_mix mix;

	(void)state;
	fixture_user(&f, "anna");
	fixture_user(&f, "bob");
	fixture_refused(&f, "POST", MINE, "{'config':null}", 404,
			"FailedOperation.MixSessionNotExist", "config");
	fixture_call(&f, "POST", MINE, "{'config':{'mode':'PureAudio'}}", 200);
	assert_string_equal(fixture_text(&f, "starter"), "anna");
	assert_string_equal(fixture_text(&f, "stream_id"), "1400000001_101_anna_main");
	assert_true(json_is_null(json_object_get(f.json, "video")));
	/* again: nothing happens; the sound stays as it is */
	fixture_call(&f, "POST", MINE, "{'config':{'mode':2,'audioBitrate':128}}", 200);
	assert_int_equal(fixture_int(&f, "epoch"), 1);
	/* a picture is another output */
	fixture_call(&f, "POST", MINE,
		     "{'stream_id':'own','record_id':'tape','config':{'mode':3,'videoWidth':640,"
		     "'videoHeight':360,'videoBitrate':500,'mixUsers':[{'userId':"
		     "'$PLACE_HOLDER_LOCAL_MAIN$','width':640,'height':360}]}}",
		     200);
	assert_int_equal(fixture_int(&f, "id"), 2);
	assert_string_equal(fixture_text(&f, "stream_id"), "own");
	assert_string_equal(fixture_text(&f, "record_id"), "tape");
	assert_int_equal(fixture_int(&f, "recording"), 1);
	/* a change in place */
	fixture_call(
		&f, "POST", MINE,
		"{'stream_id':'own','record_id':'tape','config':{'mode':1,'videoWidth':320,"
		"'videoHeight':180,'videoBitrate':300,'mixUsers':[{'userId':'anna','width':320,"
		"'height':180}]}}",
		200);
	assert_int_equal(fixture_int(&f, "id"), 2);
	assert_int_equal(fixture_int(&f, "epoch"), 2);
	/* somebody else's it is not */
	fixture_refused(&f, "POST", ROOM "/users/bob/mix", "{'config':{'mode':2}}", 409,
			"FailedOperation.RequestRejection", "config");
	fixture_refused(&f, "POST", ROOM "/users/bob/mix", "{'config':null}", 404,
			"FailedOperation.MixSessionNotExist", "config");
	fixture_call(&f, "POST", MINE, "{'config':null}", 204);
	assert_false(has_mix(&mix));
	fixture_call(&f, "POST", ROOM "/users/bob/mix", "{'config':{'mode':2}}", 200);
	assert_string_equal(fixture_text(&f, "starter"), "bob");
}

/* The kind of the one live stream with this name, "" for none. */
static const char *kind_of(const char *name)
{
	const char *kind = "";
	json_t *stream;
	size_t i;

	fixture_call(&f, "GET", "/api/v1/streams", NULL, 200);
	json_array_foreach(json_object_get(f.json, "streams"), i, stream)
	{
		if (strcmp(json_string_value(json_object_get(stream, "name")), name) != 0)
			continue;
		assert_string_equal(kind, "");
		kind = json_string_value(json_object_get(stream, "kind"));
	}
	return kind;
}

/* A user's mix goes onto the user's own stream: while it is there it has the name. */
static void test_onto_own_stream(void **state)
{
	static const char anna[] = "1400000001_101_anna_main", bob[] = "1400000001_101_bob_main";
	struct tess_mix mix;

	(void)state;
	fixture_call(&f, "PATCH", "/api/v1/applications/1400000001", "{'live_all':true}", 200);
	fixture_user(&f, "anna");
	fixture_user(&f, "bob");
	assert_string_equal(kind_of(anna), "user");
	fixture_call(&f, "POST", MINE, "{'config':{'mode':'PureAudio'}}", 200);
	assert_string_equal(fixture_text(&f, "stream_id"), anna);
	assert_string_equal(kind_of(anna), "mix");
	assert_string_equal(kind_of(bob), "user");
	/* also after the settings were changed; what another sends it does not take */
	fixture_call(&f, "PATCH", "/api/v1/applications/1400000001", "{'name':'x'}", 200);
	fixture_refused(&f, "POST", MINE,
			"{'stream_id':'1400000001_101_bob_main','config':{'mode':'PureAudio'}}",
			400, "InvalidParameter.StreamId", "config");
	assert_true(has_mix(&mix));
	fixture_call(&f, "POST", MINE, "{'config':null}", 204);
	assert_string_equal(kind_of(anna), "user");
}

static void test_bad_calls(void **state)
{
	(void)state;
	fixture_user(&f, "anna");
	fixture_refused(&f, "POST", MINE, "{}", 400, "missing_parameter", "config");
	fixture_refused(&f, "POST", MINE, "{'config':7}", 400, "InvalidParameter", "config");
	fixture_refused(&f, "POST", MINE, "{'config':{}}", 400, "MissingParameter", "config");
	fixture_refused(&f, "POST", MINE, "{'config':{'mode':2},'x':1}", 400, "invalid_parameter",
			"x");
	fixture_refused(&f, "POST", MINE, "{'config':{'mode':2},'stream_id':'a b'}", 400,
			"invalid_parameter", "stream_id");
	fixture_refused(&f, "POST", MINE, "{'config':{'mode':2},'record_id':'a b'}", 400,
			"invalid_parameter", "record_id");
	fixture_refused(&f, "POST", ROOM "/users/zoe/mix", "{'config':{'mode':2}}", 404,
			"FailedOperation.RoomNotExist", "config");
	fixture_refused(&f, "POST", ROOM "/users/a%20b/mix", "{'config':{'mode':2}}", 404,
			"not_found", "");
	/* only who sends sound can start one */
	enter_sending("mute", "main", true, false);
	fixture_refused(&f, "POST", ROOM "/users/mute/mix", "{'config':{'mode':2}}", 409,
			"FailedOperation.RequestRejection", "config");
	/* a stream that is another room's */
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/x/users", "{'user':'a'}",
		     201);
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/x/mix",
		     "{'stream_id':'taken'}", 200);
	fixture_refused(&f, "POST", MINE, "{'config':{'mode':2,'streamId':'taken'}}", 400,
			"InvalidParameter.StreamId", "config");
}

static void test_exclusion(void **state)
{
	struct tess_mix mix;

	(void)state;
	fixture_user(&f, "anna");
	/* the API's mix: a user may not */
	cloud("StartMCUMixTranscode", START "}", "");
	fixture_refused(&f, "POST", MINE, "{'config':{'mode':2}}", 409,
			"FailedOperation.RequestRejection", "config");
	fixture_refused(&f, "POST", MINE, "{'config':null}", 404,
			"FailedOperation.MixSessionNotExist", "config");
	cloud("StopMCUMixTranscode", WHERE, "");
	/* the user's mix: the API may not, neither start nor stop */
	fixture_call(&f, "POST", MINE, "{'config':{'mode':2}}", 200);
	cloud("StartMCUMixTranscode", START "}", "FailedOperation.RequestRejection");
	fixture_refused(&f, "POST", MIX, "{'stream_id':'show'}", 409,
			"FailedOperation.RequestRejection", "");
	cloud("StopMCUMixTranscode", WHERE, "FailedOperation.RequestRejection");
	assert_true(has_mix(&mix));
	assert_string_equal(mix.starter, "anna");
	/* but the administrator can end it */
	fixture_call(&f, "DELETE", MIX, NULL, 204);
	cloud("StartMCUMixTranscode", START "}", "");
	assert_true(has_mix(&mix));
	assert_string_equal(mix.starter, "");
}

static void test_ends_with_the_starter(void **state)
{
	struct tess_mix mix;

	(void)state;
	fixture_user(&f, "anna");
	fixture_user(&f, "bob");
	enter_sending("anna", "aux", true, false);
	fixture_call(&f, "POST", MINE, "{'config':{'mode':2},'record_id':'tape'}", 200);
	leave("bob", NULL);
	assert_true(has_mix(&mix));
	leave("anna", "main"); /* the screen is still shared */
	assert_true(has_mix(&mix));
	fixture_user(&f, "bob");
	leave("anna", NULL);
	assert_false(has_mix(&mix));
	/* a mix of the API goes on until the last one leaves */
	cloud("StartMCUMixTranscode", START "}", "");
	fixture_user(&f, "anna");
	leave("bob", NULL);
	assert_true(has_mix(&mix));
	leave("anna", NULL);
	assert_false(has_mix(&mix));
	cloud("StopMCUMixTranscode", WHERE, "FailedOperation.RoomNotExist");
}

static int count_record(void *arg, const struct tess_recording *row)
{
	*(unsigned *)arg += row->wanted;
	return 0;
}

/* A mix is there or not, never just ending: what follows its end finds the room as it is. */
static void test_dismissed(void **state)
{
	struct tess_mix mix;
	unsigned wanted = 0;

	(void)state;
	cloud("DismissRoom", WHERE, "FailedOperation.RoomNotExist");
	fixture_user(&f, "anna");
	fixture_user(&f, "bob");
	cloud("StartMCUMixTranscode",
	      "{\"SdkAppId\":1400000001,\"RoomId\":101,\"OutputParams\":{\"RecordId\":\"r\"}"
	      "," ENCODE "}",
	      "");
	cloud("DismissRoom", WHERE, "");
	assert_false(has_mix(&mix));
	assert_int_equal(tess_store_recordings_open(f.control.store, count_record, &wanted), 0);
	assert_int_equal(wanted, 0); /* the file is to end */
	fixture_call(&f, "GET", ROOM, NULL, 404);
	cloud("StartMCUMixTranscode", START "}", "FailedOperation.RoomNotExist");
	cloud("StopMCUMixTranscode", WHERE, "FailedOperation.RoomNotExist");
	cloud("DismissRoom", WHERE, "FailedOperation.RoomNotExist");
	/* the next ones in the room begin anew, also directly after a stop */
	fixture_user(&f, "anna");
	cloud("StopMCUMixTranscode", WHERE, "FailedOperation.MixSessionNotExist");
	cloud("StartMCUMixTranscode", START "}", "");
	cloud("StopMCUMixTranscode", WHERE, "");
	cloud("StartMCUMixTranscode", START "}", "");
	assert_true(has_mix(&mix));
	assert_int_equal(mix.id, 3);
	cloud("StopMCUMixTranscode", WHERE, "");
	/* a user's mix ends with the room too */
	fixture_call(&f, "POST", MINE, "{'config':{'mode':2}}", 200);
	cloud("DismissRoom", WHERE, "");
	assert_false(has_mix(&mix));
}

static void tell_screen(int64_t id, int width, int height)
{
	json_t *facts = json_pack("{s:[{s:I,s:{s:i,s:i}}]}", "publishers", "id", (json_int_t)id,
				  "video", "width", width, "height", height);

	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, FIXTURE_UTC_US);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, facts, 0), 0);
	json_decref(facts);
	tess_client_mix_follow_screens(&f.control);
}

static void assert_size(json_int_t width, json_int_t height, json_int_t epoch)
{
	fixture_call(&f, "GET", MIX, NULL, 200);
	assert_int_equal(fixture_int(&f, "video.width"), width);
	assert_int_equal(fixture_int(&f, "video.height"), height);
	assert_int_equal(fixture_int(&f, "epoch"), epoch);
}

static void test_as_large_as_the_screen(void **state)
{
	json_t *places;

	(void)state;
	fixture_user(&f, "anna");
	fixture_call(&f, "POST", MINE, "{'config':{'mode':4}}", 200);
	assert_size(1280, 720, 1); /* none was seen yet */
	tell_screen(1, 640, 360);  /* the camera is no screen */
	assert_size(1280, 720, 1);
	enter_sending("anna", "aux", true, false);
	assert_size(1280, 720, 1);
	tell_screen(2, 0, 0); /* no picture was decoded yet */
	assert_size(1280, 720, 1);
	f.changes = 0;
	tell_screen(2, 2560, 1600);
	assert_size(1920, 1200, 2);
	assert_int_equal(f.changes, 1);
	assert_int_equal(fixture_int(&f, "video.bitrate_kbps"), 2468);
	places = json_object_get(json_object_get(f.json, "layout"), "presets");
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
			json_integer_value(json_object_get(json_array_get(places, i), "width")),
			1920);
		assert_int_equal(
			json_integer_value(json_object_get(json_array_get(places, i), "height")),
			1200);
	}
	/* a sender that saves bit rate does not change it */
	tell_screen(2, 1280, 800);
	assert_size(1920, 1200, 2);
	/* nor does the same call again, whether the screen is there or not */
	tell_screen(2, 2560, 1600);
	fixture_call(&f, "POST", MINE, "{'config':{'mode':4}}", 200);
	assert_size(1920, 1200, 2);
	leave("anna", "aux");
	fixture_call(&f, "POST", MINE, "{'config':{'mode':4}}", 200);
	assert_size(1920, 1200, 2);
	/* the next share has its own size */
	enter_sending("anna", "aux", true, false);
	tell_screen(3, 1366, 768);
	assert_size(1366, 768, 3);
	/* a size that is given stays */
	fixture_call(&f, "POST", MINE, "{'config':{'mode':4,'videoWidth':800,'videoHeight':600}}",
		     200);
	leave("anna", "aux");
	enter_sending("anna", "aux", true, false);
	tell_screen(4, 1366, 768);
	assert_size(800, 600, 4);
}

/* a room's users are taken into a few other rooms' mixes, not into any number of them */
static void test_joined(void **state)
{
	static const char config[] =
		"{'config':{'mode':1,'videoWidth':320,'videoHeight':180,'videoBitrate':300,"
		"'mixUsers':[{'userId':'anna','roomId':'%s','width':320,'height':180}]}}";
	char path[128], body[256];

	(void)state;
	for (unsigned i = 0; i <= TESS_CLIENT_MAX_JOINED; i++) {
		(void)snprintf(path, sizeof(path), "/api/v1/applications/1400000001/rooms/%u/users",
			       200 + i);
		fixture_call(&f, "POST", path, "{'user':'host'}", 201);
		(void)snprintf(body, sizeof(body), config, "101");
		(void)strcat(path, "/host/mix");
		if (i < TESS_CLIENT_MAX_JOINED)
			fixture_call(&f, "POST", path, body, 200);
		else
			fixture_refused(&f, "POST", path, body, 409,
					"FailedOperation.RequestRejection", "config");
	}
	/* into another room's they can; and who is in already may go on */
	(void)snprintf(body, sizeof(body), config, "102");
	fixture_call(&f, "POST", path, body, 200);
	(void)snprintf(body, sizeof(body), config, "101");
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/200/users/host/mix", body,
		     200);
}

/* what a link sends and gets */
static void message(const char *text, const char *answer)
{
	json_t *json = json_of(text), *got = tess_client_mix_message(&f.control, json);

	json_object_del(got, "message");
	assert_json(got, answer);
	json_decref(json);
	json_decref(got);
}

static void test_link(void **state)
{
	struct tess_mix mix;

	(void)state;
	fixture_user(&f, "anna");
	message("{'type':'client_mix','request':7,'app':1400000001,'room_type':'number',"
		"'room':'101','user':'anna','stream_id':'own','record_id':'tape',"
		"'config':{'mode':2}}",
		"{'type':'client_mix_answer','request':7,'code':''}");
	assert_true(has_mix(&mix));
	assert_string_equal(mix.stream_id, "own");
	assert_string_equal(mix.record_id, "tape");
	assert_string_equal(mix.starter, "anna");
	message("{'request':8,'app':1400000001,'room_type':'string','room':'101','user':'anna',"
		"'config':{'mode':2}}",
		"{'type':'client_mix_answer','request':8,"
		"'code':'FailedOperation.RoomNotExist'}");
	message("{'request':9,'app':1400000001,'room_type':'number','room':'101','user':'anna',"
		"'config':{'mode':9}}",
		"{'type':'client_mix_answer','request':9,'code':'InvalidParameter'}");
	message("{'request':10,'app':1400000001,'room_type':'number','user':'anna'}",
		"{'type':'client_mix_answer','request':10,'code':'InvalidParameter'}");
	message("{'request':11,'app':'x','room_type':'number','room':'1','user':'anna'}",
		"{'type':'client_mix_answer','request':11,'code':'InvalidParameter'}");
	assert_true(has_mix(&mix));
	message("{'request':12,'app':1400000001,'room_type':'number','room':'101','user':'anna',"
		"'config':null}",
		"{'type':'client_mix_answer','request':12,'code':''}");
	assert_false(has_mix(&mix));
}

static int note_relay(void *arg, const struct tess_relay *row, const char *stream)
{
	char *url = arg, mix[32];

	tess_rooms_stream(mix, row->mix);
	assert_string_equal(stream, mix);
	assert_string_equal(url, ""); /* one at most */
	(void)stpcpy(url, row->url);
	return 0;
}

/* Where the one mix there is is pushed to. */
static void expect_relay(const char *want)
{
	char url[TESS_RELAY_URL_MAX + 1] = "";

	assert_int_equal(tess_store_relays_wanted(f.control.store, note_relay, url), 0);
	assert_string_equal(url, want);
}

/* the other CDN's address: kept, and told without its secret */
static void test_publish(void **state)
{
	static const char with[] = START ",\"PublishCdnParams\":{\"BizId\":42,\"PublishCdnUrls\":["
					 "\"rtmp://cdn.example/live/KEY?txSecret=S\"]}}";
	struct tess_mix mix;

	(void)state;
	fixture_user(&f, "anna");
	cloud("StartMCUMixTranscode", with, "");
	assert_true(has_mix(&mix));
	assert_string_equal(mix.publish, "{\"biz_id\":42,\"url\":\"rtmp://cdn.example/live/"
					 "KEY?txSecret=S\"}");
	fixture_call(&f, "GET", MIX, NULL, 200);
	assert_json(json_object_get(f.json, "publish"),
		    "{'biz_id':42,'url':'rtmp://cdn.example/live/***'}");
	expect_relay("rtmp://cdn.example/live/KEY?txSecret=S");
	fixture_call(&f, "GET", "/api/v1/rooms", NULL, 200);
	assert_null(strstr(f.response.body, "KEY"));
	fixture_call(&f, "GET", "/api/v1/mixes", NULL, 200);
	assert_null(strstr(f.response.body, "KEY"));
	fixture_call(&f, "GET", "/api/v1/audit", NULL, 200);
	assert_null(strstr(f.response.body, "KEY"));
	/* it outlives control */
	fixture_restart(&f);
	assert_true(has_mix(&mix));
	assert_int_equal(mix.epoch, 1);
	cloud("StartMCUMixTranscode", with, ""); /* as before */
	assert_true(has_mix(&mix));
	assert_int_equal(mix.epoch, 1);
	expect_relay("rtmp://cdn.example/live/KEY?txSecret=S");
	/* changed and taken away in place */
	fixture_call(&f, "POST", MIX,
		     "{'stream_id':'show','publish':{'biz_id':43,'url':'rtmps://b.example/a/K'}}",
		     200);
	expect_relay("rtmps://b.example/a/K");
	fixture_call(&f, "POST", MIX,
		     "{'stream_id':'show','video':{'width':640,'height':360,'bitrate_kbps':500},"
		     "'publish':{'biz_id':43,'url':'srt://cdn.example:9000?streamid=KEY'}}",
		     200);
	assert_json(json_object_get(f.json, "publish"),
		    "{'biz_id':43,'url':'srt://cdn.example:9000?***'}");
	assert_int_equal(fixture_int(&f, "id"), 1);
	assert_int_equal(fixture_int(&f, "epoch"), 3);
	expect_relay("srt://cdn.example:9000?streamid=KEY");
	fixture_call(&f, "POST", MIX, "{'stream_id':'show'}", 200);
	assert_true(json_is_null(json_object_get(f.json, "publish")));
	expect_relay("");
	/* without a name the stream is pushed all the same, and ends with its mix */
	fixture_call(&f, "POST", MIX,
		     "{'record_id':'file','publish':{'biz_id':1,'url':'rtmp://a/b/c'}}", 200);
	expect_relay("rtmp://a/b/c");
	fixture_call(&f, "DELETE", MIX, NULL, 204);
	expect_relay("");
	fixture_call(&f, "POST", MIX, "{'stream_id':'show'}", 200);
	fixture_refused(&f, "POST", MIX, "{'stream_id':'show','publish':{'url':'rtmp://a/b'}}", 400,
			"MissingParameter.BizId", "publish");
	fixture_refused(&f, "POST", MIX, "{'stream_id':'show','publish':{'biz_id':1}}", 400,
			"MissingParameter.PublishCdnUrls", "publish");
	fixture_refused(&f, "POST", MIX,
			"{'stream_id':'show','publish':{'biz_id':1,'url':'http://a/b'}}", 400,
			"InvalidParameter.PublishCdnUrls", "publish");
	fixture_refused(&f, "POST", MIX,
			"{'stream_id':'show','publish':{'biz_id':0,'url':'rtmp://a/b'}}", 400,
			"InvalidParameter.BizId", "publish");
	fixture_refused(&f, "POST", MIX, "{'stream_id':'show','publish':{'key':1}}", 400,
			"invalid_parameter", "publish.key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_calls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exclusion, setup, teardown),
		cmocka_unit_test_setup_teardown(test_onto_own_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ends_with_the_starter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dismissed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_as_large_as_the_screen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_joined, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_publish, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
