/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/live_viewers.h - who watches, as control is told, and the closing of some.
 *
 * Threads: the loop's.
 */
#ifndef TESS_EGRESS_LIVE_VIEWERS_H
#define TESS_EGRESS_LIVE_VIEWERS_H

#include "firmware/egress/live.h"

/** Viewers that are listed in one fact, of all streams together. */
#define TESS_LIVE_LISTED 500

/** Add to each stream of the `live` facts its `players` (docs/links.md), as far as memory goes. */
void tess_live_viewers_list(struct tess_live *live, json_t *facts);
/** Do what a `kick` message of control says. What it does not find is gone already. */
void tess_live_viewers_kick(struct tess_live *live, const json_t *message);

#endif
