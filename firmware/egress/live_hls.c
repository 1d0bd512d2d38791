/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/live_hls.c - a stream's HLS: its viewers, and who waits for what.
 */
#include "firmware/egress/live_hls.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/egress/live.h"
#include "firmware/egress/sessions.h"
#include "pipeline/mux/hls_live.h"

/** A unit that is no older has caught up with the stream: what the ring held is in. */
#define CAUGHT_UP_US 1500000
/** And this long after the first unit it has to be, however old it is. */
#define SETTLE_US 100000
/** Players that ask for playlists alone do so each target duration. */
#define MIN_SESSION_US	10000000
#define SESSION_TARGETS 3
/** It is given up this long after its last viewer. */
#define IDLE_US 30000000
/** A segment lasts a second at least, and the ring's are there at once: so those of the next time,
 * also of another process, have higher numbers. */
#define NUMBERS_A_SECOND 16
/** Target durations that a request is held at most (rfc8216bis §6.2.5.2), and before there are any
 */
#define PATIENCE_TARGETS 3
#define PATIENCE_US	 5000000

struct tess_live_hls {
	const struct tess_live_hls_config *config;
	const char *name;
	char folder[3 * TESS_LIVE_NAME_SIZE]; /* the stream's name, percent-encoded */
	struct tess_sink *sink;
	struct tess_timer *settle;
	struct tess_hls_live *hls;
	uint64_t epoch; /* of the ring; 0: none yet */
	bool settled, ended;
	struct tess_hls_wait *waits;
	struct tess_sessions sessions;
	int64_t watched_us; /* when somebody asked last */
	uint64_t sent;
	/* the newest playlist, as it is for the last query */
	struct tess_chunk *playlist;
	char query[sizeof(((struct tess_hls_ask *)0)->query)];
	struct tess_log_limit drop_limit;
};

/** Nothing happens to one that does not wait. */
static void unlink_wait(struct tess_hls_wait *wait)
{
	if (!wait->link)
		return;
	*wait->link = wait->next;
	if (wait->next)
		wait->next->link = wait->link;
	wait->next = NULL;
	wait->link = NULL;
}

static void link_wait(struct tess_hls_wait **list, struct tess_hls_wait *wait)
{
	wait->next = *list;
	wait->link = list;
	if (wait->next)
		wait->next->link = &wait->next;
	*list = wait;
}

/** Something is new: all that wait ask again; who must go on waiting comes back. */
static void wake_all(struct tess_live_hls *hls)
{
	struct tess_hls_wait *woken = hls->waits, *wait;

	tess_chunk_release(hls->playlist);
	hls->playlist = NULL;
	hls->waits = NULL;
	if (woken)
		woken->link = &woken;
	while ((wait = woken)) {
		unlink_wait(wait);
		wait->wake(wait->arg);
	}
}

static void settle(void *arg)
{
	struct tess_live_hls *hls = arg;

	if (hls->settled)
		return;
	hls->settled = tess_hls_live_settle(hls->hls);
	if (hls->settled)
		wake_all(hls);
}

/** Make anew what units go into. @retval 0, -ENOMEM */
static int renew(struct tess_live_hls *hls)
{
	uint64_t first =
		(uint64_t)(tess_clock_utc_us(hls->config->clock) / 1000000) * NUMBERS_A_SECOND;
	struct tess_hls_live *before = hls->hls;
	int rc = tess_hls_live_alloc(&hls->hls, first, hls->config->account, hls->config->limit);

	if (rc)
		return rc;
	tess_hls_live_free(before);
	hls->settled = hls->ended = false;
	hls->epoch = 0;
	return 0;
}

static void on_stream_up(void *arg, const struct tess_stream_info *info, uint64_t epoch)
{
	struct tess_live_hls *hls = arg;

	if (hls->ended && renew(hls))
		return;
	/* the same ring: nothing was lost, or the next unit says so */
	if (hls->epoch != epoch)
		tess_hls_live_begin(hls->hls, info);
	hls->epoch = epoch;
}

