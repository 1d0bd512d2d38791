/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/guard.h - who may play, by the `guard` object of the desired state
 * (docs/links.md): play domains and their keys, referrers, addresses, limits.
 *
 * The host that a client asked for decides whose domain it is. A name that is nobody's domain (the
 * box's own address) is as good as the least protected domain of the stream's application, and open
 * if it has none. A NULL guard lets everybody in. Threads: the loop's.
 */
#ifndef TESS_EGRESS_GUARD_H
#define TESS_EGRESS_GUARD_H

#include <jansson.h>

#include "hal/clock.h"
#include "hal/net.h"

#define TESS_GUARD_HOST_SIZE 256

struct tess_guard;

/** One who wants to play. Texts are as the client sent them, "" when it sent none. */
struct tess_play {
	const char *host;     /* with a port or without */
	const char *stream;   /* its live name, without ".flv" or ".m3u8" */
	const char *query;    /* of the address, not decoded */
	const char *referrer; /* an address; RTMP's pageUrl */
	union tess_addr address;
};

/** @p clock must outlive it. @retval 0, -ENOMEM */
int tess_guard_alloc(struct tess_guard **guardp, const struct tess_clock *clock) TESS_MUST_CHECK;
void tess_guard_free(struct tess_guard *guard); /* accepts NULL */
/** Rules from now on; those who play already stay. NULL or what is no object: none. */
void tess_guard_apply(struct tess_guard *guard, const json_t *rules);

/**
 * May the stream of this application be played? To be asked once, when it begins.
 * @retval 0, -EACCES no (403), -ENOENT the host is another application's domain (404)
 */
int tess_play_check(struct tess_guard *guard, uint32_t app,
		    const struct tess_play *play) TESS_MUST_CHECK;
/**
 * May a file of this application be fetched by the key of one of its play domains? The query must
 * be signed for the file's name without suffix; rules of players are not looked at.
 * @retval 0, -EACCES no, or no domain of it has a key
 */
int tess_guard_file(struct tess_guard *guard, uint32_t app, const char *name,
		    const char *query) TESS_MUST_CHECK;
/** The application of a folder of recordings: a storage area's, or the one of that number. */
uint32_t tess_guard_owner(const struct tess_guard *guard, int64_t folder);
/**
 * The headers of CORS (Fetch §3.2) for a request with this Origin ("" = none): the origins of the
 * application, or all when it has named none.
 */
void tess_guard_cors(const struct tess_guard *guard, uint32_t app, const char *origin,
		     char *headers, size_t size);
/** Most viewers of each stream and of all streams of an application; 0 = not limited. */
void tess_guard_limits(const struct tess_guard *guard, uint32_t app, uint32_t *stream,
		       uint32_t *application);
/** Add the refusals by reason to @p counters. */
void tess_guard_count(const struct tess_guard *guard, json_t *counters);

#endif
