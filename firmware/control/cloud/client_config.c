/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/client_config.c - TRTCTranscodingConfig, checked.
 */
#include "firmware/control/cloud/client_config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "firmware/control/cloud/checks.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/cloud/image_params.h"
#include "firmware/control/cloud/params.h"
#include "firmware/control/cloud/usersig.h"

#define OPTIONAL TESS_CLOUD_CODE_BEFORE_FIRST
#define MIN_EDGE 16
/* Clients mix in portrait too: 1920 either way, and 1440 lines of a 4:3 screen fit. */
#define MAX_EDGE 1920

#define TEMPLATE_CUSTOM	 4
#define RENDER_FIT	 1
#define RENDER_FIT_BLACK 2
#define INPUT_BOTH	 0
#define INPUT_PICTURE	 1
#define INPUT_SOUND	 2
/* of TRTCMixInputType, which counts from 1 what these do from 0 */
#define INPUT_TYPE_WATERMARK 4

/* The values of TRTCTranscodingConfigMode. */
enum mode {
	MODE_MANUAL = 1,
	MODE_PURE_AUDIO,
	MODE_PRESET_LAYOUT,
	MODE_SCREEN_SHARING,
};

enum placeholder {
	PLACEHOLDER_NONE = 1,
	PLACEHOLDER_UNKNOWN,
	PLACEHOLDER_LOCAL_MAIN,
	PLACEHOLDER_LOCAL_SUB,
	PLACEHOLDER_REMOTE,
};

/* What goes on while a config is read. */
struct reading {
	struct tess_mix_request *mix;
	const struct tess_client *client;
	struct tess_section config;
	enum mode mode;
	unsigned local_main, local_sub; /* places of that kind */
};

void tess_client_screen_size(uint32_t *width, uint32_t *height)
{
	static const uint32_t heights[] = {1080, 1200, 1440};
	uint32_t best = heights[0], wanted;

	if (!*width || !*height) {
		*width = 1280;
		*height = 720;
	}
	if (*width > MAX_EDGE) {
		wanted = (uint32_t)((uint64_t)*height * MAX_EDGE / *width);
		for (unsigned i = 1; i < sizeof(heights) / sizeof(heights[0]); i++) {
			if (wanted * 2 > best + heights[i])
				best = heights[i];
		}
		*width = MAX_EDGE;
		*height = best;
	}
	*width = *width < MIN_EDGE ? MIN_EDGE : *width & ~1u;
	*height = *height < MIN_EDGE ? MIN_EDGE : *height > MAX_EDGE ? MAX_EDGE : *height & ~1u;
}

uint32_t tess_client_screen_kbps(uint32_t width, uint32_t height, uint32_t frame_rate)
{
	/* a fourteenth of a bit for a pixel: text stays sharp */
	uint64_t kbps = (uint64_t)width * height * frame_rate / 14000;

	return kbps < 200 ? 200 : kbps > 4000 ? 4000 : (uint32_t)kbps;
}

static const char *const mode_names[] = {"Manual", "PureAudio", "PresetLayout", "ScreenSharing"};

/* The modes by number, by name, and by the name of the constant, which ends in it. */
static int64_t mode_of(const json_t *value)
{
	const char *text = json_string_value(value), *last;

	if (json_is_integer(value))
		return json_integer_value(value);
	if (!text)
		return 0;
	last = strrchr(text, '_');
	for (int i = 0; i < 4; i++) {
		if (!strcasecmp(last ? last + 1 : text, mode_names[i]))
			return MODE_MANUAL + i;
	}
	return 0;
}

static bool check_mode(struct reading *reading)
{
	const json_t *value = json_object_get(reading->config.object, "mode");
	int64_t mode = mode_of(value);

	if (!value || json_is_null(value)) {
		tess_check_missing(&reading->config, "mode", TESS_CLOUD_MISSING_PARAMETER);
		return false;
	}
	if (mode < MODE_MANUAL || mode > MODE_SCREEN_SHARING) {
		tess_check_invalid(&reading->config, "mode", TESS_CLOUD_INVALID_PARAMETER,
				   "Manual (1), PureAudio (2), PresetLayout (3) or ScreenSharing "
				   "(4) is expected");
		return false;
	}
	reading->mode = (enum mode)mode;
	reading->mix->mode = mode_names[mode - MODE_MANUAL];
	return true;
}

