/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/encode.c - h264_nvenc of libavcodec on pictures in device memory.
 */
#include "tests/emulated/nv/tests/clips.h"
#include "tests/emulated/nv/tests/device.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <libavutil/opt.h>

#define WIDTH	 640
#define HEIGHT	 360
#define PICTURES 30

static AVBufferRef *device;
static struct test_device api;

/* A picture that moves and has fine detail. */
static void draw(AVFrame *frame, int n)
{
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			frame->data[0][y * frame->linesize[0] + x] =
				(uint8_t)(16 + (x + 3 * n) % 200 / 2 + ((x ^ y) & 15) +
					  (y + n) % 90);
	for (int y = 0; y < HEIGHT / 2; y++)
		for (int x = 0; x < WIDTH; x++)
			frame->data[1][y * frame->linesize[1] + x] =
				(uint8_t)(x & 1 ? 64 + (x + 2 * n) % 128 : 64 + (y + n) % 128);
}

static AVBufferRef *new_pool(void)
{
	AVBufferRef *pool = av_hwframe_ctx_alloc(device);
	AVHWFramesContext *frames = (AVHWFramesContext *)pool->data;

	frames->format = AV_PIX_FMT_CUDA;
	frames->sw_format = AV_PIX_FMT_NV12;
	frames->width = WIDTH;
	frames->height = HEIGHT;
	frames->initial_pool_size = 4;
	assert_int_equal(av_hwframe_ctx_init(pool), 0);
	return pool;
}

static AVCodecContext *open_encoder(AVBufferRef *pool, const char *preset, const char *tune)
{
	const AVCodec *nvenc = avcodec_find_encoder_by_name("h264_nvenc");
	const char *const options[][2] = {{"preset", preset},	{"tune", tune},	     {"rc", "cbr"},
					  {"zerolatency", "1"}, {"forced-idr", "1"}, {"delay", "0"},
					  {"profile", "main"}};
	AVCodecContext *codec = avcodec_alloc_context3(nvenc);

	assert_non_null(codec);
	codec->width = WIDTH;
	codec->height = HEIGHT;
	codec->pix_fmt = AV_PIX_FMT_CUDA;
	codec->hw_frames_ctx = av_buffer_ref(pool);
	codec->time_base = (AVRational){1, 30};
	codec->framerate = (AVRational){30, 1};
	codec->bit_rate = codec->rc_max_rate = 1500000;
	codec->rc_buffer_size = 1500000;
	codec->gop_size = 1000;
	codec->max_b_frames = 0;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		assert_int_equal(av_opt_set(codec->priv_data, options[i][0], options[i][1], 0), 0);
	assert_int_equal(avcodec_open2(codec, nvenc, NULL), 0);
	return codec;
}

static AVFrame *picture(AVBufferRef *pool, int n)
{
	AVFrame *host = av_frame_alloc(), *frame = av_frame_alloc();

	host->format = AV_PIX_FMT_NV12;
	host->width = WIDTH;
	host->height = HEIGHT;
	assert_int_equal(av_frame_get_buffer(host, 0), 0);
	draw(host, n);
	assert_int_equal(av_hwframe_get_buffer(pool, frame, 0), 0);
	assert_int_equal(av_hwframe_transfer_data(frame, host, 0), 0);
	av_frame_free(&host);
	frame->pts = n;
	return frame;
}

struct stream {
	uint8_t *data;
	size_t length;
	int keys;
	bool key_expected; /* of the next picture, though it is not forced */
};

/* Each picture comes out before the next goes in. @return bytes of it */
static size_t encode(AVCodecContext *codec, AVBufferRef *pool, int n, bool key,
		     struct stream *stream)
{
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = picture(pool, n);

	frame->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	assert_int_equal(avcodec_send_frame(codec, frame), 0);
	assert_int_equal(avcodec_receive_packet(codec, packet), 0);
	assert_int_equal(packet->pts, n);
	assert_int_equal(!!(packet->flags & AV_PKT_FLAG_KEY),
			 key || n == 0 || stream->key_expected);
	stream->key_expected = false;
	stream->keys += packet->flags & AV_PKT_FLAG_KEY;
	size_t size = (size_t)packet->size;

	stream->data = realloc(stream->data, stream->length + size + AV_INPUT_BUFFER_PADDING_SIZE);
	assert_non_null(stream->data);
	memcpy(stream->data + stream->length, packet->data, size);
	stream->length += size;
	memset(stream->data + stream->length, 0, AV_INPUT_BUFFER_PADDING_SIZE);
	av_frame_free(&frame);
	av_packet_free(&packet);
	return size;
}

static void drain(AVCodecContext **codec)
{
	AVPacket *packet = av_packet_alloc();

	assert_int_equal(avcodec_send_frame(*codec, NULL), 0);
	assert_int_equal(avcodec_receive_packet(*codec, packet), AVERROR_EOF);
	av_packet_free(&packet);
	avcodec_free_context(codec);
}

struct judge {
	int count;
	double worst;
};

