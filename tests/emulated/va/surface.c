/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/surface.c - surfaces: their formats, their states, and waiting for them.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/emu.h"

/* nobody may count on what a new surface holds */
#define POISON 0xa5

static const struct {
	uint32_t fourcc;
	unsigned rt_format;
	unsigned offsets[4]; /* blue, green, red, alpha */
} formats[] = {
	{VA_FOURCC_NV12, VA_RT_FORMAT_YUV420, {0}},
	{VA_FOURCC_BGRA, VA_RT_FORMAT_RGB32, {0, 1, 2, 3}},
	{VA_FOURCC_ARGB, VA_RT_FORMAT_RGB32, {3, 2, 1, 0}},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

unsigned emu_fourcc_rt_format(uint32_t fourcc)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (formats[i].fourcc == fourcc)
			return formats[i].rt_format;
	return 0;
}

bool emu_fourcc_offsets(uint32_t fourcc, unsigned offsets[4])
{
	for (size_t i = 1; i < FORMATS; i++)
		if (formats[i].fourcc == fourcc) {
			memcpy(offsets, formats[i].offsets, sizeof(formats[i].offsets));
			return true;
		}
	return false;
}

static struct emu_surface *new_surface(struct emu_display *display, uint32_t fourcc, int width,
				       int height)
{
	struct emu_surface *surface = emu_object_new(display, EMU_SURFACE, sizeof(*surface));
	bool nv12 = fourcc == VA_FOURCC_NV12;
	size_t rows = ((size_t)height + 15) & ~(size_t)15;
	surface->fourcc = fourcc;
	surface->width = width;
	surface->height = height;
	surface->pitch = ((nv12 ? width : 4 * width) + 63) & ~63;
	surface->bytes = (size_t)surface->pitch * rows;
	if (nv12)
		surface->bytes += surface->bytes / 2;
	surface->plane[0] = aligned_alloc(64, (surface->bytes + 63) & ~(size_t)63);
	if (!surface->plane[0])
		abort();
	if (nv12)
		surface->plane[1] = surface->plane[0] + (size_t)surface->pitch * rows;
	memset(surface->plane[0], POISON, surface->bytes);
	return surface;
}

/* the pixel format that the attributes name */
static VAStatus read_attributes(const VASurfaceAttrib *list, unsigned count, uint32_t *fourcc)
{
	for (unsigned i = 0; i < count; i++)
		switch (list[i].type) {
		case VASurfaceAttribPixelFormat:
			*fourcc = (uint32_t)list[i].value.value.i;
			break;
		case VASurfaceAttribMemoryType:
			if (list[i].value.value.i != VA_SURFACE_ATTRIB_MEM_TYPE_VA)
				return VA_STATUS_ERROR_UNSUPPORTED_MEMORY_TYPE;
			break;
		case VASurfaceAttribUsageHint:
			break;
		default:
			return VA_STATUS_ERROR_ATTR_NOT_SUPPORTED;
		}
	return VA_STATUS_SUCCESS;
}

static VAStatus create_surfaces2(VADriverContextP va, unsigned rt_format, unsigned width,
				 unsigned height, VASurfaceID *ids, unsigned count,
				 VASurfaceAttrib *attributes, unsigned attribute_count)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaCreateSurfaces", &display);
	if (status)
		return status;
	const struct emu_personality *personality = &display->device->personality;
	uint32_t fourcc = rt_format == VA_RT_FORMAT_RGB32 ? VA_FOURCC_BGRA : VA_FOURCC_NV12;
	emu_check(width > 0 && height > 0 && count > 0, "vaCreateSurfaces: %u surfaces of %ux%u",
		  count, width, height);
	status = read_attributes(attributes, attribute_count, &fourcc);
	if (status == VA_STATUS_SUCCESS && emu_fourcc_rt_format(fourcc) != rt_format)
		status = VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT;
	if (status == VA_STATUS_SUCCESS &&
	    (width > personality->max_width || height > personality->max_height))
		status = VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED;
	for (unsigned i = 0; i < count && status == VA_STATUS_SUCCESS; i++)
		ids[i] = new_surface(display, fourcc, (int)width, (int)height)->object.id;
	emu_unlock(display);
	return status;
}

static VAStatus create_surfaces(VADriverContextP va, int width, int height, int rt_format,
				int count, VASurfaceID *ids)
{
	return create_surfaces2(va, (unsigned)rt_format, (unsigned)width, (unsigned)height, ids,
				(unsigned)count, NULL, 0);
}

static VAStatus destroy_surfaces(VADriverContextP va, VASurfaceID *ids, int count)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	for (int i = 0; i < count; i++) {
		struct emu_surface *surface =
			emu_object_get(display, EMU_SURFACE, ids[i], "vaDestroySurfaces");
		emu_check(!surface->open_in,
			  "vaDestroySurfaces: %#x is the target of an open "
			  "picture",
			  ids[i]);
		emu_check(!surface->mapped, "vaDestroySurfaces: %#x is mapped", ids[i]);
		emu_object_retire(display, surface);
	}
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

