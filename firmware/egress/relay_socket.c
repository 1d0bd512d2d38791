/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relay_socket.c - see relay_socket.h.
 */
#include "firmware/egress/relay_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One TLS record. OpenSSL wants the same bytes again for a record that did not go out, so what it
 * was given is kept. */
#define RECORD 16384
/* as for players: bounds what the kernel holds, so that lag is seen where pictures can be dropped
 */
#define UNSENT_BYTES 65536

struct tess_relay_socket {
	int fd;
	bool connected; /* TCP */
	SSL_CTX *context;
	SSL *ssl; /* NULL: in clear */
	size_t pending;
	uint8_t record[];
};

static int begin_tls(struct tess_relay_socket *socket, const char *host)
{
	struct in6_addr literal;
	bool address =
		inet_pton(AF_INET, host, &literal) == 1 || inet_pton(AF_INET6, host, &literal) == 1;

	socket->context = SSL_CTX_new(TLS_client_method());
	if (!socket->context || !SSL_CTX_set_default_verify_paths(socket->context) ||
	    !SSL_CTX_set_min_proto_version(socket->context, TLS1_2_VERSION))
		return -ENOMEM;
	SSL_CTX_set_verify(socket->context, SSL_VERIFY_PEER, NULL);
	socket->ssl = SSL_new(socket->context);
	if (!socket->ssl || !SSL_set_fd(socket->ssl, socket->fd))
		return -ENOMEM;
	/* a name in the certificate, or an address in it (RFC 6125 §6.4) */
	if (address ? !X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(socket->ssl), host)
		    : !SSL_set1_host(socket->ssl, host) ||
			      !SSL_set_tlsext_host_name(socket->ssl, host))
		return -ENOMEM;
	SSL_set_connect_state(socket->ssl);
	return 0;
}

int tess_relay_socket_open(struct tess_relay_socket **socketp, const union tess_addr *address,
			   const char *tls_host)
{
	static const int on = 1, unsent = UNSENT_BYTES;
	struct tess_relay_socket *self = calloc(1, sizeof(*self) + (tls_host ? RECORD : 0));
	socklen_t size =
		address->sa.sa_family == AF_INET6 ? sizeof(address->in6) : sizeof(address->in);
	int rc;

	if (!self)
		return -ENOMEM;
	self->fd = socket(address->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (self->fd < 0) {
		rc = -errno;
		goto failed;
	}
	(void)setsockopt(self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(self->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	if (connect(self->fd, &address->sa, size) && errno != EINPROGRESS) {
		rc = -errno;
		goto failed;
	}
	rc = tls_host ? begin_tls(self, tls_host) : 0;
	if (rc)
		goto failed;
	*socketp = self;
	return 0;
failed:
	tess_relay_socket_close(self);
	return rc;
}

void tess_relay_socket_close(struct tess_relay_socket *socket)
{
	if (!socket)
		return;
	SSL_free(socket->ssl);
	SSL_CTX_free(socket->context);
	if (socket->fd >= 0)
		(void)close(socket->fd);
	ERR_clear_error();
	free(socket);
}

int tess_relay_socket_fd(const struct tess_relay_socket *socket)
{
	return socket->fd;
}

/** What OpenSSL's result is in errno's words; sets errno. */
static int failure(struct tess_relay_socket *socket, int result)
{
	int reason = SSL_get_error(socket->ssl, result);

	ERR_clear_error();
	switch (reason) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		break;
	case SSL_ERROR_ZERO_RETURN:
		errno = ECONNRESET;
		break;
	case SSL_ERROR_SYSCALL:
		if (!errno)
			errno = ECONNRESET;
		break;
	default:
		errno = EPROTO;
		break;
	}
	return -1;
}

int tess_relay_socket_connect(struct tess_relay_socket *socket)
{
	socklen_t size = sizeof(int);
	int error = 0, result;
	union tess_addr peer;
	socklen_t peer_size = sizeof(peer);

	if (!socket->connected) {
		if (getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &size))
			return -errno;
		if (error)
			return -error;
		if (getpeername(socket->fd, &peer.sa, &peer_size))
			return -EAGAIN; /* woken before it was connected */
		socket->connected = true;
	}
	if (!socket->ssl)
		return 0;
	errno = 0;
	result = SSL_do_handshake(socket->ssl);
	if (result == 1)
		return 0;
	if (SSL_get_verify_result(socket->ssl) != X509_V_OK) {
		ERR_clear_error();
		return -EKEYREJECTED;
	}
	(void)failure(socket, result);
	return -errno;
}

/** Send the record that waits. @return whether none waits now; else errno is set */
static bool push(struct tess_relay_socket *socket)
{
	int result;

	if (!socket->pending)
		return true;
	errno = 0;
	result = SSL_write(socket->ssl, socket->record, (int)socket->pending);
	if (result <= 0) {
		(void)failure(socket, result);
		return false;
	}
	socket->pending = 0;
	return true;
}

bool tess_relay_socket_wants_out(const struct tess_relay_socket *socket)
{
	return !socket->connected || (socket->ssl && SSL_want_write(socket->ssl));
}

ssize_t tess_relay_socket_write(struct tess_relay_socket *socket, const struct iovec *iov,
				unsigned count)
{
	const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)iov,
				       .msg_iovlen = count};
	size_t taken = 0;

	if (!socket->ssl)
		return sendmsg(socket->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (!push(socket))
		return -1;
	for (unsigned i = 0; i < count && taken < RECORD; i++) {
		size_t length = iov[i].iov_len;

		if (length > RECORD - taken)
			length = RECORD - taken;
		memcpy(socket->record + taken, iov[i].iov_base, length);
		taken += length;
	}
	socket->pending = taken;
	if (!push(socket) && errno != EAGAIN)
		return -1;
	return (ssize_t)taken;
}

ssize_t tess_relay_socket_read(struct tess_relay_socket *socket, void *data, size_t size)
{
	int result;

	if (!socket->ssl)
		return recv(socket->fd, data, size, MSG_DONTWAIT);
	errno = 0;
	result = SSL_read(socket->ssl, data, (int)size);
	if (result > 0)
		return result;
	if (SSL_get_error(socket->ssl, result) == SSL_ERROR_ZERO_RETURN)
		return 0;
	return failure(socket, result);
}

bool tess_relay_socket_has_pending(const struct tess_relay_socket *socket)
{
	return socket->pending != 0;
}