static void compare(void *user, const AVFrame *frame)
{
	struct judge *judge = user;
	AVFrame *original = av_frame_alloc();
	double squares = 0;

	assert_int_equal(frame->decode_error_flags, 0);
	original->format = AV_PIX_FMT_NV12;
	original->width = WIDTH;
	original->height = HEIGHT;
	assert_int_equal(av_frame_get_buffer(original, 0), 0);
	draw(original, judge->count++);
	size_t length;
	uint8_t *a = clips_i420(original, &length), *b = clips_i420(frame, &length);

	for (size_t i = 0; i < length; i++)
		squares += (a[i] - b[i]) * (a[i] - b[i]);
	double psnr = 10 * log10(255.0 * 255.0 * (double)length / (squares + 1e-9));

	judge->worst = fmin(judge->worst, psnr);
	free(a);
	free(b);
	av_frame_free(&original);
}

static void test_presets(void **state)
{
	(void)state;
	for (int i = 0; i < 14; i++) {
		char preset[4] = {'p', (char)('1' + i / 2), 0};
		AVBufferRef *pool = new_pool();
		AVCodecContext *codec = open_encoder(pool, preset, i % 2 ? "ull" : "ll");
		struct stream stream = {.data = NULL};
		struct judge judge = {.worst = 100};

		for (int n = 0; n < PICTURES; n++)
			encode(codec, pool, n, n == 17, &stream);
		drain(&codec);
		av_buffer_unref(&pool);
		assert_int_equal(stream.keys, 2);
		assert_int_equal(clips_decode(stream.data, stream.length, NULL, compare, &judge),
				 PICTURES);
		if (judge.worst < 30)
			fail_msg("%s: PSNR %.1f dB", preset, judge.worst);
		free(stream.data);
	}
}

static void test_reconfigure(void **state)
{
	AVBufferRef *pool = new_pool();
	AVCodecContext *codec = open_encoder(pool, "p2", "ull");
	struct stream stream = {.data = NULL};
	struct judge judge = {.worst = 100};
	size_t before = 0, after = 0;
	(void)state;
	for (int n = 0; n < 60; n++)
		before += encode(codec, pool, n, false, &stream);
	codec->bit_rate = codec->rc_max_rate = 300000;
	codec->rc_buffer_size = 300000;
	stream.key_expected = true; /* libavcodec resets the encoder when it changes the rate */
	for (int n = 60; n < 120; n++) {
		size_t size = encode(codec, pool, n, false, &stream);

		after += n >= 75 ? size : 0; /* once the rate control has settled */
	}
	drain(&codec);
	av_buffer_unref(&pool);
	assert_true(before / 60 > 2 * (after / 45));
	assert_int_equal(clips_decode(stream.data, stream.length, NULL, compare, &judge), 120);
	free(stream.data);
}

static void test_session_limit(void **state)
{
	AVBufferRef *pool = new_pool();
	AVCodecContext *first, *second;
	struct emu_nv_stats stats;
	struct stream stream = {.data = NULL};
	(void)state;
	assert_int_equal(api.set(0, "sessions=1"), 0);
	first = open_encoder(pool, "p1", "ull");
	second = avcodec_alloc_context3(avcodec_find_encoder_by_name("h264_nvenc"));
	second->width = WIDTH;
	second->height = HEIGHT;
	second->pix_fmt = AV_PIX_FMT_CUDA;
	second->hw_frames_ctx = av_buffer_ref(pool);
	second->time_base = (AVRational){1, 30};
	assert_true(avcodec_open2(second, NULL, NULL) < 0);
	avcodec_free_context(&second);
	api.statistics(0, &stats);
	assert_int_equal(stats.sessions, 1);
	assert_true(stats.refused > 0);
	encode(first, pool, 0, true, &stream);
	free(stream.data);
	drain(&first);
	av_buffer_unref(&pool);
	assert_int_equal(api.set(0, "sessions=32"), 0);
	api.statistics(0, &stats);
	assert_int_equal(stats.sessions, 0);
	assert_int_equal(stats.registered, 0);
	assert_int_equal(stats.mapped, 0);
}

static void test_fault(void **state)
{
	AVBufferRef *pool = new_pool();
	AVCodecContext *codec = open_encoder(pool, "p1", "ull");
	struct stream stream = {.data = NULL};
	AVFrame *frame;
	(void)state;
	encode(codec, pool, 0, true, &stream);
	free(stream.data);
	assert_int_equal(api.set(0, "fail=nvEncEncodePicture:1:20"), 0);
	frame = picture(pool, 1);
	assert_true(avcodec_send_frame(codec, frame) < 0);
	av_frame_free(&frame);
	avcodec_free_context(&codec);
	av_buffer_unref(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_reconfigure),
		cmocka_unit_test(test_session_limit),
		cmocka_unit_test(test_fault),
	};
	int failed = -1;

	av_log_set_level(AV_LOG_FATAL);
	if (!av_hwdevice_ctx_create(&device, AV_HWDEVICE_TYPE_CUDA, "0", NULL, 0)) {
		test_device_load(&api, NULL);
		failed = cmocka_run_group_tests(tests, NULL, NULL);
		test_device_close(&api, NULL);
	}
	av_buffer_unref(&device);
	return failed;
}
