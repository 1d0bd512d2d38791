/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_scan.h - the record folder as a whole: opening it for this process alone,
 * and finding the journals that lie in it.
 */
#ifndef TESS_EGRESS_RECORD_SCAN_H
#define TESS_EGRESS_RECORD_SCAN_H

#include "hal/net.h"

/**
 * Open the folder, made with all above it if it is not there, and lock it.
 * @return a descriptor, -EBUSY another process has it, -EINVAL, or another negative errno
 */
int tess_record_dir_open(const char *path) TESS_MUST_CHECK;
/** Open an application's folder in it. @return a descriptor, or a negative errno */
int tess_record_app_open(int record_dir, const char *app) TESS_MUST_CHECK;
/** Call @p found for each APP/BASE.journal. @retval 0, or a negative errno */
int tess_record_scan(int record_dir, void (*found)(void *arg, const char *app, const char *base),
		     void *arg) TESS_MUST_CHECK;

#endif
