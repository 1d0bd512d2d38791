/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/client.h - the client's side of a connection that publishes (§7.2): connect,
 * createStream, publish, and what the server says later.
 */
#ifndef TESS_RTMP_CLIENT_H
#define TESS_RTMP_CLIENT_H

#include "pipeline/rtmp/session.h"

struct tess_rtmp_client_config {
	/* all must outlive the client */
	const char *app, *tc_url;
	const char *name; /* of the stream, its query included: often a secret */
	uint64_t seed;
};

enum tess_rtmp_client_state {
	TESS_RTMP_CLIENT_GREETING = 1, /* the handshake */
	TESS_RTMP_CLIENT_CONNECTING,
	TESS_RTMP_CLIENT_CREATING,
	TESS_RTMP_CLIENT_ASKING, /* publish was sent */
	TESS_RTMP_CLIENT_PUBLISHING,
};

struct tess_rtmp_client {
	struct tess_rtmp_session session;
	struct tess_rtmp_client_config config;
	enum tess_rtmp_client_state state;
	uint32_t stream; /* of the server's numbering, from ASKING on */
	char code[64];	 /* the code of a refusal, as "NetStream.Publish.Denied" */
};

/** @retval 0 session.out has the first bytes, -ENOMEM */
int tess_rtmp_client_init(struct tess_rtmp_client *client,
			  const struct tess_rtmp_client_config *config) TESS_MUST_CHECK;
void tess_rtmp_client_fini(struct tess_rtmp_client *client);
/**
 * @retval 0 look at state and session.out
 * @retval -EACCES the server does not want us, and will not later: see code
 * @retval -ECONNABORTED the server ended it, perhaps not for good: see code
 * @retval others as tess_rtmp_session_next()
 */
int tess_rtmp_client_input(struct tess_rtmp_client *client, const uint8_t *data,
			   size_t length) TESS_MUST_CHECK;
/** Say that it is over. */
void tess_rtmp_client_end(struct tess_rtmp_client *client);

#endif
