/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_writer.h - the one thread that waits for the disk, so that nobody else
 * does.
 *
 * Jobs come in lanes, one for each recording: in a lane strictly one after the other, lanes by
 * turns. A job that fails and asks for it is run again after a pause, holding up its lane and no
 * other.
 *
 * Threads: all calls, and all callbacks but run(), belong to the loop's thread.
 */
#ifndef TESS_EGRESS_RECORD_WRITER_H
#define TESS_EGRESS_RECORD_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware/base/loop.h"

struct tess_writer;
struct tess_lane;

/** Part of the user's own structure; from submit to done() it belongs to the writer. */
struct tess_writer_job {
	/**
	 * Does the work, on the writer's thread. @return the result; if it sets job->repeat, the
	 * job is run again.
	 */
	int (*run)(struct tess_writer_job *job);
	/** It has ended, with run's result, or -ECANCELED: it may have been run or not. */
	void (*done)(struct tess_writer_job *job, int result);
	size_t bytes; /* that it holds, for tess_writer_bytes() */
	bool repeat;
	int result;
	struct tess_writer_job *next;
};

/** @p retry_us is the pause before a job is run again. @retval 0, -ENOMEM, -EAGAIN, -EMFILE */
int tess_writer_alloc(struct tess_writer **writerp, struct tess_loop *loop,
		      int64_t retry_us) TESS_MUST_CHECK;
/** Run what waits, except in lanes that fail, end all jobs and then the thread. */
void tess_writer_stop(struct tess_writer *writer);
/** Stops it before if need be. All lanes must have been freed. Accepts NULL. */
void tess_writer_free(struct tess_writer *writer);
/** Held by jobs that have not ended. */
size_t tess_writer_bytes(struct tess_writer *writer);

/** @p failing is told of each failure that will be repeated. @retval 0, -ENOMEM */
int tess_lane_alloc(struct tess_lane **lanep, struct tess_writer *writer,
		    void (*failing)(void *arg, int error), void *arg) TESS_MUST_CHECK;
/** Of a lane without jobs; accepts NULL. */
void tess_lane_free(struct tess_lane *lane);
void tess_lane_submit(struct tess_lane *lane, struct tess_writer_job *job);
/** End all jobs of the lane with -ECANCELED, the one that is running after it has run. */
void tess_lane_cancel(struct tess_lane *lane);

#endif
