/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/sessions.h - who has asked for something lately: viewers that come by single
 * requests. A session is a number that is the same in each of its requests.
 */
#ifndef TESS_EGRESS_SESSIONS_H
#define TESS_EGRESS_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/net.h"

struct tess_session {
	uint64_t id; /* 0: the place is free */
	int64_t last_us, since_us;
	/* the user's: zero at first */
	uint64_t number, bytes;
	union tess_addr address;
};

/** Zero-initialised is empty. */
struct tess_sessions {
	struct tess_session *places; /* open addressing, a power of two */
	unsigned size, count;
};

void tess_sessions_free(struct tess_sessions *sessions);
/** One that is known has asked again; false: it is not known. */
bool tess_sessions_touch(struct tess_sessions *sessions, uint64_t id, int64_t now_us);
/** One that is known, until the next addition or expiry; NULL: it is not. */
struct tess_session *tess_sessions_find(const struct tess_sessions *sessions, uint64_t id);
/** A new one; @p id is not 0. @retval 0, -ENOMEM */
int tess_sessions_add(struct tess_sessions *sessions, uint64_t id, int64_t now_us) TESS_MUST_CHECK;
/** Forget those that have not asked since @p since_us. @return how many */
unsigned tess_sessions_expire(struct tess_sessions *sessions, int64_t since_us);

#endif
