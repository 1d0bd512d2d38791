/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/program.h - what control, media and egress do alike when they start and end.
 */
#ifndef TESS_BASE_PROGRAM_H
#define TESS_BASE_PROGRAM_H

#include "firmware/base/config.h"
#include "firmware/base/loop.h"

/**
 * The main() of tessera-@p name: reads --config FILE, ignores SIGPIPE, allows as many descriptors
 * as the system lets it, and calls @p run with a loop that SIGINT and SIGTERM stop. run starts what
 * there is, runs the loop, cleans up, and returns 0 or a negative errno, which is logged.
 * @return the exit status: 0, 1 (configuration or run failed), 2 (wrong arguments)
 */
int tess_program_main(int argc, char **argv, const char *name,
		      int (*run)(const struct tess_config *config, struct tess_loop *loop));

#endif
