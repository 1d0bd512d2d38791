/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/usage.h - recorded time, per application, five minutes and size of
 * picture.
 */
#ifndef TESS_CONTROL_STORE_USAGE_H
#define TESS_CONTROL_STORE_USAGE_H

#include "firmware/control/store/store.h"

#define TESS_USAGE_SLOT_US 300000000LL

/** What time is counted as, by the size of the picture. */
enum tess_tier {
	TESS_TIER_AUDIO, /* no picture */
	TESS_TIER_SD,
	TESS_TIER_HD,
	TESS_TIER_FHD,
	TESS_TIERS,
};

/** "audio", "sd", "hd" or "fhd". */
const char *tess_tier_text(enum tess_tier tier);
/** The item that the time of mixes is counted as (store/amounts.h). */
const char *tess_tier_mix_item(enum tess_tier tier);

struct tess_usage {
	uint32_t application;
	int64_t slot_us; /* UTC: its begin */
	int64_t sd_us, hd_us, fhd_us, audio_us;
};

/** The recording's time of @p us, added to the slot and to what of it is metered, both or neither.
 */
int tess_store_usage_add(struct tess_store *store, const struct tess_recording *recording,
			 int64_t slot_us, enum tess_tier tier, int64_t us) TESS_MUST_CHECK;
/** In order of time; @p from_us included, @p to_us not. */
int tess_store_usages(struct tess_store *store, uint32_t application, int64_t from_us,
		      int64_t to_us, int (*each)(void *arg, const struct tess_usage *row),
		      void *arg) TESS_MUST_CHECK;

#endif
