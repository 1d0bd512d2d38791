/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/import.c - see import.h.
 */
#include "firmware/control/jobs/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/events.h"
#include "firmware/control/jobs/found.h"
#include "firmware/control/jobs/import_files.h"
#include "firmware/control/jobs/usage.h"
#include "firmware/control/text.h"

int tess_import_init(struct tess_import *import)
{
	import->acknowledged = json_array();
	import->missing = json_object();
	if (import->acknowledged && import->missing)
		return 0;
	tess_import_fini(import);
	return -ENOMEM;
}

int tess_import_reset(struct tess_import *import)
{
	tess_import_fini(import);
	return tess_import_init(import);
}

void tess_import_fini(struct tess_import *import)
{
	json_decref(import->acknowledged);
	json_decref(import->missing);
	memset(import, 0, sizeof(*import));
}

static bool is_over(const char *state)
{
	return !strcmp(state, "finished") || !strcmp(state, "failed");
}

static bool is_known(const char *state)
{
	static const char *const states[] = {"waiting",	  "recording", "gap",
					     "finishing", "finished",  "failed"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(states[i], state))
			return true;
	return false;
}

static const char *text(const json_t *fact, const char *name)
{
	const char *value = json_string_value(json_object_get(fact, name));

	return value ? value : "";
}

static int64_t number(const json_t *fact, const char *name)
{
	return json_integer_value(json_object_get(fact, name));
}

/* While it goes on, only what is of use after a restart of control is written, and not each second.
 */
static bool worth_writing(const struct tess_recording *row, const json_t *fact)
{
	const char *state = text(fact, "state");

	return is_over(state) || strcmp(row->state, state) != 0 ||
	       strcmp(row->path, text(fact, "path")) != 0 ||
	       row->start_us != number(fact, "start_utc_us") ||
	       row->width != number(fact, "width") || row->height != number(fact, "height") ||
	       strcmp(row->error, text(fact, "error")) != 0;
}

static int write_facts(struct tess_control *control, struct tess_recording *row, const json_t *fact)
{
	size_t length;

	tess_text_copy(row->state, sizeof(row->state), text(fact, "state"));
	tess_text_copy(row->path, sizeof(row->path), text(fact, "path"));
	tess_text_copy(row->error, sizeof(row->error), text(fact, "error"));
	row->start_us = number(fact, "start_utc_us");
	row->end_us = number(fact, "end_utc_us");
	row->duration_us = number(fact, "duration_us");
	row->size_bytes = number(fact, "bytes");
	row->width = (uint32_t)number(fact, "width");
	row->height = (uint32_t)number(fact, "height");
	length = json_dumpb(json_object_get(fact, "gaps"), row->gaps, sizeof(row->gaps) - 1,
			    JSON_COMPACT);
	/* hundreds of gaps: the list alone is given up, not the recording */
	row->gaps[length < sizeof(row->gaps) ? length : 0] = 0;
	return tess_store_recording_facts(control->store, row);
}

/* What the change of state of a recording is to who follows it; NULL-ended. */
static void events_of(const char *events[4], const struct tess_recording *row, const char *from)
{
	const char *to = row->state;
	bool began = strcmp(from, "waiting") != 0 && *from, failed = !strcmp(to, "failed");

	*events = NULL;
	if (!strcmp(from, to))
		return;
	if (failed && !began) {
		*events++ = "record_start_failed";
	} else {
		if (!began && strcmp(to, "waiting") != 0)
			*events++ = "record_start_succeeded";
		/* the stream of one that is to end may end first: that is no pause */
		if (!strcmp(to, "gap") && *row->error)
			*events++ = "record_error";
		else if (!strcmp(to, "gap") && row->wanted)
			*events++ = "record_paused";
		else if (!strcmp(to, "recording") && !strcmp(from, "gap"))
			*events++ = "record_resumed";
		else if (failed)
			*events++ = "record_error";
		if (is_over(to))
			*events++ = "record_ended";
	}
	*events = NULL;
}

static int tell(struct tess_control *control, const struct tess_recording *row, const char *from)
{
	const char *events[4];
	int rc = 0;

	events_of(events, row, from);
	for (unsigned i = 0; !rc && events[i]; i++)
		rc = tess_events_status(control, row, events[i]);
	return rc;
}

/* All that follows from a fact: the row, its files, recorded time, callbacks. @retval 1 it has just
 * ended by itself, 0, or an error */
