/* SPDX-License-Identifier: GPL-3.0-or-later
 * Every error code that the cloud's lists have for the actions of mixes, rooms and pictures: a
 * signed request that is answered with it, or that it is one of those which docs/api.md says are
 * never answered.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/base/log.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/store/db.h"
#include "jobs/cloud_call.h"

/* The lists of the official SDK. */
static const struct {
	const char *action, *codes;
} published[] = {
	{"StartMCUMixTranscode",
	 "FailedOperation FailedOperation.RequestRejection "
	 "FailedOperation.RestrictedFrequency FailedOperation.RoomNotExist "
	 "FailedOperation.TaskFinished InternalError "
	 "InternalError.GetRoomFromCacheError InternalError.InternalError "
	 "InvalidParameter.AudioEncodeParams InvalidParameter.BackgroundImageUrl "
	 "InvalidParameter.BizId InvalidParameter.EncodeParams "
	 "InvalidParameter.MainVideoRightAlign "
	 "InvalidParameter.MainVideoStreamType InvalidParameter.OutputParams "
	 "InvalidParameter.PresetLayoutConfig InvalidParameter.PublishCdnUrls "
	 "InvalidParameter.PureAudioStream InvalidParameter.RecordAudioOnly "
	 "InvalidParameter.RecordId InvalidParameter.RoomId "
	 "InvalidParameter.SdkAppId InvalidParameter.SmallVideoLayoutParams "
	 "InvalidParameter.SmallVideoStreamType InvalidParameter.StreamId "
	 "InvalidParameter.VideoResolution InvalidParameterValue.RoomId "
	 "MissingParameter.AudioEncodeParams MissingParameter.BizId "
	 "MissingParameter.EncodeParams MissingParameter.OutputParams "
	 "MissingParameter.PresetLayoutConfig MissingParameter.PublishCdnParams "
	 "MissingParameter.PublishCdnUrls MissingParameter.RoomId "
	 "MissingParameter.SdkAppId MissingParameter.StreamId "
	 "MissingParameter.VideoEncodeParams ResourceInsufficient.RequestRejection "
	 "ResourceNotFound UnauthorizedOperation.SdkAppId"},
	{"StartMCUMixTranscodeByStrRoomId",
	 "FailedOperation FailedOperation.RequestRejection "
	 "FailedOperation.RestrictedFrequency FailedOperation.RoomNotExist "
	 "FailedOperation.TaskFinished InternalError InternalError.InternalError "
	 "InvalidParameter.AudioEncodeParams InvalidParameter.BizId "
	 "InvalidParameter.EncodeParams InvalidParameter.MainVideoStreamType "
	 "InvalidParameter.OutputParams InvalidParameter.PresetLayoutConfig "
	 "InvalidParameter.PublishCdnUrls InvalidParameter.PureAudioStream "
	 "InvalidParameter.RecordAudioOnly InvalidParameter.RecordId "
	 "InvalidParameter.RoomId InvalidParameter.SdkAppId "
	 "InvalidParameter.SmallVideoLayoutParams "
	 "InvalidParameter.SmallVideoStreamType InvalidParameter.StrRoomId "
	 "InvalidParameter.StreamId InvalidParameter.VideoResolution "
	 "InvalidParameterValue.RoomId MissingParameter.AudioEncodeParams "
	 "MissingParameter.BizId MissingParameter.EncodeParams "
	 "MissingParameter.OutputParams MissingParameter.PresetLayoutConfig "
	 "MissingParameter.PublishCdnParams MissingParameter.PublishCdnUrls "
	 "MissingParameter.StreamId MissingParameter.VideoEncodeParams "
	 "ResourceInsufficient.RequestRejection ResourceNotFound "
	 "UnauthorizedOperation.SdkAppId"},
	{"StopMCUMixTranscode",
	 "FailedOperation.MixSessionNotExist FailedOperation.RequestRejection "
	 "FailedOperation.RoomNotExist InternalError "
	 "InternalError.GetRoomFromCacheError InvalidParameter.BodyParamsError "
	 "InvalidParameter.RoomId InvalidParameter.SdkAppId "
	 "InvalidParameterValue.RoomId MissingParameter.RoomId "
	 "MissingParameter.SdkAppId ResourceNotFound "
	 "UnauthorizedOperation.SdkAppId"},
	{"StopMCUMixTranscodeByStrRoomId",
	 "FailedOperation.MixSessionNotExist FailedOperation.RequestRejection "
	 "FailedOperation.RoomNotExist FailedOperation.SdkAppIdNotExist "
	 "InternalError InvalidParameter.BodyParamsError InvalidParameter.RoomId "
	 "InvalidParameter.SdkAppId InvalidParameter.StrRoomId "
	 "InvalidParameterValue.RoomId MissingParameter.RoomId "
	 "MissingParameter.SdkAppId ResourceNotFound "
	 "UnauthorizedOperation.SdkAppId"},
	{"DismissRoom", "FailedOperation.RoomNotExist InternalError "
			"InternalError.GetRoomCacheIpError InternalError.GetRoomFromCacheError "
			"InvalidParameter.RoomId InvalidParameter.SdkAppId "
			"InvalidParameterValue.RoomId MissingParameter.RoomId "
			"MissingParameter.SdkAppId UnauthorizedOperation.SdkAppId"},
	{"DismissRoomByStrRoomId", "FailedOperation.RoomNotExist InternalError "
				   "InternalError.GetRoomCacheIpError InvalidParameter.RoomId "
				   "InvalidParameter.SdkAppId InvalidParameterValue.RoomId "
				   "MissingParameter.RoomId MissingParameter.SdkAppId "
				   "UnauthorizedOperation.SdkAppId"},
	{"CreatePicture", "AuthFailure.UnRealNameAuthenticated InternalError InternalError.DBError "
			  "InvalidParameter.CheckContentFailed InvalidParameter.CheckSuffixFailed "
			  "InvalidParameter.SdkAppId UnknownParameter"},
	{"DescribePicture",
	 "AuthFailure.UnRealNameAuthenticated InternalError InternalError.DBError "
	 "InvalidParameter.SdkAppId MissingParameter UnknownParameter"},
	{"ModifyPicture", "AuthFailure.UnRealNameAuthenticated InternalError InternalError.DBError "
			  "InvalidParameter InvalidParameter.SdkAppId MissingParameter "
			  "UnknownParameter"},
	{"DeletePicture", "InternalError InternalError.DBError InvalidParameter "
			  "InvalidParameter.PictureNotFound InvalidParameter.SdkAppId "
			  "MissingParameter UnknownParameter"},
};

