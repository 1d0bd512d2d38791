/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/rig.c - a device, a display of it, and what tests do with them.
 */
#include "tests/emulated/va/tests/rig.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <va/va_drm.h>

void rig_fail(const char *what, const char *why, int line)
{
	fprintf(stderr, "line %d: %s: %s\n", line, what, why);
	abort();
}

void rig_open(struct rig *rig, const char *personality)
{
	int major, minor;
	strcpy(rig->path, "/tmp/tess-emu-va-XXXXXX");
	rig->fd = mkstemp(rig->path);
	MUST(rig->fd >= 0);
	MUST(dprintf(rig->fd, "tessera emulated va device\n%s", personality) > 0);
	rig->display = vaGetDisplayDRM(rig->fd);
	MUST(rig->display);
	VA_OK(vaInitialize(rig->display, &major, &minor));
}

void rig_close(struct rig *rig)
{
	VA_OK(vaTerminate(rig->display));
	close(rig->fd);
}

void rig_remove(struct rig *rig)
{
	unlink(rig->path);
}

static void *find(const char *name)
{
	void *function = dlsym(RTLD_DEFAULT, name);
	MUST(function);
	return function;
}

struct emu_va_stats rig_stats(const struct rig *rig)
{
	struct emu_va_stats stats;
	MUST(((emu_va_stats_fn *)find("emu_va_get_stats"))(rig->path, &stats) == 0);
	return stats;
}

void rig_mark(const struct rig *rig)
{
	MUST(((emu_va_mark_fn *)find("emu_va_mark"))(rig->path) == 0);
}

int rig_arm(const struct rig *rig, const char *op, unsigned n, VAStatus status)
{
	return ((emu_va_fail_fn *)find("emu_va_fail"))(rig->path, op, n, status);
}

void rig_lose(const struct rig *rig, unsigned calls)
{
	MUST(((emu_va_lose_fn *)find("emu_va_lose"))(rig->path, calls) == 0);
}

VASurfaceID rig_surface(struct rig *rig, uint32_t fourcc, unsigned width, unsigned height)
{
	VASurfaceID id;
	VASurfaceAttrib format = {VASurfaceAttribPixelFormat,
				  VA_SURFACE_ATTRIB_SETTABLE,
				  {VAGenericValueTypeInteger, {.i = (int)fourcc}}};
	VA_OK(vaCreateSurfaces(rig->display,
			       fourcc == VA_FOURCC_NV12 ? VA_RT_FORMAT_YUV420 : VA_RT_FORMAT_RGB32,
			       width, height, &id, 1, &format, 1));
	return id;
}

void rig_destroy_surface(struct rig *rig, VASurfaceID id)
{
	VA_OK(vaDestroySurfaces(rig->display, &id, 1));
}

static VAImageFormat image_format(uint32_t fourcc)
{
	return (VAImageFormat){.fourcc = fourcc,
			       .byte_order = VA_LSB_FIRST,
			       .bits_per_pixel = fourcc == VA_FOURCC_NV12 ? 12 : 32};
}

static uint8_t noise(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	return (uint8_t)(*state >> 24);
}

uint8_t *rig_pattern(uint32_t fourcc, unsigned width, unsigned height, unsigned seed)
{
	bool nv12 = fourcc == VA_FOURCC_NV12;
	size_t bytes = (size_t)width * height * (nv12 ? 3 : 8) / 2;
	uint8_t *pattern = malloc(bytes);
	MUST(pattern);
	unsigned state = seed;
	for (size_t i = 0; i < bytes; i++) {
		size_t row = nv12 ? i / width : i / (4 * (size_t)width);
		size_t column = nv12 ? i % width : i % (4 * (size_t)width);
		pattern[i] = nv12 ? (uint8_t)(16 + (3 * column + 2 * row + 5 * (size_t)seed) % 200 +
					      noise(&state) % 4)
				  : noise(&state);
	}
	return pattern;
}

