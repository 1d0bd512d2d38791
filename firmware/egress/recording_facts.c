/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is told of a recording.
 */
#include <string.h>

#include "firmware/egress/recording_internal.h"

/** Less than this between two parts is no gap. */
#define MAX_UNMARKED_US 250000

static int64_t number_of(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

/** The gaps of a part, counted from the recording's begin. */
static void add_gaps(json_t *all, const json_t *gaps, int64_t later_us)
{
	json_t *gap;
	size_t i;

	json_array_foreach(gaps, i, gap)
	{
		(void)json_object_set_new(gap, "at_us",
					  json_integer(number_of(gap, "at_us") + later_us));
		(void)json_array_append(all, gap); /* no memory: fewer are told */
	}
}

/** What is missing between a part and the one before it. */
static void add_break(json_t *gaps, int64_t at_us, int64_t length_us)
{
	if (length_us > MAX_UNMARKED_US)
		(void)json_array_append_new(gaps,
					    json_pack("{s:I, s:I}", "at_us", (json_int_t)at_us,
						      "length_us", (json_int_t)length_us));
}

/** What is said of all parts of a row: into *whole, which is the newest one's. */
static void add_row(const struct tess_recording *recording, const struct row *row, json_t **whole)
{
	int64_t start_us = 0, end_us = 0, duration_us = 0;
	json_t *gaps = json_array(), *facts;

	for (const struct part *part = recording->parts; part; part = part->next) {
		if (row != &recording->rows[part->row] ||
		    (*whole && !tess_recorder_has_begun(part->recorder)))
			continue;
		facts = tess_recorder_facts(part->recorder);
		if (!start_us)
			start_us = number_of(facts, "start_utc_us");
		duration_us += number_of(facts, "duration_us");
		if (*whole)
			add_break(gaps, end_us - start_us,
				  number_of(facts, "start_utc_us") - end_us);
		end_us = tess_recorder_whole_utc_us(part->recorder);
		add_gaps(gaps, json_object_get(facts, "gaps"),
			 number_of(facts, "start_utc_us") - start_us);
		json_decref(*whole);
		*whole = facts;
	}
	if (*whole) {
		(void)json_object_set(*whole, "gaps", gaps);
		(void)json_object_set_new(*whole, "start_utc_us", json_integer(start_us));
		(void)json_object_set_new(*whole, "duration_us", json_integer(duration_us));
	}
	json_decref(gaps);
}

static json_t *files_of(const struct tess_recording *recording)
{
	json_t *files = json_array();

	for (const struct part *part = recording->parts; part; part = part->next) {
		json_t *facts = tess_recorder_facts(part->recorder);

		(void)json_array_extend(files, json_object_get(facts, "files"));
		json_decref(facts);
	}
	return files;
}

json_t *tess_recording_facts(const struct tess_recording *recording)
{
	enum tess_recorder_state state = tess_recording_state(recording);
	const struct tess_recorder *failed = tess_recording_failed_part(recording);
	json_t *facts = NULL;

	add_row(recording, &recording->rows[0], &facts);
	if (!facts)
		add_row(recording, &recording->rows[HLS_ROW], &facts);
	if (!facts)
		facts = json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:i, s:i, s:[], s:s}", "id",
				  (json_int_t)recording->order.id, "path", "", "bytes",
				  (json_int_t)0, "start_utc_us", (json_int_t)0, "end_utc_us",
				  (json_int_t)0, "duration_us", (json_int_t)0, "width", 0, "height",
				  0, "gaps", "error", "");
	/* of one that records the part knows whether the disk lets it */
	if (state != TESS_RECORDER_RECORDING)
		(void)json_object_set_new(facts, "state",
					  json_string(tess_recorder_state_name(state)));
	if (recording->failed)
		(void)json_object_set_new(facts, "error", json_string(recording->error));
	else if (failed)
		(void)json_object_set_new(facts, "error", json_string(tess_recorder_error(failed)));
	(void)json_object_set_new(facts, "files", files_of(recording));
	return facts;
}
