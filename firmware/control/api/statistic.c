/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/statistic.c - see statistic.h; DescribeRecordStatistic.
 */
#include "firmware/control/api/statistic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/control/store/usage.h"

struct statistic {
	bool days;
	json_t *rows;
	/* of the row that is added up, microseconds */
	char key[32];
	int64_t sd_us, hd_us, fhd_us, audio_us;
};

static int64_t seconds(int64_t us)
{
	return (us + 500000) / 1000000;
}

static int put_row(struct statistic *s)
{
	json_t *row;

	if (!*s->key)
		return 0;
	row = json_pack("{ss sI sI sI sI}", "TimeKey", s->key, "Class1VideoTime",
			(json_int_t)seconds(s->sd_us), "Class2VideoTime",
			(json_int_t)seconds(s->hd_us), "Class3VideoTime",
			(json_int_t)seconds(s->fhd_us), "AudioTime",
			(json_int_t)seconds(s->audio_us));
	return json_array_append_new(s->rows, row) ? -ENOMEM : 0;
}

static int each_usage(void *arg, const struct tess_usage *row)
{
	struct statistic *s = arg;
	char key[TESS_STATISTIC_KEY];
	int rc = tess_statistic_key(key, row->slot_us, s->days);

	if (rc)
		return rc;
	if (strcmp(key, s->key) != 0) {
		rc = put_row(s);
		if (rc)
			return rc;
		(void)stpcpy(s->key, key);
		s->sd_us = s->hd_us = s->fhd_us = s->audio_us = 0;
	}
	s->sd_us += row->sd_us;
	s->hd_us += row->hd_us;
	s->fhd_us += row->fhd_us;
	s->audio_us += row->audio_us;
	return 0;
}

bool tess_statistic_days(const struct tess_statistic_request *request)
{
	return memcmp(&request->first, &request->last, sizeof(request->first)) != 0;
}

int tess_statistic_key(char key[TESS_STATISTIC_KEY], int64_t slot_us, bool days)
{
	time_t at = (time_t)(slot_us / 1000000);
	struct tm tm;

	if (!localtime_r(&at, &tm) ||
	    !strftime(key, TESS_STATISTIC_KEY, days ? "%Y-%m-%d" : "%Y-%m-%d %H:%M:%S", &tm))
		return -EIO;
	return 0;
}

int64_t tess_statistic_begin_us(const struct tess_day *day, int after)
{
	struct tm tm = {.tm_year = day->year - 1900,
			.tm_mon = day->month - 1,
			.tm_mday = day->day + after,
			.tm_isdst = -1};

	return (int64_t)mktime(&tm) * 1000000;
}

static int record_statistic(struct tess_control *control, uint32_t application,
			    const struct tess_statistic_request *request, json_t *fields)
{
	struct statistic s = {.days = tess_statistic_days(request)};
	char id[16];
	int rc;

	s.rows = json_array();
	rc = tess_store_usages(control->store, application,
			       tess_statistic_begin_us(&request->first, 0),
			       tess_statistic_begin_us(&request->last, 1), each_usage, &s);
	if (!rc)
		rc = put_row(&s);
	if (rc) {
		json_decref(s.rows);
		return rc;
	}
	snprintf(id, sizeof(id), "%u", application);
	return json_object_set_new(fields, "SdkAppIdUsages",
				   json_pack("[{ss so}]", "SdkAppId", id, "Usages", s.rows))
		       ? -ENOMEM
		       : 0;
}

int tess_statistic(void *arg, int64_t key_id, const struct tess_statistic_request *request,
		   json_t *fields, struct tess_cloud_error *error)
{
	struct tess_control *control = arg;
	uint32_t application;
	int rc;

	rc = tess_store_key_application(control->store, key_id, &application);
	if (rc)
		return rc == -EINVAL ? -EIO : rc;
	if (request->sdk_app_id && request->sdk_app_id != application)
		return tess_cloud_refuse(error, TESS_CLOUD_INVALID_SDK_APP_ID,
					 "The SecretId has no permission for the SdkAppId %u.",
					 request->sdk_app_id);
	rc = request->kind == TESS_STATISTIC_RECORD
		     ? record_statistic(control, application, request, fields)
		     : tess_mix_statistic(control, application, request, fields);
	return rc == -EINVAL ? -EIO : rc;
}