/* between an image and tightly packed samples */
static void move(const VAImage *image, uint8_t *mapped, uint8_t *packed, bool to_image)
{
	for (unsigned plane = 0; plane < image->num_planes; plane++) {
		size_t row = image->num_planes == 2 ? image->width : 4 * (size_t)image->width;
		unsigned rows = plane ? image->height / 2u : image->height;
		for (unsigned y = 0; y < rows; y++, packed += row) {
			uint8_t *line =
				mapped + image->offsets[plane] + (size_t)y * image->pitches[plane];
			if (to_image)
				memcpy(line, packed, row);
			else
				memcpy(packed, line, row);
		}
	}
}

void rig_upload(struct rig *rig, VASurfaceID id, uint32_t fourcc, unsigned width, unsigned height,
		unsigned seed)
{
	VAImageFormat format = image_format(fourcc);
	VAImage image;
	void *mapped;
	uint8_t *pattern = rig_pattern(fourcc, width, height, seed);
	VA_OK(vaCreateImage(rig->display, &format, (int)width, (int)height, &image));
	VA_OK(vaMapBuffer(rig->display, image.buf, &mapped));
	move(&image, mapped, pattern, true);
	VA_OK(vaUnmapBuffer(rig->display, image.buf));
	VA_OK(vaPutImage(rig->display, id, image.image_id, 0, 0, width, height, 0, 0, width,
			 height));
	VA_OK(vaDestroyImage(rig->display, image.image_id));
	free(pattern);
}

uint8_t *rig_download(struct rig *rig, VASurfaceID id, unsigned width, unsigned height)
{
	VAImageFormat format = image_format(VA_FOURCC_NV12);
	VAImage image;
	void *mapped;
	uint8_t *packed = malloc((size_t)width * height * 3 / 2);
	MUST(packed);
	VA_OK(vaSyncSurface(rig->display, id));
	VA_OK(vaCreateImage(rig->display, &format, (int)width, (int)height, &image));
	VA_OK(vaGetImage(rig->display, id, 0, 0, width, height, image.image_id));
	VA_OK(vaMapBuffer(rig->display, image.buf, &mapped));
	move(&image, mapped, packed, false);
	VA_OK(vaUnmapBuffer(rig->display, image.buf));
	VA_OK(vaDestroyImage(rig->display, image.image_id));
	return packed;
}

struct rig_context rig_context(struct rig *rig, VAProfile profile, VAEntrypoint entrypoint,
			       VAConfigAttrib *attributes, int count, int width, int height,
			       VASurfaceID *targets, int target_count)
{
	struct rig_context context;
	VA_OK(vaCreateConfig(rig->display, profile, entrypoint, attributes, count,
			     &context.config));
	VA_OK(vaCreateContext(rig->display, context.config, width, height, VA_PROGRESSIVE, targets,
			      target_count, &context.id));
	return context;
}

void rig_destroy_context(struct rig *rig, const struct rig_context *context)
{
	VA_OK(vaDestroyContext(rig->display, context->id));
	VA_OK(vaDestroyConfig(rig->display, context->config));
}

VABufferID rig_buffer(struct rig *rig, VAContextID context, VABufferType type, const void *data,
		      size_t bytes)
{
	VABufferID id;
	VA_OK(vaCreateBuffer(rig->display, context, type, (unsigned)bytes, 1,
			     (void *)(uintptr_t)data, &id));
	return id;
}

void rig_render(struct rig *rig, VAContextID context, VABufferID id)
{
	VA_OK(vaRenderPicture(rig->display, context, &id, 1));
}

VAProcPipelineParameterBuffer rig_layer(VASurfaceID source, const VARectangle *from,
					const VARectangle *to)
{
	return (VAProcPipelineParameterBuffer){
		.surface = source,
		.surface_region = from,
		.output_region = to,
	};
}

void rig_pass(struct rig *rig, VAContextID context, VASurfaceID target,
	      const VAProcPipelineParameterBuffer *layers, unsigned count)
{
	VABufferID ids[64];
	MUST(count <= 64);
	VA_OK(vaBeginPicture(rig->display, context, target));
	for (unsigned i = 0; i < count; i++)
		ids[i] = rig_buffer(rig, context, VAProcPipelineParameterBufferType, &layers[i],
				    sizeof(layers[i]));
	VA_OK(vaRenderPicture(rig->display, context, ids, (int)count));
	VA_OK(vaEndPicture(rig->display, context));
	for (unsigned i = 0; i < count; i++)
		VA_OK(vaDestroyBuffer(rig->display, ids[i]));
}
