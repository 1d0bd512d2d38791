/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/decode.c - decodes one picture by libavcodec into its surface.
 *
 * libavcodec's own output order does not matter: the picture is taken where it is allocated, so
 * each surface gets exactly the picture that was decoded for it.
 */
#include <libyuv.h>
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/decode.h"

static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
	struct emu_decoder *decoder = codec->opaque;
	int err = avcodec_default_get_buffer2(codec, frame, flags);
	if (err < 0)
		return err;
	av_frame_unref(decoder->current);
	return av_frame_ref(decoder->current, frame);
}

struct emu_decoder *emu_decoder_open(enum AVCodecID id)
{
	struct emu_decoder *decoder = emu_zalloc(sizeof(*decoder));
	const AVCodec *software = avcodec_find_decoder(id);
	decoder->current = av_frame_alloc();
	decoder->codec = avcodec_alloc_context3(software);
	if (!decoder->current || !decoder->codec)
		abort();
	AVCodecContext *codec = decoder->codec;
	codec->opaque = decoder;
	codec->get_buffer2 = get_buffer;
	codec->thread_count = 1;
	codec->flags |= AV_CODEC_FLAG_LOW_DELAY | AV_CODEC_FLAG_OUTPUT_CORRUPT;
	codec->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM;
	codec->log_level_offset = AV_LOG_MAX_OFFSET; /* nothing of it */
	if (avcodec_open2(codec, software, NULL) < 0)
		abort();
	return decoder;
}

void emu_decoder_close(void *state)
{
	struct emu_decoder *decoder = state;
	avcodec_free_context(&decoder->codec);
	av_frame_free(&decoder->current);
	free(decoder->sets);
	free(decoder);
}

static int feed(struct emu_decoder *decoder, const struct emu_decode_work *work)
{
	AVPacket *packet = av_packet_alloc();
	AVFrame *shown = av_frame_alloc();
	if (!packet || !shown || av_new_packet(packet, (int)work->length) < 0)
		abort();
	memcpy(packet->data, work->data, work->length);
	int err = avcodec_send_packet(decoder->codec, packet);
	int more;
	while ((more = avcodec_receive_frame(decoder->codec, shown)) >= 0)
		av_frame_unref(shown);
	if (err >= 0 && more != AVERROR(EAGAIN))
		err = more;
	av_packet_free(&packet);
	av_frame_free(&shown);
	return err;
}

static void copy_out(const struct emu_surface *target, const AVFrame *frame)
{
	int width = frame->width < target->width ? frame->width : target->width;
	int height = frame->height < target->height ? frame->height : target->height;
	I420ToNV12(frame->data[0], frame->linesize[0], frame->data[1], frame->linesize[1],
		   frame->data[2], frame->linesize[2], target->plane[0], target->pitch,
		   target->plane[1], target->pitch, width, height);
}

void emu_decode_execute(struct emu_picture *picture)
{
	struct emu_decoder *decoder = picture->context->state;
	struct emu_decode_work *work = picture->work;
	if (!work->second_field)
		av_frame_unref(decoder->current);
	work->damaged = feed(decoder, work) < 0;
	if (decoder->current->data[0])
		copy_out(picture->target, decoder->current);
	else
		work->damaged = true;
	picture->result = work->damaged ? VA_STATUS_ERROR_DECODING_ERROR : VA_STATUS_SUCCESS;
}

void emu_decode_finish(struct emu_device *device, struct emu_picture *picture)
{
	const struct emu_decode_work *work = picture->work;
	picture->target->error = picture->result;
	device->stats.decoded++;
	device->stats.damaged += work->damaged;
}

void emu_decode_dispose(void *disposed)
{
	struct emu_decode_work *work = disposed;
	if (work)
		free(work->data);
	free(work);
}
