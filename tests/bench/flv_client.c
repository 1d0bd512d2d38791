/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/bench/flv_client.c - many http-flv players in one process: reads all, checks the framing of
 * each byte stream and its time stamps, decodes nothing.
 *
 *   flv_client PORT NAME PLAYERS SECONDS
 *
 * Writes "ready" when each player has had its first picture, and a summary after SECONDS more. Ends
 * with 1 if any player saw something wrong, or its connection ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FLV_HEADER  13
#define TAG_HEADER  11
#define TAG_TRAILER 4
#define MAX_HEAD    1024
/* two tracks may be out of step by this */
#define MAX_BACK_MS 200
#define READY_S	    60

enum state { HTTP_HEAD = 1, FILE_HEADER, HEADER, FIRST_BYTES, BODY, TRAILER };

struct player {
	int fd;
	enum state state;
	uint8_t small[MAX_HEAD]; /* a piece that must be seen as a whole */
	uint32_t have, body_length, body_left;
	uint8_t tag_type;
	uint32_t last_ms;
	uint64_t bytes, tags, pictures, keys;
	bool begun; /* the first picture came */
};

struct run {
	int epoll;
	unsigned count, ready;
	struct player *players;
	uint64_t errors;
};

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static uint32_t get_u24(const uint8_t *at)
{
	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

/** @return NULL, or what is wrong */
static const char *take_header(struct player *player)
{
	const uint8_t *h = player->small;
	uint32_t time_ms = get_u24(h + 4) | (uint32_t)h[7] << 24;

	player->tag_type = h[0];
	player->body_length = player->body_left = get_u24(h + 1);
	if (h[0] != 8 && h[0] != 9 && h[0] != 18)
		return "tag type";
	if (get_u24(h + 8) || player->body_length < 2)
		return "tag header";
	if (player->tags == 0 && (h[0] != 18 || time_ms))
		return "does not begin with onMetaData at 0";
	if (time_ms + MAX_BACK_MS < player->last_ms)
		return "time goes back";
	if (time_ms > player->last_ms)
		player->last_ms = time_ms;
	player->tags++;
	return NULL;
}

static const char *take_first_bytes(struct run *run, struct player *player)
{
	bool key = player->small[0] == 0x17;

	if (player->tag_type != 9 || player->small[1] != 1)
		return NULL;
	if (!player->pictures && !key)
		return "first picture is no key frame";
	player->pictures++;
	player->keys += key;
	if (!player->begun) {
		player->begun = true;
		run->ready++;
	}
	return NULL;
}

/** Collect up to @p want bytes. @return true when they are there */
static bool collect(struct player *player, uint32_t want, const uint8_t **at, size_t *left)
{
	uint32_t n = want - player->have;

	if (n > *left)
		n = (uint32_t)*left;
	memcpy(player->small + player->have, *at, n);
	player->have += n;
	*at += n;
	*left -= n;
	if (player->have < want)
		return false;
	player->have = 0;
	return true;
}

static const char *take_http(struct player *player, const uint8_t **at, size_t *left)
{
	while (*left) {
		if (player->have == MAX_HEAD)
			return "head too long";
		player->small[player->have++] = *(*at)++;
		--*left;
		if (player->have >= 4 && !memcmp(player->small + player->have - 4, "\r\n\r\n", 4)) {
			if (memcmp(player->small, "HTTP/1.1 200 ", 13) != 0)
				return "refused";
			player->have = 0;
			player->state = FILE_HEADER;
			return NULL;
		}
	}
	return NULL;
}

static const char *take(struct run *run, struct player *player, const uint8_t *at, size_t left)
{
	const char *wrong = NULL;
	uint32_t n;

	player->bytes += left;
	while (left && !wrong) {
		switch (player->state) {
		case HTTP_HEAD:
			wrong = take_http(player, &at, &left);
			break;
		case FILE_HEADER:
			if (!collect(player, FLV_HEADER, &at, &left))
				break;
			player->state = HEADER;
			if (memcmp(player->small, "FLV\1\5\0\0\0\11\0\0\0\0", FLV_HEADER) != 0)
				wrong = "file header";
			break;
		case HEADER:
			if (!collect(player, TAG_HEADER, &at, &left))
				break;
			wrong = take_header(player);
			player->state = FIRST_BYTES;
			break;
		case FIRST_BYTES:
			if (!collect(player, 2, &at, &left))
				break;
			player->body_left -= 2;
			wrong = take_first_bytes(run, player);
			player->state = BODY;
			break;
		case BODY:
			n = player->body_left < left ? player->body_left : (uint32_t)left;
			player->body_left -= n;
			at += n;
			left -= n;
			if (!player->body_left)
				player->state = TRAILER;
			break;
		case TRAILER:
			if (!collect(player, TAG_TRAILER, &at, &left))
				break;
			if (get_u24(player->small + 1) != player->body_length + TAG_HEADER)
				wrong = "previous tag size";
			player->state = HEADER;
			break;
		}
	}
	return wrong;
}

static int player_open(struct run *run, struct player *player, uint16_t port, const char *name)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = player};
	char request[512];
	int length =
		snprintf(request, sizeof(request),
			 "GET /live/%s.flv HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", name, port);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	player->state = HTTP_HEAD;
	player->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (player->fd < 0 || connect(player->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(player->fd, request, (size_t)length, MSG_NOSIGNAL) != length)
		return -errno;
	return epoll_ctl(run->epoll, EPOLL_CTL_ADD, player->fd, &event) ? -errno : 0;
}

