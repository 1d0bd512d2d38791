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

/** The cloud's names of a picture's id and address, and all members that our object may have. */
struct tess_mix_image_names {
	const char *id, *url, *members;
};

/**
 * The picture {"id":…} or {"url":…} of @p parent, whose dotted name is @p path, into @p to. Absent:
 * nothing. @retval 1, or negative
 */
int tess_mix_image_translate(struct tess_call *call, const json_t *parent, const char *path,
			     const struct tess_mix_image_names *names, json_t *to) TESS_MUST_CHECK;

#endif
