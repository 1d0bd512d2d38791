/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/publishers.c - connections that publish, see publishers.h.
 */
#include "firmware/egress/publishers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/egress/publisher_ring.h"

#define SWEEP_US 100000
/* for control to answer */
#define ANSWER_US 10000000
/* for the peer to take a refusal and to close */
#define CLOSING_US 2000000
#define RATE_US	   5000000
#define RATE_BYTES ((uint64_t)TESS_PUBLISHERS_MAX_KBPS * (RATE_US / 8000))
#define READ_BYTES 65536

#define FAILED "NetStream.Failed"

enum state {
	STATE_ASKING = 1,
	STATE_PUBLISHING,
	STATE_CLOSING,
};

struct publisher {
	struct publisher *next;
	struct tess_publishers *publishers;
	enum state state;
	int fd;
	struct tess_watch *watch;
	struct tess_rtmp_server *rtmp;
	int64_t deadline_us; /* when it is closed, if nothing comes */
	int64_t request;     /* ASKING: what control answers to */
	int64_t id;	     /* PUBLISHING: of control's numbering */
	struct tess_publisher_ring *ring;
	uint64_t bytes, rate_bytes; /* in all, and since rate_since_us */
	int64_t rate_since_us;
};

struct tess_publishers {
	struct tess_publishers_config config;
	struct tess_timer *sweep;
	struct publisher *list;
	unsigned count;
	int64_t requests;
	uint64_t refused, bytes;
	struct tess_log_limit refused_limit;
	uint8_t buffer[READ_BYTES];
};

static int64_t now_us(const struct tess_publishers *publishers)
{
	return tess_loop_now_us(publishers->config.loop);
}

static void send_media(struct tess_publishers *publishers, json_t *message, int memfd)
{
	if (message)
		publishers->config.to_media(publishers->config.arg, message, memfd);
	json_decref(message);
}

static int send_control(struct tess_publishers *publishers, json_t *message)
{
	int rc = message ? publishers->config.to_control(publishers->config.arg, message) : -ENOMEM;

	json_decref(message);
	return rc;
}

static void offer(void *arg, uint64_t epoch, int memfd)
{
	const struct publisher *publisher = arg;

	send_media(publisher->publishers,
		   json_pack("{ss sI sI}", "type", memfd >= 0 ? "input" : "input_end", "publisher",
			     (json_int_t)publisher->id, "epoch", (json_int_t)epoch),
		   memfd);
}

static void tell_tracks(void *arg, bool video, bool audio)
{
	const struct publisher *publisher = arg;

	/* when control is away, it is told with the next facts */
	(void)send_control(publisher->publishers,
			   json_pack("{ss sI sb sb}", "type", "publish_tracks", "publisher",
				     (json_int_t)publisher->id, "video", video, "audio", audio));
}

/** One that is in no list any more. */
static void publisher_release(struct publisher *publisher)
{
	int fd = publisher->fd;

	tess_watch_remove(publisher->watch);
	tess_publisher_ring_free(publisher->ring, false);
	tess_rtmp_server_fini(publisher->rtmp);
	free(publisher->rtmp);
	free(publisher);
	/* last: another thread may get the number at once */
	(void)close(fd);
}

static void publisher_free(struct publisher *publisher)
{
	struct tess_publishers *publishers = publisher->publishers;

	for (struct publisher **place = &publishers->list; *place; place = &(*place)->next) {
		if (*place == publisher) {
			*place = publisher->next;
			publishers->count--;
			break;
		}
	}
	publisher_release(publisher);
}

/* Why it publishes no more. */
enum ending {
	ENDING_LEFT = 1, /* the connection is over: control must be told */
	ENDING_REMOVED,	 /* control knows */
	ENDING_REPLACED, /* by the user's newer connection */
};

