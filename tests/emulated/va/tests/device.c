/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/device.c - personalities, faults, a hanging GPU, late work, counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <va/va_drm.h>

#include <cmocka.h>

#include "tests/emulated/va/tests/coder.h"
#include "tests/emulated/va/tests/tiny.h"

#define SIDE 64

static struct tiny_stream stream;

struct decoding {
	struct rig_context context;
	VASurfaceID surfaces[TINY_PICTURES];
};

static void open_decoding(struct decoding *decoding, struct rig *rig)
{
	for (unsigned i = 0; i < TINY_PICTURES; i++)
		decoding->surfaces[i] = rig_surface(rig, VA_FOURCC_NV12, SIDE, SIDE);
	decoding->context = rig_context(rig, VAProfileH264High, VAEntrypointVLD, NULL, 0, SIDE,
					SIDE, decoding->surfaces, TINY_PICTURES);
}

static void close_decoding(struct decoding *decoding, struct rig *rig)
{
	rig_destroy_context(rig, &decoding->context);
	for (unsigned i = 0; i < TINY_PICTURES; i++)
		rig_destroy_surface(rig, decoding->surfaces[i]);
}

static VAStatus decode(struct decoding *decoding, struct rig *rig, unsigned i)
{
	struct tiny_picture picture;
	tiny_picture(&picture, &stream, i, decoding->surfaces[i],
		     i ? decoding->surfaces[i - 1] : VA_INVALID_SURFACE);
	return tiny_decode(rig, decoding->context.id, &picture);
}

static void decodes_the_tiny_stream(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct rig rig;
		struct decoding decoding;
		rig_open(&rig, late ? "late=yes\n" : "");
		open_decoding(&decoding, &rig);
		for (unsigned i = 0; i < TINY_PICTURES; i++)
			assert_int_equal(decode(&decoding, &rig, i), VA_STATUS_SUCCESS);
		for (unsigned i = 0; i < TINY_PICTURES; i++) {
			uint8_t *got = rig_download(&rig, decoding.surfaces[i], SIDE, SIDE);
			uint8_t *wanted = tiny_expected(&stream, i);
			assert_memory_equal(got, wanted, SIDE * SIDE * 3 / 2);
			free(got);
			free(wanted);
		}
		close_decoding(&decoding, &rig);
		rig_close(&rig);
		rig_remove(&rig);
	}
}

static void a_file_without_the_line_is_no_device(void **state)
{
	(void)state;
	char path[] = "/tmp/tess-emu-va-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "something else\n") > 0);
	int major, minor;
	VADisplay display = vaGetDisplayDRM(fd);
	assert_true(!display || vaInitialize(display, &major, &minor) != VA_STATUS_SUCCESS);
	if (display)
		vaTerminate(display);
	close(fd);
	unlink(path);
}

static void devices_differ(void **state)
{
	(void)state;
	struct rig big, small;
	VAProfile profiles[16];
	int count;
	VASurfaceID id;
	rig_open(&big, "vendor=Big\nvp9=yes\n");
	rig_open(&small, "vendor=Small\nh264=no\nmax_width=64\nmax_height=32\n");
	assert_string_equal(vaQueryVendorString(big.display), "Big");
	assert_string_equal(vaQueryVendorString(small.display), "Small");
	VA_OK(vaQueryConfigProfiles(big.display, profiles, &count));
	assert_int_equal(count, 5);
	VA_OK(vaQueryConfigProfiles(small.display, profiles, &count));
	assert_int_equal(count, 1);
	assert_int_equal(profiles[0], VAProfileNone);
	assert_int_equal(
		vaCreateSurfaces(small.display, VA_RT_FORMAT_YUV420, 64, 34, &id, 1, NULL, 0),
		VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED);
	VA_OK(vaCreateSurfaces(small.display, VA_RT_FORMAT_YUV420, 64, 32, &id, 1, NULL, 0));
	rig_destroy_surface(&small, id);
	rig_close(&big);
	rig_close(&small);
	rig_remove(&big);
	rig_remove(&small);
}

static void encoders_are_limited(void **state)
{
	(void)state;
	struct rig rig;
	struct coder first, second;
	struct rig_context context;
	rig_open(&rig, "encoders=2\n");
	coder_open(&first, &rig, SIDE, SIDE, VA_RC_CBR, false, 65536);
	coder_open(&second, &rig, SIDE, SIDE, VA_RC_CBR, false, 65536);
	VA_OK(vaCreateConfig(rig.display, VAProfileH264Main, VAEntrypointEncSlice, NULL, 0,
			     &context.config));
	assert_int_equal(
		vaCreateContext(rig.display, context.config, SIDE, SIDE, 0, NULL, 0, &context.id),
		VA_STATUS_ERROR_MAX_NUM_EXCEEDED);
	coder_close(&first);
	VA_OK(vaCreateContext(rig.display, context.config, SIDE, SIDE, 0, NULL, 0, &context.id));
	rig_destroy_context(&rig, &context);
	coder_close(&second);
	rig_close(&rig);
	rig_remove(&rig);
}

