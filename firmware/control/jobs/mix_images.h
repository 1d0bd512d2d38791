/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/mix_images.h - the pictures that the parameters of a mix name.
 */
#ifndef TESS_CONTROL_JOBS_MIX_IMAGES_H
#define TESS_CONTROL_JOBS_MIX_IMAGES_H

#include <jansson.h>
#include <stdint.h>

/** One of them, by id or address. */
struct tess_mix_image_at {
	json_int_t id;	   /* 0: url */
	const char *url;   /* NULL: id */
	const char *field; /* what the admin API calls it, e.g. "layout.presets.2.image" */
	/* of a mix of the desired state: where its key (a text) stands */
	json_t *object;
	const char *member;
};

/** @return of each if not 0, which ends it, else 0 */
int tess_mix_images(const json_t *mix,
		    int (*each)(void *arg, const struct tess_mix_image_at *image), void *arg);

#endif
