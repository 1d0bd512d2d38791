/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_server.c - connections.
 */
#include "firmware/egress/http_server.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/egress/guard.h"
#include "firmware/egress/http_internal.h"
#include "firmware/egress/traffic.h"

#define BACKLOG	       1024
#define ACCEPTS_A_TURN 256
#define SWEEP_US       1000000
/* the whole head must be there in this time, from the first moment or from the last answer on */
#define HEAD_US 10000000
/* and a download must take something in this */
#define SEND_STALL_US 30000000
/* What the kernel holds beyond what the network takes. It bounds the memory of a slow player, yet
 * lets the window grow for a distant one, as a small SO_SNDBUF would not. */
#define UNSENT_BYTES 65536

static void on_connection(void *arg, uint32_t events);

bool tess_http_is_sending(const struct connection *connection)
{
	return connection->file.fd >= 0 || tess_http_body_is_open(&connection->body);
}

void tess_http_forget(struct connection *connection)
{
	struct tess_http *http = connection->http;

	http->connections[connection->index] = http->connections[--http->connection_count];
	http->connections[connection->index]->index = connection->index;
	tess_watch_remove(connection->watch);
	tess_http_file_close(&connection->file);
	tess_http_body_close(&connection->body);
	if (connection->wait)
		tess_live_hls_unwait(connection->wait);
	free(connection->wait);
	free(connection->input);
	free(connection);
}

static void connection_close(struct connection *connection)
{
	struct tess_transport transport = connection->transport;

	tess_http_forget(connection);
	tess_transport_close(&transport);
}

/** Refuse a head that is not a request of ours. The connection is closed: what follows is unknown.
 */
static void refuse(struct connection *connection, int rc)
{
	int status = rc == -EMSGSIZE ? 431 : rc == -EOPNOTSUPP ? 405 : 400;

	connection->keep_alive = false;
	tess_guard_cors(NULL, 0, "", connection->cors, sizeof(connection->cors));
	(void)tess_http_answer(connection, status,
			       status == 405 ? "Allow: GET, HEAD, OPTIONS\r\n" : "", true);
	connection_close(connection);
}

/** Behind an answer, or while there is none yet. @return false: the connection is gone */
static bool go_on(struct connection *connection, enum next next)
{
	uint32_t events = EPOLLIN;

	if (next == NEXT_GONE)
		return false;
	if (connection->wait) {
		events = EPOLLRDHUP;
	} else if (tess_http_is_sending(connection)) {
		events = EPOLLOUT;
		connection->deadline_us += SEND_STALL_US - HEAD_US;
	}
	if (next == NEXT_CLOSE || (events == EPOLLIN && !connection->keep_alive) ||
	    tess_watch_set(connection->watch, events)) {
		connection_close(connection);
		return false;
	}
	return true;
}

/** Answer what has been received. @return false: the connection is gone */
static bool handle_input(struct connection *connection)
{
	struct tess_http_request request;
	size_t used;

	/* one answer at a time: the requests behind it wait in the buffer */
	while (connection->input_length && !tess_http_is_sending(connection) && !connection->wait) {
		int rc = tess_http_parse(&request, connection->input, connection->input_length,
					 &used);

		if (rc == -EAGAIN)
			return true;
		if (rc) {
			refuse(connection, rc);
			return false;
		}
		connection->input_length -= used;
		memmove(connection->input, connection->input + used, connection->input_length);
		connection->deadline_us = tess_loop_now_us(connection->http->loop) + HEAD_US;
		if (!go_on(connection, tess_http_serve(connection, &request)))
			return false;
	}
	return true;
}

static bool is_listening(const struct connection *connection)
{
	return !tess_http_is_sending(connection) && !connection->wait;
}

static void receive(struct connection *connection);

/** Answer what came while there was something to send, or to wait for. */
static void take_up(struct connection *connection)
{
	if (handle_input(connection) && is_listening(connection) &&
	    tess_transport_has_input(&connection->transport))
		receive(connection);
}

/** What was waited for is there, or will never be. */
void tess_http_on_hls(void *arg)
{
	struct connection *connection = arg;
	struct tess_hls_wait *wait = connection->wait;
	enum next next = NEXT_REQUEST;

	connection->wait = NULL;
	connection->deadline_us = tess_loop_now_us(connection->http->loop) + HEAD_US;
	if (wait->hls)
		next = tess_http_answer_hls(connection, wait->hls, &wait->ask);
	else if (tess_http_answer(connection, 404, "", !connection->head_only))
		next = NEXT_CLOSE;
	free(wait);
	if (go_on(connection, next))
		take_up(connection);
}

