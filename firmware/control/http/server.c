/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/http/server.c - see server.h.
 */
#include "firmware/control/http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/control/http/dispatch.h"
#include "firmware/control/text.h"

#define MAX_CONNECTIONS	 256
#define FULL_CONNECTIONS 240	     /* from here on a new one pushes out an old one */
#define HEADER_BYTES	 (96 * 1024) /* the cloud's queries may have 32 KiB, twice decoded */
#define IDLE_S		 30
#define READ_US		 60000000
#define WRITE_US	 120000000
#define SWEEP_US	 5000000
#define MAX_BODIES_BYTES (64u << 20)
#define FIRST_BODY_BYTES 4096

/* A connection, from when it was accepted until it is closed. */
struct connection {
	struct connection *next, **link;
	int fd;
	int64_t deadline_us;
	uint64_t network; /* who it is from: an IPv4 address or an IPv6 /64 */
	bool ending;	  /* was shut down */
};

struct tess_http_server {
	struct tess_control *control;
	struct tess_loop *loop;
	struct MHD_Daemon *daemon;
	struct tess_watch *watch;
	struct tess_timer *timer; /* what the daemon asks for */
	struct tess_timer *sweep;
	struct connection *connections;
	unsigned connection_count; /* without those that end */
	size_t bodies_bytes;	   /* allocated for bodies now */
	uint16_t port;
};

/* A request, from its first line until it is answered. */
struct exchange {
	struct tess_http_server *server;
	char *uri; /* as received: path, then query */
	char *query;
	char *body;
	size_t length, capacity;
	bool begun;
	bool no_room;
};

static int64_t now(const struct tess_http_server *server)
{
	return tess_clock_now_us(server->control->clock);
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* The daemon notices, and gives it up. */
static void end_connection(struct tess_http_server *server, struct connection *connection)
{
	if (connection->ending)
		return;
	connection->ending = true;
	server->connection_count--;
	shutdown(connection->fd, SHUT_RDWR);
}

static uint64_t network_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info ? info->client_addr : NULL;
	const struct in6_addr *in6;
	uint64_t network = 0;

	if (sa && sa->sa_family == AF_INET)
		return ((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr;
	if (!sa || sa->sa_family != AF_INET6)
		return 0;
	in6 = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(in6))
		memcpy(&network, in6->s6_addr + 12, 4);
	else
		memcpy(&network, in6->s6_addr, 8);
	return network;
}

static unsigned count_of(const struct tess_http_server *server, uint64_t network)
{
	const struct connection *connection;
	unsigned count = 0;

	for (connection = server->connections; connection; connection = connection->next)
		count += !connection->ending && connection->network == network;
	return count;
}

/* Whoever holds connections without asking anything must not keep the others out: of who has most
 * of them, the one goes that has waited longest. */
static void make_room(struct tess_http_server *server)
{
	struct connection *connection, *oldest = NULL;
	unsigned most = 0;

	for (connection = server->connections; connection; connection = connection->next) {
		unsigned count = connection->ending ? 0 : count_of(server, connection->network);

		if (count > most ||
		    (count && count == most && connection->deadline_us < oldest->deadline_us)) {
			most = count;
			oldest = connection;
		}
	}
	if (oldest)
		end_connection(server, oldest);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct tess_http_server *server = arg;
	struct connection *connection = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

		connection = calloc(1, sizeof(*connection));
		if (!connection)
			return; /* then only the daemon's own limit holds for it */
		connection->fd = info->connect_fd;
		connection->deadline_us = now(server) + READ_US;
		connection->network = network_of(mhd);
		if (server->connection_count >= FULL_CONNECTIONS)
			make_room(server);
		server->connection_count++;
		connection->next = server->connections;
		connection->link = &server->connections;
		if (connection->next)
			connection->next->link = &connection->next;
		server->connections = connection;
		*context = connection;
	} else if (connection) {
		if (!connection->ending)
			server->connection_count--;
		*connection->link = connection->next;
		if (connection->next)
			connection->next->link = connection->link;
		free(connection);
		*context = NULL;
	}
}

/* The daemon's time-out is for idle connections; this one is also for those that send or take a
 * byte now and then. */
