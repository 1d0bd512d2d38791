/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/auth.c - who calls, and what: the first checks of a request.
 */
#include "firmware/control/cloud/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "firmware/control/cloud/host.h"
#include "firmware/control/cloud/v1.h"

#define MAX_GET_BYTES (32u << 10)
#define MAX_V1_BYTES  (1u << 20)
#define MAX_CLOCK_S   300

enum body_type { BODY_JSON = 1, BODY_FORM, BODY_OTHER };

static const char *header(const struct tess_cloud_request *request, const char *name)
{
	return request->get_header(request->header_arg, name);
}

static enum body_type body_type(const char *content_type)
{
	size_t length;

	if (!content_type)
		return BODY_OTHER;
	content_type = tess_header_trim(content_type, &length);
	length = strcspn(content_type, "; \t");
	if (length == 16 && !strncasecmp(content_type, "application/json", length))
		return BODY_JSON;
	if (length == 33 && !strncasecmp(content_type, "application/x-www-form-urlencoded", length))
		return BODY_FORM;
	return BODY_OTHER;
}

static int missing(struct tess_cloud_error *error, const char *name)
{
	return tess_cloud_refuse(error, TESS_CLOUD_MISSING_PARAMETER,
				 "The request is missing a required parameter `%s`.", name);
}

/* Decimal digits, not too many for an int64. */
static bool is_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits <= 18 && !text[digits];
}

/* Protocol: sets json and v1. */
static int check_protocol(struct tess_cloud_call *call, const struct tess_cloud_request *request,
			  struct tess_cloud_error *error)
{
	const char *query = request->query ? request->query : "";
	bool get = !strcmp(request->method, "GET");
	size_t limit;

	call->v1 = !header(request, "Authorization");
	if (get) {
		if (strlen(query) > MAX_GET_BYTES || request->body_length > MAX_GET_BYTES)
			return tess_cloud_refuse(error, TESS_CLOUD_REQUEST_SIZE_LIMIT_EXCEEDED,
						 "A GET request may have %u bytes at most.",
						 MAX_GET_BYTES);
		return 0;
	}
	if (strcmp(request->method, "POST") != 0)
		return tess_cloud_refuse(error, TESS_CLOUD_UNSUPPORTED_PROTOCOL,
					 "Only the methods GET and POST are supported.");
	switch (body_type(header(request, "Content-Type"))) {
	case BODY_JSON:
		/* there is no v1 signature over JSON: what is missing is the header */
		call->json = true;
		call->v1 = false;
		break;
	case BODY_FORM:
		if (!call->v1)
			return tess_cloud_refuse(
				error, TESS_CLOUD_UNSUPPORTED_PROTOCOL,
				"TC3-HMAC-SHA256 goes with content-type=application/json.");
		break;
	case BODY_OTHER:
		return tess_cloud_refuse(
			error, TESS_CLOUD_UNSUPPORTED_PROTOCOL,
			"The content-type of a POST request must be application/json or "
			"application/x-www-form-urlencoded.");
	}
	limit = call->v1 ? MAX_V1_BYTES : TESS_CLOUD_MAX_BODY_BYTES;
	if (request->body_length > limit)
		return tess_cloud_refuse(error, TESS_CLOUD_REQUEST_SIZE_LIMIT_EXCEEDED,
					 "The request body may have %zu bytes at most.", limit);
	return 0;
}

static int check_timestamp(struct tess_cloud_call *call, const char *name,
			   struct tess_cloud_error *error)
{
	if (!is_number(call->timestamp))
		return tess_cloud_refuse(
			error, TESS_CLOUD_INVALID_PARAMETER,
			"The value of parameter `%s` is not valid: decimal seconds are "
			"expected.",
			name);
	call->timestamp_s = strtoll(call->timestamp, NULL, 10);
	return 0;
}

static int read_tc3(struct tess_cloud_call *call, const struct tess_cloud_request *request,
		    struct tess_cloud_error *error)
{
	const char *value, *language = header(request, "X-TC-Language");

	call->chinese = language && !strcasecmp(language, "zh-CN");
	if (!(call->action = header(request, "X-TC-Action")))
		return missing(error, "X-TC-Action");
	if (!(call->version = header(request, "X-TC-Version")))
		return missing(error, "X-TC-Version");
	if (!(call->timestamp = header(request, "X-TC-Timestamp")))
		return missing(error, "X-TC-Timestamp");
	if (!(value = header(request, "Authorization")))
		return missing(error, "Authorization");
	if (tess_tc3_parse(&call->authorization, value))
		return tess_cloud_refuse(
			error, TESS_CLOUD_INVALID_AUTHORIZATION,
			"The Authorization header is malformed: TC3-HMAC-SHA256 "
			"Credential=ID/DATE/SERVICE/tc3_request, "
			"SignedHeaders=content-type;host, Signature=HEX is expected.");
	call->secret_id = call->authorization.secret_id;
	return check_timestamp(call, "X-TC-Timestamp", error);
}

