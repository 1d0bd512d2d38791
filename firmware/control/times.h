/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/times.h - times as the APIs write them.
 */
#ifndef TESS_CONTROL_TIMES_H
#define TESS_CONTROL_TIMES_H

#include <stdint.h>

#include "hal/compiler.h"

/** @retval 0, -EINVAL it is no RFC 3339 date and time */
int tess_time_parse(int64_t *utc_us, const char *text) TESS_MUST_CHECK;
/** "2023-11-14T22:13:20Z", the seconds cut; a time before 1970 is 1970. */
void tess_time_text(char text[32], int64_t utc_us);

#endif
