/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/desired.c - parser of the desired state.
 */
#include "firmware/media/desired.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/mix/layout.h"

/* Where in the message we are, for the error's text; the first error stays. */
struct parser {
	char *error;
	size_t error_size;
	const char *list;
	int64_t id;
	bool failed;
};

static void fail(struct parser *parser, const char *name, const char *why)
{
	if (!parser->failed)
		snprintf(parser->error, parser->error_size, "%s %lld: %s %s", parser->list,
			 (long long)parser->id, name, why);
	parser->failed = true;
}

static int64_t get_integer(struct parser *parser, const json_t *object, const char *name,
			   int64_t min, int64_t max)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value)) {
		fail(parser, name, "is not an integer");
		return min;
	}
	if (json_integer_value(value) < min || json_integer_value(value) > max) {
		fail(parser, name, "is out of range");
		return min;
	}
	return json_integer_value(value);
}

static void copy_text(struct parser *parser, const json_t *value, const char *name, char *text,
		      size_t size)
{
	if (!json_is_string(value)) {
		fail(parser, name, "is not a string");
	} else if (json_string_length(value) >= size) {
		fail(parser, name, "is too long");
	} else {
		memcpy(text, json_string_value(value), json_string_length(value) + 1);
	}
}

static void get_text(struct parser *parser, const json_t *object, const char *name, char *text,
		     size_t size)
{
	copy_text(parser, json_object_get(object, name), name, text, size);
}

/* "APP/TYPE/ROOM" of the application and type of @p object. */
static void name_room(struct parser *parser, const json_t *object, const json_t *id,
		      char room[TESS_DESIRED_NAME])
{
	char type[16] = "", name[TESS_DESIRED_NAME - 48] = "";
	int64_t app = get_integer(parser, object, "app", 0, INT64_MAX);

	get_text(parser, object, "room_type", type, sizeof(type));
	copy_text(parser, id, "room", name, sizeof(name));
	snprintf(room, TESS_DESIRED_NAME, "%lld/%s/%s", (long long)app, type, name);
}

static void get_room(struct parser *parser, const json_t *object, char room[TESS_DESIRED_NAME])
{
	name_room(parser, object, json_object_get(object, "room"), room);
}

static unsigned room_shard(const char *room, unsigned shards)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	while (*room)
		hash = (hash ^ (uint8_t)*room++) * 16777619u;
	return hash % shards;
}

static void get_source(struct parser *parser, const json_t *object,
		       struct tess_desired_publisher *publisher)
{
	char text[INET6_ADDRSTRLEN] = "";

	get_text(parser, object, "source", text, sizeof(text));
	if (parser->failed || !text[0])
		return;
	publisher->has_source = true;
	if (inet_pton(AF_INET, text, &publisher->source.in.sin_addr) == 1)
		publisher->source.in.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &publisher->source.in6.sin6_addr) == 1)
		publisher->source.in6.sin6_family = AF_INET6;
	else
		fail(parser, "source", "is not an address");
}

static void get_media(struct parser *parser, const json_t *publisher, const char *name,
		      const char *codec_name, enum tess_codec codec,
		      struct tess_desired_media *media)
{
	const json_t *object = json_object_get(publisher, name);
	char text[16] = "";

	if (!object || json_is_null(object))
		return;
	media->present = true;
	media->codec = codec;
	media->port = (uint16_t)get_integer(parser, object, "port", 1, UINT16_MAX - 1);
	media->payload_type = (uint8_t)get_integer(parser, object, "payload_type", 0, 127);
	get_text(parser, object, "codec", text, sizeof(text));
	if (!parser->failed && strcmp(text, codec_name) != 0)
		fail(parser, "codec", "is not one this version can receive");
}

static void get_publisher(struct parser *parser, const json_t *object,
			  struct tess_desired_publisher *publisher)
{
	char type[8] = "";

