/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violation_scene.c - a decoder, a video processor, surfaces and buffers.
 */
#include "tests/emulated/va/tests/violation_scene.h"

#include <string.h>

struct scene scene;

void scene_decode(VASurfaceID target)
{
	struct tiny_picture picture;
	tiny_picture(&picture, &scene.stream, 0, target, VA_INVALID_SURFACE);
	VA_OK(tiny_decode(&scene.rig, scene.decoder.id, &picture));
}

static void fill_image(void)
{
	VAImageFormat format = {.fourcc = VA_FOURCC_NV12};
	void *data;
	VA_OK(vaCreateImage(scene.rig.display, &format, SIDE, SIDE, &scene.image));
	VA_OK(vaMapBuffer(scene.rig.display, scene.image.buf, &data));
	memset(data, 128, scene.image.data_size);
	VA_OK(vaUnmapBuffer(scene.rig.display, scene.image.buf));
}

void scene_set_up(const char *personality)
{
	const VASliceParameterBufferH264 slice = {0};
	tiny_make(&scene.stream);
	rig_open(&scene.rig, personality);
	rig_remove(&scene.rig);
	scene.drawn = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.fresh = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.target = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.rgb = rig_surface(&scene.rig, VA_FOURCC_BGRA, SIDE, SIDE);
	scene.decoder = rig_context(&scene.rig, VAProfileH264High, VAEntrypointVLD, NULL, 0, SIDE,
				    SIDE, &scene.drawn, 1);
	scene.processor = rig_context(&scene.rig, VAProfileNone, VAEntrypointVideoProc, NULL, 0,
				      SIDE, SIDE, NULL, 0);
	scene_decode(scene.drawn);
	scene.buffer = rig_buffer(&scene.rig, scene.decoder.id, VASliceParameterBufferType, &slice,
				  sizeof(slice));
	VAProcPipelineParameterBuffer layer = rig_layer(scene.drawn, NULL, NULL);
	scene.layer = rig_buffer(&scene.rig, scene.processor.id, VAProcPipelineParameterBufferType,
				 &layer, sizeof(layer));
	fill_image();
}

void scene_tear_down(void)
{
	VADisplay display = scene.rig.display;
	VASurfaceID surfaces[] = {scene.drawn, scene.fresh, scene.target, scene.rgb};
	VA_OK(vaDestroyImage(display, scene.image.image_id));
	VA_OK(vaDestroyBuffer(display, scene.layer));
	VA_OK(vaDestroyBuffer(display, scene.buffer));
	rig_destroy_context(&scene.rig, &scene.decoder);
	rig_destroy_context(&scene.rig, &scene.processor);
	VA_OK(vaDestroySurfaces(display, surfaces, 4));
	rig_close(&scene.rig);
}

void scene_step(const void *argument)
{
	const struct steps *steps = argument;
	scene_set_up(steps->personality ? steps->personality : "");
	steps->run(scene.rig.display);
}
