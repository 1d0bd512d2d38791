/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/image_params.h - parameters that name a still picture, checked.
 */
#ifndef TESS_CLOUD_IMAGE_PARAMS_H
#define TESS_CLOUD_IMAGE_PARAMS_H

#include "firmware/control/cloud/checks.h"
#include "firmware/control/cloud/mix_params.h"

/** A picture's address: http or https, png, jpg, jpeg or bmp, at most 512 bytes. */
bool tess_image_url_valid(const char *url);
/** The picture of this id or at this address; the address wins. */
void tess_image_params_check(struct tess_mix_image *image, const struct tess_section *section,
			     const struct tess_number *id, const char *url_name,
			     enum tess_cloud_code url_invalid);
/**
 * A picture by one text: the id of one that the application keeps, in digits, or its address.
 * @return false: it is absent
 */
bool tess_image_text_check(struct tess_mix_image *image, const struct tess_section *section,
			   const char *name, enum tess_cloud_code invalid);

#endif
