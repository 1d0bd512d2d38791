/* SPDX-License-Identifier: GPL-3.0-or-later
 * A client of the cloud API and the box behind it, for tests of whole requests.
 */
#ifndef TEST_CLOUD_CLIENT_H
#define TEST_CLOUD_CLIENT_H

#include "firmware/control/cloud/handler.h"

#define SECRET_ID  "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
#define SECRET_KEY "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
#define NOW	   1700000000
#define STOP	   "{\"SdkAppId\":1400000123,\"RoomId\":1001}"

/* What the backend answers, and what it was asked. */
struct box {
	int key, owned, users, taken; /* what the look-ups answer */
	bool disabled;
	int start, stop; /* what the acts answer */
	enum tess_cloud_code refusal;
	char calls[128];
	struct tess_mix_request mix;
	struct tess_cloud_room room;
};

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

/** A good call of the Node SDK, not yet signed. */
void client_setup(struct client *client, const char *action, const char *body);
/** A NULL value takes the header away. */
void client_set_header(struct client *client, const char *name, const char *value);
void client_set_body(struct client *client, const char *body);
/** Sign as the Node SDK does. */
void client_sign(struct client *client);
/** Sign with these parts; @p payload instead of the body unless it is NULL. */
void client_sign_as(struct client *client, const char *host, const char *date, const char *service,
		    const char *signed_headers, const char *payload, const char *key);
/** Send; checks the envelope and takes it apart. The response is the caller's to free. */
void client_call(struct client *client);
/** Send, and fail the test unless this code ("" = success) is the answer. */
void client_expect(struct client *client, const char *code);

#endif
