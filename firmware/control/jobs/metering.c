/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/metering.c - see metering.h.
 */
#include "firmware/control/jobs/metering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/api/views.h"
#include "firmware/control/jobs/usage.h"
#include "firmware/control/store/amounts.h"
#include "firmware/control/store/usage.h"

#define KEEP_US 4000000
/* a pause of the facts that is longer is no time of mixes: media was away */
#define PAUSE_US 3000000

/* Time of an application's mixes that is not kept yet. */
struct account {
	struct account *next;
	uint32_t application;
	int64_t us[TESS_TIERS];
};

struct tess_metering {
	struct tess_control *control;
	struct account *accounts;
	int64_t seen_us;	      /* the last facts of media; 0 = none */
	int64_t mixes_us, traffic_us; /* when that is to be kept next */
};

int tess_metering_alloc(struct tess_metering **meteringp, struct tess_control *control)
{
	struct tess_metering *metering = calloc(1, sizeof(*metering));

	if (!metering)
		return -ENOMEM;
	metering->control = control;
	*meteringp = metering;
	return 0;
}

static int64_t now_us(const struct tess_metering *metering)
{
	return tess_clock_now_us(metering->control->clock);
}

static int64_t slot_us(const struct tess_metering *metering)
{
	int64_t utc_us = tess_control_utc_us(metering->control);

	return utc_us - utc_us % TESS_USAGE_SLOT_US;
}

/* ---- mixes ---- */

static struct account *account_of(struct tess_metering *metering, uint32_t application)
{
	struct account *account = metering->accounts;

	while (account && account->application != application)
		account = account->next;
	if (account)
		return account;
	account = calloc(1, sizeof(*account));
	if (!account)
		return NULL;
	account->application = application;
	account->next = metering->accounts;
	metering->accounts = account;
	return account;
}

static enum tess_tier tier_of(const struct tess_mix *mix)
{
	json_t *params = json_loads(mix->params, 0, NULL);
	const json_t *video = json_object_get(params, "video");
	enum tess_tier tier = tess_usage_tier(json_integer_value(json_object_get(video, "width")),
					      json_integer_value(json_object_get(video, "height")));

	json_decref(params);
	return tier;
}

struct passed {
	struct tess_metering *metering;
	int64_t us;
};

static int each_mix(void *arg, const struct tess_mix *row)
{
	const struct passed *passed = arg;
	struct account *account;

	if (strcmp(tess_view_mix_state(passed->metering->control, row->id), "running") != 0)
		return 0;
	account = account_of(passed->metering, row->room.sdk_app_id);
	if (!account)
		return -ENOMEM;
	account->us[tier_of(row)] += passed->us;
	return 0;
}

/* An application that is gone has no usage. */
static int keep_account(struct tess_metering *metering, const struct account *account)
{
	int rc = 0;

	for (unsigned i = 0; !rc && i < TESS_TIERS; i++)
		if (account->us[i])
			rc = tess_store_amount_add(metering->control->store, account->application,
						   tess_tier_mix_item(i), slot_us(metering),
						   account->us[i]);
	return rc == -ENOENT ? 0 : rc;
}

/* All of them, or none: then it is tried again. */
static int keep_mixes(struct tess_metering *metering)
{
	struct tess_store *store = metering->control->store;
	struct account *next;
	int rc = 0;

	if (!metering->accounts)
		return 0;
	rc = tess_store_begin(store);
	if (rc)
		return rc;
	for (const struct account *one = metering->accounts; !rc && one; one = one->next)
		rc = keep_account(metering, one);
	rc = tess_store_finish(store, rc);
	if (rc)
		return rc;
	for (struct account *account = metering->accounts; account; account = next) {
		next = account->next;
		free(account);
	}
	metering->accounts = NULL;
	return 0;
}

int tess_metering_media(struct tess_metering *metering)
{
	int64_t now = now_us(metering);
	struct passed passed = {metering, metering->seen_us ? now - metering->seen_us : 0};
	int rc = 0;

	metering->seen_us = now;
	if (passed.us && passed.us <= PAUSE_US)
		rc = tess_store_mixes(metering->control->store, each_mix, &passed);
	if (rc || now < metering->mixes_us)
		return rc;
	metering->mixes_us = now + KEEP_US;
	return keep_mixes(metering);
}

/* ---- traffic ---- */

static int keep_traffic(struct tess_metering *metering)
{
	static const char *const items[] = {"live_bytes", "file_bytes", "relay_bytes", "relay_us"};
	const json_t *traffic =
		tess_facts_member(metering->control->facts, TESS_PROCESS_EGRESS, "traffic");
	struct tess_told told = {.run = json_integer_value(json_object_get(traffic, "run"))};
	const json_t *app;
	size_t i;
	int rc = 0;

	json_array_foreach(json_object_get(traffic, "apps"), i, app)
	{
		told.application = (uint32_t)json_integer_value(json_object_get(app, "app"));
		for (unsigned k = 0; !rc && k < sizeof(items) / sizeof(items[0]); k++) {
			told.item = items[k];
			told.amount = json_integer_value(json_object_get(app, items[k]));
			rc = tess_store_amount_told(metering->control->store, &told,
						    slot_us(metering));
			rc = rc == -ENOENT ? 0 : rc;
		}
	}
	return rc;
}

/* One write for all. */
static int keep_traffic_at_once(struct tess_metering *metering)
{
	struct tess_store *store = metering->control->store;
	int rc = tess_store_begin(store);

	return rc ? rc : tess_store_finish(store, keep_traffic(metering));
}

int tess_metering_egress(struct tess_metering *metering)
{
	int64_t now = now_us(metering);

	if (now < metering->traffic_us)
		return 0;
	metering->traffic_us = now + KEEP_US;
	return keep_traffic_at_once(metering);
}

int tess_metering_egress_gone(struct tess_metering *metering)
{
	metering->traffic_us = 0;
	return keep_traffic_at_once(metering);
}

void tess_metering_free(struct tess_metering *metering)
{
	int rc;

	if (!metering)
		return;
	rc = keep_mixes(metering);
	if (rc)
		TESS_ERROR("usage.lost", "error=\"%s\"", strerror(-rc));
	while (metering->accounts) {
		struct account *account = metering->accounts;

		metering->accounts = account->next;
		free(account);
	}
	free(metering);
}
