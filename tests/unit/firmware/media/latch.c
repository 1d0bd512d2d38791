/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/latch.c - from which address a plain RTP stream is accepted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/media/latch.h"

#define S INT64_C(1000000)

static int live; /* packets that are not released yet */

struct test_packet {
	struct tess_packet packet;
	uint8_t data[32];
};

static void release(struct tess_packet *packet)
{
	live--;
	free(packet);
}

static struct tess_packet *make(const char *from, uint8_t type, uint16_t sequence, int64_t now_us)
{
	struct test_packet *test = calloc(1, sizeof(*test));
	unsigned host = 0, port = 0;

	assert_non_null(test);
	/* "HOST:PORT", the host a single number */
	host = (unsigned)strtoul(from, NULL, 10);
	port = (unsigned)strtoul(strchr(from, ':') + 1, NULL, 10);
	test->packet.data = test->data;
	test->packet.length = sizeof(test->data);
	test->packet.capacity = sizeof(test->data);
	test->packet.arrival_us = now_us;
	test->packet.release = release;
	test->packet.remote.in.sin_family = AF_INET;
	test->packet.remote.in.sin_addr.s_addr = htonl(0x0a000000u + host);
	test->packet.remote.in.sin_port = htons((uint16_t)port);
	test->data[0] = 0x80;
	test->data[1] = type;
	test->data[2] = (uint8_t)(sequence >> 8);
	test->data[3] = (uint8_t)sequence;
	live++;
	return &test->packet;
}

static enum tess_latch_verdict give(struct tess_latch *latch, const char *from, uint8_t type,
				    uint16_t sequence, int64_t now_us, unsigned *held_count)
{
	struct tess_packet *packet = make(from, type, sequence, now_us);
	struct tess_packet *held[2];
	enum tess_latch_verdict verdict = tess_latch_check(latch, packet, held);

	*held_count = 0;
	for (unsigned i = 0; i < 2; i++) {
		if (held[i]) {
			++*held_count;
			tess_packet_release(held[i]);
		}
	}
	if (verdict != TESS_LATCH_HELD)
		tess_packet_release(packet);
	return verdict;
}

#define GIVE(latch, from, type, sequence, now_us, verdict, held_expected)                     \
	do {                                                                                  \
		unsigned held_;                                                               \
		assert_int_equal(give(latch, from, type, sequence, now_us, &held_), verdict); \
		assert_int_equal(held_, held_expected);                                       \
	} while (0)

static void two_packets_in_sequence_latch(void **state)
{
	struct tess_latch latch;

	(void)state;
	tess_latch_init(&latch, NULL, 96);
	GIVE(&latch, "1:5000", 96, 65535, 1 * S, TESS_LATCH_HELD, 0);
	assert_false(latch.latched);
	/* the first one comes out with the second: nothing is lost */
	GIVE(&latch, "1:5000", 96, 0, 1 * S, TESS_LATCH_ACCEPTED, 1);
	assert_true(latch.latched);
	GIVE(&latch, "1:5000", 96, 1, 1 * S, TESS_LATCH_ACCEPTED, 0);
	/* another host, and one packet of another port of the same host */
	GIVE(&latch, "2:5000", 96, 2, 1 * S, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "1:5002", 96, 2, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 3, 1 * S, TESS_LATCH_ACCEPTED, 0);
	tess_latch_clear(&latch);
	assert_int_equal(live, 0);
}

static void one_stray_packet_latches_nothing(void **state)
{
	struct tess_latch latch;

	(void)state;
	tess_latch_init(&latch, NULL, 96);
	GIVE(&latch, "9:1", 96, 7, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 8, 1 * S, TESS_LATCH_HELD, 0); /* other address: begins anew */
	GIVE(&latch, "1:5000", 96, 5000, 1 * S, TESS_LATCH_HELD, 0);	/* not in sequence */
	GIVE(&latch, "1:5000", 96, 5000, 1 * S, TESS_LATCH_HELD, 0);	/* the same again */
	GIVE(&latch, "1:5000", 97, 5001, 1 * S, TESS_LATCH_REFUSED, 0); /* other payload type */
	GIVE(&latch, "1:5000", 96, 5001, 1 * S, TESS_LATCH_ACCEPTED, 1);
	tess_latch_clear(&latch);
	assert_int_equal(live, 0);
}

static void nobody_takes_over_before_five_seconds_of_silence(void **state)
{
	struct tess_latch latch;

	(void)state;
	tess_latch_init(&latch, NULL, 96);
	GIVE(&latch, "1:5000", 96, 1, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 2, 1 * S, TESS_LATCH_ACCEPTED, 1);
	GIVE(&latch, "2:5000", 96, 1, 6 * S - 1, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "2:5000", 96, 2, 6 * S - 1, TESS_LATCH_REFUSED, 0);
	/* silence is over once more: it counts from the last packet */
	GIVE(&latch, "1:5000", 96, 3, 6 * S - 1, TESS_LATCH_ACCEPTED, 0);
	GIVE(&latch, "2:5000", 96, 3, 10 * S, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "2:5000", 96, 4, 11 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "2:5000", 96, 5, 11 * S, TESS_LATCH_ACCEPTED, 1);
	GIVE(&latch, "1:5000", 96, 4, 11 * S, TESS_LATCH_REFUSED, 0);
	tess_latch_clear(&latch);
	assert_int_equal(live, 0);
}

