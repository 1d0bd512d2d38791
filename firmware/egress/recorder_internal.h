/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/recorder_internal.h - what recorder.c (units, states) and recorder_jobs.c (the
 * disk) share.
 */
#ifndef TESS_EGRESS_RECORDER_INTERNAL_H
#define TESS_EGRESS_RECORDER_INTERNAL_H

#include "firmware/egress/record_fragmenter.h"
#include "firmware/egress/recorder.h"

/** A unit that waits, with its data. */
struct early {
	struct early *next;
	struct tess_au au;
	uint8_t data[];
};

struct tess_recorder {
	struct tess_recorder_shared *shared;
	struct tess_record_meta meta;
	enum tess_recorder_state state;
	struct tess_fragmenter fragmenter;
	bool begun; /* there is a file, or it is being made */
	struct tess_stream_info info;
	uint64_t epoch;			  /* of the stream; 0: it never came */
	struct early *early, **early_end; /* sound that waits for the first picture */
	size_t early_bytes;
	int64_t early_us; /* of the newest of it */
	bool away;
	int64_t taken_us;    /* clock when the fragment being collected began */
	uint64_t reanchored; /* of the time line, as noted in the journal */
	struct tess_lane *lane;
	unsigned jobs;		       /* under way */
	struct tess_record_file file;  /* the writer's while there are jobs */
	struct tess_record_state held; /* what is on disk */
	struct tess_record_end end;
	char name[TESS_RECORD_NAME_SIZE]; /* of its files, without suffix; "": there are none yet */
	char path[TESS_RECORD_NAME_SIZE + 32]; /* of the first of them */
	uint64_t bytes[TESS_RECORD_FORMATS];   /* of each format */
	bool disk_fails, deleting, acknowledged;
	char error[128];
};

static inline void tess_recorder_changed(struct tess_recorder *recorder)
{
	recorder->shared->changed(recorder->shared->arg);
}

/** Its files have this name in its application's folder. */
void tess_recorder_set_name(struct tess_recorder *recorder, const char *name);
/** Of the lane: a job failed and will be repeated. */
void tess_recorder_on_failing(void *arg, int error);
/** Of the fragmenter: write this one. */
void tess_recorder_on_fragment(void *arg, struct tess_fragment_bytes *fragment);

/** Make the file; takes the head in any case. @retval 0, -ENOMEM */
int tess_recorder_submit_create(struct tess_recorder *recorder,
				struct tess_bytes *head) TESS_MUST_CHECK;
void tess_recorder_submit_origin(struct tess_recorder *recorder);
void tess_recorder_submit_finish(struct tess_recorder *recorder);
void tess_recorder_submit_delete(struct tess_recorder *recorder);
void tess_recorder_submit_acknowledge(struct tess_recorder *recorder);

#endif