/* What the box has when it is asked. */
enum state {
	ROOM,	/* a user, and a mix of the API */
	NO_MIX, /* a user */
	USERS_MIX,
	NOBODY,
	FULL,	/* no engine has room */
	OFTEN,	/* as many starts as a room may have in a second */
	BROKEN, /* the store cannot be used */
};

/* What is answered with a code: the action's good request with this over it (null takes a member
 * away). */
struct fault {
	const char *code;
	const char *actions; /* how their names begin */
	const char *patch;
	enum state state;
};

#define START		      "StartMCUMixTranscode"
#define STOP		      "StopMCUMixTranscode"
#define ENCODE(member, value) "{'EncodeParams':{'" member "':" value "}}"
#define OUTPUT(member, value) "{'OutputParams':{'" member "':" value "}}"
#define LAYOUT(member, value) "{'LayoutParams':{'" member "':" value "}}"
#define PUBLISH(members)      "{'PublishCdnParams':{" members "}}"
#define USER		      "/api/v1/applications/1400000001/rooms/101/users/anna"
#define INVALID		      "InvalidParameter."
#define MISSING		      "MissingParameter."

static const struct fault faults[] = {
	{"FailedOperation.MixSessionNotExist", STOP, "{}", NO_MIX},
	{"FailedOperation.RequestRejection", START, "{}", USERS_MIX},
	{"FailedOperation.RequestRejection", STOP, "{}", USERS_MIX},
	{"FailedOperation.RestrictedFrequency", START, "{}", OFTEN},
	{"FailedOperation.RoomNotExist", "", "{}", NOBODY},
	{"InternalError", START, OUTPUT("StreamId", "'other'"), BROKEN},
	{"InternalError", "", "{}", BROKEN},
	{"ResourceInsufficient.RequestRejection", START, "{}", FULL},
	{"ResourceNotFound", START, ENCODE("BackgroundImageId", "99"), NO_MIX},
	{"UnauthorizedOperation.SdkAppId", "", "{'SdkAppId':5}", ROOM},
	{INVALID "AudioEncodeParams", START, ENCODE("AudioCodec", "1"), ROOM},
	{INVALID "BackgroundImageUrl", START, ENCODE("BackgroundImageUrl", "'ftp://a/b.png'"),
	 ROOM},
	{INVALID "BizId", START, PUBLISH("'BizId':0,'PublishCdnUrls':['rtmp://a/b/c']"), ROOM},
	{INVALID "CheckContentFailed", "CreatePicture", "{'Content':'R0lGODlh'}", ROOM},
	{INVALID "CheckSuffixFailed", "CreatePicture", "{'Suffix':'png'}", ROOM},
	{INVALID "EncodeParams", START, ENCODE("VideoGop", "6"), ROOM},
	{INVALID "MainVideoRightAlign", START, LAYOUT("MainVideoRightAlign", "2"), ROOM},
	{INVALID "MainVideoStreamType", START, LAYOUT("MainVideoStreamType", "2"), ROOM},
	{INVALID "OutputParams", START, "{'OutputParams':7}", ROOM},
	{INVALID "PictureNotFound", "DeletePicture", "{'PictureId':99}", ROOM},
	{INVALID "PresetLayoutConfig", START,
	 "{'LayoutParams':{'Template':4,'PresetLayoutConfig':[{'ImageWidth':641}]}}", ROOM},
	{INVALID "PublishCdnUrls", START, PUBLISH("'BizId':1,'PublishCdnUrls':['http://a/b/c']"),
	 ROOM},
	{INVALID "PureAudioStream", START, OUTPUT("PureAudioStream", "2"), ROOM},
	{INVALID "RecordAudioOnly", START, OUTPUT("RecordAudioOnly", "2"), ROOM},
	{INVALID "RecordId", START, OUTPUT("RecordId", "'a.b'"), ROOM},
	{INVALID "RoomId", "", "{'RoomId':'a/b'}", ROOM},
	{INVALID "SdkAppId", "", "{'SdkAppId':'x'}", ROOM},
	{INVALID "SmallVideoLayoutParams", START,
	 LAYOUT("SmallVideoLayoutParams", "{'UserId':'a','StreamType':0,'ImageWidth':641}"), ROOM},
	{INVALID "SmallVideoStreamType", START,
	 LAYOUT("SmallVideoLayoutParams", "{'UserId':'a','StreamType':2}"), ROOM},
	{INVALID "StrRoomId", "", "{'StrRoomId':'a/b'}", ROOM},
	{INVALID "StreamId", START, OUTPUT("StreamId", "'a b'"), ROOM},
	{INVALID "VideoResolution", START, ENCODE("VideoWidth", "1922"), ROOM},
	{"InvalidParameter", "", "{'PictureId':0}", ROOM},
	{MISSING "AudioEncodeParams", START, ENCODE("AudioBitrate", "null"), ROOM},
	{MISSING "BizId", START, PUBLISH("'PublishCdnUrls':['rtmp://a/b/c']"), ROOM},
	{MISSING "EncodeParams", START, "{'EncodeParams':null}", ROOM},
	{MISSING "OutputParams", START, "{'OutputParams':null}", ROOM},
	{MISSING "PresetLayoutConfig", START, LAYOUT("Template", "4"), ROOM},
	{MISSING "PublishCdnUrls", START, PUBLISH("'BizId':1"), ROOM},
	{MISSING "RoomId", "", "{'RoomId':null,'StrRoomId':null}", ROOM},
	{MISSING "SdkAppId", "", "{'SdkAppId':null}", ROOM},
	{MISSING "StreamId", START, OUTPUT("StreamId", "null"), ROOM},
	{MISSING "VideoEncodeParams", START, ENCODE("VideoGop", "null"), ROOM},
	{"MissingParameter", "", "{'SdkAppId':null}", ROOM},
};

