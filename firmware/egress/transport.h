/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/transport.h - a client's connection, in clear or by TLS.
 *
 * In clear each call is one system call. By TLS what is sent is taken in records of up to 16 KiB;
 * one that the network does not take is kept, counts as sent, and is pushed by the next call: who
 * has nothing more to send calls tess_transport_flush(). The handshake happens within reading.
 *
 * Never blocks. Threads: the loop's.
 */
#ifndef TESS_EGRESS_TRANSPORT_H
#define TESS_EGRESS_TRANSPORT_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "hal/net.h"

struct tess_tls; /* the TLS of one connection */
struct tess_tls_context;

/** Copies are the same connection; one of them is closed. */
struct tess_transport {
	int fd;
	struct tess_tls *tls; /* NULL: in clear */
};

/**
 * Put a socket that was accepted under TLS; @p transport must be in clear.
 * @retval 0, -ENOMEM: it is still in clear
 */
int tess_transport_secure(struct tess_transport *transport, struct tess_tls_context *context,
			  int64_t now_us) TESS_MUST_CHECK;
/** With a farewell (RFC 8446 §6.1), if nothing waits to be sent, and the socket. */
void tess_transport_close(struct tess_transport *transport);
/** @return bytes, 0 the peer has closed, -1 with errno (EAGAIN: nothing is there now) */
ssize_t tess_transport_read(const struct tess_transport *transport, void *data, size_t size);
/** Whether bytes were taken from the socket that tess_transport_read() has not given yet. */
bool tess_transport_has_input(const struct tess_transport *transport);
/** Whether reading waits until the socket takes something. */
bool tess_transport_wants_out(const struct tess_transport *transport);
/** @p flags MSG_MORE or 0. @return bytes taken, -1 with errno (EAGAIN: it takes nothing now) */
ssize_t tess_transport_write(const struct tess_transport *transport, const struct iovec *iov,
			     unsigned count, int flags);
/** As sendfile(): *offset moves on. @return bytes, 0 at the end of the file, -1 with errno */
ssize_t tess_transport_send_file(const struct tess_transport *transport, int file, off_t *offset,
				 size_t length);
/** @retval 0 nothing that was taken waits, -EAGAIN the socket takes nothing now, -EIO it is broken
 */
int tess_transport_flush(const struct tess_transport *transport) TESS_MUST_CHECK;
/** Whether something that was taken waits. */
bool tess_transport_is_behind(const struct tess_transport *transport);

#endif
