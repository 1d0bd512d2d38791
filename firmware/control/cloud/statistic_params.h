/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/statistic_params.h - the parameters of DescribeRecordStatistic, checked.
 */
#ifndef TESS_CLOUD_STATISTIC_PARAMS_H
#define TESS_CLOUD_STATISTIC_PARAMS_H

#include <jansson.h>
#include <stdint.h>

#include "firmware/control/cloud/error.h"

struct tess_day {
	int year, month, day;
};

struct tess_statistic_request {
	struct tess_day first, last; /* both included, at most 31 days */
	uint32_t sdk_app_id;	     /* 0 = the key's */
};

/** @retval 0, -EINVAL refused, see *error */
int tess_statistic_request_parse(struct tess_statistic_request *request, const json_t *params,
				 struct tess_cloud_error *error) TESS_MUST_CHECK;

#endif