static void stop_publishing(struct publisher *publisher, enum ending ending)
{
	if (publisher->state != STATE_PUBLISHING)
		return;
	TESS_INFO("publisher.gone", "publisher=%lld bytes=%llu", (long long)publisher->id,
		  (unsigned long long)publisher->bytes);
	tess_publisher_ring_free(publisher->ring, ending != ENDING_REPLACED);
	publisher->ring = NULL;
	if (ending == ENDING_LEFT)
		(void)send_control(publisher->publishers,
				   json_pack("{ss sI}", "type", "unpublish", "publisher",
					     (json_int_t)publisher->id));
	publisher->state = STATE_CLOSING;
}

/** Send what waits. It is little: a socket that does not take it has a peer that does not read. */
static int flush(struct publisher *publisher)
{
	struct tess_rtmp_session *session = &publisher->rtmp->session;
	size_t length = session->out.length;

	if (length && send(publisher->fd, session->out.data, length, MSG_NOSIGNAL | MSG_DONTWAIT) !=
			      (ssize_t)length)
		return -EIO;
	tess_rtmp_session_sent(session, length);
	return 0;
}

/** What it was told is out. A close with something unread would take it back (RFC 1122 §4.2.2.13).
 */
static void begin_closing(struct publisher *publisher)
{
	publisher->state = STATE_CLOSING;
	publisher->deadline_us = now_us(publisher->publishers) + CLOSING_US;
	if (flush(publisher))
		publisher->deadline_us = 0;
	(void)shutdown(publisher->fd, SHUT_WR);
}

static void refuse(struct publisher *publisher, const char *code, const char *text)
{
	tess_rtmp_server_refuse(publisher->rtmp, code, text);
	begin_closing(publisher);
}

static int on_media(void *arg, const struct tess_rtmp_message *message)
{
	struct publisher *publisher = arg;
	int rc = tess_publisher_ring_take(publisher->ring, message);

	if (rc == -ENOTSUP) {
		TESS_WARN("publisher.refused", "publisher=%lld reason=\"%s\"",
			  (long long)publisher->id, tess_publisher_ring_reason(publisher->ring));
		tess_rtmp_server_refuse(publisher->rtmp, FAILED,
					tess_publisher_ring_reason(publisher->ring));
		return 0;
	}
	return rc;
}

/** Is it within what one may send? */
static bool is_modest(struct publisher *publisher, size_t length)
{
	int64_t now = now_us(publisher->publishers);

	publisher->bytes += length;
	publisher->publishers->bytes += length;
	if (now - publisher->rate_since_us >= RATE_US) {
		publisher->rate_since_us = now;
		publisher->rate_bytes = 0;
	}
	publisher->rate_bytes += length;
	return publisher->rate_bytes <= RATE_BYTES;
}

static void on_publisher(void *arg, uint32_t events)
{
	struct publisher *publisher = arg;
	struct tess_publishers *publishers = publisher->publishers;
	ssize_t got = recv(publisher->fd, publishers->buffer, READ_BYTES, MSG_DONTWAIT);

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		stop_publishing(publisher, ENDING_LEFT);
		publisher_free(publisher);
		return;
	}
	if (publisher->state == STATE_CLOSING)
		return;
	if (publisher->state == STATE_PUBLISHING)
		publisher->deadline_us = now_us(publishers) + publishers->config.idle_us;
	if (!is_modest(publisher, (size_t)got)) {
		tess_rtmp_server_refuse(publisher->rtmp, FAILED,
					"More than 20000 kbit/s are not taken.");
	} else if (tess_rtmp_server_input(publisher->rtmp, publishers->buffer, (size_t)got)) {
		TESS_WARN("publisher.damaged", "publisher=%lld", (long long)publisher->id);
		tess_rtmp_server_refuse(publisher->rtmp, FAILED, "What was sent is damaged.");
	}
	if (publisher->rtmp->state == TESS_RTMP_SERVER_OVER) {
		stop_publishing(publisher, ENDING_LEFT);
		begin_closing(publisher);
	} else if (flush(publisher)) {
		stop_publishing(publisher, ENDING_LEFT);
		publisher_free(publisher);
	}
}

