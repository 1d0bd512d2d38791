/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/pictures.h - the still pictures of applications, and of mixes: kept,
 * fetched from addresses, handed to media.
 *
 * A mix's parameters name pictures by id or address. On the links they have the hash of their bytes
 * as key, and media gets the bytes before the first desired state that names them. What an address
 * gave is kept for as long as a mix names it, over restarts; it is fetched anew only when no mix
 * named it meanwhile, or a start names it after a failure. A mix whose picture is deleted, not
 * fetched or broken goes on without; its warnings say so.
 */
#ifndef TESS_CONTROL_JOBS_PICTURES_H
#define TESS_CONTROL_JOBS_PICTURES_H

#include <jansson.h>

#include "firmware/base/loop.h"
#include "firmware/control/cloud/mix_params.h"
#include "firmware/control/control.h"
#include "firmware/control/store/pictures.h"

/** The most pictures of one application. */
#define TESS_PICTURES_MAX_OF_APPLICATION 256

struct tess_link;

int tess_picture_jobs_alloc(struct tess_picture_jobs **jobsp) TESS_MUST_CHECK; /* -ENOMEM */
void tess_picture_jobs_free(struct tess_picture_jobs *jobs);		       /* accepts NULL */
/** Begin to fetch, in this loop, until tess_pictures_stop(). @retval 0, -ENOMEM */
int tess_pictures_start(struct tess_control *control, struct tess_loop *loop) TESS_MUST_CHECK;
void tess_pictures_stop(struct tess_control *control);

/**
 * Keep a picture. Of @p picture application and size and place are given, the rest is filled in.
 * @retval 0, -EINVAL no PNG, JPEG or BMP, -EFBIG, -EDQUOT the application has the most there may
 * be, or an error of the store
 */
int tess_pictures_add(struct tess_control *control, struct tess_picture *picture,
		      const void *content, size_t length) TESS_MUST_CHECK;
/** Mixes go on without it. @retval 0, -ENOENT */
int tess_pictures_remove(struct tess_control *control, uint32_t application,
			 int64_t id) TESS_MUST_CHECK;

/** Are the pictures there that it names by their ids? @retval 0, -EINVAL no, see *error, or an
 * error of the store */
int tess_pictures_check(struct tess_control *control, const struct tess_mix_request *request,
			struct tess_cloud_error *error) TESS_MUST_CHECK;
/** A mix begins or changes: what failed of its addresses may be tried again. */
void tess_pictures_again(struct tess_control *control, const json_t *params);
/** What of its pictures is not shown, and why: [{"field":"...","message":"..."}]. */
json_t *tess_pictures_warnings(struct tess_control *control, uint32_t application,
			       const json_t *params);

/** Fetch what mixes name, forget what none names any more. */
int tess_pictures_refresh(struct tess_control *control) TESS_MUST_CHECK;
/** In a mix of the desired state: keys for ids and addresses, nothing for what is not there. */
int tess_pictures_resolve(struct tess_control *control, json_t *mix) TESS_MUST_CHECK;
/** Send media the pictures that @p desired names and that this link has not had. */
int tess_pictures_send(struct tess_control *control, struct tess_link *link,
		       const json_t *desired) TESS_MUST_CHECK;
/** A new link to media: it has none. */
void tess_pictures_link_up(struct tess_control *control);

#endif
