/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/traffic.c - see traffic.h.
 */
#include "firmware/egress/traffic.h"

#include <errno.h>
#include <stdlib.h>

static const char *const NAMES[TESS_TRAFFIC_ITEMS] = {
	[TESS_TRAFFIC_LIVE_BYTES] = "live_bytes",
	[TESS_TRAFFIC_FILE_BYTES] = "file_bytes",
	[TESS_TRAFFIC_RELAY_BYTES] = "relay_bytes",
	[TESS_TRAFFIC_RELAY_US] = "relay_us",
};

struct account {
	struct account *next;
	uint32_t app;
	uint64_t amounts[TESS_TRAFFIC_ITEMS];
};

struct tess_traffic {
	int64_t run;
	struct account *accounts; /* the one that was used last is the first */
};

int tess_traffic_alloc(struct tess_traffic **trafficp, int64_t run)
{
	struct tess_traffic *traffic = calloc(1, sizeof(*traffic));

	if (!traffic)
		return -ENOMEM;
	traffic->run = run;
	*trafficp = traffic;
	return 0;
}

void tess_traffic_free(struct tess_traffic *traffic)
{
	struct account *next;

	if (!traffic)
		return;
	for (struct account *account = traffic->accounts; account; account = next) {
		next = account->next;
		free(account);
	}
	free(traffic);
}

static struct account *account_of(struct tess_traffic *traffic, uint32_t app)
{
	struct account **linkp = &traffic->accounts, *account;

	while (*linkp && (*linkp)->app != app)
		linkp = &(*linkp)->next;
	account = *linkp;
	if (account) {
		*linkp = account->next;
	} else {
		account = calloc(1, sizeof(*account));
		if (!account)
			return NULL;
		account->app = app;
	}
	account->next = traffic->accounts;
	traffic->accounts = account;
	return account;
}

void tess_traffic_add(struct tess_traffic *traffic, uint32_t app, enum tess_traffic_item item,
		      uint64_t amount)
{
	struct account *account;

	if (!traffic || !amount)
		return;
	account = account_of(traffic, app);
	if (account)
		account->amounts[item] += amount;
}

static json_t *account_json(const struct account *account)
{
	json_t *json = json_pack("{s:I}", "app", (json_int_t)account->app);

	for (unsigned i = 0; i < TESS_TRAFFIC_ITEMS; i++) {
		if (json_object_set_new(json, NAMES[i],
					json_integer((json_int_t)account->amounts[i]))) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

json_t *tess_traffic_facts(const struct tess_traffic *traffic)
{
	json_t *apps = json_array();

	for (const struct account *account = traffic->accounts; account; account = account->next) {
		if (json_array_append_new(apps, account_json(account))) {
			json_decref(apps);
			return NULL;
		}
	}
	return json_pack("{s:I, s:o}", "run", (json_int_t)traffic->run, "apps", apps);
}
