/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violations_objects.c - wrong use of ids, buffers, images, and the order
 * of calls.
 */
#include <stdlib.h>
#include <string.h>
#include <va/va_drm.h>

#include "tests/emulated/va/tests/rig.h"
#include "tests/emulated/va/tests/tiny.h"
#include "tests/emulated/va/tests/violation.h"

#define SIDE 64

/* a decoder and a video processor, one picture decoded and in late work */
struct scene {
	struct rig rig;
	struct tiny_stream stream;
	struct rig_context decoder, processor;
	VASurfaceID drawn, fresh, target, rgb;
	VABufferID buffer; /* of the decoder, filled */
	VABufferID layer;  /* of the processor, filled */
	VAImage image;	   /* NV12, filled */
};

static struct scene scene;

static void decode(VASurfaceID target)
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

static void set_up(const char *personality)
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
	decode(scene.drawn);
	scene.buffer = rig_buffer(&scene.rig, scene.decoder.id, VASliceParameterBufferType, &slice,
				  sizeof(slice));
	VAProcPipelineParameterBuffer layer = rig_layer(scene.drawn, NULL, NULL);
	scene.layer = rig_buffer(&scene.rig, scene.processor.id, VAProcPipelineParameterBufferType,
				 &layer, sizeof(layer));
	fill_image();
}

static void tear_down(void)
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

/* images */

static void get(VASurfaceID id, int x, int y, unsigned width)
{
	vaGetImage(scene.rig.display, id, x, y, width, SIDE / 2, scene.image.image_id);
}

static void get_unwritten(VADisplay display)
{
	(void)display;
	get(scene.fresh, 0, 0, SIDE);
}

static void get_unsynced(VADisplay display)
{
	(void)display;
	get(scene.drawn, 0, 0, SIDE);
}

static void get_outside(VADisplay display)
{
	vaSyncSurface(display, scene.drawn);
	get(scene.drawn, 2, 0, SIDE);
}

static void get_odd(VADisplay display)
{
	vaSyncSurface(display, scene.drawn);
	get(scene.drawn, 0, 1, SIDE);
}

static void get_too_much(VADisplay display)
{
	VAImageFormat format = {.fourcc = VA_FOURCC_NV12};
	VAImage small;
	vaSyncSurface(display, scene.drawn);
	VA_OK(vaCreateImage(display, &format, SIDE / 2, SIDE / 2, &small));
	vaGetImage(display, scene.drawn, 0, 0, SIDE, SIDE, small.image_id);
}

static void get_mapped(VADisplay display)
{
	void *data;
	vaSyncSurface(display, scene.drawn);
	vaMapBuffer(display, scene.image.buf, &data);
	get(scene.drawn, 0, 0, SIDE);
}

static void get_other_format(VADisplay display)
{
	vaGetImage(display, scene.rgb, 0, 0, SIDE, SIDE, scene.image.image_id);
}

static void put_unwritten(VADisplay display)
{
	VAImageFormat format = {.fourcc = VA_FOURCC_NV12};
	VAImage empty;
	VA_OK(vaCreateImage(display, &format, SIDE, SIDE, &empty));
	vaPutImage(display, scene.fresh, empty.image_id, 0, 0, SIDE, SIDE, 0, 0, SIDE, SIDE);
}

static void put_outside(VADisplay display)
{
	vaPutImage(display, scene.fresh, scene.image.image_id, 0, 0, SIDE, SIDE, 0, 2, SIDE, SIDE);
}

static void put_other_format(VADisplay display)
{
	vaPutImage(display, scene.rgb, scene.image.image_id, 0, 0, SIDE, SIDE, 0, 0, SIDE, SIDE);
}

static void put_mapped(VADisplay display)
{
	void *data;
	vaMapBuffer(display, scene.image.buf, &data);
	vaPutImage(display, scene.fresh, scene.image.image_id, 0, 0, SIDE, SIDE, 0, 0, SIDE, SIDE);
}

static void destroy_mapped_image(VADisplay display)
{
	void *data;
	vaMapBuffer(display, scene.image.buf, &data);
	vaDestroyImage(display, scene.image.image_id);
}

static void image_of_no_size(VADisplay display)
{
	VAImageFormat format = {.fourcc = VA_FOURCC_NV12};
	VAImage image;
	vaCreateImage(display, &format, 0, SIDE, &image);
}

