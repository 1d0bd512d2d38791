/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/link/queue.h - the messages of a link that wait for its socket.
 */
#ifndef TESS_LINK_QUEUE_H
#define TESS_LINK_QUEUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "hal/compiler.h"

struct tess_link_outgoing;

/** Starts zeroed. */
struct tess_link_queue {
	struct tess_link_outgoing *first, *last;
	size_t bytes;
};

/**
 * Append a message, with its length in front and duplicates of the descriptors.
 * @retval 0, -EMSGSIZE, -ENOBUFS more than 16 MiB would wait, -ENOMEM, -EMFILE
 */
int tess_link_queue_add(struct tess_link_queue *queue, const json_t *message, const int *fds,
			unsigned fd_count) TESS_MUST_CHECK;
/** Send what the socket takes. @retval 0 all is sent, -EAGAIN, or a negative errno of the socket */
int tess_link_queue_flush(struct tess_link_queue *queue, int socket) TESS_MUST_CHECK;
/** Forget what waits. */
void tess_link_queue_clear(struct tess_link_queue *queue);

#endif
