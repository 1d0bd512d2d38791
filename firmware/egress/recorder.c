/* SPDX-License-Identifier: GPL-3.0-or-later
 * One recording: the units it takes and the states it goes through.
 */
#include "firmware/egress/recorder_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/base/log.h"

/** A picture is seen for so long if none follows. */
#define SEEN_US 5000000
/** Sound for so long, and no picture: then it begins without. */
#define WAIT_FOR_PICTURE_US 2000000
#define MAX_EARLY_BYTES	    (1u << 20)

int tess_recorder_alloc(struct tess_recorder **recorderp, struct tess_recorder_shared *shared,
			const struct tess_record_meta *meta)
{
	struct tess_recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->shared = shared;
	r->meta = *meta;
	r->state = TESS_RECORDER_WAITING;
	r->early_end = &r->early;
	tess_record_file_init(&r->file);
	tess_fragmenter_init(&r->fragmenter, shared->fragment_us, tess_recorder_on_fragment, r);
	if (tess_lane_alloc(&r->lane, shared->writer, tess_recorder_on_failing, r)) {
		free(r);
		return -ENOMEM;
	}
	*recorderp = r;
	return 0;
}

static int64_t utc_minus_media_us(const struct tess_recorder *r)
{
	return tess_clock_utc_us(r->shared->clock) - tess_clock_now_us(r->shared->clock);
}

int tess_recorder_resume(struct tess_recorder **recorderp, struct tess_recorder_shared *shared,
			 const struct tess_record_meta *meta, const struct tess_record_file *file,
			 const struct tess_record_state *state, const struct tess_record_end *end)
{
	struct tess_record_state copy;
	struct tess_recorder *r;
	int error;

	error = tess_record_state_copy(&copy, state);
	if (error)
		return error;
	error = tess_recorder_alloc(&r, shared, meta);
	if (error) {
		tess_record_state_free(&copy);
		return error;
	}
	r->held = *state;
	r->file = *file;
	r->end = *end;
	r->begun = true;
	r->away = true;
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++)
		r->bytes[i] = tess_record_file_bytes(file, i);
	r->state = TESS_RECORDER_GAP;
	tess_recorder_set_name(r, end->finished ? file->final : file->base);
	tess_fragmenter_resume(&r->fragmenter, &copy, meta->origin_us);
	if (end->finished) {
		r->state = TESS_RECORDER_FINISHED;
	} else if (end->ended) {
		tess_recorder_submit_finish(r);
	} else if (strcmp(meta->boot_id, shared->boot_id) != 0) {
		/* media time began anew with the boot; UTC tells what the file's begin is in it */
		r->fragmenter.timeline.origin_us = meta->start_utc_us - utc_minus_media_us(r);
		(void)snprintf(r->meta.boot_id, sizeof(r->meta.boot_id), "%s", shared->boot_id);
		tess_recorder_submit_origin(r);
	}
	*recorderp = r;
	return 0;
}

static void drop_early(struct tess_recorder *r)
{
	while (r->early) {
		struct early *early = r->early;

		r->early = early->next;
		free(early);
	}
	r->early_end = &r->early;
	r->early_bytes = 0;
}

void tess_recorder_free(struct tess_recorder *r)
{
	if (!r)
		return;
	drop_early(r);
	tess_lane_free(r->lane);
	tess_fragmenter_free(&r->fragmenter);
	tess_record_state_free(&r->held);
	tess_record_file_close(&r->file);
	free(r);
}

bool tess_recorder_is_idle(const struct tess_recorder *r)
{
	return !r->jobs;
}

static bool takes_units(const struct tess_recorder *r)
{
	if (r->deleting)
		return false;
	return r->state == TESS_RECORDER_WAITING || r->state == TESS_RECORDER_RECORDING ||
	       r->state == TESS_RECORDER_GAP;
}

/** Of its formats none holds a picture. */
static bool takes_sound_alone(const struct tess_recorder *r)
{
	return !tess_record_formats_for(r->meta.formats, true, 0);
}

int64_t tess_recorder_after_us(const struct tess_recorder *r)
{
	int64_t after_us = INT64_MIN;

	if (r->begun)
		after_us = tess_timeline_last_media_us(&r->fragmenter.timeline);
	return after_us == INT64_MIN ? TESS_SINK_NEWEST_KEY : after_us;
}

