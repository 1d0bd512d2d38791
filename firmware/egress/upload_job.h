/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/upload_job.h - one order of uploads.h: send a piece of a file, list what an HLS
 * playlist lists, inspect a file and link it by an id, or cut a key frame out of it.
 *
 * Threads: tess_upload_job_run() blocks, on a thread of its own; meanwhile no other call but
 * ..._cancel() and ..._facts() (with over false).
 */
#ifndef TESS_EGRESS_UPLOAD_JOB_H
#define TESS_EGRESS_UPLOAD_JOB_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "firmware/egress/inspect.h"
#include "firmware/egress/key_frame.h"

/** What a playlist may list, and the largest that is read. */
#define TESS_UPLOAD_MAX_FILES	 50000
#define TESS_UPLOAD_MAX_PLAYLIST (2u << 20)
/** What a list may be in the facts, where it is told with all else in one message. */
#define TESS_UPLOAD_MAX_LIST (6u << 20)

struct tess_upload_job {
	char id[64];
	char path[320]; /* APP/NAME or APP/FOLDER.hls/NAME */
	bool list, inspect, key_frame;
	int64_t record; /* inspect: the id that it is linked by, if it is a file of ours */
	uint64_t offset, bytes;
	char *url; /* the right to send is in it: never told */
	atomic_bool cancel;
	atomic_uint_least64_t sent;
	/* what came of it */
	bool done;
	long status;
	char etag[128], md5[33], error[160];
	struct tess_inspection found;
	json_t *files;		 /* of a list: [[path, bytes], ...], the playlist last */
	char *playlist;		 /* its text */
	struct tess_bytes frame; /* of a key_frame that is done */
};

/** @retval 0, -EINVAL it is none, -ENOMEM; to be freed also then */
int tess_upload_job_read(struct tess_upload_job *job, const json_t *order) TESS_MUST_CHECK;
void tess_upload_job_free(struct tess_upload_job *job);
void tess_upload_job_run(struct tess_upload_job *job, const char *record_dir, const char *ca_file);
/** It ends soon. From any thread. */
void tess_upload_job_cancel(struct tess_upload_job *job);
/** Its object in the facts; the caller's reference, or NULL. */
json_t *tess_upload_job_facts(const struct tess_upload_job *job, bool over);

#endif
