/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_internal.h - what http_server.c (connections) and http_serve.c (answers)
 * share.
 */
#ifndef TESS_EGRESS_HTTP_INTERNAL_H
#define TESS_EGRESS_HTTP_INTERNAL_H

#include "firmware/base/log.h"
#include "firmware/egress/http_file.h"
#include "firmware/egress/http_server.h"
#include "firmware/egress/live.h"
#include "firmware/egress/live_hls.h"

struct connection {
	struct tess_http *http;
	unsigned index; /* of http->connections */
	struct tess_transport transport;
	struct tess_watch *watch;
	int64_t deadline_us;
	uint8_t *input; /* TESS_HTTP_MAX_HEAD bytes, while a head is being received */
	size_t input_length;
	bool keep_alive;
	char cors[320];		    /* headers of the answer that is being made */
	struct tess_http_file file; /* what is being sent, if its fd is not -1 */
	uint32_t file_app;
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

enum next {
	NEXT_REQUEST = 1, /* the answer is out, the connection may go on */
	NEXT_CLOSE,
	NEXT_GONE, /* the connection belongs to a viewer now */
};

bool tess_http_is_sending(const struct connection *connection);
/** Let go of the connection without closing its socket. */
void tess_http_forget(struct connection *connection);
/** Ask again for what was waited for; @p arg is the connection. */
void tess_http_on_hls(void *arg);

/** A short text as the answer. @retval 0, -EIO */
int tess_http_answer(struct connection *connection, int status, const char *extra, bool with_body);
enum next tess_http_answer_hls(struct connection *connection, struct tess_live_hls *hls,
			       const struct tess_hls_ask *ask);
enum next tess_http_serve(struct connection *connection, const struct tess_http_request *request);

#endif
