/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/egress.c - puts the parts of the process together and speaks docs/links.md.
 */
#include "firmware/egress/egress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/facts_pieces.h"
#include "firmware/egress/http_server.h"
#include "firmware/egress/live.h"
#include "firmware/egress/live_viewers.h"
#include "firmware/egress/publishers.h"
#include "firmware/egress/records.h"
#include "firmware/egress/relays.h"
#include "firmware/egress/removals.h"
#include "firmware/egress/rtmp_server.h"
#include "firmware/egress/streams.h"
#include "firmware/egress/tls_context.h"
#include "firmware/egress/uploads.h"
#include "firmware/link/link.h"

#define FACTS_US 1000000
/* of recordings in one message; a link takes 8 MiB, and a list of uploads.h comes along */
#define FACTS_BYTES (1u << 20)
/* between two steps of removing, and until it is looked whether one that stayed may go */
#define REMOVE_US	20000
#define REMOVE_AGAIN_US 1000000
/* without control it listens all the same, for its health can be asked */
#define LISTEN_US 1000000
/* an address that another process holds is tried again */
#define LISTEN_RETRY_US 1000000
/* connections of requests and downloads, beside the players */
#define MAX_REQUESTS 1024

struct tess_egress {
	struct tess_loop *loop;
	const struct tess_clock *clock;
	const struct tess_config *config;
	struct tess_streams *streams;
	struct tess_guard *guard;
	struct tess_traffic *traffic;
	struct tess_live *live;
	struct tess_relays *relays;
	struct tess_publishers *publishers;
	struct tess_records *records;
	struct tess_http *http, *https; /* NULL: does not listen yet, or by TLS never */
	struct tess_tls_context *tls;	/* NULL: there is none */
	struct tess_rtmp_listener *rtmp;
	struct tess_link *control, *media;
	struct tess_timer *facts, *listen;
	union tess_addr address, tls_address, rtmp_address;
	uint16_t control_port;
	bool has_key;
	uint8_t key[TESS_TOKEN_KEY_SIZE];
	int listen_error, tls_error, rtmp_error; /* told last */
	json_t *deleted_files;			 /* as control wants it; NULL at first */
	json_t *gone_files;			 /* those of them that are gone */
	struct tess_timer *removals;
	struct tess_uploads *uploads;
};

static int open_record(void *arg, int64_t id, const char *name, int *fdp, uint32_t *app)
{
	struct tess_egress *egress = arg;
	int64_t folder = 0;
	int rc = tess_records_open(egress->records, id, name, fdp, &folder);

	*app = rc ? 0 : tess_guard_owner(egress->guard, folder);
	return rc;
}

/** Tell why it does not listen, once for each reason, and try again. */
static void listen_failed(struct tess_egress *egress, const char *address, int *told, int rc)
{
	if (rc != *told)
		TESS_ERROR("egress.listen_failed", "address=%s error=\"%s\"", address,
			   strerror(-rc));
	*told = rc;
	tess_timer_start(egress->listen, LISTEN_RETRY_US);
}

/** By TLS if @p tls is not NULL. */
static void listen_http(struct tess_egress *egress, struct tess_http **httpp,
			struct tess_tls_context *tls)
{
	const char *address =
		tls ? egress->config->egress.tls_listen : egress->config->egress.listen;
	int *told = tls ? &egress->tls_error : &egress->listen_error;
	const struct tess_http_config config = {
		.listen = tls ? egress->tls_address : egress->address,
		.tls = tls,
		.max_connections = MAX_REQUESTS,
		.max_viewers = egress->config->egress.max_viewers,
		.clock = egress->clock,
		.live = egress->live,
		.guard = egress->guard,
		.traffic = egress->traffic,
		.record_open = open_record,
		.arg = egress,
		.control_port = egress->control_port,
		.control_url = egress->config->control.public_url,
	};
	int rc = tess_http_alloc(httpp, egress->loop, &config);

	if (rc) {
		listen_failed(egress, address, told, rc);
		return;
	}
	*told = 0;
	if (egress->has_key)
		tess_http_set_key(*httpp, egress->key);
	TESS_INFO("egress.listening", "address=%s port=%u protocol=%s", address,
		  tess_http_port(*httpp), tls ? "https" : "http");
}

