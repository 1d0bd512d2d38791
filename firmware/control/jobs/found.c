/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/found.c - see found.h.
 */
#include "firmware/control/jobs/found.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/covers.h"
#include "firmware/control/jobs/uploads.h"
#include "firmware/control/store/files.h"
#include "firmware/control/text.h"

/* names that are looked at in one turn of the loop */
#define NAMES_A_TURN 256
/* files that egress looks into at once */
#define ORDERS 8
#define STAMP  20 /* _YYYY-MM-DD-HH-MM-SS */

struct tess_found {
	struct tess_control *control;
	struct tess_timer *timer;
	DIR *top, *folder; /* NULL: not being read */
	char app[24];	   /* the folder's name */
	uint32_t application;
	int64_t area;
	json_t *ids;	/* APP/PREFIX_START_END -> id reserved for it */
	json_t *orders; /* id of the order -> order */
	unsigned count;
};

/* ---- names ---- */

static bool read_stamp(const char *at, int64_t *us)
{
	static const char form[] = "_dddd-dd-dd-dd-dd-dd";
	struct tm tm = {.tm_isdst = -1};
	time_t seconds;

	for (unsigned i = 0; i < STAMP; i++)
		if (form[i] == 'd' ? at[i] < '0' || at[i] > '9' : at[i] != form[i])
			return false;
	if (sscanf(at, "_%4d-%2d-%2d-%2d-%2d-%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	seconds = mktime(&tm);
	*us = (int64_t)seconds * 1000000;
	return seconds >= 0;
}

static const char *format_of(const char *suffix)
{
	static const char *const formats[][2] = {{".mp4", "mp4"},
						 {".m3u8", "hls"},
						 {".flv", "flv"},
						 {".aac", "aac"},
						 {".mp3", "mp3"}};

	for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i][0], suffix))
			return formats[i][1];
	return NULL;
}

int tess_found_name(struct tess_found_name *out, const char *name)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t prefix = strspn(name, good);
	const char *format = format_of(name + prefix);

	if (!format || prefix <= 2 * STAMP)
		return -EINVAL;
	prefix -= 2 * STAMP;
	if (prefix >= sizeof(out->prefix) || !read_stamp(name + prefix, &out->start_us) ||
	    !read_stamp(name + prefix + STAMP, &out->end_us))
		return -EINVAL;
	memcpy(out->prefix, name, prefix);
	out->prefix[prefix] = 0;
	tess_text_copy(out->format, sizeof(out->format), format);
	return 0;
}

int tess_found_owner(struct tess_control *control, int64_t folder, uint32_t *application,
		     int64_t *area)
{
	struct tess_application row;
	int rc = -ENOENT;

	*area = 0;
	*application = (uint32_t)folder;
	if (folder > 0 && folder <= UINT32_MAX)
		rc = tess_store_application_get(control->store, &row, (uint32_t)folder);
	if (rc != -ENOENT)
		return rc;
	*area = folder;
	return tess_store_area_owner(control->store, application, folder);
}

/* ---- the first id ---- */

static bool is_folder_of_recordings(const char *name)
{
	return !strcmp(name, "by-id") || (*name && name[strspn(name, "0123456789")] == 0);
}

int tess_found_first_id(struct tess_control *control)
{
	DIR *top = opendir(control->config->egress.record_dir);
	struct dirent *entry;
	bool used = false;
	int64_t id;

	if (!top)
		return 0;
	while (!used && (entry = readdir(top)))
		used = is_folder_of_recordings(entry->d_name);
	(void)closedir(top);
	return used ? tess_store_recording_reserve(control->store, &id,
						   tess_control_utc_us(control) / 1000000)
		    : 0;
}

/* ---- rows ---- */

static int add_recording(struct tess_control *control, int64_t id, const char *path,
			 const struct tess_found_name *name, const struct tess_file *file)
{
	struct tess_recording row = {
		.id = id,
		.room = {.sdk_app_id = file->application, .type = TESS_ROOM_ID_STRING},
		.state = "finished",
		.created_us = name->start_us,
		.start_us = name->start_us,
		.end_us = name->end_us,
		.duration_us = file->duration_us,
		.size_bytes = file->size_bytes,
		.width = file->width,
		.height = file->height,
		.settings = {.area = file->area},
	};

	tess_text_copy(row.record_id, sizeof(row.record_id), name->prefix);
	tess_text_copy(row.prefix, sizeof(row.prefix), name->prefix);
	tess_text_copy(row.path, sizeof(row.path), path);
	return tess_store_recording_import(control->store, &row);
}