static int import_fact(struct tess_control *control, struct tess_recording *row, const json_t *fact,
		       bool meter)
{
	char from[sizeof(row->state)];
	bool ended = row->wanted && is_over(text(fact, "state"));
	int rc;

	memcpy(from, row->state, sizeof(from));
	rc = write_facts(control, row, fact);
	if (!rc)
		rc = tell(control, row, from);
	if (!rc && (meter || is_over(row->state)))
		rc = tess_usage_take(control, row, fact);
	if (rc || !is_over(row->state))
		return rc;
	TESS_INFO("recording.over", "id=%lld state=%s path=%s", (long long)row->id, row->state,
		  row->path);
	return ended;
}

static bool is_by_rule(const struct tess_recording *row)
{
	return !strcmp(row->cause, "automatic") || !strcmp(row->cause, "specified");
}

/* A user that nobody called to record and that sent nothing: there is no recording to speak of. */
static bool is_nothing(const struct tess_recording *row, const json_t *fact)
{
	return is_by_rule(row) && !strcmp(text(fact, "state"), "failed") && !*text(fact, "path") &&
	       !*row->path && !row->wanted;
}

static int forget(struct tess_import *import, struct tess_control *control, int64_t id)
{
	int rc = tess_store_recording_remove(control->store, id);

	if (!rc && json_array_append_new(import->acknowledged, json_integer(id)))
		rc = -ENOMEM;
	if (!rc)
		TESS_INFO("recording.nothing", "id=%lld", (long long)id);
	return rc;
}

/* The prefix of APP/PREFIX_START_END.SUFFIX. */
static void name_recording(struct tess_recording *row, const char *path)
{
	const char *slash = strchr(path, '/');
	struct tess_found_name name;

	if (slash && !tess_found_name(&name, slash + 1)) {
		tess_text_copy(row->record_id, sizeof(row->record_id), name.prefix);
		tess_text_copy(row->prefix, sizeof(row->prefix), name.prefix);
	}
}

/* A recording of a store that was lost, or of another box: it gets a row with the id that it has on
 * disk, once it is finished and its application is there. @retval 0, -ENOENT not yet */
static int adopt(struct tess_control *control, struct tess_recording *row, const json_t *fact)
{
	const char *path = text(fact, "path");
	int rc;

	if (strcmp(text(fact, "state"), "finished") != 0 || !*path)
		return -ENOENT;
	*row = (struct tess_recording){
		.id = number(fact, "id"),
		.room = {.type = TESS_ROOM_ID_STRING},
		.state = "finishing",
		.created_us = number(fact, "start_utc_us"),
		.start_us = number(fact, "start_utc_us"),
		.end_us = number(fact, "end_utc_us"),
		.duration_us = number(fact, "duration_us"),
	};
	rc = tess_found_owner(control, strtoll(path, NULL, 10), &row->room.sdk_app_id,
			      &row->settings.area);
	if (rc)
		return rc;
	name_recording(row, path);
	rc = tess_store_recording_import(control->store, row);
	if (rc)
		return rc;
	TESS_INFO("recording.found", "id=%lld path=%s", (long long)row->id, path);
	return tess_store_recording_get(control->store, row, row->id);
}

/* @retval 1 the desired state changes (a file is gone), 0, or an error */
static int import_one(struct tess_import *import, struct tess_control *control, const json_t *fact)
{
	const char *state = text(fact, "state");
	int64_t id = number(fact, "id");
	struct tess_recording row;
	int rc;

	rc = tess_store_recording_get(control->store, &row, id);
	/* removed, and egress does not know yet; or of another store: what has no file may go */
	if (rc == -ENOENT && !strcmp(state, "failed") && !*text(fact, "path"))
		return json_array_append_new(import->acknowledged, json_integer(id)) ? -ENOMEM : 0;
	if (rc == -ENOENT)
		rc = adopt(control, &row, fact);
	if (rc == -ENOENT)
		return 0; /* nobody's, or not yet */
	if (rc)
		return rc;
	if (!strcmp(row.state, "deleting")) {
		if (strcmp(state, "deleted") != 0)
			return 0;
		rc = tess_store_recording_remove(control->store, id);
		return rc ? rc : 1;
	}
	if (!is_known(state))
		return 0;
	if (is_nothing(&row, fact) && strcmp(row.state, "failed") != 0)
		return forget(import, control, id);
	/* what is finished stays so: egress tells it until it sees the acknowledgement */
	if (strcmp(row.state, "finished") != 0) {
		if (worth_writing(&row, fact))
			rc = import_fact(control, &row, fact, import->meter);
		else if (import->meter)
			rc = tess_usage_take(control, &row, fact);
		if (rc >= 0) {
			int files = tess_import_files(control, &row, fact);

			rc = files ? files : rc;
		}
		if (rc < 0)
			return rc;
	}
	if (is_over(state) && json_array_append_new(import->acknowledged, json_integer(id)))
		return -ENOMEM;
	return rc;
}

