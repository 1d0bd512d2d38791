/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/executor.h - a pool of threads for decoding and encoding.
 *
 * A strand is a queue whose jobs run one after the other, never two at a time, on any thread of the
 * pool: one decoder is one strand, one mix's drawing and encoding another. Strands take turns;
 * those marked urgent go first, because they stand at the end of a picture's way, and wake a thread
 * at once; others wait up to 20 ms for company, since waking up costs more than a short job.
 *
 * Jobs are part of whoever posts them: nothing is allocated here after a strand was made, and the
 * number of a poster's own jobs is the bound of its queue. An executor without threads runs each
 * job at once in post(), which makes a run on virtual time repeatable. Threads: post may be called
 * from any thread, for one strand from one at a time.
 */
#ifndef TESS_MEDIA_EXECUTOR_H
#define TESS_MEDIA_EXECUTOR_H

#include <stdbool.h>

#include "hal/net.h"

struct tess_executor;
struct tess_strand;

/** A piece of work; belongs to the strand from post() until run() is called. */
struct tess_job {
	struct tess_job *next;
	void (*run)(struct tess_job *job); /* may free the job */
};

/** @p threads 0: jobs run inline. @retval 0, -ENOMEM, -EAGAIN no more threads */
int tess_executor_alloc(struct tess_executor **executorp, unsigned threads) TESS_MUST_CHECK;
/** Waits until all strands have ended, so each must have been closed before. Accepts NULL. */
void tess_executor_free(struct tess_executor *executor);

/** @retval 0, -ENOMEM */
int tess_strand_alloc(struct tess_strand **strandp, struct tess_executor *executor,
		      bool urgent) TESS_MUST_CHECK;
void tess_strand_post(struct tess_strand *strand, struct tess_job *job);
/** As post(), but a job of an urgent strand may wait for company too, until one is posted to it. */
void tess_strand_post_gathered(struct tess_strand *strand, struct tess_job *job);
/** Run @p last after all that was posted, then free the strand; it is gone for the caller at once.
 */
void tess_strand_close(struct tess_strand *strand, struct tess_job *last);

#endif
