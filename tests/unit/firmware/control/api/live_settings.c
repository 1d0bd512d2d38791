/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who may watch, over the admin API: domains and their keys, rules, viewers; what egress is told.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/base/tx_secret.h"
#include "firmware/control/jobs/desired.h"
#include "firmware/control/jobs/guard.h"
#include "fixture.h"

#define APP	"/api/v1/applications/1400000001"
#define DOMAINS APP "/domains"
#define LIVE	APP "/live"
#define MIX	APP "/rooms/101/mix"

static struct fixture f;
static json_t *told; /* the last message to egress; NULL: egress is not there */
static bool is_there;

static int tell(void *arg, const json_t *message)
{
	(void)arg;
	if (!is_there)
		return -ENOTCONN;
	json_decref(told);
	told = json_deep_copy(message);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	fixture_user(&f, "alice");
	f.control.tell = tell;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(told);
	told = NULL;
	fixture_close(&f);
	return 0;
}

static void expect_wanted(const char *name, const char *text)
{
	json_t *message;

	assert_int_equal(tess_desired_egress(&message, &f.control, 1, json_array()), 0);
	/* the list of acknowledged recordings is shared: give up this side's */
	json_decref(json_object_get(message, "acknowledged"));
	assert_json(json_object_get(message, name), text);
	json_decref(message);
}

static void test_domains(void **state)
{
	unsigned changes = f.changes;

	(void)state;
	expect_wanted("guard", "{'play':{},'apps':{}}");
	fixture_call(&f, "POST", DOMAINS,
		     "{'kind':'play','name':'play.example','enabled':true,'key':'k1'}", 201);
	assert_json(f.json, "{'kind':'play','name':'play.example','enabled':true,'delta_s':0,"
			    "'created':'2023-11-14T22:13:20.000Z','key':'k1','back_key':''}");
	assert_true(f.changes > changes);
	/* a key is made where none is given */
	fixture_call(&f, "POST", DOMAINS, "{'kind':'push','name':'push.example'}", 201);
	assert_int_equal(strlen(fixture_text(&f, "key")), 32);
	/* lists never have keys */
	fixture_call(&f, "GET", DOMAINS, NULL, 200);
	assert_json(f.json, "{'domains':[{'kind':'play','name':'play.example','enabled':true,"
			    "'delta_s':0,'created':'2023-11-14T22:13:20.000Z'},"
			    "{'kind':'push','name':'push.example','enabled':false,"
			    "'delta_s':0,'created':'2023-11-14T22:13:20.000Z'}]}");
	fixture_call(&f, "GET", DOMAINS "/play/play.example", NULL, 200);
	assert_string_equal(fixture_text(&f, "key"), "k1");
	fixture_call(&f, "PATCH", DOMAINS "/play/play.example", "{'back_key':'k2','delta_s':300}",
		     200);
	fixture_call(&f, "PATCH", DOMAINS "/push/push.example", "{'key':'m','enabled':true}", 200);
	expect_wanted("guard", "{'play':{'play.example':{'app':1400000001,'enable':true,'key':'k1',"
			       "'back_key':'k2','delta_s':300}},'apps':{}}");
	fixture_restart(&f);
	fixture_call(&f, "DELETE", DOMAINS "/push/push.example", NULL, 204);
	expect_wanted("guard", "{'play':{'play.example':{'app':1400000001,'enable':true,'key':'k1',"
			       "'back_key':'k2','delta_s':300}},'apps':{}}");
	/* they go with their application */
	fixture_call(&f, "DELETE", APP, NULL, 204);
	expect_wanted("guard", "{'play':{},'apps':{}}");
}

static void test_domain_refusals(void **state)
{
	(void)state;
	fixture_refused(&f, "POST", DOMAINS, "{'name':'a.example'}", 400, "missing_parameter",
			"kind");
	fixture_refused(&f, "POST", DOMAINS, "{'kind':'play'}", 400, "missing_parameter", "name");
	fixture_refused(&f, "POST", DOMAINS, "{'kind':'both','name':'a.example'}", 400,
			"invalid_parameter", "kind");
	fixture_refused(&f, "POST", DOMAINS, "{'kind':'play','name':'A.example'}", 400,
			"invalid_parameter", "name");
	fixture_refused(&f, "POST", DOMAINS, "{'kind':'play','name':'a.example:80'}", 400,
			"invalid_parameter", "name");
	fixture_refused(&f, "POST", DOMAINS, "{'kind':'play','name':'a.example','key':'a b'}", 400,
			"invalid_parameter", "key");
	fixture_refused(&f, "POST", DOMAINS,
			"{'kind':'play','name':'a.example','key':'','enabled':true}", 400,
			"invalid_parameter", "key");
	fixture_refused(&f, "POST", DOMAINS, "{'kind':'play','name':'a.example','delta_s':-1}", 400,
			"invalid_parameter", "delta_s");
	fixture_call(&f, "POST", DOMAINS, "{'kind':'play','name':'a.example'}", 201);
	fixture_refused(&f, "POST", DOMAINS, "{'kind':'play','name':'a.example'}", 409, "exists",
			"name");
	fixture_call(&f, "POST", "/api/v1/applications", "{'name':'other','id':5}", 201);
	fixture_refused(&f, "POST", "/api/v1/applications/5/domains",
			"{'kind':'play','name':'a.example'}", 409, "exists", "name");
	fixture_refused(&f, "GET", "/api/v1/applications/5/domains/play/a.example", NULL, 404,
			"not_found", "");
	fixture_refused(&f, "DELETE", DOMAINS "/push/a.example", NULL, 404, "not_found", "");
}

