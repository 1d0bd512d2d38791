/* SPDX-License-Identifier: GPL-3.0-or-later
 * Segments and playlists.
 */
#include "pipeline/mux/hls.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

	if (!hls->segments || fragment->gap || fragment->other_init)
		return true;
	if (fragment->key && length_us >= TESS_HLS_SEGMENT_US)
		return true;
	/* EXTINF rounded to the nearest second may not be above the target (RFC 8216 §4.3.3.1) */
	return fragment->end_us - hls->begin_us > TESS_HLS_TARGET_S * INT64_C(1000000);
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

	if (begins) {
		if (hls->segments) {
			/* where nothing is missing, the one ends where the other begins */
			if (!fragment->gap)
				hls->end_us = fragment->begin_us;
			list_last(hls, folder, &hls->lines);
		}
		hls->discontinuity = hls->segments && (fragment->gap || fragment->other_init);
		hls->fresh_init = !hls->segments || fragment->other_init;
		hls->inits += hls->fresh_init;
		hls->segments++;
		hls->begin_us = hls->end_us = fragment->begin_us;
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
