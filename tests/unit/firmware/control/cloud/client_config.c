/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/client_config.c: what each mode of setMixTranscodingConfig means,
 * all ways to write it, and which code answers which fault.
 */
#include "firmware/control/cloud/client_config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_headers.h"
#include "json_text.h"

static struct tess_client client;
static struct tess_mix_request mix;
static struct tess_cloud_error error;

static int setup(void **state)
{
	(void)state;
	client = (struct tess_client){
		.room = {1400000123, TESS_ROOM_ID_NUMBER, "97391"},
		.user = "anna",
	};
	return 0;
}

static int parse(const char *text)
{
	json_t *config = json_of(text);
	int rc;

	memset(&error, 0, sizeof(error));
	rc = tess_client_config_parse(&mix, &client, config, &error);
	json_decref(config);
	return rc;
}

static void accept(const char *text)
{
	if (parse(text))
		fail_msg("%s: %s", text, error.message);
}

static void refuse(const char *text, enum tess_cloud_code code, const char *name)
{
	assert_int_equal(parse(text), -EINVAL);
	if (error.code != code || !strstr(error.message, name))
		fail_msg("%s: %s %s", text, tess_cloud_code_text(error.code), error.message);
}

static void expect(const char *expected)
{
	json_t *json = tess_mix_request_to_json(&mix);

	assert_string_equal(json_string_value(json_object_get(json, "mode")), mix.mode);
	json_object_del(json, "mode");
	assert_json(json, expected);
	json_decref(json);
}

static void test_pure_audio(void **state)
{
	(void)state;
	accept("{'mode':'PureAudio'}");
	expect("{'stream_id':'1400000123_97391_anna_main','record_id':'','video':null,"
	       "'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
	       "'layout':{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,"
	       "'local':'anna','others_heard':true}}");
	assert_string_equal(mix.starter, "anna");
	assert_string_equal(mix.mode, "PureAudio");
	accept("{'mode':2,'audioSampleRate':16000,'audioBitrate':32,'audioChannels':1,"
	       "'streamId':'mine','videoWidth':77777,'mixUsers':7}");
	assert_int_equal(mix.audio.sample_rate, 16000);
	assert_int_equal(mix.audio.bitrate_kbps, 32);
	assert_int_equal(mix.audio.channels, 1);
	assert_string_equal(mix.stream_id, "mine");
	/* as the document's samples write it */
	accept("{'mode':'TRTCTranscodingConfigMode_Template_PureAudio'}");
	accept("{'mode':'TRCTranscodingConfigMode_Template_PureAudio'}");
	assert_true(mix.audio_only);
}

/* the document's own sample: one large picture, two small ones over it */
static void test_preset_layout(void **state)
{
	(void)state;
	accept("{'mode':'TRTC_TranscodingConfigMode_Template_PresetLayout','videoWidth':720,"
	       "'videoHeight':1280,'videoBitrate':1500,'videoFramerate':20,'videoGOP':2,"
	       "'audioSampleRate':48000,'audioBitrate':64,'audioChannels':2,'mixUsers':["
	       "{'userId':'$PLACE_HOLDER_LOCAL_MAIN$','zOrder':0,'roomId':null,"
	       "'rect':{'left':0,'top':0,'right':720,'bottom':1280}},"
	       "{'userId':'$PLACE_HOLDER_REMOTE$','zOrder':1,'roomId':'97391',"
	       "'rect':{'x':400,'y':800,'width':180,'height':240}},"
	       "{'userId':'$PLACE_HOLDER_REMOTE$','zOrder':1,'roomId':97393,"
	       "'x':400,'y':500,'width':180,'height':240,'streamType':2}]}");
	expect("{'stream_id':'1400000123_97391_anna_main','record_id':'',"
	       "'video':{'width':720,'height':1280,'bitrate_kbps':1500,'frame_rate':20,'gop_s':2,"
	       "'background':0},'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
	       "'layout':{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,"
	       "'local':'anna','others_heard':true,'presets':["
	       "{'user':'anna','stream_type':'main','x':0,'y':0,'width':720,'height':1280,'z':0,"
	       "'render':0,'input':0},"
	       "{'user':'','stream_type':'main','x':400,'y':800,'width':180,'height':240,'z':1,"
	       "'render':0,'input':0},"
	       "{'user':'','stream_type':'aux','x':400,'y':500,'width':180,'height':240,'z':1,"
	       "'render':0,'input':0,'room':'97393'}]}}");
}

