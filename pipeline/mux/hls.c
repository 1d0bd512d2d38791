/* SPDX-License-Identifier: GPL-3.0-or-later
 * Segments and playlists.
 */
#include "pipeline/mux/hls.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/** Sound that is this much ahead of the pictures goes on alone. */
#define ALONE_US 250000

void tess_hls_free(struct tess_hls *hls)
{
	tess_bytes_free(&hls->lines);
	*hls = (struct tess_hls){0};
}

__attribute__((format(printf, 2, 3))) static void put_text(struct tess_bytes *out,
							   const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tess_put_data(out, text, strlen(text));
}

bool tess_hls_begins(const struct tess_hls *hls, const struct tess_hls_fragment *fragment)
{
	int64_t length_us = fragment->begin_us - hls->begin_us;
	/* EXTINF rounded to the nearest second may not be above the target (RFC 8216 §4.3.3.1) */
	bool fits = fragment->end_us - hls->begin_us <= TESS_HLS_TARGET_S * INT64_C(1000000);

	if (!hls->segments ||
	    (fragment->gap && (hls->seen || !fragment->seen || fragment->begin_us > hls->end_us)))
		return true;
	if (hls->seen && !fragment->seen && fragment->end_us > hls->shown_us + ALONE_US)
		return true;
	/* the first pictures of a segment that began with sound alone */
	if (!hls->seen && fragment->seen)
		return !hls->discontinuity || !fits || (fragment->other_init && hls->fresh_init);
	return fragment->other_init || (fragment->key && length_us >= TESS_HLS_SEGMENT_US) || !fits;
}

/** Where nothing is missing, the one ends where the other begins. */
static int64_t end_before(const struct tess_hls *hls, const struct tess_hls_fragment *fragment)
{
	return fragment->gap && fragment->begin_us > hls->end_us ? hls->end_us : fragment->begin_us;
}

bool tess_hls_holds(const struct tess_hls *hls, const struct tess_hls_fragment *fragment,
		    int64_t *until_us)
{
	if (!hls->segments || hls->seen || !tess_hls_begins(hls, fragment) ||
	    (fragment->seen && !fragment->key))
		return false;
	*until_us = fragment->seen && !fragment->gap && !fragment->other_init
			    ? fragment->first_us
			    : end_before(hls, fragment);
	return *until_us > hls->begin_us;
}

static void list_last(const struct tess_hls *hls, const char *folder, struct tess_bytes *out)
{
	int64_t length_us = hls->end_us - hls->begin_us;

	if (hls->discontinuity)
		put_text(out, "#EXT-X-DISCONTINUITY\n");
	if (hls->fresh_init)
		put_text(out, "#EXT-X-MAP:URI=\"%s/init-%" PRIu32 ".mp4\"\n", folder, hls->inits);
	put_text(out, "#EXTINF:%" PRId64 ".%06" PRId64 ",\n%s/%05" PRIu32 ".m4s\n",
		 length_us / 1000000, length_us % 1000000, folder, hls->segments);
}

bool tess_hls_add(struct tess_hls *hls, const struct tess_hls_fragment *fragment,
		  const char *folder)
{
	bool begins = tess_hls_begins(hls, fragment), listed = begins && hls->segments;
	int64_t until_us;
	bool holds = tess_hls_holds(hls, fragment, &until_us);

	if (begins) {
		if (hls->segments) {
			hls->end_us = end_before(hls, fragment);
			list_last(hls, folder, &hls->lines);
		}
		hls->discontinuity =
			hls->segments &&
			(fragment->gap || fragment->other_init || (hls->seen && !fragment->seen) ||
			 (hls->held && fragment->seen && !fragment->key));
		hls->held |= holds;
		hls->fresh_init = false;
		hls->seen = false;
		hls->segments++;
		hls->begin_us = hls->end_us = fragment->begin_us;
	}
	hls->inits += fragment->other_init;
	hls->fresh_init |= fragment->other_init;
	if (fragment->seen) {
		hls->seen = true;
		hls->held = false;
		hls->shown_us = fragment->shown_us;
	}
	if (fragment->end_us > hls->end_us)
		hls->end_us = fragment->end_us;
	return listed;
}

void tess_hls_put_playlist(const struct tess_hls *hls, bool ended, const char *folder,
			   struct tess_bytes *out)
{
	put_text(out,
		 "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:1\n"
		 "#EXT-X-PLAYLIST-TYPE:%s\n",
		 TESS_HLS_TARGET_S, ended ? "VOD" : "EVENT");
	tess_put_data(out, hls->lines.data, hls->lines.length);
	if (hls->lines.failed)
		out->failed = true;
	if (ended && hls->segments)
		list_last(hls, folder, out);
	if (ended)
		put_text(out, "#EXT-X-ENDLIST\n");
}
