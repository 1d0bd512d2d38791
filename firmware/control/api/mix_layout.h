/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/mix_layout.h - the layout of a mix in the words of the cloud API.
 */
#ifndef TESS_API_MIX_LAYOUT_H
#define TESS_API_MIX_LAYOUT_H

#include "firmware/control/api/call.h"

/**
 * Put the member "layout" of the body into @p to, as LayoutParams; ranges are for the check that
 * follows. @retval 1, -EINVAL bad and answered, -ENOMEM
 */
int tess_mix_layout_translate(struct tess_call *call, json_t *to) TESS_MUST_CHECK;

#endif
