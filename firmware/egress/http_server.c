/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_server.c - connections, routes and answers.
 */
#include "firmware/egress/http_server.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/guard.h"
#include "firmware/egress/http_file.h"
#include "firmware/egress/http_routes.h"
#include "firmware/egress/live.h"
#include "firmware/egress/live_hls.h"

#define BACKLOG	       1024
#define ACCEPTS_A_TURN 256
#define SWEEP_US       1000000
/* the whole head must be there in this time, from the first moment or from the last answer on */
#define HEAD_US 10000000
/* and a download must take something in this */
#define SEND_STALL_US 30000000
/* all of what is in memory must have been taken in this */
#define BODY_US 60000000
/* What the kernel holds beyond what the network takes. It bounds the memory of a slow player, yet
 * lets the window grow for a distant one, as a small SO_SNDBUF would not. */
#define UNSENT_BYTES 65536

struct connection {
	struct tess_http *http;
	unsigned index; /* of http->connections */
	int fd;
	struct tess_watch *watch;
	int64_t deadline_us;
	uint8_t *input; /* TESS_HTTP_MAX_HEAD bytes, while a head is being received */
	size_t input_length;
	bool keep_alive;
	char cors[320];		    /* headers of the answer that is being made */
	struct tess_http_file file; /* what is being sent, if its fd is not -1 */
	struct tess_http_body body; /* or this, if it is open */
	int64_t body_until_us;
	struct tess_hls_wait *wait; /* for what is to be answered, or NULL */
	bool head_only;		    /* of that */
};

struct tess_http {
	struct tess_loop *loop;
	struct tess_http_config config;
	int fd;
	struct tess_watch *watch;
	struct tess_timer *sweep;
	struct connection **connections; /* in no order; one that leaves is replaced by the last */
	unsigned connection_count;
	bool has_key;
	uint8_t key[TESS_TOKEN_KEY_SIZE];
	struct tess_log_limit accept_limit;
};

static void on_connection(void *arg, uint32_t events);

static bool is_sending(const struct connection *connection)
{
	return connection->file.fd >= 0 || tess_http_body_is_open(&connection->body);
}

/** Let go of the connection without closing its socket. */
static void connection_forget(struct connection *connection)
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
	int fd = connection->fd;

	connection_forget(connection);
	(void)close(fd);
}

/** Send the head of an answer. @retval 0, -EIO: it was not taken as a whole */
static int send_head(const struct connection *connection, int status, const char *headers,
		     int flags)
{
	char head[TESS_HTTP_FILE_HEADERS + sizeof(connection->cors) + 128];
	int length = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\nServer: tessera\r\n%s%s%s\r\n",
			      status, tess_http_reason(status), connection->cors,
			      connection->keep_alive ? "" : "Connection: close\r\n", headers);

	/* a socket whose buffer has no room for a head has a peer that asks and does not read */
	return send(connection->fd, head, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT | flags) ==
			       length
		       ? 0
		       : -EIO;
}

/** A short text as the answer. @retval 0, -EIO */
static int answer(struct connection *connection, int status, const char *extra, bool with_body)
{
	char headers[TESS_HTTP_FILE_HEADERS];
	const char *text = status == 200 ? "ok\n" : tess_http_reason(status);
	int rc;

	(void)snprintf(headers, sizeof(headers),
		       "%sCache-Control: no-store\r\nContent-Type: text/plain\r\n"
		       "Content-Length: %zu\r\n",
		       extra, strlen(text));
	rc = send_head(connection, status, headers, with_body ? MSG_MORE : 0);
	if (!rc && with_body &&
	    send(connection->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) !=
		    (ssize_t)strlen(text))
		rc = -EIO;
	return rc;
}

enum next {
	NEXT_REQUEST = 1, /* the answer is out, the connection may go on */
	NEXT_CLOSE,
	NEXT_GONE, /* the connection belongs to a viewer now */
};

/**
 * May this stream be watched by this request? Also chooses the answer's CORS headers. One who has
 * begun goes on: @p session is that of a viewer of HLS, or 0.
 * @retval 0, -ENOENT, -EACCES, -EUSERS
 */
