/* SPDX-License-Identifier: GPL-3.0-or-later
 * The playlist of a live stream.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pipeline/mux/hls_live_internal.h"

/** Target durations from the end on in which parts are listed (rfc8216bis §4.4.4.9). */
#define PART_TARGETS 3
/** Part targets that a player should stay behind the end (rfc8216bis §4.4.3.8: three). */
#define PARTS_BEHIND 3

__attribute__((format(printf, 2, 3))) static void put_text(struct tess_bytes *out,
							   const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tess_put_data(out, text, strlen(text));
}

static void put_seconds(struct tess_bytes *out, int64_t us)
{
	put_text(out, "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
}

/** folder, a slash, @p name, @p query */
static void put_address(struct tess_bytes *out, const char *folder, const char *query,
			const char *name)
{
	tess_put_data(out, folder, strlen(folder));
	put_text(out, "/%s", name);
	tess_put_data(out, query, strlen(query));
}

static void put_part_address(struct tess_bytes *out, const char *folder, const char *query,
			     uint64_t number, unsigned part)
{
	char name[48];

	(void)snprintf(name, sizeof(name), "%" PRIu64 ".%u.m4s", number, part);
	put_address(out, folder, query, name);
}

static void put_map(struct tess_bytes *out, const char *folder, const char *query, uint64_t init)
{
	char name[48];

	(void)snprintf(name, sizeof(name), "init-%" PRIu64 ".mp4", init);
	put_text(out, "#EXT-X-MAP:URI=\"");
	put_address(out, folder, query, name);
	put_text(out, "\"\n");
}

/** RFC 3339, to the millisecond. */
static void put_date(struct tess_bytes *out, int64_t utc_us)
{
	time_t seconds = (time_t)(utc_us / 1000000);
	char date[32];
	struct tm utc;

	(void)gmtime_r(&seconds, &utc);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	put_text(out, "#EXT-X-PROGRAM-DATE-TIME:%s.%03dZ\n", date, (int)(utc_us % 1000000 / 1000));
}

static void put_segment(struct tess_bytes *out, const char *folder, const char *query,
			const struct hls_segment *segment, bool with_parts)
{
	char name[48];

	put_date(out, segment->utc_us);
	for (unsigned i = 0; i < segment->part_count && with_parts; i++) {
		put_text(out, "#EXT-X-PART:DURATION=");
		put_seconds(out, segment->parts[i].length_us);
		put_text(out, ",URI=\"");
		put_part_address(out, folder, query, segment->number, i);
		put_text(out, segment->parts[i].independent ? "\",INDEPENDENT=YES\n" : "\"\n");
	}
	if (!segment->complete)
		return;
	put_text(out, "#EXTINF:");
	put_seconds(out, segment->length_us);
	put_text(out, ",\n");
	(void)snprintf(name, sizeof(name), "%" PRIu64 ".m4s", segment->number);
	put_address(out, folder, query, name);
	put_text(out, "\n");
}

static void put_head(const struct tess_hls_live *hls, struct tess_bytes *out)
{
	uint64_t first = hls->unlisted < hls->count ? hls->segments[hls->unlisted]->number
						    : hls->next_number;

	put_text(out, "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:%" PRIu32 "\n",
		 hls->target_s);
	put_text(out, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=");
	put_seconds(out, PARTS_BEHIND * hls->part_target_us);
	put_text(out, "\n#EXT-X-PART-INF:PART-TARGET=");
	put_seconds(out, hls->part_target_us);
	put_text(out,
		 "\n#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n",
		 first, hls->discontinuities);
}

void tess_hls_live_put_playlist(const struct tess_hls_live *hls, const char *folder,
				const char *query, struct tess_bytes *out)
{
	int64_t left_us = 0;

	put_head(hls, out);
	for (unsigned i = hls->unlisted; i < hls->count; i++)
		left_us += hls->segments[i]->length_us;
	for (unsigned i = hls->unlisted; i < hls->count; i++) {
		const struct hls_segment *segment = hls->segments[i];

		if (!segment->part_count)
			break;
		if (segment->discontinuity)
			put_text(out, "#EXT-X-DISCONTINUITY\n");
		if (segment->discontinuity || i == hls->unlisted)
			put_map(out, folder, query, segment->init);
		left_us -= segment->length_us;
		put_segment(out, folder, query, segment,
			    !hls->ended &&
				    left_us < PART_TARGETS * hls->target_s * INT64_C(1000000));
	}
	if (hls->ended) {
		put_text(out, "#EXT-X-ENDLIST\n");
		return;
	}
	put_text(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"");
	if (hls->count && !hls_last(hls)->complete)
		put_part_address(out, folder, query, hls_last(hls)->number,
				 hls_last(hls)->part_count);
	else
		put_part_address(out, folder, query, hls->next_number, 0);
	put_text(out, "\"\n");
}
