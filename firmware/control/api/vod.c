/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/vod.c - see vod.h. The account of the cloud is here the application of the
 * key; its own area has the SdkAppId for a SubAppId, or none.
 */
#include "firmware/control/api/vod.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/control/api/address.h"
#include "firmware/control/text.h"
#include "firmware/control/times.h"

struct run {
	struct tess_control *control;
	const struct tess_vod_request *request;
	json_t *fields;
	struct tess_cloud_error *error;
	uint32_t application;
	int64_t area;
	json_t *list; /* being filled */
	int64_t skip, left, total;
};

/* The FileId of a text. @return false: it can be none */
static bool parse_id(const char *text, int64_t *id)
{
	size_t length = strlen(text);

	if (!length || length > 19 || strspn(text, "0123456789") != length)
		return false;
	errno = 0;
	*id = strtoll(text, NULL, 10);
	return !errno;
}

/* Which area SubAppId means; one that is switched off is as if it were not there. */
static int find_area(struct run *run)
{
	int64_t id = run->request->sub_app_id;
	struct tess_area area;
	int rc;

	if (!id || id == run->application)
		return 0;
	rc = tess_store_area_get(run->control->store, &area, run->application, id);
	if (rc && rc != -ENOENT)
		return rc;
	if (rc || !strcmp(area.status, "Destroyed"))
		return tess_cloud_refuse(run->error,
					 run->request->action == TESS_VOD_SEARCH
						 ? TESS_CLOUD_VALUE_SUB_APP_ID
						 : TESS_CLOUD_INVALID_VOD_USER,
					 "There is no sub-application %" PRId64 ".", id);
	if (strcmp(area.status, "On") != 0)
		return tess_cloud_refuse(run->error, TESS_CLOUD_INVALID_VOD_USER,
					 "The sub-application %" PRId64 " is off.", id);
	run->area = id;
	return 0;
}

/* ---- media ---- */

static int add_media(void *arg, const struct tess_file *row)
{
	struct run *run = arg;

	return json_array_append_new(run->list,
				     tess_vod_media_info(run->control, row, run->request->blocks))
		       ? -ENOMEM
		       : 0;
}

static bool has_text(const json_t *array, const char *text)
{
	const json_t *value;
	size_t i;

	if (!array)
		return true;
	json_array_foreach(array, i, value)
	{
		if (!strcmp(json_string_value(value), text))
			return true;
	}
	return false;
}

/* Filters on what all files of the application have in common. */
static bool may_match(const struct run *run)
{
	const struct tess_vod_request *request = run->request;
	char host[TESS_HOST_MAX], path[32];
	const json_t *value;
	bool ours = !request->applications;
	size_t i;

	json_array_foreach(request->applications, i, value)
	{
		ours |= json_integer_value(value) == run->application;
	}
	tess_address_host(host, run->control);
	snprintf(path, sizeof(path), "trtc_%u", run->application);
	return ours && !request->nothing && has_text(request->domains, host) &&
	       has_text(request->paths, path);
}

/* FileIds that can be none are left out: no file has them. */
static json_t *ids_of(const json_t *texts)
{
	json_t *ids = json_array();
	const json_t *value;
	int64_t id;
	size_t i;

	json_array_foreach(texts, i, value)
	{
		if (parse_id(json_string_value(value), &id))
			(void)json_array_append_new(ids, json_integer(id));
	}
	return ids;
}

static int search(struct run *run)
{
	const struct tess_vod_request *request = run->request;
	json_t *ids = request->file_ids ? ids_of(request->file_ids) : NULL;
	struct tess_file_filter filter = {
		.application = run->application,
		.area = run->area,
		.ids = ids,
		.texts = request->names,
		.text = request->text,
		.prefixes = request->prefixes,
		.streams = request->streams,
		.rooms = request->rooms,
		.formats = request->formats,
		.categories = request->categories,
		.created_from = request->created_from,
		.created_to = request->created_to,
		.expires_from = request->expires_from,
		.expires_to = request->expires_to,
		.oldest_first = request->oldest_first,
		.limit = request->limit,
		.offset = request->offset,
	};
	int rc = 0;

	run->list = json_array();
	if (may_match(run)) {
		rc = tess_store_files_count(run->control->store, &filter, &run->total);
		if (!rc)
			rc = tess_store_files_search(run->control->store, &filter, add_media, run);
	}
	json_decref(ids);
	if (rc) {
		json_decref(run->list);
		return rc;
	}
	return json_object_set_new(run->fields, "MediaInfoSet", run->list) |
			       json_object_set_new(run->fields, "TotalCount",
						   json_integer(run->total))
		       ? -ENOMEM
		       : 0;
}

/* A file by the text of its id. @retval 0, -ENOENT, or an error of the store */
static int file_of(const struct run *run, const char *text, struct tess_file *file)
{
	int64_t id;

	if (!parse_id(text, &id))
		return -ENOENT;
	return tess_store_file_get(run->control->store, file, run->application, run->area, id);
}

static int describe(struct run *run)
{
	json_t *missing = json_array();
	const json_t *value;
	struct tess_file file;
	int rc = 0;
	size_t i;

	run->list = json_array();
	if (json_object_set_new(run->fields, "MediaInfoSet", run->list) |
	    json_object_set_new(run->fields, "NotExistFileIdSet", missing))
		return -ENOMEM;
	json_array_foreach(run->request->file_ids, i, value)
	{
		rc = file_of(run, json_string_value(value), &file);
		if (!rc)
			rc = add_media(run, &file);
		else if (rc == -ENOENT)
			rc = json_array_append(missing, (json_t *)value) ? -ENOMEM : 0;
		if (rc)
			return rc;
	}
	return 0;
}

