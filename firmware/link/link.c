/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/link/link.c - see link.h.
 */
#include "firmware/link/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RECONNECT_US	50000
#define MAX_QUEUE_BYTES (16u << 20)
/* descriptors that came in and whose message is not complete yet */
#define MAX_HELD_FDS 16

struct outgoing {
	struct outgoing *next;
	size_t length, sent;
	int fds[TESS_LINK_MAX_FDS];
	unsigned fd_count;
	uint8_t data[];
};

struct tess_link {
	struct tess_loop *loop;
	struct tess_link_server *server; /* NULL: a client's */
	struct tess_link *next;		 /* of the server's */
	struct tess_link_handlers handlers;
	void *arg, *user;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;	      /* -1: not connected */
	bool closing; /* to be taken down at the end of the handler that runs */
	bool busy;    /* a handler of this link runs */
	struct tess_watch *watch;
	struct tess_timer *reconnect;
	struct tess_link_parser *parser;
	int held_fds[MAX_HELD_FDS];
	unsigned held_count;
	struct outgoing *queue, **queue_end;
	size_t queued_bytes;
	bool wants_out;
};

struct tess_link_server {
	struct tess_loop *loop;
	struct tess_link_handlers handlers;
	void *arg;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;
	struct tess_watch *watch;
	struct tess_link *links;
};

static void on_io(void *arg, uint32_t events);

static void outgoing_free(struct outgoing *out)
{
	for (unsigned i = 0; i < out->fd_count; i++)
		(void)close(out->fds[i]);
	free(out);
}

/* Forget the connection; handlers are not told. */
static void disconnect(struct tess_link *link)
{
	tess_watch_remove(link->watch);
	link->watch = NULL;
	if (link->fd >= 0)
		(void)close(link->fd);
	link->fd = -1;
	for (unsigned i = 0; i < link->held_count; i++)
		(void)close(link->held_fds[i]);
	link->held_count = 0;
	while (link->queue) {
		struct outgoing *out = link->queue;

		link->queue = out->next;
		outgoing_free(out);
	}
	link->queue_end = &link->queue;
	link->queued_bytes = 0;
	link->wants_out = false;
	tess_link_parser_free(link->parser);
	link->parser = NULL;
}

static void link_destroy(struct tess_link *link)
{
	disconnect(link);
	tess_timer_free(link->reconnect);
	free(link);
}

static void unlink_from_server(struct tess_link *link)
{
	struct tess_link **linkp = &link->server->links;

	while (*linkp && *linkp != link)
		linkp = &(*linkp)->next;
	if (*linkp)
		*linkp = link->next;
}

/* The connection is over: tell, then free (server) or try again (client). */
static void take_down(struct tess_link *link)
{
	disconnect(link);
	link->closing = false;
	if (link->handlers.down) {
		link->busy = true;
		link->handlers.down(link->arg, link);
		link->busy = false;
	}
	if (link->server) {
		unlink_from_server(link);
		link_destroy(link);
	} else {
		tess_timer_start(link->reconnect, RECONNECT_US);
	}
}

/* Only the same user, or root, may be at the other end. */
static bool peer_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	return peer.uid == geteuid() || peer.uid == 0 || geteuid() == 0;
}

/* Takes fd on success. */
static int go_up(struct tess_link *link, int fd)
{
	int err = tess_link_parser_alloc(&link->parser);

	if (err)
		return err;
	err = tess_watch_add(&link->watch, link->loop, fd, EPOLLIN, on_io, link);
	if (err) {
		tess_link_parser_free(link->parser);
		link->parser = NULL;
		return err;
	}
	link->fd = fd;
	if (link->handlers.up) {
		link->busy = true;
		link->handlers.up(link->arg, link);
		link->busy = false;
	}
	return 0;
}

static void hold_fds(struct tess_link *link, struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (link->held_count < MAX_HELD_FDS)
				link->held_fds[link->held_count++] = fd;
			else
				(void)close(fd);
		}
	}
}