	parser->id = 0;
	publisher->id = parser->id = get_integer(parser, object, "id", 0, INT64_MAX);
	get_room(parser, object, publisher->room);
	get_text(parser, object, "user", publisher->user, sizeof(publisher->user));
	get_text(parser, object, "stream_type", type, sizeof(type));
	publisher->auxiliary = !strcmp(type, "aux");
	publisher->order = (uint64_t)get_integer(parser, object, "order", 0, INT64_MAX);
	get_source(parser, object, publisher);
	get_media(parser, object, "video", "h264", TESS_CODEC_H264, &publisher->video);
	get_media(parser, object, "audio", "opus", TESS_CODEC_OPUS, &publisher->audio);
	if (json_object_get(object, "stream"))
		get_text(parser, object, "stream", publisher->stream, sizeof(publisher->stream));
}

static void get_video(struct parser *parser, const json_t *mix, struct tess_desired_mix *wanted)
{
	const json_t *object = json_object_get(mix, "video");
	struct tess_desired_video *video = &wanted->video;

	if (!object || json_is_null(object))
		return;
	wanted->has_video = true;
	video->width = (uint16_t)get_integer(parser, object, "width", 2, 4096) & ~1u;
	video->height = (uint16_t)get_integer(parser, object, "height", 2, 4096) & ~1u;
	video->bitrate_bps =
		(uint32_t)get_integer(parser, object, "bitrate_kbps", 1, 100000) * 1000u;
	video->frame_rate = (uint16_t)get_integer(parser, object, "frame_rate", 1, 60);
	video->gop_frames =
		(uint16_t)(get_integer(parser, object, "gop_s", 1, 60) * video->frame_rate);
	video->background = (uint32_t)get_integer(parser, object, "background", 0, 0xffffff);
}

static void get_audio(struct parser *parser, const json_t *mix,
		      struct tess_audio_encoder_config *audio)
{
	const json_t *object = json_object_get(mix, "audio");

	audio->sample_rate = (uint32_t)get_integer(parser, object, "sample_rate", 8000, 48000);
	audio->bitrate_bps = (uint32_t)get_integer(parser, object, "bitrate_kbps", 8, 512) * 1000u;
	audio->channels = (uint8_t)get_integer(parser, object, "channels", 1, 2);
}

/* RenderMode 0 1 2 is enum tess_render, which begins at 1 */
static enum tess_render get_render(struct parser *parser, const json_t *object, const char *name)
{
	return (enum tess_render)(get_integer(parser, object, name, 0, 2) + 1);
}

static void get_who(struct parser *parser, const json_t *object, struct tess_desired_who *who)
{
	char type[8] = "";

	get_text(parser, object, "user", who->user, sizeof(who->user));
	get_text(parser, object, "stream_type", type, sizeof(type));
	who->auxiliary = !strcmp(type, "aux");
}

static void get_rect(struct parser *parser, const json_t *object, struct tess_rect *rect)
{
	rect->x = (int32_t)get_integer(parser, object, "x", 0, 4096);
	rect->y = (int32_t)get_integer(parser, object, "y", 0, 4096);
	rect->width = (int32_t)get_integer(parser, object, "width", 0, 4096);
	rect->height = (int32_t)get_integer(parser, object, "height", 0, 4096);
}

static void get_place(struct parser *parser, const json_t *object, struct tess_desired_place *place)
{
	int64_t input;

	get_who(parser, object, &place->who);
	get_rect(parser, object, &place->rect);
	place->z = (int32_t)get_integer(parser, object, "z", 0, INT32_MAX);
	place->render = get_render(parser, object, "render");
	input = get_integer(parser, object, "input", 0, 2);
	place->unheard = input == 1;
	place->unseen = input == 2;
}

static void get_users(struct parser *parser, const json_t *object,
		      struct tess_desired_layout *layout)
{
	const json_t *users = json_object_get(object, "users");
	const json_t *user;
	size_t index;

	if (!json_is_array(users) || json_array_size(users) > TESS_DESIRED_MAX_USERS) {
		fail(parser, "users", "is not a list of at most 16 users");
		return;
	}
	json_array_foreach(users, index, user) copy_text(
		parser, user, "users", layout->users[index], sizeof(layout->users[index]));
	layout->user_count = (unsigned)index;
}