void tess_recorder_stream_up(struct tess_recorder *r, const struct tess_stream_info *info,
			     uint64_t epoch)
{
	bool has_video = info->has_video && !takes_sound_alone(r);
	/* with other tracks it is no other life of media: a camera was turned on or off */
	bool lost = r->epoch && r->epoch != epoch && r->info.has_video == has_video &&
		    r->info.has_audio == info->has_audio;

	r->info = *info;
	r->info.has_video = has_video;
	r->away = false;
	if (r->begun)
		tess_fragmenter_stream_up(&r->fragmenter, info, lost);
	r->epoch = epoch;
}

void tess_recorder_stream_moved(struct tess_recorder *r)
{
	r->epoch = UINT64_MAX; /* no stream has this */
}

bool tess_recorder_is_ready(const struct tess_recorder *r)
{
	const struct tess_fragmenter *f = &r->fragmenter;

	if (!takes_units(r))
		return true; /* to be thrown away */
	if (r->disk_fails || tess_writer_bytes(r->shared->writer) > TESS_RECORDER_MAX_BYTES)
		return false;
	return !r->begun ||
	       tess_record_state_duration_us(&f->state) - tess_record_state_duration_us(&r->held) <
		       TESS_RECORDER_MAX_US;
}

static void begin(struct tess_recorder *r, const struct tess_au *au)
{
	struct tess_bytes head = {0};
	int error;

	r->meta.start_utc_us = au->dts_us + utc_minus_media_us(r);
	r->meta.origin_us = au->dts_us;
	memcpy(r->meta.boot_id, r->shared->boot_id, sizeof(r->meta.boot_id));
	r->meta.formats = tess_record_formats_for(r->meta.formats, r->info.has_video,
						  r->info.has_audio ? r->info.audio_codec : 0);
	if (!r->meta.formats) {
		tess_recorder_fail(r, "the stream has nothing for these formats");
		return;
	}
	error = tess_fragmenter_begin(&r->fragmenter, &r->info, au, r->meta.start_utc_us, &head);
	if (!error)
		error = tess_record_state_init(&r->held, head.data, head.length);
	if (error) {
		tess_bytes_free(&head);
		if (error == -EAGAIN)
			r->shared->counters.units_no_key++;
		else
			tess_recorder_fail(r, error == -ENOTSUP
						      ? "the stream's codec cannot be recorded"
						      : strerror(-error));
		return;
	}
	r->begun = true;
	if (tess_recorder_submit_create(r, &head))
		tess_recorder_fail(r, strerror(ENOMEM));
}

static void add(struct tess_recorder *r, const struct tess_au *au)
{
	struct tess_records_counters *counters = &r->shared->counters;
	bool first;

	first = !tess_fragment_samples(&r->fragmenter.fragment);
	switch (tess_fragmenter_add(&r->fragmenter, au)) {
	case 0:
		break;
	case -ESTALE:
		counters->units_late++;
		return;
	case -EAGAIN:
		counters->units_no_key++;
		return;
	default:
		counters->units_refused++;
		return;
	}
	if (first || tess_fragment_samples(&r->fragmenter.fragment) == 1)
		r->taken_us = tess_clock_now_us(r->shared->clock);
	if (r->reanchored != r->fragmenter.timeline.reanchored)
		tess_recorder_submit_origin(r);
	if (takes_units(r) && r->state != TESS_RECORDER_RECORDING) {
		r->state = TESS_RECORDER_RECORDING;
		tess_recorder_changed(r);
	}
}

/** Begin with the sound that has waited for a picture. */
static void begin_without_picture(struct tess_recorder *r)
{
	r->info.has_video = false;
	begin(r, &r->early->au);
	for (const struct early *early = r->early; early && r->begun && takes_units(r);
	     early = early->next)
		add(r, &early->au);
	drop_early(r);
}

/** Whoever has turned the camera off is recorded all the same: of a stream that may have pictures
 * the sound is kept until one comes, or it is late. @return whether the unit was dealt with */
static bool wait_for_picture(struct tess_recorder *r, const struct tess_au *au)
{
	struct early *early;

	if (!r->info.has_video || au->track != TESS_TRACK_AUDIO)
		return false;
	early = malloc(sizeof(*early) + au->length);
	if (!early)
		return true;
	early->next = NULL;
	early->au = *au;
	early->au.data = memcpy(early->data, au->data, au->length);
	*r->early_end = early;
	r->early_end = &early->next;
	r->early_bytes += sizeof(*early) + au->length;
	r->early_us = au->dts_us;
	if (au->dts_us - r->early->au.dts_us >= WAIT_FOR_PICTURE_US ||
	    r->early_bytes >= MAX_EARLY_BYTES)
		begin_without_picture(r);
	return true;
}

