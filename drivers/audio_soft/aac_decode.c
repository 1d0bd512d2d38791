/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/audio_soft/aac_decode.c - AAC of any rate, mono or stereo, to 48 kHz stereo.
 *
 *   libavcodec -> interleave -> resample
 *
 * The resampler holds back 40 samples, 0.9 ms of 44.1 kHz: nobody hears that, so times do not tell.
 */
#include "drivers/audio_soft/soft.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <math.h>
#include <speex/speex_resampler.h>
#include <stdlib.h>
#include <string.h>

/* samples of a frame: 1024, with spectral band replication twice that */
#define MAX_SAMPLES	 2048
#define MIN_RATE	 11025
#define RESAMPLE_QUALITY 5
/* what is louder is no sound but damage (+24 dB over full scale) */
#define MAX_SAMPLE 16.0f

struct aac {
	struct tess_audio_decoder base; /* first: a decoder is its base */
	AVCodecContext *codec;
	AVFrame *frame;
	AVPacket *packet;
	int rate;			/* of what comes out of the codec */
	SpeexResamplerState *resampler; /* NULL at 48 kHz */
	float stereo[2 * MAX_SAMPLES];
};

static void aac_close(struct tess_audio_decoder *base)
{
	struct aac *decoder = (struct aac *)base;

	if (decoder->resampler)
		speex_resampler_destroy(decoder->resampler);
	avcodec_free_context(&decoder->codec);
	av_frame_free(&decoder->frame);
	av_packet_free(&decoder->packet);
	free(decoder);
}

/* libavcodec finds out about spectral band replication with the first frame. */
static int set_rate(struct aac *decoder, int rate)
{
	if (decoder->rate == rate)
		return 0;
	if (decoder->resampler)
		speex_resampler_destroy(decoder->resampler);
	decoder->resampler = NULL;
	decoder->rate = 0;
	if (rate != TESS_AUDIO_RATE) {
		decoder->resampler = speex_resampler_init(TESS_AUDIO_CHANNELS, (spx_uint32_t)rate,
							  TESS_AUDIO_RATE, RESAMPLE_QUALITY, NULL);
		if (!decoder->resampler)
			return -ENOMEM;
		speex_resampler_skip_zeros(decoder->resampler);
	}
	decoder->rate = rate;
	return 0;
}

static float clean(float sample)
{
	if (!(fabsf(sample) <= MAX_SAMPLE))
		return 0;
	return sample;
}

/* What libavcodec has decoded, as 48 kHz stereo. @return frames, or -EBADMSG */
static int take_out(struct aac *decoder, float *pcm)
{
	const AVFrame *frame = decoder->frame;
	int channels = frame->ch_layout.nb_channels;
	spx_uint32_t used = (spx_uint32_t)frame->nb_samples, made = TESS_AUDIO_MAX_FRAMES;
	const float *left, *right;

	if (frame->format != AV_SAMPLE_FMT_FLTP || channels < 1 || channels > 2 ||
	    frame->nb_samples < 1 || frame->nb_samples > MAX_SAMPLES ||
	    frame->sample_rate < MIN_RATE || set_rate(decoder, frame->sample_rate))
		return -EBADMSG;
	left = (const float *)frame->extended_data[0];
	right = (const float *)frame->extended_data[channels - 1];
	for (int i = 0; i < frame->nb_samples; i++) {
		decoder->stereo[2 * i] = clean(left[i]);
		decoder->stereo[2 * i + 1] = clean(right[i]);
	}
	if (decoder->resampler) {
		speex_resampler_process_interleaved_float(decoder->resampler, decoder->stereo,
							  &used, pcm, &made);
		return (int)made;
	}
	memcpy(pcm, decoder->stereo, used * TESS_AUDIO_CHANNELS * sizeof(*pcm));
	return (int)used;
}

static int aac_decode(struct tess_audio_decoder *base, const uint8_t *data, size_t length,
		      unsigned lost_frames, float *pcm)
{
	struct aac *decoder = (struct aac *)base;
	int frames = 0;

	(void)lost_frames;
	if (!data)
		return 0;
	if (length == 0 || length > 65535 || av_new_packet(decoder->packet, (int)length) < 0)
		return -EBADMSG;
	memcpy(decoder->packet->data, data, length);
	if (avcodec_send_packet(decoder->codec, decoder->packet) < 0)
		frames = -EBADMSG;
	av_packet_unref(decoder->packet);
	if (!frames && avcodec_receive_frame(decoder->codec, decoder->frame) == 0)
		frames = take_out(decoder, pcm);
	av_frame_unref(decoder->frame);
	return frames;
}

int audio_soft_aac_decoder_open(struct tess_audio_decoder **decoderp, const uint8_t *config,
				size_t length)
{
	const AVCodec *found = avcodec_find_decoder_by_name("aac");
	struct aac *decoder;
	int rc;

	if (!found)
		return -ENOTSUP;
	if (length < 2 || length > 64)
		return -EBADMSG;
	decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		return -ENOMEM;
	decoder->base = (struct tess_audio_decoder){aac_close, aac_decode};
	decoder->codec = avcodec_alloc_context3(found);
	decoder->frame = av_frame_alloc();
	decoder->packet = av_packet_alloc();
	rc = -ENOMEM;
	if (!decoder->codec || !decoder->frame || !decoder->packet)
		goto fail;
	decoder->codec->log_level_offset = AV_LOG_MAX_OFFSET; /* what fails is returned */
	decoder->codec->extradata = av_mallocz(length + AV_INPUT_BUFFER_PADDING_SIZE);
	if (!decoder->codec->extradata)
		goto fail;
	memcpy(decoder->codec->extradata, config, length);
	decoder->codec->extradata_size = (int)length;
	rc = avcodec_open2(decoder->codec, found, NULL);
	rc = rc < 0 ? (rc == AVERROR(ENOMEM) ? -ENOMEM : -EBADMSG) : 0;
	if (!rc) {
		*decoderp = &decoder->base;
		return 0;
	}
fail:
	aac_close(&decoder->base);
	return rc;
}
