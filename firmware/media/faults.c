/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/faults.c - logs what a device's API refuses.
 */
#include "firmware/media/faults.h"

#include <stdbool.h>
#include <string.h>

#include "firmware/base/log.h"

#define AGAIN_US INT64_C(60000000)

void tess_faults_init(struct tess_faults *faults)
{
	memset(faults, 0, sizeof(*faults));
	pthread_mutex_init(&faults->lock, NULL);
}

void tess_faults_destroy(struct tess_faults *faults)
{
	pthread_mutex_destroy(&faults->lock);
}

/* Count the failure. @return how many to log, 0: it is not yet time */
static uint64_t count(struct tess_faults *faults, const char *call, int64_t now_us)
{
	unsigned i = 0;
	uint64_t since;

	while (i < faults->count &&
	       strncmp(faults->calls[i].call, call, sizeof(faults->calls[i].call) - 1) != 0)
		i++;
	if (i == TESS_FAULTS_CALLS) {
		i--;
	} else if (i == faults->count) {
		faults->count++;
		memcpy(faults->calls[i].call, call,
		       strnlen(call, sizeof(faults->calls[i].call) - 1));
		faults->calls[i].logged_us = now_us - AGAIN_US;
	}
	since = ++faults->calls[i].since;
	if (now_us - faults->calls[i].logged_us < AGAIN_US)
		return 0;
	faults->calls[i].logged_us = now_us;
	faults->calls[i].since = 0;
	return since;
}

void tess_faults_take(struct tess_faults *faults, const char *engine,
		      const struct tess_engine_fault *fault, int64_t now_us)
{
	uint64_t number;

	pthread_mutex_lock(&faults->lock);
	number = count(faults, fault->call, now_us);
	pthread_mutex_unlock(&faults->lock);
	if (number)
		TESS_WARN("engine.fault", "engine=%s device=%s call=%s error=\"%s\" count=%llu",
			  engine, fault->device, fault->call, fault->error,
			  (unsigned long long)number);
}