/* A sender that was killed and started anew has another port, and loses nothing. */
static void another_port_of_the_host_goes_on_at_once(void **state)
{
	struct tess_latch latch;

	(void)state;
	tess_latch_init(&latch, NULL, 96);
	GIVE(&latch, "1:5000", 96, 1, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 2, 1 * S, TESS_LATCH_ACCEPTED, 1);
	/* other numbers, of which two are in a row */
	GIVE(&latch, "1:6000", 96, 40000, 1 * S + 1, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:6000", 96, 40001, 1 * S + 2, TESS_LATCH_ACCEPTED, 1);
	GIVE(&latch, "1:6000", 96, 40002, 1 * S + 3, TESS_LATCH_ACCEPTED, 0);
	/* the one before does not come back while it sends, nor does another host */
	GIVE(&latch, "1:5000", 96, 3, 2 * S + 2, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "1:5000", 96, 4, 2 * S + 2, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "2:5000", 96, 5, 6 * S, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "1:6000", 96, 40003, 6 * S, TESS_LATCH_ACCEPTED, 0);
	/* but when that is silent */
	GIVE(&latch, "1:5000", 96, 6, 7 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 7, 7 * S, TESS_LATCH_ACCEPTED, 1);
	GIVE(&latch, "1:6000", 96, 40004, 7 * S, TESS_LATCH_REFUSED, 0);
	/* and one that is new once more */
	GIVE(&latch, "1:7000", 96, 9, 7 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:7000", 96, 10, 7 * S, TESS_LATCH_ACCEPTED, 1);
	tess_latch_clear(&latch);
	assert_int_equal(live, 0);
}

static void only_the_configured_source(void **state)
{
	union tess_addr allowed = {.in = {.sin_family = AF_INET}};
	struct tess_latch latch;

	(void)state;
	allowed.in.sin_addr.s_addr = htonl(0x0a000001u);
	tess_latch_init(&latch, &allowed, 96);
	GIVE(&latch, "2:5000", 96, 1, 1 * S, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "2:5000", 96, 2, 1 * S, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "2:5001", 200, 2, 1 * S, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "1:5000", 96, 1, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 2, 1 * S, TESS_LATCH_ACCEPTED, 1);
	tess_latch_clear(&latch);
	/* with its port: no other of the host */
	allowed.in.sin_port = htons(5000);
	tess_latch_init(&latch, &allowed, 96);
	GIVE(&latch, "1:5000", 96, 1, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 2, 1 * S, TESS_LATCH_ACCEPTED, 1);
	GIVE(&latch, "1:6000", 96, 3, 1 * S, TESS_LATCH_REFUSED, 0);
	GIVE(&latch, "1:6000", 96, 4, 9 * S, TESS_LATCH_REFUSED, 0);
	tess_latch_clear(&latch);
	assert_int_equal(live, 0);
}

static void sender_report_of_the_same_host_only(void **state)
{
	struct tess_latch latch;

	(void)state;
	tess_latch_init(&latch, NULL, 96);
	/* ffmpeg sends its first report before the first packet */
	GIVE(&latch, "1:5001", 200, 0, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 1, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 2, 1 * S, TESS_LATCH_ACCEPTED, 2);
	GIVE(&latch, "1:5001", 200, 0, 2 * S, TESS_LATCH_ACCEPTED, 0);
	GIVE(&latch, "2:5001", 200, 0, 2 * S, TESS_LATCH_REFUSED, 0);
	tess_latch_clear(&latch);
	tess_latch_init(&latch, NULL, 96);
	/* a stranger's report is not handed on with the stream that is latched */
	GIVE(&latch, "2:5001", 200, 0, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 1, 1 * S, TESS_LATCH_HELD, 0);
	GIVE(&latch, "1:5000", 96, 2, 1 * S, TESS_LATCH_ACCEPTED, 1);
	tess_latch_clear(&latch);
	assert_int_equal(live, 0);
}

static void short_and_wrong_packets_do_not_count(void **state)
{
	struct tess_latch latch;
	struct tess_packet *held[2], *packet;

	(void)state;
	tess_latch_init(&latch, NULL, 96);
	packet = make("1:5000", 96, 1, 1 * S);
	packet->length = 11;
	assert_int_equal(tess_latch_check(&latch, packet, held), TESS_LATCH_REFUSED);
	packet->length = 0;
	assert_int_equal(tess_latch_check(&latch, packet, held), TESS_LATCH_REFUSED);
	packet->length = 12;
	packet->data[0] = 0x40; /* version 1 */
	assert_int_equal(tess_latch_check(&latch, packet, held), TESS_LATCH_REFUSED);
	tess_packet_release(packet);
	tess_latch_clear(&latch);
	assert_int_equal(live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_packets_in_sequence_latch),
		cmocka_unit_test(one_stray_packet_latches_nothing),
		cmocka_unit_test(nobody_takes_over_before_five_seconds_of_silence),
		cmocka_unit_test(another_port_of_the_host_goes_on_at_once),
		cmocka_unit_test(only_the_configured_source),
		cmocka_unit_test(sender_report_of_the_same_host_only),
		cmocka_unit_test(short_and_wrong_packets_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
