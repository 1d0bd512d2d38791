/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/placement.c - which mix works on which engine.
 */
#include "firmware/media/engines_internal.h"

#define DEFAULT_SHARED_LOAD 0.85 /* the box must stay responsive */
#define DEFAULT_DEVICE_LOAD 0.95

double tess_place_load(const struct place *place, struct tess_work price)
{
	return tess_work_share(tess_work_add(place->used, price), place->capacity,
			       place->info.shared_units);
}

double tess_place_max_load(const struct place *place)
{
	unsigned percent = place->engines->config.max_load;

	if (percent)
		return percent / 100.0;
	return place->info.shared_units ? DEFAULT_SHARED_LOAD : DEFAULT_DEVICE_LOAD;
}

/* Where engines were not measured, the number of mixes decides. */
static bool less_loaded(const struct place *a, const struct place *b, struct tess_work price)
{
	double load_a = tess_place_load(a, price), load_b = tess_place_load(b, price);

	return load_a < load_b || (load_a <= load_b && a->mixes < b->mixes);
}

/* The least loaded device; of those with room alone if @p room. NULL: there is none. */
static struct place *least_loaded(struct tess_engines *engines, struct tess_work price,
				  unsigned refused, bool room)
{
	struct place *best = NULL;

	for (unsigned i = 0; i + 1 < engines->count; i++) {
		struct place *place = &engines->places[i];

		if (!place->device || refused & 1u << i ||
		    (place->info.encoders && place->mixes >= place->info.encoders) ||
		    (room && tess_place_load(place, price) > tess_place_max_load(place)))
			continue;
		if (!best || less_loaded(place, best, price))
			best = place;
	}
	return best;
}

static struct place *choose(struct tess_engines *engines, struct tess_work price, unsigned refused)
{
	struct place *software = &engines->places[engines->count - 1];
	struct place *place = least_loaded(engines, price, refused, true);

	if (place)
		return place;
	if (engines->software_shares &&
	    tess_place_load(software, price) <= tess_place_max_load(software))
		return software;
	place = least_loaded(engines, price, refused, false);
	return place ? place : software;
}

void tess_engines_place(struct tess_engines *engines, struct tess_placement *placement,
			struct tess_work price, unsigned refused)
{
	struct place *place;

	pthread_mutex_lock(&engines->lock);
	place = choose(engines, price, refused);
	place->mixes++;
	place->used = tess_work_add(place->used, price);
	*placement = (struct tess_placement){tess_device_ref(place->device), price};
	pthread_mutex_unlock(&engines->lock);
}

void tess_placement_reprice(struct tess_placement *placement, struct tess_work price)
{
	struct tess_engines *engines = placement->device->engines;
	struct place *place = &engines->places[placement->device->index];

	pthread_mutex_lock(&engines->lock);
	place->used = tess_work_add(tess_work_beyond(place->used, placement->price), price);
	pthread_mutex_unlock(&engines->lock);
	placement->price = price;
}

void tess_placement_leave(struct tess_placement *placement)
{
	struct tess_engines *engines;
	struct place *place;

	if (!placement->device)
		return;
	tess_placement_reprice(placement, (struct tess_work){0});
	engines = placement->device->engines;
	place = &engines->places[placement->device->index];
	pthread_mutex_lock(&engines->lock);
	if (!--place->mixes)
		place->used = (struct tess_work){0}; /* without what rounding left */
	pthread_mutex_unlock(&engines->lock);
	tess_device_unref(placement->device);
	placement->device = NULL;
}
