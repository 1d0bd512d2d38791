/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/gop.h - the access units of one publication since its last key frame: what a
 * decoder that is new needs to show a picture at once.
 *
 * Bounded: what grows beyond 4 MiB, 10 s or 600 access units is forgotten until the next key frame.
 * Threads: a gop belongs to the room's thread; access units may be referred to from any.
 */
#ifndef TESS_MEDIA_GOP_H
#define TESS_MEDIA_GOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

#define TESS_GOP_BYTES	 ((size_t)4 << 20)
#define TESS_GOP_SPAN_US INT64_C(10000000)
#define TESS_GOP_UNITS	 600

/** An access unit, which is not changed any more once others know of it. */
struct tess_unit {
	atomic_uint references;
	bool key;
	bool disposable; /* no other refers to it */
	int64_t capture_us;
	size_t length;
	uint8_t data[];
};

/** Copy @p data; one reference, the caller's. @retval 0, -ENOMEM */
int tess_unit_alloc(struct tess_unit **unitp, const uint8_t *data, size_t length,
		    int64_t capture_us, bool key) TESS_MUST_CHECK;
struct tess_unit *tess_unit_ref(struct tess_unit *unit);
void tess_unit_unref(struct tess_unit *unit); /* accepts NULL */

/** All zero is an empty one. */
struct tess_gop {
	struct tess_unit *units[TESS_GOP_UNITS]; /* the first is a key frame */
	unsigned count;
	size_t bytes;
};

/** Add a reference to @p unit: a key frame begins anew, others follow one that is there. */
void tess_gop_add(struct tess_gop *gop, struct tess_unit *unit);
void tess_gop_clear(struct tess_gop *gop);

#endif