static void sweep(void *arg)
{
	struct tess_http_server *server = arg;
	struct connection *connection;

	for (connection = server->connections; connection; connection = connection->next)
		if (now(server) >= connection->deadline_us)
			end_connection(server, connection);
	tess_timer_start(server->sweep, SWEEP_US);
}

static void extend(struct MHD_Connection *mhd, const struct tess_http_server *server, int64_t us)
{
	struct connection *connection = connection_of(mhd);

	if (connection)
		connection->deadline_us = now(server) + us;
}

/* The first line has come. The result is what the other calls get as *context. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	(void)mhd;
	if (!exchange)
		return NULL;
	exchange->server = arg;
	exchange->uri = strdup(uri);
	if (!exchange->uri) {
		free(exchange);
		return NULL;
	}
	exchange->query = strchr(exchange->uri, '?');
	if (exchange->query)
		*exchange->query++ = 0;
	return exchange;
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **context,
			 enum MHD_RequestTerminationCode code)
{
	struct tess_http_server *server = arg;
	struct exchange *exchange = *context;

	(void)code;
	extend(mhd, server, READ_US);
	if (!exchange)
		return;
	server->bodies_bytes -= exchange->capacity;
	free(exchange->body);
	free(exchange->uri);
	free(exchange);
	*context = NULL;
}

/* Take part of a body. What is over the limit by one byte stays so: that is how the handlers see
 * it. */
static void take(struct exchange *exchange, const char *data, size_t length)
{
	size_t most = tess_dispatch_max_body(exchange->uri) + 1;
	struct tess_http_server *server = exchange->server;

	if (length > most - exchange->length)
		length = most - exchange->length;
	if (exchange->no_room || !length)
		return;
	if (exchange->length + length > exchange->capacity) {
		size_t capacity = exchange->capacity ? exchange->capacity : FIRST_BODY_BYTES;
		char *body;

		while (capacity < exchange->length + length)
			capacity *= 2;
		body = server->bodies_bytes + capacity - exchange->capacity > MAX_BODIES_BYTES
			       ? NULL
			       : realloc(exchange->body, capacity);
		if (!body) {
			exchange->no_room = true;
			return;
		}
		server->bodies_bytes += capacity - exchange->capacity;
		exchange->body = body;
		exchange->capacity = capacity;
	}
	memcpy(exchange->body + exchange->length, data, length);
	exchange->length += length;
}

static const char *get_header(void *arg, const char *name)
{
	return MHD_lookup_connection_value(arg, MHD_HEADER_KIND, name);
}

/* An IPv4 client of an IPv6 socket is an IPv4 client. */
static void describe_client(struct MHD_Connection *mhd, struct tess_request *request,
			    char text[INET6_ADDRSTRLEN])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info ? info->client_addr : NULL;

	tess_text_copy(text, INET6_ADDRSTRLEN, "?");
	request->address = text;
	if (sa && sa->sa_family == AF_INET6) {
		const struct in6_addr *in6 =
			&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(in6)) {
			inet_ntop(AF_INET, in6->s6_addr + 12, text, INET6_ADDRSTRLEN);
			request->loopback = in6->s6_addr[12] == 127;
		} else {
			inet_ntop(AF_INET6, in6, text, INET6_ADDRSTRLEN);
			request->loopback = IN6_IS_ADDR_LOOPBACK(in6);
		}
	} else if (sa && sa->sa_family == AF_INET) {
		const struct in_addr *in =
			&((const struct sockaddr_in *)(const void *)sa)->sin_addr;

		inet_ntop(AF_INET, in, text, INET6_ADDRSTRLEN);
		request->loopback = ntohl(in->s_addr) >> 24 == 127;
	}
}

/* The response takes over the body or the file. */
static struct MHD_Response *to_mhd(struct tess_response *response)
{
	struct MHD_Response *mhd;

	if (response->file >= 0) {
		mhd = MHD_create_response_from_fd(response->file_length, response->file);
		if (mhd)
			response->file = -1;
	} else if (response->body) {
		mhd = MHD_create_response_from_buffer(response->body_length, response->body,
						      MHD_RESPMEM_MUST_FREE);
		if (mhd)
			response->body = NULL;
	} else {
		mhd = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	}
	for (unsigned i = 0; mhd && i < response->header_count; i++) {
		if (MHD_add_response_header(mhd, response->headers[i].name,
					    response->headers[i].value) == MHD_NO) {
			MHD_destroy_response(mhd);
			mhd = NULL;
		}
	}
	return mhd;
}