static int add_file(struct tess_control *control, struct tess_file *file, const char *path,
		    const struct tess_found_name *name)
{
	int rc;

	file->part = 1;
	file->created_us = name->end_us;
	file->start_us = name->start_us;
	file->end_us = name->end_us;
	tess_text_copy(file->format, sizeof(file->format), name->format);
	tess_text_copy(file->path, sizeof(file->path), path);
	tess_text_copy(file->name, sizeof(file->name), strchr(path, '/') + 1);
	*strrchr(file->name, '.') = 0;
	tess_text_copy(file->record_id, sizeof(file->record_id), name->prefix);
	tess_text_copy(file->stream_id, sizeof(file->stream_id), name->prefix);
	tess_covers_wake(control);
	rc = tess_store_file_add(control->store, file);
	if (!rc)
		rc = tess_uploads_add(control, file);
	return rc == -EEXIST ? 0 : rc;
}

static int64_t number(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static int take(struct tess_control *control, const json_t *order, const json_t *fact)
{
	const char *path = json_string_value(json_object_get(order, "path"));
	struct tess_file file = {
		.recording = number(order, "record"),
		.duration_us = number(fact, "duration_us"),
		.size_bytes = number(fact, "bytes"),
		.width = (uint32_t)number(fact, "width"),
		.height = (uint32_t)number(fact, "height"),
	};
	struct tess_found_name name;
	int rc = tess_found_name(&name, strchr(path, '/') + 1);

	if (!rc)
		rc = tess_found_owner(control, strtoll(path, NULL, 10), &file.application,
				      &file.area);
	if (!rc)
		rc = tess_store_file_has_path(control->store, path);
	if (!rc)
		rc = tess_store_begin(control->store);
	if (rc)
		return rc > 0 ? 0 : rc;
	rc = add_recording(control, file.recording, path, &name, &file);
	if (!rc)
		rc = add_file(control, &file, path, &name);
	rc = tess_store_finish(control->store, rc);
	if (!rc)
		TESS_INFO("recording.found", "id=%" PRId64 " path=%s", file.recording, path);
	return rc;
}

/* ---- looking ---- */

static bool exists(int dir, const char *name)
{
	struct stat info;

	return fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Egress still has it: it will tell of it, or control has its row and egress is about to know. */
static bool has_journal(int dir, const char *name)
{
	size_t base = strcspn(name, ".") - STAMP;
	char journal[256];

	snprintf(journal, sizeof(journal), "%.*s.journal", (int)base, name);
	if (exists(dir, journal))
		return true;
	snprintf(journal, sizeof(journal), "%.*s.hls.journal", (int)base, name);
	return exists(dir, journal);
}

/* The id of what has this name in any format. */
static int id_of(struct tess_found *found, const char *path, int64_t *id)
{
	char base[256];
	int rc;

	tess_text_copy(base, sizeof(base), path);
	base[strcspn(base, ".")] = 0;
	*id = json_integer_value(json_object_get(found->ids, base));
	if (*id)
		return 0;
	rc = tess_store_recording_reserve(found->control->store, id, 1);
	if (!rc && json_object_set_new(found->ids, base, json_integer(*id)))
		rc = -ENOMEM;
	return rc;
}

/* @retval 1 egress is to look into it, 0, or an error */
static int look_at(struct tess_found *found, const char *name)
{
	struct tess_found_name parsed;
	char path[256], id[280];
	int64_t record;
	int rc;

	if (tess_found_name(&parsed, name) ||
	    strlen(found->app) + strlen(name) + 2 > sizeof(path) ||
	    has_journal(dirfd(found->folder), name))
		return 0;
	snprintf(path, sizeof(path), "%s/%s", found->app, name);
	rc = tess_store_file_has_path(found->control->store, path);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = id_of(found, path, &record);
	if (rc)
		return rc;
	/* short, since egress takes no longer ones */
	snprintf(id, sizeof(id), "found:%" PRId64 ":%s", record, parsed.format);
	return json_object_set_new(found->orders, id,
				   json_pack("{ss ss sb sI}", "id", id, "path", path, "inspect", 1,
					     "record", (json_int_t)record))
		       ? -ENOMEM
		       : 1;
}

static void close_folder(DIR **folder)
{
	if (*folder)
		(void)closedir(*folder);
	*folder = NULL;
}

/* @return false: there is no other */
static bool next_folder(struct tess_found *found)
{
	struct dirent *entry;
	int fd;

	while (!found->folder && (entry = readdir(found->top))) {
		if (!*entry->d_name || entry->d_name[strspn(entry->d_name, "0123456789")] ||
		    strlen(entry->d_name) >= sizeof(found->app))
			continue;
		tess_text_copy(found->app, sizeof(found->app), entry->d_name);
		if (tess_found_owner(found->control, strtoll(found->app, NULL, 10),
				     &found->application, &found->area)) {
			TESS_WARN("recording.folder_of_nobody", "folder=%s", found->app);
			continue;
		}
		fd = openat(dirfd(found->top), found->app,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		found->folder = fd < 0 ? NULL : fdopendir(fd);
		if (!found->folder && fd >= 0)
			(void)close(fd);
	}
	return found->folder != NULL;
}

static void look(void *arg)
{
	struct tess_found *found = arg;
	bool ordered = false;
	int rc = 0;

	for (unsigned i = 0; found->top && i < NAMES_A_TURN; i++) {
		struct dirent *entry;

		if (json_object_size(found->orders) >= ORDERS)
			break; /* goes on when one is done */
		if (!next_folder(found)) {
			close_folder(&found->top);
			break;
		}
		entry = readdir(found->folder);
		if (!entry) {
			close_folder(&found->folder);
			continue;
		}
		rc = look_at(found, entry->d_name);
		if (rc < 0) {
			TESS_ERROR("recording.find", "error=\"%s\"", strerror(-rc));
			close_folder(&found->folder);
			close_folder(&found->top);
		}
		ordered |= rc == 1;
	}
	if (ordered)
		tess_control_orders(found->control);
	if (found->top && json_object_size(found->orders) < ORDERS)
		tess_timer_start(found->timer, 0);
}

int tess_found_start(struct tess_control *control, struct tess_loop *loop)
{
	struct tess_found *found = calloc(1, sizeof(*found));
	int rc;

	if (!found)
		return -ENOMEM;
	found->control = control;
	control->found = found;
	found->ids = json_object();
	found->orders = json_object();
	rc = found->ids && found->orders ? tess_timer_alloc(&found->timer, loop, look, found)
					 : -ENOMEM;
	if (rc) {
		tess_found_stop(control);
		return rc;
	}
	tess_found_scan(control);
	return 0;
}

void tess_found_stop(struct tess_control *control)
{
	struct tess_found *found = control->found;

	control->found = NULL;
	if (!found)
		return;
	close_folder(&found->folder);
	close_folder(&found->top);
	tess_timer_free(found->timer);
	json_decref(found->ids);
	json_decref(found->orders);
	free(found);
}

void tess_found_scan(struct tess_control *control)
{
	struct tess_found *found = control->found;

	if (!found || found->top)
		return;
	found->top = opendir(control->config->egress.record_dir);
	if (found->top)
		tess_timer_start(found->timer, 0);
}

unsigned tess_found_count(const struct tess_control *control)
{
	return control->found ? control->found->count : 0;
}

void tess_found_orders(const struct tess_control *control, json_t *orders)
{
	json_t *order;
	const char *id;

	json_object_foreach(control->found ? control->found->orders : NULL, id, order)
	{
		(void)json_array_append(orders, order); /* no memory: another time */
	}
}

int tess_found_told(struct tess_control *control, const json_t *told)
{
	struct tess_found *found = control->found;
	const json_t *fact;
	int changed = 0;
	size_t i;

	json_array_foreach(found ? told : NULL, i, fact)
	{
		const char *id = json_string_value(json_object_get(fact, "id"));
		const char *state = json_string_value(json_object_get(fact, "state"));
		const json_t *order = id ? json_object_get(found->orders, id) : NULL;
		int rc = 0;

		if (!order || !state || !strcmp(state, "sending"))
			continue;
		if (!strcmp(state, "done"))
			rc = take(control, order, fact);
		else
			TESS_WARN("recording.not_found", "order=%s error=\"%.80s\"", id,
				  json_string_value(json_object_get(fact, "error")));
		if (rc)
			TESS_ERROR("recording.find", "order=%s error=\"%s\"", id, strerror(-rc));
		found->count += !strcmp(state, "done") && !rc;
		(void)json_object_del(found->orders, id);
		changed = 1;
	}
	if (changed)
		tess_timer_start(found->timer, 0);
	return changed;
}
