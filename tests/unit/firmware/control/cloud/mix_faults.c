/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/mix_params.c and layout_params.c: which code answers which fault.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_headers.h"
#include "mix_request.h"

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

		if (mix_request_parse(&mix, faults[i].patch, type, &error) != -EINVAL)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room_faults),
		cmocka_unit_test(test_output_faults),
		cmocka_unit_test(test_encode_faults),
		cmocka_unit_test(test_layout_faults),
		cmocka_unit_test(test_picture_in_picture_faults),
		cmocka_unit_test(test_custom_faults),
		cmocka_unit_test(test_watermark_faults),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
