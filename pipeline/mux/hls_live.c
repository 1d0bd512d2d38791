/* SPDX-License-Identifier: GPL-3.0-or-later
 * Access units to parts and segments.
 */
#include "pipeline/mux/hls_live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hal/engine.h"
#include "pipeline/mux/hls_live_internal.h"

/** A part is as many units as fit into this, one at least. */
#define PART_US 300000
/** And may be this much longer than they are nominally: captured pictures come unevenly. */
#define PART_SLACK_PERCENT 10
/** Segments of sound alone. */
#define SOUND_SEGMENT_US 2000000
/** Sound alone does not end a part until the picture is this late. */
#define WAIT_FOR_VIDEO_US 500000
/** A distance of units that is believed when the last one's duration is guessed. */
#define MAX_DISTANCE_US 2000000
/** A segment is cut before it holds more. */
#define SEGMENT_BYTES (TESS_HLS_LIVE_STREAM_BYTES / 4)
/** Targets, in seconds: the shortest, and that of a stream without a second key frame. */
#define MIN_TARGET_S	 2
#define DEFAULT_TARGET_S 6
/** Target durations that are listed at least (RFC 8216 §6.2.2: three), and how many more a segment
 * is held for (§6.2.2: the length of the playlist, and its own). */
#define LISTED_TARGETS	 4
#define UNLISTED_TARGETS 5

int tess_hls_live_alloc(struct tess_hls_live **hlsp, uint64_t first_number, uint64_t *account,
			uint64_t limit)
{
	struct tess_hls_live *hls = calloc(1, sizeof(*hls));

	if (!hls)
		return -ENOMEM;
	hls->account = account;
	hls->limit = limit;
	hls->next_number = hls->discontinuities = hls->next_init = first_number;
	*hlsp = hls;
	return 0;
}

static void drop_oldest_init(struct tess_hls_live *hls)
{
	tess_chunk_release(hls->inits[0].chunk);
	memmove(hls->inits, hls->inits + 1, --hls->init_count * sizeof(hls->inits[0]));
}

static void drop_oldest(struct tess_hls_live *hls)
{
	struct hls_segment *segment = hls->segments[0];

	for (unsigned i = 0; i < segment->part_count; i++) {
		hls->bytes -= segment->parts[i].chunk->length;
		tess_chunk_release(segment->parts[i].chunk);
	}
	if (hls->unlisted)
		hls->unlisted--;
	else
		hls->discontinuities += segment->discontinuity;
	free(segment);
	memmove(hls->segments, hls->segments + 1, --hls->count * sizeof(hls->segments[0]));
	while (hls->init_count > 1 && hls->count && hls->inits[0].number < hls->segments[0]->init)
		drop_oldest_init(hls);
}

void tess_hls_live_free(struct tess_hls_live *hls)
{
	if (!hls)
		return;
	while (hls->count)
		drop_oldest(hls);
	while (hls->init_count)
		drop_oldest_init(hls);
	tess_fragment_free(&hls->fragment);
	free(hls);
}

/** Parts of this many units at the stream's nominal rate. */
static int64_t part_target_us(const struct tess_stream_info *info)
{
	int64_t unit_us = 0, units;

	if (info->has_video && info->frame_rate)
		unit_us = 1000000 / info->frame_rate;
	else if (!info->has_video && info->audio_rate)
		unit_us = INT64_C(1024000000) / info->audio_rate;
	units = unit_us ? PART_US / unit_us : 0;
	if (unit_us && !units)
		units = 1;
	return (units ? units * unit_us : PART_US) * (100 + PART_SLACK_PERCENT) / 100;
}

void tess_hls_live_begin(struct tess_hls_live *hls, const struct tess_stream_info *info)
{
	struct tess_mp4_track sound = {0};

	if (!info->has_audio || info->audio_codec != TESS_CODEC_AAC ||
	    info->audio_config_length > sizeof(info->audio_config) ||
	    tess_mp4_audio_track(&sound, info->audio_config, info->audio_config_length))
		sound.timescale = 0;
	if (sound.timescale != hls->tracks[1].timescale ||
	    sound.description.length != hls->tracks[1].description.length ||
	    memcmp(sound.description.data, hls->tracks[1].description.data,
		   sound.description.length) != 0) {
		hls->tracks[1] = sound;
		hls->begun[1] = false;
		hls->changed = true;
	}
	if (!info->has_video && hls->tracks[0].timescale) {
		hls->tracks[0].timescale = 0;
		hls->changed = true;
	}
	hls->info = *info;
	hls->need_key = info->has_video;
	if (!hls->part_target_us)
		hls->part_target_us = part_target_us(info);
	tess_timeline_mark_gap(&hls->timeline);
}

