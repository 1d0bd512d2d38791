/* SPDX-License-Identifier: GPL-3.0-or-later
 * Relays against servers that do what bad servers do: refuse, hang, stop reading, close, talk
 * nonsense, accept and then revoke; by RTMP, by RTMPS (the same servers behind TLS) and by SRT.
 * Each time the target keeps its budget, there is never a second connection beside the first, what
 * a failure took is given back, and another target of the same stream misses no picture.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <srt/srt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "tests/unit/firmware/egress/http_client.h"
#include "tests/unit/firmware/egress/relay_box.h"
#include "tests/unit/firmware/egress/tls_front.h"

#define RTMPS_URL "rtmps://127.0.0.1:%u/app/key%u"
#define SRT_URL	  "srt://127.0.0.1:%u?passphrase=0123456789&streamid=key%u"
#define ATTEMPTS  8
/* what a failure may leave behind: the next ones would show it */
#define FLAT_BYTES 32768

static struct tls_front *front;
static const char *url;
static uint32_t number; /* of the newest picture */
static size_t written;	/* bytes of pictures, which the window holds for a while */
static struct told steady;
static char certificate[64], key[64];

/** Pictures that come all at once, which the steady server has had before this returns. */
static void pictures(unsigned count, size_t length)
{
	for (unsigned i = 0; i < count; i++) {
		number += 40;
		written += length;
		box_video(number, length, number % 400 == 0);
	}
	box_steady_has(number);
}

static void picture(size_t length)
{
	pictures(1, length);
}

/** The stream is there, the steady server has its first picture, and target 1 begins. */
static void begin(uint32_t attempts, int64_t opening_us, int64_t stall_us)
{
	box.attempts = attempts;
	box.opening_us = opening_us;
	box.stall_us = stall_us;
	box_open();
	if (!strcmp(url, RTMPS_URL))
		front = tls_front_start(certificate, key, box.port, &box.target_port);
	box_steady_start();
	box_begin_stream(1000);
	number = 0;
	box_want(0, 1, url);
	box_video(0, 300, true);
	box_steady_has(0);
	steady = box_until(STEADY_ID, "publishing");
	box_want(1, 1, url);
}

static void finish(void)
{
	struct told now;

	picture(300);
	now = box_told(STEADY_ID);
	assert_string_equal(now.state, "publishing");
	assert_int_equal(now.publishes, steady.publishes);
	assert_int_equal(now.failures, steady.failures);
	assert_int_equal(now.dropped, 0);
	box_close();
	if (front)
		tls_front_stop(front);
	front = NULL;
}

/** What is allocated, but for the stream's pictures. */
static size_t held(void)
{
	size_t heap = box_heap();

	return heap > written ? heap - written : 0;
}

/** It comes back to what it was: libraries give back some of it a little later. */
static void assert_flat(size_t before)
{
	size_t now = held();

	for (unsigned i = 0; i < 1000 && now > before + FLAT_BYTES; i++) {
		usleep(10000);
		now = held();
	}
	assert_in_range(now, 0, before + FLAT_BYTES);
}

/** Wait for this failure of target 1, 10 s at most. */
static void until_failed(unsigned count)
{
	for (unsigned i = 0; i < 5000 && box_told(1).failures < count; i++)
		usleep(2000);
	assert_true(box_told(1).failures >= count);
}

static void test_refused(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	begin(ATTEMPTS, PATIENT_US, PATIENT_US);
	box_publish_with(&peer, "error", "NetStream.Publish.Denied");
	assert_string_equal(box_until(1, "refused").error,
			    "the server refuses: NetStream.Publish.Denied");
	box_nobody_comes();
	rtmp_peer_close(&peer);
	finish();
}

static void test_revoked(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	begin(ATTEMPTS, PATIENT_US, PATIENT_US);
	box_publish(&peer);
	rtmp_peer_expect(&peer, "meta avc aac v0@0k");
	rtmp_peer_inform(&peer, "onStatus", 0, "error", "NetStream.Publish.Denied");
	(void)box_until(1, "refused");
	box_nobody_comes();
	rtmp_peer_close(&peer);
	finish();
}

