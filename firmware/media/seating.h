/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/seating.h - who of a room's publishers is in a mix, by what control wants of it.
 */
#ifndef TESS_MEDIA_SEATING_H
#define TESS_MEDIA_SEATING_H

#include "firmware/media/publisher.h"

/**
 * Seat @p count publishers; @p presets has the place of the custom template that each holds so far
 * (tess_room_member.preset). Members of *seats are indices into publishers.
 * @retval as tess_room_seat()
 */
int tess_seating_choose(struct tess_room_seats *seats, const struct tess_desired_mix *mix,
			struct tess_publisher *const *publishers, const unsigned *presets,
			unsigned count) TESS_MUST_CHECK;

#endif
