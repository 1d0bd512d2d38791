/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/handler.c and actions.c: whole requests, the order of their
 * checks, and what the box answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "cmocka_headers.h"

#define START                                                                                  \
	"{\"SdkAppId\":1400000123,\"RoomId\":1001,\"OutputParams\":{\"StreamId\":\"show\"},"   \
	"\"EncodeParams\":{\"AudioSampleRate\":48000,\"AudioBitrate\":64,\"AudioChannels\":2," \
	"\"VideoWidth\":1280,\"VideoHeight\":720,\"VideoBitrate\":1500,\"VideoFramerate\":15," \
	"\"VideoGop\":3},\"LayoutParams\":{\"Template\":1}}"

/* ---- what works ---- */

static void test_start(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, "StartMCUMixTranscode", START);
	client_sign(&client);
	client_call(&client);
	assert_string_equal(client.code, "");
	assert_string_equal(client.response.action, "StartMCUMixTranscode");
	assert_string_equal(client.response.ignored, "");
	tess_cloud_response_free(&client.response);
	assert_string_equal(client.box.calls, "key owned users taken start ");
	assert_string_equal(client.box.mix.room.id, "1001");
	assert_int_equal(client.box.mix.room.type, TESS_ROOM_ID_NUMBER);
	assert_string_equal(client.box.mix.stream_id, "show");
	assert_int_equal(client.box.mix.video.width, 1280);
	/* recorded only: no name to collide with */
	client_setup(
		&client, "StartMCUMixTranscodeByStrRoomId",
		"{\"SdkAppId\":1400000123,\"StrRoomId\":\"1001\",\"OutputParams\":{\"RecordId\":"
		"\"r\","
		"\"PureAudioStream\":1},\"EncodeParams\":{\"AudioSampleRate\":48000,"
		"\"AudioBitrate\":64,\"AudioChannels\":2},\"LayoutParams\":{}}");
	client_sign(&client);
	client_expect(&client, "");
	assert_string_equal(client.box.calls, "key owned users start ");
	assert_int_equal(client.box.mix.room.type, TESS_ROOM_ID_STRING);
	assert_true(client.box.mix.audio_only);
}

static void test_stop(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, "StopMCUMixTranscode", STOP);
	client_sign(&client);
	client_expect(&client, "");
	assert_string_equal(client.box.calls, "key owned users stop ");
	assert_string_equal(client.box.room.id, "1001");
	assert_int_equal(client.box.room.type, TESS_ROOM_ID_NUMBER);
	client_setup(&client, "StopMCUMixTranscodeByStrRoomId",
		     "{\"SdkAppId\":1400000123,\"StrRoomId\":\"a b\"}");
	client_sign(&client);
	client_expect(&client, "");
	assert_string_equal(client.box.room.id, "a b");
	assert_int_equal(client.box.room.type, TESS_ROOM_ID_STRING);
}

/* Request ids are new each time. */
static void test_request_ids(void **state)
{
	struct client client;
	char first[37];

	(void)state;
	client_setup(&client, "StopMCUMixTranscode", STOP);
	client_sign(&client);
	client_call(&client);
	memcpy(first, client.response.request_id, sizeof(first));
	tess_cloud_response_free(&client.response);
	client_call(&client);
	assert_string_not_equal(first, client.response.request_id);
	tess_cloud_response_free(&client.response);
}

/* ---- the order of the checks ---- */

