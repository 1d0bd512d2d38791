/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_udp: packets released on other threads, wake from another thread
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "fixture.h"

#define RELEASERS 3
#define SLOTS	  16

/* One mailbox a thread: the owner puts packets in, the thread reads, scribbles and releases them.
 */
struct releaser {
	pthread_t thread;
	_Atomic(struct tess_packet *) slots[SLOTS];
	atomic_bool stop;
	unsigned long released;
	unsigned long sum;
};

static void *release_loop(void *arg)
{
	struct releaser *releaser = arg;
	bool stop, idle;

	do {
		stop = atomic_load(&releaser->stop);
		idle = true;
		for (unsigned i = 0; i < SLOTS; i++) {
			struct tess_packet *packet = atomic_exchange(&releaser->slots[i], NULL);

			if (!packet)
				continue;
			releaser->sum += packet->data[0];
			packet->data++; /* a holder may strip headers */
			packet->capacity--;
			memset(packet->data, 0xee, 16);
			tess_packet_release(packet);
			releaser->released++;
			idle = false;
		}
		if (idle)
			(void)sched_yield();
	} while (!stop || !idle);
	return NULL;
}

static void hand_out(struct releaser *releasers, struct tess_packet *packet)
{
	for (unsigned i = 0;; i++) {
		struct tess_packet *none = NULL;

		if (atomic_compare_exchange_strong(
			    &releasers[i % RELEASERS].slots[i / RELEASERS % SLOTS], &none, packet))
			return;
	}
}

static void released_anywhere(void **state)
{
	static struct releaser releasers[RELEASERS];
	struct tess_net *net = open_net("udp:127.0.0.1", 96);
	uint16_t port = add_flow(net, NULL), peer_port;
	int peer = peer_open(&peer_port);
	struct tess_packet *packets[40];
	unsigned long expected = 0, sum = 0, released = 0;

	(void)state;
	for (unsigned i = 0; i < RELEASERS; i++)
		assert_int_equal(
			pthread_create(&releasers[i].thread, NULL, release_loop, &releasers[i]), 0);
	for (unsigned round = 0; round < 250; round++) {
		uint8_t data[64];
		unsigned got;

		for (unsigned i = 0; i < 40; i++) {
			data[0] = (uint8_t)(round + i);
			peer_send(peer, port, data, sizeof(data));
		}
		got = receive(net, packets, 40);
		assert_int_equal(got, 40);
		for (unsigned i = 0; i < got; i++) {
			assert_int_equal(packets[i]->data[0], (uint8_t)(round + i));
			expected += packets[i]->data[0];
			hand_out(releasers, packets[i]);
		}
	}
	/* close while packets are still being given back */
	net->driver->close(net);
	for (unsigned i = 0; i < RELEASERS; i++) {
		atomic_store(&releasers[i].stop, true);
		assert_int_equal(pthread_join(releasers[i].thread, NULL), 0);
		released += releasers[i].released;
		sum += releasers[i].sum;
	}
	assert_int_equal(released, 250 * 40);
	assert_int_equal(sum, expected);
	close(peer);
}

struct waker {
	struct tess_net *net;
	int64_t woken_us;
};

static void *wake_soon(void *arg)
{
	struct waker *waker = arg;

	usleep(20000);
	waker->woken_us = tess_clock_now_us(tess_clock_system());
	waker->net->driver->wake(waker->net);
	return NULL;
}

static void wake_ends_a_wait(void **state)
{
	struct waker waker = {.net = open_net("udp:127.0.0.1", 4)};
	pthread_t thread;
	int64_t end_us;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wake_soon, &waker), 0);
	assert_int_equal(waker.net->driver->wait(waker.net, INT64_MAX), 0);
	end_us = tess_clock_now_us(tess_clock_system());
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(end_us >= waker.woken_us);
	assert_true(end_us < waker.woken_us + 10000000);
	waker.net->driver->close(waker.net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(released_anywhere),
		cmocka_unit_test(wake_ends_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
