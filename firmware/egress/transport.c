/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/transport.c - see transport.h.
 */
#include "firmware/egress/transport.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/egress/tls_context.h"

/* RFC 8446 §5.1: the most that one has */
#define RECORD 16384
/* the loop serves others between two of these */
#define BYTES_A_WRITE (16 * RECORD)

struct tess_tls {
	SSL *ssl;
	bool broken;
	/* The record that did not go out, which OpenSSL wants to be given again; NULL: none. */
	uint8_t *kept;
	size_t kept_length;
};

int tess_transport_secure(struct tess_transport *transport, struct tess_tls_context *context,
			  int64_t now_us)
{
	struct tess_tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return -ENOMEM;
	tls->ssl = tess_tls_context_accept(context, now_us);
	if (!tls->ssl || !SSL_set_fd(tls->ssl, transport->fd)) {
		SSL_free(tls->ssl);
		free(tls);
		return -ENOMEM;
	}
	transport->tls = tls;
	return 0;
}

void tess_transport_close(struct tess_transport *transport)
{
	struct tess_tls *tls = transport->tls;

	if (tls) {
		if (!tls->broken && !tls->kept && SSL_is_init_finished(tls->ssl))
			(void)SSL_shutdown(tls->ssl);
		SSL_free(tls->ssl);
		ERR_clear_error();
		free(tls->kept);
		free(tls);
	}
	(void)close(transport->fd);
	*transport = (struct tess_transport){.fd = -1};
}

/** What OpenSSL's result is in the words of recv() and send(); sets errno. */
static ssize_t failure(struct tess_tls *tls, int result)
{
	int reason = SSL_get_error(tls->ssl, result), error = errno;

	ERR_clear_error();
	if (reason == SSL_ERROR_ZERO_RETURN)
		return 0;
	if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
		errno = EAGAIN;
		return -1;
	}
	tls->broken = true;
	errno = reason == SSL_ERROR_SYSCALL && error ? error : EPROTO;
	return -1;
}

static void prepare(void)
{
	ERR_clear_error(); /* what others of this thread have left would be taken for ours */
	errno = 0;
}

ssize_t tess_transport_read(const struct tess_transport *transport, void *data, size_t size)
{
	struct tess_tls *tls = transport->tls;
	int got;

	if (!tls)
		return recv(transport->fd, data, size, MSG_DONTWAIT);
	prepare();
	got = SSL_read(tls->ssl, data, (int)size);
	return got > 0 ? got : failure(tls, got);
}

bool tess_transport_has_input(const struct tess_transport *transport)
{
	return transport->tls && SSL_pending(transport->tls->ssl) > 0;
}

bool tess_transport_wants_out(const struct tess_transport *transport)
{
	return transport->tls && SSL_want_write(transport->tls->ssl);
}

bool tess_transport_is_behind(const struct tess_transport *transport)
{
	return transport->tls && transport->tls->kept;
}

int tess_transport_flush(const struct tess_transport *transport)
{
	struct tess_tls *tls = transport->tls;
	int result;

	if (!tls || !tls->kept)
		return 0;
	prepare();
	result = SSL_write(tls->ssl, tls->kept, (int)tls->kept_length);
	if (result <= 0)
		return failure(tls, result) < 0 && errno == EAGAIN ? -EAGAIN : -EIO;
	free(tls->kept);
	tls->kept = NULL;
	return 0;
}

/** Nothing waits. @retval 0 it is sent or kept, -EIO */
static int send_record(struct tess_tls *tls, const uint8_t *record, size_t length)
{
	int result;

	prepare();
	result = SSL_write(tls->ssl, record, (int)length);
	if (result > 0)
		return 0;
	if (!failure(tls, result) || errno != EAGAIN)
		return -EIO;
	tls->kept = malloc(length);
	if (!tls->kept) {
		tls->broken = true;
		return -EIO;
	}
	memcpy(tls->kept, record, length);
	tls->kept_length = length;
	return 0;
}

/** @return 0, or -1 with errno */
static int begin(const struct tess_transport *transport)
{
	int rc = tess_transport_flush(transport);

	errno = -rc;
	return rc ? -1 : 0;
}

static ssize_t write_records(struct tess_tls *tls, const struct iovec *iov, unsigned count)
{
	uint8_t record[RECORD];
	size_t offset = 0, taken = 0;
	unsigned i = 0;

	while (i < count && taken < BYTES_A_WRITE && !tls->kept) {
		size_t used = 0;

		while (i < count && used < RECORD) {
			size_t length = iov[i].iov_len - offset;

			if (length > RECORD - used)
				length = RECORD - used;
			memcpy(record + used, (const uint8_t *)iov[i].iov_base + offset, length);
			used += length;
			offset += length;
			if (offset == iov[i].iov_len) {
				offset = 0;
				i++;
			}
		}
		if (used && send_record(tls, record, used)) {
			errno = EIO;
			return -1;
		}
		taken += used;
	}
	return (ssize_t)taken;
}

ssize_t tess_transport_write(const struct tess_transport *transport, const struct iovec *iov,
			     unsigned count, int flags)
{
	const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)iov,
				       .msg_iovlen = count};

	if (!transport->tls)
		return sendmsg(transport->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
	return begin(transport) ? -1 : write_records(transport->tls, iov, count);
}

static ssize_t send_file_records(struct tess_tls *tls, int file, off_t *offset, size_t length)
{
	uint8_t record[RECORD];
	size_t taken = 0;

	while (taken < length && taken < BYTES_A_WRITE && !tls->kept) {
		size_t most = length - taken < RECORD ? length - taken : RECORD;
		ssize_t got = pread(file, record, most, *offset);

		if (got < 0)
			return -1;
		if (!got)
			break;
		if (send_record(tls, record, (size_t)got)) {
			errno = EIO;
			return -1;
		}
		*offset += got;
		taken += (size_t)got;
	}
	return (ssize_t)taken;
}

ssize_t tess_transport_send_file(const struct tess_transport *transport, int file, off_t *offset,
				 size_t length)
{
	if (!transport->tls)
		return sendfile(transport->fd, file, offset, length);
	return begin(transport) ? -1 : send_file_records(transport->tls, file, offset, length);
}
