/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/recordings.c - recordings and their files.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/api/address.h"
#include "firmware/control/api/handlers.h"
#include "firmware/control/api/views.h"
#include "firmware/control/jobs/found.h"
#include "firmware/control/jobs/uploads.h"
#include "firmware/control/store/files.h"

/* long enough to watch what was begun in the evening until the morning */
#define FILE_ADDRESS_LIFE_S (12 * 3600)

#define STATES "waiting recording gap finishing finished failed deleting"

struct listing {
	struct tess_call *call;
	json_t *list;
};

static int each(void *arg, const struct tess_recording *row)
{
	struct listing *listing = arg;

	return json_array_append_new(listing->list, tess_view_recording(listing->call, row))
		       ? -ENOMEM
		       : 0;
}

static int read_filter(struct tess_call *call, struct tess_recording_filter *filter)
{
	int64_t application = 0, area = 0;
	int rc;

	filter->prefix = tess_form_get(&call->query, "prefix");
	filter->limit = 50;
	rc = tess_query_param_int(call, "application", 1, UINT32_MAX, &application);
	filter->application = (uint32_t)application;
	if (rc >= 0)
		rc = tess_query_param_int(call, "area", 0, INT64_MAX, &area);
	if (rc > 0)
		filter->area = area ? area : TESS_AREA_OWN;
	if (rc >= 0)
		rc = tess_query_param_choice(call, "state", STATES, &filter->state);
	if (rc >= 0)
		rc = tess_query_param_time(call, "from", &filter->from_us);
	if (rc >= 0)
		rc = tess_query_param_time(call, "to", &filter->to_us);
	if (rc >= 0)
		rc = tess_query_param_int(call, "limit", 1, 200, &filter->limit);
	if (rc >= 0)
		rc = tess_query_param_int(call, "offset", 0, INT32_MAX, &filter->offset);
	return rc < 0 ? rc : 1;
}

int tess_api_recordings(struct tess_call *call)
{
	struct tess_recording_filter filter = {0};
	struct listing listing = {.call = call};
	int64_t total = 0;
	int rc;

	rc = read_filter(call, &filter);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_recordings_count(call->control->store, &filter, &total);
	if (rc)
		return rc;
	listing.list = json_array();
	rc = tess_store_recordings(call->control->store, &filter, each, &listing);
	if (rc) {
		json_decref(listing.list);
		return rc;
	}
	return tess_response_json(
		call->response, 200,
		json_pack("{sI so}", "total", (json_int_t)total, "recordings", listing.list));
}

/* The recording of path parameter 0. @retval 1, -EINVAL answered, or an error */
static int recording_of(struct tess_call *call, struct tess_recording *row)
{
	int64_t id;
	int rc;

	rc = tess_path_id(call, 0, "recording", &id);
	if (rc < 0)
		return rc;
	rc = tess_store_recording_get(call->control->store, row, id);
	if (rc == -ENOENT)
		return tess_call_missing(call, "recording") ? -ENOMEM : -EINVAL;
	return rc ? rc : 1;
}

int tess_api_recording_get(struct tess_call *call)
{
	struct tess_recording row;
	int rc = recording_of(call, &row);

	if (rc < 0)
		return tess_call_done(rc);
	return tess_response_json(call->response, 200, tess_view_recording(call, &row));
}

int tess_api_recording_remove(struct tess_call *call)
{
	struct tess_recording row;
	int rc = recording_of(call, &row);

	if (rc < 0)
		return tess_call_done(rc);
	if (strcmp(row.state, "deleting") != 0) {
		if (!tess_recording_over(&row))
			return tess_call_error(call, 409, "in_use", "",
					       "The recording goes on; stop its mix first.");
		/* egress removes the files and says so; until then the row stays */
		rc = tess_store_recording_delete(call->control->store, row.id);
		if (rc == -EBUSY)
			return tess_call_error(call, 409, "held", "",
					       "A file of the recording is held.");
		if (rc)
			return rc;
		tess_control_changed(call->control);
		tess_call_audit(call, "recording.remove", "%lld", (long long)row.id);
	}
	return tess_call_empty(call, 204);
}

int tess_api_recording_file(struct tess_call *call)
{
	struct tess_recording row;
	char url[512];
	int rc;

	rc = recording_of(call, &row);
	if (rc < 0)
		return tess_call_done(rc);
	if (strcmp(row.state, "finished") != 0)
		return tess_call_error(call, 409, "not_finished", "",
				       "The recording is not finished.");
	rc = tess_address_file(url, call->control, call->request, row.id, FILE_ADDRESS_LIFE_S);
	if (!rc)
		rc = tess_response_header(call->response, "Location", "%s", url);
	return rc ? rc : tess_call_empty(call, 302);
}

