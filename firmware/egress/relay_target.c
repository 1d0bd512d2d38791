/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relay_target.c - see relay_target.h.
 */
#include "firmware/egress/relay_target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "firmware/base/log.h"
#include "firmware/base/rtmp_url.h"
#include "firmware/egress/relay_lookup.h"
#include "firmware/egress/relay_socket.h"
#include "pipeline/rtmp/client.h"

/* writes of one turn: a target that has much to catch up with leaves the loop to others in between
 */
#define WRITES_A_TURN 16
#define READS_A_TURN  16

enum state {
	STATE_WAITING = 1, /* for its stream */
	STATE_CONNECTING,  /* name, connection, TLS, RTMP up to publish */
	STATE_PUBLISHING,
	STATE_PAUSING, /* until the next attempt */
	STATE_REFUSED, /* final: the server does not want us */
	STATE_FAILED,  /* final: no attempt is left */
};

struct tess_relay_target {
	struct tess_loop *loop;
	const struct tess_relays_config *config;
	const struct tess_window *window;
	int64_t id, epoch;
	struct tess_timer *timer; /* of an attempt, of a pause */
	struct tess_lookup *lookup;
	struct tess_relay_socket *socket; /* of RTMP */
	struct tess_watch *watch;
	struct tess_srt_library *srt_library;
	struct tess_relay_srt *srt; /* instead of the two, looked at in each tick */
	int64_t publishing_us, progress_us;
	uint64_t all_failures, publishes;
	uint64_t bytes_before, dropped_before; /* of earlier connections */
	struct tess_viewer viewer;	       /* while publishing */
	struct tess_rtmp_client client;	       /* if has_client */
	enum state state;
	uint32_t failures; /* one after the other */
	bool by_srt;
	struct tess_rtmp_url url; /* of SRT host and port alone */
	struct tess_srt_url srt_url;
	bool wanted;	/* the stream is there */
	bool connected; /* TCP and TLS */
	bool has_client, blocked;
	char error[96];
	char text[TESS_RTMP_URL_SIZE];
};

static const char *const STATES[] = {
	[STATE_WAITING] = "waiting",	   [STATE_CONNECTING] = "connecting",
	[STATE_PUBLISHING] = "publishing", [STATE_PAUSING] = "pausing",
	[STATE_REFUSED] = "refused",	   [STATE_FAILED] = "failed",
};

static void on_timer(void *arg);
static void on_io(void *arg, uint32_t events);

static int take_url(struct tess_relay_target *target, const char *url)
{
	const char *unused;
	int rc;

	target->by_srt = tess_srt_url_is(url);
	if (!target->by_srt)
		return tess_rtmp_url_parse(&target->url, url, &unused);
	rc = tess_srt_url_parse(&target->srt_url, url, &unused);
	memcpy(target->url.host, target->srt_url.host, sizeof(target->url.host));
	target->url.port = target->srt_url.port;
	return rc;
}

int tess_relay_target_alloc(struct tess_relay_target **targetp,
			    const struct tess_relay_target_config *config)
{
	struct tess_relay_target *target = calloc(1, sizeof(*target));
	int rc;

	if (!target)
		return -ENOMEM;
	target->loop = config->loop;
	target->config = config->relays;
	target->window = config->window;
	target->srt_library = config->srt;
	target->id = config->id;
	target->epoch = config->epoch;
	target->state = STATE_WAITING;
	rc = take_url(target, config->url);
	if (!rc) {
		memcpy(target->text, config->url, strlen(config->url) + 1);
		rc = tess_timer_alloc(&target->timer, config->loop, on_timer, target);
	}
	if (rc) {
		free(target);
		return rc;
	}
	*targetp = target;
	return 0;
}

