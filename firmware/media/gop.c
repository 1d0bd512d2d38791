/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/gop.c - the access units of one publication since its last key frame.
 */
#include "firmware/media/gop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tess_unit_alloc(struct tess_unit **unitp, const uint8_t *data, size_t length,
		    int64_t capture_us, bool key)
{
	struct tess_unit *unit = malloc(sizeof(*unit) + length);

	if (!unit)
		return -ENOMEM;
	atomic_init(&unit->references, 1);
	unit->key = key;
	unit->disposable = false;
	unit->capture_us = capture_us;
	unit->length = length;
	memcpy(unit->data, data, length);
	*unitp = unit;
	return 0;
}

struct tess_unit *tess_unit_ref(struct tess_unit *unit)
{
	atomic_fetch_add_explicit(&unit->references, 1, memory_order_relaxed);
	return unit;
}

void tess_unit_unref(struct tess_unit *unit)
{
	if (unit && atomic_fetch_sub_explicit(&unit->references, 1, memory_order_acq_rel) == 1)
		free(unit);
}

void tess_gop_clear(struct tess_gop *gop)
{
	for (unsigned i = 0; i < gop->count; i++)
		tess_unit_unref(gop->units[i]);
	gop->count = 0;
	gop->bytes = 0;
}

void tess_gop_add(struct tess_gop *gop, struct tess_unit *unit)
{
	if (unit->key)
		tess_gop_clear(gop);
	else if (!gop->count)
		return;
	if (gop->count == TESS_GOP_UNITS || unit->length > TESS_GOP_BYTES - gop->bytes ||
	    (gop->count && unit->capture_us - gop->units[0]->capture_us > TESS_GOP_SPAN_US)) {
		tess_gop_clear(gop);
		return;
	}
	gop->units[gop->count++] = tess_unit_ref(unit);
	gop->bytes += unit->length;
}
