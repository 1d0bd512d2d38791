/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/login.c - logging in and out, changing the password.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/control/api/auth.h"
#include "firmware/control/api/password.h"
#include "firmware/control/jobs/limiter.h"

#define COOKIE_BYTES 32

struct attempt {
	char user[TESS_NAME_MAX + 8];
	char address[INET6_ADDRSTRLEN + 8];
};

static void keys_of(struct attempt *attempt, const char *user, const char *address)
{
	struct in6_addr in6;

	snprintf(attempt->user, sizeof(attempt->user), "user %s", user);
	snprintf(attempt->address, sizeof(attempt->address), "addr %s", address);
	/* whoever has one address of a /64 has them all */
	if (inet_pton(AF_INET6, address, &in6) == 1) {
		memset(in6.s6_addr + 8, 0, 8);
		inet_ntop(AF_INET6, &in6, attempt->address + 5, sizeof(attempt->address) - 5);
	}
}

/* Counted before the password is looked at; a good one is forgiven. @return µs to wait, 0 = go on
 */
static int64_t count(struct tess_control *control, const struct attempt *attempt)
{
	int64_t now_us = tess_clock_now_us(control->clock), wait_us;

	wait_us = tess_limiter_count(control->logins, attempt->address, TESS_AUTH_ADDR_FAILURES,
				     now_us);
	if (!wait_us)
		wait_us = tess_limiter_count(control->logins, attempt->user,
					     TESS_AUTH_USER_FAILURES, now_us);
	if (!wait_us)
		wait_us =
			tess_limiter_count(control->logins, "all", TESS_AUTH_ALL_ATTEMPTS, now_us);
	return wait_us;
}

static int too_many(struct tess_call *call, int64_t wait_us)
{
	int rc = tess_response_header(call->response, "Retry-After", "%lld",
				      (long long)((wait_us + 999999) / 1000000));

	return rc ? rc
		  : tess_call_error(call, 429, "too_many_attempts", "",
				    "Too many attempts; try again later.");
}

static int open_session(struct tess_call *call, const struct tess_admin *admin)
{
	struct tess_control *control = call->control;
	int64_t now_us = tess_control_utc_us(control);
	int64_t life_s = (int64_t)control->config->control.session_hours * 3600;
	struct tess_identity *identity = &call->identity;
	char cookie[2 * COOKIE_BYTES + 1];
	int rc;

	rc = tess_random_hex(cookie, COOKIE_BYTES);
	if (!rc)
		rc = tess_sha256_hex(identity->hash, cookie, strlen(cookie));
	identity->via = TESS_VIA_SESSION;
	identity->admin = true;
	identity->initial = admin->initial;
	identity->user = admin->id;
	identity->expires_us = now_us + life_s * 1000000;
	memcpy(identity->name, admin->name, sizeof(identity->name));
	if (!rc)
		rc = tess_store_session_add(control->store, identity->hash, admin->id, now_us,
					    identity->expires_us);
	if (!rc)
		rc = tess_response_header(call->response, "Set-Cookie",
					  TESS_AUTH_COOKIE
					  "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld",
					  cookie, (long long)life_s);
	explicit_bzero(cookie, sizeof(cookie));
	return rc ? rc : tess_api_me(call);
}

static int login(struct tess_call *call, const char *user, const char *password)
{
	struct tess_control *control = call->control;
	struct attempt attempt;
	struct tess_admin admin;
	int64_t wait_us;
	bool known, good;
	int rc;

	keys_of(&attempt, user, call->request->address);
	wait_us = count(control, &attempt);
	if (wait_us)
		return too_many(call, wait_us);
	rc = tess_store_admin_find(control->store, &admin, user);
	if (rc && rc != -ENOENT)
		return rc;
	known = !rc;
	/* the same work for a user that is not there, so that time does not tell */
	good = tess_password_verify(known ? admin.password : control->decoy, password) && known;
	if (!good) {
		TESS_WARN("login.refused", "address=%s", call->request->address);
		return tess_call_error(call, 401, "bad_credentials", "",
				       "The user or the password is wrong.");
	}
	tess_limiter_forget(control->logins, attempt.user);
	tess_limiter_forget(control->logins, attempt.address);
	rc = open_session(call, &admin);
	if (!rc)
		tess_call_audit(call, "login", "%s", admin.name);
	return rc;
}

int tess_api_login(struct tess_call *call)
{
	const char *user, *password;
	int rc;

	rc = tess_fields_only(call, call->body, "", "user password");
	if (rc > 0)
		rc = tess_field_required(
			call, "user",
			tess_field_text(call, call->body, "user", 1, TESS_NAME_MAX, &user));
	if (rc > 0)
		rc = tess_field_required(call, "password",
					 tess_field_text(call, call->body, "password", 1,
							 TESS_PASSWORD_MAX, &password));
	return rc > 0 ? login(call, user, password) : tess_call_done(rc);
}

int tess_api_logout(struct tess_call *call)
{
	int rc;

	if (call->identity.via == TESS_VIA_SESSION) {
		rc = tess_store_session_remove(call->control->store, call->identity.hash);
		if (rc && rc != -ENOENT)
			return rc;
	}
	rc = tess_response_header(call->response, "Set-Cookie",
				  TESS_AUTH_COOKIE
				  "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
	return rc ? rc : tess_call_empty(call, 204);
}

static int change(struct tess_call *call, const char *current, const char *wanted)
{
	struct tess_control *control = call->control;
	char hash[TESS_PASSWORD_HASH_MAX], path[512];
	struct attempt attempt;
	struct tess_admin admin;
	int64_t wait_us;
	int rc;

	/* a stolen session must not serve to guess the password either */
	keys_of(&attempt, call->identity.name, call->request->address);
	wait_us = count(control, &attempt);
	if (wait_us)
		return too_many(call, wait_us);
	rc = tess_store_admin_find(control->store, &admin, call->identity.name);
	if (rc)
		return rc;
	if (!tess_password_verify(admin.password, current))
		return tess_call_error(call, 403, "bad_credentials", "current",
				       "The current password is wrong.");
	tess_limiter_forget(control->logins, attempt.user);
	tess_limiter_forget(control->logins, attempt.address);
	rc = tess_password_hash(hash, wanted);
	if (!rc)
		rc = tess_store_admin_password(control->store, admin.id, hash, call->identity.hash);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/initial-password", control->config->box.state_dir);
	if (admin.initial && unlink(path) && errno != ENOENT)
		TESS_WARN("admin.password_file", "path=%s error=\"%s\"", path, strerror(errno));
	tess_call_audit(call, "password.change", "%s", admin.name);
	return tess_call_empty(call, 204);
}

int tess_api_password(struct tess_call *call)
{
	const char *current, *wanted;
	int rc;

	if (call->identity.via != TESS_VIA_SESSION)
		return tess_call_error(call, 403, "forbidden", "", "A token has no password.");
	rc = tess_fields_only(call, call->body, "", "current new");
	if (rc > 0)
		rc = tess_field_required(call, "current",
					 tess_field_text(call, call->body, "current", 1,
							 TESS_PASSWORD_MAX, &current));
	if (rc > 0)
		rc = tess_field_required(call, "new",
					 tess_field_text(call, call->body, "new", TESS_PASSWORD_MIN,
							 TESS_PASSWORD_MAX, &wanted));
	return rc > 0 ? change(call, current, wanted) : tess_call_done(rc);
}
