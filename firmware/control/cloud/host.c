/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/host.c - the two forms in which clients sign the Host header.
 */
#include "firmware/control/cloud/host.h"

#include <string.h>

const char *tess_header_trim(const char *value, size_t *length)
{
	size_t n;

	value += strspn(value, " \t");
	n = strlen(value);
	while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		n--;
	*length = n;
	return value;
}

bool tess_host_form(char host[TESS_HOST_MAX], const char *received, unsigned form)
{
	const char *text, *colon;
	size_t length;

	text = tess_header_trim(received, &length);
	if (form == 1) {
		colon = memrchr(text, ':', length);
		/* the colons of a bare IPv6 address are inside the brackets */
		if (!colon || memchr(colon, ']', length - (size_t)(colon - text)))
			return false;
		length = (size_t)(colon - text);
	}
	if (form > 1 || !length || length >= TESS_HOST_MAX)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	return true;
}
