/* SPDX-License-Identifier: GPL-3.0-or-later
 * /metrics: who may see it, its format, its values.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void take(enum tess_process process, const char *text)
{
	json_t *message = json_of(text);

	tess_facts_up(f.control.facts, process, f.time.utc_us);
	assert_int_equal(tess_facts_take(f.control.facts, process, message, 0), 0);
	json_decref(message);
}

static const char *skip_name(const char *at)
{
	assert_true(isalpha((unsigned char)*at) || *at == '_');
	while (isalnum((unsigned char)*at) || *at == '_' || *at == ':')
		at++;
	return at;
}

/* {name="value",...} with \\ \" \n escaped */
static const char *skip_labels(const char *at)
{
	while (*at++ != '}') {
		at = skip_name(at);
		assert_int_equal(strncmp(at, "=\"", 2), 0);
		for (at += 2; *at != '"'; at++) {
			assert_true((unsigned char)*at >= 0x20);
			if (*at == '\\')
				assert_non_null(strchr("\\\"n", *++at));
		}
		at++;
		assert_true(*at == ',' || *at == '}');
	}
	return at;
}

/* What promtool checks: HELP and TYPE before the samples of a metric, each metric in one piece and
 * once, no sample twice, counters called _total, values that are numbers. */
static void check_format(const char *text)
{
	char *copy = strdup(text), *rest = copy, *line, seen[16384] = "", metric[128] = "";
	char *samples = calloc(1, strlen(text) + 2);
	const char *type = "";

	while ((line = strsep(&rest, "\n")) && rest) {
		const char *end;
		char key[1024];

		if (!strncmp(line, "# HELP ", 7)) {
			end = skip_name(line + 7);
			(void)snprintf(metric, sizeof(metric), "%.*s", (int)(end - line - 7),
				       line + 7);
			(void)snprintf(key, sizeof(key), " %s ", metric);
			assert_null(strstr(seen, key));
			(void)strcat(seen, key);
			assert_true(strlen(end) > 5);
			line = strsep(&rest, "\n");
			assert_int_equal(strncmp(line, "# TYPE ", 7), 0);
			assert_int_equal(strncmp(line + 7, metric, strlen(metric)), 0);
			type = line + 7 + strlen(metric) + 1;
			assert_true(!strcmp(type, "gauge") || !strcmp(type, "counter"));
			assert_int_equal(!strcmp(type, "counter"),
					 strlen(metric) > 6 &&
						 !strcmp(metric + strlen(metric) - 6, "_total"));
			continue;
		}
		end = skip_name(line);
		assert_int_equal(end - line, strlen(metric));
		assert_int_equal(strncmp(line, metric, strlen(metric)), 0);
		if (*end == '{')
			end = skip_labels(end);
		assert_int_equal(*end, ' ');
		(void)snprintf(key, sizeof(key), "\n%.*s ", (int)(end - line), line);
		if (strstr(samples, key))
			fail_msg("twice: %s", line);
		(void)strcat(samples, key);
		(void)strtod(end + 1, &line);
		assert_int_equal(*line, 0);
	}
	assert_int_equal(*line, 0); /* the last line has its end */
	free(samples);
	free(copy);
}

static void has(const char *line)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "\n%s\n", line);
	if (!strstr(f.response.body, text))
		fail_msg("no %s in\n%s", line, f.response.body);
}

#define ROOM  "application=\"1400000001\",room_type=\"string\",room=\"a b\""
#define TRACK ROOM ",user=\"alice\",stream_type=\"main\",kind=\"video\""

