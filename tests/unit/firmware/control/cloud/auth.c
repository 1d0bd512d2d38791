/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/auth.c: what the official clients send, and what nobody may.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client.h"
#include "cmocka_headers.h"
#include "firmware/control/cloud/v1.h"

static void test_protocol(void **state)
{
	char *large = malloc((1u << 20) + 2);
	struct client client;

	(void)state;
	assert_non_null(large);
	client_setup(&client, "StopMCUMixTranscode", STOP);
	client_sign(&client);
	client_set_header(&client, "Content-Type", "multipart/form-data; boundary=x");
	client_expect(&client, "UnsupportedProtocol");
	client_set_header(&client, "Content-Type", "text/plain");
	client_expect(&client, "UnsupportedProtocol");
	client_set_header(&client, "Content-Type", "application/jsonp");
	client_expect(&client, "UnsupportedProtocol");
	client_set_header(&client, "Content-Type", NULL);
	client_expect(&client, "UnsupportedProtocol");
	/* TC3 signs JSON; v1 signs a form */
	client_set_header(&client, "Content-Type", "application/x-www-form-urlencoded");
	client_expect(&client, "UnsupportedProtocol");
	client_set_header(&client, "Authorization", NULL);
	client_set_header(&client, "Content-Type", "application/json");
	client_expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`Authorization`"));
	/* sizes: v1 1 MiB, GET 32 KiB */
	memset(large, 'a', (1u << 20) + 1);
	large[(1u << 20) + 1] = '\0';
	large[1] = '=';
	client_set_header(&client, "Content-Type", "application/x-www-form-urlencoded");
	client_set_body(&client, large);
	client_expect(&client, "RequestSizeLimitExceeded");
	client.request.body_length--;
	client_expect(&client, "MissingParameter");
	client_set_body(&client, "");
	client.request.method = "GET";
	large[(32u << 10) + 1] = '\0';
	client.request.query = large;
	client_expect(&client, "RequestSizeLimitExceeded");
	large[32u << 10] = '\0';
	client_expect(&client, "MissingParameter");
	client.request.method = "get";
	client_expect(&client, "UnsupportedProtocol");
	free(large);
}

/* ---- what the clients do differently ---- */

static void test_clients(void **state)
{
	struct client client;

	(void)state;
	/* the Go SDK signs the host with its port; any service goes; charset as other SDKs send it
	 */
	client_setup(&client, "StopMCUMixTranscode", STOP);
	client_set_header(&client, "Content-Type", "application/json; charset=utf-8");
	client_sign_as(&client, "127.0.0.1:8080", "2023-11-14", "trtc", "content-type;host", NULL,
		       SECRET_KEY);
	client_expect(&client, "");
	/* a service with a colon; extra signed headers */
	client_set_header(&client, "Host", "localhost:8080");
	client_sign_as(&client, "localhost", "2023-11-14", "localhost:8080",
		       "content-type;host;x-tc-action;x-tc-timestamp", NULL, SECRET_KEY);
	client_expect(&client, "");
	/* a name that is signed but not sent */
	client_sign(&client);
	client_set_header(&client, "X-TC-TraceId", "x");
	client_sign_as(&client, "localhost", "2023-11-14", "127", "content-type;host;x-tc-traceid",
		       NULL, SECRET_KEY);
	client_set_header(&client, "X-TC-TraceId", NULL);
	client_expect(&client, "AuthFailure.SignatureFailure");
	/* region, token, client and trace id are not looked at */
	client_setup(&client, "StopMCUMixTranscode", STOP);
	client_set_header(&client, "X-TC-Region", "ap-guangzhou");
	client_set_header(&client, "X-TC-Token", "t");
	client_set_header(&client, "X-TC-RequestClient", "SDK_NODEJS_4.1.313");
	client_sign(&client);
	client_expect(&client, "");
	/* the signature is over the bytes, not over what they mean */
	client_set_body(&client, "{\"RoomId\":1001,\"SdkAppId\":1400000123}");
	client_expect(&client, "AuthFailure.SignatureFailure");
	client_sign(&client);
	client_expect(&client, "");
	/* text for numbers, null for nothing, members that nobody knows */
	client_setup(&client, "StopMCUMixTranscode",
		     "{\"SdkAppId\":\"1400000123\",\"RoomId\":1001,\"StrRoomId\":null,"
		     "\"New\xc3\xa9\":1}");
	client_sign(&client);
	client_call(&client);
	assert_string_equal(client.code, "");
	assert_string_equal(client.response.ignored, "New");
	tess_cloud_response_free(&client.response);
	/* an action without parameters: {} or nothing at all */
	client_setup(&client, "StopMCUMixTranscode", "{}");
	client_sign(&client);
	client_expect(&client, "MissingParameter.SdkAppId");
	client_set_body(&client, "");
	client_sign(&client);
	client_expect(&client, "MissingParameter.SdkAppId");
	client.request.body = NULL;
	client_expect(&client, "MissingParameter.SdkAppId");
	/* the query of a POST is neither signed nor read */
	client_set_body(&client, STOP);
	client_sign(&client);
	client.request.query = "RoomId=7";
	client_expect(&client, "");
	assert_string_equal(client.box.room.id, "1001");
}

