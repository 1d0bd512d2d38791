/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/traffic.h - what was sent for each application since this process began: what
 * control makes usage of (docs/links.md).
 *
 * Counts only rise, so that a fact that is lost, or told twice, does no harm. Threads: the loop's.
 */
#ifndef TESS_EGRESS_TRAFFIC_H
#define TESS_EGRESS_TRAFFIC_H

#include <jansson.h>
#include <stdint.h>

#include "hal/compiler.h"

struct tess_traffic;

enum tess_traffic_item {
	TESS_TRAFFIC_LIVE_BYTES,  /* to players */
	TESS_TRAFFIC_FILE_BYTES,  /* of recorded files, by HTTP */
	TESS_TRAFFIC_RELAY_BYTES, /* to other servers */
	TESS_TRAFFIC_RELAY_US,	  /* while relays published */
	TESS_TRAFFIC_ITEMS,
};

/** @p run tells the processes apart: rises with each start. @retval 0, -ENOMEM */
int tess_traffic_alloc(struct tess_traffic **trafficp, int64_t run) TESS_MUST_CHECK;
void tess_traffic_free(struct tess_traffic *traffic); /* accepts NULL */
/** Count. Without memory for a new application, or with a NULL traffic, nothing is counted. */
void tess_traffic_add(struct tess_traffic *traffic, uint32_t app, enum tess_traffic_item item,
		      uint64_t amount);
/** The `traffic` object of the facts; new reference or NULL. */
json_t *tess_traffic_facts(const struct tess_traffic *traffic) TESS_MUST_CHECK;

#endif
