/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/mix_params.c and layout_params.c: what is understood, and which
 * code answers which fault.
 */
#include "firmware/control/cloud/mix_params.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_headers.h"
#include "json_text.h"

#define GOOD                                                                                      \
	"{'SdkAppId':1400000123,'RoomId':1001,'OutputParams':{'StreamId':'show','RecordId':"      \
	"'file001'},'EncodeParams':{'AudioSampleRate':48000,'AudioBitrate':64,'AudioChannels':2," \
	"'VideoWidth':1280,'VideoHeight':720,'VideoBitrate':1500,'VideoFramerate':15,"            \
	"'VideoGop':3},'LayoutParams':{'Template':1}}"

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define URL_512                                                               \
	"http://a.b/" LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0.png"

/* The good request with the members of @p patch over it (null deletes). */
static int parse(struct tess_mix_request *mix, const char *patch, enum tess_room_id_type type,
		 struct tess_cloud_error *error)
{
	json_t *params = json_of(GOOD), *change = json_of(patch);
	int err;

	json_patch(params, change);
	memset(error, 0, sizeof(*error));
	err = tess_mix_request_parse(mix, params, type, error);
	json_decref(change);
	json_decref(params);
	return err;
}

static void accepted(struct tess_mix_request *mix, const char *patch)
{
	struct tess_cloud_error error;

	if (parse(mix, patch, TESS_ROOM_ID_NUMBER, &error))
		fail_msg("%s: %s", patch, error.message);
}

static void test_defaults(void **state)
{
	struct tess_mix_request mix;
	json_t *json;

	(void)state;
	accepted(&mix, "{}");
	assert_int_equal(mix.room.sdk_app_id, 1400000123);
	assert_int_equal(mix.room.type, TESS_ROOM_ID_NUMBER);
	assert_string_equal(mix.room.id, "1001");
	assert_string_equal(tess_room_id_type_text(mix.room.type), "number");
	json = tess_mix_request_to_json(&mix);
	assert_json(json, "{'stream_id':'show','record_id':'file001',"
			  "'video':{'width':1280,'height':720,'bitrate_kbps':1500,'frame_rate':15,"
			  "'gop_s':3,'background':0},"
			  "'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
			  "'layout':{'template':1,'render':0,'users':[],"
			  "'pure_audio_hold_place':0}}");
	json_decref(json);
}

static void test_all_of_the_grid(void **state)
{
	struct tess_mix_request mix;
	json_t *json;

	(void)state;
	accepted(&mix,
		 "{'SdkAppId':'1400000123','RoomId':'4294967294','Unknown':1,"
		 "'OutputParams':{'PureAudioStream':0,'RecordAudioOnly':0},"
		 "'EncodeParams':{'BackgroundColor':16711680,'VideoWidth':'641','VideoHeight':361,"
		 "'AudioCodec':0,'BackgroundImageId':0,'BackgroundImageUrl':''},"
		 "'LayoutParams':{'RenderMode':2,'MixVideoUids':['alice','bob-2_x'],"
		 "'PureAudioHoldPlaceMode':2,'MainVideoUserId':'','MainVideoStreamType':0,"
		 "'MainVideoRightAlign':0,'PlaceHolderMode':0,'PresetLayoutConfig':[]}}");
	assert_string_equal(mix.room.id, "4294967294");
	json = tess_mix_request_to_json(&mix);
	/* odd sizes are rounded down to even */
	assert_json(json, "{'stream_id':'show','record_id':'file001',"
			  "'video':{'width':640,'height':360,'bitrate_kbps':1500,'frame_rate':15,"
			  "'gop_s':3,'background':16711680},"
			  "'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
			  "'layout':{'template':1,'render':2,'users':['alice','bob-2_x'],"
			  "'pure_audio_hold_place':2}}");
	json_decref(json);
}

static void test_audio_only(void **state)
{
	struct tess_mix_request mix;
	json_t *json;

	(void)state;
	/* no canvas: video fields and the layout do not matter */
	accepted(&mix, "{'OutputParams':{'PureAudioStream':1,'StreamId':null},"
		       "'EncodeParams':{'VideoWidth':null,'VideoHeight':0,'VideoBitrate':null,"
		       "'VideoFramerate':null,'VideoGop':99},'LayoutParams':{'Template':null,"
		       "'MainVideoUserId':'alice'}}");
	json = tess_mix_request_to_json(&mix);
	assert_json(json,
		    "{'stream_id':'','record_id':'file001','video':null,"
		    "'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
		    "'layout':{'template':0,'render':0,'users':[],"
		    "'pure_audio_hold_place':0,'big':{'user':'alice','stream_type':'main'}}}");
	json_decref(json);
}

static void assert_layout(const char *patch, const char *expected)
{
	struct tess_mix_request mix;
	json_t *json;

	accepted(&mix, patch);
	json = tess_mix_request_to_json(&mix);
	assert_json(json_object_get(json, "layout"), expected);
	json_decref(json);
}

