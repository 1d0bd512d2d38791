/* SPDX-License-Identifier: GPL-3.0-or-later
 * Mixes over the admin API: the same rules as the cloud's, what goes wrong named by our members.
 */
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"

#define MIX "/api/v1/applications/1400000001/rooms/101/mix"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void take(enum tess_process process, const char *text)
{
	json_t *message = json_of(text);

	tess_facts_up(f.control.facts, process, FIXTURE_UTC_US);
	assert_int_equal(tess_facts_take(f.control.facts, process, message, 0), 0);
	json_decref(message);
}

static void test_life(void **state)
{
	(void)state;
	fixture_refused(&f, "POST", MIX, "{'stream_id':'show'}", 404,
			"FailedOperation.RoomNotExist", "");
	fixture_user(&f, "alice");
	fixture_refused(&f, "GET", MIX, NULL, 404, "not_found", "");
	fixture_refused(&f, "DELETE", MIX, NULL, 404, "not_found", "");
	fixture_call(&f, "POST", MIX,
		     "{'room_type':'number','stream_id':'my show','record_id':'file001',"
		     "'video':{'width':640,'height':361},'layout':{'users':['alice']}}",
		     400); /* a blank in the stream id */
	assert_string_equal(fixture_text(&f, "error.field"), "stream_id");
	fixture_call(&f, "POST", MIX,
		     "{'stream_id':'show','record_id':'file001',"
		     "'record_audio_only':false,"
		     "'video':{'width':640,'height':361},'layout':{'users':['alice']}}",
		     200);
	assert_json(
		f.json,
		"{'id':1,'application':1400000001,'room':'101','room_type':'number',"
		"'stream':'mix-1','epoch':1,'stream_id':'show','record_id':'file001',"
		"'record_audio_only':false,'mode':'',"
		"'starter':'','publish':null,"
		"'started':'2023-11-14T22:13:20.000Z','state':'unknown','error':'',"
		"'video':{'width':640,'height':360,'bitrate_kbps':1500,'frame_rate':15,'gop_s':3,"
		"'background':0},'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
		"'layout':{'template':1,'render':0,'users':['alice'],"
		"'pure_audio_hold_place':0},'frames':0,'bitrate_bps':0,'frame_rate':0.0,"
		"'latency_p95_us':0,'tiles':[],'flv_url':'http://box.lan:8088/live/show.flv',"
		"'rtmp_url':'rtmp://box.lan/live/show',"
		"'hls_url':'http://box.lan:8088/live/show.m3u8',"
		"'viewers':0,'recording':1,'warnings':[]}");

	take(TESS_PROCESS_EGRESS, "{'live':[{'name':'show','viewers':2,'bytes_sent':77,"
				  "'bitrate_bps':1500000}]}");
	take(TESS_PROCESS_MEDIA, "{'mixes':[]}");
	fixture_call(&f, "GET", MIX, NULL, 200);
	assert_string_equal(fixture_text(&f, "state"), "starting");
	take(TESS_PROCESS_MEDIA,
	     "{'mixes':[{'id':1,'epoch':1,'state':'running','error':'','frames':300,"
	     "'bitrate_bps':1480000,'frame_rate':15.0,'latency_p95_us':40000,"
	     "'tiles':[{'user':'alice','stream_type':'main','x':0,'y':0,'width':640,"
	     "'height':360}]}]}");
	(void)stpcpy(f.config.egress.public_url, "https://tv.example/");
	fixture_call(&f, "POST", MIX, "{'stream_id':'show','record_id':'file001'}", 200);
	assert_int_equal(fixture_int(&f, "epoch"), 2);
	assert_string_equal(fixture_text(&f, "state"), "running");
	assert_int_equal(fixture_int(&f, "frames"), 300);
	assert_int_equal(fixture_int(&f, "viewers"), 2);
	assert_string_equal(fixture_text(&f, "flv_url"), "https://tv.example/live/show.flv");
	assert_int_equal(json_array_size(json_object_get(f.json, "tiles")), 1);

	fixture_call(&f, "GET", "/api/v1/mixes", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "mixes")), 1);
	fixture_call(&f, "GET", "/api/v1/streams", NULL, 200);
	assert_json(f.json, "{'streams':[{'stream':'mix-1','name':'show','kind':'mix',"
			    "'application':1400000001,'room':'101','room_type':'number',"
			    "'state':'running','bitrate_bps':1500000,'viewers':2,'bytes_sent':77,"
			    "'flv_url':'https://tv.example/live/show.flv',"
			    "'rtmp_url':'rtmp://tv.example/live/show',"
			    "'hls_url':'https://tv.example/live/show.m3u8'}]}");
	fixture_call(&f, "GET", "/api/v1/rooms", NULL, 200);
	assert_non_null(strstr(f.response.body, "\"mix\":{"));

	/* a file alone, sound only */
	fixture_call(&f, "POST", MIX, "{'record_id':'x','video':null}", 200);
	assert_true(json_is_null(json_object_get(f.json, "video")));
	assert_string_equal(fixture_text(&f, "flv_url"), "");
	assert_int_equal(fixture_int(&f, "recording"), 2);
	/* the recording alone of sound, as MP3 */
	fixture_call(&f, "POST", MIX, "{'stream_id':'s','record_id':'x','record_audio_only':true}",
		     200);
	assert_true(json_is_true(json_object_get(f.json, "record_audio_only")));
	assert_true(json_is_object(json_object_get(f.json, "video")));
	assert_int_equal(fixture_int(&f, "recording"), 3);
	fixture_call(&f, "POST", MIX, "{'record_id':'x','video':null}", 200);
	fixture_call(&f, "GET", "/api/v1/streams", NULL, 200);
	assert_json(f.json, "{'streams':[]}");
	fixture_call(&f, "POST", MIX, "{'stream_id':'a%b'}", 200);
	assert_string_equal(fixture_text(&f, "flv_url"), "https://tv.example/live/a%25b.flv");
	assert_true(json_is_null(json_object_get(f.json, "recording")));
	fixture_call(&f, "DELETE", MIX, NULL, 204);
	fixture_call(&f, "GET", "/api/v1/mixes", NULL, 200);
	assert_json(f.json, "{'mixes':[]}");
}

