/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_pcap/net_pcap.c - replay of a capture on a virtual clock.
 *
 * The file is read one record ahead: `next` is the datagram to be delivered next, its bytes in
 * `record`.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/net_pcap/net_pcap.h"
#include "drivers/net_pcap/parse.h"
#include "drivers/packet_pool.h"

#define PORTS 65536

struct pcap_flow {
	bool wanted;
	void *tag;
};

struct pcap_net {
	struct tess_net net;
	struct tess_clock *clock;
	FILE *file;
	struct pcap_format format;
	bool begun, ended;
	int64_t offset_us; /* the clock minus the file's time */
	struct pcap_datagram next;
	int64_t next_us; /* when it is due on the clock */
	struct tess_packet_pool *pool;
	atomic_bool woken;
	struct tess_net_stats stats;
	struct pcap_flow flows[PORTS];
	uint8_t record[PCAP_MAX_RECORD];
};

static bool read_exactly(FILE *file, uint8_t *data, size_t length)
{
	return fread(data, 1, length, file) == length;
}

/* Read on to the next datagram. */
static void read_next(struct pcap_net *pcap)
{
	uint8_t header[PCAP_RECORD_HEADER];
	struct pcap_record record;

	do {
		if (!read_exactly(pcap->file, header, sizeof(header)) ||
		    pcap_parse_record(&record, &pcap->format, header) ||
		    !read_exactly(pcap->file, pcap->record, record.captured)) {
			pcap->ended = true;
			return;
		}
	} while (pcap_parse_datagram(&pcap->next, pcap->format.link_type, pcap->record,
				     record.captured));
	if (!pcap->begun) {
		pcap->begun = true;
		pcap->next_us = tess_clock_now_us(pcap->clock);
		pcap->offset_us = pcap->next_us - record.time_us;
	}
	/* captures of several queues step back a little now and then: deliver at once */
	if (record.time_us + pcap->offset_us > pcap->next_us)
		pcap->next_us = record.time_us + pcap->offset_us;
}

static void pcap_close(struct tess_net *net)
{
	struct pcap_net *pcap = (struct pcap_net *)net;

	if (!pcap)
		return;
	if (pcap->file)
		(void)fclose(pcap->file);
	tess_packet_pool_close(pcap->pool);
	free(pcap);
}

static int open_file(struct pcap_net *pcap, const char *path)
{
	uint8_t header[PCAP_FILE_HEADER];

	pcap->file = fopen(path, "rbe");
	if (!pcap->file)
		return -errno;
	if (!read_exactly(pcap->file, header, sizeof(header)))
		return ferror(pcap->file) ? -EIO : -EBADMSG;
	return pcap_parse_format(&pcap->format, header);
}

static int pcap_open(struct tess_net **netp, const struct tess_net_config *config)
{
	static const char scheme[] = "pcap:";
	struct pcap_net *pcap;
	int error;

	if (strncmp(config->spec, scheme, sizeof(scheme) - 1) != 0 || !config->clock->advance_to)
		return -EINVAL;
	pcap = calloc(1, sizeof(*pcap));
	if (!pcap)
		return -ENOMEM;
	pcap->net.driver = &tess_net_pcap;
	pcap->clock = config->clock;
	error = tess_packet_pool_open(&pcap->pool, config->packets);
	if (!error)
		error = open_file(pcap, config->spec + sizeof(scheme) - 1);
	if (error) {
		pcap_close(&pcap->net);
		return error;
	}
	read_next(pcap);
	*netp = &pcap->net;
	return 0;
}

static int pcap_flow_add(struct tess_net *net, uint16_t port, void *tag)
{
	struct pcap_flow *flow = &((struct pcap_net *)net)->flows[port];

	if (flow->wanted)
		return -EADDRINUSE;
	*flow = (struct pcap_flow){.wanted = true, .tag = tag};
	return 0;
}

static void pcap_flow_remove(struct tess_net *net, uint16_t port)
{
	((struct pcap_net *)net)->flows[port].wanted = false;
}

/* The packet of the datagram at hand, or NULL if nobody wants or can have it. */
static struct tess_packet *deliver(struct pcap_net *pcap)
{
	const struct pcap_datagram *next = &pcap->next;
	const struct pcap_flow *flow = &pcap->flows[next->destination_port];
	struct tess_packet *packet;

	if (!flow->wanted)
		return NULL;
	if (next->length > TESS_PACKET_SIZE || next->captured < next->length) {
		pcap->stats.rx_dropped_truncated++;
		return NULL;
	}
	packet = tess_packet_pool_alloc(pcap->pool);
	if (!packet) {
		pcap->stats.rx_dropped_pool_empty++;
		return NULL;
	}
	memcpy(packet->data, next->payload, next->length);
	packet->length = next->length;
	packet->arrival_us = pcap->next_us;
	packet->tag = flow->tag;
	packet->local_port = next->destination_port;
	packet->remote = next->source;
	pcap->stats.rx_packets++;
	pcap->stats.rx_bytes += packet->length;
	return packet;
}

static unsigned pcap_rx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	struct pcap_net *pcap = (struct pcap_net *)net;
	int64_t now_us = tess_clock_now_us(pcap->clock);
	unsigned got = 0;

	while (got < count && !pcap->ended && pcap->next_us <= now_us) {
		struct tess_packet *packet = deliver(pcap);

		if (packet)
			packets[got++] = packet;
		read_next(pcap);
	}
	return got;
}

static struct tess_packet *pcap_tx_alloc(struct tess_net *net)
{
	return tess_packet_pool_alloc(((struct pcap_net *)net)->pool);
}

static void pcap_tx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	struct pcap_net *pcap = (struct pcap_net *)net;

	for (unsigned i = 0; i < count; i++) {
		pcap->stats.tx_packets++;
		pcap->stats.tx_bytes += packets[i]->length;
		tess_packet_release(packets[i]);
	}
}

static void pcap_flush(struct tess_net *net)
{
	(void)net; /* nothing is ever queued */
}

static int pcap_wait(struct tess_net *net, int64_t until_us)
{
	struct pcap_net *pcap = (struct pcap_net *)net;

	if (atomic_exchange(&pcap->woken, false))
		return 0;
	if (pcap->ended) {
		/* "for ever" would leave the clock where no time can be added to it */
		if (until_us != INT64_MAX)
			pcap->clock->advance_to(pcap->clock, until_us);
		return -ENODATA;
	}
	pcap->clock->advance_to(pcap->clock, pcap->next_us < until_us ? pcap->next_us : until_us);
	return 0;
}

static void pcap_wake(struct tess_net *net)
{
	atomic_store(&((struct pcap_net *)net)->woken, true);
}

static void pcap_stats(const struct tess_net *net, struct tess_net_stats *stats)
{
	*stats = ((const struct pcap_net *)net)->stats;
}

const struct tess_net_driver tess_net_pcap = {
	.size = sizeof(struct tess_net_driver),
	.name = "pcap",
	.open = pcap_open,
	.close = pcap_close,
	.flow_add = pcap_flow_add,
	.flow_remove = pcap_flow_remove,
	.rx_burst = pcap_rx_burst,
	.tx_alloc = pcap_tx_alloc,
	.tx_burst = pcap_tx_burst,
	.flush = pcap_flush,
	.wait = pcap_wait,
	.wake = pcap_wake,
	.stats = pcap_stats,
};
