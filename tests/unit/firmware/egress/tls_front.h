/* SPDX-License-Identifier: GPL-3.0-or-later
 * TLS in front of a server that speaks in clear: what comes by TLS goes on to its port, and back.
 * Whoever reads no more there is read from no more here either.
 */
#ifndef TESS_TEST_TLS_FRONT_H
#define TESS_TEST_TLS_FRONT_H

#include <stdint.h>

struct tls_front;

/** With these files of PEM; @p port becomes its own, of the loopback. */
struct tls_front *tls_front_start(const char *certificate, const char *key, uint16_t to_port,
				  uint16_t *port);
/** Ends all of its connections. */
void tls_front_stop(struct tls_front *front);

#endif
