/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/stills.h - the still pictures that one mix shows.
 *
 * Threads: belongs to the room's thread.
 */
#ifndef TESS_MEDIA_STILLS_H
#define TESS_MEDIA_STILLS_H

#include "firmware/media/canvas.h"
#include "firmware/media/pictures.h"

/** Of one mix; starts zeroed. */
struct tess_stills {
	struct tess_still *background, *water_mark, *places[TESS_ROOM_MAX_SEATS];
	struct tess_rect water_mark_rect;
};

/** Have what @p desired shows on @p device, and give up the rest. Device NULL: nothing. */
void tess_stills_choose(struct tess_stills *stills, struct tess_pictures *pictures,
			const struct tess_desired_mix *desired, struct tess_device *device);
void tess_stills_clear(struct tess_stills *stills);
/** About once a second: what a device failed to take is tried again. */
void tess_stills_retry(const struct tess_stills *stills);

/** The background, below all tiles. */
void tess_stills_fill_background(const struct tess_stills *stills,
				 struct tess_canvas_picture *picture);
/** In the place of a user who sends no picture; does nothing while there is no still for it. */
bool tess_stills_fill_place(const struct tess_stills *stills, const struct tess_room_tile *place,
			    struct tess_canvas_picture *picture);
/** The watermark, over all tiles: to be called last. */
void tess_stills_fill_water_mark(const struct tess_stills *stills,
				 struct tess_canvas_picture *picture);

#endif
