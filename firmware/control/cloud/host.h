/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/host.h - the two forms in which clients sign the Host header.
 *
 * The Node SDK signs TC3 without the port but v1 with it; the Go SDK signs both with it. So both
 * forms are tried.
 */
#ifndef TESS_CLOUD_HOST_H
#define TESS_CLOUD_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define TESS_HOST_MAX 256

/** Blanks and tabs around a header's value: where the rest begins, and its length. */
const char *tess_header_trim(const char *value, size_t *length);
/**
 * The @p form of a Host header: 0 as received, 1 without ":port" ("[::1]:80" -> "[::1]").
 * @return false when there is no such form (no port, a form > 1, a name too long)
 */
bool tess_host_form(char host[TESS_HOST_MAX], const char *received, unsigned form);

#endif
