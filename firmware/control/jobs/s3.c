/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/s3.c - see s3.h.
 */
#include "firmware/control/jobs/s3.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/control/cloud/digest.h"
#include "firmware/control/text.h"

#define HOST_MAX       (TESS_UPLOAD_ENDPOINT_MAX + TESS_UPLOAD_BUCKET_MAX + 2)
#define PATH_MAX_BYTES 2048

static size_t scheme_length(const char *endpoint)
{
	if (!strncmp(endpoint, "https://", 8))
		return 8;
	return strncmp(endpoint, "http://", 7) != 0 ? 0 : 7;
}

bool tess_s3_endpoint_is_good(const char *endpoint)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-.:[]";
	size_t scheme = scheme_length(endpoint);
	const char *host = endpoint + scheme, *port;

	if (!scheme || !*host || *host == ':' || host[strspn(host, plain)])
		return false;
	port = *host == '[' ? strchr(host, ']') : host;
	port = port ? strchr(port, ':') : NULL;
	return !port ||
	       (port[1] && strlen(port + 1) <= 5 && !port[1 + strspn(port + 1, "0123456789")]);
}

bool tess_s3_bucket_is_good(const char *bucket)
{
	size_t length = strlen(bucket);

	return length >= 3 && length <= TESS_UPLOAD_BUCKET_MAX && isalnum((unsigned char)*bucket) &&
	       !bucket[strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-.")];
}

/* As clients write it: without the port that the scheme has anyway. */
static void host_of(char host[HOST_MAX], const struct tess_upload_place *place)
{
	size_t scheme = scheme_length(place->endpoint), length, tail;
	const char *usual = scheme == 8 ? ":443" : ":80";

	snprintf(host, HOST_MAX, "%s%s%s", place->path_style ? "" : place->bucket,
		 place->path_style ? "" : ".", place->endpoint + scheme);
	length = strlen(host);
	tail = strlen(usual);
	if (length > tail && !strcmp(host + length - tail, usual))
		host[length - tail] = 0;
}

void tess_s3_origin(char origin[TESS_UPLOAD_ENDPOINT_MAX + TESS_UPLOAD_BUCKET_MAX + 4],
		    const struct tess_upload_place *place)
{
	char host[HOST_MAX];

	host_of(host, place);
	snprintf(origin, TESS_UPLOAD_ENDPOINT_MAX + TESS_UPLOAD_BUCKET_MAX + 4, "%.*s%s",
		 (int)scheme_length(place->endpoint), place->endpoint, host);
}

/* All but RFC 3986's unreserved characters, and slashes where @p slashes. */
static int encode(char *to, size_t size, const char *text, bool slashes)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t at = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (at + 4 > size)
			return -ENAMETOOLONG;
		if (isalnum(c) || strchr("-_.~", c) || (slashes && c == '/')) {
			to[at++] = (char)c;
			continue;
		}
		to[at++] = '%';
		to[at++] = digits[c >> 4];
		to[at++] = digits[c & 15];
	}
	to[at] = 0;
	return 0;
}

int tess_s3_encode(char *to, size_t size, const char *text)
{
	return encode(to, size, text, false);
}

static int path_of(char path[PATH_MAX_BYTES], const struct tess_upload_place *place,
		   const char *object)
{
	char plain[PATH_MAX_BYTES / 3];
	int length =
		snprintf(plain, sizeof(plain), "/%s%s%s%s", place->path_style ? place->bucket : "",
			 place->path_style ? "/" : "", place->prefix, object);

	if (length >= (int)sizeof(plain))
		return -ENAMETOOLONG;
	return encode(path, PATH_MAX_BYTES, plain, true);
}

int tess_s3_url(char url[TESS_S3_URL_MAX], const struct tess_upload_place *place,
		const char *object, const char *query)
{
	char path[PATH_MAX_BYTES], origin[TESS_UPLOAD_ENDPOINT_MAX + TESS_UPLOAD_BUCKET_MAX + 4];
	int rc = path_of(path, place, object);

	if (rc)
		return rc;
	tess_s3_origin(origin, place);
	return snprintf(url, TESS_S3_URL_MAX, "%s%s%s%s", origin, path, *query ? "?" : "", query) >=
			       TESS_S3_URL_MAX
		       ? -ENAMETOOLONG
		       : 0;
}

/* kSigning of the day, region and service */
static int signing_key(uint8_t key[TESS_SHA256_BYTES], const char *secret, const char *day,
		       const char *region)
{
	const char *steps[] = {day, region, "s3", "aws4_request"};
	char first[4 + TESS_UPLOAD_KEY_MAX + 1];
	size_t length = (size_t)snprintf(first, sizeof(first), "AWS4%s", secret), out;
	const void *with = first;
	int rc = 0;

	for (unsigned i = 0; !rc && i < 4; i++) {
		rc = tess_hmac(key, &out, TESS_HMAC_SHA256, with, length, steps[i],
			       strlen(steps[i]));
		with = key;
		length = TESS_SHA256_BYTES;
	}
	explicit_bzero(first, sizeof(first));
	return rc;
}

