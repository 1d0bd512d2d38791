/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/hls.h - a recording as HLS (RFC 8216, version 7): which fragments make a segment,
 * and the playlist's text.
 *
 * A segment is a row of whole fragments (fmp4.h). It begins with a key frame once the one before
 * has lasted TESS_HLS_SEGMENT_US, at a gap, and where a sample description changes; without key
 * frames before it would be longer than the target, which never changes. Times of fragments
 * run through; EXT-X-DISCONTINUITY tells where something is missing, another init segment begins,
 * or sound goes on alone.
 *
 * Players that fill a buffer of Media Source Extensions (hls.js, Chromium's own) play a time only
 * if both tracks have something there, and a track may begin late only behind a discontinuity. So
 * sound without pictures begins a segment with one, and the pictures that follow are in the same
 * segment, under their own init segment if that must be, since none was needed before. Where it
 * goes on for longer than a segment may, the last key frame is to be shown as a still
 * (tess_hls_holds()).
 */
#ifndef TESS_MUX_HLS_H
#define TESS_MUX_HLS_H

#include "pipeline/mux/bytes.h"

#define TESS_HLS_SEGMENT_US 4000000
/** EXT-X-TARGETDURATION. A fragment is at most 10 s (egress.fragment_ms) and a wait for video. */
#define TESS_HLS_TARGET_S 12

/** What the playlist must know of a fragment. */
struct tess_hls_fragment {
	int64_t begin_us, end_us;   /* end: a guess until the next one is there */
	bool seen;		    /* it has pictures, or the recording never has */
	int64_t first_us, shown_us; /* if seen: of the first picture; end of the last */
	bool key;	 /* it begins with a key frame, or the recording has no picture */
	bool gap;	 /* something is missing before it */
	bool other_init; /* it needs another init segment than the one before */
};

/** Zero-initialised has no segment. */
struct tess_hls {
	uint32_t segments; /* begun; the last one is not listed yet */
	uint32_t inits;
	int64_t begin_us, end_us; /* of the last segment */
	bool seen;		  /* it has pictures */
	int64_t shown_us;	  /* end of the last picture of all */
	bool held;		  /* a still has been shown since */
	bool discontinuity;	  /* before it */
	bool fresh_init;	  /* it is the first of the last init segment */
	struct tess_bytes lines;  /* of the segments that are listed */
};

void tess_hls_free(struct tess_hls *hls);
/** Whether this fragment begins a segment. */
bool tess_hls_begins(const struct tess_hls *hls, const struct tess_hls_fragment *fragment);
/**
 * Whether the last segment, which ends where this fragment begins another, needs a still from its
 * begin to *@p until_us before it is listed. None stands before pictures that refer to others.
 */
bool tess_hls_holds(const struct tess_hls *hls, const struct tess_hls_fragment *fragment,
		    int64_t *until_us);
/**
 * Count the fragment; the segment that ends with it, if any, is listed.
 * @p folder where the segments are, relative to the playlist: NUMBER.m4s of five digits or more,
 * and init-NUMBER.mp4. @return whether the playlist is another one now
 */
bool tess_hls_add(struct tess_hls *hls, const struct tess_hls_fragment *fragment,
		  const char *folder);
/**
 * The whole playlist: EVENT, or VOD with the last segment once it has @p ended. @p out may have
 * failed after it.
 */
void tess_hls_put_playlist(const struct tess_hls *hls, bool ended, const char *folder,
			   struct tess_bytes *out);

#endif
