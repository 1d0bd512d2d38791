/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/picture_content.h - the bytes of still pictures, told by their beginning.
 * They are decoded elsewhere: here they are only kept.
 */
#ifndef TESS_CLOUD_PICTURE_CONTENT_H
#define TESS_CLOUD_PICTURE_CONTENT_H

#include <stddef.h>

#include "hal/compiler.h"

#define TESS_PICTURE_MAX_BYTES (2u << 20)

/** "png", "jpeg" or "bmp"; NULL for anything else. */
const char *tess_picture_format(const void *content, size_t length);
/** The format that a file's suffix (png, jpg, jpeg, bmp, in any case) stands for; NULL: none. */
const char *tess_picture_format_of_suffix(const char *suffix);
/**
 * A picture from its base64 text; *content is for free().
 * @retval 0, -EFBIG larger than 2 MiB, -EBADMSG no base64, -EINVAL no PNG, JPEG or BMP, -ENOMEM
 */
int tess_picture_from_base64(void **content, size_t *length, const char *text,
			     size_t text_length) TESS_MUST_CHECK;

#endif
