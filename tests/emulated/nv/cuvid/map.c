/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuvid/map.c - decoded pictures as device memory, in NV12.
 */
#include "tests/emulated/nv/cuvid/decoder.h"

#include <stdlib.h>
#include <string.h>

#define OP   "cuvidMapVideoFrame"
#define GREY 0x80 /* of a picture of which nothing could be decoded */

/* Writes a picture to its output in the order of the stream. */
struct show {
	AVFrame *frame; /* NULL: nothing was decoded */
	uint8_t *to;
	unsigned pitch, width, height;
};

static unsigned smaller(unsigned a, int b)
{
	return a < (unsigned)b ? a : (unsigned)b;
}

static void run_show(void *argument)
{
	struct show *show = argument;
	const AVFrame *frame = show->frame;
	uint8_t *chroma = show->to + (size_t)show->pitch * show->height;

	if (frame) {
		unsigned width = smaller(show->width, frame->width);
		unsigned height = smaller(show->height, frame->height);

		for (unsigned y = 0; y < height; y++)
			memcpy(show->to + (size_t)y * show->pitch,
			       frame->data[0] + (ptrdiff_t)y * frame->linesize[0], width);
		for (unsigned y = 0; y < height / 2; y++) {
			const uint8_t *u = frame->data[1] + (ptrdiff_t)y * frame->linesize[1];
			const uint8_t *v = frame->data[2] + (ptrdiff_t)y * frame->linesize[2];
			uint8_t *row = chroma + (size_t)y * show->pitch;

			for (unsigned x = 0; x < width / 2; x++) {
				row[2 * x] = u[x];
				row[2 * x + 1] = v[x];
			}
		}
	} else {
		memset(show->to, GREY, (size_t)show->pitch * show->height * 3 / 2);
	}
	av_frame_free(&show->frame);
	free(show);
}

static struct output *free_output(struct decoder *decoder)
{
	unsigned count = (unsigned)decoder->info.ulNumOutputSurfaces, i = 0;

	while (i < count && decoder->outputs[i].mapped)
		i++;
	EMU_REQUIRE(i < count, OP ": all %u output surfaces are mapped", count);
	return &decoder->outputs[i];
}

EMU_EXPORT tcuvidMapVideoFrame64 cuvidMapVideoFrame64;
CUresult cuvidMapVideoFrame64(CUvideodecoder handle, int index, unsigned long long *address,
			      unsigned *pitch, CUVIDPROCPARAMS *parameters)
{
	struct decoder *decoder = decoder_enter(handle, OP);
	struct emu_context *context = decoder->context;
	struct emu_stream *stream = emu_stream(context, parameters->output_stream, OP);
	unsigned width = (unsigned)decoder->info.ulWidth, height = (unsigned)decoder->info.ulHeight;
	size_t bytes = (size_t)decoder->pitch * height * 3 / 2;
	CUresult error = emu_cuda_gate(context->device, OP);

	if (error)
		return error;
	pthread_mutex_lock(&decoder->lock);
	EMU_REQUIRE(index >= 0 && (unsigned)index < decoder->info.ulNumDecodeSurfaces &&
			    decoder->surfaces[index].written,
		    OP ": picture %d was never decoded", index);
	struct output *output = free_output(decoder);

	if (!output->address)
		output->address = emu_memory_new(context, bytes, false);
	if (!output->address) {
		pthread_mutex_unlock(&decoder->lock);
		return (CUresult)EMU_OUT_OF_MEMORY;
	}
	struct show *show = malloc(sizeof(*show));
	const AVFrame *frame = decoder->surfaces[index].frame;

	EMU_REQUIRE(show, "the host is out of memory");
	*show = (struct show){frame ? av_frame_clone(frame) : NULL,
			      emu_memory(context, output->address, bytes, OP), decoder->pitch,
			      width, height};
	output->mapped = true;
	pthread_mutex_unlock(&decoder->lock);
	emu_stream_submit(stream, run_show, show);
	EMU_COUNT(context->device, frames_mapped, 1);
	*address = output->address;
	*pitch = decoder->pitch;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuvidUnmapVideoFrame64 cuvidUnmapVideoFrame64;
CUresult cuvidUnmapVideoFrame64(CUvideodecoder handle, unsigned long long address)
{
	struct decoder *decoder = decoder_enter(handle, "cuvidUnmapVideoFrame");
	int i = 0;

	pthread_mutex_lock(&decoder->lock);
	while (i < DECODER_MAX_OUTPUTS &&
	       !(decoder->outputs[i].mapped && decoder->outputs[i].address == address))
		i++;
	EMU_REQUIRE(i < DECODER_MAX_OUTPUTS, "cuvidUnmapVideoFrame: %#llx is not mapped", address);
	decoder->outputs[i].mapped = false;
	pthread_mutex_unlock(&decoder->lock);
	EMU_COUNT(decoder->context->device, frames_mapped, -1);
	return emu_cuda_gate(decoder->context->device, "cuvidUnmapVideoFrame");
}
