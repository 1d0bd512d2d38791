/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/live_settings.c - who may watch an application's live streams: its play and
 * push domains, and rules for all of them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/prefixes.h"
#include "firmware/control/api/handlers.h"
#include "firmware/control/api/password.h"
#include "firmware/control/store/live.h"
#include "firmware/control/text.h"

#define REFUSE(...) (tess_call_invalid(__VA_ARGS__) ? -ENOMEM : -EINVAL)

#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

/* ---- domains ---- */

/* Keys are secrets: only for who may change them, and never in a list. */
static json_t *domain_json(const struct tess_live_domain *row, bool with_keys)
{
	json_t *json = json_pack("{ss ss sb sI so}", "kind", row->kind, "name", row->name,
				 "enabled", row->enabled, "delta_s", (json_int_t)row->delta_s,
				 "created", tess_time_json(row->created_us));

	if (with_keys && (json_object_set_new(json, "key", json_string(row->key)) ||
			  json_object_set_new(json, "back_key", json_string(row->back_key)))) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static int each_domain(void *arg, const struct tess_live_domain *row)
{
	return json_array_append_new(arg, domain_json(row, false)) ? -ENOMEM : 0;
}

int tess_api_domains(struct tess_call *call)
{
	struct tess_application application;
	json_t *list;
	int rc = tess_api_application_of(call, &application);

	if (rc < 0)
		return tess_call_done(rc);
	list = json_array();
	rc = tess_store_domains(call->control->store, application.id, each_domain, list);
	return tess_response_list(call->response, "domains", list, rc);
}

/* A host name, or an address: what stands in a Host header. */
static bool is_name(const char *text)
{
	return strspn(text, LETTERS_DIGITS "-.") == strlen(text) && *text != '.' && *text != '-' &&
	       !strstr(text, "..");
}

static bool is_key(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

/* The member of this name into a key. @retval 1, 0 absent, -EINVAL answered, -ENOMEM */
static int read_key(struct tess_call *call, const char *name, char key[TESS_TX_KEY_MAX + 1])
{
	const char *text;
	int rc = tess_field_text(call, call->body, name, 0, TESS_TX_KEY_MAX, &text);

	if (rc <= 0)
		return rc;
	if (!is_key(text))
		return REFUSE(call, name, "%s must have neither blanks nor other than ASCII.",
			      name);
	tess_text_copy(key, TESS_TX_KEY_MAX + 1, text);
	return 1;
}

/* The members that both adding and changing know. @retval 1, or negative */
static int read_domain(struct tess_call *call, struct tess_live_domain *domain)
{
	int rc = tess_field_bool(call, call->body, "enabled", &domain->enabled);

	if (rc >= 0)
		rc = read_key(call, "key", domain->key);
	if (rc >= 0)
		rc = read_key(call, "back_key", domain->back_key);
	if (rc >= 0)
		rc = tess_field_int(call, call->body, "delta_s", 0, TESS_DOMAIN_DELTA_MAX_S,
				    &domain->delta_s);
	return rc < 0 ? rc : 1;
}

/* Nobody could come in by no key. */
static int check_domain(struct tess_call *call, const struct tess_live_domain *domain)
{
	if (domain->enabled && !*domain->key && !*domain->back_key)
		return REFUSE(call, "key", "A domain that is protected needs a key.");
	return 1;
}

static int check_count(struct tess_call *call, uint32_t application)
{
	int64_t count = 0;
	int rc = tess_store_domains_count(call->control->store, application, &count);

	if (rc)
		return rc;
	if (count < TESS_DOMAINS_MAX)
		return 1;
	return tess_call_error(call, 409, "limit_reached", "",
			       "An application can have %d domains.", TESS_DOMAINS_MAX)
		       ? -ENOMEM
		       : -EINVAL;
}

static int answer_domain(struct tess_call *call, unsigned status, const char *action,
			 const struct tess_live_domain *domain)
{
	tess_control_changed(call->control);
	tess_call_audit(call, action, "%u %s %s", domain->application, domain->kind, domain->name);
	return tess_response_json(call->response, status, domain_json(domain, true));
}

int tess_api_domain_add(struct tess_call *call)
{
	struct tess_live_domain domain = {.created_us = tess_control_utc_us(call->control)};
	struct tess_application application;
	const char *kind = "", *name = "";
	int rc = tess_api_application_of(call, &application);

	if (rc > 0)
		rc = tess_fields_only(call, call->body, "",
				      "kind name enabled key back_key delta_s");
	if (rc > 0)
		rc = tess_field_required(
			call, "kind",
			tess_field_choice(call, call->body, "kind", TESS_DOMAIN_KINDS, &kind));
	if (rc > 0)
		rc = tess_field_required(
			call, "name",
			tess_field_text(call, call->body, "name", 1, TESS_DOMAIN_NAME_MAX, &name));
	if (rc > 0 && !is_name(name))
		rc = REFUSE(call, "name",
			    "name must be a host name in lower case, without a port.");
	if (rc > 0)
		rc = read_domain(call, &domain);
	if (rc > 0 && !json_object_get(call->body, "key"))
		rc = tess_random_hex(domain.key, 16) ? -EIO : 1;
	if (rc > 0)
		rc = check_domain(call, &domain);
	if (rc > 0)
		rc = check_count(call, application.id);
	if (rc < 0)
		return tess_call_done(rc);
	domain.application = application.id;
	tess_text_copy(domain.kind, sizeof(domain.kind), kind);
	tess_text_copy(domain.name, sizeof(domain.name), name);
	rc = tess_store_domain_add(call->control->store, &domain);
	if (rc == -EEXIST)
		return tess_call_error(call, 409, "exists", "name",
				       "An application has this domain already.");
	return rc ? rc : answer_domain(call, 201, "domain.add", &domain);
}

/* The domain of path parameters 0, 1 and 2. @retval as tess_api_application_of() */
static int domain_of(struct tess_call *call, struct tess_live_domain *domain)
{
	struct tess_application application;
	int rc = tess_api_application_of(call, &application);

	if (rc < 0)
		return rc;
	rc = tess_store_domain_get(call->control->store, domain, call->params[1], call->params[2]);
	if (rc == -ENOENT || (!rc && domain->application != application.id))
		return tess_call_missing(call, "domain") ? -ENOMEM : -EINVAL;
	return rc ? rc : 1;
}

int tess_api_domain_get(struct tess_call *call)
{
	struct tess_live_domain domain;
	int rc = domain_of(call, &domain);

	if (rc < 0)
		return tess_call_done(rc);
	return tess_response_json(call->response, 200, domain_json(&domain, call->identity.admin));
}

int tess_api_domain_set(struct tess_call *call)
{
	struct tess_live_domain domain;
	int rc = domain_of(call, &domain);

	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", "enabled key back_key delta_s");
	if (rc > 0)
		rc = read_domain(call, &domain);
	if (rc > 0)
		rc = check_domain(call, &domain);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_domain_set(call->control->store, &domain);
	return rc ? rc : answer_domain(call, 200, "domain.change", &domain);
}

int tess_api_domain_remove(struct tess_call *call)
{
	struct tess_live_domain domain;
	int rc = domain_of(call, &domain);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_domain_remove(call->control->store, domain.kind, domain.name);
	if (rc)
		return rc;
	tess_control_changed(call->control);
	tess_call_audit(call, "domain.remove", "%u %s %s", domain.application, domain.kind,
			domain.name);
	return tess_call_empty(call, 204);
}

/* ---- rules ---- */

static json_t *settings_json(const struct tess_live_settings *settings)
{
	return json_pack("{ss sb so so so so si si}", "referrer_mode", settings->referrer_mode,
			 "referrer_empty", settings->referrer_empty, "referrers",
			 tess_text_words_json(settings->referrers), "ip_allow",
			 tess_text_words_json(settings->ip_allow), "ip_deny",
			 tess_text_words_json(settings->ip_deny), "origins",
			 tess_text_words_json(settings->origins), "max_viewers",
			 settings->max_viewers, "max_stream_viewers", settings->max_stream_viewers);
}

static bool is_referrer(const char *text)
{
	if (!strncmp(text, "*.", 2))
		text += 2;
	return *text && is_name(text);
}

/* One network, not a list of them. */
static bool is_network(const char *text)
{
	return *text && !strpbrk(text, ", ") && tess_prefixes_valid(text);
}

/* What a browser sends as Origin (RFC 6454 §7). */
static bool is_origin(const char *text)
{
	size_t scheme = !strncmp(text, "http://", 7) ? 7 : !strncmp(text, "https://", 8) ? 8 : 0;

	return scheme && text[scheme] &&
	       strspn(text + scheme, LETTERS_DIGITS "-.:[]") == strlen(text + scheme);
}

struct list {
	const char *name, *between, *expected;
	bool (*valid)(const char *text);
};

/* An array of texts into a list. @retval 1, 0 absent, -EINVAL answered, -ENOMEM */
static int read_list(struct tess_call *call, const struct list *list,
		     char text[TESS_LIVE_LIST_MAX + 1])
{
	const json_t *array = json_object_get(call->body, list->name), *value;
	size_t i, length = 0;

	if (!array || json_is_null(array))
		return 0;
	if (!json_is_array(array))
		return REFUSE(call, list->name, "%s must be an array.", list->name);
	*text = 0;
	json_array_foreach(array, i, value)
	{
		const char *word = json_string_value(value);

		if (!word || !list->valid(word))
			return REFUSE(call, list->name, "%s has %s.", list->name, list->expected);
		length += (size_t)snprintf(text + length, TESS_LIVE_LIST_MAX + 1 - length, "%s%s",
					   length ? list->between : "", word);
		if (length > TESS_LIVE_LIST_MAX)
			return REFUSE(call, list->name, "%s is too long.", list->name);
	}
	return 1;
}

static int read_lists(struct tess_call *call, struct tess_live_settings *settings)
{
	static const struct list referrers = {
		"referrers", " ", "host names such as example.com or *.example.com", is_referrer};
	static const struct list allow = {"ip_allow", ", ", "networks such as 10.0.0.0/8",
					  is_network};
	static const struct list refuse = {"ip_deny", ", ", "networks such as 10.0.0.0/8",
					   is_network};
	static const struct list origins = {"origins", " ",
					    "origins such as https://www.example.com", is_origin};
	int rc = read_list(call, &referrers, settings->referrers);

	if (rc >= 0)
		rc = read_list(call, &allow, settings->ip_allow);
	if (rc >= 0)
		rc = read_list(call, &refuse, settings->ip_deny);
	if (rc >= 0)
		rc = read_list(call, &origins, settings->origins);
	return rc < 0 ? rc : 1;
}

static int read_settings(struct tess_call *call, struct tess_live_settings *settings)
{
	int64_t viewers = settings->max_viewers, of_stream = settings->max_stream_viewers;
	const char *mode = NULL;
	int rc;

	rc = tess_fields_only(call, call->body, "",
			      "referrer_mode referrer_empty referrers ip_allow ip_deny origins"
			      " max_viewers max_stream_viewers");
	if (rc >= 0)
		rc = tess_field_choice(call, call->body, "referrer_mode", TESS_LIVE_REFERRER_MODES,
				       &mode);
	if (rc >= 0)
		rc = tess_field_bool(call, call->body, "referrer_empty", &settings->referrer_empty);
	if (rc >= 0)
		rc = read_lists(call, settings);
	if (rc >= 0)
		rc = tess_field_int(call, call->body, "max_viewers", 0, TESS_LIVE_MAX_VIEWERS_MOST,
				    &viewers);
	if (rc >= 0)
		rc = tess_field_int(call, call->body, "max_stream_viewers", 0,
				    TESS_LIVE_MAX_VIEWERS_MOST, &of_stream);
	if (rc < 0)
		return rc;
	if (mode)
		tess_text_copy(settings->referrer_mode, sizeof(settings->referrer_mode), mode);
	settings->max_viewers = (uint32_t)viewers;
	settings->max_stream_viewers = (uint32_t)of_stream;
	return 1;
}

/* Of path parameter 0. @retval 1, or negative as tess_api_application_of() */
static int settings_of(struct tess_call *call, struct tess_application *application,
		       struct tess_live_settings *settings)
{
	int rc = tess_api_application_of(call, application);

	if (rc < 0)
		return rc;
	rc = tess_store_live_settings_get(call->control->store, settings, application->id);
	return rc ? rc : 1;
}

int tess_api_live_settings(struct tess_call *call)
{
	struct tess_live_settings settings;
	struct tess_application application;
	int rc = settings_of(call, &application, &settings);

	if (rc < 0)
		return tess_call_done(rc);
	return tess_response_json(call->response, 200, settings_json(&settings));
}

int tess_api_live_settings_set(struct tess_call *call)
{
	struct tess_live_settings settings;
	struct tess_application application;
	int rc = settings_of(call, &application, &settings);

	if (rc > 0)
		rc = read_settings(call, &settings);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_live_settings_set(call->control->store, application.id, &settings);
	if (rc)
		return rc;
	tess_control_changed(call->control);
	tess_call_audit(call, "live.settings", "%u", application.id);
	return tess_response_json(call->response, 200, settings_json(&settings));
}
