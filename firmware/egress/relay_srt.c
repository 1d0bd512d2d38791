/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relay_srt.c - see relay_srt.h.
 */
#include "firmware/egress/relay_srt.h"

#include <errno.h>
#include <srt/srt.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/mux/ts.h"

/* seven packets of a transport stream: what SRT's live mode sends at once */
#define MESSAGE (7 * TESS_TS_PACKET)
/* units of one turn, so that one that catches up leaves the loop to others */
#define UNITS_A_TURN 64
/* what waits in libsrt: several seconds of 8 Mbit/s */
#define QUEUE_BYTES (8 << 20)
#define CONNECT_MS  9000
/* as far behind, pictures that no other is predicted from are left out, then all up to a key */
#define EASE_MS 1000
#define DROP_MS 2000

struct tess_relay_srt {
	const struct tess_window *window;
	SRTSOCKET socket;
	struct tess_ts ts;
	struct tess_bytes out;	  /* packets that are to be sent */
	size_t sent;		  /* of out */
	struct tess_start *start; /* that ts is for, a reference */
	uint8_t config[64];	  /* AudioSpecificConfig */
	size_t config_length;
	uint64_t number; /* of the next tag */
	bool placed;	 /* it is one that is to be sent */
	bool to_key;	 /* no picture before the next key frame */
	bool caught_up;	 /* all that there was at its begin has been sent */
	bool based;
	int64_t base_ms, sent_ms;
	uint64_t bytes, pictures;
};

static int set(SRTSOCKET socket, SRT_SOCKOPT option, const void *value, int length)
{
	return srt_setsockflag(socket, option, value, length) ? -EINVAL : 0;
}

static int set_int(SRTSOCKET socket, SRT_SOCKOPT option, int value)
{
	return set(socket, option, &value, sizeof(value));
}

static int set_options(SRTSOCKET socket, const struct tess_srt_url *url)
{
	const bool no = false;
	int rc;

	rc = set(socket, SRTO_RCVSYN, &no, sizeof(no));
	if (!rc)
		rc = set(socket, SRTO_SNDSYN, &no, sizeof(no));
	if (!rc)
		rc = set_int(socket, SRTO_CONNTIMEO, CONNECT_MS);
	if (!rc)
		rc = set_int(socket, SRTO_SNDBUF, QUEUE_BYTES);
	if (!rc && url->latency_ms)
		rc = set_int(socket, SRTO_LATENCY, url->latency_ms);
	if (!rc && *url->stream_id)
		rc = set(socket, SRTO_STREAMID, url->stream_id, (int)strlen(url->stream_id));
	if (!rc && *url->passphrase && url->key_bytes)
		rc = set_int(socket, SRTO_PBKEYLEN, url->key_bytes);
	if (!rc && *url->passphrase)
		rc = set(socket, SRTO_PASSPHRASE, url->passphrase, (int)strlen(url->passphrase));
	return rc;
}

static int begin(struct tess_relay_srt *srt, const union tess_addr *address,
		 const struct tess_srt_url *url)
{
	int length = address->sa.sa_family == AF_INET6 ? (int)sizeof(address->in6)
						       : (int)sizeof(address->in);
	int rc;

	srt->socket = srt_create_socket();
	if (srt->socket == SRT_INVALID_SOCK)
		return -ENOMEM;
	rc = set_options(srt->socket, url);
	if (!rc && srt_connect(srt->socket, &address->sa, length) == SRT_ERROR)
		rc = -ECONNREFUSED;
	return rc;
}

void tess_srt_library_end(struct tess_srt_library *library)
{
	if (library->begun)
		srt_cleanup();
	library->begun = false;
}

static int begin_library(struct tess_srt_library *library)
{
	if (library->begun)
		return 0;
	if (srt_startup() < 0)
		return -ENOMEM;
	/* what it says may have the stream id in it */
	srt_setloglevel(LOG_CRIT);
	library->begun = true;
	return 0;
}

int tess_relay_srt_open(struct tess_relay_srt **srtp, struct tess_srt_library *library,
			const union tess_addr *address, const struct tess_srt_url *url,
			const struct tess_window *window)
{
	struct tess_relay_srt *srt = calloc(1, sizeof(*srt));
	int rc;

	if (!srt)
		return -ENOMEM;
	srt->window = window;
	srt->socket = SRT_INVALID_SOCK;
	rc = begin_library(library);
	if (!rc)
		rc = begin(srt, address, url);
	if (rc) {
		tess_relay_srt_close(srt);
		return rc;
	}
	*srtp = srt;
	return 0;
}

void tess_relay_srt_close(struct tess_relay_srt *srt)
{
	if (!srt)
		return;
	if (srt->socket != SRT_INVALID_SOCK)
		srt_close(srt->socket);
	tess_start_release(srt->start);
	tess_bytes_free(&srt->out);
	free(srt);
}

int tess_relay_srt_connect(const struct tess_relay_srt *srt)
{
	int reason;

	switch (srt_getsockstate(srt->socket)) {
	case SRTS_CONNECTED:
		return 0;
	case SRTS_INIT:
	case SRTS_OPENED:
	case SRTS_CONNECTING:
		return -EAGAIN;
	default:
		break;
	}
	reason = srt_getrejectreason(srt->socket);
	if (reason == SRT_REJ_BADSECRET || reason == SRT_REJ_UNSECURE ||
	    (reason >= SRT_REJC_PREDEFINED + 400 && reason < SRT_REJC_PREDEFINED + 500))
		return -EACCES;
	return reason == SRT_REJ_TIMEOUT ? -ETIMEDOUT : -ECONNREFUSED;
}

