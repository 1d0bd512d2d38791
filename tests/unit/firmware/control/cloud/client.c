/* SPDX-License-Identifier: GPL-3.0-or-later
 * A client of the cloud API and the box behind it, for tests of whole requests.
 */
#include "client.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "cmocka_headers.h"
#include "firmware/control/cloud/tc3.h"

/* ---- the box ---- */

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

static int room_dismiss(void *arg, const struct tess_cloud_room *room,
			struct tess_cloud_error *error)
{
	struct box *box = arg;

	called(box, "dismiss");
	box->room = *room;
	return box->refusal ? tess_cloud_refuse(error, box->refusal, "No.") : box->stop;
}

static int vod(void *arg, int64_t key_id, const struct tess_vod_request *request, json_t *fields,
	       struct tess_cloud_error *error)
{
	(void)arg;
	(void)key_id;
	(void)request;
	(void)fields;
	(void)error;
	return 0;
}

static int live(void *arg, int64_t key_id, const struct tess_live_request *request, json_t *fields,
		struct tess_cloud_error *error)
{
	(void)arg;
	(void)key_id;
	(void)request;
	(void)fields;
	(void)error;
	return 0;
}

static int record_statistic(void *arg, int64_t key_id, const struct tess_statistic_request *request,
			    json_t *fields, struct tess_cloud_error *error)
{
	(void)arg;
	(void)key_id;
	(void)request;
	(void)fields;
	(void)error;
	return 0;
}

/* ---- the client ---- */

static const char *get_header(void *arg, const char *name)
{
	const struct client *client = arg;

	for (size_t i = 0; client->headers[i].name; i++) {
		if (!strcasecmp(client->headers[i].name, name))
			return client->headers[i].value;
	}
	return NULL;
}

void client_set_header(struct client *client, const char *name, const char *value)
{
	struct header *header = client->headers;

	while (header->name && strcasecmp(header->name, name) != 0)
		header++;
	assert_in_range(header - client->headers, 0, 14);
	*header = (struct header){name, value};
}

void client_set_body(struct client *client, const char *body)
{
	client->request.body = body;
	client->request.body_length = strlen(body);
}

/* A good call of the Node SDK, not yet signed. */
void client_setup(struct client *client, const char *action, const char *body)
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
	client_set_header(client, "Host", "127.0.0.1:8080");
	client_set_header(client, "Content-Type", "application/json");
	client_set_header(client, "X-TC-Action", action);
	client_set_header(client, "X-TC-Version", "2019-07-22");
	client_set_header(client, "X-TC-Timestamp", "1700000000");
	client_set_body(client, body);
}

/* As the SDKs do it, with the parts given. */
void client_sign_as(struct client *client, const char *host, const char *date, const char *service,
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
	client_set_header(client, "Authorization", client->authorization);
}

void client_sign(struct client *client)
{
	client_sign_as(client, "127.0.0.1", "2023-11-14", "127", "content-type;host", NULL,
		       SECRET_KEY);
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
void client_call(struct client *client)
{
	const struct tess_cloud_backend backend = {
		.find_key = find_key,
		.app_owned = app_owned,
		.room_has_users = room_has_users,
		.stream_id_taken = stream_id_taken,
		.mix_start = mix_start,
		.mix_stop = mix_stop,
		.room_dismiss = room_dismiss,
		.vod = vod,
		.live = live,
		.statistic = record_statistic,
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

void client_expect(struct client *client, const char *code)
{
	client_call(client);
	if (strcmp(client->code, code) != 0)
		fail_msg("%s (%s), expected %s", client->code, client->message, code);
	tess_cloud_response_free(&client->response);
	assert_null(client->response.body);
}
