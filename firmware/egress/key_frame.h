/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/key_frame.h - one key frame out of a finished file of ours, for a thumbnail. It
 * is cut out, not decoded: media does that.
 */
#ifndef TESS_EGRESS_KEY_FRAME_H
#define TESS_EGRESS_KEY_FRAME_H

#include "pipeline/mux/bytes.h"
#include "hal/net.h"

/** The largest that is taken. */
#define TESS_KEY_FRAME_MAX_BYTES (4u << 20)

/**
 * The access unit of the largest of the first key frames from a tenth of an MP4 file on (many begin
 * in black, which is small), of the last one before when there is none: Annex B with its parameter
 * sets.
 * @param out empty; the caller's, also after a failure
 * @retval 0, -ENOENT it has no such picture, -EBADMSG it is none of ours, -ENOMEM, errors of
 * reading
 */
int tess_key_frame_mp4(struct tess_bytes *out, int fd) TESS_MUST_CHECK;
/** The same of an HLS playlist's text: of the segment that begins at a tenth. @p dir is its folder.
 */
int tess_key_frame_hls(struct tess_bytes *out, int dir, const char *text) TESS_MUST_CHECK;

#endif