/** The open segment, or NULL. */
static struct hls_segment *open_segment(const struct tess_hls_live *hls)
{
	struct hls_segment *last = hls_last(hls);

	return last && !last->complete ? last : NULL;
}

/** What is not needed goes; what there is no room for too, as far as two segments are left. */
static void trim(struct tess_hls_live *hls)
{
	int64_t target_us =
		(hls->target_s ? hls->target_s : TESS_HLS_LIVE_MAX_TARGET_S) * INT64_C(1000000);
	int64_t listed_us = 0, end_us;

	for (unsigned i = hls->unlisted; i < hls->count; i++)
		listed_us += hls->segments[i]->complete ? hls->segments[i]->length_us : 0;
	while (hls->unlisted + 1 < hls->count &&
	       listed_us - hls->segments[hls->unlisted]->length_us >= LISTED_TARGETS * target_us) {
		const struct hls_segment *segment = hls->segments[hls->unlisted++];

		listed_us -= segment->length_us;
		hls->discontinuities += segment->discontinuity;
	}
	if (!hls_last(hls))
		return;
	end_us = hls_last(hls)->begin_us;
	while (hls->count > 1 && hls->unlisted &&
	       end_us - hls->segments[0]->begin_us >
		       (LISTED_TARGETS + UNLISTED_TARGETS) * target_us)
		drop_oldest(hls);
	while (hls->count > 2 &&
	       (hls->bytes > TESS_HLS_LIVE_STREAM_BYTES || *hls->account > hls->limit))
		drop_oldest(hls);
}

/** The bytes of the part that was collected. */
static struct tess_chunk *make_chunk(struct tess_hls_live *hls, int64_t end_us)
{
	uint32_t guess[TESS_MP4_TRACKS];
	struct tess_bytes moof = {0};
	struct tess_chunk *chunk = NULL;
	uint8_t *at;

	hls->fragment.sequence = ++hls->sequence;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		uint64_t end = tess_mp4_ticks(end_us, hls->tracks[i].timescale);

		hls->fragment.runs[i].description = 1;
		guess[i] = hls->distance[i];
		/* what the parts are cut by ends where the next begins */
		if ((i == 0 || !hls->info.has_video) && end > hls->last_ticks[i] &&
		    end - hls->last_ticks[i] <= UINT32_MAX)
			guess[i] = (uint32_t)(end - hls->last_ticks[i]);
		if (!guess[i])
			guess[i] = i ? 1024 : TESS_MP4_VIDEO_TIMESCALE / 15;
	}
	tess_fragment_put_moof(&hls->fragment, guess, &moof);
	if (!moof.failed)
		chunk = tess_chunk_alloc(moof.length + tess_fragment_bytes(&hls->fragment),
					 hls->account);
	if (chunk) {
		memcpy(chunk->data, moof.data, moof.length);
		at = chunk->data + moof.length;
		for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
			const struct tess_bytes *payload = &hls->fragment.runs[i].payload;

			if (payload->length)
				memcpy(at, payload->data, payload->length);
			at += payload->length;
		}
	}
	tess_bytes_free(&moof);
	tess_fragment_free(&hls->fragment);
	return chunk;
}

/** Complete the part that is collected. @retval 1, 0 there was nothing in it, -ENOMEM it is lost */
static int close_part(struct tess_hls_live *hls, int64_t end_us)
{
	struct hls_segment *segment = open_segment(hls);
	struct hls_part part = {.length_us = end_us - hls->part_begin_us,
				.independent = hls->part_independent};

	if (!tess_fragment_samples(&hls->fragment))
		return 0;
	part.chunk = make_chunk(hls, end_us);
	if (!part.chunk) {
		tess_timeline_mark_gap(&hls->timeline);
		hls->need_key = hls->info.has_video;
		return -ENOMEM;
	}
	segment->parts[segment->part_count++] = part;
	segment->length_us += part.length_us;
	hls->bytes += part.chunk->length;
	hls->part_begin_us = end_us;
	hls->part_independent = !hls->info.has_video;
	return 1;
}

/** @retval 0, -ENOMEM */
static int add_init(struct tess_hls_live *hls)
{
	struct tess_bytes head = {0};
	struct tess_chunk *chunk = NULL;

	tess_fmp4_put_head(&head, hls->tracks, 0);
	if (!head.failed)
		chunk = tess_chunk_alloc(head.length, hls->account);
	if (chunk) {
		memcpy(chunk->data, head.data, head.length);
		if (hls->init_count == HLS_INITS)
			drop_oldest_init(hls);
		hls->inits[hls->init_count++] = (struct hls_init){hls->next_init++, chunk};
		hls->changed = false;
	}
	tess_bytes_free(&head);
	return chunk ? 0 : -ENOMEM;
}

