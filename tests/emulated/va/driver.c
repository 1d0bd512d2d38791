/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/driver.c - where libva enters, and the entry points that nobody uses.
 */
#include <stdlib.h>
#include <va/va_drmcommon.h>

#include "tests/emulated/va/emu.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define UNUSED(name, ...)                                      \
	static VAStatus name(VADriverContextP va, __VA_ARGS__) \
	{                                                      \
		return VA_STATUS_ERROR_UNIMPLEMENTED;          \
	}

/* libva asks for these at load */
UNUSED(set_image_palette, VAImageID image, unsigned char *palette)
UNUSED(query_subpicture_formats, VAImageFormat *list, unsigned *flags, unsigned *count)
UNUSED(create_subpicture, VAImageID image, VASubpictureID *id)
UNUSED(destroy_subpicture, VASubpictureID id)
UNUSED(set_subpicture_image, VASubpictureID id, VAImageID image)
UNUSED(set_subpicture_chromakey, VASubpictureID id, unsigned min, unsigned max, unsigned mask)
UNUSED(set_subpicture_global_alpha, VASubpictureID id, float alpha)
UNUSED(associate_subpicture, VASubpictureID id, VASurfaceID *targets, int count, short x, short y,
       unsigned short width, unsigned short height, short to_x, short to_y, unsigned short to_width,
       unsigned short to_height, unsigned flags)
UNUSED(deassociate_subpicture, VASubpictureID id, VASurfaceID *targets, int count)
UNUSED(get_display_attributes, VADisplayAttribute *list, int count)
UNUSED(set_display_attributes, VADisplayAttribute *list, int count)

static VAStatus query_display_attributes(VADriverContextP va, VADisplayAttribute *list, int *count)
{
	*count = 0;
	return VA_STATUS_SUCCESS;
}

static void unused_init(struct VADriverVTable *table)
{
	table->vaSetImagePalette = set_image_palette;
	table->vaQuerySubpictureFormats = query_subpicture_formats;
	table->vaCreateSubpicture = create_subpicture;
	table->vaDestroySubpicture = destroy_subpicture;
	table->vaSetSubpictureImage = set_subpicture_image;
	table->vaSetSubpictureChromakey = set_subpicture_chromakey;
	table->vaSetSubpictureGlobalAlpha = set_subpicture_global_alpha;
	table->vaAssociateSubpicture = associate_subpicture;
	table->vaDeassociateSubpicture = deassociate_subpicture;
	table->vaGetDisplayAttributes = get_display_attributes;
	table->vaSetDisplayAttributes = set_display_attributes;
	table->vaQueryDisplayAttributes = query_display_attributes;
}

static VAStatus terminate(VADriverContextP va)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	emu_objects_free(display);
	emu_unlock(display);
	emu_device_close(display->device);
	free(display);
	va->pDriverData = NULL;
	return VA_STATUS_SUCCESS;
}

__attribute__((visibility("default"))) VAStatus __vaDriverInit_1_17(VADriverContextP va);

VAStatus __vaDriverInit_1_17(VADriverContextP va)
{
	const struct drm_state *drm = va->drm_state;
	if (!drm || drm->fd < 0)
		return VA_STATUS_ERROR_INVALID_DISPLAY;
	struct emu_device *device = emu_device_open(drm->fd);
	if (!device)
		return VA_STATUS_ERROR_INVALID_DISPLAY;
	struct emu_display *display = emu_zalloc(sizeof(*display));
	display->device = device;
	va->pDriverData = display;
	va->version_major = VA_MAJOR_VERSION;
	va->version_minor = VA_MINOR_VERSION;
	va->max_profiles = 8;
	va->max_entrypoints = 4;
	va->max_attributes = 32;
	va->max_image_formats = 4;
	va->max_subpic_formats = 1;
	va->max_display_attributes = 1;
	va->str_vendor = device->personality.vendor;
	va->vtable->vaTerminate = terminate;
	unused_init(va->vtable);
	emu_config_init(va->vtable);
	emu_context_init(va->vtable);
	emu_surface_init(va->vtable);
	emu_buffer_init(va->vtable);
	emu_image_init(va->vtable);
	emu_picture_init(va->vtable);
	emu_vpp_caps_init(va->vtable_vpp);
	return VA_STATUS_SUCCESS;
}
