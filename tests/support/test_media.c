/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/test_media.c - the encoders of a synthetic publisher.
 */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <opus/opus.h>
#include <stdlib.h>

#include "tests/support/repeat.h"
#include "tests/support/test_media.h"

#define MAX_OPUS_PACKET 1275 /* RFC 6716 §3.4, one frame */

struct tess_test_video {
	AVCodecContext *codec;
	AVFrame *frame;
	AVPacket *packet;
	struct tess_test_i420 picture;
	int64_t pts;
	bool half_disposable, repeat_next;
	struct tess_test_repeat repeat;
	uint8_t repeated[TESS_TEST_REPEAT_BYTES];
};

struct tess_test_audio {
	OpusEncoder *opus;
	uint8_t packet[MAX_OPUS_PACKET];
};

void tess_test_video_close(struct tess_test_video *video)
{
	if (!video)
		return;
	avcodec_free_context(&video->codec);
	av_frame_free(&video->frame);
	av_packet_free(&video->packet);
	free(video);
}

static int open_codec(struct tess_test_video *video, const struct tess_test_video_config *config)
{
	unsigned frame_rate = config->frame_rate ? config->frame_rate : 15;
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");

	if (!codec)
		return -ENOSYS;
	video->codec = avcodec_alloc_context3(codec);
	if (!video->codec)
		return -ENOMEM;
	video->codec->width = (int)config->width;
	video->codec->height = (int)config->height;
	video->codec->pix_fmt = AV_PIX_FMT_YUV420P;
	video->codec->time_base = (AVRational){1, (int)frame_rate};
	video->codec->framerate = (AVRational){(int)frame_rate, 1};
	video->codec->gop_size = (int)(config->gop_frames ? config->gop_frames : frame_rate);
	video->codec->thread_count = 1;
	if (config->bitrate_bps) {
		video->codec->bit_rate = config->bitrate_bps;
		video->codec->rc_max_rate = config->bitrate_bps;
		video->codec->rc_buffer_size = (int)config->bitrate_bps;
	} else {
		(void)av_opt_set(video->codec->priv_data, "crf", "26", 0);
	}
	(void)av_opt_set(video->codec->priv_data, "preset", "ultrafast", 0);
	(void)av_opt_set(video->codec->priv_data, "tune", "zerolatency", 0);
	(void)av_opt_set(video->codec->priv_data, "forced-idr", "1", 0);
	(void)av_opt_set(video->codec->priv_data, "x264-params", "log=0", 0); /* errors only */
	return avcodec_open2(video->codec, codec, NULL) ? -EINVAL : 0;
}

static int open_frame(struct tess_test_video *video)
{
	video->frame = av_frame_alloc();
	video->packet = av_packet_alloc();
	if (!video->frame || !video->packet)
		return -ENOMEM;
	video->frame->format = video->codec->pix_fmt;
	video->frame->width = video->codec->width;
	video->frame->height = video->codec->height;
	return av_frame_get_buffer(video->frame, 0) ? -ENOMEM : 0;
}

int tess_test_video_open(struct tess_test_video **videop,
			 const struct tess_test_video_config *config)
{
	struct tess_test_video *video;
	int error;

	if (!config->width || !config->height || config->width % 2 || config->height % 2)
		return -EINVAL;
	video = calloc(1, sizeof(*video));
	if (!video)
		return -ENOMEM;
	video->half_disposable = config->half_disposable;
	error = open_codec(video, config);
	if (!error)
		error = open_frame(video);
	if (error) {
		tess_test_video_close(video);
		return error;
	}
	*videop = video;
	return 0;
}

const struct tess_test_i420 *tess_test_video_picture(struct tess_test_video *video)
{
	/* the encoder may have kept a reference to the buffers of the last one; then these are new
	 */
	if (av_frame_make_writable(video->frame))
		abort();
	video->picture.width = (unsigned)video->frame->width;
	video->picture.height = (unsigned)video->frame->height;
	for (unsigned plane = 0; plane < 3; plane++) {
		video->picture.planes[plane] = video->frame->data[plane];
		video->picture.strides[plane] = (size_t)video->frame->linesize[plane];
	}
	return &video->picture;
}

int tess_test_video_encode(struct tess_test_video *video, bool force_key, const uint8_t **datap,
			   size_t *lengthp)
{
	if (video->repeat_next && !force_key) {
		video->repeat_next = false;
		*datap = video->repeated;
		*lengthp = tess_test_repeat_write(&video->repeat, video->repeated);
		return 0;
	}
	video->frame->pts = video->pts++;
	video->frame->pict_type = force_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	av_packet_unref(video->packet);
	if (avcodec_send_frame(video->codec, video->frame) ||
	    avcodec_receive_packet(video->codec, video->packet))
		return -EIO;
	*datap = video->packet->data;
	*lengthp = (size_t)video->packet->size;
	video->repeat_next = video->half_disposable;
	if (video->half_disposable && tess_test_repeat_note(&video->repeat, *datap, *lengthp))
		return -EIO;
	return 0;
}

int tess_test_audio_open(struct tess_test_audio **audiop, unsigned channels, unsigned bitrate_bps)
{
	struct tess_test_audio *audio;
	int error;

	if (channels < 1 || channels > 2)
		return -EINVAL;
	audio = calloc(1, sizeof(*audio));
	if (!audio)
		return -ENOMEM;
	audio->opus = opus_encoder_create(TESS_TEST_AUDIO_RATE, (int)channels,
					  OPUS_APPLICATION_AUDIO, &error);
	if (!audio->opus) {
		free(audio);
		return -ENOMEM;
	}
	(void)opus_encoder_ctl(
		audio->opus, OPUS_SET_BITRATE((int)(bitrate_bps ? bitrate_bps : 32000 * channels)));
	(void)opus_encoder_ctl(audio->opus, OPUS_SET_COMPLEXITY(0));
	*audiop = audio;
	return 0;
}

void tess_test_audio_close(struct tess_test_audio *audio)
{
	if (!audio)
		return;
	opus_encoder_destroy(audio->opus);
	free(audio);
}

int tess_test_audio_encode(struct tess_test_audio *audio, const float *pcm, const uint8_t **datap,
			   size_t *lengthp)
{
	int length = opus_encode_float(audio->opus, pcm, TESS_TEST_AUDIO_FRAMES, audio->packet,
				       sizeof(audio->packet));

	if (length <= 0)
		return -EIO;
	*datap = audio->packet;
	*lengthp = (size_t)length;
	return 0;
}
