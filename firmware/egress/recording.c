/* SPDX-License-Identifier: GPL-3.0-or-later
 * One recording and its parts.
 */
#include "firmware/egress/recording_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"

/** A shorter break never ends a part. */
#define SHORT_BREAK_US 2000000
/** When nothing comes, the end of a break is awaited this much longer: the ring has delays too. */
#define BREAK_MARGIN_US 2000000
/** What came within this the ring of a stream surely holds (pipeline/stream/ring.h). */
#define HELD_US 6000000
/** A part that was split off waits this long for sound that is older than the split. */
#define CLOSE_US 1000000

static unsigned row_of(unsigned formats)
{
	return formats == 1u << TESS_RECORD_HLS ? HLS_ROW : 0;
}

/** Fill in the rows that are not known yet. */
static void set_rows(struct tess_recording *recording, const struct tess_record_meta *order)
{
	unsigned hls = order->formats & 1u << TESS_RECORD_HLS, others = order->formats & ~hls;
	unsigned formats[ROWS] = {others, others ? 0 : hls};

	if (others && hls && order->split_us)
		formats[HLS_ROW] = hls;
	else if (others && !recording->rows[HLS_ROW].formats)
		formats[0] |= hls;
	for (unsigned i = 0; i < ROWS; i++) {
		struct row *row = &recording->rows[i];

		if (row->formats) {
			/* a part that came back may not have had all that was ordered */
			row->formats |= formats[i];
			continue;
		}
		row->formats = formats[i];
		row->split_us = i == HLS_ROW ? 0 : order->split_us;
		row->ended_us = INT64_MIN;
	}
}

int tess_recording_alloc(struct tess_recording **recordingp, struct tess_recorder_shared *shared,
			 const struct tess_record_meta *order)
{
	struct tess_recording *recording = calloc(1, sizeof(*recording));

	if (!recording)
		return -ENOMEM;
	recording->shared = shared;
	recording->order = *order;
	*recordingp = recording;
	return 0;
}

void tess_recording_free(struct tess_recording *recording)
{
	if (!recording)
		return;
	while (recording->parts) {
		struct part *part = recording->parts;

		recording->parts = part->next;
		tess_recorder_free(part->recorder);
		free(part);
	}
	free(recording);
}

static int add_part(struct tess_recording *recording, struct tess_recorder *recorder, unsigned row,
		    bool ended)
{
	struct part *part = calloc(1, sizeof(*part)), **at = &recording->parts;

	if (!part)
		return -ENOMEM;
	part->recorder = recorder;
	part->row = row;
	part->ended = ended;
	/* by number; those of both rows may have the same */
	while (*at &&
	       tess_recorder_meta((*at)->recorder)->part <= tess_recorder_meta(recorder)->part)
		at = &(*at)->next;
	part->next = *at;
	*at = part;
	return 0;
}

int tess_recording_stored(struct tess_recording **recordingp, struct tess_recorder_shared *shared,
			  int64_t id)
{
	struct tess_record_meta order = {.id = id, .part = 1};
	struct tess_recorder *recorder = NULL;
	int error = tess_recording_alloc(recordingp, shared, &order);

	if (error)
		return error;
	error = tess_recorder_alloc(&recorder, shared, &order);
	if (!error)
		error = add_part(*recordingp, recorder, 0, true);
	if (error) {
		tess_recorder_free(recorder);
		tess_recording_free(*recordingp);
	}
	return error;
}

static struct part *part_of(const struct tess_recording *recording,
			    const struct tess_recorder *recorder)
{
	struct part *part = recording->parts;

	while (part && part->recorder != recorder)
		part = part->next;
	return part;
}

/** A part that has nothing leaves no trace. */
static void drop_part(struct tess_recording *recording, const struct tess_recorder *recorder)
{
	for (struct part **at = &recording->parts; *at; at = &(*at)->next) {
		struct part *part = *at;

		if (part->recorder != recorder)
			continue;
		*at = part->next;
		tess_recorder_free(part->recorder);
		free(part);
		return;
	}
}

