/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/rtmp_server.c - connections up to the stream that they play or publish.
 */
#include "firmware/egress/rtmp_server.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/guard.h"

#define APP	       "live"
#define BACKLOG	       1024
#define ACCEPTS_A_TURN 256
#define SWEEP_US       500000
/* from the first moment until it plays: handshake, connect, createStream and play or publish */
#define OPENING_US 10000000
/* for the peer to take a refusal and to close */
#define CLOSING_US 2000000
/* all that a player sends until then; some are talkative */
#define MAX_INPUT_BYTES 65536
#define UNSENT_BYTES	65536 /* as http_server.c */

struct connection {
	struct tess_rtmp_listener *listener;
	unsigned index; /* of listener->connections */
	int fd;
	struct tess_watch *watch;
	int64_t deadline_us;
	uint32_t input_bytes;
	bool closing;
	struct tess_rtmp_server *rtmp;
	char name[TESS_LIVE_NAME_SIZE];
	struct tess_rtmp_address *address; /* that it wants to publish to; holds a secret */
};

struct tess_rtmp_listener {
	struct tess_loop *loop;
	struct tess_rtmp_listener_config config;
	int fd;
	struct tess_watch *watch;
	struct tess_timer *sweep;
	struct connection **connections; /* in no order; one that leaves is replaced by the last */
	unsigned connection_count;
	struct tess_log_limit accept_limit;
};

static void on_connection(void *arg, uint32_t events);

/** Let go of the connection without closing its socket. */
static void connection_forget(struct connection *connection)
{
	struct tess_rtmp_listener *listener = connection->listener;

	listener->connections[connection->index] =
		listener->connections[--listener->connection_count];
	listener->connections[connection->index]->index = connection->index;
	tess_watch_remove(connection->watch);
	if (connection->address)
		explicit_bzero(connection->address, sizeof(*connection->address));
	free(connection->address);
	free(connection);
}

static void connection_close(struct connection *connection)
{
	int fd = connection->fd;

	tess_rtmp_server_fini(connection->rtmp);
	free(connection->rtmp);
	connection_forget(connection);
	/* last: another thread may get the number at once */
	(void)close(fd);
}

static int on_play(void *arg, const char *name, const char *query)
{
	struct connection *connection = arg;
	const struct tess_rtmp_listener_config *config = &connection->listener->config;
	const struct tess_rtmp_server *rtmp = connection->rtmp;
	const char *host = strstr(rtmp->tc_url, "://");
	struct tess_play play = {.host = host ? host + 3 : "",
				 .stream = name,
				 .query = query,
				 .referrer = rtmp->page_url};
	socklen_t size = sizeof(play.address);
	uint32_t app;
	int rc;

	if (strlen(name) >= sizeof(connection->name))
		return -ENOENT;
	memcpy(connection->name, name, strlen(name) + 1);
	rc = tess_live_application(config->live, name, &app);
	if (!rc && getpeername(connection->fd, &play.address.sa, &size))
		rc = -EACCES;
	if (!rc)
		rc = tess_play_check(config->guard, app, &play);
	return rc ? rc : tess_live_admit(config->live, name);
}

static int on_publish(void *arg, const char *app, const char *name, const char *query)
{
	struct connection *connection = arg;

	connection->address = calloc(1, sizeof(*connection->address));
	return connection->address ? tess_rtmp_address_parse(connection->address, app, name, query)
				   : -ENOMEM;
}

/** Send what waits. Its answers are small: a socket that does not take them has a peer that asks
 * and does not read. @retval 0, -EIO */
static int flush(struct connection *connection)
{
	struct tess_rtmp_session *session = &connection->rtmp->session;
	size_t length = session->out.length;

	if (length && send(connection->fd, session->out.data, length,
			   MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length)
		return -EIO;
	tess_rtmp_session_sent(session, length);
	return 0;
}

/** The refusal is out. A close with something unread would take it back (RFC 1122 §4.2.2.13). */
static void begin_closing(struct connection *connection)
{
	(void)shutdown(connection->fd, SHUT_WR);
	connection->closing = true;
	connection->deadline_us = tess_loop_now_us(connection->listener->loop) + CLOSING_US;
}

static void hand_over(struct connection *connection)
{
	struct tess_live *live = connection->listener->config.live;
	struct tess_rtmp_server *rtmp = connection->rtmp;
	char name[TESS_LIVE_NAME_SIZE];
	int fd = connection->fd;

	memcpy(name, connection->name, sizeof(name));
	rtmp->play = NULL; /* it plays one stream */
	connection_forget(connection);
	if (tess_live_join(live, name, &(struct tess_transport){.fd = fd}, rtmp)) {
		tess_rtmp_server_fini(rtmp);
		free(rtmp);
		(void)close(fd);
	}
}

static void hand_to_publishers(struct connection *connection)
{
	struct tess_publishers *publishers = connection->listener->config.publishers;
	struct tess_rtmp_address *address = connection->address;
	struct tess_rtmp_server *rtmp = connection->rtmp;
	int fd = connection->fd;

	connection->address = NULL;
	connection_forget(connection);
	tess_publishers_take(publishers, fd, rtmp, address);
	explicit_bzero(address, sizeof(*address));
	free(address);
}

static void on_connection(void *arg, uint32_t events)
{
	struct connection *connection = arg;
	uint8_t data[4096];
	ssize_t got = recv(connection->fd, data, sizeof(data), MSG_DONTWAIT);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		connection->input_bytes += (uint32_t)got;
	if (got <= 0 || connection->input_bytes > MAX_INPUT_BYTES) {
		connection_close(connection);
		return;
	}
	if (connection->closing)
		return;
	if (tess_rtmp_server_input(connection->rtmp, data, (size_t)got) || flush(connection))
		connection_close(connection);
	else if (connection->rtmp->state == TESS_RTMP_SERVER_PLAYING)
		hand_over(connection);
	else if (connection->rtmp->state == TESS_RTMP_SERVER_ASKING)
		hand_to_publishers(connection);
	else if (connection->rtmp->state == TESS_RTMP_SERVER_OVER)
		begin_closing(connection);
}

/** Whoever holds connections without playing must not keep the others out. */
static void make_room(struct tess_rtmp_listener *listener)
{
	struct connection *oldest = listener->connections[0];

	for (unsigned i = 1; i < listener->connection_count; i++) {
		if (listener->connections[i]->deadline_us < oldest->deadline_us)
			oldest = listener->connections[i];
	}
	connection_close(oldest);
}

/** @retval 0, -ENOMEM */
static int connection_alloc(struct connection **connectionp, struct tess_rtmp_listener *listener,
			    int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	uint64_t seed;

	if (!connection)
		return -ENOMEM;
	/* the handshake's random bytes guard nothing */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint64_t)tess_loop_now_us(listener->loop);
	connection->rtmp = malloc(sizeof(*connection->rtmp));
	if (!connection->rtmp || tess_rtmp_server_init(connection->rtmp, APP, seed)) {
		free(connection->rtmp);
		free(connection);
		return -ENOMEM;
	}
	connection->rtmp->play = on_play;
	if (listener->config.publishers)
		connection->rtmp->publish = on_publish;
	connection->rtmp->arg = connection;
	if (tess_watch_add(&connection->watch, listener->loop, fd, EPOLLIN, on_connection,
			   connection)) {
		tess_rtmp_server_fini(connection->rtmp);
		free(connection->rtmp);
		free(connection);
		return -ENOMEM;
	}
	*connectionp = connection;
	return 0;
}

