/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/threads.c - decoders, a video processor and an encoder of one display,
 * each on its own thread.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/emulated/va/tests/coder.h"
#include "tests/emulated/va/tests/tiny.h"

#define SIDE	 TINY_SIDE
#define DECODERS 3
#define ROUNDS	 20

static struct tiny_stream stream;
static uint8_t *expected[TINY_PICTURES];

static void *decode(void *argument)
{
	struct rig *rig = argument;
	VASurfaceID surfaces[TINY_PICTURES];
	struct tiny_stream own = stream;
	for (unsigned i = 0; i < TINY_PICTURES; i++)
		surfaces[i] = rig_surface(rig, VA_FOURCC_NV12, SIDE, SIDE);
	struct rig_context context = rig_context(rig, VAProfileH264High, VAEntrypointVLD, NULL, 0,
						 SIDE, SIDE, surfaces, TINY_PICTURES);
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned i = 0; i < TINY_PICTURES; i++) {
			struct tiny_picture picture;
			tiny_picture(&picture, &own, i, surfaces[i],
				     i ? surfaces[i - 1] : VA_INVALID_SURFACE);
			VA_OK(tiny_decode(rig, context.id, &picture));
			uint8_t *got = rig_download(rig, surfaces[i], SIDE, SIDE);
			MUST(memcmp(got, expected[i], SIDE * SIDE * 3 / 2) == 0);
			free(got);
		}
	rig_destroy_context(rig, &context);
	for (unsigned i = 0; i < TINY_PICTURES; i++)
		rig_destroy_surface(rig, surfaces[i]);
	return NULL;
}

static void *compose_and_encode(void *argument)
{
	struct rig *rig = argument;
	struct coder coder;
	struct coder_picture picture;
	struct coder_judge judge;
	const VARectangle whole = {0, 0, SIDE, SIDE};
	uint8_t *coded = malloc(1u << 20);
	size_t length = 0;
	MUST(coded);
	VASurfaceID source = rig_surface(rig, VA_FOURCC_NV12, SIDE, SIDE);
	struct rig_context context = rig_context(rig, VAProfileNone, VAEntrypointVideoProc, NULL, 0,
						 SIDE, SIDE, NULL, 0);
	coder_open(&coder, rig, SIDE, SIDE, VA_RC_CBR, true, 1u << 18);
	for (unsigned i = 0; i < ROUNDS; i++) {
		rig_upload(rig, source, VA_FOURCC_NV12, SIDE, SIDE, i);
		VAProcPipelineParameterBuffer layer = rig_layer(source, &whole, &whole);
		rig_pass(rig, context.id, coder.input, &layer, 1);
		coder_picture(&coder, &picture, i == 0, 1000000, 26);
		VA_OK(coder_encode(&coder, &picture));
		length += coder_take(&coder, coded + length, (1u << 20) - length);
	}
	coder_judge(&judge, coded, length, SIDE, SIDE);
	MUST(judge.pictures == ROUNDS && coder_psnr(&judge) > 30);
	coder_close(&coder);
	rig_destroy_context(rig, &context);
	rig_destroy_surface(rig, source);
	free(coded);
	return NULL;
}

static void run(const char *personality)
{
	struct rig rig;
	pthread_t threads[DECODERS + 1];
	rig_open(&rig, personality);
	for (unsigned i = 0; i < DECODERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, decode, &rig), 0);
	assert_int_equal(pthread_create(&threads[DECODERS], NULL, compose_and_encode, &rig), 0);
	for (unsigned i = 0; i <= DECODERS; i++)
		pthread_join(threads[i], NULL);
	rig_close(&rig);
	struct emu_va_stats stats = rig_stats(&rig);
	assert_int_equal(stats.decoded, DECODERS * ROUNDS * TINY_PICTURES);
	assert_int_equal(stats.encoded, ROUNDS);
	assert_int_equal(stats.passes, ROUNDS);
	rig_remove(&rig);
}

static void side_by_side(void **state)
{
	(void)state;
	run("");
}

static void side_by_side_late(void **state)
{
	(void)state;
	run("late=yes\n");
}

static int make_stream(void **state)
{
	(void)state;
	tiny_make(&stream);
	for (unsigned i = 0; i < TINY_PICTURES; i++)
		expected[i] = tiny_expected(&stream, i);
	return 0;
}

static int free_stream(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TINY_PICTURES; i++)
		free(expected[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(side_by_side),
		cmocka_unit_test(side_by_side_late),
	};
	return cmocka_run_group_tests(tests, make_stream, free_stream);
}
