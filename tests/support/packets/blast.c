/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/packets/blast.c - sends numbered RTP packets at a steady rate.
 *
 *	tess-packet-blast ADDRESS PORT PACKETS_A_SECOND SECONDS STREAMS [PORTS [LENGTH [RUN [gso]]]]
 *
 * Stream s goes to port PORT + 2 * (s % PORTS). RUN packets of one stream follow one another, as
 * those of a picture do; with "gso" they are handed to the kernel as one. Packets a second 0: as
 * many as go. Time that the sender was not given the CPU is not made up for by a burst: all
 * PACKETS_A_SECOND * SECONDS are sent, only later. Ends with "sent=N seconds=S cpu_s=S", the last
 *of this process.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/packets/numbered.h"

#define MESSAGES      64
#define MAX_RUN	      64
#define MAX_STREAMS   4096
#define MAX_LENGTH    1472
#define MAX_BYTES     65000 /* of a run sent as one */
#define BUFFER_BYTES  (4 << 20)
#define STEP_NS	      100000
#define MAX_BEHIND_NS 5000000

struct plan {
	struct sockaddr_in to;
	double rate, seconds;
	unsigned streams, ports, length, run;
	bool gso;
};

struct burst {
	struct mmsghdr messages[MESSAGES];
	struct iovec iovecs[MESSAGES];
	struct sockaddr_in to[MESSAGES];
	uint8_t data[MESSAGES][MAX_BYTES];
};

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "tess-packet-blast: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int open_socket(const struct plan *plan)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = BUFFER_BYTES;
	int segment = (int)plan->length;

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)))
		die("SO_SNDBUF");
	if (plan->gso && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)))
		die("UDP_SEGMENT");
	return fd;
}

/* One message: a packet, or with gso a run of them. */
static void fill(const struct plan *plan, struct burst *burst, unsigned i, unsigned stream,
		 uint64_t number, unsigned packets)
{
	int64_t time_ns = now_ns();

	for (unsigned k = 0; k < packets; k++) {
		uint8_t *data = burst->data[i] + k * plan->length;

		if (plan->length >= TESS_NUMBERED_TIMED)
			memcpy(data + TESS_NUMBERED_TIME, &time_ns, sizeof(time_ns));
		tess_numbered_write(data, plan->length, stream, number + k);
	}
	burst->to[i] = plan->to;
	burst->to[i].sin_port =
		htons((uint16_t)(ntohs(plan->to.sin_port) + 2 * (stream % plan->ports)));
	burst->iovecs[i] = (struct iovec){burst->data[i], (size_t)packets * plan->length};
	burst->messages[i].msg_hdr = (struct msghdr){
		.msg_name = &burst->to[i],
		.msg_namelen = sizeof(burst->to[i]),
		.msg_iov = &burst->iovecs[i],
		.msg_iovlen = 1,
	};
}

/* All of it goes: when the kernel has no room, wait until it has. */
static void send_all(int fd, struct burst *burst, unsigned count)
{
	for (unsigned sent = 0; sent < count;) {
		int n = sendmmsg(fd, burst->messages + sent, count - sent, 0);

		if (n > 0)
			sent += (unsigned)n;
		else if (errno == ENOBUFS)
			(void)usleep(100);
		else if (errno != EINTR && errno != ECONNREFUSED)
			die("sendmmsg");
	}
}

static uint64_t blast(const struct plan *plan, int fd, struct burst *burst)
{
	static uint64_t numbers[MAX_STREAMS];
	const uint64_t total = plan->rate > 0 ? (uint64_t)(plan->rate * plan->seconds) : UINT64_MAX;
	const unsigned packets = plan->gso ? plan->run : 1; /* a message */
	int64_t begun = now_ns(), end = begun + (int64_t)(plan->seconds * 1e9);
	uint64_t sent = 0;

	while (sent < total && (plan->rate > 0 || now_ns() < end)) {
		unsigned count = MESSAGES;

		if (plan->rate > 0) {
			double due = (double)(now_ns() - begun) * plan->rate / 1e9 - (double)sent;
			double behind = (due - MESSAGES * packets) * 1e9 / plan->rate;

			if (due < packets) {
				(void)nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
				continue;
			}
			if (behind > MAX_BEHIND_NS)
				begun += (int64_t)behind;
			if (due > (double)(total - sent))
				due = (double)(total - sent);
			if (due < MESSAGES * packets)
				count = (unsigned)due / packets;
		}
		for (unsigned i = 0; i < count; i++) {
			unsigned stream = (unsigned)(sent / plan->run % plan->streams);

			fill(plan, burst, i, stream, numbers[stream], packets);
			numbers[stream] += packets;
			sent += packets;
		}
		send_all(fd, burst, count);
	}
	return sent;
}

int main(int argc, char **argv)
{
	static struct burst burst;
	struct plan plan = {.to.sin_family = AF_INET, .ports = 1, .length = 1200, .run = 1};
	struct timespec cpu;
	int64_t begun;
	uint64_t sent;

	errno = EINVAL;
	if (argc < 6 || argc > 10 || inet_pton(AF_INET, argv[1], &plan.to.sin_addr) != 1)
		die("ADDRESS PORT PACKETS_A_SECOND SECONDS STREAMS [PORTS [LENGTH [RUN [gso]]]]");
	plan.to.sin_port = htons((uint16_t)atoi(argv[2]));
	plan.rate = atof(argv[3]);
	plan.seconds = atof(argv[4]);
	plan.streams = (unsigned)atoi(argv[5]);
	if (argc > 6)
		plan.ports = (unsigned)atoi(argv[6]);
	if (argc > 7)
		plan.length = (unsigned)atoi(argv[7]);
	if (argc > 8)
		plan.run = (unsigned)atoi(argv[8]);
	plan.gso = argc > 9 && strcmp(argv[9], "gso") == 0;
	if (plan.streams < 1 || plan.streams > MAX_STREAMS || plan.ports < 1 ||
	    plan.length < TESS_NUMBERED_MIN || plan.length > MAX_LENGTH || plan.run < 1 ||
	    plan.run > MAX_RUN || plan.run * plan.length > MAX_BYTES || plan.rate < 0 ||
	    plan.seconds <= 0)
		die("a number");
	begun = now_ns();
	sent = blast(&plan, open_socket(&plan), &burst);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	printf("sent=%llu seconds=%.3f cpu_s=%.3f\n", (unsigned long long)sent,
	       (double)(now_ns() - begun) / 1e9, (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
	return 0;
}
