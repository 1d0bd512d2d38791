/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/egress.h - the egress process without its main(): streams in from media,
 * recordings and live players out, as control desires.
 */
#ifndef TESS_EGRESS_EGRESS_H
#define TESS_EGRESS_EGRESS_H

#include "firmware/base/config.h"
#include "firmware/base/loop.h"
#include "hal/clock.h"

struct tess_egress;

/**
 * Recover the recordings, connect to control and media. It listens for players as soon as it knows
 * from control what there is to watch, so that none is turned away after a restart; or after a
 * second.
 * @p loop, @p clock and @p config must outlive it.
 * @retval 0, -EINVAL a bad listening address, or what tess_records_alloc() and the links return
 */
int tess_egress_alloc(struct tess_egress **egressp, struct tess_loop *loop,
		      const struct tess_clock *clock,
		      const struct tess_config *config) TESS_MUST_CHECK;
void tess_egress_free(struct tess_egress *egress); /* accepts NULL */

#endif
