/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures from the APIs to the link to media: signed requests of the cloud API, the admin API,
 * what a mix's state warns of, and what media gets.
 */
#include "firmware/control/jobs/pictures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cloud/client.h"
#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/cloud/picture_content.h"
#include "firmware/control/http/dispatch.h"
#include "firmware/control/jobs/desired.h"
#include "firmware/control/jobs/reconcile.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/link/link.h"
#include "fixture.h"

#define APP	  1400000001
#define PATH	  "/api/v1/applications/1400000001/pictures"
#define MIX	  "/api/v1/applications/1400000001/rooms/101/mix"
#define BMP_TEXT  "Qk1waWN0dXJl" /* "BMpicture" */
#define PNG_TEXT  "iVBORw0KGgox"
#define JPEG_TEXT "/9j/4A=="
#define GIF_TEXT  "R0lGODlh"

static struct fixture f;

static int setup(void **state)
{
	struct tess_api_key key = {.secret_id = SECRET_ID,
				   .secret_key = SECRET_KEY,
				   .application = APP,
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

/* ---- the cloud API ---- */

/* Sign and send; @return "Response", the caller's. */
static json_t *cloud(const char *action, const char *body)
{
	struct tess_response response;
	struct tess_request request;
	struct client client;
	json_t *json, *inner;

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
	assert_int_equal(response.status, 200);
	json = json_loads(response.body, 0, NULL);
	inner = json_incref(json_object_get(json, "Response"));
	json_decref(json);
	tess_response_fini(&response);
	assert_non_null(inner);
	json_object_del(inner, "RequestId");
	return inner;
}

/* The body has ' for ". */
static void expect(const char *action, const char *body, const char *expected)
{
	char *text = strdup(body);
	json_t *answer;

	for (char *at = text; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	answer = cloud(action, text);
	assert_json(answer, expected);
	json_decref(answer);
	free(text);
}

static void refused(const char *action, const char *body, const char *code)
{
	char *text = strdup(body);
	const char *got = "";
	json_t *answer;

	for (char *at = text; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	answer = cloud(action, text);
	(void)json_unpack(answer, "{s:{s:s}}", "Error", "Code", &got);
	if (strcmp(got, code) != 0)
		fail_msg("%s %s: %s, not %s", action, body, got, code);
	json_decref(answer);
	free(text);
}

#define CREATE(content, suffix)                                            \
	"{'SdkAppId':1400000001,'Content':'" content "','Suffix':'" suffix \
	"','Height':90,'Width':160,'XPosition':1,'YPosition':2}"

static void test_create(void **state)
{
	static const char *const members[] = {"'SdkAppId':1400000001", "'Content':'" BMP_TEXT "'",
					      "'Suffix':'bmp'",	       "'Height':90",
					      "'Width':160",	       "'XPosition':1",
					      "'YPosition':2"};
	struct tess_picture picture;

	(void)state;
	expect("CreatePicture", CREATE(BMP_TEXT, "bmp"), "{'PictureId':1}");
	expect("CreatePicture", CREATE(PNG_TEXT, "PNG"), "{'PictureId':2}");
	expect("CreatePicture", CREATE(JPEG_TEXT, "jpg"), "{'PictureId':3}");
	expect("CreatePicture", CREATE(JPEG_TEXT, "jpeg"), "{'PictureId':4}");
	assert_int_equal(tess_store_picture_get(f.control.store, &picture, APP, 3), 0);
	assert_string_equal(picture.format, "jpeg");
	assert_int_equal(picture.width, 160);
	assert_int_equal(picture.height, 90);
	assert_int_equal(picture.x, 1);
	assert_int_equal(picture.y, 2);
	assert_int_equal(picture.bytes, 4);

	refused("CreatePicture", CREATE("", "bmp"), "InvalidParameter.CheckContentFailed");
	refused("CreatePicture", CREATE("not base64!!", "bmp"),
		"InvalidParameter.CheckContentFailed");
	refused("CreatePicture", CREATE(GIF_TEXT, "bmp"), "InvalidParameter.CheckContentFailed");
	refused("CreatePicture", CREATE(GIF_TEXT, "gif"), "InvalidParameter.CheckSuffixFailed");
	refused("CreatePicture", CREATE(BMP_TEXT, ""), "InvalidParameter.CheckSuffixFailed");
	refused("CreatePicture", CREATE(BMP_TEXT, "png"), "InvalidParameter.CheckSuffixFailed");
	refused("CreatePicture",
		"{'SdkAppId':'x','Content':'" BMP_TEXT "','Suffix':'bmp','Height'"
		":90,'Width':160,'XPosition':1,'YPosition':2}",
		"InvalidParameter.SdkAppId");
	refused("CreatePicture",
		"{'SdkAppId':1400000001,'Content':7,'Suffix':'bmp','Height':90,"
		"'Width':160,'XPosition':1,'YPosition':2}",
		"InvalidParameter.CheckContentFailed");
	refused("CreatePicture",
		"{'SdkAppId':1400000001,'Content':'" BMP_TEXT "','Suffix':'bmp',"
		"'Height':-1,'Width':160,'XPosition':1,'YPosition':2}",
		"InvalidParameter");
	refused("CreatePicture",
		"{'SdkAppId':1400000002,'Content':'" BMP_TEXT "','Suffix':'bmp',"
		"'Height':1,'Width':160,'XPosition':1,'YPosition':2}",
		"UnauthorizedOperation.SdkAppId");
	for (size_t left = 0; left < sizeof(members) / sizeof(members[0]); left++) {
		char body[256] = "{";

		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
			if (i != left)
				(void)strcat(strcat(body, body[1] ? "," : ""), members[i]);
		}
		refused("CreatePicture", strcat(body, "}"), "MissingParameter");
	}
	/* nothing of that was kept */
	expect("DescribePicture", "{'SdkAppId':1400000001,'PageNo':2}",
	       "{'Total':4,'PictureInfo':[]}");
}

/* 2 MiB and not a byte more. */
static void test_size(void **state)
{
	size_t length = TESS_PICTURE_MAX_BYTES, text_length = TESS_BASE64_SIZE(length) - 1;
	char *body = malloc(text_length + 512), *at;
	json_t *answer;

	(void)state;
	assert_non_null(body);
	for (int over = 0; over <= 1; over++) {
		at = stpcpy(body, "{\"SdkAppId\":1400000001,\"Suffix\":\"bmp\",\"Height\":1,"
				  "\"Width\":1,\"XPosition\":1,\"YPosition\":1,\"Content\":\"");
		memset(at, 'A', text_length);
		memcpy(at, BMP_TEXT, 12);
		/* 2 MiB is 699050 groups and 2 bytes: its last group has one '=' */
		if (!over)
			at[text_length - 1] = '=';
		(void)stpcpy(at + text_length, "\"}");
		answer = cloud("CreatePicture", body);
		if (over)
			assert_json(json_object_get(json_object_get(answer, "Error"), "Code"),
				    "'InvalidParameter.CheckContentFailed'");
		else
			assert_json(answer, "{'PictureId':1}");
		json_decref(answer);
	}
	free(body);
}

static void test_describe_modify_delete(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++)
		refused("CreatePicture", CREATE(BMP_TEXT, "bmp"), "");
	expect("ModifyPicture", "{'SdkAppId':1400000001,'PictureId':11,'Height':7,'XPosition':8}",
	       "{}");
	expect("DescribePicture", "{'SdkAppId':1400000001,'PageSize':2,'PageNo':6}",
	       "{'Total':12,'PictureInfo':[{'Height':7,'Width':160,'XPosition':8,'YPosition':2,"
	       "'SdkAppId':1400000001,'PictureId':11},{'Height':90,'Width':160,'XPosition':1,"
	       "'YPosition':2,'SdkAppId':1400000001,'PictureId':12}]}");
	expect("DescribePicture", "{'SdkAppId':1400000001,'PictureId':12}",
	       "{'Total':1,'PictureInfo':[{'Height':90,'Width':160,'XPosition':1,'YPosition':2,"
	       "'SdkAppId':1400000001,'PictureId':12}]}");
	expect("DescribePicture", "{'SdkAppId':1400000001,'PictureId':99}",
	       "{'Total':0,'PictureInfo':[]}");
	expect("DescribePicture", "{'SdkAppId':1400000001,'PageNo':2}",
	       "{'Total':12,'PictureInfo':[{'Height':7,'Width':160,'XPosition':8,'YPosition':2,"
	       "'SdkAppId':1400000001,'PictureId':11},{'Height':90,'Width':160,'XPosition':1,"
	       "'YPosition':2,'SdkAppId':1400000001,'PictureId':12}]}");
	refused("DescribePicture", "{}", "MissingParameter");
	refused("DescribePicture", "{'SdkAppId':0}", "InvalidParameter.SdkAppId");
	refused("DescribePicture", "{'SdkAppId':1400000001,'PageSize':0}", "InvalidParameter");
	refused("DescribePicture", "{'SdkAppId':1400000001,'PageSize':101}", "InvalidParameter");
	refused("DescribePicture", "{'SdkAppId':1400000001,'PageNo':0}", "InvalidParameter");
	refused("DescribePicture", "{'SdkAppId':1400000002}", "UnauthorizedOperation.SdkAppId");

	refused("ModifyPicture", "{'SdkAppId':1400000001}", "MissingParameter");
	refused("ModifyPicture", "{'PictureId':11}", "MissingParameter");
	refused("ModifyPicture", "{'SdkAppId':1400000001,'PictureId':99}", "InvalidParameter");
	refused("ModifyPicture", "{'SdkAppId':'x','PictureId':11}", "InvalidParameter.SdkAppId");
	refused("ModifyPicture", "{'SdkAppId':1400000001,'PictureId':11,'Width':-1}",
		"InvalidParameter");
	refused("ModifyPicture", "{'SdkAppId':1400000002,'PictureId':11}",
		"UnauthorizedOperation.SdkAppId");

	refused("DeletePicture", "{'SdkAppId':1400000001}", "MissingParameter");
	refused("DeletePicture", "{'SdkAppId':1400000001,'PictureId':'x'}", "InvalidParameter");
	refused("DeletePicture", "{'SdkAppId':0,'PictureId':1}", "InvalidParameter.SdkAppId");
	refused("DeletePicture", "{'SdkAppId':1400000002,'PictureId':1}",
		"UnauthorizedOperation.SdkAppId");
	expect("DeletePicture", "{'SdkAppId':1400000001,'PictureId':12}", "{}");
	refused("DeletePicture", "{'SdkAppId':1400000001,'PictureId':12}",
		"InvalidParameter.PictureNotFound");
}

static void test_most(void **state)
{
	(void)state;
	for (int i = 0; i < TESS_PICTURES_MAX_OF_APPLICATION; i++) {
		struct tess_picture picture = {.application = APP};

		assert_int_equal(tess_pictures_add(&f.control, &picture, "BMpicture", 9), 0);
	}
	refused("CreatePicture", CREATE(BMP_TEXT, "bmp"), "LimitExceeded");
	fixture_refused(&f, "POST", PATH, "{'content':'" BMP_TEXT "'}", 409, "limit", "");
}

/* ---- the admin API ---- */

static void test_admin(void **state)
{
	(void)state;
	fixture_call(&f, "POST", PATH, "{'content':'" BMP_TEXT "','width':3,'y':4}", 201);
	assert_json(f.json, "{'id':1,'application':1400000001,'format':'bmp','bytes':9,'width':3,"
			    "'height':0,'x':0,'y':4,'created':'2023-11-14T22:13:20.000Z'}");
	fixture_call(&f, "PATCH", PATH "/1", "{'x':9}", 200);
	assert_int_equal(fixture_int(&f, "x"), 9);
	assert_int_equal(fixture_int(&f, "width"), 3);
	fixture_call(&f, "GET", PATH "/1", NULL, 200);
	assert_int_equal(fixture_int(&f, "x"), 9);
	fixture_call(&f, "GET", PATH "/1/content", NULL, 200);
	assert_string_equal(tess_response_get(&f.response, "Content-Type"), "image/bmp");
	assert_int_equal(f.response.body_length, 9);
	assert_memory_equal(f.response.body, "BMpicture", 9);
	fixture_call(&f, "GET", PATH, NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "pictures")), 1);

	fixture_refused(&f, "POST", PATH, "{}", 400, "missing_parameter", "content");
	fixture_refused(&f, "POST", PATH, "{'content':7}", 400, "invalid_parameter", "content");
	fixture_refused(&f, "POST", PATH, "{'content':'" GIF_TEXT "'}", 400, "invalid_parameter",
			"content");
	fixture_refused(&f, "POST", PATH, "{'content':'no base64'}", 400, "invalid_parameter",
			"content");
	fixture_refused(&f, "POST", PATH, "{'content':'" BMP_TEXT "','width':-1}", 400,
			"invalid_parameter", "width");
	fixture_refused(&f, "POST", PATH, "{'content':'" BMP_TEXT "','z':1}", 400,
			"invalid_parameter", "z");
	fixture_refused(&f, "PATCH", PATH "/1", "{'content':'" BMP_TEXT "'}", 400,
			"invalid_parameter", "content");
	fixture_refused(&f, "PATCH", PATH "/1", "{'y':'x'}", 400, "invalid_parameter", "y");
	fixture_refused(&f, "GET", PATH "/2", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", PATH "/2/content", NULL, 404, "not_found", "");
	fixture_refused(&f, "PATCH", PATH "/x", "{}", 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1/applications/7/pictures", NULL, 404, "not_found", "");
	fixture_call(&f, "DELETE", PATH "/1", NULL, 204);
	fixture_refused(&f, "DELETE", PATH "/1", NULL, 404, "not_found", "");
	fixture_call(&f, "GET", PATH, NULL, 200);
	assert_json(f.json, "{'pictures':[]}");
	assert_int_equal(tess_dispatch_max_body(PATH), 3u << 20);
	assert_int_equal(tess_dispatch_max_body(PATH "/1"), 1u << 20);
	assert_int_equal(tess_dispatch_max_body(MIX), 1u << 20);
}

/* ---- in mixes ---- */

static void facts(const char *text)
{
	json_t *message = json_of(text);

	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, FIXTURE_UTC_US);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, message, 0), 0);
	json_decref(message);
}

