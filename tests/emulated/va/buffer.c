/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/buffer.c - buffers: their sizes, mapping, and who may touch them when.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/emu.h"

/* nobody may count on what a new buffer holds */
#define POISON 0xa5

static const struct {
	VABufferType type;
	const char *name;
} names[] = {
	{VAPictureParameterBufferType, "picture parameters"},
	{VAIQMatrixBufferType, "quantiser matrix"},
	{VASliceParameterBufferType, "slice parameters"},
	{VASliceDataBufferType, "slice data"},
	{VAImageBufferType, "image"},
	{VAEncCodedBufferType, "coded data"},
	{VAEncSequenceParameterBufferType, "encoder sequence parameters"},
	{VAEncPictureParameterBufferType, "encoder picture parameters"},
	{VAEncSliceParameterBufferType, "encoder slice parameters"},
	{VAEncPackedHeaderParameterBufferType, "packed header parameters"},
	{VAEncPackedHeaderDataBufferType, "packed header data"},
	{VAEncMiscParameterBufferType, "encoder misc parameters"},
	{VAProcPipelineParameterBufferType, "pipeline parameters"},
};

const char *emu_buffer_type_name(VABufferType type)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	return "unknown type";
}

/* bytes of one element; 0: any */
static size_t element_size(const struct emu_context *context, VABufferType type)
{
	bool vp9 = context->config.profile == VAProfileVP9Profile0;
	switch (type) {
	case VAPictureParameterBufferType:
		return vp9 ? sizeof(VADecPictureParameterBufferVP9)
			   : sizeof(VAPictureParameterBufferH264);
	case VAIQMatrixBufferType:
		return sizeof(VAIQMatrixBufferH264);
	case VASliceParameterBufferType:
		return vp9 ? sizeof(VASliceParameterBufferVP9) : sizeof(VASliceParameterBufferH264);
	case VAEncSequenceParameterBufferType:
		return sizeof(VAEncSequenceParameterBufferH264);
	case VAEncPictureParameterBufferType:
		return sizeof(VAEncPictureParameterBufferH264);
	case VAEncSliceParameterBufferType:
		return sizeof(VAEncSliceParameterBufferH264);
	case VAEncPackedHeaderParameterBufferType:
		return sizeof(VAEncPackedHeaderParameterBuffer);
	case VAProcPipelineParameterBufferType:
		return sizeof(VAProcPipelineParameterBuffer);
	default:
		return 0;
	}
}

static bool type_fits(const struct emu_context *context, VABufferType type)
{
	switch (type) {
	case VAPictureParameterBufferType:
	case VASliceParameterBufferType:
	case VASliceDataBufferType:
		return context->config.entrypoint == VAEntrypointVLD;
	case VAIQMatrixBufferType:
		return context->config.entrypoint == VAEntrypointVLD &&
		       context->config.profile != VAProfileVP9Profile0;
	case VAProcPipelineParameterBufferType:
		return context->config.entrypoint == VAEntrypointVideoProc;
	case VAEncSequenceParameterBufferType:
	case VAEncPictureParameterBufferType:
	case VAEncSliceParameterBufferType:
	case VAEncPackedHeaderParameterBufferType:
	case VAEncPackedHeaderDataBufferType:
	case VAEncMiscParameterBufferType:
	case VAEncCodedBufferType:
		return context->config.entrypoint == VAEntrypointEncSlice;
	default:
		return false;
	}
}

struct emu_buffer *emu_buffer_new(struct emu_display *display, VABufferType type, unsigned size,
				  unsigned elements)
{
	struct emu_buffer *buffer = emu_object_new(display, EMU_BUFFER, sizeof(*buffer));
	buffer->type = type;
	buffer->size = size;
	buffer->elements = buffer->max_elements = elements;
	return buffer;
}

static void count(struct emu_va_stats *stats, VABufferType type, int more)
{
	bool coded = type == VAEncCodedBufferType;
	uint64_t *live = coded ? &stats->live.coded_buffers : &stats->live.buffers;
	*live += (uint64_t)(int64_t)more;
	if (more > 0)
		++*(coded ? &stats->made.coded_buffers : &stats->made.buffers);
}