static void test_time(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, "StopMCUMixTranscode", STOP);
	client_sign(&client);
	client.request.now_utc_s = NOW + 300;
	client_expect(&client, "");
	client.request.now_utc_s = NOW - 300;
	client_expect(&client, "");
	client.request.now_utc_s = NOW + 301;
	client_expect(&client, "AuthFailure.SignatureExpire");
	client.request.now_utc_s = NOW - 301;
	client_expect(&client, "AuthFailure.SignatureExpire");
	client.request.now_utc_s = NOW;
	client_set_header(&client, "X-TC-Timestamp", "-1700000000");
	client_expect(&client, "InvalidParameter");
	client_set_header(&client, "X-TC-Timestamp", "17000000000000000000");
	client_expect(&client, "InvalidParameter");
	client_set_header(&client, "X-TC-Timestamp", "");
	client_expect(&client, "InvalidParameter");
	/* the day begins at midnight UTC */
	client_setup(&client, "StopMCUMixTranscode", STOP);
	client.request.now_utc_s = 1700006390;
	client_set_header(&client, "X-TC-Timestamp", "1700006400");
	client_sign(&client);
	client_expect(&client, "AuthFailure.SignatureFailure");
	client_sign_as(&client, "127.0.0.1", "2023-11-15", "127", "content-type;host", NULL,
		       SECRET_KEY);
	client_expect(&client, "");
}

static void test_unsigned_payload(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, "StopMCUMixTranscode", STOP);
	client_set_header(&client, "X-TC-Content-SHA256", "UNSIGNED-PAYLOAD");
	client_sign_as(&client, "127.0.0.1", "2023-11-14", "127", "content-type;host",
		       "UNSIGNED-PAYLOAD", SECRET_KEY);
	client_expect(&client, "AuthFailure.SignatureFailure");
	client.request.allow_unsigned_payload = true;
	client_expect(&client, "");
	/* the permission changes nothing for the others */
	client_set_header(&client, "X-TC-Content-SHA256", NULL);
	client_expect(&client, "AuthFailure.SignatureFailure");
	client_sign(&client);
	client_expect(&client, "");
}

static void test_get(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, "StopMCUMixTranscode", "");
	client.request.method = "GET";
	client.request.query = "SdkAppId=1400000123&RoomId=1001";
	client_set_header(&client, "Content-Type", "application/x-www-form-urlencoded");
	client_set_header(
		&client, "Authorization",
		"TC3-HMAC-SHA256 Credential=" SECRET_ID "/2023-11-14/127/tc3_request, "
		"SignedHeaders=content-type;host, "
		"Signature=0a57513895e52b0c3e435ed700f40eec1d4c525e301b62c1fa823380f2250c1d");
	client_expect(&client, "");
	assert_string_equal(client.box.room.id, "1001");
	/* as received: another order is another request */
	client.request.query = "RoomId=1001&SdkAppId=1400000123";
	client_expect(&client, "AuthFailure.SignatureFailure");
	client.request.query = "SdkAppId=1400000123&RoomId";
	client_sign(&client);
	client_expect(&client, "InvalidParameter");
	assert_string_equal(client.message, "Url key and value should be splited by `=`.");
	client.request.query = NULL;
	client.request.query = "";
	client_sign(&client);
	client_expect(&client, "MissingParameter.SdkAppId");
	/* a whole mix in dotted names */
	client_set_header(&client, "X-TC-Action", "StartMCUMixTranscode");
	client.request.query = "SdkAppId=1400000123&RoomId=1001&OutputParams.StreamId=show"
			       "&EncodeParams.AudioSampleRate=48000&EncodeParams.AudioBitrate=64"
			       "&EncodeParams.AudioChannels=2&EncodeParams.VideoWidth=640&"
			       "EncodeParams.VideoHeight=360"
			       "&EncodeParams.VideoBitrate=800&EncodeParams.VideoFramerate=15&"
			       "EncodeParams.VideoGop=2"
			       "&LayoutParams.Template=1&LayoutParams.MixVideoUids.1=bob"
			       "&LayoutParams.MixVideoUids.0=alice";
	client_sign(&client);
	client_expect(&client, "");
	assert_int_equal(client.box.mix.video.bitrate_kbps, 800);
	assert_int_equal(client.box.mix.layout.user_count, 2);
	assert_string_equal(client.box.mix.layout.users[0], "alice");
	assert_string_equal(client.box.mix.layout.users[1], "bob");
}

