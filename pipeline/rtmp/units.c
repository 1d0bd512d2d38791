/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/units.c - see units.h.
 */
#include "pipeline/rtmp/units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* E.4.3.1; the first bit of a video tag, or a format of 9, is enhanced RTMP: a FourCC follows */
#define VIDEO_ENHANCED 0x80
#define VIDEO_COMMAND  5
#define VIDEO_AVC      7
#define AUDIO_ENHANCED 9
#define AUDIO_AAC      10
#define CONFIGURATION  0
#define CODED	       1

#define NAL_DELIMITER 9
#define NAL_FILLER    12

/* ISO/IEC 14496-3 table 1.17 */
#define OBJECT_LC     2
#define OBJECT_SBR    5
#define OBJECT_PS     29
#define RATE_EXPLICIT 15
#define MIN_RATE      11025
#define MAX_RATE      96000

void tess_rtmp_units_fini(struct tess_rtmp_units *units)
{
	tess_bytes_free(&units->picture);
}

static int refuse(struct tess_rtmp_units *units, const char *medium, const char *what)
{
	(void)snprintf(units->reason, sizeof(units->reason),
		       "%s must be %s; this publisher sends %s.", medium,
		       !strcmp(medium, "Pictures") ? "H.264" : "AAC", what);
	return -ENOTSUP;
}

/** Of enhanced RTMP, by the name in it. */
static int refuse_enhanced(struct tess_rtmp_units *units, const char *medium,
			   struct tess_cursor *body)
{
	char name[32] = "enhanced RTMP, ";
	const uint8_t *code = tess_get_data(body, 4);
	size_t at = strlen(name);

	for (unsigned i = 0; code && i < 4; i++)
		name[at++] = (char)(code[i] >= 0x21 && code[i] < 0x7f ? code[i] : '?');
	name[at] = 0;
	return refuse(units, medium, name);
}

static int put_sets(struct tess_rtmp_units *units, struct tess_cursor *record, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		size_t length = tess_get_u16(record);
		const uint8_t *set = tess_get_data(record, length);

		if (!set || !length || units->sets_length + 4 + length > sizeof(units->sets))
			return -EBADMSG;
		units->sets[units->sets_length++] = 0;
		units->sets[units->sets_length++] = 0;
		units->sets[units->sets_length++] = (uint8_t)(length >> 8);
		units->sets[units->sets_length++] = (uint8_t)length;
		memcpy(units->sets + units->sets_length, set, length);
		units->sets_length += length;
	}
	return 0;
}

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1). */
static int take_video_config(struct tess_rtmp_units *units, struct tess_cursor *body)
{
	size_t length = tess_left(body);
	const uint8_t *data = tess_get_data(body, length);
	struct tess_cursor record = tess_cursor_of(data, length);
	struct tess_h264_config config;
	int rc;

	units->has_video = false;
	units->sets_length = 0;
	if (length < 7 || data[0] != 1)
		return -EBADMSG;
	units->nal_length_bytes = (data[4] & 3u) + 1;
	(void)tess_get_data(&record, 5);
	rc = put_sets(units, &record, tess_get_u8(&record) & 0x1f);
	if (!rc)
		rc = put_sets(units, &record, tess_get_u8(&record));
	if (!rc)
		rc = tess_h264_config_from_au(&config, units->sets, units->sets_length);
	if (rc == -ENOTSUP)
		return refuse(units, "Pictures", "H.264 of a size or kind beyond the limits");
	if (rc)
		return -EBADMSG;
	units->sps = config.sps;
	units->has_video = true;
	return 0;
}

static size_t nal_length(struct tess_cursor *body, unsigned bytes)
{
	size_t length = 0;

	while (bytes--)
		length = length << 8 | tess_get_u8(body);
	return length;
}

/** To lengths of four bytes, without delimiters and filler. @retval 1, 0 nothing is left, -EBADMSG,
 * -ENOMEM */
static int take_picture(struct tess_rtmp_units *units, struct tess_cursor body,
			struct tess_rtmp_unit *unit)
{
	bool has_sps = false, has_picture = false;

	unit->key = false;
	units->picture.length = 0;
	/* in front, where a key frame wants them; skipped below if it brings its own */
	tess_put_data(&units->picture, units->sets, units->sets_length);
	while (tess_left(&body)) {
		size_t length = nal_length(&body, units->nal_length_bytes);
		const uint8_t *nal = length ? tess_get_data(&body, length) : NULL;
		unsigned type = nal ? nal[0] & 0x1f : 0;

		if (body.bad || (length && !nal))
			return -EBADMSG;
		if (!length || type == NAL_DELIMITER || type == NAL_FILLER)
			continue;
		has_sps |= type == TESS_H264_NAL_SPS;
		has_picture |= type >= 1 && type <= TESS_H264_NAL_IDR;
		unit->key |= type == TESS_H264_NAL_IDR;
		tess_put_u32(&units->picture, (uint32_t)length);
		tess_put_data(&units->picture, nal, length);
	}
	if (units->picture.failed) {
		tess_bytes_free(&units->picture);
		return -ENOMEM;
	}
	unit->data = units->picture.data;
	unit->length = units->picture.length;
	if (!unit->key || has_sps) {
		unit->data += units->sets_length;
		unit->length -= units->sets_length;
	}
	return has_picture;
}