/** @return whether something was received; if not, the connection may be gone */
static bool receive_once(struct connection *connection)
{
	const struct tess_transport *transport = &connection->transport;
	ssize_t got;

	if (!connection->input)
		connection->input = malloc(TESS_HTTP_MAX_HEAD);
	if (!connection->input) {
		connection_close(connection);
		return false;
	}
	/* the parser refuses a full buffer, so there is room */
	got = tess_transport_read(transport, connection->input + connection->input_length,
				  TESS_HTTP_MAX_HEAD - connection->input_length);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		/* a handshake may have to say something first */
		if (transport->tls &&
		    tess_watch_set(connection->watch,
				   tess_transport_wants_out(transport) ? EPOLLOUT : EPOLLIN))
			connection_close(connection);
		return false;
	}
	if (got <= 0) {
		connection_close(connection);
		return false;
	}
	connection->input_length += (size_t)got;
	return true;
}

static void receive(struct connection *connection)
{
	do {
		if (!receive_once(connection) || !handle_input(connection))
			return;
	} while (is_listening(connection) && tess_transport_has_input(&connection->transport));
	if (!connection->input_length) {
		free(connection->input);
		connection->input = NULL;
	}
}

static void send_more(struct connection *connection)
{
	bool is_file = connection->file.fd >= 0;
	uint64_t left = connection->file.left;
	int rc = is_file ? tess_http_file_send(&connection->file, &connection->transport)
			 : tess_http_body_send(&connection->body, &connection->transport);
	int64_t now_us = tess_loop_now_us(connection->http->loop);

	if (rc == -EAGAIN)
		return;
	if (is_file)
		tess_traffic_add(connection->http->config.traffic, connection->file_app,
				 TESS_TRAFFIC_FILE_BYTES, left - connection->file.left);
	if (rc < 0) {
		connection_close(connection);
		return;
	}
	connection->deadline_us = now_us + SEND_STALL_US;
	if (!is_file && connection->deadline_us > connection->body_until_us)
		connection->deadline_us = connection->body_until_us;
	if (rc == 0)
		return;
	tess_http_file_close(&connection->file);
	tess_http_body_close(&connection->body);
	connection->deadline_us = now_us + HEAD_US;
	if (go_on(connection, NEXT_REQUEST))
		take_up(connection);
}

static void on_connection(void *arg, uint32_t events)
{
	struct connection *connection = arg;

	if (is_listening(connection))
		receive(connection);
	else if (tess_http_is_sending(connection) && events & EPOLLOUT)
		send_more(connection);
	else
		connection_close(
			connection); /* an error or a hang-up before the end of an answer */
}

/**
 * Whoever holds connections without asking anything must not keep the others out: the one goes that
 * has waited longest for a request.
 * @retval 0, -EUSERS all are being sent something
 */
static int make_room(struct tess_http *http)
{
	struct connection *oldest = NULL;

	for (unsigned i = 0; i < http->connection_count; i++) {
		struct connection *connection = http->connections[i];

		/* closed ones are taken out of the array, which clang's analyzer does not see */
		if (!tess_http_is_sending(connection) && /* NOLINT(clang-analyzer-unix.Malloc) */
		    (!oldest || connection->deadline_us < oldest->deadline_us))
			oldest = connection;
	}
	if (!oldest)
		return -EUSERS;
	connection_close(oldest);
	return 0;
}

/** A viewer of HLS waits for a playlist and fetches a part at the same time. */
#define CONNECTIONS_A_VIEWER 2

static unsigned most_connections(const struct tess_http *http)
{
	unsigned viewers = tess_live_hls_watching(http->config.live);

	if (viewers > http->config.max_viewers)
		viewers = http->config.max_viewers;
	return http->config.max_connections + CONNECTIONS_A_VIEWER * viewers;
}

