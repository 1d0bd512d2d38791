/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/audio_soft/encoder.c - 48 kHz stereo to AAC-LC or MP3 of any rate and 1 or 2 channels.
 *
 *   mix down -> resample -> fifo -> frames of 1024 (MP3: 1152 or 576) -> libavcodec
 *
 * Every sample keeps its media time: the delays of the resampler and of the encoder are taken off,
 * and a jump of the time fed is a jump of the time that comes out. (LAME's delay is no whole number
 * of frames: the MP3 frame in which a jump is has the time from before it.)
 */
#include "drivers/audio_soft/soft.h"
#include "drivers/audio_soft/timeline.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <math.h>
#include <speex/speex_resampler.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 960 /* frames handled at a time on the way in */
/* fed and not yet encoded; a caller that drains after each feed needs a tenth of it */
#define FIFO_FRAMES 65536
/* time stamps that are this near to where the last feed ended continue it */
#define JUMP_US 1000
/* speexdsp's quality, 0 to 10; at 5 the stop band is below what AAC leaves of it */
#define RESAMPLE_QUALITY 5
/* -180 dB */
#define SILENCE 1e-9f
/* from here on libavcodec's "fast" coder is the better one */
#define FAST_CODER_BPS 64000
#define MAX_CONFIG     64

struct tess_audio_encoder {
	AVCodecContext *codec;
	AVFrame *frame;
	AVPacket *packet;		/* the last one handed out */
	SpeexResamplerState *resampler; /* NULL at 48 kHz */
	uint32_t rate;
	unsigned channels;
	unsigned frame_samples;
	uint8_t config[MAX_CONFIG]; /* AudioSpecificConfig */
	size_t config_length;
	int64_t fed;		   /* frames at 48 kHz, silence put in included */
	int64_t sent;		   /* samples given to the encoder */
	struct audio_timeline in;  /* of frames fed; the last anchor counts */
	struct audio_timeline out; /* of samples encoded */
	unsigned fifo_fill;
	float fifo[2][FIFO_FRAMES];
};

/* The bit rate nearest to the one wanted that frames of this rate can have (ISO/IEC 11172-3
 * §2.4.2.3, 13818-3 §2.4.2.3; at 8 kHz LAME's MPEG-2.5 ends at 64). */
static uint32_t mp3_bitrate(uint32_t sample_rate, uint32_t wanted_bps)
{
	static const uint16_t mpeg1[] = {32,  40,  48,	56,  64,  80,  96,
					 112, 128, 160, 192, 224, 256, 320};
	static const uint16_t mpeg2[] = {8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160};
	const uint16_t *rates = sample_rate >= 32000 ? mpeg1 : mpeg2;
	size_t count = sample_rate < 16000 ? 8 : sizeof(mpeg1) / sizeof(mpeg1[0]);
	uint32_t best = rates[0] * 1000u;

	for (size_t i = 1; i < count; i++) {
		uint32_t bps = rates[i] * 1000u;
		if (llabs((int64_t)bps - wanted_bps) < llabs((int64_t)best - wanted_bps))
			best = bps;
	}
	return best;
}

/* An AudioSpecificConfig of audio object type 34, Layer 3 (ISO/IEC 14496-3 §1.6.2.1, subpart 9) */
static void make_mp3_config(struct tess_audio_encoder *encoder)
{
	static const uint32_t rates[] = {96000, 88200, 64000, 48000, 44100, 32000,
					 24000, 22050, 16000, 12000, 11025, 8000};
	uint32_t index = 0;

	while (rates[index] != encoder->rate)
		index++;
	/* 31 and 34 - 32, the rate's index, channels, extension 0 */
	uint32_t bits = 31u << 19 | 2u << 13 | index << 9 | encoder->channels << 5;
	encoder->config[0] = (uint8_t)(bits >> 16);
	encoder->config[1] = (uint8_t)(bits >> 8);
	encoder->config[2] = (uint8_t)bits;
	encoder->config_length = 3;
}

/* What the codec alone has. @retval 0, -EINVAL */
static int configure_mp3(struct tess_audio_encoder *encoder,
			 const struct tess_audio_encoder_config *config)
{
	encoder->codec->bit_rate = mp3_bitrate(config->sample_rate, config->bitrate_bps);
	make_mp3_config(encoder);
	/* each frame holds its own sound: a file may be cut between any two */
	return av_opt_set(encoder->codec->priv_data, "reservoir", "0", 0) < 0 ? -EINVAL : 0;
}

static int configure_aac(struct tess_audio_encoder *encoder,
			 const struct tess_audio_encoder_config *config)
{
	AVCodecContext *codec = encoder->codec;
	codec->bit_rate = config->bitrate_bps;
	codec->profile = FF_PROFILE_AAC_LOW;
	codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	/* its default puts tones up to 1.6 dB off at 64 kbit/s, this one 0.2 dB, for less time */
	if (config->bitrate_bps < FAST_CODER_BPS)
		return 0;
	return av_opt_set(codec->priv_data, "aac_coder", "fast", 0) < 0 ? -EINVAL : 0;
}