/* a layout comes back as it was given */
static void test_layouts(void **state)
{
	(void)state;
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", MIX,
		     "{'stream_id':'s','layout':{'template':2,'big':{'user':'alice','stream_type':"
		     "'aux'},'big_right':true}}",
		     200);
	assert_json(json_object_get(f.json, "layout"),
		    "{'template':2,'render':0,'users':[],'pure_audio_hold_place':0,'big':{'user':"
		    "'alice','stream_type':'aux'},'big_right':true,'big_render':1}");
	fixture_call(&f, "POST", MIX,
		     "{'stream_id':'s','layout':{'template':3,'render':1,'small':{'user':'alice',"
		     "'x':10,'y':20,'width':320,'height':180}}}",
		     200);
	assert_json(json_object_get(f.json, "layout"),
		    "{'template':3,'render':1,'users':[],'pure_audio_hold_place':0,'small':"
		    "{'user':'alice','stream_type':'main','x':10,'y':20,'width':320,'height':180,"
		    "'z':0,'render':0,'input':0}}");
	fixture_call(&f, "POST", MIX,
		     "{'stream_id':'s','layout':{'template':4,'presets':[{'width':640,'height':360,"
		     "'z':2,'input':1},{'user':'alice','stream_type':'aux','render':2}]}}",
		     200);
	assert_json(json_object_get(f.json, "layout"),
		    "{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,'presets':["
		    "{'user':'','stream_type':'main','x':0,'y':0,'width':640,'height':360,'z':2,"
		    "'render':0,'input':1},{'user':'alice','stream_type':'aux','x':0,'y':0,"
		    "'width':0,'height':0,'z':0,'render':2,'input':0}]}");
}

/* sixteen places for users with the longest names fit */
static void test_many_places(void **state)
{
	char body[4096] = "{'stream_id':'s','layout':{'template':4,'presets':[", *end;

	(void)state;
	fixture_user(&f, "alice");
	end = body + strlen(body);
	for (int i = 0; i < 16; i++)
		end += sprintf(end,
			       "%s{'user':'a_name_of_thirty-two_letters_%03d','x':1200,'y':600,"
			       "'width':80,'height':120,'z':2000000000}",
			       i ? "," : "", i);
	(void)stpcpy(end, "]}}");
	fixture_call(&f, "POST", MIX, body, 200);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(f.json, "layout"), "presets")), 16);
}

static void bad(const char *body, const char *code, const char *field)
{
	fixture_refused(&f, "POST", MIX, body, 400, code, field);
}

