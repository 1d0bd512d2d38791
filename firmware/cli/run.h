/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/cli/run.h - starts and supervises control, media and egress, for development: on a box
 * each is a systemd unit of its own.
 */
#ifndef TESS_CLI_RUN_H
#define TESS_CLI_RUN_H

#include <stddef.h>

#include "hal/compiler.h"

/** The folder of this program. @retval 0, -ENOENT */
int tess_run_folder(char *folder, size_t size) TESS_MUST_CHECK;
/**
 * Run the three programs that stand beside this one until SIGINT or SIGTERM; one that ends is
 * started again (after 100 ms, doubled up to 5 s while it keeps ending within 10 s).
 * @retval 0 ended by a signal, or a negative errno: nothing runs
 */
int tess_run(const char *config_path) TESS_MUST_CHECK;

#endif