/* libavcodec has the AAC encoder's description when it is open. */
static int take_config(struct tess_audio_encoder *encoder)
{
	const AVCodecContext *codec = encoder->codec;

	encoder->frame_samples = (unsigned)codec->frame_size;
	if (codec->frame_size < 1)
		return -EINVAL;
	if (encoder->config_length)
		return 0;
	if (!codec->extradata || codec->extradata_size > MAX_CONFIG)
		return -EINVAL;
	encoder->config_length = (size_t)codec->extradata_size;
	memcpy(encoder->config, codec->extradata, encoder->config_length);
	return 0;
}

static int configure(struct tess_audio_encoder *encoder,
		     const struct tess_audio_encoder_config *config)
{
	AVCodecContext *codec = encoder->codec;
	codec->log_level_offset = AV_LOG_MAX_OFFSET; /* nothing of it */
	codec->sample_fmt = AV_SAMPLE_FMT_FLTP;
	codec->sample_rate = (int)config->sample_rate;
	codec->time_base = (AVRational){1, (int)config->sample_rate};
	av_channel_layout_default(&codec->ch_layout, config->channels);
	int err = config->mp3 ? configure_mp3(encoder, config) : configure_aac(encoder, config);
	if (err)
		return err;
	err = avcodec_open2(codec, codec->codec, NULL);
	if (err < 0)
		return err == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
	err = take_config(encoder);
	if (err)
		return err;

	AVFrame *frame = encoder->frame;
	frame->format = codec->sample_fmt;
	frame->sample_rate = codec->sample_rate;
	frame->nb_samples = codec->frame_size;
	if (av_channel_layout_copy(&frame->ch_layout, &codec->ch_layout) < 0 ||
	    av_frame_get_buffer(frame, 0) < 0)
		return -ENOMEM;
	if (config->sample_rate == TESS_AUDIO_RATE)
		return 0;
	encoder->resampler = speex_resampler_init(config->channels, TESS_AUDIO_RATE,
						  config->sample_rate, RESAMPLE_QUALITY, NULL);
	if (!encoder->resampler)
		return -ENOMEM;
	/* its first sample out is then the first one in: no delay to account for */
	speex_resampler_skip_zeros(encoder->resampler);
	return 0;
}

static bool config_valid(const struct tess_audio_encoder_config *config)
{
	static const uint32_t rates[] = {48000, 44100, 32000, 24000, 16000, 8000};
	if ((config->channels != 1 && config->channels != 2) || config->bitrate_bps == 0 ||
	    config->bitrate_bps > 1000000)
		return false;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (rates[i] == config->sample_rate)
			return true;
	return false;
}

int audio_soft_encoder_open(struct tess_audio_encoder **encoderp,
			    const struct tess_audio_encoder_config *config)
{
	if (!config_valid(config))
		return -EINVAL;
	const AVCodec *codec = avcodec_find_encoder_by_name(config->mp3 ? "libmp3lame" : "aac");
	if (!codec)
		return -ENOTSUP;
	struct tess_audio_encoder *encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		return -ENOMEM;
	encoder->rate = encoder->out.rate = config->sample_rate;
	encoder->in.rate = TESS_AUDIO_RATE;
	encoder->channels = config->channels;
	encoder->codec = avcodec_alloc_context3(codec);
	encoder->frame = av_frame_alloc();
	encoder->packet = av_packet_alloc();
	int err = -ENOMEM;
	if (encoder->codec && encoder->frame && encoder->packet)
		err = configure(encoder, config);
	if (err) {
		audio_soft_encoder_close(encoder);
		return err;
	}
	*encoderp = encoder;
	return 0;
}

void audio_soft_encoder_close(struct tess_audio_encoder *encoder)
{
	if (!encoder)
		return;
	if (encoder->resampler)
		speex_resampler_destroy(encoder->resampler);
	avcodec_free_context(&encoder->codec);
	av_frame_free(&encoder->frame);
	av_packet_free(&encoder->packet);
	free(encoder);
}

const uint8_t *audio_soft_encoder_config(const struct tess_audio_encoder *encoder, size_t *length)
{
	*length = encoder->config_length;
	return encoder->config;
}

/* append interleaved samples of the encoder's rate and channels */
static int append(struct tess_audio_encoder *encoder, const float *pcm, unsigned frames)
{
	if (frames > FIFO_FRAMES - encoder->fifo_fill)
		return -ENOMEM;
	for (unsigned c = 0; c < encoder->channels; c++) {
		float *to = encoder->fifo[c] + encoder->fifo_fill;
		for (unsigned i = 0; i < frames; i++)
			to[i] = pcm[i * encoder->channels + c];
	}
	encoder->fifo_fill += frames;
	return 0;
}

static int resample(struct tess_audio_encoder *encoder, const float *pcm, unsigned frames)
{
	float out[2 * CHUNK];
	while (frames > 0) {
		spx_uint32_t used = frames, made = CHUNK;
		speex_resampler_process_interleaved_float(encoder->resampler, pcm, &used, out,
							  &made);
		int err = append(encoder, out, made);
		if (err)
			return err;
		if (used == 0 && made == 0)
			return -EINVAL; /* cannot be: it takes or gives */
		pcm += (size_t)used * encoder->channels;
		frames -= used;
	}
	return 0;
}

