/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/tls_files.c - see tls_files.h.
 */
#include "firmware/base/tls_files.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Nobody is there who could type the password of a key. */
static int no_password(char *password, int size, int writing, void *arg)
{
	(void)password;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/** What is wrong with a file; NULL: nothing. */
static const char *read_certificate(SSL_CTX *context, const char *path)
{
	if (access(path, R_OK))
		return strerror(errno);
	return SSL_CTX_use_certificate_chain_file(context, path) == 1
		       ? NULL
		       : "it has no certificate in PEM form";
}

static const char *read_key(SSL_CTX *context, const char *path)
{
	if (access(path, R_OK))
		return strerror(errno);
	if (SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) != 1 &&
	    ERR_GET_LIB(ERR_peek_last_error()) != ERR_LIB_X509)
		return "it has no private key in PEM form without a password";
	return SSL_CTX_check_private_key(context) == 1 ? NULL : "it is not the certificate's key";
}

int tess_tls_files_load(SSL_CTX **contextp, const struct tess_config *config, char *error,
			size_t error_size)
{
	const char *setting = "tls_certificate", *path = config->egress.tls_certificate, *wrong;
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)) {
		SSL_CTX_free(context);
		(void)snprintf(error, error_size, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	SSL_CTX_set_default_passwd_cb(context, no_password);
	wrong = read_certificate(context, path);
	if (!wrong) {
		setting = "tls_key";
		path = config->egress.tls_key;
		wrong = read_key(context, path);
	}
	ERR_clear_error();
	if (!wrong) {
		*contextp = context;
		return 0;
	}
	(void)snprintf(error, error_size, "egress.%s: %s: %s", setting, path, wrong);
	SSL_CTX_free(context);
	return -EINVAL;
}
