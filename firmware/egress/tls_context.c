/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/tls_context.c - see tls_context.h.
 */
#include "firmware/egress/tls_context.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/base/log.h"
#include "firmware/base/tls_files.h"

/* files that cannot be used are tried again after this: the second of them may still be written */
#define AGAIN_US 1000000

/* Which content of a file it is. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

struct tess_tls_context {
	const struct tess_config *config;
	SSL_CTX *ssl;
	struct stamp certificate, key; /* of what ssl was made of */
	int64_t again_us;
};

static void look(struct stamp *stamp, const char *path)
{
	struct stat status;

	memset(stamp, 0, sizeof(*stamp)); /* all of it is compared */
	if (stat(path, &status))
		return;
	stamp->device = status.st_dev;
	stamp->inode = status.st_ino;
	stamp->size = status.st_size;
	stamp->modified = status.st_mtim;
	stamp->changed = status.st_ctim;
}

/** RFC 7301: of what the client offers, HTTP/1.1. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
			   const unsigned char *offered, unsigned offered_length, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";

	(void)ssl;
	(void)arg;
	return SSL_select_next_proto((unsigned char **)(uintptr_t)chosen, length, ours,
				     sizeof(ours) - 1, offered,
				     offered_length) == OPENSSL_NPN_NEGOTIATED
		       ? SSL_TLSEXT_ERR_OK
		       : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/** @retval 0, -EINVAL (see error), -ENOMEM: it is as before */
static int read_files(struct tess_tls_context *context, char *error, size_t error_size)
{
	struct stamp certificate, key;
	SSL_CTX *ssl;
	int rc;

	/* before they are read: what is written meanwhile makes them other ones */
	look(&certificate, context->config->egress.tls_certificate);
	look(&key, context->config->egress.tls_key);
	if (context->ssl && !memcmp(&certificate, &context->certificate, sizeof(certificate)) &&
	    !memcmp(&key, &context->key, sizeof(key)))
		return 0;
	rc = tess_tls_files_load(&ssl, context->config, error, error_size);
	if (rc)
		return rc;
	(void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
	/* tickets are all that sessions go on by: nothing is kept here */
	(void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* a client that sends what is no data takes one turn of the loop for each record */
	(void)SSL_CTX_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
	SSL_CTX_free(context->ssl);
	context->ssl = ssl;
	context->certificate = certificate;
	context->key = key;
	TESS_INFO("tls.read", "certificate=\"%s\"", context->config->egress.tls_certificate);
	return 0;
}

int tess_tls_context_alloc(struct tess_tls_context **contextp, const struct tess_config *config,
			   char *error, size_t error_size)
{
	struct tess_tls_context *context = calloc(1, sizeof(*context));
	int rc;

	if (!context)
		return -ENOMEM;
	context->config = config;
	rc = read_files(context, error, error_size);
	if (rc)
		free(context);
	else
		*contextp = context;
	return rc;
}

void tess_tls_context_free(struct tess_tls_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ssl);
	free(context);
}

SSL *tess_tls_context_accept(struct tess_tls_context *context, int64_t now_us)
{
	char error[512];
	SSL *ssl;

	if (now_us >= context->again_us && read_files(context, error, sizeof(error))) {
		TESS_ERROR("tls.not_read", "error=\"%s\"", error);
		context->again_us = now_us + AGAIN_US;
	}
	ssl = SSL_new(context->ssl);
	if (ssl)
		SSL_set_accept_state(ssl);
	return ssl;
}
