/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/vpp.c - checks the pipeline buffers of a pass.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/vpp.h"

static void *open_processor(struct emu_context *context)
{
	(void)context;
	return NULL;
}

static void close_processor(void *state)
{
	(void)state;
}

static VARectangle region(const VARectangle *given, const struct emu_surface *surface,
			  const char *what)
{
	VARectangle r = {0, 0, (uint16_t)surface->width, (uint16_t)surface->height};
	if (given)
		r = *given;
	emu_check(r.x >= 0 && r.y >= 0 && r.width > 0 && r.height > 0 &&
			  r.x + r.width <= surface->width && r.y + r.height <= surface->height,
		  "vaRenderPicture: %s region %ux%u+%d+%d on a surface of %dx%d", what, r.width,
		  r.height, r.x, r.y, surface->width, surface->height);
	emu_check(!((r.x | r.y | r.width | r.height) & 1),
		  "vaRenderPicture: %s region %ux%u+%d+%d is odd", what, r.width, r.height, r.x,
		  r.y);
	return r;
}

static void rendered(struct emu_display *display, struct emu_picture *picture,
		     struct emu_buffer *buffer)
{
	const VAProcPipelineParameterBuffer *p = (const void *)buffer->data;
	struct emu_vpp_work *work = picture->work;
	if (!work)
		picture->work = work = emu_zalloc(sizeof(*work));
	struct emu_surface *source =
		emu_object_get(display, EMU_SURFACE, p->surface, "vaRenderPicture: source");
	emu_check(source != picture->target, "vaRenderPicture: source %#x is the target",
		  p->surface);
	emu_surface_check_readable(source, "vaRenderPicture");
	emu_picture_use(picture, source);
	unsigned alpha = p->output_background_color >> 24;
	emu_check(alpha == 0 || (alpha == 255 && work->count == 0),
		  "vaRenderPicture: background %#x of layer %u", p->output_background_color,
		  work->count);
	work->layers = reallocarray(work->layers, work->count + 1, sizeof(*work->layers));
	if (!work->layers)
		abort();
	if (work->count == 0)
		work->background = p->output_background_color;
	struct emu_layer *layer = &work->layers[work->count++];
	*layer = (struct emu_layer){
		.source = source,
		.from = region(p->surface_region, source, "surface"),
		.to = region(p->output_region, picture->target, "output"),
		.compress = p->input_color_properties.color_range == VA_SOURCE_RANGE_FULL &&
			    p->output_color_properties.color_range == VA_SOURCE_RANGE_REDUCED,
		.buffer = buffer->object.id,
		.from_given = p->surface_region,
		.to_given = p->output_region,
	};
	emu_check(source->fourcc == VA_FOURCC_NV12 || (layer->from.width == layer->to.width &&
						       layer->from.height == layer->to.height),
		  "vaRenderPicture: a layer of RGB is scaled");
}

/* what the hardware offered here cannot do */
static VAStatus supported(const VAProcPipelineParameterBuffer *p, const struct emu_layer *layer)
{
	if (p->num_filters > 0)
		return VA_STATUS_ERROR_UNSUPPORTED_FILTER;
	if (p->rotation_state || p->mirror_state || p->num_additional_outputs ||
	    p->num_forward_references || p->num_backward_references)
		return VA_STATUS_ERROR_INVALID_PARAMETER;
	if (p->blend_state && (p->blend_state->flags || layer->source->fourcc == VA_FOURCC_NV12))
		return VA_STATUS_ERROR_INVALID_PARAMETER;
	if (p->output_color_properties.color_range == VA_SOURCE_RANGE_FULL &&
	    p->input_color_properties.color_range != VA_SOURCE_RANGE_FULL)
		return VA_STATUS_ERROR_INVALID_PARAMETER;
	return VA_STATUS_SUCCESS;
}

static void check_unchanged(const VARectangle *given, const VARectangle *then)
{
	emu_check(!given || memcmp(given, then, sizeof(*then)) == 0,
		  "vaEndPicture: a region changed since vaRenderPicture");
}

/* a pass that begins nothing must leave no sample of a new surface undefined */
static void check_covered(const struct emu_surface *target, const struct emu_vpp_work *work)
{
	size_t width = (size_t)target->width / 2, height = (size_t)target->height / 2;
	uint8_t *covered = emu_zalloc(width * height);
	for (unsigned i = 0; i < work->count; i++) {
		const struct emu_layer *layer = &work->layers[i];
		const VARectangle *to = &layer->to;
		if (layer->source->fourcc != VA_FOURCC_NV12)
			continue;
		for (int y = to->y / 2; y < (to->y + to->height) / 2; y++)
			memset(covered + (size_t)y * width + to->x / 2, 1, to->width / 2u);
	}
	emu_check(width * height == 0 || !memchr(covered, 0, width * height),
		  "vaEndPicture: a new target %#x without background is not covered",
		  target->object.id);
	free(covered);
}

