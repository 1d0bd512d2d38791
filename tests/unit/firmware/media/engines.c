/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/engines.c - which engines are opened, where mixes are placed, and what
 * becomes of a device that is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "tests/unit/firmware/media/fake_engine.h"

#define SECOND INT64_C(1000000)

struct fixture {
	struct fake_engine devices[2], software;
	struct tess_clock_virtual clock;
	struct tess_engines *engines;
	struct tess_engine_facts facts[TESS_ENGINES_MAX];
};

static void prepare(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	tess_log_init("test", TESS_LOG_ERROR);
	tess_clock_virtual_init(&fixture->clock, SECOND, SECOND);
	for (unsigned i = 0; i < 2; i++) {
		fake_engine_init(&fixture->devices[i]);
		fixture->devices[i].capacity = (struct tess_work){100, 100, 100};
	}
	fake_engine_init(&fixture->software);
	fixture->software.shared = true;
	fixture->software.capacity = (struct tess_work){50, 100, 25};
}

static void open_fixture(struct fixture *fixture, unsigned count, const char *engine)
{
	fixture->engines = fake_engines_open(fixture->devices, count, &fixture->software, engine,
					     &fixture->clock.clock);
}

static void close_fixture(struct fixture *fixture)
{
	tess_engines_close(fixture->engines);
	for (unsigned i = 0; i < 2; i++)
		fake_engine_done(&fixture->devices[i]);
	fake_engine_done(&fixture->software);
}

static void pass(struct fixture *fixture, int64_t time_us)
{
	struct tess_clock *clock = &fixture->clock.clock;

	clock->advance_to(clock, tess_clock_now_us(clock) + time_us);
	tess_engines_step(fixture->engines);
}

static const struct tess_engine_facts *facts_of(struct fixture *fixture, unsigned index)
{
	assert_true(index < tess_engines_facts(fixture->engines, fixture->facts));
	return &fixture->facts[index];
}

static void assert_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-9)
		fail_msg("%.12g is not %.12g", value, expected);
}

static struct tess_placement place(struct fixture *fixture, double encode, unsigned refused)
{
	struct tess_placement placement;

	tess_engines_place(fixture->engines, &placement, (struct tess_work){.encode = encode},
			   refused);
	return placement;
}

static void all_that_open(void **state)
{
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	open_fixture(&fixture, 2, "auto");
	assert_int_equal(tess_engines_facts(fixture.engines, fixture.facts), 3);
	assert_string_equal(fixture.facts[0].name, "fake");
	assert_string_equal(fixture.facts[0].info.device, "fake0");
	/* what a driver says of itself may be anything */
	assert_string_equal(fixture.facts[1].info.vendor, "Fake ?fake1? ?");
	assert_string_equal(fixture.facts[2].name, "soft");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(fixture.facts[i].state, TESS_ENGINE_OK);
	assert_near(fixture.facts[0].capacity.encode, 100);
	assert_near(fixture.facts[0].max_load, 0.95);
	/* software by its threads, of which there are two */
	assert_near(fixture.facts[2].capacity.decode, 100);
	assert_near(fixture.facts[2].capacity.compose, 200);
	assert_near(fixture.facts[2].capacity.encode, 50);
	assert_near(fixture.facts[2].max_load, 0.85);
	close_fixture(&fixture);
}

static void auto_takes_what_opens(void **state)
{
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	fixture.devices[0].gone = true;
	open_fixture(&fixture, 2, "auto");
	assert_int_equal(tess_engines_facts(fixture.engines, fixture.facts), 3);
	assert_int_equal(fixture.facts[0].state, TESS_ENGINE_LOST);
	assert_int_equal(fixture.facts[1].state, TESS_ENGINE_OK);
	close_fixture(&fixture);
	/* none: as if the driver was not there */
	prepare(&fixture);
	fixture.devices[0].gone = fixture.devices[1].gone = true;
	open_fixture(&fixture, 2, "auto");
	assert_int_equal(tess_engines_facts(fixture.engines, fixture.facts), 1);
	assert_string_equal(fixture.facts[0].name, "soft");
	assert_int_equal(fixture.facts[0].state, TESS_ENGINE_OK);
	close_fixture(&fixture);
}