static void serve(struct run *run, int timeout_ms)
{
	static uint8_t buffer[256 << 10];
	struct epoll_event events[256];
	int n = epoll_wait(run->epoll, events, 256, timeout_ms);

	for (int i = 0; i < n; i++) {
		struct player *player = events[i].data.ptr;
		ssize_t got = recv(player->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		const char *wrong;

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		wrong = got > 0 ? take(run, player, buffer, (size_t)got) : "connection ended";
		if (!wrong)
			continue;
		fprintf(stderr, "player %td: %s after %lu bytes, %lu tags\n", player - run->players,
			wrong, (unsigned long)player->bytes, (unsigned long)player->tags);
		run->errors++;
		(void)close(player->fd);
	}
}

static uint64_t total_bytes(const struct run *run)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < run->count; i++)
		sum += run->players[i].bytes;
	return sum;
}

int main(int argc, char **argv)
{
	struct run run = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
	struct rlimit limit;
	int64_t until_us;
	uint64_t bytes, pictures = 0;
	int seconds;

	if (argc != 5) {
		fprintf(stderr, "usage: %s PORT NAME PLAYERS SECONDS\n", argv[0]);
		return 2;
	}
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	run.count = (unsigned)atoi(argv[3]);
	seconds = atoi(argv[4]);
	run.players = calloc(run.count, sizeof(*run.players));
	if (!run.players)
		return 1;
	for (unsigned i = 0; i < run.count; i++) {
		int rc = player_open(&run, &run.players[i], (uint16_t)atoi(argv[1]), argv[2]);

		if (rc) {
			fprintf(stderr, "player %u: %s\n", i, strerror(-rc));
			return 1;
		}
		serve(&run, 0);
	}
	until_us = now_us() + READY_S * INT64_C(1000000);
	while (run.ready < run.count && now_us() < until_us && !run.errors)
		serve(&run, 100);
	if (run.ready < run.count) {
		fprintf(stderr, "only %u of %u players have a picture\n", run.ready, run.count);
		return 1;
	}
	puts("ready");
	(void)fflush(stdout);
	bytes = total_bytes(&run);
	until_us = now_us() + seconds * INT64_C(1000000);
	while (now_us() < until_us)
		serve(&run, 100);
	for (unsigned i = 0; i < run.count; i++)
		pictures += run.players[i].pictures;
	printf("players=%u errors=%lu kbps_per_player=%.0f pictures_per_player=%.1f\n", run.count,
	       (unsigned long)run.errors,
	       (double)(total_bytes(&run) - bytes) * 8 / 1000 / seconds / run.count,
	       (double)pictures / run.count);
	free(run.players);
	return run.errors ? 1 : 0;
}
