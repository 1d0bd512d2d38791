/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stands between the recorder and the disk (ld --wrap): counts the calls that change something, and
 * at the one it was told to, crashes, loses power or fails.
 *
 * Options of fault_life:
 *   crash_at=N   the process ends instead of the N-th call; of a write, a part may have been done
 *   power=SEED   with crash_at: and what was not synced by then is lost, kept or garbled, by this
 * seed fail_at=N    the N-th call fails ... fail_count=K ... and those after it, K in all ...
 *   fail_errno=E ... with this errno
 */
#ifndef TESS_FAULT_DISK_H
#define TESS_FAULT_DISK_H

#include <stdbool.h>
#include <stdint.h>

/** Exit status of a crash that was asked for. */
#define DISK_CRASHED 86

bool disk_option(const char *text);
/** From here on. */
void disk_begin(void);
uint64_t disk_operations(void);
/** From now on all calls fail; or no longer. */
void disk_fail(bool failing);

#endif
