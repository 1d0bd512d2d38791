/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relay_socket.h - a connection to a server, in clear or by TLS (OpenSSL; the
 * server's certificate is checked against the system's authorities and the host's name).
 *
 * Never blocks. Threads: the loop's.
 */
#ifndef TESS_EGRESS_RELAY_SOCKET_H
#define TESS_EGRESS_RELAY_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "hal/net.h"

struct tess_relay_socket;

/**
 * Begin to connect. @p tls_host NULL: in clear.
 * @retval 0, -ENOMEM, -ECONNREFUSED, -ENETUNREACH, ...
 */
int tess_relay_socket_open(struct tess_relay_socket **socketp, const union tess_addr *address,
			   const char *tls_host) TESS_MUST_CHECK;
void tess_relay_socket_close(struct tess_relay_socket *socket); /* accepts NULL */
int tess_relay_socket_fd(const struct tess_relay_socket *socket);
/**
 * Go on with connecting, whenever the descriptor has events.
 * @retval 0 it is connected; -EAGAIN; -EKEYREJECTED the certificate is not good; -EPROTO TLS
 * failed; or connect's error
 */
int tess_relay_socket_connect(struct tess_relay_socket *socket) TESS_MUST_CHECK;
/** @return bytes taken, or -1 with errno (EAGAIN: it takes nothing now) */
ssize_t tess_relay_socket_write(struct tess_relay_socket *socket, const struct iovec *iov,
				unsigned count);
/** @return bytes, 0 the peer has closed, or -1 with errno */
ssize_t tess_relay_socket_read(struct tess_relay_socket *socket, void *data, size_t size);
/** While it connects: whether it waits to write. */
bool tess_relay_socket_wants_out(const struct tess_relay_socket *socket);
/** Whether bytes it has taken wait for the network. */
bool tess_relay_socket_has_pending(const struct tess_relay_socket *socket);

#endif
