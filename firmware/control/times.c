/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/times.c - see times.h.
 */
#include "firmware/control/times.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* "", ".5", then "Z" or "+08:00" */
static int parse_rest(const char *text, int64_t *fraction_us, int64_t *offset_s)
{
	int hours, minutes, used = 0;
	char sign;

	*fraction_us = *offset_s = 0;
	if (*text == '.') {
		int64_t unit = 100000;

		for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
			*fraction_us += (*text - '0') * unit;
	}
	if (!strcmp(text, "Z") || !strcmp(text, "z"))
		return 0;
	/* a '+' that was not percent-encoded comes as a blank */
	if (sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || text[used] ||
	    used != 6 || !strchr("+- ", sign) || hours < 0 || hours > 23 || minutes < 0 ||
	    minutes > 59)
		return -EINVAL;
	*offset_s = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return 0;
}

int tess_time_parse(int64_t *utc_us, const char *text)
{
	int64_t fraction_us, offset_s;
	struct tm tm = {0};
	const char *rest;

	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest || strnlen(text, 40) == 40 || rest - text != 19 ||
	    parse_rest(rest, &fraction_us, &offset_s))
		return -EINVAL;
	*utc_us = ((int64_t)timegm(&tm) - offset_s) * 1000000 + fraction_us;
	return 0;
}

void tess_time_text(char text[32], int64_t utc_us)
{
	time_t seconds = utc_us > 0 ? (time_t)(utc_us / 1000000) : 0;
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	if (!strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*text = 0;
}
