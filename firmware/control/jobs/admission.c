/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/admission.c - is there an engine with room for a mix?
 */
#include "firmware/control/jobs/admission.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/price.h"

#define MAX_ENGINES 16

struct engine {
	const char *name, *device;
	bool usable, shared;
	struct tess_work capacity, used;
	double max_load;
};

struct admission {
	struct tess_control *control;
	const struct tess_cloud_room *room;
	struct engine engines[MAX_ENGINES];
	unsigned count;
	/* what the room's mix has now */
	bool running, known; /* known: media has told where it is and what it takes */
	char stream_id[TESS_CLOUD_MAX_ID + 1], record_id[TESS_CLOUD_MAX_ID + 1];
	unsigned engine;
	struct tess_work price;
};

static double number(const json_t *object, const char *name)
{
	double value = json_number_value(json_object_get(object, name));

	return value > 0 ? value : 0;
}

/* Of a picture, so that a wrong one has no meaning but breaks nothing. */
static unsigned whole(const json_t *object, const char *name)
{
	double value = number(object, name);

	return value < 65535 ? (unsigned)value : 65535;
}

static struct tess_work work_of(const json_t *object, const char *name)
{
	const json_t *work = json_object_get(object, name);

	return (struct tess_work){number(work, "decode"), number(work, "compose"),
				  number(work, "encode")};
}

