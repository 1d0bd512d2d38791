/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/auth.c - who calls, see auth.h.
 */
#include "firmware/control/api/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/control/api/password.h"

/* A token's last use is written at most so often: a write waits for the disk. */
#define LAST_USED_STEP_US 60000000

/* The cookie of this name. @return its length, 0 = none */
static size_t find_cookie(const char *header, const char **value)
{
	size_t name_length = strlen(TESS_AUTH_COOKIE);

	while (header && *header) {
		header += strspn(header, "; ");
		if (!strncmp(header, TESS_AUTH_COOKIE, name_length) && header[name_length] == '=') {
			*value = header + name_length + 1;
			return strcspn(*value, ";");
		}
		header += strcspn(header, ";");
	}
	return 0;
}

static int by_session(struct tess_call *call, const char *cookie, size_t length)
{
	struct tess_identity *identity = &call->identity;
	struct tess_session session;
	int rc;

	rc = tess_sha256_hex(identity->hash, cookie, length);
	if (!rc)
		rc = tess_store_session_find(call->control->store, &session, identity->hash,
					     tess_control_utc_us(call->control));
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	identity->via = TESS_VIA_SESSION;
	identity->admin = true;
	identity->initial = session.initial;
	identity->user = session.user;
	identity->expires_us = session.expires_us;
	memcpy(identity->name, session.name, sizeof(identity->name));
	return 0;
}

static int by_token(struct tess_call *call, const char *token)
{
	int64_t now_us = tess_control_utc_us(call->control);
	struct tess_identity *identity = &call->identity;
	char hash[TESS_SHA256_HEX];
	struct tess_token found;
	int rc;

	rc = tess_sha256_hex(hash, token, strlen(token));
	if (!rc)
		rc = tess_store_token_find(call->control->store, &found, hash);
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	identity->via = TESS_VIA_TOKEN;
	identity->admin = !strcmp(found.scope, "admin");
	memcpy(identity->name, found.name, sizeof(identity->name));
	if (now_us - found.last_used_us < LAST_USED_STEP_US)
		return 0;
	return tess_store_token_used(call->control->store, found.id, now_us);
}

int tess_auth_identify(struct tess_call *call)
{
	const struct tess_request *request = call->request;
	const char *authorization = request->get_header(request->header_arg, "Authorization");
	const char *cookie;
	size_t length;

	if (authorization) {
		if (strncasecmp(authorization, "Bearer ", 7) != 0)
			return 0;
		return by_token(call, authorization + 7 + strspn(authorization + 7, " "));
	}
	length = find_cookie(request->get_header(request->header_arg, "Cookie"), &cookie);
	return length ? by_session(call, cookie, length) : 0;
}

static void password_path(char path[512], const struct tess_control *control)
{
	snprintf(path, 512, "%s/initial-password", control->config->box.state_dir);
}

/* Durable before the administrator is: a password that nobody can read would lock all out. */
static int write_password(const struct tess_control *control, const char *password)
{
	char path[512], line[64];
	int fd, rc = 0, length;

	password_path(path, control);
	if (unlink(path) && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	length = snprintf(line, sizeof(line), "%s\n", password);
	if (write(fd, line, (size_t)length) != length)
		rc = -EIO;
	else if (fsync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

int tess_auth_first_start(struct tess_control *control)
{
	char password[24], hash[TESS_PASSWORD_HASH_MAX];
	int64_t count = 0;
	int rc;

	rc = tess_store_admin_count(control->store, &count);
	if (rc || count)
		return rc;
	rc = tess_random_text(password, 20);
	if (!rc)
		rc = tess_password_hash(hash, password);
	if (!rc)
		rc = write_password(control, password);
	if (!rc)
		rc = tess_store_admin_add(control->store, "admin", hash, true,
					  tess_control_utc_us(control));
	explicit_bzero(password, sizeof(password));
	if (!rc)
		TESS_INFO("admin.made", "user=admin password_file=%s/initial-password",
			  control->config->box.state_dir);
	return rc;
}

int tess_api_me(struct tess_call *call)
{
	const struct tess_identity *identity = &call->identity;

	return tess_response_json(call->response, 200,
				  json_pack("{ss ss ss sb so}", "user", identity->name, "via",
					    identity->via == TESS_VIA_SESSION ? "session" : "token",
					    "scope", identity->admin ? "admin" : "read",
					    "must_change_password", identity->initial, "expires",
					    tess_time_json(identity->expires_us)));
}
