/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/kernels_ptx.h - the compiled kernels.
 */
#ifndef TESS_ENGINE_NV_KERNELS_PTX_H
#define TESS_ENGINE_NV_KERNELS_PTX_H

/** PTX that build-ptx made of kernels.cu; ends with a zero byte. */
extern const char nv_kernels_ptx[];

#endif
