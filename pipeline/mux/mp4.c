/* SPDX-License-Identifier: GPL-3.0-or-later
 * Boxes that the fragmented and the plain form of a recording share.
 */
#include "pipeline/mux/mp4.h"

#include <errno.h>
#include <string.h>

/** From 1904-01-01 to 1970-01-01. */
#define EPOCH_1904_S 2082844800

/* samplingFrequencyIndex without those that are not a rate */
static const uint32_t audio_rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
				       22050, 16000, 12000, 11025, 8000,  7350};
#define AUDIO_RATES (sizeof(audio_rates) / sizeof(audio_rates[0]))

/** Audio object type 34 is Layer 3: written as 31 and six bits of what is more than 32. */
static int parse_mp3(struct tess_mp4_audio *audio, const uint8_t *config, size_t length)
{
	unsigned index, channels;

	if (length < 3 || ((config[0] & 7u) << 3 | config[1] >> 5) != 34 - 32)
		return -EBADMSG;
	index = config[1] >> 1 & 15;
	channels = (config[1] & 1u) << 3 | config[2] >> 5;
	if (index >= AUDIO_RATES || channels < 1 || channels > 2)
		return -EBADMSG;
	*audio = (struct tess_mp4_audio){audio_rates[index], (uint8_t)channels, true};
	return 0;
}

int tess_mp4_audio_parse(struct tess_mp4_audio *audio, const uint8_t *config, size_t length)
{
	unsigned index, channels;
	uint32_t rate;

	if (length < 2 || length > TESS_MP4_MAX_ASC)
		return -EBADMSG;
	if (config[0] >> 3 == 31)
		return parse_mp3(audio, config, length);
	index = (config[0] & 7u) << 1 | config[1] >> 7;
	if (index == 15) { /* the rate itself follows */
		if (length < 5)
			return -EBADMSG;
		rate = (config[1] & 0x7fu) << 17 | (uint32_t)config[2] << 9 |
		       (uint32_t)config[3] << 1 | config[4] >> 7;
		channels = config[4] >> 3 & 15;
	} else if (index < AUDIO_RATES) {
		rate = audio_rates[index];
		channels = config[1] >> 3 & 15;
	} else {
		return -EBADMSG;
	}
	if (rate < 1000 || rate > 192000)
		return -EBADMSG;
	if (channels < 1 || channels > 7)
		return -ENOTSUP;
	*audio = (struct tess_mp4_audio){rate, (uint8_t)(channels == 7 ? 8 : channels), false};
	return 0;
}

int tess_mp4_video_track(struct tess_mp4_track *track, const uint8_t *avcc, size_t length)
{
	struct tess_h264_config config;
	int error = tess_h264_config_from_avcc(&config, avcc, length);

	if (error)
		return error;
	track->timescale = TESS_MP4_VIDEO_TIMESCALE;
	track->description.length = config.avcc_length;
	memcpy(track->description.data, config.avcc, config.avcc_length);
	return 0;
}

int tess_mp4_audio_track(struct tess_mp4_track *track, const uint8_t *config, size_t length)
{
	struct tess_mp4_audio audio;
	int error = tess_mp4_audio_parse(&audio, config, length);

	if (error)
		return error;
	track->timescale = audio.rate;
	track->description.length = (uint16_t)length;
	memcpy(track->description.data, config, length);
	return 0;
}

uint64_t tess_mp4_ticks(int64_t time_us, uint32_t timescale)
{
	uint64_t us = time_us > 0 ? (uint64_t)time_us : 0;

	/* in two steps, so that no recording is too long for 64 bits */
	return us / 1000000 * timescale + (us % 1000000 * timescale + 500000) / 1000000;
}

int64_t tess_mp4_us(uint64_t ticks, uint32_t timescale)
{
	return (int64_t)(ticks / timescale * 1000000 +
			 (ticks % timescale * 1000000 + timescale / 2) / timescale);
}

static uint64_t seconds_1904(int64_t utc_us)
{
	return (uint64_t)(utc_us / 1000000 + EPOCH_1904_S);
}

static void put_matrix(struct tess_bytes *out)
{
	static const uint32_t unity[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};

	for (unsigned i = 0; i < 9; i++)
		tess_put_u32(out, unity[i]);
}

