/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relay_lookup.h - the addresses of a host name, without waiting: the resolver's
 * calls block, so each runs in a thread of its own, which may outlive who asked.
 */
#ifndef TESS_EGRESS_RELAY_LOOKUP_H
#define TESS_EGRESS_RELAY_LOOKUP_H

#include "firmware/base/loop.h"

#define TESS_LOOKUP_MAX 4

struct tess_lookup;

/** @p count addresses, with their ports; 0: the name is not known. The lookup is over. */
typedef void tess_lookup_handler(void *arg, const union tess_addr *addresses, unsigned count);

/**
 * Ask. @p handler comes from the loop, once, never from within this call.
 * @retval 0 *lookupp is the caller's, who ends it also after the handler was called
 * @retval -ENOMEM, -EAGAIN no thread, -EMFILE
 */
int tess_lookup_start(struct tess_lookup **lookupp, struct tess_loop *loop, const char *host,
		      uint16_t port, tess_lookup_handler *handler, void *arg) TESS_MUST_CHECK;
/** No call comes after it; accepts NULL. */
void tess_lookup_end(struct tess_lookup *lookup);

#endif
