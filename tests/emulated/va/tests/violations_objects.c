/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violations_objects.c - wrong use of ids and buffers, and the order of
 * calls.
 */
#include "tests/emulated/va/tests/violation_scene.h"

/* ids */

static void destroy_config_twice(VADisplay display)
{
	vaDestroyConfig(display, scene.decoder.config);
	vaDestroyConfig(display, scene.decoder.config);
}

static void destroy_surface_twice(VADisplay display)
{
	VASurfaceID twice[] = {scene.fresh, scene.fresh};
	vaDestroySurfaces(display, twice, 2);
}

/* the place is used again, the id is not */
static void stale_surface(VADisplay display)
{
	VASurfaceID stale = scene.fresh;
	rig_destroy_surface(&scene.rig, stale);
	scene.fresh = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	vaSyncSurface(display, stale);
}

static void context_as_surface(VADisplay display)
{
	vaSyncSurface(display, scene.decoder.id);
}

static void destroy_context_twice(VADisplay display)
{
	vaDestroyContext(display, scene.decoder.id);
	vaDestroyContext(display, scene.decoder.id);
}

static void context_of_no_config(VADisplay display)
{
	VAContextID id;
	vaCreateContext(display, 77, SIDE, SIDE, 0, NULL, 0, &id);
}

static void context_of_no_size(VADisplay display)
{
	VAContextID id;
	vaCreateContext(display, scene.decoder.config, 0, SIDE, 0, NULL, 0, &id);
}

static void context_with_other_format(VADisplay display)
{
	VAContextID id;
	vaCreateContext(display, scene.decoder.config, SIDE, SIDE, 0, &scene.rgb, 1, &id);
}

static void buffer_of_no_context(VADisplay display)
{
	VABufferID id;
	vaCreateBuffer(display, VA_INVALID_ID, VASliceDataBufferType, 10, 1, NULL, &id);
}

static void image_of_other_display(VADisplay display)
{
	struct rig other;
	(void)display;
	rig_open(&other, "");
	rig_remove(&other);
	vaDestroyImage(other.display, scene.image.image_id);
}

static void surfaces_of_no_size(VADisplay display)
{
	VASurfaceID id;
	vaCreateSurfaces(display, VA_RT_FORMAT_YUV420, 0, SIDE, &id, 1, NULL, 0);
}

/* buffers */

static VABufferID create(VAContextID context, VABufferType type, unsigned size, unsigned elements)
{
	VABufferID id = VA_INVALID_ID;
	vaCreateBuffer(scene.rig.display, context, type, size, elements, NULL, &id);
	return id;
}

static void buffer_of_wrong_size(VADisplay display)
{
	(void)display;
	create(scene.decoder.id, VAPictureParameterBufferType,
	       sizeof(VAPictureParameterBufferH264) - 4, 1);
}

static void buffer_of_wrong_type(VADisplay display)
{
	(void)display;
	create(scene.processor.id, VASliceDataBufferType, 10, 1);
}

static void many_layers_in_one_buffer(VADisplay display)
{
	(void)display;
	create(scene.processor.id, VAProcPipelineParameterBufferType,
	       sizeof(VAProcPipelineParameterBuffer), 2);
}

static void map_twice(VADisplay display)
{
	void *data;
	vaMapBuffer(display, scene.buffer, &data);
	vaMapBuffer(display, scene.buffer, &data);
}

static void unmap_unmapped(VADisplay display)
{
	vaUnmapBuffer(display, scene.buffer);
}

static void destroy_mapped(VADisplay display)
{
	void *data;
	vaMapBuffer(display, scene.buffer, &data);
	vaDestroyBuffer(display, scene.buffer);
}

static void render_mapped(VADisplay display)
{
	void *data;
	vaMapBuffer(display, scene.buffer, &data);
	vaBeginPicture(display, scene.decoder.id, scene.drawn);
	vaRenderPicture(display, scene.decoder.id, &scene.buffer, 1);
}

static void render_scene_buffer(VADisplay display)
{
	VA_OK(vaBeginPicture(display, scene.decoder.id, scene.drawn));
	VA_OK(vaRenderPicture(display, scene.decoder.id, &scene.buffer, 1));
}

static void destroy_rendered(VADisplay display)
{
	render_scene_buffer(display);
	vaDestroyBuffer(display, scene.buffer);
}

static void map_rendered(VADisplay display)
{
	void *data;
	render_scene_buffer(display);
	vaMapBuffer(display, scene.buffer, &data);
}

static void render_twice(VADisplay display)
{
	render_scene_buffer(display);
	vaRenderPicture(display, scene.decoder.id, &scene.buffer, 1);
}

static void render_unfilled(VADisplay display)
{
	VABufferID id = create(scene.decoder.id, VASliceDataBufferType, 10, 1);
	vaBeginPicture(display, scene.decoder.id, scene.drawn);
	vaRenderPicture(display, scene.decoder.id, &id, 1);
}

static void render_foreign(VADisplay display)
{
	vaBeginPicture(display, scene.processor.id, scene.target);
	vaRenderPicture(display, scene.processor.id, &scene.buffer, 1);
}

static void render_image(VADisplay display)
{
	vaBeginPicture(display, scene.decoder.id, scene.drawn);
	vaRenderPicture(display, scene.decoder.id, &scene.image.buf, 1);
}

static void too_many_elements(VADisplay display)
{
	vaBufferSetNumElements(display, scene.buffer, 2);
}

