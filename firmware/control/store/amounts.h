/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/amounts.h - usage that is counted: bytes and microseconds of items, per
 * application and five minutes. What is recorded is added by store/usage.h.
 *
 * Items: "live_bytes", "file_bytes", "relay_bytes", "relay_us" of what egress tells,
 * "mix_audio_us", "mix_sd_us", "mix_hd_us", "mix_fhd_us" of what control sees.
 */
#ifndef TESS_CONTROL_STORE_AMOUNTS_H
#define TESS_CONTROL_STORE_AMOUNTS_H

#include "firmware/control/store/store.h"

/** A count of a process since its start; @p run is another one after each start. */
struct tess_told {
	uint32_t application;
	const char *item;
	int64_t run, amount;
};

/**
 * What the count has grown by is added to the slot, and the count noted, both or neither: it may be
 * told any number of times. @retval 0, -ENOENT no such application
 */
int tess_store_amount_told(struct tess_store *store, const struct tess_told *told,
			   int64_t slot_us) TESS_MUST_CHECK;
/** @retval 0, -ENOENT no such application */
int tess_store_amount_add(struct tess_store *store, uint32_t application, const char *item,
			  int64_t slot_us, int64_t amount) TESS_MUST_CHECK;

struct tess_amount {
	int64_t slot_us; /* UTC: its begin */
	char item[16];
	int64_t amount;
};

/** With what was recorded, as "record_audio_us" to "record_fhd_us". In order of time; @p from_us
 * included, @p to_us not. */
int tess_store_amounts(struct tess_store *store, uint32_t application, int64_t from_us,
		       int64_t to_us, int (*each)(void *arg, const struct tess_amount *row),
		       void *arg) TESS_MUST_CHECK;

#endif