/** What RTMP has to say goes out between two messages. @retval 0, -EAGAIN, -EPIPE broken */
static int flush(struct tess_relay_target *target)
{
	struct tess_bytes *out = &target->client.session.out;
	const struct iovec iov = {out->data, out->length};
	ssize_t sent;

	target->viewer.hold = out->length != 0;
	/* what the socket holds goes first; with nothing to add it only pushes that */
	if (tess_relay_socket_has_pending(target->socket) &&
	    tess_relay_socket_write(target->socket, NULL, 0) < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
	if (!out->length || target->viewer.partial)
		return 0;
	sent = tess_relay_socket_write(target->socket, &iov, 1);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
	target->bytes_before += (uint64_t)sent;
	tess_rtmp_session_sent(&target->client.session, (size_t)sent);
	target->viewer.hold = out->length != 0;
	return out->length ? -EAGAIN : 0;
}

/** End the connection, whatever there is of it. */
static void disconnect(struct tess_relay_target *target)
{
	uint64_t bytes, pictures;

	if (target->srt) {
		tess_relay_srt_count(target->srt, &bytes, &pictures);
		target->bytes_before += bytes;
		target->dropped_before += pictures;
		tess_relay_srt_close(target->srt);
		target->srt = NULL;
	}
	target->bytes_before += target->viewer.bytes_sent;
	target->dropped_before += target->viewer.dropped;
	tess_viewer_clear(&target->viewer);
	target->viewer = (struct tess_viewer){.fd = -1};
	tess_lookup_end(target->lookup);
	target->lookup = NULL;
	tess_watch_remove(target->watch);
	target->watch = NULL;
	tess_relay_socket_close(target->socket);
	target->socket = NULL;
	if (target->has_client)
		tess_rtmp_client_fini(&target->client);
	target->has_client = target->connected = target->blocked = false;
	tess_timer_stop(target->timer);
}

/** End it as a good client does. */
static void say_goodbye(struct tess_relay_target *target)
{
	if (target->state == STATE_PUBLISHING && target->has_client) {
		tess_rtmp_client_end(&target->client);
		(void)flush(target);
	}
	disconnect(target);
}

void tess_relay_target_free(struct tess_relay_target *target)
{
	if (!target)
		return;
	say_goodbye(target);
	tess_timer_free(target->timer);
	free(target);
}

bool tess_relay_target_is(const struct tess_relay_target *target, int64_t epoch, const char *url)
{
	return target->epoch == epoch && !strcmp(target->text, url);
}

int64_t tess_relay_target_id(const struct tess_relay_target *target)
{
	return target->id;
}

/** The pause after so many failures (relays.h). */
static int64_t pause_us(const struct tess_relay_target *target)
{
	int64_t pause = target->config->first_pause_us;
	uint32_t chance;

	for (uint32_t i = 1; i < target->failures && pause < target->config->greatest_pause_us; i++)
		pause += pause / 2;
	if (pause > target->config->greatest_pause_us)
		pause = target->config->greatest_pause_us;
	/* so that those whose server failed do not come back all at once */
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
		chance = 0;
	return pause + pause / 4 * (chance % 1024) / 1024;
}

/** An attempt, or a connection, has failed. */
static void fail(struct tess_relay_target *target, bool final, const char *error)
{
	int64_t now_us = tess_loop_now_us(target->loop);

	if (target->state == STATE_PUBLISHING &&
	    now_us - target->publishing_us >= target->config->steady_us)
		target->failures = 0;
	target->failures++;
	target->all_failures++;
	/* error may be the client's own */
	(void)snprintf(target->error, sizeof(target->error), "%s", error);
	disconnect(target);
	if (final)
		target->state = STATE_REFUSED;
	else if (target->failures >= target->config->attempts)
		target->state = STATE_FAILED;
	else
		target->state = STATE_PAUSING;
	TESS_WARN("relay.failed", "relay=%" PRId64 " host=%s state=%s failures=%u error=\"%s\"",
		  target->id, target->url.host, STATES[target->state], target->failures,
		  target->error);
	if (target->state == STATE_PAUSING)
		tess_timer_start(target->timer, pause_us(target));
}

static void fail_with(struct tess_relay_target *target, const char *what, int error)
{
	char text[96];

	(void)snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
	fail(target, false, text);
}

/** Connected: begin RTMP. */
static void begin_rtmp(struct tess_relay_target *target)
{
	struct tess_rtmp_client_config config = {
		.app = target->url.app,
		.tc_url = target->url.tc_url,
		.name = target->url.key,
	};

	if (getrandom(&config.seed, sizeof(config.seed), GRND_NONBLOCK) != sizeof(config.seed))
		config.seed = (uint64_t)target->id;
	target->connected = true;
	if (tess_rtmp_client_init(&target->client, &config)) {
		fail_with(target, "RTMP", ENOMEM);
		return;
	}
	target->has_client = true;
	if (flush(target) == -EPIPE)
		fail(target, false, "the server has closed the connection");
}

static void on_addresses(void *arg, const union tess_addr *addresses, unsigned count)
{
	struct tess_relay_target *target = arg;
	const union tess_addr *address;
	int rc;

	if (!count) {
		fail(target, false, "the name of the server is not known");
		return;
	}
	/* one after the other, from attempt to attempt */
	address = &addresses[target->failures % count];
	if (target->by_srt) {
		rc = tess_relay_srt_open(&target->srt, target->srt_library, address,
					 &target->srt_url, target->window);
		if (rc)
			fail_with(target, "connect", -rc);
		return;
	}
	rc = tess_relay_socket_open(&target->socket, address,
				    target->url.tls ? target->url.host : NULL);
	if (rc) {
		fail_with(target, "connect", -rc);
		return;
	}
	rc = tess_watch_add(&target->watch, target->loop, tess_relay_socket_fd(target->socket),
			    EPOLLIN | EPOLLOUT, on_io, target);
	if (rc)
		fail_with(target, "connect", -rc);
}

static void attempt(struct tess_relay_target *target)
{
	int rc;

	target->state = STATE_CONNECTING;
	tess_timer_start(target->timer, target->config->opening_us);
	rc = tess_lookup_start(&target->lookup, target->loop, target->url.host, target->url.port,
			       on_addresses, target);
	if (rc)
		fail_with(target, "name", -rc);
}

static void on_timer(void *arg)
{
	struct tess_relay_target *target = arg;

	if (target->state == STATE_CONNECTING) {
		fail(target, false, "the server did not answer in time");
	} else if (target->state == STATE_PAUSING) {
		target->state = STATE_WAITING;
		if (target->wanted)
			attempt(target);
	}
}

static ssize_t write_pieces(void *arg, const struct iovec *iov, unsigned count)
{
	struct tess_relay_target *target = arg;

	return tess_relay_socket_write(target->socket, iov, count);
}

static void begin_publishing(struct tess_relay_target *target)
{
	tess_timer_stop(target->timer);
	target->state = STATE_PUBLISHING;
	target->error[0] = 0;
	target->publishes++;
	target->publishing_us = target->progress_us = tess_loop_now_us(target->loop);
	TESS_INFO("relay.publishing", "relay=%" PRId64 " host=%s", target->id, target->url.host);
}

static void begin_sending(struct tess_relay_target *target)
{
	const struct tess_wire wire = {.kind = TESS_WIRE_RTMP_PUBLISH,
				       .stream = target->client.stream};

	begin_publishing(target);
	tess_viewer_init(&target->viewer, -1, &wire, target->window);
	target->viewer.write = write_pieces;
	target->viewer.write_arg = target;
}

/** Some bytes of the server. @return whether the connection is still there */
static bool take(struct tess_relay_target *target, const uint8_t *data, size_t got)
{
	int rc = tess_rtmp_client_input(&target->client, data, got);

	if (rc == -EACCES || rc == -ECONNABORTED) {
		char text[96];

		(void)snprintf(text, sizeof(text), "the server refuses: %s", target->client.code);
		fail(target, rc == -EACCES, text);
		return false;
	}
	if (rc) {
		fail(target, false, "the server does not speak RTMP");
		return false;
	}
	if (target->state == STATE_CONNECTING &&
	    target->client.state == TESS_RTMP_CLIENT_PUBLISHING)
		begin_sending(target);
	return true;
}

/** @return whether the connection is still there */
static bool receive(struct tess_relay_target *target)
{
	uint8_t data[4096];

	/* to the end, as TLS may hold bytes that the descriptor does not tell of; a server that
	 * talks without pause has its turn again */
	for (unsigned i = 0; i < READS_A_TURN; i++) {
		ssize_t got = tess_relay_socket_read(target->socket, data, sizeof(data));

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (got <= 0) {
			fail(target, false, "the server has closed the connection");
			return false;
		}
		if (!take(target, data, (size_t)got))
			return false;
	}
	return true;
}

static void set_blocked(struct tess_relay_target *target, bool blocked)
{
	if (target->blocked == blocked)
		return;
	target->blocked =
		!tess_watch_set(target->watch, EPOLLIN | (blocked ? (uint32_t)EPOLLOUT : 0)) &&
		blocked;
}

static void look_at_srt(struct tess_relay_target *target)
{
	int rc = tess_relay_srt_connect(target->srt);

	if (!rc)
		begin_publishing(target);
	else if (rc == -EACCES)
		fail(target, true, "the server refuses the stream or its passphrase");
	else if (rc != -EAGAIN)
		fail_with(target, "connect", -rc);
}

static void serve_srt(struct tess_relay_target *target)
{
	uint64_t before, after, pictures;
	int rc;

	tess_relay_srt_count(target->srt, &before, &pictures);
	rc = tess_relay_srt_serve(target->srt);
	if (rc == -EPIPE) {
		fail(target, false, "the server has closed the connection");
		return;
	}
	tess_relay_srt_count(target->srt, &after, &pictures);
	target->blocked = rc == -EAGAIN;
	if (!rc || after != before)
		target->progress_us = tess_loop_now_us(target->loop);
}

static void serve_rtmp(struct tess_relay_target *target)
{
	uint64_t before = target->viewer.bytes_sent;
	enum tess_viewer_result result = TESS_VIEWER_MORE;
	int rc = 0;

	(void)tess_viewer_ease(&target->viewer, target->window);
	for (unsigned i = 0; i < WRITES_A_TURN && result == TESS_VIEWER_MORE && !rc; i++) {
		rc = flush(target);
		if (!rc)
			result = tess_viewer_send(&target->viewer, target->window);
	}
	if (rc == -EPIPE || result == TESS_VIEWER_CLOSED) {
		fail(target, false, "the server has closed the connection");
		return;
	}
	if (result == TESS_VIEWER_IDLE || target->viewer.bytes_sent != before)
		target->progress_us = tess_loop_now_us(target->loop);
	set_blocked(target, rc == -EAGAIN || result == TESS_VIEWER_BLOCKED ||
				    tess_relay_socket_has_pending(target->socket));
}

/** Send what there is, as far as the network takes it. */
static void serve(struct tess_relay_target *target)
{
	if (target->srt) {
		serve_srt(target);
		return;
	}
	serve_rtmp(target);
}

static void on_io(void *arg, uint32_t events)
{
	struct tess_relay_target *target = arg;
	int rc;

	(void)events;
	if (!target->connected) {
		rc = tess_relay_socket_connect(target->socket);
		if (rc == -EKEYREJECTED)
			fail(target, false, "the certificate of the server is not good");
		else if (rc && rc != -EAGAIN)
			fail_with(target, "connect", -rc);
		else if (tess_watch_set(target->watch,
					EPOLLIN |
						(!rc || tess_relay_socket_wants_out(target->socket)
							 ? (uint32_t)EPOLLOUT
							 : 0)))
			fail_with(target, "connect", ENOMEM);
		else if (!rc)
			begin_rtmp(target);
		return;
	}
	if (!receive(target))
		return;
	if (target->state == STATE_PUBLISHING) {
		serve(target);
		return;
	}
	rc = flush(target);
	if (rc == -EPIPE)
		fail(target, false, "the server has closed the connection");
	else if (tess_watch_set(target->watch,
				EPOLLIN | (rc || tess_relay_socket_has_pending(target->socket)
						   ? (uint32_t)EPOLLOUT
						   : 0)))
		fail_with(target, "connect", ENOMEM);
}

void tess_relay_target_begin(struct tess_relay_target *target)
{
	target->wanted = true;
	if (target->state == STATE_WAITING)
		attempt(target);
}

void tess_relay_target_end(struct tess_relay_target *target)
{
	target->wanted = false;
	if (target->state == STATE_PUBLISHING)
		serve(target); /* it may fail, and pauses then */
	if (target->state == STATE_PUBLISHING) {
		say_goodbye(target);
		target->state = STATE_WAITING;
	} else if (target->state == STATE_CONNECTING) {
		disconnect(target);
		target->state = STATE_WAITING;
	}
}

void tess_relay_target_tick(struct tess_relay_target *target)
{
	if (target->srt && target->state == STATE_CONNECTING)
		look_at_srt(target);
	if (target->state != STATE_PUBLISHING)
		return;
	if (target->blocked &&
	    tess_loop_now_us(target->loop) - target->progress_us > target->config->stall_us)
		fail(target, false, "the server takes nothing");
	else if (!target->blocked || target->srt)
		serve(target);
}

json_t *tess_relay_target_facts(const struct tess_relay_target *target)
{
	bool publishing = target->state == STATE_PUBLISHING;
	int64_t delay_ms = !publishing	 ? 0
			   : target->srt ? tess_relay_srt_delay_ms(target->srt)
					 : tess_viewer_delay_ms(&target->viewer, target->window);
	uint64_t bytes, pictures, failures;

	tess_relay_target_count(target, &bytes, &pictures, &failures);
	return json_pack("{s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "id", (json_int_t)target->id,
			 "state", STATES[target->state], "error", target->error, "bytes_sent",
			 (json_int_t)bytes, "pictures_dropped", (json_int_t)pictures, "delay_ms",
			 (json_int_t)delay_ms, "publishes", (json_int_t)target->publishes,
			 "failures", (json_int_t)failures);
}

void tess_relay_target_count(const struct tess_relay_target *target, uint64_t *bytes,
			     uint64_t *pictures, uint64_t *failures)
{
	*bytes = *pictures = 0;
	if (target->srt)
		tess_relay_srt_count(target->srt, bytes, pictures);
	*bytes += target->bytes_before + target->viewer.bytes_sent;
	*pictures += target->dropped_before + target->viewer.dropped;
	*failures = target->all_failures;
}
