/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/v1.h - the signatures HmacSHA1 and HmacSHA256 over the decoded parameters.
 */
#ifndef TESS_CLOUD_V1_H
#define TESS_CLOUD_V1_H

#include "firmware/control/cloud/digest.h"
#include "firmware/control/cloud/form.h"

#define TESS_V1_SIGNATURE TESS_BASE64_SIZE(TESS_SHA256_BYTES)

/**
 * Compute the signature over all fields but Signature; SignatureMethod says which (SHA-1 if it is
 * absent).
 * @retval 0, -ENOMEM
 */
int tess_v1_sign(char signature[TESS_V1_SIGNATURE], const char *method, const char *host,
		 const struct tess_form *form, const char *secret_key) TESS_MUST_CHECK;
/**
 * Compare with the field Signature, for the Host header with and without its port.
 * @retval 0, -EKEYREJECTED, -ENOMEM
 */
int tess_v1_verify(const char *method, const char *received_host, const struct tess_form *form,
		   const char *secret_key) TESS_MUST_CHECK;

#endif