/** End the open segment; one without a part is as if it had never been. */
static void close_segment(struct tess_hls_live *hls)
{
	struct hls_segment *segment = open_segment(hls);

	if (!segment)
		return;
	if (segment->part_count) {
		segment->complete = true;
		trim(hls);
		return;
	}
	/* what was told of it goes to the next */
	if (segment->discontinuity)
		tess_timeline_mark_gap(&hls->timeline);
	hls->next_number--;
	hls->count--;
	free(segment);
}

/** @retval 0, -ENOMEM */
static int begin_segment(struct tess_hls_live *hls, const struct tess_au *au,
			 const struct tess_timeline_place *place, int64_t utc_offset_us)
{
	struct hls_segment *segment;
	bool discontinuity = hls->count && (place->gap_us || hls->changed);

	if (hls->changed || !hls->init_count) {
		int rc = add_init(hls);

		if (rc)
			return rc;
	}
	segment = calloc(1, sizeof(*segment));
	if (!segment)
		return -ENOMEM;
	if (hls->count == TESS_HLS_LIVE_SEGMENTS)
		drop_oldest(hls);
	segment->number = hls->next_number++;
	segment->init = hls->inits[hls->init_count - 1].number;
	segment->begin_us = place->dts_us;
	segment->utc_us = au->dts_us + utc_offset_us;
	segment->discontinuity = discontinuity;
	hls->segments[hls->count++] = segment;
	hls->part_begin_us = place->dts_us;
	hls->part_independent = !hls->info.has_video;
	return 0;
}

/** What a segment may last: EXTINF rounded may not be above the target (RFC 8216 §4.3.3.1). */
static int64_t longest_us(const struct tess_hls_live *hls)
{
	return hls->target_s ? hls->target_s * INT64_C(1000000) + 499999
			     : TESS_HLS_LIVE_MAX_TARGET_S * INT64_C(1000000);
}

/** Whether the open segment is over before this unit, by which parts are cut. */
static bool segment_is_over(const struct tess_hls_live *hls, const struct hls_segment *segment,
			    const struct tess_au *au, int64_t dts_us)
{
	unsigned i = tess_mp4_index_of(au->track);
	int64_t length_us = dts_us - segment->begin_us;
	bool key = hls->info.has_video ? au->track == TESS_TRACK_VIDEO && au->key : true;
	uint64_t bytes = 0;

	if (key &&
	    length_us >= (hls->info.has_video ? TESS_HLS_LIVE_MIN_SEGMENT_US : SOUND_SEGMENT_US))
		return true;
	if (length_us + hls->distance_us[i] > longest_us(hls) ||
	    segment->part_count + 1 >= TESS_HLS_LIVE_PARTS)
		return true;
	for (unsigned part = 0; part < segment->part_count; part++)
		bytes += segment->parts[part].chunk->length;
	return bytes > SEGMENT_BYTES;
}

/** Whether parts are cut by this unit: pictures, sound where there are none, or none come. */
static bool is_lead(const struct tess_hls_live *hls, const struct tess_au *au, int64_t dts_us)
{
	if (au->track == TESS_TRACK_VIDEO)
		return dts_us > hls->lead_us;
	return !hls->info.has_video || dts_us - hls->lead_us > WAIT_FOR_VIDEO_US;
}

/** Whether the open segment would be too long if it lasted until this unit: then it is a gap. Sound
 * where pictures do not come is none: it was there all the time. */
static bool is_late(const struct tess_hls_live *hls, const struct tess_au *au, int64_t dts_us)
{
	const struct hls_segment *segment = open_segment(hls);

	return segment && (au->track == TESS_TRACK_VIDEO) == hls->info.has_video &&
	       dts_us - hls->lead_us > WAIT_FOR_VIDEO_US &&
	       dts_us - segment->begin_us > longest_us(hls);
}

