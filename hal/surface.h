/* SPDX-License-Identifier: GPL-3.0-or-later
 * hal/surface.h - a picture that lives on an engine's device.
 *
 * Opaque and reference counted: only its engine can look inside. There is no map; download() of the
 * engine exists for tests and is counted.
 * Threads: references may be taken and dropped from any thread; the picture is not changed once it
 * was handed out.
 */
#ifndef TESS_HAL_SURFACE_H
#define TESS_HAL_SURFACE_H

#include <stdatomic.h>
#include <stdint.h>

struct tess_surface {
	atomic_uint references;
	uint16_t width, height; /* visible pixels, crop already applied */
	/* sample aspect ratio; 1:1 when unknown */
	uint16_t sar_num, sar_den;
	uint64_t serial;    /* differs between any two pictures of one engine */
	int64_t capture_us; /* media time, as given to the decoder with the access unit */
	/* the engine's, when the last reference goes */
	void (*destroy)(struct tess_surface *surface);
};

static inline struct tess_surface *tess_surface_ref(struct tess_surface *surface)
{
	atomic_fetch_add_explicit(&surface->references, 1, memory_order_relaxed);
	return surface;
}

/** Drop a reference; accepts NULL. */
static inline void tess_surface_unref(struct tess_surface *surface)
{
	if (surface &&
	    atomic_fetch_sub_explicit(&surface->references, 1, memory_order_acq_rel) == 1)
		surface->destroy(surface);
}

#endif