static void deliver(struct tess_link *link, json_t *message)
{
	/* the sender says how many descriptors belong to the message: those of the next one may be
	 * here */
	json_int_t told = json_integer_value(json_object_get(message, "fds"));
	int fds[TESS_LINK_MAX_FDS];
	unsigned count = 0;

	if (told > 0 && told <= TESS_LINK_MAX_FDS)
		count = (unsigned)told < link->held_count ? (unsigned)told : link->held_count;
	memcpy(fds, link->held_fds, count * sizeof(int));
	link->held_count -= count;
	memmove(link->held_fds, link->held_fds + count, link->held_count * sizeof(int));
	link->busy = true;
	link->handlers.message(link->arg, link, message, fds, count);
	link->busy = false;
}

/* @retval 0, or negative: the connection is over */
static int parse(struct tess_link *link, const uint8_t *data, size_t length)
{
	while (length && !link->closing) {
		json_t *message;
		size_t used;
		int n = tess_link_parser_feed(link->parser, data, length, &used, &message);

		if (n < 0)
			return n;
		data += used;
		length -= used;
		if (n == 1) {
			deliver(link, message);
			json_decref(message);
		}
	}
	return link->closing ? -ECONNABORTED : 0;
}

static int receive(struct tess_link *link)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * TESS_LINK_MAX_FDS)];
	} control;
	uint8_t data[16384];

	for (;;) {
		struct iovec iov = {data, sizeof(data)};
		struct msghdr header = {.msg_iov = &iov,
					.msg_iovlen = 1,
					.msg_control = control.space,
					.msg_controllen = sizeof(control.space)};
		ssize_t n = recvmsg(link->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		int err;

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (n == 0)
			return -ECONNRESET;
		hold_fds(link, &header);
		err = parse(link, data, (size_t)n);
		if (err)
			return err;
	}
}

static int send_one(struct tess_link *link, struct outgoing *out)
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
	n = sendmsg(link->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	/* descriptors travel with the first byte */
	for (unsigned i = 0; i < out->fd_count; i++)
		(void)close(out->fds[i]);
	out->fd_count = 0;
	out->sent += (size_t)n;
	return out->sent < out->length ? -EAGAIN : 0;
}

static int flush(struct tess_link *link)
{
	while (link->queue) {
		struct outgoing *out = link->queue;
		int err = send_one(link, out);

		if (err == -EAGAIN) {
			if (!link->wants_out) {
				link->wants_out = true;
				return tess_watch_set(link->watch, EPOLLIN | EPOLLOUT);
			}
			return 0;
		}
		if (err)
			return err;
		link->queue = out->next;
		if (!link->queue)
			link->queue_end = &link->queue;
		link->queued_bytes -= out->length;
		outgoing_free(out);
	}
	if (link->wants_out) {
		link->wants_out = false;
		return tess_watch_set(link->watch, EPOLLIN);
	}
	return 0;
}

static void on_io(void *arg, uint32_t events)
{
	struct tess_link *link = arg;
	int err = 0;

	if (events & EPOLLOUT)
		err = flush(link);
	if (!err && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		err = receive(link);
	if (err || link->closing)
		take_down(link);
}

static void try_connect(void *arg)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct tess_link *link = arg;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, link->path, sizeof(link->path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    !peer_is_trusted(fd) || go_up(link, fd)) {
		if (fd >= 0)
			(void)close(fd);
		tess_timer_start(link->reconnect, RECONNECT_US);
	} else if (link->closing) {
		take_down(link);
	}
}

static int set_path(char *to, size_t size, const char *path)
{
	if (strlen(path) >= size)
		return -ENAMETOOLONG;
	memcpy(to, path, strlen(path) + 1);
	return 0;
}

int tess_link_connect(struct tess_link **linkp, struct tess_loop *loop, const char *path,
		      const struct tess_link_handlers *handlers, void *arg)
{
	struct tess_link *link = calloc(1, sizeof(*link));
	int err;

	if (!link)
		return -ENOMEM;
	link->loop = loop;
	link->fd = -1;
	link->handlers = *handlers;
	link->arg = arg;
	link->queue_end = &link->queue;
	err = set_path(link->path, sizeof(link->path), path);
	if (!err)
		err = tess_timer_alloc(&link->reconnect, loop, try_connect, link);
	if (err) {
		link_destroy(link);
		return err;
	}
	tess_timer_start(link->reconnect, 0);
	*linkp = link;
	return 0;
}

void tess_link_free(struct tess_link *link)
{
	if (link)
		link_destroy(link);
}

