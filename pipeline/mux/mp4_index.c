/* SPDX-License-Identifier: GPL-3.0-or-later
 * Sample tables of ISO/IEC 14496-12 §8.6 and §8.7, grown fragment by fragment in the form they are
 * written in.
 */
#include "pipeline/mux/mp4_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** A table of (count, value) runs: stts, ctts. */
struct run_table {
	struct tess_bytes bytes;
	uint32_t count, value; /* the run that still grows */
};

struct track_tables {
	uint32_t timescale;
	struct tess_mp4_description *descriptions;
	unsigned description_count;
	uint64_t first_dts, last_dts;
	uint32_t first_cts, last_duration;
	uint32_t samples, chunks, syncs;
	bool has_cts, large_offsets;
	uint32_t chunk_samples; /* of the last stsc entry */
	uint8_t chunk_description;
	struct run_table stts, ctts;
	struct tess_bytes stsz, stss, stsc,
		chunk_offsets; /* offsets in 64 bits until they are put */
};

struct tess_mp4_index {
	struct track_tables tracks[TESS_MP4_TRACKS];
};

static void run_table_add(struct run_table *table, uint32_t value)
{
	if (table->count && table->value == value) {
		table->count++;
		return;
	}
	if (table->count) {
		tess_put_u32(&table->bytes, table->count);
		tess_put_u32(&table->bytes, table->value);
	}
	table->count = 1;
	table->value = value;
}

static void run_table_end(struct run_table *table)
{
	if (table->count) {
		tess_put_u32(&table->bytes, table->count);
		tess_put_u32(&table->bytes, table->value);
	}
	table->count = 0;
}

static int add_description(struct track_tables *t, const uint8_t *data, size_t length)
{
	struct tess_mp4_description *list, *d;

	if (t->description_count == TESS_MP4_MAX_DESCRIPTIONS)
		return -EBADMSG;
	list = realloc(t->descriptions, (t->description_count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	t->descriptions = list;
	d = &list[t->description_count++];
	d->length = (uint16_t)length;
	memcpy(d->data, data, length);
	return 0;
}

int tess_mp4_index_alloc(struct tess_mp4_index **indexp,
			 const struct tess_mp4_track tracks[TESS_MP4_TRACKS])
{
	struct tess_mp4_index *index = calloc(1, sizeof(*index));

	if (!index)
		return -ENOMEM;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		index->tracks[i].timescale = tracks[i].timescale;
		if (!tracks[i].timescale)
			continue;
		if (add_description(&index->tracks[i], tracks[i].description.data,
				    tracks[i].description.length)) {
			tess_mp4_index_free(index);
			return -ENOMEM;
		}
	}
	*indexp = index;
	return 0;
}

void tess_mp4_index_free(struct tess_mp4_index *index)
{
	if (!index)
		return;
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		struct track_tables *t = &index->tracks[i];

		free(t->descriptions);
		tess_bytes_free(&t->stts.bytes);
		tess_bytes_free(&t->ctts.bytes);
		tess_bytes_free(&t->stsz);
		tess_bytes_free(&t->stss);
		tess_bytes_free(&t->stsc);
		tess_bytes_free(&t->chunk_offsets);
	}
	free(index);
}

/** Parse what is to be a description of this track, so that the moov holds none that does not. */
static bool description_is_good(unsigned track, const uint8_t *data, size_t length)
{
	struct tess_mp4_track parsed;

	if (track == tess_mp4_index_of(TESS_TRACK_VIDEO))
		return tess_mp4_video_track(&parsed, data, length) == 0;
	return tess_mp4_audio_track(&parsed, data, length) == 0;
}

static int check_run(struct tess_mp4_index *index, unsigned track, const struct tess_moof_run *run)
{
	struct track_tables *t = &index->tracks[track];

	if (!t->timescale)
		return -EBADMSG;
	if (run->count > UINT32_MAX - t->samples)
		return -EFBIG;
	if (t->samples &&
	    (run->first_dts <= t->last_dts || run->first_dts - t->last_dts > UINT32_MAX))
		return -EBADMSG;
	if (run->fresh) {
		if (run->description != t->description_count + 1 ||
		    !description_is_good(track, run->fresh, run->fresh_length))
			return -EBADMSG;
		return add_description(t, run->fresh, run->fresh_length);
	}
	return run->description > t->description_count ? -EBADMSG : 0;
}