void tess_recorder_au(struct tess_recorder *r, const struct tess_au *au)
{
	if (!takes_units(r) || (au->track == TESS_TRACK_VIDEO && takes_sound_alone(r)) ||
	    (!r->begun && wait_for_picture(r, au)))
		return;
	if (!r->begun) {
		begin(r, au);
		if (r->begun)
			drop_early(r);
	}
	if (r->begun && takes_units(r))
		add(r, au);
}

void tess_recorder_stream_away(struct tess_recorder *r)
{
	if (!takes_units(r))
		return;
	r->away = true;
	tess_recorder_flush(r);
	if (r->state == TESS_RECORDER_RECORDING)
		r->state = TESS_RECORDER_GAP;
	tess_recorder_changed(r);
}

void tess_recorder_flush(struct tess_recorder *r)
{
	if (takes_units(r) && r->early)
		begin_without_picture(r);
	if (takes_units(r) && r->begun)
		tess_fragmenter_cut(&r->fragmenter);
}

void tess_recorder_tick(struct tess_recorder *r)
{
	/* half a fragment more than it takes when units come as they should */
	if (tess_fragment_samples(&r->fragmenter.fragment) &&
	    tess_clock_now_us(r->shared->clock) - r->taken_us > r->shared->fragment_us * 3 / 2)
		tess_recorder_flush(r);
}

void tess_recorder_finish(struct tess_recorder *r, bool last)
{
	tess_recorder_flush(r);
	if (!takes_units(r))
		return;
	if (!r->begun) {
		tess_recorder_fail(r, "no media");
		return;
	}
	r->end = (struct tess_record_end){.ended = true,
					  .last = last,
					  .utc_us = r->meta.start_utc_us +
						    tess_fragmenter_end_us(&r->fragmenter)};
	tess_recorder_submit_finish(r);
	tess_recorder_changed(r);
}

void tess_recorder_fail(struct tess_recorder *r, const char *error)
{
	r->state = TESS_RECORDER_FAILED;
	(void)snprintf(r->error, sizeof(r->error), "%s", error);
	TESS_ERROR("record.failed", "record=%" PRId64 " path=%s error=\"%s\"", r->meta.id, r->path,
		   error);
	tess_recorder_changed(r);
}

void tess_recorder_acknowledge(struct tess_recorder *r)
{
	if (r->acknowledged || r->deleting || r->jobs)
		return;
	if (r->state == TESS_RECORDER_FAILED)
		r->acknowledged = true;
	else if (r->state == TESS_RECORDER_FINISHED)
		tess_recorder_submit_acknowledge(r);
}

bool tess_recorder_is_acknowledged(const struct tess_recorder *r)
{
	return r->acknowledged;
}

void tess_recorder_delete(struct tess_recorder *r)
{
	if (r->state == TESS_RECORDER_DELETED)
		return;
	if (!r->deleting) {
		r->deleting = true;
		tess_fragment_free(&r->fragmenter.fragment);
		tess_lane_cancel(r->lane);
	}
	if (!r->jobs)
		tess_recorder_submit_delete(r);
}

enum tess_recorder_state tess_recorder_state(const struct tess_recorder *r)
{
	return r->state;
}

const struct tess_record_meta *tess_recorder_meta(const struct tess_recorder *r)
{
	return &r->meta;
}

bool tess_recorder_has_begun(const struct tess_recorder *r)
{
	return r->begun;
}

bool tess_recorder_has_track(const struct tess_recorder *r, enum tess_track track)
{
	return !r->begun || r->fragmenter.state.tracks[tess_mp4_index_of(track)].timescale;
}

int64_t tess_recorder_last_us(const struct tess_recorder *r)
{
	if (!r->begun)
		return r->early ? r->early_us : INT64_MIN;
	return tess_timeline_last_media_us(&r->fragmenter.timeline);
}

int64_t tess_recorder_origin_us(const struct tess_recorder *r)
{
	return r->fragmenter.timeline.origin_us;
}

int64_t tess_recorder_whole_utc_us(const struct tess_recorder *r)
{
	int64_t whole_us = tess_record_state_duration_us(&r->held);

	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		int64_t end_us =
			tess_mp4_us(r->held.track[i].last_dts + r->held.track[i].last_duration,
				    r->held.tracks[i].timescale ? r->held.tracks[i].timescale : 1);

		/* a track that is silent for longer is not waited for */
		if (r->held.track[i].begun && end_us < whole_us &&
		    end_us > whole_us - TESS_TIMELINE_MAX_SILENCE_US)
			whole_us = end_us;
	}
	return r->meta.start_utc_us + whole_us;
}

