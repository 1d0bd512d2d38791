/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/visible.h - can anything of a tile be seen?
 */
#ifndef TESS_MIX_VISIBLE_H
#define TESS_MIX_VISIBLE_H

#include <stdbool.h>

#include "hal/engine.h"

/**
 * False if @p rect is empty or the @p count (<= TESS_ENGINE_MAX_TILES) opaque rectangles @p over,
 * together, lie over all of it. Threads: any.
 */
bool tess_rect_is_seen(const struct tess_rect *rect, const struct tess_rect *over, unsigned count);

#endif
