/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/cloud/params.c.
 */
#include "firmware/control/cloud/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_headers.h"
#include "json_text.h"

static void from_form(const char *text, const char *expected)
{
	struct tess_cloud_error error;
	struct tess_form form;
	json_t *params;

	assert_int_equal(tess_form_parse(&form, text, strlen(text), &error), 0);
	if (tess_params_from_form(&params, &form, &error))
		fail_msg("%s: %s", text, error.message);
	assert_json(params, expected);
	json_decref(params);
	tess_form_free(&form);
}

static void form_refused(const char *text)
{
	struct tess_cloud_error error;
	struct tess_form form;
	json_t *params;

	assert_int_equal(tess_form_parse(&form, text, strlen(text), &error), 0);
	if (tess_params_from_form(&params, &form, &error) != -EINVAL)
		fail_msg("accepted: %s", text);
	assert_int_equal(error.code, TESS_CLOUD_INVALID_PARAMETER);
	tess_form_free(&form);
}

static void test_dotted(void **state)
{
	(void)state;
	from_form("", "{}");
	from_form("SdkAppId=1400000123&RoomId=1001", "{'SdkAppId':'1400000123','RoomId':'1001'}");
	from_form("A.B=1&A.C.D=2&E=", "{'A':{'B':'1','C':{'D':'2'}},'E':''}");
	/* by number, not by byte order; gaps are closed */
	from_form("U.10=k&U.9=j&U.0=a&U.2=c", "{'U':['a','c','j','k']}");
	from_form("P.1.UserId=b&P.0.UserId=a&P.0.X=3",
		  "{'P':[{'UserId':'a','X':'3'},{'UserId':'b'}]}");
	from_form("M.0.0=a&M.0.1=b&M.1.0=c", "{'M':[['a','b'],['c']]}");
	from_form("U.007=x&U.3=y", "{'U':['y','x']}");
	from_form("U.999999999=x", "{'U':['x']}");
	/* at the top a number is a name like any other */
	from_form("0=a", "{'0':'a'}");
	/* common parameters are not the action's */
	from_form("Action=a&Version=b&Region=c&Timestamp=d&Nonce=e&SecretId=f&Signature=g&Token=h"
		  "&Language=i&SignatureMethod=j&RequestClient=k&RoomId=1",
		  "{'RoomId':'1'}");
	from_form("A.B.C.D.E.F.G.H=1", "{'A':{'B':{'C':{'D':{'E':{'F':{'G':{'H':'1'}}}}}}}}");
}

static void test_dotted_refused(void **state)
{
	char longer[600];

	(void)state;
	form_refused("=1");
	form_refused(".A=1");
	form_refused("A.=1");
	form_refused("A..B=1");
	form_refused("A=1&A.B=2");	 /* value and object */
	form_refused("A.0=1&A.B=2");	 /* array and object */
	form_refused("A.B.0=1&A.B.x=2"); /* the same, deeper */
	form_refused("A.1=x&A.01=y");	 /* one index twice */
	form_refused("A.1000000000=1");	 /* a number that no array has */
	form_refused("A.99999999999999999999=1");
	form_refused("A.B.C.D.E.F.G.H.I=1"); /* too deep */
	form_refused("A=%ff");		     /* not UTF-8 */
	memset(longer, 'a', sizeof(longer));
	(void)stpcpy(longer + 300, "=1");
	form_refused(longer);
}

static void from_json(const char *text, const char *expected)
{
	struct tess_cloud_error error;
	json_t *params;

	if (tess_params_from_json(&params, text, strlen(text), &error))
		fail_msg("%s: %s", text, error.message);
	assert_json(params, expected);
	json_decref(params);
}

static void json_refused(const char *text, size_t length)
{
	struct tess_cloud_error error;
	json_t *params;

	if (tess_params_from_json(&params, text, length, &error) != -EINVAL)
		fail_msg("accepted: %.100s", text);
	assert_int_equal(error.code, TESS_CLOUD_INVALID_PARAMETER);
}

static void test_json(void **state)
{
	struct tess_cloud_error error;
	json_t *params;
	int64_t number;

	(void)state;
	from_json("", "{}");
	from_json("{}", "{}");
	from_json(" {\"A\":{\"B\":[1,\"x\",true]}} ", "{'A':{'B':[1,'x',true]}}");
	/* null is absent, at any depth; in an array it stays, for its place */
	from_json("{\"A\":null,\"B\":{\"C\":null,\"D\":1},\"E\":[{\"F\":null}],\"G\":[null]}",
		  "{'B':{'D':1},'E':[{}],'G':[null]}");
	/* beyond 2^53 all digits count */
	assert_int_equal(tess_params_from_json(&params, "{\"A\":9007199254740993}", 22, &error), 0);
	assert_int_equal(tess_params_int(&number, params, "A"), 0);
	assert_int_equal(number, 9007199254740993);
	json_decref(params);
}

