/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/tx_secret.h - the right to play or to push a stream, in the query of its address:
 * txSecret=lowerhex(MD5(KEY + StreamName + txTime))&txTime=TIME.
 *
 * TIME is hexadecimal Unix seconds; a text of ten decimal digits that begins with 1 is decimal. The
 * hash is of the text as it was written. A library of its own (tess_tx_secret), as it needs
 * libcrypto. Threads: any.
 */
#ifndef TESS_BASE_TX_SECRET_H
#define TESS_BASE_TX_SECRET_H

#include <stdint.h>

#include "hal/compiler.h"

#define TESS_TX_KEY_MAX	    255
#define TESS_TX_SECRET_SIZE 33
/** Room for "txSecret=...&txTime=...". */
#define TESS_TX_QUERY_SIZE 80

/**
 * The hash for a stream. @p stream is its name without ".flv" or ".m3u8".
 * @retval 0, -EIO no MD5
 */
int tess_tx_secret(char secret[TESS_TX_SECRET_SIZE], const char *key, const char *stream,
		   const char *time) TESS_MUST_CHECK;
/** The two members of a query that are good until @p until_s. @retval 0, -EIO */
int tess_tx_query(char query[TESS_TX_QUERY_SIZE], const char *key, const char *stream,
		  int64_t until_s) TESS_MUST_CHECK;
/**
 * Is the query good for the stream now? Either key will do; an empty one is none. To play, @p
 * delta_s is the domain's AuthDelta; to push, it is 0. Other members of the query do not matter, of
 * two with one name the first counts.
 * @retval 0, -EACCES wrong, missing, or over
 */
int tess_tx_check(const char *key, const char *back_key, const char *stream, const char *query,
		  int64_t delta_s, int64_t utc_us) TESS_MUST_CHECK;

#endif
