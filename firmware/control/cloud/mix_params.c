/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/mix_params.c - the parameters of Start and StopMCUMixTranscode, checked.
 */
#include "firmware/base/srt_url.h"
#include "firmware/control/cloud/mix_params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/control/cloud/image_params.h"
#include "firmware/control/cloud/layout_params.h"
#include "firmware/control/cloud/params.h"

#define OPTIONAL TESS_CLOUD_CODE_BEFORE_FIRST
/* A tile of the 4 x 4 grid must be something that can be drawn and encoded. */
#define MIN_EDGE 16

#define LETTERS_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

const char *tess_room_id_type_text(enum tess_room_id_type type)
{
	return type == TESS_ROOM_ID_NUMBER ? "number" : "string";
}

bool tess_cloud_room_id_valid(enum tess_room_id_type type, const char *id)
{
	size_t length = strlen(id);

	if (type == TESS_ROOM_ID_STRING)
		return length && length <= TESS_CLOUD_MAX_ID &&
		       !id[strspn(id, LETTERS_DIGITS " !#$%&()+-:;<=.>?@[]^_{}|~,")];
	/* one way to write a number, as its text is the key */
	return length && length <= 10 && id[0] != '0' && !id[strspn(id, "0123456789")] &&
	       strtoull(id, NULL, 10) < UINT32_MAX;
}

static void check_room_string(struct tess_cloud_room *room, const struct tess_section *params,
			      const char *name)
{
	/* its code is called as it is */
	enum tess_cloud_code invalid = !strcmp(name, "RoomId") ? TESS_CLOUD_INVALID_ROOM_ID
							       : TESS_CLOUD_INVALID_STR_ROOM_ID;
	const char *text;

	text = tess_check_text(params, name, TESS_CLOUD_MISSING_ROOM_ID, invalid);
	if (!text)
		return;
	if (!tess_cloud_room_id_valid(TESS_ROOM_ID_STRING, text))
		tess_check_invalid(params, name, invalid,
				   "1 to 64 letters, digits, blanks and "
				   "!#$%&()+-:;<=.>?@[]^_{}|~, are expected");
	else
		(void)stpcpy(room->id, text);
}

static void check_room(struct tess_cloud_room *room, const struct tess_section *params,
		       enum tess_room_id_type type, const char *string_name)
{
	static const struct tess_number app = {"SdkAppId", 1, UINT32_MAX,
					       TESS_CLOUD_MISSING_SDK_APP_ID,
					       TESS_CLOUD_INVALID_SDK_APP_ID};
	static const struct tess_number number = {"RoomId", 1, UINT32_MAX - 1,
						  TESS_CLOUD_MISSING_ROOM_ID,
						  TESS_CLOUD_INVALID_ROOM_ID};

	room->sdk_app_id = (uint32_t)tess_check_number(params, &app, 0);
	room->type = type;
	if (type == TESS_ROOM_ID_STRING)
		check_room_string(room, params, string_name);
	else
		(void)snprintf(room->id, sizeof(room->id), "%u",
			       (unsigned)tess_check_number(params, &number, 0));
}

/* 1..64 bytes for the address of a live stream: what would end or split its path is refused. */
bool tess_stream_id_valid(const char *text)
{
	size_t length = strlen(text);

	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("/?#&\"", *p))
			return false;
	}
	return length && length <= TESS_CLOUD_MAX_ID;
}

bool tess_record_id_valid(const char *text)
{
	size_t length = strlen(text);

	return length && length <= TESS_CLOUD_MAX_ID && !text[strspn(text, LETTERS_DIGITS "_-")];
}

/* Is it there, right or wrong? An empty text says as little as nothing. */
static bool is_given(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	return member && !(json_is_string(member) && !json_string_length(member));
}