static void calls_fail_on_demand(void **state)
{
	(void)state;
	struct rig rig;
	struct decoding decoding;
	rig_open(&rig, "fail=vaEndPicture:2:HW_BUSY\nfail=vaBeginPicture:3:0x2\n");
	open_decoding(&decoding, &rig);
	assert_int_equal(decode(&decoding, &rig, 0), VA_STATUS_SUCCESS);
	assert_int_equal(decode(&decoding, &rig, 1), VA_STATUS_ERROR_HW_BUSY);
	/* the picture that could not begin, and what libavcodec does with it */
	assert_int_equal(vaBeginPicture(rig.display, decoding.context.id, decoding.surfaces[1]),
			 VA_STATUS_ERROR_ALLOCATION_FAILED);
	assert_int_equal(vaEndPicture(rig.display, decoding.context.id),
			 VA_STATUS_ERROR_OPERATION_FAILED);
	assert_int_equal(decode(&decoding, &rig, 1), VA_STATUS_SUCCESS);
	assert_int_equal(rig_arm(&rig, "vaSyncSurface", 2, VA_STATUS_ERROR_DECODING_ERROR), 0);
	VA_OK(vaSyncSurface(rig.display, decoding.surfaces[1]));
	assert_int_equal(vaSyncSurface(rig.display, decoding.surfaces[1]),
			 VA_STATUS_ERROR_DECODING_ERROR);
	VA_OK(vaSyncSurface(rig.display, decoding.surfaces[1]));
	assert_int_equal(rig_arm(&rig, "vaDestroyContext", 1, 1), -EINVAL);
	assert_int_equal(rig_arm(&rig, "vaNothing", 1, 1), -EINVAL);
	/* a picture whose buffers could not be made */
	VABufferID id;
	assert_int_equal(rig_arm(&rig, "vaCreateBuffer", 1, VA_STATUS_ERROR_ALLOCATION_FAILED), 0);
	assert_int_equal(vaCreateBuffer(rig.display, decoding.context.id, VASliceDataBufferType, 8,
					1, NULL, &id),
			 VA_STATUS_ERROR_ALLOCATION_FAILED);
	VA_OK(vaBeginPicture(rig.display, decoding.context.id, decoding.surfaces[2]));
	assert_int_equal(vaEndPicture(rig.display, decoding.context.id),
			 VA_STATUS_ERROR_INVALID_PARAMETER);
	close_decoding(&decoding, &rig);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_failed_render_spoils_the_picture(void **state)
{
	(void)state;
	struct rig rig;
	struct decoding decoding;
	struct tiny_picture picture;
	rig_open(&rig, "");
	open_decoding(&decoding, &rig);
	tiny_picture(&picture, &stream, 0, decoding.surfaces[0], VA_INVALID_SURFACE);
	VABufferID id = rig_buffer(&rig, decoding.context.id, VAPictureParameterBufferType,
				   &picture.parameters, sizeof(picture.parameters));
	VA_OK(vaBeginPicture(rig.display, decoding.context.id, decoding.surfaces[0]));
	assert_int_equal(rig_arm(&rig, "vaRenderPicture", 1, VA_STATUS_ERROR_INVALID_BUFFER), 0);
	assert_int_equal(vaRenderPicture(rig.display, decoding.context.id, &id, 1),
			 VA_STATUS_ERROR_INVALID_BUFFER);
	assert_int_equal(vaEndPicture(rig.display, decoding.context.id),
			 VA_STATUS_ERROR_OPERATION_FAILED);
	VA_OK(vaDestroyBuffer(rig.display, id));
	assert_int_equal(rig_stats(&rig).decoded, 0);
	close_decoding(&decoding, &rig);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_hanging_gpu_still_lets_go(void **state)
{
	(void)state;
	struct rig rig;
	struct decoding decoding;
	VASurfaceID id;
	rig_open(&rig, "");
	open_decoding(&decoding, &rig);
	assert_int_equal(decode(&decoding, &rig, 0), VA_STATUS_SUCCESS);
	VA_OK(vaBeginPicture(rig.display, decoding.context.id, decoding.surfaces[1]));
	rig_lose(&rig, 1);
	VA_OK(vaSyncSurface(rig.display, decoding.surfaces[0]));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(vaSyncSurface(rig.display, decoding.surfaces[0]),
				 VA_STATUS_ERROR_HW_BUSY);
		assert_int_equal(vaCreateSurfaces(rig.display, VA_RT_FORMAT_YUV420, SIDE, SIDE, &id,
						  1, NULL, 0),
				 VA_STATUS_ERROR_OPERATION_FAILED);
	}
	assert_int_equal(vaEndPicture(rig.display, decoding.context.id),
			 VA_STATUS_ERROR_OPERATION_FAILED);
	close_decoding(&decoding, &rig);
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_gpu_hangs_by_its_file(void **state)
{
	(void)state;
	struct rig rig;
	VAConfigID config;
	rig_open(&rig, "lost_after=1\n");
	VA_OK(vaCreateConfig(rig.display, VAProfileNone, VAEntrypointVideoProc, NULL, 0, &config));
	assert_int_equal(
		vaCreateConfig(rig.display, VAProfileNone, VAEntrypointVideoProc, NULL, 0, &config),
		VA_STATUS_ERROR_OPERATION_FAILED);
	VA_OK(vaDestroyConfig(rig.display, config));
	rig_close(&rig);
	rig_remove(&rig);
}

static void late_work_is_late(void **state)
{
	(void)state;
	struct rig rig;
	struct decoding decoding;
	VASurfaceStatus status;
	rig_open(&rig, "late=yes\n");
	open_decoding(&decoding, &rig);
	assert_int_equal(decode(&decoding, &rig, 0), VA_STATUS_SUCCESS);
	VA_OK(vaQuerySurfaceStatus(rig.display, decoding.surfaces[0], &status));
	assert_int_equal(status, VASurfaceRendering);
	assert_int_equal(vaSyncSurface2(rig.display, decoding.surfaces[0], 0),
			 VA_STATUS_ERROR_TIMEDOUT);
	assert_int_equal(rig_stats(&rig).decoded, 0);
	/* it is done even if nobody waits */
	for (int i = 0; i < 5000 && status != VASurfaceReady; i++) {
		usleep(1000);
		VA_OK(vaQuerySurfaceStatus(rig.display, decoding.surfaces[0], &status));
	}
	assert_int_equal(status, VASurfaceReady);
	assert_int_equal(rig_stats(&rig).decoded, 1);
	/* objects may be destroyed while work uses them */
	assert_int_equal(decode(&decoding, &rig, 1), VA_STATUS_SUCCESS);
	rig_destroy_surface(&rig, decoding.surfaces[1]);
	decoding.surfaces[1] = rig_surface(&rig, VA_FOURCC_NV12, SIDE, SIDE);
	close_decoding(&decoding, &rig);
	rig_close(&rig);
	assert_int_equal(rig_stats(&rig).decoded, 2);
	rig_remove(&rig);
}

static void damaged_data_are_an_error_of_the_surface(void **state)
{
	(void)state;
	struct rig rig;
	struct decoding decoding;
	struct tiny_picture picture;
	rig_open(&rig, "");
	open_decoding(&decoding, &rig);
	tiny_picture(&picture, &stream, 0, decoding.surfaces[0], VA_INVALID_SURFACE);
	uint8_t *data = malloc(picture.length);
	assert_non_null(data);
	memcpy(data, picture.data, picture.length);
	memset(data + picture.length / 2, 0x5a, picture.length / 4);
	picture.data = data;
	assert_int_equal(tiny_decode(&rig, decoding.context.id, &picture), VA_STATUS_SUCCESS);
	assert_int_equal(vaSyncSurface(rig.display, decoding.surfaces[0]),
			 VA_STATUS_ERROR_DECODING_ERROR);
	assert_int_equal(rig_stats(&rig).damaged, 1);
	free(data);
	close_decoding(&decoding, &rig);
	rig_close(&rig);
	rig_remove(&rig);
}

static void damaged_streams_may_lack_references(void **state)
{
	(void)state;
	struct rig rig;
	struct decoding decoding;
	rig_open(&rig, "damaged=yes\n");
	open_decoding(&decoding, &rig);
	assert_int_equal(decode(&decoding, &rig, 0), VA_STATUS_SUCCESS);
	assert_int_equal(decode(&decoding, &rig, 2), VA_STATUS_SUCCESS);
	close_decoding(&decoding, &rig);
	rig_close(&rig);
	rig_remove(&rig);
}

static void derived_images_tell_reading_from_writing(void **state)
{
	(void)state;
	struct rig rig;
	struct decoding decoding;
	VAImage image;
	void *data;
	rig_open(&rig, "");
	open_decoding(&decoding, &rig);
	assert_int_equal(decode(&decoding, &rig, 0), VA_STATUS_SUCCESS);
	VA_OK(vaSyncSurface(rig.display, decoding.surfaces[0]));
	for (int i = 0; i < 4; i++) { /* new, drawn and read, drawn and written, written */
		VASurfaceID id = decoding.surfaces[i ? 0 : 2];
		VA_OK(vaDeriveImage(rig.display, id, &image));
		VA_OK(vaMapBuffer(rig.display, image.buf, &data));
		if (i == 2)
			memset(data, 99, image.width);
		VA_OK(vaUnmapBuffer(rig.display, image.buf));
		VA_OK(vaDestroyImage(rig.display, image.image_id));
		struct emu_va_stats stats = rig_stats(&rig);
		assert_int_equal(stats.uploads, i < 1 ? 1 : i);
		assert_int_equal(stats.downloads, i > 0);
		assert_int_equal(stats.derived, i + 1);
	}
	close_decoding(&decoding, &rig);
	rig_close(&rig);
	rig_remove(&rig);
}

static void objects_are_counted(void **state)
{
	(void)state;
	struct rig rig;
	struct decoding decoding;
	struct coder coder;
	rig_open(&rig, "");
	open_decoding(&decoding, &rig);
	coder_open(&coder, &rig, SIDE, SIDE, VA_RC_CBR, false, 65536);
	struct emu_va_stats stats = rig_stats(&rig);
	assert_int_equal(stats.live.surfaces, 6);
	assert_int_equal(stats.live.contexts, 2);
	assert_int_equal(stats.live.configs, 2);
	assert_int_equal(stats.live.coded_buffers, 1);
	assert_int_equal(stats.made.surfaces, 6);
	rig_mark(&rig);
	assert_int_equal(decode(&decoding, &rig, 0), VA_STATUS_SUCCESS);
	rig_upload(&rig, coder.input, VA_FOURCC_NV12, SIDE, SIDE, 0);
	stats = rig_stats(&rig);
	assert_int_equal(stats.made.surfaces, 0);
	assert_int_equal(stats.made.contexts, 0);
	assert_int_equal(stats.made.images, 1);
	assert_int_equal(stats.made.buffers, 4);
	assert_int_equal(stats.made.coded_buffers, 0);
	assert_int_equal(stats.live.images, 0);
	assert_int_equal(stats.live.buffers, 0);
	coder_close(&coder);
	close_decoding(&decoding, &rig);
	stats = rig_stats(&rig);
	assert_int_equal(stats.live.surfaces + stats.live.contexts + stats.live.configs, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void stats_are_written(void **state)
{
	(void)state;
	struct rig rig;
	char file[] = "/tmp/tess-emu-stats-XXXXXX", line[1024] = "", wanted[128];
	int fd = mkstemp(file);
	assert_true(fd >= 0);
	char *before = getenv("TESSERA_EMU_STATS");
	assert_non_null(before);
	char *saved = strdup(before);
	setenv("TESSERA_EMU_STATS", file, 1);
	rig_open(&rig, "");
	VASurfaceID id = rig_surface(&rig, VA_FOURCC_NV12, SIDE, SIDE);
	rig_upload(&rig, id, VA_FOURCC_NV12, SIDE, SIDE, 0);
	rig_destroy_surface(&rig, id);
	rig_close(&rig);
	setenv("TESSERA_EMU_STATS", saved, 1);
	free(saved);
	assert_true(read(fd, line, sizeof(line) - 1) > 0);
	snprintf(wanted, sizeof(wanted), "device=%s decoded=0 ", rig.path);
	assert_ptr_equal(strstr(line, wanted), line);
	assert_non_null(strstr(line, " uploads=1 "));
	assert_non_null(strstr(line, " surfaces=1 "));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	close(fd);
	unlink(file);
	rig_remove(&rig);
}

static int make_stream(void **state)
{
	(void)state;
	tiny_make(&stream);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_the_tiny_stream),
		cmocka_unit_test(a_file_without_the_line_is_no_device),
		cmocka_unit_test(devices_differ),
		cmocka_unit_test(encoders_are_limited),
		cmocka_unit_test(calls_fail_on_demand),
		cmocka_unit_test(a_failed_render_spoils_the_picture),
		cmocka_unit_test(a_hanging_gpu_still_lets_go),
		cmocka_unit_test(a_gpu_hangs_by_its_file),
		cmocka_unit_test(late_work_is_late),
		cmocka_unit_test(damaged_data_are_an_error_of_the_surface),
		cmocka_unit_test(damaged_streams_may_lack_references),
		cmocka_unit_test(derived_images_tell_reading_from_writing),
		cmocka_unit_test(objects_are_counted),
		cmocka_unit_test(stats_are_written),
	};
	return cmocka_run_group_tests(tests, make_stream, NULL);
}