/** A certificate that is no good keeps nothing else from working, and is tried again. */
static void listen_https(struct tess_egress *egress)
{
	char error[512] = "";
	int rc = egress->tls ? 0
			     : tess_tls_context_alloc(&egress->tls, egress->config, error,
						      sizeof(error));

	if (!rc) {
		listen_http(egress, &egress->https, egress->tls);
		return;
	}
	if (rc != egress->tls_error)
		TESS_ERROR("tls.not_read", "error=\"%s\"", *error ? error : strerror(-rc));
	egress->tls_error = rc;
	tess_timer_start(egress->listen, LISTEN_RETRY_US);
}

static void listen_rtmp(struct tess_egress *egress)
{
	const struct tess_rtmp_listener_config config = {
		.listen = egress->rtmp_address,
		.max_connections = MAX_REQUESTS,
		.live = egress->live,
		.guard = egress->guard,
		.publishers = egress->publishers,
	};
	int rc = tess_rtmp_listener_alloc(&egress->rtmp, egress->loop, &config);

	if (rc) {
		listen_failed(egress, egress->config->egress.rtmp_listen, &egress->rtmp_error, rc);
		return;
	}
	egress->rtmp_error = 0;
	TESS_INFO("egress.listening", "address=%s port=%u protocol=rtmp",
		  egress->config->egress.rtmp_listen, tess_rtmp_listener_port(egress->rtmp));
}

static void start_listening(void *arg)
{
	struct tess_egress *egress = arg;

	if (!egress->http)
		listen_http(egress, &egress->http, NULL);
	if (!egress->https && *egress->config->egress.tls_listen)
		listen_https(egress);
	if (!egress->rtmp && *egress->config->egress.rtmp_listen)
		listen_rtmp(egress);
}

static void send_message(struct tess_egress *egress, json_t *message)
{
	int rc = message ? tess_link_send(egress->control, message, NULL, 0) : -ENOMEM;

	if (rc && rc != -ENOTCONN)
		TESS_ERROR("facts.not_sent", "error=\"%s\"", strerror(-rc));
	json_decref(message);
}

/** The facts of recordings go in as many messages as it takes. @return what is left for the last */
static json_t *send_records(struct tess_egress *egress)
{
	json_t *records = tess_records_facts(egress->records), *last;
	json_t *pieces = records ? tess_facts_pieces(records, FACTS_BYTES) : NULL;
	size_t count = json_array_size(pieces);

	for (size_t i = 0; i + 1 < count; i++)
		send_message(egress, json_pack("{s:s, s:b, s:O}", "type", "facts", "more", 1,
					       "records", json_array_get(pieces, i)));
	last = count ? json_incref(json_array_get(pieces, count - 1)) : NULL;
	json_decref(pieces);
	json_decref(records);
	return last;
}

static void send_facts(struct tess_egress *egress)
{
	struct tess_records_counters records;
	json_t *counters = json_object(), *live = tess_live_facts(egress->live);

	tess_live_viewers_list(egress->live, live);
	tess_guard_count(egress->guard, counters);
	tess_records_counters(egress->records, &records);
	tess_live_count(egress->live, counters);
	tess_relays_count(egress->relays, counters);
	tess_relays_meter(egress->relays);
	tess_publishers_count(egress->publishers, counters);
	(void)json_object_set_new(counters, "fragments",
				  json_integer((json_int_t)records.fragments));
	(void)json_object_set_new(counters, "record_bytes",
				  json_integer((json_int_t)records.bytes));
	(void)json_object_set_new(counters, "record_units_late",
				  json_integer((json_int_t)records.units_late));
	(void)json_object_set_new(counters, "record_units_no_key",
				  json_integer((json_int_t)records.units_no_key));
	(void)json_object_set_new(counters, "record_units_refused",
				  json_integer((json_int_t)records.units_refused));
	(void)json_object_set_new(counters, "record_write_errors",
				  json_integer((json_int_t)records.write_errors));
	/* a NULL among the values makes no message, and frees the others */
	send_message(egress, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:O, s:o}", "type",
				       "facts", "records", send_records(egress), "live", live,
				       "traffic", tess_traffic_facts(egress->traffic), "relays",
				       tess_relays_facts(egress->relays), "publishers",
				       tess_publishers_facts(egress->publishers), "counters",
				       counters, "deleted_files", egress->gone_files, "orders",
				       tess_uploads_facts(egress->uploads)));
}