static void add_chunk(struct track_tables *t, const struct tess_moof_run *run, uint64_t offset)
{
	t->chunks++;
	tess_put_u64(&t->chunk_offsets, offset);
	if (offset > UINT32_MAX)
		t->large_offsets = true;
	if (run->count == t->chunk_samples && run->description == t->chunk_description)
		return;
	tess_put_u32(&t->stsc, t->chunks);
	tess_put_u32(&t->stsc, run->count);
	tess_put_u32(&t->stsc, run->description);
	t->chunk_samples = run->count;
	t->chunk_description = run->description;
}

static void add_samples(struct track_tables *t, const struct tess_moof_run *run)
{
	uint64_t dts = run->first_dts;

	for (uint32_t i = 0; i < run->count; i++) {
		struct tess_mp4_sample sample = tess_moof_sample(run, i);

		if (t->samples) {
			run_table_add(&t->stts, (uint32_t)(dts - t->last_dts));
		} else {
			t->first_dts = dts;
			t->first_cts = sample.cts;
		}
		t->samples++;
		t->last_dts = dts;
		t->last_duration = sample.duration;
		dts += sample.duration;
		tess_put_u32(&t->stsz, sample.size);
		run_table_add(&t->ctts, sample.cts);
		if (sample.cts)
			t->has_cts = true;
		if (sample.key && run->has_flags) {
			tess_put_u32(&t->stss, t->samples);
			t->syncs++;
		}
	}
}

static uint64_t table_bytes(const struct track_tables *t)
{
	return (uint64_t)t->stts.bytes.length + t->ctts.bytes.length + t->stsz.length +
	       t->stss.length + t->stsc.length + t->chunk_offsets.length;
}

static bool tables_failed(const struct track_tables *t)
{
	return t->stts.bytes.failed || t->ctts.bytes.failed || t->stsz.failed || t->stss.failed ||
	       t->stsc.failed || t->chunk_offsets.failed;
}

int tess_mp4_index_add(struct tess_mp4_index *index, const struct tess_moof *moof, uint64_t offset)
{
	uint64_t bytes = 0;
	int error;

	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		const struct tess_moof_run *run = &moof->runs[i];
		struct track_tables *t = &index->tracks[i];

		if (run->count) {
			error = check_run(index, i, run);
			if (error)
				return error;
			add_chunk(t, run, offset + run->data_offset);
			add_samples(t, run);
		}
		if (tables_failed(t))
			return -ENOMEM;
		bytes += table_bytes(t);
	}
	return bytes > TESS_MP4_INDEX_MAX_BYTES ? -EFBIG : 0;
}

static uint64_t media_duration(const struct track_tables *t)
{
	return t->last_dts - t->first_dts + t->last_duration;
}

static uint64_t movie_ticks(const struct track_tables *t, uint64_t ticks)
{
	return tess_mp4_ticks(tess_mp4_us(ticks, t->timescale), TESS_MP4_MOVIE_TIMESCALE);
}

/** Where the track's first sample is shown, in movie ticks. */
static uint64_t start_time(const struct track_tables *t)
{
	return movie_ticks(t, t->first_dts + t->first_cts);
}

static void put_table(struct tess_bytes *out, const char type[4], uint32_t count,
		      const struct tess_bytes *table)
{
	size_t box = tess_full_box_begin(out, type, 0, 0);

	tess_put_u32(out, count);
	tess_put_data(out, table->data, table->length);
	tess_box_end(out, box);
}

static void put_chunk_offsets(struct tess_bytes *out, const struct track_tables *t)
{
	struct tess_cursor cursor = tess_cursor_of(t->chunk_offsets.data, t->chunk_offsets.length);
	size_t box;

	if (t->large_offsets) {
		put_table(out, "co64", t->chunks, &t->chunk_offsets);
		return;
	}
	box = tess_full_box_begin(out, "stco", 0, 0);
	tess_put_u32(out, t->chunks);
	for (uint32_t i = 0; i < t->chunks; i++)
		tess_put_u32(out, (uint32_t)tess_get_u64(&cursor));
	tess_box_end(out, box);
}

