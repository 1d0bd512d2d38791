/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/packets/check.c - receives numbered RTP packets over any packet driver and counts.
 *
 *	tess-packet-check SPEC PORT PORTS STREAMS SECONDS [PACKETS]
 *
 * Opens SPEC with a pool of PACKETS (default 8192), adds flows PORT, PORT + 2, ... and says
 * "ready". Ends a second after the last packet, after SECONDS without any, or by SIGTERM, and then
 * prints one line of NAME=VALUE: received, lost (gaps), duplicates, late, damaged; stall_ms, the
 * longest between two looks for packets, which is the machine's doing; of the time in which packets
 * came: seconds, cpu_s (of this process), softirq_s (of the machine, by its ticks), packets_a_cpu_s
 * (received for each second of both); then what the driver says it dropped, by the names of struct
 * tess_net_stats. Before them latency_us, from sending to the look that found the packet, and
 * arrival_us, from sending to the arrival time that the driver gives: that of 95 % is not more, by
 * what this machine's sender has written into the packets. Exits with 3 if packets were lost,
 *doubled or damaged.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "drivers/net.h"
#include "tests/support/packets/numbered.h"

#define WAIT_US	      50000
#define QUIET_US      1000000
#define CHECKPOINT_US 100000
#define MAX_STREAMS   4096
#define POOL	      8192
#define WRONG	      3
#define DELAYS_US     20000

static volatile sig_atomic_t stop;

struct checkpoint {
	int64_t time_us;
	uint64_t packets;
	double cpu_s, softirq_s;
};

/* How often each delay was seen; longer ones are all the longest. */
struct delays {
	uint32_t by_us[DELAYS_US];
	uint64_t count;
};