#define V1_QUERY                                                                           \
	"Action=StopMCUMixTranscode&Nonce=11886&Region=ap-guangzhou&RoomId=1001&SdkAppId=" \
	"1400000123&SecretId=" SECRET_ID "&SignatureMethod=HmacSHA1&Timestamp=1700000000"  \
	"&Version=2019-07-22&Signature=fah6yFfM5%2B42TeCLq%2F%2BzctBofVw%3D"

static void test_v1(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, NULL, "");
	for (size_t i = 0; client.headers[i].name; i++) {
		if (strcasecmp(client.headers[i].name, "host") != 0)
			client.headers[i].value = NULL;
	}
	client.request.method = "GET";
	client.request.query = V1_QUERY;
	client_call(&client);
	assert_string_equal(client.code, "");
	assert_string_equal(client.response.ignored, ""); /* common parameters are known */
	tess_cloud_response_free(&client.response);
	assert_string_equal(client.box.room.id, "1001");
	client.request.query = V1_QUERY "&Language=zh-CN";
	client_expect(&client, "AuthFailure.SignatureFailure");
	assert_string_equal(client.message, "请求签名验证失败，请检查您的签名计算是否正确。");
	client.request.query = "Action";
	client_expect(&client, "InvalidParameter");
	client.request.now_utc_s = NOW + 301;
	client.request.query = V1_QUERY;
	client_expect(&client, "AuthFailure.SignatureExpire");
	client.request.now_utc_s = NOW;
	client.box.key = 0;
	client_expect(&client, "AuthFailure.SecretIdNotFound");
}

static void test_v1_missing(void **state)
{
	static const char *const names[] = {"Action",	"Version", "Timestamp",
					    "SecretId", "Nonce",   "Signature"};
	struct client client;

	(void)state;
	client_setup(&client, NULL, "");
	client.request.method = "GET";
	for (size_t i = 0; i < 6; i++) {
		char query[512] = V1_QUERY, wanted[32], *at;

		(void)snprintf(wanted, sizeof(wanted), "%s=", names[i]);
		at = strstr(query, wanted);
		assert_non_null(at);
		*at = 'x'; /* another name */
		client.request.query = query;
		client_expect(&client, "MissingParameter");
		(void)snprintf(wanted, sizeof(wanted), "`%s`", names[i]);
		assert_non_null(strstr(client.message, wanted));
	}
	client.request.query = "Action=a&Version=b&Timestamp=1&SecretId=c&Nonce=x&Signature=d";
	client_expect(&client, "InvalidParameter");
	assert_non_null(strstr(client.message, "`Nonce`"));
	client.request.query = "Action=a&Version=b&Timestamp=x&SecretId=c&Nonce=1&Signature=d";
	client_expect(&client, "InvalidParameter");
	assert_non_null(strstr(client.message, "`Timestamp`"));
}

static void test_v1_post(void **state)
{
	char signature[TESS_V1_SIGNATURE], body[512];
	struct tess_cloud_error error;
	struct tess_form form;
	struct client client;
	static const char unsigned_body[] =
		"Action=StopMCUMixTranscode&Nonce=0&RoomId=1001&SdkAppId=1400000123&"
		"SecretId=" SECRET_ID
		"&SignatureMethod=HmacSHA256&Timestamp=1700000000&Version=2019-07-22";
	char *to;

	(void)state;
	client_setup(&client, NULL, "");
	client_set_header(&client, "Content-Type",
			  "application/x-www-form-urlencoded; charset=UTF-8");
	assert_int_equal(tess_form_parse(&form, unsigned_body, strlen(unsigned_body), &error), 0);
	assert_int_equal(tess_v1_sign(signature, "POST", "127.0.0.1:8080", &form, SECRET_KEY), 0);
	tess_form_free(&form);
	to = stpcpy(stpcpy(body, unsigned_body), "&Signature=");
	for (const char *p = signature; *p; p++)
		to += snprintf(to, 4, "%%%02X", (unsigned char)*p);
	client_set_body(&client, body);
	client_expect(&client, "");
	assert_string_equal(client.box.calls, "key owned users stop ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protocol),   cmocka_unit_test(test_clients),
		cmocka_unit_test(test_time),	   cmocka_unit_test(test_unsigned_payload),
		cmocka_unit_test(test_get),	   cmocka_unit_test(test_v1),
		cmocka_unit_test(test_v1_missing), cmocka_unit_test(test_v1_post),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
