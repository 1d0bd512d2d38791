/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signed addresses of object storage.
 */
#include "firmware/control/jobs/s3.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"

static struct tess_upload_place place;
static struct tess_upload_settings keys;

static int setup(void **state)
{
	(void)state;
	place = (struct tess_upload_place){.endpoint = "https://s3.amazonaws.com",
					   .bucket = "examplebucket",
					   .region = "us-east-1"};
	keys = (struct tess_upload_settings){.access_key = "AKIAIOSFODNN7EXAMPLE",
					     .secret_key =
						     "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
	return 0;
}

/* The example of AWS's "Authenticating Requests: Using Query Parameters". */
static void test_published(void **state)
{
	char url[TESS_S3_URL_MAX];

	(void)state;
	assert_int_equal(tess_s3_sign(url, &place, &keys, "GET", "test.txt", "", 1369353600, 86400),
			 0);
	assert_string_equal(
		url,
		"https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
		"&X-Amz-Signature="
		"aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

static void test_forms(void **state)
{
	char url[TESS_S3_URL_MAX], long_name[TESS_S3_URL_MAX];

	(void)state;
	place.path_style = true;
	(void)strcpy(place.endpoint, "http://10.1.2.3:9000");
	(void)strcpy(place.prefix, "box/");
	assert_int_equal(tess_s3_sign(url, &place, &keys, "PUT", "7/a b.mp4",
				      "partNumber=1&uploadId=x", 1369353600, 60),
			 0);
	assert_ptr_equal(strstr(url, "http://10.1.2.3:9000/examplebucket/box/7/a%20b.mp4?X-Amz-"),
			 url);
	assert_non_null(
		strstr(url, "&X-Amz-SignedHeaders=host&partNumber=1&uploadId=x&X-Amz-Sign"));
	/* the port that the scheme has anyway is not in the host that is signed */
	(void)strcpy(place.endpoint, "http://10.1.2.3:80");
	assert_int_equal(tess_s3_sign(url, &place, &keys, "PUT", "x", "", 1369353600, 60), 0);
	assert_ptr_equal(strstr(url, "http://10.1.2.3/examplebucket/box/x?"), url);

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	assert_int_equal(tess_s3_sign(url, &place, &keys, "PUT", long_name, "", 1, 60),
			 -ENAMETOOLONG);
	*keys.secret_key = 0;
	assert_int_equal(tess_s3_sign(url, &place, &keys, "PUT", "x", "", 1, 60), -EKEYREJECTED);
}

static void test_good(void **state)
{
	static const char *const good[] = {"https://s3.example.com", "http://10.0.0.1:9000",
					   "http://[fd00::1]:9000", "https://host"};
	static const char *const bad[] = {"",
					  "s3.example.com",
					  "ftp://host",
					  "http://",
					  "http://:80",
					  "http://Host",
					  "http://host/path",
					  "http://user@host",
					  "http://host:",
					  "http://host:port",
					  "http://host:123456",
					  "http://host?x"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(tess_s3_endpoint_is_good(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(tess_s3_endpoint_is_good(bad[i]));
	assert_true(tess_s3_bucket_is_good("my-bucket.1"));
	assert_false(tess_s3_bucket_is_good("ab") || tess_s3_bucket_is_good("-ab") ||
		     tess_s3_bucket_is_good("a/b") || tess_s3_bucket_is_good("ABC"));
}

static void test_answers(void **state)
{
	char text[8], etag[TESS_UPLOAD_ETAG_MAX + 1], long_one[300];

	(void)state;
	assert_int_equal(tess_s3_element(text, sizeof(text), "<a><Id>x&amp;&quot;</Id></a>", "Id"),
			 0);
	assert_string_equal(text, "x&\"");
	assert_int_equal(tess_s3_element(text, sizeof(text), "<Id>12345678</Id>", "Id"),
			 -ENAMETOOLONG);
	assert_int_equal(tess_s3_element(text, sizeof(text), "<Id>123", "Id"), -ENOENT);
	assert_int_equal(tess_s3_element(text, sizeof(text), "<Ids>1</Ids>", "Id"), -ENOENT);
	tess_s3_etag(etag, " \"9e107d9d372bb6826bd81d3542a419d6\"\r\n");
	assert_string_equal(etag, "9e107d9d372bb6826bd81d3542a419d6");
	assert_true(tess_s3_etag_is_md5(etag));
	assert_false(tess_s3_etag_is_md5("9e107d9d372bb6826bd81d3542a419d6-2"));
	memset(long_one, 'a', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = 0;
	tess_s3_etag(etag, long_one);
	assert_string_equal(etag, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_published, setup),
		cmocka_unit_test_setup(test_forms, setup),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
