/* SPDX-License-Identifier: GPL-3.0-or-later
 * A good request to start a mix, to be changed by tests.
 */
#ifndef TEST_CLOUD_MIX_REQUEST_H
#define TEST_CLOUD_MIX_REQUEST_H

#include "firmware/control/cloud/mix_params.h"

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define URL_512                                                               \
	"http://a.b/" LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0.png"

/**
 * The good request with the members of @p patch, written with ' for ", over it (null deletes),
 * through tess_mix_request_parse().
 */
int mix_request_parse(struct tess_mix_request *mix, const char *patch, enum tess_room_id_type type,
		      struct tess_cloud_error *error);

#endif
