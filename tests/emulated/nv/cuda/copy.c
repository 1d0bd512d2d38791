/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/copy.c - copies and fills of device memory, in the order of a stream.
 *
 * As the driver does with pageable memory, what is copied from the host is taken at the call; what
 * is copied to the host is written when the stream gets to it.
 */
#include "tests/emulated/nv/core.h"

#include <stdlib.h>
#include <string.h>

struct copy {
	unsigned char *to;
	const unsigned char *from;
	size_t to_pitch, from_pitch, width, height;
	unsigned char *staged; /* what `from` points to, when it is ours */
};

static void run_copy(void *argument)
{
	struct copy *copy = argument;

	for (size_t y = 0; y < copy->height; y++)
		memmove(copy->to + y * copy->to_pitch, copy->from + y * copy->from_pitch,
			copy->width);
	free(copy->staged);
	free(copy);
}

static void submit(struct emu_stream *stream, const struct copy *copy, bool stage)
{
	struct copy *own = malloc(sizeof(*own));

	EMU_REQUIRE(own, "the host is out of memory");
	*own = *copy;
	if (stage) {
		own->staged = malloc(copy->width * copy->height);
		EMU_REQUIRE(own->staged, "the host is out of memory");
		for (size_t y = 0; y < copy->height; y++)
			memcpy(own->staged + y * copy->width, copy->from + y * copy->from_pitch,
			       copy->width);
		own->from = own->staged;
		own->from_pitch = copy->width;
	}
	emu_stream_submit(stream, run_copy, own);
}

static void count(struct emu_device *device, bool from_host, bool to_host, size_t bytes)
{
	if (from_host) {
		EMU_COUNT(device, uploads, 1);
		EMU_COUNT(device, upload_bytes, bytes);
	} else if (to_host) {
		EMU_COUNT(device, downloads, 1);
		EMU_COUNT(device, download_bytes, bytes);
	} else {
		EMU_COUNT(device, copies, 1);
	}
}

/* Bytes from the first to the last one of a pitched area. */
static size_t extent(const struct copy *copy, size_t pitch)
{
	return (copy->height - 1) * pitch + copy->width;
}

/* One of the two ends: host memory as it is, device memory checked. */
static unsigned char *end(struct emu_context *context, const struct copy *copy, CUmemorytype type,
			  const void *host, CUdeviceptr device, size_t pitch, size_t x, size_t y,
			  const char *op)
{
	EMU_REQUIRE(type == CU_MEMORYTYPE_HOST || type == CU_MEMORYTYPE_DEVICE,
		    "%s: memory type %d", op, type);
	EMU_REQUIRE(copy->height == 1 || pitch >= x + copy->width, "%s: pitch %zu < width %zu", op,
		    pitch, x + copy->width);
	if (type == CU_MEMORYTYPE_HOST) {
		EMU_REQUIRE(host, "%s: no host memory given", op);
		return (unsigned char *)(uintptr_t)host + y * pitch + x;
	}
	return emu_memory(context, device + y * pitch + x, extent(copy, pitch), op);
}

static CUresult copy_2d(const CUDA_MEMCPY2D *c, CUstream handle, bool asynchronous, const char *op)
{
	EMU_ENTER(context, op);
	struct emu_stream *stream = emu_stream(context, handle, op);
	struct copy copy = {.to_pitch = c->dstPitch,
			    .from_pitch = c->srcPitch,
			    .width = c->WidthInBytes,
			    .height = c->Height};
	bool from_host = c->srcMemoryType == CU_MEMORYTYPE_HOST;
	bool to_host = c->dstMemoryType == CU_MEMORYTYPE_HOST;

	EMU_REQUIRE(copy.width && copy.height, "%s: %zu x %zu bytes", op, copy.width, copy.height);
	copy.from = end(context, &copy, c->srcMemoryType, c->srcHost, c->srcDevice, c->srcPitch,
			c->srcXInBytes, c->srcY, op);
	copy.to = end(context, &copy, c->dstMemoryType, c->dstHost, c->dstDevice, c->dstPitch,
		      c->dstXInBytes, c->dstY, op);
	EMU_REQUIRE(!from_host || !to_host, "%s: from host to host", op);
	submit(stream, &copy, from_host);
	count(context->device, from_host, to_host, copy.width * copy.height);
	if (!asynchronous)
		emu_stream_wait(stream);
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuMemcpy2D_v2 cuMemcpy2D_v2;
CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *copy)
{
	return copy_2d(copy, NULL, false, "cuMemcpy2D");
}

