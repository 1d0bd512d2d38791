/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/picture.c - vaBeginPicture, vaRenderPicture, vaEndPicture.
 */
#include <stdlib.h>

#include "tests/emulated/va/emu.h"

static bool listed(const struct emu_context *context, VASurfaceID id)
{
	for (int i = 0; i < context->target_count; i++)
		if (context->targets[i] == id)
			return true;
	return context->target_count == 0;
}

static void check_target(const struct emu_context *context, const struct emu_surface *target)
{
	VASurfaceID id = target->object.id;
	/* an encoder's target is its input; the list holds its reconstructions */
	emu_check(context->config.entrypoint == VAEntrypointEncSlice || listed(context, id),
		  "vaBeginPicture: surface %#x is not a render target of the context", id);
	emu_check(!target->open_in,
		  "vaBeginPicture: surface %#x is the target of another open "
		  "picture",
		  id);
	emu_check(!target->mapped, "vaBeginPicture: surface %#x is mapped", id);
	emu_check(target->fourcc == VA_FOURCC_NV12, "vaBeginPicture: surface %#x is not NV12", id);
}

static VAStatus begin_picture(VADriverContextP va, VAContextID context_id, VASurfaceID target_id)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	VAStatus status = emu_gate(display, "vaBeginPicture");
	struct emu_context *context =
		emu_object_get(display, EMU_CONTEXT, context_id, "vaBeginPicture");
	struct emu_surface *target =
		emu_object_get(display, EMU_SURFACE, target_id, "vaBeginPicture");
	emu_check(!context->open, "vaBeginPicture: a picture of the context is open");
	check_target(context, target);
	context->begin_failed = status != VA_STATUS_SUCCESS;
	if (status == VA_STATUS_SUCCESS) {
		struct emu_picture *picture = emu_zalloc(sizeof(*picture));
		picture->device = display->device;
		picture->context = context;
		context->object.references++;
		picture->target = target;
		emu_picture_use(picture, target);
		target->open_in = picture;
		context->open = picture;
	}
	emu_unlock(display);
	return status;
}

void emu_picture_use(struct emu_picture *picture, struct emu_surface *surface)
{
	emu_check(surface->mapped == 0, "surface %#x is mapped and goes to the GPU",
		  surface->object.id);
	emu_check(picture->use_count < EMU_MAX_USES, "a picture uses over %d surfaces",
		  EMU_MAX_USES);
	surface->object.references++;
	picture->uses[picture->use_count++] = surface;
}

struct emu_buffer *emu_picture_one(struct emu_picture *picture, VABufferType type)
{
	struct emu_buffer *found = NULL;
	for (unsigned i = 0; i < picture->count; i++) {
		if (picture->buffers[i]->type != type)
			continue;
		emu_check(!found, "vaEndPicture: two buffers of %s", emu_buffer_type_name(type));
		found = picture->buffers[i];
	}
	return found;
}

static void render_one(struct emu_display *display, struct emu_picture *picture, VABufferID id)
{
	struct emu_context *context = picture->context;
	struct emu_buffer *buffer = emu_object_get(display, EMU_BUFFER, id, "vaRenderPicture");
	emu_check(!buffer->image && buffer->type != VAEncCodedBufferType,
		  "vaRenderPicture: buffer %#x holds %s", id, emu_buffer_type_name(buffer->type));
	emu_check(buffer->context == context->object.id,
		  "vaRenderPicture: buffer %#x belongs to another context", id);
	emu_check(!buffer->mapped, "vaRenderPicture: buffer %#x is mapped", id);
	emu_check(buffer->filled, "vaRenderPicture: buffer %#x was never written", id);
	emu_check(!buffer->rendered_in, "vaRenderPicture: buffer %#x is in an open picture", id);
	buffer->object.references++;
	buffer->rendered_in = picture;
	picture->buffers =
		reallocarray(picture->buffers, picture->count + 1, sizeof(struct emu_buffer *));
	if (!picture->buffers)
		abort();
	picture->buffers[picture->count++] = buffer;
	if (context->codec->rendered)
		context->codec->rendered(display, picture, buffer);
}

