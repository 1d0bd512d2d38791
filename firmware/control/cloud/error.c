/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/error.c - codes and messages of the cloud API.
 */
#include "firmware/control/cloud/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

const char *tess_cloud_code_text(enum tess_cloud_code code)
{
	switch (code) {
#define X(name, text)           \
	case TESS_CLOUD_##name: \
		return text;
		TESS_CLOUD_CODES(X)
#undef X
	case TESS_CLOUD_CODE_BEFORE_FIRST:
		break;
	}
	return "InternalError";
}

int tess_cloud_refuse(struct tess_cloud_error *error, enum tess_cloud_code code, const char *format,
		      ...)
{
	va_list args;

	error->code = code;
	error->message_zh = NULL;
	error->parameter[0] = '\0';
	va_start(args, format);
	(void)vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	for (char *p = error->message; *p; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	}
	return -EINVAL;
}

int tess_cloud_refuse_zh(struct tess_cloud_error *error, enum tess_cloud_code code,
			 const char *message, const char *message_zh)
{
	(void)tess_cloud_refuse(error, code, "%s", message);
	error->message_zh = message_zh;
	return -EINVAL;
}
