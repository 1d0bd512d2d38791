/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/tls_context.h - what all TLS connections of players share: the certificate and
 * its key, which are read again when their files change.
 *
 * Threads: the loop's.
 */
#ifndef TESS_EGRESS_TLS_CONTEXT_H
#define TESS_EGRESS_TLS_CONTEXT_H

#include <openssl/types.h>

#include "firmware/base/config.h"

struct tess_tls_context;

/**
 * Of egress.tls_certificate and egress.tls_key; @p config must outlive it.
 * @retval 0, -EINVAL @p error has one line with the setting and its file, -ENOMEM
 */
int tess_tls_context_alloc(struct tess_tls_context **contextp, const struct tess_config *config,
			   char *error, size_t error_size) TESS_MUST_CHECK;
void tess_tls_context_free(struct tess_tls_context *context); /* accepts NULL */
/**
 * A connection to be accepted, with what the files hold now; while that is not good, with what they
 * held before, which is told in the log. @return the caller's (SSL_free()), which may outlive the
 * context; NULL without memory
 */
SSL *tess_tls_context_accept(struct tess_tls_context *context, int64_t now_us) TESS_MUST_CHECK;

#endif