/** No more units for it. */
static void end_part(struct tess_recording *recording, struct row *row, struct tess_recorder **slot,
		     bool last)
{
	struct tess_recorder *recorder = *slot;
	struct part *part = recorder ? part_of(recording, recorder) : NULL;

	*slot = NULL;
	if (!part)
		return;
	tess_recorder_flush(recorder);
	if (!tess_recorder_has_begun(recorder) &&
	    tess_recorder_state(recorder) == TESS_RECORDER_WAITING) {
		drop_part(recording, recorder);
		return;
	}
	part->ended = true;
	if (tess_recorder_last_us(recorder) > row->ended_us)
		row->ended_us = tess_recorder_last_us(recorder);
	tess_recorder_finish(recorder, last);
}

/* what was there before */

/** The times of another boot say nothing of what comes now. */
static bool is_of_this_boot(const struct tess_recording *recording,
			    const struct tess_recorder *recorder)
{
	return !strcmp(tess_recorder_meta(recorder)->boot_id, recording->shared->boot_id);
}

int tess_recording_add(struct tess_recording *recording, struct tess_recorder *recorder,
		       const struct tess_record_end *end)
{
	const struct tess_record_meta *meta = tess_recorder_meta(recorder);
	unsigned index = row_of(meta->formats);
	struct row *row = &recording->rows[index];

	if (add_part(recording, recorder, index, end->ended))
		return -ENOMEM;
	if (!row->formats) {
		row->formats = meta->formats;
		row->split_us = meta->split_us;
		row->ended_us = INT64_MIN;
	}
	if (meta->part > row->parts)
		row->parts = meta->part;
	if (end->ended && is_of_this_boot(recording, recorder) &&
	    tess_recorder_last_us(recorder) > row->ended_us)
		row->ended_us = tess_recorder_last_us(recorder);
	if (end->last)
		recording->ending = true;
	return 0;
}

void tess_recording_settle(struct tess_recording *recording)
{
	for (struct part *part = recording->parts; part; part = part->next) {
		struct row *row = &recording->rows[part->row];

		if (part->ended || part->recorder == row->current || part->recorder == row->closing)
			continue;
		/* of two that go on, the older one was being split off when all stopped */
		end_part(recording, row, &row->closing, false);
		row->closing = row->current;
		row->current = part->recorder;
		row->split_at_us = tess_recorder_origin_us(part->recorder);
	}
	if (recording->ending)
		tess_recording_finish(recording);
}

bool tess_recording_complete(struct tess_recording *recording, const struct tess_record_meta *order)
{
	bool others = recording->rows[0].formats && !recording->rows[HLS_ROW].formats,
	     hls = recording->rows[HLS_ROW].formats && !recording->rows[0].formats;

	set_rows(recording, order);
	return (others && recording->rows[HLS_ROW].formats) || (hls && recording->rows[0].formats);
}

/* units */

/** The newest part of a row, NULL: there is none */
static struct tess_recorder *newest(const struct tess_recording *recording, const struct row *row)
{
	struct tess_recorder *recorder = NULL;

	for (struct part *part = recording->parts; part; part = part->next) {
		if (&recording->rows[part->row] == row)
			recorder = part->recorder;
	}
	return recorder;
}

/** Of formats that have nothing, as all ended while they were being begun: what the others began
 * with, as long as the ring holds it. */
static int64_t before_begin_us(const struct tess_recording *recording)
{
	const struct part *first = recording->parts;
	int64_t origin_us;

	if (!first || !tess_recorder_has_begun(first->recorder) ||
	    tess_recorder_meta(first->recorder)->part != 1 ||
	    !is_of_this_boot(recording, first->recorder))
		return TESS_SINK_NEWEST_KEY;
	origin_us = tess_recorder_origin_us(first->recorder);
	return tess_clock_now_us(recording->shared->clock) - origin_us < HELD_US
		       ? origin_us - 1
		       : TESS_SINK_NEWEST_KEY;
}

