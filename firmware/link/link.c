/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/link/link.c - see link.h.
 */
#include "firmware/link/link.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/link/queue.h"

#define RECONNECT_US 50000
#define READ_BYTES   16384
/* a peer that sends without end must not keep the loop from its other work */
#define READS_A_TURN 16
/* descriptors that came in and whose message is not complete yet: one read can bring the end of a
 * message and the beginning, with the descriptors, of the next */
#define MAX_HELD_FDS (2 * TESS_LINK_MAX_FDS)

struct tess_link {
	struct tess_loop *loop;
	struct tess_link_server *server; /* NULL: a client's */
	struct tess_link *next;		 /* of the server's */
	struct tess_link_handlers handlers;
	void *arg;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;	      /* -1: not connected */
	bool busy;    /* a handler of this link runs: what it wants gone goes after it */
	bool closing; /* to be taken down, nothing more is received */
	bool freed;   /* by its own handler; nobody is told anything more */
	struct tess_watch *watch;
	struct tess_timer *reconnect;
	struct tess_link_parser *parser;
	int held_fds[MAX_HELD_FDS];
	unsigned held_count;
	struct tess_link_queue queue;
	struct tess_log_limit complaints; /* a client's */
	bool wants_out;
};

struct tess_link_server {
	struct tess_loop *loop;
	struct tess_link_handlers handlers;
	void *arg;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;
	struct tess_watch *watch;
	struct tess_timer *resume; /* accepting, after it failed */
	struct tess_link *links;
	struct tess_log_limit complaints;
};

static void on_io(void *arg, uint32_t events);

static void complain(struct tess_log_limit *limit, const struct tess_loop *loop, const char *path,
		     const char *reason)
{
	uint64_t suppressed;

	if (tess_log_allowed(limit, tess_loop_now_us(loop), &suppressed))
		TESS_WARN("link.closed", "path=%s reason=%s suppressed=%llu", path, reason,
			  (unsigned long long)suppressed);
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
	tess_link_queue_clear(&link->queue);
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

/*
 * After the handlers have run. A connection that is over: tell, then free (server) or try again
 * (client). The link may be gone after this.
 */
static void settle(struct tess_link *link, int err)
{
	if (!link->freed && (err || link->closing)) {
		if (err == -EBADMSG)
			complain(link->server ? &link->server->complaints : &link->complaints,
				 link->loop, link->server ? link->server->path : link->path,
				 "bad_message");
		disconnect(link);
		link->closing = false;
		if (link->handlers.down) {
			link->busy = true;
			link->handlers.down(link->arg, link);
			link->busy = false;
		}
		if (!link->freed && !link->server) {
			tess_timer_start(link->reconnect, RECONNECT_US);
			return;
		}
		link->freed = true;
	}
	if (link->freed) {
		if (link->server)
			unlink_from_server(link);
		link_destroy(link);
	}
}

/* Only the same user, or root, may be at the other end. */
static bool peer_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	return peer.uid == geteuid() || peer.uid == 0;
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

/* @retval 0, -EBADMSG more than can belong to messages, or fewer than were sent */
static int hold_fds(struct tess_link *link, struct msghdr *header)
{
	/* those that did not fit, or for which this process has no number left, are lost */
	int err = header->msg_flags & MSG_CTRUNC ? -EBADMSG : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (link->held_count < MAX_HELD_FDS) {
				link->held_fds[link->held_count++] = fd;
			} else {
				(void)close(fd);
				err = -EBADMSG;
			}
		}
	}
	return err;
}

/* @retval 0, -EBADMSG the descriptors that it speaks of have not come with it */
static int deliver(struct tess_link *link, json_t *message)
{
	/* the sender says how many descriptors belong to the message: those of the next one may be
	 * here */
	json_int_t told = json_integer_value(json_object_get(message, "fds"));
	int fds[TESS_LINK_MAX_FDS];
	unsigned count;

	if (told < 0 || told > TESS_LINK_MAX_FDS || (unsigned)told > link->held_count)
		return -EBADMSG;
	count = (unsigned)told;
	memcpy(fds, link->held_fds, count * sizeof(int));
	link->held_count -= count;
	memmove(link->held_fds, link->held_fds + count, link->held_count * sizeof(int));
	link->busy = true;
	link->handlers.message(link->arg, link, message, fds, count);
	link->busy = false;
	return 0;
}

/* @retval 0, or negative: the connection is over */
static int parse(struct tess_link *link, const uint8_t *data, size_t length)
{
	int err = 0;

	while (!err && length && !link->closing) {
		json_t *message;
		size_t used;

		err = tess_link_parser_feed(link->parser, data, length, &used, &message);
		data += used;
		length -= used;
		if (err == 1) {
			err = deliver(link, message);
			json_decref(message);
		}
	}
	return err;
}

