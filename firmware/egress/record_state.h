/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_state.h - what is known of a recording: what it is (from its journal's
 * header) and what it holds, kept up to date fragment by fragment, the same way while it is
 * recorded and when it is recovered. Does not grow with its length.
 */
#ifndef TESS_EGRESS_RECORD_STATE_H
#define TESS_EGRESS_RECORD_STATE_H

#include <jansson.h>
#include <stdbool.h>

#include "pipeline/mux/fmp4.h"

#define TESS_RECORD_PREFIX_SIZE 129
/** PREFIX_START_END and a suffix. */
#define TESS_RECORD_NAME_SIZE	192
#define TESS_RECORD_STREAM_SIZE 128
/** Gaps that are told one by one; those after them are only counted. */
#define TESS_RECORD_MAX_GAPS 128

/** The recording as control ordered it, and where it began. */
struct tess_record_meta {
	int64_t id, app;
	char stream[TESS_RECORD_STREAM_SIZE];
	char prefix[TESS_RECORD_PREFIX_SIZE]; /* of the file's name: [A-Za-z0-9_-]{1,128} */
	unsigned formats;		      /* bits of enum tess_record_format */
	unsigned part;			      /* from 1 */
	int64_t split_us;		      /* its longest time; 0: any */
	int64_t resume_us;		      /* the longest break; -1: any */
	int64_t start_utc_us;
	int64_t origin_us; /* the media time that is 0 in the file, on the boot below */
	char boot_id[40];
};

/** True for what may become part of a file name. */
bool tess_record_prefix_is_good(const char *prefix);
/** The set of an array of names; 0: it is empty, or one is not known. */
unsigned tess_record_formats_parse(const json_t *names);
/** JSON text of a HEADER, to be freed; NULL: no memory */
char *tess_record_meta_dump(const struct tess_record_meta *meta);
/** @retval 0, -EBADMSG, -ENOMEM */
int tess_record_meta_parse(struct tess_record_meta *meta, const char *text,
			   size_t length) TESS_MUST_CHECK;

struct tess_record_gap {
	int64_t at_us, length_us;
};

struct tess_record_state {
	struct tess_mp4_track tracks[TESS_MP4_TRACKS];
	struct {
		struct tess_mp4_description *list; /* the head's and those since */
		unsigned count;
		bool begun;
		uint64_t first_dts, last_dts; /* ticks */
		uint32_t last_duration;
	} track[TESS_MP4_TRACKS];
	uint32_t sequence;  /* of the last fragment; 0 before the first */
	uint64_t media_end; /* offset in the file behind the last fragment */
	uint64_t fragments;
	uint16_t width, height; /* of the newest picture */
	struct tess_record_gap gaps[TESS_RECORD_MAX_GAPS];
	unsigned gap_count; /* may be above the array's length */
};

/** A recording with this head and no fragment. @retval 0, -EBADMSG, -ENOMEM */
int tess_record_state_init(struct tess_record_state *state, const uint8_t *head,
			   size_t length) TESS_MUST_CHECK;
void tess_record_state_free(struct tess_record_state *state);
/** @retval 0, -ENOMEM */
int tess_record_state_copy(struct tess_record_state *copy,
			   const struct tess_record_state *state) TESS_MUST_CHECK;
/**
 * Add the fragment at @p offset. @retval 0, -EBADMSG it does not follow (nothing changed), -ENOMEM
 */
int tess_record_state_apply(struct tess_record_state *state, const struct tess_moof *moof,
			    uint64_t offset) TESS_MUST_CHECK;
/** From the file's begin to the end of its longest track. */
int64_t tess_record_state_duration_us(const struct tess_record_state *state);
/** Time of the last sample of a track that has begun. */
int64_t tess_record_state_last_us(const struct tess_record_state *state, enum tess_track track);
/** Index, from 1, of a description; 0: there is none such. */
unsigned tess_record_state_find(const struct tess_record_state *state, enum tess_track track,
				const uint8_t *data, size_t length);

#endif
