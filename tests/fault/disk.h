/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stands between the recorder and the disk (ld --wrap): counts the calls that change something, and
 * at the one it was told to, crashes, loses power or fails.
 *
 * Options of fault_life:
 *   crash_at=N   the process ends instead of the N-th call; of a write, a part may have been done
 *   power=SEED   with crash_at: and what was not synced by then is lost, kept or garbled, by this
 * seed fail_at=N    the N-th call fails ... fail_count=K ... and those after it, K in all ...
 *   fail_errno=E ... with this errno
 *   slow_us=N    each write and each sync takes so long, in the time of disk_time()
 *   no_sync=1    nothing is timed: syncs need not wait for the machine's own disk
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
/** What the time is for a slow disk. @return whether it may go on: no call is at work that has not
 * begun to wait */
bool disk_time(int64_t now_us);

#endif
