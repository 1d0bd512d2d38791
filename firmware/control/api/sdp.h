/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/sdp.h - the session description of a plain-RTP publisher (RFC 8866), as its
 * receiver sees it.
 */
#ifndef TESS_CONTROL_API_SDP_H
#define TESS_CONTROL_API_SDP_H

#include "firmware/control/store/store.h"

#define TESS_SDP_MAX 2048

/** @p address is an IP address or a host name of at most 255 bytes. */
void tess_sdp_write(char sdp[TESS_SDP_MAX], const struct tess_publisher *publisher,
		    const char *address);

#endif
