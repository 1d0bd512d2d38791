/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/tls_files.h - the certificate and key of a TLS server, from PEM files.
 */
#ifndef TESS_BASE_TLS_FILES_H
#define TESS_BASE_TLS_FILES_H

#include <openssl/types.h>

#include "firmware/base/config.h"

/**
 * Make a context for servers, TLS 1.2 and later, of egress.tls_certificate (with the certificates
 * of the authorities between, if there are any) and egress.tls_key. Threads: any.
 * @retval 0 *contextp is the caller's (SSL_CTX_free()), -EINVAL @p error has one line with the
 * setting and its file, -ENOMEM
 */
int tess_tls_files_load(SSL_CTX **contextp, const struct tess_config *config, char *error,
			size_t error_size) TESS_MUST_CHECK;

#endif
