/* SPDX-License-Identifier: GPL-3.0-or-later
 * A client that reads no byte further than it is told.
 */
#include "tests/unit/firmware/egress/http_client.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <openssl/x509.h>

void client_open(struct client *client, uint16_t port, int receive_bytes)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = 15};

	*client = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	if (receive_bytes)
		assert_int_equal(setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes,
					    sizeof(receive_bytes)),
				 0);
	assert_int_equal(
		setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

bool client_secure(struct client *client, const char *protocols)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	assert_non_null(context);
	client->ssl = SSL_new(context);
	SSL_CTX_free(context);
	assert_non_null(client->ssl);
	assert_int_equal(SSL_set_fd(client->ssl, client->fd), 1);
	if (protocols)
		assert_int_equal(SSL_set_alpn_protos(client->ssl, (const uint8_t *)protocols,
						     (unsigned)strlen(protocols)),
				 0);
	return SSL_connect(client->ssl) == 1;
}

void client_close(struct client *client)
{
	SSL_free(client->ssl);
	client->ssl = NULL;
	(void)close(client->fd);
}

void client_send(struct client *client, const char *text)
{
	ssize_t sent = client->ssl ? SSL_write(client->ssl, text, (int)strlen(text))
				   : send(client->fd, text, strlen(text), MSG_NOSIGNAL);

	assert_int_equal(sent, strlen(text));
}

ssize_t client_some(struct client *client, void *data, size_t size)
{
	int got;

	if (!client->ssl)
		return recv(client->fd, data, size, 0);
	got = SSL_read(client->ssl, data, (int)size);
	if (got > 0)
		return got;
	return SSL_get_error(client->ssl, got) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

ssize_t client_receive(struct client *client, void *data, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = client_some(client, (uint8_t *)data + length, size - length);

		if (got <= 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

int client_head(struct client *client)
{
	client->length = 0;
	while (client->length < 4 ||
	       memcmp(client->text + client->length - 4, "\r\n\r\n", 4) != 0) {
		assert_true(client->length < sizeof(client->text) - 1);
		if (client_some(client, client->text + client->length, 1) != 1)
			return -1;
		client->length++;
	}
	client->text[client->length] = 0;
	assert_memory_equal(client->text, "HTTP/1.1 ", 9);
	return atoi(client->text + 9);
}

void client_body(struct client *client, const char *want)
{
	char body[256];

	assert_true(strlen(want) < sizeof(body));
	assert_int_equal(client_receive(client, body, strlen(want)), strlen(want));
	assert_memory_equal(body, want, strlen(want));
}

bool client_at_end(struct client *client)
{
	char byte;

	return client_some(client, &byte, 1) == 0;
}

void make_certificate(const char *certificate_path, const char *key_path, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	X509_EXTENSION *address =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	FILE *file;

	assert_non_null(key);
	assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
						    (const uint8_t *)name, -1, -1, 0),
			 1);
	(void)X509_set_issuer_name(certificate, subject);
	(void)X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	(void)X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	(void)X509_set_pubkey(certificate, key);
	assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
	assert_int_equal(X509_add_ext(certificate, address, -1), 1);
	X509_EXTENSION_free(address);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	file = fopen(certificate_path, "we");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, certificate), 1);
	assert_int_equal(fclose(file), 0);
	file = fopen(key_path, "we");
	assert_non_null(file);
	assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(file), 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
}