static int read_v1(struct tess_cloud_call *call, const struct tess_cloud_request *request,
		   struct tess_cloud_error *error)
{
	static const char *const required[] = {"Action",   "Version", "Timestamp",
					       "SecretId", "Nonce",   "Signature"};
	const char *query = request->query ? request->query : "";
	const char *language;
	int err;

	if (!strcmp(request->method, "POST"))
		err = tess_form_parse(&call->form, request->body, request->body_length, error);
	else
		err = tess_form_parse(&call->form, query, strlen(query), error);
	if (err)
		return err;
	language = tess_form_get(&call->form, "Language");
	call->chinese = language && !strcasecmp(language, "zh-CN");
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		if (!tess_form_get(&call->form, required[i]))
			return missing(error, required[i]);
	}
	call->action = tess_form_get(&call->form, "Action");
	call->version = tess_form_get(&call->form, "Version");
	call->timestamp = tess_form_get(&call->form, "Timestamp");
	call->secret_id = tess_form_get(&call->form, "SecretId");
	if (!is_number(tess_form_get(&call->form, "Nonce")))
		return tess_cloud_refuse(
			error, TESS_CLOUD_INVALID_PARAMETER,
			"The value of parameter `Nonce` is not valid: a positive integer is "
			"expected.");
	return check_timestamp(call, "Timestamp", error);
}

int tess_cloud_call_read(struct tess_cloud_call *call, const struct tess_cloud_request *request,
			 struct tess_cloud_error *error)
{
	int err;

	memset(call, 0, sizeof(*call));
	err = check_protocol(call, request, error);
	if (err)
		return err;
	return call->v1 ? read_v1(call, request, error) : read_tc3(call, request, error);
}

void tess_cloud_call_free(struct tess_cloud_call *call)
{
	tess_form_free(&call->form);
}

/* 0, -EKEYREJECTED, -ENOMEM */
static int verify_tc3(const struct tess_cloud_call *call, const struct tess_cloud_request *request,
		      const char *secret_key)
{
	static const char unsigned_payload[] = "UNSIGNED-PAYLOAD";
	const char *query = request->query ? request->query : "";
	const char *payload = header(request, "X-TC-Content-SHA256");
	char hash[TESS_SHA256_HEX];
	struct tess_tc3_request tc3 = {
		.method = request->method,
		.query = call->json ? "" : query,
		.timestamp = call->timestamp,
		.payload_hash = hash,
		.get_header = request->get_header,
		.header_arg = request->header_arg,
	};
	int err;

	if (!tess_tc3_date_matches(&call->authorization, call->timestamp_s))
		return -EKEYREJECTED;
	if (payload && !strcmp(payload, unsigned_payload)) {
		if (!request->allow_unsigned_payload)
			return -EKEYREJECTED;
		err = tess_sha256_hex(hash, unsigned_payload, strlen(unsigned_payload));
	} else {
		err = tess_sha256_hex(hash, request->body, request->body_length);
	}
	if (err)
		return err;
	return tess_tc3_verify(&call->authorization, &tc3, secret_key);
}

int tess_cloud_authenticate(int64_t *key_id, const struct tess_cloud_call *call,
			    const struct tess_cloud_request *request,
			    const struct tess_cloud_backend *backend,
			    struct tess_cloud_error *error)
{
	int64_t off_s = call->timestamp_s - request->now_utc_s;
	struct tess_cloud_key key = {0};
	int found, err;

	if (off_s > MAX_CLOCK_S || off_s < -MAX_CLOCK_S)
		return tess_cloud_refuse(
			error, TESS_CLOUD_SIGNATURE_EXPIRE,
			"The timestamp is more than %d seconds away from the time of this box.",
			MAX_CLOCK_S);
	found = strlen(call->secret_id) <= TESS_CLOUD_MAX_SECRET
			? backend->find_key(backend->arg, call->secret_id, &key)
			: 0;
	if (found < 0)
		return found == -EINVAL ? -EIO : found; /* nobody has refused anything here */
	if (found != 1 || !key.enabled) {
		OPENSSL_cleanse(&key, sizeof(key));
		return tess_cloud_refuse_zh(
			error, TESS_CLOUD_SECRET_ID_NOT_FOUND,
			"The SecretId is not found, please ensure that your SecretId is "
			"correct.",
			"SecretId不存在，请输入正确的密钥。");
	}
	*key_id = key.id;
	err = call->v1 ? tess_v1_verify(request->method, header(request, "Host"), &call->form,
					key.secret_key)
		       : verify_tc3(call, request, key.secret_key);
	OPENSSL_cleanse(&key, sizeof(key));
	if (err == -EKEYREJECTED)
		return tess_cloud_refuse_zh(
			error, TESS_CLOUD_SIGNATURE_FAILURE,
			"The provided credentials could not be validated. Please check "
			"your signature is correct.",
			"请求签名验证失败，请检查您的签名计算是否正确。");
	return err;
}
