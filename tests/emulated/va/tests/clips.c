/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/clips.c - clips FOLDER [PERSONALITY]: every clip there through
 * libavcodec's VA-API decoder comes out as its software decoder has it, bit for bit.
 */
#include <libavcodec/avcodec.h>
#include <libavutil/hwcontext.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/tests/rig.h"

#define MAX_PICTURES 64

struct pictures {
	AVFrame *frames[MAX_PICTURES]; /* NV12 or I420 in memory */
	unsigned count;
};

static enum AVPixelFormat only_vaapi(AVCodecContext *codec, const enum AVPixelFormat *formats)
{
	(void)codec;
	while (*formats != AV_PIX_FMT_NONE && *formats != AV_PIX_FMT_VAAPI)
		formats++;
	return *formats;
}

static void keep(struct pictures *pictures, AVFrame *frame)
{
	AVFrame *copy = av_frame_alloc();
	MUST(copy && pictures->count < MAX_PICTURES);
	if (frame->format == AV_PIX_FMT_VAAPI) {
		MUST(av_hwframe_transfer_data(copy, frame, 0) == 0);
		MUST(copy->format == AV_PIX_FMT_NV12);
		copy->width = frame->width;
		copy->height = frame->height;
	} else {
		MUST(frame->format == AV_PIX_FMT_YUV420P);
		MUST(av_frame_ref(copy, frame) == 0);
	}
	pictures->frames[pictures->count++] = copy;
	av_frame_unref(frame);
}

static void decode(struct pictures *pictures, AVBufferRef *device, const uint8_t *data,
		   size_t length)
{
	const AVCodec *h264 = avcodec_find_decoder(AV_CODEC_ID_H264);
	AVCodecContext *codec = avcodec_alloc_context3(h264);
	AVCodecParserContext *parser = av_parser_init(AV_CODEC_ID_H264);
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	MUST(codec && parser && packet && frame);
	codec->thread_count = 1;
	if (device) {
		codec->hw_device_ctx = av_buffer_ref(device);
		codec->get_format = only_vaapi;
	}
	MUST(avcodec_open2(codec, h264, NULL) == 0);
	size_t at = 0;
	for (bool more = true; more;) {
		bool flushing = at == length;
		int used = av_parser_parse2(parser, codec, &packet->data, &packet->size, data + at,
					    (int)(length - at), AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
		MUST(used >= 0);
		at += (size_t)used;
		more = packet->size || !flushing;
		if (packet->size || !more)
			MUST(avcodec_send_packet(codec, more ? packet : NULL) == 0);
		while (avcodec_receive_frame(codec, frame) == 0)
			keep(pictures, frame);
	}
	packet->data = NULL;
	packet->size = 0;
	av_packet_free(&packet);
	av_frame_free(&frame);
	av_parser_close(parser);
	avcodec_free_context(&codec);
}

static bool equal(const AVFrame *nv12, const AVFrame *i420)
{
	if (nv12->width != i420->width || nv12->height != i420->height)
		return false;
	for (int y = 0; y < nv12->height; y++)
		if (memcmp(nv12->data[0] + (ptrdiff_t)y * nv12->linesize[0],
			   i420->data[0] + (ptrdiff_t)y * i420->linesize[0],
			   (size_t)nv12->width) != 0)
			return false;
	for (int y = 0; y < nv12->height / 2; y++)
		for (int x = 0; x < nv12->width / 2; x++) {
			const uint8_t *uv =
				nv12->data[1] + (ptrdiff_t)y * nv12->linesize[1] + 2 * x;
			if (uv[0] != i420->data[1][(ptrdiff_t)y * i420->linesize[1] + x] ||
			    uv[1] != i420->data[2][(ptrdiff_t)y * i420->linesize[2] + x])
				return false;
		}
	return true;
}

static uint8_t *load(const char *folder, const char *name, size_t *length)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	MUST(file && fseek(file, 0, SEEK_END) == 0);
	*length = (size_t)ftell(file);
	rewind(file);
	uint8_t *data = calloc(1, *length + AV_INPUT_BUFFER_PADDING_SIZE);
	MUST(data && fread(data, 1, *length, file) == *length);
	fclose(file);
	return data;
}

/* @return pictures that differ */
static unsigned compare(const char *folder, const char *name, AVBufferRef *device)
{
	struct pictures hardware = {0}, software = {0};
	size_t length;
	uint8_t *data = load(folder, name, &length);
	decode(&hardware, device, data, length);
	decode(&software, NULL, data, length);
	unsigned different = 0;
	MUST(software.count > 0);
	for (unsigned i = 0; i < software.count; i++) {
		different += i >= hardware.count || !equal(hardware.frames[i], software.frames[i]);
		av_frame_free(&software.frames[i]);
	}
	for (unsigned i = 0; i < hardware.count; i++)
		av_frame_free(&hardware.frames[i]);
	printf("%s: %u pictures, %u by the device, %u differ\n", name, software.count,
	       hardware.count, different);
	free(data);
	return different + (hardware.count != software.count);
}

int main(int argc, char **argv)
{
	MUST(argc >= 2);
	struct rig rig;
	AVBufferRef *device = NULL;
	unsigned clips = 0, different = 0;
	/* a second display of the device, as libavcodec opens it */
	rig_open(&rig, argc > 2 ? argv[2] : "");
	MUST(av_hwdevice_ctx_create(&device, AV_HWDEVICE_TYPE_VAAPI, rig.path, NULL, 0) == 0);
	DIR *folder = opendir(argv[1]);
	MUST(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		const char *dot = strrchr(entry->d_name, '.');
		if (!dot || strcmp(dot, ".h264") != 0)
			continue;
		different += compare(argv[1], entry->d_name, device);
		clips++;
	}
	closedir(folder);
	av_buffer_unref(&device);
	struct emu_va_stats stats = rig_stats(&rig);
	rig_close(&rig);
	rig_remove(&rig);
	MUST(clips >= 14);
	MUST(stats.decoded == stats.downloads && stats.decoded >= 45 * 14 && stats.damaged == 0);
	return different != 0;
}
