/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/tc3.h - the signature TC3-HMAC-SHA256.
 */
#ifndef TESS_CLOUD_TC3_H
#define TESS_CLOUD_TC3_H

#include "firmware/control/cloud/digest.h"

/** The Authorization header, taken apart. */
struct tess_tc3_authorization {
	char secret_id[129];
	char date[11];	   /* YYYY-MM-DD */
	char service[256]; /* whatever the client derives from its endpoint, a colon included */
	char signed_headers[1024];
	char signature[129];
};

/** What is signed besides. All texts are as received. */
struct tess_tc3_request {
	const char *method;
	const char *query; /* "" for POST */
	const char *timestamp;
	const char *payload_hash; /* hexadecimal SHA-256 */
	const char *(*get_header)(void *header_arg, const char *name);
	void *header_arg;
};

/**
 * Parse the value of an Authorization header:
 * TC3-HMAC-SHA256 Credential=ID/DATE/SERVICE/tc3_request, SignedHeaders=A;B, Signature=HEX
 * The signed headers must have host and content-type among them.
 * @retval 0, -EBADMSG
 */
int tess_tc3_parse(struct tess_tc3_authorization *authorization, const char *value) TESS_MUST_CHECK;
/** Is @p authorization of the UTC day of this time? */
bool tess_tc3_date_matches(const struct tess_tc3_authorization *authorization, int64_t utc_s);
/**
 * Compute the signature over @p request with this Host value.
 * @retval 0, -EBADMSG a signed header is not in the request, -ENOMEM
 */
int tess_tc3_sign(char signature[TESS_SHA256_HEX],
		  const struct tess_tc3_authorization *authorization,
		  const struct tess_tc3_request *request, const char *host,
		  const char *secret_key) TESS_MUST_CHECK;
/**
 * Compare with the signature received, for the Host header with and without its port.
 * @retval 0, -EKEYREJECTED, -ENOMEM
 */
int tess_tc3_verify(const struct tess_tc3_authorization *authorization,
		    const struct tess_tc3_request *request, const char *secret_key) TESS_MUST_CHECK;

#endif
