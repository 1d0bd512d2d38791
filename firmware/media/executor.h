/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/executor.h - a pool of threads for decoding and encoding.
 *
 * A strand is a queue whose jobs run one after the other, never two at a time, on any thread of the
 * pool: one decoder is one strand, one mix's drawing and encoding another. Strands take turns;
 * those marked urgent go first, because they stand at the end of a picture's way. Waking a thread
 * costs more than a short job, and codecs are faster one after the other, while their code and
 * tables are in the cache: what is not needed at once is posted to wait for company.
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

/** The longest wait for company. */
#define TESS_EXECUTOR_GATHER_US 60000

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
/** Run the job as soon as a thread is free. */
void tess_strand_post(struct tess_strand *strand, struct tess_job *job);
/** As post(), but it may wait for other strands' jobs, until one is posted or
 * TESS_EXECUTOR_GATHER_US are over. */
void tess_strand_post_gathered(struct tess_strand *strand, struct tess_job *job);
/** Run @p last after all that was posted, then free the strand; it is gone for the caller at once.
 */
void tess_strand_close(struct tess_strand *strand, struct tess_job *last);

#endif