static void hash_of(char hash[TESS_SHA256_HEX], const char *content)
{
	assert_int_equal(tess_sha256_hex(hash, content, strlen(content)), 0);
}

#define WITH_PICTURES(url)                                                                        \
	"{'stream_id':'s','video':{'background_image':{'url':'" url "'}},'layout':{'template':4," \
	"'water_mark':{'id':1,'x':2,'y':4,'width':60,'height':40},'presets':[{'width':100,"       \
	"'height':100},{'width':100,'height':100,'image':2}]}}"

static void test_mixes(void **state)
{
	char one[TESS_SHA256_HEX], two[TESS_SHA256_HEX], text[512];
	json_t *message;

	(void)state;
	fixture_user(&f, "alice");
	fixture_refused(&f, "POST", MIX, WITH_PICTURES("http://a/b.png"), 400, "ResourceNotFound",
			"layout.water_mark.id");
	fixture_call(&f, "POST", PATH, "{'content':'" BMP_TEXT "'}", 201);
	fixture_refused(&f, "POST", MIX, WITH_PICTURES("http://a/b.png"), 400, "ResourceNotFound",
			"layout.presets.1.image");
	fixture_refused(&f, "POST", MIX, "{'stream_id':'s','video':{'background_image':{'id':9}}}",
			400, "ResourceNotFound", "video.background_image.id");
	fixture_call(&f, "POST", PATH, "{'content':'" PNG_TEXT "'}", 201);
	fixture_call(&f, "POST", MIX, WITH_PICTURES("http://a/b.png"), 200);
	assert_json(json_object_get(f.json, "layout"),
		    "{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,'water_mark':{"
		    "'id':1,'x':2,'y':4,'width':60,'height':40},'presets':[{'user':'',"
		    "'stream_type':'main','x':0,'y':0,'width':100,'height':100,'z':0,'render':0,"
		    "'input':0},{'user':'','stream_type':'main','x':0,'y':0,'width':100,"
		    "'height':100,'z':0,'render':0,'input':0,'image':2}]}");
	assert_json(json_object_get(json_object_get(f.json, "video"), "background_image"),
		    "{'url':'http://a/b.png'}");
	assert_json(json_object_get(f.json, "warnings"), "[]");

	/* on the link: what is there by its key, nothing of what is not fetched yet */
	hash_of(one, "BMpicture");
	hash_of(two, "\x89PNG\r\n\x1a\n1");
	assert_int_equal(tess_desired_media(&message, &f.control, 1), 0);
	(void)snprintf(text, sizeof(text),
		       "{'template':4,'render':0,'users':[],'pure_audio_hold_place':0,"
		       "'water_mark':{'image':'%s','x':2,'y':4,'width':60,'height':40},'presets':[{"
		       "'user':'','stream_type':'main','x':0,'y':0,'width':100,'height':100,'z':0,"
		       "'render':0,'input':0},{'user':'','stream_type':'main','x':0,'y':0,"
		       "'width':100,'height':100,'z':0,'render':0,'input':0,'image':'%s'}]}",
		       one, two);
	assert_json(json_object_get(json_array_get(json_object_get(message, "mixes"), 0), "layout"),
		    text);
	assert_null(json_object_get(
		json_object_get(json_array_get(json_object_get(message, "mixes"), 0), "video"),
		"background_image"));
	json_decref(message);
	assert_int_equal(tess_store_fetched_set(f.control.store, "http://a/b.png", two, "x", 1), 0);
	assert_int_equal(tess_desired_media(&message, &f.control, 1), 0);
	assert_string_equal(
		json_string_value(json_object_get(
			json_object_get(json_array_get(json_object_get(message, "mixes"), 0),
					"video"),
			"background_image")),
		two);
	json_decref(message);

	/* one that media cannot decode, and one that is deleted while the mix runs */
	(void)snprintf(text, sizeof(text), "{'pictures':[{'key':'%s','error':'it is damaged'}]}",
		       one);
	facts(text);
	f.changes = 0;
	fixture_call(&f, "DELETE", PATH "/2", NULL, 204);
	assert_int_equal(f.changes, 1);
	fixture_call(&f, "GET", MIX, NULL, 200);
	assert_json(json_object_get(f.json, "warnings"),
		    "[{'field':'layout.water_mark','message':'The picture cannot be shown: it is "
		    "damaged.'},{'field':'layout.presets.1.image','message':'Picture 2 has been "
		    "deleted.'}]");
	assert_int_equal(tess_desired_media(&message, &f.control, 1), 0);
	assert_null(json_object_get(
		json_array_get(json_object_get(
				       json_object_get(
					       json_array_get(json_object_get(message, "mixes"), 0),
					       "layout"),
				       "presets"),
			       1),
		"image"));
	json_decref(message);
}

