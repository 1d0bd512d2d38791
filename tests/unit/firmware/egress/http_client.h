/* SPDX-License-Identifier: GPL-3.0-or-later
 * A client of the HTTP server, byte by byte.
 */
#ifndef TESS_TEST_HTTP_CLIENT_H
#define TESS_TEST_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/types.h>

/* A connection as a client has it; what came last is in text. */
struct client {
	int fd;
	SSL *ssl; /* NULL: in clear */
	char text[8192];
	size_t length;
};

/** @p receive_bytes of the socket's buffer; 0: as it comes. It waits 15 s for an answer. */
void client_open(struct client *client, uint16_t port, int receive_bytes);
/** Go on by TLS, offering these protocols (ALPN's form; NULL: none). @return false: refused */
bool client_secure(struct client *client, const char *protocols);
void client_close(struct client *client);
void client_send(struct client *client, const char *text);
/** As recv() with MSG_WAITALL: all of @p size, unless it ends. */
ssize_t client_receive(struct client *client, void *data, size_t size);
/** As recv(): what there is. */
ssize_t client_some(struct client *client, void *data, size_t size);
/** Read a head, to its empty line and not a byte further. @return the status */
int client_head(struct client *client);
/** Read a body, which must be this. */
void client_body(struct client *client, const char *want);
/** Whether it was closed; by TLS with a farewell. */
bool client_at_end(struct client *client);
/** A new certificate of this name, good for a day, with its key, to these PEM files. */
void make_certificate(const char *certificate_path, const char *key_path, const char *name);

#endif
