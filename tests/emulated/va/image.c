/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/image.c - images: how samples come and go between surfaces and the CPU.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/emu.h"

static const VAImageFormat formats[] = {
	{.fourcc = VA_FOURCC_NV12, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 12},
	{.fourcc = VA_FOURCC_BGRA,
	 .byte_order = VA_LSB_FIRST,
	 .bits_per_pixel = 32,
	 .depth = 32,
	 .red_mask = 0x00ff0000,
	 .green_mask = 0x0000ff00,
	 .blue_mask = 0x000000ff,
	 .alpha_mask = 0xff000000},
	{.fourcc = VA_FOURCC_ARGB,
	 .byte_order = VA_LSB_FIRST,
	 .bits_per_pixel = 32,
	 .depth = 32,
	 .red_mask = 0x0000ff00,
	 .green_mask = 0x00ff0000,
	 .blue_mask = 0xff000000,
	 .alpha_mask = 0x000000ff},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static const VAImageFormat *format_of(uint32_t fourcc)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (formats[i].fourcc == fourcc)
			return &formats[i];
	return NULL;
}

static VAStatus query_image_formats(VADriverContextP va, VAImageFormat *list, int *count)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaQueryImageFormats", &display);
	if (status)
		return status;
	memcpy(list, formats, sizeof(formats));
	*count = (int)FORMATS;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static struct emu_image *new_image(struct emu_display *display, uint32_t fourcc, int width,
				   int height, int pitch, size_t chroma_at, size_t bytes)
{
	struct emu_image *image = emu_object_new(display, EMU_IMAGE, sizeof(*image));
	bool nv12 = fourcc == VA_FOURCC_NV12;
	image->buffer = emu_buffer_new(display, VAImageBufferType, (unsigned)bytes, 1);
	image->buffer->image = image;
	image->va = (VAImage){
		.image_id = image->object.id,
		.format = *format_of(fourcc),
		.buf = image->buffer->object.id,
		.width = (uint16_t)width,
		.height = (uint16_t)height,
		.data_size = (uint32_t)bytes,
		.num_planes = nv12 ? 2 : 1,
		.pitches = {(uint32_t)pitch, nv12 ? (uint32_t)pitch : 0},
		.offsets = {0, nv12 ? (uint32_t)chroma_at : 0},
	};
	return image;
}

static VAStatus create_image(VADriverContextP va, VAImageFormat *format, int width, int height,
			     VAImage *va_image)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaCreateImage", &display);
	if (status)
		return status;
	emu_check(width > 0 && height > 0 && width <= UINT16_MAX && height <= UINT16_MAX,
		  "vaCreateImage: size %dx%d", width, height);
	if (!format_of(format->fourcc)) {
		emu_unlock(display);
		return VA_STATUS_ERROR_INVALID_IMAGE_FORMAT;
	}
	bool nv12 = format->fourcc == VA_FOURCC_NV12;
	int pitch = ((nv12 ? width : 4 * width) + 31) & ~31;
	size_t luma = (size_t)pitch * (size_t)height;
	size_t bytes = nv12 ? luma + (size_t)pitch * (((size_t)height + 1) / 2) : luma;
	struct emu_image *image =
		new_image(display, format->fourcc, width, height, pitch, luma, bytes);
	image->buffer->data = emu_zalloc(bytes);
	*va_image = image->va;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static void check_synced(const struct emu_surface *surface, const char *call)
{
	emu_check(!surface->unsynced, "%s: surface %#x is used without vaSyncSurface", call,
		  surface->object.id);
}

