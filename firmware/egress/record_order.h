/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/record_order.h - control's order of a recording (docs/links.md).
 */
#ifndef TESS_EGRESS_RECORD_ORDER_H
#define TESS_EGRESS_RECORD_ORDER_H

#include "firmware/egress/record_state.h"

/** @return NULL, or what is wrong with it; *order has its id if it has one, else 0 */
const char *tess_record_order_read(struct tess_record_meta *order,
				   const json_t *json) TESS_MUST_CHECK;

#endif
