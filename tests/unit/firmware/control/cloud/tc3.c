/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/tc3.c: signatures made by the official clients.
 */
#include "firmware/control/cloud/tc3.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cmocka_headers.h"

#define SECRET_ID  "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
#define SECRET_KEY "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
#define AUTH(scope, signature)                            \
	"TC3-HMAC-SHA256 Credential=" SECRET_ID "/" scope \
	"/tc3_request, SignedHeaders=content-type;host, Signature=" signature

struct headers {
	const char *host, *content_type, *action;
};

static const char *get_header(void *arg, const char *name)
{
	const struct headers *headers = arg;

	if (!strcasecmp(name, "host"))
		return headers->host;
	if (!strcasecmp(name, "content-type"))
		return headers->content_type;
	if (!strcasecmp(name, "x-tc-action"))
		return headers->action;
	return NULL;
}

struct vector {
	const char *method, *query, *body, *timestamp;
	struct headers headers;
	const char *authorization;
};

#define STOP_BODY "{\"SdkAppId\":1400000123,\"RoomId\":1001}"

/* the published example of the signature's description */
static const struct vector published = {
	.method = "POST",
	.query = "",
	.body = "{\"Limit\": 1, \"Filters\": [{\"Values\": [\"\\u672a\\u547d\\u540d\"], \"Name\": "
		"\"instance-name\"}]}",
	.timestamp = "1551113065",
	.headers = {"cvm.tencentcloudapi.com", "application/json; charset=utf-8", NULL},
	.authorization = AUTH("2019-02-25/cvm",
			      "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"),
};
/* the Node SDK: canonical host without the port, service "127" */
static const struct vector node_post = {
	.method = "POST",
	.query = "",
	.body = STOP_BODY,
	.timestamp = "1700000000",
	.headers = {"127.0.0.1:8080", "application/json", NULL},
	.authorization = AUTH("2023-11-14/127",
			      "3c6f1c389a5ebbbd52adbd50eb9374fdd4b1dba1af9da4fa6e75bda6d4e462ee"),
};
/* the Go SDK: canonical host with the port */
static const struct vector go_post = {
	.method = "POST",
	.query = "",
	.body = STOP_BODY,
	.timestamp = "1700000000",
	.headers = {"127.0.0.1:8080", "application/json", NULL},
	.authorization = AUTH("2023-11-14/trtc",
			      "3e851aea4f986fe3f9926e11d718c6e5506f5a3f05592e36a823e2e61cc56565"),
};
static const struct vector node_get = {
	.method = "GET",
	.query = "SdkAppId=1400000123&RoomId=1001",
	.body = "",
	.timestamp = "1700000000",
	.headers = {"127.0.0.1:8080", "application/x-www-form-urlencoded", NULL},
	.authorization = AUTH("2023-11-14/127",
			      "0a57513895e52b0c3e435ed700f40eec1d4c525e301b62c1fa823380f2250c1d"),
};

static int verify(const struct vector *vector, const char *secret_key)
{
	struct tess_tc3_authorization authorization;
	struct headers headers = vector->headers;
	char hash[TESS_SHA256_HEX];
	struct tess_tc3_request request = {
		.method = vector->method,
		.query = vector->query,
		.timestamp = vector->timestamp,
		.payload_hash = hash,
		.get_header = get_header,
		.header_arg = &headers,
	};

	assert_int_equal(tess_sha256_hex(hash, vector->body, strlen(vector->body)), 0);
	assert_int_equal(tess_tc3_parse(&authorization, vector->authorization), 0);
	return tess_tc3_verify(&authorization, &request, secret_key);
}

static void test_vectors(void **state)
{
	const struct vector *const vectors[] = {&published, &node_post, &go_post, &node_get};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(verify(vectors[i], SECRET_KEY), 0);
		assert_int_equal(verify(vectors[i], SECRET_KEY "x"), -EKEYREJECTED);
	}
}

