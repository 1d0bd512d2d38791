/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/live.h - who may watch an application's live streams and push them: play
 * and push domains with their keys, rules, limits; and what live streams there are.
 *
 * Errors and callbacks as in store.h.
 */
#ifndef TESS_CONTROL_STORE_LIVE_H
#define TESS_CONTROL_STORE_LIVE_H

#include "firmware/base/tx_secret.h"
#include "firmware/control/store/store.h"

#define TESS_DOMAIN_KINDS	   "play push"
#define TESS_DOMAIN_NAME_MAX	   253
#define TESS_DOMAIN_DELTA_MAX_S	   315360000
#define TESS_DOMAINS_MAX	   100 /* of an application */
#define TESS_LIVE_LIST_MAX	   2000
#define TESS_LIVE_REFERRER_MODES   "off allow deny"
#define TESS_LIVE_MAX_VIEWERS_MOST 1000000

/** A name by which streams are watched ("play") or pushed ("push"). */
struct tess_live_domain {
	char kind[5];
	char name[TESS_DOMAIN_NAME_MAX + 1]; /* of its kind nobody else's; lower case */
	uint32_t application;
	bool enabled; /* txSecret and txTime are asked for */
	/* secrets; "" = none. Of a push domain: the master and the backup key */
	char key[TESS_TX_KEY_MAX + 1], back_key[TESS_TX_KEY_MAX + 1];
	int64_t delta_s; /* AuthDelta */
	int64_t created_us;
};

/** @retval 0, -EEXIST it is a domain already, -ENOENT no such application */
int tess_store_domain_add(struct tess_store *store,
			  const struct tess_live_domain *domain) TESS_MUST_CHECK;
/** @retval 0, -ENOENT */
int tess_store_domain_get(struct tess_store *store, struct tess_live_domain *domain,
			  const char *kind, const char *name) TESS_MUST_CHECK;
/** All but its application and time. @retval 0, -ENOENT */
int tess_store_domain_set(struct tess_store *store,
			  const struct tess_live_domain *domain) TESS_MUST_CHECK;
/** @retval 0, -ENOENT */
int tess_store_domain_remove(struct tess_store *store, const char *kind,
			     const char *name) TESS_MUST_CHECK;
int tess_store_domains_count(struct tess_store *store, uint32_t application,
			     int64_t *count) TESS_MUST_CHECK;
/** By kind and name; @p application 0: all. */
int tess_store_domains(struct tess_store *store, uint32_t application,
		       int (*each)(void *arg, const struct tess_live_domain *row),
		       void *arg) TESS_MUST_CHECK;

/** Rules for all who watch an application's streams. Lists are separated by blanks. */
struct tess_live_settings {
	char referrer_mode[6]; /* of TESS_LIVE_REFERRER_MODES */
	bool referrer_empty;   /* who brings none may watch */
	char referrers[TESS_LIVE_LIST_MAX + 1];
	char ip_allow[TESS_LIVE_LIST_MAX + 1], ip_deny[TESS_LIVE_LIST_MAX + 1]; /* prefixes.h */
	char origins[TESS_LIVE_LIST_MAX + 1];					/* "" = all */
	uint32_t max_viewers, max_stream_viewers; /* 0 = as the box has it */
};

/** Those of the application, or the defaults: everybody may watch. */
int tess_store_live_settings_get(struct tess_store *store, struct tess_live_settings *settings,
				 uint32_t application) TESS_MUST_CHECK;
/** @retval 0, -ENOENT no such application */
int tess_store_live_settings_set(struct tess_store *store, uint32_t application,
				 const struct tess_live_settings *settings) TESS_MUST_CHECK;
/** Of those that have any. */
int tess_store_live_settings(struct tess_store *store,
			     int (*each)(void *arg, uint32_t application,
					 const struct tess_live_settings *row),
			     void *arg) TESS_MUST_CHECK;

/** What can be watched under a name. */
struct tess_live_stream {
	char name[TESS_STREAM_NAME_MAX + 1];
	struct tess_cloud_room room;
	int64_t id; /* of the mix or of the publisher */
	bool mix;
	bool rtmp;					    /* the user publishes by RTMP */
	char user[TESS_CLOUD_MAX_USER + 1], stream_type[5]; /* whose it is; "" of a mix */
	int64_t since_us;
};

/** By name; @p application 0: all, @p name NULL: all. */
int tess_store_live_streams(struct tess_store *store, uint32_t application, const char *name,
			    int (*each)(void *arg, const struct tess_live_stream *row),
			    void *arg) TESS_MUST_CHECK;
/** The one of this name. @retval 0, -ENOENT */
int tess_store_live_stream(struct tess_store *store, struct tess_live_stream *stream,
			   const char *name) TESS_MUST_CHECK;

#endif