/** Whether the other side has closed it, whatever it sent before. */
static bool is_closed(int fd)
{
	char data[4096];
	ssize_t got;

	do {
		got = recv(fd, data, sizeof(data), 0);
	} while (got > 0);
	return got == 0 || errno == ECONNRESET;
}

/** All that come are let in and hear nothing. */
static void hang(const char *error)
{
	size_t heap = 0;

	for (unsigned i = 0; i < 4; i++) {
		int fd = box_accept();

		picture(300);
		/* it is given up, and there is no other beside it */
		assert_true(is_closed(fd));
		close(fd);
		until_failed(i + 1);
		if (i == 1)
			heap = held();
	}
	assert_string_equal(box_until(1, "failed").error, error);
	assert_int_equal(box_told(1).failures, 4);
	assert_flat(heap);
	box_nobody_comes();
	finish();
}

static void test_hangs(void **state)
{
	(void)state;
	begin(4, 200000, PATIENT_US);
	hang("the server did not answer in time");
}

static void test_hangs_in_tls(void **state)
{
	const char *before = url;

	(void)state;
	/* to the server itself, which does not speak TLS */
	url = "rtmps://127.0.0.1:%u/app/%u?";
	begin(4, 200000, PATIENT_US);
	hang("the server did not answer in time");
	url = before;
}

static void test_closes_after_some_bytes(void **state)
{
	struct rtmp_peer peer;
	size_t heap = 0;

	(void)state;
	begin(ATTEMPTS, PATIENT_US, PATIENT_US);
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		box_publish(&peer);
		picture(30000);
		assert_true(rtmp_peer_take(&peer));
		rtmp_peer_close(&peer);
		until_failed(i + 1);
		if (i == 3)
			heap = held();
	}
	assert_int_equal(box_until(1, "failed").publishes, ATTEMPTS);
	assert_flat(heap);
	box_nobody_comes();
	finish();
}

/** All that come get this instead of an answer. */
static void garble(const char *error)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	size_t heap = 0;

	for (unsigned i = 0; i < ATTEMPTS; i++) {
		int fd = box_accept();

		assert_true(send(fd, text, strlen(text), MSG_NOSIGNAL) > 0);
		picture(300);
		/* closed only when the other side has seen it */
		until_failed(i + 1);
		close(fd);
		if (i == 3)
			heap = held();
	}
	assert_non_null(strstr(box_until(1, "failed").error, error));
	assert_int_equal(box_told(1).failures, ATTEMPTS);
	assert_flat(heap);
	box_nobody_comes();
	finish();
}

static void test_garbage(void **state)
{
	(void)state;
	begin(ATTEMPTS, PATIENT_US, PATIENT_US);
	garble("the server does not speak RTMP");
}

static void test_garbage_for_tls(void **state)
{
	const char *before = url;

	(void)state;
	url = "rtmps://127.0.0.1:%u/app/%u?";
	begin(ATTEMPTS, PATIENT_US, PATIENT_US);
	garble("connect: ");
	url = before;
}

static void test_stops_reading(void **state)
{
	struct rtmp_peer peer;
	struct told told;
	size_t heap;

	(void)state;
	begin(1, PATIENT_US, 1000000);
	box_publish(&peer);
	(void)box_until(1, "publishing");
	heap = held();
	do {
		picture(30000);
		told = box_told(1);
		assert_true(number < 400000);
	} while (!strcmp(told.state, "publishing"));
	assert_string_equal(told.error, "the server takes nothing");
	assert_string_equal(told.state, "failed");
	/* and what is beside each of the window's pictures */
	assert_flat(heap + 256000);
	rtmp_peer_close(&peer);
	finish();
}

/* ---- SRT ---- */

static SRTSOCKET server;
static int udp; /* instead of a server */
static bool rejecting;

