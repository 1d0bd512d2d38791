/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/keep.h - a little memory that a process finds again when it was restarted, also
 * after kill -9.
 *
 * It belongs to the supervisor, which gives it to each life of the process; the file system has
 * nothing of it, and it is gone with the supervisor. A life may end in the middle of a write: what
 * is found is to be checked.
 */
#ifndef TESS_BASE_KEEP_H
#define TESS_BASE_KEEP_H

#include "hal/compiler.h"

#define TESS_KEEP_SIZE 4096

/** The supervisor's: make one. @return a descriptor that is closed on exec, or -errno */
int tess_keep_create(void) TESS_MUST_CHECK;
/** In the child, before exec: what comes after it will find the memory. */
void tess_keep_pass(int fd);
/**
 * The process's, once: TESS_KEEP_SIZE bytes, all 0 in its first life, mapped until it ends.
 * @return NULL: it was not started by the supervisor, or has none
 */
void *tess_keep_find(void);

#endif
