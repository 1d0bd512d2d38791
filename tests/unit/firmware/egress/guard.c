/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/guard: who may play by each rule.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/tx_secret.h"
#include "firmware/egress/guard.h"
#include "firmware/egress/traffic.h"

#define NOW_S 1700000000LL

static int64_t now_us(const struct tess_clock *clock)
{
	(void)clock;
	return 5000000;
}

static int64_t utc_us(const struct tess_clock *clock)
{
	(void)clock;
	return NOW_S * 1000000;
}

static const struct tess_clock fixed = {.now_us = now_us, .utc_us = utc_us};
static struct tess_guard *guard;

static int setup(void **state)
{
	(void)state;
	return tess_guard_alloc(&guard, &fixed);
}

static int teardown(void **state)
{
	(void)state;
	tess_guard_free(guard);
	guard = NULL;
	return 0;
}

static void rules(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	tess_guard_apply(guard, json);
	json_decref(json);
}

static union tess_addr address_of(const char *text)
{
	union tess_addr address = {.in = {.sin_family = AF_INET}};

	if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1)
		return address;
	address.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
	assert_int_equal(inet_pton(AF_INET6, text, &address.in6.sin6_addr), 1);
	return address;
}

/** Application 1's stream "show". */
static int play(const char *host, const char *query, const char *referrer, const char *from)
{
	const struct tess_play one = {.host = host,
				      .stream = "show",
				      .query = query,
				      .referrer = referrer,
				      .address = address_of(from)};

	return tess_play_check(guard, 1, &one);
}

static int at(const char *host, const char *query)
{
	return play(host, query, "", "192.0.2.1");
}

static const char *query_by(const char *key, int64_t until_s)
{
	static char query[8][TESS_TX_QUERY_SIZE];
	static unsigned next;

	next = (next + 1) % 8;
	assert_int_equal(tess_tx_query(query[next], key, "show", until_s), 0);
	return query[next];
}

static json_int_t counted(const char *name)
{
	json_t *counters = json_object();
	json_int_t value;

	tess_guard_count(guard, counters);
	assert_true(json_is_integer(json_object_get(counters, name)));
	value = json_integer_value(json_object_get(counters, name));
	json_decref(counters);
	return value;
}

static void test_open(void **state)
{
	uint32_t stream, application;
	char headers[320];

	(void)state;
	/* without rules all is open, and so is everything without a guard */
	assert_int_equal(at("10.0.0.1:8088", ""), 0);
	assert_int_equal(tess_play_check(NULL, 1, &(struct tess_play){.host = "x"}), 0);
	tess_guard_limits(guard, 1, &stream, &application);
	assert_int_equal(stream + application, 0);
	tess_guard_cors(guard, 1, "https://a.example", headers, sizeof(headers));
	assert_string_equal(headers, "Access-Control-Allow-Origin: *\r\n");
	rules("{\"play\":{\"b.example\":{\"app\":2,\"enable\":true,\"key\":\"k\"}}}");
	assert_int_equal(at("10.0.0.1", ""), 0);
	/* of another tenant, by whatever key */
	assert_int_equal(at("b.example", query_by("k", NOW_S)), -ENOENT);
	assert_int_equal(counted("viewers_denied_domain"), 1);
}

static void test_domains(void **state)
{
	const char *good;

	(void)state;
	rules("{\"play\":{"
	      "\"a.example\":{\"app\":1,\"enable\":true,\"key\":\"one\",\"back_key\":\"two\","
	      "\"delta_s\":60},"
	      "\"c.example\":{\"app\":1,\"enable\":true,\"key\":\"three\",\"back_key\":\"\"},"
	      "\"n.example\":{\"app\":1,\"enable\":true,\"key\":\"\",\"back_key\":\"\"}}}");
	good = query_by("one", NOW_S - 60);
	assert_int_equal(at("a.example", good), 0);
	assert_int_equal(at("A.Example.:8088", good), 0);
	assert_int_equal(at("a.example", query_by("two", NOW_S)), 0);
	assert_int_equal(at("a.example", query_by("one", NOW_S - 61)), -EACCES);
	assert_int_equal(at("a.example", query_by("three", NOW_S)), -EACCES);
	assert_int_equal(at("a.example", ""), -EACCES);
	assert_int_equal(at("c.example", query_by("three", NOW_S)), 0);
	assert_int_equal(at("c.example", query_by("three", NOW_S - 1)), -EACCES);
	assert_int_equal(at("n.example", query_by("", NOW_S)), -EACCES);
	/* by the box's own address: any of the keys, but one */
	assert_int_equal(at("10.0.0.1", good), 0);
	assert_int_equal(at("", query_by("three", NOW_S)), 0);
	assert_int_equal(at("10.0.0.1", ""), -EACCES);
	assert_int_equal(counted("viewers_denied_secret"), 6);
	/* one that protects nothing makes that open too */
	rules("{\"play\":{"
	      "\"a.example\":{\"app\":1,\"enable\":true,\"key\":\"one\"},"
	      "\"o.example\":{\"app\":1,\"enable\":false,\"key\":\"one\"}}}");
	assert_int_equal(at("a.example", ""), -EACCES);
	assert_int_equal(at("o.example", ""), 0);
	assert_int_equal(at("10.0.0.1", ""), 0);
}

static int from_page(const char *referrer)
{
	return play("10.0.0.1", "", referrer, "192.0.2.1");
}

