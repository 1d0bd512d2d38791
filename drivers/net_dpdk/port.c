/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/port.c - see port.h.
 */
#include "drivers/net_dpdk/port.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>

#include "drivers/net_dpdk/eal.h"
#include "drivers/net_dpdk/filter.h"

#define TX_DESCRIPTORS 512
/* Packets being filled, queued for the next flush, or with the control thread. */
#define TX_PACKETS 1024
/* AF_XDP keeps mbufs in three rings: for packets to come, packets that have come, and sending. */
#define XDP_RINGS 3

static int say(char *reason, size_t reason_size, const struct dpdk_spec *spec, const char *what,
	       int error)
{
	char said[160];

	dpdk_eal_said(said, sizeof(said));
	(void)snprintf(reason, reason_size, "%s %s: %s%s%s", what, spec->name,
		       strerrordesc_np(-error), said[0] ? "; " : "", said);
	return error;
}

static bool find_port(const char *name, uint16_t *id)
{
	struct rte_eth_dev_info info;
	uint16_t i;

	RTE_ETH_FOREACH_DEV(i)
	{
		if (rte_eth_dev_info_get(i, &info) || !info.device ||
		    strcmp(rte_dev_name(info.device), name) != 0)
			continue;
		*id = i;
		return true;
	}
	return false;
}

static int attach(struct dpdk_port *port, const struct dpdk_spec *spec,
		  const struct tess_net_config *config, char *reason, size_t reason_size)
{
	char device[sizeof(spec->device) + 48], path[32];
	int error;

	if (spec->kind != DPDK_PCI && find_port(spec->name, &port->id)) {
		(void)snprintf(reason, reason_size, "%s is in use already", spec->name);
		return -EBUSY;
	}
	(void)snprintf(device, sizeof(device), "%s", spec->device);
	if (spec->kind == DPDK_XDP) {
		error = dpdk_xdp_prepare(&port->xdp, spec->iface, config->port_min,
					 config->port_max, path, sizeof(path), reason, reason_size);
		if (error)
			return error;
		(void)snprintf(device, sizeof(device), "%s,xdp_prog=%s", spec->device, path);
	}
	dpdk_sockets_prepare(&port->sockets, spec->kind);
	dpdk_eal_listen();
	error = rte_dev_probe(device);
	if (error && error != -EEXIST)
		return say(reason, reason_size, spec, "DPDK cannot attach", error);
	if (!find_port(spec->name, &port->id))
		return say(reason, reason_size, spec, "DPDK has no network port", -ENODEV);
	port->attached = true;
	dpdk_eal_said(device, sizeof(device));
	return 0;
}

static unsigned workers_of(const struct tess_net_config *config)
{
	return config->workers ? config->workers : 1;
}

static int open_pools(struct dpdk_port *port, const struct dpdk_spec *spec,
		      const struct tess_net_config *config, unsigned rx, unsigned tx, char *reason,
		      size_t reason_size)
{
	unsigned workers = workers_of(config), packets = config->packets * workers;
	unsigned own = port->rx_queues * (spec->kind == DPDK_XDP ? XDP_RINGS * rx : rx);
	int node = rte_eth_dev_socket_id(port->id);
	int error = dpdk_pool_open(&port->rx_pool, packets + own + TESS_NET_BURST * workers, node,
				   spec->kind == DPDK_PCI);

	if (!error)
		error = dpdk_pool_open(&port->tx_pool, TX_PACKETS * workers + tx * port->tx_queues,
				       node, spec->kind == DPDK_PCI);
	if (error)
		(void)snprintf(reason, reason_size, "DPDK has no memory for %u packets: %s",
			       packets + own, strerrordesc_np(-error));
	return error;
}

static unsigned queues(unsigned most, const struct dpdk_spec *spec, unsigned workers)
{
	unsigned count = dpdk_spec_is_shared(spec) || most < workers ? most : workers;

	return count < DPDK_MAX_QUEUES ? count : DPDK_MAX_QUEUES;
}