static void test_mix_faults(void **state)
{
	static const struct {
		const char *body, *code, *field;
	} cases[] = {
		{"{'stream_id':'s','video':{'background_image':7}}", "invalid_parameter",
		 "video.background_image"},
		{"{'stream_id':'s','video':{'background_image':{}}}", "invalid_parameter",
		 "video.background_image"},
		{"{'stream_id':'s','video':{'background_image':{'id':1,'url':'http://a/b.png'}}}",
		 "invalid_parameter", "video.background_image"},
		{"{'stream_id':'s','video':{'background_image':{'id':0}}}", "invalid_parameter",
		 "video.background_image.id"},
		{"{'stream_id':'s','video':{'background_image':{'file':'x'}}}", "invalid_parameter",
		 "video.background_image.file"},
		{"{'stream_id':'s','video':{'background_image':{'url':'ftp://a/b.png'}}}",
		 "InvalidParameter.BackgroundImageUrl", "video.background_image.url"},
		{"{'stream_id':'s','layout':{'water_mark':1}}", "invalid_parameter",
		 "layout.water_mark"},
		{"{'stream_id':'s','layout':{'water_mark':{'id':1}}}", "MissingParameter",
		 "layout.water_mark.width"},
		{"{'stream_id':'s','layout':{'water_mark':{'url':'http://a/b.gif','x':0,'y':0,"
		 "'width':2,'height':2}}}",
		 "InvalidParameter", "layout.water_mark.url"},
		{"{'stream_id':'s','layout':{'water_mark':{'id':1,'x':1280,'y':0,'width':2,"
		 "'height':2}}}",
		 "InvalidParameter", "layout.water_mark.width"},
		{"{'stream_id':'s','layout':{'presets':[{'image':'x'}]}}", "invalid_parameter",
		 "layout.presets.0.image"},
		{"{'stream_id':'s','layout':{'presets':[{'image':-1}]}}",
		 "InvalidParameter.PresetLayoutConfig", "layout.presets.0.image"},
	};

	(void)state;
	fixture_user(&f, "alice");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		fixture_refused(&f, "POST", MIX, cases[i].body, 400, cases[i].code, cases[i].field);
	fixture_call(&f, "GET", "/api/v1/mixes", NULL, 200);
	assert_json(f.json, "{'mixes':[]}");
}

