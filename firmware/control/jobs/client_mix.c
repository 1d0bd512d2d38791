/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/client_mix.c - see client_mix.h.
 */
#include "firmware/control/jobs/client_mix.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/text.h"

/* What the user sends. */
struct sent {
	const char *user;
	bool any, sound;
	int64_t screen; /* the publisher of the screen, 0: none */
};

static int note_sent(void *arg, const struct tess_publisher *row)
{
	struct sent *sent = arg;

	if (strcmp(row->user, sent->user) != 0)
		return 0;
	sent->any = true;
	sent->sound = sent->sound || tess_publisher_has_audio(row);
	if (!strcmp(row->stream_type, "aux") && tess_publisher_has_video(row))
		sent->screen = row->id;
	return 0;
}

/* The size of a publisher's picture as media last told it. @return false: it is not known */
static bool size_of(const struct tess_control *control, int64_t publisher, uint32_t *width,
		    uint32_t *height)
{
	const json_t *video =
		json_object_get(tess_facts_publisher(control->facts, publisher), "video");
	json_int_t w = json_integer_value(json_object_get(video, "width"));
	json_int_t h = json_integer_value(json_object_get(video, "height"));

	if (w < 1 || h < 1 || w > UINT16_MAX || h > UINT16_MAX)
		return false;
	*width = (uint32_t)w;
	*height = (uint32_t)h;
	return true;
}

static uint32_t whole(const json_t *object, const char *name)
{
	return (uint32_t)json_integer_value(json_object_get(object, name));
}

/* The screen as it is now or, while none is seen, as large as the mix that runs. */
static void look_at_screen(const struct tess_control *control, const struct sent *sent,
			   const struct tess_mix *running, struct tess_client *client)
{
	json_t *params;
	const json_t *automatic, *video;

	if (size_of(control, sent->screen, &client->screen.width, &client->screen.height)) {
		client->screen.publisher = sent->screen;
		return;
	}
	params = running ? json_loads(running->params, 0, NULL) : NULL;
	automatic = json_object_get(params, "auto_size");
	video = json_object_get(params, "video");
	if (automatic) {
		client->screen.publisher = json_integer_value(json_object_get(automatic, "screen"));
		client->screen.width = whole(video, "width");
		client->screen.height = whole(video, "height");
	}
	json_decref(params);
}

/* Which other mixes take in users of a room. */
struct joined {
	const struct tess_cloud_room *own;
	const char *room;
	unsigned mixes;
};

static int count_joined(void *arg, const struct tess_mix *row)
{
	struct joined *joined = arg;
	json_t *params, *place;
	size_t i;

	if (row->room.sdk_app_id != joined->own->sdk_app_id ||
	    row->room.type != joined->own->type || !strcmp(row->room.id, joined->own->id))
		return 0;
	params = json_loads(row->params, 0, NULL);
	json_array_foreach(json_object_get(json_object_get(params, "layout"), "presets"), i, place)
	{
		const char *room = json_string_value(json_object_get(place, "room"));

		if (room && !strcmp(room, joined->room)) {
			joined->mixes++;
			break;
		}
	}
	json_decref(params);
	return 0;
}

static int check_joined(struct tess_control *control, const struct tess_mix_request *request,
			struct tess_cloud_error *error)
{
	for (unsigned i = 0; i < request->layout.preset_count; i++) {
		struct joined joined = {.own = &request->room,
					.room = request->layout.presets[i].room};
		int rc;

		if (!*joined.room)
			continue;
		rc = tess_store_mixes(control->store, count_joined, &joined);
		if (rc)
			return rc;
		if (joined.mixes >= TESS_CLIENT_MAX_JOINED)
			return tess_cloud_refuse(error, TESS_CLOUD_REQUEST_REJECTION,
						 "The room %s is taken into %u mixes already.",
						 joined.room, joined.mixes);
	}
	return 0;
}

static int end(struct tess_control *control, const struct tess_client *client,
	       const struct tess_mix *running, struct tess_cloud_error *error)
{
	if (!running || strcmp(running->starter, client->user) != 0)
		return tess_cloud_refuse(error, TESS_CLOUD_MIX_SESSION_NOT_EXIST,
					 "The user %s has started no mix.", client->user);
	return tess_rooms_mix_stop(control, &client->room);
}

static int set(struct tess_control *control, const struct tess_client *client,
	       const struct sent *sent, const struct tess_mix *running, const json_t *config,
	       struct tess_cloud_error *error)
{
	struct tess_client known = *client;
	struct tess_mix_request request;
	int rc;

	look_at_screen(control, sent, running, &known);
	rc = tess_client_config_parse(&request, &known, config, error);
	if (rc)
		return rc;
	if (!sent->any)
		return tess_cloud_refuse(error, TESS_CLOUD_ROOM_NOT_EXIST,
					 "The user %s is not in the room.", client->user);
	if (!sent->sound)
		return tess_cloud_refuse(error, TESS_CLOUD_REQUEST_REJECTION,
					 "The user %s must send sound to start a mix.",
					 client->user);
	rc = check_joined(control, &request, error);
	if (!rc)
		rc = tess_rooms_mix_check(control, &request, error);
	return rc ? rc : tess_rooms_mix_start(control, &request, error);
}

int tess_client_mix_set(struct tess_control *control, const struct tess_client *client,
			const json_t *config, struct tess_cloud_error *error)
{
	struct sent sent = {.user = client->user};
	struct tess_mix mix, *running = &mix;
	int rc;

	rc = tess_store_publishers(control->store, &client->room, note_sent, &sent);
	if (rc)
		return rc;
	rc = tess_store_mix_find(control->store, &mix, &client->room);
	if (rc == -ENOENT)
		running = NULL;
	else if (rc)
		return rc;
	if (!config || json_is_null(config))
		return end(control, client, running, error);
	if (!json_is_object(config))
		return tess_cloud_refuse(error, TESS_CLOUD_INVALID_PARAMETER,
					 "The config must be an object or null.");
	return set(control, client, &sent, running, config, error);
}

