/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_udp/tx.c - sending.
 *
 * Queued packets are grouped by socket, one sendmmsg each, order kept. Inside a group, a run of
 * datagrams of one size to one destination (only the last may be shorter) is one message that the
 * kernel or the NIC cuts up again (UDP_SEGMENT).
 */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "drivers/net_udp/internal.h"

/* UDP_MAX_SEGMENTS of the kernel, and what one IP packet can hold */
#define MAX_SEGMENTS  64
#define MAX_RUN_BYTES 65000

union segment_control {
	char bytes[CMSG_SPACE(sizeof(uint16_t))];
	struct cmsghdr align;
};

struct batch {
	struct mmsghdr messages[TESS_NET_BURST];
	struct iovec iovecs[TESS_NET_BURST];
	union tess_addr remotes[TESS_NET_BURST];
	union segment_control controls[TESS_NET_BURST];
	unsigned count;
};

/* The destination as the sockets' address family wants it. */
static socklen_t set_remote(const struct udp_net *udp, union tess_addr *to,
			    const union tess_addr *remote)
{
	*to = *remote;
	if (udp->local.sa.sa_family == AF_INET)
		return sizeof(to->in);
	if (remote->sa.sa_family == AF_INET) {
		memset(to, 0, sizeof(*to));
		to->in6.sin6_family = AF_INET6;
		to->in6.sin6_port = remote->in.sin_port;
		to->in6.sin6_addr.s6_addr[10] = to->in6.sin6_addr.s6_addr[11] = 0xff;
		memcpy(&to->in6.sin6_addr.s6_addr[12], &remote->in.sin_addr, 4);
	}
	return sizeof(to->in6);
}

static bool same_remote(const union tess_addr *a, const union tess_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

/* How many of @packets, from the first on, can go as one message. */
static unsigned run_length(struct tess_packet *const *packets, unsigned count)
{
	size_t bytes = packets[0]->length;
	unsigned run = 1;

	if (bytes == 0)
		return 1;
	while (run < count && run < MAX_SEGMENTS && packets[run]->length > 0 &&
	       packets[run]->length <= packets[0]->length &&
	       bytes + packets[run]->length <= MAX_RUN_BYTES &&
	       same_remote(&packets[run]->remote, &packets[0]->remote)) {
		bytes += packets[run]->length;
		if (packets[run++]->length < packets[0]->length)
			break;
	}
	return run;
}

static void add_message(const struct udp_net *udp, struct batch *batch,
			struct tess_packet *const *packets, unsigned run, struct iovec *iovecs)
{
	struct msghdr *header = &batch->messages[batch->count].msg_hdr;
	union segment_control *control = &batch->controls[batch->count];
	union tess_addr *to = &batch->remotes[batch->count];
	uint16_t segment = (uint16_t)packets[0]->length;

	for (unsigned i = 0; i < run; i++)
		iovecs[i] = (struct iovec){packets[i]->data, packets[i]->length};
	*header = (struct msghdr){
		.msg_name = to,
		.msg_namelen = set_remote(udp, to, &packets[0]->remote),
		.msg_iov = iovecs,
		.msg_iovlen = run,
	};
	if (run > 1) {
		memset(control, 0, sizeof(*control));
		header->msg_control = control;
		header->msg_controllen = sizeof(*control);
		control->align.cmsg_level = IPPROTO_UDP;
		control->align.cmsg_type = UDP_SEGMENT;
		control->align.cmsg_len = CMSG_LEN(sizeof(segment));
		memcpy(CMSG_DATA(&control->align), &segment, sizeof(segment));
	}
	batch->count++;
}

/* Send; what the kernel refuses is counted and skipped, so that one bad packet hurts no other. */
static void send_group(struct udp_net *udp, int fd, struct tess_packet *const *packets,
		       unsigned count)
{
	bool segmentation = udp->segmentation;
	unsigned next = 0;

	while (next < count) {
		struct batch batch;
		unsigned first = next, segments;
		int sent;

		batch.count = 0;
		for (unsigned i = next, run; i < count; i += run) {
			run = segmentation ? run_length(packets + i, count - i) : 1;
			add_message(udp, &batch, packets + i, run, &batch.iovecs[i]);
		}
		sent = sendmmsg(fd, batch.messages, batch.count, MSG_DONTWAIT | MSG_NOSIGNAL);
		for (int i = 0; i < sent; i++)
			next += (unsigned)batch.messages[i].msg_hdr.msg_iovlen;
		for (unsigned i = first; i < next; i++) {
			udp->stats.tx_packets++;
			udp->stats.tx_bytes += packets[i]->length;
		}
		if (sent > 0)
			continue;
		segments = (unsigned)batch.messages[0].msg_hdr.msg_iovlen;
		if (segments > 1 && (errno == EIO || errno == EINVAL || errno == EMSGSIZE)) {
			/* not over this route (path MTU), or the device cannot at all: one by one
			 */
			segmentation = false;
			udp->segmentation = udp->segmentation && errno != EIO;
			continue;
		}
		if (errno == EAGAIN || errno == ENOBUFS)
			segments = count - next; /* there is no room now, for none of them */
		udp->stats.tx_dropped += segments;
		next += segments;
	}
}

void udp_flush(struct tess_net *net)
{
	struct udp_net *udp = (struct udp_net *)net;
	struct tess_packet *group[TESS_NET_BURST];

	for (unsigned i = 0; i < udp->tx_queued; i++) {
		uint16_t port;
		unsigned count = 0;

		if (!udp->tx_queue[i])
			continue;
		port = udp->tx_queue[i]->local_port;
		for (unsigned j = i; j < udp->tx_queued; j++) {
			if (!udp->tx_queue[j] || udp->tx_queue[j]->local_port != port)
				continue;
			group[count++] = udp->tx_queue[j];
			udp->tx_queue[j] = NULL;
		}
		if (udp->flows[port])
			send_group(udp, udp->flows[port]->fd, group, count);
		else
			udp->stats.tx_dropped += count;
		for (unsigned j = 0; j < count; j++)
			tess_packet_release(group[j]);
	}
	udp->tx_queued = 0;
}

void udp_tx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	struct udp_net *udp = (struct udp_net *)net;

	for (unsigned i = 0; i < count; i++) {
		if (udp->tx_queued == TESS_NET_BURST)
			udp_flush(net);
		udp->tx_queue[udp->tx_queued++] = packets[i];
	}
}