static void on_accept(void *arg, uint32_t events)
{
	struct tess_link_server *server = arg;
	struct tess_link *link;
	int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	link = peer_is_trusted(fd) ? calloc(1, sizeof(*link)) : NULL;
	if (!link) {
		(void)close(fd);
		return;
	}
	link->loop = server->loop;
	link->server = server;
	link->fd = -1;
	link->handlers = server->handlers;
	link->arg = server->arg;
	link->queue_end = &link->queue;
	link->next = server->links;
	server->links = link;
	if (go_up(link, fd)) {
		(void)close(fd);
		unlink_from_server(link);
		link_destroy(link);
	} else if (link->closing) {
		take_down(link);
	}
}

int tess_link_listen(struct tess_link_server **serverp, struct tess_loop *loop, const char *path,
		     const struct tess_link_handlers *handlers, void *arg)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct tess_link_server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->loop = loop;
	server->handlers = *handlers;
	server->arg = arg;
	server->fd = -1;
	err = set_path(server->path, sizeof(server->path), path);
	if (err)
		goto fail;
	memcpy(address.sun_path, server->path, sizeof(server->path));
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)unlink(path);
	if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0660) < 0 || listen(server->fd, 16) < 0) {
		err = -errno;
		goto fail;
	}
	err = tess_watch_add(&server->watch, loop, server->fd, EPOLLIN, on_accept, server);
	if (err)
		goto fail;
	*serverp = server;
	return 0;
fail:
	if (server->fd >= 0)
		(void)close(server->fd);
	free(server);
	return err;
}

void tess_link_server_free(struct tess_link_server *server)
{
	if (!server)
		return;
	while (server->links) {
		struct tess_link *link = server->links;

		server->links = link->next;
		link_destroy(link);
	}
	tess_watch_remove(server->watch);
	(void)close(server->fd);
	(void)unlink(server->path);
	free(server);
}

/* Close after the handler that runs, or from the loop if none does. */
static void fail_link(struct tess_link *link)
{
	link->closing = true;
	if (!link->busy)
		(void)shutdown(link->fd, SHUT_RDWR); /* wakes on_io */
}

int tess_link_send(struct tess_link *link, const json_t *message, const int *fds, unsigned fd_count)
{
	struct outgoing *out;
	json_t *copy = NULL;
	size_t length;
	int err;

	if (link->fd < 0 || link->closing)
		return -ENOTCONN;
	if (fd_count > TESS_LINK_MAX_FDS)
		return -EINVAL;
	if (fd_count) {
		copy = json_copy((json_t *)message);
		if (!copy || json_object_set_new(copy, "fds", json_integer(fd_count))) {
			json_decref(copy);
			return -ENOMEM;
		}
		message = copy;
	}
	length = json_dumpb(message, NULL, 0, JSON_COMPACT);
	if (!length || length > TESS_LINK_MAX_BYTES) {
		json_decref(copy);
		return -EMSGSIZE;
	}
	out = malloc(sizeof(*out) + 4 + length);
	if (!out) {
		json_decref(copy);
		return -ENOMEM;
	}
	(void)json_dumpb(message, (char *)out->data + 4, length, JSON_COMPACT);
	json_decref(copy);
	for (int i = 0; i < 4; i++)
		out->data[i] = (uint8_t)(length >> (8 * i));
	out->next = NULL;
	out->length = 4 + length;
	out->sent = 0;
	for (out->fd_count = 0; out->fd_count < fd_count; out->fd_count++) {
		int fd = fcntl(fds[out->fd_count], F_DUPFD_CLOEXEC, 0);

		if (fd < 0) {
			err = -errno;
			outgoing_free(out);
			return err;
		}
		out->fds[out->fd_count] = fd;
	}
	if (link->queued_bytes + out->length > MAX_QUEUE_BYTES) {
		outgoing_free(out);
		fail_link(link);
		return -ENOBUFS;
	}
	*link->queue_end = out;
	link->queue_end = &out->next;
	link->queued_bytes += out->length;
	if (!link->wants_out) {
		err = flush(link);
		if (err) {
			fail_link(link);
			return -ENOTCONN;
		}
	}
	return 0;
}

void tess_link_set_user(struct tess_link *link, void *user)
{
	link->user = user;
}

void *tess_link_user(const struct tess_link *link)
{
	return link->user;
}