static void destroy_image_buffer(VADisplay display)
{
	vaDestroyBuffer(display, scene.image.buf);
}

static void sync_parameters(VADisplay display)
{
	vaSyncBuffer(display, scene.buffer, VA_TIMEOUT_INFINITE);
}

/* the order of calls */

static void begin_twice(VADisplay display)
{
	vaBeginPicture(display, scene.decoder.id, scene.drawn);
	vaBeginPicture(display, scene.decoder.id, scene.drawn);
}

static void render_outside(VADisplay display)
{
	vaRenderPicture(display, scene.decoder.id, &scene.buffer, 1);
}

static void end_outside(VADisplay display)
{
	vaEndPicture(display, scene.decoder.id);
}

static void end_of_nothing(VADisplay display)
{
	vaBeginPicture(display, scene.decoder.id, scene.drawn);
	vaEndPicture(display, scene.decoder.id);
}

static void destroy_open_context(VADisplay display)
{
	vaBeginPicture(display, scene.decoder.id, scene.drawn);
	vaDestroyContext(display, scene.decoder.id);
}

static void target_not_listed(VADisplay display)
{
	vaBeginPicture(display, scene.decoder.id, scene.fresh);
}

static void target_open_elsewhere(VADisplay display)
{
	vaBeginPicture(display, scene.decoder.id, scene.drawn);
	vaBeginPicture(display, scene.processor.id, scene.drawn);
}

static void target_of_rgb(VADisplay display)
{
	vaBeginPicture(display, scene.processor.id, scene.rgb);
}

static void destroy_open_target(VADisplay display)
{
	vaBeginPicture(display, scene.processor.id, scene.target);
	vaDestroySurfaces(display, &scene.target, 1);
}

static void sync_open_target(VADisplay display)
{
	vaBeginPicture(display, scene.processor.id, scene.target);
	vaSyncSurface(display, scene.target);
}

static void put_to_open_target(VADisplay display)
{
	vaBeginPicture(display, scene.processor.id, scene.target);
	vaPutImage(display, scene.target, scene.image.image_id, 0, 0, SIDE, SIDE, 0, 0, SIDE, SIDE);
}

static void derive_open_target(VADisplay display)
{
	VAImage image;
	vaBeginPicture(display, scene.processor.id, scene.target);
	vaDeriveImage(display, scene.target, &image);
}

static void read_open_source(VADisplay display)
{
	vaBeginPicture(display, scene.decoder.id, scene.drawn);
	vaBeginPicture(display, scene.processor.id, scene.target);
	vaRenderPicture(display, scene.processor.id, &scene.layer, 1);
}

static const struct violation violations[] = {
	STEP(destroy_config_twice, "vaDestroyConfig: no such configuration"),
	STEP(destroy_surface_twice, "vaDestroySurfaces: no such surface"),
	STEP(stale_surface, "vaSyncSurface: no such surface"),
	STEP(context_as_surface, "vaSyncSurface: no such surface"),
	STEP(destroy_context_twice, "vaDestroyContext: no such context"),
	STEP(context_of_no_config, "vaCreateContext: no such configuration"),
	STEP(context_of_no_size, "vaCreateContext: size 0x64"),
	STEP(context_with_other_format, "has another format than the configuration"),
	STEP(buffer_of_no_context, "vaCreateBuffer: no such context"),
	STEP(image_of_other_display, "vaDestroyImage: no such image"),
	STEP(surfaces_of_no_size, "vaCreateSurfaces: 1 surfaces of 0x64"),
	STEP(buffer_of_wrong_size, "elements of"),
	STEP(buffer_of_wrong_type, "(slice data) does not belong in this context"),
	STEP(many_layers_in_one_buffer, "2 elements of pipeline parameters"),
	STEP(map_twice, "is mapped already"),
	STEP(unmap_unmapped, "is not mapped"),
	STEP(destroy_mapped, "vaDestroyBuffer: buffer"),
	STEP(render_mapped, "vaRenderPicture: buffer"),
	STEP(destroy_rendered, "is in an open picture"),
	STEP(map_rendered, "is in an open picture"),
	STEP(render_twice, "is in an open picture"),
	STEP(render_unfilled, "was never written"),
	STEP(render_foreign, "belongs to another context"),
	STEP(render_image, "holds image"),
	STEP(too_many_elements, "vaBufferSetNumElements: 2 of a buffer made for 1"),
	STEP(destroy_image_buffer, "belongs to an image"),
	STEP(sync_parameters, "vaSyncBuffer: buffer"),
	STEP(begin_twice, "vaBeginPicture: a picture of the context is open"),
	STEP(render_outside, "vaRenderPicture: no picture is open"),
	STEP(end_outside, "vaEndPicture: no picture is open"),
	STEP(end_of_nothing, "vaEndPicture: nothing was rendered"),
	STEP(destroy_open_context, "vaDestroyContext: a picture of the context is open"),
	STEP(target_not_listed, "is not a render target of the context"),
	STEP(target_open_elsewhere, "is the target of another open picture"),
	STEP(target_of_rgb, "is not NV12"),
	STEP(destroy_open_target, "vaDestroySurfaces: "),
	STEP(sync_open_target, "vaSyncSurface: "),
	STEP(put_to_open_target, "vaPutImage: surface"),
	STEP(derive_open_target, "vaDeriveImage: surface"),
	STEP(read_open_source, "is the target of an open picture"),
};

int main(void)
{
	return violations_run("objects", violations, sizeof(violations) / sizeof(violations[0]));
}
