/* SPDX-License-Identifier: GPL-3.0-or-later
 * The egress process against a stand-in for control and media on its links.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/egress/egress.h"
#include "firmware/link/link.h"
#include "pipeline/stream/ring.h"
#include "tests/unit/firmware/egress/flv_play.h"
#include "tests/unit/firmware/egress/http_client.h"
#include "tests/unit/firmware/egress/turning.h"

#define KEY_HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct tess_config config;
static char folder[64];
static uint16_t port, tls_port;
static int held, tls_held;
/* egress turns in one thread, its peers in another */
static struct turning *turning, *peers;
static struct tess_egress *egress;
static struct tess_link_server *control_server, *media_server;
static struct tess_link *media_link;
static struct tess_ring_writer *ring;
static json_t *facts;
static unsigned hellos;
static uint64_t epoch = 1000;

/* A port that nobody has but who means to, with SO_REUSEADDR, as long as *heldp is open. */
static uint16_t hold_port(int *heldp)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	const int on = 1;

	*heldp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(*heldp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(*heldp, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(*heldp, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

static void on_control_message(void *arg, struct tess_link *link, json_t *message, int *fds,
			       unsigned fd_count)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	json_t *desired;

	(void)arg;
	(void)fds;
	assert_int_equal(fd_count, 0);
	if (!strcmp(type, "facts")) {
		json_decref(facts);
		facts = json_incref(message);
		return;
	}
	assert_string_equal(type, "hello");
	assert_string_equal(json_string_value(json_object_get(message, "process")), "egress");
	assert_int_equal(json_integer_value(json_object_get(message, "version")),
			 TESS_LINK_VERSION);
	hellos++;
	desired =
		json_pack("{s:s, s:i, s:s, s:s, s:[{s:s, s:s}], s:[], s:[], s:[]}", "type",
			  "desired", "epoch", 1, "token_key", KEY_HEX, "time_zone", "", "live",
			  "stream", "mix-1", "name", "show", "records", "acknowledged", "deleted");
	assert_non_null(desired);
	assert_int_equal(tess_link_send(link, desired, NULL, 0), 0);
	json_decref(desired);
}

static void send_stream(const char *type, bool with_ring)
{
	json_t *message = json_pack("{s:s, s:s, s:I}", "type", type, "stream", "mix-1", "epoch",
				    (json_int_t)epoch);
	int fds[] = {tess_ring_writer_memfd(ring), tess_ring_writer_eventfd(ring)};

	assert_int_equal(tess_link_send(media_link, message, fds, with_ring ? 2 : 0), 0);
	json_decref(message);
}

static void on_media_up(void *arg, struct tess_link *link)
{
	(void)arg;
	media_link = link;
	if (ring)
		send_stream("stream", true);
}

static void on_media_down(void *arg, struct tess_link *link)
{
	(void)arg;
	(void)link;
	media_link = NULL;
}

static void start_media(void *arg)
{
	static const struct tess_link_handlers handlers = {.up = on_media_up,
							   .down = on_media_down};
	struct tess_ring_config ring_config = {
		.epoch = ++epoch, .data_bytes = 1 << 20, .slots = 256};
	char path[128];

	(void)arg;
	assert_int_equal(tess_ring_writer_alloc(&ring, &ring_config, &unit_info), 0);
	(void)snprintf(path, sizeof(path), "%s/streams.sock", folder);
	assert_int_equal(
		tess_link_listen(&media_server, turning_loop(peers), path, &handlers, NULL), 0);
}

static void stop_media(void *arg)
{
	(void)arg;
	tess_link_server_free(media_server);
	media_server = NULL;
	media_link = NULL;
	tess_ring_writer_free(ring);
	ring = NULL;
}

static void start_control(void *arg)
{
	static const struct tess_link_handlers handlers = {.message = on_control_message};
	char path[128];

	(void)arg;
	(void)snprintf(path, sizeof(path), "%s/control.sock", folder);
	assert_int_equal(
		tess_link_listen(&control_server, turning_loop(peers), path, &handlers, NULL), 0);
}

static void stop_control(void *arg)
{
	(void)arg;
	tess_link_server_free(control_server);
	control_server = NULL;
}

static void send_garbage(void *arg)
{
	static const char *const messages[] = {
		"{\"type\":\"stream\",\"stream\":\"mix-1\",\"epoch\":2}", /* no descriptors */
		"{\"type\":\"stream\",\"stream\":7,\"epoch\":-2}",
		"{\"type\":\"stream_end\"}",
		"{\"type\":\"stream_end\",\"stream\":\"mix-1\",\"epoch\":3}", /* of an earlier life
									       */
		"{\"type\":\"what\"}",
		"{}",
	};

	(void)arg;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		json_t *message = json_loads(messages[i], 0, NULL);

		assert_int_equal(tess_link_send(media_link, message, NULL, 0), 0);
		json_decref(message);
	}
}

static void end_stream(void *arg)
{
	(void)arg;
	send_stream("stream_end", false);
}

static void start_egress(void *arg)
{
	(void)arg;
	assert_int_equal(
		tess_egress_alloc(&egress, turning_loop(turning), tess_clock_system(), &config), 0);
}

static void stop_egress(void *arg)
{
	(void)arg;
	tess_egress_free(egress);
	egress = NULL;
}

static bool media_is_up(void *arg)
{
	(void)arg;
	return media_link != NULL;
}

static bool has_facts(void *arg)
{
	json_t *live = json_array_get(json_object_get(facts, "live"), 0);

	(void)arg;
	return json_integer_value(json_object_get(live, "viewers")) == 1 &&
	       json_integer_value(json_object_get(live, "bytes_sent")) > 0;
}

static bool has_two_hellos(void *arg)
{
	(void)arg;
	return hellos == 2;
}

static void video(uint32_t number, bool key)
{
	uint8_t data[1000];
	struct tess_au au = unit_video(data, number, 300, key, false);

	assert_int_equal(tess_ring_write(ring, &au), 0);
}

static int try_to_connect(uint16_t to)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(to),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/** Connect, as soon as it listens. */
static int connect_to(uint16_t to)
{
	for (unsigned i = 0; i < 3000; i++, usleep(10000)) {
		int fd = try_to_connect(to);

		if (fd >= 0)
			return fd;
	}
	fail_msg("it does not listen");
	return -1;
}

static int watch(void)
{
	static const char request[] = "GET /live/show.flv HTTP/1.1\r\nHost: x\r\n\r\n";
	struct timeval patience = {.tv_sec = 20};
	int fd = connect_to(port);
	char head[4] = "";

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	while (memcmp(head, "\r\n\r\n", 4) != 0) {
		memmove(head, head + 1, 3);
		assert_int_equal(recv(fd, head + 3, 1, 0), 1);
	}
	return fd;
}

static void expect(int fd, struct flv_player *player, const char *want)
{
	uint8_t buffer[4096];

	while (strlen(player->said) < strlen(want)) {
		ssize_t got = recv(fd, buffer, sizeof(buffer), 0);

		if (got <= 0)
			fail_msg("played \"%s\" instead of \"%s\"", player->said, want);
		assert_true(flv_play(player, buffer, (size_t)got));
	}
	assert_string_equal(player->said, want);
	player->said[0] = 0;
}

static int setup(void **state)
{
	(void)state;
	(void)strcpy(folder, "/tmp/tessera-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	port = hold_port(&held);
	tess_config_defaults(&config);
	(void)snprintf(config.box.run_dir, sizeof(config.box.run_dir), "%s", folder);
	(void)snprintf(config.egress.record_dir, sizeof(config.egress.record_dir), "%s/records",
		       folder);
	(void)snprintf(config.egress.listen, sizeof(config.egress.listen), "127.0.0.1:%u", port);
	(void)strcpy(config.egress.rtmp_listen, "127.0.0.1:0");
	tls_port = hold_port(&tls_held);
	(void)snprintf(config.egress.tls_listen, sizeof(config.egress.tls_listen), "127.0.0.1:%u",
		       tls_port);
	(void)snprintf(config.egress.tls_certificate, sizeof(config.egress.tls_certificate),
		       "%s/cert.pem", folder);
	(void)snprintf(config.egress.tls_key, sizeof(config.egress.tls_key), "%s/key.pem", folder);
	turning = turning_start();
	peers = turning_start();
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	turning_do(turning, stop_egress, NULL);
	turning_do(peers, stop_control, NULL);
	turning_do(peers, stop_media, NULL);
	turning_stop(turning);
	turning_stop(peers);
	close(held);
	close(tls_held);
	json_decref(facts);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void test_lives(void **state)
{
	struct flv_player player = {0};
	struct client client;
	char byte;
	int fd;

	(void)state;
	/* started first: it waits for the others */
	turning_do(turning, start_egress, NULL);
	turning_do(peers, start_control, NULL);
	turning_do(peers, start_media, NULL);
	fd = watch();
	video(40, true);
	video(80, false);
	expect(fd, &player, "header meta avc aac v40@0k v80@40");
	assert_true(turning_until(peers, has_facts, NULL));
	assert_true(turning_until(peers, media_is_up, NULL));
	turning_do(peers, send_garbage, NULL);
	video(120, false);
	expect(fd, &player, "v120@80");

	/* control is away for a while: nobody notices */
	turning_do(peers, stop_control, NULL);
	video(160, false);
	expect(fd, &player, "v160@120");
	turning_do(peers, start_control, NULL);
	assert_true(turning_until(peers, has_two_hellos, NULL));
	video(200, false);
	expect(fd, &player, "v200@160");

	/* media is killed and comes back: the player goes on at the key frame */
	turning_do(peers, stop_media, NULL);
	turning_do(peers, start_media, NULL);
	video(1000, true);
	expect(fd, &player, "v1000@960k");
	assert_true(turning_until(peers, media_is_up, NULL));
	video(1040, false);
	turning_do(peers, end_stream, NULL);
	expect(fd, &player, "v1040@1000");
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	flv_player_free(&player);

	/* all of it went without the certificate; HTTPS is there when that is */
	assert_int_equal(try_to_connect(tls_port), -1);
	make_certificate(config.egress.tls_certificate, config.egress.tls_key, "late");
	close(connect_to(tls_port));
	client_open(&client, tls_port, 0);
	assert_true(client_secure(&client, NULL));
	client_send(&client, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_head(&client), 200);
	client_close(&client);
}

static void test_bad_address(void **state)
{
	struct tess_config bad = config;
	struct tess_loop *loop;
	struct tess_egress *none;

	(void)state;
	assert_int_equal(tess_loop_alloc(&loop), 0);
	(void)strcpy(bad.egress.listen, "nowhere");
	assert_int_equal(tess_egress_alloc(&none, loop, tess_clock_system(), &bad), -EINVAL);
	tess_loop_free(loop);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lives, setup, teardown),
		cmocka_unit_test(test_bad_address),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
