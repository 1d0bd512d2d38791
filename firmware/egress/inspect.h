/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/inspect.h - what a finished file of ours holds, of which nothing but the file is
 * left: how long it is, how large its picture. Anybody may have put the file there.
 */
#ifndef TESS_EGRESS_INSPECT_H
#define TESS_EGRESS_INSPECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hal/net.h"

struct tess_inspection {
	uint64_t bytes; /* of HLS: with what the playlist lists */
	int64_t duration_us;
	uint32_t width, height; /* 0 = sound alone */
};

/**
 * Look into an open MP4, FLV, AAC or MP3 file. Reads no more of it than its index, of AAC and MP3
 * all of it.
 * @param cancel may become true at any time: then it ends soon; NULL: it does not
 * @retval 0, -EBADMSG it is none of ours, -ECANCELED, -ENOMEM, errors of reading
 */
int tess_inspect(struct tess_inspection *out, int fd, const char *format,
		 const atomic_bool *cancel) TESS_MUST_CHECK;
/** The same for an HLS playlist's text; @p dir is its folder. @retval as above */
int tess_inspect_playlist(struct tess_inspection *out, int dir, const char *text,
			  const atomic_bool *cancel) TESS_MUST_CHECK;

#endif
