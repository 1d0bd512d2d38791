/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/statistic_params.h - the parameters of the actions that tell usage,
 * checked.
 */
#ifndef TESS_CLOUD_STATISTIC_PARAMS_H
#define TESS_CLOUD_STATISTIC_PARAMS_H

#include <jansson.h>
#include <stdint.h>

#include "firmware/control/cloud/error.h"

struct tess_day {
	int year, month, day;
};

enum tess_statistic_kind {
	TESS_STATISTIC_RECORD = 1, /* DescribeRecordStatistic */
	TESS_STATISTIC_MCU,	   /* DescribeTrtcMcuTranscodeTime */
	TESS_STATISTIC_MIX,	   /* DescribeMixTranscodingUsage */
};

struct tess_statistic_request {
	enum tess_statistic_kind kind;
	struct tess_day first, last; /* both included, at most 31 days */
	uint32_t sdk_app_id;	     /* 0 = the key's */
};

/** @retval 0, -EINVAL refused, see *error */
int tess_statistic_request_parse(struct tess_statistic_request *request,
				 enum tess_statistic_kind kind, const json_t *params,
				 struct tess_cloud_error *error) TESS_MUST_CHECK;

#endif