int64_t tess_recording_after_us(const struct tess_recording *recording)
{
	int64_t after_us = TESS_SINK_NEWEST_KEY;

	for (unsigned i = 0; i < ROWS; i++) {
		const struct row *row = &recording->rows[i];
		const struct tess_recorder *recorder =
			row->closing ? row->closing : newest(recording, row);
		int64_t part_us = recorder && is_of_this_boot(recording, recorder)
					  ? tess_recorder_after_us(recorder)
					  : TESS_SINK_NEWEST_KEY;

		if (row->formats && !recorder)
			part_us = before_begin_us(recording);
		if (part_us != TESS_SINK_NEWEST_KEY &&
		    (after_us == TESS_SINK_NEWEST_KEY || part_us < after_us))
			after_us = part_us;
	}
	return after_us;
}

void tess_recording_move(struct tess_recording *recording, const char *stream)
{
	(void)snprintf(recording->order.stream, sizeof(recording->order.stream), "%s", stream);
	tess_recording_stream_away(recording);
	recording->up = false;
	for (unsigned i = 0; i < ROWS; i++) {
		if (recording->rows[i].current)
			tess_recorder_stream_moved(recording->rows[i].current);
	}
}

void tess_recording_stream_up(struct tess_recording *recording, const struct tess_stream_info *info,
			      uint64_t epoch)
{
	recording->info = *info;
	recording->epoch = epoch;
	recording->up = true;
	recording->away = false;
	for (unsigned i = 0; i < ROWS; i++) {
		struct row *row = &recording->rows[i];

		if (row->closing)
			tess_recorder_stream_up(row->closing, info, epoch);
		if (row->current)
			tess_recorder_stream_up(row->current, info, epoch);
	}
}

bool tess_recording_is_ready(const struct tess_recording *recording)
{
	for (unsigned i = 0; i < ROWS; i++) {
		const struct row *row = &recording->rows[i];

		if ((row->closing && !tess_recorder_is_ready(row->closing)) ||
		    (row->current && !tess_recorder_is_ready(row->current)))
			return false;
	}
	return true;
}

/** @p seen: it can begin with a picture */
static void begin_part(struct tess_recording *recording, struct row *row, bool seen)
{
	struct tess_record_meta meta = recording->order;
	struct tess_stream_info info = recording->info;
	struct tess_recorder *recorder = NULL;
	int error;

	meta.formats = row->formats;
	meta.split_us = row->split_us;
	meta.part = row->parts + 1;
	error = tess_recorder_alloc(&recorder, recording->shared, &meta);
	if (!error)
		error = add_part(recording, recorder, (unsigned)(row - recording->rows), false);
	if (error) {
		tess_recorder_free(recorder);
		tess_recording_fail(recording, strerror(-error));
		return;
	}
	info.has_video = info.has_video && seen;
	tess_recorder_stream_up(recorder, &info, recording->epoch);
	row->current = recorder;
	row->renew = false;
}

static int64_t break_us(const struct tess_recording *recording)
{
	int64_t resume_us = recording->order.resume_us;

	if (resume_us < 0)
		return INT64_MAX / 4;
	return resume_us > SHORT_BREAK_US ? resume_us : SHORT_BREAK_US;
}

/** Whether so much is missing before this time that the part does not go on. */
static bool is_break(const struct tess_recording *recording, const struct tess_recorder *recorder,
		     int64_t now_us)
{
	int64_t last_us = tess_recorder_last_us(recorder);

	return last_us != INT64_MIN && now_us > last_us && now_us - last_us > break_us(recording);
}