static void on_au(void *arg, const struct tess_au *au)
{
	struct tess_live_hls *hls = arg;
	int64_t now_us = tess_loop_now_us(hls->config->loop);
	int64_t offset_us = tess_clock_utc_us(hls->config->clock) - now_us;
	int rc = tess_hls_live_add(hls->hls, au, offset_us);
	uint64_t suppressed;

	if (rc < 0 && rc != -EAGAIN && rc != -ESTALE &&
	    tess_log_allowed(&hls->drop_limit, now_us, &suppressed))
		TESS_WARN("hls.unit_dropped", "name=%s error=%s suppressed=%" PRIu64, hls->name,
			  strerror(-rc), suppressed);
	if (rc != 1)
		return;
	if (hls->settled)
		wake_all(hls);
	else if (au->dts_us > now_us - CAUGHT_UP_US)
		settle(hls);
	else
		tess_timer_start(hls->settle, SETTLE_US);
}

static void on_stream_away(void *arg)
{
	(void)arg; /* what it had stays there to be watched */
}

static void on_stream_end(void *arg)
{
	struct tess_live_hls *hls = arg;

	hls->ended = true;
	tess_hls_live_end(hls->hls);
	settle(hls);
	wake_all(hls);
}

static const struct tess_sink_ops hls_sink = {
	.stream_up = on_stream_up,
	.au = on_au,
	.stream_away = on_stream_away,
	.stream_end = on_stream_end,
};

/* RFC 3986 §2.3: all but the unreserved characters */
static void percent_encode(char *to, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-_.~", *text))
			*to++ = *text;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*text);
	}
	*to = 0;
}

int tess_live_hls_alloc(struct tess_live_hls **hlsp, const struct tess_live_hls_config *config,
			const char *stream, const char *name)
{
	struct tess_live_hls *hls = calloc(1, sizeof(*hls));
	int rc;

	if (!hls)
		return -ENOMEM;
	hls->config = config;
	hls->name = name;
	hls->watched_us = tess_loop_now_us(config->loop);
	percent_encode(hls->folder, name);
	rc = renew(hls);
	if (!rc)
		rc = tess_timer_alloc(&hls->settle, config->loop, settle, hls);
	/* from the oldest unit on that the ring holds */
	if (!rc)
		rc = tess_streams_attach(&hls->sink, config->streams, stream, &hls_sink, hls,
					 TESS_SINK_NEWEST_KEY + 1);
	if (rc) {
		tess_live_hls_free(hls);
		return rc;
	}
	*hlsp = hls;
	return 0;
}

void tess_live_hls_free(struct tess_live_hls *hls)
{
	struct tess_hls_wait *wait;

	if (!hls)
		return;
	tess_streams_detach(hls->sink);
	while ((wait = hls->waits)) {
		unlink_wait(wait);
		wait->hls = NULL;
		wait->wake(wait->arg);
	}
	tess_timer_free(hls->settle);
	tess_chunk_release(hls->playlist);
	tess_hls_live_free(hls->hls);
	tess_sessions_free(&hls->sessions);
	free(hls);
}

bool tess_live_hls_touch(struct tess_live_hls *hls, uint64_t session)
{
	int64_t now_us = tess_loop_now_us(hls->config->loop);

	if (!tess_sessions_touch(&hls->sessions, session, now_us))
		return false;
	hls->watched_us = now_us;
	return true;
}

int tess_live_hls_add_viewer(struct tess_live_hls *hls, uint64_t session, uint64_t number,
			     const union tess_addr *address)
{
	struct tess_session *added;
	int rc;

	hls->watched_us = tess_loop_now_us(hls->config->loop);
	rc = tess_sessions_add(&hls->sessions, session, hls->watched_us);
	if (rc)
		return rc;
	added = tess_sessions_find(&hls->sessions, session);
	added->number = number;
	added->address = *address;
	return 0;
}

unsigned tess_live_hls_each(struct tess_live_hls *hls,
			    bool (*each)(void *arg, const struct tess_live_viewer *viewer),
			    void *arg)
{
	int64_t now_us = tess_loop_now_us(hls->config->loop);
	unsigned closed = 0;

	for (unsigned i = 0; i < hls->sessions.size; i++) {
		struct tess_session *session = &hls->sessions.places[i];
		const struct tess_live_viewer viewer = {
			.id = session->number,
			.address = session->address,
			.protocol = "hls",
			.age_us = now_us - session->since_us,
			.bytes_sent = session->bytes,
		};

		if (session->id && each(arg, &viewer)) {
			session->last_us = INT64_MIN;
			closed++;
		}
	}
	if (closed)
		(void)tess_sessions_expire(&hls->sessions, INT64_MIN + 1);
	return closed;
}

