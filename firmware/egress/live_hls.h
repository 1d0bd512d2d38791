/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/live_hls.h - one stream as live HLS, from its first request until some time after
 * its last viewer.
 *
 * It begins with what the stream's ring still holds, so that the first playlist is there at once.
 * What is asked for and is not there yet (a blocking playlist reload, the part that was promised as
 * the next) is waited for. Threads: the loop's.
 */
#ifndef TESS_EGRESS_LIVE_HLS_H
#define TESS_EGRESS_LIVE_HLS_H

#include "firmware/egress/http_body.h"
#include "firmware/egress/http_request.h"
#include "firmware/egress/sink.h"
#include "hal/clock.h"

enum tess_hls_kind {
	TESS_HLS_PLAYLIST = 1,
	TESS_HLS_INIT,
	TESS_HLS_SEGMENT,
	TESS_HLS_PART,
};

/** What is asked for. */
struct tess_hls_ask {
	enum tess_hls_kind kind;
	uint64_t number; /* of the segment, or the init segment; of a playlist: that it must have */
	uint32_t part;	 /* UINT32_MAX: the whole segment */
	bool blocking;	 /* a playlist with number and part */
	/** What addresses in the playlist get: "", or "?" and the request's query without the
	 * directives of HLS, all of it as RFC 3986 has it. */
	char query[TESS_HTTP_MAX_PATH + 2];
	bool head;	  /* the length is enough: nothing is counted */
	uint64_t session; /* who asks: what is sent is counted for him; 0 = nobody */
};

/**
 * Read the address of a request.
 * @p name gets the stream's, TESS_HTTP_MAX_PATH bytes
 * @retval 0, -ENOENT it is not of HLS, -EINVAL its directives are wrong (400)
 */
int tess_hls_ask_read(struct tess_hls_ask *ask, char *name,
		      const struct tess_http_request *request) TESS_MUST_CHECK;

/** One number, not 0, for all requests of a viewer: by its address (@p fd is its connection), its
 * program and its query, thus its right to watch. */
uint64_t tess_hls_session(int fd, const struct tess_http_request *request,
			  const struct tess_hls_ask *ask);

/** The headers of an answer with a body of @p length bytes. */
void tess_hls_headers(char *headers, size_t size, const struct tess_hls_ask *ask, size_t length);

struct tess_live_hls;
struct tess_live_viewer;

/** Somebody who waits. All members but wake and arg are live_hls'. */
struct tess_hls_wait {
	struct tess_hls_wait *next, **link;
	struct tess_live_hls *hls; /* NULL once the stream's HLS is gone */
	struct tess_hls_ask ask;
	/** Called once, not from within tess_live_hls_wait(): ask again. It does not wait any
	 * more. */
	void (*wake)(void *arg);
	void *arg;
};

/** What the HLS of all streams has in common. */
struct tess_live_hls_config {
	struct tess_loop *loop;
	struct tess_streams *streams;
	const struct tess_clock *clock;
	uint64_t *account, limit; /* bytes of all, and what they should stay below */
};

/** @p config and @p name stay. @retval 0, -EINVAL, -ENOMEM */
int tess_live_hls_alloc(struct tess_live_hls **hlsp, const struct tess_live_hls_config *config,
			const char *stream, const char *name) TESS_MUST_CHECK;
/** Whoever waits is woken. Accepts NULL. */
void tess_live_hls_free(struct tess_live_hls *hls);

/** Whether this viewer has asked before, and lately; it is noted that it does. */
bool tess_live_hls_touch(struct tess_live_hls *hls, uint64_t session);
/** A new viewer, who has this @p number among all. @retval 0, -ENOMEM */
int tess_live_hls_add_viewer(struct tess_live_hls *hls, uint64_t session, uint64_t number,
			     const union tess_addr *address) TESS_MUST_CHECK;
/** As tess_live_each(); one that is to be closed is forgotten. */
unsigned tess_live_hls_each(struct tess_live_hls *hls,
			    bool (*each)(void *arg, const struct tess_live_viewer *viewer),
			    void *arg);
unsigned tess_live_hls_viewers(const struct tess_live_hls *hls);
/** Forget viewers that have gone. @return whether nobody has watched for so long that it may go */
bool tess_live_hls_sweep(struct tess_live_hls *hls);
uint64_t tess_live_hls_sent(const struct tess_live_hls *hls); /* bytes of answers */

/**
 * Answer a request.
 * @retval 0 *body is it
 * @retval -EAGAIN it is not there yet: wait
 * @retval -ENOENT there is no such thing (any more); -EINVAL too far ahead (400); -ENOMEM
 */
int tess_live_hls_answer(struct tess_live_hls *hls, const struct tess_hls_ask *ask,
			 struct tess_http_body *body) TESS_MUST_CHECK;
/** Be woken when something new is there. */
void tess_live_hls_wait(struct tess_live_hls *hls, struct tess_hls_wait *wait);
/** Wait no more; nothing happens if it does not. */
void tess_live_hls_unwait(struct tess_hls_wait *wait);
/** How long a request may be held. */
int64_t tess_live_hls_patience_us(const struct tess_live_hls *hls);

#endif
