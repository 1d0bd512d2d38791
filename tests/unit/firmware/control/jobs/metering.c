/* SPDX-License-Identifier: GPL-3.0-or-later
 * Traffic and time of mixes as usage: over restarts of each process, and as the APIs tell it.
 */
#include "firmware/control/jobs/metering.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/api/statistic.h"
#include "firmware/control/store/amounts.h"
#include "fixture.h"

#define APP   1400000001
#define USAGE "/api/v1/applications/1400000001/usage"

static struct fixture f;
static struct tess_metering *metering;

static int setup(void **state)
{
	(void)state;
	(void)setenv("TZ", "UTC", 1);
	tzset();
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	fixture_user(&f, "alice");
	assert_int_equal(tess_metering_alloc(&metering, &f.control), 0);
	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, FIXTURE_UTC_US);
	tess_facts_up(f.control.facts, TESS_PROCESS_EGRESS, FIXTURE_UTC_US);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tess_metering_free(metering);
	fixture_close(&f);
	return 0;
}

static void take(enum tess_process process, const char *text)
{
	json_t *message = json_of(text);

	assert_int_equal(tess_facts_take(f.control.facts, process, message, f.time.now_us), 0);
	json_decref(message);
}

/** What egress tells of the application. */
static void egress(int64_t run, int64_t live_bytes, int64_t relay_us)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
		       "{'traffic':{'run':%lld,'apps':[{'app':%d,'live_bytes':%lld,"
		       "'file_bytes':30,'relay_bytes':0,'relay_us':%lld},{'app':5,'live_bytes':9,"
		       "'relay_bytes':9,'relay_us':9}]}}",
		       (long long)run, APP, (long long)live_bytes, (long long)relay_us);
	take(TESS_PROCESS_EGRESS, text);
	assert_int_equal(tess_metering_egress(metering), 0);
}

static int64_t total(const char *name)
{
	fixture_call(&f, "GET", USAGE, NULL, 200);
	return json_integer_value(json_object_get(json_object_get(f.json, "total"), name));
}

static void test_traffic(void **state)
{
	(void)state;
	egress(100, 1000, 500000);
	assert_int_equal(total("live_bytes"), 1000);
	assert_int_equal(total("relay_ms"), 500);
	assert_int_equal(total("file_bytes"), 30);
	/* told again, and within the interval */
	egress(100, 1500, 500000);
	assert_int_equal(total("live_bytes"), 1000);
	fixture_advance(&f, 4000000);
	egress(100, 1700, 2500000);
	assert_int_equal(total("live_bytes"), 1700);
	assert_int_equal(total("relay_ms"), 2500);
	/* control dies at any moment: egress tells all of it again */
	egress(100, 1800, 2500000);
	tess_metering_free(metering);
	fixture_restart(&f);
	assert_int_equal(tess_metering_alloc(&metering, &f.control), 0);
	egress(100, 1900, 2500000);
	assert_int_equal(total("live_bytes"), 1900);
	/* egress dies: its last facts count, and it begins at 0 */
	egress(100, 2000, 2500000);
	assert_int_equal(tess_metering_egress_gone(metering), 0);
	assert_int_equal(total("live_bytes"), 2000);
	egress(200, 300, 0);
	assert_int_equal(total("live_bytes"), 2300);
	fixture_advance(&f, 4000000);
	egress(200, 300, 0);
	assert_int_equal(total("live_bytes"), 2300);
	assert_int_equal(total("relay_ms"), 2500);
}

static void media(const char *state)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "{'mixes':[{'id':1,'state':'%s'}]}", state);
	take(TESS_PROCESS_MEDIA, text);
	assert_int_equal(tess_metering_media(metering), 0);
}

static void test_mixes(void **state)
{
	(void)state;
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/101/mix",
		     "{'stream_id':'show','video':{'width':540,'height':960}}", 200);
	media("running");
	for (unsigned i = 0; i < 8; i++) {
		fixture_advance(&f, 1000000);
		media("running");
	}
	assert_int_equal(total("mix_hd_ms"), 8000);
	/* what does not run, and while media is away, is no time */
	fixture_advance(&f, 1000000);
	media("starting");
	fixture_advance(&f, 60000000);
	media("running");
	fixture_advance(&f, 2000000);
	media("running");
	tess_metering_free(metering); /* what was not kept yet is */
	assert_int_equal(tess_metering_alloc(&metering, &f.control), 0);
	assert_int_equal(total("mix_hd_ms"), 10000);
	assert_int_equal(total("mix_fhd_ms"), 0);
}

static void add(int64_t after_s, const char *item, int64_t amount)
{
	int64_t at_us = FIXTURE_UTC_US + after_s * 1000000;

	assert_int_equal(tess_store_amount_add(f.control.store, APP, item,
					       at_us - at_us % 300000000, amount),
			 0);
}

