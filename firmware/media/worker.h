/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/worker.h - a room worker: all there is to do for its rooms, one step at a time.
 *
 * It has no thread and no wait of its own: who runs it calls step(), which takes in packets that
 * are there, does what is due and says when it must be called again. The process does that in a
 * thread (firmware/media/thread.h), replay and tests on virtual time.
 *
 * What is desired comes in through a mailbox of one place, the newest wins, and facts go out
 * through another; neither side ever waits for the other. Threads: apply() and the two take calls
 * from any thread, the rest from the one that steps.
 */
#ifndef TESS_MEDIA_WORKER_H
#define TESS_MEDIA_WORKER_H

#include "firmware/media/desired.h"
#include "firmware/media/executor.h"
#include "firmware/media/facts.h"
#include "firmware/media/pictures.h"
#include "hal/audio.h"
#include "hal/net.h"

struct tess_media_worker;

struct tess_bridge;
struct tess_inputs;

struct tess_media_worker_config {
	struct tess_clock *clock;
	struct tess_net *net;
	struct tess_engines *engines;
	const struct tess_audio_driver *audio;
	struct tess_executor *executor;
	struct tess_pictures *pictures; /* NULL: mixes show none */
	struct tess_bridge *bridge;	/* that all workers share */
	struct tess_inputs *inputs;	/* likewise; NULL: no publishers come by egress */
	uint32_t jitter_us;
	/* there are new facts or stream events; from the stepping thread; may be NULL */
	void (*notify)(void *arg);
	void *notify_arg;
};

/** A stream has begun, or ended for good. */
struct tess_stream_event {
	struct tess_stream_event *next;
	char stream[TESS_DESIRED_NAME];
	uint64_t epoch;
	int memfd, eventfd; /* the receiver's, to close; -1: it has ended */
};

/** What config points to must outlive the worker. @retval 0, -ENOMEM */
int tess_media_worker_alloc(struct tess_media_worker **workerp,
			    const struct tess_media_worker_config *config) TESS_MUST_CHECK;
/** Closes all rooms. What is under way in the executor ends there. Accepts NULL. */
void tess_media_worker_free(struct tess_media_worker *worker);
/** Make the rooms equal to @p desired, which is given over, at the next step. */
void tess_media_worker_apply(struct tess_media_worker *worker, struct tess_desired *desired);
/** @return the time of the next step, at the latest */
int64_t tess_media_worker_step(struct tess_media_worker *worker, int64_t now_us);
/** True if there is any room: packets may come. */
bool tess_media_worker_is_active(const struct tess_media_worker *worker);
/** The newest facts not yet taken, the caller's; NULL if there are none. */
struct tess_media_facts *tess_media_worker_take_facts(struct tess_media_worker *worker);
/** The next event, the caller's for tess_stream_event_free(); NULL if there is none. */
struct tess_stream_event *tess_media_worker_take_event(struct tess_media_worker *worker);
void tess_stream_event_free(struct tess_stream_event *event); /* closes the descriptors */

#endif