void tess_mp4_put_mvhd(struct tess_bytes *out, int64_t created_utc_us, uint64_t duration)
{
	size_t box = tess_full_box_begin(out, "mvhd", 1, 0);

	tess_put_u64(out, seconds_1904(created_utc_us));
	tess_put_u64(out, seconds_1904(created_utc_us));
	tess_put_u32(out, TESS_MP4_MOVIE_TIMESCALE);
	tess_put_u64(out, duration);
	tess_put_u32(out, 0x10000); /* rate 1.0 */
	tess_put_u16(out, 0x100);   /* volume 1.0 */
	tess_put_zeros(out, 10);
	put_matrix(out);
	tess_put_zeros(out, 24);
	tess_put_u32(out, TESS_MP4_TRACKS + 1); /* next_track_ID */
	tess_box_end(out, box);
}

/** As it is to be shown, 16.16: the samples' shape is in the width (ISO/IEC 14496-12 §8.3.2), as
 * long as that is a width. */
static uint32_t shown_width(const struct tess_h264_sps *sps)
{
	uint64_t coded = (uint64_t)sps->width << 16, shown = coded;

	if (sps->sar_width)
		shown = coded * sps->sar_width / sps->sar_height;
	return (uint32_t)(shown >= 0x10000 && shown <= UINT32_MAX ? shown : coded);
}

void tess_mp4_put_tkhd(struct tess_bytes *out, enum tess_track track, int64_t created_utc_us,
		       uint64_t duration, const struct tess_mp4_description *description)
{
	size_t box = tess_full_box_begin(out, "tkhd", 1, 3); /* enabled, in movie */
	struct tess_h264_config config;

	tess_put_u64(out, seconds_1904(created_utc_us));
	tess_put_u64(out, seconds_1904(created_utc_us));
	tess_put_u32(out, track);
	tess_put_u32(out, 0);
	tess_put_u64(out, duration);
	tess_put_zeros(out, 8);
	tess_put_u16(out, 0); /* layer */
	tess_put_u16(out, 0); /* alternate group */
	tess_put_u16(out, track == TESS_TRACK_AUDIO ? 0x100 : 0);
	tess_put_u16(out, 0);
	put_matrix(out);
	if (track == TESS_TRACK_VIDEO &&
	    !tess_h264_config_from_avcc(&config, description->data, description->length)) {
		tess_put_u32(out, shown_width(&config.sps));
		tess_put_u32(out, (uint32_t)config.sps.height << 16);
	} else {
		tess_put_u64(out, 0);
	}
	tess_box_end(out, box);
}

void tess_mp4_put_media_headers(struct tess_bytes *out, enum tess_track track, uint32_t timescale,
				int64_t created_utc_us, uint64_t duration)
{
	bool video = track == TESS_TRACK_VIDEO;
	size_t box = tess_full_box_begin(out, "mdhd", 1, 0);

	tess_put_u64(out, seconds_1904(created_utc_us));
	tess_put_u64(out, seconds_1904(created_utc_us));
	tess_put_u32(out, timescale);
	tess_put_u64(out, duration);
	tess_put_u16(out, 0x55c4); /* language "und" */
	tess_put_u16(out, 0);
	tess_box_end(out, box);

	box = tess_full_box_begin(out, "hdlr", 0, 0);
	tess_put_u32(out, 0);
	tess_put_data(out, video ? "vide" : "soun", 4);
	tess_put_zeros(out, 12);
	tess_put_data(out, video ? "video" : "sound", 6);
	tess_box_end(out, box);
}

void tess_mp4_put_minf_headers(struct tess_bytes *out, enum tess_track track)
{
	bool video = track == TESS_TRACK_VIDEO;
	size_t box, dinf;

	box = video ? tess_full_box_begin(out, "vmhd", 0, 1)
		    : tess_full_box_begin(out, "smhd", 0, 0);
	tess_put_zeros(out, video ? 8 : 4);
	tess_box_end(out, box);

	dinf = tess_box_begin(out, "dinf");
	box = tess_full_box_begin(out, "dref", 0, 0);
	tess_put_u32(out, 1);
	tess_box_end(out, tess_full_box_begin(out, "url ", 0, 1)); /* the media are in this file */
	tess_box_end(out, box);
	tess_box_end(out, dinf);
}