static void put_stbl(struct tess_bytes *out, enum tess_track track, struct track_tables *t)
{
	size_t stbl = tess_box_begin(out, "stbl"), box;

	tess_mp4_put_stsd(out, track, t->descriptions, t->description_count);
	put_table(out, "stts", (uint32_t)(t->stts.bytes.length / 8), &t->stts.bytes);
	if (t->has_cts)
		put_table(out, "ctts", (uint32_t)(t->ctts.bytes.length / 8), &t->ctts.bytes);
	if (track == TESS_TRACK_VIDEO)
		put_table(out, "stss", t->syncs, &t->stss);
	put_table(out, "stsc", (uint32_t)(t->stsc.length / 12), &t->stsc);
	box = tess_full_box_begin(out, "stsz", 0, 0);
	tess_put_u32(out, 0); /* each sample has its own size */
	tess_put_u32(out, t->samples);
	tess_put_data(out, t->stsz.data, t->stsz.length);
	tess_box_end(out, box);
	put_chunk_offsets(out, t);
	tess_box_end(out, stbl);
}

/** An edit list where the track does not begin, shown, at the begin of the movie (§8.6.6). */
static void put_edits(struct tess_bytes *out, const struct track_tables *t)
{
	uint64_t start = start_time(t);
	size_t edts, elst;

	if (!start && !t->first_cts)
		return;
	edts = tess_box_begin(out, "edts");
	elst = tess_full_box_begin(out, "elst", 1, 0);
	tess_put_u32(out, start ? 2 : 1);
	if (start) {
		tess_put_u64(out, start);
		tess_put_u64(out, UINT64_MAX); /* media time -1: nothing */
		tess_put_u32(out, 0x10000);
	}
	tess_put_u64(out, movie_ticks(t, media_duration(t)));
	tess_put_u64(out, t->first_cts);
	tess_put_u32(out, 0x10000);
	tess_box_end(out, elst);
	tess_box_end(out, edts);
}

static void put_trak(struct tess_bytes *out, enum tess_track track, struct track_tables *t,
		     int64_t created_utc_us)
{
	size_t trak = tess_box_begin(out, "trak"), mdia, minf;
	uint64_t duration = media_duration(t);

	tess_mp4_put_tkhd(out, track, created_utc_us, start_time(t) + movie_ticks(t, duration),
			  &t->descriptions[0]);
	put_edits(out, t);
	mdia = tess_box_begin(out, "mdia");
	tess_mp4_put_media_headers(out, track, t->timescale, created_utc_us, duration);
	minf = tess_box_begin(out, "minf");
	tess_mp4_put_minf_headers(out, track);
	put_stbl(out, track, t);
	tess_box_end(out, minf);
	tess_box_end(out, mdia);
	tess_box_end(out, trak);
}

int tess_mp4_index_put_moov(struct tess_mp4_index *index, int64_t created_utc_us,
			    struct tess_bytes *out)
{
	uint64_t duration = 0;
	size_t moov;

	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		struct track_tables *t = &index->tracks[i];
		uint64_t end;

		if (!t->samples)
			continue;
		run_table_add(&t->stts, t->last_duration);
		run_table_end(&t->stts);
		run_table_end(&t->ctts);
		if (tables_failed(t))
			return -ENOMEM;
		end = start_time(t) + movie_ticks(t, media_duration(t));
		if (end > duration)
			duration = end;
	}
	if (!index->tracks[0].samples && !index->tracks[1].samples)
		return -ENODATA;
	moov = tess_box_begin(out, "moov");
	tess_mp4_put_mvhd(out, created_utc_us, duration);
	for (unsigned i = 0; i < TESS_MP4_TRACKS; i++) {
		if (index->tracks[i].samples)
			put_trak(out, TESS_TRACK_VIDEO + i, &index->tracks[i], created_utc_us);
	}
	tess_box_end(out, moov);
	return out->failed ? -ENOMEM : 0;
}