unsigned tess_live_hls_viewers(const struct tess_live_hls *hls)
{
	return hls->sessions.count;
}

bool tess_live_hls_sweep(struct tess_live_hls *hls)
{
	int64_t now_us = tess_loop_now_us(hls->config->loop);
	int64_t session_us = SESSION_TARGETS * tess_hls_live_target_s(hls->hls) * INT64_C(1000000);

	if (session_us < MIN_SESSION_US)
		session_us = MIN_SESSION_US;
	(void)tess_sessions_expire(&hls->sessions, now_us - session_us);
	return !hls->sessions.count && now_us - hls->watched_us > IDLE_US;
}

uint64_t tess_live_hls_sent(const struct tess_live_hls *hls)
{
	return hls->sent;
}

/** @retval 0, -ENOMEM */
static int make_playlist(struct tess_live_hls *hls, const char *query)
{
	struct tess_bytes text = {0};

	if (hls->playlist && !strcmp(query, hls->query))
		return 0;
	tess_chunk_release(hls->playlist);
	hls->playlist = NULL;
	tess_hls_live_put_playlist(hls->hls, hls->folder, query, &text);
	if (!text.failed)
		hls->playlist = tess_chunk_alloc(text.length, hls->config->account);
	if (hls->playlist) {
		memcpy(hls->playlist->data, text.data, text.length);
		memcpy(hls->query, query, strlen(query) + 1);
	}
	tess_bytes_free(&text);
	return hls->playlist ? 0 : -ENOMEM;
}

static int answer_playlist(struct tess_live_hls *hls, const struct tess_hls_ask *ask,
			   struct tess_http_body *body)
{
	int rc = 1;

	if (!hls->settled)
		return hls->ended ? -ENOENT : -EAGAIN;
	if (ask->blocking)
		rc = tess_hls_live_has(hls->hls, ask->number, ask->part);
	if (rc != 1)
		return rc ? rc : -EAGAIN;
	rc = make_playlist(hls, ask->query);
	return rc ? rc : tess_http_body_take(body, &hls->playlist, 1);
}

int tess_live_hls_answer(struct tess_live_hls *hls, const struct tess_hls_ask *ask,
			 struct tess_http_body *body)
{
	struct tess_chunk *parts[TESS_HLS_LIVE_PARTS] = {NULL};
	unsigned count = 1;
	int rc;

	switch (ask->kind) {
	case TESS_HLS_PLAYLIST:
		rc = answer_playlist(hls, ask, body);
		break;
	case TESS_HLS_SEGMENT:
		count = tess_hls_live_segment(hls->hls, ask->number, parts);
		rc = count ? tess_http_body_take(body, parts, count) : -ENOENT;
		break;
	case TESS_HLS_INIT:
		parts[0] = tess_hls_live_init(hls->hls, ask->number);
		rc = parts[0] ? tess_http_body_take(body, parts, 1) : -ENOENT;
		break;
	default:
		parts[0] = tess_hls_live_part(hls->hls, ask->number, ask->part);
		rc = parts[0] ? tess_http_body_take(body, parts, 1) : -ENOENT;
		if (!parts[0] && tess_hls_live_is_hinted(hls->hls, ask->number, ask->part))
			rc = -EAGAIN;
		break;
	}
	if (!rc && !ask->head) {
		struct tess_session *session = tess_sessions_find(&hls->sessions, ask->session);

		hls->sent += body->length;
		if (session)
			session->bytes += body->length;
	}
	return rc;
}

void tess_live_hls_wait(struct tess_live_hls *hls, struct tess_hls_wait *wait)
{
	wait->hls = hls;
	link_wait(&hls->waits, wait);
}

void tess_live_hls_unwait(struct tess_hls_wait *wait)
{
	unlink_wait(wait);
}

int64_t tess_live_hls_patience_us(const struct tess_live_hls *hls)
{
	uint32_t target_s = tess_hls_live_target_s(hls->hls);

	return target_s ? PATIENCE_TARGETS * target_s * INT64_C(1000000) : PATIENCE_US;
}
