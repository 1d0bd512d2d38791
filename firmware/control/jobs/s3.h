/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/s3.h - addresses of requests to S3-compatible storage: plain ones, for
 * requests of control's own, which libcurl signs, and those signed in the query (AWS Signature
 * Version 4, "presigned"): whoever has one may do this one thing, for a time, and needs no key.
 */
#ifndef TESS_CONTROL_JOBS_S3_H
#define TESS_CONTROL_JOBS_S3_H

#include "firmware/control/store/uploads.h"

#define TESS_S3_URL_MAX 4096

/** "http(s)://host[:port]", lower case, nothing behind it. */
bool tess_s3_endpoint_is_good(const char *endpoint);
bool tess_s3_bucket_is_good(const char *bucket);
/** Scheme and host that objects of a place are read from. */
void tess_s3_origin(char origin[TESS_UPLOAD_ENDPOINT_MAX + TESS_UPLOAD_BUCKET_MAX + 4],
		    const struct tess_upload_place *place);
/** The address of a request, not signed; @p object and @p query as below. @retval 0, -ENAMETOOLONG
 */
int tess_s3_url(char url[TESS_S3_URL_MAX], const struct tess_upload_place *place,
		const char *object, const char *query) TESS_MUST_CHECK;
/**
 * The address of a request, signed.
 * @param object name below the place's prefix
 * @param query  of the action, encoded and sorted, its names begin with small letters; or ""
 * @retval 0, -EKEYREJECTED there is no key, -ENAMETOOLONG, -ENOMEM
 */
int tess_s3_sign(char url[TESS_S3_URL_MAX], const struct tess_upload_place *place,
		 const struct tess_upload_settings *keys, const char *method, const char *object,
		 const char *query, int64_t now_utc_s, int life_s) TESS_MUST_CHECK;
/** A text percent-encoded for a query. @retval 0, -ENAMETOOLONG */
int tess_s3_encode(char *to, size_t size, const char *text) TESS_MUST_CHECK;
/**
 * The text of the first element of this name in an answer, which anybody may have written.
 * @retval 0, -ENOENT there is none, -ENAMETOOLONG
 */
int tess_s3_element(char *to, size_t size, const char *xml, const char *name) TESS_MUST_CHECK;
/** An ETag without its quotes; "" when it is none or too long. */
void tess_s3_etag(char etag[TESS_UPLOAD_ETAG_MAX + 1], const char *text);
/** The MD5 of an object that has no other parts than these: hex digits, as an ETag. */
bool tess_s3_etag_is_md5(const char *etag);

#endif