/* whether the buffers are more layers than one picture may have */
static bool too_many(struct emu_display *display, struct emu_picture *picture,
		     const VABufferID *ids, int count)
{
	for (int i = 0; i < count; i++) {
		const struct emu_buffer *buffer =
			emu_object_get(display, EMU_BUFFER, ids[i], "vaRenderPicture");
		picture->layers += buffer->type == VAProcPipelineParameterBufferType;
	}
	return picture->layers > display->device->personality.max_layers;
}

static VAStatus render_picture(VADriverContextP va, VAContextID context_id, VABufferID *ids,
			       int count)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	VAStatus status = emu_gate(display, "vaRenderPicture");
	struct emu_context *context =
		emu_object_get(display, EMU_CONTEXT, context_id, "vaRenderPicture");
	struct emu_picture *picture = context->open;
	emu_check(picture || context->begin_failed, "vaRenderPicture: no picture is open");
	if (!picture) {
		emu_unlock(display);
		return VA_STATUS_ERROR_OPERATION_FAILED;
	}
	if (status == VA_STATUS_SUCCESS && too_many(display, picture, ids, count))
		status = VA_STATUS_ERROR_INVALID_PARAMETER;
	for (int i = 0; i < count && status == VA_STATUS_SUCCESS; i++)
		render_one(display, picture, ids[i]);
	picture->broken |= status != VA_STATUS_SUCCESS;
	emu_unlock(display);
	return status;
}

void emu_picture_release(struct emu_picture *picture)
{
	for (unsigned i = 0; i < picture->use_count; i++)
		emu_object_unref(picture->uses[i]);
	if (picture->coded)
		emu_object_unref(picture->coded);
	picture->context->codec->dispose(picture->work);
	emu_object_unref(picture->context);
	free(picture);
}

/* what was rendered is the application's again */
static void give_buffers_back(struct emu_picture *picture)
{
	for (unsigned i = 0; i < picture->count; i++) {
		picture->buffers[i]->rendered_in = NULL;
		emu_object_unref(picture->buffers[i]);
	}
	free(picture->buffers);
	picture->buffers = NULL;
	picture->count = 0;
}

/* libavcodec submits what it has of a picture when it could not make all of the buffers */
static bool lacks_buffers(struct emu_context *context, const struct emu_picture *picture)
{
	bool parameters = false, data = false, failed = context->buffer_failed;
	context->buffer_failed = false;
	for (unsigned i = 0; i < picture->count; i++) {
		parameters |= picture->buffers[i]->type == VAPictureParameterBufferType;
		data |= picture->buffers[i]->type == VASliceDataBufferType;
	}
	return failed && context->config.entrypoint == VAEntrypointVLD && !(parameters && data);
}

static VAStatus end_picture(VADriverContextP va, VAContextID context_id)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	VAStatus status = emu_gate(display, "vaEndPicture");
	struct emu_context *context =
		emu_object_get(display, EMU_CONTEXT, context_id, "vaEndPicture");
	struct emu_picture *picture = context->open;
	emu_check(picture || context->begin_failed, "vaEndPicture: no picture is open");
	context->begin_failed = false;
	if (!picture) {
		emu_unlock(display);
		return VA_STATUS_ERROR_OPERATION_FAILED;
	}
	context->open = NULL;
	picture->target->open_in = NULL;
	if (status == VA_STATUS_SUCCESS && picture->broken)
		status = VA_STATUS_ERROR_OPERATION_FAILED;
	if (lacks_buffers(context, picture) && status == VA_STATUS_SUCCESS)
		status = VA_STATUS_ERROR_INVALID_PARAMETER;
	if (status == VA_STATUS_SUCCESS) {
		emu_check(picture->count > 0, "vaEndPicture: nothing was rendered");
		status = context->codec->prepare(display, picture);
	}
	give_buffers_back(picture);
	if (status == VA_STATUS_SUCCESS)
		emu_worker_submit(display->device, picture);
	else
		emu_picture_release(picture);
	emu_unlock(display);
	return status;
}

void emu_picture_init(struct VADriverVTable *table)
{
	table->vaBeginPicture = begin_picture;
	table->vaRenderPicture = render_picture;
	table->vaEndPicture = end_picture;
}
