/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/bench/live_client.c - many http-flv or RTMP players in one process: reads all, checks the
 * framing of each byte stream and its time stamps, decodes nothing.
 *
 *   bench-live-client PORT NAME PLAYERS SECONDS [flv|rtmp [SLOW]]
 *
 * The first SLOW players take 40 KB a second at most, with a small window. Writes "ready" when each
 * player has had its first picture, and a summary after SECONDS more: how late pictures with a
 * stamp (stamp.h) were at players that are not slow, and the longest that one of
 * them waited for a picture. SIGTERM: the time is over. Ends with 1 if any player saw something
 * wrong, or its connection ended.
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

#include "pipeline/rtmp/session.h"
#include "tests/bench/stamp.h"

#define FLV_HEADER  13
#define TAG_HEADER  11
#define TAG_TRAILER 4
#define MAX_HEAD    1024
/* sound and picture may be out of step by this, on a machine that is busy */
#define MAX_SKEW_MS 1000
#define READY_S	    60
#define SLOW_BYTES  8192
#define SLOW_US	    200000
#define SLOW_WINDOW 16384
/* in a picture that is no key frame, behind the tag's, the NAL's and the slice's first bytes */
#define STAMP_AT   12
#define FIRST_MAX  (STAMP_AT + BENCH_STAMP_LENGTH + 8)
#define MAX_DELAYS (1u << 22)

enum state { HTTP_HEAD = 1, FILE_HEADER, HEADER, FIRST_BYTES, BODY, TRAILER };

struct player {
	int fd;
	enum state state;
	uint8_t small[MAX_HEAD]; /* a piece that must be seen as a whole */
	uint32_t have, body_length, body_left;
	uint8_t tag_type;
	uint32_t last_ms[2]; /* of pictures, of sound */
	uint64_t bytes, tags, pictures, keys;
	bool begun; /* the first picture came */
	bool slow, asked;
	int64_t picture_us; /* when the last one came */
	struct tess_rtmp_session rtmp;
};

struct run {
	int epoll;
	unsigned count, ready;
	struct player *players;
	uint64_t errors;
	bool rtmp;
	const char *name;
	unsigned slow;
	int64_t slow_us;    /* when the slow ones read last */
	int64_t longest_us; /* between two pictures of one */
	int32_t *delays_us;
	unsigned delay_count;
};

static volatile sig_atomic_t over;

static void on_signal(int number)
{
	(void)number;
	over = 1;
}

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
static const char *take_time(struct player *player, uint32_t time_ms)
{
	bool sound = player->tag_type == 8;

	if (time_ms < player->last_ms[sound])
		return sound ? "time of sound goes back" : "time of pictures goes back";
	if (time_ms + MAX_SKEW_MS < player->last_ms[!sound])
		return "sound and picture are far apart";
	player->last_ms[sound] = time_ms;
	return NULL;
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
	player->tags++;
	return h[0] == 18 ? NULL : take_time(player, time_ms);
}

static void note_delay(struct run *run, const struct player *player, const uint8_t *body)
{
	int64_t written_us;

	if (player->slow || run->ready < run->count || run->delay_count == MAX_DELAYS ||
	    memcmp(body + STAMP_AT, BENCH_STAMP, BENCH_STAMP_LENGTH) != 0)
		return;
	memcpy(&written_us, body + STAMP_AT + BENCH_STAMP_LENGTH, sizeof(written_us));
	run->delays_us[run->delay_count++] = (int32_t)(now_us() - written_us);
}

static void note_wait(struct run *run, struct player *player)
{
	int64_t at_us = now_us();

	if (player->begun && !player->slow && at_us - player->picture_us > run->longest_us)
		run->longest_us = at_us - player->picture_us;
	player->picture_us = at_us;
}

/** The begin of a tag's body: of @p length bytes, up to FIRST_MAX. @return NULL, or what is wrong
 */
