/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/pictures.h - still pictures of mixes: backgrounds, watermarks, place-holders.
 *
 * Control hands over the bytes of each picture under a key that is its content's own
 * (docs/links.md), before the desired state that uses it; pictures that the newest desired state
 * does not name are forgotten. What is drawn is a still: one picture in one size on one device,
 * decoded, scaled and uploaded once on the codec pool, shared by all mixes that show it, gone with
 * the last. Until it is ready, and when the picture cannot be decoded, there is nothing to draw.
 *
 * Threads: any, but tess_pictures_free().
 */
#ifndef TESS_MEDIA_PICTURES_H
#define TESS_MEDIA_PICTURES_H

#include <jansson.h>

#include "drivers/image_soft/image_soft.h"
#include "firmware/media/desired.h"
#include "firmware/media/engines.h"
#include "firmware/media/executor.h"

/** The most that are held at one time; more are refused. */
#define TESS_PICTURES_MAX 256

struct tess_pictures;
struct tess_still;

/** @p executor outlives it. @retval 0, -ENOMEM */
int tess_pictures_alloc(struct tess_pictures **picturesp,
			struct tess_executor *executor) TESS_MUST_CHECK;
/** No still may be referred to any more; what is queued still ends. Accepts NULL. */
void tess_pictures_free(struct tess_pictures *pictures);

/** Take the bytes of a picture, copied; one that is there already stays. @retval 0, -EINVAL no key,
 * -EFBIG, -ENOSPC, -ENOMEM */
int tess_pictures_put(struct tess_pictures *pictures, const char *key, const void *data,
		      size_t length) TESS_MUST_CHECK;
/** A "picture" message with its descriptor, which stays the caller's. @retval as
 * tess_pictures_put(), or of reading */
int tess_pictures_take(struct tess_pictures *pictures, const json_t *message,
		       int fd) TESS_MUST_CHECK;
/** Forget all that none of these states names; stills that are shown stay until they are given up.
 */
void tess_pictures_keep(struct tess_pictures *pictures, struct tess_desired *const *desired,
			unsigned count);
/** [{"key":"...","error":"..."}], those that could not be decoded; NULL: out of memory. */
json_t *tess_pictures_facts(struct tess_pictures *pictures) TESS_MUST_CHECK;

/**
 * The still of a picture on a device, for tess_still_unref(); NULL when there is no such picture,
 * or no memory. @p width and @p height are even.
 */
struct tess_still *tess_still_get(struct tess_pictures *pictures, const char *key,
				  struct tess_device *device, uint16_t width, uint16_t height,
				  enum tess_image_fit fit);
void tess_still_unref(struct tess_still *still); /* accepts NULL */
/** The picture, a reference of the caller's; NULL: not ready, or not to be had. Accepts NULL. */
struct tess_surface *tess_still_surface(struct tess_still *still);
/** Try again if the device failed. Accepts NULL. */
void tess_still_retry(struct tess_still *still);

#endif
