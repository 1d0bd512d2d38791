/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_dpdk/neighbours.c
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/net_dpdk/neighbours.h"

static union tess_addr ipv4(uint32_t host)
{
	union tess_addr address;

	memset(&address, 0, sizeof(address));
	address.in.sin_family = AF_INET;
	address.in.sin_port = htons(5004);
	address.in.sin_addr.s_addr = htonl(host);
	return address;
}

static const struct dpdk_route *find(struct dpdk_neighbours *neighbours, uint32_t host,
				     int64_t now_us, bool *asked)
{
	union tess_addr address = ipv4(host);

	*asked = false;
	return dpdk_neighbours_find(neighbours, &address, now_us, asked);
}

static void answer(struct dpdk_neighbours *neighbours, uint32_t host, bool known, uint8_t mac)
{
	struct dpdk_answer answer = {
		.destination = ipv4(host), .known = known, .route = {.mac = {2, 0, 0, 0, 0, mac}}};

	dpdk_neighbours_put_answer(neighbours, &answer);
	dpdk_neighbours_update(neighbours);
}

static void unknown_is_asked_for_and_learnt(void **state)
{
	struct dpdk_neighbours *neighbours;
	const struct dpdk_route *route;
	union tess_addr asked_for;
	bool asked;

	(void)state;
	assert_int_equal(dpdk_neighbours_alloc(&neighbours), 0);
	assert_false(dpdk_neighbours_take_ask(neighbours, &asked_for));
	assert_null(find(neighbours, 7, 1000, &asked));
	assert_true(asked);
	assert_null(find(neighbours, 7, 1001, &asked)); /* once is enough for a while */
	assert_false(asked);
	assert_true(dpdk_neighbours_take_ask(neighbours, &asked_for));
	assert_int_equal(ntohl(asked_for.in.sin_addr.s_addr), 7);
	assert_false(dpdk_neighbours_take_ask(neighbours, &asked_for));
	answer(neighbours, 7, false, 0);
	assert_null(find(neighbours, 7, 20999, &asked));
	assert_false(asked);
	assert_null(find(neighbours, 7, 21000, &asked)); /* and again */
	assert_true(asked);
	answer(neighbours, 7, true, 9);
	route = find(neighbours, 7, 21001, &asked);
	assert_non_null(route);
	assert_int_equal(route->mac[5], 9);
	assert_false(asked);
	dpdk_neighbours_free(neighbours);
}

static void known_is_confirmed_while_it_serves(void **state)
{
	struct dpdk_neighbours *neighbours;
	bool asked;

	(void)state;
	assert_int_equal(dpdk_neighbours_alloc(&neighbours), 0);
	(void)find(neighbours, 7, 0, &asked);
	answer(neighbours, 7, true, 9);
	assert_non_null(find(neighbours, 7, 999999, &asked));
	assert_false(asked);
	assert_non_null(find(neighbours, 7, 1000000, &asked));
	assert_true(asked);
	answer(neighbours, 7, true, 10); /* it has moved */
	assert_int_equal(find(neighbours, 7, 1000001, &asked)->mac[5], 10);
	answer(neighbours, 7, false, 0); /* it has gone */
	assert_null(find(neighbours, 7, 1000002, &asked));
	dpdk_neighbours_free(neighbours);
}

static void families_do_not_meet(void **state)
{
	struct dpdk_neighbours *neighbours;
	union tess_addr ipv6 = {.in6 = {.sin6_family = AF_INET6}};
	bool asked = false;

	(void)state;
	assert_int_equal(dpdk_neighbours_alloc(&neighbours), 0);
	(void)find(neighbours, 0, 0, &asked);
	answer(neighbours, 0, true, 1);
	assert_null(dpdk_neighbours_find(neighbours, &ipv6, 1, &asked));
	assert_non_null(find(neighbours, 0, 2, &asked));
	ipv6.in6.sin6_addr.s6_addr[15] = 1;
	assert_null(dpdk_neighbours_find(neighbours, &ipv6, 3, &asked));
	dpdk_neighbours_free(neighbours);
}

/* A thousand publishers are all known at once; many more push out the longest unused only. */
static void many_have_room(void **state)
{
	struct dpdk_neighbours *neighbours;
	union tess_addr unused;
	unsigned known = 0;
	bool asked;

	(void)state;
	assert_int_equal(dpdk_neighbours_alloc(&neighbours), 0);
	for (uint32_t host = 0; host < 1000; host++) {
		(void)find(neighbours, 0x0a000000 + host, host, &asked);
		while (dpdk_neighbours_take_ask(neighbours, &unused))
			;
		answer(neighbours, 0x0a000000 + host, true, (uint8_t)host);
	}
	for (uint32_t host = 0; host < 1000; host++) {
		const struct dpdk_route *route =
			find(neighbours, 0x0a000000 + host, 1000 + host, &asked);

		known += route && route->mac[5] == (uint8_t)host;
	}
	assert_int_equal(known, 1000);
	for (uint32_t host = 0; host < 100000; host++)
		(void)find(neighbours, 0x0b000000 + host, 10000 + host, &asked);
	/* an answer for one that has lost its place goes nowhere, and hurts nobody */
	answer(neighbours, 0x0b000000, true, 77);
	for (uint32_t host = 90000; host < 100000; host++)
		assert_null(find(neighbours, 0x0b000000 + host, 200000, &asked));
	dpdk_neighbours_free(neighbours);
}

static void queues_that_are_full_lose(void **state)
{
	struct dpdk_neighbours *neighbours;
	union tess_addr unused;
	unsigned asks = 0, told = 0;
	bool asked;

	(void)state;
	assert_int_equal(dpdk_neighbours_alloc(&neighbours), 0);
	for (uint32_t host = 0; host < 300; host++) {
		(void)find(neighbours, host, 0, &asked);
		told += asked;
	}
	while (dpdk_neighbours_take_ask(neighbours, &unused))
		asks++;
	assert_int_equal(asks, 256);
	assert_int_equal(told, 256);
	for (uint32_t host = 0; host < 300; host++) {
		struct dpdk_answer answer = {.destination = ipv4(host), .known = true};

		dpdk_neighbours_put_answer(neighbours, &answer);
	}
	dpdk_neighbours_update(neighbours);
	assert_non_null(find(neighbours, 255, 1, &asked));
	assert_null(find(neighbours, 256, 1, &asked));
	dpdk_neighbours_free(neighbours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_is_asked_for_and_learnt),
		cmocka_unit_test(known_is_confirmed_while_it_serves),
		cmocka_unit_test(families_do_not_meet),
		cmocka_unit_test(many_have_room),
		cmocka_unit_test(queues_that_are_full_lose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
