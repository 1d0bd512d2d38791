/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/decoder.c - the device's pictures are those of the CPU.
 */
#include "tests/unit/drivers/engine_vaapi/rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <va/va.h>

#include <cmocka.h>

static const char *const clips[] = {
	"baseline", "main",	"high",	 "cavlc", "temporal",	"slices", "matrices",
	"refresh",  "open_gop", "refs8", "crop",  "interlaced", "fade",	  "realtime",
};
#define CLIPS (sizeof(clips) / sizeof(clips[0]))

static void assert_same(const struct rig *rig, struct tess_surface *device,
			struct tess_surface *cpu)
{
	assert_int_equal(device->width, cpu->width);
	assert_int_equal(device->height, cpu->height);
	assert_int_equal(device->sar_num, cpu->sar_num);
	assert_int_equal(device->sar_den, cpu->sar_den);
	assert_int_equal(device->capture_us, cpu->capture_us);
	uint8_t *a = rig_i420(rig->vaapi, device), *b = rig_i420(rig->soft, cpu);
	assert_memory_equal(a, b, (size_t)cpu->width * cpu->height * 3 / 2);
	free(a);
	free(b);
}

static unsigned compare_clip(const struct rig *rig, const char *name)
{
	struct clip clip;
	struct tess_decoder *device, *cpu;
	unsigned pictures = 0;
	clip_load(&clip, name);
	assert_int_equal(tess_engine_vaapi.decoder_open(&device, rig->vaapi, TESS_CODEC_H264), 0);
	assert_int_equal(tess_engine_soft.decoder_open(&cpu, rig->soft, TESS_CODEC_H264), 0);
	for (unsigned i = 0; i < clip.count; i++) {
		struct tess_surface *a, *b;
		assert_int_equal(clip_decode(&clip, i, rig->vaapi, device, &a), 0);
		assert_int_equal(clip_decode(&clip, i, rig->soft, cpu, &b), 0);
		assert_int_equal(!a, !b);
		if (a) {
			assert_same(rig, a, b);
			pictures++;
		}
		tess_surface_unref(a);
		tess_surface_unref(b);
	}
	tess_engine_vaapi.decoder_close(device);
	tess_engine_soft.decoder_close(cpu);
	clip_free(&clip);
	return pictures;
}

static void test_clips(void **state)
{
	(void)state;
	struct rig rig;
	uint64_t pictures = 0;
	rig_open(&rig, NULL);
	for (size_t i = 0; i < CLIPS; i++) {
		unsigned count = compare_clip(&rig, clips[i]);
		/* of 45, all but those still waiting for their turn at the end */
		if (count < 40)
			fail_msg("%s: only %u pictures", clips[i], count);
		pictures += count;
	}
	struct tess_engine_stats stats = rig_stats(&rig);
	assert_true(stats.decoded >= pictures);
	assert_int_equal(stats.fallback_decoded, 0);
	assert_int_equal(stats.downloads, pictures);
	assert_int_equal(stats.faults, 0);
	assert_int_equal(rig.faults, 0);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
