/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/module.c - reads PTX as far as a loader must, and finds the host build.
 */
#include "tests/emulated/nv/cuda/module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PTX_MAJOR 7 /* PTX ISA 7.4: what the driver of the Video Codec SDK 11.1 takes */
#define PTX_MINOR 4

struct module {
	struct emu_handle handle;
	struct emu_context *context;
	char *ptx;
};

/* The text behind directive @p name at the start of a line, or NULL. */
static const char *directive(const char *ptx, const char *name)
{
	for (const char *line = ptx; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, strlen(name)))
			return line + strlen(name);
	}
	return NULL;
}

EMU_EXPORT tcuModuleLoadData cuModuleLoadData;
CUresult cuModuleLoadData(CUmodule *modulep, const void *image)
{
	EMU_ENTER(context, "cuModuleLoadData");
	const char *version = directive(image, ".version "),
		   *target = directive(image, ".target sm_");
	const char *bits = directive(image, ".address_size ");
	int major, minor, sm;

	EMU_REQUIRE(version && sscanf(version, "%d.%d", &major, &minor) == 2,
		    "cuModuleLoadData: the image is not PTX: no .version");
	EMU_REQUIRE(target && sscanf(target, "%d", &sm) == 1,
		    "cuModuleLoadData: the image is not PTX: no .target");
	EMU_REQUIRE(bits && atoi(bits) == 64, "cuModuleLoadData: the PTX is not for 64 bits");
	if (major > PTX_MAJOR || (major == PTX_MAJOR && minor > PTX_MINOR)) {
		EMU_COUNT(context->device, refused, 1);
		return (CUresult)EMU_UNSUPPORTED_PTX;
	}
	if (sm > 10 * context->device->major + context->device->minor) {
		EMU_COUNT(context->device, refused, 1);
		return (CUresult)EMU_NO_BINARY_FOR_GPU;
	}
	struct module *module = emu_handle_new(EMU_MODULE, sizeof(*module), context);

	module->context = context;
	module->ptx = strdup(image);
	EMU_REQUIRE(module->ptx, "the host is out of memory");
	*modulep = (CUmodule)module;
	return CUDA_SUCCESS;
}

EMU_EXPORT tcuModuleUnload cuModuleUnload;
CUresult cuModuleUnload(CUmodule handle)
{
	struct emu_context *context = emu_current("cuModuleUnload");
	struct module *module = emu_handle(handle, EMU_MODULE, "cuModuleUnload");

	EMU_REQUIRE(module->context == context, "cuModuleUnload: the module is another context's");
	emu_stream_wait_all(context);
	free(module->ptx);
	emu_handle_end(module);
	return emu_cuda_gate(context->device, "cuModuleUnload");
}

/* Size of all parameters of `.visible .entry name(...)`; -1 when there is no such entry. */
static int entry_bytes(const char *ptx, const char *name)
{
	char pattern[160];
	const char *at = ptx, *end;
	int bytes = 0;

	snprintf(pattern, sizeof(pattern), ".visible .entry %s(", name);
	at = strstr(ptx, pattern);
	if (!at)
		return -1;
	end = strchr(at + strlen(pattern), ')');
	EMU_REQUIRE(end, "cuModuleGetFunction: the PTX breaks off in %s", name);
	for (at = strchr(at, '['); at && at < end; at = strchr(at + 1, '['))
		bytes += atoi(at + 1);
	return bytes;
}

static void *kernels(void)
{
	const char *path = getenv("TESSERA_EMU_NV_KERNELS");
	char beside[4096];
	Dl_info own;
	void *library;

	EMU_REQUIRE(dladdr((void *)(uintptr_t)kernels, &own), "where is libcuda.so.1?");
	if (!path) {
		const char *slash = strrchr(own.dli_fname, '/');
		int directory = slash ? (int)(slash - own.dli_fname) : 0;

		snprintf(beside, sizeof(beside), "%.*s/libkernels.so", directory, own.dli_fname);
		path = beside;
	}
	/* The host build is linked against nothing: it finds device.h's functions among the global.
	 */
	EMU_REQUIRE(dlopen(own.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD), "%s", dlerror());
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	EMU_REQUIRE(library, "cuModuleGetFunction: no host build of the kernels: %s", dlerror());
	return library;
}

EMU_EXPORT tcuModuleGetFunction cuModuleGetFunction;
CUresult cuModuleGetFunction(CUfunction *functionp, CUmodule handle, const char *name)
{
	EMU_ENTER(context, "cuModuleGetFunction");
	struct module *module = emu_handle(handle, EMU_MODULE, "cuModuleGetFunction");
	char symbol[192];

	EMU_REQUIRE(module->context == context,
		    "cuModuleGetFunction: the module is another context's");
	int bytes = entry_bytes(module->ptx, name);

	EMU_REQUIRE(bytes >= 0, "cuModuleGetFunction: no entry %s in the PTX", name);
	void *library = kernels();

	snprintf(symbol, sizeof(symbol), "tess_gpu_launch_%s", name);
	void *thread = dlsym(library, symbol);

	snprintf(symbol, sizeof(symbol), "tess_gpu_parameter_bytes_%s", name);
	const unsigned *size = dlsym(library, symbol);

	EMU_REQUIRE(thread && size, "cuModuleGetFunction: the host build has no %s", name);
	EMU_REQUIRE(*size == (unsigned)bytes,
		    "cuModuleGetFunction: %s has %d parameter bytes in the PTX and %u in the host "
		    "build",
		    name, bytes, *size);
	struct emu_function *function = emu_handle_new(EMU_FUNCTION, sizeof(*function), context);

	function->context = context;
	function->module = &module->handle;
	function->parameter_bytes = *size;
	snprintf(function->name, sizeof(function->name), "%s", name);
	memcpy(&function->thread, &thread, sizeof(thread));
	*functionp = (CUfunction)function;
	return CUDA_SUCCESS;
}