static int check_live(struct connection *connection, const struct tess_http_request *request,
		      const char *name, uint64_t session)
{
	const struct tess_http_config *config = &connection->http->config;
	struct tess_play play = {.host = request->host,
				 .stream = name,
				 .query = request->query,
				 .referrer = request->referrer};
	socklen_t size = sizeof(play.address);
	uint32_t app;
	int rc = tess_live_application(config->live, name, &app);

	if (rc)
		return rc;
	tess_guard_cors(config->guard, app, request->origin, connection->cors,
			sizeof(connection->cors));
	/* a preflight brings no referrer, and shows nothing */
	if (request->method == TESS_HTTP_OPTIONS ||
	    (session && tess_live_knows_hls(config->live, name, session)))
		return 0;
	if (getpeername(connection->fd, &play.address.sa, &size))
		return -EACCES;
	return tess_play_check(config->guard, app, &play);
}

/** Answer a request that check_live() or tess_live_admit() has refused. */
static enum next refuse_live(struct connection *connection, const struct tess_http_request *request,
			     int rc)
{
	int status = rc == -ENOENT ? 404 : rc == -EACCES ? 403 : 503;

	return answer(connection, status, rc == -EUSERS ? "Retry-After: 10\r\n" : "",
		      request->method != TESS_HTTP_HEAD)
		       ? NEXT_CLOSE
		       : NEXT_REQUEST;
}

static enum next serve_live(struct connection *connection, const struct tess_http_request *request,
			    const char *name)
{
	struct tess_live *live = connection->http->config.live;
	int fd = connection->fd, rc = check_live(connection, request, name, 0);

	if (!rc)
		rc = tess_live_admit(live, name);
	if (rc)
		return refuse_live(connection, request, rc);
	connection->keep_alive = false;
	/* no length: the body ends with the connection (RFC 9112 §6.3) */
	if (send_head(connection, 200,
		      "Content-Type: video/x-flv\r\nCache-Control: no-store\r\n"
		      "X-Accel-Buffering: no\r\n",
		      0) ||
	    request->method == TESS_HTTP_HEAD)
		return NEXT_CLOSE;
	connection_forget(connection);
	if (tess_live_join(live, name, fd, NULL))
		(void)close(fd);
	return NEXT_GONE;
}

static void on_hls(void *arg);

/** @retval NEXT_REQUEST it is answered, or will be, NEXT_CLOSE */
static enum next wait_for(struct connection *connection, struct tess_live_hls *hls,
			  const struct tess_hls_ask *ask)
{
	connection->wait = malloc(sizeof(*connection->wait));
	if (!connection->wait)
		return NEXT_CLOSE;
	*connection->wait = (struct tess_hls_wait){.ask = *ask, .wake = on_hls, .arg = connection};
	tess_live_hls_wait(hls, connection->wait);
	connection->deadline_us =
		tess_loop_now_us(connection->http->loop) + tess_live_hls_patience_us(hls);
	return NEXT_REQUEST;
}

static enum next answer_hls(struct connection *connection, struct tess_live_hls *hls,
			    const struct tess_hls_ask *ask)
{
	int rc = tess_live_hls_answer(hls, ask, &connection->body);
	char headers[TESS_HTTP_FILE_HEADERS];

	if (rc == -EAGAIN)
		return wait_for(connection, hls, ask);
	if (rc)
		return answer(connection,
			      rc == -EINVAL   ? 400
			      : rc == -ENOENT ? 404
					      : 503,
			      "", !connection->head_only)
			       ? NEXT_CLOSE
			       : NEXT_REQUEST;
	tess_hls_headers(headers, sizeof(headers), ask, connection->body.length);
	if (connection->head_only)
		tess_http_body_close(&connection->body);
	connection->body_until_us = tess_loop_now_us(connection->http->loop) + BODY_US;
	return send_head(connection, 200, headers, is_sending(connection) ? MSG_MORE : 0)
		       ? NEXT_CLOSE
		       : NEXT_REQUEST;
}