const char *tess_recorder_error(const struct tess_recorder *r)
{
	return r->error;
}

const char *tess_recorder_path(const struct tess_recorder *r)
{
	return r->path;
}

bool tess_recorder_has_file(const struct tess_recorder *r, const char *name)
{
	size_t length = strlen(r->name);

	if (!length)
		return false;
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		if ((r->meta.formats >> i & 1) && strncmp(name, r->name, length) == 0 &&
		    strcmp(name + length, tess_record_format_suffix(i)) == 0)
			return true;
	}
	/* the folder of segments is not renamed */
	length = strlen(r->file.base);
	return (r->meta.formats >> TESS_RECORD_HLS & 1) &&
	       strncmp(name, r->file.base, length) == 0 && strcmp(name + length, ".hls") == 0;
}

const char *tess_recorder_state_name(enum tess_recorder_state state)
{
	static const char *const names[] = {
		[TESS_RECORDER_WAITING] = "waiting",   [TESS_RECORDER_RECORDING] = "recording",
		[TESS_RECORDER_GAP] = "gap",	       [TESS_RECORDER_FINISHING] = "finishing",
		[TESS_RECORDER_FINISHED] = "finished", [TESS_RECORDER_FAILED] = "failed",
		[TESS_RECORDER_DELETED] = "deleted",
	};

	return names[state];
}

static const char *state_name(const struct tess_recorder *r)
{
	bool fails = r->state == TESS_RECORDER_RECORDING && r->disk_fails;

	return tess_recorder_state_name(fails ? TESS_RECORDER_GAP : r->state);
}

/** The files with their final names are those of a finished part. */
static json_t *files_facts(const struct tess_recorder *r, int64_t duration_us, int64_t end_utc_us)
{
	char name[TESS_RECORD_NAME_SIZE + 8];
	json_t *files = json_array(), *file;

	for (unsigned i = 0; r->name[0] && i < TESS_RECORD_FORMATS; i++) {
		if (!(r->meta.formats >> i & 1))
			continue;
		(void)snprintf(name, sizeof(name), "%s%s", r->name, tess_record_format_suffix(i));
		file = json_pack(
			"{s:i, s:i, s:s, s:s, s:I, s:I, s:i, s:s, s:I, s:I}", "width",
			(int)r->held.width, "height", (int)r->held.height, "format",
			tess_record_format_name(i), "name", name, "bytes", (json_int_t)r->bytes[i],
			"duration_ms", (json_int_t)(duration_us / 1000), "part", (int)r->meta.part,
			"state", state_name(r), "start_utc_us", (json_int_t)r->meta.start_utc_us,
			"end_utc_us", (json_int_t)end_utc_us);
		if (json_array_append_new(files, file))
			break; /* no memory: fewer are told */
	}
	return files;
}

/** Whether its end is seen, or only heard: the camera may have been turned off. */
static bool shows_picture(const struct tess_recorder *r, int64_t duration_us)
{
	return r->held.track[0].begun &&
	       duration_us - tess_record_state_last_us(&r->held, TESS_TRACK_VIDEO) < SEEN_US;
}

static uint64_t first_bytes(const struct tess_recorder *r)
{
	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		if (r->meta.formats >> i & 1)
			return r->bytes[i];
	}
	return 0;
}

json_t *tess_recorder_facts(const struct tess_recorder *r)
{
	int64_t duration_us = tess_record_state_duration_us(&r->held);
	int64_t end_utc_us = r->end.ended ? r->end.utc_us : r->meta.start_utc_us + duration_us;
	json_t *gaps = json_array();

	for (unsigned i = 0; i < r->held.gap_count && i < TESS_RECORD_MAX_GAPS; i++) {
		json_t *gap = json_pack("{s:I, s:I}", "at_us", (json_int_t)r->held.gaps[i].at_us,
					"length_us", (json_int_t)r->held.gaps[i].length_us);

		if (json_array_append_new(gaps, gap))
			break; /* no memory: fewer are told */
	}
	return json_pack("{s:b, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:i, s:i, s:o, s:s, s:o}",
			 "picture", shows_picture(r, duration_us), "id", (json_int_t)r->meta.id,
			 "state", state_name(r), "path", r->path, "bytes",
			 (json_int_t)first_bytes(r), "start_utc_us",
			 (json_int_t)r->meta.start_utc_us, "end_utc_us", (json_int_t)end_utc_us,
			 "duration_us", (json_int_t)duration_us, "width", (int)r->held.width,
			 "height", (int)r->held.height, "gaps", gaps, "error", r->error, "files",
			 files_facts(r, duration_us, end_utc_us));
}