static void software_alone(void **state)
{
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	open_fixture(&fixture, 2, "soft");
	assert_int_equal(tess_engines_facts(fixture.engines, fixture.facts), 1);
	assert_int_equal(fixture.devices[0].opened, 0);
	close_fixture(&fixture);
	/* a driver that this program was not built with */
	prepare(&fixture);
	open_fixture(&fixture, 2, "nv");
	assert_int_equal(tess_engines_facts(fixture.engines, fixture.facts), 1);
	close_fixture(&fixture);
}

static void what_was_asked_for_may_come_later(void **state)
{
	struct tess_placement placement;
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	/* no device is found at all */
	open_fixture(&fixture, 0, "fake");
	assert_int_equal(facts_of(&fixture, 0)->state, TESS_ENGINE_LOST);
	assert_int_equal(facts_of(&fixture, 1)->state, TESS_ENGINE_OK);
	placement = place(&fixture, 1, 0);
	assert_true(placement.device->last_resort);
	tess_placement_leave(&placement);
	close_fixture(&fixture);
	/* one is found that does not open until 25 s later */
	prepare(&fixture);
	fixture.devices[0].gone = true;
	open_fixture(&fixture, 1, "fake");
	assert_int_equal(facts_of(&fixture, 0)->state, TESS_ENGINE_LOST);
	pass(&fixture, 10 * SECOND);
	fixture.devices[0].gone = false;
	pass(&fixture, 19 * SECOND);
	assert_int_equal(facts_of(&fixture, 0)->state, TESS_ENGINE_LOST);
	pass(&fixture, SECOND);
	assert_int_equal(facts_of(&fixture, 0)->state, TESS_ENGINE_OK);
	assert_near(facts_of(&fixture, 0)->capacity.encode, 100);
	/* software stands by from then on */
	assert_int_equal(facts_of(&fixture, 1)->state, TESS_ENGINE_STANDBY);
	close_fixture(&fixture);
}

static void the_least_loaded_has_it(void **state)
{
	struct tess_placement a, b, c, d;
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	fixture.devices[1].capacity = (struct tess_work){300, 300, 300};
	open_fixture(&fixture, 2, "auto");
	a = place(&fixture, 30, 0); /* 0.3 or 0.1 */
	assert_int_equal(a.device->index, 1);
	b = place(&fixture, 90, 0); /* 0.9 or 0.4 */
	assert_int_equal(b.device->index, 1);
	c = place(&fixture, 30, 0); /* 0.3 or 0.5 */
	assert_int_equal(c.device->index, 0);
	assert_near(facts_of(&fixture, 1)->load, 0.4);
	assert_int_equal(facts_of(&fixture, 1)->mixes, 2);
	/* it has become smaller; the largest of the kinds of work counts */
	tess_placement_reprice(&b, (struct tess_work){.decode = 60, .encode = 15});
	assert_near(facts_of(&fixture, 1)->load, 0.2);
	assert_near(facts_of(&fixture, 1)->used.encode, 45);
	d = place(&fixture, 30, 0);
	assert_int_equal(d.device->index, 1);
	tess_placement_leave(&a);
	tess_placement_leave(&a); /* nothing any more */
	tess_placement_leave(&b);
	tess_placement_leave(&d);
	assert_near(facts_of(&fixture, 1)->load, 0);
	assert_int_equal(facts_of(&fixture, 1)->mixes, 0);
	/* one refuses it, both do */
	a = place(&fixture, 30, 1u << 1);
	assert_int_equal(a.device->index, 0);
	b = place(&fixture, 1, 3);
	assert_int_equal(b.device->index, 2);
	tess_placement_leave(&a);
	tess_placement_leave(&b);
	tess_placement_leave(&c);
	close_fixture(&fixture);
}

