/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pictures that an application keeps: signed requests of the cloud API, and the admin API. Those of
 * mixes are in mix_pictures.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/cloud/picture_content.h"
#include "firmware/control/http/dispatch.h"
#include "firmware/control/jobs/pictures.h"
#include "jobs/cloud_call.h"

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
	(void)state;
	cloud_open_admin(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

/* ---- the cloud API ---- */

static void expect(const char *action, const char *body, const char *expected)
{
	cloud_expect(&f, action, body, expected);
}

static void refused(const char *action, const char *body, const char *code)
{
	cloud_code(&f, action, body, code);
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
		answer = cloud_answer(&f, "CreatePicture", body);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_describe_modify_delete, setup, teardown),
		cmocka_unit_test_setup_teardown(test_most, setup, teardown),
		cmocka_unit_test_setup_teardown(test_admin, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
