/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/facts.h - what the other processes last told (docs/links.md), in memory. A
 * process that is away has told nothing.
 */
#ifndef TESS_CONTROL_JOBS_FACTS_H
#define TESS_CONTROL_JOBS_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/compiler.h"

enum tess_process {
	TESS_PROCESS_MEDIA = 1,
	TESS_PROCESS_EGRESS,
};

struct tess_facts;

int tess_facts_alloc(struct tess_facts **factsp) TESS_MUST_CHECK; /* -ENOMEM */
void tess_facts_free(struct tess_facts *facts);			  /* accepts NULL */

/** @retval the process of this name, or 0 for none */
int tess_process_from_text(const char *name);
const char *tess_process_text(enum tess_process process);

void tess_facts_up(struct tess_facts *facts, enum tess_process process, int64_t utc_us);
/** Away: what it told is forgotten. */
void tess_facts_down(struct tess_facts *facts, enum tess_process process, int64_t utc_us);
bool tess_facts_is_up(const struct tess_facts *facts, enum tess_process process);
/** Since when it is up or away; 0 = never seen. */
int64_t tess_facts_since(const struct tess_facts *facts, enum tess_process process);

/** Take a facts message (a reference is kept). @retval 0, -ENOMEM */
int tess_facts_take(struct tess_facts *facts, enum tess_process process, json_t *message,
		    int64_t now_us) TESS_MUST_CHECK;

/* One object of the last message, borrowed until the next; NULL when there is none. */
json_t *tess_facts_publisher(const struct tess_facts *facts, int64_t id);
json_t *tess_facts_mix(const struct tess_facts *facts, int64_t id);
json_t *tess_facts_record(const struct tess_facts *facts, int64_t id);
json_t *tess_facts_relay(const struct tess_facts *facts, int64_t id);
json_t *tess_facts_live(const struct tess_facts *facts, const char *name);
/** A member of the whole message ("engine", "net", "counters"); NULL when there is none. */
json_t *tess_facts_member(const struct tess_facts *facts, enum tess_process process,
			  const char *name);

/**
 * Share of packets lost by a publisher's track ("video", "audio") over the last 5 to 10 seconds, in
 * percent.
 */
double tess_facts_loss_percent(const struct tess_facts *facts, int64_t publisher,
			       const char *track);

#endif
