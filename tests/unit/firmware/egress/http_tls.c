/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of TLS in firmware/egress: handshakes that come to nothing, and certificates that change.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "firmware/base/log.h"
#include "firmware/base/tls_files.h"
#include "tests/unit/firmware/egress/http_box.h"

/** Whether the server closes a connection that began with this. */
static bool closes(const void *data, size_t length)
{
	struct client client;
	char byte;
	ssize_t got;

	client_open(&client, http_box.tls_port, 0);
	assert_int_equal(send(client.fd, data, length, MSG_NOSIGNAL), length);
	do
		got = recv(client.fd, &byte, 1, 0); /* an alert may come before */
	while (got == 1);
	client_close(&client);
	return got == 0 || errno == ECONNRESET;
}

static void test_tls_refusals(void **state)
{
	static const char in_clear[] = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
	struct client clients[8], client;
	const uint8_t *chosen;
	unsigned length;

	(void)state;
	assert_true(closes(http_box.file_data, 1000));
	assert_true(closes(in_clear, sizeof(in_clear) - 1));
	/* of what a client offers, HTTP/1.1 */
	client_open(&client, http_box.tls_port, 0);
	assert_false(client_secure(&client, "\x02h2"));
	client_close(&client);
	client_open(&client, http_box.tls_port, 0);
	assert_true(client_secure(&client, "\x02h2\x08http/1.1"));
	SSL_get0_alpn_selected(client.ssl, &chosen, &length);
	assert_int_equal(length, 8);
	assert_memory_equal(chosen, "http/1.1", 8);
	assert_int_equal(SSL_version(client.ssl), TLS1_3_VERSION);
	client_close(&client);
	/* those that do not get on with their handshake keep nobody out */
	for (unsigned i = 0; i < 8; i++)
		client_open(&clients[i], http_box.tls_port, 0);
	assert_int_equal(ask_tls(&client, "/health", "", 0), 200);
	client_body(&client, "ok\n");
	assert_true(client_at_end(&clients[0]));
	client_close(&client);
	for (unsigned i = 0; i < 8; i++)
		client_close(&clients[i]);
}

/** Connect, and compare the name in the certificate that the server shows. */
static bool shows(const char *name)
{
	struct client client;
	char text[32] = "";
	X509 *certificate;

	client_open(&client, http_box.tls_port, 0);
	assert_true(client_secure(&client, NULL));
	certificate = SSL_get1_peer_certificate(client.ssl);
	assert_non_null(certificate);
	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
					sizeof(text));
	X509_free(certificate);
	client_close(&client);
	return !strcmp(text, name);
}

/** A connection from before goes on; asked now and then, since it may not be silent for 10 s. */
static void goes_on(struct client *client)
{
	assert_int_equal(ask_on(client, "GET", "/health", ""), 200);
	client_body(client, "ok\n");
}

static void test_tls_renewed(void **state)
{
	char other[64];
	struct client before;
	FILE *file;

	(void)state;
	client_open(&before, http_box.tls_port, 0);
	assert_true(client_secure(&before, NULL));
	goes_on(&before);
	assert_true(shows("first"));
	make_certificate(http_box.certificate_path, http_box.key_path, "second");
	assert_true(shows("second"));
	goes_on(&before);
	/* while one of the two is not there yet, nothing changes */
	tess_log_init("test", 0);
	(void)snprintf(other, sizeof(other), "%s.other", http_box.key_path);
	make_certificate(http_box.certificate_path, other, "third");
	assert_true(shows("second"));
	goes_on(&before);
	assert_int_equal(rename(other, http_box.key_path), 0);
	turning_later(live_box.turning, 1000000);
	assert_true(shows("third"));
	goes_on(&before);
	file = fopen(http_box.certificate_path, "we");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_true(shows("third"));
	assert_int_equal(unlink(http_box.certificate_path), 0);
	assert_true(shows("third"));
	tess_log_init("test", TESS_LOG_ERROR);
	goes_on(&before);
	client_close(&before);
}

static void test_tls_files(void **state)
{
	char other[64], missing[64], error[256], want[256];
	const char *const cases[][3] = {
		{missing, http_box.key_path, "No such file or directory"},
		{http_box.file_path, http_box.key_path, "it has no certificate in PEM form"},
		{http_box.certificate_path, missing, "No such file or directory"},
		{http_box.certificate_path, http_box.certificate_path,
		 "it has no private key in PEM form without a password"},
		{http_box.certificate_path, other, "it is not the certificate's key"},
	};
	struct tess_config config = http_box.tls_config;
	SSL_CTX *context;

	(void)state;
	(void)snprintf(other, sizeof(other), "%s.other", http_box.key_path);
	(void)snprintf(missing, sizeof(missing), "%s.missing", http_box.key_path);
	make_certificate(other, other, "other");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool of_key = i > 1;

		set_tls_files(&config, cases[i][0], cases[i][1]);
		assert_int_equal(tess_tls_files_load(&context, &config, error, sizeof(error)),
				 -EINVAL);
		(void)snprintf(want, sizeof(want), "egress.%s: %s: %s",
			       of_key ? "tls_key" : "tls_certificate", cases[i][of_key],
			       cases[i][2]);
		assert_string_equal(error, want);
	}
	unlink(other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		HTTP_TEST(test_tls_refusals),
		HTTP_TEST(test_tls_renewed),
		HTTP_TEST(test_tls_files),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