static VAStatus prepare(struct emu_display *display, struct emu_picture *picture)
{
	(void)display;
	struct emu_vpp_work *work = picture->work;
	struct emu_surface *target = picture->target;
	VAStatus status = VA_STATUS_SUCCESS;
	for (unsigned i = 0; i < picture->count && status == VA_STATUS_SUCCESS; i++)
		status = supported((const void *)picture->buffers[i]->data, &work->layers[i]);
	if (status != VA_STATUS_SUCCESS)
		return status;
	for (unsigned i = 0; i < work->count; i++) {
		check_unchanged(work->layers[i].from_given, &work->layers[i].from);
		check_unchanged(work->layers[i].to_given, &work->layers[i].to);
	}
	if (!target->written && work->background >> 24 == 0)
		check_covered(target, work);
	target->written = target->drawn = target->unsynced = true;
	target->decoded = false;
	target->reconstructed_by = 0;
	return VA_STATUS_SUCCESS;
}

static void execute(struct emu_picture *picture)
{
	emu_vpp_draw(picture->target, picture->work);
}

static void finish(struct emu_device *device, struct emu_picture *picture)
{
	const struct emu_vpp_work *work = picture->work;
	picture->target->error = VA_STATUS_SUCCESS;
	device->stats.passes++;
	device->stats.layers += work->count;
}

static void dispose(void *disposed)
{
	struct emu_vpp_work *work = disposed;
	if (work)
		free(work->layers);
	free(work);
}

const struct emu_codec emu_vpp = {
	.open = open_processor,
	.close = close_processor,
	.rendered = rendered,
	.prepare = prepare,
	.execute = execute,
	.finish = finish,
	.dispose = dispose,
};

static VAStatus query_filters(VADriverContextP va, VAContextID id, VAProcFilterType *list,
			      unsigned *count)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaQueryVideoProcFilters", &display);
	if (status)
		return status;
	(void)list;
	emu_object_get(display, EMU_CONTEXT, id, "vaQueryVideoProcFilters");
	*count = 0;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static VAStatus query_filter_caps(VADriverContextP va, VAContextID id, VAProcFilterType type,
				  void *caps, unsigned *count)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaQueryVideoProcFilterCaps", &display);
	if (status)
		return status;
	(void)type;
	(void)caps;
	emu_object_get(display, EMU_CONTEXT, id, "vaQueryVideoProcFilterCaps");
	*count = 0;
	emu_unlock(display);
	return VA_STATUS_ERROR_UNSUPPORTED_FILTER;
}

/* libva's caps point to lists that the driver owns and never writes */
static VAProcColorStandardType standards[] = {VAProcColorStandardBT601, VAProcColorStandardBT709,
					      VAProcColorStandardExplicit};
static uint32_t input_formats[] = {VA_FOURCC_NV12, VA_FOURCC_BGRA, VA_FOURCC_ARGB};
static uint32_t output_formats[] = {VA_FOURCC_NV12};

static VAStatus query_pipeline_caps(VADriverContextP va, VAContextID id, VABufferID *filters,
				    unsigned filter_count, VAProcPipelineCaps *caps)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaQueryVideoProcPipelineCaps", &display);
	if (status)
		return status;
	(void)filters;
	(void)filter_count;
	emu_object_get(display, EMU_CONTEXT, id, "vaQueryVideoProcPipelineCaps");
	const struct emu_personality *personality = &display->device->personality;
	*caps = (VAProcPipelineCaps){
		.input_color_standards = standards,
		.num_input_color_standards = 3,
		.output_color_standards = standards,
		.num_output_color_standards = 3,
		.input_pixel_format = input_formats,
		.num_input_pixel_formats = 3,
		.output_pixel_format = output_formats,
		.num_output_pixel_formats = 1,
		.max_input_width = personality->max_width,
		.max_input_height = personality->max_height,
		.min_input_width = 2,
		.min_input_height = 2,
		.max_output_width = personality->max_width,
		.max_output_height = personality->max_height,
		.min_output_width = 2,
		.min_output_height = 2,
	};
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

void emu_vpp_caps_init(struct VADriverVTableVPP *table)
{
	table->vaQueryVideoProcFilters = query_filters;
	table->vaQueryVideoProcFilterCaps = query_filter_caps;
	table->vaQueryVideoProcPipelineCaps = query_pipeline_caps;
}