static void check_output(struct tess_mix_request *mix, const struct tess_section *params)
{
	static const struct tess_number pure_audio = {"PureAudioStream", 0, 1, OPTIONAL,
						      TESS_CLOUD_INVALID_PURE_AUDIO_STREAM};
	static const struct tess_number audio_only = {"RecordAudioOnly", 0, 1, OPTIONAL,
						      TESS_CLOUD_INVALID_RECORD_AUDIO_ONLY};
	const char *stream_id, *record_id;
	struct tess_section output;

	output = tess_check_object(params, "OutputParams", TESS_CLOUD_MISSING_OUTPUT_PARAMS,
				   TESS_CLOUD_INVALID_OUTPUT_PARAMS);
	if (!output.object)
		return;
	stream_id = tess_check_text(&output, "StreamId", OPTIONAL, TESS_CLOUD_INVALID_STREAM_ID);
	record_id = tess_check_text(&output, "RecordId", OPTIONAL, TESS_CLOUD_INVALID_RECORD_ID);
	if (!is_given(output.object, "StreamId") && !is_given(output.object, "RecordId"))
		tess_check_missing(&output, "StreamId", TESS_CLOUD_MISSING_STREAM_ID);
	if (stream_id && !tess_stream_id_valid(stream_id))
		tess_check_invalid(&output, "StreamId", TESS_CLOUD_INVALID_STREAM_ID,
				   "1 to 64 bytes without blanks and /?#&\" are expected");
	else if (stream_id)
		(void)stpcpy(mix->stream_id, stream_id);
	if (record_id && !tess_record_id_valid(record_id))
		tess_check_invalid(&output, "RecordId", TESS_CLOUD_INVALID_RECORD_ID,
				   "1 to 64 letters, digits, underscores and hyphens are expected");
	else if (record_id)
		(void)stpcpy(mix->record_id, record_id);
	mix->audio_only = tess_check_number(&output, &pure_audio, 0);
	/* of what is not recorded it says nothing */
	mix->record_audio_only = tess_check_number(&output, &audio_only, 0) && mix->record_id[0];
}

static void check_audio(struct tess_mix_request *mix, const struct tess_section *encode)
{
	static const uint32_t rates[] = {48000, 44100, 32000, 24000, 16000, 8000};
	enum tess_cloud_code missing = TESS_CLOUD_MISSING_AUDIO_ENCODE_PARAMS;
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_AUDIO_ENCODE_PARAMS;
	const struct tess_number rate = {"AudioSampleRate", 8000, 48000, missing, invalid};
	const struct tess_number bitrate = {"AudioBitrate", 8, 500, missing, invalid};
	const struct tess_number channels = {"AudioChannels", 1, 2, missing, invalid};
	const struct tess_number codec = {"AudioCodec", 0, 2, OPTIONAL, invalid};
	bool known = false;

	mix->audio.sample_rate = (uint32_t)tess_check_number(encode, &rate, rates[0]);
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		known = known || mix->audio.sample_rate == rates[i];
	if (!known)
		tess_check_invalid(encode, rate.name, invalid,
				   "48000, 44100, 32000, 24000, 16000 or 8000 is expected");
	mix->audio.bitrate_kbps = (uint32_t)tess_check_number(encode, &bitrate, 0);
	mix->audio.channels = (uint32_t)tess_check_number(encode, &channels, 0);
	if (tess_check_number(encode, &codec, 0))
		tess_check_invalid(encode, codec.name, invalid,
				   "HE-AAC is not available on this box, use 0 (AAC-LC)");
}

static void check_background(struct tess_mix_request *mix, const struct tess_section *encode)
{
	static const struct tess_number color = {"BackgroundColor", 0, 0xffffff, OPTIONAL,
						 TESS_CLOUD_INVALID_ENCODE_PARAMS};
	static const struct tess_number image = {"BackgroundImageId", 0, UINT32_MAX, OPTIONAL,
						 TESS_CLOUD_INVALID_ENCODE_PARAMS};

	mix->video.background = (uint32_t)tess_check_number(encode, &color, 0);
	tess_image_params_check(&mix->video.background_image, encode, &image, "BackgroundImageUrl",
				TESS_CLOUD_INVALID_BACKGROUND_IMAGE_URL);
}