static void test_rules(void **state)
{
	(void)state;
	fixture_call(&f, "GET", LIVE, NULL, 200);
	assert_json(f.json, "{'referrer_mode':'off','referrer_empty':true,'referrers':[],"
			    "'ip_allow':[],'ip_deny':[],'origins':[],'max_viewers':0,"
			    "'max_stream_viewers':0}");
	fixture_call(&f, "PATCH", LIVE,
		     "{'referrer_mode':'allow','referrer_empty':false,"
		     "'referrers':['a.example','*.b.example'],'ip_allow':['10.0.0.0/8','::1'],"
		     "'max_stream_viewers':5}",
		     200);
	fixture_call(&f, "PATCH", LIVE,
		     "{'ip_deny':['10.1.0.0/16'],'origins':['https://a.example'],"
		     "'max_viewers':9}",
		     200);
	assert_json(f.json, "{'referrer_mode':'allow','referrer_empty':false,"
			    "'referrers':['a.example','*.b.example'],"
			    "'ip_allow':['10.0.0.0/8','::1'],'ip_deny':['10.1.0.0/16'],"
			    "'origins':['https://a.example'],'max_viewers':9,"
			    "'max_stream_viewers':5}");
	fixture_restart(&f);
	expect_wanted("guard", "{'play':{},'apps':{'1400000001':{'referrer_mode':'allow',"
			       "'referrer_empty':false,'referrers':['a.example','*.b.example'],"
			       "'ip_allow':'10.0.0.0/8, ::1','ip_deny':'10.1.0.0/16',"
			       "'origins':['https://a.example'],'max_viewers':9,"
			       "'max_stream_viewers':5}}}");
	fixture_refused(&f, "PATCH", LIVE, "{'referrer_mode':'some'}", 400, "invalid_parameter",
			"referrer_mode");
	fixture_refused(&f, "PATCH", LIVE, "{'referrers':['https://a.example']}", 400,
			"invalid_parameter", "referrers");
	fixture_refused(&f, "PATCH", LIVE, "{'ip_allow':['10.0.0.0/33']}", 400, "invalid_parameter",
			"ip_allow");
	fixture_refused(&f, "PATCH", LIVE, "{'ip_deny':'10.0.0.0/8'}", 400, "invalid_parameter",
			"ip_deny");
	fixture_refused(&f, "PATCH", LIVE, "{'origins':['a.example']}", 400, "invalid_parameter",
			"origins");
	fixture_refused(&f, "PATCH", LIVE, "{'max_viewers':-1}", 400, "invalid_parameter",
			"max_viewers");
	/* nothing of what was refused is there */
	fixture_call(&f, "PATCH", LIVE, "{'ip_allow':[],'referrers':[],'ip_deny':[]}", 200);
	assert_json(f.json, "{'referrer_mode':'allow','referrer_empty':false,'referrers':[],"
			    "'ip_allow':[],'ip_deny':[],'origins':['https://a.example'],"
			    "'max_viewers':9,'max_stream_viewers':5}");
}

/* The addresses that the box gives out are good ones. */
static void test_addresses(void **state)
{
	const char *url, *query;

	(void)state;
	fixture_call(&f, "POST", MIX, "{'stream_id':'show'}", 200);
	assert_null(strchr(fixture_text(&f, "flv_url"), '?'));
	fixture_call(&f, "POST", DOMAINS,
		     "{'kind':'play','name':'play.example','enabled':true,'key':'k1'}", 201);
	fixture_call(&f, "GET", MIX, NULL, 200);
	url = fixture_text(&f, "flv_url");
	query = strchr(url, '?');
	assert_non_null(query);
	assert_int_equal(tess_tx_check("k1", "", "show", query + 1, 0, FIXTURE_UTC_US), 0);
	assert_int_equal(tess_tx_check("k1", "", "show", query + 1, 0,
				       FIXTURE_UTC_US + 86400 * INT64_C(1000000)),
			 0);
	query = strchr(fixture_text(&f, "rtmp_url"), '?');
	assert_non_null(query);
	assert_int_equal(tess_tx_check("k1", "", "show", query + 1, 0, FIXTURE_UTC_US), 0);
	fixture_call(&f, "PATCH", DOMAINS "/play/play.example", "{'enabled':false}", 200);
	fixture_call(&f, "GET", MIX, NULL, 200);
	assert_null(strchr(fixture_text(&f, "flv_url"), '?'));
}

static int push(const char *key, const char *stream, int64_t after_s)
{
	char query[TESS_TX_QUERY_SIZE];

	assert_int_equal(tess_tx_query(query, key, stream, FIXTURE_UTC_US / 1000000 + after_s), 0);
	return tess_guard_push(&f.control, 1400000001, "show", query);
}