/* A muted sender's decoder goes on at 1e-34, and numbers that small make the resampler and the
 * encoder up to forty times slower. What is no number is silence as well. */
static float audible(float sample)
{
	return fabsf(sample) >= SILENCE ? sample : 0.0f;
}

/* at most CHUNK stereo frames; NULL is silence */
static int take_in(struct tess_audio_encoder *encoder, const float *pcm, unsigned frames)
{
	float mixed[2 * CHUNK] = {0};
	if (pcm && encoder->channels == 1)
		for (unsigned i = 0; i < frames; i++)
			mixed[i] = audible(0.5f * (pcm[2 * i] + pcm[2 * i + 1]));
	else if (pcm)
		for (unsigned i = 0; i < 2 * frames; i++)
			mixed[i] = audible(pcm[i]);
	encoder->fed += frames;
	return encoder->resampler ? resample(encoder, mixed, frames)
				  : append(encoder, mixed, frames);
}

static int take_in_all(struct tess_audio_encoder *encoder, const float *pcm, int64_t frames)
{
	int err = 0;
	while (frames > 0 && !err) {
		unsigned run = frames < CHUNK ? (unsigned)frames : CHUNK;
		err = take_in(encoder, pcm, run);
		if (pcm)
			pcm += 2 * (size_t)run;
		frames -= run;
	}
	return err;
}

/* the sample of the encoder's rate that is heard with the next frame fed */
static int64_t next_sample(const struct tess_audio_encoder *encoder)
{
	return encoder->fed * encoder->rate / TESS_AUDIO_RATE;
}

static void anchor(struct tess_audio_encoder *encoder, int64_t pts_us)
{
	audio_timeline_anchor(&encoder->in, encoder->fed, pts_us);
	audio_timeline_anchor(&encoder->out, next_sample(encoder), pts_us);
}

/* The next frame fed is at pts_us: if that is not where the last one ended, time jumps. A gap is
 * filled with silence up to the end of the frame that is open, so that what comes after it
 * begins a frame, which can carry its own time. */
static int meet(struct tess_audio_encoder *encoder, int64_t pts_us)
{
	if (encoder->out.count == 0) {
		anchor(encoder, pts_us);
		return 0;
	}
	int64_t gap_us = pts_us - audio_timeline_pts(&encoder->in, encoder->fed);
	if (gap_us >= -JUMP_US && gap_us <= JUMP_US)
		return 0;
	if (gap_us > 0) {
		int64_t frame = encoder->frame_samples;
		int64_t boundary = (next_sample(encoder) + frame - 1) / frame * frame;
		int64_t fill = (boundary * TESS_AUDIO_RATE + encoder->rate - 1) / encoder->rate -
			       encoder->fed;
		if (gap_us <= fill * 1000000 / TESS_AUDIO_RATE)
			return take_in_all(encoder, NULL, gap_us * TESS_AUDIO_RATE / 1000000);
		int err = take_in_all(encoder, NULL, fill);
		if (err)
			return err;
	}
	anchor(encoder, pts_us);
	return 0;
}

int audio_soft_encoder_feed(struct tess_audio_encoder *encoder, const float *pcm, unsigned frames,
			    int64_t pts_us)
{
	int err = meet(encoder, pts_us);
	return err ? err : take_in_all(encoder, pcm, frames);
}

/* give the encoder the next frame. @retval 0, -EAGAIN, -ENOMEM */
static int send_frame(struct tess_audio_encoder *encoder)
{
	unsigned count = encoder->frame_samples;
	if (encoder->fifo_fill < count)
		return -EAGAIN;
	AVFrame *frame = encoder->frame;
	if (av_frame_make_writable(frame) < 0)
		return -ENOMEM;
	for (unsigned c = 0; c < encoder->channels; c++) {
		float *fifo = encoder->fifo[c];
		memcpy(frame->extended_data[c], fifo, count * sizeof(float));
		memmove(fifo, fifo + count, (encoder->fifo_fill - count) * sizeof(float));
	}
	encoder->fifo_fill -= count;
	frame->pts = encoder->sent;
	encoder->sent += count;
	return avcodec_send_frame(encoder->codec, frame) < 0 ? -ENOMEM : 0;
}

int audio_soft_encoder_next(struct tess_audio_encoder *encoder, struct tess_audio_encoded *encoded)
{
	AVPacket *packet = encoder->packet;
	for (;;) {
		int err = avcodec_receive_packet(encoder->codec, packet);
		if (err == 0)
			break;
		if (err != AVERROR(EAGAIN))
			return -ENOMEM;
		err = send_frame(encoder);
		if (err)
			return err;
	}
	/* libavcodec has taken its initial_padding off this pts */
	*encoded = (struct tess_audio_encoded){
		.data = packet->data,
		.length = (size_t)packet->size,
		.pts_us = audio_timeline_pts(&encoder->out, packet->pts),
	};
	return 0;
}