static void software_takes_what_is_too_much(void **state)
{
	struct tess_placement a, b, c, d;
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	open_fixture(&fixture, 1, "auto");
	a = place(&fixture, 90, 0);
	assert_int_equal(a.device->index, 0);
	b = place(&fixture, 30, 0);
	assert_int_equal(b.device->index, 1);
	/* there is no room at all: a device bears it better */
	c = place(&fixture, 30, 0);
	assert_int_equal(c.device->index, 0);
	tess_placement_leave(&a);
	tess_placement_leave(&b);
	tess_placement_leave(&c);
	close_fixture(&fixture);
	/* unless software was not asked for */
	prepare(&fixture);
	fixture.devices[0].encoders = 2;
	open_fixture(&fixture, 1, "fake");
	a = place(&fixture, 90, 0);
	b = place(&fixture, 30, 0);
	assert_int_equal(b.device->index, 0);
	/* a device without another encoder has no place at all */
	c = place(&fixture, 1, 0);
	assert_int_equal(c.device->index, 1);
	tess_placement_leave(&a);
	d = place(&fixture, 1, 0);
	assert_int_equal(d.device->index, 0);
	tess_placement_leave(&b);
	tess_placement_leave(&c);
	tess_placement_leave(&d);
	close_fixture(&fixture);
}

/* The next life of the process takes what this one measured, of the same devices alone. */
static void measures_are_kept(void **state)
{
	static struct tess_engines_kept kept;
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	for (unsigned life = 0; life < 4; life++) {
		for (unsigned i = 0; i < 2; i++)
			fixture.devices[i].capacity = (struct tess_work){100 + life, 100, 100};
		fixture.software.capacity.decode = 50 + life;
		fixture.engines =
			fake_engines_reopen(fixture.devices, life ? 2 : 1, &fixture.software,
					    &fixture.clock.clock, &kept);
		assert_near(facts_of(&fixture, 0)->capacity.decode, life == 3 ? 103 : 100);
		/* one more device, which was not there at first */
		if (life)
			assert_near(facts_of(&fixture, 1)->capacity.decode, 101);
		assert_near(facts_of(&fixture, life ? 2 : 1)->capacity.decode, 100);
		tess_engines_close(fixture.engines);
		/* what cannot have been measured is measured again */
		if (life == 2)
			kept.entries[0].capacity.encode = NAN;
	}
	/* an entry that was not written to its end is none */
	kept.entries[1].whole = false;
	fixture.engines = fake_engines_reopen(fixture.devices, 2, &fixture.software,
					      &fixture.clock.clock, &kept);
	assert_near(facts_of(&fixture, 0)->capacity.decode, 103);
	assert_near(facts_of(&fixture, 2)->capacity.decode, 106);
	close_fixture(&fixture);
}

static void without_measures_by_number(void **state)
{
	struct tess_placement placements[4];
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	for (unsigned i = 0; i < 2; i++)
		fixture.devices[i].capacity = (struct tess_work){0};
	open_fixture(&fixture, 2, "auto");
	for (unsigned i = 0; i < 4; i++) {
		placements[i] = place(&fixture, 1000, 0);
		assert_int_equal(placements[i].device->index, i % 2);
	}
	for (unsigned i = 0; i < 4; i++)
		tess_placement_leave(&placements[i]);
	close_fixture(&fixture);
}

