/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reads back what fmp4.c wrote, and nothing else: after a crash the file's tail may be anything.
 */
#include "pipeline/mux/fmp4.h"

#include <errno.h>
#include <string.h>

#include "pipeline/mux/crc32c.h"
#include "pipeline/mux/fmp4_layout.h"

static bool get_full_box(struct tess_cursor *cursor, const char type[4], struct tess_cursor *body,
			 uint32_t *version_flags)
{
	if (!tess_get_box(cursor, type, body))
		return false;
	*version_flags = tess_get_u32(body);
	return !body->bad;
}

static uint32_t entry_bytes(const struct tess_moof_run *run)
{
	return 8u + (run->has_flags ? 4 : 0) + (run->has_cts ? 4 : 0);
}

struct tess_mp4_sample tess_moof_sample(const struct tess_moof_run *run, uint32_t index)
{
	struct tess_cursor cursor =
		tess_cursor_of(run->entries + (size_t)index * entry_bytes(run), entry_bytes(run));
	struct tess_mp4_sample sample = {.key = true};

	sample.duration = tess_get_u32(&cursor);
	sample.size = tess_get_u32(&cursor);
	if (run->has_flags)
		sample.key = tess_get_u32(&cursor) == FLAGS_KEY;
	if (run->has_cts)
		sample.cts = tess_get_u32(&cursor);
	return sample;
}

uint64_t tess_moof_last_dts(const struct tess_moof_run *run)
{
	uint64_t dts = run->first_dts;

	for (uint32_t i = 0; i + 1 < run->count; i++)
		dts += tess_moof_sample(run, i).duration;
	return dts;
}

static int parse_trun(struct tess_moof_run *run, struct tess_cursor *traf)
{
	uint32_t flags, must = TRUN_OFFSET | TRUN_DURATION | TRUN_SIZE;
	uint64_t bytes = 0;
	struct tess_cursor body;

	if (!get_full_box(traf, "trun", &body, &flags) || (flags & must) != must ||
	    flags & ~(must | TRUN_FLAGS | TRUN_CTS))
		return -EBADMSG;
	run->has_flags = flags & TRUN_FLAGS;
	run->has_cts = flags & TRUN_CTS;
	run->count = tess_get_u32(&body);
	run->data_offset = tess_get_u32(&body);
	/* the count is bounded before it is multiplied (as in CVE-2024-47537 it was not) */
	if (body.bad || !run->count || run->count > TESS_FMP4_MAX_SAMPLES ||
	    tess_left(&body) != (size_t)run->count * entry_bytes(run))
		return -EBADMSG;
	run->entries = body.at;
	for (uint32_t i = 0; i < run->count; i++) {
		struct tess_mp4_sample sample = tess_moof_sample(run, i);

		if (!sample.duration && i + 1 < run->count) /* decode times must rise */
			return -EBADMSG;
		bytes += sample.size;
	}
	if (bytes > TESS_FMP4_MAX_FRAGMENT_BYTES)
		return -EBADMSG;
	run->data_bytes = (uint32_t)bytes;
	return 0;
}

static int parse_traf(struct tess_moof *moof, struct tess_cursor *moof_body, enum tess_track track)
{
	struct tess_moof_run *run = &moof->runs[tess_mp4_index_of(track)];
	struct tess_cursor traf, body;
	uint32_t flags;

	if (!tess_get_box(moof_body, "traf", &traf) ||
	    !get_full_box(&traf, "tfhd", &body, &flags) || flags != TFHD_BASE_IS_MOOF ||
	    tess_get_u32(&body) != track || body.bad || tess_left(&body))
		return -EBADMSG;
	if (!get_full_box(&traf, "tfdt", &body, &flags) || flags != 1u << 24)
		return -EBADMSG;
	run->first_dts = tess_get_u64(&body);
	if (body.bad || tess_left(&body) || run->first_dts > INT64_MAX / 2)
		return -EBADMSG;
	if (parse_trun(run, &traf) || tess_left(&traf))
		return -EBADMSG;
	return 0;
}

static int parse_tail(struct tess_moof *moof, struct tess_cursor *moof_body, const uint8_t *data)
{
	struct tess_cursor body;

	if (!tess_get_box(moof_body, "free", &body))
		return -EBADMSG;
	moof->crc_at = (uint32_t)(body.at - data);
	moof->crc = tess_get_u32(&body);
	moof->gap_us = tess_get_u64(&body);
	if (moof->gap_us > INT64_MAX / 2)
		return -EBADMSG;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		struct tess_moof_run *run = &moof->runs[i];

		run->description = tess_get_u8(&body);
		run->fresh_length = tess_get_u16(&body);
		run->fresh = run->fresh_length ? tess_get_data(&body, run->fresh_length) : NULL;
		if (body.bad || !run->count != !run->description ||
		    run->fresh_length > TESS_H264_MAX_AVCC)
			return -EBADMSG;
		if (!run->description && run->fresh)
			return -EBADMSG;
	}
	return tess_left(&body) ? -EBADMSG : 0;
}