/* Each part that is signed changes the signature. */
static void test_each_part_counts(void **state)
{
	struct vector changed;

	(void)state;
#define REFUSED(base, member, value)                                           \
	do {                                                                   \
		changed = base;                                                \
		changed.member = value;                                        \
		assert_int_equal(verify(&changed, SECRET_KEY), -EKEYREJECTED); \
	} while (0)
	REFUSED(node_post, method, "GET");
	REFUSED(node_post, query, "a=1");
	REFUSED(node_post, body, "{\"SdkAppId\":1400000123,\"RoomId\":1002}");
	REFUSED(node_post, timestamp, "1700000001");
	REFUSED(node_post, headers.host, "127.0.0.2:8080");
	REFUSED(node_post, headers.host, NULL);
	REFUSED(node_post, headers.content_type, "application/json; charset=utf-8");
	REFUSED(node_post, headers.content_type, "Application/json");
	REFUSED(node_post, headers.content_type, NULL);
	REFUSED(go_post, headers.host, "127.0.0.1:8081");
	REFUSED(node_get, query, "RoomId=1001&SdkAppId=1400000123");
	REFUSED(node_get, query, "SdkAppId=1400000123&RoomId=%31001");
	REFUSED(node_post, authorization,
		AUTH("2023-11-14/128",
		     "3c6f1c389a5ebbbd52adbd50eb9374fdd4b1dba1af9da4fa6e75bda6d4e462ee"));
	/* lower case alone is what the signature is written in; nothing but all of it is enough */
	REFUSED(node_post, authorization,
		AUTH("2023-11-14/127",
		     "3C6F1C389A5EBBBD52ADBD50EB9374FDD4B1DBA1AF9DA4FA6E75BDA6D4E462EE"));
	REFUSED(node_post, authorization, AUTH("2023-11-14/127", "3c6f1c38"));
	REFUSED(node_post, authorization,
		AUTH("2023-11-14/127",
		     "3c6f1c389a5ebbbd52adbd50eb9374fdd4b1dba1af9da4fa6e75bda6d4e462ee0"));
	/* the Node form is without the port: another port is the same host to it */
	changed = node_post;
	changed.headers.host = "127.0.0.1:9999";
	assert_int_equal(verify(&changed, SECRET_KEY), 0);
	changed.headers.host = " 127.0.0.1 ";
	assert_int_equal(verify(&changed, SECRET_KEY), 0);
}

/* localhost:8080 as an endpoint gives the service "localhost:8080" */
static void test_service_with_colon(void **state)
{
	struct tess_tc3_authorization authorization;

	(void)state;
	assert_int_equal(tess_tc3_parse(&authorization, AUTH("2023-11-14/localhost:8080", "00ff")),
			 0);
	assert_string_equal(authorization.secret_id, SECRET_ID);
	assert_string_equal(authorization.date, "2023-11-14");
	assert_string_equal(authorization.service, "localhost:8080");
	assert_string_equal(authorization.signed_headers, "content-type;host");
	assert_string_equal(authorization.signature, "00ff");
}

static int sign(char signature[TESS_SHA256_HEX], struct headers headers, const char *service,
		const char *signed_headers, const char *host)
{
	struct tess_tc3_authorization authorization = {.date = "2023-11-14"};
	char hash[TESS_SHA256_HEX];
	struct tess_tc3_request request = {
		.method = "POST",
		.query = "",
		.timestamp = "1700000000",
		.payload_hash = hash,
		.get_header = get_header,
		.header_arg = &headers,
	};

	(void)stpcpy(authorization.service, service);
	(void)stpcpy(authorization.signed_headers, signed_headers);
	assert_int_equal(tess_sha256_hex(hash, STOP_BODY, strlen(STOP_BODY)), 0);
	return tess_tc3_sign(signature, &authorization, &request, host, SECRET_KEY);
}

