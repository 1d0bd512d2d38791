/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/flv.c - FLV headers, tags and the onMetaData object.
 */
#include "pipeline/mux/flv.h"

#include <errno.h>
#include <string.h>

/* E.4.3.1 VideoTagHeader */
#define VIDEO_KEY_AVC	0x17
#define VIDEO_INTER_AVC 0x27
/* E.4.2.1 AudioTagHeader: AAC is always said to be 44 kHz, 16 bit, stereo */
#define AUDIO_AAC 0xaf

enum packet_type {
	PACKET_CONFIG = 0,
	PACKET_DATA = 1,
};

#define VIDEO_BODY_HEADER 5
#define AUDIO_BODY_HEADER 2

static uint8_t *put_u16(uint8_t *out, uint32_t value)
{
	*out++ = (uint8_t)(value >> 8);
	*out++ = (uint8_t)value;
	return out;
}

static uint8_t *put_u24(uint8_t *out, uint32_t value)
{
	*out++ = (uint8_t)(value >> 16);
	return put_u16(out, value);
}

static uint8_t *put_u32(uint8_t *out, uint32_t value)
{
	*out++ = (uint8_t)(value >> 24);
	return put_u24(out, value);
}

static uint8_t *put_data(uint8_t *out, const void *data, size_t length)
{
	memcpy(out, data, length);
	return out + length;
}

/** The trailer behind a body that ends at @p end. @return bytes of the body */
static size_t put_trailer(const uint8_t *body, uint8_t *end)
{
	size_t length = (size_t)(end - body);

	(void)put_u32(end, (uint32_t)length + TESS_FLV_TAG_HEADER_SIZE);
	return length;
}

void tess_flv_header(uint8_t out[TESS_FLV_HEADER_SIZE], bool has_video, bool has_audio)
{
	uint8_t flags = (uint8_t)((has_audio ? 4 : 0) | (has_video ? 1 : 0));

	out = put_data(out, "FLV\1", 4);
	*out++ = flags;
	out = put_u32(out, 9);
	(void)put_u32(out, 0);
}

void tess_flv_tag_header(uint8_t out[TESS_FLV_TAG_HEADER_SIZE], enum tess_flv_type type,
			 uint32_t body_bytes, uint32_t time_ms)
{
	*out++ = (uint8_t)type;
	out = put_u24(out, body_bytes);
	out = put_u24(out, time_ms & 0xffffff);
	*out++ = (uint8_t)(time_ms >> 24);
	(void)put_u24(out, 0);
}

size_t tess_flv_body_bytes(const struct tess_au *au)
{
	return au->length + (au->track == TESS_TRACK_VIDEO ? VIDEO_BODY_HEADER : AUDIO_BODY_HEADER);
}

/** pts - dts in whole milliseconds, as they come out of the two rounded times; signed 24 bits. */
static uint32_t composition_ms(const struct tess_au *au)
{
	int64_t ms;

	if (__builtin_sub_overflow(au->pts_us / 1000, au->dts_us / 1000, &ms))
		return 0;
	if (ms > 0x7fffff)
		ms = 0x7fffff;
	if (ms < -0x800000)
		ms = -0x800000;
	return (uint32_t)ms & 0xffffff;
}

int tess_flv_put_au(uint8_t *out, const struct tess_au *au)
{
	uint8_t *at = out;

	if (au->length > TESS_FLV_MAX_BODY || tess_flv_body_bytes(au) > TESS_FLV_MAX_BODY)
		return -EMSGSIZE;
	if (au->track == TESS_TRACK_VIDEO) {
		*at++ = au->key ? VIDEO_KEY_AVC : VIDEO_INTER_AVC;
		*at++ = PACKET_DATA;
		at = put_u24(at, composition_ms(au));
	} else {
		*at++ = AUDIO_AAC;
		*at++ = PACKET_DATA;
	}
	at = put_data(at, au->data, au->length);
	(void)put_trailer(out, at);
	return 0;
}

/* AMF0 (Action Message Format, AMF 0 specification §2): a property is a name and a typed value. */
static uint8_t *put_name(uint8_t *out, const char *name)
{
	size_t length = strlen(name);

	return put_data(put_u16(out, (uint32_t)length), name, length);
}