static void test_other_templates(void **state)
{
	(void)state;
	assert_layout("{'LayoutParams':{'Template':null}}", "{'template':0,'render':0,'users':[],"
							    "'pure_audio_hold_place':0}");
	assert_layout("{'LayoutParams':{'Template':2,'MainVideoUserId':'teacher',"
		      "'MainVideoStreamType':1,'MainVideoRightAlign':1,'RenderMode':null}}",
		      "{'template':2,'render':0,'big_render':1,'users':[],"
		      "'pure_audio_hold_place':0,'big':{'user':'teacher','stream_type':'aux'},"
		      "'big_right':true}");
	/* a mode that is given is the big picture's too */
	assert_layout("{'LayoutParams':{'Template':2,'RenderMode':0}}",
		      "{'template':2,'render':0,'users':[],"
		      "'pure_audio_hold_place':0}");
	assert_layout("{'LayoutParams':{'Template':3,'SmallVideoLayoutParams':{'UserId':'a',"
		      "'StreamType':1,'ImageWidth':640,'ImageHeight':359,'LocationX':640}}}",
		      "{'template':3,'render':0,'users':[],"
		      "'pure_audio_hold_place':0,'small':{'user':'a','stream_type':'aux','x':640,"
		      "'y':0,'width':640,'height':359,'z':0,'render':0,'input':0}}");
	assert_layout("{'LayoutParams':{'Template':4,'PresetLayoutConfig':[{'UserId':'a',"
		      "'ImageWidth':1280,'ImageHeight':720,'RenderMode':2,'ZOrder':1},"
		      "{'LocationX':10,'LocationY':20,'MixInputType':2}]}}",
		      "{'template':4,'render':0,'users':[],"
		      "'pure_audio_hold_place':0,'presets':[{'user':'a','stream_type':'main',"
		      "'x':0,'y':0,'width':1280,'height':720,'z':1,'render':2,'input':0},"
		      "{'user':'','stream_type':'main','x':10,'y':20,'width':0,'height':0,'z':0,"
		      "'render':0,'input':2}]}");
}

static void assert_background(const char *patch, const char *expected)
{
	struct tess_mix_request mix;
	json_t *json, *image;

	accepted(&mix, patch);
	json = tess_mix_request_to_json(&mix);
	image = json_object_get(json_object_get(json, "video"), "background_image");
	if (expected)
		assert_json(image, expected);
	else
		assert_null(image);
	json_decref(json);
}

#define CUSTOM_OF(place_holder, image)                                                         \
	"{'LayoutParams':{'Template':4,'PlaceHolderMode':" place_holder                        \
	",'PresetLayoutConfig':[{'UserId':'a','ImageWidth':8,'ImageHeight':6},{'PlaceImageId'" \
	":" image "}]}}"
#define PRESETS_OF(last)                                                                        \
	"{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,'presets':[{'user':'a'," \
	"'stream_type':'main','x':0,'y':0,'width':8,'height':6,'z':0,'render':0,'input':0},"    \
	"{'user':'','stream_type':'main','x':0,'y':0,'width':0,'height':0,'z':0,'render':0,"    \
	"'input':0" last "}]}"
#define MARK_OF(id, more)                                                                \
	"{'LayoutParams':{'WaterMarkParams':{'WaterMarkId':" id ",'WaterMarkWidth':160," \
	"'WaterMarkHeight':'90','LocationX':1120,'LocationY':630" more "}}}"
#define MARK_JSON(image)                                                                     \
	"{'template':1,'render':0,'users':[],'pure_audio_hold_place':0,'water_mark':{" image \
	",'x':1120,'y':630,'width':160,'height':90}}"

/* Pictures by id or address, of which the address wins. */
static void test_pictures(void **state)
{
	struct tess_mix_request mix;
	json_t *json;

	(void)state;
	assert_int_equal(strlen(URL_512), 512);
	assert_background("{}", NULL);
	assert_background("{'EncodeParams':{'BackgroundImageId':0}}", NULL);
	assert_background("{'EncodeParams':{'BackgroundImageId':4294967295}}", "{'id':4294967295}");
	assert_background("{'EncodeParams':{'BackgroundImageId':7,'BackgroundImageUrl':"
			  "'HTTPS://a.b/c.JPEG?x=y#z'}}",
			  "{'url':'HTTPS://a.b/c.JPEG?x=y#z'}");
	assert_background("{'EncodeParams':{'BackgroundImageUrl':'" URL_512 "'}}",
			  "{'url':'" URL_512 "'}");
	assert_layout(CUSTOM_OF("1", "3"), PRESETS_OF(",'image':3"));
	assert_layout(CUSTOM_OF("1", "0"), PRESETS_OF(""));
	assert_layout(CUSTOM_OF("0", "3"), PRESETS_OF(""));
	assert_layout(CUSTOM_OF("null", "3"), PRESETS_OF(""));
	assert_layout(MARK_OF("5", ""), MARK_JSON("'id':5"));
	assert_layout(MARK_OF("5", ",'WaterMarkUrl':'http://a/b.bmp'"),
		      MARK_JSON("'url':'http://a/b.bmp'"));
	assert_layout(MARK_OF("0", ",'WaterMarkUrl':'http://a/b.png'"),
		      MARK_JSON("'url':'http://a/b.png'"));
	/* without a picture there is nothing to mark */
	accepted(&mix, "{'OutputParams':{'PureAudioStream':1},'LayoutParams':{'WaterMarkParams':{"
		       "'WaterMarkId':1,'WaterMarkWidth':9,'WaterMarkHeight':9,'LocationX':0,"
		       "'LocationY':0}}}");
	json = tess_mix_request_to_json(&mix);
	assert_null(json_object_get(json_object_get(json, "layout"), "water_mark"));
	json_decref(json);
}

