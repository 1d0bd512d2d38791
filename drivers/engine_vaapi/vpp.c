/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/vpp.c - passes of the video processor.
 *
 * What drivers are known to get wrong is not asked of them: regions are always given; only the
 * first layer has a background, and a blend state is never set: without one, VA blends RGB by its
 * alpha and copies YUV.
 */
#include "drivers/engine_vaapi/vaapi.h"

#include <errno.h>
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_vaapi.h>

int vaapi_vpp_open(struct vaapi_vpp *vpp, struct vaapi_watch *watch, AVBufferRef *targets,
		   int width, int height)
{
	struct vaapi_engine *engine = watch->engine;
	const AVVAAPIFramesContext *pool = NULL;
	if (targets)
		pool = ((AVHWFramesContext *)targets->data)->hwctx;
	if (!vaapi_ok(watch, "vaCreateContext",
		      vaCreateContext(engine->display, engine->vpp_config, width, height, 0,
				      pool ? pool->surface_ids : NULL, pool ? pool->nb_surfaces : 0,
				      &vpp->context)))
		return -EIO;
	vpp->engine = engine;
	vaapi_count(&engine->allocations, 1);
	return 0;
}

void vaapi_vpp_close(struct vaapi_vpp *vpp)
{
	struct vaapi_engine *engine = vpp->engine;
	if (!engine)
		return;
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, engine);
	vaapi_ok(&watch, "vaDestroyContext", vaDestroyContext(engine->display, vpp->context));
	vaapi_watch_tell(&watch);
	vpp->engine = NULL;
}

static VARectangle region(const struct tess_rect *rect)
{
	return (VARectangle){.x = (int16_t)rect->x,
			     .y = (int16_t)rect->y,
			     .width = (uint16_t)rect->width,
			     .height = (uint16_t)rect->height};
}

static int create(struct vaapi_vpp *vpp, struct vaapi_watch *watch, uint32_t background,
		  const struct vaapi_layer *layer, unsigned i)
{
	vpp->source[i] = region(&layer->source);
	vpp->target[i] = region(&layer->target);
	VAProcPipelineParameterBuffer parameters = {
		.surface = layer->surface,
		.surface_region = &vpp->source[i],
		.output_region = &vpp->target[i],
		.output_background_color = background,
		.surface_color_standard = VAProcColorStandardBT601,
		.output_color_standard = VAProcColorStandardBT601,
		.input_color_properties.color_range =
			layer->full_range ? VA_SOURCE_RANGE_FULL : VA_SOURCE_RANGE_REDUCED,
		.output_color_properties.color_range = VA_SOURCE_RANGE_REDUCED,
	};
	if (!vaapi_ok(watch, "vaCreateBuffer",
		      vaCreateBuffer(vpp->engine->display, vpp->context,
				     VAProcPipelineParameterBufferType, sizeof(parameters), 1,
				     &parameters, &vpp->buffers[i])))
		return -EIO;
	return 0;
}

static void draw(struct vaapi_vpp *vpp, struct vaapi_watch *watch, VASurfaceID target,
		 unsigned count)
{
	VADisplay display = vpp->engine->display;
	if (!vaapi_ok(watch, "vaBeginPicture", vaBeginPicture(display, vpp->context, target)))
		return;
	vaapi_ok(watch, "vaRenderPicture",
		 vaRenderPicture(display, vpp->context, vpp->buffers, (int)count));
	/* also after an error: it is what ends the picture */
	vaapi_ok(watch, "vaEndPicture", vaEndPicture(display, vpp->context));
}

int vaapi_vpp_pass(struct vaapi_vpp *vpp, struct vaapi_watch *watch, VASurfaceID target,
		   uint32_t background, const struct vaapi_layer *layers, unsigned count)
{
	unsigned failed = watch->failed, made = 0;
	while (made < count && create(vpp, watch, made ? 0 : background, &layers[made], made) == 0)
		made++;
	if (made == count)
		draw(vpp, watch, target, count);
	for (unsigned i = 0; i < made; i++)
		vaapi_ok(watch, "vaDestroyBuffer",
			 vaDestroyBuffer(vpp->engine->display, vpp->buffers[i]));
	return watch->failed == failed ? 0 : -EIO;
}
