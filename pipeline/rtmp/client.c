/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/client.c - see client.h.
 */
#include "pipeline/rtmp/client.h"

#include <errno.h>
#include <string.h>

/* what an answer is to */
enum transaction {
	CONNECT = 1,
	RELEASE_STREAM,
	FC_PUBLISH,
	CREATE_STREAM,
	PUBLISH,
	FC_UNPUBLISH,
	DELETE_STREAM,
};

int tess_rtmp_client_init(struct tess_rtmp_client *client,
			  const struct tess_rtmp_client_config *config)
{
	*client = (struct tess_rtmp_client){.config = *config, .state = TESS_RTMP_CLIENT_GREETING};
	return tess_rtmp_session_init(&client->session, true, config->seed);
}

void tess_rtmp_client_fini(struct tess_rtmp_client *client)
{
	tess_rtmp_session_fini(&client->session);
}

static void put_connect(struct tess_rtmp_client *client)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, "connect", CONNECT);
	tess_amf0_begin_object(&command);
	tess_amf0_put_name(&command, "app");
	tess_amf0_put_string(&command, client->config.app);
	tess_amf0_put_name(&command, "type");
	tess_amf0_put_string(&command, "nonprivate");
	tess_amf0_put_name(&command, "flashVer");
	tess_amf0_put_string(&command, "FMLE/3.0 (compatible; Tessera)");
	tess_amf0_put_name(&command, "tcUrl");
	tess_amf0_put_string(&command, client->config.tc_url);
	tess_amf0_end_object(&command);
	tess_rtmp_put_command(&client->session, 0, &command);
}

/** A command with null and, unless NULL, a text. */
static void put_named(struct tess_rtmp_client *client, const char *name, enum transaction number,
		      const char *text)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, name, number);
	tess_amf0_put_null(&command);
	if (text)
		tess_amf0_put_string(&command, text);
	tess_rtmp_put_command(&client->session, 0, &command);
}

static void put_publish(struct tess_rtmp_client *client)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, "publish", PUBLISH);
	tess_amf0_put_null(&command);
	tess_amf0_put_string(&command, client->config.name);
	tess_amf0_put_string(&command, "live");
	tess_rtmp_put_command(&client->session, client->stream, &command);
}

/* Only letters, digits and dots: it goes into logs. */
static void keep_code(struct tess_rtmp_client *client, const struct tess_amf0_value *value)
{
	tess_amf0_text(client->code, sizeof(client->code), value);
	for (char *at = client->code; *at; at++) {
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.", *at))
			*at = '_';
	}
}

/* What no later try makes good. A name in use (Publish.BadName) may be our own, of a connection
 * that the server has not given up yet. */
static int refused(const struct tess_rtmp_client *client)
{
	static const char *const final[] = {
		"NetConnection.Connect.Rejected",   "NetConnection.Connect.InvalidApp",
		"NetConnection.Connect.AuthFailed", "NetStream.Publish.Denied",
		"NetStream.Publish.Rejected",	    "NetStream.Publish.Unauthorized",
		"NetStream.Authenticate.Failed",
	};

	for (unsigned i = 0; i < sizeof(final) / sizeof(final[0]); i++) {
		if (!strcmp(client->code, final[i]))
			return -EACCES;
	}
	return -ECONNABORTED;
}

/** level and code of an information object. @retval 0, -EBADMSG */
static int get_info(struct tess_rtmp_client *client, struct tess_cursor *at, bool *error)
{
	struct tess_amf0_member members[] = {{.name = "level"}, {.name = "code"}};
	char level[16];
	int rc = tess_amf0_get_object(at, members, 2);

	if (rc == -EBADMSG)
		return rc;
	tess_amf0_text(level, sizeof(level), &members[0].value);
	keep_code(client, &members[1].value);
	*error = !strcmp(level, "error");
	return 0;
}

