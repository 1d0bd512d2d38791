/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_body.h - shared pieces of memory, one behind the other, as the body of a
 * response. They are held until they are sent or given up.
 */
#ifndef TESS_EGRESS_HTTP_BODY_H
#define TESS_EGRESS_HTTP_BODY_H

#include <stdbool.h>

#include "firmware/egress/transport.h"
#include "pipeline/mux/chunk.h"

/** Zero-initialised is empty. */
struct tess_http_body {
	struct tess_chunk **pieces;
	unsigned count, at; /* at: of the piece that goes on */
	size_t offset;	    /* in that */
	size_t length;	    /* of all */
};

/** Make an empty body of these pieces; it takes references of its own. @retval 0, -ENOMEM */
int tess_http_body_take(struct tess_http_body *body, struct tess_chunk *const *pieces,
			unsigned count) TESS_MUST_CHECK;
void tess_http_body_close(struct tess_http_body *body); /* may be called again */
static inline bool tess_http_body_is_open(const struct tess_http_body *body)
{
	return body->count != 0;
}
/** Send once. @retval 1 all was sent, 0 more is left, -EAGAIN the socket is full, -EIO it failed */
int tess_http_body_send(struct tess_http_body *body,
			const struct tess_transport *transport) TESS_MUST_CHECK;

#endif