static void test_outputs(void **state)
{
	struct tess_mix_request mix;
	json_t *json;

	(void)state;
	accepted(&mix, "{'OutputParams':{'StreamId':null}}");
	assert_string_equal(mix.stream_id, "");
	assert_string_equal(mix.record_id, "file001");
	accepted(&mix, "{'OutputParams':{'StreamId':''}}");
	assert_string_equal(mix.stream_id, "");
	accepted(&mix, "{'OutputParams':{'RecordId':null}}");
	assert_string_equal(mix.record_id, "");
	accepted(&mix, "{'OutputParams':{'StreamId':'" LONG_64 "','RecordId':'" LONG_64 "'}}");
	assert_string_equal(mix.stream_id, LONG_64);
	assert_string_equal(mix.record_id, LONG_64);
	accepted(&mix, "{'OutputParams':{'StreamId':'1400_room.1:a@b%7e'}}");
	assert_false(mix.record_audio_only);
	accepted(&mix, "{'OutputParams':{'RecordAudioOnly':1}}");
	assert_true(mix.record_audio_only);
	assert_false(mix.audio_only);
	json = tess_mix_request_to_json(&mix);
	assert_true(json_is_true(json_object_get(json, "record_audio_only")));
	json_decref(json);
	/* nothing is recorded */
	accepted(&mix, "{'OutputParams':{'RecordAudioOnly':1,'RecordId':null}}");
	assert_false(mix.record_audio_only);
	json = tess_mix_request_to_json(&mix);
	assert_null(json_object_get(json, "record_audio_only"));
	json_decref(json);
}

static void test_string_rooms(void **state)
{
	struct tess_cloud_error error;
	struct tess_mix_request mix;

	(void)state;
	assert_int_equal(
		parse(&mix, "{'RoomId':null,'StrRoomId':'1001'}", TESS_ROOM_ID_STRING, &error), 0);
	assert_int_equal(mix.room.type, TESS_ROOM_ID_STRING);
	assert_string_equal(mix.room.id, "1001");
	assert_string_equal(tess_room_id_type_text(mix.room.type), "string");
	assert_int_equal(parse(&mix, "{'StrRoomId':'aZ9 !#$%&()+-:;<=.>?@[]^_{}|~,'}",
			       TESS_ROOM_ID_STRING, &error),
			 0);
	assert_string_equal(mix.room.id, "aZ9 !#$%&()+-:;<=.>?@[]^_{}|~,");
	assert_int_equal(parse(&mix, "{'StrRoomId':'" LONG_64 "'}", TESS_ROOM_ID_STRING, &error),
			 0);
}

/* A fault, the code that must answer it, and what the message must name. */
struct fault {
	const char *patch;
	enum tess_cloud_code code;
	const char *names;
};

static void check_faults(const struct fault *faults, size_t count, enum tess_room_id_type type)
{
	for (size_t i = 0; i < count; i++) {
		struct tess_cloud_error error;
		struct tess_mix_request mix;

		if (parse(&mix, faults[i].patch, type, &error) != -EINVAL)
			fail_msg("accepted: %s", faults[i].patch);
		if (error.code != faults[i].code || !strstr(error.message, faults[i].names))
			fail_msg("%s: %s %s", faults[i].patch, tess_cloud_code_text(error.code),
				 error.message);
	}
}
#define CHECK(faults, type) check_faults(faults, sizeof(faults) / sizeof((faults)[0]), type)

static void test_room_faults(void **state)
{
	static const struct fault faults[] = {
		{"{'SdkAppId':null}", TESS_CLOUD_MISSING_SDK_APP_ID, "`SdkAppId`"},
		{"{'SdkAppId':'x'}", TESS_CLOUD_INVALID_SDK_APP_ID, "`SdkAppId`"},
		{"{'SdkAppId':1.5}", TESS_CLOUD_INVALID_SDK_APP_ID, "`SdkAppId`"},
		{"{'SdkAppId':0}", TESS_CLOUD_INVALID_SDK_APP_ID, "`SdkAppId`"},
		{"{'SdkAppId':4294967296}", TESS_CLOUD_INVALID_SDK_APP_ID, "`SdkAppId`"},
		{"{'RoomId':null}", TESS_CLOUD_MISSING_ROOM_ID, "`RoomId`"},
		{"{'RoomId':0}", TESS_CLOUD_INVALID_ROOM_ID, "`RoomId`"},
		{"{'RoomId':-1}", TESS_CLOUD_INVALID_ROOM_ID, "`RoomId`"},
		{"{'RoomId':4294967295}", TESS_CLOUD_INVALID_ROOM_ID, "`RoomId`"},
		{"{'RoomId':'room'}", TESS_CLOUD_INVALID_ROOM_ID, "`RoomId`"},
		{"{'RoomId':[1]}", TESS_CLOUD_INVALID_ROOM_ID, "`RoomId`"},
	};
	static const struct fault string_faults[] = {
		{"{}", TESS_CLOUD_MISSING_ROOM_ID, "`StrRoomId`"},
		{"{'StrRoomId':1001}", TESS_CLOUD_INVALID_STR_ROOM_ID, "`StrRoomId`"},
		{"{'StrRoomId':''}", TESS_CLOUD_INVALID_STR_ROOM_ID, "`StrRoomId`"},
		{"{'StrRoomId':'" LONG_64 "x'}", TESS_CLOUD_INVALID_STR_ROOM_ID, "`StrRoomId`"},
		{"{'StrRoomId':'a/b'}", TESS_CLOUD_INVALID_STR_ROOM_ID, "`StrRoomId`"},
		{"{'StrRoomId':'a*'}", TESS_CLOUD_INVALID_STR_ROOM_ID, "`StrRoomId`"},
		{"{'StrRoomId':'\xc3\xa9'}", TESS_CLOUD_INVALID_STR_ROOM_ID, "`StrRoomId`"},
	};

	(void)state;
	CHECK(faults, TESS_ROOM_ID_NUMBER);
	CHECK(string_faults, TESS_ROOM_ID_STRING);
}

