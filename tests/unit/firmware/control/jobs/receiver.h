/* SPDX-License-Identifier: GPL-3.0-or-later
 * A receiver of callbacks, in the loop of the control that sends them: one for a test.
 */
#ifndef TEST_CONTROL_RECEIVER_H
#define TEST_CONTROL_RECEIVER_H

#include <jansson.h>
#include <stdbool.h>

#include "fixture.h"

/** How it answers. */
enum manner { WELL, WITH_500, WITH_REDIRECT, HALF_WAY, NOT_AT_ALL, LATE, TOO_LATE };

/** What a late answer takes, of which TOO_LATE is more and LATE less. */
#define RECEIVER_HURRIED_US 400000
#define RECEIVER_LOG_MAX    4096

extern struct receiver {
	/* to be set */
	enum manner manner;
	int64_t timeout_us; /* what control shall wait instead of 20 s; 0: those */
	const char *key;    /* of callbacks; each must be signed with it */
	/* what came */
	char url[64];
	unsigned visits;
	json_t *bodies; /* of the requests, in order */
	/* "say " of the body, else of its record_event, or of its event_type, of each; other
	 * processes that are forked later write to it too */
	char *log;
} receiver;

/** Nothing is excluded for it. */
void receiver_open(struct fixture *fixture);
void receiver_close(void);
/** One more life of control's callbacks and of a loop, until it is so; fails after 30 s. */
void receiver_run_until(bool (*so)(void));
/** The first who came has no answer yet, and will have one. */
bool receiver_is_thinking(void);

#endif
