/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/net_dpdk.c - opening, flows and waiting.
 */
#include "drivers/net_dpdk/net_dpdk.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "drivers/net_dpdk/eal.h"
#include "drivers/net_dpdk/internal.h"

static void dpdk_close(struct tess_net *net)
{
	struct dpdk_net *dpdk = (struct dpdk_net *)net;

	if (!dpdk)
		return;
	if (dpdk->port.started)
		dpdk_flush(net);
	while (dpdk->backlog_first < dpdk->backlog_end)
		tess_packet_release(dpdk->backlog[dpdk->backlog_first++]);
	dpdk_control_close(dpdk->control);
	dpdk_port_close(&dpdk->port);
	if (dpdk->bell >= 0)
		(void)close(dpdk->bell);
	free(dpdk->flows);
	free(dpdk);
}

static int open_control(struct dpdk_net *dpdk, char *reason, size_t reason_size)
{
	const struct dpdk_control_config config = {
		.spec = &dpdk->spec,
		.clock = dpdk->clock,
		.port = dpdk->port.id,
		.pool = dpdk->port.tx_pool,
		.mac = dpdk->port.mac,
	};
	int error = dpdk_control_open(&dpdk->control, &config);

	if (error)
		(void)snprintf(reason, reason_size, "no control thread: %s",
			       strerrordesc_np(-error));
	return error;
}

static int open_all(struct dpdk_net *dpdk, const struct tess_net_config *config, char *reason,
		    size_t reason_size)
{
	int error = dpdk_spec_parse(&dpdk->spec, config->spec, reason, reason_size);

	if (error)
		return error;
	if (config->clock->advance_to || config->packets == 0)
		return -EINVAL; /* a NIC knows only real time */
	if (dpdk_spec_is_shared(&dpdk->spec) &&
	    (config->port_min == 0 || config->port_min > config->port_max)) {
		(void)snprintf(reason, reason_size,
			       "the range of media ports must be known to share %s",
			       dpdk->spec.iface);
		return -EINVAL;
	}
	dpdk->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dpdk->bell < 0)
		return -errno;
	/* pages of ports that no flow uses are never touched */
	dpdk->flows = calloc(DPDK_PORTS, sizeof(*dpdk->flows));
	if (!dpdk->flows)
		return -ENOMEM;
	error = dpdk_eal_start(&dpdk->spec, reason, reason_size);
	if (!error)
		error = dpdk_port_open(&dpdk->port, &dpdk->spec, config, reason, reason_size);
	if (error)
		return error;
	memcpy(dpdk->headers.mac, dpdk->port.mac, MAC_LENGTH);
	dpdk->headers.vlan = dpdk->spec.identity.vlan;
	dpdk->headers.offload = dpdk->port.checksums;
	return open_control(dpdk, reason, reason_size);
}

static int dpdk_open(struct tess_net **netp, const struct tess_net_config *config)
{
	struct dpdk_net *dpdk = calloc(1, sizeof(*dpdk));
	char unused[2];
	char *reason = config->reason ? config->reason : unused;
	int error;

	if (!dpdk)
		return -ENOMEM;
	reason[0] = '\0';
	dpdk->net.driver = &tess_net_dpdk;
	dpdk->bell = -1;
	dpdk->clock = config->clock;
	dpdk->port_min = config->port_min;
	dpdk->port_max = config->port_max;
	error = open_all(dpdk, config, reason,
			 config->reason ? config->reason_size : sizeof(unused));
	if (error) {
		dpdk_close(&dpdk->net);
		return error;
	}
	*netp = &dpdk->net;
	return 0;
}

static int dpdk_flow_add(struct tess_net *net, uint16_t port, void *tag)
{
	struct dpdk_net *dpdk = (struct dpdk_net *)net;
	struct dpdk_flow *flow = &dpdk->flows[port];

	if (port == 0 ||
	    (dpdk_spec_is_shared(&dpdk->spec) && (port < dpdk->port_min || port > dpdk->port_max)))
		return -EINVAL;
	if (flow->open)
		return -EADDRINUSE;
	*flow = (struct dpdk_flow){.open = true, .tag = tag};
	dpdk->flow_count++;
	return 0;
}

static void dpdk_flow_remove(struct tess_net *net, uint16_t port)
{
	struct dpdk_net *dpdk = (struct dpdk_net *)net;

	if (!dpdk->flows[port].open)
		return;
	dpdk->flows[port].open = false;
	dpdk->flow_count--;
}

static struct tess_packet *dpdk_tx_alloc(struct tess_net *net)
{
	return dpdk_pool_packet(((struct dpdk_net *)net)->port.tx_pool);
}

static void dpdk_stats(const struct tess_net *net, struct tess_net_stats *stats)
{
	/* what the kernel has counted is noted on the way */
	struct dpdk_net *dpdk = (struct dpdk_net *)net;
	struct rte_eth_stats port;

	*stats = dpdk->stats;
	stats->link_down = dpdk_control_link(dpdk->control) != DPDK_LINK_UP;
	if (rte_eth_stats_get(dpdk->port.id, &port))
		return;
	/* what DPDK counts of a shared port is in what the kernel counts */
	stats->rx_dropped_kernel += dpdk->port.sockets.count
					    ? dpdk_sockets_lost(&dpdk->port.sockets, 0)
					    : port.imissed + port.ierrors;
	stats->rx_dropped_pool_empty += port.rx_nombuf;
}

const struct tess_net_driver tess_net_dpdk = {
	.size = sizeof(struct tess_net_driver),
	.name = "dpdk",
	.open = dpdk_open,
	.close = dpdk_close,
	.flow_add = dpdk_flow_add,
	.flow_remove = dpdk_flow_remove,
	.rx_burst = dpdk_rx_burst,
	.tx_alloc = dpdk_tx_alloc,
	.tx_burst = dpdk_tx_burst,
	.flush = dpdk_flush,
	.wait = dpdk_wait,
	.gather = dpdk_gather,
	.wake = dpdk_wake,
	.stats = dpdk_stats,
};