static void check_audio(struct reading *reading)
{
	static const uint32_t rates[] = {48000, 44100, 32000, 24000, 16000, 8000};
	static const struct tess_number rate = {"audioSampleRate", 8000, 48000, OPTIONAL,
						TESS_CLOUD_INVALID_AUDIO_ENCODE_PARAMS};
	static const struct tess_number bitrate = {"audioBitrate", 8, 500, OPTIONAL,
						   TESS_CLOUD_INVALID_AUDIO_ENCODE_PARAMS};
	static const struct tess_number channels = {"audioChannels", 1, 2, OPTIONAL,
						    TESS_CLOUD_INVALID_AUDIO_ENCODE_PARAMS};
	struct tess_mix_request *mix = reading->mix;
	bool known = false;

	mix->audio.sample_rate = (uint32_t)tess_check_number(&reading->config, &rate, 48000);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		known = known || mix->audio.sample_rate == rates[i];
	if (!known)
		tess_check_invalid(&reading->config, rate.name, rate.invalid,
				   "48000, 44100, 32000, 24000, 16000 or 8000 is expected");
	mix->audio.bitrate_kbps = (uint32_t)tess_check_number(&reading->config, &bitrate, 64);
	mix->audio.channels = (uint32_t)tess_check_number(&reading->config, &channels, 2);
}

static bool is_zero(const struct reading *reading, const char *name)
{
	const json_t *value = json_object_get(reading->config.object, name);

	return !value || json_is_null(value) ||
	       (json_is_integer(value) && !json_integer_value(value));
}

/* 0 x 0 of a shared screen: as large as it is. */
static bool check_automatic(struct reading *reading)
{
	struct tess_mix_request *mix = reading->mix;

	if (reading->mode != MODE_SCREEN_SHARING || !is_zero(reading, "videoWidth") ||
	    !is_zero(reading, "videoHeight"))
		return false;
	mix->automatic.size = true;
	mix->automatic.screen = reading->client->screen.publisher;
	mix->video.width = reading->client->screen.width;
	mix->video.height = reading->client->screen.height;
	tess_client_screen_size(&mix->video.width, &mix->video.height);
	return true;
}

static void check_video(struct reading *reading)
{
	enum tess_cloud_code missing = TESS_CLOUD_MISSING_VIDEO_ENCODE_PARAMS;
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_ENCODE_PARAMS;
	enum tess_cloud_code resolution = TESS_CLOUD_INVALID_VIDEO_RESOLUTION;
	const struct tess_number width = {"videoWidth", MIN_EDGE, MAX_EDGE, missing, resolution};
	const struct tess_number height = {"videoHeight", MIN_EDGE, MAX_EDGE, missing, resolution};
	const struct tess_number bitrate = {"videoBitrate", 1, 10000, missing, invalid};
	const struct tess_number rate = {"videoFramerate", 1, 60, OPTIONAL, invalid};
	const struct tess_number gop = {"videoGOP", 1, 8, OPTIONAL, invalid};
	const struct tess_number color = {"backgroundColor", 0, 0xffffff, OPTIONAL, invalid};
	struct tess_mix_request *mix = reading->mix;

	if (!check_automatic(reading)) {
		mix->video.width = (uint32_t)tess_check_number(&reading->config, &width, 0) & ~1u;
		mix->video.height = (uint32_t)tess_check_number(&reading->config, &height, 0) & ~1u;
	}
	mix->video.frame_rate = (uint32_t)tess_check_number(&reading->config, &rate, 15);
	mix->video.gop_s = (uint32_t)tess_check_number(&reading->config, &gop, 3);
	mix->video.background = (uint32_t)tess_check_number(&reading->config, &color, 0);
	(void)tess_image_text_check(&mix->video.background_image, &reading->config,
				    "backgroundImage", TESS_CLOUD_INVALID_BACKGROUND_IMAGE_URL);
	if (reading->mode == MODE_SCREEN_SHARING && is_zero(reading, bitrate.name)) {
		mix->automatic.bitrate = true;
		mix->video.bitrate_kbps = tess_client_screen_kbps(
			mix->video.width, mix->video.height, mix->video.frame_rate);
	} else {
		mix->video.bitrate_kbps =
			(uint32_t)tess_check_number(&reading->config, &bitrate, 0);
	}
}