/* What the port can do of checksums and chains, and how many queues and descriptors it has. */
static int configure(struct dpdk_port *port, const struct dpdk_spec *spec, unsigned workers,
		     uint16_t *rx, uint16_t *tx)
{
	static const uint64_t rx_wanted =
		RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	static const uint64_t tx_wanted =
		RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	struct rte_eth_conf conf;
	struct rte_eth_dev_info info;
	int error = rte_eth_dev_info_get(port->id, &info);

	if (error)
		return error;
	memset(&conf, 0, sizeof(conf));
	conf.rxmode.offloads = info.rx_offload_capa & rx_wanted;
	port->checksums = (info.tx_offload_capa & tx_wanted) == tx_wanted;
	port->gathers = (info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
	conf.txmode.offloads = (port->checksums ? tx_wanted : 0) |
			       (port->gathers ? RTE_ETH_TX_OFFLOAD_MULTI_SEGS : 0);
	port->rx_queues = queues(info.max_rx_queues, spec, workers);
	port->tx_queues = queues(info.max_tx_queues, spec, workers);
	if (port->rx_queues > 1 && info.flow_type_rss_offloads) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
			info.flow_type_rss_offloads &
			(RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP);
	}
	error = rte_eth_dev_configure(port->id, (uint16_t)port->rx_queues,
				      (uint16_t)port->tx_queues, &conf);
	return error ? error : rte_eth_dev_adjust_nb_rx_tx_desc(port->id, rx, tx);
}

static int set_up_queues(struct dpdk_port *port, uint16_t rx, uint16_t tx)
{
	unsigned node = (unsigned)rte_eth_dev_socket_id(port->id);
	int error = 0;

	for (unsigned i = 0; i < port->rx_queues && !error; i++)
		error = rte_eth_rx_queue_setup(port->id, (uint16_t)i, rx, node, NULL,
					       dpdk_pool_mempool(port->rx_pool));
	for (unsigned i = 0; i < port->tx_queues && !error; i++)
		error = rte_eth_tx_queue_setup(port->id, (uint16_t)i, tx, node, NULL);
	return error;
}

static int start(struct dpdk_port *port, const struct dpdk_spec *spec,
		 const struct tess_net_config *config, char *reason, size_t reason_size)
{
	uint16_t rx = (uint16_t)spec->ring, tx = TX_DESCRIPTORS;
	struct rte_ether_addr mac;
	int error;

	dpdk_eal_listen();
	error = configure(port, spec, workers_of(config), &rx, &tx);
	if (error)
		return say(reason, reason_size, spec, "DPDK cannot configure", error);
	error = open_pools(port, spec, config, rx, tx, reason, reason_size);
	if (error) {
		char said[2];

		dpdk_eal_said(said, sizeof(said));
		return error;
	}
	error = set_up_queues(port, rx, tx);
	if (!error)
		error = rte_eth_dev_start(port->id);
	port->started = !error;
	if (!error)
		error = rte_eth_macaddr_get(port->id, &mac);
	if (error)
		return say(reason, reason_size, spec, "DPDK cannot start", error);
	dpdk_sockets_find(&port->sockets);
	/* neighbour solicitations come to groups; not every driver filters */
	if (!dpdk_spec_is_shared(spec))
		(void)rte_eth_allmulticast_enable(port->id);
	if (rte_eth_dev_get_mtu(port->id, &port->mtu))
		port->mtu = RTE_ETHER_MTU;
	memcpy(port->mac, mac.addr_bytes, MAC_LENGTH);
	(void)say(reason, reason_size, spec, "", 0);
	reason[0] = '\0';
	return 0;
}

int dpdk_port_open(struct dpdk_port *port, const struct dpdk_spec *spec,
		   const struct tess_net_config *config, char *reason, size_t reason_size)
{
	int error;

	memset(port, 0, sizeof(*port));
	error = attach(port, spec, config, reason, reason_size);
	if (!error)
		error = start(port, spec, config, reason, reason_size);
	if (!error && spec->kind == DPDK_XDP)
		error = dpdk_xdp_keep(&port->xdp, reason, reason_size);
	if (!error && spec->kind == DPDK_AFP)
		error = dpdk_filter_open(&port->filter, spec->iface, config->port_min,
					 config->port_max, reason, reason_size);
	if (error)
		dpdk_port_close(port);
	return error;
}

void dpdk_port_close(struct dpdk_port *port)
{
	struct rte_eth_dev_info info;

	dpdk_filter_close(port->filter);
	dpdk_xdp_close(&port->xdp);
	if (port->attached && rte_eth_dev_is_valid_port(port->id) &&
	    !rte_eth_dev_info_get(port->id, &info)) {
		struct rte_device *device = info.device;
		char unused[2];

		/* AF_XDP's driver complains that the program which it attached is gone */
		dpdk_eal_listen();
		if (port->started)
			(void)rte_eth_dev_stop(port->id);
		(void)rte_eth_dev_close(port->id);
		(void)rte_dev_remove(device);
		dpdk_eal_said(unused, sizeof(unused));
	}
	dpdk_pool_close(port->rx_pool);
	dpdk_pool_close(port->tx_pool);
	memset(port, 0, sizeof(*port));
}
