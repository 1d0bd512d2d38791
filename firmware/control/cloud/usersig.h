/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/usersig.h - UserSig, the ticket with which a user enters a room: a JSON
 * document with an HMAC-SHA256 over its members, deflated, in base64 with '+' '/' '=' written '*'
 * '-' '_'.
 */
#ifndef TESS_CLOUD_USERSIG_H
#define TESS_CLOUD_USERSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

#define TESS_USERSIG_MAX 2048 /* bytes of text, the end included */

/** 1..32 bytes of letters, digits, '_' and '-'. */
bool tess_user_id_valid(const char *user_id);

/**
 * Is @p usersig a ticket of @p user_id for this application?
 * @param key the application's key: its text, not decoded
 * @retval 0 yes
 * @retval -EBADMSG it cannot be read
 * @retval -EKEYREJECTED signed with another key
 * @retval -EPERM of another user or application
 * @retval -EKEYEXPIRED over, or issued more than 5 minutes in the future
 * @retval -ENOMEM
 */
int tess_usersig_verify(const char *usersig, const char *key, uint32_t sdk_app_id,
			const char *user_id, int64_t now_utc_s) TESS_MUST_CHECK;
/**
 * Write a ticket valid for @p expire_s from @p now_utc_s on.
 * @retval 0, -EINVAL user id or life time, -ENOSPC, -ENOMEM
 */
int tess_usersig_generate(char *usersig, size_t size, const char *key, uint32_t sdk_app_id,
			  const char *user_id, int64_t now_utc_s, int64_t expire_s) TESS_MUST_CHECK;

#endif
