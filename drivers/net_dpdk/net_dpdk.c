/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/net_dpdk.c - opening, flows and waiting.
 */
#include "drivers/net_dpdk/net_dpdk.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/net_dpdk/internal.h"

static void dpdk_close(struct tess_net *net)
{
	struct dpdk_net *dpdk = (struct dpdk_net *)net;

	if (!dpdk)
		return;
	if (dpdk->hub)
		dpdk_flush(net);
	while (dpdk->backlog_first < dpdk->backlog_end)
		tess_packet_release(dpdk->backlog[dpdk->backlog_first++]);
	dpdk_hub_close(dpdk->hub, dpdk->worker);
	free(dpdk->allowances);
	free(dpdk);
}

static int open_all(struct dpdk_net *dpdk, const struct tess_net_config *config, char *reason,
		    size_t reason_size)
{
	struct dpdk_spec spec;
	int error = dpdk_spec_parse(&spec, config->spec, reason, reason_size);

	if (error)
		return error;
	if (config->clock->advance_to || config->packets == 0)
		return -EINVAL; /* a NIC knows only real time */
	if (dpdk_spec_is_shared(&spec) &&
	    (config->port_min == 0 || config->port_min > config->port_max)) {
		(void)snprintf(reason, reason_size,
			       "the range of media ports must be known to share %s", spec.iface);
		return -EINVAL;
	}
	/* pages of ports that no flow uses are never touched */
	dpdk->allowances = calloc(DPDK_PORTS, sizeof(*dpdk->allowances));
	if (!dpdk->allowances)
		return -ENOMEM;
	error = dpdk_hub_open(&dpdk->hub, &spec, config, reason, reason_size);
	if (error)
		return error;
	memcpy(dpdk->headers.mac, dpdk->hub->port.mac, MAC_LENGTH);
	dpdk->headers.vlan = spec.identity.vlan;
	dpdk->headers.offload = dpdk->hub->port.checksums;
	return 0;
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
	dpdk->clock = config->clock;
	dpdk->worker = dpdk->next_queue = config->worker;
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
	struct dpdk_hub *hub = dpdk->hub;
	struct dpdk_flow *flow = &hub->flows[port];
	uint32_t nobody = 0;

	if (port == 0 ||
	    (dpdk_spec_is_shared(&hub->spec) && (port < hub->port_min || port > hub->port_max)))
		return -EINVAL;
	if (!atomic_compare_exchange_strong(&flow->owner, &nobody, DPDK_CLAIMED))
		return -EADDRINUSE;
	atomic_store(&flow->tag, tag);
	atomic_store(&flow->source, 0);
	atomic_store(&flow->owner, dpdk->worker + 1);
	atomic_fetch_add(&hub->flow_count, 1);
	return 0;
}

static bool is_own(const struct dpdk_net *dpdk, uint16_t port)
{
	return atomic_load(&dpdk->hub->flows[port].owner) == dpdk->worker + 1;
}

static void dpdk_flow_remove(struct tess_net *net, uint16_t port)
{
	struct dpdk_net *dpdk = (struct dpdk_net *)net;

	if (!is_own(dpdk, port))
		return;
	atomic_store(&dpdk->hub->flows[port].owner, 0);
	atomic_fetch_sub(&dpdk->hub->flow_count, 1);
}

static void dpdk_flow_source(struct tess_net *net, uint16_t port, uint32_t ssrc)
{
	struct dpdk_net *dpdk = (struct dpdk_net *)net;

	if (is_own(dpdk, port))
		atomic_store(&dpdk->hub->flows[port].source, DPDK_KNOWN | ssrc);
}

/* What is counted of the port as a whole is the first worker's. */
static void dpdk_stats(const struct tess_net *net, struct tess_net_stats *stats)
{
	const struct dpdk_net *dpdk = (const struct dpdk_net *)net;
	struct dpdk_hub *hub = dpdk->hub;
	struct rte_eth_stats port;

	*stats = dpdk->stats;
	stats->link_down = dpdk_control_link(hub->control) != DPDK_LINK_UP;
	for (unsigned i = dpdk->worker; i < hub->port.sockets.count; i += hub->worker_count)
		stats->rx_dropped_kernel += dpdk_sockets_lost(&hub->port.sockets, i);
	if (dpdk->worker != 0 || rte_eth_stats_get(hub->port.id, &port))
		return;
	/* of a port with sockets it is among what the kernel counts */
	if (hub->port.sockets.count == 0)
		stats->rx_dropped_kernel += port.imissed + port.ierrors;
	stats->rx_dropped_pool_empty += port.rx_nombuf;
}

const struct tess_net_driver tess_net_dpdk = {
	.size = sizeof(struct tess_net_driver),
	.name = "dpdk",
	.open = dpdk_open,
	.close = dpdk_close,
	.flow_add = dpdk_flow_add,
	.flow_remove = dpdk_flow_remove,
	.flow_source = dpdk_flow_source,
	.rx_burst = dpdk_rx_burst,
	.tx_alloc = dpdk_tx_alloc,
	.tx_share = dpdk_tx_share,
	.tx_burst = dpdk_tx_burst,
	.flush = dpdk_flush,
	.wait = dpdk_wait,
	.gather = dpdk_gather,
	.wake = dpdk_wake,
	.stats = dpdk_stats,
};
