/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/live_params.c - see live_params.h.
 */
#include "firmware/control/cloud/live_params.h"

#include <string.h>

#include "firmware/base/tx_secret.h"
#include "firmware/control/cloud/checks.h"

#define OPTIONAL TESS_CLOUD_CODE_BEFORE_FIRST
#define MAX_NAME 253

const char *const tess_live_params[] = {
	"DomainName", "AppName",       "StreamName",	"Enable",  "AuthKey",  "AuthBackKey",
	"AuthDelta",  "MasterAuthKey", "BackupAuthKey", "PageNum", "PageSize", NULL,
};

/* A text that has to be there, and not empty. */
static const char *need(const struct tess_section *section, const char *name)
{
	const char *text = tess_check_text(section, name, TESS_CLOUD_MISSING_PARAMETER,
					   TESS_CLOUD_INVALID_PARAMETER);

	if (text && (!*text || strlen(text) > MAX_NAME))
		tess_check_invalid(section, name, TESS_CLOUD_INVALID_VALUE,
				   "1 to 253 bytes are expected");
	return text;
}

/* A key; an empty one is given too: it takes the key away. */
static const char *key_of(const struct tess_section *section, const char *name)
{
	const json_t *value = json_object_get(section->object, name);
	const char *key;

	if (!value || json_is_null(value))
		return NULL;
	if (!json_is_string(value)) {
		tess_check_invalid(section, name, TESS_CLOUD_INVALID_PARAMETER,
				   "a text is expected");
		return NULL;
	}
	key = json_string_value(value);
	if (strlen(key) > TESS_TX_KEY_MAX) {
		tess_check_invalid(section, name, TESS_CLOUD_INVALID_VALUE,
				   "at most 255 bytes are expected");
		return key;
	}
	for (const char *at = key; *at; at++)
		if (*at <= ' ' || *at > '~') {
			tess_check_invalid(section, name, TESS_CLOUD_INVALID_VALUE,
					   "ASCII without blanks is expected");
			return key;
		}
	return key;
}

static void check_keys(struct tess_live_request *request, const struct tess_section *section,
		       const char *key, const char *back_key)
{
	static const struct tess_number enable = {"Enable", 0, 1, OPTIONAL,
						  TESS_CLOUD_INVALID_VALUE};
	static const struct tess_number delta = {"AuthDelta", 0, 315360000, OPTIONAL,
						 TESS_CLOUD_INVALID_VALUE};

	request->enable = tess_check_number(section, &enable, -1);
	request->delta_s = tess_check_number(section, &delta, -1);
	request->key = key_of(section, key);
	request->back_key = key_of(section, back_key);
}

static void check_list(struct tess_live_request *request, const struct tess_section *section)
{
	static const struct tess_number page = {"PageNum", 1, INT32_MAX, OPTIONAL,
						TESS_CLOUD_INVALID_VALUE};
	static const struct tess_number size = {"PageSize", 10, 300000, OPTIONAL,
						TESS_CLOUD_INVALID_VALUE};

	request->domain =
		tess_check_text(section, "DomainName", OPTIONAL, TESS_CLOUD_INVALID_PARAMETER);
	request->app = tess_check_text(section, "AppName", OPTIONAL, TESS_CLOUD_INVALID_PARAMETER);
	request->stream =
		tess_check_text(section, "StreamName", OPTIONAL, TESS_CLOUD_INVALID_PARAMETER);
	request->page = tess_check_number(section, &page, 1);
	request->page_size = tess_check_number(section, &size, 10);
}

int tess_live_request_parse(struct tess_live_request *request, enum tess_live_action action,
			    const json_t *params, struct tess_cloud_error *error)
{
	struct tess_checks checks = {0};
	struct tess_section section = {.checks = &checks, .object = params};

	*request = (struct tess_live_request){.action = action, .enable = -1, .delta_s = -1};
	switch (action) {
	case TESS_LIVE_PLAY_KEY:
	case TESS_LIVE_PUSH_KEY:
		request->domain = need(&section, "DomainName");
		break;
	case TESS_LIVE_SET_PLAY_KEY:
		request->domain = need(&section, "DomainName");
		check_keys(request, &section, "AuthKey", "AuthBackKey");
		break;
	case TESS_LIVE_SET_PUSH_KEY:
		request->domain = need(&section, "DomainName");
		check_keys(request, &section, "MasterAuthKey", "BackupAuthKey");
		break;
	case TESS_LIVE_ONLINE:
		check_list(request, &section);
		break;
	case TESS_LIVE_STATE:
	case TESS_LIVE_DROP:
		request->app = need(&section, "AppName");
		request->domain = need(&section, "DomainName");
		request->stream = need(&section, "StreamName");
		break;
	}
	return tess_checks_end(&checks, error);
}
