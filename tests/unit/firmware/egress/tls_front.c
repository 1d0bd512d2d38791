/* SPDX-License-Identifier: GPL-3.0-or-later
 * See tls_front.h.
 */
#include "tests/unit/firmware/egress/tls_front.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 64

struct pump {
	struct tls_front *front;
	pthread_t thread;
	int outer, inner;
};

struct tls_front {
	SSL_CTX *context;
	int listener;
	uint16_t to_port;
	pthread_t thread;
	struct pump pumps[MAX_CONNECTIONS]; /* of the accepting thread, until it has ended */
	unsigned count;
};

static void check(bool good)
{
	if (!good)
		abort();
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool send_all(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		data += sent;
		length -= (size_t)sent;
	}
	return true;
}

/** What is there on either side. @return whether both sides go on */
static bool carry(SSL *ssl, const struct pump *pump)
{
	struct pollfd fds[2] = {{.fd = pump->outer, .events = POLLIN},
				{.fd = pump->inner, .events = POLLIN}};
	char data[16384];
	int got;

	if (!SSL_pending(ssl) && poll(fds, 2, -1) < 0)
		return false;
	if (SSL_pending(ssl) || fds[0].revents) {
		got = SSL_read(ssl, data, sizeof(data));
		if (got <= 0 || !send_all(pump->inner, data, (size_t)got))
			return false;
	}
	if (fds[1].revents) {
		got = (int)recv(pump->inner, data, sizeof(data), 0);
		if (got <= 0 || SSL_write(ssl, data, got) <= 0)
			return false;
	}
	return true;
}

static void *pump_run(void *arg)
{
	struct pump *pump = arg;
	SSL *ssl = SSL_new(pump->front->context);

	check(ssl && SSL_set_fd(ssl, pump->outer));
	if (SSL_accept(ssl) == 1)
		while (carry(ssl, pump))
			continue;
	SSL_free(ssl);
	/* closed when all has ended, so that no other connection has these descriptors */
	(void)shutdown(pump->outer, SHUT_RDWR);
	(void)shutdown(pump->inner, SHUT_RDWR);
	return NULL;
}

static void *front_run(void *arg)
{
	const struct sockaddr_in to = loopback(((struct tls_front *)arg)->to_port);
	struct tls_front *front = arg;
	int fd, small = 16384;

	while ((fd = accept(front->listener, NULL, NULL)) >= 0) {
		struct pump *pump = &front->pumps[front->count++];

		check(front->count < MAX_CONNECTIONS);
		*pump = (struct pump){.front = front, .outer = fd};
		pump->inner = socket(AF_INET, SOCK_STREAM, 0);
		check(!setsockopt(pump->inner, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
		if (connect(pump->inner, (const struct sockaddr *)&to, sizeof(to)))
			(void)shutdown(fd, SHUT_RDWR);
		check(!pthread_create(&pump->thread, NULL, pump_run, pump));
	}
	return NULL;
}

struct tls_front *tls_front_start(const char *certificate, const char *key, uint16_t to_port,
				  uint16_t *port)
{
	struct tls_front *front = calloc(1, sizeof(*front));
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);
	int small = 16384;

	check(front != NULL);
	front->to_port = to_port;
	front->context = SSL_CTX_new(TLS_server_method());
	check(front->context && SSL_CTX_use_certificate_chain_file(front->context, certificate) &&
	      SSL_CTX_use_PrivateKey_file(front->context, key, SSL_FILETYPE_PEM));
	(void)SSL_CTX_set_session_cache_mode(front->context, SSL_SESS_CACHE_OFF);
	front->listener = socket(AF_INET, SOCK_STREAM, 0);
	check(!setsockopt(front->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) &&
	      !bind(front->listener, (struct sockaddr *)&address, size) &&
	      !listen(front->listener, 8) &&
	      !getsockname(front->listener, (struct sockaddr *)&address, &size));
	*port = ntohs(address.sin_port);
	check(!pthread_create(&front->thread, NULL, front_run, front));
	return front;
}

void tls_front_stop(struct tls_front *front)
{
	(void)shutdown(front->listener, SHUT_RDWR);
	pthread_join(front->thread, NULL);
	close(front->listener);
	for (unsigned i = 0; i < front->count; i++) {
		struct pump *pump = &front->pumps[i];

		(void)shutdown(pump->outer, SHUT_RDWR);
		(void)shutdown(pump->inner, SHUT_RDWR);
		pthread_join(pump->thread, NULL);
		close(pump->outer);
		close(pump->inner);
	}
	SSL_CTX_free(front->context);
	free(front);
}