/** AVCSampleEntry, ISO/IEC 14496-15 §5.3.4 */
static void put_avc1(struct tess_bytes *out, const struct tess_mp4_description *description)
{
	struct tess_h264_config config = {0};
	size_t box = tess_box_begin(out, "avc1"), avcc, pasp;

	if (tess_h264_config_from_avcc(&config, description->data, description->length))
		config.sps.width = config.sps.height = 0;
	tess_put_zeros(out, 6);
	tess_put_u16(out, 1); /* data_reference_index */
	tess_put_zeros(out, 16);
	tess_put_u16(out, config.sps.width);
	tess_put_u16(out, config.sps.height);
	tess_put_u32(out, 0x480000); /* 72 dpi */
	tess_put_u32(out, 0x480000);
	tess_put_u32(out, 0);
	tess_put_u16(out, 1);	 /* frame_count */
	tess_put_zeros(out, 32); /* compressorname */
	tess_put_u16(out, 24);	 /* depth */
	tess_put_u16(out, 0xffff);
	avcc = tess_box_begin(out, "avcC");
	tess_put_data(out, description->data, description->length);
	tess_box_end(out, avcc);
	/* without it some players take the shape from the track's size, which is that of the first
	 * description, and show all others distorted */
	pasp = tess_box_begin(out, "pasp");
	tess_put_u32(out, config.sps.sar_width ? config.sps.sar_width : 1);
	tess_put_u32(out, config.sps.sar_width ? config.sps.sar_height : 1);
	tess_box_end(out, pasp);
	tess_box_end(out, box);
}

/** One descriptor with its length in one byte; all of ours are short (ISO/IEC 14496-1 §8.3.3). */
static void put_descriptor(struct tess_bytes *out, uint8_t tag, size_t length)
{
	tess_put_u8(out, tag);
	tess_put_u8(out, (uint8_t)length);
}

/** MP4AudioSampleEntry, ISO/IEC 14496-14 §5.6 */
static void put_mp4a(struct tess_bytes *out, const struct tess_mp4_description *description)
{
	size_t box = tess_box_begin(out, "mp4a"), esds, length = description->length;
	struct tess_mp4_audio audio = {0};

	if (tess_mp4_audio_parse(&audio, description->data, length))
		audio.rate = audio.channels = 0;
	tess_put_zeros(out, 6);
	tess_put_u16(out, 1); /* data_reference_index */
	tess_put_zeros(out, 8);
	tess_put_u16(out, audio.channels);
	tess_put_u16(out, 16);
	tess_put_u32(out, 0);
	tess_put_u32(out, audio.rate <= 0xffff ? audio.rate << 16 : 0);
	esds = tess_full_box_begin(out, "esds", 0, 0);
	put_descriptor(out, 3, 3 + 2 + 13 + 2 + length + 3); /* ES_Descriptor */
	tess_put_u16(out, TESS_TRACK_AUDIO);
	tess_put_u8(out, 0);
	put_descriptor(out, 4, 13 + 2 + length); /* DecoderConfigDescriptor */
	tess_put_u8(out, 0x40);			 /* ISO/IEC 14496-3 */
	tess_put_u8(out, 0x15);			 /* audio stream */
	tess_put_u24(out, 0);			 /* bufferSizeDB */
	tess_put_u32(out, 0);			 /* maxBitrate, unknown */
	tess_put_u32(out, 0);			 /* avgBitrate, variable */
	put_descriptor(out, 5, length);		 /* DecoderSpecificInfo */
	tess_put_data(out, description->data, length);
	put_descriptor(out, 6, 1); /* SLConfigDescriptor */
	tess_put_u8(out, 2);
	tess_box_end(out, esds);
	tess_box_end(out, box);
}

void tess_mp4_put_stsd(struct tess_bytes *out, enum tess_track track,
		       const struct tess_mp4_description *descriptions, unsigned count)
{
	size_t box = tess_full_box_begin(out, "stsd", 0, 0);

	tess_put_u32(out, count);
	for (unsigned i = 0; i < count; i++) {
		if (track == TESS_TRACK_VIDEO)
			put_avc1(out, &descriptions[i]);
		else
			put_mp4a(out, &descriptions[i]);
	}
	tess_box_end(out, box);
}