/* The documents write them with one word or two, with one REMOTE or more, and sometimes with blanks
 * for underscores or an S for the last dollar. */
static enum placeholder placeholder_of(const char *user)
{
	static const struct {
		const char *name;
		enum placeholder placeholder;
	} names[] = {
		{"PLACEHOLDERLOCALMAIN", PLACEHOLDER_LOCAL_MAIN},
		{"PLACEHOLDERLOCALMAINS", PLACEHOLDER_LOCAL_MAIN},
		{"PLACEHOLDERLOCALSUB", PLACEHOLDER_LOCAL_SUB},
		{"PLACEHOLDERLOCALSUBS", PLACEHOLDER_LOCAL_SUB},
		{"PLACEHOLDERREMOTE", PLACEHOLDER_REMOTE},
		{"PLACEHOLDERREMOTES", PLACEHOLDER_REMOTE},
	};
	char letters[32];
	size_t length = 0;

	if (*user != '$')
		return PLACEHOLDER_NONE;
	for (; *user && length < sizeof(letters) - 1; user++) {
		if (!strchr("$_ ", *user))
			letters[length++] = (char)toupper((unsigned char)*user);
	}
	letters[length] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !*user; i++) {
		if (!strcmp(letters, names[i].name))
			return names[i].placeholder;
	}
	return PLACEHOLDER_UNKNOWN;
}

/* x, y, width, height: beside the others, or in "rect", there also left, top, right, bottom. */
static void check_rectangle(const struct reading *reading, const struct tess_section *user,
			    struct tess_mix_place *place)
{
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG;
	struct tess_section rect = tess_check_object(user, "rect", OPTIONAL, invalid);
	const struct tess_section *from = rect.object ? &rect : user;
	bool corners =
		json_object_get(rect.object, "right") || json_object_get(rect.object, "left");
	const struct tess_number x = {corners ? "left" : "x", 0, INT32_MAX, OPTIONAL, invalid};
	const struct tess_number y = {corners ? "top" : "y", 0, INT32_MAX, OPTIONAL, invalid};
	const struct tess_number width = {corners ? "right" : "width", 0, INT32_MAX, OPTIONAL,
					  invalid};
	const struct tess_number height = {corners ? "bottom" : "height", 0, INT32_MAX, OPTIONAL,
					   invalid};
	int64_t left = tess_check_number(from, &x, 0), top = tess_check_number(from, &y, 0);
	int64_t right = tess_check_number(from, &width, 0);
	int64_t bottom = tess_check_number(from, &height, 0);

	if (!corners) {
		right += left;
		bottom += top;
	}
	if (right < left || right > reading->mix->video.width)
		tess_check_invalid(from, width.name, invalid,
				   "the rectangle must lie inside the canvas");
	else if (bottom < top || bottom > reading->mix->video.height)
		tess_check_invalid(from, height.name, invalid,
				   "the rectangle must lie inside the canvas");
	place->x = (uint32_t)left;
	place->y = (uint32_t)top;
	place->width = (uint32_t)(right - left);
	place->height = (uint32_t)(bottom - top);
}

static const struct tess_number input_type = {"inputType", 0, INPUT_TYPE_WATERMARK, OPTIONAL,
					      TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG};

/* TRTCMixInputType, or what pureAudio says where that is open. */
static uint32_t check_input(const struct tess_section *user)
{
	static const uint32_t inputs[] = {INPUT_BOTH, INPUT_BOTH, INPUT_PICTURE, INPUT_SOUND};
	const json_t *pure_audio = json_object_get(user->object, "pureAudio");
	int64_t value = tess_check_number(user, &input_type, 0);

	if (pure_audio && !json_is_null(pure_audio) && !json_is_boolean(pure_audio))
		tess_check_invalid(user, "pureAudio", TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
				   "true or false is expected");
	return !value && json_is_true(pure_audio) ? INPUT_SOUND : inputs[value];
}

/* The user's other room; nothing for the own one. */
static void check_room(const struct reading *reading, const struct tess_section *user,
		       struct tess_mix_place *place)
{
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG;
	const struct tess_cloud_room *own = &reading->client->room;
	const json_t *number = json_object_get(user->object, "roomId");
	char digits[24];
	const char *room;