static void get_presets(struct parser *parser, const json_t *mix, const json_t *object,
			struct tess_desired_layout *layout)
{
	const json_t *presets = json_object_get(object, "presets");
	const json_t *preset;
	size_t index;

	if (!presets)
		return;
	if (!json_is_array(presets) || json_array_size(presets) > TESS_ROOM_MAX_SEATS) {
		fail(parser, "presets", "is not a list of at most 16 places");
		return;
	}
	json_array_foreach(presets, index, preset)
	{
		const json_t *room = json_object_get(preset, "room");

		get_place(parser, preset, &layout->presets[index]);
		if (room)
			name_room(parser, mix, room, layout->presets[index].who.room);
	}
	layout->preset_count = (unsigned)index;
}

static void get_layout(struct parser *parser, const json_t *mix, struct tess_desired_layout *layout)
{
	const json_t *object = json_object_get(mix, "layout");
	const json_t *big = json_object_get(object, "big");
	const json_t *small = json_object_get(object, "small");

	/* Template 0 .. 4 is enum tess_layout_template, which begins at 1 */
	layout->layout =
		(enum tess_layout_template)(get_integer(parser, object, "template", 0, 4) + 1);
	layout->render = layout->big_render = get_render(parser, object, "render");
	layout->audio_only_without_tile =
		get_integer(parser, object, "pure_audio_hold_place", 0, 2) == 2;
	get_users(parser, object, layout);
	if (json_object_get(object, "big_render"))
		layout->big_render = get_render(parser, object, "big_render");
	if (big)
		get_who(parser, big, &layout->big);
	layout->big_right = json_is_true(json_object_get(object, "big_right"));
	if (small)
		get_place(parser, small, &layout->small);
	get_presets(parser, mix, object, layout);
	if (json_object_get(object, "local"))
		get_text(parser, object, "local", layout->local, sizeof(layout->local));
	layout->others_heard = json_is_true(json_object_get(object, "others_heard"));
}

/* Dimmed, if nothing is said. */
static enum tess_frozen get_frozen(struct parser *parser, const json_t *mix)
{
	char text[8] = "dim";

	if (json_object_get(mix, "frozen"))
		get_text(parser, mix, "frozen", text, sizeof(text));
	if (!strcmp(text, "keep"))
		return TESS_FROZEN_KEEP;
	if (!strcmp(text, "avatar"))
		return TESS_FROZEN_AVATAR;
	if (strcmp(text, "dim") != 0)
		fail(parser, "frozen", "is none of keep, dim, avatar");
	return TESS_FROZEN_DIM;
}

static void get_picture(struct parser *parser, const json_t *object, const char *name,
			char key[TESS_DESIRED_PICTURE])
{
	if (json_object_get(object, name))
		get_text(parser, object, name, key, TESS_DESIRED_PICTURE);
}

static void get_pictures(struct parser *parser, const json_t *mix,
			 struct tess_desired_pictures *pictures)
{
	const json_t *layout = json_object_get(mix, "layout");
	const json_t *mark = json_object_get(layout, "water_mark");
	const json_t *presets = json_object_get(layout, "presets");

	get_picture(parser, json_object_get(mix, "video"), "background_image",
		    pictures->background);
	if (mark) {
		get_text(parser, mark, "image", pictures->water_mark, TESS_DESIRED_PICTURE);
		get_rect(parser, mark, &pictures->water_mark_rect);
	}
	/* their number has been looked at */
	for (size_t i = 0; i < json_array_size(presets) && !parser->failed; i++)
		get_picture(parser, json_array_get(presets, i), "image", pictures->places[i]);
}

