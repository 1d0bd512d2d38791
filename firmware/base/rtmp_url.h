/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/rtmp_url.h - the address of an RTMP server's stream:
 *
 *   rtmp://host[:1935]/app[/instance]/key[?query]    rtmps://host[:443]/...
 *
 * The key and all behind it are a secret: what is shown of an address ends before them. Threads:
 * any.
 */
#ifndef TESS_BASE_RTMP_URL_H
#define TESS_BASE_RTMP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

/** Longest address, its 0 included. */
#define TESS_RTMP_URL_SIZE 1024

struct tess_rtmp_url {
	bool tls;
	char host[256]; /* IPv6 without brackets */
	uint16_t port;
	char app[256];
	char key[TESS_RTMP_URL_SIZE]; /* with its query */
	char tc_url[600];	      /* without the key, as RTMP's connect wants it */
};

/** @retval 0, -EINVAL: *error is a sentence that says why, without anything of the address */
int tess_rtmp_url_parse(struct tess_rtmp_url *url, const char *text,
			const char **error) TESS_MUST_CHECK;
/** What may be shown, with "***" for the key; "" for what is no address. */
void tess_rtmp_url_mask(char *masked, size_t size, const char *text);

#endif
