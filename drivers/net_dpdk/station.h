/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/station.h - what a host must do on a port that the kernel does not have.
 *
 * Answers ARP (RFC 826), neighbour solicitations (RFC 4861 §4.3) and pings (RFC 792, RFC 4443
 * §4.1) to our addresses, and finds out others' hardware addresses. Pure: frames go in and out by
 * the caller, who is the control thread.
 */
#ifndef TESS_DRIVERS_NET_DPDK_STATION_H
#define TESS_DRIVERS_NET_DPDK_STATION_H

#include "drivers/net_dpdk/headers.h"
#include "drivers/net_dpdk/spec.h"

/* Room for any frame that the station sends. */
#define DPDK_STATION_FRAME 1522

struct dpdk_station;

/** What @p identity points to is copied. @retval 0, -ENOMEM */
int dpdk_station_alloc(struct dpdk_station **stationp, const struct dpdk_identity *identity,
		       const uint8_t mac[MAC_LENGTH]) TESS_MUST_CHECK;
void dpdk_station_free(struct dpdk_station *station); /* accepts NULL */
/**
 * A frame that is not UDP has come.
 * @return the length of the reply written to @p reply (DPDK_STATION_FRAME bytes), 0: none
 */
size_t dpdk_station_receive(struct dpdk_station *station, const uint8_t *frame, size_t length,
			    int64_t now_us, uint8_t *reply);
/**
 * The way to @p destination.
 * @retval true *route is filled in; when @p request_length is not 0, it should be confirmed by
 * sending @p request (DPDK_STATION_FRAME bytes)
 * @retval false it is not known: send the request, if there is one, and ask again
 */
bool dpdk_station_find(struct dpdk_station *station, const union tess_addr *destination,
		       int64_t now_us, struct dpdk_route *route, uint8_t *request,
		       size_t *request_length);
/** Is @p address (4 or 16 bytes, of @p family) one of ours? */
bool dpdk_identity_has(const struct dpdk_identity *identity, int family, const uint8_t *address);

#endif
