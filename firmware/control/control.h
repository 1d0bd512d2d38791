/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/control.h - what the parts of tessera-control work on. One thread.
 */
#ifndef TESS_CONTROL_CONTROL_H
#define TESS_CONTROL_CONTROL_H

#include "firmware/base/config.h" /* and with it struct tess_clock */
#include "firmware/control/jobs/facts.h"
#include "firmware/control/store/store.h"

struct tess_limiter;
struct tess_picture_jobs;
struct tess_uploads;
struct tess_found;
struct tess_covers;

/** Answers given, for the metrics: by class (1xx .. 5xx) and by what was asked. */
struct tess_http_counters {
	uint64_t cloud, cloud_errors, admin, web, metrics;
	uint64_t by_class[6];
};

struct tess_control {
	const struct tess_config *config;
	const struct tess_clock *clock;
	struct tess_store *store;
	struct tess_facts *facts;
	struct tess_limiter *logins; /* attempts to log in */
	struct tess_limiter *starts; /* StartMCUMixTranscode of a room */
	struct tess_picture_jobs *pictures;
	char token_key[65]; /* signs the addresses of files; hex */
	char decoy[160];    /* a password hash to check for users that are not there */
	int64_t life;	    /* rises with each start of control */
	int64_t started_utc_us;
	unsigned next_port_pair; /* of the RTP range: where the search for a free one goes on */
	struct tess_http_counters http;
	/** The desired state is another one now; may be NULL. */
	void (*changed)(void *arg);
	void *changed_arg;
	/** Tells egress what is not a state, or -ENOTCONN; may be NULL. */
	int (*tell)(void *arg, const json_t *message);
	void *tell_arg;
	/** Of the desired state no more than the orders for egress is another; may be NULL. */
	void (*orders)(void *arg);
	/** There is something in the outbox; may be NULL. */
	void (*outbox)(void *arg);
	void *outbox_arg;
	struct tess_covers *covers;   /* NULL: none are made (jobs/covers.h) */
	struct tess_found *found;     /* NULL: nothing is looked for (jobs/found.h) */
	struct tess_uploads *uploads; /* NULL: none are made (jobs/uploads.h) */
};

/**
 * Open the store in config->box.state_dir and prepare all but the sockets; on the first start make
 * the administrator and the file with its password.
 * @param control filled; to be given to tess_control_close() also after a failure
 * @retval 0, or the error of the store or of the system
 */
int tess_control_open(struct tess_control *control, const struct tess_config *config,
		      const struct tess_clock *clock) TESS_MUST_CHECK;
void tess_control_close(struct tess_control *control);
/** To be called after each change of desired state. */
void tess_control_changed(struct tess_control *control);
/** The same when only orders for egress are others: media is not told, which has no part in them.
 */
void tess_control_orders(struct tess_control *control);

/** Tell egress to do something now. @retval 0, -ENOTCONN it is not there, or an error of the link
 */
int tess_control_tell(struct tess_control *control, const json_t *message) TESS_MUST_CHECK;

static inline int64_t tess_control_utc_us(const struct tess_control *control)
{
	return tess_clock_utc_us(control->clock);
}

#endif
