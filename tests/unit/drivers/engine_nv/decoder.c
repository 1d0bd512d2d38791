/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_nv/decoder.c - the device's pictures are those of the CPU, and what the
 * device cannot decode the CPU does.
 */
#include "tests/unit/drivers/engine_nv/rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tess_decoder *open_decoder(struct tess_engine *engine, enum tess_codec codec)
{
	struct tess_decoder *decoder;
	assert_int_equal(engine->driver->decoder_open(&decoder, engine, codec), 0);
	return decoder;
}

/* both engines decode the clip. @return how many pictures came out */
static unsigned compare_clip(const struct rig *rig, const char *name)
{
	struct clip clip;
	unsigned pictures = 0;
	clip_load(&clip, name);
	struct tess_decoder *nv = open_decoder(rig->nv, TESS_CODEC_H264);
	struct tess_decoder *soft = open_decoder(rig->soft, TESS_CODEC_H264);
	for (unsigned i = 0; i < clip.count; i++) {
		struct tess_surface *a, *b;
		assert_int_equal(clip_decode(&clip, i, rig->nv, nv, &a), 0);
		assert_int_equal(clip_decode(&clip, i, rig->soft, soft, &b), 0);
		assert_int_equal(!a, !b);
		if (a) {
			rig_assert_same(rig, a, b);
			pictures++;
		}
		tess_surface_unref(a);
		tess_surface_unref(b);
	}
	tess_engine_nv.decoder_close(nv);
	tess_engine_soft.decoder_close(soft);
	clip_free(&clip);
	return pictures;
}

static unsigned compare_clips(const struct rig *rig)
{
	unsigned pictures = 0;
	for (size_t i = 0; i < sizeof(clip_names) / sizeof(clip_names[0]); i++) {
		unsigned count = compare_clip(rig, clip_names[i]);
		/* of 45, all but those still waiting for their turn at the end */
		if (count < 40)
			fail_msg("%s: only %u pictures", clip_names[i], count);
		pictures += count;
	}
	return pictures;
}

static void clips_on_the_device(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	uint64_t decoded = rig_device().decoded;
	unsigned pictures = compare_clips(&rig);
	struct tess_engine_stats stats = rig_stats(&rig);
	assert_true(stats.decoded >= pictures);
	assert_true(rig_device().decoded - decoded >= pictures);
	assert_int_equal(stats.fallback_decoded, 0);
	assert_int_equal(stats.uploads, 0);
	assert_int_equal(stats.downloads, pictures);
	assert_int_equal(stats.faults, 0);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clips_on_the_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
