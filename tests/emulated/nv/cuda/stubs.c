/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuda/stubs.c - what the loader wants to find and nobody here uses.
 */
#include "tests/emulated/nv/core.h"

#define STUB(name)                                  \
	EMU_EXPORT CUresult name(void);             \
	CUresult name(void)                         \
	{                                           \
		return (CUresult)EMU_NOT_SUPPORTED; \
	}

STUB(cuMemAllocManaged)
STUB(cuLinkCreate)
STUB(cuLinkAddData)
STUB(cuLinkComplete)
STUB(cuLinkDestroy)
STUB(cuModuleGetGlobal)
STUB(cuTexObjectCreate)
STUB(cuTexObjectDestroy)
STUB(cuGLGetDevices_v2)
STUB(cuGraphicsGLRegisterImage)
STUB(cuGraphicsUnregisterResource)
STUB(cuGraphicsMapResources)
STUB(cuGraphicsUnmapResources)
STUB(cuGraphicsSubResourceGetMappedArray)
STUB(cuGraphicsResourceGetMappedPointer_v2)
STUB(cuArray3DCreate_v2)
STUB(cuArrayDestroy)
