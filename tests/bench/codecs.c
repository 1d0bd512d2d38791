/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-codecs FOLDER PEOPLE: the floor of a room's cost. Decodes FOLDER/clipN.h264 and clipN.ogg,
 * encodes FOLDER/composed.yuv (1280x720@15) and mixed.f32 (48 kHz stereo), all by libavcodec alone
 * and from memory, and prints the CPU seconds for each second of output. Reading files and finding
 * frames in them is not counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH	    1280
#define HEIGHT	    720
#define RATE	    15
#define MAX_UNITS   4096
#define PICTURE	    (WIDTH * HEIGHT * 3 / 2)
#define AUDIO_FRAME 1024

struct units {
	AVPacket *packets[MAX_UNITS];
	int count;
};

static void die(const char *what)
{
	fprintf(stderr, "bench-codecs: %s\n", what);
	exit(1);
}

static const uint8_t *map_file(const char *folder, const char *name, size_t *size)
{
	char path[1024];
	struct stat st;
	void *data;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (data == MAP_FAILED)
		die(path);
	(void)close(fd);
	*size = (size_t)st.st_size;
	return data;
}

static void add(struct units *units, const uint8_t *data, int size)
{
	AVPacket *packet = av_packet_alloc();

	if (!packet || units->count == MAX_UNITS || av_new_packet(packet, size) < 0)
		die("out of memory");
	memcpy(packet->data, data, (size_t)size);
	units->packets[units->count++] = packet;
}

/* Access units of an Annex B file. */
static void read_h264(struct units *units, const char *folder, const char *name)
{
	AVCodecParserContext *parser = av_parser_init(AV_CODEC_ID_H264);
	AVCodecContext *context = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
	size_t left;
	const uint8_t *data = map_file(folder, name, &left);

	for (;;) {
		uint8_t *out;
		int out_size;
		int used = av_parser_parse2(parser, context, &out, &out_size, data, (int)left,
					    AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);

		if (out_size)
			add(units, out, out_size);
		else if (!left)
			break;
		data += used;
		left -= (size_t)used;
	}
	av_parser_close(parser);
	avcodec_free_context(&context);
}

/* Packets of an Ogg Opus file (RFC 3533, RFC 7845): the two header packets are left out. */
static void read_opus(struct units *units, const char *folder, const char *name)
{
	uint8_t packet[65536];
	size_t length = 0, left;
	const uint8_t *page = map_file(folder, name, &left);
	int index = 0;

	while (left >= 27 && !memcmp(page, "OggS", 4)) {
		size_t lacing = page[26], body = 27 + lacing, at = body;

		for (size_t i = 0; i < lacing; i++) {
			size_t n = page[27 + i];

			if (length + n > sizeof(packet) || at + n > left)
				die("bad Ogg file");
			memcpy(packet + length, page + at, n);
			length += n;
			at += n;
			if (n < 255) {
				if (index++ >= 2)
					add(units, packet, (int)length);
				length = 0;
			}
		}
		page += at;
		left -= at;
	}
}

static void decode(struct units *units, enum AVCodecID id)
{
	const AVCodec *codec = id == AV_CODEC_ID_OPUS ? avcodec_find_decoder_by_name("libopus")
						      : avcodec_find_decoder(id);
	AVCodecContext *context = avcodec_alloc_context3(codec);
	AVFrame *frame = av_frame_alloc();

	context->thread_count = 1;
	context->flags |= AV_CODEC_FLAG_LOW_DELAY;
	if (id == AV_CODEC_ID_OPUS) {
		context->sample_rate = 48000;
		av_channel_layout_default(&context->ch_layout, 2);
	}
	if (avcodec_open2(context, codec, NULL) < 0)
		die("decoder");
	for (int i = 0; i < units->count; i++) {
		if (avcodec_send_packet(context, units->packets[i]) < 0)
			die("decoding");
		while (avcodec_receive_frame(context, frame) == 0)
			av_frame_unref(frame);
	}
	av_frame_free(&frame);
	avcodec_free_context(&context);
}

static void encode(AVCodecContext *context, AVFrame *frame)
{
	AVPacket *packet = av_packet_alloc();

	if (avcodec_send_frame(context, frame) < 0)
		die("encoding");
	while (avcodec_receive_packet(context, packet) == 0)
		av_packet_unref(packet);
	av_packet_free(&packet);
}

/* The mapping outlives every frame. */
static void keep(void *opaque, uint8_t *data)
{
	(void)opaque;
	(void)data;
}

