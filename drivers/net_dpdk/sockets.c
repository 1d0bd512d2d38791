/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/sockets.c - see sockets.h.
 */
#include "drivers/net_dpdk/sockets.h"

#include <dirent.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The descriptors of one kind, in the order in which they were opened: upwards. */
static unsigned list(enum dpdk_kind kind, int fds[DPDK_MAX_QUEUES])
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	unsigned count = 0;

	while (folder && count < DPDK_MAX_QUEUES && (entry = readdir(folder))) {
		int fd = atoi(entry->d_name), domain = 0;
		socklen_t length = sizeof(domain);

		if (entry->d_name[0] != '.' &&
		    !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) &&
		    domain == (kind == DPDK_XDP ? AF_XDP : AF_PACKET))
			fds[count++] = fd;
	}
	if (folder)
		(void)closedir(folder);
	qsort(fds, count, sizeof(fds[0]), compare);
	return count;
}

void dpdk_sockets_prepare(struct dpdk_sockets *sockets, enum dpdk_kind kind)
{
	memset(sockets, 0, sizeof(*sockets));
	sockets->kind = kind;
	if (kind == DPDK_XDP || kind == DPDK_AFP)
		sockets->before_count = list(kind, sockets->before);
}

void dpdk_sockets_find(struct dpdk_sockets *sockets)
{
	int fds[DPDK_MAX_QUEUES];
	unsigned count;

	if (sockets->kind != DPDK_XDP && sockets->kind != DPDK_AFP)
		return;
	count = list(sockets->kind, fds);
	for (unsigned i = 0; i < count; i++) {
		if (!bsearch(&fds[i], sockets->before, sockets->before_count, sizeof(fds[0]),
			     compare))
			sockets->fds[sockets->count++] = fds[i];
	}
}

int dpdk_sockets_fd(const struct dpdk_sockets *sockets, unsigned queue)
{
	return queue < sockets->count ? sockets->fds[queue] : -1;
}

uint64_t dpdk_sockets_lost(struct dpdk_sockets *sockets, unsigned queue)
{
	int fd = dpdk_sockets_fd(sockets, queue);
	struct xdp_statistics xdp = {0};
	struct tpacket_stats packet = {0};
	socklen_t length;

	if (fd < 0)
		return 0;
	if (sockets->kind == DPDK_XDP) {
		length = sizeof(xdp);
		if (!getsockopt(fd, SOL_XDP, XDP_STATISTICS, &xdp, &length))
			sockets->lost[queue] = xdp.rx_dropped + xdp.rx_ring_full;
	} else {
		length = sizeof(packet);
		if (!getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &packet, &length))
			sockets->lost[queue] += packet.tp_drops;
	}
	return sockets->lost[queue];
}
