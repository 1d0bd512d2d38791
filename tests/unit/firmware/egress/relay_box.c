/* SPDX-License-Identifier: GPL-3.0-or-later
 * See relay_box.h.
 */
#include "tests/unit/firmware/egress/relay_box.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

struct box box;

static struct {
	int listener;
	pthread_t thread;
	atomic_uint newest; /* picture that it has */
} steady;

static void start(void *arg)
{
	struct tess_relays_config config = {
		.first_pause_us = 20000,
		.greatest_pause_us = 60000,
		.attempts = box.attempts,
		.steady_us = 60000000,
		.opening_us = box.opening_us,
		.stall_us = box.stall_us,
	};

	(void)arg;
	assert_int_equal(tess_streams_alloc(&box.streams, turning_loop(box.turning)), 0);
	assert_int_equal(tess_traffic_alloc(&box.traffic, 1), 0);
	config.traffic = box.traffic;
	assert_int_equal(
		tess_relays_alloc(&box.relays, turning_loop(box.turning), box.streams, &config), 0);
}

static void stop(void *arg)
{
	(void)arg;
	tess_relays_free(box.relays);
	tess_traffic_free(box.traffic);
	tess_streams_free(box.streams);
}

int box_bind(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int listen_at(uint16_t *port, int receive_bytes)
{
	struct sockaddr_in address = {0};
	struct timeval patience = {.tv_sec = 10};
	socklen_t size = sizeof(address);
	int fd = box_bind(0);

	/* inherited by what is accepted */
	if (receive_bytes)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes,
					    sizeof(receive_bytes)),
				 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

void box_listen(void)
{
	box.listener = listen_at(&box.port, 16384);
	box.target_port = box.port;
}

void box_open(void)
{
	box_listen();
	box.turning = turning_start();
	turning_do(box.turning, start, NULL);
}

void box_close(void)
{
	turning_do(box.turning, stop, NULL);
	turning_stop(box.turning);
	tess_ring_writer_free(box.ring);
	box.ring = NULL;
	close(box.listener);
	if (box.steady_port) {
		pthread_join(steady.thread, NULL);
		close(steady.listener);
		box.steady_port = 0;
	}
}

static void do_apply(void *arg)
{
	tess_relays_apply(box.relays, arg);
}

static void add_target(json_t *targets, unsigned id, int64_t epoch, const char *url)
{
	assert_int_equal(
		json_array_append_new(targets, json_pack("{s:i, s:i, s:I, s:s, s:s}", "id", (int)id,
							 "app", 7, "epoch", (json_int_t)epoch,
							 "stream", "s", "url", url)),
		0);
}

void box_want(unsigned count, int64_t epoch, const char *url)
{
	json_t *targets = json_array();
	char text[256];

	if (box.steady_port) {
		(void)snprintf(text, sizeof(text), RTMP_URL, box.steady_port, 0);
		add_target(targets, STEADY_ID, 1, text);
	}
	for (unsigned i = 1; i <= count; i++) {
		(void)snprintf(text, sizeof(text), url,
			       box.srt_port ? box.srt_port : box.target_port, i);
		add_target(targets, i, epoch, text);
	}
	turning_do(box.turning, do_apply, targets);
	json_decref(targets);
}

void box_begin_stream(uint64_t epoch)
{
	tess_ring_writer_free(box.ring);
	box.ring = media_ring(box.turning, box.streams, epoch);
}

void box_video(uint32_t number, size_t length, bool key)
{
	video(box.ring, number, length, key);
}

void box_audio(uint32_t number)
{
	audio(box.ring, number);
}

static void do_ask(void *arg)
{
	struct told *told = arg;
	json_t *facts = tess_relays_facts(box.relays), *entry;
	size_t i;

	told->state[0] = 0;
	json_array_foreach(facts, i, entry)
	{
		if (json_integer_value(json_object_get(entry, "id")) != told->id)
			continue;
		(void)snprintf(told->state, sizeof(told->state), "%s",
			       json_string_value(json_object_get(entry, "state")));
		(void)snprintf(told->error, sizeof(told->error), "%s",
			       json_string_value(json_object_get(entry, "error")));
		told->bytes = json_integer_value(json_object_get(entry, "bytes_sent"));
		told->dropped = json_integer_value(json_object_get(entry, "pictures_dropped"));
		told->publishes = json_integer_value(json_object_get(entry, "publishes"));
		told->failures = json_integer_value(json_object_get(entry, "failures"));
	}
	json_decref(facts);
}

struct told box_told(int id)
{
	struct told told = {.id = id};

	turning_do(box.turning, do_ask, &told);
	return told;
}

struct told box_until(int id, const char *state)
{
	struct told told = box_told(id);

	for (unsigned i = 0; i < 2000 && strcmp(told.state, state) != 0; i++) {
		usleep(5000);
		told = box_told(id);
	}
	assert_string_equal(told.state, state);
	return told;
}

int box_accept(void)
{
	int fd = accept(box.listener, NULL, NULL);

	assert_true(fd >= 0);
	return fd;
}

void box_nobody_comes(void)
{
	struct timeval patience = {.tv_usec = 400000};

	assert_int_equal(
		setsockopt(box.listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(accept(box.listener, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
}

void box_publish_with(struct rtmp_peer *peer, const char *level, const char *code)
{
	rtmp_peer_open(peer, box_accept(), false);
	rtmp_peer_wait_for(peer, "connect ");
	rtmp_peer_inform(peer, "_result", 1, "status", "NetConnection.Connect.Success");
	rtmp_peer_wait_for(peer, "createStream ");
	rtmp_peer_number(peer, 4, 3);
	rtmp_peer_wait_for(peer, "publish ");
	assert_string_equal(peer->commands,
			    "connect releaseStream FCPublish createStream publish ");
	rtmp_peer_inform(peer, "onStatus", 0, level, code);
}

void box_publish(struct rtmp_peer *peer)
{
	box_publish_with(peer, "status", "NetStream.Publish.Start");
}

/* ---- the steady server; its thread does not use cmocka ---- */

static void check(bool good)
{
	if (!good)
		abort();
}

/** What was said must be each picture after the one before; each number is 40 more. */
static void follow(char *said)
{
	uint32_t newest = atomic_load(&steady.newest);

	for (char *word = strtok(said, " "); word; word = strtok(NULL, " ")) {
		uint32_t number = (uint32_t)strtoul(word + 1, NULL, 10);

		if (*word != 'v')
			continue;
		check(newest == UINT32_MAX || number == newest + 40);
		newest = number;
		atomic_store(&steady.newest, newest);
	}
	*said = 0;
}

/** What was played needs no memory any more. */
static void forget(struct flv_player *player)
{
	player->length -= player->at;
	memmove(player->data, player->data + player->at, player->length);
	player->at = 0;
}

static void *steady_run(void *arg)
{
	struct rtmp_peer peer;
	unsigned answered = 0;
	int fd = accept(steady.listener, NULL, NULL);

	(void)arg;
	check(fd >= 0);
	rtmp_peer_open(&peer, fd, false);
	while (rtmp_peer_take(&peer) || !peer.closed) {
		follow(peer.player.said);
		forget(&peer.player);
		if (answered == 0 && rtmp_peer_heard(&peer, "connect ")) {
			answered++;
			rtmp_peer_inform(&peer, "_result", 1, "status",
					 "NetConnection.Connect.Success");
		}
		if (answered == 1 && rtmp_peer_heard(&peer, "createStream ")) {
			answered++;
			rtmp_peer_number(&peer, 4, 3);
		}
		if (answered == 2 && rtmp_peer_heard(&peer, "publish ")) {
			answered++;
			rtmp_peer_inform(&peer, "onStatus", 0, "status", "NetStream.Publish.Start");
		}
	}
	rtmp_peer_close(&peer);
	return NULL;
}

void box_steady_start(void)
{
	atomic_store(&steady.newest, UINT32_MAX);
	steady.listener = listen_at(&box.steady_port, 0);
	check(!pthread_create(&steady.thread, NULL, steady_run, NULL));
}

void box_steady_has(uint32_t number)
{
	for (unsigned i = 0; i < 10000 && atomic_load(&steady.newest) != number; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&steady.newest), number);
}

size_t box_heap(void)
{
	return mallinfo2().uordblks;
}
