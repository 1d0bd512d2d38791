/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/mp4.h - what a recording's head (fragmented) and its final index (plain) have in
 * common: tracks, sample descriptions, movie and track headers (ISO/IEC 14496-12, -14, -15).
 *
 * A recording has at most one video (H.264) and one audio track (AAC or MP3); their track_ID is
 * enum tess_track. Decode times are ticks of the track's time scale, counted from the recording's
 * begin. They come from microseconds by tess_mp4_ticks(), always from the begin, so that rounding
 * never adds up.
 */
#ifndef TESS_MUX_MP4_H
#define TESS_MUX_MP4_H

#include "pipeline/mux/bytes.h"
#include "pipeline/mux/h264.h"
#include "pipeline/stream/au.h"

#define TESS_MP4_TRACKS		 2
#define TESS_MP4_VIDEO_TIMESCALE 90000
#define TESS_MP4_MOVIE_TIMESCALE 90000
#define TESS_MP4_MAX_ASC	 64
/** Sample descriptions of one track; more changes than these go on under the last one. */
#define TESS_MP4_MAX_DESCRIPTIONS 250

/** avcC's content, or an AudioSpecificConfig. */
struct tess_mp4_description {
	uint16_t length;
	uint8_t data[TESS_H264_MAX_AVCC];
};

struct tess_mp4_track {
	uint32_t timescale;			 /* ticks a second; 0: there is no such track */
	struct tess_mp4_description description; /* the first one */
};

/** Index of a track in arrays of TESS_MP4_TRACKS. */
static inline unsigned tess_mp4_index_of(enum tess_track track)
{
	return (unsigned)track - TESS_TRACK_VIDEO;
}

/** Of an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). */
struct tess_mp4_audio {
	uint32_t rate;
	uint8_t channels;
	bool mp3; /* Layer 3; else AAC of some kind */
};
/** @retval 0, -EBADMSG, -ENOTSUP a channel configuration that is written out in the stream */
int tess_mp4_audio_parse(struct tess_mp4_audio *audio, const uint8_t *config,
			 size_t length) TESS_MUST_CHECK;

/** @retval 0, -EBADMSG, -ENOTSUP the description does not parse */
int tess_mp4_video_track(struct tess_mp4_track *track, const uint8_t *avcc,
			 size_t length) TESS_MUST_CHECK;
int tess_mp4_audio_track(struct tess_mp4_track *track, const uint8_t *config,
			 size_t length) TESS_MUST_CHECK;

/** Microseconds since the begin of the recording to ticks and back, to the nearest. */
uint64_t tess_mp4_ticks(int64_t time_us, uint32_t timescale);
int64_t tess_mp4_us(uint64_t ticks, uint32_t timescale);

/** mvhd; the times are of MP4: seconds since 1904 and movie ticks. */
void tess_mp4_put_mvhd(struct tess_bytes *out, int64_t created_utc_us, uint64_t duration);
/** tkhd. */
void tess_mp4_put_tkhd(struct tess_bytes *out, enum tess_track track, int64_t created_utc_us,
		       uint64_t duration, const struct tess_mp4_description *description);
/** mdhd and hdlr, the first boxes of mdia. */
void tess_mp4_put_media_headers(struct tess_bytes *out, enum tess_track track, uint32_t timescale,
				int64_t created_utc_us, uint64_t duration);
/** vmhd or smhd, and dinf, the first boxes of minf. */
void tess_mp4_put_minf_headers(struct tess_bytes *out, enum tess_track track);
/** stsd with these descriptions, each of which parses. */
void tess_mp4_put_stsd(struct tess_bytes *out, enum tess_track track,
		       const struct tess_mp4_description *descriptions, unsigned count);

#endif
