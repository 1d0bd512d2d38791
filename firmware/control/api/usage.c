/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/usage.c - what an application has used: traffic, relays, mixes, recorded
 * time, in slots of five minutes and in all.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/store/amounts.h"
#include "firmware/control/store/usage.h"

#define DAY_US 86400000000LL
#define MAX_US (31 * DAY_US)

/* As they are in the store, and as they are told: times are milliseconds in all of the API. */
static const struct {
	const char *item, *name;
	int64_t unit;
} ITEMS[] = {
	{"live_bytes", "live_bytes", 1},
	{"file_bytes", "file_bytes", 1},
	{"relay_bytes", "relay_bytes", 1},
	{"relay_us", "relay_ms", 1000},
	{"mix_audio_us", "mix_audio_ms", 1000},
	{"mix_sd_us", "mix_sd_ms", 1000},
	{"mix_hd_us", "mix_hd_ms", 1000},
	{"mix_fhd_us", "mix_fhd_ms", 1000},
	{"record_audio_us", "record_audio_ms", 1000},
	{"record_sd_us", "record_sd_ms", 1000},
	{"record_hd_us", "record_hd_ms", 1000},
	{"record_fhd_us", "record_fhd_ms", 1000},
};

#define ITEM_COUNT (sizeof(ITEMS) / sizeof(ITEMS[0]))

struct listing {
	json_t *slots;
	int64_t slot_us; /* that is added up; 0 = none */
	int64_t of_slot[ITEM_COUNT], total[ITEM_COUNT];
};

static json_t *amounts_json(const int64_t amounts[ITEM_COUNT])
{
	json_t *json = json_object();

	for (size_t i = 0; i < ITEM_COUNT; i++) {
		json_int_t amount = (amounts[i] + ITEMS[i].unit / 2) / ITEMS[i].unit;

		if (json_object_set_new(json, ITEMS[i].name, json_integer(amount))) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

static int put_slot(struct listing *listing)
{
	json_t *slot;

	if (!listing->slot_us)
		return 0;
	slot = amounts_json(listing->of_slot);
	if (json_object_set_new(slot, "start", tess_time_json(listing->slot_us))) {
		json_decref(slot);
		return -ENOMEM;
	}
	memset(listing->of_slot, 0, sizeof(listing->of_slot));
	return json_array_append_new(listing->slots, slot) ? -ENOMEM : 0;
}

static int each_amount(void *arg, const struct tess_amount *row)
{
	struct listing *listing = arg;
	int rc;

	if (row->slot_us != listing->slot_us) {
		rc = put_slot(listing);
		if (rc)
			return rc;
		listing->slot_us = row->slot_us;
	}
	for (size_t i = 0; i < ITEM_COUNT; i++) {
		if (strcmp(ITEMS[i].item, row->item) != 0)
			continue;
		listing->of_slot[i] += row->amount;
		listing->total[i] += row->amount;
	}
	return 0;
}

int tess_api_usage(struct tess_call *call)
{
	int64_t now_us = tess_control_utc_us(call->control), from_us = 0, to_us = 0;
	struct listing listing = {0};
	struct tess_application application;
	int rc = tess_api_application_of(call, &application);

	if (rc > 0)
		rc = tess_query_param_time(call, "from", &from_us);
	if (rc >= 0)
		rc = tess_query_param_time(call, "to", &to_us);
	if (rc < 0)
		return tess_call_done(rc);
	to_us = to_us ? to_us : now_us + TESS_USAGE_SLOT_US;
	from_us = from_us ? from_us : to_us - DAY_US;
	if (to_us <= from_us || to_us - from_us > MAX_US)
		return tess_call_invalid(call, "from", "from must be 31 days before to at most.");
	listing.slots = json_array();
	rc = tess_store_amounts(call->control->store, application.id, from_us, to_us, each_amount,
				&listing);
	if (!rc)
		rc = put_slot(&listing);
	if (rc) {
		json_decref(listing.slots);
		return rc;
	}
	return tess_response_json(
		call->response, 200,
		json_pack("{so so}", "total", amounts_json(listing.total), "slots", listing.slots));
}