static void lost_closed_and_opened_again(void **state)
{
	struct tess_placement before, after;
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	fixture.devices[0].decoded = 7;
	open_fixture(&fixture, 1, "auto");
	before = place(&fixture, 10, 0);
	fixture.devices[0].gone = true;
	assert_int_equal(tess_device_note(before.device, -ENODEV), -ENODEV);
	assert_true(tess_device_is_lost(before.device));
	assert_int_equal(tess_device_note(before.device, -ENODEV), -ENODEV);
	assert_int_equal(facts_of(&fixture, 0)->state, TESS_ENGINE_LOST);
	assert_int_equal(facts_of(&fixture, 0)->losses, 1);
	/* what it did before is not forgotten */
	assert_int_equal(facts_of(&fixture, 0)->stats.decoded, 7);
	after = place(&fixture, 10, 0);
	assert_int_equal(after.device->index, 1);
	tess_placement_leave(&after);
	/* somebody still refers to it: neither closed nor opened again */
	pass(&fixture, 60 * SECOND);
	assert_int_equal(fixture.devices[0].open, 1);
	tess_placement_leave(&before);
	fixture.devices[0].gone = false;
	fixture.devices[0].decoded = 0;
	pass(&fixture, 0);
	assert_int_equal(fixture.devices[0].opened, 2);
	assert_int_equal(fixture.devices[0].open, 1);
	assert_int_equal(facts_of(&fixture, 0)->state, TESS_ENGINE_OK);
	assert_int_equal(facts_of(&fixture, 0)->stats.decoded, 7);
	after = place(&fixture, 10, 0);
	assert_int_equal(after.device->index, 0);
	assert_near(facts_of(&fixture, 0)->load, 0.1);
	tess_placement_leave(&after);
	close_fixture(&fixture);
}

/* Lose the device; @return after how many seconds it is open again. */
static int lose_and_wait(struct fixture *fixture)
{
	struct tess_placement placement = place(fixture, 1, 0);
	int seconds = 0;

	assert_int_equal(placement.device->index, 0);
	(void)tess_device_note(placement.device, -ENODEV);
	tess_placement_leave(&placement);
	while (facts_of(fixture, 0)->state == TESS_ENGINE_LOST && seconds < 1000) {
		pass(fixture, SECOND);
		seconds++;
	}
	return seconds;
}

static void longer_and_longer(void **state)
{
	static const int waits[] = {10, 20, 40, 80, 160, 300, 300};
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	open_fixture(&fixture, 1, "auto");
	for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		assert_int_equal(lose_and_wait(&fixture), waits[i]);
	/* it was well for long enough to be trusted again */
	pass(&fixture, 301 * SECOND);
	assert_int_equal(lose_and_wait(&fixture), 10);
	assert_int_equal(facts_of(&fixture, 0)->losses, 8);
	close_fixture(&fixture);
}

static void failing_and_failing_is_lost(void **state)
{
	struct tess_placement device, software;
	struct fixture fixture;

	(void)state;
	prepare(&fixture);
	open_fixture(&fixture, 1, "auto");
	device = place(&fixture, 1, 0);
	software = place(&fixture, 1, 1);
	for (unsigned i = 0; i < 100; i++) {
		/* now and then is not again and again */
		(void)tess_device_note(device.device, i % 7 ? -EIO : 0);
		(void)tess_device_note(software.device, i % 2 ? -EIO : -ENODEV);
	}
	assert_false(tess_device_is_lost(device.device));
	for (unsigned i = 0; i < 8; i++)
		(void)tess_device_note(device.device, -EIO);
	assert_true(tess_device_is_lost(device.device));
	/* software is all there is */
	assert_false(tess_device_is_lost(software.device));
	tess_placement_leave(&device);
	tess_placement_leave(&software);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_open),
		cmocka_unit_test(auto_takes_what_opens),
		cmocka_unit_test(software_alone),
		cmocka_unit_test(what_was_asked_for_may_come_later),
		cmocka_unit_test(the_least_loaded_has_it),
		cmocka_unit_test(software_takes_what_is_too_much),
		cmocka_unit_test(measures_are_kept),
		cmocka_unit_test(without_measures_by_number),
		cmocka_unit_test(lost_closed_and_opened_again),
		cmocka_unit_test(longer_and_longer),
		cmocka_unit_test(failing_and_failing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
