/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violations_vpp.c - passes of the video processor that are wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/tests/rig.h"
#include "tests/emulated/va/tests/violation.h"

#define SIDE 64

/* two layers on a new target */
struct scene {
	struct rig rig;
	struct rig_context context;
	VASurfaceID source, fresh, target, rgb;
	VARectangle from[2], to[2];
	VAProcPipelineParameterBuffer layers[2];
};

static struct scene scene;

struct spoil {
	void (*before)(void); /* before the buffers are made */
	void (*after)(void);  /* between vaRenderPicture and vaEndPicture */
};

static void run(const void *argument)
{
	const struct spoil *spoil = argument;
	VABufferID ids[2];
	rig_open(&scene.rig, "");
	rig_remove(&scene.rig);
	VADisplay display = scene.rig.display;
	scene.source = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.fresh = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.target = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.rgb = rig_surface(&scene.rig, VA_FOURCC_BGRA, SIDE, SIDE);
	rig_upload(&scene.rig, scene.source, VA_FOURCC_NV12, SIDE, SIDE, 0);
	rig_upload(&scene.rig, scene.rgb, VA_FOURCC_BGRA, SIDE, SIDE, 0);
	scene.context = rig_context(&scene.rig, VAProfileNone, VAEntrypointVideoProc, NULL, 0, SIDE,
				    SIDE, &scene.target, 1);
	for (int i = 0; i < 2; i++) {
		scene.from[i] = (VARectangle){0, 0, SIDE, SIDE};
		scene.to[i] = (VARectangle){(int16_t)(i * SIDE / 2), 0, SIDE / 2, SIDE};
		scene.layers[i] = rig_layer(scene.source, &scene.from[i], &scene.to[i]);
	}
	if (spoil->before)
		spoil->before();
	for (int i = 0; i < 2; i++)
		ids[i] = rig_buffer(&scene.rig, scene.context.id, VAProcPipelineParameterBufferType,
				    &scene.layers[i], sizeof(scene.layers[i]));
	VA_OK(vaBeginPicture(display, scene.context.id, scene.target));
	VA_OK(vaRenderPicture(display, scene.context.id, ids, 2));
	if (spoil->after)
		spoil->after();
	VA_OK(vaEndPicture(display, scene.context.id));
	for (int i = 0; i < 2; i++)
		VA_OK(vaDestroyBuffer(display, ids[i]));
	VASurfaceID surfaces[] = {scene.source, scene.fresh, scene.target, scene.rgb};
	rig_destroy_context(&scene.rig, &scene.context);
	VA_OK(vaDestroySurfaces(display, surfaces, 4));
	rig_close(&scene.rig);
}

static void too_many_sources(const void *argument)
{
	VABufferID id;
	VAProcPipelineParameterBuffer layer;
	(void)argument;
	rig_open(&scene.rig, "max_layers=100\n");
	rig_remove(&scene.rig);
	scene.source = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.target = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	rig_upload(&scene.rig, scene.source, VA_FOURCC_NV12, SIDE, SIDE, 0);
	scene.context = rig_context(&scene.rig, VAProfileNone, VAEntrypointVideoProc, NULL, 0, SIDE,
				    SIDE, NULL, 0);
	layer = rig_layer(scene.source, NULL, NULL);
	VA_OK(vaBeginPicture(scene.rig.display, scene.context.id, scene.target));
	for (int i = 0; i < 80; i++) {
		id = rig_buffer(&scene.rig, scene.context.id, VAProcPipelineParameterBufferType,
				&layer, sizeof(layer));
		rig_render(&scene.rig, scene.context.id, id);
	}
}

#define SPOIL(name, ...)       \
	static void name(void) \
	{                      \
		__VA_ARGS__;   \
	}

SPOIL(source_is_target, scene.layers[1].surface = scene.target)
SPOIL(source_unwritten, scene.layers[1].surface = scene.fresh)
SPOIL(source_stale, scene.layers[1].surface = VA_INVALID_SURFACE)
SPOIL(from_outside, scene.from[1].x = 2)
SPOIL(from_above, scene.from[1].y = -2)
SPOIL(from_empty, scene.from[1].width = 0)
SPOIL(from_odd, scene.from[1].width = 31)
SPOIL(to_outside, scene.to[1].x += 2)
SPOIL(to_below, scene.to[1].height += 2)
SPOIL(to_odd, scene.to[1].x--)
SPOIL(to_odd_height, scene.to[0].height--)
SPOIL(late_background, scene.layers[1].output_background_color = 0xff000000)
SPOIL(translucent_background, scene.layers[0].output_background_color = 0x80000000)
SPOIL(scaled_rgb, scene.layers[1].surface = scene.rgb)
SPOIL(uncovered, scene.to[1].height = SIDE / 2)
SPOIL(uncovered_but_filled, scene.to[1].height = SIDE / 2;
      scene.layers[0].output_background_color = 0xff000000)
SPOIL(rgb_on_nothing, scene.layers[0].surface = scene.rgb; scene.from[0].width = SIDE / 2)
SPOIL(changed_from, scene.from[1].width -= 2)
SPOIL(changed_to, scene.to[0].width -= 2)

#define BEFORE(function, message)                                               \
	{                                                                       \
#function, run, &(const struct spoil){function, NULL }, message \
	}
#define AFTER(function, message)                                                \
	{                                                                       \
#function, run, &(const struct spoil){NULL, function }, message \
	}

static const struct violation violations[] = {
	{"nothing_wrong", run, &(const struct spoil){NULL, NULL}, NULL},
	BEFORE(uncovered_but_filled, NULL),
	{"too_many_sources", too_many_sources, NULL, "uses over 80 surfaces"},
	BEFORE(source_is_target, "is the target"),
	BEFORE(source_unwritten, "was never written"),
	BEFORE(source_stale, "source: no such surface"),
	BEFORE(from_outside, "surface region 64x64+2+0 on a surface of 64x64"),
	BEFORE(from_above, "surface region 64x64+0+-2"),
	BEFORE(from_empty, "surface region 0x64+0+0"),
	BEFORE(from_odd, "surface region 31x64+0+0 is odd"),
	BEFORE(to_outside, "output region 32x64+34+0 on a surface of 64x64"),
	BEFORE(to_below, "output region 32x66+32+0 on a surface of 64x64"),
	BEFORE(to_odd, "output region 32x64+31+0 is odd"),
	BEFORE(to_odd_height, "output region 32x63+0+0 is odd"),
	BEFORE(late_background, "background 0xff000000 of layer 1"),
	BEFORE(translucent_background, "background 0x80000000 of layer 0"),
	BEFORE(scaled_rgb, "a layer of RGB is scaled"),
	BEFORE(uncovered, "without background is not covered"),
	BEFORE(rgb_on_nothing, "without background is not covered"),
	AFTER(changed_from, "a region changed since vaRenderPicture"),
	AFTER(changed_to, "a region changed since vaRenderPicture"),
};

int main(void)
{
	return violations_run("vpp", violations, sizeof(violations) / sizeof(violations[0]));
}