static void remove_files(void *arg)
{
	struct tess_egress *egress = arg;
	json_t *gone;
	bool more;

	gone = tess_removals_step(egress->config->egress.record_dir, egress->deleted_files, &more);
	if (gone && !json_equal(gone, egress->gone_files)) {
		json_decref(egress->gone_files);
		egress->gone_files = json_incref(gone);
		send_facts(egress);
	}
	json_decref(gone);
	if (json_array_size(egress->deleted_files))
		tess_timer_start(egress->removals, more ? REMOVE_US : REMOVE_AGAIN_US);
}

static void on_facts_timer(void *arg)
{
	struct tess_egress *egress = arg;

	send_facts(egress);
	tess_timer_start(egress->facts, FACTS_US);
}

static void on_records_change(void *arg)
{
	send_facts(arg);
}

/** An order is over. A frame goes before the facts that say so. */
static void on_orders_change(void *arg)
{
	struct tess_egress *egress = arg;
	char id[64];
	int fd, rc;

	while ((rc = tess_uploads_take_frame(egress->uploads, id, &fd)) == 1) {
		json_t *message = json_pack("{s:s, s:s}", "type", "key_frame", "id", id);

		if (message)
			(void)tess_link_send(egress->control, message, &fd, 1);
		json_decref(message);
		(void)close(fd);
	}
	if (rc)
		TESS_ERROR("record.no_frame", "error=\"%s\"", strerror(-rc));
	send_facts(egress);
}

static void on_control_up(void *arg, struct tess_link *link)
{
	struct tess_egress *egress = arg;
	json_t *hello = json_pack("{s:s, s:s, s:i}", "type", "hello", "process", "egress",
				  "version", TESS_LINK_VERSION);

	if (hello)
		(void)tess_link_send(link, hello, NULL, 0);
	json_decref(hello);
	TESS_INFO("control.up", "pid=%d", getpid());
	/* egress->control is not set yet if it is up at once; the timer is never late by much */
	tess_timer_start(egress->facts, 0);
}

static void on_control_down(void *arg, struct tess_link *link)
{
	struct tess_egress *egress = arg;

	(void)link;
	/* players and recordings go on as they are */
	TESS_WARN("control.down", "pid=%d", getpid());
	tess_publishers_control_down(egress->publishers);
}

static void apply_desired(struct tess_egress *egress, const json_t *desired)
{
	const char *key = json_string_value(json_object_get(desired, "token_key"));

	if (key && *key) {
		if (tess_token_key(egress->key, key)) {
			TESS_ERROR("desired.bad_key", "length=%zu", strlen(key));
		} else {
			egress->has_key = true;
			if (egress->http)
				tess_http_set_key(egress->http, egress->key);
			if (egress->https)
				tess_http_set_key(egress->https, egress->key);
		}
	}
	tess_guard_apply(egress->guard, json_object_get(desired, "guard"));
	tess_live_apply(egress->live, json_object_get(desired, "live"));
	tess_relays_apply(egress->relays, json_object_get(desired, "relays"));
	tess_publishers_apply(egress->publishers, json_object_get(desired, "publishers"));
	tess_records_set_desired(egress->records, desired);
	json_decref(egress->deleted_files);
	egress->deleted_files = json_incref(json_object_get(desired, "deleted_files"));
	tess_timer_start(egress->removals, 0);
	tess_uploads_set_desired(egress->uploads, json_object_get(desired, "orders"));
	start_listening(egress);
}

static void close_all(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		(void)close(fds[i]);
}