static const char *text(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

static void read_engines(struct admission *admission)
{
	const json_t *list =
		tess_facts_member(admission->control->facts, TESS_PROCESS_MEDIA, "engines");
	const json_t *fact;
	size_t i;

	json_array_foreach(list, i, fact)
	{
		struct engine *engine = &admission->engines[i];

		if (i == MAX_ENGINES)
			break;
		*engine = (struct engine){
			.name = text(fact, "name"),
			.device = text(fact, "device"),
			.usable = !strcmp(text(fact, "state"), "ok"),
			.shared = json_is_true(json_object_get(fact, "shared")),
			.capacity = work_of(fact, "capacity"),
			.used = work_of(fact, "used"),
			.max_load = number(fact, "max_load"),
		};
		admission->count++;
	}
}

/* The pictures that a mix shows: those of the first of the room, as far as it names them. */
struct pictures {
	const struct tess_facts *facts;
	const json_t *users; /* an empty list: everybody */
	unsigned mixed;
	double decode;
};

static bool is_named(const json_t *users, const char *user)
{
	const json_t *name;
	size_t i;

	json_array_foreach(users, i, name)
	{
		if (json_is_string(name) && !strcmp(json_string_value(name), user))
			return true;
	}
	return json_array_size(users) == 0;
}

static int add_pictures(void *arg, const struct tess_publisher *row)
{
	struct pictures *pictures = arg;
	const json_t *video;

	if (pictures->mixed++ >= TESS_CLOUD_MAX_MIXED || !tess_publisher_has_video(row) ||
	    !is_named(pictures->users, row->user))
		return 0;
	video = json_object_get(tess_facts_publisher(pictures->facts, row->id), "video");
	pictures->decode += tess_price_pictures(whole(video, "width"), whole(video, "height"),
						number(video, "frame_rate"));
	return 0;
}

/* What a mix of this room with these parameters costs. */
static int price_of(struct tess_control *control, const struct tess_cloud_room *room,
		    const json_t *params, struct tess_work *price)
{
	const json_t *video = json_object_get(params, "video");
	struct pictures pictures = {
		.facts = control->facts,
		.users = json_object_get(json_object_get(params, "layout"), "users"),
	};
	int rc;

	*price = (struct tess_work){0};
	if (!json_is_object(video))
		return 0;
	rc = tess_store_publishers(control->store, room, add_pictures, &pictures);
	if (rc)
		return rc;
	*price = tess_price_output(whole(video, "width"), whole(video, "height"),
				   whole(video, "frame_rate"));
	price->decode = pictures.decode;
	return 0;
}

static double load_with(const struct engine *engine, struct tess_work more)
{
	return tess_work_share(tess_work_add(engine->used, more), engine->capacity, engine->shared);
}

static bool fits(const struct engine *engine, struct tess_work more)
{
	return engine->usable && load_with(engine, more) <= engine->max_load;
}

/* The engine that would be the least loaded with it; NULL: there is none. */
static struct engine *least_loaded(struct admission *admission, struct tess_work price)
{
	struct engine *best = NULL;

	for (unsigned i = 0; i < admission->count; i++) {
		struct engine *engine = &admission->engines[i];

		if (engine->usable && (!best || load_with(engine, price) < load_with(best, price)))
			best = engine;
	}
	return best;
}

static bool is_told(const struct admission *admission, const json_t *fact, unsigned *engine)
{
	const json_t *index = json_object_get(fact, "engine");

	if (!json_is_integer(index) || json_integer_value(index) < 0 ||
	    json_integer_value(index) >= admission->count)
		return false;
	*engine = (unsigned)json_integer_value(index);
	return true;
}

/* Take in what the mix of the room has, and what media has not told of yet. */
static int reckon(void *arg, const struct tess_mix *row)
{
	struct admission *admission = arg;
	const json_t *fact = tess_facts_mix(admission->control->facts, row->id);
	bool own = !strcmp(row->room.id, admission->room->id) &&
		   row->room.type == admission->room->type &&
		   row->room.sdk_app_id == admission->room->sdk_app_id;
	bool current = json_integer_value(json_object_get(fact, "epoch")) >= row->epoch;
	struct tess_work price, before = work_of(fact, "price");
	struct engine *place;
	unsigned index = 0;
	json_t *params;
	bool told;
	int rc;

	told = is_told(admission, fact, &index);
	if (own) {
		admission->running = true;
		admission->known = told;
		admission->engine = index;
		admission->price = before;
		memcpy(admission->stream_id, row->stream_id, sizeof(row->stream_id));
		memcpy(admission->record_id, row->record_id, sizeof(row->record_id));
	}
	if (own || (fact && current))
		return 0;
	params = json_loads(row->params, 0, NULL);
	if (!params)
		return -ENOMEM;
	rc = price_of(admission->control, &row->room, params, &price);
	json_decref(params);
	if (rc)
		return rc;
	place = told ? &admission->engines[index] : least_loaded(admission, price);
	if (place)
		place->used = tess_work_add(place->used, tess_work_beyond(price, before));
	return 0;
}

/* It may go on where it is, or, if it begins anew, anywhere. */
static bool has_room(struct admission *admission, const struct tess_mix_request *request,
		     struct tess_work price)
{
	bool in_place = admission->known && !strcmp(admission->stream_id, request->stream_id) &&
			!strcmp(admission->record_id, request->record_id);

	if (admission->known) {
		struct tess_work more = tess_work_beyond(price, admission->price);
		const struct engine *engine = &admission->engines[admission->engine];

		/* what is no more than before has its room; what is on a lost engine is moving */
		if ((more.decode <= 0 && more.compose <= 0 && more.encode <= 0) ||
		    fits(engine, more) || (in_place && !engine->usable))
			return true;
	}
	for (unsigned i = 0; i < admission->count && !in_place; i++) {
		if (fits(&admission->engines[i], price))
			return true;
	}
	return false;
}

int tess_admission_check(struct tess_control *control, const struct tess_mix_request *request,
			 const json_t *params, struct tess_cloud_error *error)
{
	struct admission admission = {.control = control, .room = &request->room};
	const struct engine *best;
	struct tess_work price;
	double now, with;
	int rc;

	read_engines(&admission);
	if (!least_loaded(&admission, (struct tess_work){0}) || request->audio_only)
		return 0;
	rc = tess_store_mixes(control->store, reckon, &admission);
	if (!rc)
		rc = price_of(control, &request->room, params, &price);
	if (rc || has_room(&admission, request, price))
		return rc;
	if (admission.known)
		price = tess_work_beyond(price, admission.price);
	best = admission.known ? &admission.engines[admission.engine]
			       : least_loaded(&admission, price);
	now = load_with(best, (struct tess_work){0});
	with = load_with(best, price);
	return tess_cloud_refuse(error, TESS_CLOUD_RESOURCE_INSUFFICIENT,
				 "No engine has room for the mix: of %s %s, %.0f %% is free and "
				 "%.0f %% more would be needed.",
				 best->name, best->device,
				 best->max_load > now ? (best->max_load - now) * 100 : 0,
				 (with - now) * 100);
}