static void get_mix(struct parser *parser, const json_t *object, struct tess_desired_mix *mix)
{
	parser->id = 0;
	mix->id = parser->id = get_integer(parser, object, "id", 0, INT64_MAX);
	mix->epoch = get_integer(parser, object, "epoch", 0, INT64_MAX);
	get_room(parser, object, mix->room);
	get_text(parser, object, "stream", mix->stream, sizeof(mix->stream));
	if (json_object_get(object, "mp3_stream"))
		get_text(parser, object, "mp3_stream", mix->mp3_stream, sizeof(mix->mp3_stream));
	get_video(parser, object, mix);
	get_audio(parser, object, &mix->audio);
	get_layout(parser, object, &mix->layout);
	mix->frozen = get_frozen(parser, object);
	get_pictures(parser, object, &mix->pictures);
}

/* A list of the message with its limit; counts as empty when it is missing or wrong. */
static const json_t *get_list(struct parser *parser, const json_t *message, const char *name,
			      size_t limit, size_t *size)
{
	const json_t *list = json_object_get(message, name);

	parser->list = name;
	parser->id = 0;
	*size = json_array_size(list);
	if (!json_is_array(list))
		fail(parser, "list", "is missing");
	else if (*size > limit)
		fail(parser, "list", "is too long");
	return list;
}

