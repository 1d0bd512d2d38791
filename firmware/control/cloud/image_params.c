/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/image_params.c - parameters that name a still picture.
 */
#include "firmware/control/cloud/image_params.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool tess_image_url_valid(const char *url)
{
	static const char *const suffixes[] = {".png", ".jpg", ".jpeg", ".bmp"};
	size_t length = strlen(url), path_length = strcspn(url, "?#");
	size_t scheme = !strncasecmp(url, "http://", 7)	   ? 7
			: !strncasecmp(url, "https://", 8) ? 8
							   : 0;

	if (!scheme || length > TESS_CLOUD_MAX_URL || url[scheme] == '/' || url[scheme] == '\0')
		return false;
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)url[i] <= ' ' || url[i] == 0x7f)
			return false;
	}
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t suffix = strlen(suffixes[i]);

		if (path_length > scheme + suffix &&
		    !strncasecmp(url + path_length - suffix, suffixes[i], suffix))
			return true;
	}
	return false;
}

void tess_image_params_check(struct tess_mix_image *image, const struct tess_section *section,
			     const struct tess_number *id, const char *url_name,
			     enum tess_cloud_code url_invalid)
{
	const char *url;

	image->id = (uint32_t)tess_check_number(section, id, 0);
	url = tess_check_text(section, url_name, TESS_CLOUD_CODE_BEFORE_FIRST, url_invalid);
	if (!url)
		return;
	image->id = 0;
	if (tess_image_url_valid(url))
		(void)stpcpy(image->url, url);
	else
		tess_check_invalid(section, url_name, url_invalid,
				   "the http(s) address of a png, jpg, jpeg or bmp is expected");
}

bool tess_image_text_check(struct tess_mix_image *image, const struct tess_section *section,
			   const char *name, enum tess_cloud_code invalid)
{
	const char *text = tess_check_text(section, name, TESS_CLOUD_CODE_BEFORE_FIRST, invalid);
	unsigned long id;

	if (!text)
		return false;
	id = strlen(text) <= 10 && !text[strspn(text, "0123456789")] ? strtoul(text, NULL, 10) : 0;
	if (id && id <= UINT32_MAX)
		image->id = (uint32_t)id;
	else if (tess_image_url_valid(text))
		(void)stpcpy(image->url, text);
	else
		tess_check_invalid(section, name, invalid,
				   "the id of a picture, or the http(s) address of a png, jpg, "
				   "jpeg or bmp is expected");
	return true;
}
