/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuvid/stubs.c - what the loader wants to find and nobody here uses.
 */
#include "tests/emulated/nv/core.h"

#define STUB(name)                                  \
	EMU_EXPORT CUresult name(void);             \
	CUresult name(void)                         \
	{                                           \
		return (CUresult)EMU_NOT_SUPPORTED; \
	}

STUB(cuvidReconfigureDecoder)
STUB(cuvidMapVideoFrame)
STUB(cuvidUnmapVideoFrame)
STUB(cuvidCtxLockCreate)
STUB(cuvidCtxLockDestroy)
STUB(cuvidCtxLock)
STUB(cuvidCtxUnlock)
STUB(cuvidCreateVideoSource)
STUB(cuvidCreateVideoSourceW)
STUB(cuvidDestroyVideoSource)
STUB(cuvidSetVideoSourceState)
STUB(cuvidGetVideoSourceState)
STUB(cuvidGetSourceVideoFormat)
STUB(cuvidGetSourceAudioFormat)
STUB(cuvidCreateVideoParser)
STUB(cuvidParseVideoData)
STUB(cuvidDestroyVideoParser)
