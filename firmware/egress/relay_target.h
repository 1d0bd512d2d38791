/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relay_target.h - one target of relays.h: its connections, one after the other.
 */
#ifndef TESS_EGRESS_RELAY_TARGET_H
#define TESS_EGRESS_RELAY_TARGET_H

#include <jansson.h>

#include "firmware/egress/relay_srt.h"
#include "firmware/egress/relays.h"
#include "firmware/egress/viewer.h"

struct tess_relay_target;

struct tess_relay_target_config {
	struct tess_loop *loop;
	const struct tess_relays_config *relays;
	const struct tess_window *window; /* must outlive it, as must this: */
	struct tess_srt_library *srt;
	int64_t id, epoch; /* as control told them */
	const char *url;   /* copied */
};

/** It waits for its stream. @retval 0, -EINVAL the address, -ENOMEM */
int tess_relay_target_alloc(struct tess_relay_target **targetp,
			    const struct tess_relay_target_config *config) TESS_MUST_CHECK;
/** The server is told that it is over, if that can be done at once. Accepts NULL. */
void tess_relay_target_free(struct tess_relay_target *target);
/** Whether it is what control tells. */
bool tess_relay_target_is(const struct tess_relay_target *target, int64_t epoch, const char *url);
int64_t tess_relay_target_id(const struct tess_relay_target *target);
/** The stream is there; it connects, unless it has, or may not. */
void tess_relay_target_begin(struct tess_relay_target *target);
/** The stream will not come back soon: what there is of it is sent, and the connection closed. */
void tess_relay_target_end(struct tess_relay_target *target);
/** Some time has passed: send what there is. */
void tess_relay_target_tick(struct tess_relay_target *target);
/** As in the facts of docs/links.md; new reference or NULL. */
json_t *tess_relay_target_facts(const struct tess_relay_target *target) TESS_MUST_CHECK;
/** Bytes sent and pictures left out over all connections. */
void tess_relay_target_count(const struct tess_relay_target *target, uint64_t *bytes,
			     uint64_t *pictures, uint64_t *failures);

#endif
