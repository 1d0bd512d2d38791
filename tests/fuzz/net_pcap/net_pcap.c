/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fuzzes drivers/net_pcap: the input is a capture file, replayed to its end. The ports wanted are
 * those of the corpus.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "drivers/net_pcap/net_pcap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(struct tess_net *net, const struct tess_clock *clock)
{
	struct tess_packet *packets[TESS_NET_BURST];
	int64_t last_us = tess_clock_now_us(clock);
	unsigned sum = 0;
	int error;

	for (unsigned port = 5000; port < 5004; port++)
		if (net->driver->flow_add(net, (uint16_t)port, net))
			abort();
	do {
		unsigned got = net->driver->rx_burst(net, packets, TESS_NET_BURST);

		for (unsigned i = 0; i < got; i++) {
			if (packets[i]->arrival_us < last_us || packets[i]->tag != net ||
			    packets[i]->length > packets[i]->capacity)
				abort();
			last_us = packets[i]->arrival_us;
			for (unsigned j = 0; j < packets[i]->length; j++)
				sum += packets[i]->data[j];
			tess_packet_release(packets[i]);
		}
		error = net->driver->wait(net, INT64_MAX);
	} while (!error);
	if (sum == 0x12345678) /* keeps the reads */
		(void)puts("");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_clock_virtual clock;
	struct tess_net *net;
	char spec[64];
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	tess_clock_virtual_init(&clock, 1000, 0);
	(void)snprintf(spec, sizeof(spec), "pcap:/proc/self/fd/%d", fd);
	if (tess_net_pcap.open(&net, &(struct tess_net_config){.spec = spec,
							       .packets = 8,
							       .clock = &clock.clock}) == 0) {
		replay(net, &clock.clock);
		tess_net_pcap.close(net);
	}
	(void)close(fd);
	return 0;
}
