/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/covers.h - thumbnails of recordings: control sends key frames that egress cut out
 * of files, the codec pool makes a JPEG of each, and it goes back (docs/links.md).
 *
 * Threads: the loop's; the work is on one strand of the codec pool.
 */
#ifndef TESS_MEDIA_COVERS_H
#define TESS_MEDIA_COVERS_H

#include <jansson.h>

#include "firmware/base/loop.h"
#include "firmware/media/executor.h"

/** Key frames that wait or are decoded; more are refused. */
#define TESS_COVERS_MAX	      4
#define TESS_COVERS_MAX_BYTES (4u << 20)

struct tess_covers;

/** A cover is made: the answer, and a descriptor of its JPEG, or -1; both end with the call. */
typedef void tess_covers_made(void *arg, const json_t *message, int fd);

/** @p loop and @p executor outlive it. @retval 0, -ENOMEM */
int tess_covers_alloc(struct tess_covers **coversp, struct tess_loop *loop,
		      struct tess_executor *executor, tess_covers_made *made,
		      void *arg) TESS_MUST_CHECK;
/** What is under way is forgotten; before the executor is freed, when the loop runs no more.
 * Accepts NULL. */
void tess_covers_free(struct tess_covers *covers);
/**
 * A "cover" message with its descriptor, which stays the caller's; its bytes are copied.
 * @retval 0 it will be answered; -EBUSY, -EINVAL, -EFBIG, -ENOMEM, or errors of reading: it was
 */
int tess_covers_take(struct tess_covers *covers, const json_t *message, int fd) TESS_MUST_CHECK;

#endif