static void test_values(void **state)
{
	(void)state;
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/a%20b/users",
		     "{'user':'alice'}", 201);
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/a%20b/mix",
		     "{'stream_id':'show','record_id':'r'}", 200);
	take(TESS_PROCESS_MEDIA,
	     "{'publishers':[{'id':1,'state':'receiving','idle_ms':0,"
	     "'video':{'packets':1000,'bytes':900000,'lost':3,'jitter_us':900,"
	     "'counters':{'duplicate':4}},"
	     "'audio':{'packets':50,'bytes':5000,'lost':0,'jitter_us':500,'level':0.25,"
	     "'counters':{}}}],"
	     "'mixes':[{'id':1,'state':'running','frames':300,'bitrate_bps':1480000,"
	     "'frame_rate':14.5,'latency_p95_us':40000,'counters':{'encoder_busy':2}}],"
	     "'engine':{'name':'soft','decoded':7,'uploads':0},"
	     "'net':{'rx_packets':1000,'rx_bytes':900000,'tx_packets':1,'tx_bytes':100,"
	     "'rx_dropped_kernel':6,'tx_dropped':0,"
	     "'queues':[{'net':'xdp:eth0','link':true,'cpu_us':2500000},{'link':1},"
	     "{'net':'xdp:eth1','link':false,'cpu_us':0}]}}");
	take(TESS_PROCESS_EGRESS, "{'live':[{'name':'sh\\\\ow\\\"','viewers':2,'bytes_sent':77}],"
				  "'counters':{'viewers':2,'viewer_overruns':1,'bytes_sent':77}}");
	fixture_advance(&f, 1500000);
	fixture_call(&f, "GET", "/metrics", NULL, 200);
	assert_string_equal(tess_response_get(&f.response, "Content-Type"),
			    "text/plain; version=0.0.4");
	check_format(f.response.body);
	has("tessera_build_info{version=\"" TESSERA_VERSION "\"} 1");
	has("tessera_uptime_seconds 1.5");
	has("tessera_up{process=\"control\"} 1");
	has("tessera_up{process=\"media\"} 1");
	has("tessera_rooms 1");
	has("tessera_users 1");
	has("tessera_mixes 1");
	has("tessera_recordings{state=\"waiting\"} 1");
	has("tessera_mix_running{" ROOM ",stream_id=\"show\"} 1");
	has("tessera_mix_frames_total{" ROOM ",stream_id=\"show\"} 300");
	has("tessera_mix_frame_rate{" ROOM ",stream_id=\"show\"} 14.5");
	has("tessera_mix_bits_per_second{" ROOM ",stream_id=\"show\"} 1480000");
	has("tessera_mix_latency_p95_seconds{" ROOM ",stream_id=\"show\"} 0.040000000000000001");
	has("tessera_mix_events_total{" ROOM ",stream_id=\"show\",event=\"encoder_busy\"} 2");
	has("tessera_rtp_packets_total{" TRACK "} 1000");
	has("tessera_rtp_bytes_total{" TRACK "} 900000");
	has("tessera_rtp_lost{" TRACK "} 3");
	has("tessera_rtp_events_total{" TRACK ",event=\"duplicate\"} 4");
	has("tessera_audio_level{" ROOM
	    ",user=\"alice\",stream_type=\"main\",kind=\"audio\"} 0.25");
	has("tessera_engine_info{engine=\"soft\"} 1");
	has("tessera_engine_operations_total{operation=\"decoded\"} 7");
	has("tessera_net_packets_total{direction=\"receive\"} 1000");
	has("tessera_net_bytes_total{direction=\"send\"} 100");
	has("tessera_net_dropped_total{reason=\"rx_dropped_kernel\"} 6");
	has("tessera_net_dropped_total{reason=\"tx_dropped\"} 0");
	has("tessera_net_link_up{worker=\"0\",net=\"xdp:eth0\"} 1");
	has("tessera_net_link_up{worker=\"2\",net=\"xdp:eth1\"} 0");
	has("tessera_net_cpu_seconds_total{worker=\"0\",net=\"xdp:eth0\"} 2.5");
	has("tessera_viewers 2");
	has("tessera_egress_events_total{event=\"viewer_overruns\"} 1");
	has("tessera_live_viewers{stream_id=\"sh\\\\ow\\\"\"} 2");
	has("tessera_http_requests_total{kind=\"admin\"} 3");
	has("tessera_http_responses_total{class=\"2xx\"} 3");
	has("tessera_cloud_errors_total 0");
}

static void test_alone(void **state)
{
	(void)state;
	fixture_call(&f, "GET", "/metrics", NULL, 200);
	check_format(f.response.body);
	has("tessera_up{process=\"media\"} 0");
	assert_null(strstr(f.response.body, "tessera_rtp"));
}

static void test_access(void **state)
{
	(void)state;
	fixture_header(&f, "Cookie", NULL);
	fixture_refused(&f, "GET", "/metrics", NULL, 401, "unauthorized", "");
	f.loopback = true;
	fixture_call(&f, "GET", "/metrics", NULL, 200);
	/* being on the box opens nothing else */
	fixture_refused(&f, "GET", "/api/v1/me", NULL, 401, "unauthorized", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_access, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
