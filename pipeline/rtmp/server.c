/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/server.c - see server.h.
 */
#include "pipeline/rtmp/server.h"

#include <errno.h>
#include <string.h>

#define WINDOW	      2500000
#define LIMIT_DYNAMIC 2
#define STREAM_BEGIN  0
#define STREAM_EOF    1

int tess_rtmp_server_init(struct tess_rtmp_server *server, const char *app, uint64_t seed)
{
	*server = (struct tess_rtmp_server){.state = TESS_RTMP_SERVER_OPENING, .app = app};
	return tess_rtmp_session_init(&server->session, false, seed);
}

void tess_rtmp_server_fini(struct tess_rtmp_server *server)
{
	tess_rtmp_session_fini(&server->session);
}

/* An information object (§7.2.1.1, §7.2.2). */
static void put_info(struct tess_bytes *out, const char *level, const char *code, const char *text)
{
	tess_amf0_begin_object(out);
	tess_amf0_put_name(out, "level");
	tess_amf0_put_string(out, level);
	tess_amf0_put_name(out, "code");
	tess_amf0_put_string(out, code);
	tess_amf0_put_name(out, "description");
	tess_amf0_put_string(out, text);
}

static void put_status(struct tess_rtmp_server *server, const char *level, const char *code,
		       const char *text)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, "onStatus", 0);
	tess_amf0_put_null(&command);
	put_info(&command, level, code, text);
	tess_amf0_end_object(&command);
	tess_rtmp_put_command(&server->session, TESS_RTMP_STREAM, &command);
}

static void put_peer_bandwidth(struct tess_rtmp_session *session)
{
	static const uint8_t data[] = {WINDOW >> 24, WINDOW >> 16 & 0xff, WINDOW >> 8 & 0xff,
				       WINDOW & 0xff, LIMIT_DYNAMIC};
	const struct tess_rtmp_message message = {
		.type = TESS_RTMP_PEER_BANDWIDTH, .data = data, .length = sizeof(data)};

	tess_rtmp_put_message(&session->out, TESS_RTMP_ON_CONTROL, &message, session->chunk_size);
}

/* "live", "live/" and "live?..." are the application "live" */
static bool is_app(const struct tess_rtmp_server *server, const struct tess_amf0_value *value)
{
	size_t length = 0, want = strlen(server->app);

	if (value->type != TESS_AMF0_STRING)
		return false;
	while (length < value->length && value->text[length] != '?')
		length++;
	while (length && value->text[length - 1] == '/')
		length--;
	return length == want && !memcmp(value->text, server->app, want);
}

static int on_connect(struct tess_rtmp_server *server, struct tess_cursor *at, double transaction)
{
	struct tess_amf0_member members[] = {
		{.name = "app"}, {.name = "tcUrl"}, {.name = "pageUrl"}};
	struct tess_bytes command;
	bool known;

	if (server->connected || tess_amf0_get_object(at, members, 3))
		return -EBADMSG;
	known = is_app(server, &members[0].value);
	tess_amf0_text(server->tc_url, sizeof(server->tc_url), &members[1].value);
	tess_amf0_text(server->page_url, sizeof(server->page_url), &members[2].value);
	if (known) {
		tess_rtmp_put_u32(&server->session, TESS_RTMP_WINDOW_SIZE, WINDOW);
		put_peer_bandwidth(&server->session);
		tess_rtmp_put_chunk_size(&server->session);
	}
	tess_rtmp_begin_command(&command, known ? "_result" : "_error", transaction);
	tess_amf0_begin_object(&command);
	tess_amf0_put_name(&command, "fmsVer");
	tess_amf0_put_string(&command, "FMS/3,0,1,123");
	tess_amf0_put_name(&command, "capabilities");
	tess_amf0_put_number(&command, 31);
	tess_amf0_end_object(&command);
	if (known) {
		put_info(&command, "status", "NetConnection.Connect.Success",
			 "Connection succeeded.");
	} else {
		put_info(&command, "error", "NetConnection.Connect.InvalidApp",
			 "There is no such application.");
		server->state = TESS_RTMP_SERVER_OVER;
	}
	tess_amf0_put_name(&command, "objectEncoding");
	tess_amf0_put_number(&command, 0);
	tess_amf0_end_object(&command);
	tess_rtmp_put_command(&server->session, 0, &command);
	server->connected = known;
	return 0;
}

