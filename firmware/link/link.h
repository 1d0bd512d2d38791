/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/link/link.h - messages between the processes: JSON over a Unix stream socket, each
 * message 4 bytes of length (little endian) and the text, with up to 4 descriptors. docs/links.md
 * lists them.
 *
 * A message larger than 8 MiB, text that is not a JSON object, descriptors that do not agree with
 * the member "fds", or a peer of another user closes the link. A link that is up has lost no
 * message: where one cannot be sent the link is closed, and both begin again with a whole state. A
 * handler may free any link or server, its own included. Threads: a link belongs to its loop's
 * thread.
 */
#ifndef TESS_LINK_LINK_H
#define TESS_LINK_LINK_H

#include <jansson.h>

#include "firmware/base/loop.h"

#define TESS_LINK_MAX_BYTES (8u << 20)
#define TESS_LINK_MAX_FDS   4
#define TESS_LINK_VERSION   1

struct tess_link;
struct tess_link_server;

struct tess_link_handlers {
	/** A link is up (accepted, or connected). */
	void (*up)(void *arg, struct tess_link *link);
	/**
	 * A message; json is the link's and ends with the call. Descriptors are the handler's: it
	 * must close each one or keep it.
	 */
	void (*message)(void *arg, struct tess_link *link, json_t *message, int *fds,
			unsigned fd_count);
	/** The link is down; it is freed after this (server) or reconnects by itself (client). */
	void (*down)(void *arg, struct tess_link *link);
};

/**
 * Listen at @p path (mode 0660). A socket that a dead process left there is replaced.
 * @retval 0, -EADDRINUSE another process listens there, or another negative errno
 */
int tess_link_listen(struct tess_link_server **serverp, struct tess_loop *loop, const char *path,
		     const struct tess_link_handlers *handlers, void *arg) TESS_MUST_CHECK;
/** With its links, whose down() is not called; accepts NULL. */
void tess_link_server_free(struct tess_link_server *server);
/** Connect to @p path, now or as soon as it is there, and again when it is lost (every 50 ms). */
int tess_link_connect(struct tess_link **linkp, struct tess_loop *loop, const char *path,
		      const struct tess_link_handlers *handlers, void *arg) TESS_MUST_CHECK;
void tess_link_free(struct tess_link *link); /* a client's, down() is not called; accepts NULL */
/**
 * Send. The message stays the caller's; descriptors are duplicated into the queue.
 * @retval 0
 * @retval -EMSGSIZE, -EINVAL too large, too many descriptors: nothing is sent
 * @retval -ENOTCONN, -ENOBUFS (more than 16 MiB wait), -ENOMEM, -EMFILE the link is closed
 */
int tess_link_send(struct tess_link *link, const json_t *message, const int *fds,
		   unsigned fd_count);

/**
 * The parser alone (also the fuzz target): feed bytes, get messages.
 */
struct tess_link_parser;
int tess_link_parser_alloc(struct tess_link_parser **parserp) TESS_MUST_CHECK;
void tess_link_parser_free(struct tess_link_parser *parser);
/**
 * @retval 1 *messagep is a new reference of the caller's, 0 more bytes are needed, -EBADMSG,
 * -ENOMEM. *used is how much of the data was taken.
 */
int tess_link_parser_feed(struct tess_link_parser *parser, const uint8_t *data, size_t length,
			  size_t *used, json_t **messagep) TESS_MUST_CHECK;

#endif