static void test_output_faults(void **state)
{
	static const struct fault faults[] = {
		{"{'OutputParams':null}", TESS_CLOUD_MISSING_OUTPUT_PARAMS, "`OutputParams`"},
		{"{'OutputParams':'x'}", TESS_CLOUD_INVALID_OUTPUT_PARAMS, "`OutputParams`"},
		{"{'OutputParams':{'StreamId':null,'RecordId':null}}", TESS_CLOUD_MISSING_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'','RecordId':''}}", TESS_CLOUD_MISSING_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'','RecordId':null}}", TESS_CLOUD_MISSING_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':1,'RecordId':null}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'" LONG_64 "x'}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'a b'}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'a/b'}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'a?b'}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'a#b'}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'a&b'}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'a\\u0022b'}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'a\\nb'}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'StreamId':'a\\u007f'}}", TESS_CLOUD_INVALID_STREAM_ID,
		 "`OutputParams.StreamId`"},
		{"{'OutputParams':{'RecordId':7}}", TESS_CLOUD_INVALID_RECORD_ID,
		 "`OutputParams.RecordId`"},
		{"{'OutputParams':{'RecordId':'" LONG_64 "x'}}", TESS_CLOUD_INVALID_RECORD_ID,
		 "`OutputParams.RecordId`"},
		{"{'OutputParams':{'RecordId':'a.b'}}", TESS_CLOUD_INVALID_RECORD_ID,
		 "`OutputParams.RecordId`"},
		{"{'OutputParams':{'RecordId':'../x'}}", TESS_CLOUD_INVALID_RECORD_ID,
		 "`OutputParams.RecordId`"},
		{"{'OutputParams':{'PureAudioStream':2}}", TESS_CLOUD_INVALID_PURE_AUDIO_STREAM,
		 "`OutputParams.PureAudioStream`"},
		{"{'OutputParams':{'PureAudioStream':true}}", TESS_CLOUD_INVALID_PURE_AUDIO_STREAM,
		 "`OutputParams.PureAudioStream`"},
		{"{'OutputParams':{'RecordAudioOnly':2}}", TESS_CLOUD_INVALID_RECORD_AUDIO_ONLY,
		 "`OutputParams.RecordAudioOnly`"},
		{"{'OutputParams':{'RecordAudioOnly':'yes'}}", TESS_CLOUD_INVALID_RECORD_AUDIO_ONLY,
		 "`OutputParams.RecordAudioOnly`"},
		{"{'PublishCdnParams':'x'}", TESS_CLOUD_INVALID_PARAMETER, "`PublishCdnParams`"},
		{"{'PublishCdnParams':{'PublishCdnUrls':['rtmp://a/b']}}",
		 TESS_CLOUD_MISSING_BIZ_ID, "`PublishCdnParams.BizId`"},
		{"{'PublishCdnParams':{'BizId':'x','PublishCdnUrls':['rtmp://a/b']}}",
		 TESS_CLOUD_INVALID_BIZ_ID, "`PublishCdnParams.BizId`"},
		{"{'PublishCdnParams':{'BizId':1}}", TESS_CLOUD_MISSING_PUBLISH_CDN_URLS,
		 "`PublishCdnParams.PublishCdnUrls`"},
		{"{'PublishCdnParams':{'BizId':1,'PublishCdnUrls':[]}}",
		 TESS_CLOUD_MISSING_PUBLISH_CDN_URLS, "`PublishCdnParams.PublishCdnUrls`"},
		{"{'PublishCdnParams':{'BizId':1,'PublishCdnUrls':['rtmp://a/b','rtmp://c/d']}}",
		 TESS_CLOUD_INVALID_PUBLISH_CDN_URLS, "`PublishCdnParams.PublishCdnUrls`"},
		{"{'PublishCdnParams':{'BizId':1,'PublishCdnUrls':['file:///x']}}",
		 TESS_CLOUD_INVALID_PUBLISH_CDN_URLS, "`PublishCdnParams.PublishCdnUrls`"},
		{"{'PublishCdnParams':{'BizId':1,'PublishCdnUrls':[1]}}",
		 TESS_CLOUD_INVALID_PUBLISH_CDN_URLS, "`PublishCdnParams.PublishCdnUrls`"},
		{"{'PublishCdnParams':{'BizId':1,'PublishCdnUrls':'rtmp://a/b'}}",
		 TESS_CLOUD_INVALID_PUBLISH_CDN_URLS, "`PublishCdnParams.PublishCdnUrls`"},
