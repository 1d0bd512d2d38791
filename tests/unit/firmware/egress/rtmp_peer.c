/* SPDX-License-Identifier: GPL-3.0-or-later
 * See rtmp_peer.h.
 */
#include "tests/unit/firmware/egress/rtmp_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipeline/mux/flv.h"

static void check(bool good)
{
	if (!good)
		abort();
}

int rtmp_peer_dial(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void rtmp_peer_open(struct rtmp_peer *peer, int fd, bool client)
{
	struct timeval patience = {.tv_sec = 10};
	uint8_t header[TESS_FLV_HEADER_SIZE];

	*peer = (struct rtmp_peer){.fd = fd};
	check(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	check(!tess_rtmp_session_init(&peer->session, client, 9));
	tess_flv_header(header, true, true);
	check(flv_play(&peer->player, header, sizeof(header)));
	peer->player.said[0] = 0;
}

void rtmp_peer_close(struct rtmp_peer *peer)
{
	close(peer->fd);
	tess_rtmp_session_fini(&peer->session);
	flv_player_free(&peer->player);
}

void rtmp_peer_enter(struct rtmp_peer *peer, uint16_t port, const char *app)
{
	rtmp_peer_open(peer, rtmp_peer_dial(port), true);
	rtmp_peer_flush(peer);
	while (!tess_rtmp_session_is_open(&peer->session))
		assert_true(rtmp_peer_take(peer));
	rtmp_peer_connect(peer, app);
	rtmp_peer_say(peer, "createStream", 2, NULL);
}

static void note(struct rtmp_peer *peer, const char *text)
{
	size_t used = strlen(peer->commands);

	(void)snprintf(peer->commands + used, sizeof(peer->commands) - used, "%s ", text);
}

static void take_command(struct rtmp_peer *peer, const struct tess_rtmp_message *message)
{
	struct tess_amf0_member code = {.name = "code"};
	struct tess_amf0_value value;
	struct tess_cursor at;
	double transaction;
	char text[64];

	check(!tess_rtmp_command(message, &at, text, &transaction));
	note(peer, text);
	check(tess_amf0_get(&at, &value) != -EBADMSG);
	check(tess_amf0_get_object(&at, &code, 1) != -EBADMSG);
	tess_amf0_text(text, sizeof(text), &code.value);
	if (*text)
		note(peer, text);
}

/** A message of media as the FLV tag that it is. */
static void take_media(struct rtmp_peer *peer, const struct tess_rtmp_message *message)
{
	static const uint8_t set[] = "\x02\x00\x0d@setDataFrame";
	const uint8_t *data = message->data;
	uint32_t length = message->length, size;
	uint8_t head[TESS_FLV_TAG_HEADER_SIZE], tail[4];

	if (message->type == TESS_RTMP_DATA && length > 16 && !memcmp(data, set, 16)) {
		data += 16;
		length -= 16;
	}
	size = length + TESS_FLV_TAG_HEADER_SIZE;
	tail[0] = (uint8_t)(size >> 24);
	tail[1] = (uint8_t)(size >> 16);
	tail[2] = (uint8_t)(size >> 8);
	tail[3] = (uint8_t)size;
	tess_flv_tag_header(head, (enum tess_flv_type)message->type, length, message->time_ms);
	check(flv_play(&peer->player, head, sizeof(head)) &&
	      flv_play(&peer->player, data, length) && flv_play(&peer->player, tail, 4));
}

bool rtmp_peer_take(struct rtmp_peer *peer)
{
	struct tess_rtmp_message message;
	struct tess_cursor input;
	uint8_t data[65536];
	ssize_t got = recv(peer->fd, data, sizeof(data), 0);
	int rc;

	if (got <= 0) {
		peer->closed = got == 0 || errno == ECONNRESET;
		return false;
	}
	input = tess_cursor_of(data, (size_t)got);
	while ((rc = tess_rtmp_session_next(&peer->session, &input, &message)) > 0) {
		if (message.type == TESS_RTMP_COMMAND)
			take_command(peer, &message);
		else
			take_media(peer, &message);
	}
	check(rc == 0);
	rtmp_peer_flush(peer);
	return true;
}

bool rtmp_peer_heard(const struct rtmp_peer *peer, const char *word)
{
	return strstr(peer->commands, word) != NULL;
}

void rtmp_peer_wait_for(struct rtmp_peer *peer, const char *word)
{
	while (!rtmp_peer_heard(peer, word))
		assert_true(rtmp_peer_take(peer));
}

void rtmp_peer_wait_closed(struct rtmp_peer *peer)
{
	while (!peer->closed)
		assert_true(rtmp_peer_take(peer) || peer->closed);
}

void rtmp_peer_expect(struct rtmp_peer *peer, const char *want)
{
	while (strlen(peer->player.said) < strlen(want) && rtmp_peer_take(peer))
		continue;
	assert_string_equal(peer->player.said, want);
	peer->player.said[0] = 0;
}

void rtmp_peer_flush(struct rtmp_peer *peer)
{
	size_t length = peer->session.out.length;

	/* who has closed may not have told that yet */
	if (length)
		check(send(peer->fd, peer->session.out.data, length, MSG_NOSIGNAL) ==
			      (ssize_t)length ||
		      errno == EPIPE || errno == ECONNRESET);
	tess_rtmp_session_sent(&peer->session, length);
}

void rtmp_peer_say(struct rtmp_peer *peer, const char *name, double transaction, const char *text)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, name, transaction);
	tess_amf0_put_null(&command);
	if (text)
		tess_amf0_put_string(&command, text);
	tess_rtmp_put_command(&peer->session, 1, &command);
	rtmp_peer_flush(peer);
}

void rtmp_peer_connect(struct rtmp_peer *peer, const char *app)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, "connect", 1);
	tess_amf0_begin_object(&command);
	tess_amf0_put_name(&command, "app");
	tess_amf0_put_string(&command, app);
	tess_amf0_put_name(&command, "tcUrl");
	tess_amf0_put_string(&command, "rtmp://127.0.0.1:1935/live");
	tess_amf0_end_object(&command);
	tess_rtmp_put_command(&peer->session, 0, &command);
	rtmp_peer_flush(peer);
}

void rtmp_peer_inform(struct rtmp_peer *peer, const char *name, double transaction,
		      const char *level, const char *code)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, name, transaction);
	tess_amf0_put_null(&command);
	tess_amf0_begin_object(&command);
	tess_amf0_put_name(&command, "level");
	tess_amf0_put_string(&command, level);
	tess_amf0_put_name(&command, "code");
	tess_amf0_put_string(&command, code);
	tess_amf0_end_object(&command);
	tess_rtmp_put_command(&peer->session, 1, &command);
	rtmp_peer_flush(peer);
}

void rtmp_peer_number(struct rtmp_peer *peer, double transaction, double value)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, "_result", transaction);
	tess_amf0_put_null(&command);
	tess_amf0_put_number(&command, value);
	tess_rtmp_put_command(&peer->session, 0, &command);
	rtmp_peer_flush(peer);
}
