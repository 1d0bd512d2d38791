/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/mix_body.h - the body of a mix, which starts one and which is only tried.
 */
#ifndef TESS_API_MIX_BODY_H
#define TESS_API_MIX_BODY_H

#include "firmware/control/api/call.h"

#define TESS_MIX_FIELD_MAX 64

/**
 * Put the parameters of StartMCUMixTranscode for this body into the object @p params; ranges are
 * for the check that follows. @retval 1, -EINVAL bad and answered, -ENOMEM
 */
int tess_mix_body_translate(struct tess_call *call, const struct tess_cloud_room *room,
			    json_t *params) TESS_MUST_CHECK;
/** Answer with what the check refused. @return 0, -ENOMEM */
int tess_mix_refused(struct tess_call *call, const struct tess_cloud_error *error);
/**
 * Our name of a parameter, "LayoutParams.PresetLayoutConfig.2.ZOrder" to "layout.presets.2.z".
 * @retval 0, -ENOENT it has none
 */
int tess_mix_field(char field[TESS_MIX_FIELD_MAX], const char *parameter) TESS_MUST_CHECK;

#endif
