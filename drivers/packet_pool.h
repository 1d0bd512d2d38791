/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/packet_pool.h - the packets of a network driver, all allocated at open.
 *
 * Threads: alloc and close belong to one thread; packets may be released on any.
 */
#ifndef TESS_DRIVERS_PACKET_POOL_H
#define TESS_DRIVERS_PACKET_POOL_H

#include "hal/net.h"

struct tess_packet_pool;

/** A pool of @p packets (1 .. 2^20) of TESS_PACKET_SIZE bytes. @retval 0, -EINVAL, -ENOMEM */
int tess_packet_pool_open(struct tess_packet_pool **poolp, unsigned packets) TESS_MUST_CHECK;
/**
 * Give the pool up; accepts NULL. Packets that are out stay valid; the memory goes with the release
 * of the last one.
 */
void tess_packet_pool_close(struct tess_packet_pool *pool);
/** A packet with length 0 and all other facts zero, or NULL if all are out. */
struct tess_packet *tess_packet_pool_alloc(struct tess_packet_pool *pool);

#endif