	if (json_is_integer(number)) {
		(void)snprintf(digits, sizeof(digits), "%lld",
			       (long long)json_integer_value(number));
		room = digits;
	} else {
		room = tess_check_text(user, "roomId", OPTIONAL, invalid);
	}
	if (!room || !strcmp(room, own->id))
		return;
	if (!tess_cloud_room_id_valid(own->type, room))
		tess_check_invalid(user, "roomId", invalid, "the id of a room is expected");
	else
		(void)stpcpy(place->room, room);
}

/* Who is in the place: the user itself, anybody else, or one by name. */
static void check_who(struct reading *reading, const struct tess_section *user,
		      struct tess_mix_place *place)
{
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG;
	static const struct tess_number stream_type = {"streamType", 0, 2, OPTIONAL,
						       TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG};
	const char *name =
		tess_check_text(user, "userId", TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG, invalid);
	const char *local = reading->client->user;

	/* big, small, sub: a small picture is the camera's too */
	place->who.auxiliary = tess_check_number(user, &stream_type, 0) == 2;
	place->input = check_input(user);
	if (!name)
		return;
	switch (placeholder_of(name)) {
	case PLACEHOLDER_LOCAL_MAIN:
		reading->local_main++;
		place->who.auxiliary = false;
		(void)stpcpy(place->who.user, local);
		break;
	case PLACEHOLDER_LOCAL_SUB:
		reading->local_sub++;
		place->who.auxiliary = true;
		place->input = INPUT_PICTURE;
		(void)stpcpy(place->who.user, local);
		break;
	case PLACEHOLDER_REMOTE:
		break;
	case PLACEHOLDER_NONE:
		if (tess_user_id_valid(name)) {
			(void)stpcpy(place->who.user, name);
			return;
		}
		/* fall through */
	case PLACEHOLDER_UNKNOWN:
		tess_check_invalid(user, "userId", invalid, "a user or a placeholder is expected");
		return;
	}
	if (reading->mode == MODE_MANUAL)
		tess_check_invalid(user, "userId", invalid,
				   "the mode Manual names users, not placeholders");
	if (reading->local_main > 1 || reading->local_sub > 1)
		tess_check_invalid(user, "userId", invalid,
				   "each of the two local placeholders may be there once");
	if (place->room[0] && place->who.user[0])
		tess_check_invalid(user, "roomId", invalid, "the local user is in this room");
}

static void check_user(struct reading *reading, const struct tess_section *user,
		       struct tess_mix_place *place)
{
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG;
	const struct tess_number z = {"zOrder", 0, 15, OPTIONAL, invalid};
	const struct tess_number render = {"renderMode", 0, 2, OPTIONAL, invalid};

	check_room(reading, user, place);
	check_who(reading, user, place);
	check_rectangle(reading, user, place);
	place->z = (uint32_t)tess_check_number(user, &z, 0);
	place->render = (uint32_t)tess_check_number(user, &render, 0);
	(void)tess_image_text_check(&place->image, user, "image", invalid);
}

/* A picture over all others, which is nobody's. */
static void check_water_mark(struct reading *reading, const struct tess_section *user)
{
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG;
	struct tess_mix_request *mix = reading->mix;

	if (mix->layout.water_mark.id || mix->layout.water_mark.url[0])
		tess_check_invalid(user, input_type.name, invalid, "one watermark is the most");
	if (!tess_image_text_check(&mix->layout.water_mark, user, "image", invalid))
		tess_check_missing(user, "image", TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG);
	check_rectangle(reading, user, &mix->layout.water_mark_place);
}

static bool is_water_mark(const json_t *user)
{
	return json_integer_value(json_object_get(user, input_type.name)) == INPUT_TYPE_WATERMARK;
}

static void check_users(struct reading *reading)
{
	struct tess_mix_request *mix = reading->mix;
	const json_t *users, *element;
	size_t i;

	users = tess_check_array(&reading->config, "mixUsers", TESS_CLOUD_MAX_MIXED,
				 TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG,
				 TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG);
	json_array_foreach(users, i, element)
	{
		struct tess_section user = {.checks = reading->config.checks, .object = element};

		(void)snprintf(user.path, sizeof(user.path), "mixUsers.%u.", (unsigned)i);
		if (is_water_mark(element))
			check_water_mark(reading, &user);
		else if (json_is_object(element))
			check_user(reading, &user,
				   &mix->layout.presets[mix->layout.preset_count++]);
		else
			tess_check_invalid(&reading->config, "mixUsers",
					   TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG,
					   "an array of objects is expected");
	}
}

