/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/clock.h - the system's clock, for a process without drivers.
 */
#ifndef TESS_CONTROL_CLOCK_H
#define TESS_CONTROL_CLOCK_H

#include "firmware/base/config.h" /* and with it struct tess_clock */

extern const struct tess_clock tess_control_clock;

#endif
