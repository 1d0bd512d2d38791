/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relays.h - streams pushed to other servers by RTMP, RTMPS and SRT, as control
 * desires.
 *
 * A target connects when its stream is there, and again with growing pauses when its server fails;
 * a refusal of what it brings (its key) is final, and so is its last attempt, until control changes
 * the target. All targets of a stream share one window, each with a cursor of its own. A target
 * that lags is sent fewer pictures, and always all the sound. The connection stays when media is
 * restarted: the server sees a pause.
 *
 * The address of a target is a secret; it is neither logged nor told. Threads: the loop's.
 */
#ifndef TESS_EGRESS_RELAYS_H
#define TESS_EGRESS_RELAYS_H

#include <jansson.h>

#include "firmware/egress/sink.h"

/** Targets at once; more are not listed. */
#define TESS_RELAYS_MAX 1024

struct tess_relays;

struct tess_relays_config {
	/** The pause before the second attempt; each later one is half as long again, up to the
	 * greatest, and up to a quarter more by chance. */
	int64_t first_pause_us, greatest_pause_us;
	/** Attempts that fail one after the other, none of them publishing for steady_us. */
	uint32_t attempts;
	int64_t steady_us;
	int64_t opening_us; /* from connecting to publishing */
	int64_t stall_us;   /* without a byte taken */
};

/** What the program runs with. */
extern const struct tess_relays_config tess_relays_defaults;

/** @retval 0, -ENOMEM */
int tess_relays_alloc(struct tess_relays **relaysp, struct tess_loop *loop,
		      struct tess_streams *streams,
		      const struct tess_relays_config *config) TESS_MUST_CHECK;
void tess_relays_free(struct tess_relays *relays); /* servers are told; accepts NULL */
/** Make the targets equal to the `relays` array of a desired state (docs/links.md). */
void tess_relays_apply(struct tess_relays *relays, const json_t *targets);
/** The `relays` array of the facts; new reference or NULL. */
json_t *tess_relays_facts(const struct tess_relays *relays) TESS_MUST_CHECK;
/** Add the counters of docs/links.md that are the relays' to @p counters. */
void tess_relays_count(const struct tess_relays *relays, json_t *counters);

#endif
