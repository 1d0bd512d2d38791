/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/statistic.c - DescribeRecordStatistic: recorded time of days, in rows of
 * five minutes for one day, else of a day. Days are those of the box's time zone.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/control/api/vod.h"
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
	time_t at = (time_t)(row->slot_us / 1000000);
	char key[32];
	struct tm tm;
	int rc;

	if (!localtime_r(&at, &tm) ||
	    !strftime(key, sizeof(key), s->days ? "%Y-%m-%d" : "%Y-%m-%d %H:%M:%S", &tm))
		return -EIO;
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

/* The begin of a day, @p after days on. */
static int64_t begin_us(const struct tess_day *day, int after)
{
	struct tm tm = {.tm_year = day->year - 1900,
			.tm_mon = day->month - 1,
			.tm_mday = day->day + after,
			.tm_isdst = -1};

	return (int64_t)mktime(&tm) * 1000000;
}

int tess_record_statistic(void *arg, int64_t key_id, const struct tess_statistic_request *request,
			  json_t *fields, struct tess_cloud_error *error)
{
	struct statistic s = {
		.days = memcmp(&request->first, &request->last, sizeof(request->first)) != 0};
	struct tess_control *control = arg;
	uint32_t application;
	char id[16];
	int rc;

	rc = tess_store_key_application(control->store, key_id, &application);
	if (rc)
		return rc == -EINVAL ? -EIO : rc;
	if (request->sdk_app_id && request->sdk_app_id != application)
		return tess_cloud_refuse(error, TESS_CLOUD_INVALID_SDK_APP_ID,
					 "The SecretId has no permission for the SdkAppId %u.",
					 request->sdk_app_id);
	s.rows = json_array();
	rc = tess_store_usages(control->store, application, begin_us(&request->first, 0),
			       begin_us(&request->last, 1), each_usage, &s);
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