/* 16 places with a picture each and the longest of names and addresses fit. */
static void test_the_longest(void **state)
{
	json_t *body = json_of("{'stream_id':'s','layout':{'template':4}}");
	json_t *presets = json_array(), *layout = json_object_get(body, "layout"), *users;
	char url[TESS_CLOUD_MAX_URL + 1] = "http://", user[TESS_CLOUD_MAX_USER + 1] = "";
	char *text;

	(void)state;
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", PATH, "{'content':'" BMP_TEXT "'}", 201);
	memset(url + 7, 'a', sizeof(url) - 8 - 4);
	(void)strcat(url, ".png");
	users = json_array();
	for (int i = 0; i < 16; i++) {
		(void)snprintf(user, sizeof(user), "user_of_thirty_two_characters_%02d", i);
		json_array_append_new(presets,
				      json_pack("{ss ss si si si si si si}", "user", user,
						"stream_type", "aux", "x", 100, "y", 100, "width",
						1000, "height", 600, "z", 2147483647, "image", 1));
		json_array_append_new(users, json_string(user));
	}
	json_object_set_new(layout, "presets", presets);
	json_object_set_new(layout, "users", users);
	json_object_set_new(layout, "water_mark",
			    json_pack("{ss si si si si}", "url", url, "x", 1000, "y", 100, "width",
				      200, "height", 100));
	json_object_set_new(body, "video", json_pack("{s{ss}}", "background_image", "url", url));
	text = json_dumps(body, 0);
	fixture_call(&f, "POST", MIX, text, 200);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(f.json, "layout"), "presets")), 16);
	free(text);
	json_decref(body);
}

