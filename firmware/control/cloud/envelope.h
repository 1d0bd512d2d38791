/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/envelope.h - the JSON around every answer.
 */
#ifndef TESS_CLOUD_ENVELOPE_H
#define TESS_CLOUD_ENVELOPE_H

#include <jansson.h>

#include "firmware/control/cloud/request.h"

/** A new UUID version 4, lower case (RFC 4122 §4.4). @retval 0, -EIO no random numbers */
int tess_request_id(char id[37]) TESS_MUST_CHECK;
/**
 * Write {"Response":{...fields..., "RequestId":...}} into the response's body; it has its request
 * id.
 * @retval 0, -ENOMEM
 */
int tess_envelope_write(struct tess_cloud_response *response, const json_t *fields) TESS_MUST_CHECK;
/** Write {"Response":{"Error":{"Code":...,"Message":...},"RequestId":...}}. @retval 0, -ENOMEM */
int tess_envelope_write_error(struct tess_cloud_response *response,
			      const struct tess_cloud_error *error, bool chinese) TESS_MUST_CHECK;

#endif
