/* SPDX-License-Identifier: GPL-3.0-or-later
 * bench-codecs FOLDER PEOPLE [PORT]: the floor of a room's cost. Decodes FOLDER/clipN.h264 and
 * clipN.ogg, encodes FOLDER/composed.yuv (1280x720@15) and mixed.f32 (48 kHz stereo), from memory,
 * with the codecs and settings of the box, and prints the CPU seconds for each second of output.
 * Reading files and finding frames in them is not counted.
 *
 * Without PORT one stream is decoded after the other, as fast as it goes. With it the work is that
 * of a room, in real time: RTP comes in on PORT + 4 n (video) and PORT + 2 + 4 n (audio), is
 * received in bursts and thrown away, and the pictures of all streams are decoded in turn.
 */
#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <netinet/in.h>
#include <opus/opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WIDTH	    1280
#define HEIGHT	    720
#define RATE	    15
#define MAX_UNITS   4096
#define MAX_PEOPLE  16
#define PICTURE	    (WIDTH * HEIGHT * 3 / 2)
#define AUDIO_RATE  48000
#define AUDIO_FRAME 1024
#define BURST	    64
#define PACKET	    2048

struct units {
	AVPacket *packets[MAX_UNITS];
	int count;
};

struct room {
	int people, pictures, sounds;
	struct units video[MAX_PEOPLE], audio[MAX_PEOPLE];
	AVCodecContext *h264[MAX_PEOPLE], *x264, *aac;
	OpusDecoder *opus[MAX_PEOPLE];
	const uint8_t *yuv; /* the composed pictures */
	const float *pcm;   /* the mixed sound */
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

static AVCodecContext *open_h264(void)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_H264);
	AVCodecContext *context = avcodec_alloc_context3(codec);

	context->thread_count = 1;
	context->flags |= AV_CODEC_FLAG_LOW_DELAY;
	if (avcodec_open2(context, codec, NULL) < 0)
		die("decoder");
	return context;
}

static void decode_h264(AVCodecContext *context, AVPacket *packet)
{
	AVFrame *frame = av_frame_alloc();

	if (avcodec_send_packet(context, packet) < 0)
		die("decoding");
	while (avcodec_receive_frame(context, frame) == 0)
		av_frame_unref(frame);
	av_frame_free(&frame);
}

static void decode_opus(OpusDecoder *decoder, const AVPacket *packet)
{
	float pcm[5760 * 2];

	if (opus_decode_float(decoder, packet->data, packet->size, pcm, 5760, 0) < 0)
		die("decoding");
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

static AVCodecContext *open_x264(void)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *context = avcodec_alloc_context3(codec);

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
	return context;
}

static void encode_picture(AVCodecContext *context, const uint8_t *data, int index)
{
	uint8_t *picture = (uint8_t *)data + (size_t)index * PICTURE;
	AVFrame *frame = av_frame_alloc();

	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = WIDTH;
	frame->height = HEIGHT;
	/* wrapped, not copied: x264 copies it */
	frame->buf[0] = av_buffer_create(picture, PICTURE, keep, NULL, AV_BUFFER_FLAG_READONLY);
	frame->data[0] = picture;
	frame->data[1] = picture + WIDTH * HEIGHT;
	frame->data[2] = frame->data[1] + WIDTH * HEIGHT / 4;
	frame->linesize[0] = WIDTH;
	frame->linesize[1] = frame->linesize[2] = WIDTH / 2;
	frame->pts = index;
	encode(context, frame);
	av_frame_free(&frame);
}

static AVCodecContext *open_aac(void)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	AVCodecContext *context = avcodec_alloc_context3(codec);

	context->sample_rate = AUDIO_RATE;
	context->sample_fmt = AV_SAMPLE_FMT_FLTP;
	context->bit_rate = 64000;
	av_channel_layout_default(&context->ch_layout, 2);
	(void)av_opt_set(context->priv_data, "aac_coder", "fast", 0);
	if (avcodec_open2(context, codec, NULL) < 0)
		die("aac");
	return context;
}

