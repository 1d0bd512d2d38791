/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/usage.c - recorded time.
 */
#include "firmware/control/store/usage.h"

#include "firmware/control/store/internal.h"

static const struct {
	const char *text, *mix_item;
} tiers[TESS_TIERS] = {
	[TESS_TIER_AUDIO] = {"audio", "mix_audio_us"},
	[TESS_TIER_SD] = {"sd", "mix_sd_us"},
	[TESS_TIER_HD] = {"hd", "mix_hd_us"},
	[TESS_TIER_FHD] = {"fhd", "mix_fhd_us"},
};

const char *tess_tier_text(enum tess_tier tier)
{
	return tiers[tier].text;
}

const char *tess_tier_mix_item(enum tess_tier tier)
{
	return tiers[tier].mix_item;
}

static int add_time(struct tess_store *store, uint32_t application, int64_t slot_us,
		    enum tess_tier tier, int64_t us)
{
	struct tess_query q = tess_query(
		store->db, "INSERT INTO usage(application, slot_us, tier, us) VALUES(?, ?, ?, ?)"
			   " ON CONFLICT DO UPDATE SET us = us + excluded.us");

	tess_query_int(&q, application);
	tess_query_int(&q, slot_us);
	tess_query_text(&q, tess_tier_text(tier));
	tess_query_int(&q, us);
	return tess_query_run(&q);
}

static int note_metered(struct tess_store *store, int64_t recording, int64_t us)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE recording SET metered_us = metered_us + ? WHERE id = ?");

	tess_query_int(&q, us);
	tess_query_int(&q, recording);
	return tess_store_run_one(&q);
}

int tess_store_usage_add(struct tess_store *store, const struct tess_recording *recording,
			 int64_t slot_us, enum tess_tier tier, int64_t us)
{
	int rc = tess_store_begin(store);

	if (rc)
		return rc;
	rc = add_time(store, recording->room.sdk_app_id, slot_us, tier, us);
	if (!rc)
		rc = note_metered(store, recording->id, us);
	return tess_store_finish(store, rc);
}

int tess_store_usages(struct tess_store *store, uint32_t application, int64_t from_us,
		      int64_t to_us, int (*each)(void *arg, const struct tess_usage *row),
		      void *arg)
{
	struct tess_query q =
		tess_query(store->db, "SELECT application, slot_us, sum(us * (tier = 'sd')),"
				      " sum(us * (tier = 'hd')), sum(us * (tier = 'fhd')),"
				      " sum(us * (tier = 'audio')) FROM usage"
				      " WHERE application = ? AND slot_us >= ? AND slot_us < ?"
				      " GROUP BY application, slot_us ORDER BY slot_us");
	struct tess_usage row;
	int stop = 0, rc;

	tess_query_int(&q, application);
	tess_query_int(&q, from_us);
	tess_query_int(&q, to_us);
	while (!stop && tess_query_row(&q) == 1) {
		row.application = (uint32_t)tess_column_int(&q, 0);
		row.slot_us = tess_column_int(&q, 1);
		row.sd_us = tess_column_int(&q, 2);
		row.hd_us = tess_column_int(&q, 3);
		row.fhd_us = tess_column_int(&q, 4);
		row.audio_us = tess_column_int(&q, 5);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}
