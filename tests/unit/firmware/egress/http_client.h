/* SPDX-License-Identifier: GPL-3.0-or-later
 * A client of the HTTP server, byte by byte.
 */
#ifndef TESS_TEST_HTTP_CLIENT_H
#define TESS_TEST_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection as a client has it; what came last is in text. */
struct client {
	int fd;
	char text[8192];
	size_t length;
};

/** @p receive_bytes of the socket's buffer; 0: as it comes. It waits 15 s for an answer. */
void client_open(struct client *client, uint16_t port, int receive_bytes);
void client_send(struct client *client, const char *text);
/** Read a head, to its empty line and not a byte further. @return the status */
int client_head(struct client *client);
/** Read a body, which must be this. */
void client_body(struct client *client, const char *want);
bool client_at_end(struct client *client);

#endif
