/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_fragmenter.h - makes fragments out of a stream's access units: places them
 * in time, decides where a fragment ends, keeps track of sample descriptions. No files, no clock.
 *
 * A fragment ends after fragment_us, at a key frame also when three quarters of that are over;
 * before a gap; and where a sample description changes.
 */
#ifndef TESS_EGRESS_RECORD_FRAGMENTER_H
#define TESS_EGRESS_RECORD_FRAGMENTER_H

#include "firmware/egress/record_state.h"
#include "pipeline/mux/timeline.h"

/** A whole fragment; whoever gets it owns the bytes. */
struct tess_fragment_bytes {
	struct tess_bytes moof; /* and the mdat's header */
	struct tess_bytes payloads[TESS_MP4_TRACKS];
};

struct tess_fragmenter {
	struct tess_record_state state; /* with all fragments that were emitted */
	struct tess_timeline timeline;
	struct tess_fragment fragment; /* being collected */
	int64_t fragment_us;
	int64_t begin_us; /* of the fragment */
	struct {
		uint8_t description;
		struct tess_mp4_description fresh; /* length 0: known */
		uint32_t distance;		   /* of the last two samples, in ticks */
	} track[TESS_MP4_TRACKS];
	struct tess_mp4_description audio_config; /* of the stream as it is now */
	bool need_key;				  /* video goes on with a key frame */
	bool resumed;				  /* nothing was added since a stream came up */
	bool heard_alone;			  /* the stream as it is now has no picture */
	void (*emit)(void *arg, struct tess_fragment_bytes *fragment);
	void *arg;
};

/** Nothing but the settings; state and timeline come by begin or resume. */
void tess_fragmenter_init(struct tess_fragmenter *fragmenter, int64_t fragment_us,
			  void (*emit)(void *arg, struct tess_fragment_bytes *fragment), void *arg);
void tess_fragmenter_free(struct tess_fragmenter *fragmenter);
/**
 * Begin a recording with this unit (which is then to be added), and put the file's head.
 * @retval 0
 * @retval -EAGAIN a stream with video begins with a key frame that has parameter sets
 * @retval -ENOTSUP a track is of a kind that is not stored; -ENOMEM
 */
int tess_fragmenter_begin(struct tess_fragmenter *fragmenter, const struct tess_stream_info *info,
			  const struct tess_au *au, int64_t created_utc_us,
			  struct tess_bytes *head) TESS_MUST_CHECK;
/** Go on behind what a file has; the state is the fragmenter's on success. @retval 0 */
void tess_fragmenter_resume(struct tess_fragmenter *fragmenter,
			    const struct tess_record_state *state, int64_t origin_us);
/** The stream came up, perhaps with other parameters; @p lost: something is missing before it. */
void tess_fragmenter_stream_up(struct tess_fragmenter *fragmenter,
			       const struct tess_stream_info *info, bool lost);
/**
 * Add a unit; a fragment may be emitted before it.
 * @retval 0
 * @retval -ESTALE not after its track's last one; -EAGAIN video without its key frame
 * @retval -EINVAL of a track that the file has not, empty or too large; -ENOMEM
 * In all of these the unit is dropped, and where that leaves a hole it is marked.
 */
int tess_fragmenter_add(struct tess_fragmenter *fragmenter,
			const struct tess_au *au) TESS_MUST_CHECK;
/** End the fragment that is being collected. */
void tess_fragmenter_cut(struct tess_fragmenter *fragmenter);
/** End of what was taken, in microseconds of the file. */
int64_t tess_fragmenter_end_us(const struct tess_fragmenter *fragmenter);

#endif