/* What a key frame, or sound alone, says of what comes from it on. */
static void take_start(struct tess_relay_srt *srt, struct tess_start *start)
{
	bool has_video = false, has_audio = false;

	if (!start || start == srt->start)
		return;
	tess_start_release(srt->start);
	srt->start = start;
	start->references++;
	for (unsigned i = 0; i < start->count; i++) {
		const struct tess_tag *tag = start->tags[i];
		size_t length = tag->length - 2 - TESS_FLV_TRAILER_SIZE;

		has_video = has_video || tag->type == TESS_FLV_VIDEO;
		if (tag->type != TESS_FLV_AUDIO || length > sizeof(srt->config))
			continue;
		has_audio = true;
		memcpy(srt->config, tag->data + 2, length);
		srt->config_length = length;
	}
	if (has_video != srt->ts.has_video || has_audio != srt->ts.has_audio) {
		/* the packets of each track are counted on */
		srt->ts.has_video = has_video;
		srt->ts.has_audio = has_audio;
		srt->ts.begun = false;
	}
}

/* Stand on a tag that can be sent. @return NULL: there is none yet */
static const struct tess_tag *next_tag(struct tess_relay_srt *srt)
{
	const struct tess_tag *tag = tess_window_tag(srt->window, srt->number);

	if (srt->placed && (tag || srt->number == tess_window_head(srt->window)))
		return tag;
	/* its begin, or the window has gone on without it */
	srt->placed = !tess_window_key(srt->window, &srt->number);
	srt->to_key = srt->caught_up = false;
	return srt->placed ? tess_window_tag(srt->window, srt->number) : NULL;
}

static int64_t newest_ms(const struct tess_relay_srt *srt)
{
	uint64_t head = tess_window_head(srt->window);
	const struct tess_tag *tag = head ? tess_window_tag(srt->window, head - 1) : NULL;

	return tag ? tag->dts_ms : srt->sent_ms;
}

static bool leave_out(struct tess_relay_srt *srt, const struct tess_tag *tag)
{
	int64_t behind_ms = srt->caught_up ? newest_ms(srt) - tag->dts_ms : 0;

	if (tag->type != TESS_FLV_VIDEO)
		return false;
	if (tag->start)
		srt->to_key = false;
	else if (behind_ms > DROP_MS)
		srt->to_key = true;
	if (!srt->to_key && !(tag->unreferenced && behind_ms > EASE_MS))
		return false;
	srt->pictures++;
	return true;
}

static int32_t composition_ms(const uint8_t *at)
{
	return (int32_t)((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8) >> 8;
}

/* The tag as packets, behind those that wait. What cannot be one is left out. */
static int put_tag(struct tess_relay_srt *srt, const struct tess_tag *tag)
{
	bool video = tag->type == TESS_FLV_VIDEO;
	size_t header = video ? 5 : 2, before = srt->out.length;
	struct tess_au au = {
		.track = video ? TESS_TRACK_VIDEO : TESS_TRACK_AUDIO,
		.key = !video || tag->start,
		.data = tag->data + header,
		.length = tag->length - header - TESS_FLV_TRAILER_SIZE,
	};
	int rc;

	if (!srt->based) {
		srt->based = true;
		srt->base_ms = tag->dts_ms;
	}
	/* what is before the first picture by a little is not before the line's begin */
	au.dts_us = (tag->dts_ms - srt->base_ms + 1000) * 1000;
	au.pts_us = au.dts_us + (video ? (int64_t)composition_ms(tag->data + 2) * 1000 : 0);
	rc = tess_ts_put(&srt->ts, &srt->out, &au, srt->config, srt->config_length);
	if (rc) {
		srt->out.length = before;
		if (rc == -ENOMEM)
			return rc;
	}
	srt->sent_ms = tag->dts_ms;
	return 0;
}

/* @retval 0 all was taken, -EAGAIN, -EPIPE */
static int flush(struct tess_relay_srt *srt)
{
	while (srt->sent < srt->out.length) {
		size_t left = srt->out.length - srt->sent, length = left < MESSAGE ? left : MESSAGE;
		int sent = srt_sendmsg2(srt->socket, (const char *)srt->out.data + srt->sent,
					(int)length, NULL);

		if (sent == SRT_ERROR)
			return srt_getlasterror(NULL) == SRT_EASYNCSND ? -EAGAIN : -EPIPE;
		srt->sent += length;
		srt->bytes += length;
	}
	srt->sent = srt->out.length = 0;
	return 0;
}

int tess_relay_srt_serve(struct tess_relay_srt *srt)
{
	const struct tess_tag *tag;
	int rc = srt_getsockstate(srt->socket) == SRTS_CONNECTED ? flush(srt) : -EPIPE;

	for (unsigned i = 0; !rc && i < UNITS_A_TURN && (tag = next_tag(srt)); i++) {
		take_start(srt, tag->start);
		srt->number++;
		if (leave_out(srt, tag))
			continue;
		rc = put_tag(srt, tag);
		if (!rc)
			rc = flush(srt);
	}
	if (!rc && srt->placed && srt->number == tess_window_head(srt->window))
		srt->caught_up = true;
	return rc == -ENOMEM ? -EPIPE : rc;
}

int64_t tess_relay_srt_delay_ms(const struct tess_relay_srt *srt)
{
	return srt->based ? newest_ms(srt) - srt->sent_ms : 0;
}

void tess_relay_srt_count(const struct tess_relay_srt *srt, uint64_t *bytes, uint64_t *pictures)
{
	*bytes = srt->bytes;
	*pictures = srt->pictures;
}
