/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/thread.h - a room worker's thread, with its own packet I/O.
 *
 * It does not wake for each packet: while there are rooms it sleeps until the next tick, 10 ms at
 * most, and takes in what has come; the time of arrival is the driver's. Without rooms it sleeps
 * until it is woken. Threads: all calls belong to the thread that allocated it.
 */
#ifndef TESS_MEDIA_THREAD_H
#define TESS_MEDIA_THREAD_H

#include "firmware/media/worker.h"

struct tess_media_thread;

/**
 * Open packet I/O @p net_spec and start; config->net is set by this call, the rest must outlive it.
 * @retval 0, -EINVAL no such driver, or a negative errno of the driver or of pthread_create()
 */
int tess_media_thread_start(struct tess_media_thread **threadp, const char *net_spec,
			    const struct tess_media_worker_config *config) TESS_MUST_CHECK;
/** Stop and wait for its end. Accepts NULL. */
void tess_media_thread_stop(struct tess_media_thread *thread);
struct tess_media_worker *tess_media_thread_worker(const struct tess_media_thread *thread);

#endif
