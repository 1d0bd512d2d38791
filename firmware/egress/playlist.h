/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/playlist.h - what a media playlist lists (RFC 8216 §4.3), line by line: for those
 * who read recordings again. It may be anybody's: names are not looked at here.
 */
#ifndef TESS_EGRESS_PLAYLIST_H
#define TESS_EGRESS_PLAYLIST_H

#include <stdbool.h>
#include <stddef.h>

enum tess_playlist_kind {
	TESS_PLAYLIST_SEGMENT = 1,
	TESS_PLAYLIST_MAP,	/* that segments begin with */
	TESS_PLAYLIST_DURATION, /* of the segment that follows, seconds */
};

struct tess_playlist_line {
	enum tess_playlist_kind kind;
	/** The URI or the number, in the playlist's text and not ended by 0; of a map without a URI
	 * NULL and 0. */
	const char *text;
	size_t length;
};

/** Take the next line that is one of these. @p at goes on behind it. @return false at the end */
bool tess_playlist_next(struct tess_playlist_line *line, const char **at);

#endif