#define URL_FAULT(url)                                                    \
	{"{'PublishCdnParams':{'BizId':1,'PublishCdnUrls':['" url "']}}", \
	 TESS_CLOUD_INVALID_PUBLISH_CDN_URLS, "`PublishCdnParams.PublishCdnUrls`"}
		URL_FAULT(""),
		URL_FAULT("http://a/b"),
		URL_FAULT("rtmp:/a/b"),
		URL_FAULT("rtmp://"),
		URL_FAULT("rtmp:///b"),
		URL_FAULT("rtmp://a/b"), /* no key */
		URL_FAULT("srt://:9000"),
		URL_FAULT("srt://?x"),
		URL_FAULT("rtmp://a/b c"),
		URL_FAULT("rtmp://a/b\\n"),
		URL_FAULT("rtmp://a/\\u0022"),
		URL_FAULT("rtmp://a/<b>"),
		URL_FAULT("rtmp://a/" LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64
				  LONG_64),
	};

	(void)state;
	CHECK(faults, TESS_ROOM_ID_NUMBER);
}

static void test_encode_faults(void **state)
{
#define FAULT(value, fault_code, name)                                              \
	{                                                                           \
		"{'EncodeParams':{'" name "':" value "}}", TESS_CLOUD_##fault_code, \
			"`EncodeParams." name "`"                                   \
	}
	static const struct fault faults[] = {
		{"{'EncodeParams':null}", TESS_CLOUD_MISSING_ENCODE_PARAMS, "`EncodeParams`"},
		{"{'EncodeParams':[]}", TESS_CLOUD_INVALID_ENCODE_PARAMS, "`EncodeParams`"},
		FAULT("null", MISSING_AUDIO_ENCODE_PARAMS, "AudioSampleRate"),
		FAULT("null", MISSING_AUDIO_ENCODE_PARAMS, "AudioBitrate"),
		FAULT("null", MISSING_AUDIO_ENCODE_PARAMS, "AudioChannels"),
		FAULT("22050", INVALID_AUDIO_ENCODE_PARAMS, "AudioSampleRate"),
		FAULT("96000", INVALID_AUDIO_ENCODE_PARAMS, "AudioSampleRate"),
		FAULT("'loud'", INVALID_AUDIO_ENCODE_PARAMS, "AudioSampleRate"),
		FAULT("7", INVALID_AUDIO_ENCODE_PARAMS, "AudioBitrate"),
		FAULT("501", INVALID_AUDIO_ENCODE_PARAMS, "AudioBitrate"),
		FAULT("0", INVALID_AUDIO_ENCODE_PARAMS, "AudioChannels"),
		FAULT("3", INVALID_AUDIO_ENCODE_PARAMS, "AudioChannels"),
		FAULT("1", INVALID_AUDIO_ENCODE_PARAMS, "AudioCodec"),
		FAULT("2", INVALID_AUDIO_ENCODE_PARAMS, "AudioCodec"),
		FAULT("3", INVALID_AUDIO_ENCODE_PARAMS, "AudioCodec"),
		FAULT("null", MISSING_VIDEO_ENCODE_PARAMS, "VideoWidth"),
		FAULT("null", MISSING_VIDEO_ENCODE_PARAMS, "VideoHeight"),
		FAULT("null", MISSING_VIDEO_ENCODE_PARAMS, "VideoBitrate"),
		FAULT("null", MISSING_VIDEO_ENCODE_PARAMS, "VideoFramerate"),
		FAULT("null", MISSING_VIDEO_ENCODE_PARAMS, "VideoGop"),
		FAULT("0", INVALID_VIDEO_RESOLUTION, "VideoWidth"),
		FAULT("0", INVALID_VIDEO_RESOLUTION, "VideoHeight"),
		FAULT("15", INVALID_VIDEO_RESOLUTION, "VideoWidth"),
		FAULT("1921", INVALID_VIDEO_RESOLUTION, "VideoWidth"),
		FAULT("1081", INVALID_VIDEO_RESOLUTION, "VideoHeight"),
		FAULT("-2", INVALID_VIDEO_RESOLUTION, "VideoHeight"),
		FAULT("'wide'", INVALID_VIDEO_RESOLUTION, "VideoWidth"),
		FAULT("0", INVALID_ENCODE_PARAMS, "VideoBitrate"),
		FAULT("10001", INVALID_ENCODE_PARAMS, "VideoBitrate"),
		FAULT("0", INVALID_ENCODE_PARAMS, "VideoFramerate"),
		FAULT("61", INVALID_ENCODE_PARAMS, "VideoFramerate"),
		FAULT("29.97", INVALID_ENCODE_PARAMS, "VideoFramerate"),
		FAULT("0", INVALID_ENCODE_PARAMS, "VideoGop"),
		FAULT("6", INVALID_ENCODE_PARAMS, "VideoGop"),
		FAULT("-1", INVALID_ENCODE_PARAMS, "BackgroundColor"),
		FAULT("16777216", INVALID_ENCODE_PARAMS, "BackgroundColor"),
		FAULT("'red'", INVALID_ENCODE_PARAMS, "BackgroundColor"),
		FAULT("-1", INVALID_ENCODE_PARAMS, "BackgroundImageId"),
		FAULT("4294967296", INVALID_ENCODE_PARAMS, "BackgroundImageId"),
		FAULT("'x'", INVALID_ENCODE_PARAMS, "BackgroundImageId"),
		FAULT("7", INVALID_BACKGROUND_IMAGE_URL, "BackgroundImageUrl"),
		FAULT("'a.png'", INVALID_BACKGROUND_IMAGE_URL, "BackgroundImageUrl"),
		FAULT("'ftp://a/b.png'", INVALID_BACKGROUND_IMAGE_URL, "BackgroundImageUrl"),
		FAULT("'http://a/b.gif'", INVALID_BACKGROUND_IMAGE_URL, "BackgroundImageUrl"),
		FAULT("'http://a/b c.png'", INVALID_BACKGROUND_IMAGE_URL, "BackgroundImageUrl"),
		FAULT("'http:///b.png'", INVALID_BACKGROUND_IMAGE_URL, "BackgroundImageUrl"),
		FAULT("'http://.png'", INVALID_BACKGROUND_IMAGE_URL, "BackgroundImageUrl"),
		FAULT("'x" URL_512 "'", INVALID_BACKGROUND_IMAGE_URL, "BackgroundImageUrl"),
		FAULT("'" URL_512 "?'", INVALID_BACKGROUND_IMAGE_URL, "BackgroundImageUrl"),
	};
#undef FAULT

	(void)state;
	assert_int_equal(strlen(URL_512), 512);
	CHECK(faults, TESS_ROOM_ID_NUMBER);
}

