/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/guard.c - see guard.h.
 */
#include "firmware/control/jobs/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/store/live.h"
#include "firmware/control/store/settings.h"
#include "firmware/control/text.h"

#define DAY_S 86400

static int each_domain(void *arg, const struct tess_live_domain *row)
{
	/* who may push is decided here */
	if (strcmp(row->kind, "play") != 0)
		return 0;
	return json_object_set_new(arg, row->name,
				   json_pack("{sI sb ss ss sI}", "app",
					     (json_int_t)row->application, "enable", row->enabled,
					     "key", row->key, "back_key", row->back_key, "delta_s",
					     (json_int_t)row->delta_s))
		       ? -ENOMEM
		       : 0;
}

static int each_settings(void *arg, uint32_t application, const struct tess_live_settings *row)
{
	char key[16];

	snprintf(key, sizeof(key), "%u", application);
	return json_object_set_new(
		       arg, key,
		       json_pack("{ss sb so ss ss so si si}", "referrer_mode", row->referrer_mode,
				 "referrer_empty", row->referrer_empty, "referrers",
				 tess_text_words_json(row->referrers), "ip_allow", row->ip_allow,
				 "ip_deny", row->ip_deny, "origins",
				 tess_text_words_json(row->origins), "max_viewers",
				 row->max_viewers, "max_stream_viewers", row->max_stream_viewers))
		       ? -ENOMEM
		       : 0;
}

static int each_area(void *arg, int64_t id, uint32_t application)
{
	char key[24];

	snprintf(key, sizeof(key), "%" PRId64, id);
	return json_object_set_new(arg, key, json_integer((json_int_t)application)) ? -ENOMEM : 0;
}

/* Whose the folders of storage areas are; left out when there are none. */
static int put_areas(json_t *guard, struct tess_control *control)
{
	json_t *areas = json_object();
	int rc = tess_store_area_owners(control->store, each_area, areas);

	if (!rc && json_object_size(areas) && json_object_set(guard, "areas", areas))
		rc = -ENOMEM;
	json_decref(areas);
	return rc;
}

int tess_guard_desired(json_t **guardp, struct tess_control *control)
{
	json_t *guard = json_pack("{s{} s{}}", "play", "apps");
	int rc;

	if (!guard)
		return -ENOMEM;
	rc = tess_store_domains(control->store, 0, each_domain, json_object_get(guard, "play"));
	if (!rc)
		rc = tess_store_live_settings(control->store, each_settings,
					      json_object_get(guard, "apps"));
	if (!rc)
		rc = put_areas(guard, control);
	if (rc) {
		json_decref(guard);
		return rc;
	}
	*guardp = guard;
	return 0;
}

/* The first play domain with a key; "" when one is open. */
struct choice {
	char key[TESS_TX_KEY_MAX + 1];
	bool open;
};

static int choose(void *arg, const struct tess_live_domain *row)
{
	struct choice *choice = arg;
	const char *key = *row->key ? row->key : row->back_key;

	if (strcmp(row->kind, "play") != 0)
		return 0;
	choice->open |= !row->enabled;
	if (row->enabled && !*choice->key)
		tess_text_copy(choice->key, sizeof(choice->key), key);
	return 0;
}

int tess_guard_query(char query[TESS_TX_QUERY_SIZE], struct tess_control *control,
		     uint32_t application, const char *stream)
{
	int64_t day = tess_control_utc_us(control) / 1000000 / DAY_S;
	struct choice choice = {0};
	int rc = tess_store_domains(control->store, application, choose, &choice);

	*query = 0;
	if (!rc && !choice.open && *choice.key)
		rc = tess_tx_query(query, choice.key, stream, (day + 2) * DAY_S);
	explicit_bzero(choice.key, sizeof(choice.key));
	return rc;
}

struct right {
	const char *kind, *stream, *query;
	int64_t utc_us;
};

static int is_signed(void *arg, const struct tess_live_domain *row)
{
	const struct right *right = arg;
	int64_t delta_s = strcmp(row->kind, "play") != 0 ? 0 : row->delta_s;

	/* one without protection gives no right: there another one is asked for */
	return !strcmp(row->kind, right->kind) && row->enabled &&
	       !tess_tx_check(row->key, row->back_key, right->stream, right->query, delta_s,
			      right->utc_us);
}

int tess_guard_push(struct tess_control *control, uint32_t application, const char *stream,
		    const char *query)
{
	struct right right = {"push", stream, query, tess_control_utc_us(control)};

	return tess_store_domains(control->store, application, is_signed, &right);
}

int tess_guard_fetch(struct tess_control *control, uint32_t application, const char *name,
		     const char *query)
{
	struct right right = {"play", name, query, tess_control_utc_us(control)};

	return tess_store_domains(control->store, application, is_signed, &right);
}
