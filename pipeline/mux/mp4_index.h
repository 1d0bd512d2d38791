/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/mp4_index.h - the plain MP4 index (moov with full sample tables) of a finished
 * recording, made from its fragments' moofs alone: time and memory go with the number of samples,
 * not with their bytes.
 *
 * Where media are missing, the sample before the gap lasts until the one after it, so that all
 * tracks stay together.
 */
#ifndef TESS_MUX_MP4_INDEX_H
#define TESS_MUX_MP4_INDEX_H

#include "hal/net.h"
#include "pipeline/mux/fmp4.h"

/** The most that the tables of one recording may take; about two weeks of picture and sound. */
#define TESS_MP4_INDEX_MAX_BYTES (256u << 20)

struct tess_mp4_index;

/** An empty index for the tracks of the recording's head. @retval 0, -ENOMEM */
int tess_mp4_index_alloc(struct tess_mp4_index **indexp,
			 const struct tess_mp4_track tracks[TESS_MP4_TRACKS]) TESS_MUST_CHECK;
void tess_mp4_index_free(struct tess_mp4_index *index); /* accepts NULL */
/**
 * Add the fragment that stands at @p offset in the file.
 * @retval 0
 * @retval -EBADMSG it does not follow those before it, or uses a track or description there is not
 * @retval -EFBIG the index has reached its limit; -ENOMEM. After these the index is of no more use.
 */
int tess_mp4_index_add(struct tess_mp4_index *index, const struct tess_moof *moof,
		       uint64_t offset) TESS_MUST_CHECK;
/** Put the moov. Once, as the last call before free. @retval 0, -ENODATA no sample, -ENOMEM */
int tess_mp4_index_put_moov(struct tess_mp4_index *index, int64_t created_utc_us,
			    struct tess_bytes *out) TESS_MUST_CHECK;

#endif
