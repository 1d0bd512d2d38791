/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/mix_preview.c - how a mix would look, without starting it: the parameters
 * through the check of a start, the people of the room now, and the seating of the media process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/api/mix_body.h"
#include "firmware/control/jobs/pictures.h"
#include "pipeline/room/seats.h"

/* The people of the room in the order of entry; the names are rows'. */
struct people {
	struct tess_publisher *rows;
	struct tess_room_member *members;
	unsigned count, capacity;
};

static int each_publisher(void *arg, const struct tess_publisher *row)
{
	struct people *people = arg;

	if (people->count == people->capacity) {
		unsigned capacity = people->capacity ? 2 * people->capacity : 16;
		struct tess_publisher *rows;

		rows = reallocarray(people->rows, capacity, sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		people->rows = rows;
		people->capacity = capacity;
	}
	people->rows[people->count++] = *row;
	return 0;
}

static void free_people(struct people *people)
{
	free(people->rows);
	free(people->members);
}

static bool is_auxiliary(const struct tess_publisher *row)
{
	return !strcmp(row->stream_type, "aux");
}

/* The place of the running custom layout that somebody holds, from 1; 0: none. */
static unsigned place_held(const json_t *places, const struct tess_publisher *row)
{
	const json_t *place;
	size_t i;

	json_array_foreach(places, i, place)
	{
		const char *user = json_string_value(json_object_get(place, "user"));
		const char *type = json_string_value(json_object_get(place, "stream_type"));

		if (user && type && !strcmp(user, row->user) && !strcmp(type, row->stream_type))
			return (unsigned)json_integer_value(json_object_get(place, "place"));
	}
	return 0;
}

/* The places of the running mix, which the same ids only change; NULL: a new output begins. */
static const json_t *running_places(struct tess_call *call, const struct tess_mix_request *request,
				    bool named)
{
	struct tess_mix mix;

	if (tess_store_mix_find(call->control->store, &mix, &request->room))
		return NULL;
	if (named && (strcmp(mix.stream_id, request->stream_id) != 0 ||
		      strcmp(mix.record_id, request->record_id) != 0))
		return NULL;
	return json_object_get(tess_facts_mix(call->control->facts, mix.id), "places");
}

static int find_people(struct tess_call *call, const struct tess_mix_request *request, bool named,
		       struct people *people)
{
	const json_t *places = running_places(call, request, named);
	int rc =
		tess_store_publishers(call->control->store, &request->room, each_publisher, people);

	if (rc)
		return rc;
	people->members = calloc(people->count + 1, sizeof(*people->members));
	if (!people->members)
		return -ENOMEM;
	for (unsigned i = 0; i < people->count; i++) {
		const struct tess_publisher *row = &people->rows[i];

		people->members[i] = (struct tess_room_member){
			.user = row->user,
			.order = (uint64_t)row->id,
			.auxiliary = is_auxiliary(row),
			.has_video = row->video_port != 0,
			.preset = place_held(places, row),
		};
	}
	return 0;
}

/* What the rules point to. */
struct book {
	const char *users[TESS_CLOUD_MAX_MIXED];
	struct tess_room_preset presets[TESS_CLOUD_MAX_MIXED];
};

static struct tess_room_who who_of(const struct tess_mix_who *who)
{
	return (struct tess_room_who){*who->user ? who->user : NULL, who->auxiliary};
}

static struct tess_rect rect_of(const struct tess_mix_place *place)
{
	return (struct tess_rect){(int32_t)place->x, (int32_t)place->y, (int32_t)place->width,
				  (int32_t)place->height};
}

/* RenderMode 0 .. 2 is enum tess_render, which begins at 1 */
static enum tess_render render_of(uint32_t mode)
{
	return (enum tess_render)(mode + 1);
}

static struct tess_room_rules rules_of(const struct tess_mix_request *request, struct book *book)
{
	for (unsigned i = 0; i < request->layout.user_count; i++)
		book->users[i] = request->layout.users[i];
	for (unsigned i = 0; i < request->layout.preset_count; i++) {
		const struct tess_mix_place *place = &request->layout.presets[i];

		book->presets[i] = (struct tess_room_preset){
			.who = who_of(&place->who),
			.rect = rect_of(place),
			.z = (int32_t)place->z,
			.render = render_of(place->render),
			.unheard = place->input == 1,
			.unseen = place->input == 2,
			.image = place->image.id || place->image.url[0] ? i + 1 : 0,
		};
	}
	return (struct tess_room_rules){
		.layout = (enum tess_layout_template)(request->layout.layout + 1),
		.width = (uint16_t)request->video.width,
		.height = (uint16_t)request->video.height,
		.render = render_of(request->layout.render),
		.audio_only_without_tile = request->layout.pure_audio_hold_place == 2,
		.users = book->users,
		.user_count = request->layout.user_count,
		.big = who_of(&request->layout.big),
		.big_render = render_of(request->layout.big_render),
		.big_right = request->layout.big_right,
		.small = who_of(&request->layout.small.who),
		.small_rect = rect_of(&request->layout.small),
		.presets = book->presets,
		.preset_count = request->layout.preset_count,
	};
}

static const struct tess_publisher *seated(const struct people *people,
					   const struct tess_room_seats *seats, unsigned seat)
{
	return seat < seats->mixed_count ? &people->rows[seats->mixed[seat].member] : NULL;
}

static json_t *tile_json(const struct people *people, const struct tess_room_seats *seats,
			 const struct tess_room_tile *tile)
{
	const struct tess_publisher *row = seated(people, seats, tile->seat);

	return json_pack("{ss ss si si si si si si}", "user", row ? row->user : "", "stream_type",
			 row ? row->stream_type : "main", "x", tile->rect.x, "y", tile->rect.y,
			 "width", tile->rect.width, "height", tile->rect.height, "render",
			 (int)tile->render - 1, "place",
			 (int)(row ? seats->mixed[tile->seat].preset : tile->image));
}

static json_t *place_json(const struct people *people, const struct tess_room_seats *seats,
			  const struct tess_room_preset *preset, unsigned place)
{
	const struct tess_publisher *row = NULL;

	for (unsigned i = 0; i < seats->mixed_count; i++) {
		if (seats->mixed[i].preset == place)
			row = seated(people, seats, i);
	}
	return json_pack("{ss ss si si si si}", "user", row ? row->user : "", "stream_type",
			 row ? row->stream_type : "main", "x", preset->rect.x & ~1, "y",
			 preset->rect.y & ~1, "width", preset->rect.width & ~1, "height",
			 preset->rect.height & ~1);
}

static json_t *person_json(const struct people *people, const struct tess_room_seats *seats,
			   unsigned member)
{
	const struct tess_publisher *row = &people->rows[member];
	unsigned seat = TESS_ROOM_MAX_SEATS;
	bool seen = false;

	for (unsigned i = 0; i < seats->mixed_count; i++) {
		if (seats->mixed[i].member == member)
			seat = i;
	}
	for (unsigned i = 0; i < seats->tile_count; i++)
		seen = seen || (seat < TESS_ROOM_MAX_SEATS && seats->tiles[i].seat == seat);
	return json_pack("{ss ss sb sb sb}", "user", row->user, "stream_type", row->stream_type,
			 "mixed", seat < TESS_ROOM_MAX_SEATS, "seen", seen, "heard",
			 seat < TESS_ROOM_MAX_SEATS && seats->mixed[seat].heard && row->audio_port);
}

/* Where the watermark is; null: there is none. */
static json_t *water_mark_json(const struct tess_mix_request *request)
{
	const struct tess_mix_image *image = &request->layout.water_mark;
	const struct tess_mix_place *place = &request->layout.water_mark_place;

	if (!image->id && !image->url[0])
		return json_null();
	return json_pack("{si si si si}", "x", (int)(place->x & ~1u), "y", (int)(place->y & ~1u),
			 "width", (int)(place->width & ~1u), "height", (int)(place->height & ~1u));
}

static json_t *preview_json(const struct people *people, const struct tess_room_seats *seats,
			    const struct tess_room_rules *rules,
			    const struct tess_mix_request *request)
{
	json_t *tiles = json_array(), *places = json_array(), *all = json_array();
	int failed = 0;

	for (unsigned i = 0; i < seats->tile_count; i++)
		failed |= json_array_append_new(tiles, tile_json(people, seats, &seats->tiles[i]));
	for (unsigned i = 0; rules->layout == TESS_LAYOUT_CUSTOM && i < rules->preset_count; i++)
		failed |= json_array_append_new(
			places, place_json(people, seats, &rules->presets[i], i + 1));
	for (unsigned i = 0; i < people->count; i++)
		failed |= json_array_append_new(all, person_json(people, seats, i));
	if (!failed)
		return json_pack("{si si so so so so}", "width", rules->width, "height",
				 rules->height, "tiles", tiles, "places", places, "people", all,
				 "water_mark", water_mark_json(request));
	json_decref(tiles);
	json_decref(places);
	json_decref(all);
	return NULL;
}

static int too_small(struct tess_call *call)
{
	struct tess_cloud_error error;

	(void)tess_cloud_refuse(&error, TESS_CLOUD_INVALID_VIDEO_RESOLUTION,
				"The picture is too small for so many tiles of this template.");
	return tess_mix_refused(call, &error);
}

static int answer(struct tess_call *call, const struct tess_mix_request *request, bool named)
{
	struct people people = {0};
	struct tess_room_seats seats;
	struct book book;
	const struct tess_room_rules rules = rules_of(request, &book);
	int rc = find_people(call, request, named, &people);

	if (!rc)
		rc = tess_room_seat(&seats, people.members, people.count, &rules);
	if (rc == -EINVAL)
		rc = too_small(call);
	else if (!rc)
		rc = tess_response_json(call->response, 200,
					preview_json(&people, &seats, &rules, request));
	free_people(&people);
	return rc;
}

/* A stream that nobody has: a look at the picture needs no output. */
static int stand_in(json_t *params)
{
	json_t *output = json_object_get(params, "OutputParams");

	return json_object_set_new(output, "StreamId", json_string("preview")) ? -ENOMEM : 1;
}

int tess_api_mix_preview(struct tess_call *call)
{
	struct tess_mix_request request;
	struct tess_cloud_error error;
	struct tess_cloud_room room;
	json_t *params;
	bool named;
	int rc;

	rc = tess_api_room_of(call, &room);
	if (rc < 0)
		return tess_call_done(rc);
	params = json_object();
	rc = tess_mix_body_translate(call, &room, params);
	named = rc > 0 && (json_object_get(json_object_get(params, "OutputParams"), "StreamId") ||
			   json_object_get(json_object_get(params, "OutputParams"), "RecordId"));
	if (rc > 0 && !named)
		rc = stand_in(params);
	if (rc < 0) {
		json_decref(params);
		return tess_call_done(rc);
	}
	rc = tess_mix_request_parse(&request, params, room.type, &error);
	json_decref(params);
	if (!rc)
		rc = tess_pictures_check(call->control, &request, &error);
	return rc == -EINVAL ? tess_mix_refused(call, &error)
	       : rc	     ? rc
			     : answer(call, &request, named);
}
