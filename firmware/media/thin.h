/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/thin.h - may pictures that no other refers to be left out of a publication?
 *
 * A picture of H.264 whose nal_ref_idc is 0 (ITU-T H.264 §7.4.1) can be left undecoded without harm
 * to any other. It is of no use where those that remain come at least as often as the mixes show
 * one. That is judged by the distances of the last sixteen that remain, about a second: one that is
 * larger than the mixes' interval, be it by a loss, and everything is decoded for as long.
 */
#ifndef TESS_MEDIA_THIN_H
#define TESS_MEDIA_THIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TESS_THIN_DISTANCES 16

/** Of one publication; all zero: nothing is known, everything is decoded. */
struct tess_thin {
	int64_t last_us; /* the last that remains */
	int64_t distances_us[TESS_THIN_DISTANCES];
	unsigned count; /* of distances, counting on */
};

/** No other picture refers to this access unit of H.264 (Annex B). */
bool tess_thin_is_disposable(const uint8_t *data, size_t length);
/** A picture that others refer to was captured then. */
void tess_thin_note(struct tess_thin *thin, int64_t capture_us);
/**
 * True if pictures that nothing refers to may be left out where one is shown each @p interval_us.
 */
bool tess_thin_may_leave_out(const struct tess_thin *thin, int64_t interval_us);

#endif