static struct tess_canvas check_video(struct tess_mix_request *mix,
				      const struct tess_section *encode)
{
	enum tess_cloud_code missing = TESS_CLOUD_MISSING_VIDEO_ENCODE_PARAMS;
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_ENCODE_PARAMS;
	enum tess_cloud_code resolution = TESS_CLOUD_INVALID_VIDEO_RESOLUTION;
	const struct tess_number width = {"VideoWidth", MIN_EDGE, 1920, missing, resolution};
	const struct tess_number height = {"VideoHeight", MIN_EDGE, 1080, missing, resolution};
	const struct tess_number bitrate = {"VideoBitrate", 1, 10000, missing, invalid};
	const struct tess_number rate = {"VideoFramerate", 1, 60, missing, invalid};
	const struct tess_number gop = {"VideoGop", 1, 5, missing, invalid};
	struct tess_canvas canvas = {
		.width = (uint32_t)tess_check_number(encode, &width, 0),
		.height = (uint32_t)tess_check_number(encode, &height, 0),
	};

	mix->video.width = canvas.width & ~1u;
	mix->video.height = canvas.height & ~1u;
	mix->video.bitrate_kbps = (uint32_t)tess_check_number(encode, &bitrate, 0);
	mix->video.frame_rate = (uint32_t)tess_check_number(encode, &rate, 0);
	mix->video.gop_s = (uint32_t)tess_check_number(encode, &gop, 0);
	check_background(mix, encode);
	return canvas;
}

/* The scheme of a CDN's address with "://", 0: it is none that streams are sent by. */
static size_t publish_scheme(const char *url)
{
	static const char *const schemes[] = {"rtmp://", "rtmps://", "srt://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!strncasecmp(url, schemes[i], strlen(schemes[i])))
			return strlen(schemes[i]);
	}
	return 0;
}

static bool is_publish_url(const char *url)
{
	size_t scheme = publish_scheme(url), length = strlen(url);
	const char *why;

	if (!scheme || length > TESS_CLOUD_MAX_URL || !url[scheme] || strchr("/?#:", url[scheme]))
		return false;
	for (const char *p = url; *p; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("\"\\<>", *p))
			return false;
	}
	/* what a relay needs: by RTMP a host, an application and a key, by SRT a host and a port */
	return !tess_relay_url_check(url, &why);
}

void tess_publish_url_mask(char *masked, size_t size, const char *url)
{
	size_t scheme = publish_scheme(url);
	const char *host = url + scheme, *end = host + strcspn(host, "/?#");
	const char *user_end = memchr(host, '@', (size_t)(end - host));
	const char *rest = end;

	if (user_end)
		host = user_end + 1;
	/* an application is no secret, the stream after it is, and so is all of a query */
	if (*rest == '/' && rest[1 + strcspn(rest + 1, "/?#")] == '/')
		rest += 1 + strcspn(rest + 1, "/?#");
	(void)snprintf(masked, size, "%.*s%s%.*s%s", (int)scheme, url, user_end ? "***@" : "",
		       (int)(rest - host), host,
		       !*rest	      ? ""
		       : *rest == '/' ? "/***"
				      : "?***");
}

static void check_publish(struct tess_mix_request *mix, const struct tess_section *params)
{
	static const struct tess_number biz_id = {"BizId", 1, UINT32_MAX, TESS_CLOUD_MISSING_BIZ_ID,
						  TESS_CLOUD_INVALID_BIZ_ID};
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_PUBLISH_CDN_URLS;
	struct tess_section publish;
	const json_t *urls;
	const char *url;

	publish = tess_check_object(params, "PublishCdnParams", OPTIONAL,
				    TESS_CLOUD_INVALID_PARAMETER);
	if (!publish.object)
		return;
	mix->publish.biz_id = (uint32_t)tess_check_number(&publish, &biz_id, 0);
	urls = tess_check_array(&publish, "PublishCdnUrls", 1, TESS_CLOUD_MISSING_PUBLISH_CDN_URLS,
				invalid);
	url = json_string_value(json_array_get(urls, 0));
	if (urls && (!url || !is_publish_url(url)))
		tess_check_invalid(&publish, "PublishCdnUrls", invalid,
				   "one rtmp://, rtmps:// or srt:// address is expected");
	else if (urls)
		(void)stpcpy(mix->publish.url, url);
}

