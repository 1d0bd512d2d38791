/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/port.h - an Ethernet port of DPDK and its queues.
 */
#ifndef TESS_DRIVERS_NET_DPDK_PORT_H
#define TESS_DRIVERS_NET_DPDK_PORT_H

#include "drivers/net_dpdk/headers.h"
#include "drivers/net_dpdk/pool.h"
#include "drivers/net_dpdk/sockets.h"
#include "drivers/net_dpdk/spec.h"
#include "drivers/net_dpdk/xdp.h"

struct dpdk_filter;

struct dpdk_port {
	uint16_t id;
	bool attached, started;
	uint8_t mac[MAC_LENGTH];
	uint16_t mtu;
	bool checksums; /* it makes those of IPv4 and UDP */
	bool gathers;	/* it sends chains of mbufs */
	unsigned rx_queues, tx_queues;
	struct dpdk_pool *rx_pool;
	struct dpdk_pool *tx_pool; /* own, so that a flood coming in cannot silence the box */
	struct dpdk_sockets sockets;
	struct dpdk_xdp xdp;
	struct dpdk_filter *filter;
};

/**
 * Attach the device and start it, with a queue each way for each worker as far as it has them, and
 * in the receive pool room for config->packets for each worker beside what the port needs itself. A
 * port that is shared with the kernel has all its queues open: what comes on another is lost.
 * @retval 0, or -errno with one line in @p reason
 */
int dpdk_port_open(struct dpdk_port *port, const struct dpdk_spec *spec,
		   const struct tess_net_config *config, char *reason,
		   size_t reason_size) TESS_MUST_CHECK;
/** Stop and detach; does no harm after a failed open. */
void dpdk_port_close(struct dpdk_port *port);

#endif