/* The camera, shown whole on the canvas; over it the screen, while it is shared, with black beside
 * it where the shapes differ. */
static void place_screen(struct reading *reading)
{
	struct tess_mix_request *mix = reading->mix;

	for (unsigned i = 0; i < 2; i++) {
		struct tess_mix_place *place = &mix->layout.presets[i];

		(void)stpcpy(place->who.user, reading->client->user);
		place->who.auxiliary = i == 1;
		place->width = mix->video.width;
		place->height = mix->video.height;
		place->z = i;
		place->render = i ? RENDER_FIT_BLACK : RENDER_FIT;
		place->input = i ? INPUT_PICTURE : INPUT_BOTH;
	}
	mix->layout.preset_count = 2;
}

/* The name of the user's own stream, as that of each user's stream is by default: the application,
 * the room, the user and "main", each byte that an address does not take as %XX. One that would be
 * too long has a digest for what follows the application. */
static void default_stream_id(struct tess_mix_request *mix, const struct tess_client *client)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-_.~";
	char name[160], encoded[3 * sizeof(name)], digest[TESS_SHA256_HEX];
	char *out = encoded;
	int app = snprintf(name, sizeof(name), "%u_", (unsigned)client->room.sdk_app_id);

	(void)snprintf(name + app, sizeof(name) - (size_t)app, "%s_%s_main", client->room.id,
		       client->user);
	for (const char *p = name; *p; p++)
		out += sprintf(out, strchr(plain, *p) ? "%c" : "%%%02X", (unsigned char)*p);
	if (strlen(encoded) > TESS_CLOUD_MAX_ID &&
	    !tess_sha256_hex(digest, name + app, strlen(name + app)))
		(void)snprintf(encoded, sizeof(encoded), "%.*s%.32s", app, name, digest);
	(void)snprintf(mix->stream_id, sizeof(mix->stream_id), "%.64s", encoded);
}

static void check_output(struct reading *reading)
{
	struct tess_mix_request *mix = reading->mix;
	const char *stream_id = tess_check_text(&reading->config, "streamId", OPTIONAL,
						TESS_CLOUD_INVALID_STREAM_ID);

	if (stream_id && !tess_stream_id_valid(stream_id))
		tess_check_invalid(&reading->config, "streamId", TESS_CLOUD_INVALID_STREAM_ID,
				   "1 to 64 bytes without blanks and /?#&\" are expected");
	else if (stream_id)
		(void)stpcpy(mix->stream_id, stream_id);
	else if (reading->client->stream_id[0])
		(void)stpcpy(mix->stream_id, reading->client->stream_id);
	else
		default_stream_id(mix, reading->client);
	(void)stpcpy(mix->record_id, reading->client->record_id);
}

static void check_mode_members(struct reading *reading)
{
	struct tess_mix_request *mix = reading->mix;

	mix->layout.layout = TEMPLATE_CUSTOM;
	if (reading->mode == MODE_PURE_AUDIO) {
		mix->audio_only = true;
	} else {
		check_video(reading);
		if (reading->mode == MODE_SCREEN_SHARING)
			place_screen(reading);
		else
			check_users(reading);
	}
	mix->layout.places_for_others = true;
	mix->layout.others_heard = reading->mode != MODE_MANUAL;
}

int tess_client_config_parse(struct tess_mix_request *mix, const struct tess_client *client,
			     const json_t *config, struct tess_cloud_error *error)
{
	json_t *members = json_deep_copy(config);
	struct tess_checks checks = {0};
	struct reading reading = {
		.mix = mix,
		.client = client,
		.config = {.checks = &checks, .object = members},
	};

	memset(mix, 0, sizeof(*mix));
	if (!members)
		return -ENOMEM;
	tess_params_remove_nulls(members);
	mix->room = client->room;
	(void)stpcpy(mix->starter, client->user);
	check_audio(&reading);
	if (check_mode(&reading))
		check_mode_members(&reading);
	check_output(&reading);
	json_decref(members);
	return tess_checks_end(&checks, error);
}