/* What docs/api.md says is never answered, and by which actions. */
static const struct {
	const char *code, *actions;
} never[] = {
	{"AuthFailure.UnRealNameAuthenticated", ""},
	{"FailedOperation", ""},
	{"FailedOperation.SdkAppIdNotExist", ""},
	{"FailedOperation.TaskFinished", ""},
	{"InternalError.DBError", ""},
	{"InternalError.GetRoomCacheIpError", ""},
	{"InternalError.GetRoomFromCacheError", ""},
	{"InternalError.InternalError", ""},
	{"InvalidParameter.BodyParamsError", ""},
	{"InvalidParameter.RoomId", START "ByStrRoomId"}, /* .StrRoomId */
	{"InvalidParameter.RoomId", STOP "ByStrRoomId"},
	{"InvalidParameterValue.RoomId", ""},
	{"MissingParameter.PublishCdnParams", ""},
	{"ResourceNotFound", STOP},
	{"UnknownParameter", ""},
};

static struct fixture f;
static const struct tess_cloud_room room = {1400000001, TESS_ROOM_ID_NUMBER, "101"};
static const struct tess_cloud_room text_room = {1400000001, TESS_ROOM_ID_STRING, "101"};

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* A request that succeeds where its room and its mix are there. */
static json_t *good(const char *action)
{
	json_t *body = json_of("{'SdkAppId':1400000001}"), *more;

	if (strstr(action, "Picture"))
		more = json_of(begins(action, "Create")
				       ? "{'Content':'Qk1waWN0dXJl','Suffix':'bmp','Height':1,"
					 "'Width':1,'XPosition':0,'YPosition':0}"
			       : begins(action, "Describe") ? "{}"
							    : "{'PictureId':1}");
	else if (begins(action, "DismissRoomByStr"))
		more = json_of("{'RoomId':'101'}");
	else
		more = json_of(strstr(action, "ByStr") ? "{'StrRoomId':'101'}" : "{'RoomId':101}");
	json_patch(body, more);
	json_decref(more);
	if (!begins(action, START))
		return body;
	more = json_of("{'OutputParams':{},'EncodeParams':{'AudioSampleRate':48000,"
		       "'AudioBitrate':64,'AudioChannels':2,'VideoWidth':640,'VideoHeight':360,"
		       "'VideoBitrate':500,'VideoFramerate':15,'VideoGop':3},'LayoutParams':{}}");
	json_patch(body, more);
	json_decref(more);
	/* each room has its own */
	json_object_set_new(json_object_get(body, "OutputParams"), "StreamId", json_string(action));
	return body;
}

