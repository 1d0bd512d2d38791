/* SPDX-License-Identifier: GPL-3.0-or-later
 * Live outputs, told what to do as control would.
 */
#include "tests/unit/firmware/egress/live_box.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "firmware/egress/live_viewers.h"

struct live_box live_box;

static void do_open(void *arg)
{
	struct tess_live_config config = {.clock = tess_clock_system(),
					  .viewer_buffer_bytes = 200000,
					  .hls_bytes = *(uint64_t *)arg,
					  .max_viewers = 3,
					  .first_viewer = 100};
	struct tess_loop *loop = turning_loop(live_box.turning);

	assert_int_equal(tess_streams_alloc(&live_box.streams, loop), 0);
	assert_int_equal(tess_guard_alloc(&live_box.guard, tess_clock_system()), 0);
	assert_int_equal(tess_traffic_alloc(&live_box.traffic, 1), 0);
	config.guard = live_box.guard;
	config.traffic = live_box.traffic;
	assert_int_equal(tess_live_alloc(&live_box.live, loop, live_box.streams, &config), 0);
}

static void do_close(void *arg)
{
	(void)arg;
	tess_live_free(live_box.live);
	tess_guard_free(live_box.guard);
	tess_traffic_free(live_box.traffic);
	tess_streams_free(live_box.streams);
}

void live_box_open(uint64_t hls_bytes)
{
	live_box.turning = turning_start();
	turning_do(live_box.turning, do_open, &hls_bytes);
}

void live_box_close(void)
{
	turning_do(live_box.turning, do_close, NULL);
	turning_stop(live_box.turning);
}

static void do_set_outputs(void *arg)
{
	tess_live_apply(live_box.live, arg);
}

static void do_rules(void *arg)
{
	tess_guard_apply(live_box.guard, arg);
}

static void do_with(void (*call)(void *json), const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	turning_do(live_box.turning, call, json);
	json_decref(json);
}

void set_outputs(const char *text)
{
	do_with(do_set_outputs, text);
}

void rules(const char *text)
{
	do_with(do_rules, text);
}

static json_int_t count(const char *name)
{
	json_t *counters = json_object();
	json_int_t value;

	tess_live_count(live_box.live, counters);
	value = json_integer_value(json_object_get(counters, name));
	json_decref(counters);
	return value;
}

struct reading {
	const char *name;
	json_int_t value;
};

static void do_count(void *arg)
{
	struct reading *reading = arg;

	reading->value = count(reading->name);
}

json_int_t counter(const char *name)
{
	struct reading reading = {.name = name};

	turning_do(live_box.turning, do_count, &reading);
	return reading.value;
}

bool no_viewers(void *arg)
{
	(void)arg;
	return count("viewers") == 0;
}

static void do_facts(void *arg)
{
	*(json_t **)arg = tess_live_facts(live_box.live);
}

json_t *live_facts(void)
{
	json_t *facts;

	turning_do(live_box.turning, do_facts, &facts);
	return facts;
}

static void do_list(void *arg)
{
	json_t *facts = tess_live_facts(live_box.live);

	tess_live_viewers_list(live_box.live, facts);
	*(json_t **)arg = json_incref(json_object_get(json_array_get(facts, 0), "players"));
	json_decref(facts);
}

json_t *list_viewers(void)
{
	json_t *viewers;

	turning_do(live_box.turning, do_list, &viewers);
	return viewers;
}

struct tess_ring_writer *make_ring(uint64_t epoch)
{
	return media_ring(live_box.turning, live_box.streams, epoch);
}

void end_stream(void)
{
	media_end(live_box.turning, live_box.streams);
}
