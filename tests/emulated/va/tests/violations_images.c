/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violations_images.c - wrong use of images, and of surfaces that are
 * mapped by them.
 */
#include "tests/emulated/va/tests/violation_scene.h"

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
	scene_decode(scene.drawn);
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

static void nothing_wrong(const void *argument)
{
	(void)argument;
	scene_set_up("late=yes\n");
	get(scene.drawn, 0, 0, 0 * vaSyncSurface(scene.rig.display, scene.drawn) + SIDE);
	scene_tear_down();
}

static const struct violation violations[] = {
	{"nothing_wrong", nothing_wrong, NULL, NULL},
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
	return violations_run("images", violations, sizeof(violations) / sizeof(violations[0]));
}
