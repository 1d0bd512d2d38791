/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/handler.c: whole requests, as the clients send them.
 */
#include "firmware/control/cloud/handler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmocka_headers.h"
#include "firmware/control/cloud/tc3.h"
#include "firmware/control/cloud/v1.h"
#include "json_text.h"

#define SECRET_ID  "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
#define SECRET_KEY "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
#define NOW	   1700000000
#define START                                                                                  \
	"{\"SdkAppId\":1400000123,\"RoomId\":1001,\"OutputParams\":{\"StreamId\":\"show\"},"   \
	"\"EncodeParams\":{\"AudioSampleRate\":48000,\"AudioBitrate\":64,\"AudioChannels\":2," \
	"\"VideoWidth\":1280,\"VideoHeight\":720,\"VideoBitrate\":1500,\"VideoFramerate\":15," \
	"\"VideoGop\":3},\"LayoutParams\":{\"Template\":1}}"
#define STOP "{\"SdkAppId\":1400000123,\"RoomId\":1001}"

/* ---- the box ---- */

struct box {
	int key, owned, users, taken; /* what the look-ups answer */
	bool disabled;
	int start, stop; /* what the acts answer */
	enum tess_cloud_code refusal;
	char calls[128];
	struct tess_mix_request mix;
	struct tess_cloud_room room;
};

static void called(struct box *box, const char *what)
{
	size_t length = strlen(box->calls);

	(void)snprintf(box->calls + length, sizeof(box->calls) - length, "%s ", what);
}

static int find_key(void *arg, const char *secret_id, struct tess_cloud_key *key)
{
	struct box *box = arg;

	called(box, "key");
	if (box->key == 1 && strcmp(secret_id, SECRET_ID) != 0)
		return 0;
	key->id = 42;
	key->enabled = !box->disabled;
	(void)stpcpy(key->secret_key, SECRET_KEY);
	return box->key;
}

static int app_owned(void *arg, int64_t key_id, uint32_t sdk_app_id)
{
	struct box *box = arg;

	called(box, "owned");
	assert_int_equal(key_id, 42);
	assert_int_equal(sdk_app_id, 1400000123);
	return box->owned;
}

static int room_has_users(void *arg, const struct tess_cloud_room *room)
{
	struct box *box = arg;

	called(box, "users");
	box->room = *room;
	return box->users;
}

static int stream_id_taken(void *arg, const struct tess_cloud_room *room, const char *stream_id)
{
	struct box *box = arg;

	called(box, "taken");
	assert_string_equal(room->id, "1001");
	assert_string_equal(stream_id, "show");
	return box->taken;
}

static int mix_start(void *arg, const struct tess_mix_request *mix, struct tess_cloud_error *error)
{
	struct box *box = arg;

	called(box, "start");
	box->mix = *mix;
	return box->refusal ? tess_cloud_refuse(error, box->refusal, "No.") : box->start;
}

static int mix_stop(void *arg, const struct tess_cloud_room *room, struct tess_cloud_error *error)
{
	struct box *box = arg;

	called(box, "stop");
	box->room = *room;
	return box->refusal ? tess_cloud_refuse(error, box->refusal, "No.") : box->stop;
}

/* ---- the client ---- */

struct header {
	const char *name, *value;
};

struct client {
	struct header headers[16];
	struct tess_cloud_request request;
	char authorization[1024];
	struct box box;
	char code[64], message[256]; /* of the last answer; "" = success */
	struct tess_cloud_response response;
};

static const char *get_header(void *arg, const char *name)
{
	const struct client *client = arg;

	for (size_t i = 0; client->headers[i].name; i++) {
		if (!strcasecmp(client->headers[i].name, name))
			return client->headers[i].value;
	}
	return NULL;
}

static void set_header(struct client *client, const char *name, const char *value)
{
	struct header *header = client->headers;

	while (header->name && strcasecmp(header->name, name) != 0)
		header++;
	assert_in_range(header - client->headers, 0, 14);
	*header = (struct header){name, value};
}

