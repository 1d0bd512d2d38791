/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/space.c - see space.h.
 */
#include "firmware/control/jobs/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "firmware/base/log.h"
#include "firmware/control/store/files.h"

#define EXPIRED_AT_ONCE 200 /* a turn of the loop stays short */

struct tess_space_keeper {
	struct tess_control *control;
	struct tess_timer *timer;
};

enum tess_space tess_space_now(const struct tess_control *control)
{
	const struct tess_config *config = control->config;
	struct statvfs disk;
	uint64_t free_parts;

	if (statvfs(config->egress.record_dir, &disk) || !disk.f_blocks)
		return TESS_SPACE_PLENTY;
	free_parts = (uint64_t)disk.f_bavail * 100;
	if (free_parts < (uint64_t)disk.f_blocks * config->egress.disk_reserve_percent)
		return TESS_SPACE_RESERVE;
	if (free_parts < (uint64_t)disk.f_blocks * config->egress.disk_hard_percent)
		return TESS_SPACE_HARD;
	if (free_parts < (uint64_t)disk.f_blocks * config->egress.disk_soft_percent)
		return TESS_SPACE_SOFT;
	return TESS_SPACE_PLENTY;
}

int tess_space_admit(struct tess_control *control, uint32_t application, int64_t id,
		     struct tess_cloud_error *error)
{
	struct tess_area area = {0};
	int rc;

	if (tess_space_now(control) >= TESS_SPACE_HARD)
		return tess_cloud_refuse(
			error, TESS_CLOUD_RESOURCE_INSUFFICIENT,
			"Less than %u %% of the disk is free: no recording begins.",
			control->config->egress.disk_hard_percent);
	if (!id)
		return 0;
	rc = tess_store_area_get(control->store, &area, application, id);
	if (rc && rc != -ENOENT)
		return rc;
	if (rc || strcmp(area.status, "On") != 0)
		return tess_cloud_refuse(error, TESS_CLOUD_RESOURCE_INSUFFICIENT,
					 "The storage area %lld of the application is off.",
					 (long long)id);
	if (area.quota_bytes && area.used_bytes >= area.quota_bytes)
		return tess_cloud_refuse(error, TESS_CLOUD_RESOURCE_INSUFFICIENT,
					 "The storage area %lld has reached its quota.",
					 (long long)id);
	return 0;
}

/* @retval 1 there may be more, 0, or an error */
static int remove_expired(struct tess_control *control)
{
	int64_t now_us = tess_control_utc_us(control), id = 0;
	unsigned count = 0;
	int rc;

	rc = tess_store_begin(control->store);
	if (rc)
		return rc;
	while (count < EXPIRED_AT_ONCE) {
		rc = tess_store_file_expired(control->store, &id, now_us);
		if (!rc)
			rc = tess_store_file_delete(control->store, id);
		if (rc)
			break;
		TESS_INFO("recording.expired", "file=%lld", (long long)id);
		count++;
	}
	if (rc == -ENOENT)
		rc = 0;
	rc = tess_store_finish(control->store, rc);
	if (!rc && count)
		tess_control_changed(control);
	return rc ? rc : count == EXPIRED_AT_ONCE;
}

static int end_one(void *arg, const struct tess_recording *row)
{
	char *stream = arg;

	if (!row->wanted)
		return 0;
	memcpy(stream, row->stream, sizeof(row->stream));
	return 1;
}

static int end_recordings(struct tess_control *control)
{
	char stream[sizeof(((struct tess_recording *)0)->stream)];
	bool ended = false;
	int rc;

	while ((rc = tess_store_recordings_open(control->store, end_one, stream)) == 1) {
		TESS_ERROR("recording.no_space", "stream=%s", stream);
		rc = tess_store_recording_end(control->store, stream);
		if (rc)
			break;
		ended = true;
	}
	if (ended)
		tess_control_changed(control);
	return rc;
}

int tess_space_keep(struct tess_control *control)
{
	int rc;

	do {
		rc = remove_expired(control);
	} while (rc == 1 && tess_space_now(control) >= TESS_SPACE_SOFT);
	if (rc >= 0 && tess_space_now(control) == TESS_SPACE_RESERVE)
		rc = end_recordings(control);
	return rc < 0 ? rc : 0;
}

static void tick(void *arg)
{
	struct tess_space_keeper *keeper = arg;
	int rc = tess_space_keep(keeper->control);

	if (rc)
		TESS_ERROR("space.keep", "error=\"%s\"", strerror(-rc));
	else if (tess_space_now(keeper->control) >= TESS_SPACE_SOFT)
		TESS_WARN("space.low", "soft_percent=%u",
			  keeper->control->config->egress.disk_soft_percent);
	tess_timer_start(keeper->timer, TESS_SPACE_INTERVAL_US);
}

int tess_space_start(struct tess_space_keeper **keeperp, struct tess_control *control,
		     struct tess_loop *loop)
{
	struct tess_space_keeper *keeper = calloc(1, sizeof(*keeper));
	int rc;

	if (!keeper)
		return -ENOMEM;
	keeper->control = control;
	rc = tess_timer_alloc(&keeper->timer, loop, tick, keeper);
	if (rc) {
		free(keeper);
		return rc;
	}
	tess_timer_start(keeper->timer, 0);
	*keeperp = keeper;
	return 0;
}

void tess_space_stop(struct tess_space_keeper *keeper)
{
	if (!keeper)
		return;
	tess_timer_free(keeper->timer);
	free(keeper);
}
