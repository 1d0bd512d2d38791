/* SPDX-License-Identifier: GPL-3.0-or-later
 * Moofs one after the other, each with its length in two bytes before it, into the state of a
 * recording and into its final index: what recovery takes must make an index.
 */
#include <errno.h>
#include <stdlib.h>

#include "firmware/egress/record_state.h"
#include "pipeline/mux/mp4_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t avcc[] = {1,    0x42, 0xc0, 0x28, 0xff, 0xe1, 0,	 26,   0x67, 0x42, 0xc0,
			       0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00,
			       0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0x78, 0x3c, 0x60, 0xc9,
			       0x20, 1,	   0,	 5,    0x68, 0xcb, 0x83, 0xcb, 0x20};
static const uint8_t asc[] = {0x11, 0x90};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_mp4_track tracks[TESS_MP4_TRACKS] = {0};
	struct tess_cursor cursor = tess_cursor_of(data, size);
	struct tess_bytes head = {0}, moov = {0};
	struct tess_record_state state;
	struct tess_mp4_index *index;
	struct tess_moof moof;

	if (tess_mp4_video_track(&tracks[0], avcc, sizeof(avcc)) ||
	    tess_mp4_audio_track(&tracks[1], asc, sizeof(asc)))
		abort();
	tess_fmp4_put_head(&head, tracks, 0);
	if (tess_record_state_init(&state, head.data, head.length) ||
	    tess_mp4_index_alloc(&index, tracks))
		abort();
	while (tess_left(&cursor)) {
		uint16_t length = tess_get_u16(&cursor);
		const uint8_t *bytes = tess_get_data(&cursor, length);
		uint64_t offset = state.media_end;

		if (!bytes || tess_moof_parse(&moof, bytes, length) ||
		    tess_record_state_apply(&state, &moof, offset))
			continue;
		(void)tess_moof_crc(&moof, bytes);
		if (tess_mp4_index_add(index, &moof, offset))
			abort();
	}
	if (tess_record_state_duration_us(&state) < 0)
		abort();
	if (tess_mp4_index_put_moov(index, 0, &moov) && state.fragments)
		abort();
	tess_bytes_free(&moov);
	tess_bytes_free(&head);
	tess_mp4_index_free(index);
	tess_record_state_free(&state);
	return 0;
}
