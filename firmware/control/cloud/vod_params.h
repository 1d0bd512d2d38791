/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/vod_params.h - the parameters of the VOD actions, checked.
 *
 * What the box's files never have (tags, classes, descriptions, other sources than recording) is a
 * filter like any other: it finds nothing.
 */
#ifndef TESS_CLOUD_VOD_PARAMS_H
#define TESS_CLOUD_VOD_PARAMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/control/cloud/error.h"

enum tess_vod_action {
	TESS_VOD_SEARCH = 1,
	TESS_VOD_DESCRIBE,
	TESS_VOD_DELETE,
	TESS_VOD_CREATE_AREA,
	TESS_VOD_AREAS,
	TESS_VOD_CHANGE_AREA,
	TESS_VOD_SWITCH_AREA,
};

/* Blocks of a MediaInfo. */
#define TESS_VOD_BASIC 1u
#define TESS_VOD_META  2u

#define TESS_VOD_MAX_FOUND 5000 /* Offset + Limit */
#define TESS_VOD_REGION	   "local"

struct tess_vod_request {
	enum tess_vod_action action;
	int64_t sub_app_id;	  /* 0 = the application's own */
	unsigned blocks;	  /* to be told */
	json_t *file_ids;	  /* texts, in their order; also of DeleteMedia */
	bool nothing;		  /* search: no file can be what is asked for */
	json_t *names, *prefixes; /* arrays of texts, NULL = not asked for */
	json_t *streams, *rooms, *formats, *categories;
	json_t *applications;		  /* integers */
	json_t *domains, *paths;	  /* of the stream */
	const char *text;		  /* in the name; NULL or of the parameters */
	int64_t created_from, created_to; /* µs, both included; 0 = open */
	int64_t expires_from, expires_to;
	bool oldest_first;
	bool keep_original; /* DeleteMedia: only parts that the box does not make */
	int64_t offset, limit;
	const char *name, *description, *status; /* of an area; NULL = not given */
};

/** The names that all VOD actions know, ending with NULL. */
extern const char *const tess_vod_params[];

/**
 * @p request is to be freed also after a failure; its texts are those of @p params.
 * @retval 0, -EINVAL refused, see *error, -ENOMEM
 */
int tess_vod_request_parse(struct tess_vod_request *request, enum tess_vod_action action,
			   const json_t *params, struct tess_cloud_error *error) TESS_MUST_CHECK;
void tess_vod_request_free(struct tess_vod_request *request);

#endif
