/* SPDX-License-Identifier: GPL-3.0-or-later
 * Writes the head and the fragments of a recording.
 */
#include "pipeline/mux/fmp4.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/mux/crc32c.h"
#include "pipeline/mux/fmp4_layout.h"

/** mdat's own header */
#define MDAT_HEADER 8

static void put_empty_table(struct tess_bytes *out, const char type[4])
{
	size_t box = tess_full_box_begin(out, type, 0, 0);

	tess_put_u32(out, 0);
	tess_box_end(out, box);
}

static void put_head_trak(struct tess_bytes *out, enum tess_track track,
			  const struct tess_mp4_track *info, int64_t created_utc_us)
{
	size_t trak = tess_box_begin(out, "trak"), mdia, minf, stbl, stsz;

	tess_mp4_put_tkhd(out, track, created_utc_us, 0, &info->description);
	mdia = tess_box_begin(out, "mdia");
	tess_mp4_put_media_headers(out, track, info->timescale, created_utc_us, 0);
	minf = tess_box_begin(out, "minf");
	tess_mp4_put_minf_headers(out, track);
	stbl = tess_box_begin(out, "stbl");
	tess_mp4_put_stsd(out, track, &info->description, 1);
	put_empty_table(out, "stts");
	put_empty_table(out, "stsc");
	stsz = tess_full_box_begin(out, "stsz", 0, 0);
	tess_put_u64(out, 0);
	tess_box_end(out, stsz);
	put_empty_table(out, "stco");
	tess_box_end(out, stbl);
	tess_box_end(out, minf);
	tess_box_end(out, mdia);
	tess_box_end(out, trak);
}

void tess_fmp4_put_head(struct tess_bytes *out, const struct tess_mp4_track tracks[TESS_MP4_TRACKS],
			int64_t created_utc_us)
{
	size_t moov, mvex, box = tess_box_begin(out, "ftyp");

	/* iso6 for fragments (default-base-is-moof), the others for the plain form: true of both */
	tess_put_data(out, "isom", 4);
	tess_put_u32(out, 0x200);
	tess_put_data(out, "isomiso6avc1mp41", 16);
	tess_box_end(out, box);
	box = tess_box_begin(out, "free");
	tess_put_zeros(out, TESS_FMP4_PLACEHOLDER_BYTES - 8);
	tess_box_end(out, box);

	moov = tess_box_begin(out, "moov");
	tess_mp4_put_mvhd(out, created_utc_us, 0);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		if (tracks[i].timescale)
			put_head_trak(out, TESS_TRACK_VIDEO + i, &tracks[i], created_utc_us);
	}
	mvex = tess_box_begin(out, "mvex");
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		if (!tracks[i].timescale)
			continue;
		box = tess_full_box_begin(out, "trex", 0, 0);
		tess_put_u32(out, TESS_TRACK_VIDEO + i);
		tess_put_u32(out, 1); /* sample description */
		tess_put_u64(out, 0); /* duration, size */
		tess_put_u32(out, i ? FLAGS_KEY : FLAGS_DELTA);
		tess_box_end(out, box);
	}
	tess_box_end(out, mvex);
	tess_box_end(out, moov);
}

void tess_fmp4_final_header(uint8_t header[TESS_FMP4_PLACEHOLDER_BYTES], uint64_t end)
{
	/* size 1: the real one follows in 64 bits */
	static const uint8_t begin[8] = {0, 0, 0, 1, 'm', 'd', 'a', 't'};
	uint64_t size = end - TESS_FMP4_PLACEHOLDER_AT;

	memcpy(header, begin, sizeof(begin));
	for (unsigned i = 0; i < 8; i++)
		header[8 + i] = (uint8_t)(size >> (56 - 8 * i));
}

void tess_fragment_free(struct tess_fragment *fragment)
{
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		free(fragment->runs[i].samples);
		tess_bytes_free(&fragment->runs[i].payload);
	}
	*fragment = (struct tess_fragment){0};
}

uint32_t tess_fragment_samples(const struct tess_fragment *fragment)
{
	return fragment->runs[0].count + fragment->runs[1].count;
}

size_t tess_fragment_bytes(const struct tess_fragment *fragment)
{
	return fragment->runs[0].payload.length + fragment->runs[1].payload.length;
}

static int run_reserve(struct tess_fragment_run *run)
{
	uint32_t allocated = run->allocated ? run->allocated * 2 : 64;
	struct tess_mp4_sample *samples;

	if (run->count < run->allocated)
		return 0;
	samples = realloc(run->samples, allocated * sizeof(*samples));
	if (!samples)
		return -ENOMEM;
	run->samples = samples;
	run->allocated = allocated;
	return 0;
}