static enum next serve_hls(struct connection *connection, const struct tess_http_request *request,
			   const char *name, struct tess_hls_ask *ask)
{
	struct tess_live_hls *hls;
	int rc;

	ask->session = tess_hls_session(connection->fd, request, ask);
	rc = check_live(connection, request, name, ask->session);
	if (!rc)
		rc = tess_live_watch_hls(connection->http->config.live, name, ask->session,
					 connection->fd, &hls);
	if (rc)
		return refuse_live(connection, request, rc);
	connection->head_only = request->method == TESS_HTTP_HEAD;
	return answer_hls(connection, hls, ask);
}

/** Send the one who asks to control, at the host that was asked. @return false: it cannot be */
static bool send_elsewhere(struct connection *connection, const struct tess_http_request *request)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/=&";
	const char *end = request->host[0] == '[' ? strchr(request->host, ']') : request->host;
	char location[TESS_HTTP_FILE_HEADERS - 128];
	int length;

	end = end ? end + strcspn(end, ":") : NULL;
	if (!connection->http->config.control_port || !end || end == request->host ||
	    request->path[strspn(request->path, plain)] ||
	    request->query[strspn(request->query, plain)])
		return false;
	length = snprintf(location, sizeof(location), "Location: http://%.*s:%u%s%s%s\r\n",
			  (int)(end - request->host), request->host,
			  connection->http->config.control_port, request->path,
			  request->query[0] ? "?" : "", request->query);
	return length < (int)sizeof(location) &&
	       !answer(connection, 302, location, request->method != TESS_HTTP_HEAD);
}

static enum next serve_record(struct connection *connection,
			      const struct tess_http_request *request,
			      const struct tess_record_address *address)
{
	struct tess_http *http = connection->http;
	bool with_body = request->method != TESS_HTTP_HEAD;
	char headers[TESS_HTTP_FILE_HEADERS];
	int status = 404, fd, rc;

	if (!http->has_key ||
	    tess_token_check(http->key, address->id, address->expires, address->sign,
			     tess_clock_utc_us(http->config.clock)))
		return answer(connection, 403, "", with_body) ? NEXT_CLOSE : NEXT_REQUEST;
	rc = http->config.record_open(http->config.arg, address->id, address->file, &fd);
	if (!rc) {
		status =
			tess_http_file_take(&connection->file, headers, fd, address->name, request);
	} else if (rc != -ENOENT) {
		TESS_ERROR("http.open_failed", "record=%" PRId64 " error=%s", address->id,
			   strerror(-rc));
		status = 500;
	}
	if (rc == -ENOENT && send_elsewhere(connection, request))
		return NEXT_REQUEST;
	if (status == 404 || status == 500)
		return answer(connection, status, "", with_body) ? NEXT_CLOSE : NEXT_REQUEST;
	return send_head(connection, status, headers, connection->file.fd >= 0 ? MSG_MORE : 0)
		       ? NEXT_CLOSE
		       : NEXT_REQUEST;
}

static enum next serve(struct connection *connection, const struct tess_http_request *request)
{
	struct tess_record_address address;
	struct tess_hls_ask ask;
	char name[TESS_HTTP_MAX_PATH];
	bool with_body = request->method != TESS_HTTP_HEAD;
	int rc;

