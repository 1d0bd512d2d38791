/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/prefixes.h - a list of networks: "10.0.0.0/8, fe80::/10, 192.0.2.7".
 */
#ifndef TESS_BASE_PREFIXES_H
#define TESS_BASE_PREFIXES_H

#include <stdbool.h>

#include "hal/net.h"

/** Is the text such a list? An empty one is. */
bool tess_prefixes_valid(const char *list);
/**
 * Is the address in one of the networks of a valid list? An IPv4 address in IPv6 clothes
 * (RFC 4291 §2.5.5.2) is an IPv4 address.
 */
bool tess_prefixes_have(const char *list, const union tess_addr *address);

#endif
