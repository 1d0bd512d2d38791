/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/engine/measure.h - how much an engine can do, by trying: some tenths of a second of
 * composing, encoding and decoding 1280x720, through hal/engine.h alone.
 *
 * One decoder, compositor or encoder works at a time, as one mix would use them. A device that
 * does several side by side can do more than that.
 */
#ifndef TESS_ENGINE_MEASURE_H
#define TESS_ENGINE_MEASURE_H

#include "firmware/base/price.h"
#include "hal/clock.h"
#include "hal/engine.h"

/**
 * Measure into *capacity. @p clock: what the work is paid in; for an engine with shared units the
 * CPU time of this thread, for others real time. *what names the step that failed (static).
 * @retval 0, -ENOMEM, -EIO nothing came out, or the error of the engine's call
 */
int tess_engine_measure(struct tess_engine *engine, const struct tess_clock *clock,
			struct tess_work *capacity, const char **what) TESS_MUST_CHECK;

#endif
