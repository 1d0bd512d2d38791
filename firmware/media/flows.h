/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/flows.h - who owns which local UDP port of a room worker.
 *
 * A packet carries the generation of its flow as its tag, so one that comes out late, after its
 * port got another owner, is not taken for the new owner's. Threads: belongs to the room's thread.
 */
#ifndef TESS_MEDIA_FLOWS_H
#define TESS_MEDIA_FLOWS_H

#include "hal/net.h"

struct tess_flows;

/** @p net stays the caller's and must outlive it. @retval 0, -ENOMEM */
int tess_flows_alloc(struct tess_flows **flowsp, struct tess_net *net) TESS_MUST_CHECK;
void tess_flows_free(struct tess_flows *flows); /* removes all flows; accepts NULL */
/** Receive on @p port for @p owner. @retval 0, -EADDRINUSE, or another of the driver */
int tess_flows_open(struct tess_flows *flows, uint16_t port, void *owner) TESS_MUST_CHECK;
void tess_flows_close(struct tess_flows *flows, uint16_t port); /* of a port that is open */
/** The owner that a packet is for, or NULL: its flow is gone. */
void *tess_flows_owner(const struct tess_flows *flows, const struct tess_packet *packet);

#endif