static int ask(struct publisher *publisher, const struct tess_rtmp_address *address)
{
	publisher->request = ++publisher->publishers->requests;
	return send_control(
		publisher->publishers,
		json_pack("{ss sI sI ss ss ss ss}", "type", "publish", "request",
			  (json_int_t)publisher->request, "app", (json_int_t)address->sdk_app_id,
			  "room_type", address->string_room ? "string" : "number", "room",
			  address->room, "user", address->user, "query", address->query));
}

void tess_publishers_take(struct tess_publishers *publishers, int fd, struct tess_rtmp_server *rtmp,
			  const struct tess_rtmp_address *address)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));

	if (!publisher || tess_watch_add(&publisher->watch, publishers->config.loop, fd, EPOLLIN,
					 on_publisher, publisher)) {
		free(publisher);
		tess_rtmp_server_fini(rtmp);
		free(rtmp);
		(void)close(fd);
		return;
	}
	publisher->publishers = publishers;
	publisher->state = STATE_ASKING;
	publisher->fd = fd;
	publisher->rtmp = rtmp;
	rtmp->arg = publisher;
	rtmp->media = on_media;
	rtmp->play = NULL;
	rtmp->publish = NULL; /* it does so once */
	publisher->next = publishers->list;
	publishers->list = publisher;
	publishers->count++;
	publisher->deadline_us = now_us(publishers) + ANSWER_US;
	publisher->rate_since_us = now_us(publishers);
	if (publishers->count > TESS_PUBLISHERS_MAX)
		refuse(publisher, FAILED, "There are too many publishers.");
	else if (ask(publisher, address))
		refuse(publisher, FAILED, "The box is not ready yet. Try again.");
}

static struct publisher *find_id(const struct tess_publishers *publishers, int64_t id)
{
	for (struct publisher *publisher = publishers->list; publisher;
	     publisher = publisher->next) {
		if (publisher->state == STATE_PUBLISHING && publisher->id == id)
			return publisher;
	}
	return NULL;
}

static void accept_publisher(struct publisher *publisher, int64_t id)
{
	struct tess_publishers *publishers = publisher->publishers;
	struct publisher *older = find_id(publishers, id);
	const struct tess_publisher_ring_config config = {
		.clock = publishers->config.clock,
		.streams = publishers->config.streams,
		.publisher = id,
		.offer = offer,
		.tracks = tell_tracks,
		.arg = publisher,
	};

	if (older) {
		stop_publishing(older, ENDING_REPLACED);
		refuse(older, FAILED, "The user publishes on another connection now.");
	}
	publisher->id = id;
	if (tess_publisher_ring_alloc(&publisher->ring, &config)) {
		publisher->state = STATE_PUBLISHING;
		stop_publishing(publisher, ENDING_LEFT);
		refuse(publisher, FAILED, "The box has no memory.");
		return;
	}
	publisher->state = STATE_PUBLISHING;
	publisher->deadline_us = now_us(publishers) + publishers->config.idle_us;
	TESS_INFO("publisher.accepted", "publisher=%lld protocol=rtmp", (long long)id);
	tess_rtmp_server_accept(publisher->rtmp);
	if (flush(publisher)) {
		stop_publishing(publisher, ENDING_LEFT);
		publisher->deadline_us = 0;
	}
}

/** What RTMP says for the reasons of control. */
static const char *code_of(const char *code)
{
	if (!strcmp(code, "denied"))
		return "NetStream.Publish.Denied";
	return !strcmp(code, "in_use") || !strcmp(code, "bad_name") ? "NetStream.Publish.BadName"
								    : FAILED;
}

void tess_publishers_answer(struct tess_publishers *publishers, const json_t *message)
{
	json_int_t request = json_integer_value(json_object_get(message, "request"));
	json_int_t id = json_integer_value(json_object_get(message, "publisher"));
	const char *code = json_string_value(json_object_get(message, "code"));
	const char *text = json_string_value(json_object_get(message, "message"));
	struct publisher *publisher = publishers->list;
	uint64_t suppressed;

	while (publisher && (publisher->state != STATE_ASKING || publisher->request != request))
		publisher = publisher->next;
	if (code && !*code && id > 0) {
		if (publisher)
			accept_publisher(publisher, id);
		else if (!find_id(publishers, id)) /* it has given up meanwhile */
			(void)send_control(publishers, json_pack("{ss sI}", "type", "unpublish",
								 "publisher", id));
		return;
	}
	if (!publisher)
		return;
	publishers->refused++;
	if (tess_log_allowed(&publishers->refused_limit, now_us(publishers), &suppressed))
		TESS_WARN("publisher.denied", "reason=\"%.128s\" suppressed=%llu", text ? text : "",
			  (unsigned long long)suppressed);
	refuse(publisher, code_of(code ? code : ""), text ? text : "");
}

