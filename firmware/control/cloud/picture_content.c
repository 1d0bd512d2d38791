/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/picture_content.c - see picture_content.h.
 */
#include "firmware/control/cloud/picture_content.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/control/cloud/digest.h"

const char *tess_picture_format(const void *content, size_t length)
{
	static const struct {
		const char *format, *magic;
		size_t length;
	} formats[] = {
		{"png", "\x89PNG\r\n\x1a\n", 8},
		{"jpeg", "\xff\xd8\xff", 3},
		{"bmp", "BM", 2},
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (length > formats[i].length &&
		    !memcmp(content, formats[i].magic, formats[i].length))
			return formats[i].format;
	}
	return NULL;
}

const char *tess_picture_format_of_suffix(const char *suffix)
{
	if (!strcasecmp(suffix, "png"))
		return "png";
	if (!strcasecmp(suffix, "jpg") || !strcasecmp(suffix, "jpeg"))
		return "jpeg";
	return strcasecmp(suffix, "bmp") ? NULL : "bmp";
}

int tess_picture_from_base64(void **content, size_t *length, const char *text, size_t text_length)
{
	int err;
	uint8_t *data;

	if (text_length >= TESS_BASE64_SIZE(TESS_PICTURE_MAX_BYTES))
		return -EFBIG;
	data = malloc(text_length / 4 * 3 + 1);
	if (!data)
		return -ENOMEM;
	err = tess_base64_decode(data, length, text, text_length);
	if (!err && *length > TESS_PICTURE_MAX_BYTES)
		err = -EFBIG;
	if (!err && !tess_picture_format(data, *length))
		err = -EINVAL;
	if (err) {
		free(data);
		return err;
	}
	*content = data;
	return 0;
}
