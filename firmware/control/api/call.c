/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/call.c - answers, times and the audit log, see call.h.
 */
#include "firmware/control/api/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware/base/log.h"

/* What a client sent may be cut in the middle of a character, or be none at all: a message is
 * ASCII. */
static void to_ascii(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			*text = '?';
}

static int refuse(struct tess_call *call, unsigned status, const char *code, const char *field,
		  const char *format, va_list args)
{
	char message[320], name[80];

	vsnprintf(message, sizeof(message), format, args);
	to_ascii(message);
	snprintf(name, sizeof(name), "%s", field);
	to_ascii(name);
	return tess_response_error(call->response, status, code, name, message);
}

int tess_call_error(struct tess_call *call, unsigned status, const char *code, const char *field,
		    const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = refuse(call, status, code, field, format, args);
	va_end(args);
	return rc;
}

int tess_call_invalid(struct tess_call *call, const char *field, const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = refuse(call, 400, "invalid_parameter", field, format, args);
	va_end(args);
	return rc;
}

int tess_call_missing(struct tess_call *call, const char *what)
{
	return tess_call_error(call, 404, "not_found", "", "There is no such %s.", what);
}

int tess_call_empty(struct tess_call *call, unsigned status)
{
	call->response->status = status;
	return 0;
}

void tess_call_audit(struct tess_call *call, const char *action, const char *format, ...)
{
	char target[256];
	struct tess_audit entry = {
		.at_us = tess_control_utc_us(call->control),
		.who = call->identity.name,
		.address = call->request->address,
		.action = action,
		.target = target,
	};
	va_list args;
	int rc;

	va_start(args, format);
	vsnprintf(target, sizeof(target), format, args);
	va_end(args);
	to_ascii(target);
	rc = tess_store_audit_add(call->control->store, &entry);
	if (rc)
		TESS_ERROR("audit.add", "action=%s error=\"%s\"", action, strerror(-rc));
}

json_t *tess_time_json(int64_t utc_us)
{
	time_t seconds = (time_t)(utc_us / 1000000);
	char text[40];
	size_t length;
	struct tm tm;

	if (utc_us <= 0 || !gmtime_r(&seconds, &tm))
		return json_null();
	length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + length, sizeof(text) - length, ".%03dZ", (int)(utc_us / 1000 % 1000));
	return json_string(text);
}