static enum MHD_Result answer(struct exchange *exchange, struct MHD_Connection *mhd,
			      const char *method)
{
	struct tess_http_server *server = exchange->server;
	char address[INET6_ADDRSTRLEN];
	struct tess_request request = {
		.method = method,
		.path = exchange->uri,
		.query = exchange->query ? exchange->query : "",
		.get_header = get_header,
		.header_arg = mhd,
		.body = exchange->body ? exchange->body : "",
		.body_length = exchange->length,
	};
	struct tess_response response;
	struct MHD_Response *out;
	enum MHD_Result result = MHD_NO;

	describe_client(mhd, &request, address);
	tess_response_init(&response);
	if (exchange->no_room) {
		if (tess_response_error(&response, 503, "busy", "", "Too much at once; try again."))
			return MHD_NO;
	} else {
		tess_dispatch(server->control, &request, &response);
	}
	extend(mhd, server, WRITE_US);
	out = to_mhd(&response);
	if (out) {
		result = MHD_queue_response(mhd, response.status, out);
		MHD_destroy_response(out);
	}
	tess_response_fini(&response);
	return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *length, void **context)
{
	struct exchange *exchange = *context;

	(void)arg;
	(void)url; /* decoded: the handlers want it as it was received */
	(void)version;
	if (!exchange)
		return MHD_NO;
	if (!exchange->begun) {
		exchange->begun = true;
		return MHD_YES;
	}
	if (*length) {
		take(exchange, data, *length);
		*length = 0;
		return MHD_YES;
	}
	return answer(exchange, mhd, method);
}

static void run(struct tess_http_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	MHD_run(server->daemon);
	if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES)
		tess_timer_start(server->timer, (int64_t)timeout_ms * 1000);
	else
		tess_timer_stop(server->timer);
}

static void on_event(void *arg, uint32_t events)
{
	(void)events;
	run(arg);
}

static void on_timer(void *arg)
{
	run(arg);
}

static int listen_at(const char *text, uint16_t *port)
{
	union tess_addr address;
	socklen_t length;
	int fd, one = 1, zero = 0, rc;

	rc = tess_config_address(text, &address);
	if (rc)
		return rc;
	length = address.sa.sa_family == AF_INET6 ? sizeof(address.in6) : sizeof(address.in);
	fd = socket(address.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    (address.sa.sa_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero))) ||
	    bind(fd, &address.sa, length) || listen(fd, 128) ||
	    getsockname(fd, &address.sa, &length)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	/* the port is at the same place in both */
	*port = ntohs(address.in.sin_port);
	return fd;
}

static int start_daemon(struct tess_http_server *server, int fd)
{
	const union MHD_DaemonInfo *info;

	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HEADER_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_URI_LOG_CALLBACK,
		on_uri, server, MHD_OPTION_END);
	if (!server->daemon) {
		close(fd);
		return -ENOMEM;
	}
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return -ENOTSUP;
	return tess_watch_add(&server->watch, server->loop, info->epoll_fd, EPOLLIN, on_event,
			      server);
}

int tess_http_server_start(struct tess_http_server **serverp, struct tess_control *control,
			   struct tess_loop *loop)
{
	struct tess_http_server *server = calloc(1, sizeof(*server));
	int fd, rc;

	if (!server)
		return -ENOMEM;
	server->control = control;
	server->loop = loop;
	rc = tess_timer_alloc(&server->timer, loop, on_timer, server);
	if (!rc)
		rc = tess_timer_alloc(&server->sweep, loop, sweep, server);
	if (!rc) {
		fd = listen_at(control->config->control.listen, &server->port);
		rc = fd < 0 ? fd : start_daemon(server, fd);
	}
	if (rc) {
		tess_http_server_stop(server);
		return rc;
	}
	tess_timer_start(server->sweep, SWEEP_US);
	run(server);
	*serverp = server;
	return 0;
}

void tess_http_server_stop(struct tess_http_server *server)
{
	if (!server)
		return;
	tess_watch_remove(server->watch);
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	tess_timer_free(server->timer);
	tess_timer_free(server->sweep);
	free(server);
}

uint16_t tess_http_server_port(const struct tess_http_server *server)
{
	return server->port;
}