/** Whether a new part begins with this unit. */
static bool is_split(const struct tess_recording *recording, struct row *row,
		     const struct tess_au *au)
{
	bool sound_alone =
		!recording->info.has_video || !tess_record_formats_for(row->formats, true, 0);
	bool over = row->split_us && tess_recorder_has_begun(row->current) &&
		    au->dts_us - tess_recorder_origin_us(row->current) >= row->split_us;
	struct tess_h264_config config;

	if (au->track == TESS_TRACK_AUDIO && !tess_recorder_has_track(row->current, au->track))
		row->renew =
			tess_record_formats_for(row->formats, false, recording->info.audio_codec);
	/* a part without pictures has no key frame to wait for */
	if (sound_alone || (over && !tess_recorder_has_track(row->current, TESS_TRACK_VIDEO)))
		return over && au->track == TESS_TRACK_AUDIO;
	if (!over && !row->renew && tess_recorder_has_track(row->current, TESS_TRACK_VIDEO))
		return false;
	/* one that the file can begin with */
	return au->track == TESS_TRACK_VIDEO && au->key &&
	       tess_h264_config_from_au(&config, au->data, au->length) == 0;
}

static void row_au(struct tess_recording *recording, struct row *row, const struct tess_au *au)
{
	bool seen = true;

	if (row->closing) {
		if (au->dts_us < row->split_at_us) {
			tess_recorder_au(row->closing, au);
			return;
		}
		if (au->track == TESS_TRACK_AUDIO || !recording->info.has_audio ||
		    au->dts_us - row->split_at_us > CLOSE_US)
			end_part(recording, row, &row->closing, false);
	}
	if (row->current && is_break(recording, row->current, au->dts_us))
		end_part(recording, row, &row->current, false);
	if (row->current && is_split(recording, row, au)) {
		end_part(recording, row, &row->closing, false);
		row->closing = row->current;
		row->current = NULL;
		row->split_at_us = au->dts_us;
		seen = au->track == TESS_TRACK_VIDEO;
	}
	if (!row->current) {
		if (au->dts_us <= row->ended_us)
			return; /* another row needed it again */
		begin_part(recording, row, seen);
	}
	if (!row->current)
		return;
	tess_recorder_au(row->current, au);
	if (tess_recorder_has_begun(row->current))
		row->parts = tess_recorder_meta(row->current)->part;
}

static bool takes_units(const struct tess_recording *recording)
{
	return recording->up && !recording->ending && !recording->failed && !recording->deleting;
}

void tess_recording_au(struct tess_recording *recording, const struct tess_au *au)
{
	for (unsigned i = 0; i < ROWS; i++) {
		if (recording->rows[i].formats && takes_units(recording))
			row_au(recording, &recording->rows[i], au);
	}
}

void tess_recording_stream_away(struct tess_recording *recording)
{
	recording->away = true;
	for (unsigned i = 0; i < ROWS; i++) {
		struct row *row = &recording->rows[i];

		end_part(recording, row, &row->closing, false);
		if (row->current)
			tess_recorder_stream_away(row->current);
	}
	recording->shared->changed(recording->shared->arg);
}

/* its life */

void tess_recording_tick(struct tess_recording *recording)
{
	int64_t now_us = tess_clock_now_us(recording->shared->clock);

	for (struct part *part = recording->parts; part; part = part->next)
		tess_recorder_tick(part->recorder);
	for (unsigned i = 0; i < ROWS; i++) {
		struct row *row = &recording->rows[i];

		/* while the disk is behind, nothing comes either */
		if (!row->current || (!recording->away && !tess_recorder_is_ready(row->current)) ||
		    !is_break(recording, row->current, now_us - BREAK_MARGIN_US))
			continue;
		end_part(recording, row, &row->closing, false);
		end_part(recording, row, &row->current, false);
	}
}

void tess_recording_flush(struct tess_recording *recording)
{
	for (struct part *part = recording->parts; part; part = part->next)
		tess_recorder_flush(part->recorder);
}

