/* SPDX-License-Identifier: GPL-3.0-or-later
 * Thumbnails on the codec pool: each is answered, so many at once and no more.
 */
#include "firmware/media/covers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/drivers/engine_soft/h264.h"

static struct tess_loop *loop;
static struct tess_executor *executor;
static struct tess_covers *covers;
static unsigned good, bad;

static void made(void *arg, const json_t *message, int fd)
{
	const char *error = json_string_value(json_object_get(message, "error"));
	uint8_t head[2] = {0};

	(void)arg;
	assert_string_equal(json_string_value(json_object_get(message, "type")), "cover");
	if (*error) {
		assert_int_equal(fd, -1);
		bad++;
	} else {
		assert_int_equal(pread(fd, head, 2, 0), 2);
		assert_int_equal(head[0] << 8 | head[1], 0xffd8);
		good++;
	}
}

static int take(const void *data, size_t length)
{
	json_t *message = json_pack("{s:s, s:s}", "type", "cover", "id", "cover:7");
	int fd = memfd_create("frame", MFD_CLOEXEC), rc;

	assert_int_equal(write(fd, data, length), length);
	rc = tess_covers_take(covers, message, fd);
	json_decref(message);
	(void)close(fd);
	return rc;
}

static void stop(void *arg)
{
	tess_loop_stop(arg);
}

static void test_covers(void **state)
{
	struct h264_stream stream;
	struct tess_timer *timer;
	json_t *nobody = json_object();

	(void)state;
	assert_int_equal(tess_loop_alloc(&loop), 0);
	assert_int_equal(tess_executor_alloc(&executor, 0), 0);
	assert_int_equal(tess_covers_alloc(&covers, loop, executor, made, NULL), 0);
	assert_int_equal(tess_timer_alloc(&timer, loop, stop, loop), 0);
	video_encode(&stream, "libx264", AV_PIX_FMT_YUV420P, 320, 180, 1,
		     "preset=veryfast:tune=zerolatency");

	for (unsigned i = 0; i < TESS_COVERS_MAX - 1; i++)
		assert_int_equal(take(stream.units[0].data, stream.units[0].length), 0);
	assert_int_equal(take("garbage", 7), 0);
	/* until those are answered */
	assert_int_equal(take(stream.units[0].data, stream.units[0].length), -EBUSY);
	assert_int_equal(bad, 1);
	tess_timer_start(timer, 10000);
	assert_int_equal(tess_loop_run(loop), 0);
	assert_int_equal(good, TESS_COVERS_MAX - 1);
	assert_int_equal(bad, 2);

	assert_int_equal(take("", 0), -EINVAL);
	assert_int_equal(tess_covers_take(covers, nobody, -1), -EINVAL);
	assert_int_equal(take(stream.units[0].data, stream.units[0].length), 0);
	h264_free(&stream);
	json_decref(nobody);
	tess_timer_free(timer);
	/* one that nobody waits for any more */
	tess_covers_free(covers);
	tess_executor_free(executor);
	tess_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_covers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
