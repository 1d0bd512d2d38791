/* SPDX-License-Identifier: GPL-3.0-or-later
 * The messages to media and egress, whole.
 */
#include "firmware/control/jobs/desired.h"

#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	(void)stpcpy(f.control.token_key, KEY);
	(void)stpcpy(f.config.box.time_zone, "Asia/Shanghai");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void expect_media(int64_t epoch, const char *text)
{
	json_t *message;

	assert_int_equal(tess_desired_media(&message, &f.control, epoch), 0);
	assert_json(message, text);
	json_decref(message);
}

static void expect_egress(int64_t epoch, const char *acknowledged, const char *text)
{
	json_t *message, *list = json_of(acknowledged);

	assert_int_equal(tess_desired_egress(&message, &f.control, epoch, list), 0);
	assert_json(message, text);
	json_decref(message);
	json_decref(list);
}

static void expect_frozen(const char *how)
{
	json_t *message;

	assert_int_equal(tess_desired_media(&message, &f.control, 30), 0);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(message, "mixes"), 0), "frozen")),
		how);
	json_decref(message);
}

#define ROOM "/api/v1/applications/1400000001/rooms/101"

static void test_messages(void **state)
{
	struct tess_recording row;

	(void)state;
	expect_media(17, "{'type':'desired','epoch':17,'publishers':[],'mixes':[]}");
	expect_egress(18, "[]",
		      "{'type':'desired','epoch':18,'token_key':'" KEY "',"
		      "'time_zone':'Asia/"
		      "Shanghai','live':[],'guard':{'play':{},'apps':{}},'publishers':[],"
		      "'relays':[],'records':[],'acknowledged':[],"
		      "'deleted':[],'deleted_files':[],'orders':[]}");

	fixture_user(&f, "alice");
	fixture_call(&f, "POST", ROOM "/users",
		     "{'user':'bob','stream_type':'aux','video':false,"
		     "'audio':{'payload_type':111},'source':'192.0.2.9'}",
		     201);
	fixture_call(&f, "POST", ROOM "/mix",
		     "{'stream_id':'show','record_id':'file001',"
		     "'layout':{'users':['alice','bob'],'render':1}}",
		     200);
	expect_media(
		19, "{'type':'desired','epoch':19,'publishers':["
		    "{'id':1,'app':1400000001,'room_type':'number','room':'101','user':'alice',"
		    "'stream_type':'main','order':1,'source':'',"
		    "'video':{'port':20000,'payload_type':96,'codec':'h264'},"
		    "'audio':{'port':20002,'payload_type':97,'codec':'opus'}},"
		    "{'id':2,'app':1400000001,'room_type':'number','room':'101','user':'bob',"
		    "'stream_type':'aux','order':2,'source':'192.0.2.9','video':null,"
		    "'audio':{'port':20004,'payload_type':111,'codec':'opus'}}],"
		    "'mixes':[{'id':1,'epoch':1,'app':1400000001,'room_type':'number','room':'101',"
		    "'stream':'mix-1','video':{'width':1280,'height':720,'bitrate_kbps':1500,"
		    "'frame_rate':15,'gop_s':3,'background':0},"
		    "'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
		    "'layout':{'template':1,'render':1,'users':['alice','bob'],"
		    "'pure_audio_hold_place':0},'frozen':'dim'}]}");
	expect_egress(20, "[9]",
		      "{'type':'desired','epoch':20,'token_key':'" KEY "',"
		      "'time_zone':'Asia/"
		      "Shanghai','live':[{'stream':'mix-1','name':'show','app':1400000001}],"
		      "'guard':{'play':{},'apps':{}},'publishers':[],"
		      "'relays':[],'records':[{'id':1,'stream':'mix-1','app':1400000001,"
		      "'prefix':'file001','formats':['mp4'],'split_minutes':120,'resume_timeout_s':"
		      "0}],'acknowledged':[9],'deleted':[],'deleted_files':[],'orders':[]}");

	/* the application has its own way with pictures that stand still */
	fixture_call(&f, "PATCH", "/api/v1/applications/1400000001", "{'frozen':'avatar'}", 200);
	expect_frozen("avatar");
	fixture_call(&f, "PATCH", "/api/v1/applications/1400000001", "{'frozen':'box'}", 200);
	(void)stpcpy(f.config.media.frozen, "keep");
	expect_frozen("keep");

	/* the mix ends: the record is not wanted; finished and removed: to be deleted */
	fixture_call(&f, "DELETE", ROOM "/mix", NULL, 204);
	expect_egress(21, "[]",
		      "{'type':'desired','epoch':21,'token_key':'" KEY "',"
		      "'time_zone':'Asia/"
		      "Shanghai','live':[],'guard':{'play':{},'apps':{}},'publishers':[],"
		      "'relays':[],'records':[],'acknowledged':[],"
		      "'deleted':[],'deleted_files':[],'orders':[]}");
	assert_int_equal(tess_store_recording_get(f.control.store, &row, 1), 0);
	(void)stpcpy(row.state, "finished");
	assert_int_equal(tess_store_recording_facts(f.control.store, &row), 0);
	fixture_call(&f, "DELETE", "/api/v1/recordings/1", NULL, 204);
	expect_egress(22, "[]",
		      "{'type':'desired','epoch':22,'token_key':'" KEY "',"
		      "'time_zone':'Asia/"
		      "Shanghai','live':[],'guard':{'play':{},'apps':{}},'publishers':[],"
		      "'relays':[],'records':[],'acknowledged':[],"
		      "'deleted':[1],'deleted_files':[],'orders':[]}");

	/* sound only, string room, file alone */
	fixture_call(&f, "DELETE", ROOM "/users/alice", NULL, 204);
	fixture_call(&f, "DELETE", ROOM "/users/bob", NULL, 204);
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/a%20b/users",
		     "{'user':'carl','video':{'payload_type':100},'audio':false}", 201);
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/a%20b/mix",
		     "{'record_id':'x','video':null,"
		     "'audio':{'sample_rate':16000,'bitrate_kbps':32,'channels':1}}",
		     200);
	expect_media(23, "{'type':'desired','epoch':23,'publishers':["
			 "{'id':3,'app':1400000001,'room_type':'string','room':'a b',"
			 "'user':'carl','stream_type':'main','order':3,'source':'',"
			 "'video':{'port':20006,'payload_type':100,'codec':'h264'},'audio':null}],"
			 "'mixes':[{'id':2,'epoch':1,'app':1400000001,'room_type':'string',"
			 "'room':'a b','stream':'mix-2','video':null,"
			 "'audio':{'sample_rate':16000,'bitrate_kbps':32,'channels':1},"
			 "'layout':{'template':1,'render':0,'users':[],"
			 "'pure_audio_hold_place':0},'frozen':'keep'}]}");
	expect_egress(24, "[]",
		      "{'type':'desired','epoch':24,'token_key':'" KEY "',"
		      "'time_zone':'Asia/"
		      "Shanghai','live':[],'guard':{'play':{},'apps':{}},'publishers':[],"
		      "'relays':[],'records':[{'id':2,"
		      "'stream':'mix-2','app':1400000001,'prefix':'x','formats':['mp4'],'split_"
		      "minutes':120,'resume_timeout_s':0}],"
		      "'acknowledged':[],'deleted':[1],'deleted_files':[],'orders':[]}");
}