static const char *take_first_bytes(struct run *run, struct player *player, const uint8_t *body,
				    size_t length)
{
	bool key = body[0] == 0x17;

	if (player->tag_type != 9 || body[1] != 1)
		return NULL;
	if (!player->pictures && !key)
		return "first picture is no key frame";
	player->pictures++;
	player->keys += key;
	note_wait(run, player);
	if (!player->begun) {
		player->begun = true;
		run->ready++;
	}
	if (!key && length >= FIRST_MAX)
		note_delay(run, player, body);
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
			n = player->body_length < FIRST_MAX ? player->body_length : FIRST_MAX;
			if (!collect(player, n, &at, &left))
				break;
			player->body_left -= n;
			wrong = take_first_bytes(run, player, player->small, n);
			player->state = player->body_left ? BODY : TRAILER;
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

/** All that a player has to say, at once. */
static void ask_to_play(struct run *run, struct player *player)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, "connect", 1);
	tess_amf0_begin_object(&command);
	tess_amf0_put_name(&command, "app");
	tess_amf0_put_string(&command, "live");
	tess_amf0_end_object(&command);
	tess_rtmp_put_command(&player->rtmp, 0, &command);
	tess_rtmp_begin_command(&command, "createStream", 2);
	tess_amf0_put_null(&command);
	tess_rtmp_put_command(&player->rtmp, 0, &command);
	tess_rtmp_begin_command(&command, "play", 3);
	tess_amf0_put_null(&command);
	tess_amf0_put_string(&command, run->name);
	tess_rtmp_put_command(&player->rtmp, TESS_RTMP_STREAM, &command);
	player->asked = true;
}

static bool flush(struct player *player)
{
	size_t length = player->rtmp.out.length;

	if (length &&
	    send(player->fd, player->rtmp.out.data, length, MSG_NOSIGNAL) != (ssize_t)length)
		return false;
	tess_rtmp_session_sent(&player->rtmp, length);
	return true;
}

static const char *take_message(struct run *run, struct player *player,
				const struct tess_rtmp_message *message)
{
	size_t length = message->length;
	const char *wrong;

	if (message->type != TESS_RTMP_VIDEO && message->type != TESS_RTMP_AUDIO)
		return NULL;
	player->tags++;
	player->tag_type = (uint8_t)message->type;
	wrong = take_time(player, message->time_ms);
	if (wrong)
		return wrong;
	return length < 2 ? "an empty message"
			  : take_first_bytes(run, player, message->data,
					     length < FIRST_MAX ? length : FIRST_MAX);
}

static const char *take_rtmp(struct run *run, struct player *player, const uint8_t *data,
			     size_t length)
{
	struct tess_cursor input = tess_cursor_of(data, length);
	struct tess_rtmp_message message;
	const char *wrong = NULL;
	int rc = 0;

	player->bytes += length;
	while (!wrong && (rc = tess_rtmp_session_next(&player->rtmp, &input, &message)) > 0)
		wrong = take_message(run, player, &message);
	if (!player->asked && tess_rtmp_session_is_open(&player->rtmp))
		ask_to_play(run, player);
	if (!flush(player))
		return "does not take what it is told";
	return rc < 0 ? strerror(-rc) : wrong;
}

