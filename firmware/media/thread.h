/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/thread.h - a room worker's thread, with its own packet I/O.
 *
 * It does not wake for each packet: while there are rooms it sleeps until something of theirs is
 * due, TESS_MEDIA_NAP_US at most, and takes in what has come; the time of arrival is the driver's.
 * Without rooms it sleeps until it is woken. A driver that must be polled does that meanwhile
 * (gather()). Threads: all calls belong to the thread that allocated it.
 */
#ifndef TESS_MEDIA_THREAD_H
#define TESS_MEDIA_THREAD_H

#include "firmware/media/worker.h"

struct tess_media_thread;

/**
 * Open packet I/O and start. Of @p net the spec must outlive it, and its clock and size are set by
 * this call, as is config->net; the rest of @p config must outlive it too.
 * @retval 0, -ENOENT no such driver, or a negative errno of the driver or of pthread_create(); with
 * net->reason
 */
int tess_media_thread_start(struct tess_media_thread **threadp, const struct tess_net_config *net,
			    const struct tess_media_worker_config *config) TESS_MUST_CHECK;
/** Stop and wait for its end. Accepts NULL. */
void tess_media_thread_stop(struct tess_media_thread *thread);
struct tess_media_worker *tess_media_thread_worker(const struct tess_media_thread *thread);
/** The specification that its packet I/O was opened with. */
const char *tess_media_thread_net(const struct tess_media_thread *thread);
/** CPU time that it has used. */
int64_t tess_media_thread_cpu_us(const struct tess_media_thread *thread);
/** True when its port is gone for good and it has ended: config->notify was called. */
bool tess_media_thread_is_lost(const struct tess_media_thread *thread);

#endif