static int on_request(void *arg, SRTSOCKET socket, int version, const struct sockaddr *peer,
		      const char *stream_id)
{
	(void)arg;
	(void)version;
	(void)peer;
	assert_string_equal(stream_id, "key1");
	if (!*(volatile bool *)&rejecting)
		return 0;
	(void)srt_setrejectreason(socket, SRT_REJC_PREDEFINED + 403);
	return -1;
}

static void srt_begin(const char *passphrase, uint32_t attempts, int64_t opening_us)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const bool no = false;
	int length = sizeof(address);

	assert_true(srt_startup() >= 0);
	srt_setloglevel(LOG_CRIT);
	rejecting = false;
	server = srt_create_socket();
	assert_int_equal(srt_setsockflag(server, SRTO_RCVSYN, &no, sizeof(no)), 0);
	assert_int_equal(
		srt_setsockflag(server, SRTO_PASSPHRASE, passphrase, (int)strlen(passphrase)), 0);
	assert_int_equal(srt_listen_callback(server, on_request, NULL), 0);
	assert_int_equal(srt_bind(server, (struct sockaddr *)&address, length), 0);
	assert_int_equal(srt_getsockname(server, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(srt_listen(server, 4), 0);
	url = SRT_URL;
	box.srt_port = ntohs(address.sin_port);
	begin(attempts, opening_us, PATIENT_US);
}

static void srt_finish(void)
{
	finish();
	srt_close(server);
	srt_cleanup();
	box.srt_port = 0;
}

static SRTSOCKET srt_accept_one(void)
{
	SRTSOCKET peer = SRT_INVALID_SOCK;

	for (unsigned i = 0; i < 2000 && peer == SRT_INVALID_SOCK; i++) {
		peer = srt_accept(server, NULL, NULL);
		usleep(5000);
	}
	assert_true(peer != SRT_INVALID_SOCK);
	return peer;
}

static void test_srt_refused(void **state)
{
	(void)state;
	srt_begin("another-one", ATTEMPTS, PATIENT_US);
	assert_non_null(strstr(box_until(1, "refused").error, "refuses"));
	assert_int_equal(box_told(1).failures, 1);
	srt_finish();
}

static void test_srt_revoked(void **state)
{
	SRTSOCKET peer;

	(void)state;
	srt_begin("0123456789", ATTEMPTS, PATIENT_US);
	peer = srt_accept_one();
	(void)box_until(1, "publishing");
	picture(300);
	rejecting = true;
	srt_close(peer);
	assert_non_null(strstr(box_until(1, "refused").error, "refuses"));
	assert_int_equal(box_told(1).failures, 2);
	assert_int_equal(box_told(1).publishes, 1);
	srt_finish();
}

static void test_srt_closes_after_some_bytes(void **state)
{
	char data[2000];
	size_t heap = 0;

	(void)state;
	srt_begin("0123456789", 5, PATIENT_US);
	for (unsigned i = 0; i < 5; i++) {
		SRTSOCKET peer = srt_accept_one();
		int got = SRT_ERROR;

		for (unsigned j = 0; j < 2000 && got == SRT_ERROR; j++) {
			picture(3000);
			usleep(5000);
			got = srt_recvmsg(peer, data, sizeof(data));
		}
		assert_true(got > 0);
		srt_close(peer);
		until_failed(i + 1);
		if (i == 2)
			heap = held();
	}
	assert_int_equal(box_until(1, "failed").publishes, 5);
	/* libsrt holds what was closed for some seconds */
	assert_flat(heap);
	srt_finish();
}

/** A port where something else is, or nothing. */
static void udp_begin(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(udp, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(udp, (struct sockaddr *)&address, &size), 0);
	url = SRT_URL;
	box.srt_port = ntohs(address.sin_port);
	begin(2, 200000, PATIENT_US);
}

/** Until the budget of target 1 is used up; what comes is answered with so many bytes. */
static void udp_until_failed(size_t answer)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	uint8_t data[2000] = {0};
	unsigned came = 0;

	for (unsigned i = 0; i < 2000 && strcmp(box_told(1).state, "failed") != 0; i++) {
		while (udp >= 0 &&
		       recvfrom(udp, data, sizeof(data), 0, (struct sockaddr *)&from, &size) > 0) {
			came++;
			for (size_t j = 0; j < answer; j++)
				data[j] = (uint8_t)(j * 151 + came * 31 + (j < 16 ? 0 : data[j]));
			if (answer)
				(void)sendto(udp, data, answer, 0, (struct sockaddr *)&from, size);
		}
		if (i % 50 == 0)
			picture(300);
		usleep(5000);
	}
	assert_string_equal(box_told(1).state, "failed");
	assert_int_equal(box_told(1).failures, 2);
	assert_int_equal(box_told(1).publishes, 0);
	assert_true(udp < 0 || came >= 2);
	finish();
	if (udp >= 0)
		close(udp);
	box.srt_port = 0;
}