static void encode_sound(AVCodecContext *context, const float *pcm, int index)
{
	AVFrame *frame = av_frame_alloc();

	frame->format = AV_SAMPLE_FMT_FLTP;
	frame->nb_samples = AUDIO_FRAME;
	frame->sample_rate = AUDIO_RATE;
	(void)av_channel_layout_copy(&frame->ch_layout, &context->ch_layout);
	if (av_frame_get_buffer(frame, 0) < 0)
		die("out of memory");
	pcm += (size_t)index * AUDIO_FRAME * 2;
	for (int i = 0; i < AUDIO_FRAME; i++) {
		((float *)frame->data[0])[i] = pcm[2 * i];
		((float *)frame->data[1])[i] = pcm[2 * i + 1];
	}
	frame->pts = (int64_t)index * AUDIO_FRAME;
	encode(context, frame);
	av_frame_free(&frame);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int open_socket(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), size = 1 << 20;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("socket");
	return fd;
}

/* Take all that has come in. */
static void receive(int fd)
{
	static char room[BURST][PACKET];
	struct mmsghdr messages[BURST];
	struct iovec vectors[BURST];

	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < BURST; i++) {
		vectors[i] = (struct iovec){room[i], PACKET};
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (recvmmsg(fd, messages, BURST, 0, NULL) == BURST)
		;
}

static void wait_until(const struct timespec *start, double seconds)
{
	struct timespec at = *start;

	at.tv_sec += (time_t)seconds;
	at.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* Everything in turn, at its time, as anything live must do it. */
static void run_live(const struct room *room, int port)
{
	int sockets[2 * MAX_PEOPLE], heard = 0, said = 0;
	struct timespec begun;

	for (int i = 0; i < 2 * room->people; i++)
		sockets[i] = open_socket(port + 2 * i);
	(void)clock_gettime(CLOCK_MONOTONIC, &begun);
	for (int k = 0; k < room->pictures; k++) {
		int hear = (k + 1) * 50 / RATE;

		for (int i = 0; i < room->people; i++) {
			receive(sockets[2 * i]);
			receive(sockets[2 * i + 1]);
			if (k < room->video[i].count)
				decode_h264(room->h264[i], room->video[i].packets[k]);
			for (int j = heard; j < hear && j < room->audio[i].count; j++)
				decode_opus(room->opus[i], room->audio[i].packets[j]);
		}
		heard = hear;
		encode_picture(room->x264, room->yuv, k);
		while (said < room->sounds &&
		       (int64_t)said * AUDIO_FRAME * RATE < (int64_t)(k + 1) * AUDIO_RATE)
			encode_sound(room->aac, room->pcm, said++);
		wait_until(&begun, (double)(k + 1) / RATE);
	}
}

/* One stream after the other, as fast as it goes. */
static void run_offline(const struct room *room)
{
	for (int i = 0; i < room->people; i++) {
		for (int j = 0; j < room->video[i].count; j++)
			decode_h264(room->h264[i], room->video[i].packets[j]);
		for (int j = 0; j < room->audio[i].count; j++)
			decode_opus(room->opus[i], room->audio[i].packets[j]);
	}
	for (int k = 0; k < room->pictures; k++)
		encode_picture(room->x264, room->yuv, k);
	for (int k = 0; k < room->sounds; k++)
		encode_sound(room->aac, room->pcm, k);
}

static void load(struct room *room, const char *folder)
{
	size_t yuv_size, pcm_size;
	int err;

	for (int i = 0; i < room->people; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "clip%d.h264", i);
		read_h264(&room->video[i], folder, name);
		(void)snprintf(name, sizeof(name), "clip%d.ogg", i);
		read_opus(&room->audio[i], folder, name);
		room->h264[i] = open_h264();
		room->opus[i] = opus_decoder_create(AUDIO_RATE, 2, &err);
		if (!room->opus[i])
			die("opus");
	}
	room->x264 = open_x264();
	room->aac = open_aac();
	room->yuv = map_file(folder, "composed.yuv", &yuv_size);
	room->pcm = (const float *)map_file(folder, "mixed.f32", &pcm_size);
	room->pictures = (int)(yuv_size / PICTURE);
	room->sounds = (int)(pcm_size / sizeof(float) / 2 / AUDIO_FRAME);
}

int main(int argc, char **argv)
{
	static struct room room;
	double start;

	room.people = argc == 3 || argc == 4 ? atoi(argv[2]) : 0;
	if (room.people < 1 || room.people > MAX_PEOPLE)
		die("usage: bench-codecs FOLDER PEOPLE [PORT]");
	av_log_set_level(AV_LOG_ERROR);
	load(&room, argv[1]);
	start = cpu_seconds();
	if (argc == 4)
		run_live(&room, atoi(argv[3]));
	else
		run_offline(&room);
	printf("cpu=%.4f\n", (cpu_seconds() - start) * RATE / room.pictures);
	return 0;
}
