/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/control.c - see control.h.
 */
#include "firmware/control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/api/auth.h"
#include "firmware/control/api/password.h"
#include "firmware/control/jobs/found.h"
#include "firmware/control/jobs/limiter.h"
#include "firmware/control/jobs/pictures.h"
#include "firmware/control/jobs/uploads.h"

#define LOGIN_KEYS	512
#define LOGIN_WINDOW_US 60000000
#define START_KEYS	64
#define START_WINDOW_US 1000000

static int load_token_key(struct tess_control *control)
{
	int rc = tess_store_setting(control->store, "token_key", control->token_key,
				    sizeof(control->token_key));

	if (rc != -ENOENT)
		return rc;
	rc = tess_random_hex(control->token_key, 32);
	return rc ? rc : tess_store_setting_set(control->store, "token_key", control->token_key);
}

static int begin_life(struct tess_control *control)
{
	char text[24] = "0";
	int rc = tess_store_setting(control->store, "life", text, sizeof(text));

	if (rc == -ENOENT)
		rc = tess_found_first_id(control); /* the store is new */
	if (rc)
		return rc;
	control->life = strtoll(text, NULL, 10) + 1;
	snprintf(text, sizeof(text), "%lld", (long long)control->life);
	return tess_store_setting_set(control->store, "life", text);
}

/* A hash of nothing that anybody knows. */
static int make_decoy(struct tess_control *control)
{
	char password[33];
	int rc = tess_random_hex(password, 16);

	return rc ? rc : tess_password_hash(control->decoy, password);
}

int tess_control_open(struct tess_control *control, const struct tess_config *config,
		      const struct tess_clock *clock)
{
	int rc;

	memset(control, 0, sizeof(*control));
	control->config = config;
	control->clock = clock;
	control->started_utc_us = tess_control_utc_us(control);
	rc = tess_store_open(&control->store, config->box.state_dir);
	if (!rc)
		rc = tess_facts_alloc(&control->facts);
	if (!rc)
		rc = tess_limiter_alloc(&control->logins, LOGIN_KEYS, LOGIN_WINDOW_US);
	if (!rc)
		rc = tess_limiter_alloc(&control->starts, START_KEYS, START_WINDOW_US);
	if (!rc)
		rc = tess_picture_jobs_alloc(&control->pictures);
	if (!rc)
		rc = load_token_key(control);
	if (!rc)
		rc = begin_life(control);
	if (!rc)
		rc = make_decoy(control);
	if (!rc)
		rc = tess_auth_first_start(control);
	return rc;
}

void tess_control_close(struct tess_control *control)
{
	tess_picture_jobs_free(control->pictures);
	tess_limiter_free(control->starts);
	tess_limiter_free(control->logins);
	tess_facts_free(control->facts);
	tess_store_close(control->store);
	explicit_bzero(control->token_key, sizeof(control->token_key));
}

void tess_control_changed(struct tess_control *control)
{
	if (control->changed)
		control->changed(control->changed_arg);
	tess_uploads_wake(control);
}

int tess_control_tell(struct tess_control *control, const json_t *message)
{
	return control->tell ? control->tell(control->tell_arg, message) : -ENOTCONN;
}

void tess_control_orders(struct tess_control *control)
{
	if (control->orders)
		control->orders(control->changed_arg);
}
