/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/user_records.c - see user_records.h.
 */
#include "firmware/control/jobs/user_records.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/events.h"
#include "firmware/control/jobs/publications.h"
#include "firmware/control/jobs/space.h"
#include "firmware/control/text.h"

static void name_files(struct tess_recording *recording, const struct tess_publisher *publisher)
{
	char *prefix = recording->prefix;
	const size_t size = sizeof(recording->prefix);
	bool specified = !strcmp(recording->cause, "specified");

	/* what an administrator named has that name alone */
	if (*recording->record_id &&
	    (specified || strcmp(recording->record_id, publisher->record_id) != 0))
		snprintf(prefix, size, "%s", recording->record_id);
	else if (*recording->record_id)
		snprintf(prefix, size, "%s_%s", recording->record_id, publisher->stream_type);
	else if (*publisher->stream_id)
		snprintf(prefix, size, "%s", publisher->stream_id);
	else
		snprintf(prefix, size, "%u_%s_%s_%s", publisher->room.sdk_app_id,
			 publisher->room.id, publisher->user, publisher->stream_type);
	for (char *at = prefix; *at; at++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
			    *at))
			*at = '-';
}

/* With settings, cause and record id. */
static int add(struct tess_control *control, const struct tess_publisher *publisher,
	       struct tess_recording *recording)
{
	recording->room = publisher->room;
	recording->created_us = tess_control_utc_us(control);
	tess_publication_stream(recording->stream, publisher->id);
	memcpy(recording->stream_id, publisher->stream_name, sizeof(recording->stream_id));
	memcpy(recording->user, publisher->user, sizeof(recording->user));
	memcpy(recording->stream_type, publisher->stream_type, sizeof(recording->stream_type));
	name_files(recording, publisher);
	return tess_store_recording_add(control->store, recording);
}

/* A recording that may not begin is there to be seen, and is told. */
static int refuse(struct tess_control *control, const struct tess_publisher *publisher,
		  struct tess_recording *recording, const char *why)
{
	int rc = add(control, publisher, recording);

	if (!rc)
		rc = tess_store_recording_state(control->store, recording->id, "failed", why);
	if (rc)
		return rc;
	TESS_WARN("recording.refused", "id=%lld error=\"%s\"", (long long)recording->id, why);
	return tess_events_status(control, recording, "record_start_failed");
}

int tess_user_records_enter(struct tess_control *control, const struct tess_publisher *publisher)
{
	uint32_t application = publisher->room.sdk_app_id;
	struct tess_recording recording = {0};
	struct tess_cloud_error error;
	int rc;

	rc = tess_store_recording_back(control->store, publisher, tess_control_utc_us(control));
	if (rc)
		return rc < 0 ? rc : 0;
	rc = tess_store_record_settings_get(control->store, &recording.settings, application);
	if (rc || !strcmp(recording.settings.mode, "rest") ||
	    (!strcmp(recording.settings.mode, "specified") && !*publisher->record_id))
		return rc;
	tess_text_copy(recording.cause, sizeof(recording.cause), recording.settings.mode);
	memcpy(recording.record_id, publisher->record_id, sizeof(recording.record_id));
	rc = tess_space_admit(control, application, recording.settings.area, &error);
	if (rc == -EINVAL)
		return refuse(control, publisher, &recording, error.message);
	return rc ? rc : add(control, publisher, &recording);
}

int tess_user_records_start(struct tess_control *control, const struct tess_publisher *publisher,
			    const char *record_id, int64_t *id, struct tess_cloud_error *error)
{
	struct tess_recording recording = {.cause = "api"};
	char stream[32];
	int rc;

	tess_publication_stream(stream, publisher->id);
	rc = tess_store_recording_of(control->store, id, stream);
	if (rc != -ENOENT)
		return rc ? rc : -EEXIST;
	rc = tess_store_record_settings_get(control->store, &recording.settings,
					    publisher->room.sdk_app_id);
	if (!rc)
		rc = tess_space_admit(control, publisher->room.sdk_app_id, recording.settings.area,
				      error);
	if (rc)
		return rc;
	tess_text_copy(recording.record_id, sizeof(recording.record_id),
		       *record_id ? record_id : publisher->record_id);
	rc = add(control, publisher, &recording);
	if (rc)
		return rc;
	*id = recording.id;
	tess_control_changed(control);
	return 0;
}

int tess_user_records_stop(struct tess_control *control, const struct tess_publisher *publisher)
{
	char stream[32];
	int64_t id;
	int rc;

	tess_publication_stream(stream, publisher->id);
	rc = tess_store_recording_of(control->store, &id, stream);
	if (!rc)
		rc = tess_store_recording_end(control->store, stream);
	if (!rc)
		tess_control_changed(control);
	return rc;
}

void tess_user_records_keep(struct tess_control *control)
{
	int rc = tess_store_recordings_due(control->store, tess_control_utc_us(control));

	if (rc < 0)
		TESS_ERROR("recording.due", "error=\"%s\"", strerror(-rc));
	else if (rc)
		tess_control_changed(control);
}