static void set_body(struct client *client, const char *body)
{
	client->request.body = body;
	client->request.body_length = strlen(body);
}

/* A good call of the Node SDK, not yet signed. */
static void setup(struct client *client, const char *action, const char *body)
{
	memset(client, 0, sizeof(*client));
	client->box = (struct box){.key = 1, .owned = 1, .users = 1};
	client->request = (struct tess_cloud_request){
		.method = "POST",
		.query = "",
		.get_header = get_header,
		.header_arg = client,
		.now_utc_s = NOW,
	};
	set_header(client, "Host", "127.0.0.1:8080");
	set_header(client, "Content-Type", "application/json");
	set_header(client, "X-TC-Action", action);
	set_header(client, "X-TC-Version", "2019-07-22");
	set_header(client, "X-TC-Timestamp", "1700000000");
	set_body(client, body);
}

/* As the SDKs do it, with the parts given. */
static void sign_as(struct client *client, const char *host, const char *date, const char *service,
		    const char *signed_headers, const char *payload, const char *key)
{
	struct tess_tc3_authorization authorization = {0};
	char hash[TESS_SHA256_HEX], signature[TESS_SHA256_HEX];
	struct tess_tc3_request request = {
		.method = client->request.method,
		.query = client->request.query,
		.timestamp = get_header(client, "X-TC-Timestamp"),
		.payload_hash = hash,
		.get_header = get_header,
		.header_arg = client,
	};

	(void)stpcpy(authorization.date, date);
	(void)stpcpy(authorization.service, service);
	(void)stpcpy(authorization.signed_headers, signed_headers);
	assert_int_equal(tess_sha256_hex(hash, payload ? payload : client->request.body,
					 payload ? strlen(payload) : client->request.body_length),
			 0);
	assert_int_equal(tess_tc3_sign(signature, &authorization, &request, host, key), 0);
	(void)snprintf(client->authorization, sizeof(client->authorization),
		       "TC3-HMAC-SHA256 Credential=" SECRET_ID
		       "/%s/%s/tc3_request, SignedHeaders=%s, Signature=%s",
		       date, service, signed_headers, signature);
	set_header(client, "Authorization", client->authorization);
}

static void sign(struct client *client)
{
	sign_as(client, "127.0.0.1", "2023-11-14", "127", "content-type;host", NULL, SECRET_KEY);
}

static void assert_uuid4(const char *id)
{
	assert_int_equal(strlen(id), 36);
	for (size_t i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			assert_int_equal(id[i], '-');
		else
			assert_non_null(strchr("0123456789abcdef", id[i]));
	}
	assert_int_equal(id[14], '4');
	assert_non_null(strchr("89ab", id[19]));
}

