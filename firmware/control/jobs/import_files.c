/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/import_files.c - see import_files.h.
 */
#include "firmware/control/jobs/import_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/covers.h"
#include "firmware/control/jobs/events.h"
#include "firmware/control/jobs/uploads.h"
#include "firmware/control/text.h"

#define DAY_US 86400000000LL

static bool is_format(const char *text)
{
	static const char *const formats[] = {"mp4", "hls", "flv", "aac", "mp3"};

	for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i], text))
			return true;
	return false;
}

/* The file's own name: without folder and suffix. */
static void set_name(struct tess_file *file)
{
	const char *slash = strrchr(file->path, '/');
	char *dot;

	tess_text_copy(file->name, sizeof(file->name), slash ? slash + 1 : file->path);
	dot = strrchr(file->name, '.');
	if (dot)
		*dot = 0;
}

static int add(struct tess_control *control, const struct tess_recording *recording,
	       struct tess_file *file)
{
	int rc;

	set_name(file);
	file->recording = recording->id;
	file->application = recording->room.sdk_app_id;
	file->area = recording->settings.area;
	memcpy(file->room, recording->room.id, sizeof(file->room));
	/* what is recorded only goes by its record id */
	tess_text_copy(file->stream_id, sizeof(file->stream_id),
		       *recording->stream_id ? recording->stream_id : recording->record_id);
	memcpy(file->record_id, recording->record_id, sizeof(file->record_id));
	file->created_us = tess_control_utc_us(control);
	if (recording->settings.retention_days)
		file->expires_us = file->end_us + recording->settings.retention_days * DAY_US;
	rc = tess_store_file_add(control->store, file);
	if (rc)
		return rc == -EEXIST ? 0 : rc; /* told once more */
	TESS_INFO("recording.file", "id=%lld file=%lld path=%s", (long long)recording->id,
		  (long long)file->id, file->path);
	tess_covers_wake(control);
	rc = tess_uploads_add(control, file);
	return rc ? rc : tess_events_file(control, recording, file);
}

static int64_t number(const json_t *object, const char *name, int64_t absent)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? json_integer_value(value) : absent;
}

/* A file as egress tells of it; what is nonsense is left out. */
static int add_told(struct tess_control *control, const struct tess_recording *recording,
		    const json_t *told)
{
	const char *format = json_string_value(json_object_get(told, "format"));
	const char *name = json_string_value(json_object_get(told, "name"));
	const char *state = json_string_value(json_object_get(told, "state"));
	struct tess_file file = {.part = number(told, "part", 1)};
	int64_t folder =
		recording->settings.area ? recording->settings.area : recording->room.sdk_app_id;

	if (!format || !name || !is_format(format) || !*name || strchr(name, '/') ||
	    strlen(name) > 200)
		return 0;
	if (state ? strcmp(state, "finished") != 0 : !tess_recording_over(recording))
		return 0;
	tess_text_copy(file.format, sizeof(file.format), format);
	snprintf(file.path, sizeof(file.path), "%lld/%s", (long long)folder, name);
	file.start_us = number(told, "start_utc_us", recording->start_us);
	file.end_us = number(told, "end_utc_us", recording->end_us);
	file.width = (uint32_t)number(told, "width", recording->width);
	file.height = (uint32_t)number(told, "height", recording->height);
	file.duration_us = number(told, "duration_ms", 0) * 1000;
	file.size_bytes = number(told, "bytes", 0);
	return add(control, recording, &file);
}

int tess_import_files(struct tess_control *control, const struct tess_recording *recording,
		      const json_t *fact)
{
	const json_t *files = json_object_get(fact, "files"), *told;
	size_t i;
	int rc;

	if (!files && !strcmp(recording->state, "finished") && *recording->path) {
		struct tess_file file = {.format = "mp4",
					 .part = 1,
					 .start_us = recording->start_us,
					 .end_us = recording->end_us,
					 .width = recording->width,
					 .height = recording->height,
					 .duration_us = recording->duration_us,
					 .size_bytes = recording->size_bytes};

		memcpy(file.path, recording->path, sizeof(file.path));
		return add(control, recording, &file);
	}
	json_array_foreach(files, i, told)
	{
		rc = add_told(control, recording, told);
		if (rc)
			return rc;
	}
	return 0;
}
