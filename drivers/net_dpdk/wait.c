/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/wait.c - when to look at the port, and when to leave it alone.
 *
 * Each look costs a wake of the thread, so a look is to find many packets: the nap between two
 * grows while they find few, and shrinks while they find many. Its bound is what may be
 * lost by it: arrival times, where the packets do not say theirs, and promptness. Where nothing
 * comes at all the thread sleeps on the port's socket, if there is one.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <rte_pause.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/net_dpdk/internal.h"

/* Looks without a nap after a burst and more: the next one is microseconds behind. */
#define SPINS 16
/* The kernel tells nobody who sleeps that the port has gone. */
#define LINK_US	   INT64_C(500000)
#define MIN_NAP_US INT64_C(50)
/* A port without a socket, on which all that comes in unasked is missed until the next look. */
#define PORT_NAP_US INT64_C(100)
/* While there are no flows there is only ARP to be answered. */
#define IDLE_NAP_US INT64_C(1000)
/* A port with a socket: short beside a frame of media. */
#define SOCKET_NAP_US INT64_C(1000)
/* With packets that say when they came, for one who will not look before then: what the ring holds
 * of 200,000 packets a second. */
#define STAMPED_NAP_US INT64_C(10000)
/* Between them a look has found enough. */
#define FEW  TESS_NET_BURST
#define MANY (2 * TESS_NET_BURST)
/* Of the thread that polls, where it is permitted: nothing else is hurt so much by waiting. */
#define NICE (-10)

/* The first call of the thread that polls. */
static void bind_to_core(struct dpdk_net *dpdk)
{
	cpu_set_t cores;

	dpdk->bound = true;
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	if (dpdk->hub->spec.core < 0)
		return;
	CPU_ZERO(&cores);
	CPU_SET((unsigned)dpdk->hub->spec.core + dpdk->worker, &cores);
	/* a core that is not there: it runs unbound, slower but right */
	(void)pthread_setaffinity_np(pthread_self(), sizeof(cores), &cores);
}

/* True if all that comes in for the worker ends its sleep: its queues have sockets, or it has none
 * and gets all from others. */
static bool has_alarm(const struct dpdk_net *dpdk)
{
	const struct dpdk_port *port = &dpdk->hub->port;

	return port->sockets.count > 0 || dpdk->worker >= port->rx_queues;
}

static int64_t longest_nap(const struct dpdk_net *dpdk, bool gather)
{
	if (!has_alarm(dpdk))
		return atomic_load(&dpdk->hub->flow_count) ? PORT_NAP_US : IDLE_NAP_US;
	return gather && dpdk->pace.stamped ? STAMPED_NAP_US : SOCKET_NAP_US;
}

/* By what the looks since the last nap have found. */
static int64_t next_nap(struct dpdk_net *dpdk, bool gather)
{
	int64_t longest_us = longest_nap(dpdk, gather);
	struct dpdk_pace *pace = &dpdk->pace;

	if (pace->taken < FEW)
		pace->nap_us *= 2;
	else if (pace->taken > MANY)
		pace->nap_us /= 2;
	if (pace->nap_us < MIN_NAP_US)
		pace->nap_us = MIN_NAP_US;
	if (pace->nap_us > longest_us)
		pace->nap_us = longest_us;
	return pace->nap_us;
}

/* One that has rung ends each sleep until it is silenced. Why it rang is looked up after that. */
static void silence(const struct pollfd *bell)
{
	uint64_t rings;

	if (bell->revents & POLLIN)
		(void)!read(bell->fd, &rings, sizeof(rings));
}

/* For @us, or until the bell is rung. */
static void nap(const struct dpdk_net *dpdk, int64_t us)
{
	struct pollfd bell = {.fd = dpdk->hub->bells[dpdk->worker], .events = POLLIN};
	const struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	(void)ppoll(&bell, 1, &time, NULL);
	silence(&bell);
}

