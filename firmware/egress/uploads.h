/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/uploads.h - control's orders on finished files (docs/links.md): send a piece to
 * an address that is signed already, for there are no accounts here; tell what an HLS playlist
 * lists; look into a file that control has no row of. What to do, how often, and what follows is
 * control's.
 *
 * Threads: all calls belong to the loop's; files are read and sent by threads of its own.
 */
#ifndef TESS_EGRESS_UPLOADS_H
#define TESS_EGRESS_UPLOADS_H

#include <jansson.h>

#include "firmware/base/loop.h"

/** Pieces that are under way at once. */
#define TESS_UPLOADS_AT_ONCE 4
/** A connection over which less than this goes for so long is given up. */
#define TESS_UPLOADS_STALL_S	   30
#define TESS_UPLOADS_STALL_BYTES_S 512

struct tess_uploads;

/**
 * @p record_dir and @p ca_file ("" = the system's) must outlive it; @p changed is called, in the
 * loop, when an order is over.
 * @retval 0, -ENOMEM, -EAGAIN
 */
int tess_uploads_alloc(struct tess_uploads **uploadsp, struct tess_loop *loop,
		       const char *record_dir, const char *ca_file, void (*changed)(void *arg),
		       void *arg) TESS_MUST_CHECK;
/** What is under way is given up; accepts NULL. */
void tess_uploads_free(struct tess_uploads *uploads);
/** The array of the link: what it does not list any more is given up and forgotten. */
void tess_uploads_set_desired(struct tess_uploads *uploads, const json_t *orders);
/**
 * A key frame that was cut out and not taken yet.
 * @retval 1 with the order's id and a descriptor, the caller's; 0 there is none; -ENOMEM, ...: an
 * order that is lost with that
 */
int tess_uploads_take_frame(struct tess_uploads *uploads, char id[64], int *fdp) TESS_MUST_CHECK;
/** The array of the facts; the caller's reference. NULL: no memory. Of lists that are done one is
 * told so each time, since all of them may be too long for one message. */
json_t *tess_uploads_facts(struct tess_uploads *uploads);

#endif
