/* SPDX-License-Identifier: GPL-3.0-or-later
 * A stream pushed by SRT to a server in this process: what it receives, what it refuses, and what
 * is left out when it lags.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <srt/srt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/egress/relay_srt.h"
#include "pipeline/mux/ts.h"
#include "tests/unit/firmware/egress/flv_play.h"

static struct tess_window *window;
static union tess_addr address;
static SRTSOCKET server;
static struct tess_srt_library library;

static int setup(void **state)
{
	const bool no = false;
	int length = sizeof(address.in);

	(void)state;
	assert_int_equal(tess_window_alloc(&window, 8 << 20), 0);
	tess_window_begin(window, &unit_info);
	assert_true(srt_startup() >= 0);
	srt_setloglevel(LOG_CRIT);
	server = srt_create_socket();
	address.in = (struct sockaddr_in){.sin_family = AF_INET,
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(srt_setsockflag(server, SRTO_RCVSYN, &no, sizeof(no)), 0);
	assert_int_equal(srt_setsockflag(server, SRTO_PASSPHRASE, "0123456789", 10), 0);
	assert_int_equal(srt_bind(server, &address.sa, length), 0);
	assert_int_equal(srt_getsockname(server, &address.sa, &length), 0);
	assert_int_equal(srt_listen(server, 4), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	srt_close(server);
	tess_srt_library_end(&library);
	srt_cleanup();
	tess_window_free(window);
	return 0;
}

static void video(uint32_t number, bool key)
{
	static uint8_t data[UNIT_MAX];
	struct tess_au au = unit_video(data, number, 3000, key, false);

	assert_int_equal(tess_window_add(window, &au), 0);
}

static void audio(uint32_t number)
{
	uint8_t data[200];
	struct tess_au au = unit_audio(data, number, 60);

	assert_int_equal(tess_window_add(window, &au), 0);
}

static struct tess_relay_srt *open_with(const char *passphrase)
{
	struct tess_srt_url url = {.stream_id = "#!::r=a/b"};
	struct tess_relay_srt *srt;

	(void)stpcpy(url.passphrase, passphrase);
	assert_int_equal(tess_relay_srt_open(&srt, &library, &address, &url, window), 0);
	return srt;
}

/* What becomes of the attempt; 10 s at most. */
static int connected(const struct tess_relay_srt *srt)
{
	int rc = tess_relay_srt_connect(srt);

	for (unsigned i = 0; i < 2000 && rc == -EAGAIN; i++) {
		usleep(5000);
		rc = tess_relay_srt_connect(srt);
	}
	return rc;
}

static SRTSOCKET accept_one(void)
{
	SRTSOCKET peer = SRT_INVALID_SOCK;

	for (unsigned i = 0; i < 2000 && peer == SRT_INVALID_SOCK; i++) {
		peer = srt_accept(server, NULL, NULL);
		usleep(5000);
	}
	assert_true(peer != SRT_INVALID_SOCK);
	return peer;
}

static void test_sends(void **state)
{
	struct tess_relay_srt *srt = open_with("0123456789");
	size_t bytes = 0, pictures = 0;
	uint64_t sent, dropped;
	char text[2000];
	int length = sizeof(text), got, rc = 0;
	SRTSOCKET peer;

	(void)state;
	assert_int_equal(connected(srt), 0);
	peer = accept_one();
	assert_int_equal(srt_getsockflag(peer, SRTO_STREAMID, text, &length), 0);
	assert_string_equal(text, "#!::r=a/b");
	/* nothing before the first key frame */
	assert_int_equal(tess_relay_srt_serve(srt), 0);
	tess_relay_srt_count(srt, &sent, &dropped);
	assert_int_equal(sent, 0);
	for (uint32_t i = 0; i < 30; i++) {
		video(i, i % 10 == 0);
		audio(i);
	}
	/* from the newest key frame on: ten pictures */
	assert_int_equal(tess_relay_srt_serve(srt), 0);
	assert_int_equal(tess_relay_srt_delay_ms(srt), 0);
	tess_relay_srt_count(srt, &sent, &dropped);
	assert_true(sent > 10 * 3000);
	assert_int_equal(dropped, 0);
	for (unsigned i = 0; i < 2000 && bytes < sent; i++) {
		got = srt_recvmsg(peer, text, sizeof(text));
		if (got == SRT_ERROR) {
			usleep(5000);
			continue;
		}
		assert_int_equal(got % TESS_TS_PACKET, 0);
		for (int at = 0; at < got; at += TESS_TS_PACKET) {
			assert_int_equal(text[at], 0x47);
			/* a packet that begins a picture */
			pictures += (text[at + 1] & 0x5f) == 0x41 && !text[at + 2];
		}
		bytes += (size_t)got;
	}
	assert_int_equal(bytes, sent);
	assert_int_equal(pictures, 10);
	/* the server goes */
	srt_close(peer);
	for (uint32_t i = 30; i < 2000 && !rc; i++) {
		video(i, i % 10 == 0);
		rc = tess_relay_srt_serve(srt);
		usleep(5000);
	}
	assert_int_equal(rc, -EPIPE);
	tess_relay_srt_close(srt);
}

static void test_refused(void **state)
{
	struct tess_relay_srt *srt = open_with("another-one");

	(void)state;
	assert_int_equal(connected(srt), -EACCES);
	tess_relay_srt_close(srt);
	srt = open_with("");
	assert_int_equal(connected(srt), -EACCES);
	tess_relay_srt_close(srt);
}

/* One that was not served for a while goes on at the key frame that is near enough. */
static void test_lags(void **state)
{
	struct tess_relay_srt *srt = open_with("0123456789");
	uint64_t sent, dropped;
	SRTSOCKET peer;

	(void)state;
	assert_int_equal(connected(srt), 0);
	peer = accept_one();
	video(0, true);
	assert_int_equal(tess_relay_srt_serve(srt), 0);
	/* 4 s, a key frame after each */
	for (uint32_t i = 1; i < 100; i++)
		video(40 * i, i % 25 == 0);
	while (tess_relay_srt_delay_ms(srt))
		assert_int_equal(tess_relay_srt_serve(srt), 0);
	tess_relay_srt_count(srt, &sent, &dropped);
	/* all but key frames while more than 2 s behind */
	assert_in_range(dropped, 40, 60);
	tess_relay_srt_close(srt);
	srt_close(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lags, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
