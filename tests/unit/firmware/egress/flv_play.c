/* SPDX-License-Identifier: GPL-3.0-or-later
 * Numbered access units and the player that reads them.
 */
#include "tests/unit/firmware/egress/flv_play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/engine.h"

const struct tess_stream_info unit_info = {
	.has_video = true,
	.has_audio = true,
	.width = 640,
	.height = 360,
	.frame_rate = 15,
	.audio_rate = 48000,
	.audio_channels = 2,
	.audio_codec = TESS_CODEC_AAC,
	.audio_config_length = 2,
	.audio_config = {0x11, 0x90},
};

static const uint8_t sets[] = {0,    0,	   0,	 25,   0x67, 0x42, 0xc0, 0x16, 0xd9, 0x00,
			       0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01,
			       0x00, 0x00, 0x03, 0x00, 0x1e, 0x0f, 0x16, 0x2e, 0x48, 0,
			       0,    0,	   5,	 0x68, 0xcb, 0x83, 0xcb, 0x20};
static const uint8_t small_sets[] = {0,	   0,	 0,    24,   0x67, 0x42, 0xc0, 0x0c, 0xd9, 0x01,
				     0x41, 0xfb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
				     0x00, 0x03, 0x01, 0xe0, 0xf1, 0x42, 0xa4, 0x80, 0,	   0,
				     0,	   5,	 0x68, 0xcb, 0x83, 0xcb, 0x20};

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
	return at + 4;
}

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint8_t filler(uint32_t number, size_t i)
{
	return (uint8_t)(number * 31 + i * 7 + 1);
}

struct tess_au unit_video(uint8_t *data, uint32_t number, size_t length, bool key,
			  bool small_picture)
{
	const uint8_t *head = small_picture ? small_sets : sets;
	size_t head_length = small_picture ? sizeof(small_sets) : sizeof(sets);
	uint8_t *at = data;

	if (length < 5 || length > UNIT_MAX - sizeof(sets) - 4)
		abort();
	if (key) {
		memcpy(at, head, head_length);
		at += head_length;
	}
	at = put_u32(at, (uint32_t)length);
	*at = key ? 0x65 : 0x41;
	(void)put_u32(at + 1, number);
	for (size_t i = 5; i < length; i++)
		at[i] = filler(number, i);
	return (struct tess_au){.data = data,
				.length = (size_t)(at - data) + length,
				.pts_us = (int64_t)number * 1000,
				.dts_us = (int64_t)number * 1000,
				.track = TESS_TRACK_VIDEO,
				.key = key};
}

struct tess_au unit_audio(uint8_t *data, uint32_t number, size_t length)
{
	if (length < 4 || length > UNIT_MAX)
		abort();
	(void)put_u32(data, number);
	for (size_t i = 4; i < length; i++)
		data[i] = filler(number, i);
	return (struct tess_au){.data = data,
				.length = length,
				.pts_us = (int64_t)number * 1000,
				.dts_us = (int64_t)number * 1000,
				.track = TESS_TRACK_AUDIO,
				.key = true};
}

static void say(struct flv_player *player, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct flv_player *player, const char *format, ...)
{
	size_t used = strlen(player->said);
	va_list args;

	if (used)
		player->said[used++] = ' ';
	va_start(args, format);
	(void)vsnprintf(player->said + used, sizeof(player->said) - used, format, args);
	va_end(args);
}

static void say_config(struct flv_player *player, const char *what, uint32_t time_ms)
{
	if (time_ms)
		say(player, "%s@%u", what, time_ms);
	else
		say(player, "%s", what);
}

/** The number in a video body, checked to its last byte. @return -1: damaged */
static int64_t video_number(const uint8_t *body, size_t length)
{
	size_t at = 5;
	uint32_t n, number;

	for (;;) {
		if (at + 9 > length)
			return -1;
		n = get_u32(body + at);
		if (n > length - at - 4)
			return -1;
		if ((body[at + 4] & 0x1f) != 7 && (body[at + 4] & 0x1f) != 8)
			break;
		at += 4 + n;
	}
	number = get_u32(body + at + 5);
	for (size_t i = 5; i < n; i++)
		if (body[at + 4 + i] != filler(number, i))
			return -1;
	return at + 4 + n == length ? (int64_t)number : -1;
}

static int64_t audio_number(const uint8_t *body, size_t length)
{
	uint32_t number = length >= 6 ? get_u32(body + 2) : 0;

	for (size_t i = 4; i + 2 < length; i++)
		if (body[i + 2] != filler(number, i))
			return -1;
	return length >= 6 ? (int64_t)number : -1;
}

static bool take_tag(struct flv_player *player, uint8_t type, uint32_t time_ms, const uint8_t *body,
		     size_t length)
{
	int64_t number;

	if (type == 18) {
		say_config(player, "meta", time_ms);
	} else if (type == 9 && body[1] == 0) {
		/* the SPS in the record tells which picture */
		bool is_small = length > 30 && !memcmp(body + 5 + 8, small_sets + 4, 24);

		say_config(player, is_small ? "avc-small" : "avc", time_ms);
	} else if (type == 8 && body[1] == 0) {
		say_config(player, "aac", time_ms);
	} else if (type == 9 || type == 8) {
		number = type == 9 ? video_number(body, length) : audio_number(body, length);
		if (number < 0)
			return false;
		say(player, "%c%ld@%u%s", type == 9 ? 'v' : 'a', (long)number, time_ms,
		    type == 9 && body[0] == 0x17 ? "k" : "");
	} else {
		return false;
	}
	return true;
}

bool flv_play(struct flv_player *player, const uint8_t *data, size_t length)
{
	if (player->length + length > player->capacity) {
		player->capacity = (player->length + length) * 2;
		player->data = realloc(player->data, player->capacity);
		if (!player->data)
			abort();
	}
	if (length)
		memcpy(player->data + player->length, data, length);
	player->length += length;
	if (!player->begun) {
		if (player->length < 13)
			return true;
		if (memcmp(player->data, "FLV\1\5\0\0\0\11\0\0\0\0", 13) != 0) {
			say(player, "bad-header");
			return false;
		}
		say(player, "header");
		player->begun = true;
		player->at = 13;
	}
	while (player->length - player->at >= 11) {
		const uint8_t *tag = player->data + player->at;
		size_t body = get_u32(tag) & 0xffffff;

		if (player->length - player->at < 11 + body + 4)
			break;
		if (body < 2 || get_u32(tag + 11 + body) != body + 11 ||
		    get_u32(tag + 7) & 0xffffff ||
		    !take_tag(player, tag[0], get_u32(tag + 3) << 8 >> 8 | (uint32_t)tag[7] << 24,
			      tag + 11, body)) {
			say(player, "bad-tag");
			return false;
		}
		player->at += 11 + body + 4;
	}
	return true;
}

void flv_player_free(struct flv_player *player)
{
	free(player->data);
	*player = (struct flv_player){0};
}