	connection->keep_alive = request->keep_alive;
	tess_guard_cors(NULL, 0, "", connection->cors, sizeof(connection->cors));
	if (request->method == TESS_HTTP_OPTIONS) { /* a preflight (Fetch §3.2) */
		if (tess_http_route(name, sizeof(name), request->path, "/live/", ".flv") ||
		    !tess_hls_ask_read(&ask, name, request))
			(void)check_live(connection, request, name, 0);
		return send_head(connection, 204,
				 "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
				 "Access-Control-Allow-Headers: Range\r\n"
				 "Access-Control-Max-Age: 600\r\n",
				 0)
			       ? NEXT_CLOSE
			       : NEXT_REQUEST;
	}
	if (tess_http_route(name, sizeof(name), request->path, "/live/", ".flv"))
		return serve_live(connection, request, name);
	rc = tess_hls_ask_read(&ask, name, request);
	if (!rc)
		return serve_hls(connection, request, name, &ask);
	if (rc == -EINVAL)
		return answer(connection, 400, "", with_body) ? NEXT_CLOSE : NEXT_REQUEST;
	if (tess_http_record_route(&address, request))
		return serve_record(connection, request, &address);
	return answer(connection, strcmp(request->path, "/health") == 0 ? 200 : 404, "", with_body)
		       ? NEXT_CLOSE
		       : NEXT_REQUEST;
}

/** Refuse a head that is not a request of ours. The connection is closed: what follows is unknown.
 */
static void refuse(struct connection *connection, int rc)
{
	int status = rc == -EMSGSIZE ? 431 : rc == -EOPNOTSUPP ? 405 : 400;

	connection->keep_alive = false;
	tess_guard_cors(NULL, 0, "", connection->cors, sizeof(connection->cors));
	(void)answer(connection, status, status == 405 ? "Allow: GET, HEAD, OPTIONS\r\n" : "",
		     true);
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
	} else if (is_sending(connection)) {
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
	while (connection->input_length && !is_sending(connection) && !connection->wait) {
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
		if (!go_on(connection, serve(connection, &request)))
			return false;
	}
	return true;
}

/** What was waited for is there, or will never be. */
static void on_hls(void *arg)
{
	struct connection *connection = arg;
	struct tess_hls_wait *wait = connection->wait;
	enum next next = NEXT_REQUEST;

	connection->wait = NULL;
	connection->deadline_us = tess_loop_now_us(connection->http->loop) + HEAD_US;
	if (wait->hls)
		next = answer_hls(connection, wait->hls, &wait->ask);
	else if (answer(connection, 404, "", !connection->head_only))
		next = NEXT_CLOSE;
	free(wait);
	if (go_on(connection, next))
		(void)handle_input(connection);
}

static void receive(struct connection *connection)
{
	ssize_t got;

	if (!connection->input)
		connection->input = malloc(TESS_HTTP_MAX_HEAD);
	if (!connection->input) {
		connection_close(connection);
		return;
	}
	/* the parser refuses a full buffer, so there is room */
	got = recv(connection->fd, connection->input + connection->input_length,
		   TESS_HTTP_MAX_HEAD - connection->input_length, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		connection_close(connection);
		return;
	}
	connection->input_length += (size_t)got;
	if (!handle_input(connection))
		return;
	if (!connection->input_length) {
		free(connection->input);
		connection->input = NULL;
	}
}

static void send_more(struct connection *connection)
{
	bool is_file = connection->file.fd >= 0;
	int rc = is_file ? tess_http_file_send(&connection->file, connection->fd)
			 : tess_http_body_send(&connection->body, connection->fd);
	int64_t now_us = tess_loop_now_us(connection->http->loop);

	if (rc == -EAGAIN)
		return;
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
		(void)handle_input(connection);
}

static void on_connection(void *arg, uint32_t events)
{
	struct connection *connection = arg;

	if (!is_sending(connection) && !connection->wait)
		receive(connection);
	else if (is_sending(connection) && events & EPOLLOUT)
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
		if (!is_sending(connection) && /* NOLINT(clang-analyzer-unix.Malloc) */
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
	struct connection *connection;

	if (http->connection_count >= most_connections(http) && make_room(http)) {
		(void)close(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	connection = calloc(1, sizeof(*connection));
	if (!connection || tess_watch_add(&connection->watch, http->loop, fd, EPOLLIN,
					  on_connection, connection)) {
		free(connection);
		(void)close(fd);
		return;
	}
	connection->http = http;
	connection->fd = fd;
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
		if (!is_sending(connection) && (connection->input_length || connection->wait)) {
			connection->keep_alive = false;
			(void)answer(connection, connection->wait ? 503 : 408, "",
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