static void on_control_message(void *arg, struct tess_link *link, json_t *message, int *fds,
			       unsigned fd_count)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	struct tess_egress *egress = arg;

	(void)link;
	close_all(fds, fd_count);
	if (type && !strcmp(type, "desired"))
		apply_desired(egress, message);
	else if (type && !strcmp(type, "kick"))
		tess_live_viewers_kick(egress->live, message);
	else if (type && !strcmp(type, "publish_answer"))
		tess_publishers_answer(egress->publishers, message);
	else
		TESS_WARN("control.unknown_message", "type=\"%.32s\"", type ? type : "");
}

static int to_control(void *arg, const json_t *message)
{
	struct tess_egress *egress = arg;

	return egress->control ? tess_link_send(egress->control, message, NULL, 0) : -ENOTCONN;
}

static void to_media(void *arg, const json_t *message, int memfd)
{
	struct tess_egress *egress = arg;

	/* one that broke is offered all when it is up again */
	if (egress->media)
		(void)tess_link_send(egress->media, message, &memfd, memfd >= 0);
}

static void on_media_up(void *arg, struct tess_link *link)
{
	struct tess_egress *egress = arg;

	(void)link;
	TESS_INFO("media.up", "pid=%d", getpid());
	/* at the very first it is not set yet, and nobody publishes */
	if (egress->media)
		tess_publishers_media_up(egress->publishers);
}

static void on_media_down(void *arg, struct tess_link *link)
{
	struct tess_egress *egress = arg;

	(void)link;
	TESS_WARN("media.down", "pid=%d", getpid());
	tess_streams_away(egress->streams);
}

static void on_media_message(void *arg, struct tess_link *link, json_t *message, int *fds,
			     unsigned fd_count)
{
	struct tess_egress *egress = arg;
	const char *type = json_string_value(json_object_get(message, "type"));
	const char *stream = json_string_value(json_object_get(message, "stream"));
	json_int_t epoch = json_integer_value(json_object_get(message, "epoch"));
	int rc;

	(void)link;
	if (type && stream && epoch >= 0 && !strcmp(type, "stream") && fd_count == 2) {
		rc = tess_streams_offer(egress->streams, stream, (uint64_t)epoch, fds[0], fds[1]);
		if (rc)
			TESS_WARN("stream.refused", "stream=\"%.64s\" epoch=%lld error=%s", stream,
				  (long long)epoch, strerror(-rc));
		return;
	}
	close_all(fds, fd_count);
	if (type && stream && epoch >= 0 && !strcmp(type, "stream_end"))
		tess_streams_end(egress->streams, stream, (uint64_t)epoch);
	else
		TESS_WARN("media.unknown_message", "type=\"%.32s\" descriptors=%u",
			  type ? type : "", fd_count);
}

static int connect_links(struct tess_egress *egress)
{
	static const struct tess_link_handlers control = {
		.up = on_control_up, .message = on_control_message, .down = on_control_down};
	static const struct tess_link_handlers media = {
		.up = on_media_up, .message = on_media_message, .down = on_media_down};
	char path[sizeof(egress->config->box.run_dir) + 32];
	int rc;

	(void)snprintf(path, sizeof(path), "%s/streams.sock", egress->config->box.run_dir);
	rc = tess_link_connect(&egress->media, egress->loop, path, &media, egress);
	if (rc)
		return rc;
	(void)snprintf(path, sizeof(path), "%s/control.sock", egress->config->box.run_dir);
	return tess_link_connect(&egress->control, egress->loop, path, &control, egress);
}

static int read_addresses(struct tess_egress *egress)
{
	const struct tess_config *config = egress->config;
	const char *port = strrchr(config->control.listen, ':');
	int rc = tess_config_address(config->egress.listen, &egress->address);

	egress->control_port = (uint16_t)(port ? strtoul(port + 1, NULL, 10) : 0);
	if (!rc && *config->egress.rtmp_listen)
		rc = tess_config_address(config->egress.rtmp_listen, &egress->rtmp_address);
	if (!rc && *config->egress.tls_listen)
		rc = tess_config_address(config->egress.tls_listen, &egress->tls_address);
	return rc;
}

