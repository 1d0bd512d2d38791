/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engines.h - the registry of video engines. A new driver gets its line in engines.c.
 */
#ifndef TESS_DRIVERS_ENGINES_H
#define TESS_DRIVERS_ENGINES_H

#include "hal/engine.h"

/**
 * All drivers, the best first and software, which every box has, last; ended by NULL. Static.
 */
const struct tess_engine_driver *const *tess_engine_drivers(void);

#endif
