/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/cli/selftest.h - tries one engine step by step, against software, and says how it went
 * in a table that can be sent with a report.
 */
#ifndef TESS_CLI_SELFTEST_H
#define TESS_CLI_SELFTEST_H

#include <stdio.h>

#include "hal/engine.h"

/**
 * Try the device @p device (NULL: the first) of @p driver against @p software.
 * @return how many steps failed; a device that does not open is one
 */
unsigned tess_selftest(FILE *out, const struct tess_engine_driver *driver, const char *device,
		       const struct tess_engine_driver *software);

#endif