/** End what ends before this unit. @retval 0, 1 a part was completed, -ENOMEM */
static int cut(struct tess_hls_live *hls, const struct tess_au *au,
	       const struct tess_timeline_place *place, int64_t utc_offset_us)
{
	unsigned i = tess_mp4_index_of(au->track);
	const struct hls_segment *segment = open_segment(hls);
	bool is_video = au->track == TESS_TRACK_VIDEO;
	bool lead = is_lead(hls, au, place->dts_us);
	bool broken = !segment || place->gap_us || hls->changed;
	bool over = broken || (lead && segment_is_over(hls, segment, au, place->dts_us));
	unsigned lead_track = hls->info.has_video ? 0 : 1;
	int64_t end_us = place->dts_us;
	int rc = 0, begun;

	if ((broken || !lead) && hls->lead_us + hls->distance_us[lead_track] < end_us)
		end_us = hls->lead_us + hls->distance_us[lead_track];
	if (end_us < hls->part_begin_us)
		end_us = hls->part_begin_us;
	if (over || (lead && ((is_video && au->key) ||
			      place->dts_us + hls->distance_us[i] - hls->part_begin_us >
				      hls->part_target_us)))
		rc = close_part(hls, end_us);
	if (!over)
		return rc;
	close_segment(hls);
	begun = begin_segment(hls, au, place, utc_offset_us);
	return begun ? begun : rc;
}

/** What a key frame says of its stream. @retval 0, -EBADMSG */
static int take_parameters(struct tess_hls_live *hls, const struct tess_au *au)
{
	struct tess_h264_config config;
	struct tess_mp4_track track = {0};
	int rc = tess_h264_config_from_au(&config, au->data, au->length);

	/* without parameter sets of its own it goes by those before, if there were any */
	if (rc == -ENOENT && hls->tracks[0].timescale)
		return 0;
	if (rc || tess_mp4_video_track(&track, config.avcc, config.avcc_length))
		return -EBADMSG;
	if (!hls->tracks[0].timescale ||
	    track.description.length != hls->tracks[0].description.length ||
	    memcmp(track.description.data, hls->tracks[0].description.data,
		   track.description.length) != 0) {
		hls->tracks[0] = track;
		hls->changed = true;
	}
	return 0;
}

/** Whether the unit can be taken at all. @retval 0, -EAGAIN, -EBADMSG */
static int check(struct tess_hls_live *hls, const struct tess_au *au)
{
	bool is_video = au->track == TESS_TRACK_VIDEO;
	int rc;

	if (hls->ended || !au->length ||
	    !(is_video ? hls->info.has_video : hls->tracks[1].timescale != 0))
		return -EAGAIN;
	if (au->discontinuity) {
		tess_timeline_mark_gap(&hls->timeline);
		hls->need_key = hls->info.has_video;
	}
	if (hls->need_key && !(is_video && au->key)) {
		tess_timeline_mark_gap(&hls->timeline);
		return -EAGAIN;
	}
	if (!is_video || !au->key)
		return 0;
	rc = take_parameters(hls, au);
	if (rc)
		hls->need_key = true;
	return rc;
}

static void measure(struct tess_hls_live *hls, unsigned i, const struct tess_timeline_place *place,
		    uint64_t ticks)
{
	int64_t distance_us = place->dts_us - hls->last_us[i];

	if (hls->begun[i] && !place->gap_us && distance_us <= MAX_DISTANCE_US) {
		hls->distance_us[i] = distance_us;
		hls->distance[i] = (uint32_t)(ticks - hls->last_ticks[i]);
	}
	hls->begun[i] = true;
	hls->last_us[i] = place->dts_us;
	hls->last_ticks[i] = ticks;
}

int tess_hls_live_add(struct tess_hls_live *hls, const struct tess_au *au, int64_t utc_offset_us)
{
	unsigned i = tess_mp4_index_of(au->track);
	struct tess_timeline_place place;
	uint64_t ticks;
	int rc = check(hls, au), made;

	if (rc)
		return rc;
	if (!hls->based)
		tess_timeline_init(&hls->timeline, au->dts_us);
	hls->based = true;
	rc = tess_timeline_place(&hls->timeline, au, &place);
	if (rc)
		return rc;
	ticks = tess_mp4_ticks(place.dts_us, hls->tracks[i].timescale);
	if (hls->begun[i] && ticks <= hls->last_ticks[i])
		return -ESTALE;
	if (!place.gap_us && is_late(hls, au, place.dts_us))
		place.gap_us = place.dts_us - hls->lead_us;
	made = cut(hls, au, &place, utc_offset_us);
	if (made < 0)
		return made;
	rc = tess_fragment_add(
		&hls->fragment, au->track, ticks,
		(uint32_t)(tess_mp4_ticks(place.pts_us, hls->tracks[i].timescale) - ticks), au->key,
		au->data, au->length);
	if (rc) {
		tess_timeline_mark_gap(&hls->timeline);
		hls->need_key = hls->info.has_video;
		return rc == -EINVAL ? -ESTALE : rc;
	}
	if (au->track == TESS_TRACK_VIDEO) {
		hls->need_key = false;
		hls->part_independent |= au->key;
	}
	if (is_lead(hls, au, place.dts_us))
		hls->lead_us = place.dts_us;
	measure(hls, i, &place, ticks);
	if (made)
		trim(hls);
	return made;
}