static void test_json_refused(void **state)
{
	struct tess_cloud_error error;
	const size_t size = 2 * (TESS_PARAMS_MAX_VALUES + 10);
	json_t *params;
	char *text;

	(void)state;
	json_refused("{", 1);
	json_refused("[]", 2);
	json_refused("1", 1);
	json_refused("null", 4);
	json_refused("SdkAppId=1", 10);
	json_refused("{\"A\":1}x", 8);
	json_refused("{\"A\":1,\"A\":2}", 13); /* which one was meant? */
	json_refused("{\"A\":\"\xff\"}", 9);
	json_refused("{\"A\":\"\\u0000\"}", 14);
	json_refused("{\"A\":\"\\ud800\"}", 14);
	json_refused("{\"A\":99999999999999999999}", 26);
	json_refused("{\"A\":1e999}", 11);
	json_refused("{\"A\":NaN}", 9);
	json_refused("\xef\xbb\xbf{}", 5);
	json_refused("{}\0", 3);
	json_refused("{\"A\":\"\\", 7); /* ends in the middle of an escape */
	/* the published text, in both languages */
	assert_int_equal(tess_params_from_json(&params, "{", 1, &error), -EINVAL);
	assert_string_equal(
		error.message_zh,
		"对于指定content-type=application/json协议下，请求内容不是合法的Json格式。");
	text = malloc(size);
	assert_non_null(text);
	/* deep: 32 is the limit */
	memset(text, '[', size);
	json_refused(text, size);
	(void)stpcpy(text, "{\"A\":");
	memset(text + 5, '[', 31);
	memset(text + 36, ']', 31);
	text[67] = '}';
	assert_int_equal(tess_params_from_json(&params, text, 68, &error), 0);
	json_decref(params);
	memset(text + 5, '[', 32);
	memset(text + 37, ']', 32);
	text[69] = '}';
	json_refused(text, 70);
	/* brackets in texts do not nest */
	memset(text + 6, '[', 60);
	text[5] = text[66] = '"';
	text[67] = '}';
	assert_int_equal(tess_params_from_json(&params, text, 68, &error), 0);
	json_decref(params);
	/* nor after a quote that is escaped */
	text[6] = '\\';
	text[7] = '"';
	assert_int_equal(tess_params_from_json(&params, text, 68, &error), 0);
	json_decref(params);
	/* many */
	memset(text + 6, '1', size - 8);
	for (size_t i = 7; i < size - 3; i += 2)
		text[i] = ',';
	text[5] = '[';
	text[size - 2] = ']';
	text[size - 1] = '}';
	assert_int_equal(tess_params_from_json(&params, text, size, &error), -EINVAL);
	assert_non_null(strstr(error.message, "more than 65536 values"));
	free(text);
}

static void test_types(void **state)
{
	json_t *o =
		json_of("{'i':-5,'s':'123','n':'-9223372036854775808','big':'9223372036854775808',"
			"'f':1.0,'e':'','b':' 1','p':'+1','h':'0x1','m':'-','t':true,'o':{},'a':[],"
			"'x':'12x'}");
	const char *text;
	json_t *member;
	int64_t value;

	(void)state;
	assert_int_equal(tess_params_int(&value, o, "i"), 0);
	assert_int_equal(value, -5);
	assert_int_equal(tess_params_int(&value, o, "s"), 0);
	assert_int_equal(value, 123);
	assert_int_equal(tess_params_int(&value, o, "n"), 0);
	assert_true(value == INT64_MIN);
	assert_int_equal(tess_params_int(&value, o, "none"), -ENOENT);
	for (const char *p = "febphmtoax"; *p; p++) {
		const char name[] = {*p, '\0'};

		if (tess_params_int(&value, o, name) != -EINVAL)
			fail_msg("an integer: %s", name);
	}
	assert_int_equal(tess_params_int(&value, o, "big"), -EINVAL);
	assert_int_equal(tess_params_text(&text, o, "s"), 0);
	assert_string_equal(text, "123");
	assert_int_equal(tess_params_text(&text, o, "i"), -EINVAL);
	assert_int_equal(tess_params_text(&text, o, "none"), -ENOENT);
	assert_int_equal(tess_params_object(&member, o, "o"), 0);
	assert_ptr_equal(member, json_object_get(o, "o"));
	assert_int_equal(tess_params_object(&member, o, "a"), -EINVAL);
	assert_int_equal(tess_params_object(&member, o, "none"), -ENOENT);
	assert_int_equal(tess_params_array(&member, o, "a"), 0);
	assert_int_equal(tess_params_array(&member, o, "o"), -EINVAL);
	assert_int_equal(tess_params_array(&member, o, "none"), -ENOENT);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dotted), cmocka_unit_test(test_dotted_refused),
		cmocka_unit_test(test_json),   cmocka_unit_test(test_json_refused),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