/** Type of the box at the cursor; the track of the traf there, 0 if it is none */
static enum tess_track next_traf(const struct tess_cursor *cursor)
{
	struct tess_cursor copy = *cursor, traf, body;
	uint32_t flags, track;

	if (tess_left(cursor) < 8 || memcmp(cursor->at + 4, "traf", 4) != 0 ||
	    !tess_get_box(&copy, "traf", &traf) || !get_full_box(&traf, "tfhd", &body, &flags))
		return 0;
	track = tess_get_u32(&body);
	return track == TESS_TRACK_VIDEO || track == TESS_TRACK_AUDIO ? track : 0;
}

int tess_moof_parse(struct tess_moof *moof, const uint8_t *data, size_t length)
{
	struct tess_cursor cursor = tess_cursor_of(data, length), body, mfhd;
	uint32_t offset, flags;
	enum tess_track track, last = 0;

	*moof = (struct tess_moof){0};
	if (length > TESS_FMP4_MAX_MOOF_BYTES || !tess_get_box(&cursor, "moof", &body) ||
	    tess_left(&cursor))
		return -EBADMSG;
	moof->length = (uint32_t)length;
	if (!get_full_box(&body, "mfhd", &mfhd, &flags) || flags)
		return -EBADMSG;
	moof->sequence = tess_get_u32(&mfhd);
	if (mfhd.bad || tess_left(&mfhd))
		return -EBADMSG;
	while ((track = next_traf(&body))) {
		if (track <= last || parse_traf(moof, &body, track))
			return -EBADMSG;
		last = track;
	}
	if (!last || parse_tail(moof, &body, data) || tess_left(&body))
		return -EBADMSG;
	offset = moof->length + 8;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		const struct tess_moof_run *run = &moof->runs[i];

		if (!run->count)
			continue;
		if (run->data_offset != offset)
			return -EBADMSG;
		offset += run->data_bytes; /* each is bounded, so this is too */
	}
	moof->total = offset;
	return 0;
}

uint32_t tess_moof_crc(const struct tess_moof *moof, const uint8_t *data)
{
	static const uint8_t zero[4];
	uint32_t crc = tess_crc32c(0, data, moof->crc_at);

	crc = tess_crc32c(crc, zero, sizeof(zero));
	return tess_crc32c(crc, data + moof->crc_at + 4, moof->length - moof->crc_at - 4);
}

/** Find the box @p type among the children at the cursor. */
static bool find_box(struct tess_cursor cursor, const char type[4], struct tess_cursor *body)
{
	while (tess_left(&cursor) >= 8) {
		char name[4];

		memcpy(name, cursor.at + 4, 4);
		if (!tess_get_box(&cursor, name, body))
			return false;
		if (memcmp(name, type, 4) == 0)
			return true;
	}
	return false;
}

static int parse_head_trak(struct tess_mp4_track tracks[TESS_MP4_TRACKS], struct tess_cursor trak)
{
	struct tess_cursor body, media, entry;
	uint32_t track, length;
	const uint8_t *data;

	if (!find_box(trak, "tkhd", &body) || !tess_get_data(&body, 20))
		return -EBADMSG;
	track = tess_get_u32(&body);
	if (!find_box(trak, "mdia", &media) || !find_box(media, "minf", &body) ||
	    !find_box(body, "stbl", &media) || !find_box(media, "stsd", &body) ||
	    !tess_get_data(&body, 8))
		return -EBADMSG;
	if (track == TESS_TRACK_VIDEO) {
		if (tracks[0].timescale || !find_box(body, "avc1", &entry) ||
		    !tess_get_data(&entry, 78) || !find_box(entry, "avcC", &body))
			return -EBADMSG;
		return tess_mp4_video_track(&tracks[0], body.at, tess_left(&body)) ? -EBADMSG : 0;
	}
	/* the descriptors have the fixed places that mp4.c gives them */
	if (track != TESS_TRACK_AUDIO || tracks[1].timescale || !find_box(body, "mp4a", &entry) ||
	    !tess_get_data(&entry, 28) || !find_box(entry, "esds", &body) ||
	    !tess_get_data(&body, 4 + 2 + 3 + 2 + 13 + 1))
		return -EBADMSG;
	length = tess_get_u8(&body);
	data = tess_get_data(&body, length);
	if (!data)
		return -EBADMSG;
	return tess_mp4_audio_track(&tracks[1], data, length) ? -EBADMSG : 0;
}

int tess_fmp4_head_parse(struct tess_mp4_track tracks[TESS_MP4_TRACKS], const uint8_t *head,
			 size_t length)
{
	struct tess_cursor cursor = tess_cursor_of(head, length), moov, trak;
	int error = -EBADMSG;

	memset(tracks, 0, sizeof(*tracks) * TESS_MP4_TRACKS);
	if (!find_box(cursor, "moov", &moov))
		return -EBADMSG;
	while (find_box(moov, "trak", &trak)) {
		error = parse_head_trak(tracks, trak);
		if (error)
			return error;
		moov.at = trak.end;
	}
	return error;
}
