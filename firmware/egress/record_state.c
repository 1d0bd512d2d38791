/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is known of a recording.
 */
#include "firmware/egress/record_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/egress/record_output.h"

bool tess_record_prefix_is_good(const char *prefix)
{
	static const char good[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t length = strlen(prefix);

	return length && length < TESS_RECORD_PREFIX_SIZE && strspn(prefix, good) == length;
}

static json_t *dump_formats(unsigned formats)
{
	json_t *names = json_array();

	for (unsigned i = 0; i < TESS_RECORD_FORMATS; i++) {
		if ((formats >> i & 1) &&
		    json_array_append_new(names, json_string(tess_record_format_name(i)))) {
			json_decref(names);
			return NULL;
		}
	}
	return names;
}

char *tess_record_meta_dump(const struct tess_record_meta *meta)
{
	json_t *json = json_pack(
		"{s:i, s:I, s:I, s:s, s:s, s:o, s:i, s:I, s:I, s:I, s:I, s:s}", "version", 1, "id",
		(json_int_t)meta->id, "app", (json_int_t)meta->app, "stream", meta->stream,
		"prefix", meta->prefix, "formats", dump_formats(meta->formats), "part",
		(int)meta->part, "split_us", (json_int_t)meta->split_us, "resume_us",
		(json_int_t)meta->resume_us, "start_utc_us", (json_int_t)meta->start_utc_us,
		"origin_us", (json_int_t)meta->origin_us, "boot_id", meta->boot_id);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

static bool copy_text(char *out, size_t size, const char *text)
{
	int length = snprintf(out, size, "%s", text);

	return length >= 0 && (size_t)length < size;
}

unsigned tess_record_formats_parse(const json_t *names)
{
	unsigned formats = 0;
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		const char *text = json_string_value(name);
		unsigned bit = text ? tess_record_format_bit(text) : 0;

		if (!bit)
			return 0;
		formats |= bit;
	}
	return formats;
}

/** What a journal of an earlier firmware does not have is as it was then. */
static bool parse_order(struct tess_record_meta *meta, json_t *json)
{
	json_int_t split_us = 0, resume_us = -1;
	json_t *formats = NULL;
	int part = 1;

	if (json_unpack(json, "{s?o, s?i, s?I, s?I}", "formats", &formats, "part", &part,
			"split_us", &split_us, "resume_us", &resume_us))
		return false;
	meta->formats = formats ? tess_record_formats_parse(formats) : 1u << TESS_RECORD_MP4;
	meta->part = (unsigned)part;
	meta->split_us = split_us;
	meta->resume_us = resume_us;
	return meta->formats && part > 0;
}

int tess_record_meta_parse(struct tess_record_meta *meta, const char *text, size_t length)
{
	const char *stream, *prefix, *boot_id;
	json_int_t id, app, start_utc_us, origin_us;
	struct tess_record_meta m = {0};
	int error = -EBADMSG, version;
	json_t *json;

	json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	if (!json)
		return -EBADMSG;
	if (json_unpack(json, "{s:i, s:I, s:I, s:s, s:s, s:I, s:I, s:s}", "version", &version, "id",
			&id, "app", &app, "stream", &stream, "prefix", &prefix, "start_utc_us",
			&start_utc_us, "origin_us", &origin_us, "boot_id", &boot_id) == 0 &&
	    version == 1 && tess_record_prefix_is_good(prefix) &&
	    copy_text(m.stream, sizeof(m.stream), stream) &&
	    copy_text(m.prefix, sizeof(m.prefix), prefix) &&
	    copy_text(m.boot_id, sizeof(m.boot_id), boot_id) && parse_order(&m, json)) {
		m.id = id;
		m.app = app;
		m.start_utc_us = start_utc_us;
		m.origin_us = origin_us;
		*meta = m;
		error = 0;
	}
	json_decref(json);
	return error;
}

static int add_description(struct tess_record_state *state, unsigned track, const uint8_t *data,
			   size_t length)
{
	unsigned count = state->track[track].count;
	struct tess_mp4_description *list =
		realloc(state->track[track].list, (count + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	state->track[track].list = list;
	list[count].length = (uint16_t)length;
	memcpy(list[count].data, data, length);
	state->track[track].count++;
	return 0;
}

static void note_size(struct tess_record_state *state, const uint8_t *avcc, size_t length)
{
	struct tess_h264_config config;

	if (tess_h264_config_from_avcc(&config, avcc, length))
		return;
	state->width = config.sps.width;
	state->height = config.sps.height;
}

int tess_record_state_init(struct tess_record_state *state, const uint8_t *head, size_t length)
{
	int error;

	*state = (struct tess_record_state){.media_end = length};
	error = tess_fmp4_head_parse(state->tracks, head, length);
	for (unsigned i = 0; i < TESS_MP4_TRACKS && !error; i++) {
		const struct tess_mp4_description *first = &state->tracks[i].description;

		if (state->tracks[i].timescale)
			error = add_description(state, i, first->data, first->length);
	}
	if (error) {
		tess_record_state_free(state);
		return error;
	}
	if (state->tracks[0].timescale)
		note_size(state, state->tracks[0].description.data,
			  state->tracks[0].description.length);
	return 0;
}

void tess_record_state_free(struct tess_record_state *state)
{
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++)
		free(state->track[i].list);
	*state = (struct tess_record_state){0};
}

int tess_record_state_copy(struct tess_record_state *copy, const struct tess_record_state *state)
{
	*copy = *state;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++)
		copy->track[i].list = NULL;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		size_t bytes = state->track[i].count * sizeof(*copy->track[i].list);

		if (!bytes)
			continue;
		copy->track[i].list = malloc(bytes);
		if (!copy->track[i].list) {
			tess_record_state_free(copy);
			return -ENOMEM;
		}
		memcpy(copy->track[i].list, state->track[i].list, bytes);
	}
	return 0;
}

