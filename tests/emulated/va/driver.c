/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/driver.c - where libva enters, and the entry points that nobody uses.
 */
#include <stdlib.h>
#include <va/va_drmcommon.h>

#include "tests/emulated/va/emu.h"

#define UNUSED(name, ...)                             \
	static VAStatus name(__VA_ARGS__)             \
	{                                             \
		return VA_STATUS_ERROR_UNIMPLEMENTED; \
	}

/* libva asks for these at load */
UNUSED(set_image_palette, VADriverContextP, VAImageID, unsigned char *)
UNUSED(query_subpicture_formats, VADriverContextP, VAImageFormat *, unsigned *, unsigned *)
UNUSED(create_subpicture, VADriverContextP, VAImageID, VASubpictureID *)
UNUSED(destroy_subpicture, VADriverContextP, VASubpictureID)
UNUSED(set_subpicture_image, VADriverContextP, VASubpictureID, VAImageID)
UNUSED(set_subpicture_chromakey, VADriverContextP, VASubpictureID, unsigned, unsigned, unsigned)
UNUSED(set_subpicture_global_alpha, VADriverContextP, VASubpictureID, float)
UNUSED(associate_subpicture, VADriverContextP, VASubpictureID, VASurfaceID *, int, short, short,
       unsigned short, unsigned short, short, short, unsigned short, unsigned short, unsigned)
UNUSED(deassociate_subpicture, VADriverContextP, VASubpictureID, VASurfaceID *, int)
UNUSED(get_display_attributes, VADriverContextP, VADisplayAttribute *, int)
UNUSED(set_display_attributes, VADriverContextP, VADisplayAttribute *, int)

static VAStatus query_display_attributes(VADriverContextP va, VADisplayAttribute *list, int *count)
{
	(void)va;
	(void)list;
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
	struct emu_display *display = emu_zalloc(sizeof(*display));
	display->device = emu_device_open(drm->fd);
	va->pDriverData = display;
	va->version_major = VA_MAJOR_VERSION;
	va->version_minor = VA_MINOR_VERSION;
	va->max_profiles = 8;
	va->max_entrypoints = 4;
	va->max_attributes = 32;
	va->max_image_formats = 4;
	va->max_subpic_formats = 1;
	va->max_display_attributes = 1;
	va->str_vendor = display->device->personality.vendor;
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
