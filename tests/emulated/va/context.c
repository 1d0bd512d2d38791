/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/context.c - contexts: a decoder, encoder or video processor each.
 */
#include <stdlib.h>

#include "tests/emulated/va/emu.h"

static const struct emu_codec *codec_of(const struct emu_config *config)
{
	switch (config->entrypoint) {
	case VAEntrypointVideoProc:
		return &emu_vpp;
	case VAEntrypointEncSlice:
		return &emu_encode_h264;
	default:
		return config->profile == VAProfileVP9Profile0 ? &emu_decode_vp9 : &emu_decode_h264;
	}
}

static VAStatus check_limits(const struct emu_device *device, const struct emu_config *config,
			     int width, int height)
{
	const struct emu_personality *personality = &device->personality;
	emu_check(width >= 0 && height >= 0, "vaCreateContext: size %dx%d", width, height);
	if (config->entrypoint == VAEntrypointVideoProc)
		return VA_STATUS_SUCCESS; /* libavfilter gives no size */
	emu_check(width > 0 && height > 0, "vaCreateContext: size %dx%d", width, height);
	if ((unsigned)width > personality->max_width || (unsigned)height > personality->max_height)
		return VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED;
	if (config->entrypoint == VAEntrypointEncSlice && personality->encoders > 0 &&
	    device->encoders >= personality->encoders)
		return VA_STATUS_ERROR_MAX_NUM_EXCEEDED;
	return VA_STATUS_SUCCESS;
}

static VAStatus create_context(VADriverContextP va, VAConfigID config_id, int width, int height,
			       int flag, VASurfaceID *targets, int target_count, VAContextID *id)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaCreateContext", &display);
	if (status)
		return status;
	(void)flag;
	const struct emu_config *config =
		emu_object_get(display, EMU_CONFIG, config_id, "vaCreateContext");
	for (int i = 0; i < target_count; i++) {
		const struct emu_surface *target =
			emu_object_get(display, EMU_SURFACE, targets[i], "vaCreateContext");
		emu_check(emu_fourcc_rt_format(target->fourcc) & config->rt_format,
			  "vaCreateContext: render target %#x has another format than the "
			  "configuration",
			  targets[i]);
	}
	status = check_limits(display->device, config, width, height);
	if (status) {
		emu_unlock(display);
		return status;
	}
	struct emu_context *context = emu_object_new(display, EMU_CONTEXT, sizeof(*context));
	context->config = *config;
	context->width = width;
	context->height = height;
	if (target_count > 0)
		context->targets =
			emu_copy(targets, (size_t)target_count * sizeof(*context->targets));
	context->target_count = target_count;
	context->codec = codec_of(config);
	context->state = context->codec->open(context);
	if (config->entrypoint == VAEntrypointEncSlice)
		display->device->encoders++;
	*id = context->object.id;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static VAStatus destroy_context(VADriverContextP va, VAContextID id)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	struct emu_context *context = emu_object_get(display, EMU_CONTEXT, id, "vaDestroyContext");
	emu_check(!context->open, "vaDestroyContext: a picture of the context is open");
	emu_worker_wait(display->device, &context->pending);
	if (context->config.entrypoint == VAEntrypointEncSlice)
		display->device->encoders--;
	emu_object_retire(display, context);
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

void emu_context_free(struct emu_context *context)
{
	context->codec->close(context->state);
	free(context->targets);
	free(context);
}

void emu_context_init(struct VADriverVTable *table)
{
	table->vaCreateContext = create_context;
	table->vaDestroyContext = destroy_context;
}
