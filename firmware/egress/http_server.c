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
#include "firmware/egress/http_file.h"
#include "firmware/egress/live.h"

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

#define COMMON_HEADERS        \
	"Server: tessera\r\n" \
	"Access-Control-Allow-Origin: *\r\n"

struct connection {
	struct tess_http *http;
	unsigned index; /* of http->connections */
	int fd;
	struct tess_watch *watch;
	int64_t deadline_us;
	uint8_t *input; /* TESS_HTTP_MAX_HEAD bytes, while a head is being received */
	size_t input_length;
	bool keep_alive;
	struct tess_http_file file; /* what is being sent, if its fd is not -1 */
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

static const char *reason_phrase(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 204:
		return "No Content";
	case 206:
		return "Partial Content";
	case 302:
		return "Found";
	case 304:
		return "Not Modified";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 416:
		return "Range Not Satisfiable";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

/** Let go of the connection without closing its socket. */
static void connection_forget(struct connection *connection)
{
	struct tess_http *http = connection->http;

	http->connections[connection->index] = http->connections[--http->connection_count];
	http->connections[connection->index]->index = connection->index;
	tess_watch_remove(connection->watch);
	tess_http_file_close(&connection->file);
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
	char head[TESS_HTTP_FILE_HEADERS + 256];
	int length = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\n" COMMON_HEADERS "%s%s\r\n",
			      status, reason_phrase(status),
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
	const char *text = status == 200 ? "ok\n" : reason_phrase(status);
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

/** NAME of PREFIX NAME SUFFIX, a part without a slash; false: it is another path. */
static bool route(char *name, size_t size, const char *path, const char *prefix, const char *suffix)
{
	size_t length = strlen(path), before = strlen(prefix), after = strlen(suffix);

	if (length <= before + after || strncmp(path, prefix, before) != 0 ||
	    strcmp(path + length - after, suffix) != 0)
		return false;
	length -= before + after;
	if (length >= size || memchr(path + before, '/', length))
		return false;
	memcpy(name, path + before, length);
	name[length] = 0;
	return true;
}

enum next {
	NEXT_REQUEST = 1, /* the answer is out, the connection may go on */
	NEXT_CLOSE,
	NEXT_GONE, /* the connection belongs to a viewer now */
};

static enum next serve_live(struct connection *connection, const struct tess_http_request *request,
			    const char *name)
{
	struct tess_live *live = connection->http->config.live;
	int fd = connection->fd, rc = tess_live_admit(live, name);

	if (rc)
		return answer(connection, rc == -EUSERS ? 503 : 404, "",
			      request->method != TESS_HTTP_HEAD)
			       ? NEXT_CLOSE
			       : NEXT_REQUEST;
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

/** What the name of an address stands for. */
struct record_address {
	int64_t id;
	const char *file; /* as it was asked for; NULL: the first MP4 */
	char name[TESS_HTTP_MAX_PATH];
	char expires[32], sign[80];
};

static bool read_id(struct record_address *address, const char *text, size_t length)
{
	if (!length || length > 18 || strspn(text, "0123456789") < length)
		return false;
	address->id = strtoll(text, NULL, 10); /* ends at the slash or the dot */
	return true;
}

/** The next part of a path, which ends with a slash; false: there is none, or it is too long. */
static bool take_part(const char **path, char *part, size_t size)
{
	size_t length = strcspn(*path, "/");

	if (!(*path)[length] || length >= size)
		return false;
	memcpy(part, *path, length);
	part[length] = 0;
	*path += length + 1;
	return true;
}

/** /record/ID.mp4?expires=UNIX&sign=HEX or /record/ID/UNIX/HEX/NAME; false: it is another path. */
static bool record_route(struct record_address *address, const struct tess_http_request *request)
{
	static const char prefix[] = "/record/";
	const char *at = request->path;
	char id[24];

	*address = (struct record_address){0};
	if (route(address->name, sizeof(address->name), at, prefix, ".mp4") &&
	    read_id(address, address->name, strlen(address->name))) {
		/* without them it is a wrong signature */
		if (tess_http_query(address->expires, sizeof(address->expires), request->query,
				    "expires") ||
		    tess_http_query(address->sign, sizeof(address->sign), request->query, "sign"))
			address->sign[0] = 0;
		(void)snprintf(address->name, sizeof(address->name), "%" PRId64 ".mp4",
			       address->id);
		return true;
	}
	if (strncmp(at, prefix, strlen(prefix)) != 0)
		return false;
	at += strlen(prefix);
	if (!take_part(&at, id, sizeof(id)) || !read_id(address, id, strlen(id)) ||
	    !take_part(&at, address->expires, sizeof(address->expires)) ||
	    !take_part(&at, address->sign, sizeof(address->sign)) || !*at)
		return false;
	address->file = at;
	at = strrchr(at, '/') ? strrchr(at, '/') + 1 : at;
	(void)snprintf(address->name, sizeof(address->name), "%s", at);
	return true;
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
			      const struct record_address *address)
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
	struct record_address address;
	char name[TESS_HTTP_MAX_PATH];
	bool with_body = request->method != TESS_HTTP_HEAD;

	connection->keep_alive = request->keep_alive;
	if (request->method == TESS_HTTP_OPTIONS) /* a preflight (Fetch §3.2) */
		return send_head(connection, 204,
				 "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
				 "Access-Control-Allow-Headers: Range\r\n"
				 "Access-Control-Max-Age: 86400\r\n",
				 0)
			       ? NEXT_CLOSE
			       : NEXT_REQUEST;
	if (route(name, sizeof(name), request->path, "/live/", ".flv"))
		return serve_live(connection, request, name);
	if (record_route(&address, request))
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
	(void)answer(connection, status, status == 405 ? "Allow: GET, HEAD, OPTIONS\r\n" : "",
		     true);
	connection_close(connection);
}

/** Answer what has been received. @return false: the connection is gone */
static bool handle_input(struct connection *connection)
{
	struct tess_http_request request;
	size_t used;

	/* one file at a time: the requests behind it wait in the buffer */
	while (connection->input_length && connection->file.fd < 0) {
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
		switch (serve(connection, &request)) {
		case NEXT_GONE:
			return false;
		case NEXT_CLOSE:
			connection_close(connection);
			return false;
		case NEXT_REQUEST:
			break;
		}
		if (connection->file.fd >= 0) {
			if (tess_watch_set(connection->watch, EPOLLOUT)) {
				connection_close(connection);
				return false;
			}
			connection->deadline_us += SEND_STALL_US - HEAD_US;
		} else if (!connection->keep_alive) {
			connection_close(connection);
			return false;
		}
	}
	return true;
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

static void send_file(struct connection *connection)
{
	int rc = tess_http_file_send(&connection->file, connection->fd);
	int64_t now_us = tess_loop_now_us(connection->http->loop);

	if (rc == -EAGAIN)
		return;
	if (rc < 0) {
		connection_close(connection);
		return;
	}
	connection->deadline_us = now_us + SEND_STALL_US;
	if (rc == 0)
		return;
	tess_http_file_close(&connection->file);
	if (!connection->keep_alive || tess_watch_set(connection->watch, EPOLLIN)) {
		connection_close(connection);
		return;
	}
	connection->deadline_us = now_us + HEAD_US;
	(void)handle_input(connection);
}

static void on_connection(void *arg, uint32_t events)
{
	struct connection *connection = arg;

	if (connection->file.fd < 0)
		receive(connection);
	else if (events & EPOLLOUT)
		send_file(connection);
	else
		connection_close(connection); /* an error or a hang-up in the middle of a file */
}

/**
 * Whoever holds connections without asking anything must not keep the others out: the one goes that
 * has waited longest for a request.
 * @retval 0, -EUSERS all send a file
 */
static int make_room(struct tess_http *http)
{
	struct connection *oldest = NULL;

	for (unsigned i = 0; i < http->connection_count; i++) {
		struct connection *connection = http->connections[i];

		/* closed ones are taken out of the array, which clang's analyzer does not see */
		if (connection->file.fd < 0 && /* NOLINT(clang-analyzer-unix.Malloc) */
		    (!oldest || connection->deadline_us < oldest->deadline_us))
			oldest = connection;
	}
	if (!oldest)
		return -EUSERS;
	connection_close(oldest);
	return 0;
}

static void connection_open(struct tess_http *http, int fd)
{
	static const int on = 1, unsent = UNSENT_BYTES;
	struct connection *connection;

	if (http->connection_count >= http->config.max_connections && make_room(http)) {
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
		if (connection->input_length && connection->file.fd < 0) {
			connection->keep_alive = false;
			(void)answer(connection, 408, "", true);
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
	http->connections = calloc(config->max_connections, sizeof(*http->connections));
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