/* A request in which everything is wrong; each step puts one thing right, the next check speaks. */
static void test_order(void **state)
{
	char *huge = calloc(1, TESS_CLOUD_MAX_BODY_BYTES + 1);
	struct client client;

	(void)state;
	assert_non_null(huge);
	client_setup(&client, NULL, "");
	client.request.method = "PUT";
	client.request.body = huge;
	client.request.body_length = TESS_CLOUD_MAX_BODY_BYTES + 1;
	client.box = (struct box){.disabled = true};
	client_set_header(&client, "X-TC-Version", NULL);
	client_set_header(&client, "X-TC-Timestamp", NULL);
	client_expect(&client, "UnsupportedProtocol");
	client.request.method = "POST";
	client_expect(&client, "RequestSizeLimitExceeded");
	client_set_body(&client, "no JSON");
	free(huge);
	client_expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`X-TC-Action`"));
	client_set_header(&client, "X-TC-Action", "Nothing");
	client_expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`X-TC-Version`"));
	client_set_header(&client, "X-TC-Version", "2020-01-01");
	client_expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`X-TC-Timestamp`"));
	client_set_header(&client, "X-TC-Timestamp", "soon");
	client_expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`Authorization`"));
	client_set_header(&client, "Authorization", "TC3-HMAC-SHA256 Credential=x");
	client_expect(&client, "AuthFailure.InvalidAuthorization");
	client_sign_as(&client, "127.0.0.1", "2023-11-13", "127", "content-type;host", NULL,
		       "wrong");
	client_expect(&client, "InvalidParameter");
	assert_non_null(strstr(client.message, "`X-TC-Timestamp`"));
	client_set_header(&client, "X-TC-Timestamp", "1600000000");
	client_expect(&client, "AuthFailure.SignatureExpire");
	assert_string_equal(client.box.calls, "");
	client_set_header(&client, "X-TC-Timestamp", "1700000000");
	client_expect(&client, "AuthFailure.SecretIdNotFound"); /* there is none */
	client.box.key = 1;
	client_expect(&client, "AuthFailure.SecretIdNotFound"); /* it is disabled */
	client.box.disabled = false;
	client_expect(&client, "AuthFailure.SignatureFailure"); /* the date */
	client_sign_as(&client, "127.0.0.1", "2023-11-14", "127", "content-type;host", NULL,
		       "wrong");
	client_expect(&client, "AuthFailure.SignatureFailure"); /* the key */
	client_sign(&client);
	client_expect(&client, "NoSuchVersion");
	client_set_header(&client, "X-TC-Version", "2019-07-22");
	client_expect(&client, "InvalidAction");
	client_set_header(&client, "X-TC-Action", "StartMCUMixTranscode");
	client_expect(&client, "InvalidParameter"); /* the body */
	client_set_body(&client, "{\"SdkAppId\":true}");
	client_sign(&client);
	client_expect(&client, "MissingParameter.RoomId");
	client_set_body(&client, "{\"SdkAppId\":true,\"RoomId\":1001}");
	client_set_header(&client, "X-TC-Action", "StopMCUMixTranscode");
	client_sign(&client);
	client_expect(&client, "InvalidParameter.SdkAppId");
	assert_string_equal(client.box.calls, "key ");
	client_set_header(&client, "X-TC-Action", "StartMCUMixTranscode");
	client_set_body(&client, START);
	client_sign(&client);
	client_expect(&client, "UnauthorizedOperation.SdkAppId");
	client.box.owned = 1;
	client.box.taken = 1;
	client.box.refusal = TESS_CLOUD_REQUEST_REJECTION;
	client_expect(&client, "FailedOperation.RoomNotExist");
	client.box.users = 1;
	client_expect(&client, "InvalidParameter.StreamId");
	client.box.taken = 0;
	client_expect(&client, "FailedOperation.RequestRejection");
	assert_string_equal(client.message, "No.");
	client.box.refusal = 0;
	client_expect(&client, "");
}

/* ---- versions and actions ---- */

static void test_actions(void **state)
{
	static const struct {
		const char *version, *action, *code;
	} cases[] = {
		{"2019-07-22", "DescribeRoomInformation", "UnsupportedOperation"},
		{"2019-07-22", "RemoveUserByStrRoomId", "UnsupportedOperation"},
		{"2019-07-22", "DescribeMixTranscodingUsage", "MissingParameter"},
		{"2019-07-22", "CreateCloudRecording", "UnsupportedOperation"},
		{"2019-07-22", "StopPublishCdnStream", "UnsupportedOperation"},
		{"2018-07-17", "DescribeMediaInfos", "MissingParameter"},
		{"2018-07-17", "ModifySubAppIdStatus", "MissingParameter"},
		{"2019-07-22", "DescribeRecordStatistic", "MissingParameter"},
		{"2018-08-01", "DescribeLivePlayAuthKey", "MissingParameter"},
		{"2018-08-01", "DropLiveStream", "MissingParameter"},
		/* an action belongs to its version; names have one spelling */
		{"2018-07-17", "StartMCUMixTranscode", "InvalidAction"},
		{"2019-07-22", "SearchMedia", "InvalidAction"},
		{"2019-07-22", "startMCUMixTranscode", "InvalidAction"},
		{"2019-07-22", "StartMCUMixTranscodeX", "InvalidAction"},
		{"2019-07-22", "", "InvalidAction"},
		{"2019-07-22", "\"\n\xff%s", "InvalidAction"},
		{"2019-07-2", "StartMCUMixTranscode", "NoSuchVersion"},
		{"2024-07-18", "SearchMedia", "NoSuchVersion"},
		{"", "SearchMedia", "NoSuchVersion"},
	};
	struct client client;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client_setup(&client, cases[i].action, "{}");
		client_set_header(&client, "X-TC-Version", cases[i].version);
		client_sign(&client);
		client_expect(&client, cases[i].code);
		if (!strcmp(cases[i].code, "UnsupportedOperation"))
			assert_non_null(strstr(client.message, cases[i].action));
	}
}