static void test_rest(void **state)
{
	(void)state;
	add(0, "live_bytes", 7);
	add(300, "mix_audio_us", 1500400);
	add(300, "live_bytes", 8);
	fixture_call(&f, "GET", USAGE "?from=2023-11-14T22:00:00Z&to=2023-11-14T23:00:00Z", NULL,
		     200);
	assert_json(
		f.json,
		"{'total':{'live_bytes':15,'file_bytes':0,'relay_bytes':0,'relay_ms':0,'mix_audio_"
		"ms':1500,"
		"'mix_sd_ms':0,'mix_hd_ms':0,'mix_fhd_ms':0,'record_audio_ms':0,"
		"'record_sd_ms':0,'record_hd_ms':0,'record_fhd_ms':0},'slots':["
		"{'live_bytes':7,'file_bytes':0,'relay_bytes':0,'relay_ms':0,'mix_audio_ms':0,'mix_"
		"sd_ms':0,"
		"'mix_hd_ms':0,'mix_fhd_ms':0,'record_audio_ms':0,'record_sd_ms':0,"
		"'record_hd_ms':0,'record_fhd_ms':0,'start':'2023-11-14T22:10:00.000Z'},"
		"{'live_bytes':8,'file_bytes':0,'relay_bytes':0,'relay_ms':0,'mix_audio_ms':1500,"
		"'mix_sd_ms':0,'mix_hd_ms':0,'mix_fhd_ms':0,'record_audio_ms':0,"
		"'record_sd_ms':0,'record_hd_ms':0,'record_fhd_ms':0,"
		"'start':'2023-11-14T22:15:00.000Z'}]}");
	fixture_refused(&f, "GET", USAGE "?from=2023-01-01T00:00:00Z", NULL, 400,
			"invalid_parameter", "from");
	fixture_refused(&f, "GET", USAGE "?from=soon", NULL, 400, "invalid_parameter", "from");
}

static json_t *answer;

static const char *ask(enum tess_statistic_kind kind, const char *params_text)
{
	json_t *params = json_of(params_text);
	struct tess_statistic_request request;
	struct tess_cloud_error error;
	int rc;

	json_decref(answer);
	answer = json_object();
	rc = tess_statistic_request_parse(&request, kind, params, &error);
	if (!rc)
		rc = tess_statistic(&f.control, 1, &request, answer, &error);
	json_decref(params);
	return rc == -EINVAL ? tess_cloud_code_text(error.code) : rc ? "?" : "";
}

static void test_cloud(void **state)
{
	(void)state;
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/keys", "{}", 201); /* id 1 */
	add(0, "mix_hd_us", 90000000);
	add(0, "live_bytes", 75000000); /* 2 Mbit/s for five minutes */
	add(300, "mix_audio_us", 1000000);
	add(86400, "mix_fhd_us", 61000000);
	add(86400, "relay_us", 61000000);
	assert_string_equal(
		ask(TESS_STATISTIC_MCU, "{'StartTime':'2023-11-14','EndTime':'2023-11-14'}"), "");
	assert_json(answer,
		    "{'Usages':[{'SdkAppId':'1400000001','TotalNum':2,"
		    "'SdkAppIdTranscodeTimeUsages':[{'TimeKey':'2023-11-14 22:10:00',"
		    "'AudioTime':0,'VideoTimeSd':0,'VideoTimeHd':90,'VideoTimeFhd':0,'Flux':2.0},"
		    "{'TimeKey':'2023-11-14 22:15:00','AudioTime':1,'VideoTimeSd':0,"
		    "'VideoTimeHd':0,'VideoTimeFhd':0,'Flux':0.0}]}]}");
	assert_string_equal(ask(TESS_STATISTIC_MIX, "{'StartTime':'2023-11-14','EndTime':"
						    "'2023-11-15','SdkAppId':1400000001}"),
			    "");
	assert_json(answer, "{'UsageKey':['audio','sd','hd','fhd'],'UsageList':["
			    "{'TimeKey':'2023-11-14 00:00:00','TimeStampKey':1699920000,"
			    "'UsageValue':[1.0,0.0,2.0,0.0]},"
			    "{'TimeKey':'2023-11-15 00:00:00','TimeStampKey':1700006400,"
			    "'UsageValue':[0.0,0.0,0.0,2.0]}]}");
	assert_string_equal(
		ask(TESS_STATISTIC_MIX, "{'StartTime':'2023-11-01','EndTime':'2023-12-02'}"),
		"InvalidParameter.QueryScaleOversize");
	assert_string_equal(
		ask(TESS_STATISTIC_MCU, "{'StartTime':'2023-11-01','EndTime':'2023-12-02'}"),
		"InvalidParameter");
	assert_string_equal(ask(TESS_STATISTIC_MCU, "{'StartTime':'2023-11-14','EndTime':"
						    "'2023-11-14','SdkAppId':5}"),
			    "InvalidParameter.SdkAppId");
	json_decref(answer);
	answer = NULL;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_traffic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mixes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cloud, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
