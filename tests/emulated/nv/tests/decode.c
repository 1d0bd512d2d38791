/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/decode.c - NVDEC below libavcodec decodes all clips as the software does.
 *
 * usage: test FOLDER, where make_clips put its clips
 */
#include "tests/emulated/nv/tests/clips.h"
#include "tests/emulated/nv/tests/device.h"

#include <stdio.h>
#include <string.h>
#include <pthread.h>

#define PICTURES 45 /* in a clip */
#define THREADS	 4

static const char *const names[] = {"baseline", "main",	      "high",	 "cavlc",    "temporal",
				    "slices",	"matrices",   "refresh", "open_gop", "refs8",
				    "crop",	"interlaced", "fade",	 "realtime"};
static const char *folder;
static AVBufferRef *device;

struct shown {
	uint8_t *pictures[PICTURES + 1];
	size_t lengths[PICTURES + 1];
	int count, on_device;
};

static void keep(void *user, const AVFrame *frame)
{
	struct shown *shown = user;
	AVFrame *host = av_frame_alloc();

	assert_true(host && shown->count <= PICTURES);
	if (frame->format == AV_PIX_FMT_CUDA) {
		assert_int_equal(av_hwframe_transfer_data(host, frame, 0), 0);
		/* the pool is as large as what is coded; the picture is what is shown of it */
		host->width = frame->width;
		host->height = frame->height;
		shown->on_device++;
	} else {
		assert_int_equal(av_frame_ref(host, frame), 0);
	}
	shown->pictures[shown->count] = clips_i420(host, &shown->lengths[shown->count]);
	shown->count++;
	av_frame_free(&host);
}

static void *check_clip(void *argument)
{
	const char *name = argument;
	struct shown expected = {.count = 0}, shown = {.count = 0};
	char path[4096];
	size_t length;

	snprintf(path, sizeof(path), "%s/%s.h264", folder, name);
	uint8_t *data = clips_read(path, &length);

	assert_int_equal(clips_decode(data, length, NULL, keep, &expected), PICTURES);
	assert_int_equal(clips_decode(data, length, device, keep, &shown), PICTURES);
	assert_int_equal(shown.on_device, PICTURES);
	for (int i = 0; i < PICTURES; i++) {
		assert_int_equal(shown.lengths[i], expected.lengths[i]);
		if (memcmp(shown.pictures[i], expected.pictures[i], expected.lengths[i]))
			fail_msg("%s: picture %d differs", name, i);
		free(expected.pictures[i]);
		free(shown.pictures[i]);
	}
	free(data);
	return NULL;
}

static void test_clips(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_clip((void *)(uintptr_t)names[i]);
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, check_clip, (void *)(uintptr_t)names[i]),
			0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clips),
		cmocka_unit_test(test_threads),
	};
	int failed = -1;

	folder = argc == 2 ? argv[1] : NULL;
	if (folder && !av_hwdevice_ctx_create(&device, AV_HWDEVICE_TYPE_CUDA, "0", NULL, 0))
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	av_buffer_unref(&device);
	return failed;
}