static void test_layout_faults(void **state)
{
#define FAULT(value, fault_code, name)                                              \
	{                                                                           \
		"{'LayoutParams':{'" name "':" value "}}", TESS_CLOUD_##fault_code, \
			"`LayoutParams." name "`"                                   \
	}
	static const struct fault faults[] = {
		{"{'LayoutParams':null}", TESS_CLOUD_MISSING_PARAMETER, "`LayoutParams`"},
		{"{'LayoutParams':1}", TESS_CLOUD_INVALID_PARAMETER, "`LayoutParams`"},
		FAULT("5", INVALID_PARAMETER, "Template"),
		FAULT("-1", INVALID_PARAMETER, "Template"),
		FAULT("3", INVALID_PARAMETER, "RenderMode"),
		FAULT("3", INVALID_PARAMETER, "PureAudioHoldPlaceMode"),
		FAULT("'alice'", INVALID_PARAMETER, "MixVideoUids"),
		FAULT("['']", INVALID_PARAMETER, "MixVideoUids"),
		FAULT("[1]", INVALID_PARAMETER, "MixVideoUids"),
		FAULT("[null]", INVALID_PARAMETER, "MixVideoUids"),
		FAULT("['a b']", INVALID_PARAMETER, "MixVideoUids"),
		FAULT("['0123456789abcdef0123456789abcdef0']", INVALID_PARAMETER, "MixVideoUids"),
		FAULT("['1','2','3','4','5','6','7','8','9','10','11','12','13','14','15','16','17'"
		      "]",
		      INVALID_PARAMETER, "MixVideoUids"),
		FAULT("2", INVALID_MAIN_VIDEO_STREAM_TYPE, "MainVideoStreamType"),
		FAULT("2", INVALID_MAIN_VIDEO_RIGHT_ALIGN, "MainVideoRightAlign"),
		FAULT("1", INVALID_PARAMETER, "MainVideoUserId"),
		FAULT("'a b'", INVALID_PARAMETER, "MainVideoUserId"),
		FAULT("2", INVALID_PARAMETER, "PlaceHolderMode"),
		FAULT("'on'", INVALID_PARAMETER, "PlaceHolderMode"),
		FAULT("-1", INVALID_PARAMETER, "RenderMode"),
		FAULT("-1", INVALID_PARAMETER, "PureAudioHoldPlaceMode"),
		FAULT("'x'", INVALID_MAIN_VIDEO_STREAM_TYPE, "MainVideoStreamType"),
		FAULT("'x'", INVALID_MAIN_VIDEO_RIGHT_ALIGN, "MainVideoRightAlign"),
	};
#undef FAULT

	(void)state;
	CHECK(faults, TESS_ROOM_ID_NUMBER);
}

static void test_picture_in_picture_faults(void **state)
{
#define SMALL(members) "{'LayoutParams':{'Template':3,'SmallVideoLayoutParams':{" members "}}}"
#define INVALID	       TESS_CLOUD_INVALID_SMALL_VIDEO_LAYOUT_PARAMS
	static const struct fault faults[] = {
		{"{'LayoutParams':{'SmallVideoLayoutParams':7}}", INVALID,
		 "SmallVideoLayoutParams"},
		{SMALL("'StreamType':0"), TESS_CLOUD_MISSING_PARAMETER, "Params.UserId`"},
		{SMALL("'UserId':'a'"), TESS_CLOUD_MISSING_PARAMETER, "Params.StreamType`"},
		{SMALL("'UserId':'','StreamType':0"), INVALID, "Params.UserId`"},
		{SMALL("'UserId':'a','StreamType':2"), TESS_CLOUD_INVALID_SMALL_VIDEO_STREAM_TYPE,
		 "Params.StreamType`"},
		{SMALL("'UserId':'a','StreamType':0,'ImageWidth':-1"), INVALID,
		 "Params.ImageWidth`"},
		{SMALL("'UserId':'a','StreamType':0,'ImageWidth':640,'LocationX':641"), INVALID,
		 "Params.ImageWidth`"},
		{SMALL("'UserId':'a','StreamType':0,'ImageHeight':360,'LocationY':361"), INVALID,
		 "Params.ImageHeight`"},
		{SMALL("'UserId':'a','StreamType':0,'LocationX':2147483647"), INVALID,
		 "Params.ImageWidth`"},
	};
#undef INVALID
#undef SMALL

	(void)state;
	CHECK(faults, TESS_ROOM_ID_NUMBER);
}