static void put_number_result(struct tess_rtmp_server *server, double transaction, double value)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, "_result", transaction);
	tess_amf0_put_null(&command);
	tess_amf0_put_number(&command, value);
	tess_rtmp_put_command(&server->session, 0, &command);
}

static void refuse_play(struct tess_rtmp_server *server, int rc)
{
	switch (rc) {
	case -ENOENT:
		put_status(server, "error", "NetStream.Play.StreamNotFound",
			   "There is no such stream.");
		break;
	case -EUSERS:
		put_status(server, "error", "NetStream.Play.Failed", "There are too many players.");
		break;
	default:
		put_status(server, "error", "NetStream.Play.Failed", "Not allowed.");
		break;
	}
	server->state = TESS_RTMP_SERVER_OVER;
}

static int on_play(struct tess_rtmp_server *server, struct tess_cursor *at)
{
	struct tess_amf0_value value;
	char name[TESS_RTMP_MAX_NAME], *query;
	int rc;

	if (!server->connected || server->state != TESS_RTMP_SERVER_OPENING)
		return -EBADMSG;
	/* a null goes before the name (§7.2.2.1) */
	if (tess_amf0_get_second(at, &value) || value.type != TESS_AMF0_STRING)
		return -EBADMSG;
	if (value.length >= sizeof(name)) {
		refuse_play(server, -ENOENT);
		return 0;
	}
	tess_amf0_text(name, sizeof(name), &value);
	query = strchr(name, '?');
	if (query)
		*query++ = 0;
	rc = server->play(server->arg, name, query ? query : "");
	if (rc) {
		refuse_play(server, rc);
		return 0;
	}
	tess_rtmp_put_user_control(&server->session, STREAM_BEGIN, TESS_RTMP_STREAM);
	put_status(server, "status", "NetStream.Play.Reset", "Playing and resetting.");
	put_status(server, "status", "NetStream.Play.Start", "Started playing.");
	server->state = TESS_RTMP_SERVER_PLAYING;
	return 0;
}

static int on_command(struct tess_rtmp_server *server, const struct tess_rtmp_message *message)
{
	struct tess_cursor at;
	double transaction;
	char name[32];

	if (tess_rtmp_command(message, &at, name, &transaction))
		return -EBADMSG;
	if (!strcmp(name, "connect"))
		return on_connect(server, &at, transaction);
	if (!strcmp(name, "createStream")) {
		put_number_result(server, transaction, TESS_RTMP_STREAM);
	} else if (!strcmp(name, "getStreamLength")) {
		put_number_result(server, transaction, 0); /* it is live */
	} else if (!strcmp(name, "play")) {
		return on_play(server, &at);
	} else if (!strcmp(name, "publish")) {
		put_status(server, "error", "NetStream.Publish.Denied",
			   "This address is for watching only.");
		server->state = TESS_RTMP_SERVER_OVER;
	} else if (!strcmp(name, "deleteStream") || !strcmp(name, "closeStream")) {
		server->state = TESS_RTMP_SERVER_OVER;
	}
	/* others (FCSubscribe, _checkbw, pause...) need no answer */
	return 0;
}

int tess_rtmp_server_input(struct tess_rtmp_server *server, const uint8_t *data, size_t length)
{
	struct tess_cursor input = tess_cursor_of(data, length);
	struct tess_rtmp_message message;
	int rc = 1;

	while (rc > 0 && server->state != TESS_RTMP_SERVER_OVER) {
		rc = tess_rtmp_session_next(&server->session, &input, &message);
		if (rc > 0 &&
		    (message.type == TESS_RTMP_COMMAND || message.type == TESS_RTMP_COMMAND_AMF3)) {
			int error = on_command(server, &message);

			if (error)
				return error;
		}
	}
	return rc < 0 ? rc : 0;
}

void tess_rtmp_server_end(struct tess_rtmp_server *server)
{
	put_status(server, "status", "NetStream.Play.UnpublishNotify", "The stream has ended.");
	tess_rtmp_put_user_control(&server->session, STREAM_EOF, TESS_RTMP_STREAM);
	server->state = TESS_RTMP_SERVER_OVER;
}