static VAStatus create_buffer(VADriverContextP va, VAContextID context_id, VABufferType type,
			      unsigned size, unsigned elements, void *data, VABufferID *id)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	VAStatus status = emu_gate(display, "vaCreateBuffer");
	struct emu_context *context =
		emu_object_get(display, EMU_CONTEXT, context_id, "vaCreateBuffer");
	if (status) {
		context->buffer_failed = true;
		emu_unlock(display);
		return status;
	}
	emu_check(type_fits(context, type),
		  "vaCreateBuffer: type %d (%s) does not belong in this "
		  "context",
		  type, emu_buffer_type_name(type));
	size_t wanted = element_size(context, type);
	emu_check(size > 0 && elements > 0 && (wanted == 0 || size == wanted),
		  "vaCreateBuffer: %u elements of %u bytes for %s of %zu bytes", elements, size,
		  emu_buffer_type_name(type), wanted);
	emu_check(elements == 1 || type == VASliceParameterBufferType ||
			  type == VASliceDataBufferType,
		  "vaCreateBuffer: %u elements of %s", elements, emu_buffer_type_name(type));
	emu_check(type != VAEncMiscParameterBufferType || size > sizeof(VAEncMiscParameterBuffer),
		  "vaCreateBuffer: misc parameters of %u bytes", size);
	struct emu_buffer *buffer = emu_buffer_new(display, type, size, elements);
	size_t bytes = (size_t)size * elements;
	buffer->context = context_id;
	buffer->data = emu_zalloc(bytes);
	buffer->filled = data != NULL;
	if (data)
		memcpy(buffer->data, data, bytes);
	else
		memset(buffer->data, POISON, bytes);
	count(&display->device->stats, type, 1);
	*id = buffer->object.id;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static VAStatus buffer_set_num_elements(VADriverContextP va, VABufferID id, unsigned elements)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaBufferSetNumElements", &display);
	if (status)
		return status;
	struct emu_buffer *buffer =
		emu_object_get(display, EMU_BUFFER, id, "vaBufferSetNumElements");
	emu_check(elements > 0 && elements <= buffer->max_elements,
		  "vaBufferSetNumElements: %u of a buffer made for %u", elements,
		  buffer->max_elements);
	buffer->elements = elements;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static void map_coded(struct emu_display *display, struct emu_buffer *buffer, void **data)
{
	emu_worker_wait(display->device, &buffer->pending);
	emu_check(buffer->encoded, "vaMapBuffer: coded buffer %#x: nothing was encoded into it",
		  buffer->object.id);
	*data = &buffer->segment;
}

static VAStatus map_buffer(VADriverContextP va, VABufferID id, void **data)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaMapBuffer", &display);
	if (status)
		return status;
	struct emu_buffer *buffer = emu_object_get(display, EMU_BUFFER, id, "vaMapBuffer");
	emu_check(!buffer->mapped, "vaMapBuffer: buffer %#x is mapped already", id);
	emu_check(!buffer->rendered_in, "vaMapBuffer: buffer %#x is in an open picture", id);
	buffer->mapped = true;
	*data = buffer->data;
	if (buffer->image)
		emu_image_mapped(display, buffer->image);
	else if (buffer->type == VAEncCodedBufferType)
		map_coded(display, buffer, data);
	else
		buffer->filled = true;
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static VAStatus unmap_buffer(VADriverContextP va, VABufferID id)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	struct emu_buffer *buffer = emu_object_get(display, EMU_BUFFER, id, "vaUnmapBuffer");
	emu_check(buffer->mapped, "vaUnmapBuffer: buffer %#x is not mapped", id);
	buffer->mapped = false;
	if (buffer->image)
		emu_image_unmapped(display, buffer->image);
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

static VAStatus destroy_buffer(VADriverContextP va, VABufferID id)
{
	struct emu_display *display = emu_display_of(va);
	emu_lock(display);
	struct emu_buffer *buffer = emu_object_get(display, EMU_BUFFER, id, "vaDestroyBuffer");
	emu_check(!buffer->image, "vaDestroyBuffer: buffer %#x belongs to an image", id);
	emu_check(!buffer->mapped, "vaDestroyBuffer: buffer %#x is mapped", id);
	emu_check(!buffer->rendered_in, "vaDestroyBuffer: buffer %#x is in an open picture", id);
	count(&display->device->stats, buffer->type, -1);
	emu_object_retire(display, buffer);
	emu_unlock(display);
	return VA_STATUS_SUCCESS;
}

void emu_buffer_free(struct emu_buffer *buffer)
{
	if (!buffer->image)
		free(buffer->data);
	free(buffer);
}

static VAStatus sync_buffer(VADriverContextP va, VABufferID id, uint64_t timeout_ns)
{
	struct emu_display *display;
	VAStatus status = emu_enter(va, "vaSyncBuffer", &display);
	if (status)
		return status;
	/* libavcodec asks so whether the call is implemented */
	if (id == VA_INVALID_ID && timeout_ns == 0) {
		emu_unlock(display);
		return VA_STATUS_ERROR_INVALID_BUFFER;
	}
	struct emu_buffer *buffer = emu_object_get(display, EMU_BUFFER, id, "vaSyncBuffer");
	emu_check(buffer->type == VAEncCodedBufferType, "vaSyncBuffer: buffer %#x holds %s", id,
		  emu_buffer_type_name(buffer->type));
	if (timeout_ns == 0 && buffer->pending > 0)
		status = VA_STATUS_ERROR_TIMEDOUT;
	else
		emu_worker_wait(display->device, &buffer->pending);
	emu_unlock(display);
	return status;
}

void emu_buffer_init(struct VADriverVTable *table)
{
	table->vaCreateBuffer = create_buffer;
	table->vaBufferSetNumElements = buffer_set_num_elements;
	table->vaMapBuffer = map_buffer;
	table->vaUnmapBuffer = unmap_buffer;
	table->vaDestroyBuffer = destroy_buffer;
	table->vaSyncBuffer = sync_buffer;
}
