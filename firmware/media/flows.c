/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/flows.c - who owns which local UDP port of a room worker.
 */
#include "firmware/media/flows.h"

#include <errno.h>
#include <stdlib.h>

struct flow {
	void *owner; /* NULL: closed */
	uintptr_t generation;
};

struct tess_flows {
	struct tess_net *net;
	uintptr_t generation;
	struct flow by_port[UINT16_MAX + 1];
};

int tess_flows_alloc(struct tess_flows **flowsp, struct tess_net *net)
{
	struct tess_flows *flows = calloc(1, sizeof(*flows));

	if (!flows)
		return -ENOMEM;
	flows->net = net;
	*flowsp = flows;
	return 0;
}

void tess_flows_free(struct tess_flows *flows)
{
	if (!flows)
		return;
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		if (flows->by_port[port].owner)
			tess_flows_close(flows, (uint16_t)port);
	}
	free(flows);
}

int tess_flows_open(struct tess_flows *flows, uint16_t port, void *owner)
{
	struct flow *flow = &flows->by_port[port];
	int error;

	if (flow->owner)
		return -EADDRINUSE;
	error = flows->net->driver->flow_add(flows->net, port, (void *)(flows->generation + 1));
	if (error)
		return error;
	flow->generation = ++flows->generation;
	flow->owner = owner;
	return 0;
}

void tess_flows_close(struct tess_flows *flows, uint16_t port)
{
	flows->net->driver->flow_remove(flows->net, port);
	flows->by_port[port].owner = NULL;
}

void *tess_flows_owner(const struct tess_flows *flows, const struct tess_packet *packet)
{
	const struct flow *flow = &flows->by_port[packet->local_port];

	return flow->generation == (uintptr_t)packet->tag ? flow->owner : NULL;
}