struct wanted {
	int64_t id;
	struct tess_file *file;
};

static int match_file(void *arg, const struct tess_file *row)
{
	const struct wanted *wanted = arg;

	if (row->id != wanted->id)
		return 0;
	*wanted->file = *row;
	return 1;
}

/* The file of path parameters 0 and 1. @retval 1, -EINVAL answered, or an error */
static int file_of(struct tess_call *call, struct tess_file *file)
{
	struct wanted wanted = {.file = file};
	struct tess_recording row;
	int rc = recording_of(call, &row);

	if (rc > 0)
		rc = tess_path_id(call, 1, "file", &wanted.id);
	if (rc < 0)
		return rc;
	rc = tess_store_files_of(call->control->store, row.id, match_file, &wanted);
	if (!rc)
		return tess_call_missing(call, "file") ? -ENOMEM : -EINVAL;
	return rc;
}

/* What has left the disk is had here, too: a page that was sent there by egress would be of no
 * origin ("null") to the storage, which is asked to allow this box's. */
int tess_api_file_get(struct tess_call *call)
{
	char url[TESS_FILE_URL_MAX], egress[320];
	size_t skip = 0;
	struct tess_file file = {0};
	int rc = file_of(call, &file);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_address_media_file(url, call->control, call->request, &file, FILE_ADDRESS_LIFE_S);
	if (!file.local) {
		tess_address_egress(egress, call->control, call->request);
		skip = strlen(egress);
	}
	if (!rc)
		rc = tess_response_header(call->response, "Location", "%s", url + skip);
	return rc ? rc : tess_call_empty(call, 302);
}

int tess_api_file_set(struct tess_call *call)
{
	struct tess_file file = {0};
	bool hold = false;
	int rc;

	rc = tess_fields_only(call, call->body, "", "hold");
	if (rc > 0)
		rc = tess_field_required(call, "hold",
					 tess_field_bool(call, call->body, "hold", &hold));
	if (rc > 0)
		rc = file_of(call, &file);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_file_hold(call->control->store, file.recording, file.id, hold);
	if (rc)
		return rc;
	file.hold = hold;
	tess_call_audit(call, hold ? "file.hold" : "file.release", "%lld", (long long)file.id);
	return tess_response_json(call->response, 200, tess_view_file(call->control, &file));
}

int tess_api_file_remove(struct tess_call *call)
{
	struct tess_file file = {0};
	int rc = file_of(call, &file);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_file_delete(call->control->store, file.id);
	if (rc == -EBUSY)
		return tess_call_error(call, 409, "held", "", "The file is held.");
	if (rc)
		return rc;
	tess_control_changed(call->control);
	tess_call_audit(call, "file.remove", "%lld", (long long)file.id);
	return tess_call_empty(call, 204);
}

/* One that has none begins, one that waits is tried at once. */
int tess_api_file_upload(struct tess_call *call)
{
	struct tess_control *control = call->control;
	struct tess_upload_settings settings;
	struct tess_upload upload;
	struct tess_file file = {0};
	int rc = file_of(call, &file);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_upload_settings_get(control->store, &settings, file.application);
	explicit_bzero(settings.secret_key, sizeof(settings.secret_key));
	if (rc)
		return rc;
	rc = tess_store_upload_get(control->store, &upload, file.id);
	if (rc == -ENOENT && !settings.enabled)
		return tess_call_error(call, 409, "not_enabled", "",
				       "The application does not upload its files.");
	if (rc == -ENOENT)
		rc = tess_uploads_add(control, &file);
	else if (!rc && strcmp(upload.state, "uploaded") != 0) {
		upload.next_us = tess_control_utc_us(control);
		rc = tess_store_upload_set(control->store, &upload);
	}
	if (rc)
		return rc;
	tess_uploads_wake(control);
	tess_call_audit(call, "file.upload", "%lld", (long long)file.id);
	return tess_response_json(call->response, 202, tess_view_file(control, &file));
}

/* Those that lie on disk without a row. */
int tess_api_recordings_find(struct tess_call *call)
{
	tess_found_scan(call->control);
	tess_call_audit(call, "recording.find", "%s", "");
	return tess_response_json(call->response, 202,
				  json_pack("{si}", "found", (int)tess_found_count(call->control)));
}
