/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/module.h - modules of PTX and their functions.
 */
#ifndef TESS_EMULATED_NV_CUDA_MODULE_H
#define TESS_EMULATED_NV_CUDA_MODULE_H

#include "tests/emulated/nv/core.h"

struct emu_function {
	struct emu_handle handle;
	struct emu_context *context;
	struct emu_handle *module;
	char name[128];
	void (*thread)(void **parameters); /* one thread of the grid, built for the host */
	unsigned parameter_bytes;
};

#endif