/* Computed apart with hmac and hashlib of Python. */
static void test_other_forms(void **state)
{
	struct headers headers = {"x", "application/json", " StopMCUMixTranscode "};
	char signature[TESS_SHA256_HEX];

	(void)state;
	assert_int_equal(
		sign(signature, headers, "localhost:8080", "content-type;host", "localhost"), 0);
	assert_string_equal(signature,
			    "e00b3be3d9c2e524e796137b6ac3d717c45849675e52a45cf6fe5c6e165dbc8b");
	/* extra headers: trimmed and in lower case, in the order of the list */
	assert_int_equal(sign(signature, headers, "trtc", "content-type;host;x-tc-action",
			      "trtc.tencentcloudapi.com"),
			 0);
	assert_string_equal(signature,
			    "be2fb6b405f07b0f47501459e64db5dbe788b810646b96d366ad964bb6ff26bc");
	headers.action = NULL;
	assert_int_equal(sign(signature, headers, "trtc", "content-type;host;x-tc-action",
			      "trtc.tencentcloudapi.com"),
			 -EBADMSG);
}

static void test_malformed(void **state)
{
	static const char *const values[] = {
		"",
		"TC3-HMAC-SHA256",
		"TC3-HMAC-SHA256 ",
		"Bearer abcdef",
		"TC3-HMAC-SHA1 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type;host, Signature=0",
		/* scope */
		"TC3-HMAC-SHA256 Credential=a, SignedHeaders=content-type;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14, SignedHeaders=content-type;host, "
		"Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b, SignedHeaders=content-type;host, "
		"Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/tc3_request, "
		"SignedHeaders=content-type;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14//tc3_request, "
		"SignedHeaders=content-type;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_requests, "
		"SignedHeaders=content-type;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/c/tc3_request, "
		"SignedHeaders=content-type;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-1-14/b/tc3_request, "
		"SignedHeaders=content-type;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/20231114/b/tc3_request, "
		"SignedHeaders=content-type;host, Signature=0",
		/* a field twice, unknown, empty or absent */
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"Credential=a/2023-11-14/b/tc3_request, SignedHeaders=content-type;host, "
		"Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type;host, Signature=0, Extra=1",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type;host, Signature=",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type;host",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, Signature=0",
		"TC3-HMAC-SHA256 SignedHeaders=content-type;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type;host, Signature=0,",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request "
		"SignedHeaders=content-type;host Signature=0",
		/* the list of headers: host and content-type must be signed */
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, SignedHeaders=host, "
		"Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type;;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=;content-type;host, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type;host;, Signature=0",
		"TC3-HMAC-SHA256 Credential=a/2023-11-14/b/tc3_request, "
		"SignedHeaders=content-type:host, Signature=0",
	};
	struct tess_tc3_authorization authorization;
	char longer[4096], part[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (tess_tc3_parse(&authorization, values[i]) != -EBADMSG)
			fail_msg("accepted: %s", values[i]);
	}
	memset(part, 'a', sizeof(part));
	part[sizeof(part) - 1] = '\0';
	(void)snprintf(longer, sizeof(longer),
		       "TC3-HMAC-SHA256 Credential=%s/2023-11-14/b/tc3_request, "
		       "SignedHeaders=content-type;host, Signature=0",
		       part);
	assert_int_equal(tess_tc3_parse(&authorization, longer), -EBADMSG);
	/* blanks are free, and so is the order */
	assert_int_equal(
		tess_tc3_parse(&authorization,
			       "  TC3-HMAC-SHA256   Signature=0,SignedHeaders=host;content-type , "
			       "Credential=a/2023-11-14/b/tc3_request "),
		0);
}

static void test_date(void **state)
{
	struct tess_tc3_authorization authorization = {.date = "2023-11-14"};

	(void)state;
	assert_true(tess_tc3_date_matches(&authorization, 1699920000)); /* 00:00:00 UTC */
	assert_true(tess_tc3_date_matches(&authorization, 1700006399));
	assert_false(tess_tc3_date_matches(&authorization, 1699919999));
	assert_false(tess_tc3_date_matches(&authorization, 1700006400));
	assert_false(tess_tc3_date_matches(&authorization, INT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_each_part_counts),
		cmocka_unit_test(test_service_with_colon),
		cmocka_unit_test(test_other_forms),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