static void placeholder(const char *text, const char *user, bool auxiliary, uint32_t input)
{
	char config[256];

	(void)snprintf(config, sizeof(config),
		       "{'mode':3,'videoWidth':640,'videoHeight':360,'videoBitrate':500,"
		       "'mixUsers':[{'userId':'%s','width':640,'height':360}]}",
		       text);
	accept(config);
	assert_string_equal(mix.layout.presets[0].who.user, user);
	assert_int_equal(mix.layout.presets[0].who.auxiliary, auxiliary);
	assert_int_equal(mix.layout.presets[0].input, input);
}

static void test_placeholders(void **state)
{
	static const char *const mains[] = {"$PLACE_HOLDER_LOCAL_MAIN$", "$PLACEHOLDER_LOCAL_MAIN$",
					    "$PLACE HOLDER_LOCAL_MAIN$",
					    "$PLACE HOLDER_LOCAL_MAINS",
					    "$PLACE HOLDER LOCAL MAINS"};
	static const char *const subs[] = {"$PLACE_HOLDER_LOCAL_SUB$", "$PLACEHOLDER_LOCAL_SUB$",
					   "$PLACE HOLDER LOCAL SUB$"};
	static const char *const remotes[] = {"$PLACE_HOLDER_REMOTE$",	"$PLACE_HOLDER_REMOTES$",
					      "$PLACEHOLDER_REMOTE$",	"$PLACEHOLDER_REMOTES$",
					      "$PLACE HOLDER_REMOTES$", "$PLACE HOLDER REMOTES$",
					      "$PLACE HOLDER_REMOTE$"};
	static const char *const unknown[] = {
		"$",
		"$$",
		"$PLACE_HOLDER$",
		"$PLACE_HOLDER_LOCAL$",
		"PLACE_HOLDER_REMOTE$x",
		"$PLACE_HOLDER_REMOTE_AND_SOME_MORE_OF_IT_THAT_IS_LONG$"};
	char config[256];

	(void)state;
	for (unsigned i = 0; i < sizeof(mains) / sizeof(mains[0]); i++)
		placeholder(mains[i], "anna", false, 0);
	for (unsigned i = 0; i < sizeof(subs) / sizeof(subs[0]); i++)
		placeholder(subs[i], "anna", true, 1); /* only the picture */
	for (unsigned i = 0; i < sizeof(remotes) / sizeof(remotes[0]); i++)
		placeholder(remotes[i], "", false, 0);
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		(void)snprintf(config, sizeof(config),
			       "{'mode':3,'videoWidth':640,'videoHeight':360,'videoBitrate':500,"
			       "'mixUsers':[{'userId':'%s'}]}",
			       unknown[i]);
		refuse(config, TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers.0.userId`");
	}
	/* real names do too, as the web sample has them */
	placeholder("jack2", "jack2", false, 0);
}

static void test_manual(void **state)
{
	(void)state;
	accept("{'mode':1,'videoWidth':641,'videoHeight':360,'videoBitrate':500,"
	       "'backgroundColor':255,'mixUsers':["
	       "{'userId':'anna','width':320,'height':360},"
	       "{'userId':'bob','roomId':'102','x':320,'width':320,'height':180,'zOrder':15,"
	       "'renderMode':2},"
	       "{'userId':'carl','pureAudio':true},"
	       "{'userId':'dora','streamType':2,'inputType':2,'pureAudio':true},"
	       "{'userId':'emil','streamType':1,'inputType':3}]}");
	assert_false(mix.layout.others_heard);
	assert_true(mix.layout.places_for_others);
	assert_int_equal(mix.video.width, 640);
	assert_int_equal(mix.video.frame_rate, 15);
	assert_int_equal(mix.video.gop_s, 3);
	assert_int_equal(mix.video.background, 255);
	assert_int_equal(mix.layout.preset_count, 5);
	assert_string_equal(mix.layout.presets[1].room, "102");
	assert_int_equal(mix.layout.presets[1].z, 15);
	assert_int_equal(mix.layout.presets[1].render, 2);
	assert_int_equal(mix.layout.presets[2].input, 2);
	assert_true(mix.layout.presets[3].who.auxiliary);
	assert_int_equal(mix.layout.presets[3].input, 1);
	assert_false(mix.layout.presets[4].who.auxiliary);
	assert_int_equal(mix.layout.presets[4].input, 2);
}

static void size(uint32_t width, uint32_t height, uint32_t to_width, uint32_t to_height)
{
	tess_client_screen_size(&width, &height);
	assert_int_equal(width, to_width);
	assert_int_equal(height, to_height);
}

static void test_screen_sharing(void **state)
{
	(void)state;
	accept("{'mode':4}");
	expect("{'stream_id':'1400000123_97391_anna_main','record_id':'',"
	       "'video':{'width':1280,'height':720,'bitrate_kbps':987,'frame_rate':15,'gop_s':3,"
	       "'background':0},'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
	       "'auto_size':{'screen':0,'bitrate':true},"
	       "'layout':{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,"
	       "'local':'anna','others_heard':true,'presets':["
	       "{'user':'anna','stream_type':'main','x':0,'y':0,'width':1280,'height':720,'z':0,"
	       "'render':1,'input':0},"
	       "{'user':'anna','stream_type':'aux','x':0,'y':0,'width':1280,'height':720,'z':1,"
	       "'render':2,'input':1}]}}");
	client.screen.publisher = 9;
	client.screen.width = 2560;
	client.screen.height = 1600;
	accept("{'mode':'ScreenSharing','videoWidth':0,'videoHeight':0,'videoBitrate':800}");
	assert_int_equal(mix.video.width, 1920);
	assert_int_equal(mix.video.height, 1200);
	assert_int_equal(mix.video.bitrate_kbps, 800);
	assert_true(mix.automatic.size);
	assert_false(mix.automatic.bitrate);
	assert_int_equal(mix.automatic.screen, 9);
	accept("{'mode':4,'videoWidth':800,'videoHeight':600}");
	assert_int_equal(mix.video.width, 800);
	assert_false(mix.automatic.size);
	assert_int_equal(mix.layout.presets[1].height, 600);
	/* up to 1920 as it is, then the nearest of three shapes */
	size(0, 0, 1280, 720);
	size(1366, 768, 1366, 768);
	size(1367, 769, 1366, 768);
	size(1920, 1080, 1920, 1080);
	size(1920, 1440, 1920, 1440);
	size(1080, 1920, 1080, 1920);
	size(1080, 2400, 1080, 1920);
	size(2560, 1440, 1920, 1080);
	size(3840, 2160, 1920, 1080);
	size(5120, 1440, 1920, 1080);
	size(2560, 1600, 1920, 1200);
	size(2048, 1536, 1920, 1440);
	size(2000, 2000, 1920, 1440);
	size(1, 1, 16, 16);
	assert_int_equal(tess_client_screen_kbps(160, 90, 5), 200);
	assert_int_equal(tess_client_screen_kbps(1920, 1080, 15), 2221);
	assert_int_equal(tess_client_screen_kbps(1920, 1440, 60), 4000);
}

static void test_names(void **state)
{
	(void)state;
	client.room.type = TESS_ROOM_ID_STRING;
	(void)stpcpy(client.room.id, "a b?");
	accept("{'mode':2}");
	assert_string_equal(mix.stream_id, "1400000123_a%20b%3F_anna_main");
	/* too long for a name */
	(void)stpcpy(client.room.id,
		     "0123456789012345678901234567890123456789012345678901234567890123");
	accept("{'mode':2}");
	assert_int_equal(strlen(mix.stream_id), 11 + 32);
	assert_int_equal(strncmp(mix.stream_id, "1400000123_", 11), 0);
	client.room.id[0] = 'x';
	(void)stpcpy(client.stream_id, "own");
	(void)stpcpy(client.record_id, "tape");
	accept("{'mode':2}");
	assert_string_equal(mix.stream_id, "own");
	assert_string_equal(mix.record_id, "tape");
	accept("{'mode':2,'streamId':'other'}");
	assert_string_equal(mix.stream_id, "other");
}

#define VIDEO	      "'mode':1,'videoWidth':640,'videoHeight':360,'videoBitrate':500"
#define USER(members) "{" VIDEO ",'mixUsers':[{'userId':'bob'," members "}]}"

static void test_faults(void **state)
{
	static const struct {
		const char *config;
		enum tess_cloud_code code;
		const char *name;
	} faults[] = {
		{"{}", TESS_CLOUD_MISSING_PARAMETER, "`mode`"},
		{"{'mode':0}", TESS_CLOUD_INVALID_PARAMETER, "`mode`"},
		{"{'mode':5}", TESS_CLOUD_INVALID_PARAMETER, "`mode`"},
		{"{'mode':'Grid'}", TESS_CLOUD_INVALID_PARAMETER, "`mode`"},
		{"{'mode':[]}", TESS_CLOUD_INVALID_PARAMETER, "`mode`"},
		{"{'mode':2,'audioSampleRate':22050}", TESS_CLOUD_INVALID_AUDIO_ENCODE_PARAMS,
		 "`audioSampleRate`"},
		{"{'mode':2,'audioBitrate':7}", TESS_CLOUD_INVALID_AUDIO_ENCODE_PARAMS,
		 "`audioBitrate`"},
		{"{'mode':2,'audioChannels':3}", TESS_CLOUD_INVALID_AUDIO_ENCODE_PARAMS,
		 "`audioChannels`"},
		{"{'mode':2,'streamId':'a b'}", TESS_CLOUD_INVALID_STREAM_ID, "`streamId`"},
		{"{'mode':4,'backgroundImage':'x'}", TESS_CLOUD_INVALID_BACKGROUND_IMAGE_URL,
		 "`backgroundImage`"},
		{"{'mode':4,'backgroundImage':7}", TESS_CLOUD_INVALID_BACKGROUND_IMAGE_URL,
		 "`backgroundImage`"},
		{"{'mode':4,'backgroundImage':'4294967296'}",
		 TESS_CLOUD_INVALID_BACKGROUND_IMAGE_URL, "`backgroundImage`"},
		{"{'mode':3,'mixUsers':[]}", TESS_CLOUD_MISSING_VIDEO_ENCODE_PARAMS,
		 "`videoWidth`"},
		{"{'mode':1,'videoWidth':0,'videoHeight':360,'videoBitrate':500,'mixUsers':[{"
		 "'userId':'a'}]}",
		 TESS_CLOUD_INVALID_VIDEO_RESOLUTION, "`videoWidth`"},
		{"{'mode':4,'videoWidth':0,'videoHeight':360}", TESS_CLOUD_INVALID_VIDEO_RESOLUTION,
		 "`videoWidth`"},
		{"{'mode':4,'videoWidth':1922,'videoHeight':360}",
		 TESS_CLOUD_INVALID_VIDEO_RESOLUTION, "`videoWidth`"},
		{"{'mode':4,'videoFramerate':61}", TESS_CLOUD_INVALID_ENCODE_PARAMS,
		 "`videoFramerate`"},
		{"{'mode':4,'videoGOP':9}", TESS_CLOUD_INVALID_ENCODE_PARAMS, "`videoGOP`"},
		{"{'mode':4,'videoBitrate':10001}", TESS_CLOUD_INVALID_ENCODE_PARAMS,
		 "`videoBitrate`"},
		{"{'mode':4,'backgroundColor':16777216}", TESS_CLOUD_INVALID_ENCODE_PARAMS,
		 "`backgroundColor`"},
		{"{" VIDEO "}", TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG, "`mixUsers`"},
		{"{" VIDEO ",'mixUsers':{}}", TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers`"},
		{"{" VIDEO ",'mixUsers':[7]}", TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers`"},
		{"{" VIDEO ",'mixUsers':[{}]}", TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.userId`"},
		{"{" VIDEO ",'mixUsers':[{'userId':'a b'}]}",
		 TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers.0.userId`"},
		{"{" VIDEO ",'mixUsers':[{'userId':'$PLACE_HOLDER_REMOTE$'}]}",
		 TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "Manual"},
		{"{'mode':3,'videoWidth':640,'videoHeight':360,'videoBitrate':500,'mixUsers':["
		 "{'userId':'$PLACE_HOLDER_LOCAL_MAIN$'},{'userId':'$PLACE_HOLDER_LOCAL_MAIN$'}]}",
		 TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers.1.userId`"},
		{"{'mode':3,'videoWidth':640,'videoHeight':360,'videoBitrate':500,'mixUsers':["
		 "{'userId':'$PLACE_HOLDER_LOCAL_SUB$','roomId':'7'}]}",
		 TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers.0.roomId`"},
		{USER("'width':641,'height':1"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.width`"},
		{USER("'width':2147483647,'x':2147483647"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.width`"},
		{USER("'y':1,'height':360"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.height`"},
		{USER("'x':-1"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers.0.x`"},
		{USER("'rect':7"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers.0.rect`"},
		{USER("'rect':{'left':9,'right':8}"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.rect.right`"},
		{USER("'rect':{'left':9,'right':10,'bottom':361}"),
		 TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers.0.rect.bottom`"},
		{USER("'zOrder':16"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.zOrder`"},
		{USER("'renderMode':3"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.renderMode`"},
		{USER("'streamType':3"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.streamType`"},
		{USER("'inputType':5"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.inputType`"},
		{USER("'inputType':4"), TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.image`"},
		{USER("'inputType':4,'image':'7','x':640,'width':1"),
		 TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers.0.width`"},
		{"{" VIDEO ",'mixUsers':[{'inputType':4,'image':'7'},{'inputType':4,'image':'8'}]}",
		 TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers.1.inputType`"},
		{USER("'pureAudio':1"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.pureAudio`"},
		{USER("'roomId':'x'"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.roomId`"},
		{USER("'roomId':0"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.roomId`"},
		{USER("'image':'ftp://a/b.png'"), TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
		 "`mixUsers.0.image`"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		refuse(faults[i].config, faults[i].code, faults[i].name);
}

/* by id or address: behind all, in a place, over all */
static void test_pictures(void **state)
{
	(void)state;
	accept("{" VIDEO ",'backgroundImage':'63','mixUsers':["
	       "{'userId':'a','width':320,'height':180,'inputType':3,"
	       "'image':'https://a/b.png?c=1'},"
	       "{'userId':'b','x':320,'width':320,'height':180,'image':'64'},"
	       "{'inputType':4,'image':'http://a/mark.png','zOrder':1,"
	       "'rect':{'left':500,'top':20,'right':600,'bottom':60}}]}");
	expect("{'stream_id':'1400000123_97391_anna_main','record_id':'',"
	       "'video':{'width':640,'height':360,'bitrate_kbps':500,'frame_rate':15,'gop_s':3,"
	       "'background':0,'background_image':{'id':63}},"
	       "'audio':{'sample_rate':48000,'bitrate_kbps':64,'channels':2},"
	       "'layout':{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,"
	       "'local':'anna','presets':["
	       "{'user':'a','stream_type':'main','x':0,'y':0,'width':320,'height':180,'z':0,"
	       "'render':0,'input':2,'image':'https://a/b.png?c=1'},"
	       "{'user':'b','stream_type':'main','x':320,'y':0,'width':320,'height':180,'z':0,"
	       "'render':0,'input':0,'image':64}],"
	       "'water_mark':{'url':'http://a/mark.png','x':500,'y':20,'width':100,'height':40}}}");
	accept("{'mode':4,'backgroundImage':'https://a/b.JPG','backgroundColor':7}");
	assert_string_equal(mix.mode, "ScreenSharing");
	assert_string_equal(mix.video.background_image.url, "https://a/b.JPG");
	assert_int_equal(mix.video.background_image.id, 0);
	/* nothing is seen of it */
	accept("{'mode':2,'backgroundImage':'x'}");
}

static void test_seventeen_users(void **state)
{
	char config[2048] = "{" VIDEO ",'mixUsers':[";

	(void)state;
	for (unsigned i = 0; i < 17; i++) {
		if (i == 16) {
			char sixteen[2048];

			(void)snprintf(sixteen, sizeof(sixteen), "%.*s]}", (int)strlen(config) - 1,
				       config);
			accept(sixteen);
			assert_int_equal(mix.layout.preset_count, 16);
		}
		(void)strcat(config, "{'userId':'a'},");
	}
	config[strlen(config) - 1] = '\0';
	(void)strcat(config, "]}");
	refuse(config, TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG, "`mixUsers`");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pure_audio, setup),
		cmocka_unit_test_setup(test_preset_layout, setup),
		cmocka_unit_test_setup(test_placeholders, setup),
		cmocka_unit_test_setup(test_manual, setup),
		cmocka_unit_test_setup(test_screen_sharing, setup),
		cmocka_unit_test_setup(test_names, setup),
		cmocka_unit_test_setup(test_pictures, setup),
		cmocka_unit_test_setup(test_faults, setup),
		cmocka_unit_test_setup(test_seventeen_users, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
