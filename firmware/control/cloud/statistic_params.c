/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/statistic_params.c - see statistic_params.h.
 */
#include "firmware/control/cloud/statistic_params.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware/control/cloud/checks.h"

#define MAX_DAYS 31

/* "2023-11-14", a day that there is. @return days since 1970, -1: it is none */
static int64_t parse_day(struct tess_day *day, const char *text)
{
	struct tm tm = {0}, again;
	time_t at;

	if (strlen(text) != 10 || strspn(text, "0123456789-") != 10 || text[4] != '-' ||
	    text[7] != '-')
		return -1;
	day->year = (int)strtol(text, NULL, 10);
	day->month = (int)strtol(text + 5, NULL, 10);
	day->day = (int)strtol(text + 8, NULL, 10);
	tm.tm_year = day->year - 1900;
	tm.tm_mon = day->month - 1;
	tm.tm_mday = day->day;
	at = timegm(&tm);
	if (at < 0 || !gmtime_r(&at, &again) || again.tm_mday != day->day ||
	    again.tm_mon != day->month - 1)
		return -1;
	return at / 86400;
}

static int64_t check_day(const struct tess_section *section, const char *name, struct tess_day *day)
{
	const char *text = tess_check_text(section, name, TESS_CLOUD_MISSING_PARAMETER,
					   TESS_CLOUD_INVALID_PARAMETER);
	int64_t days = text ? parse_day(day, text) : -1;

	if (text && days < 0)
		tess_check_invalid(section, name, TESS_CLOUD_INVALID_PARAMETER,
				   "a day such as 2023-11-14 is expected");
	return days;
}

int tess_statistic_request_parse(struct tess_statistic_request *request,
				 enum tess_statistic_kind kind, const json_t *params,
				 struct tess_cloud_error *error)
{
	static const struct tess_number app = {"SdkAppId", 1, UINT32_MAX,
					       TESS_CLOUD_CODE_BEFORE_FIRST,
					       TESS_CLOUD_INVALID_SDK_APP_ID};
	struct tess_checks checks = {0};
	struct tess_section section = {.checks = &checks, .object = params};
	int64_t first, last;

	*request = (struct tess_statistic_request){.kind = kind};
	first = check_day(&section, "StartTime", &request->first);
	last = check_day(&section, "EndTime", &request->last);
	if (first >= 0 && last >= 0 && (last < first || last - first >= MAX_DAYS))
		tess_check_invalid(&section, "EndTime",
				   kind == TESS_STATISTIC_MIX ? TESS_CLOUD_QUERY_SCALE_OVERSIZE
							      : TESS_CLOUD_INVALID_PARAMETER,
				   "at most 31 days from StartTime on are expected");
	request->sdk_app_id = (uint32_t)tess_check_number(&section, &app, 0);
	return tess_checks_end(&checks, error);
}
