/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_serve.c - what is asked for, and the answers.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/egress/guard.h"
#include "firmware/egress/http_internal.h"
#include "firmware/egress/http_routes.h"

/* all of what is in memory must have been taken in this */
#define BODY_US 60000000
/* long enough to watch what was begun in the evening until the morning */
#define WATCH_S (12 * 3600)

/** @retval 0, -EIO: it was not taken as a whole */
static int send_text(const struct connection *connection, const char *text, size_t length,
		     int flags)
{
	const struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = length};

	/* a socket whose buffer has no room for a head has a peer that asks and does not read */
	return tess_transport_write(&connection->transport, &iov, 1, flags) == (ssize_t)length &&
			       !tess_transport_is_behind(&connection->transport)
		       ? 0
		       : -EIO;
}

/** Send the head of an answer. @retval 0, -EIO: it was not taken as a whole */
static int send_head(const struct connection *connection, int status, const char *headers,
		     int flags)
{
	char head[TESS_HTTP_FILE_HEADERS + sizeof(connection->cors) + 128];
	int length = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\nServer: tessera\r\n%s%s%s\r\n",
			      status, tess_http_reason(status), connection->cors,
			      connection->keep_alive ? "" : "Connection: close\r\n", headers);

	return send_text(connection, head, (size_t)length, flags);
}

int tess_http_answer(struct connection *connection, int status, const char *extra, bool with_body)
{
	char headers[TESS_HTTP_FILE_HEADERS];
	const char *text = status == 200 ? "ok\n" : tess_http_reason(status);
	int rc;

	(void)snprintf(headers, sizeof(headers),
		       "%sCache-Control: no-store\r\nContent-Type: text/plain\r\n"
		       "Content-Length: %zu\r\n",
		       extra, strlen(text));
	rc = send_head(connection, status, headers, with_body ? MSG_MORE : 0);
	return !rc && with_body ? send_text(connection, text, strlen(text), 0) : rc;
}

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
	if (getpeername(connection->transport.fd, &play.address.sa, &size))
		return -EACCES;
	return tess_play_check(config->guard, app, &play);
}

/** Answer a request that check_live() or tess_live_admit() has refused. */
static enum next refuse_live(struct connection *connection, const struct tess_http_request *request,
			     int rc)
{
	int status = rc == -ENOENT ? 404 : rc == -EACCES ? 403 : 503;

	return tess_http_answer(connection, status, rc == -EUSERS ? "Retry-After: 10\r\n" : "",
				request->method != TESS_HTTP_HEAD)
		       ? NEXT_CLOSE
		       : NEXT_REQUEST;
}

static enum next serve_live(struct connection *connection, const struct tess_http_request *request,
			    const char *name)
{
	struct tess_live *live = connection->http->config.live;
	struct tess_transport transport = connection->transport;
	int rc = check_live(connection, request, name, 0);

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
	tess_http_forget(connection);
	if (tess_live_join(live, name, &transport, NULL))
		tess_transport_close(&transport);
	return NEXT_GONE;
}

/** @retval NEXT_REQUEST it is answered, or will be, NEXT_CLOSE */
static enum next wait_for(struct connection *connection, struct tess_live_hls *hls,
			  const struct tess_hls_ask *ask)
{
	connection->wait = malloc(sizeof(*connection->wait));
	if (!connection->wait)
		return NEXT_CLOSE;
	*connection->wait =
		(struct tess_hls_wait){.ask = *ask, .wake = tess_http_on_hls, .arg = connection};
	tess_live_hls_wait(hls, connection->wait);
	connection->deadline_us =
		tess_loop_now_us(connection->http->loop) + tess_live_hls_patience_us(hls);
	return NEXT_REQUEST;
}

enum next tess_http_answer_hls(struct connection *connection, struct tess_live_hls *hls,
			       const struct tess_hls_ask *ask)
{
	int rc = tess_live_hls_answer(hls, ask, &connection->body);
	char headers[TESS_HTTP_FILE_HEADERS];

	if (rc == -EAGAIN)
		return wait_for(connection, hls, ask);
	if (rc)
		return tess_http_answer(connection,
					rc == -EINVAL	? 400
					: rc == -ENOENT ? 404
							: 503,
					"", !connection->head_only)
			       ? NEXT_CLOSE
			       : NEXT_REQUEST;
	tess_hls_headers(headers, sizeof(headers), ask, connection->body.length);
	if (connection->head_only)
		tess_http_body_close(&connection->body);
	connection->body_until_us = tess_loop_now_us(connection->http->loop) + BODY_US;
	return send_head(connection, 200, headers, tess_http_is_sending(connection) ? MSG_MORE : 0)
		       ? NEXT_CLOSE
		       : NEXT_REQUEST;
}

static enum next serve_hls(struct connection *connection, const struct tess_http_request *request,
			   const char *name, struct tess_hls_ask *ask)
{
	struct tess_live_hls *hls;
	int rc;

	ask->session = tess_hls_session(connection->transport.fd, request, ask);
	rc = check_live(connection, request, name, ask->session);
	if (!rc)
		rc = tess_live_watch_hls(connection->http->config.live, name, ask->session,
					 connection->transport.fd, &hls);
	if (rc)
		return refuse_live(connection, request, rc);
	connection->head_only = ask->head = request->method == TESS_HTTP_HEAD;
	return tess_http_answer_hls(connection, hls, ask);
}