static int encode_video(const uint8_t *data, size_t size)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *context = avcodec_alloc_context3(codec);
	AVFrame *frame = av_frame_alloc();
	int count = (int)(size / PICTURE);

	context->width = WIDTH;
	context->height = HEIGHT;
	context->pix_fmt = AV_PIX_FMT_YUV420P;
	context->time_base = (AVRational){1, RATE};
	context->framerate = (AVRational){RATE, 1};
	context->gop_size = 3 * RATE;
	context->thread_count = 1;
	context->bit_rate = context->rc_max_rate = context->rc_buffer_size = 1500000;
	(void)av_opt_set(context->priv_data, "preset", "superfast", 0);
	(void)av_opt_set(context->priv_data, "tune", "zerolatency", 0);
	(void)av_opt_set_int(context, "sc_threshold", 0, 0);
	if (avcodec_open2(context, codec, NULL) < 0)
		die("x264");
	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = WIDTH;
	frame->height = HEIGHT;
	for (int i = 0; i < count; i++) {
		uint8_t *picture = (uint8_t *)data + (size_t)i * PICTURE;

		/* wrapped, not copied: x264 copies it */
		frame->buf[0] =
			av_buffer_create(picture, PICTURE, keep, NULL, AV_BUFFER_FLAG_READONLY);
		frame->data[0] = picture;
		frame->data[1] = picture + WIDTH * HEIGHT;
		frame->data[2] = frame->data[1] + WIDTH * HEIGHT / 4;
		frame->linesize[0] = WIDTH;
		frame->linesize[1] = frame->linesize[2] = WIDTH / 2;
		frame->pts = i;
		encode(context, frame);
		av_buffer_unref(&frame->buf[0]);
	}
	memset(frame->data, 0, sizeof(frame->data));
	av_frame_free(&frame);
	avcodec_free_context(&context);
	return count;
}

static void encode_audio(const float *pcm, size_t frames)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	AVCodecContext *context = avcodec_alloc_context3(codec);
	AVFrame *frame = av_frame_alloc();

	context->sample_rate = 48000;
	context->sample_fmt = AV_SAMPLE_FMT_FLTP;
	context->bit_rate = 64000;
	av_channel_layout_default(&context->ch_layout, 2);
	(void)av_opt_set(context->priv_data, "aac_coder", "fast", 0); /* as the box has it */
	if (avcodec_open2(context, codec, NULL) < 0)
		die("aac");
	frame->format = AV_SAMPLE_FMT_FLTP;
	frame->nb_samples = AUDIO_FRAME;
	frame->sample_rate = 48000;
	(void)av_channel_layout_copy(&frame->ch_layout, &context->ch_layout);
	if (av_frame_get_buffer(frame, 0) < 0)
		die("out of memory");
	for (size_t at = 0; at + AUDIO_FRAME <= frames; at += AUDIO_FRAME) {
		if (av_frame_make_writable(frame) < 0)
			die("out of memory");
		for (size_t i = 0; i < AUDIO_FRAME; i++) {
			((float *)frame->data[0])[i] = pcm[2 * (at + i)];
			((float *)frame->data[1])[i] = pcm[2 * (at + i) + 1];
		}
		frame->pts = (int64_t)at;
		encode(context, frame);
	}
	av_frame_free(&frame);
	avcodec_free_context(&context);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	int people = argc == 3 ? atoi(argv[2]) : 0, pictures;
	struct units *video, *audio;
	const uint8_t *yuv, *pcm;
	size_t yuv_size, pcm_size;
	double start, decoded, end, seconds;

	if (people < 1 || people > 16)
		die("usage: bench-codecs FOLDER PEOPLE");
	av_log_set_level(AV_LOG_ERROR);
	video = calloc((size_t)people, sizeof(*video));
	audio = calloc((size_t)people, sizeof(*audio));
	if (!video || !audio)
		die("out of memory");
	for (int i = 0; i < people; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "clip%d.h264", i);
		read_h264(&video[i], argv[1], name);
		(void)snprintf(name, sizeof(name), "clip%d.ogg", i);
		read_opus(&audio[i], argv[1], name);
	}
	yuv = map_file(argv[1], "composed.yuv", &yuv_size);
	pcm = map_file(argv[1], "mixed.f32", &pcm_size);

	start = cpu_seconds();
	for (int i = 0; i < people; i++) {
		decode(&video[i], AV_CODEC_ID_H264);
		decode(&audio[i], AV_CODEC_ID_OPUS);
	}
	decoded = cpu_seconds();
	pictures = encode_video(yuv, yuv_size);
	encode_audio((const float *)pcm, pcm_size / sizeof(float) / 2);
	end = cpu_seconds();
	seconds = (double)pictures / RATE;
	printf("cpu=%.4f decode=%.4f encode=%.4f\n", (end - start) / seconds,
	       (decoded - start) / seconds, (end - decoded) / seconds);
	return 0;
}