static void call(const char *action, const char *patch, const char *code)
{
	json_t *body = good(action), *over = json_of(patch);
	char *text;

	json_patch(body, over);
	text = json_dumps(body, JSON_COMPACT);
	cloud_code(&f, action, text, code);
	free(text);
	json_decref(over);
	json_decref(body);
}

static void enter(const struct tess_cloud_room *where)
{
	struct tess_publisher row = {.room = *where, .user = "anna", .stream_type = "main"};

	assert_int_equal(tess_rooms_enter(&f.control, &row, true, true), 0);
}

static void script(const char *sql)
{
	assert_int_equal(tess_db_script(tess_store_db(f.control.store), sql), 0);
}

static void fill_engines(void)
{
	json_t *facts = json_of("{'engines':[{'name':'soft','device':'cpu','state':'ok',"
				"'shared':true,'capacity':{'decode':1,'compose':1,'encode':1},"
				"'used':{'decode':1},'max_load':0.85}]}");

	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, 1);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, facts, 0), 0);
	json_decref(facts);
}

/* Both rooms; of refused requests nothing stays, so that all faults of a state have one box. */
static void prepare(enum state state)
{
	static const char *const starts[] = {START, START "ByStrRoomId"};

	cloud_open_admin(&f);
	call("CreatePicture", "{}", "");
	if (state == NOBODY)
		return;
	enter(&room);
	enter(&text_room);
	for (unsigned i = 0; i < 2; i++) {
		unsigned count = state == ROOM || state == BROKEN ? 1
				 : state == OFTEN		  ? TESS_ROOMS_MAX_STARTS
								  : 0;

		while (count--)
			call(starts[i], "{}", "");
	}
	if (state == USERS_MIX) {
		fixture_call(&f, "POST", USER "/mix", "{'config':{'mode':2}}", 200);
		fixture_call(&f, "POST", USER "/mix?room_type=string",
			     "{'config':{'mode':2},'stream_id':'text'}", 200);
	}
	if (state == FULL)
		fill_engines();
	if (state == BROKEN)
		script("DROP TABLE picture; PRAGMA query_only=1");
}

static const struct fault *find(const char *action, const char *code)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (!strcmp(never[i].code, code) && begins(action, never[i].actions))
			return NULL;
	}
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (!strcmp(faults[i].code, code) && begins(action, faults[i].actions))
			return &faults[i];
	}
	fail_msg("%s of %s: nothing is answered with it", code, action);
	return NULL;
}

/* Ask for each code of the list that is answered in this state. @return how many */
static unsigned ask(enum state state, const char *action, const char *list)
{
	char *codes = strdup(list), *rest = NULL;
	unsigned asked = 0;

	assert_non_null(codes);
	for (char *code = strtok_r(codes, " ", &rest); code; code = strtok_r(NULL, " ", &rest)) {
		const struct fault *fault = find(action, code);

		if (!fault || fault->state != state)
			continue;
		call(action, fault->patch, code);
		asked++;
	}
	free(codes);
	return asked;
}

static void test_all(void **state)
{
	unsigned asked = 0;

	(void)state;
	tess_log_init("test", TESS_LOG_ERROR);
	for (enum state which = ROOM; which <= BROKEN; which++) {
		prepare(which);
		for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
			asked += ask(which, published[i].action, published[i].codes);
		fixture_close(&f);
	}
	assert_int_equal(asked, 114);
}

/* The requests that the faults are made of are good ones. */
static void test_good(void **state)
{
	(void)state;
	tess_log_init("test", TESS_LOG_ERROR);
	prepare(NO_MIX);
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
		call(published[i].action, "{}", "");
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