static VAStatus derive_image(VADriverContextP va, VASurfaceID id, VAImage *va_image)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaDeriveImage", &display);
	if (status)
		return status;
	struct emu_surface *surface = emu_object_get(display, EMU_SURFACE, id, "vaDeriveImage");
	emu_check(!surface->open_in, "vaDeriveImage: surface %#x is the target of an open picture",
		  id);
	check_synced(surface, "vaDeriveImage");
	size_t chroma_at = surface->plane[1] ? (size_t)(surface->plane[1] - surface->plane[0]) : 0;
	struct emu_image *image =
		new_image(display, surface->fourcc, surface->width, surface->height, surface->pitch,
			  chroma_at, surface->bytes);
	surface->object.references++;
	image->surface = surface;
	image->buffer->data = surface->plane[0];
	display->device->stats.derived++;
	display->device->stats.made.images--; /* counted in derived instead */
	*va_image = image->va;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static VAStatus destroy_image(VADriverContextP va, VAImageID id)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	struct emu_image *image = emu_object_get(display, EMU_IMAGE, id, "vaDestroyImage");
	emu_check(!image->buffer->mapped, "vaDestroyImage: image %#x is mapped", id);
	if (!image->surface)
		free(image->buffer->data);
	emu_object_retire(display, image->buffer);
	emu_object_retire(display, image);
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

void emu_image_free(struct emu_image *image)
{
	if (image->surface)
		emu_object_unref(image->surface);
	free(image);
}

/* FNV-1a, eight bytes at a time: whether somebody wrote */
static uint64_t hash(const struct emu_surface *surface)
{
	uint64_t value = 0xcbf29ce484222325u;
	for (size_t i = 0; i + 8 <= surface->bytes; i += 8) {
		uint64_t word;
		memcpy(&word, surface->plane[0] + i, 8);
		value = (value ^ word) * 0x100000001b3u;
	}
	return value;
}

void emu_image_mapped(struct emu_display *display, struct emu_image *image)
{
	struct emu_surface *surface = image->surface;
	if (!surface) {
		image->filled = true;
		return;
	}
	emu_check(!surface->open_in, "vaMapBuffer: surface %#x is the target of an open picture",
		  surface->object.id);
	check_synced(surface, "vaMapBuffer");
	surface->mapped++;
	emu_surface_wait(display->device, surface);
	image->hash = hash(surface);
}

/* mapping says nothing of reading or writing: what the GPU drew and nobody changed was read */
void emu_image_unmapped(struct emu_display *display, struct emu_image *image)
{
	struct emu_surface *surface = image->surface;
	if (!surface)
		return;
	surface->mapped--;
	if (surface->drawn && hash(surface) == image->hash) {
		display->device->stats.downloads++;
		return;
	}
	display->device->stats.uploads++;
	surface->written = true;
	surface->drawn = surface->decoded = false;
	surface->reconstructed_by = 0;
}

/* one plane of a rectangle between surface and image */
static void copy_plane(uint8_t *to, size_t to_pitch, const uint8_t *from, size_t from_pitch,
		       size_t bytes, unsigned rows)
{
	for (unsigned row = 0; row < rows; row++)
		memcpy(to + row * to_pitch, from + row * from_pitch, bytes);
}

struct place {
	int x, y;
};

static void transfer(struct emu_surface *surface, struct place on_surface, struct emu_image *image,
		     struct place on_image, unsigned width, unsigned height, bool get)
{
	bool nv12 = surface->fourcc == VA_FOURCC_NV12;
	for (unsigned plane = 0; plane < image->va.num_planes; plane++) {
		size_t pixel = nv12 ? 1 : 4;
		size_t pitch = image->va.pitches[plane];
		uint8_t *a = surface->plane[plane] +
			     (size_t)(on_surface.y >> plane) * (size_t)surface->pitch +
			     (size_t)on_surface.x * pixel;
		uint8_t *b = image->buffer->data + image->va.offsets[plane] +
			     (size_t)(on_image.y >> plane) * pitch + (size_t)on_image.x * pixel;
		size_t bytes = plane ? (width + 1) / 2 * 2 : width * pixel;
		unsigned rows = plane ? (height + 1) / 2 : height;
		if (get)
			copy_plane(b, pitch, a, (size_t)surface->pitch, bytes, rows);
		else
			copy_plane(a, (size_t)surface->pitch, b, pitch, bytes, rows);
	}
}