static void test_dismiss(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, "DismissRoom", "{\"SdkAppId\":1400000123,\"RoomId\":1001}");
	client_sign(&client);
	client_expect(&client, "");
	assert_non_null(strstr(client.box.calls, "dismiss"));
	assert_int_equal(client.box.room.type, TESS_ROOM_ID_NUMBER);
	assert_string_equal(client.box.room.id, "1001");
	client.box.refusal = TESS_CLOUD_ROOM_NOT_EXIST;
	client_expect(&client, "FailedOperation.RoomNotExist");
	client.box.owned = 0;
	client_expect(&client, "UnauthorizedOperation.SdkAppId");
	/* a string room is called RoomId here too */
	client_setup(&client, "DismissRoomByStrRoomId",
		     "{\"SdkAppId\":1400000123,\"RoomId\":\"a b\"}");
	client_sign(&client);
	client_expect(&client, "");
	assert_int_equal(client.box.room.type, TESS_ROOM_ID_STRING);
	assert_string_equal(client.box.room.id, "a b");
	client_set_body(&client, "{\"SdkAppId\":1400000123,\"RoomId\":\"a/b\"}");
	client_sign(&client);
	client_expect(&client, "InvalidParameter.RoomId");
	client_set_body(&client, "{\"SdkAppId\":1400000123}");
	client_sign(&client);
	client_expect(&client, "MissingParameter.RoomId");
	client_set_body(&client, "{\"RoomId\":\"ab\"}");
	client_sign(&client);
	client_expect(&client, "MissingParameter.SdkAppId");
}

/* ---- languages ---- */

static void test_language(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, "StopMCUMixTranscode", "no JSON");
	client_sign(&client);
	client_set_header(&client, "X-TC-Language", "zh-CN");
	client_expect(&client, "InvalidParameter");
	assert_string_equal(
		client.message,
		"对于指定content-type=application/json协议下，请求内容不是合法的Json格式。");
	client_sign_as(&client, "127.0.0.1", "2023-11-14", "127", "content-type;host", NULL,
		       "wrong");
	client_expect(&client, "AuthFailure.SignatureFailure");
	assert_string_equal(client.message, "请求签名验证失败，请检查您的签名计算是否正确。");
	client_set_header(&client, "X-TC-Language", "en-US");
	client_expect(&client, "AuthFailure.SignatureFailure");
	assert_string_equal(client.message,
			    "The provided credentials could not be validated. Please "
			    "check your signature is correct.");
	client.box.key = 0;
	client_expect(&client, "AuthFailure.SecretIdNotFound");
	assert_string_equal(client.message, "The SecretId is not found, please ensure that your "
					    "SecretId is correct.");
	client_set_header(&client, "X-TC-Language", "zh-CN");
	client_expect(&client, "AuthFailure.SecretIdNotFound");
	assert_string_equal(client.message, "SecretId不存在，请输入正确的密钥。");
	/* what has no published Chinese text is told in English */
	client.request.now_utc_s = NOW + 1000;
	client_expect(&client, "AuthFailure.SignatureExpire");
	assert_non_null(strstr(client.message, "timestamp"));
}

/* ---- what the box answers ---- */

static void test_backend_fails(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, "StartMCUMixTranscode", START);
	client_sign(&client);
	/* -EINVAL of a look-up is a failure too: it has filled no error */
	client.box.key = -EINVAL;
	client_expect(&client, "InternalError");
	client.box.key = -EIO;
	client_expect(&client, "InternalError");
	client.box.key = 1;
	client.box.owned = -EINVAL;
	client_expect(&client, "InternalError");
	client.box.owned = 1;
	client.box.users = -EIO;
	client_expect(&client, "InternalError");
	client.box.users = 1;
	client.box.taken = -EIO;
	client_expect(&client, "InternalError");
	client.box.taken = 0;
	client.box.start = -EINVAL;
	client_expect(&client, "InternalError");
	client.box.start = -ENOSPC;
	client_expect(&client, "InternalError");
	assert_string_equal(client.message, "The box failed to do this; its log tells more.");
	client.box.refusal = TESS_CLOUD_RESOURCE_INSUFFICIENT;
	client_expect(&client, "ResourceInsufficient.RequestRejection");
}

static void test_stop_without_mix(void **state)
{
	struct client client;

	(void)state;
	client_setup(&client, "StopMCUMixTranscode", STOP);
	client_sign(&client);
	client.box.refusal = TESS_CLOUD_MIX_SESSION_NOT_EXIST;
	client_expect(&client, "FailedOperation.MixSessionNotExist");
	client.box.users = 0;
	client_expect(&client, "FailedOperation.RoomNotExist");
	/* nobody is there, but the mix still is: it is stopped */
	client.box.refusal = 0;
	client_expect(&client, "");
	assert_string_equal(client.box.calls, "key owned users stop ");
	client.box.owned = 0;
	client_expect(&client, "UnauthorizedOperation.SdkAppId");
	client.box.owned = 1;
	client.box.stop = -EIO;
	client_expect(&client, "InternalError");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_request_ids),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_dismiss),
		cmocka_unit_test(test_language),
		cmocka_unit_test(test_backend_fails),
		cmocka_unit_test(test_stop_without_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
