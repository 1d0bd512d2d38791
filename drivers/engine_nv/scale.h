/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/scale.h - which of the kernels' ways scales a plane as libyuv does.
 */
#ifndef TESS_ENGINE_NV_SCALE_H
#define TESS_ENGINE_NV_SCALE_H

#include "drivers/engine_nv/kernels.h"

/** For a plane of these sizes, all at least 1 and at most 16384. Threads: any. */
struct nv_scale nv_scale_choose(int from_width, int from_height, int to_width, int to_height);

#endif