static void check_region(const char *call, struct place at, unsigned width, unsigned height,
			 int limit_width, int limit_height, bool nv12)
{
	emu_check(width > 0 && height > 0 && at.x >= 0 && at.y >= 0 &&
			  (int64_t)at.x + width <= limit_width &&
			  (int64_t)at.y + height <= limit_height,
		  "%s: region %ux%u+%d+%d of %dx%d", call, width, height, at.x, at.y, limit_width,
		  limit_height);
	emu_check(!nv12 || !((at.x | at.y) & 1), "%s: region begins at odd %d,%d", call, at.x,
		  at.y);
}

static VAStatus get_image(VADriverContextP va, VASurfaceID surface_id, int x, int y, unsigned width,
			  unsigned height, VAImageID image_id)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaGetImage", &display);
	if (status)
		return status;
	struct emu_surface *surface =
		emu_object_get(display, EMU_SURFACE, surface_id, "vaGetImage");
	struct emu_image *image = emu_object_get(display, EMU_IMAGE, image_id, "vaGetImage");
	bool nv12 = surface->fourcc == VA_FOURCC_NV12;
	emu_check(!image->buffer->mapped, "vaGetImage: image %#x is mapped", image_id);
	emu_check(surface->fourcc == image->va.format.fourcc, "vaGetImage: formats differ");
	check_region("vaGetImage", (struct place){x, y}, width, height, surface->width,
		     surface->height, nv12);
	check_region("vaGetImage", (struct place){0, 0}, width, height, image->va.width,
		     image->va.height, nv12);
	emu_surface_check_readable(surface, "vaGetImage");
	check_synced(surface, "vaGetImage");
	emu_surface_wait(display->device, surface);
	transfer(surface, (struct place){x, y}, image, (struct place){0, 0}, width, height, true);
	image->filled = true;
	display->device->stats.downloads++;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static VAStatus put_image(VADriverContextP va, VASurfaceID surface_id, VAImageID image_id,
			  int source_x, int source_y, unsigned source_width, unsigned source_height,
			  int target_x, int target_y, unsigned target_width, unsigned target_height)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaPutImage", &display);
	if (status)
		return status;
	struct emu_surface *surface =
		emu_object_get(display, EMU_SURFACE, surface_id, "vaPutImage");
	struct emu_image *image = emu_object_get(display, EMU_IMAGE, image_id, "vaPutImage");
	struct place from = {source_x, source_y}, to = {target_x, target_y};
	bool nv12 = surface->fourcc == VA_FOURCC_NV12;
	emu_check(!image->buffer->mapped, "vaPutImage: image %#x is mapped", image_id);
	emu_check(image->filled, "vaPutImage: image %#x was never written", image_id);
	emu_check(!surface->open_in && !surface->mapped, "vaPutImage: surface %#x is in use",
		  surface_id);
	emu_check(surface->fourcc == image->va.format.fourcc, "vaPutImage: formats differ");
	check_region("vaPutImage", from, source_width, source_height, image->va.width,
		     image->va.height, nv12);
	check_region("vaPutImage", to, target_width, target_height, surface->width, surface->height,
		     nv12);
	if (source_width != target_width || source_height != target_height) {
		emu_unlock(display);
		return VA_STATUS_ERROR_INVALID_PARAMETER; /* as drivers that do not scale here */
	}
	emu_surface_wait(display->device, surface);
	transfer(surface, to, image, from, target_width, target_height, false);
	surface->written = true;
	surface->drawn = surface->decoded = surface->unsynced = false;
	surface->reconstructed_by = 0;
	surface->error = VA_STATUS_SUCCESS;
	display->device->stats.uploads++;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

void emu_image_init(struct VADriverVTable *table)
{
	table->vaQueryImageFormats = query_image_formats;
	table->vaCreateImage = create_image;
	table->vaDeriveImage = derive_image;
	table->vaDestroyImage = destroy_image;
	table->vaGetImage = get_image;
	table->vaPutImage = put_image;
}