/* Send; checks the envelope, takes it apart. */
static void call(struct client *client)
{
	const struct tess_cloud_backend backend = {
		.find_key = find_key,
		.app_owned = app_owned,
		.room_has_users = room_has_users,
		.stream_id_taken = stream_id_taken,
		.mix_start = mix_start,
		.mix_stop = mix_stop,
		.arg = &client->box,
	};
	struct tess_cloud_response *response = &client->response;
	const char *code = "", *message = "", *id;
	json_t *outer, *inner;

	client->box.calls[0] = '\0';
	assert_int_equal(tess_cloud_handle(&client->request, &backend, response), 0);
	assert_int_equal(response->body_length, strlen(response->body));
	assert_null(strstr(response->body, SECRET_KEY));
	outer = json_loads(response->body, JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(json_unpack(outer, "{s:o!}", "Response", &inner), 0);
	assert_int_equal(json_unpack(inner, "{s?:{s:s,s:s!},s:s!}", "Error", "Code", &code,
				     "Message", &message, "RequestId", &id),
			 0);
	assert_uuid4(id);
	assert_string_equal(id, response->request_id);
	(void)snprintf(client->code, sizeof(client->code), "%s", code);
	(void)snprintf(client->message, sizeof(client->message), "%s", message);
	assert_string_equal(*code ? tess_cloud_code_text(response->code) : "", code);
	json_decref(outer);
}

static void expect(struct client *client, const char *code)
{
	call(client);
	if (strcmp(client->code, code) != 0)
		fail_msg("%s (%s), expected %s", client->code, client->message, code);
	tess_cloud_response_free(&client->response);
	assert_null(client->response.body);
}

/* ---- what works ---- */

static void test_start(void **state)
{
	struct client client;

	(void)state;
	setup(&client, "StartMCUMixTranscode", START);
	sign(&client);
	call(&client);
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
	setup(&client, "StartMCUMixTranscodeByStrRoomId",
	      "{\"SdkAppId\":1400000123,\"StrRoomId\":\"1001\",\"OutputParams\":{\"RecordId\":"
	      "\"r\","
	      "\"PureAudioStream\":1},\"EncodeParams\":{\"AudioSampleRate\":48000,"
	      "\"AudioBitrate\":64,\"AudioChannels\":2},\"LayoutParams\":{}}");
	sign(&client);
	expect(&client, "");
	assert_string_equal(client.box.calls, "key owned users start ");
	assert_int_equal(client.box.mix.room.type, TESS_ROOM_ID_STRING);
	assert_true(client.box.mix.audio_only);
}

static void test_stop(void **state)
{
	struct client client;

	(void)state;
	setup(&client, "StopMCUMixTranscode", STOP);
	sign(&client);
	expect(&client, "");
	assert_string_equal(client.box.calls, "key owned users stop ");
	assert_string_equal(client.box.room.id, "1001");
	assert_int_equal(client.box.room.type, TESS_ROOM_ID_NUMBER);
	setup(&client, "StopMCUMixTranscodeByStrRoomId",
	      "{\"SdkAppId\":1400000123,\"StrRoomId\":\"a b\"}");
	sign(&client);
	expect(&client, "");
	assert_string_equal(client.box.room.id, "a b");
	assert_int_equal(client.box.room.type, TESS_ROOM_ID_STRING);
}

/* Request ids are new each time. */
static void test_request_ids(void **state)
{
	struct client client;
	char first[37];

	(void)state;
	setup(&client, "StopMCUMixTranscode", STOP);
	sign(&client);
	call(&client);
	memcpy(first, client.response.request_id, sizeof(first));
	tess_cloud_response_free(&client.response);
	call(&client);
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
	setup(&client, NULL, "");
	client.request.method = "PUT";
	client.request.body = huge;
	client.request.body_length = TESS_CLOUD_MAX_BODY_BYTES + 1;
	client.box = (struct box){.disabled = true};
	set_header(&client, "X-TC-Version", NULL);
	set_header(&client, "X-TC-Timestamp", NULL);
	expect(&client, "UnsupportedProtocol");
	client.request.method = "POST";
	expect(&client, "RequestSizeLimitExceeded");
	set_body(&client, "no JSON");
	free(huge);
	expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`X-TC-Action`"));
	set_header(&client, "X-TC-Action", "Nothing");
	expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`X-TC-Version`"));
	set_header(&client, "X-TC-Version", "2020-01-01");
	expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`X-TC-Timestamp`"));
	set_header(&client, "X-TC-Timestamp", "soon");
	expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`Authorization`"));
	set_header(&client, "Authorization", "TC3-HMAC-SHA256 Credential=x");
	expect(&client, "AuthFailure.InvalidAuthorization");
	sign_as(&client, "127.0.0.1", "2023-11-13", "127", "content-type;host", NULL, "wrong");
	expect(&client, "InvalidParameter");
	assert_non_null(strstr(client.message, "`X-TC-Timestamp`"));
	set_header(&client, "X-TC-Timestamp", "1600000000");
	expect(&client, "AuthFailure.SignatureExpire");
	assert_string_equal(client.box.calls, "");
	set_header(&client, "X-TC-Timestamp", "1700000000");
	expect(&client, "AuthFailure.SecretIdNotFound"); /* there is none */
	client.box.key = 1;
	expect(&client, "AuthFailure.SecretIdNotFound"); /* it is disabled */
	client.box.disabled = false;
	expect(&client, "AuthFailure.SignatureFailure"); /* the date */
	sign_as(&client, "127.0.0.1", "2023-11-14", "127", "content-type;host", NULL, "wrong");
	expect(&client, "AuthFailure.SignatureFailure"); /* the key */
	sign(&client);
	expect(&client, "NoSuchVersion");
	set_header(&client, "X-TC-Version", "2019-07-22");
	expect(&client, "InvalidAction");
	set_header(&client, "X-TC-Action", "StartMCUMixTranscode");
	expect(&client, "InvalidParameter"); /* the body */
	set_body(&client, "{\"SdkAppId\":true}");
	sign(&client);
	expect(&client, "MissingParameter.RoomId");
	set_body(&client, "{\"SdkAppId\":true,\"RoomId\":1001}");
	set_header(&client, "X-TC-Action", "StopMCUMixTranscode");
	sign(&client);
	expect(&client, "InvalidParameter.SdkAppId");
	assert_string_equal(client.box.calls, "key ");
	set_header(&client, "X-TC-Action", "StartMCUMixTranscode");
	set_body(&client, START);
	sign(&client);
	expect(&client, "UnauthorizedOperation.SdkAppId");
	client.box.owned = 1;
	client.box.taken = 1;
	client.box.refusal = TESS_CLOUD_REQUEST_REJECTION;
	expect(&client, "FailedOperation.RoomNotExist");
	client.box.users = 1;
	expect(&client, "InvalidParameter.StreamId");
	client.box.taken = 0;
	expect(&client, "FailedOperation.RequestRejection");
	assert_string_equal(client.message, "No.");
	client.box.refusal = 0;
	expect(&client, "");
}

static void test_protocol(void **state)
{
	char *large = malloc((1u << 20) + 2);
	struct client client;

	(void)state;
	assert_non_null(large);
	setup(&client, "StopMCUMixTranscode", STOP);
	sign(&client);
	set_header(&client, "Content-Type", "multipart/form-data; boundary=x");
	expect(&client, "UnsupportedProtocol");
	set_header(&client, "Content-Type", "text/plain");
	expect(&client, "UnsupportedProtocol");
	set_header(&client, "Content-Type", "application/jsonp");
	expect(&client, "UnsupportedProtocol");
	set_header(&client, "Content-Type", NULL);
	expect(&client, "UnsupportedProtocol");
	/* TC3 signs JSON; v1 signs a form */
	set_header(&client, "Content-Type", "application/x-www-form-urlencoded");
	expect(&client, "UnsupportedProtocol");
	set_header(&client, "Authorization", NULL);
	set_header(&client, "Content-Type", "application/json");
	expect(&client, "MissingParameter");
	assert_non_null(strstr(client.message, "`Authorization`"));
	/* sizes: v1 1 MiB, GET 32 KiB */
	memset(large, 'a', (1u << 20) + 1);
	large[(1u << 20) + 1] = '\0';
	large[1] = '=';
	set_header(&client, "Content-Type", "application/x-www-form-urlencoded");
	set_body(&client, large);
	expect(&client, "RequestSizeLimitExceeded");
	client.request.body_length--;
	expect(&client, "MissingParameter");
	set_body(&client, "");
	client.request.method = "GET";
	large[(32u << 10) + 1] = '\0';
	client.request.query = large;
	expect(&client, "RequestSizeLimitExceeded");
	large[32u << 10] = '\0';
	expect(&client, "MissingParameter");
	client.request.method = "get";
	expect(&client, "UnsupportedProtocol");
	free(large);
}

/* ---- what the clients do differently ---- */

static void test_clients(void **state)
{
	struct client client;

	(void)state;
	/* the Go SDK signs the host with its port; any service goes; charset as other SDKs send it
	 */
	setup(&client, "StopMCUMixTranscode", STOP);
	set_header(&client, "Content-Type", "application/json; charset=utf-8");
	sign_as(&client, "127.0.0.1:8080", "2023-11-14", "trtc", "content-type;host", NULL,
		SECRET_KEY);
	expect(&client, "");
	/* a service with a colon; extra signed headers */
	set_header(&client, "Host", "localhost:8080");
	sign_as(&client, "localhost", "2023-11-14", "localhost:8080",
		"content-type;host;x-tc-action;x-tc-timestamp", NULL, SECRET_KEY);
	expect(&client, "");
	/* a name that is signed but not sent */
	sign(&client);
	set_header(&client, "X-TC-TraceId", "x");
	sign_as(&client, "localhost", "2023-11-14", "127", "content-type;host;x-tc-traceid", NULL,
		SECRET_KEY);
	set_header(&client, "X-TC-TraceId", NULL);
	expect(&client, "AuthFailure.SignatureFailure");
	/* region, token, client and trace id are not looked at */
	setup(&client, "StopMCUMixTranscode", STOP);
	set_header(&client, "X-TC-Region", "ap-guangzhou");
	set_header(&client, "X-TC-Token", "t");
	set_header(&client, "X-TC-RequestClient", "SDK_NODEJS_4.1.313");
	sign(&client);
	expect(&client, "");
	/* the signature is over the bytes, not over what they mean */
	set_body(&client, "{\"RoomId\":1001,\"SdkAppId\":1400000123}");
	expect(&client, "AuthFailure.SignatureFailure");
	sign(&client);
	expect(&client, "");
	/* text for numbers, null for nothing, members that nobody knows */
	setup(&client, "StopMCUMixTranscode",
	      "{\"SdkAppId\":\"1400000123\",\"RoomId\":1001,\"StrRoomId\":null,\"New\xc3\xa9\":1}");
	sign(&client);
	call(&client);
	assert_string_equal(client.code, "");
	assert_string_equal(client.response.ignored, "New");
	tess_cloud_response_free(&client.response);
	/* an action without parameters: {} or nothing at all */
	setup(&client, "StopMCUMixTranscode", "{}");
	sign(&client);
	expect(&client, "MissingParameter.SdkAppId");
	set_body(&client, "");
	sign(&client);
	expect(&client, "MissingParameter.SdkAppId");
	client.request.body = NULL;
	expect(&client, "MissingParameter.SdkAppId");
	/* the query of a POST is neither signed nor read */
	set_body(&client, STOP);
	sign(&client);
	client.request.query = "RoomId=7";
	expect(&client, "");
	assert_string_equal(client.box.room.id, "1001");
}

static void test_time(void **state)
{
	struct client client;

	(void)state;
	setup(&client, "StopMCUMixTranscode", STOP);
	sign(&client);
	client.request.now_utc_s = NOW + 300;
	expect(&client, "");
	client.request.now_utc_s = NOW - 300;
	expect(&client, "");
	client.request.now_utc_s = NOW + 301;
	expect(&client, "AuthFailure.SignatureExpire");
	client.request.now_utc_s = NOW - 301;
	expect(&client, "AuthFailure.SignatureExpire");
	client.request.now_utc_s = NOW;
	set_header(&client, "X-TC-Timestamp", "-1700000000");
	expect(&client, "InvalidParameter");
	set_header(&client, "X-TC-Timestamp", "17000000000000000000");
	expect(&client, "InvalidParameter");
	set_header(&client, "X-TC-Timestamp", "");
	expect(&client, "InvalidParameter");
	/* the day begins at midnight UTC */
	setup(&client, "StopMCUMixTranscode", STOP);
	client.request.now_utc_s = 1700006390;
	set_header(&client, "X-TC-Timestamp", "1700006400");
	sign(&client);
	expect(&client, "AuthFailure.SignatureFailure");
	sign_as(&client, "127.0.0.1", "2023-11-15", "127", "content-type;host", NULL, SECRET_KEY);
	expect(&client, "");
}

static void test_unsigned_payload(void **state)
{
	struct client client;

	(void)state;
	setup(&client, "StopMCUMixTranscode", STOP);
	set_header(&client, "X-TC-Content-SHA256", "UNSIGNED-PAYLOAD");
	sign_as(&client, "127.0.0.1", "2023-11-14", "127", "content-type;host", "UNSIGNED-PAYLOAD",
		SECRET_KEY);
	expect(&client, "AuthFailure.SignatureFailure");
	client.request.allow_unsigned_payload = true;
	expect(&client, "");
	/* the permission changes nothing for the others */
	set_header(&client, "X-TC-Content-SHA256", NULL);
	expect(&client, "AuthFailure.SignatureFailure");
	sign(&client);
	expect(&client, "");
}

static void test_get(void **state)
{
	struct client client;

	(void)state;
	setup(&client, "StopMCUMixTranscode", "");
	client.request.method = "GET";
	client.request.query = "SdkAppId=1400000123&RoomId=1001";
	set_header(&client, "Content-Type", "application/x-www-form-urlencoded");
	set_header(&client, "Authorization",
		   "TC3-HMAC-SHA256 Credential=" SECRET_ID "/2023-11-14/127/tc3_request, "
		   "SignedHeaders=content-type;host, "
		   "Signature=0a57513895e52b0c3e435ed700f40eec1d4c525e301b62c1fa823380f2250c1d");
	expect(&client, "");
	assert_string_equal(client.box.room.id, "1001");
	/* as received: another order is another request */
	client.request.query = "RoomId=1001&SdkAppId=1400000123";
	expect(&client, "AuthFailure.SignatureFailure");
	client.request.query = "SdkAppId=1400000123&RoomId";
	sign(&client);
	expect(&client, "InvalidParameter");
	assert_string_equal(client.message, "Url key and value should be splited by `=`.");
	client.request.query = NULL;
	client.request.query = "";
	sign(&client);
	expect(&client, "MissingParameter.SdkAppId");
	/* a whole mix in dotted names */
	set_header(&client, "X-TC-Action", "StartMCUMixTranscode");
	client.request.query = "SdkAppId=1400000123&RoomId=1001&OutputParams.StreamId=show"
			       "&EncodeParams.AudioSampleRate=48000&EncodeParams.AudioBitrate=64"
			       "&EncodeParams.AudioChannels=2&EncodeParams.VideoWidth=640&"
			       "EncodeParams.VideoHeight=360"
			       "&EncodeParams.VideoBitrate=800&EncodeParams.VideoFramerate=15&"
			       "EncodeParams.VideoGop=2"
			       "&LayoutParams.Template=1&LayoutParams.MixVideoUids.1=bob"
			       "&LayoutParams.MixVideoUids.0=alice";
	sign(&client);
	expect(&client, "");
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
	setup(&client, NULL, "");
	for (size_t i = 0; client.headers[i].name; i++) {
		if (strcasecmp(client.headers[i].name, "host") != 0)
			client.headers[i].value = NULL;
	}
	client.request.method = "GET";
	client.request.query = V1_QUERY;
	call(&client);
	assert_string_equal(client.code, "");
	assert_string_equal(client.response.ignored, ""); /* common parameters are known */
	tess_cloud_response_free(&client.response);
	assert_string_equal(client.box.room.id, "1001");
	client.request.query = V1_QUERY "&Language=zh-CN";
	expect(&client, "AuthFailure.SignatureFailure");
	assert_string_equal(client.message, "请求签名验证失败，请检查您的签名计算是否正确。");
	client.request.query = "Action";
	expect(&client, "InvalidParameter");
	client.request.now_utc_s = NOW + 301;
	client.request.query = V1_QUERY;
	expect(&client, "AuthFailure.SignatureExpire");
	client.request.now_utc_s = NOW;
	client.box.key = 0;
	expect(&client, "AuthFailure.SecretIdNotFound");
}

static void test_v1_missing(void **state)
{
	static const char *const names[] = {"Action",	"Version", "Timestamp",
					    "SecretId", "Nonce",   "Signature"};
	struct client client;

	(void)state;
	setup(&client, NULL, "");
	client.request.method = "GET";
	for (size_t i = 0; i < 6; i++) {
		char query[512] = V1_QUERY, wanted[32], *at;

		(void)snprintf(wanted, sizeof(wanted), "%s=", names[i]);
		at = strstr(query, wanted);
		assert_non_null(at);
		*at = 'x'; /* another name */
		client.request.query = query;
		expect(&client, "MissingParameter");
		(void)snprintf(wanted, sizeof(wanted), "`%s`", names[i]);
		assert_non_null(strstr(client.message, wanted));
	}
	client.request.query = "Action=a&Version=b&Timestamp=1&SecretId=c&Nonce=x&Signature=d";
	expect(&client, "InvalidParameter");
	assert_non_null(strstr(client.message, "`Nonce`"));
	client.request.query = "Action=a&Version=b&Timestamp=x&SecretId=c&Nonce=1&Signature=d";
	expect(&client, "InvalidParameter");
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
	setup(&client, NULL, "");
	set_header(&client, "Content-Type", "application/x-www-form-urlencoded; charset=UTF-8");
	assert_int_equal(tess_form_parse(&form, unsigned_body, strlen(unsigned_body), &error), 0);
	assert_int_equal(tess_v1_sign(signature, "POST", "127.0.0.1:8080", &form, SECRET_KEY), 0);
	tess_form_free(&form);
	to = stpcpy(stpcpy(body, unsigned_body), "&Signature=");
	for (const char *p = signature; *p; p++)
		to += snprintf(to, 4, "%%%02X", (unsigned char)*p);
	set_body(&client, body);
	expect(&client, "");
	assert_string_equal(client.box.calls, "key owned users stop ");
}

/* ---- versions and actions ---- */

static void test_actions(void **state)
{
	static const struct {
		const char *version, *action, *code;
	} cases[] = {
		{"2019-07-22", "DismissRoom", "UnsupportedOperation"},
		{"2019-07-22", "DescribeRoomInformation", "UnsupportedOperation"},
		{"2019-07-22", "RemoveUserByStrRoomId", "UnsupportedOperation"},
		{"2019-07-22", "CreatePicture", "UnsupportedOperation"},
		{"2019-07-22", "DescribeMixTranscodingUsage", "UnsupportedOperation"},
		{"2019-07-22", "CreateCloudRecording", "UnsupportedOperation"},
		{"2019-07-22", "StopPublishCdnStream", "UnsupportedOperation"},
		{"2018-07-17", "SearchMedia", "UnsupportedOperation"},
		{"2018-07-17", "ModifySubAppIdStatus", "UnsupportedOperation"},
		{"2018-08-01", "DescribeLivePlayAuthKey", "UnsupportedOperation"},
		{"2018-08-01", "DropLiveStream", "UnsupportedOperation"},
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
		setup(&client, cases[i].action, "{}");
		set_header(&client, "X-TC-Version", cases[i].version);
		sign(&client);
		expect(&client, cases[i].code);
		if (!strcmp(cases[i].code, "UnsupportedOperation"))
			assert_non_null(strstr(client.message, cases[i].action));
	}
}

/* ---- languages ---- */

static void test_language(void **state)
{
	struct client client;

	(void)state;
	setup(&client, "StopMCUMixTranscode", "no JSON");
	sign(&client);
	set_header(&client, "X-TC-Language", "zh-CN");
	expect(&client, "InvalidParameter");
	assert_string_equal(
		client.message,
		"对于指定content-type=application/json协议下，请求内容不是合法的Json格式。");
	sign_as(&client, "127.0.0.1", "2023-11-14", "127", "content-type;host", NULL, "wrong");
	expect(&client, "AuthFailure.SignatureFailure");
	assert_string_equal(client.message, "请求签名验证失败，请检查您的签名计算是否正确。");
	set_header(&client, "X-TC-Language", "en-US");
	expect(&client, "AuthFailure.SignatureFailure");
	assert_string_equal(client.message,
			    "The provided credentials could not be validated. Please "
			    "check your signature is correct.");
	client.box.key = 0;
	expect(&client, "AuthFailure.SecretIdNotFound");
	assert_string_equal(client.message, "The SecretId is not found, please ensure that your "
					    "SecretId is correct.");
	set_header(&client, "X-TC-Language", "zh-CN");
	expect(&client, "AuthFailure.SecretIdNotFound");
	assert_string_equal(client.message, "SecretId不存在，请输入正确的密钥。");
	/* what has no published Chinese text is told in English */
	client.request.now_utc_s = NOW + 1000;
	expect(&client, "AuthFailure.SignatureExpire");
	assert_non_null(strstr(client.message, "timestamp"));
}

/* ---- what the box answers ---- */

static void test_backend_fails(void **state)
{
	struct client client;

	(void)state;
	setup(&client, "StartMCUMixTranscode", START);
	sign(&client);
	/* -EINVAL of a look-up is a failure too: it has filled no error */
	client.box.key = -EINVAL;
	expect(&client, "InternalError");
	client.box.key = -EIO;
	expect(&client, "InternalError");
	client.box.key = 1;
	client.box.owned = -EINVAL;
	expect(&client, "InternalError");
	client.box.owned = 1;
	client.box.users = -EIO;
	expect(&client, "InternalError");
	client.box.users = 1;
	client.box.taken = -EIO;
	expect(&client, "InternalError");
	client.box.taken = 0;
	client.box.start = -ENOSPC;
	expect(&client, "InternalError");
	assert_string_equal(client.message, "The box failed to do this; its log tells more.");
	client.box.refusal = TESS_CLOUD_RESOURCE_INSUFFICIENT;
	expect(&client, "ResourceInsufficient.RequestRejection");
}

static void test_stop_without_mix(void **state)
{
	struct client client;

	(void)state;
	setup(&client, "StopMCUMixTranscode", STOP);
	sign(&client);
	client.box.refusal = TESS_CLOUD_MIX_SESSION_NOT_EXIST;
	expect(&client, "FailedOperation.MixSessionNotExist");
	client.box.users = 0;
	expect(&client, "FailedOperation.RoomNotExist");
	/* nobody is there, but the mix still is: it is stopped */
	client.box.refusal = 0;
	expect(&client, "");
	assert_string_equal(client.box.calls, "key owned users stop ");
	client.box.owned = 0;
	expect(&client, "UnauthorizedOperation.SdkAppId");
	client.box.owned = 1;
	client.box.stop = -EIO;
	expect(&client, "InternalError");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),	      cmocka_unit_test(test_stop),
		cmocka_unit_test(test_request_ids),   cmocka_unit_test(test_order),
		cmocka_unit_test(test_protocol),      cmocka_unit_test(test_clients),
		cmocka_unit_test(test_time),	      cmocka_unit_test(test_unsigned_payload),
		cmocka_unit_test(test_get),	      cmocka_unit_test(test_v1),
		cmocka_unit_test(test_v1_missing),    cmocka_unit_test(test_v1_post),
		cmocka_unit_test(test_actions),	      cmocka_unit_test(test_language),
		cmocka_unit_test(test_backend_fails), cmocka_unit_test(test_stop_without_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
