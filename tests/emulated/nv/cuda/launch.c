/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/launch.c - runs a grid of the host build of a kernel.
 */
#include "tests/emulated/nv/cuda/module.h"

#include <stdlib.h>
#include <string.h>

#include "tests/emulated/nv/device.h"

#define MAX_THREADS	 1024u /* limits of compute capability 5.0 to 9.0 */
#define MAX_BLOCK_Z	 64u
#define MAX_GRID_X	 0x7fffffffu
#define MAX_GRID_YZ	 65535u
#define MAX_SHARED_BYTES 49152u

struct launch {
	const struct emu_function *function;
	struct tess_gpu_dim grid, block;
	_Alignas(16) unsigned char parameters[];
};

static void run_block(const struct launch *launch, void **parameters)
{
	void (*thread)(void **) = launch->function->thread;

	for (unsigned z = 0; z < launch->block.z; z++)
		for (unsigned y = 0; y < launch->block.y; y++)
			for (unsigned x = 0; x < launch->block.x; x++) {
				tess_gpu_tid = (struct tess_gpu_dim){x, y, z};
				thread(parameters);
			}
}

static void run_launch(void *argument)
{
	struct launch *launch = argument;
	void *parameters[] = {launch->parameters};
	const struct tess_gpu_dim *grid = &launch->grid;

	emu_memory_kernel(launch->function->context, launch->function->name);
	tess_gpu_ntid = launch->block;
	for (unsigned z = 0; z < grid->z; z++)
		for (unsigned y = 0; y < grid->y; y++)
			for (unsigned x = 0; x < grid->x; x++) {
				tess_gpu_ctaid = (struct tess_gpu_dim){x, y, z};
				run_block(launch, parameters);
			}
	emu_memory_kernel(NULL, NULL);
	free(launch);
}

static void check(const struct emu_function *function, const struct tess_gpu_dim *grid,
		  const struct tess_gpu_dim *block, unsigned shared)
{
	uint64_t threads = (uint64_t)block->x * block->y * block->z;

	EMU_REQUIRE(threads && block->x <= MAX_THREADS && block->y <= MAX_THREADS &&
			    block->z <= MAX_BLOCK_Z && threads <= MAX_THREADS,
		    "cuLaunchKernel: %s: a block of %ux%ux%u threads", function->name, block->x,
		    block->y, block->z);
	EMU_REQUIRE(grid->x && grid->y && grid->z && grid->x <= MAX_GRID_X &&
			    grid->y <= MAX_GRID_YZ && grid->z <= MAX_GRID_YZ,
		    "cuLaunchKernel: %s: a grid of %ux%ux%u blocks", function->name, grid->x,
		    grid->y, grid->z);
	EMU_REQUIRE(shared <= MAX_SHARED_BYTES, "cuLaunchKernel: %s: %u bytes of shared memory",
		    function->name, shared);
}

EMU_EXPORT tcuLaunchKernel cuLaunchKernel;
CUresult cuLaunchKernel(CUfunction handle, unsigned grid_x, unsigned grid_y, unsigned grid_z,
			unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
			CUstream stream, void **parameters, void **extra)
{
	EMU_ENTER(context, "cuLaunchKernel");
	struct emu_function *function = emu_handle(handle, EMU_FUNCTION, "cuLaunchKernel");
	struct tess_gpu_dim grid = {grid_x, grid_y, grid_z}, block = {block_x, block_y, block_z};
	struct launch *launch;

	EMU_REQUIRE(function->context == context,
		    "cuLaunchKernel: the function is another context's");
	emu_handle(function->module, EMU_MODULE, "cuLaunchKernel");
	EMU_REQUIRE(parameters && parameters[0] && !extra,
		    "cuLaunchKernel: %s: parameters come in kernelParams", function->name);
	check(function, &grid, &block, shared);
	launch = malloc(sizeof(*launch) + function->parameter_bytes);
	EMU_REQUIRE(launch, "the host is out of memory");
	launch->function = function;
	launch->grid = grid;
	launch->block = block;
	memcpy(launch->parameters, parameters[0], function->parameter_bytes);
	EMU_COUNT(context->device, kernels, 1);
	emu_stream_submit(emu_stream(context, stream, "cuLaunchKernel"), run_launch, launch);
	return CUDA_SUCCESS;
}