struct lost {
	struct tess_import *import;
	struct tess_control *control;
	json_t *missing; /* as import->missing, for the next message */
	int64_t id;	 /* found: lost */
};

static int find_lost(void *arg, const struct tess_recording *row)
{
	struct lost *lost = arg;
	int64_t now_us = tess_clock_now_us(lost->control->clock), since_us = now_us;
	const json_t *before;
	char key[24];

	if (row->wanted || !strcmp(row->state, "deleting") ||
	    tess_facts_record(lost->control->facts, row->id))
		return 0;
	snprintf(key, sizeof(key), "%lld", (long long)row->id);
	before = json_object_get(lost->import->missing, key);
	if (before)
		since_us = json_integer_value(before);
	if (now_us - since_us >= TESS_IMPORT_LOST_US) {
		lost->id = row->id;
		return 1;
	}
	return json_object_set_new(lost->missing, key, json_integer(since_us)) ? -ENOMEM : 0;
}

static int lose(struct tess_control *control, int64_t id)
{
	struct tess_recording row;
	char from[sizeof(row.state)];
	int rc = tess_store_recording_get(control->store, &row, id);

	if (rc)
		return rc;
	if (!row.start_us && is_by_rule(&row))
		return tess_store_recording_remove(control->store, id);
	memcpy(from, row.state, sizeof(from));
	tess_text_copy(row.state, sizeof(row.state), "failed");
	tess_text_copy(row.error, sizeof(row.error), "nothing was recorded");
	rc = tess_store_recording_state(control->store, id, row.state, row.error);
	return rc ? rc : tell(control, &row, from);
}

/* A recording that ended before egress heard of it would wait for ever. */
static int import_lost(struct tess_import *import, struct tess_control *control)
{
	struct lost lost = {.import = import, .control = control, .missing = json_object()};
	int rc;

	if (!lost.missing)
		return -ENOMEM;
	while ((rc = tess_store_recordings_open(control->store, find_lost, &lost)) == 1) {
		TESS_WARN("recording.lost", "id=%lld", (long long)lost.id);
		rc = lose(control, lost.id);
		if (rc)
			break;
	}
	json_decref(import->missing);
	import->missing = lost.missing;
	return rc;
}

static int import_all(struct tess_import *import, struct tess_control *control,
		      const json_t *message)
{
	int64_t now_us = tess_clock_now_us(control->clock);
	const json_t *fact;
	bool changed = false;
	size_t i;
	int rc;

	import->meter = now_us >= import->meter_us;
	json_array_foreach(json_object_get(message, "records"), i, fact)
	{
		rc = import_one(import, control, fact);
		if (rc < 0)
			return rc;
		changed |= rc == 1;
	}
	json_array_foreach(json_object_get(message, "deleted_files"), i, fact)
	{
		rc = tess_store_file_removed(control->store, number(fact, "id"),
					     text(fact, "path"));
		if (rc && rc != -ENOENT)
			return rc;
		changed |= !rc;
	}
	rc = import_lost(import, control);
	if (!rc && import->meter)
		import->meter_us = now_us + TESS_USAGE_INTERVAL_US;
	return rc ? rc : changed;
}

int tess_import_records(struct tess_import *import, struct tess_control *control,
			const json_t *message)
{
	json_t *before = import->acknowledged;
	int rc;

	import->acknowledged = json_array();
	if (!import->acknowledged) {
		import->acknowledged = before;
		return -ENOMEM;
	}
	rc = tess_store_begin(control->store);
	if (!rc)
		rc = tess_store_finish(control->store, import_all(import, control, message));
	if (rc < 0) {
		/* nothing was stored, so nothing new may be acknowledged */
		json_decref(import->acknowledged);
		import->acknowledged = before;
		return rc;
	}
	if (!json_equal(before, import->acknowledged))
		rc = 1;
	json_decref(before);
	return rc;
}