EMU_EXPORT tcuMemcpy2DAsync_v2 cuMemcpy2DAsync_v2;
CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream)
{
	return copy_2d(copy, stream, true, "cuMemcpy2DAsync");
}

static CUDA_MEMCPY2D linear(size_t bytes)
{
	return (CUDA_MEMCPY2D){.srcMemoryType = CU_MEMORYTYPE_DEVICE,
			       .dstMemoryType = CU_MEMORYTYPE_DEVICE,
			       .srcPitch = bytes,
			       .dstPitch = bytes,
			       .WidthInBytes = bytes,
			       .Height = 1};
}

static CUresult to_device(CUdeviceptr to, const void *from, size_t bytes, CUstream stream,
			  bool asynchronous, const char *op)
{
	CUDA_MEMCPY2D copy = linear(bytes);

	copy.dstDevice = to;
	copy.srcMemoryType = CU_MEMORYTYPE_HOST;
	copy.srcHost = from;
	return copy_2d(&copy, stream, asynchronous, op);
}

static CUresult to_host(void *to, CUdeviceptr from, size_t bytes, CUstream stream,
			bool asynchronous, const char *op)
{
	CUDA_MEMCPY2D copy = linear(bytes);

	copy.srcDevice = from;
	copy.dstMemoryType = CU_MEMORYTYPE_HOST;
	copy.dstHost = to;
	return copy_2d(&copy, stream, asynchronous, op);
}

/* A copy within the device does not wait, in none of its forms. */
static CUresult in_device(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream,
			  const char *op)
{
	CUDA_MEMCPY2D copy = linear(bytes);

	copy.srcDevice = from;
	copy.dstDevice = to;
	return copy_2d(&copy, stream, true, op);
}

EMU_EXPORT tcuMemcpyHtoD_v2 cuMemcpyHtoD_v2;
CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes)
{
	return to_device(to, from, bytes, NULL, false, "cuMemcpyHtoD");
}

EMU_EXPORT tcuMemcpyHtoDAsync_v2 cuMemcpyHtoDAsync_v2;
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
	return to_device(to, from, bytes, stream, true, "cuMemcpyHtoDAsync");
}

EMU_EXPORT tcuMemcpyDtoH_v2 cuMemcpyDtoH_v2;
CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes)
{
	return to_host(to, from, bytes, NULL, false, "cuMemcpyDtoH");
}

EMU_EXPORT tcuMemcpyDtoHAsync_v2 cuMemcpyDtoHAsync_v2;
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
	return to_host(to, from, bytes, stream, true, "cuMemcpyDtoHAsync");
}

EMU_EXPORT tcuMemcpyDtoD_v2 cuMemcpyDtoD_v2;
CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
	return in_device(to, from, bytes, NULL, "cuMemcpyDtoD");
}

EMU_EXPORT tcuMemcpyDtoDAsync_v2 cuMemcpyDtoDAsync_v2;
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
	return in_device(to, from, bytes, stream, "cuMemcpyDtoDAsync");
}

EMU_EXPORT tcuMemcpy cuMemcpy;
CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
	return in_device(to, from, bytes, NULL, "cuMemcpy");
}

EMU_EXPORT tcuMemcpyAsync cuMemcpyAsync;
CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
	return in_device(to, from, bytes, stream, "cuMemcpyAsync");
}

struct fill {
	unsigned char *to;
	size_t bytes;
	unsigned char value;
};

static void run_fill(void *argument)
{
	struct fill *fill = argument;

	memset(fill->to, fill->value, fill->bytes);
	free(fill);
}

EMU_EXPORT tcuMemsetD8Async cuMemsetD8Async;
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream handle)
{
	EMU_ENTER(context, "cuMemsetD8Async");
	struct emu_stream *stream = emu_stream(context, handle, "cuMemsetD8Async");
	struct fill *fill = malloc(sizeof(*fill));

	EMU_REQUIRE(fill, "the host is out of memory");
	*fill = (struct fill){emu_memory(context, to, bytes, "cuMemsetD8Async"), bytes, value};
	emu_stream_submit(stream, run_fill, fill);
	return CUDA_SUCCESS;
}
