/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_body.c - memory as response bodies.
 */
#include "firmware/egress/http_body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define PIECES_A_TURN 16

int tess_http_body_take(struct tess_http_body *body, struct tess_chunk *const *pieces,
			unsigned count)
{
	*body = (struct tess_http_body){.pieces = malloc(count * sizeof(*pieces))};
	if (!body->pieces)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		body->pieces[i] = tess_chunk_hold(pieces[i]);
		body->length += pieces[i]->length;
	}
	body->count = count;
	return 0;
}

void tess_http_body_close(struct tess_http_body *body)
{
	for (unsigned i = 0; i < body->count; i++)
		tess_chunk_release(body->pieces[i]);
	free(body->pieces);
	*body = (struct tess_http_body){0};
}

static void advance(struct tess_http_body *body, size_t sent)
{
	while (body->at < body->count && sent >= body->pieces[body->at]->length - body->offset) {
		sent -= body->pieces[body->at++]->length - body->offset;
		body->offset = 0;
	}
	body->offset += sent;
}

int tess_http_body_send(struct tess_http_body *body, const struct tess_transport *transport)
{
	struct iovec iov[PIECES_A_TURN];
	size_t offset = body->offset;
	unsigned count = 0;
	ssize_t sent;

	for (unsigned i = body->at; i < body->count && count < PIECES_A_TURN; i++) {
		iov[count].iov_base = body->pieces[i]->data + offset;
		iov[count++].iov_len = body->pieces[i]->length - offset;
		offset = 0;
	}
	/* all was taken before, and the last of it waited for the network */
	if (!count) {
		int rc = tess_transport_flush(transport);

		return rc ? rc : 1;
	}
	sent = tess_transport_write(transport, iov, count, 0);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EIO;
	advance(body, (size_t)sent);
	return body->at == body->count && !tess_transport_is_behind(transport);
}
