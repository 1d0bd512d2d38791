/* SPDX-License-Identifier: GPL-3.0-or-later
 * Access units with numbers in them, and a player that finds the numbers again in an FLV byte
 * stream.
 */
#ifndef TESS_TEST_FLV_PLAY_H
#define TESS_TEST_FLV_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/stream/au.h"

#define UNIT_MAX 65536

/** H.264 640x360 and AAC 48 kHz stereo. */
extern const struct tess_stream_info unit_info;

/**
 * Access unit @p number, at number ms; @p length bytes of slice or frame. A key frame has the
 * parameter sets of a 640x360 picture before it, or of 320x240. @p data has room for UNIT_MAX
 * bytes.
 */
struct tess_au unit_video(uint8_t *data, uint32_t number, size_t length, bool key,
			  bool small_picture);
struct tess_au unit_audio(uint8_t *data, uint32_t number, size_t length);

/** What a player has seen, one word a tag: see flv_play(). */
struct flv_player {
	uint8_t *data;
	size_t length, capacity, at;
	bool begun; /* the file header was there */
	char said[16384];
};

/**
 * Take bytes as they came; whatever is whole is written to player->said, one word a tag:
 * "header", "meta", "avc" or "avc-small" (the decoder configurations), "aac", "v12@5" (video unit
 * 12 at 5 ms, "k" behind for a key frame), "a13@6". A stamp other than 0 of the former is shown as
 * "avc@100".
 * @return false: something is wrong, said at the end of player->said
 */
bool flv_play(struct flv_player *player, const uint8_t *data, size_t length);
void flv_player_free(struct flv_player *player);

#endif
