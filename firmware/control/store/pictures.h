/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/pictures.h - still pictures: those that applications keep, and those that
 * were fetched for mixes that name an address.
 *
 * The hash of its bytes is a picture's name on the links. See store.h for errors, lists and
 * threads.
 */
#ifndef TESS_CONTROL_STORE_PICTURES_H
#define TESS_CONTROL_STORE_PICTURES_H

#include "firmware/control/store/store.h"

#define TESS_PICTURE_HASH 65 /* with its end */

struct tess_picture {
	int64_t id;
	uint32_t application;
	char format[5];		      /* "png", "jpeg", "bmp" */
	uint32_t width, height, x, y; /* as the client said, kept for it */
	char hash[TESS_PICTURE_HASH];
	int64_t bytes, created_us;
};

/** @retval 0 with picture->id set, -ENOENT no such application */
int tess_store_picture_add(struct tess_store *store, struct tess_picture *picture,
			   const void *content) TESS_MUST_CHECK;
/** @retval 0, -ENOENT this application has none of this id */
int tess_store_picture_get(struct tess_store *store, struct tess_picture *picture,
			   uint32_t application, int64_t id) TESS_MUST_CHECK;
/** Width, height, x and y of picture->id. @retval 0, -ENOENT */
int tess_store_picture_set(struct tess_store *store,
			   const struct tess_picture *picture) TESS_MUST_CHECK;
int tess_store_picture_remove(struct tess_store *store, uint32_t application,
			      int64_t id) TESS_MUST_CHECK;
/** In order of their ids; limit 0 = all. */
int tess_store_pictures(struct tess_store *store, uint32_t application, int64_t limit,
			int64_t offset, int (*each)(void *arg, const struct tess_picture *row),
			void *arg) TESS_MUST_CHECK;
int tess_store_picture_count(struct tess_store *store, uint32_t application,
			     int64_t *count) TESS_MUST_CHECK;

/** The bytes of a picture, kept or fetched, for free(). @retval 0, -ENOENT */
int tess_store_picture_content(struct tess_store *store, const char *hash, void **content,
			       size_t *length) TESS_MUST_CHECK;

/** What was fetched from an address; replaces what was. */
int tess_store_fetched_set(struct tess_store *store, const char *url, const char *hash,
			   const void *content, size_t length) TESS_MUST_CHECK;
/** @retval 0, -ENOENT nothing */
int tess_store_fetched_hash(struct tess_store *store, const char *url,
			    char hash[TESS_PICTURE_HASH]) TESS_MUST_CHECK;
int tess_store_fetched_remove(struct tess_store *store, const char *url) TESS_MUST_CHECK;
/** All addresses. */
int tess_store_fetched(struct tess_store *store, int (*each)(void *arg, const char *url),
		       void *arg) TESS_MUST_CHECK;

#endif