void tess_recording_finish(struct tess_recording *recording)
{
	recording->ending = true;
	if (recording->failed)
		return;
	for (unsigned i = 0; i < ROWS; i++) {
		struct row *row = &recording->rows[i];

		end_part(recording, row, &row->closing, true);
		end_part(recording, row, &row->current, true);
	}
	if (!recording->parts)
		tess_recording_fail(recording, "no media");
}

void tess_recording_fail(struct tess_recording *recording, const char *error)
{
	recording->failed = true;
	(void)snprintf(recording->error, sizeof(recording->error), "%s", error);
	TESS_ERROR("record.failed", "record=%" PRId64 " error=\"%s\"", recording->order.id, error);
	recording->shared->changed(recording->shared->arg);
}

void tess_recording_acknowledge(struct tess_recording *recording)
{
	if (recording->deleting)
		return;
	recording->acknowledged = true;
	for (struct part *part = recording->parts; part; part = part->next) {
		tess_recorder_acknowledge(part->recorder);
		if (!tess_recorder_is_acknowledged(part->recorder))
			recording->acknowledged = false;
	}
}

bool tess_recording_is_acknowledged(const struct tess_recording *recording)
{
	return recording->acknowledged;
}

void tess_recording_delete(struct tess_recording *recording)
{
	recording->deleting = true;
	for (unsigned i = 0; i < ROWS; i++)
		recording->rows[i].current = recording->rows[i].closing = NULL;
	for (struct part *part = recording->parts; part; part = part->next)
		tess_recorder_delete(part->recorder);
}

bool tess_recording_is_idle(const struct tess_recording *recording)
{
	for (const struct part *part = recording->parts; part; part = part->next) {
		if (!tess_recorder_is_idle(part->recorder))
			return false;
	}
	return true;
}

bool tess_recording_is_ending(const struct tess_recording *recording)
{
	return recording->ending;
}

const struct tess_record_meta *tess_recording_order(const struct tess_recording *recording)
{
	return &recording->order;
}

static bool all_are(const struct tess_recording *recording, enum tess_recorder_state state)
{
	for (const struct part *part = recording->parts; part; part = part->next) {
		if (tess_recorder_state(part->recorder) != state)
			return false;
	}
	return true;
}

const struct tess_recorder *tess_recording_failed_part(const struct tess_recording *recording)
{
	for (const struct part *part = recording->parts; part; part = part->next) {
		if (tess_recorder_state(part->recorder) == TESS_RECORDER_FAILED)
			return part->recorder;
	}
	return NULL;
}

enum tess_recorder_state tess_recording_state(const struct tess_recording *recording)
{
	enum tess_recorder_state state = TESS_RECORDER_WAITING;

	if (recording->deleting && all_are(recording, TESS_RECORDER_DELETED))
		return TESS_RECORDER_DELETED;
	if (recording->failed || tess_recording_failed_part(recording))
		return TESS_RECORDER_FAILED;
	if (recording->ending)
		return all_are(recording, TESS_RECORDER_FINISHED) ? TESS_RECORDER_FINISHED
								  : TESS_RECORDER_FINISHING;
	for (unsigned i = 0; i < ROWS; i++) {
		const struct tess_recorder *current = recording->rows[i].current;

		if (current && tess_recorder_state(current) == TESS_RECORDER_RECORDING)
			return TESS_RECORDER_RECORDING;
		if (recording->rows[i].parts)
			state = TESS_RECORDER_GAP;
	}
	return state;
}

int tess_recording_path(const struct tess_recording *recording, const char *name, char *path,
			size_t size)
{
	for (const struct part *part = recording->parts; part; part = part->next) {
		const struct tess_recorder *recorder = part->recorder;

		if (!name && tess_recorder_path(recorder)[0]) {
			(void)snprintf(path, size, "%s", tess_recorder_path(recorder));
			return 0;
		}
		if (name && tess_recorder_has_file(recorder, name)) {
			(void)snprintf(path, size, "%" PRId64 "/%s", recording->order.app, name);
			return 0;
		}
	}
	return -ENOENT;
}