/* ---- to media ---- */

static struct {
	struct tess_loop *loop;
	struct tess_link *link;
	struct tess_timer *timer;
	unsigned pictures, states;
	char keys[4][TESS_SHA256_HEX];
	unsigned step;
} peer;

static void up(void *arg, struct tess_link *link)
{
	json_t *hello = json_pack("{ss ss si}", "type", "hello", "process", "media", "version",
				  TESS_LINK_VERSION);

	(void)arg;
	assert_int_equal(tess_link_send(link, hello, NULL, 0), 0);
	json_decref(hello);
}

static void on_message(void *arg, struct tess_link *link, json_t *json, int *fds, unsigned count)
{
	const char *type = json_string_value(json_object_get(json, "type"));
	char content[32] = "", hash[TESS_SHA256_HEX];

	(void)arg;
	(void)link;
	if (strcmp(type, "picture") != 0) {
		assert_int_equal(count, 0);
		peer.states++;
		return;
	}
	assert_int_equal(count, 1);
	assert_int_equal(pread(fds[0], content, sizeof(content) - 1, 0),
			 json_integer_value(json_object_get(json, "bytes")));
	/* nobody can change or cut it any more */
	assert_int_equal(pwrite(fds[0], "x", 1, 0), -1);
	assert_int_equal(ftruncate(fds[0], 1), -1);
	hash_of(hash, content);
	assert_string_equal(json_string_value(json_object_get(json, "key")), hash);
	(void)stpcpy(peer.keys[peer.pictures++ % 4], hash);
	(void)close(fds[0]);
}

