/* SPDX-License-Identifier: GPL-3.0-or-later
 * The other side of an RTMP connection over a real socket, driven by hand: as a server that is
 * published to, or as a player. What comes is played as FLV (flv_play.h).
 */
#ifndef TESS_TEST_RTMP_PEER_H
#define TESS_TEST_RTMP_PEER_H

#include "pipeline/rtmp/session.h"
#include "tests/unit/firmware/egress/flv_play.h"

struct rtmp_peer {
	struct tess_rtmp_session session;
	struct flv_player player;
	int fd;
	bool closed;
	char commands[1024]; /* names of the commands that came, and codes of onStatus */
};

/** A connection to a server on this machine. */
int rtmp_peer_dial(uint16_t port);
/** @p fd becomes the peer's, with a time limit of 10 s on receiving. */
void rtmp_peer_open(struct rtmp_peer *peer, int fd, bool client);
void rtmp_peer_close(struct rtmp_peer *peer);
/** As a client: dial, shake hands, connect with this application, and createStream. */
void rtmp_peer_enter(struct rtmp_peer *peer, uint16_t port, const char *app);
/** Take what comes, once. False: nothing came in time, or it is closed. */
bool rtmp_peer_take(struct rtmp_peer *peer);
/** Whether this is among what came: peer->commands. */
bool rtmp_peer_heard(const struct rtmp_peer *peer, const char *word);
/** The same, until it is. */
void rtmp_peer_wait_for(struct rtmp_peer *peer, const char *word);
/** Until the other side has closed the connection. */
void rtmp_peer_wait_closed(struct rtmp_peer *peer);
/** Play until exactly this has been said. */
void rtmp_peer_expect(struct rtmp_peer *peer, const char *want);
/** Send what waits. */
void rtmp_peer_flush(struct rtmp_peer *peer);
/** A command with null and then a text (NULL = none). */
void rtmp_peer_say(struct rtmp_peer *peer, const char *name, double transaction, const char *text);
/** connect with this application. */
void rtmp_peer_connect(struct rtmp_peer *peer, const char *app);
/** An answer or a status with this level and code. */
void rtmp_peer_inform(struct rtmp_peer *peer, const char *name, double transaction,
		      const char *level, const char *code);
/** _result with a number. */
void rtmp_peer_number(struct rtmp_peer *peer, double transaction, double value);

#endif