int tess_fragment_add(struct tess_fragment *fragment, enum tess_track track, uint64_t dts,
		      uint32_t cts, bool key, const uint8_t *data, size_t length)
{
	struct tess_fragment_run *run = &fragment->runs[tess_mp4_index_of(track)];

	if (run->count && (dts <= run->last_dts || dts - run->last_dts > UINT32_MAX))
		return -EINVAL;
	if (length > TESS_FMP4_MAX_FRAGMENT_BYTES - tess_fragment_bytes(fragment) ||
	    tess_fragment_samples(fragment) == TESS_FMP4_MAX_SAMPLES)
		return -EMSGSIZE;
	if (run_reserve(run))
		return -ENOMEM;
	tess_put_data(&run->payload, data, length);
	if (run->payload.failed) {
		run->payload.failed = false; /* nothing of it was put: the run is as it was */
		return -ENOMEM;
	}
	if (run->count)
		run->samples[run->count - 1].duration = (uint32_t)(dts - run->last_dts);
	else
		run->first_dts = dts;
	run->last_dts = dts;
	run->samples[run->count++] =
		(struct tess_mp4_sample){.size = (uint32_t)length, .cts = cts, .key = key};
	return 0;
}

/** @return where the data offset stands that is still to be patched */
static size_t put_traf(struct tess_bytes *out, enum tess_track track,
		       const struct tess_fragment_run *run)
{
	size_t traf = tess_box_begin(out, "traf"), box, offset_at;
	uint32_t flags = TRUN_OFFSET | TRUN_DURATION | TRUN_SIZE;

	box = tess_full_box_begin(out, "tfhd", 0, TFHD_BASE_IS_MOOF);
	tess_put_u32(out, track);
	tess_box_end(out, box);
	box = tess_full_box_begin(out, "tfdt", 1, 0);
	tess_put_u64(out, run->first_dts);
	tess_box_end(out, box);
	if (track == TESS_TRACK_VIDEO)
		flags |= TRUN_FLAGS;
	for (uint32_t i = 0; i < run->count && !(flags & TRUN_CTS); i++) {
		if (run->samples[i].cts)
			flags |= TRUN_CTS;
	}
	box = tess_full_box_begin(out, "trun", 0, flags);
	tess_put_u32(out, run->count);
	offset_at = out->length;
	tess_put_u32(out, 0);
	for (uint32_t i = 0; i < run->count; i++) {
		const struct tess_mp4_sample *sample = &run->samples[i];

		tess_put_u32(out, sample->duration);
		tess_put_u32(out, sample->size);
		if (flags & TRUN_FLAGS)
			tess_put_u32(out, sample->key ? FLAGS_KEY : FLAGS_DELTA);
		if (flags & TRUN_CTS)
			tess_put_u32(out, sample->cts);
	}
	tess_box_end(out, box);
	tess_box_end(out, traf);
	return offset_at;
}

/** The last box of the moof. @return where the CRC stands */
static size_t put_tail(struct tess_bytes *out, const struct tess_fragment *fragment)
{
	size_t box = tess_box_begin(out, "free"), crc_at = out->length;

	tess_put_u32(out, 0);
	tess_put_u64(out, fragment->gap_us);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		const struct tess_fragment_run *run = &fragment->runs[i];

		tess_put_u8(out, run->count ? run->description : 0);
		if (run->count && run->fresh) {
			tess_put_u16(out, run->fresh->length);
			tess_put_data(out, run->fresh->data, run->fresh->length);
		} else {
			tess_put_u16(out, 0);
		}
	}
	tess_box_end(out, box);
	return crc_at;
}

void tess_fragment_put_moof(struct tess_fragment *fragment, const uint32_t guess[TESS_MP4_TRACKS],
			    struct tess_bytes *out)
{
	size_t offset_at[TESS_MP4_TRACKS], begin = out->length, box, mfhd, crc_at;
	uint32_t offset, crc = 0;

	box = tess_box_begin(out, "moof");
	mfhd = tess_full_box_begin(out, "mfhd", 0, 0);
	tess_put_u32(out, fragment->sequence);
	tess_box_end(out, mfhd);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		struct tess_fragment_run *run = &fragment->runs[i];

		if (!run->count)
			continue;
		run->samples[run->count - 1].duration = guess[i];
		offset_at[i] = put_traf(out, TESS_TRACK_VIDEO + i, run);
	}
	crc_at = put_tail(out, fragment);
	tess_box_end(out, box);

	offset = (uint32_t)(out->length - begin) + MDAT_HEADER;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		if (!fragment->runs[i].count)
			continue;
		tess_patch_u32(out, offset_at[i], offset);
		offset += (uint32_t)fragment->runs[i].payload.length;
	}
	tess_put_u32(out, MDAT_HEADER + (uint32_t)tess_fragment_bytes(fragment));
	tess_put_data(out, "mdat", 4);
	if (out->failed)
		return;
	crc = tess_crc32c(crc, out->data + begin, out->length - begin);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++)
		crc = tess_crc32c(crc, fragment->runs[i].payload.data,
				  fragment->runs[i].payload.length);
	tess_patch_u32(out, crc_at, crc);
}
