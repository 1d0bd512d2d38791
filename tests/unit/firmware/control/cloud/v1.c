/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/v1.c: signatures made by the official clients.
 */
#include "firmware/control/cloud/v1.h"

#include <errno.h>
#include <string.h>

#include "cmocka_headers.h"

#define SECRET_KEY "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
#define BOX_QUERY(method)                                                                \
	"Action=StopMCUMixTranscode&SdkAppId=1400000123&RoomId=1001&Region=ap-guangzhou" \
	"&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&SignatureMethod=" method         \
	"&Timestamp=1700000000&Nonce=11886&Version=2019-07-22"

static int verify(const char *method, const char *host, const char *query)
{
	struct tess_cloud_error error;
	struct tess_form form;
	int err;

	assert_int_equal(tess_form_parse(&form, query, strlen(query), &error), 0);
	err = tess_v1_verify(method, host, &form, SECRET_KEY);
	tess_form_free(&form);
	return err;
}

static void test_published(void **state)
{
	const char *query =
		"Action=DescribeInstances&InstanceIds.0=ins-09dx96dg&Limit=20&Nonce=11886"
		"&Offset=0&Region=ap-guangzhou"
		"&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Timestamp=1465185768"
		"&Version=2017-03-12&Signature=EliP9YW3pW28FpsEdkXt%2F%2BWcGeI%3D";

	(void)state;
	assert_int_equal(verify("GET", "cvm.tencentcloudapi.com", query), 0);
	assert_int_equal(verify("POST", "cvm.tencentcloudapi.com", query), -EKEYREJECTED);
	assert_int_equal(verify("GET", "cvm.tencentcloudapi.cn", query), -EKEYREJECTED);
	assert_int_equal(verify("GET", NULL, query), -EKEYREJECTED);
}

static void test_box(void **state)
{
	(void)state;
	assert_int_equal(
		verify("GET", "127.0.0.1:8080",
		       BOX_QUERY("HmacSHA1") "&Signature=fah6yFfM5%2B42TeCLq%2F%2BzctBofVw%3D"),
		0);
	assert_int_equal(verify("GET", "127.0.0.1:8080",
				BOX_QUERY("HmacSHA256") "&Signature=6xmwRajg3jkX21DCTKa8q%"
							"2BrQfxXGx0zgi1t7xUfCus4%3D"),
			 0);
	/* a '+' that the client did not encode has become a blank */
	assert_int_equal(verify("GET", "127.0.0.1:8080",
				BOX_QUERY("HmacSHA1") "&Signature=fah6yFfM5+42TeCLq/+zctBofVw="),
			 -EKEYREJECTED);
	/* the method is signed itself */
	assert_int_equal(
		verify("GET", "127.0.0.1:8080",
		       BOX_QUERY("HmacSHA256") "&Signature=fah6yFfM5%2B42TeCLq%2F%2BzctBofVw%3D"),
		-EKEYREJECTED);
	assert_int_equal(verify("GET", "127.0.0.1:8080", BOX_QUERY("HmacSHA1")), -EKEYREJECTED);
	assert_int_equal(verify("GET", "127.0.0.1:8080", BOX_QUERY("HmacSHA1") "&Signature="),
			 -EKEYREJECTED);
}

/* Computed apart with hmac of Python. */
static void test_forms(void **state)
{
	(void)state;
	/* host without its port; names in byte order (A.10 before A.2), values as decoded */
	assert_int_equal(verify("POST", "box.lan:8080",
				"A.2=two&A.10=a+b%26%3D%C3%A9&B=&SignatureMethod=HmacSHA256"
				"&Signature=UvHTOl0zTAb%2B9pT%2Bc41p9lEoLbhrG2Ye4qEmQaGj5S0%3D"),
			 0);
	/* a blank may be written both ways */
	assert_int_equal(verify("POST", "box.lan:8080",
				"A.2=two&A.10=a%20b%26%3D%C3%A9&B=&SignatureMethod=HmacSHA256"
				"&Signature=UvHTOl0zTAb%2B9pT%2Bc41p9lEoLbhrG2Ye4qEmQaGj5S0%3D"),
			 0);
	/* anything but HmacSHA256 is HmacSHA1 */
	assert_int_equal(
		verify("GET", "[::1]:80",
		       "A=1&SignatureMethod=hmacsha256&Signature=RfU9ptrSxB03g4LoKiZ7etECeSU%3D"),
		0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_box),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