static int player_open(struct run *run, struct player *player, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = player};
	int window = SLOW_WINDOW;
	char request[512];
	int length = snprintf(request, sizeof(request),
			      "GET /live/%s.flv HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", run->name,
			      port);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	player->state = HTTP_HEAD;
	player->slow = player < run->players + run->slow;
	player->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (player->slow)
		(void)setsockopt(player->fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
	if (player->fd < 0 || connect(player->fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	if (run->rtmp) {
		if (tess_rtmp_session_init(&player->rtmp, true, (uint64_t)player->fd))
			return -ENOMEM;
		if (!flush(player))
			return -errno;
	} else if (send(player->fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
		return -errno;
	}
	if (player->slow)
		return 0;
	return epoll_ctl(run->epoll, EPOLL_CTL_ADD, player->fd, &event) ? -errno : 0;
}

static void read_player(struct run *run, struct player *player, size_t most)
{
	static uint8_t buffer[256 << 10];
	ssize_t got = recv(player->fd, buffer, most < sizeof(buffer) ? most : sizeof(buffer),
			   MSG_DONTWAIT);
	const char *wrong;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	wrong = got <= 0    ? "connection ended"
		: run->rtmp ? take_rtmp(run, player, buffer, (size_t)got)
			    : take(run, player, buffer, (size_t)got);
	if (!wrong)
		return;
	fprintf(stderr, "player %td: %s after %lu bytes, %lu tags\n", player - run->players, wrong,
		(unsigned long)player->bytes, (unsigned long)player->tags);
	run->errors++;
	(void)close(player->fd);
	player->fd = -1;
}

static void serve(struct run *run, int timeout_ms)
{
	struct epoll_event events[256];
	int n = epoll_wait(run->epoll, events, 256, timeout_ms);

	for (int i = 0; i < n; i++)
		read_player(run, events[i].data.ptr, SIZE_MAX);
	if (now_us() - run->slow_us < SLOW_US)
		return;
	run->slow_us = now_us();
	for (unsigned i = 0; i < run->slow; i++)
		if (run->players[i].fd > 0)
			read_player(run, &run->players[i], SLOW_BYTES);
}

static int compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static double delay_ms(const struct run *run, double part)
{
	return run->delay_count ? run->delays_us[(unsigned)(run->delay_count * part)] / 1000.0 : -1;
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
	int64_t until_us, begin_us;
	double passed_s;
	uint64_t bytes, pictures = 0;
	int seconds;

	if (argc < 5 || argc > 7) {
		fprintf(stderr, "usage: %s PORT NAME PLAYERS SECONDS [flv|rtmp [SLOW]]\n", argv[0]);
		return 2;
	}
	(void)signal(SIGTERM, on_signal);
	run.name = argv[2];
	run.rtmp = argc > 5 && strcmp(argv[5], "rtmp") == 0;
	run.slow = argc > 6 ? (unsigned)atoi(argv[6]) : 0;
	run.delays_us = malloc(MAX_DELAYS * sizeof(*run.delays_us));
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	run.count = (unsigned)atoi(argv[3]);
	seconds = atoi(argv[4]);
	run.players = calloc(run.count, sizeof(*run.players));
	if (!run.players || !run.delays_us || run.slow > run.count)
		return 1;
	for (unsigned i = 0; i < run.count; i++) {
		int rc = player_open(&run, &run.players[i], (uint16_t)atoi(argv[1]));

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
	begin_us = now_us();
	run.longest_us = 0;
	while (!over && now_us() - begin_us < seconds * INT64_C(1000000))
		serve(&run, 100);
	passed_s = (double)(now_us() - begin_us) / 1e6;
	for (unsigned i = 0; i < run.count; i++)
		pictures += run.players[i].pictures;
	qsort(run.delays_us, run.delay_count, sizeof(*run.delays_us), compare);
	printf("players=%u errors=%lu kbps_per_player=%.0f pictures_per_player=%.1f "
	       "delay_p50_ms=%.1f delay_p95_ms=%.1f longest_wait_ms=%.0f\n",
	       run.count, (unsigned long)run.errors,
	       (double)(total_bytes(&run) - bytes) * 8 / 1000 / passed_s / run.count,
	       (double)pictures / run.count, delay_ms(&run, 0.5), delay_ms(&run, 0.95),
	       (double)run.longest_us / 1000);
	if (run.rtmp)
		for (unsigned i = 0; i < run.count; i++)
			tess_rtmp_session_fini(&run.players[i].rtmp);
	free(run.delays_us);
	free(run.players);
	return run.errors ? 1 : 0;
}
