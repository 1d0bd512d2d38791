/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/hls_live.h - a live stream as HLS (RFC 8216) with partial segments
 * (draft-pantos-hls-rfc8216bis): access units in; playlists, init segments, segments and parts out,
 * all in memory.
 *
 * A segment begins with a key frame once the one before has lasted TESS_HLS_LIVE_MIN_SEGMENT_US, at
 * a gap, where a sample description changes, and without key frames before it would be longer than
 * the target. A part ends before it would be longer than the part target, and before a key frame; a
 * segment's bytes are those of its parts in a row. Segments are numbered for ever, from the number
 * that was given, parts of a segment and init segments from 0.
 *
 * The target duration never changes once a playlist was made, so the units that a stream still
 * holds go in first: tess_hls_live_settle() then takes it from the groups of pictures seen.
 *
 * Nothing here reads a clock. Threads: one.
 */
#ifndef TESS_MUX_HLS_LIVE_H
#define TESS_MUX_HLS_LIVE_H

#include "hal/net.h"
#include "pipeline/mux/bytes.h"
#include "pipeline/mux/chunk.h"
#include "pipeline/stream/au.h"

#define TESS_HLS_LIVE_MIN_SEGMENT_US 1000000
/** The longest target duration. */
#define TESS_HLS_LIVE_MAX_TARGET_S 10
/** Segments held at once, listed or not, and parts of one. */
#define TESS_HLS_LIVE_SEGMENTS 96
#define TESS_HLS_LIVE_PARTS    128
/** What all that is held of one stream may take; a part may take what a fragment may. */
#define TESS_HLS_LIVE_STREAM_BYTES (64u << 20)

struct tess_hls_live;

/**
 * @p first_number of the first segment: higher than what players may have seen of this stream
 * before. @p account counts the bytes of the chunks, @p limit is what it should stay below: the
 * oldest segments go early then. @retval 0, -ENOMEM
 */
int tess_hls_live_alloc(struct tess_hls_live **hlsp, uint64_t first_number, uint64_t *account,
			uint64_t limit) TESS_MUST_CHECK;
void tess_hls_live_free(struct tess_hls_live *hls); /* accepts NULL */

/** The stream is there (again), perhaps as another; units may be missing between. */
void tess_hls_live_begin(struct tess_hls_live *hls, const struct tess_stream_info *info);
/**
 * Append an access unit; @p utc_offset_us is UTC minus media time.
 * @retval 0 nothing new can be had, 1 a part was completed
 * @retval -EAGAIN nothing can be decoded before the next key frame, or the track is not for HLS
 * @retval -EBADMSG a key frame's parameter sets are damaged; -ESTALE not after its track's last
 * @retval -EMSGSIZE larger than a part may be; -ENOMEM
 * With an error the unit is dropped.
 */
int tess_hls_live_add(struct tess_hls_live *hls, const struct tess_au *au,
		      int64_t utc_offset_us) TESS_MUST_CHECK;
/** The stream has ended for good: the last part and segment are completed, the playlist ends. */
void tess_hls_live_end(struct tess_hls_live *hls);
/** Fix the target duration, if there is a part; a first segment that is still open ends there, as
 * players wait for one. @return whether a playlist can be had */
bool tess_hls_live_settle(struct tess_hls_live *hls);

uint32_t tess_hls_live_target_s(const struct tess_hls_live *hls); /* 0: not settled */
/**
 * Whether the playlist has a part (of the next segment, when this one ended before), or with
 * @p part UINT32_MAX a whole segment.
 * @retval 1 it has, 0 not yet, -EINVAL too far ahead to be asked for (rfc8216bis §6.2.5.2)
 */
int tess_hls_live_has(const struct tess_hls_live *hls, uint64_t number,
		      uint32_t part) TESS_MUST_CHECK;
/** Whether this part is the one that the playlist promised as the next. */
bool tess_hls_live_is_hinted(const struct tess_hls_live *hls, uint64_t number, uint32_t part);
/**
 * The playlist, once settled. Addresses in it are @p folder, a slash, NUMBER.m4s, NUMBER.PART.m4s
 * or init-NUMBER.mp4, and @p query ("" or "?..."); both are put as they are. @p out may have failed
 * after it.
 */
void tess_hls_live_put_playlist(const struct tess_hls_live *hls, const char *folder,
				const char *query, struct tess_bytes *out);
/** What is held; the chunks stay the stream's. @retval NULL it is not, or not complete */
struct tess_chunk *tess_hls_live_part(const struct tess_hls_live *hls, uint64_t number,
				      uint32_t part);
struct tess_chunk *tess_hls_live_init(const struct tess_hls_live *hls, uint64_t number);
/** The parts of a complete segment, @p count of them; held are listed segments and, for players
 * that are behind, those before. @retval 0: none such */
unsigned tess_hls_live_segment(const struct tess_hls_live *hls, uint64_t number,
			       struct tess_chunk *parts[TESS_HLS_LIVE_PARTS]);

#endif
