/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/guard.c - see guard.h. The rules are looked up in the JSON that they came in: a
 * check is made once for a viewer.
 */
#include "firmware/egress/guard.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/base/log.h"
#include "firmware/base/prefixes.h"
#include "firmware/base/tx_secret.h"

enum reason {
	REASON_DOMAIN,
	REASON_SECRET,
	REASON_REFERRER,
	REASON_ADDRESS,
	REASONS,
};

static const char *const NAMES[REASONS] = {
	[REASON_DOMAIN] = "viewers_denied_domain",
	[REASON_SECRET] = "viewers_denied_secret",
	[REASON_REFERRER] = "viewers_denied_referrer",
	[REASON_ADDRESS] = "viewers_denied_address",
};

struct tess_guard {
	const struct tess_clock *clock;
	json_t *rules; /* NULL: none yet */
	uint64_t denied[REASONS];
	struct tess_log_limit limit;
};

int tess_guard_alloc(struct tess_guard **guardp, const struct tess_clock *clock)
{
	struct tess_guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return -ENOMEM;
	guard->clock = clock;
	*guardp = guard;
	return 0;
}

void tess_guard_free(struct tess_guard *guard)
{
	if (!guard)
		return;
	json_decref(guard->rules);
	free(guard);
}

void tess_guard_apply(struct tess_guard *guard, const json_t *rules)
{
	json_decref(guard->rules);
	guard->rules = json_incref((json_t *)(uintptr_t)rules);
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

static int64_t number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const json_t *rules_of(const struct tess_guard *guard, uint32_t app)
{
	char key[16];

	(void)snprintf(key, sizeof(key), "%" PRIu32, app);
	return guard ? json_object_get(json_object_get(guard->rules, "apps"), key) : NULL;
}

/** The name without port and last dot, in lower case; "" if it is none. */
static void plain_host(char host[TESS_GUARD_HOST_SIZE], const char *asked)
{
	size_t length = *asked == '[' ? strcspn(asked, "]") : strcspn(asked, ":/");

	if (length && asked[length - 1] == '.')
		length--;
	if (length >= TESS_GUARD_HOST_SIZE)
		length = 0;
	for (size_t i = 0; i < length; i++)
		host[i] = (char)tolower((unsigned char)asked[i]);
	host[length] = 0;
}

/** The host of an address; "" if it has none. */
static void host_of(char host[TESS_GUARD_HOST_SIZE], const char *address)
{
	const char *at = strstr(address, "://"), *end;

	at = at ? at + 3 : address;
	end = at + strcspn(at, "/?#");
	/* behind the name and password, if there are any */
	for (const char *user = at; user < end; user++)
		if (*user == '@')
			at = user + 1;
	plain_host(host, at);
}

static int deny(struct tess_guard *guard, enum reason reason, const char *stream)
{
	uint64_t suppressed;

	guard->denied[reason]++;
	/* never with the query: it may be good for another moment or host */
	if (tess_log_allowed(&guard->limit, tess_clock_now_us(guard->clock), &suppressed))
		TESS_INFO("guard.denied", "name=%.128s reason=%s suppressed=%" PRIu64, stream,
			  NAMES[reason], suppressed);
	return reason == REASON_DOMAIN ? -ENOENT : -EACCES;
}

static bool is_good(const struct tess_guard *guard, const json_t *domain, const char *stream,
		    const char *query)
{
	return !json_is_true(json_object_get(domain, "enable")) ||
	       !tess_tx_check(text(domain, "key"), text(domain, "back_key"), stream, query,
			      number(domain, "delta_s"), tess_clock_utc_us(guard->clock));
}

/** By a name that is nobody's domain: what one of the application's lets in. */
static bool is_good_anywhere(const struct tess_guard *guard, const json_t *domains, uint32_t app,
			     const struct tess_play *play)
{
	bool has_one = false;
	const char *name;
	json_t *domain;

	json_object_foreach((json_t *)(uintptr_t)domains, name, domain)
	{
		if (number(domain, "app") != app)
			continue;
		if (is_good(guard, domain, play->stream, play->query))
			return true;
		has_one = true;
	}
	return !has_one;
}

/** "example.com", or "*.example.com" for all below it. */
static bool matches(const char *host, const char *pattern)
{
	size_t length = strlen(host), end;

	if (strncmp(pattern, "*.", 2) != 0)
		return !strcasecmp(host, pattern);
	end = strlen(pattern + 1);
	return length > end && !strcasecmp(host + length - end, pattern + 1);
}

static bool referrer_is_good(const json_t *rules, const char *referrer)
{
	const char *mode = text(rules, "referrer_mode");
	char host[TESS_GUARD_HOST_SIZE];
	const json_t *pattern;
	bool listed = false;
	size_t i;

	if (strcmp(mode, "allow") != 0 && strcmp(mode, "deny") != 0)
		return true;
	if (!*referrer)
		return json_is_true(json_object_get(rules, "referrer_empty"));
	host_of(host, referrer);
	json_array_foreach(json_object_get(rules, "referrers"), i, pattern)
	{
		listed |= json_is_string(pattern) && matches(host, json_string_value(pattern));
	}
	return listed == !strcmp(mode, "allow");
}

static bool address_is_good(const json_t *rules, const union tess_addr *address)
{
	const char *allow = text(rules, "ip_allow"), *refuse = text(rules, "ip_deny");

	return !tess_prefixes_have(refuse, address) &&
	       (!*allow || tess_prefixes_have(allow, address));
}

int tess_play_check(struct tess_guard *guard, uint32_t app, const struct tess_play *play)
{
	const json_t *rules = rules_of(guard, app), *domains, *domain;
	char host[TESS_GUARD_HOST_SIZE];
	bool good;

	if (!guard)
		return 0;
	domains = json_object_get(guard->rules, "play");
	plain_host(host, play->host);
	domain = json_object_get(domains, host);
	if (domain && number(domain, "app") != app)
		return deny(guard, REASON_DOMAIN, play->stream);
	if (!address_is_good(rules, &play->address))
		return deny(guard, REASON_ADDRESS, play->stream);
	if (!referrer_is_good(rules, play->referrer))
		return deny(guard, REASON_REFERRER, play->stream);
	good = domain ? is_good(guard, domain, play->stream, play->query)
		      : is_good_anywhere(guard, domains, app, play);
	return good ? 0 : deny(guard, REASON_SECRET, play->stream);
}

int tess_guard_file(struct tess_guard *guard, uint32_t app, const char *name, const char *query)
{
	json_t *domains = json_object_get(guard->rules, "play"), *domain;
	const char *host;

	json_object_foreach(domains, host, domain)
	{
		if (number(domain, "app") == app &&
		    json_is_true(json_object_get(domain, "enable")) &&
		    is_good(guard, domain, name, query))
			return 0;
	}
	return deny(guard, REASON_SECRET, name);
}

uint32_t tess_guard_owner(const struct tess_guard *guard, int64_t folder)
{
	char key[24];
	const json_t *owner;

	(void)snprintf(key, sizeof(key), "%" PRId64, folder);
	owner = json_object_get(json_object_get(guard->rules, "areas"), key);
	return (uint32_t)(owner ? json_integer_value(owner) : folder);
}

void tess_guard_cors(const struct tess_guard *guard, uint32_t app, const char *origin,
		     char *headers, size_t size)
{
	const json_t *origins = json_object_get(rules_of(guard, app), "origins"), *one;
	size_t i;

	if (!json_array_size(origins)) {
		(void)snprintf(headers, size, "Access-Control-Allow-Origin: *\r\n");
		return;
	}
	(void)snprintf(headers, size, "Vary: Origin\r\n");
	json_array_foreach(origins, i, one)
	{
		if (json_is_string(one) && !strcasecmp(json_string_value(one), origin))
			(void)snprintf(headers, size,
				       "Vary: Origin\r\nAccess-Control-Allow-Origin: %s\r\n",
				       json_string_value(one));
	}
}

void tess_guard_limits(const struct tess_guard *guard, uint32_t app, uint32_t *stream,
		       uint32_t *application)
{
	const json_t *rules = rules_of(guard, app);

	*stream = (uint32_t)number(rules, "max_stream_viewers");
	*application = (uint32_t)number(rules, "max_viewers");
}

void tess_guard_count(const struct tess_guard *guard, json_t *counters)
{
	for (unsigned i = 0; i < REASONS; i++)
		(void)json_object_set_new(counters, NAMES[i],
					  json_integer((json_int_t)guard->denied[i]));
}