static int take_video(struct tess_rtmp_units *units, struct tess_cursor body,
		      struct tess_rtmp_unit *unit)
{
	static const char *const codecs[] = {"an unknown codec",
					     "JPEG",
					     "Sorenson H.263",
					     "screen video",
					     "VP6",
					     "VP6 with alpha",
					     "screen video 2",
					     "H.264",
					     "an unknown codec",
					     "an unknown codec",
					     "an unknown codec",
					     "an unknown codec",
					     "H.265",
					     "AV1",
					     "VP8 or VP9",
					     "an unknown codec"};
	uint8_t head = tess_get_u8(&body), type;
	uint32_t composition;

	if (head & VIDEO_ENHANCED)
		return refuse_enhanced(units, "Pictures", &body);
	if (head >> 4 == VIDEO_COMMAND)
		return 0;
	if ((head & 15) != VIDEO_AVC)
		return refuse(units, "Pictures", codecs[head & 15]);
	type = tess_get_u8(&body);
	composition = (uint32_t)tess_get_u8(&body) << 16;
	composition |= tess_get_u16(&body);
	if (body.bad)
		return -EBADMSG;
	if (type == CONFIGURATION)
		return take_video_config(units, &body);
	if (type != CODED || !units->has_video)
		return 0;
	unit->track = TESS_TRACK_VIDEO;
	/* signed, of 24 bits */
	unit->composition_ms = (int32_t)(composition << 8) / 256;
	return take_picture(units, body, unit);
}

/* The bits of a small number, the first first. */
struct bits {
	const uint8_t *data;
	unsigned at, end;
};

static uint32_t get_bits(struct bits *bits, unsigned count)
{
	uint32_t value = 0;

	for (; count; count--, bits->at++)
		value = value << 1 |
			(bits->at < bits->end ? bits->data[bits->at / 8] >> (7 - bits->at % 8) & 1u
					      : 0);
	return value;
}

/** AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), as far as it says what it is. */
static int take_audio_config(struct tess_rtmp_units *units, struct tess_cursor *body)
{
	static const uint32_t rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
					 22050, 16000, 12000, 11025, 8000,  7350};
	size_t length = tess_left(body);
	const uint8_t *data = tess_get_data(body, length);
	struct bits bits = {.data = data, .end = (unsigned)length * 8};
	uint32_t object, rate, channels;

	if (length < 2)
		return -EBADMSG;
	if (length > TESS_RTMP_MAX_AUDIO_CONFIG)
		return refuse(units, "Sound", "AAC of another kind than LC and HE");
	object = get_bits(&bits, 5);
	rate = get_bits(&bits, 4);
	if (rate == RATE_EXPLICIT)
		rate = get_bits(&bits, 24);
	else
		rate = rate < sizeof(rates) / sizeof(rates[0]) ? rates[rate] : 0;
	channels = get_bits(&bits, 4);
	if (object != OBJECT_LC && object != OBJECT_SBR && object != OBJECT_PS)
		return refuse(units, "Sound", "AAC of another kind than LC and HE");
	if (channels < 1 || channels > 2)
		return refuse(units, "Sound", "AAC of more channels than two");
	if (rate < MIN_RATE || rate > MAX_RATE)
		return refuse(units, "Sound", "AAC of a sample rate below 11025");
	if (length != units->audio_config_length || memcmp(units->audio_config, data, length) != 0)
		units->audio_changes++;
	memcpy(units->audio_config, data, length);
	units->audio_config_length = (uint8_t)length;
	units->audio_rate = rate;
	units->audio_channels = (uint8_t)channels;
	units->has_audio = true;
	return 0;
}

static int take_audio(struct tess_rtmp_units *units, struct tess_cursor body,
		      struct tess_rtmp_unit *unit)
{
	static const char *const formats[] = {"PCM",
					      "ADPCM",
					      "MP3",
					      "PCM",
					      "Nellymoser",
					      "Nellymoser",
					      "Nellymoser",
					      "G.711",
					      "G.711",
					      "enhanced RTMP",
					      "AAC",
					      "Speex",
					      "an unknown codec",
					      "an unknown codec",
					      "MP3",
					      "an unknown codec"};
	unsigned format = tess_get_u8(&body) >> 4;
	uint8_t type;

	if (format == AUDIO_ENHANCED)
		return refuse_enhanced(units, "Sound", &body);
	if (format != AUDIO_AAC)
		return refuse(units, "Sound", formats[format]);
	type = tess_get_u8(&body);
	if (body.bad)
		return -EBADMSG;
	if (type == CONFIGURATION)
		return take_audio_config(units, &body);
	if (type != CODED || !units->has_audio || !tess_left(&body))
		return 0;
	if (tess_left(&body) > TESS_RTMP_MAX_AUDIO_FRAME)
		return -EBADMSG;
	unit->track = TESS_TRACK_AUDIO;
	unit->key = true;
	unit->composition_ms = 0;
	unit->length = tess_left(&body);
	unit->data = tess_get_data(&body, unit->length);
	return 1;
}

int tess_rtmp_units_take(struct tess_rtmp_units *units, const struct tess_rtmp_message *message,
			 struct tess_rtmp_unit *unit)
{
	struct tess_cursor body = tess_cursor_of(message->data, message->length);

	/* an empty message says nothing; some publishers begin with one */
	if (!message->length)
		return 0;
	if (message->type == TESS_RTMP_VIDEO)
		return take_video(units, body, unit);
	return message->type == TESS_RTMP_AUDIO ? take_audio(units, body, unit) : 0;
}
