/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/stream_name.c - names of live streams by rule, see stream_name.h.
 */
#include "firmware/control/cloud/stream_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/cloud/digest.h"

/* SdkAppId, room, user, stream type and what is between them */
#define PLAIN_MAX (10 + TESS_CLOUD_MAX_ID + TESS_CLOUD_MAX_USER + 4 + 3)

void tess_percent_encode(char *to, size_t size, const char *text)
{
	char *end = to + size - 4;

	for (; *text && to < end; text++) {
		if (isalnum((unsigned char)*text) || strchr("-_.~", *text))
			*to++ = *text;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*text);
	}
	*to = 0;
}

int tess_stream_name(char name[TESS_STREAM_NAME_MAX + 1], const char *rule,
		     const struct tess_cloud_room *room, const char *user, const char *stream_type,
		     uint32_t biz_id)
{
	char text[PLAIN_MAX + 1], hex[TESS_MD5_HEX];
	int rc;

	if (strcmp(rule, TESS_NAME_RULE_MD5) != 0) {
		snprintf(text, sizeof(text), "%u_%s_%s_%s", room->sdk_app_id, room->id, user,
			 stream_type);
		tess_percent_encode(name, TESS_STREAM_NAME_MAX + 1, text);
		return 0;
	}
	snprintf(text, sizeof(text), "%s_%s_%s", room->id, user, stream_type);
	rc = tess_md5_hex(hex, text, strlen(text));
	if (rc)
		return rc;
	for (char *digit = hex; *digit; digit++)
		*digit = (char)toupper((unsigned char)*digit);
	snprintf(name, TESS_STREAM_NAME_MAX + 1, "%u_%s", biz_id, hex);
	return 0;
}