static void connection_open(struct tess_http *http, int fd)
{
	static const int on = 1, unsent = UNSENT_BYTES;
	struct tess_transport transport = {.fd = fd};
	struct connection *connection;

	if (http->connection_count >= most_connections(http) && make_room(http)) {
		(void)close(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	connection = calloc(1, sizeof(*connection));
	if (!connection ||
	    (http->config.tls &&
	     tess_transport_secure(&transport, http->config.tls, tess_loop_now_us(http->loop))) ||
	    tess_watch_add(&connection->watch, http->loop, fd, EPOLLIN, on_connection,
			   connection)) {
		free(connection);
		tess_transport_close(&transport);
		return;
	}
	connection->http = http;
	connection->transport = transport;
	connection->file.fd = -1;
	connection->deadline_us = tess_loop_now_us(http->loop) + HEAD_US;
	connection->index = http->connection_count;
	http->connections[http->connection_count++] = connection;
}

static void on_listener(void *arg, uint32_t events)
{
	struct tess_http *http = arg;
	uint64_t suppressed;

	(void)events;
	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(http->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			connection_open(http, fd);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (errno != EAGAIN && tess_log_allowed(&http->accept_limit,
							tess_loop_now_us(http->loop), &suppressed))
			TESS_WARN("http.accept_failed", "error=\"%s\" suppressed=%" PRIu64,
				  strerror(errno), suppressed);
		return;
	}
}

static void on_sweep(void *arg)
{
	struct tess_http *http = arg;
	int64_t now_us = tess_loop_now_us(http->loop);

	for (unsigned i = http->connection_count; i-- > 0;) {
		struct connection *connection = http->connections[i];

		if (now_us < connection->deadline_us)
			continue;
		/* an idle connection is closed without a word, a begun request gets an answer */
		if (!tess_http_is_sending(connection) &&
		    (connection->input_length || connection->wait)) {
			connection->keep_alive = false;
			(void)tess_http_answer(connection, connection->wait ? 503 : 408, "",
					       !connection->wait || !connection->head_only);
		}
		connection_close(connection);
	}
	tess_timer_start(http->sweep, SWEEP_US);
}

static int open_listener(struct tess_http *http)
{
	const struct sockaddr *address = &http->config.listen.sa;
	socklen_t size = address->sa_family == AF_INET6 ? sizeof(http->config.listen.in6)
							: sizeof(http->config.listen.in);
	static const int on = 1;

	http->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (http->fd < 0)
		return -errno;
	(void)setsockopt(http->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(http->fd, address, size) || listen(http->fd, BACKLOG))
		return -errno;
	return tess_watch_add(&http->watch, http->loop, http->fd, EPOLLIN, on_listener, http);
}

int tess_http_alloc(struct tess_http **httpp, struct tess_loop *loop,
		    const struct tess_http_config *config)
{
	struct tess_http *http = calloc(1, sizeof(*http));
	int rc;

	if (!http)
		return -ENOMEM;
	http->loop = loop;
	http->config = *config;
	http->fd = -1;
	http->connections = calloc((size_t)config->max_connections +
					   CONNECTIONS_A_VIEWER * (size_t)config->max_viewers,
				   sizeof(*http->connections));
	rc = http->connections ? open_listener(http) : -ENOMEM;
	if (!rc)
		rc = tess_timer_alloc(&http->sweep, loop, on_sweep, http);
	if (rc) {
		tess_http_free(http);
		return rc;
	}
	tess_timer_start(http->sweep, SWEEP_US);
	*httpp = http;
	return 0;
}

void tess_http_free(struct tess_http *http)
{
	if (!http)
		return;
	while (http->connection_count)
		connection_close(http->connections[http->connection_count - 1]);
	tess_timer_free(http->sweep);
	tess_watch_remove(http->watch);
	if (http->fd >= 0)
		(void)close(http->fd);
	free(http->connections);
	free(http);
}

void tess_http_set_key(struct tess_http *http, const uint8_t key[TESS_TOKEN_KEY_SIZE])
{
	memcpy(http->key, key, sizeof(http->key));
	http->has_key = true;
}

uint16_t tess_http_port(const struct tess_http *http)
{
	union tess_addr address = {.in = {.sin_family = AF_UNSPEC}};
	socklen_t size = sizeof(address);

	if (getsockname(http->fd, &address.sa, &size))
		return 0;
	return ntohs(address.sa.sa_family == AF_INET6 ? address.in6.sin6_port
						      : address.in.sin_port);
}
