/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/uploads.h - finished files on their way to object storage
 * (docs/storage.md).
 *
 * Control has the keys, egress the files. Control signs an address for each request, sends those
 * without media itself (begin and complete a multipart upload, verify, remove), and has egress send
 * the pieces. All that matters is in the store: whoever dies, it goes on with the next piece. A
 * file leaves this disk only when the storage has told its size and its checksum.
 *
 * Threads: the loop's.
 */
#ifndef TESS_CONTROL_JOBS_UPLOADS_H
#define TESS_CONTROL_JOBS_UPLOADS_H

#include <jansson.h>

#include "firmware/base/loop.h"
#include "firmware/control/control.h"
#include "firmware/control/store/uploads.h"

/** Files that are under way at once, and pieces of one. */
#define TESS_UPLOADS_FILES  4
#define TESS_UPLOADS_PIECES 4
/** A larger object is sent in parts of this size, or of as much as makes 10,000 parts. */
#define TESS_UPLOADS_PART_BYTES (8LL << 20)
#define TESS_UPLOADS_MAX_PARTS	10000
/** The pause after a failure; it doubles up to the longest. */
#define TESS_UPLOADS_RETRY_US	    5000000LL
#define TESS_UPLOADS_RETRY_MAX_US   600000000LL
#define TESS_UPLOADS_REFUSED_MAX_US 3600000000LL
/** After so many in a row, or a refusal, the state is "failed"; it is tried on all the same. */
#define TESS_UPLOADS_TRIES 8

/** Sets control->uploads. @retval 0, -ENOMEM */
int tess_uploads_start(struct tess_control *control, struct tess_loop *loop) TESS_MUST_CHECK;
void tess_uploads_stop(struct tess_control *control);

/** A file is there: it is to be uploaded, if its application wants that. In the transaction of the
 * file's row. @retval 0, or an error of the store */
int tess_uploads_add(struct tess_control *control, const struct tess_file *file) TESS_MUST_CHECK;
/** There may be something to do: soon. */
void tess_uploads_wake(struct tess_control *control);
/** The orders for egress; new reference, NULL: no memory. */
json_t *tess_uploads_orders(const struct tess_control *control);
/** What egress tells of its orders. @retval 1 the orders are others now, 0 not */
int tess_uploads_told(struct tess_control *control, const json_t *told);
/** Bytes of a file that are in the storage, those that are being sent included. */
int64_t tess_uploads_sent(const struct tess_control *control, const struct tess_upload *upload);

/**
 * An address from which the object of an upload can be read, for @p life_s.
 * @retval 0, -EKEYREJECTED the application has no keys any more, or another error
 */
int tess_uploads_address(char *url, struct tess_control *control, const struct tess_upload *upload,
			 const char *path, int life_s) TESS_MUST_CHECK;

struct tess_upload_counters {
	uint64_t bytes;	   /* of pieces that arrived */
	uint64_t failures; /* of requests */
	uint64_t uploaded, removed;
};
void tess_uploads_counters(const struct tess_control *control,
			   struct tess_upload_counters *counters);

#endif