/* Streams, who watches them, who is sent them, who sends them. */
static int alloc_streams(struct tess_egress *egress)
{
	const struct tess_config *config = egress->config;
	struct tess_relays_config relays = tess_relays_defaults;
	struct tess_live_config live = {
		.clock = egress->clock,
		.hls_bytes = (uint64_t)config->egress.hls_memory_mib << 20,
		.viewer_buffer_bytes = (uint64_t)config->egress.viewer_buffer_kib << 10,
		.max_viewers = config->egress.max_viewers,
		.max_stream_viewers = config->egress.max_stream_viewers,
		.max_application_viewers = config->egress.max_application_viewers,
		.first_viewer = (uint64_t)tess_clock_utc_us(egress->clock),
	};
	struct tess_publishers_config publishers = {
		.loop = egress->loop,
		.clock = egress->clock,
		.idle_us = TESS_PUBLISHERS_IDLE_US,
		.to_control = to_control,
		.to_media = to_media,
		.arg = egress,
	};
	int rc = tess_streams_alloc(&egress->streams, egress->loop);

	if (!rc)
		rc = tess_guard_alloc(&egress->guard, egress->clock);
	if (!rc)
		rc = tess_traffic_alloc(&egress->traffic, tess_clock_utc_us(egress->clock));
	live.guard = egress->guard;
	live.traffic = egress->traffic;
	if (!rc)
		rc = tess_live_alloc(&egress->live, egress->loop, egress->streams, &live);
	relays.traffic = egress->traffic;
	if (!rc)
		rc = tess_relays_alloc(&egress->relays, egress->loop, egress->streams, &relays);
	publishers.streams = egress->streams;
	if (!rc)
		rc = tess_publishers_alloc(&egress->publishers, &publishers);
	return rc;
}

int tess_egress_alloc(struct tess_egress **egressp, struct tess_loop *loop,
		      const struct tess_clock *clock, const struct tess_config *config)
{
	struct tess_egress *egress = calloc(1, sizeof(*egress));
	int rc;

	if (!egress)
		return -ENOMEM;
	egress->loop = loop;
	egress->clock = clock;
	egress->config = config;
	rc = read_addresses(egress);
	if (!rc)
		rc = alloc_streams(egress);
	if (!rc)
		rc = tess_records_alloc(&egress->records, loop, egress->streams, clock, config);
	if (!rc)
		rc = tess_timer_alloc(&egress->facts, loop, on_facts_timer, egress);
	if (!rc)
		rc = tess_timer_alloc(&egress->listen, loop, start_listening, egress);
	if (!rc)
		rc = tess_timer_alloc(&egress->removals, loop, remove_files, egress);
	if (!rc)
		rc = tess_uploads_alloc(&egress->uploads, loop, config->egress.record_dir,
					config->control.callback_ca_file, on_orders_change, egress);
	if (!rc) {
		egress->gone_files = json_array();
		rc = egress->gone_files ? 0 : -ENOMEM;
	}
	if (!rc)
		rc = connect_links(egress);
	if (rc) {
		tess_egress_free(egress);
		return rc;
	}
	tess_records_on_change(egress->records, on_records_change, egress);
	tess_timer_start(egress->facts, FACTS_US);
	tess_timer_start(egress->listen, LISTEN_US);
	*egressp = egress;
	return 0;
}

void tess_egress_free(struct tess_egress *egress)
{
	if (!egress)
		return;
	tess_http_free(egress->http);
	tess_http_free(egress->https);
	tess_tls_context_free(egress->tls);
	tess_rtmp_listener_free(egress->rtmp);
	tess_publishers_free(egress->publishers);
	tess_link_free(egress->control);
	tess_link_free(egress->media);
	tess_timer_free(egress->facts);
	tess_timer_free(egress->listen);
	tess_timer_free(egress->removals);
	tess_uploads_free(egress->uploads);
	json_decref(egress->gone_files);
	tess_live_free(egress->live);
	tess_guard_free(egress->guard);
	tess_relays_free(egress->relays);
	tess_records_free(egress->records);
	tess_streams_free(egress->streams);
	tess_traffic_free(egress->traffic);
	json_decref(egress->deleted_files);
	free(egress);
}