static int delete_media(struct run *run)
{
	const char *id = json_string_value(json_array_get(run->request->file_ids, 0));
	struct tess_file file;
	int rc = file_of(run, id, &file);

	if (rc == -ENOENT)
		return tess_cloud_refuse(run->error, TESS_CLOUD_RESOURCE_NOT_FOUND,
					 "There is no file %.40s.", id);
	if (rc || run->request->keep_original)
		return rc;
	rc = tess_store_file_delete(run->control->store, file.id);
	if (rc == -EBUSY)
		return tess_cloud_refuse(run->error, TESS_CLOUD_FAILED,
					 "The file %.40s is held: it cannot be deleted.", id);
	if (!rc)
		tess_control_changed(run->control);
	return rc;
}

/* ---- sub-applications ---- */

static int create_area(struct run *run)
{
	struct tess_area area = {.application = run->application,
				 .status = "On",
				 .created_us = tess_control_utc_us(run->control)};
	int rc;

	tess_text_copy(area.name, sizeof(area.name), run->request->name);
	if (run->request->description)
		tess_text_copy(area.description, sizeof(area.description),
			       run->request->description);
	rc = tess_store_area_add(run->control->store, &area);
	if (rc == -EDQUOT)
		return tess_cloud_refuse(
			run->error, TESS_CLOUD_LIMIT_EXCEEDED,
			"The application has %d sub-applications, which is the most.",
			TESS_AREAS_MAX);
	if (rc)
		return rc;
	return json_object_set_new(run->fields, "SubAppId", json_integer(area.id)) ? -ENOMEM : 0;
}

static int each_area(void *arg, const struct tess_area *row)
{
	struct run *run = arg;
	char created[32];
	json_t *json;

	if (run->request->name && !strcasestr(row->name, run->request->name))
		return 0;
	run->total++;
	if (run->skip > 0) {
		run->skip--;
		return 0;
	}
	if (!run->left)
		return 0;
	run->left--;
	tess_time_text(created, row->created_us);
	json = json_pack("{sI ss ss ss ss ss ss s[s] s[]}", "SubAppId", (json_int_t)row->id,
			 "SubAppIdName", row->name, "Name", row->name, "Description",
			 row->description, "CreateTime", created, "Status", row->status, "Mode",
			 "fileid", "StorageRegions", TESS_VOD_REGION, "Tags");
	return json_array_append_new(run->list, json) ? -ENOMEM : 0;
}

/* The application's own area comes first, as the primary one of an account. */
static int list_areas(struct run *run)
{
	struct tess_application application;
	struct tess_area own = {.status = "On"};
	int rc;

	rc = tess_store_application_get(run->control->store, &application, run->application);
	if (rc)
		return rc;
	own.id = application.id;
	own.created_us = application.created_us;
	memcpy(own.name, application.name, sizeof(application.name));
	memcpy(own.description, application.description, sizeof(application.description));
	run->list = json_array();
	run->skip = run->request->offset;
	run->left = run->request->limit;
	rc = each_area(run, &own);
	if (!rc)
		rc = tess_store_areas(run->control->store, run->application, each_area, run);
	if (rc) {
		json_decref(run->list);
		return rc;
	}
	return json_object_set_new(run->fields, "SubAppIdInfoSet", run->list) |
			       json_object_set_new(run->fields, "TotalCount",
						   json_integer(run->total))
		       ? -ENOMEM
		       : 0;
}

static int change_area(struct run *run)
{
	const struct tess_vod_request *request = run->request;
	struct tess_area area;
	int rc;

	rc = tess_store_area_get(run->control->store, &area, run->application, request->sub_app_id);
	if (rc == -ENOENT || (!rc && !strcmp(area.status, "Destroyed")))
		return tess_cloud_refuse(
			run->error,
			request->action == TESS_VOD_CHANGE_AREA ? TESS_CLOUD_VALUE_SUB_APP_ID
								: TESS_CLOUD_INVALID_VALUE,
			"There is no sub-application %" PRId64 ".", request->sub_app_id);
	if (rc)
		return rc;
	if (request->name && *request->name)
		tess_text_copy(area.name, sizeof(area.name), request->name);
	if (request->description)
		tess_text_copy(area.description, sizeof(area.description), request->description);
	if (request->status)
		tess_text_copy(area.status, sizeof(area.status), request->status);
	return tess_store_area_set(run->control->store, &area);
}

int tess_vod_run(void *arg, int64_t key_id, const struct tess_vod_request *request, json_t *fields,
		 struct tess_cloud_error *error)
{
	struct run run = {.control = arg, .request = request, .fields = fields, .error = error};
	int rc;

	rc = tess_store_key_application(run.control->store, key_id, &run.application);
	if (rc)
		return rc == -EINVAL ? -EIO : rc;
	switch (request->action) {
	case TESS_VOD_CREATE_AREA:
		return create_area(&run);
	case TESS_VOD_AREAS:
		return list_areas(&run);
	case TESS_VOD_CHANGE_AREA:
	case TESS_VOD_SWITCH_AREA:
		return change_area(&run);
	default:
		break;
	}
	rc = find_area(&run);
	if (rc)
		return rc;
	if (request->action == TESS_VOD_SEARCH)
		return search(&run);
	return request->action == TESS_VOD_DESCRIBE ? describe(&run) : delete_media(&run);
}