/* Hex of the signature of a canonical request. */
static int signature_of(char text[TESS_SHA256_HEX], const char *canonical, const char *time,
			const char *scope, const char *secret, const char *region)
{
	uint8_t key[TESS_SHA256_BYTES], mac[TESS_SHA256_BYTES];
	char hash[TESS_SHA256_HEX], to_sign[320], day[9];
	size_t length;
	int rc;

	tess_text_copy(day, sizeof(day), time);
	rc = tess_sha256_hex(hash, canonical, strlen(canonical));
	if (!rc)
		rc = signing_key(key, secret, day, region);
	if (rc)
		return rc;
	snprintf(to_sign, sizeof(to_sign), "AWS4-HMAC-SHA256\n%s\n%s\n%s", time, scope, hash);
	rc = tess_hmac(mac, &length, TESS_HMAC_SHA256, key, sizeof(key), to_sign, strlen(to_sign));
	if (!rc)
		tess_hex(text, mac, length);
	explicit_bzero(key, sizeof(key));
	return rc;
}

int tess_s3_sign(char url[TESS_S3_URL_MAX], const struct tess_upload_place *place,
		 const struct tess_upload_settings *keys, const char *method, const char *object,
		 const char *query, int64_t now_utc_s, int life_s)
{
	char path[PATH_MAX_BYTES], host[HOST_MAX], time[20], scope[128], credential[512];
	char all[TESS_S3_URL_MAX], canonical[2 * TESS_S3_URL_MAX], signature[TESS_SHA256_HEX];
	char whole[TESS_UPLOAD_KEY_MAX + sizeof(scope) + 2];
	time_t now = (time_t)now_utc_s;
	struct tm utc;
	int rc, length;

	if (!*keys->access_key || !*keys->secret_key)
		return -EKEYREJECTED;
	host_of(host, place);
	(void)gmtime_r(&now, &utc);
	(void)strftime(time, sizeof(time), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(scope, sizeof(scope), "%.8s/%s/s3/aws4_request", time, place->region);
	snprintf(whole, sizeof(whole), "%s/%s", keys->access_key, scope);
	rc = path_of(path, place, object);
	if (!rc)
		rc = encode(credential, sizeof(credential), whole, false);
	if (rc)
		return rc;
	/* capital letters sort before the others */
	length = snprintf(all, sizeof(all),
			  "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s&X-Amz-Date=%s"
			  "&X-Amz-Expires=%d&X-Amz-SignedHeaders=host%s%s",
			  credential, time, life_s, *query ? "&" : "", query);
	if (length >= (int)sizeof(all))
		return -ENAMETOOLONG;
	length = snprintf(canonical, sizeof(canonical),
			  "%s\n%s\n%s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD", method, path, all, host);
	if (length >= (int)sizeof(canonical))
		return -ENAMETOOLONG;
	rc = signature_of(signature, canonical, time, scope, keys->secret_key, place->region);
	if (rc)
		return rc;
	length = (int)strlen(all);
	if (snprintf(all + length, sizeof(all) - (size_t)length, "&X-Amz-Signature=%s",
		     signature) >= (int)sizeof(all) - length)
		return -ENAMETOOLONG;
	return tess_s3_url(url, place, object, all);
}

/* The five of XML; a character by its number is left as it is. */
static size_t decode_entity(const char *at, char *c)
{
	static const struct {
		const char *text;
		char c;
	} entities[] = {{"&quot;", '"'}, {"&amp;", '&'},   {"&lt;", '<'},
			{"&gt;", '>'},	 {"&apos;", '\''}, {"&#34;", '"'}};

	for (unsigned i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		size_t length = strlen(entities[i].text);

		if (!strncmp(at, entities[i].text, length)) {
			*c = entities[i].c;
			return length;
		}
	}
	*c = *at;
	return 1;
}

int tess_s3_element(char *to, size_t size, const char *xml, const char *name)
{
	char begin[40];
	size_t at = 0;

	snprintf(begin, sizeof(begin), "<%s>", name);
	xml = strstr(xml, begin);
	if (!xml)
		return -ENOENT;
	for (xml += strlen(begin); *xml && *xml != '<';) {
		if (at + 1 >= size)
			return -ENAMETOOLONG;
		xml += decode_entity(xml, &to[at++]);
	}
	to[at] = 0;
	return *xml ? 0 : -ENOENT;
}

void tess_s3_etag(char etag[TESS_UPLOAD_ETAG_MAX + 1], const char *text)
{
	size_t length;

	while (*text == '"' || *text == ' ')
		text++;
	length = strcspn(text, "\" \r\n");
	if (length > TESS_UPLOAD_ETAG_MAX)
		length = 0;
	memcpy(etag, text, length);
	etag[length] = 0;
}

bool tess_s3_etag_is_md5(const char *etag)
{
	return strspn(etag, "0123456789abcdef") == 32 && !etag[32];
}
