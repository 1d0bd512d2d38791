/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/settings.h - how an application records, and its storage areas (the
 * cloud's sub-applications): folders of their own for lines of business that must not see each
 * other.
 *
 * Errors and callbacks as in store.h.
 */
#ifndef TESS_CONTROL_STORE_SETTINGS_H
#define TESS_CONTROL_STORE_SETTINGS_H

#include <stdint.h>

#include "hal/compiler.h"

#define TESS_CALLBACK_URL_MAX	  512
#define TESS_CALLBACK_KEY_MAX	  32
#define TESS_SPLIT_MINUTES_MAX	  120
#define TESS_RETENTION_DAYS_MAX	  1500
#define TESS_RESUME_TIMEOUT_MAX_S 1800
#define TESS_RECORD_FORMATS	  "hls mp4 flv aac" /* in this order in a set */
#define TESS_RECORD_MODES	  "rest specified automatic"
#define TESS_AREA_NAME_MAX	  160  /* bytes of 40 characters */
#define TESS_AREA_DESCRIPTION_MAX 1200 /* of 300 */

struct tess_store;

/** What a recording takes with it when it begins. */
struct tess_record_settings {
	char mode[12];		/* of TESS_RECORD_MODES */
	char formats[20];	/* of TESS_RECORD_FORMATS, blanks between; a recording of sound
				   alone has "mp3" */
	uint32_t split_minutes; /* 1 .. 120 */
	uint32_t resume_timeout_s;
	uint32_t retention_days;		      /* 0 = for ever */
	int64_t area;				      /* 0 = the application's own */
	char callback_url[TESS_CALLBACK_URL_MAX + 1]; /* "" = none */
	char callback_key[TESS_CALLBACK_KEY_MAX + 1]; /* "" = not signed */
};

/** Those of the application, or the defaults: mode rest, mp4, 120 minutes, for ever, no resuming.
 */
int tess_store_record_settings_get(struct tess_store *store, struct tess_record_settings *settings,
				   uint32_t application) TESS_MUST_CHECK;
/** @retval 0, -ENOENT no such application */
int tess_store_record_settings_set(struct tess_store *store, uint32_t application,
				   const struct tess_record_settings *settings) TESS_MUST_CHECK;

struct tess_area {
	int64_t id; /* SubAppId; also the name of its folder */
	uint32_t application;
	char name[TESS_AREA_NAME_MAX + 1];
	char description[TESS_AREA_DESCRIPTION_MAX + 1];
	char status[12];     /* "On", "Off", "Destroyed" */
	int64_t quota_bytes; /* 0 = none */
	int64_t created_us;
	int64_t used_bytes; /* of finished files; read only */
};

/** Of an application, those that are destroyed not counted. */
#define TESS_AREAS_MAX 500

/** @retval 0 with area->id set, -ENOENT no such application, -EDQUOT it has TESS_AREAS_MAX */
int tess_store_area_add(struct tess_store *store, struct tess_area *area) TESS_MUST_CHECK;
/** One of this application. @retval 0, -ENOENT */
int tess_store_area_get(struct tess_store *store, struct tess_area *area, uint32_t application,
			int64_t id) TESS_MUST_CHECK;
/** Whose area it is. @retval 0, -ENOENT */
int tess_store_area_owner(struct tess_store *store, uint32_t *application,
			  int64_t id) TESS_MUST_CHECK;
/** All areas there are, of all applications. */
int tess_store_area_owners(struct tess_store *store,
			   int (*each)(void *arg, int64_t id, uint32_t application),
			   void *arg) TESS_MUST_CHECK;
/** Name, description, status and quota of area->id. @retval 0, -ENOENT */
int tess_store_area_set(struct tess_store *store, const struct tess_area *area) TESS_MUST_CHECK;
/** In order of making. */
int tess_store_areas(struct tess_store *store, uint32_t application,
		     int (*each)(void *arg, const struct tess_area *row),
		     void *arg) TESS_MUST_CHECK;

#endif
