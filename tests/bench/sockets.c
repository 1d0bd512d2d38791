/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/bench/sockets.c - what receiving on UDP sockets costs, with and without UDP_GRO.
 *
 *	bench-sockets plain|gro PORT PORTS
 *
 * Receives on PORT, PORT + 2, ... as drivers/net_udp does: epoll, recvmmsg into packets of 2 KiB,
 * with arrival times and drop counts. With UDP_GRO a message may be a whole run of datagrams; they
 * are copied into packets one by one, since a packet is to outlive the message. Says "ready", ends
 *a second after the last packet with "packets=N messages=N drops=N cpu_s=S softirq_s=S
 * packets_a_cpu_s=N".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGES      64
#define RUN_BYTES     65536
#define PACKETS	      8192
#define PACKET_BYTES  2048
#define MAX_PORTS     64
#define BUFFER_BYTES  (1 << 20)
#define PATIENCE_MS   10000
#define QUIET_MS      1000
#define CHECKPOINT_NS 100000000

struct receiver {
	struct mmsghdr messages[MESSAGES];
	struct iovec iovecs[MESSAGES];
	struct sockaddr_in remotes[MESSAGES];
	char controls[MESSAGES]
		     [CMSG_SPACE(sizeof(struct timespec)) + 2 * CMSG_SPACE(sizeof(uint32_t))];
	uint8_t *packets; /* PACKETS of them, used in turn */
	uint8_t *runs;	  /* with GRO: MESSAGES of them */
	unsigned next;
	uint64_t count, message_count, drops;
};

struct checkpoint {
	int64_t time_ns;
	uint64_t packets;
	double cpu_s, softirq_s;
};

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "bench-sockets: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double softirq_seconds(void)
{
	FILE *file = fopen("/proc/stat", "re");
	unsigned long long ticks = 0;

	if (!file || fscanf(file, "cpu %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		die("/proc/stat");
	(void)fclose(file);
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static struct checkpoint checkpoint(const struct receiver *receiver, int64_t time_ns)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (struct checkpoint){
		.time_ns = time_ns,
		.packets = receiver->count,
		.cpu_s = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
			 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
		.softirq_s = softirq_seconds(),
	};
}

static int open_socket(unsigned port, bool gro)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, bytes = BUFFER_BYTES;

	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    (gro && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on))))
		die("socket");
	return fd;
}

static uint8_t *next_packet(struct receiver *receiver)
{
	return receiver->packets + (size_t)(receiver->next++ % PACKETS) * PACKET_BYTES;
}

static void take(struct receiver *receiver, unsigned i, bool gro)
{
	struct msghdr *header = &receiver->messages[i].msg_hdr;
	size_t length = receiver->messages[i].msg_len, segment = length;

	receiver->message_count++;
	for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control;
	     control = CMSG_NXTHDR(header, control)) {
		if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
			int value;

			memcpy(&value, CMSG_DATA(control), sizeof(value));
			segment = (size_t)value;
		} else if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
			uint32_t drops;

			memcpy(&drops, CMSG_DATA(control), sizeof(drops));
			receiver->drops = drops;
		}
	}
	if (!gro) {
		receiver->count++;
		return;
	}
	for (size_t at = 0; at < length; at += segment) {
		size_t bytes = length - at < segment ? length - at : segment;

		if (bytes <= PACKET_BYTES)
			memcpy(next_packet(receiver), receiver->runs + (size_t)i * RUN_BYTES + at,
			       bytes);
		receiver->count++;
	}
}

static void receive(struct receiver *receiver, int fd, bool gro)
{
	int got = MESSAGES;

	while (got == MESSAGES) {
		/* only those used are filled again */
		got = recvmmsg(fd, receiver->messages, MESSAGES, MSG_DONTWAIT, NULL);
		for (int i = 0; i < got; i++) {
			struct msghdr *header = &receiver->messages[i].msg_hdr;

			take(receiver, (unsigned)i, gro);
			if (!gro)
				receiver->iovecs[i].iov_base = next_packet(receiver);
			header->msg_namelen = sizeof(receiver->remotes[i]);
			header->msg_controllen = sizeof(receiver->controls[i]);
		}
	}
}

static void open_receiver(struct receiver *receiver, bool gro)
{
	receiver->packets = calloc(PACKETS, PACKET_BYTES);
	receiver->runs = calloc(MESSAGES, RUN_BYTES);
	if (!receiver->packets || !receiver->runs)
		die("memory");
	for (unsigned i = 0; i < MESSAGES; i++) {
		receiver->iovecs[i] =
			gro ? (struct iovec){receiver->runs + (size_t)i * RUN_BYTES, RUN_BYTES}
			    : (struct iovec){next_packet(receiver), PACKET_BYTES};
		receiver->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &receiver->remotes[i],
			.msg_namelen = sizeof(receiver->remotes[i]),
			.msg_iov = &receiver->iovecs[i],
			.msg_iovlen = 1,
			.msg_control = receiver->controls[i],
			.msg_controllen = sizeof(receiver->controls[i]),
		};
	}
}

int main(int argc, char **argv)
{
	static struct receiver receiver;
	struct checkpoint first = {0}, last = {0};
	struct epoll_event events[MAX_PORTS];
	bool gro = argc > 1 && strcmp(argv[1], "gro") == 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC), ports = argc == 4 ? atoi(argv[3]) : 0, ready;
	double cpu_s, softirq_s;

	errno = EINVAL;
	if (ports < 1 || ports > MAX_PORTS)
		die("plain|gro PORT PORTS");
	open_receiver(&receiver, gro);
	for (int i = 0; i < ports; i++) {
		struct epoll_event event = {
			.events = EPOLLIN,
			.data.fd = open_socket((unsigned)(atoi(argv[2]) + 2 * i), gro),
		};

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event))
			die("epoll");
	}
	printf("ready\n");
	(void)fflush(stdout);
	while ((ready = epoll_wait(epoll, events, MAX_PORTS,
				   receiver.count ? QUIET_MS : PATIENCE_MS)) > 0) {
		int64_t time_ns = now_ns();

		for (int i = 0; i < ready; i++)
			receive(&receiver, events[i].data.fd, gro);
		if (time_ns - last.time_ns > CHECKPOINT_NS)
			last = checkpoint(&receiver, time_ns);
		if (first.time_ns == 0)
			first = last;
	}
	cpu_s = last.cpu_s - first.cpu_s;
	softirq_s = last.softirq_s - first.softirq_s;
	printf("packets=%llu messages=%llu drops=%llu cpu_s=%.3f softirq_s=%.3f "
	       "packets_a_cpu_s=%.0f\n",
	       (unsigned long long)receiver.count, (unsigned long long)receiver.message_count,
	       (unsigned long long)receiver.drops, cpu_s, softirq_s,
	       cpu_s + softirq_s > 0 ? (double)(last.packets - first.packets) / (cpu_s + softirq_s)
				     : 0);
	return 0;
}
