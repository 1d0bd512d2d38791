/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/mix_statistic.c - DescribeTrtcMcuTranscodeTime and
 * DescribeMixTranscodingUsage: how long mixes ran, by the size of their pictures.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/api/statistic.h"
#include "firmware/control/store/amounts.h"
#include "firmware/control/store/usage.h"

struct statistic {
	enum tess_statistic_kind kind;
	bool days;
	json_t *rows;
	/* of the row that is added up */
	char key[TESS_STATISTIC_KEY];
	int64_t at_us, us[TESS_TIERS];
	double mbps; /* the most of a slot */
};

static json_int_t seconds(int64_t us)
{
	return (us + 500000) / 1000000;
}

/* A part of a minute counts whole in a day; five minutes are told to a hundredth. */
static double minutes(const struct statistic *s, enum tess_tier tier)
{
	double exact = (double)s->us[tier] / 60e6;

	return s->days ? ceil(exact) : round(exact * 100) / 100;
}

static json_t *row_json(const struct statistic *s)
{
	char key[TESS_STATISTIC_KEY + 16];

	if (s->kind == TESS_STATISTIC_MCU)
		return json_pack("{ss sI sI sI sI sf}", "TimeKey", s->key, "AudioTime",
				 seconds(s->us[TESS_TIER_AUDIO]), "VideoTimeSd",
				 seconds(s->us[TESS_TIER_SD]), "VideoTimeHd",
				 seconds(s->us[TESS_TIER_HD]), "VideoTimeFhd",
				 seconds(s->us[TESS_TIER_FHD]), "Flux",
				 round(s->mbps * 1000) / 1000);
	snprintf(key, sizeof(key), "%s%s", s->key, s->days ? " 00:00:00" : "");
	return json_pack("{ss sI s[ffff]}", "TimeKey", key, "TimeStampKey",
			 (json_int_t)(s->at_us / 1000000), "UsageValue",
			 minutes(s, TESS_TIER_AUDIO), minutes(s, TESS_TIER_SD),
			 minutes(s, TESS_TIER_HD), minutes(s, TESS_TIER_FHD));
}

/* A row that is nothing but relays is none. */
static int put_row(struct statistic *s)
{
	bool any = s->mbps > 0;

	for (unsigned i = 0; i < TESS_TIERS; i++)
		any |= s->us[i] > 0;
	if (!any)
		return 0;
	return json_array_append_new(s->rows, row_json(s)) ? -ENOMEM : 0;
}

/* The begin of the day of a key. */
static int64_t day_us(const char *key)
{
	struct tess_day day = {0};

	(void)sscanf(key, "%d-%d-%d", &day.year, &day.month, &day.day);
	return tess_statistic_begin_us(&day, 0);
}

static int each_amount(void *arg, const struct tess_amount *row)
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
		s->at_us = s->days ? day_us(key) : row->slot_us;
		s->mbps = 0;
		memset(s->us, 0, sizeof(s->us));
	}
	for (unsigned i = 0; i < TESS_TIERS; i++)
		if (!strcmp(row->item, tess_tier_mix_item(i)))
			s->us[i] += row->amount;
	if (!strcmp(row->item, "live_bytes"))
		s->mbps = fmax(s->mbps, (double)row->amount * 8 / (double)TESS_USAGE_SLOT_US);
	return 0;
}

static int put_answer(const struct statistic *s, uint32_t application, json_t *fields)
{
	char id[16];

	if (s->kind == TESS_STATISTIC_MIX)
		return json_object_set_new(fields, "UsageKey",
					   json_pack("[ssss]", "audio", "sd", "hd", "fhd")) ||
				       json_object_set(fields, "UsageList", s->rows)
			       ? -ENOMEM
			       : 0;
	snprintf(id, sizeof(id), "%u", application);
	return json_object_set_new(fields, "Usages",
				   json_pack("[{ss sI sO}]", "SdkAppId", id, "TotalNum",
					     (json_int_t)json_array_size(s->rows),
					     "SdkAppIdTranscodeTimeUsages", s->rows))
		       ? -ENOMEM
		       : 0;
}

int tess_mix_statistic(struct tess_control *control, uint32_t application,
		       const struct tess_statistic_request *request, json_t *fields)
{
	struct statistic s = {
		.kind = request->kind, .days = tess_statistic_days(request), .rows = json_array()};
	int rc;

	rc = tess_store_amounts(control->store, application,
				tess_statistic_begin_us(&request->first, 0),
				tess_statistic_begin_us(&request->last, 1), each_amount, &s);
	if (!rc)
		rc = put_row(&s);
	if (!rc)
		rc = put_answer(&s, application, fields);
	json_decref(s.rows);
	return rc;
}