struct account {
	struct delays latency, arrival;
	struct tess_numbered_stream streams[MAX_STREAMS];
	unsigned count;
	uint64_t packets, damaged;
	int64_t heard_us; /* when packets came last; 0: never */
	int64_t stall_us; /* the longest that it did not look, while packets came */
	struct checkpoint first, last;
};

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* proc(5), /proc/stat: user nice system idle iowait irq softirq, in ticks */
static double softirq_seconds(void)
{
	FILE *file = fopen("/proc/stat", "re");
	unsigned long long ticks = 0;

	if (!file)
		return 0;
	if (fscanf(file, "cpu %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		ticks = 0;
	(void)fclose(file);
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static void set_checkpoint(struct account *account, int64_t now_us)
{
	account->last = (struct checkpoint){
		.time_us = now_us,
		.packets = account->packets,
		.cpu_s = cpu_seconds(),
		.softirq_s = softirq_seconds(),
	};
	if (account->first.time_us == 0)
		account->first = account->last;
}

static void note(struct delays *delays, int64_t us)
{
	us = us < 0 ? 0 : us;
	delays->by_us[us < DELAYS_US ? us : DELAYS_US - 1]++;
	delays->count++;
}

static unsigned percentile_95(const struct delays *delays)
{
	uint64_t below = 0;
	unsigned us = 0;

	while (us < DELAYS_US - 1 && (below += delays->by_us[us]) * 100 < delays->count * 95)
		us++;
	return us;
}

static void note_delays(struct account *account, const struct tess_packet *packet, int64_t now_us)
{
	int64_t sent_ns;

	if (packet->length < TESS_NUMBERED_TIMED)
		return;
	memcpy(&sent_ns, packet->data + TESS_NUMBERED_TIME, sizeof(sent_ns));
	note(&account->latency, now_us - sent_ns / 1000);
	note(&account->arrival, packet->arrival_us - sent_ns / 1000);
}

static void count(struct account *account, struct tess_packet **packets, unsigned got,
		  uint16_t port, unsigned ports, int64_t now_us)
{
	for (unsigned i = 0; i < got; i++) {
		unsigned index = (unsigned)(packets[i]->local_port - port) / 2;

		/* the tag is the flow's place in its list */
		if (index >= ports || packets[i]->tag != (void *)(uintptr_t)(index + 1) ||
		    tess_numbered_count(account->streams, account->count, packets[i]->data,
					packets[i]->length))
			account->damaged++;
		else
			note_delays(account, packets[i], now_us);
		tess_packet_release(packets[i]);
	}
	account->packets += got;
}

static void run(struct account *account, struct tess_net *net, uint16_t port, unsigned ports,
		int64_t patience_us)
{
	const struct tess_clock *clock = tess_clock_system();
	int64_t begun_us = tess_clock_now_us(clock), now_us, looked_us = begun_us;

	while (!stop) {
		struct tess_packet *packets[TESS_NET_BURST];
		unsigned got = net->driver->rx_burst(net, packets, TESS_NET_BURST);

		now_us = tess_clock_now_us(clock);
		if (account->heard_us && got > 0 && now_us - looked_us > account->stall_us)
			account->stall_us = now_us - looked_us;
		looked_us = now_us;
		if (got > 0) {
			count(account, packets, got, port, ports, now_us);
			account->heard_us = now_us;
			if (now_us - account->last.time_us > CHECKPOINT_US)
				set_checkpoint(account, now_us);
			continue;
		}
		if (account->heard_us ? now_us - account->heard_us > QUIET_US
				      : now_us - begun_us > patience_us)
			return;
		(void)net->driver->wait(net, now_us + WAIT_US);
	}
}

/* Of what is between the first and the last checkpoint: the start and the silence do not count. */
static double packets_a_cpu_second(const struct account *account)
{
	double cpu_s = account->last.cpu_s - account->first.cpu_s + account->last.softirq_s -
		       account->first.softirq_s;

	return cpu_s > 0 ? (double)(account->last.packets - account->first.packets) / cpu_s : 0;
}

static int report(const struct account *account, const struct tess_net *net)
{
	uint64_t received = 0, lost = 0, duplicates = 0, late = 0;
	struct tess_net_stats stats;

	for (unsigned i = 0; i < account->count; i++) {
		received += account->streams[i].received;
		lost += tess_numbered_lost(&account->streams[i]);
		duplicates += account->streams[i].duplicates;
		late += account->streams[i].late;
	}
	net->driver->stats(net, &stats);
	printf("received=%" PRIu64 " lost=%" PRIu64 " duplicates=%" PRIu64 " late=%" PRIu64
	       " damaged=%" PRIu64
	       " stall_ms=%.1f latency_us=%u arrival_us=%u seconds=%.3f cpu_s=%.3f "
	       "softirq_s=%.3f packets_a_cpu_s=%.0f",
	       received, lost, duplicates, late, account->damaged, (double)account->stall_us / 1000,
	       percentile_95(&account->latency), percentile_95(&account->arrival),
	       (double)(account->last.time_us - account->first.time_us) / 1e6,
	       account->last.cpu_s - account->first.cpu_s,
	       account->last.softirq_s - account->first.softirq_s, packets_a_cpu_second(account));
#define X(name, when)   \
	if (stats.name) \
		printf(" " #name "=%" PRIu64, (uint64_t)stats.name);
	TESS_NET_DROPS(X)
#undef X
	printf("\n");
	return lost || duplicates || account->damaged ? WRONG : 0;
}

static struct tess_net *open_net(const char *spec, unsigned pool, uint16_t port, unsigned ports)
{
	const struct tess_net_driver *driver = tess_net_driver_find(spec);
	char reason[256] = "";
	const struct tess_net_config config = {
		.spec = spec,
		.packets = pool,
		.clock = tess_clock_system(),
		.port_min = port,
		.port_max = (uint16_t)(port + 2 * ports - 1),
		.reason = reason,
		.reason_size = sizeof(reason),
	};
	struct tess_net *net;
	int error;

	error = driver ? driver->open(&net, &config) : -EINVAL;
	if (error) {
		fprintf(stderr, "tess-packet-check: %s: %s: %s\n", spec, strerror(-error),
			driver ? reason : "no such driver");
		exit(1);
	}
	for (unsigned i = 0; i < ports; i++) {
		uint16_t flow = (uint16_t)(port + 2 * i);

		error = driver->flow_add(net, flow, (void *)(uintptr_t)(i + 1));
		if (error) {
			fprintf(stderr, "tess-packet-check: port %u: %s\n", flow, strerror(-error));
			exit(1);
		}
	}
	return net;
}

int main(int argc, char **argv)
{
	static struct account account;
	const struct sigaction action = {.sa_handler = on_signal};
	struct tess_net *net;
	unsigned ports;
	uint16_t port;
	int status;

	account.count = argc == 6 || argc == 7 ? (unsigned)atoi(argv[4]) : 0;
	if (account.count < 1 || account.count > MAX_STREAMS) {
		fprintf(stderr, "usage: tess-packet-check SPEC PORT PORTS STREAMS SECONDS "
				"[PACKETS]\n");
		return 1;
	}
	port = (uint16_t)atoi(argv[2]);
	ports = (unsigned)atoi(argv[3]);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	net = open_net(argv[1], argc == 7 ? (unsigned)atoi(argv[6]) : POOL, port, ports);
	printf("ready\n");
	(void)fflush(stdout);
	run(&account, net, port, ports, atoll(argv[5]) * 1000000);
	status = report(&account, net);
	net->driver->close(net);
	return status;
}
