/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/stills.c - the still pictures that one mix shows.
 */
#include "firmware/media/stills.h"

#include <string.h>

static struct tess_still *get(struct tess_pictures *pictures, struct tess_device *device,
			      const char *key, struct tess_rect rect, enum tess_image_fit fit)
{
	uint16_t width = (uint16_t)(rect.width & ~1), height = (uint16_t)(rect.height & ~1);

	if (!key[0] || !width || !height)
		return NULL;
	return tess_still_get(pictures, key, device, width, height, fit);
}

void tess_stills_choose(struct tess_stills *stills, struct tess_pictures *pictures,
			const struct tess_desired_mix *desired, struct tess_device *device)
{
	/* given up after the new ones are there, so that what both show stays */
	struct tess_stills before = *stills;

	memset(stills, 0, sizeof(*stills));
	if (pictures && device && desired->has_video) {
		const struct tess_desired_pictures *keys = &desired->pictures;
		const struct tess_rect canvas = {.width = desired->video.width,
						 .height = desired->video.height};

		stills->background =
			get(pictures, device, keys->background, canvas, TESS_IMAGE_COVER);
		stills->water_mark = get(pictures, device, keys->water_mark, keys->water_mark_rect,
					 TESS_IMAGE_STRETCH);
		stills->water_mark_rect = keys->water_mark_rect;
		for (unsigned i = 0; i < desired->layout.preset_count; i++)
			stills->places[i] =
				get(pictures, device, keys->places[i],
				    desired->layout.presets[i].rect, TESS_IMAGE_STRETCH);
	}
	tess_stills_clear(&before);
}

void tess_stills_clear(struct tess_stills *stills)
{
	tess_still_unref(stills->background);
	tess_still_unref(stills->water_mark);
	for (unsigned i = 0; i < TESS_ROOM_MAX_SEATS; i++)
		tess_still_unref(stills->places[i]);
	memset(stills, 0, sizeof(*stills));
}

void tess_stills_retry(const struct tess_stills *stills)
{
	tess_still_retry(stills->background);
	tess_still_retry(stills->water_mark);
	for (unsigned i = 0; i < TESS_ROOM_MAX_SEATS; i++)
		tess_still_retry(stills->places[i]);
}

void tess_stills_fill_background(const struct tess_stills *stills,
				 struct tess_canvas_picture *picture)
{
	picture->backdrop = tess_still_surface(stills->background);
}

/* A tile that the surface, a reference given over, fills: its place is of the surface's size. */
static bool fill(struct tess_canvas_picture *picture, struct tess_rect rect,
		 struct tess_surface *surface)
{
	if (!surface)
		return false;
	picture->tiles[picture->tile_count++] = (struct tess_tile){
		.rect = {rect.x & ~1, rect.y & ~1, surface->width, surface->height},
		.render = TESS_RENDER_STRETCH,
		.surface = surface,
	};
	return true;
}

bool tess_stills_fill_place(const struct tess_stills *stills, const struct tess_room_tile *place,
			    struct tess_canvas_picture *picture)
{
	return place->image &&
	       fill(picture, place->rect, tess_still_surface(stills->places[place->image - 1]));
}

void tess_stills_fill_water_mark(const struct tess_stills *stills,
				 struct tess_canvas_picture *picture)
{
	fill(picture, stills->water_mark_rect, tess_still_surface(stills->water_mark));
}