static void test_custom_faults(void **state)
{
#define PRESETS(list)	"{'LayoutParams':{'Template':4,'PresetLayoutConfig':" list "}}"
#define PRESET(members) PRESETS("[{" members "}]")
#define INVALID		TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG
#define FOUR		"{},{},{},{},"
	static const struct fault faults[] = {
		{"{'LayoutParams':{'Template':4}}", TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG,
		 "PresetLayoutConfig"},
		{PRESETS("[]"), TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG, "PresetLayoutConfig"},
		{PRESETS("{}"), INVALID, "PresetLayoutConfig"},
		{PRESETS("[1]"), INVALID, "PresetLayoutConfig"},
		{PRESETS("[" FOUR FOUR FOUR FOUR "{}]"), INVALID, "PresetLayoutConfig"},
		{PRESETS("[{},{'UserId':'a b'}]"), INVALID,
		 "`LayoutParams.PresetLayoutConfig.1.UserId`"},
		{PRESET("'StreamType':2"), INVALID, "Config.0.StreamType`"},
		{PRESET("'ImageWidth':1281"), INVALID, "Config.0.ImageWidth`"},
		{PRESET("'ImageHeight':700,'LocationY':21"), INVALID, "Config.0.ImageHeight`"},
		{PRESET("'LocationX':-1"), INVALID, "Config.0.LocationX`"},
		{PRESET("'ZOrder':-1"), INVALID, "Config.0.ZOrder`"},
		{PRESET("'RenderMode':3"), INVALID, "Config.0.RenderMode`"},
		{PRESET("'MixInputType':3"), INVALID, "Config.0.MixInputType`"},
		{PRESET("'PlaceImageId':-1"), INVALID, "Config.0.PlaceImageId`"},
		{PRESET("'PlaceImageId':4294967296"), INVALID, "Config.0.PlaceImageId`"},
		{PRESET("'PlaceImageId':'x'"), INVALID, "Config.0.PlaceImageId`"},
	};
#undef FOUR
#undef INVALID
#undef PRESET
#undef PRESETS

	(void)state;
	CHECK(faults, TESS_ROOM_ID_NUMBER);
}

static void test_watermark_faults(void **state)
{
#define MARK(id, width, height, x, y, more)                                                \
	"{'LayoutParams':{'WaterMarkParams':{'WaterMarkId':" id ",'WaterMarkWidth':" width \
	",'WaterMarkHeight':" height ",'LocationX':" x ",'LocationY':" y more "}}}"
	static const struct fault faults[] = {
		{"{'LayoutParams':{'WaterMarkParams':1}}", TESS_CLOUD_INVALID_PARAMETER,
		 "`LayoutParams.WaterMarkParams`"},
		{"{'LayoutParams':{'WaterMarkParams':{}}}", TESS_CLOUD_MISSING_PARAMETER,
		 "`LayoutParams.WaterMarkParams.WaterMarkId`"},
		{"{'LayoutParams':{'WaterMarkParams':{'WaterMarkId':1}}}",
		 TESS_CLOUD_MISSING_PARAMETER, "`LayoutParams.WaterMarkParams.WaterMarkWidth`"},
		{MARK("'x'", "160", "90", "0", "0", ""), TESS_CLOUD_INVALID_PARAMETER,
		 "Params.WaterMarkId`"},
		{MARK("1", "160", "90", "1121", "0", ""), TESS_CLOUD_INVALID_PARAMETER,
		 "Params.WaterMarkWidth`"},
		{MARK("1", "160", "90", "0", "631", ""), TESS_CLOUD_INVALID_PARAMETER,
		 "Params.WaterMarkHeight`"},
		{MARK("1", "160", "90", "0", "0", ",'WaterMarkUrl':'x'"),
		 TESS_CLOUD_INVALID_PARAMETER, "Params.WaterMarkUrl`"},
		{MARK("1", "160", "90", "0", "0", ",'WaterMarkUrl':'http://a/b.gif'"),
		 TESS_CLOUD_INVALID_PARAMETER, "Params.WaterMarkUrl`"},
		{MARK("1", "160", "90", "0", "0", ",'WaterMarkUrl':'" URL_512 "?'"),
		 TESS_CLOUD_INVALID_PARAMETER, "Params.WaterMarkUrl`"},
		{MARK("0", "160", "90", "0", "0", ""), TESS_CLOUD_INVALID_PARAMETER,
		 "Params.WaterMarkId`"},
		{MARK("4294967296", "160", "90", "0", "0", ""), TESS_CLOUD_INVALID_PARAMETER,
		 "Params.WaterMarkId`"},
		{MARK("1", "-1", "90", "0", "0", ""), TESS_CLOUD_INVALID_PARAMETER,
		 "Params.WaterMarkWidth`"},
		{"{'LayoutParams':{'WaterMarkParams':{'WaterMarkId':1,'WaterMarkWidth':160,'"
		 "LocationX':0,'LocationY':0}}}",
		 TESS_CLOUD_MISSING_PARAMETER, "Params.WaterMarkHeight`"},
		{"{'LayoutParams':{'WaterMarkParams':{'WaterMarkId':1,'WaterMarkWidth':160,'"
		 "WaterMarkHeight':90,'LocationY':0}}}",
		 TESS_CLOUD_MISSING_PARAMETER, "Params.LocationX`"},
		{"{'LayoutParams':{'WaterMarkParams':{'WaterMarkId':1,'WaterMarkWidth':160,'"
		 "WaterMarkHeight':90,'LocationX':0}}}",
		 TESS_CLOUD_MISSING_PARAMETER, "Params.LocationY`"},
		{"{'LayoutParams':{'WaterMarkParams':{'WaterMarkWidth':160,'WaterMarkHeight':90,'"
		 "LocationX':0,'LocationY':0,'WaterMarkUrl':'http://a/b.bmp'}}}",
		 TESS_CLOUD_MISSING_PARAMETER, "Params.WaterMarkId`"},
	};
#undef MARK

	(void)state;
	CHECK(faults, TESS_ROOM_ID_NUMBER);
}