int tess_mix_request_parse(struct tess_mix_request *mix, const json_t *params,
			   enum tess_room_id_type type, struct tess_cloud_error *error)
{
	struct tess_checks checks = {0};
	struct tess_section all = {.checks = &checks, .object = params};
	struct tess_canvas canvas = {0};
	struct tess_section encode, layout;

	memset(mix, 0, sizeof(*mix));
	check_room(&mix->room, &all, type, "StrRoomId");
	check_output(mix, &all);
	encode = tess_check_object(&all, "EncodeParams", TESS_CLOUD_MISSING_ENCODE_PARAMS,
				   TESS_CLOUD_INVALID_ENCODE_PARAMS);
	check_audio(mix, &encode);
	if (!mix->audio_only)
		canvas = check_video(mix, &encode);
	layout = tess_check_object(&all, "LayoutParams", TESS_CLOUD_MISSING_PARAMETER,
				   TESS_CLOUD_INVALID_PARAMETER);
	tess_layout_params_check(mix, &layout, canvas);
	check_publish(mix, &all);
	return tess_checks_end(&checks, error);
}

int tess_cloud_room_parse(struct tess_cloud_room *room, const json_t *params,
			  enum tess_room_id_type type, struct tess_cloud_error *error)
{
	struct tess_checks checks = {0};
	struct tess_section all = {.checks = &checks, .object = params};

	memset(room, 0, sizeof(*room));
	check_room(room, &all, type, "StrRoomId");
	return tess_checks_end(&checks, error);
}

int tess_cloud_dismiss_parse(struct tess_cloud_room *room, const json_t *params,
			     enum tess_room_id_type type, struct tess_cloud_error *error)
{
	struct tess_checks checks = {0};
	struct tess_section all = {.checks = &checks, .object = params};

	memset(room, 0, sizeof(*room));
	check_room(room, &all, type, "RoomId");
	return tess_checks_end(&checks, error);
}

static json_t *users_to_json(const struct tess_mix_request *mix)
{
	json_t *users = json_array();

	for (unsigned i = 0; users && i < mix->layout.user_count; i++) {
		if (json_array_append_new(users, json_string(mix->layout.users[i]))) {
			json_decref(users);
			users = NULL;
		}
	}
	return users;
}

static const char *stream_type(const struct tess_mix_who *who)
{
	return who->auxiliary ? "aux" : "main";
}

static json_t *image_to_json(const struct tess_mix_image *image)
{
	return image->id ? json_pack("{s:I}", "id", (json_int_t)image->id)
			 : json_pack("{s:s}", "url", image->url);
}

static bool is_there(const struct tess_mix_image *image)
{
	return image->id || image->url[0];
}

static json_t *place_to_json(const struct tess_mix_place *place)
{
	json_t *json = json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "user", place->who.user,
				 "stream_type", stream_type(&place->who), "x", (int)place->x, "y",
				 (int)place->y, "width", (int)place->width, "height",
				 (int)place->height, "z", (int)place->z, "render",
				 (int)place->render, "input", (int)place->input);

	if (json && place->room[0] && json_object_set_new(json, "room", json_string(place->room))) {
		json_decref(json);
		return NULL;
	}
	if (!is_there(&place->image) ||
	    !json_object_set_new(json, "image",
				 place->image.id ? json_integer(place->image.id)
						 : json_string(place->image.url)))
		return json;
	json_decref(json);
	return NULL;
}

/* A picture and where it is. */
static json_t *water_mark_to_json(const struct tess_mix_request *mix)
{
	const struct tess_mix_place *place = &mix->layout.water_mark_place;
	json_t *json = image_to_json(&mix->layout.water_mark);
	json_t *rect = json_pack("{s:i,s:i,s:i,s:i}", "x", (int)place->x, "y", (int)place->y,
				 "width", (int)place->width, "height", (int)place->height);

	if (json_object_update(json, rect)) {
		json_decref(json);
		json = NULL;
	}
	json_decref(rect);
	return json;
}

