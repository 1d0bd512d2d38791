/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/link/queue.c - see queue.h.
 */
#include "firmware/link/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/link/link.h"

#define MAX_QUEUE_BYTES (16u << 20)

struct tess_link_outgoing {
	struct tess_link_outgoing *next;
	size_t length, sent;
	int fds[TESS_LINK_MAX_FDS];
	unsigned fd_count;
	uint8_t data[];
};

static void close_fds(struct tess_link_outgoing *out)
{
	while (out->fd_count)
		(void)close(out->fds[--out->fd_count]);
}

static void outgoing_free(struct tess_link_outgoing *out)
{
	close_fds(out);
	free(out);
}

/* The length (little endian), the text, and duplicates of the descriptors. */
static int outgoing_alloc(struct tess_link_outgoing **outp, const json_t *message, const int *fds,
			  unsigned fd_count)
{
	size_t length = json_dumpb(message, NULL, 0, JSON_COMPACT);
	struct tess_link_outgoing *out;

	if (!length || length > TESS_LINK_MAX_BYTES)
		return -EMSGSIZE;
	out = calloc(1, sizeof(*out) + 4 + length);
	if (!out)
		return -ENOMEM;
	(void)json_dumpb(message, (char *)out->data + 4, length, JSON_COMPACT);
	for (int i = 0; i < 4; i++)
		out->data[i] = (uint8_t)(length >> (8 * i));
	out->length = 4 + length;
	while (out->fd_count < fd_count) {
		int fd = fcntl(fds[out->fd_count], F_DUPFD_CLOEXEC, 0);

		if (fd < 0) {
			int err = -errno;

			outgoing_free(out);
			return err;
		}
		out->fds[out->fd_count++] = fd;
	}
	*outp = out;
	return 0;
}

int tess_link_queue_add(struct tess_link_queue *queue, const json_t *message, const int *fds,
			unsigned fd_count)
{
	struct tess_link_outgoing *out = NULL;
	int err;

	err = outgoing_alloc(&out, message, fds, fd_count);
	if (err)
		return err;
	if (queue->bytes + out->length > MAX_QUEUE_BYTES) {
		outgoing_free(out);
		return -ENOBUFS;
	}
	if (queue->last)
		queue->last->next = out;
	else
		queue->first = out;
	queue->last = out;
	queue->bytes += out->length;
	return 0;
}

static int send_one(struct tess_link_outgoing *out, int socket)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * TESS_LINK_MAX_FDS)];
	} control = {0};
	struct iovec iov = {out->data + out->sent, out->length - out->sent};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (out->fd_count) {
		struct cmsghdr *c;

		header.msg_control = control.space;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * out->fd_count);
		c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * out->fd_count);
		memcpy(CMSG_DATA(c), out->fds, sizeof(int) * out->fd_count);
	}
	n = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	/* descriptors travel with the first byte */
	close_fds(out);
	out->sent += (size_t)n;
	return out->sent < out->length ? -EAGAIN : 0;
}

static void remove_first(struct tess_link_queue *queue)
{
	struct tess_link_outgoing *out = queue->first;

	queue->first = out->next;
	if (!queue->first)
		queue->last = NULL;
	queue->bytes -= out->length;
	outgoing_free(out);
}

int tess_link_queue_flush(struct tess_link_queue *queue, int socket)
{
	while (queue->first) {
		int err = send_one(queue->first, socket);

		if (err)
			return err;
		remove_first(queue);
	}
	return 0;
}

void tess_link_queue_clear(struct tess_link_queue *queue)
{
	while (queue->first)
		remove_first(queue);
}