static bool description_parses(unsigned track, const uint8_t *data, size_t length)
{
	struct tess_mp4_track parsed;

	if (track == tess_mp4_index_of(TESS_TRACK_VIDEO))
		return tess_mp4_video_track(&parsed, data, length) == 0;
	return tess_mp4_audio_track(&parsed, data, length) == 0;
}

/** The same rules as of the final index: what is taken here can be indexed there. */
static bool run_follows(const struct tess_record_state *state, unsigned track,
			const struct tess_moof_run *run)
{
	if (!state->tracks[track].timescale)
		return false;
	if (state->track[track].begun &&
	    (run->first_dts <= state->track[track].last_dts ||
	     run->first_dts - state->track[track].last_dts > UINT32_MAX))
		return false;
	if (!run->fresh)
		return run->description <= state->track[track].count;
	return run->description == state->track[track].count + 1 &&
	       run->description <= TESS_MP4_MAX_DESCRIPTIONS &&
	       description_parses(track, run->fresh, run->fresh_length);
}

static int64_t run_begin_us(const struct tess_record_state *state, const struct tess_moof *moof)
{
	int64_t begin_us = INT64_MAX;

	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		int64_t at_us;

		if (!moof->runs[i].count)
			continue;
		at_us = tess_mp4_us(moof->runs[i].first_dts, state->tracks[i].timescale);
		if (at_us < begin_us)
			begin_us = at_us;
	}
	return begin_us;
}

static void note_gap(struct tess_record_state *state, int64_t end_us, int64_t length_us)
{
	if (state->gap_count < TESS_RECORD_MAX_GAPS)
		state->gaps[state->gap_count] = (struct tess_record_gap){
			end_us > length_us ? end_us - length_us : 0, length_us};
	state->gap_count++;
}

int tess_record_state_apply(struct tess_record_state *state, const struct tess_moof *moof,
			    uint64_t offset)
{
	if (offset != state->media_end || moof->sequence <= state->sequence)
		return -EBADMSG;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		if (moof->runs[i].count && !run_follows(state, i, &moof->runs[i]))
			return -EBADMSG;
	}
	if (moof->gap_us)
		note_gap(state, run_begin_us(state, moof), (int64_t)moof->gap_us);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		const struct tess_moof_run *run = &moof->runs[i];

		if (!run->count)
			continue;
		if (run->fresh && add_description(state, i, run->fresh, run->fresh_length))
			return -ENOMEM;
		if (i == tess_mp4_index_of(TESS_TRACK_VIDEO)) {
			const struct tess_mp4_description *d =
				&state->track[i].list[run->description - 1];

			note_size(state, d->data, d->length);
		}
		if (!state->track[i].begun)
			state->track[i].first_dts = run->first_dts;
		state->track[i].begun = true;
		state->track[i].last_dts = tess_moof_last_dts(run);
		state->track[i].last_duration = tess_moof_sample(run, run->count - 1).duration;
	}
	state->sequence = moof->sequence;
	state->media_end = offset + moof->total;
	state->fragments++;
	return 0;
}

int64_t tess_record_state_duration_us(const struct tess_record_state *state)
{
	int64_t duration_us = 0;

	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		int64_t end_us;

		if (!state->track[i].begun)
			continue;
		end_us = tess_mp4_us(state->track[i].last_dts + state->track[i].last_duration,
				     state->tracks[i].timescale);
		if (end_us > duration_us)
			duration_us = end_us;
	}
	return duration_us;
}

int64_t tess_record_state_last_us(const struct tess_record_state *state, enum tess_track track)
{
	unsigned i = tess_mp4_index_of(track);

	return tess_mp4_us(state->track[i].last_dts, state->tracks[i].timescale);
}

unsigned tess_record_state_find(const struct tess_record_state *state, enum tess_track track,
				const uint8_t *data, size_t length)
{
	unsigned i = tess_mp4_index_of(track);

	for (unsigned n = 0; n < state->track[i].count; n++) {
		const struct tess_mp4_description *d = &state->track[i].list[n];

		if (d->length == length && memcmp(d->data, data, length) == 0)
			return n + 1;
	}
	return 0;
}