/* @retval 0, or negative: the connection is over */
static int receive(struct tess_link *link)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * TESS_LINK_MAX_FDS)];
	} control;
	uint8_t data[READ_BYTES];
	int err = 0;

	for (int i = 0; i < READS_A_TURN && !err && !link->closing; i++) {
		struct iovec iov = {data, sizeof(data)};
		struct msghdr header = {.msg_iov = &iov,
					.msg_iovlen = 1,
					.msg_control = control.space,
					.msg_controllen = sizeof(control.space)};
		ssize_t n = recvmsg(link->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (n == 0)
			return -ECONNRESET;
		err = hold_fds(link, &header);
		if (!err)
			err = parse(link, data, (size_t)n);
	}
	return err;
}

/* Send what waits, and be woken for the rest. */
static int flush(struct tess_link *link)
{
	int err = tess_link_queue_flush(&link->queue, link->fd);
	bool wants_out = err == -EAGAIN;

	if (err && !wants_out)
		return err;
	if (wants_out == link->wants_out)
		return 0;
	link->wants_out = wants_out;
	return tess_watch_set(link->watch, wants_out ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void on_io(void *arg, uint32_t events)
{
	struct tess_link *link = arg;
	int err = 0;

	if (events & EPOLLOUT)
		err = flush(link);
	if (!err && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		err = receive(link);
	settle(link, err);
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
	} else {
		settle(link, 0);
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

/* Free, but not under the feet of a handler of the link's own. */
static void release(struct tess_link *link)
{
	link->server = NULL;
	if (link->busy)
		link->freed = link->closing = true;
	else
		link_destroy(link);
}

void tess_link_free(struct tess_link *link)
{
	if (link)
		release(link);
}

static void on_accept(void *arg, uint32_t events)
{
	struct tess_link_server *server = arg;
	struct tess_link *link;
	int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0) {
		/* without descriptors or memory the connection stays in the queue, and we would be
		 * woken without end */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED &&
		    !tess_watch_set(server->watch, 0))
			tess_timer_start(server->resume, RECONNECT_US);
		return;
	}
	if (!peer_is_trusted(fd)) {
		complain(&server->complaints, server->loop, server->path, "peer_of_another_user");
		(void)close(fd);
		return;
	}
	link = calloc(1, sizeof(*link));
	if (!link) {
		(void)close(fd);
		return;
	}
	link->loop = server->loop;
	link->server = server;
	link->fd = -1;
	link->handlers = server->handlers;
	link->arg = server->arg;
	link->next = server->links;
	server->links = link;
	if (go_up(link, fd)) {
		(void)close(fd);
		unlink_from_server(link);
		link_destroy(link);
	} else {
		settle(link, 0);
	}
}

static void on_resume(void *arg)
{
	struct tess_link_server *server = arg;

	if (tess_watch_set(server->watch, EPOLLIN))
		tess_timer_start(server->resume, RECONNECT_US);
}

/* Whether somebody listens there; what a dead process left behind is nobody. */
static bool is_taken(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool taken;

	taken = fd >= 0 && (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) ||
			    errno == EAGAIN);
	if (fd >= 0)
		(void)close(fd);
	return taken;
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
	if (is_taken(&address)) {
		err = -EADDRINUSE;
		goto fail;
	}
	server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)unlink(path);
	if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0660) < 0 || listen(server->fd, 16) < 0) {
		err = -errno;
		goto fail;
	}
	err = tess_timer_alloc(&server->resume, loop, on_resume, server);
	if (!err)
		err = tess_watch_add(&server->watch, loop, server->fd, EPOLLIN, on_accept, server);
	if (err)
		goto fail;
	*serverp = server;
	return 0;
fail:
	tess_timer_free(server->resume);
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
		release(link);
	}
	tess_watch_remove(server->watch);
	tess_timer_free(server->resume);
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
	json_t *counted;
	int err;

	if (link->fd < 0 || link->closing)
		return -ENOTCONN;
	if (fd_count > TESS_LINK_MAX_FDS)
		return -EINVAL;
	counted = json_copy((json_t *)message);
	if (!counted || (fd_count && json_object_set_new(counted, "fds", json_integer(fd_count))))
		err = -ENOMEM;
	else
		err = tess_link_queue_add(&link->queue, counted, fds, fd_count);
	json_decref(counted);
	if (!err && !link->wants_out && flush(link))
		err = -ENOTCONN;
	/* the other end must not go on with a message missing */
	if (err && err != -EMSGSIZE)
		fail_link(link);
	return err;
}