static void start_mix(const char *body)
{
	fixture_call(&f, "POST", MIX, body, 200);
}

static void on_timer(void *arg)
{
	static const struct tess_link_handlers handlers = {up, on_message, NULL};
	char path[96];

	(void)arg;
	(void)snprintf(path, sizeof(path), "%s/control.sock", f.dir);
	if (peer.step == 0) {
		start_mix("{'stream_id':'s','video':{'background_image':{'id':1}}}");
		assert_int_equal(tess_link_connect(&peer.link, peer.loop, path, &handlers, NULL),
				 0);
		peer.step++;
	} else if (peer.step == 1 && peer.states == 1) {
		/* the picture came before the state that names it; the second one is new, the first
		 * is known */
		assert_int_equal(peer.pictures, 1);
		start_mix("{'stream_id':'s','video':{'background_image':{'id':1}},'layout':{"
			  "'water_mark':{'id':2,'x':0,'y':0,'width':20,'height':20}}}");
		peer.step++;
	} else if (peer.step == 2 && peer.states == 2) {
		assert_int_equal(peer.pictures, 2);
		start_mix("{'stream_id':'s'}");
		peer.step++;
	} else if (peer.step == 3 && peer.states == 3) {
		/* what no state named was forgotten: it is sent again */
		assert_int_equal(peer.pictures, 2);
		start_mix("{'stream_id':'s','video':{'background_image':{'id':2}}}");
		peer.step++;
	} else if (peer.step == 4 && peer.states == 4) {
		assert_int_equal(peer.pictures, 3);
		/* a new link has nothing */
		tess_link_free(peer.link);
		assert_int_equal(tess_link_connect(&peer.link, peer.loop, path, &handlers, NULL),
				 0);
		peer.step++;
	} else if (peer.step == 5 && peer.states == 5) {
		assert_int_equal(peer.pictures, 4);
		tess_loop_stop(peer.loop);
	}
	tess_timer_start(peer.timer, 2000);
}