static uint8_t *put_value(uint8_t *out, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	*out++ = 0x00;
	out = put_u32(out, (uint32_t)(bits >> 32));
	return put_u32(out, (uint32_t)bits);
}

static uint8_t *put_number(uint8_t *out, const char *name, double value)
{
	return put_value(put_name(out, name), value);
}

static uint8_t *put_boolean(uint8_t *out, const char *name, bool value)
{
	out = put_name(out, name);
	*out++ = 0x01;
	*out++ = value;
	return out;
}

size_t tess_flv_put_metadata(uint8_t *out, const struct tess_stream_info *info)
{
	uint8_t *at = out, *count;
	uint32_t properties = 0;

	*at++ = 0x02; /* string */
	at = put_name(at, "onMetaData");
	*at++ = 0x08; /* ECMA array */
	count = at;
	at += 4;
	if (info->has_video) {
		at = put_number(at, "width", info->width);
		at = put_number(at, "height", info->height);
		at = put_number(at, "framerate", info->frame_rate);
		at = put_number(at, "videocodecid", 7);
		at = put_number(at, "videodatarate", info->video_bitrate_bps / 1000.0);
		properties += 5;
	}
	if (info->has_audio) {
		at = put_number(at, "audiocodecid", 10);
		at = put_number(at, "audiosamplerate", info->audio_rate);
		at = put_number(at, "audiosamplesize", 16);
		at = put_boolean(at, "stereo", info->audio_channels == 2);
		properties += 4;
	}
	(void)put_u32(count, properties);
	at = put_data(at, "\0\0\x09", 3); /* object end */
	return put_trailer(out, at);
}

size_t tess_flv_put_video_config(uint8_t *out, const struct tess_h264_config *config)
{
	uint8_t *at = out;

	*at++ = VIDEO_KEY_AVC;
	*at++ = PACKET_CONFIG;
	at = put_u24(at, 0);
	at = put_data(at, config->avcc, config->avcc_length);
	return put_trailer(out, at);
}

size_t tess_flv_put_audio_config(uint8_t *out, const struct tess_stream_info *info)
{
	uint8_t *at = out;

	*at++ = AUDIO_AAC;
	*at++ = PACKET_CONFIG;
	at = put_data(at, info->audio_config, info->audio_config_length);
	return put_trailer(out, at);
}

/** One column of the keys, as a strict array (0x0a). */
static uint8_t *put_keys(uint8_t *out, const char *name, const struct tess_flv_index *index,
			 bool times)
{
	out = put_name(out, name);
	*out++ = 0x0a;
	out = put_u32(out, index->key_count);
	for (unsigned i = 0; i < index->key_count; i++)
		out = put_value(out, times ? index->keys[i].time_s : index->keys[i].position);
	return out;
}

void tess_flv_put_index(uint8_t *out, const struct tess_flv_index *index)
{
	uint8_t *at = out, *count;
	uint32_t properties = 4;

	memset(out, 0, TESS_FLV_INDEX_BYTES);
	*at++ = 0x02; /* string */
	at = put_name(at, "onMetaData");
	*at++ = 0x08; /* ECMA array */
	count = at;
	at += 4;
	at = put_number(at, "duration", index->duration_s);
	at = put_number(at, "filesize", index->file_bytes);
	at = put_boolean(at, "hasVideo", index->has_video);
	at = put_boolean(at, "hasAudio", index->has_audio);
	if (index->has_video) {
		at = put_number(at, "width", index->width);
		at = put_number(at, "height", index->height);
		at = put_number(at, "videocodecid", 7);
		at = put_boolean(at, "hasKeyframes", index->key_count > 0);
		properties += 4;
	}
	if (index->has_audio) {
		at = put_number(at, "audiocodecid", 10);
		at = put_number(at, "audiosamplerate", index->audio_rate);
		properties += 2;
	}
	if (index->key_count) {
		at = put_name(at, "keyframes");
		*at++ = 0x03; /* object */
		at = put_keys(at, "filepositions", index, false);
		at = put_keys(at, "times", index, true);
		at = put_data(at, "\0\0\x09", 3);
		properties++;
	}
	(void)put_u32(count, properties);
	(void)put_data(at, "\0\0\x09", 3);
	(void)put_trailer(out, out + TESS_FLV_INDEX_BYTES);
}