static int compare_ids(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_publishers(const void *a, const void *b)
{
	return compare_ids(((const struct tess_desired_publisher *)a)->id,
			   ((const struct tess_desired_publisher *)b)->id);
}

static int compare_mixes(const void *a, const void *b)
{
	return compare_ids(((const struct tess_desired_mix *)a)->id,
			   ((const struct tess_desired_mix *)b)->id);
}

/* Into the order of ids, each of which must be there once. */
static void sort(struct parser *parser, struct tess_desired *desired)
{
	qsort(desired->publishers, desired->publisher_count, sizeof(*desired->publishers),
	      compare_publishers);
	qsort(desired->mixes, desired->mix_count, sizeof(*desired->mixes), compare_mixes);
	parser->list = "publisher";
	for (unsigned i = 1; i < desired->publisher_count; i++) {
		parser->id = desired->publishers[i].id;
		if (parser->id == desired->publishers[i - 1].id)
			fail(parser, "id", "is there twice");
	}
	parser->list = "mix";
	for (unsigned i = 1; i < desired->mix_count; i++) {
		parser->id = desired->mixes[i].id;
		if (parser->id == desired->mixes[i - 1].id)
			fail(parser, "id", "is there twice");
	}
}

const struct tess_desired_publisher *tess_desired_find_publisher(const struct tess_desired *desired,
								 int64_t id)
{
	const struct tess_desired_publisher key = {.id = id};

	return bsearch(&key, desired->publishers, desired->publisher_count,
		       sizeof(*desired->publishers), compare_publishers);
}

const struct tess_desired_mix *tess_desired_find_mix(const struct tess_desired *desired, int64_t id)
{
	const struct tess_desired_mix key = {.id = id};

	return bsearch(&key, desired->mixes, desired->mix_count, sizeof(*desired->mixes),
		       compare_mixes);
}

const struct tess_desired_publisher *tess_desired_find_guest(const struct tess_desired *desired,
							     int64_t id, const char *room)
{
	for (unsigned i = 0; i < desired->guest_count; i++) {
		if (desired->guests[i].id == id && !strcmp(desired->guests[i].room, room))
			return &desired->guests[i];
	}
	return NULL;
}

/* Has the mix a place for this publisher of another room? */
static bool takes_in(const struct tess_desired_mix *mix,
		     const struct tess_desired_publisher *publisher)
{
	for (unsigned i = 0; i < mix->layout.preset_count; i++) {
		const struct tess_desired_who *who = &mix->layout.presets[i].who;

		if (!strcmp(who->room, publisher->room) && strcmp(who->room, mix->room) != 0 &&
		    who->auxiliary == publisher->auxiliary &&
		    (!who->user[0] || !strcmp(who->user, publisher->user)))
			return true;
	}
	return false;
}

static int add_guest(struct tess_desired *desired, const struct tess_desired_publisher *publisher,
		     const struct tess_desired_mix *mix)
{
	struct tess_desired_publisher *guests, *guest;

	if (tess_desired_find_guest(desired, publisher->id, mix->room))
		return 0;
	guests = realloc(desired->guests, (desired->guest_count + 1) * sizeof(*guests));
	if (!guests)
		return -ENOMEM;
	desired->guests = guests;
	guest = &guests[desired->guest_count++];
	*guest = *publisher;
	memcpy(guest->origin, publisher->room, sizeof(guest->origin));
	memcpy(guest->room, mix->room, sizeof(guest->room));
	guest->stream[0] = 0; /* its own room makes it */
	return 0;
}

static bool looks_elsewhere(const struct tess_desired_mix *mix)
{
	for (unsigned i = 0; i < mix->layout.preset_count; i++) {
		if (mix->layout.presets[i].who.room[0])
			return true;
	}
	return false;
}

/* Publishers of any room, which the mixes kept here take in from there. */
static int get_guests(struct parser *parser, const json_t *publishers, struct tess_desired *desired)
{
	const json_t *object;
	size_t index;
	int error = 0;

	for (unsigned i = 0; i < desired->mix_count; i++) {
		const struct tess_desired_mix *mix = &desired->mixes[i];

		if (!looks_elsewhere(mix))
			continue;
		json_array_foreach(publishers, index, object)
		{
			struct tess_desired_publisher publisher = {0};

			get_publisher(parser, object, &publisher);
			if (!error && takes_in(mix, &publisher))
				error = add_guest(desired, &publisher, mix);
		}
	}
	return error;
}

int tess_desired_parse(struct tess_desired **desiredp, const json_t *message, unsigned shard,
		       unsigned shards, char *error, size_t error_size)
{
	struct parser parser = {.error = error, .error_size = error_size, .list = "desired"};
	struct tess_desired *desired = calloc(1, sizeof(*desired));
	const json_t *publishers, *mixes, *object;
	size_t publisher_count, mix_count, index;

	if (!desired)
		return -ENOMEM;
	desired->epoch = get_integer(&parser, message, "epoch", 0, INT64_MAX);
	publishers = get_list(&parser, message, "publishers", TESS_DESIRED_MAX_PUBLISHERS,
			      &publisher_count);
	mixes = get_list(&parser, message, "mixes", TESS_DESIRED_MAX_MIXES, &mix_count);
	if (parser.failed)
		goto bad;
	/* one more, because calloc() of nothing may be NULL */
	desired->publishers = calloc(publisher_count + 1, sizeof(*desired->publishers));
	desired->mixes = calloc(mix_count + 1, sizeof(*desired->mixes));
	if (!desired->publishers || !desired->mixes) {
		tess_desired_free(desired);
		return -ENOMEM;
	}
	parser.list = "publisher";
	json_array_foreach(publishers, index, object)
	{
		struct tess_desired_publisher *publisher =
			&desired->publishers[desired->publisher_count];

		memset(publisher, 0, sizeof(*publisher));
		get_publisher(&parser, object, publisher);
		if (room_shard(publisher->room, shards) == shard)
			desired->publisher_count++;
	}
	parser.list = "mix";
	json_array_foreach(mixes, index, object)
	{
		struct tess_desired_mix *mix = &desired->mixes[desired->mix_count];

		memset(mix, 0, sizeof(*mix));
		get_mix(&parser, object, mix);
		if (room_shard(mix->room, shards) == shard)
			desired->mix_count++;
	}
	if (get_guests(&parser, publishers, desired)) {
		tess_desired_free(desired);
		return -ENOMEM;
	}
	sort(&parser, desired);
	if (!parser.failed) {
		*desiredp = desired;
		return 0;
	}
bad:
	tess_desired_free(desired);
	return -EBADMSG;
}

void tess_desired_free(struct tess_desired *desired)
{
	if (!desired)
		return;
	free(desired->publishers);
	free(desired->mixes);
	free(desired->guests);
	free(desired);
}