/* Missing is told before wrong, whatever their places. */
static void test_order(void **state)
{
	static const struct fault faults[] = {
		{"{'SdkAppId':'x','LayoutParams':null}", TESS_CLOUD_MISSING_PARAMETER,
		 "LayoutParams"},
		{"{'EncodeParams':{'AudioBitrate':0,'VideoGop':null}}",
		 TESS_CLOUD_MISSING_VIDEO_ENCODE_PARAMS, "VideoGop"},
		{"{'SdkAppId':null,'RoomId':null}", TESS_CLOUD_MISSING_SDK_APP_ID, "SdkAppId"},
	};

	(void)state;
	CHECK(faults, TESS_ROOM_ID_NUMBER);
}

static void test_stop(void **state)
{
	static const struct {
		const char *params;
		enum tess_room_id_type type;
		enum tess_cloud_code code; /* before first: accepted */
	} cases[] = {
		{"{'SdkAppId':1400000123,'RoomId':1001}", TESS_ROOM_ID_NUMBER, 0},
		{"{'SdkAppId':'1400000123','RoomId':'1001'}", TESS_ROOM_ID_NUMBER, 0},
		{"{'SdkAppId':1400000123,'StrRoomId':'1001'}", TESS_ROOM_ID_STRING, 0},
		{"{'RoomId':1001}", TESS_ROOM_ID_NUMBER, TESS_CLOUD_MISSING_SDK_APP_ID},
		{"{'SdkAppId':[],'RoomId':1001}", TESS_ROOM_ID_NUMBER,
		 TESS_CLOUD_INVALID_SDK_APP_ID},
		{"{'SdkAppId':1}", TESS_ROOM_ID_NUMBER, TESS_CLOUD_MISSING_ROOM_ID},
		{"{'SdkAppId':1,'RoomId':4294967295}", TESS_ROOM_ID_NUMBER,
		 TESS_CLOUD_INVALID_ROOM_ID},
		{"{'SdkAppId':1,'RoomId':1}", TESS_ROOM_ID_STRING, TESS_CLOUD_MISSING_ROOM_ID},
		{"{'SdkAppId':1,'StrRoomId':1}", TESS_ROOM_ID_STRING,
		 TESS_CLOUD_INVALID_STR_ROOM_ID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tess_cloud_error error = {0};
		json_t *params = json_of(cases[i].params);
		struct tess_cloud_room room;
		int err = tess_cloud_room_parse(&room, params, cases[i].type, &error);

		assert_int_equal(err, cases[i].code ? -EINVAL : 0);
		assert_int_equal(error.code, cases[i].code);
		if (!err) {
			assert_int_equal(room.sdk_app_id, 1400000123);
			assert_int_equal(room.type, cases[i].type);
			assert_string_equal(room.id, "1001");
		}
		json_decref(params);
	}
}

static void test_publish(void **state)
{
	static const char *const good[] = {"rtmp://cdn.example/live/stream?txSecret=abc&txTime=5F",
					   "RTMPS://a:443/b/c",
					   "srt://[2001:db8::1]:9000?streamid=x"};
	struct tess_mix_request mix;
	char patch[256];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(patch, sizeof(patch),
			       "{'PublishCdnParams':{'BizId':4294,'PublishCdnUrls':['%s']}}",
			       good[i]);
		accepted(&mix, patch);
		assert_int_equal(mix.publish.biz_id, 4294);
		assert_string_equal(mix.publish.url, good[i]);
	}
}

static void mask(const char *url, const char *expected)
{
	char masked[TESS_CLOUD_MAX_URL + 8];

	tess_publish_url_mask(masked, sizeof(masked), url);
	assert_string_equal(masked, expected);
}

static void test_masked(void **state)
{
	(void)state;
	mask("rtmp://cdn.example/live/stream?txSecret=abc", "rtmp://cdn.example/live/***");
	mask("rtmp://cdn.example:1936/live/a/b", "rtmp://cdn.example:1936/live/***");
	mask("rtmp://cdn.example/key", "rtmp://cdn.example/***");
	mask("rtmp://cdn.example/live?k=secret/x", "rtmp://cdn.example/***");
	mask("rtmps://user:word@cdn.example/live/x", "rtmps://***@cdn.example/live/***");
	mask("srt://cdn.example:9000?streamid=x&passphrase=secret", "srt://cdn.example:9000?***");
	mask("srt://cdn.example:9000", "srt://cdn.example:9000");
	mask("srt://cdn.example/#a", "srt://cdn.example/***");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_all_of_the_grid),
		cmocka_unit_test(test_audio_only),
		cmocka_unit_test(test_other_templates),
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_string_rooms),
		cmocka_unit_test(test_room_faults),
		cmocka_unit_test(test_output_faults),
		cmocka_unit_test(test_encode_faults),
		cmocka_unit_test(test_layout_faults),
		cmocka_unit_test(test_picture_in_picture_faults),
		cmocka_unit_test(test_custom_faults),
		cmocka_unit_test(test_watermark_faults),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
