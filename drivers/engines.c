/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engines.c - the registry of video engines.
 */
#include <stddef.h>

#include "drivers/engine_nv/engine_nv.h"
#include "drivers/engine_soft/engine_soft.h"
#include "drivers/engine_vaapi/engine_vaapi.h"
#include "drivers/engines.h"

static const struct tess_engine_driver *const drivers[] = {
	&tess_engine_nv,
	&tess_engine_vaapi,
	&tess_engine_soft,
	NULL,
};

const struct tess_engine_driver *const *tess_engine_drivers(void)
{
	return drivers;
}