static void test_link(void **state)
{
	struct tess_reconcile *reconcile;
	char one[TESS_SHA256_HEX], two[TESS_SHA256_HEX];

	(void)state;
	memset(&peer, 0, sizeof(peer));
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", PATH, "{'content':'" BMP_TEXT "'}", 201);
	fixture_call(&f, "POST", PATH, "{'content':'" PNG_TEXT "'}", 201);
	assert_int_equal(tess_loop_alloc(&peer.loop), 0);
	assert_int_equal(tess_timer_alloc(&peer.timer, peer.loop, on_timer, NULL), 0);
	assert_int_equal(tess_reconcile_start(&reconcile, &f.control, peer.loop), 0);
	tess_timer_start(peer.timer, 0);
	assert_int_equal(tess_loop_run(peer.loop), 0);
	hash_of(one, "BMpicture");
	hash_of(two, "\x89PNG\r\n\x1a\n1");
	assert_string_equal(peer.keys[0], one);
	assert_string_equal(peer.keys[1], two);
	assert_string_equal(peer.keys[2], two);
	assert_string_equal(peer.keys[3], two);
	tess_link_free(peer.link);
	tess_reconcile_stop(reconcile);
	tess_timer_free(peer.timer);
	tess_loop_free(peer.loop);
}

/* ---- addresses ---- */

static unsigned tries; /* of one address that is refused at once */

static void on_failed(void *arg)
{
	json_t *warnings;

	(void)arg;
	fixture_call(&f, "GET", MIX, NULL, 200);
	warnings = json_object_get(f.json, "warnings");
	if (json_array_size(warnings)) {
		assert_json(warnings,
			    "[{'field':'video.background_image','message':'The picture could not "
			    "be fetched: the address is one of this machine or link.'}]");
		if (++tries == 2) {
			tess_loop_stop(peer.loop);
			return;
		}
		/* the same start again tries again: until then there is no warning */
		start_mix("{'stream_id':'s','video':{'background_image':{'url':"
			  "'http://127.0.0.1:9/a.png'}}}");
		assert_json(json_object_get(f.json, "warnings"), "[]");
	}
	tess_timer_start(peer.timer, 2000);
}

static void refresh(void *arg)
{
	assert_int_equal(tess_pictures_refresh(arg), 0);
}

static int count_fetched(void *arg, const char *url)
{
	(void)url;
	++*(unsigned *)arg;
	return 0;
}

static void test_addresses(void **state)
{
	struct tess_reconcile *reconcile;
	unsigned count = 0;

	(void)state;
	memset(&peer, 0, sizeof(peer));
	tries = 0;
	fixture_user(&f, "alice");
	start_mix("{'stream_id':'s','video':{'background_image':{'url':"
		  "'http://127.0.0.1:9/a.png'}}}");
	/* what no mix names is forgotten, what one names is not fetched again */
	assert_int_equal(tess_store_fetched_set(f.control.store, "http://old/a.png", "1", "x", 1),
			 0);
	assert_int_equal(tess_loop_alloc(&peer.loop), 0);
	assert_int_equal(tess_timer_alloc(&peer.timer, peer.loop, on_failed, NULL), 0);
	assert_int_equal(tess_reconcile_start(&reconcile, &f.control, peer.loop), 0);
	assert_int_equal(tess_pictures_refresh(&f.control), 0);
	assert_int_equal(tess_store_fetched(f.control.store, count_fetched, &count), 0);
	assert_int_equal(count, 0);
	tess_timer_start(peer.timer, 0);
	/* without a link to media */
	f.control.changed = refresh;
	f.control.changed_arg = &f.control;
	assert_int_equal(tess_loop_run(peer.loop), 0);
	assert_int_equal(tries, 2);
	tess_reconcile_stop(reconcile);
	tess_timer_free(peer.timer);
	tess_loop_free(peer.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_describe_modify_delete, setup, teardown),
		cmocka_unit_test_setup_teardown(test_most, setup, teardown),
		cmocka_unit_test_setup_teardown(test_admin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mixes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mix_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_longest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