static json_t *presets_to_json(const struct tess_mix_request *mix)
{
	json_t *presets = json_array();

	for (unsigned i = 0; presets && i < mix->layout.preset_count; i++) {
		if (json_array_append_new(presets, place_to_json(&mix->layout.presets[i]))) {
			json_decref(presets);
			presets = NULL;
		}
	}
	return presets;
}

/* What a layout does not use is not in it. */
static json_t *layout_to_json(const struct tess_mix_request *mix)
{
	const struct tess_mix_who *big = &mix->layout.big;
	/* takes the references, also when it fails */
	json_t *json = json_pack("{s:i,s:i,s:o,s:i}", "template", (int)mix->layout.layout, "render",
				 (int)mix->layout.render, "users", users_to_json(mix),
				 "pure_audio_hold_place", (int)mix->layout.pure_audio_hold_place);
	int failed = !json;

	if (mix->layout.big_render != mix->layout.render)
		failed |= json_object_set_new(json, "big_render",
					      json_integer(mix->layout.big_render));
	if (big->user[0])
		failed |= json_object_set_new(
			json, "big",
			json_pack("{s:s,s:s}", "user", big->user, "stream_type", stream_type(big)));
	if (mix->layout.big_right)
		failed |= json_object_set_new(json, "big_right", json_true());
	if (mix->layout.small.who.user[0])
		failed |= json_object_set_new(json, "small", place_to_json(&mix->layout.small));
	if (mix->layout.preset_count)
		failed |= json_object_set_new(json, "presets", presets_to_json(mix));
	if (mix->layout.places_for_others)
		failed |= json_object_set_new(json, "local", json_string(mix->starter));
	if (mix->layout.others_heard)
		failed |= json_object_set_new(json, "others_heard", json_true());
	if (is_there(&mix->layout.water_mark) && !mix->audio_only)
		failed |= json_object_set_new(json, "water_mark", water_mark_to_json(mix));
	if (!failed)
		return json;
	json_decref(json);
	return NULL;
}

static json_t *video_to_json(const struct tess_mix_request *mix)
{
	json_t *json;

	if (mix->audio_only)
		return json_null();
	json = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i}", "width", (int)mix->video.width, "height",
			 (int)mix->video.height, "bitrate_kbps", (int)mix->video.bitrate_kbps,
			 "frame_rate", (int)mix->video.frame_rate, "gop_s", (int)mix->video.gop_s,
			 "background", (int)mix->video.background);
	if (!is_there(&mix->video.background_image) ||
	    !json_object_set_new(json, "background_image",
				 image_to_json(&mix->video.background_image)))
		return json;
	json_decref(json);
	return NULL;
}

json_t *tess_mix_request_to_json(const struct tess_mix_request *mix)
{
	json_t *json;

	/* takes the references, also when it fails */
	json = json_pack("{s:s,s:s,s:o,s:{s:i,s:i,s:i},s:o}", "stream_id", mix->stream_id,
			 "record_id", mix->record_id, "video", video_to_json(mix), "audio",
			 "sample_rate", (int)mix->audio.sample_rate, "bitrate_kbps",
			 (int)mix->audio.bitrate_kbps, "channels", (int)mix->audio.channels,
			 "layout", layout_to_json(mix));
	if (json && mix->mode && json_object_set_new(json, "mode", json_string(mix->mode))) {
		json_decref(json);
		return NULL;
	}
	if (json && mix->record_audio_only &&
	    json_object_set_new(json, "record_audio_only", json_true())) {
		json_decref(json);
		return NULL;
	}
	if (json && mix->automatic.size &&
	    json_object_set_new(json, "auto_size",
				json_pack("{s:I,s:b}", "screen", (json_int_t)mix->automatic.screen,
					  "bitrate", mix->automatic.bitrate))) {
		json_decref(json);
		return NULL;
	}
	return json;
}
