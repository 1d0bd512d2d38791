/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/password.h - passwords (argon2id, 19 MiB, 2 passes) and random texts.
 */
#ifndef TESS_CONTROL_API_PASSWORD_H
#define TESS_CONTROL_API_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "hal/compiler.h"

#define TESS_PASSWORD_HASH_MAX 160
#define TESS_PASSWORD_MIN      10
#define TESS_PASSWORD_MAX      256

/** Hash with a fresh salt, encoded with all parameters. @retval 0, -ENOMEM, -EIO no random bytes */
int tess_password_hash(char hash[TESS_PASSWORD_HASH_MAX], const char *password) TESS_MUST_CHECK;
/** Takes as long for a wrong password as for the right one. */
bool tess_password_verify(const char *hash, const char *password);
/** @p bytes random bytes as lower case hex, with its end. @retval 0, -EIO */
int tess_random_hex(char *text, size_t bytes) TESS_MUST_CHECK;
/** @p length random characters without those that look alike, with its end. @retval 0, -EIO */
int tess_random_text(char *text, size_t length) TESS_MUST_CHECK;

#endif
