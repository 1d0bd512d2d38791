/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/image_soft/decode.c - decodes still pictures with libavcodec.
 */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/avlog/avlog.h"
#include "drivers/image_soft/formats.h"
#include "drivers/image_soft/image_soft.h"
#include "drivers/image_soft/rgba.h"

/* A progressive picture has about ten. */
#define MAX_JPEG_SCANS 64

/* A picture that cannot be decoded is told by its error alone. */
static void be_silent(void *arg, const char *line)
{
	(void)arg;
	(void)line;
}

static enum AVCodecID codec_of(enum image_format format)
{
	switch (format) {
	case IMAGE_PNG:
		return AV_CODEC_ID_PNG;
	case IMAGE_JPEG:
		return AV_CODEC_ID_MJPEG;
	case IMAGE_BMP:
		return AV_CODEC_ID_BMP;
	case IMAGE_UNKNOWN:
		break;
	}
	return AV_CODEC_ID_NONE;
}

/* What the decoder gets; it may read a little beyond the end. */
static int make_packet(AVPacket **packetp, enum image_format format, const uint8_t *data,
		       size_t length)
{
	AVPacket *packet = av_packet_alloc();

	if (!packet || av_new_packet(packet, (int)length)) {
		av_packet_free(&packet);
		return -ENOMEM;
	}
	if (format == IMAGE_PNG)
		av_shrink_packet(packet, (int)image_png_essentials(packet->data, data, length));
	else
		memcpy(packet->data, data, length);
	*packetp = packet;
	return 0;
}

static int open_decoder(AVCodecContext **contextp, enum image_format format)
{
	const AVCodec *codec = avcodec_find_decoder(codec_of(format));
	AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;

	if (!codec)
		return -ENOTSUP;
	if (!context)
		return -ENOMEM;
	context->thread_count = 1;
	context->max_pixels = TESS_IMAGE_MAX_PIXELS;
	context->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK;
	if (avcodec_open2(context, codec, NULL)) {
		avcodec_free_context(&context);
		return -ENOMEM;
	}
	*contextp = context;
	return 0;
}

static int decode_packet(AVCodecContext *context, AVPacket *packet, AVFrame *frame)
{
	int error = avcodec_send_packet(context, packet);

	if (!error)
		error = avcodec_send_packet(context, NULL);
	if (!error)
		error = avcodec_receive_frame(context, frame);
	if (!error)
		return 0;
	if (error == AVERROR(ENOMEM))
		return -ENOMEM;
	return error == AVERROR_PATCHWELCOME || error == AVERROR(ENOSYS) ? -ENOTSUP : -EBADMSG;
}

/* By its header, before a decoder takes memory for it. */
static bool is_too_large(enum image_format format, const uint8_t *data, size_t length)
{
	uint32_t width, height;

	if (!image_size(format, data, length, &width, &height))
		return false;
	return width > TESS_IMAGE_MAX_SIDE || height > TESS_IMAGE_MAX_SIDE ||
	       (uint64_t)width * height > TESS_IMAGE_MAX_PIXELS;
}

int tess_image_decode(struct tess_image_rgba *image, const void *data, size_t length)
{
	struct tess_avlog log = {.line = be_silent};
	enum image_format format = image_format_of(data, length);
	AVCodecContext *context = NULL;
	AVPacket *packet = NULL;
	AVFrame *frame;
	int error;

	memset(image, 0, sizeof(*image));
	if (format == IMAGE_UNKNOWN)
		return -EINVAL;
	if (length > TESS_IMAGE_MAX_BYTES || is_too_large(format, data, length))
		return -EFBIG;
	if (format == IMAGE_JPEG && image_jpeg_scans(data, length) > MAX_JPEG_SCANS)
		return -ENOTSUP;
	tess_avlog_begin(&log);
	frame = av_frame_alloc();
	error = frame ? make_packet(&packet, format, data, length) : -ENOMEM;
	if (!error)
		error = open_decoder(&context, format);
	if (!error)
		error = decode_packet(context, packet, frame);
	if (!error)
		error = image_to_rgba(image, frame);
	av_frame_free(&frame);
	av_packet_free(&packet);
	avcodec_free_context(&context);
	tess_avlog_end(&log);
	return error;
}

void tess_image_free(struct tess_image_rgba *image)
{
	free(image->pixels);
	memset(image, 0, sizeof(*image));
}