static void test_referrers(void **state)
{
	(void)state;
	rules("{\"apps\":{\"1\":{\"referrer_mode\":\"allow\",\"referrer_empty\":false,"
	      "\"referrers\":[\"a.example\",\"*.b.example\"]}}}");
	assert_int_equal(from_page("https://a.example/page?x=1"), 0);
	assert_int_equal(from_page("http://A.Example:8080"), 0);
	assert_int_equal(from_page("https://x.y.b.example/"), 0);
	assert_int_equal(from_page("https://user@a.example/"), 0);
	assert_int_equal(from_page("https://b.example/"), -EACCES);
	assert_int_equal(from_page("https://xb.example/"), -EACCES);
	assert_int_equal(from_page("https://evil.example/a.example"), -EACCES);
	assert_int_equal(from_page("https://a.example@evil.example/"), -EACCES);
	assert_int_equal(from_page("https://x@a.example@evil.example/"), -EACCES);
	assert_int_equal(from_page("https://evil.example?https://a.example/"), -EACCES);
	assert_int_equal(from_page("no address"), -EACCES);
	assert_int_equal(from_page(""), -EACCES);
	assert_int_equal(counted("viewers_denied_referrer"), 8);
	rules("{\"apps\":{\"1\":{\"referrer_mode\":\"deny\",\"referrer_empty\":true,"
	      "\"referrers\":[\"a.example\"]}}}");
	assert_int_equal(from_page("https://a.example/"), -EACCES);
	assert_int_equal(from_page("https://b.example/"), 0);
	assert_int_equal(from_page(""), 0);
	rules("{\"apps\":{\"2\":{\"referrer_mode\":\"allow\",\"referrer_empty\":false},"
	      "\"1\":{\"referrer_mode\":\"off\",\"referrer_empty\":false}}}");
	assert_int_equal(from_page(""), 0);
}

static int from_ip(const char *ip)
{
	return play("10.0.0.1", "", "", ip);
}

static void test_addresses(void **state)
{
	(void)state;
	rules("{\"apps\":{\"1\":{\"ip_allow\":\"192.0.2.0/24, 2001:db8::/32\","
	      "\"ip_deny\":\"192.0.2.128/25\"}}}");
	assert_int_equal(from_ip("192.0.2.1"), 0);
	assert_int_equal(from_ip("::ffff:192.0.2.1"), 0);
	assert_int_equal(from_ip("2001:db8::1"), 0);
	assert_int_equal(from_ip("192.0.2.200"), -EACCES);
	assert_int_equal(from_ip("198.51.100.1"), -EACCES);
	assert_int_equal(counted("viewers_denied_address"), 2);
	rules("{\"apps\":{\"1\":{\"ip_allow\":\"\",\"ip_deny\":\"192.0.2.1\"}}}");
	assert_int_equal(from_ip("192.0.2.1"), -EACCES);
	assert_int_equal(from_ip("192.0.2.2"), 0);
}

static void test_cors_and_limits(void **state)
{
	uint32_t stream, application;
	char headers[320];

	(void)state;
	rules("{\"apps\":{\"1\":{\"origins\":[\"https://a.example\"],\"max_viewers\":9,"
	      "\"max_stream_viewers\":4}}}");
	tess_guard_cors(guard, 1, "https://a.example", headers, sizeof(headers));
	assert_string_equal(headers, "Vary: Origin\r\n"
				     "Access-Control-Allow-Origin: https://a.example\r\n");
	tess_guard_cors(guard, 1, "http://a.example", headers, sizeof(headers));
	assert_string_equal(headers, "Vary: Origin\r\n");
	tess_guard_cors(guard, 1, "", headers, sizeof(headers));
	assert_string_equal(headers, "Vary: Origin\r\n");
	tess_guard_cors(guard, 2, "http://a.example", headers, sizeof(headers));
	assert_string_equal(headers, "Access-Control-Allow-Origin: *\r\n");
	tess_guard_limits(guard, 1, &stream, &application);
	assert_int_equal(stream, 4);
	assert_int_equal(application, 9);
}

static void test_owner(void **state)
{
	(void)state;
	assert_int_equal(tess_guard_owner(guard, 1400000001), 1400000001);
	rules("{\"areas\":{\"9\":1400000001}}");
	assert_int_equal(tess_guard_owner(guard, 9), 1400000001);
	assert_int_equal(tess_guard_owner(guard, 10), 10);
}

static void test_traffic(void **state)
{
	struct tess_traffic *traffic;
	json_t *facts, *want;

	(void)state;
	assert_int_equal(tess_traffic_alloc(&traffic, 77), 0);
	tess_traffic_add(traffic, 5, TESS_TRAFFIC_LIVE_BYTES, 100);
	tess_traffic_add(traffic, 6, TESS_TRAFFIC_RELAY_BYTES, 7);
	tess_traffic_add(traffic, 6, TESS_TRAFFIC_FILE_BYTES, 3);
	tess_traffic_add(traffic, 6, TESS_TRAFFIC_RELAY_US, 8);
	tess_traffic_add(traffic, 5, TESS_TRAFFIC_LIVE_BYTES, 1);
	tess_traffic_add(traffic, 9, TESS_TRAFFIC_LIVE_BYTES, 0);
	tess_traffic_add(NULL, 5, TESS_TRAFFIC_LIVE_BYTES, 1);
	facts = tess_traffic_facts(traffic);
	want = json_loads(
		"{\"run\":77,\"apps\":["
		"{\"app\":5,\"live_bytes\":101,\"file_bytes\":0,\"relay_bytes\":0,\"relay_us\":0},"
		"{\"app\":6,\"live_bytes\":0,\"file_bytes\":3,\"relay_bytes\":7,\"relay_us\":8}]}",
		0, NULL);
	assert_true(json_equal(facts, want));
	json_decref(facts);
	json_decref(want);
	tess_traffic_free(traffic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_domains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_referrers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cors_and_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
		cmocka_unit_test(test_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
