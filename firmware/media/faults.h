/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/faults.h - logs what a device's API refuses: the first failure of each call at
 * once, then, while it goes on, their number once a minute.
 *
 * Threads: any.
 */
#ifndef TESS_MEDIA_FAULTS_H
#define TESS_MEDIA_FAULTS_H

#include <pthread.h>
#include <stdint.h>

#include "hal/engine.h"

/** Different calls that are told apart; those beyond share the last place. */
#define TESS_FAULTS_CALLS 16

struct tess_faults {
	pthread_mutex_t lock;
	struct {
		char call[48];
		int64_t logged_us;
		uint64_t since; /* failures since it was logged */
	} calls[TESS_FAULTS_CALLS];
	unsigned count;
};

void tess_faults_init(struct tess_faults *faults);
void tess_faults_destroy(struct tess_faults *faults);
/** Take one failure of @p engine's device; logged as engine.fault when it is its time. */
void tess_faults_take(struct tess_faults *faults, const char *engine,
		      const struct tess_engine_fault *fault, int64_t now_us);

#endif