/** Control's own address, without a slash at its end: as configured, or at the host that was asked.
 * @return false: nobody knows it */
static bool control_address(char *url, size_t size, const struct tess_http_config *config,
			    const struct tess_http_request *request)
{
	const char *host = request->host, *end = *host == '[' ? strchr(host, ']') : host;
	int length;

	if (config->control_url && *config->control_url) {
		length = (int)strlen(config->control_url);
		while (length && config->control_url[length - 1] == '/')
			length--;
		return snprintf(url, size, "%.*s", length, config->control_url) < (int)size;
	}
	end = end ? end + strcspn(end, ":") : NULL;
	if (!config->control_port || !end || end == host)
		return false;
	return snprintf(url, size, "http://%.*s:%u", (int)(end - host), host,
			config->control_port) < (int)size;
}

/** Send the one who asks to control. @return false: it cannot be */
static bool send_elsewhere(struct connection *connection, const struct tess_http_request *request)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/=&";
	char location[TESS_HTTP_FILE_HEADERS - 128], url[320];

	return control_address(url, sizeof(url), &connection->http->config, request) &&
	       !request->path[strspn(request->path, plain)] &&
	       !request->query[strspn(request->query, plain)] &&
	       snprintf(location, sizeof(location), "Location: %s%s%s%s\r\n", url, request->path,
			request->query[0] ? "?" : "", request->query) < (int)sizeof(location) &&
	       !tess_http_answer(connection, 302, location, request->method != TESS_HTTP_HEAD);
}

/** What a key of a domain lets in: the file alone. @retval 0, -EACCES */
static int check_key(const struct tess_http *http, const struct tess_http_request *request,
		     const struct tess_record_address *address, uint32_t app)
{
	char name[sizeof(address->name)];
	char *suffix;

	(void)snprintf(name, sizeof(name), "%s", address->name);
	suffix = strrchr(name, '.');
	if (suffix)
		*suffix = 0;
	return http->config.guard ? tess_guard_file(http->config.guard, app, name, request->query)
				  : -EACCES;
}

/**
 * What a playlist lists has no query: send the player, which has the right, to an address with the
 * right in its path, good for as long as somebody watches who begins now.
 */
static int send_to_signed(struct connection *connection, const struct tess_http_request *request,
			  const struct tess_record_address *address)
{
	struct tess_http *http = connection->http;
	char location[TESS_HTTP_MAX_PATH + 128], expires[24], sign[TESS_TOKEN_SIGN_SIZE];

	(void)snprintf(expires, sizeof(expires), "%" PRId64,
		       tess_clock_utc_us(http->config.clock) / 1000000 + WATCH_S);
	if (!http->has_key || tess_token_sign(sign, http->key, address->id, expires))
		return -EIO;
	/* relative, as nobody knows here what a proxy has in front of the path */
	(void)snprintf(location, sizeof(location), "Location: %s/%s/%s\r\n", expires, sign,
		       address->name);
	return tess_http_answer(connection, 302, location, request->method != TESS_HTTP_HEAD);
}

static bool is_playlist(const char *name)
{
	const char *suffix = strrchr(name, '.');

	return suffix && !strcmp(suffix, ".m3u8");
}

static enum next serve_record(struct connection *connection,
			      const struct tess_http_request *request,
			      const struct tess_record_address *address)
{
	struct tess_http *http = connection->http;
	bool with_body = request->method != TESS_HTTP_HEAD;
	char headers[TESS_HTTP_FILE_HEADERS];
	int status = 404, fd, rc;

	if (!address->by_key &&
	    (!http->has_key ||
	     tess_token_check(http->key, address->id, address->expires, address->sign,
			      tess_clock_utc_us(http->config.clock))))
		return tess_http_answer(connection, 403, "", with_body) ? NEXT_CLOSE : NEXT_REQUEST;
	rc = http->config.record_open(http->config.arg, address->id, address->file, &fd,
				      &connection->file_app);
	if (!rc && address->by_key && check_key(http, request, address, connection->file_app)) {
		(void)close(fd);
		return tess_http_answer(connection, 403, "", with_body) ? NEXT_CLOSE : NEXT_REQUEST;
	}
	if (!rc && address->by_key && is_playlist(address->name)) {
		(void)close(fd);
		return send_to_signed(connection, request, address) ? NEXT_CLOSE : NEXT_REQUEST;
	}
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
		return tess_http_answer(connection, status, "", with_body) ? NEXT_CLOSE
									   : NEXT_REQUEST;
	return send_head(connection, status, headers, connection->file.fd >= 0 ? MSG_MORE : 0)
		       ? NEXT_CLOSE
		       : NEXT_REQUEST;
}

enum next tess_http_serve(struct connection *connection, const struct tess_http_request *request)
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
		return tess_http_answer(connection, 400, "", with_body) ? NEXT_CLOSE : NEXT_REQUEST;
	if (tess_http_record_route(&address, request))
		return serve_record(connection, request, &address);
	return tess_http_answer(connection, strcmp(request->path, "/health") == 0 ? 200 : 404, "",
				with_body)
		       ? NEXT_CLOSE
		       : NEXT_REQUEST;
}