void tess_hls_live_end(struct tess_hls_live *hls)
{
	if (open_segment(hls))
		(void)close_part(hls, hls->lead_us + hls->distance_us[hls->info.has_video ? 0 : 1]);
	close_segment(hls);
	hls->ended = true;
}

/** End the open segment behind its last part, for players that do not begin with parts alone; what
 * is collected goes to the next, which need not begin with a key frame. */
static void split_segment(struct tess_hls_live *hls)
{
	struct hls_segment *segment = open_segment(hls);
	struct hls_segment *next = segment ? calloc(1, sizeof(*next)) : NULL;

	if (!next)
		return;
	next->number = hls->next_number++;
	next->init = segment->init;
	next->begin_us = hls->part_begin_us;
	next->utc_us = segment->utc_us + next->begin_us - segment->begin_us;
	segment->complete = true;
	hls->segments[hls->count++] = next;
}

bool tess_hls_live_settle(struct tess_hls_live *hls)
{
	int64_t longest_us = 0;
	bool whole = false;

	if (hls->target_s)
		return true;
	if (!hls->count || !hls->segments[0]->part_count)
		return false;
	for (unsigned i = 0; i < hls->count; i++) {
		const struct hls_segment *segment = hls->segments[i];

		whole |= segment->complete;
		if (segment->length_us > longest_us)
			longest_us = segment->length_us;
	}
	hls->target_s = (uint32_t)((longest_us + 500000) / 1000000);
	if (hls->target_s < (whole ? MIN_TARGET_S : DEFAULT_TARGET_S))
		hls->target_s = whole ? MIN_TARGET_S : DEFAULT_TARGET_S;
	if (!whole)
		split_segment(hls);
	trim(hls);
	return true;
}

uint32_t tess_hls_live_target_s(const struct tess_hls_live *hls)
{
	return hls->target_s;
}

/** The segment that parts go to now, and how many it has. */
static uint64_t head_of(const struct tess_hls_live *hls, uint32_t *parts)
{
	const struct hls_segment *open = open_segment(hls);

	*parts = open ? open->part_count : 0;
	return open ? open->number : hls->next_number;
}

static const struct hls_segment *find(const struct tess_hls_live *hls, uint64_t number)
{
	for (unsigned i = hls->count; i-- > 0;) {
		if (hls->segments[i]->number == number)
			return hls->segments[i];
	}
	return NULL;
}

int tess_hls_live_has(const struct tess_hls_live *hls, uint64_t number, uint32_t part)
{
	const struct hls_segment *segment = find(hls, number);
	uint32_t parts, advance = 3;
	uint64_t head = head_of(hls, &parts);

	if (hls->ended)
		return 1;
	if (hls->part_target_us < 1000000)
		advance = (uint32_t)((3000000 + hls->part_target_us - 1) / hls->part_target_us);
	if (number > head + 1)
		return -EINVAL;
	if (part == UINT32_MAX)
		return number < head;
	if (segment && segment->complete && part >= segment->part_count) {
		number++;
		part = 0;
	}
	if (number < head || (number == head && part < parts))
		return 1;
	return part > (number == head ? parts : 0) + advance ? -EINVAL : 0;
}

bool tess_hls_live_is_hinted(const struct tess_hls_live *hls, uint64_t number, uint32_t part)
{
	uint32_t parts;

	return !hls->ended && head_of(hls, &parts) == number && part == parts;
}

struct tess_chunk *tess_hls_live_part(const struct tess_hls_live *hls, uint64_t number,
				      uint32_t part)
{
	const struct hls_segment *segment = find(hls, number);

	return segment && part < segment->part_count ? segment->parts[part].chunk : NULL;
}

struct tess_chunk *tess_hls_live_init(const struct tess_hls_live *hls, uint64_t number)
{
	for (unsigned i = 0; i < hls->init_count; i++) {
		if (hls->inits[i].number == number)
			return hls->inits[i].chunk;
	}
	return NULL;
}

unsigned tess_hls_live_segment(const struct tess_hls_live *hls, uint64_t number,
			       struct tess_chunk *parts[TESS_HLS_LIVE_PARTS])
{
	const struct hls_segment *segment = find(hls, number);

	if (!segment || !segment->complete)
		return 0;
	for (unsigned i = 0; i < segment->part_count; i++)
		parts[i] = segment->parts[i].chunk;
	return segment->part_count;
}