static void test_refused(void **state)
{
	(void)state;
	fixture_user(&f, "alice");
	bad("{}", "MissingParameter.StreamId", "stream_id");
	bad("{'stream_id':7}", "invalid_parameter", "stream_id");
	bad("{'record_id':'a','record_audio_only':1}", "invalid_parameter", "record_audio_only");
	bad("{'record_id':'a b'}", "InvalidParameter.RecordId", "record_id");
	bad("{'stream_id':'s','video':7}", "invalid_parameter", "video");
	bad("{'stream_id':'s','video':{'width':'x'}}", "invalid_parameter", "video.width");
	bad("{'stream_id':'s','video':{'with':7}}", "invalid_parameter", "video.with");
	bad("{'stream_id':'s','video':{'width':1922}}", "InvalidParameter.VideoResolution",
	    "video.width");
	bad("{'stream_id':'s','video':{'frame_rate':61}}", "InvalidParameter.EncodeParams",
	    "video.frame_rate");
	bad("{'stream_id':'s','video':{'gop_s':-1}}", "InvalidParameter.EncodeParams",
	    "video.gop_s");
	bad("{'stream_id':'s','audio':{'sample_rate':22050}}", "InvalidParameter.AudioEncodeParams",
	    "audio.sample_rate");
	bad("{'stream_id':'s','audio':null,'layout':{'render':3}}", "InvalidParameter",
	    "layout.render");
	bad("{'stream_id':'s','layout':{'users':'alice'}}", "invalid_parameter", "layout.users");
	bad("{'stream_id':'s','layout':{'columns':3}}", "invalid_parameter", "layout.columns");
	bad("{'stream_id':'s','layout':{'big':{'user':7}}}", "invalid_parameter",
	    "layout.big.user");
	bad("{'stream_id':'s','layout':{'big':{'user':'a','stream_type':'sub'}}}",
	    "invalid_parameter", "layout.big.stream_type");
	bad("{'stream_id':'s','layout':{'big_right':1}}", "invalid_parameter", "layout.big_right");
	bad("{'stream_id':'s','layout':{'small':{'x':1}}}", "MissingParameter",
	    "layout.small.user");
	bad("{'stream_id':'s','layout':{'small':{'user':'a','x':1280,'width':2}}}",
	    "InvalidParameter.SmallVideoLayoutParams", "layout.small.width");
	bad("{'stream_id':'s','layout':{'small':{'user':'a','z':1}}}", "invalid_parameter",
	    "layout.small.z");
	bad("{'stream_id':'s','layout':{'template':4}}", "MissingParameter.PresetLayoutConfig",
	    "layout.presets");
	bad("{'stream_id':'s','layout':{'template':4,'presets':7}}", "invalid_parameter",
	    "layout.presets");
	bad("{'stream_id':'s','layout':{'template':4,'presets':[{},7]}}", "invalid_parameter",
	    "layout.presets.1");
	bad("{'stream_id':'s','layout':{'template':4,'presets':[{},{'width':1282}]}}",
	    "InvalidParameter.PresetLayoutConfig", "layout.presets.1.width");
	bad("{'stream_id':'s','layout':{'users':['a b']}}", "InvalidParameter", "layout.users");
	bad("{'stream_id':'s','layout':{'big':{'user':'a b'}}}", "InvalidParameter",
	    "layout.big.user");
	bad("{'stream_id':'s','layout':{'template':4,'presets':[{'z':-1}]}}",
	    "InvalidParameter.PresetLayoutConfig", "layout.presets.0.z");
	bad("{'stream_id':'s','fps':3}", "invalid_parameter", "fps");
	fixture_call(&f, "GET", "/api/v1/mixes", NULL, 200);
	assert_json(f.json, "{'mixes':[]}");

	/* taken by another room */
	fixture_call(&f, "POST", MIX, "{'stream_id':'s'}", 200);
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/x/users", "{'user':'a'}",
		     201);
	fixture_refused(&f, "POST", "/api/v1/applications/1400000001/rooms/x/mix",
			"{'stream_id':'s'}", 400, "InvalidParameter.StreamId", "stream_id");
	for (int i = 0; i < 19; i++)
		fixture_call(&f, "POST", MIX, "{'stream_id':'s'}", 200);
	fixture_refused(&f, "POST", MIX, "{'stream_id':'s'}", 429,
			"FailedOperation.RestrictedFrequency", "");
}

static void test_no_room(void **state)
{
	(void)state;
	fixture_user(&f, "alice");
	take(TESS_PROCESS_MEDIA,
	     "{'engines':[{'name':'nv','device':'1','state':'ok','shared':false,"
	     "'capacity':{'decode':100,'compose':100,'encode':100},'used':{'encode':90},"
	     "'max_load':0.95}]}");
	fixture_refused(&f, "POST", MIX, "{'stream_id':'s'}", 503,
			"ResourceInsufficient.RequestRejection", "");
	assert_string_equal(fixture_text(&f, "error.message"),
			    "No engine has room for the mix: of nv 1, 5 % is free and 14 % more "
			    "would be needed.");
	fixture_refused(&f, "GET", MIX, NULL, 404, "not_found", "");
	/* a smaller one has */
	fixture_call(&f, "POST", MIX, "{'stream_id':'s','video':{'width':640,'height':360}}", 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_layouts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
