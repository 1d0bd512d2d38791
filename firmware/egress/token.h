/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/token.h - the signature that lets one fetch a recording (docs/links.md):
 * lowerhex(HMAC-SHA256(key, "ID:EXPIRES")).
 */
#ifndef TESS_EGRESS_TOKEN_H
#define TESS_EGRESS_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/net.h"

#define TESS_TOKEN_KEY_SIZE 32

/** 64 hex digits to a key. @retval 0, -EINVAL */
int tess_token_key(uint8_t key[TESS_TOKEN_KEY_SIZE], const char *hex) TESS_MUST_CHECK;
#define TESS_TOKEN_SIGN_SIZE 65

/** The signature of a link that is good until @p expires, as text. @retval 0, -EIO */
int tess_token_sign(char sign[TESS_TOKEN_SIGN_SIZE], const uint8_t key[TESS_TOKEN_KEY_SIZE],
		    int64_t id, const char *expires) TESS_MUST_CHECK;
/**
 * Check the two query parameters, as text; NULL: it was not given.
 * @retval 0, -EACCES wrong, or expired at @p utc_us
 */
int tess_token_check(const uint8_t key[TESS_TOKEN_KEY_SIZE], int64_t id, const char *expires,
		     const char *sign, int64_t utc_us) TESS_MUST_CHECK;

#endif