static void test_srt_hangs(void **state)
{
	(void)state;
	udp_begin();
	udp_until_failed(0);
}

static void test_srt_garbage(void **state)
{
	(void)state;
	udp_begin();
	udp_until_failed(200);
}

static void test_srt_nobody(void **state)
{
	(void)state;
	udp_begin();
	close(udp);
	udp = -1;
	udp_until_failed(0);
}

/** Live mode: what is too late is dropped by libsrt, and nothing grows. */
static void test_srt_stops_reading(void **state)
{
	SRTSOCKET peer;
	size_t heap;

	(void)state;
	srt_begin("0123456789", ATTEMPTS, PATIENT_US);
	peer = srt_accept_one();
	(void)box_until(1, "publishing");
	heap = held();
	/* 60 MB, of which libsrt's two queues may hold a part, and the window */
	for (unsigned i = 0; i < 60; i++)
		pictures(20, 50000);
	assert_in_range(box_heap(), 0, heap + (40 << 20));
	assert_string_equal(box_told(1).state, "publishing");
	srt_close(peer);
	srt_finish();
}

static int by_rtmp(void **state)
{
	(void)state;
	url = RTMP_URL;
	return 0;
}

static int by_rtmps(void **state)
{
	(void)state;
	url = RTMPS_URL;
	return 0;
}

#define BOTH(name)                                            \
	cmocka_unit_test_setup_teardown(name, by_rtmp, NULL), \
		cmocka_unit_test_setup_teardown(name, by_rtmps, NULL)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BOTH(test_refused),
		BOTH(test_revoked),
		BOTH(test_hangs),
		BOTH(test_closes_after_some_bytes),
		BOTH(test_garbage),
		BOTH(test_stops_reading),
		cmocka_unit_test(test_hangs_in_tls),
		cmocka_unit_test(test_garbage_for_tls),
		cmocka_unit_test(test_srt_refused),
		cmocka_unit_test(test_srt_revoked),
		cmocka_unit_test(test_srt_closes_after_some_bytes),
		cmocka_unit_test(test_srt_hangs),
		cmocka_unit_test(test_srt_garbage),
		cmocka_unit_test(test_srt_nobody),
		cmocka_unit_test(test_srt_stops_reading),
	};
	int rc;

	/* so that what is allocated is counted in one place */
	(void)mallopt(M_ARENA_MAX, 1);
	(void)signal(SIGPIPE, SIG_IGN); /* as the program has it */
	(void)snprintf(certificate, sizeof(certificate), "/tmp/tessera-relay-%d.cert", getpid());
	(void)snprintf(key, sizeof(key), "/tmp/tessera-relay-%d.key", getpid());
	make_certificate(certificate, key, "127.0.0.1");
	(void)setenv("SSL_CERT_FILE", certificate, 1);
	tess_log_init("test", 0);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(certificate);
	unlink(key);
	return rc;
}
