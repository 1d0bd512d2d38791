/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net.h - the registry of packet I/O drivers. A new driver gets its line in net.c.
 */
#ifndef TESS_DRIVERS_NET_H
#define TESS_DRIVERS_NET_H

#include "hal/net.h"

/**
 * The driver for the scheme of @p spec ("udp:0.0.0.0" -> "udp"), or NULL if there is none, or if
 * its module or a library of that is not installed: dlerror() of this thread says which. The
 * specification itself is checked by the driver's open().
 */
const struct tess_net_driver *tess_net_driver_find(const char *spec);

#endif