/* A mix whose screen is there with another size, or another screen. */
struct following {
	struct tess_control *control;
	struct tess_mix mix;
	struct sent sent;
	uint32_t width, height;
};

static int find_changed(void *arg, const struct tess_mix *row)
{
	struct following *following = arg;
	struct sent sent = {.user = row->starter};
	uint32_t width, height;
	json_t *params;
	int rc;

	if (!strstr(row->params, "\"auto_size\""))
		return 0;
	rc = tess_store_publishers(following->control->store, &row->room, note_sent, &sent);
	if (rc)
		return rc;
	if (!sent.screen || !size_of(following->control, sent.screen, &width, &height))
		return 0;
	tess_client_screen_size(&width, &height);
	params = json_loads(row->params, 0, NULL);
	/* once for each share: a sender that saves bit rate makes its pictures smaller for a while
	 */
	rc = json_integer_value(json_object_get(json_object_get(params, "auto_size"), "screen")) !=
	     sent.screen;
	json_decref(params);
	if (!rc)
		return 0;
	following->mix = *row;
	following->sent = sent;
	following->width = width;
	following->height = height;
	return 1;
}

/* The places of the mix are its whole canvas. */
static int resize(struct following *following)
{
	struct tess_mix *mix = &following->mix;
	json_t *params = json_loads(mix->params, 0, NULL), *place;
	json_t *video = json_object_get(params, "video");
	json_t *automatic = json_object_get(params, "auto_size");
	json_t *size = json_pack("{sI sI}", "width", (json_int_t)following->width, "height",
				 (json_int_t)following->height);
	bool failed = !size;
	size_t i, length;

	json_array_foreach(json_object_get(json_object_get(params, "layout"), "presets"), i, place)
		failed = json_object_update(place, size) || failed;
	failed = json_object_update(video, size) || failed;
	if (json_is_true(json_object_get(automatic, "bitrate")))
		failed = json_object_set_new(video, "bitrate_kbps",
					     json_integer(tess_client_screen_kbps(
						     following->width, following->height,
						     whole(video, "frame_rate")))) ||
			 failed;
	failed = json_object_set_new(automatic, "screen", json_integer(following->sent.screen)) ||
		 failed;
	length = failed ? 0
			: json_dumpb(params, mix->params, sizeof(mix->params) - 1,
				     JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(size);
	json_decref(params);
	if (!length || length >= sizeof(mix->params))
		return -ENOMEM;
	mix->params[length] = 0;
	return tess_store_mix_change(following->control->store, mix);
}

void tess_client_mix_follow_screens(struct tess_control *control)
{
	struct following following = {.control = control};
	int rc;

	/* a list must not change below its callback: one at a time */
	while ((rc = tess_store_mixes(control->store, find_changed, &following)) == 1) {
		rc = resize(&following);
		if (rc)
			break;
		TESS_INFO("mix.screen", "app=%u room=%s width=%u height=%u",
			  following.mix.room.sdk_app_id, following.mix.room.id, following.width,
			  following.height);
		tess_control_changed(control);
	}
	if (rc)
		TESS_ERROR("mix.screen", "error=\"%s\"", strerror(-rc));
}

static bool text_of(char *text, size_t size, const json_t *message, const char *name)
{
	const char *value = json_string_value(json_object_get(message, name));

	if (value && strlen(value) < size)
		tess_text_copy(text, size, value);
	return value && strlen(value) < size;
}

/* @return false: the message is not one that a link sends */
static bool client_of(struct tess_client *client, const json_t *message)
{
	json_int_t app = json_integer_value(json_object_get(message, "app"));
	char type[8];

	*client = (struct tess_client){0};
	if (app < 1 || app > UINT32_MAX || !text_of(type, sizeof(type), message, "room_type") ||
	    !text_of(client->room.id, sizeof(client->room.id), message, "room") ||
	    !text_of(client->user, sizeof(client->user), message, "user"))
		return false;
	client->room.sdk_app_id = (uint32_t)app;
	client->room.type = !strcmp(type, "string") ? TESS_ROOM_ID_STRING : TESS_ROOM_ID_NUMBER;
	/* both may be absent */
	(void)text_of(client->stream_id, sizeof(client->stream_id), message, "stream_id");
	(void)text_of(client->record_id, sizeof(client->record_id), message, "record_id");
	return true;
}

json_t *tess_client_mix_message(struct tess_control *control, const json_t *message)
{
	const json_t *request = json_object_get(message, "request");
	struct tess_cloud_error error = {0};
	struct tess_client client;
	int rc = 0;

	if (!client_of(&client, message))
		rc = tess_cloud_refuse(&error, TESS_CLOUD_INVALID_PARAMETER,
				       "app, room_type, room and user are expected.");
	if (!rc)
		rc = tess_client_mix_set(control, &client, json_object_get(message, "config"),
					 &error);
	if (rc && rc != -EINVAL) {
		TESS_ERROR("mix.client", "error=\"%s\"", strerror(-rc));
		(void)tess_cloud_refuse(&error, TESS_CLOUD_INTERNAL, "The box failed.");
	}
	return json_pack("{ss sI ss ss}", "type", "client_mix_answer", "request",
			 json_integer_value(request), "code",
			 rc ? tess_cloud_code_text(error.code) : "", "message", error.message);
}
