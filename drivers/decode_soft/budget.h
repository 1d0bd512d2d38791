/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/decode_soft/budget.h - how much memory the pictures of one decoder may take, those that
 * others still show included.
 */
#ifndef TESS_DECODE_BUDGET_H
#define TESS_DECODE_BUDGET_H

#include <libavutil/buffer.h>

struct tess_decode_budget;

/** One reference, the caller's; NULL: no memory. */
struct tess_decode_budget *tess_decode_budget_new(size_t bytes);
/** Give it up; accepts NULL. What was taken stays valid. */
void tess_decode_budget_release(struct tess_decode_budget *budget);
/** Take @p bytes until the last reference to the buffer goes. NULL: it is spent. Threads: any. */
AVBufferRef *tess_decode_budget_take(struct tess_decode_budget *budget, size_t bytes);

#endif
