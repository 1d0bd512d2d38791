/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/auth.h - who calls: sessions by cookie, API tokens.
 */
#ifndef TESS_CONTROL_API_AUTH_H
#define TESS_CONTROL_API_AUTH_H

#include "firmware/control/api/call.h"

#define TESS_AUTH_COOKIE	"tessera_session"
#define TESS_AUTH_TOKEN_PREFIX	"tess_"
#define TESS_AUTH_USER_FAILURES 5   /* a minute */
#define TESS_AUTH_ADDR_FAILURES 20  /* a minute; an IPv6 client is its /64 */
#define TESS_AUTH_ALL_ATTEMPTS	300 /* a minute, of all together: each costs 20 MiB and 30 ms */

/** Fill call->identity; what is not valid is nobody. @retval 0, or an error of the store */
int tess_auth_identify(struct tess_call *call) TESS_MUST_CHECK;
/**
 * On the first start make the administrator "admin", whose password is in
 * <state_dir>/initial-password (mode 0600); a file without its administrator is replaced.
 */
int tess_auth_first_start(struct tess_control *control) TESS_MUST_CHECK;

/* handlers */
int tess_api_login(struct tess_call *call);
int tess_api_logout(struct tess_call *call);
int tess_api_me(struct tess_call *call);
int tess_api_password(struct tess_call *call);

#endif