/* The same, or until something comes. */
static void sleep_on_sockets(const struct dpdk_net *dpdk, int64_t us)
{
	const struct dpdk_hub *hub = dpdk->hub;
	const struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	struct pollfd events[1 + DPDK_MAX_QUEUES] = {
		{.fd = hub->bells[dpdk->worker], .events = POLLIN}};
	bool failed = false;
	nfds_t count = 1;

	for (unsigned i = dpdk->worker; i < hub->port.sockets.count; i += hub->worker_count)
		events[count++] = (struct pollfd){
			.fd = dpdk_sockets_fd(&hub->port.sockets, i),
			.events = POLLIN,
		};
	(void)ppoll(events, count, &time, NULL);
	silence(&events[0]);
	/* an error, as of an interface that is down, ends each wait until it has been asked for */
	for (nfds_t i = 1; i < count; i++) {
		socklen_t length = sizeof(int);
		int error;

		if (events[i].revents & POLLERR) {
			(void)getsockopt(events[i].fd, SOL_SOCKET, SO_ERROR, &error, &length);
			failed = true;
		}
	}
	if (failed)
		nap(dpdk, us < IDLE_NAP_US ? us : IDLE_NAP_US);
}

/* Nothing is coming: until something does, or the link's state must be looked at. */
static void sleep_long(struct dpdk_net *dpdk, int64_t left_us)
{
	struct dpdk_hub *hub = dpdk->hub;

	atomic_store(&hub->asleep[dpdk->worker], true);
	/* what was given before that has rung no bell */
	atomic_thread_fence(memory_order_seq_cst);
	if (!dpdk_hub_has(hub, dpdk->worker))
		sleep_on_sockets(dpdk, LINK_US < left_us ? LINK_US : left_us);
	atomic_store(&hub->asleep[dpdk->worker], false);
}

static void sleep_or_nap(struct dpdk_net *dpdk, int64_t left_us, bool gather)
{
	if (has_alarm(dpdk) && dpdk->pace.taken == 0 && !(gather && dpdk->pace.stamped)) {
		sleep_long(dpdk, left_us);
	} else {
		int64_t nap_us = next_nap(dpdk, gather);

		dpdk->pace.taken = 0;
		nap(dpdk, nap_us < left_us ? nap_us : left_us);
	}
}

/* Poll into the backlog until the time has come, or, unless @gather, until there is a packet. */
static int poll_until(struct dpdk_net *dpdk, int64_t until_us, bool gather)
{
	unsigned empty = 0;

	if (!dpdk->bound)
		bind_to_core(dpdk);
	for (;;) {
		unsigned got = 0;
		int64_t left_us;

		if (atomic_exchange_explicit(&dpdk->woken, false, memory_order_acquire))
			return 0;
		if (dpdk_control_link(dpdk->hub->control) == DPDK_LINK_GONE)
			return -ENODEV;
		if (dpdk->backlog_end + TESS_NET_BURST > DPDK_BACKLOG)
			return 0;
		got = dpdk_poll(dpdk, dpdk->backlog + dpdk->backlog_end, TESS_NET_BURST);
		dpdk->backlog_end += got;
		if (!gather && dpdk->backlog_end > dpdk->backlog_first)
			return 0;
		left_us = until_us - tess_clock_now_us(dpdk->clock);
		if (left_us <= 0)
			return 0;
		if (got == TESS_NET_BURST) {
			empty = 0;
		} else if (dpdk->pace.taken < TESS_NET_BURST || ++empty == SPINS) {
			empty = 0;
			sleep_or_nap(dpdk, left_us, gather);
		} else {
			rte_pause();
		}
	}
}

int dpdk_wait(struct tess_net *net, int64_t until_us)
{
	return poll_until((struct dpdk_net *)net, until_us, false);
}

int dpdk_gather(struct tess_net *net, int64_t until_us)
{
	return poll_until((struct dpdk_net *)net, until_us, true);
}

void dpdk_wake(struct tess_net *net)
{
	static const uint64_t one = 1;
	struct dpdk_net *dpdk = (struct dpdk_net *)net;

	atomic_store_explicit(&dpdk->woken, true, memory_order_release);
	/* can only fail when the counter is full, and then the bell rings already */
	(void)!write(dpdk->hub->bells[dpdk->worker], &one, sizeof(one));
}