static void test_push(void **state)
{
	(void)state;
	fixture_call(&f, "POST", DOMAINS,
		     "{'kind':'play','name':'a.example','enabled':true,'key':'k1'}", 201);
	assert_int_equal(push("k1", "show", 60), 0);
	fixture_call(&f, "POST", DOMAINS,
		     "{'kind':'push','name':'b.example','key':'m','back_key':'b','delta_s':900}",
		     201);
	/* what is not protected opens nothing */
	assert_int_equal(push("m", "show", 60), 0);
	fixture_call(&f, "PATCH", DOMAINS "/push/b.example", "{'enabled':true}", 200);
	assert_int_equal(push("m", "show", 0), 1);
	assert_int_equal(push("b", "show", 60), 1);
	/* until txTime, whatever AuthDelta is */
	assert_int_equal(push("m", "show", -1), 0);
	assert_int_equal(push("m", "other", 60), 0);
	assert_int_equal(push("k1", "show", 60), 0);
	assert_int_equal(tess_guard_push(&f.control, 1400000001, "show", ""), 0);
	assert_int_equal(tess_guard_push(&f.control, 5, "show", ""), 0);
}

static int fetch(const char *key, const char *name, int64_t after_s)
{
	char query[TESS_TX_QUERY_SIZE];

	assert_int_equal(tess_tx_query(query, key, name, FIXTURE_UTC_US / 1000000 + after_s), 0);
	return tess_guard_fetch(&f.control, 1400000001, "file_1", query);
}

static void test_fetch(void **state)
{
	(void)state;
	fixture_call(&f, "POST", DOMAINS, "{'kind':'play','name':'a.example','key':'k1'}", 201);
	fixture_call(&f, "POST", DOMAINS,
		     "{'kind':'push','name':'b.example','enabled':true,'key':'m'}", 201);
	/* what is not protected opens nothing */
	assert_int_equal(fetch("k1", "file_1", 60), 0);
	fixture_call(&f, "PATCH", DOMAINS "/play/a.example",
		     "{'enabled':true,'back_key':'k2','delta_s':30}", 200);
	assert_int_equal(fetch("k1", "file_1", 60), 1);
	assert_int_equal(fetch("k2", "file_1", -30), 1);
	assert_int_equal(fetch("k1", "file_1", -31), 0);
	assert_int_equal(fetch("k1", "file_2", 60), 0);
	assert_int_equal(fetch("m", "file_1", 60), 0);
	assert_int_equal(tess_guard_fetch(&f.control, 1400000001, "file_1", ""), 0);
	assert_int_equal(tess_guard_fetch(&f.control, 5, "file_1", ""), 0);
}

static void test_viewers(void **state)
{
	json_t *facts = json_of("{'live':[{'name':'show','viewers':3,'bytes_sent':9,"
				"'bitrate_bps':1,'players':[{'id':1700000000000001,"
				"'address':'192.0.2.7','protocol':'rtmp','age_us':10200000,"
				"'bytes':77}]}]}");

	(void)state;
	fixture_refused(&f, "GET", "/api/v1/streams/show/viewers", NULL, 404, "not_found", "");
	fixture_call(&f, "POST", MIX, "{'stream_id':'show'}", 200);
	expect_wanted("live", "[{'stream':'mix-1','name':'show','app':1400000001}]");
	fixture_call(&f, "GET", "/api/v1/streams/show/viewers", NULL, 200);
	assert_json(f.json, "{'total':0,'viewers':[]}");
	tess_facts_up(f.control.facts, TESS_PROCESS_EGRESS, FIXTURE_UTC_US);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_EGRESS, facts, 0), 0);
	json_decref(facts);
	fixture_call(&f, "GET", "/api/v1/streams/show/viewers", NULL, 200);
	assert_json(f.json, "{'total':3,'viewers':[{'id':1700000000000001,"
			    "'address':'192.0.2.7','protocol':'rtmp',"
			    "'since':'2023-11-14T22:13:10.000Z','bytes_sent':77}]}");
	is_there = false;
	fixture_refused(&f, "DELETE", "/api/v1/streams/show/viewers", NULL, 503, "unavailable", "");
	is_there = true;
	fixture_call(&f, "DELETE", "/api/v1/streams/show/viewers", NULL, 204);
	assert_json(told, "{'type':'kick','name':'show'}");
	fixture_call(&f, "DELETE", "/api/v1/streams/show/viewers?address=192.0.2.7", NULL, 204);
	assert_json(told, "{'type':'kick','name':'show','address':'192.0.2.7'}");
	fixture_call(&f, "DELETE", "/api/v1/streams/show/viewers/1700000000000001", NULL, 204);
	assert_json(told, "{'type':'kick','name':'show','viewer':1700000000000001}");
	fixture_refused(&f, "DELETE", "/api/v1/streams/show/viewers/x", NULL, 404, "not_found", "");
	fixture_refused(&f, "DELETE", "/api/v1/streams/none/viewers", NULL, 404, "not_found", "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_domains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_domain_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_push, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fetch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_viewers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
