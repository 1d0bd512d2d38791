/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/covers.h - thumbnails of files, small JPEGs. They go with their files.
 *
 * Errors and callbacks as in store.h.
 */
#ifndef TESS_CONTROL_STORE_COVERS_H
#define TESS_CONTROL_STORE_COVERS_H

#include "firmware/control/store/files.h"

#define TESS_COVER_MAX_BYTES (256u << 10)

/** Files with pictures on this disk that nobody made a thumbnail of, the newest first, some. */
int tess_store_covers_missing(struct tess_store *store,
			      int (*each)(void *arg, int64_t file, const char *path),
			      void *arg) TESS_MUST_CHECK;
/** It is tried; should that fail, or the box, it is not tried again. @retval 0, -ENOENT */
int tess_store_cover_try(struct tess_store *store, int64_t file) TESS_MUST_CHECK;
/** @retval 0, -ENOENT no such file */
int tess_store_cover_set(struct tess_store *store, int64_t file, const void *jpeg,
			 size_t length) TESS_MUST_CHECK;
/** The JPEG, for free(). @retval 0, -ENOENT, -ENOMEM */
int tess_store_cover_get(struct tess_store *store, int64_t file, void **jpeg,
			 size_t *length) TESS_MUST_CHECK;

#endif