static bool is_wanted(const json_t *wanted, int64_t id)
{
	const json_t *value;
	size_t i;

	json_array_foreach(wanted, i, value) if (json_integer_value(value) == id) return true;
	return false;
}

void tess_publishers_apply(struct tess_publishers *publishers, const json_t *wanted)
{
	for (struct publisher *publisher = publishers->list; publisher;
	     publisher = publisher->next) {
		if (publisher->state != STATE_PUBLISHING || is_wanted(wanted, publisher->id))
			continue;
		stop_publishing(publisher, ENDING_REMOVED);
		refuse(publisher, FAILED, "The user was removed from the room.");
	}
}

void tess_publishers_control_down(struct tess_publishers *publishers)
{
	for (struct publisher *publisher = publishers->list; publisher;
	     publisher = publisher->next) {
		if (publisher->state == STATE_ASKING)
			refuse(publisher, FAILED, "The box is not ready yet. Try again.");
	}
}

void tess_publishers_media_up(struct tess_publishers *publishers)
{
	for (struct publisher *publisher = publishers->list; publisher;
	     publisher = publisher->next) {
		if (publisher->state == STATE_PUBLISHING)
			tess_publisher_ring_offer(publisher->ring);
	}
}

json_t *tess_publishers_facts(const struct tess_publishers *publishers)
{
	json_t *list = json_array();

	for (struct publisher *publisher = publishers->list; publisher && list;
	     publisher = publisher->next) {
		bool video, audio;

		if (publisher->state != STATE_PUBLISHING)
			continue;
		tess_publisher_ring_tracks(publisher->ring, &video, &audio);
		if (json_array_append_new(list, json_pack("{sI sb sb sI}", "publisher",
							  (json_int_t)publisher->id, "video", video,
							  "audio", audio, "bytes",
							  (json_int_t)publisher->bytes))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

void tess_publishers_count(const struct tess_publishers *publishers, json_t *counters)
{
	(void)json_object_set_new(counters, "publishers_refused",
				  json_integer((json_int_t)publishers->refused));
	(void)json_object_set_new(counters, "publisher_bytes",
				  json_integer((json_int_t)publishers->bytes));
}

static void on_sweep(void *arg)
{
	struct tess_publishers *publishers = arg;
	int64_t now = now_us(publishers);
	struct publisher *next;

	for (struct publisher *publisher = publishers->list; publisher; publisher = next) {
		next = publisher->next;
		if (publisher->deadline_us > now)
			continue;
		stop_publishing(publisher, ENDING_LEFT);
		publisher_free(publisher);
	}
	tess_timer_start(publishers->sweep, SWEEP_US);
}

int tess_publishers_alloc(struct tess_publishers **publishersp,
			  const struct tess_publishers_config *config)
{
	struct tess_publishers *publishers = calloc(1, sizeof(*publishers));

	if (!publishers)
		return -ENOMEM;
	publishers->config = *config;
	if (tess_timer_alloc(&publishers->sweep, config->loop, on_sweep, publishers)) {
		free(publishers);
		return -ENOMEM;
	}
	tess_timer_start(publishers->sweep, SWEEP_US);
	*publishersp = publishers;
	return 0;
}

void tess_publishers_free(struct tess_publishers *publishers)
{
	struct publisher *publisher;

	if (!publishers)
		return;
	while ((publisher = publishers->list)) {
		publishers->list = publisher->next;
		publisher_release(publisher);
	}
	tess_timer_free(publishers->sweep);
	free(publishers);
}