static int on_error(struct tess_rtmp_client *client, struct tess_cursor *at, double transaction)
{
	struct tess_amf0_value unused;
	bool error;

	/* servers that know no releaseStream or FCPublish say so; both are only courtesy */
	if (transaction != CONNECT && transaction != CREATE_STREAM)
		return 0;
	if (tess_amf0_get(at, &unused) == -EBADMSG || get_info(client, at, &error))
		return -EBADMSG;
	return refused(client);
}

static int on_result(struct tess_rtmp_client *client, struct tess_cursor *at, double transaction)
{
	struct tess_amf0_value value;

	if (transaction == CONNECT && client->state == TESS_RTMP_CLIENT_CONNECTING) {
		tess_rtmp_put_chunk_size(&client->session);
		put_named(client, "releaseStream", RELEASE_STREAM, client->config.name);
		put_named(client, "FCPublish", FC_PUBLISH, client->config.name);
		put_named(client, "createStream", CREATE_STREAM, NULL);
		client->state = TESS_RTMP_CLIENT_CREATING;
	} else if (transaction == CREATE_STREAM && client->state == TESS_RTMP_CLIENT_CREATING) {
		if (tess_amf0_get_second(at, &value) || value.type != TESS_AMF0_NUMBER ||
		    !(value.number >= 0) || value.number > UINT32_MAX)
			return -EBADMSG;
		client->stream = (uint32_t)value.number;
		put_publish(client);
		client->state = TESS_RTMP_CLIENT_ASKING;
	}
	return 0;
}

static int on_status(struct tess_rtmp_client *client, struct tess_cursor *at)
{
	struct tess_amf0_value unused;
	bool error;

	if (tess_amf0_get(at, &unused) == -EBADMSG || get_info(client, at, &error))
		return -EBADMSG;
	if (error || !strcmp(client->code, "NetStream.Unpublish.Success"))
		return refused(client);
	if (client->state == TESS_RTMP_CLIENT_ASKING &&
	    !strcmp(client->code, "NetStream.Publish.Start"))
		client->state = TESS_RTMP_CLIENT_PUBLISHING;
	return 0;
}

static int on_command(struct tess_rtmp_client *client, const struct tess_rtmp_message *message)
{
	struct tess_cursor at;
	double transaction;
	char name[32];

	if (tess_rtmp_command(message, &at, name, &transaction))
		return -EBADMSG;
	if (!strcmp(name, "_result"))
		return on_result(client, &at, transaction);
	if (!strcmp(name, "_error"))
		return on_error(client, &at, transaction);
	if (!strcmp(name, "onStatus"))
		return on_status(client, &at);
	return 0;
}

int tess_rtmp_client_input(struct tess_rtmp_client *client, const uint8_t *data, size_t length)
{
	struct tess_cursor input = tess_cursor_of(data, length);
	struct tess_rtmp_message message;
	int rc = 1;

	while (rc > 0) {
		rc = tess_rtmp_session_next(&client->session, &input, &message);
		if (client->state == TESS_RTMP_CLIENT_GREETING &&
		    tess_rtmp_session_is_open(&client->session)) {
			put_connect(client);
			client->state = TESS_RTMP_CLIENT_CONNECTING;
		}
		if (rc > 0 &&
		    (message.type == TESS_RTMP_COMMAND || message.type == TESS_RTMP_COMMAND_AMF3)) {
			int error = on_command(client, &message);

			if (error)
				return error;
		}
	}
	return rc < 0 ? rc : client->session.out.failed ? -ENOMEM : 0;
}

void tess_rtmp_client_end(struct tess_rtmp_client *client)
{
	struct tess_bytes command;

	if (client->state < TESS_RTMP_CLIENT_ASKING)
		return;
	put_named(client, "FCUnpublish", FC_UNPUBLISH, client->config.name);
	tess_rtmp_begin_command(&command, "deleteStream", DELETE_STREAM);
	tess_amf0_put_null(&command);
	tess_amf0_put_number(&command, client->stream);
	tess_rtmp_put_command(&client->session, 0, &command);
}