/* What a user sends is a stream for media when it is live, and watched by its name. */
static void test_live(void **state)
{
	(void)state;
	fixture_call(&f, "POST", ROOM "/users",
		     "{'user':'alice','audio':false,'stream_id':'alices'}", 201);
	fixture_call(&f, "POST", ROOM "/users", "{'user':'bob','video':false}", 201);
	expect_media(1, "{'type':'desired','epoch':1,'publishers':["
			"{'id':1,'app':1400000001,'room_type':'number','room':'101',"
			"'user':'alice','stream_type':'main','order':1,'source':'',"
			"'video':{'port':20000,'payload_type':96,'codec':'h264'},'audio':null,"
			"'stream':'user-1'},"
			"{'id':2,'app':1400000001,'room_type':'number','room':'101','user':'bob',"
			"'stream_type':'main','order':2,'source':'','video':null,"
			"'audio':{'port':20002,'payload_type':97,'codec':'opus'}}],'mixes':[]}");
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/relays",
		     "{'stream_id':'1400000001_101_bob_main','url':'rtmp://cdn/app/KEY'}", 201);
	expect_egress(
		2, "[]",
		"{'type':'desired','epoch':2,'token_key':'" KEY "','time_zone':'Asia/Shanghai',"
		"'live':[{'stream':'user-1','name':'alices','app':1400000001}],"
		"'guard':{'play':{},'apps':{}},'publishers':[],'relays':[{'id':1,'app':"
		"1400000001,'epoch'"
		":1,"
		"'stream':'user-2','url':'rtmp://cdn/app/KEY'}],'records':[],'acknowledged':[],"
		"'deleted':[],'deleted_files':[],'orders':[]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_live, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