void emu_surface_free(struct emu_surface *surface)
{
	free(surface->plane[0]);
	free(surface);
}

static VAStatus query_surface_attributes(VADriverContextP va, VAConfigID config_id,
					 VASurfaceAttrib *list, unsigned *count)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaQuerySurfaceAttributes", &display);
	if (status)
		return status;
	const struct emu_config *config =
		emu_object_get(display, EMU_CONFIG, config_id, "vaQuerySurfaceAttributes");
	const struct emu_personality *personality = &display->device->personality;
	const uint32_t get = VA_SURFACE_ATTRIB_GETTABLE;
	const uint32_t set = get | VA_SURFACE_ATTRIB_SETTABLE;
	const struct {
		VASurfaceAttribType type;
		uint32_t flags;
		int value;
	} sizes[] = {
		{VASurfaceAttribMinWidth, get, 16},
		{VASurfaceAttribMinHeight, get, 16},
		{VASurfaceAttribMaxWidth, get, (int)personality->max_width},
		{VASurfaceAttribMaxHeight, get, (int)personality->max_height},
		{VASurfaceAttribMemoryType, set, VA_SURFACE_ATTRIB_MEM_TYPE_VA},
	};
	VASurfaceAttrib all[FORMATS + sizeof(sizes) / sizeof(sizes[0])];
	unsigned n = 0;
	for (size_t i = 0; i < FORMATS; i++)
		if (formats[i].fourcc == VA_FOURCC_NV12 ||
		    config->entrypoint == VAEntrypointVideoProc)
			all[n++] = (VASurfaceAttrib){
				VASurfaceAttribPixelFormat,
				set,
				{VAGenericValueTypeInteger, {.i = (int)formats[i].fourcc}}};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		all[n++] = (VASurfaceAttrib){sizes[i].type,
					     sizes[i].flags,
					     {VAGenericValueTypeInteger, {.i = sizes[i].value}}};
	if (list && *count < n)
		status = VA_STATUS_ERROR_MAX_NUM_EXCEEDED;
	else if (list)
		memcpy(list, all, n * sizeof(all[0]));
	*count = n;
	emu_unlock(display);
	return status;
}

void emu_surface_check_readable(const struct emu_surface *surface, const char *what)
{
	emu_check(surface->written, "%s: surface %#x was never written", what, surface->object.id);
	emu_check(!surface->open_in, "%s: surface %#x is the target of an open picture", what,
		  surface->object.id);
}

void emu_surface_wait(struct emu_device *device, struct emu_surface *surface)
{
	surface->object.references++;
	emu_worker_wait(device, &surface->pending);
	emu_object_unref(surface);
}

static VAStatus sync_surface(VADriverContextP va, VASurfaceID id, bool wait)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaSyncSurface", &display);
	if (status)
		return status;
	struct emu_surface *surface = emu_object_get(display, EMU_SURFACE, id, "vaSyncSurface");
	emu_check(!surface->open_in, "vaSyncSurface: %#x is the target of an open picture", id);
	if (!wait && surface->pending > 0) {
		emu_unlock(display);
		return VA_STATUS_ERROR_TIMEDOUT;
	}
	surface->object.references++;
	emu_worker_wait(display->device, &surface->pending);
	surface->unsynced = false;
	status = surface->error;
	emu_object_unref(surface);
	emu_unlock(display);
	return status;
}

static VAStatus sync_surface1(VADriverContextP va, VASurfaceID id)
{
	return sync_surface(va, id, true);
}

static VAStatus sync_surface2(VADriverContextP va, VASurfaceID id, uint64_t timeout_ns)
{
	return sync_surface(va, id, timeout_ns > 0);
}

static VAStatus query_surface_status(VADriverContextP va, VASurfaceID id, VASurfaceStatus *state)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaQuerySurfaceStatus", &display);
	if (status)
		return status;
	struct emu_surface *surface =
		emu_object_get(display, EMU_SURFACE, id, "vaQuerySurfaceStatus");
	*state = surface->pending > 0 ? VASurfaceRendering : VASurfaceReady;
	if (*state == VASurfaceReady)
		surface->unsynced = false;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

void emu_surface_init(struct VADriverVTable *table)
{
	table->vaCreateSurfaces = create_surfaces;
	table->vaCreateSurfaces2 = create_surfaces2;
	table->vaDestroySurfaces = destroy_surfaces;
	table->vaQuerySurfaceAttributes = query_surface_attributes;
	table->vaSyncSurface = sync_surface1;
	table->vaSyncSurface2 = sync_surface2;
	table->vaQuerySurfaceStatus = query_surface_status;
}