static void derive_unsynced(VADisplay display)
{
	VAImage image;
	vaDeriveImage(display, scene.drawn, &image);
}

static VAImage derive(VASurfaceID id)
{
	VAImage image;
	VA_OK(vaSyncSurface(scene.rig.display, id));
	VA_OK(vaDeriveImage(scene.rig.display, id, &image));
	return image;
}

static void map_unsynced(VADisplay display)
{
	void *data;
	VAImage image = derive(scene.drawn);
	decode(scene.drawn);
	vaMapBuffer(display, image.buf, &data);
}

static void map_open_target(VADisplay display)
{
	void *data;
	VAImage image = derive(scene.target);
	vaBeginPicture(display, scene.processor.id, scene.target);
	vaMapBuffer(display, image.buf, &data);
}

static VAImage derive_and_map(VASurfaceID id)
{
	void *data;
	VAImage image = derive(id);
	VA_OK(vaMapBuffer(scene.rig.display, image.buf, &data));
	return image;
}

static void begin_mapped(VADisplay display)
{
	derive_and_map(scene.target);
	vaBeginPicture(display, scene.processor.id, scene.target);
}

static void use_mapped(VADisplay display)
{
	derive_and_map(scene.drawn);
	vaBeginPicture(display, scene.processor.id, scene.target);
	vaRenderPicture(display, scene.processor.id, &scene.layer, 1);
}

static void destroy_mapped_surface(VADisplay display)
{
	derive_and_map(scene.target);
	vaDestroySurfaces(display, &scene.target, 1);
}

static void put_to_mapped(VADisplay display)
{
	derive_and_map(scene.target);
	vaPutImage(display, scene.target, scene.image.image_id, 0, 0, SIDE, SIDE, 0, 0, SIDE, SIDE);
}

struct steps {
	void (*run)(VADisplay display);
	const char *personality;
};

/* the scene, the wrong step, and nothing after it */
static void step(const void *argument)
{
	const struct steps *steps = argument;
	set_up(steps->personality ? steps->personality : "");
	steps->run(scene.rig.display);
}

static void nothing_wrong(const void *argument)
{
	(void)argument;
	set_up("late=yes\n");
	get(scene.drawn, 0, 0, 0 * vaSyncSurface(scene.rig.display, scene.drawn) + SIDE);
	tear_down();
}

#define STEP(function, message)                                                  \
	{                                                                        \
#function, step, &(const struct steps){function, NULL }, message \
	}
#define LATE(function, message)                                                                  \
	{                                                                                        \
#function " late", step, &(const struct steps){function, "late=yes\n" }, message \
	}

static const struct violation violations[] = {
	{"nothing_wrong", nothing_wrong, NULL, NULL},
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
	STEP(get_unwritten, "was never written"),
	STEP(get_unsynced, "vaGetImage: surface"),
	LATE(get_unsynced, "is used without vaSyncSurface"),
	STEP(get_outside, "vaGetImage: region 64x32+2+0 of 64x64"),
	STEP(get_odd, "vaGetImage: region begins at odd 0,1"),
	STEP(get_too_much, "vaGetImage: region 64x64+0+0 of 32x32"),
	STEP(get_mapped, "vaGetImage: image"),
	STEP(get_other_format, "vaGetImage: formats differ"),
	STEP(put_unwritten, "vaPutImage: image"),
	STEP(put_outside, "vaPutImage: region 64x64+0+2 of 64x64"),
	STEP(put_other_format, "vaPutImage: formats differ"),
	STEP(put_mapped, "vaPutImage: image"),
	STEP(destroy_mapped_image, "vaDestroyImage: image"),
	STEP(image_of_no_size, "vaCreateImage: size 0x64"),
	STEP(derive_unsynced, "vaDeriveImage: surface"),
	LATE(derive_unsynced, "is used without vaSyncSurface"),
	LATE(map_unsynced, "vaMapBuffer: surface"),
	STEP(map_open_target, "vaMapBuffer: surface"),
	STEP(begin_mapped, "is mapped"),
	STEP(use_mapped, "is mapped and goes to the GPU"),
	STEP(destroy_mapped_surface, "is mapped"),
	STEP(put_to_mapped, "is in use"),
};

int main(void)
{
	return violations_run("objects", violations, sizeof(violations) / sizeof(violations[0]));
}