static void connection_open(struct tess_rtmp_listener *listener, int fd)
{
	static const int on = 1, unsent = UNSENT_BYTES;
	struct connection *connection;

	if (listener->connection_count >= listener->config.max_connections)
		make_room(listener);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	if (connection_alloc(&connection, listener, fd)) {
		(void)close(fd);
		return;
	}
	connection->listener = listener;
	connection->fd = fd;
	connection->deadline_us = tess_loop_now_us(listener->loop) + OPENING_US;
	connection->index = listener->connection_count;
	listener->connections[listener->connection_count++] = connection;
}

static void on_listener(void *arg, uint32_t events)
{
	struct tess_rtmp_listener *listener = arg;
	uint64_t suppressed;

	(void)events;
	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			connection_open(listener, fd);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (errno != EAGAIN &&
		    tess_log_allowed(&listener->accept_limit, tess_loop_now_us(listener->loop),
				     &suppressed))
			TESS_WARN("rtmp.accept_failed", "error=\"%s\" suppressed=%" PRIu64,
				  strerror(errno), suppressed);
		return;
	}
}

static void on_sweep(void *arg)
{
	struct tess_rtmp_listener *listener = arg;
	int64_t now_us = tess_loop_now_us(listener->loop);

	for (unsigned i = listener->connection_count; i-- > 0;) {
		if (listener->connections[i]->deadline_us <= now_us)
			connection_close(listener->connections[i]);
	}
	tess_timer_start(listener->sweep, SWEEP_US);
}

static int open_listener(struct tess_rtmp_listener *listener)
{
	const struct sockaddr *address = &listener->config.listen.sa;
	socklen_t size = address->sa_family == AF_INET6 ? sizeof(listener->config.listen.in6)
							: sizeof(listener->config.listen.in);
	static const int on = 1;

	listener->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener->fd < 0)
		return -errno;
	(void)setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener->fd, address, size) || listen(listener->fd, BACKLOG))
		return -errno;
	return tess_watch_add(&listener->watch, listener->loop, listener->fd, EPOLLIN, on_listener,
			      listener);
}

int tess_rtmp_listener_alloc(struct tess_rtmp_listener **listenerp, struct tess_loop *loop,
			     const struct tess_rtmp_listener_config *config)
{
	struct tess_rtmp_listener *listener = calloc(1, sizeof(*listener));
	int rc;

	if (!listener)
		return -ENOMEM;
	listener->loop = loop;
	listener->config = *config;
	listener->fd = -1;
	listener->connections = calloc(config->max_connections, sizeof(*listener->connections));
	rc = listener->connections ? open_listener(listener) : -ENOMEM;
	if (!rc)
		rc = tess_timer_alloc(&listener->sweep, loop, on_sweep, listener);
	if (rc) {
		tess_rtmp_listener_free(listener);
		return rc;
	}
	tess_timer_start(listener->sweep, SWEEP_US);
	*listenerp = listener;
	return 0;
}

void tess_rtmp_listener_free(struct tess_rtmp_listener *listener)
{
	if (!listener)
		return;
	while (listener->connection_count)
		connection_close(listener->connections[listener->connection_count - 1]);
	tess_timer_free(listener->sweep);
	tess_watch_remove(listener->watch);
	if (listener->fd >= 0)
		(void)close(listener->fd);
	free(listener->connections);
	free(listener);
}

uint16_t tess_rtmp_listener_port(const struct tess_rtmp_listener *listener)
{
	union tess_addr address = {.in = {.sin_family = AF_UNSPEC}};
	socklen_t size = sizeof(address);

	if (getsockname(listener->fd, &address.sa, &size))
		return 0;
	return ntohs(address.sa.sa_family == AF_INET6 ? address.in6.sin6_port
						      : address.in.sin_port);
}
