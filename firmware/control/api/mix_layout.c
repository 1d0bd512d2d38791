/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/mix_layout.c - the layout of a mix in the words of the cloud API.
 */
#include "firmware/control/api/mix_layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FIELD 64

/* A whole number of ours, and the cloud's name of it. */
struct number {
	const char *ours, *theirs;
};

static const struct number OWN[] = {
	{"template", "Template"},
	{"render", "RenderMode"},
	{"pure_audio_hold_place", "PureAudioHoldPlaceMode"},
	{NULL, NULL},
};
static const struct number RECTANGLE[] = {
	{"x", "LocationX"},	   {"y", "LocationY"}, {"width", "ImageWidth"},
	{"height", "ImageHeight"}, {NULL, NULL},
};
static const struct number PLACE[] = {
	{"z", "ZOrder"},
	{"render", "RenderMode"},
	{"input", "MixInputType"},
	{"image", "PlaceImageId"},
	{NULL, NULL},
};

static int put(json_t *to, const char *name, json_t *value)
{
	return json_object_set_new(to, name, value) ? -ENOMEM : 1;
}

/* Numbers of @p object, whose own name is @p path; those that are absent stay so. */
static int numbers(struct tess_call *call, const json_t *object, const char *path,
		   const struct number *table, json_t *to)
{
	int rc = 1;

	for (; rc >= 0 && table->ours; table++) {
		char field[FIELD];
		int64_t value;

		snprintf(field, sizeof(field), "%s.%s", path, table->ours);
		rc = tess_field_int(call, object, field, INT32_MIN, INT32_MAX, &value);
		if (rc > 0)
			rc = put(to, table->theirs, json_integer(value));
	}
	return rc < 0 ? rc : 1;
}

static int who(struct tess_call *call, const json_t *object, const char *path,
	       const struct number *names, json_t *to)
{
	const char *user = "", *type = "main";
	char field[FIELD];
	int rc;

	snprintf(field, sizeof(field), "%s.user", path);
	rc = tess_field_text(call, object, field, 0, 64, &user);
	if (rc >= 0 && *user)
		rc = put(to, names->ours, json_string(user));
	if (rc >= 0) {
		snprintf(field, sizeof(field), "%s.stream_type", path);
		rc = tess_field_choice(call, object, field, "main aux", &type);
	}
	if (rc >= 0)
		rc = put(to, names->theirs, json_integer(!strcmp(type, "aux")));
	return rc;
}

static int big(struct tess_call *call, const json_t *layout, json_t *to)
{
	static const struct number names = {"MainVideoUserId", "MainVideoStreamType"};
	bool right = false;
	json_t *object;
	int rc = tess_field_object(call, layout, "layout.big", &object);

	if (rc > 0)
		rc = tess_fields_only(call, object, "layout.big.", "user stream_type");
	if (rc > 0)
		rc = who(call, object, "layout.big", &names, to);
	if (rc >= 0)
		rc = tess_field_bool(call, layout, "layout.big_right", &right);
	return rc < 0 ? rc : put(to, "MainVideoRightAlign", json_integer(right));
}

static int place(struct tess_call *call, const json_t *object, const char *path, bool preset,
		 json_t *to)
{
	static const struct number names = {"UserId", "StreamType"};
	char prefix[FIELD];
	int rc;

	snprintf(prefix, sizeof(prefix), "%s.", path);
	rc = tess_fields_only(call, object, prefix,
			      preset ? "user stream_type x y width height z render input image"
				     : "user stream_type x y width height");
	if (rc > 0)
		rc = who(call, object, path, &names, to);
	if (rc > 0)
		rc = numbers(call, object, path, RECTANGLE, to);
	if (rc > 0 && preset)
		rc = numbers(call, object, path, PLACE, to);
	return rc;
}

static int small(struct tess_call *call, const json_t *layout, json_t *to)
{
	json_t *object, *params;
	int rc = tess_field_object(call, layout, "layout.small", &object);

	if (rc <= 0)
		return rc;
	params = json_object();
	rc = put(to, "SmallVideoLayoutParams", params);
	return rc < 0 ? rc : place(call, object, "layout.small", false, params);
}

/* A list of the layout, or NULL when it is absent. @retval 1, 0 absent, -EINVAL, -ENOMEM */
static int list(struct tess_call *call, json_t *layout, const char *name, json_t **value)
{
	char field[FIELD];

	*value = json_object_get(layout, name);
	if (!*value || json_is_null(*value))
		return 0;
	if (json_is_array(*value))
		return 1;
	snprintf(field, sizeof(field), "layout.%s", name);
	return tess_call_invalid(call, field, "%s must be an array.", field) ? -ENOMEM : -EINVAL;
}

static int presets(struct tess_call *call, json_t *layout, json_t *to)
{
	json_t *given, *preset, *configs;
	size_t i;
	int rc = list(call, layout, "presets", &given);

	if (rc <= 0)
		return rc;
	configs = json_array();
	rc = put(to, "PresetLayoutConfig", configs);
	json_array_foreach(given, i, preset)
	{
		json_t *config = json_object();
		char path[FIELD];

		snprintf(path, sizeof(path), "layout.presets.%zu", i);
		if (rc > 0 && json_array_append_new(configs, config))
			rc = -ENOMEM;
		if (rc > 0 && !json_is_object(preset))
			rc = tess_call_invalid(call, path, "%s must be an object.", path) ? -ENOMEM
											  : -EINVAL;
		if (rc > 0)
			rc = place(call, preset, path, true, config);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int tess_mix_image_translate(struct tess_call *call, const json_t *parent, const char *path,
			     const struct tess_mix_image_names *names, json_t *to)
{
	char prefix[FIELD], field[FIELD];
	const char *url = "";
	json_t *image;
	int64_t id = 0;
	int rc = tess_field_object(call, parent, path, &image);

	if (rc <= 0)
		return rc < 0 ? rc : 1;
	snprintf(prefix, sizeof(prefix), "%s.", path);
	rc = tess_fields_only(call, image, prefix, names->members);
	snprintf(field, sizeof(field), "%s.id", path);
	if (rc > 0)
		rc = tess_field_int(call, image, field, 1, UINT32_MAX, &id);
	if (rc >= 0)
		rc = put(to, names->id, json_integer(id));
	snprintf(field, sizeof(field), "%s.url", path);
	if (rc >= 0)
		rc = tess_field_text(call, image, field, 0, TESS_CLOUD_MAX_URL, &url);
	if (rc >= 0 && *url)
		rc = put(to, names->url, json_string(url));
	if (rc >= 0 && !id == !*url)
		return tess_call_invalid(call, path, "%s must have either id or url.", path)
			       ? -ENOMEM
			       : -EINVAL;
	return rc < 0 ? rc : 1;
}

static int water_mark(struct tess_call *call, const json_t *layout, json_t *to)
{
	static const struct number rectangle[] = {
		{"x", "LocationX"},
		{"y", "LocationY"},
		{"width", "WaterMarkWidth"},
		{"height", "WaterMarkHeight"},
		{NULL, NULL},
	};
	static const struct tess_mix_image_names names = {"WaterMarkId", "WaterMarkUrl",
							  "id url x y width height"};
	json_t *object, *params;
	int rc = tess_field_object(call, layout, "layout.water_mark", &object);

	if (rc <= 0)
		return rc;
	params = json_object();
	rc = put(to, "WaterMarkParams", params);
	if (rc > 0)
		rc = tess_mix_image_translate(call, layout, "layout.water_mark", &names, params);
	return rc < 0 ? rc : numbers(call, object, "layout.water_mark", rectangle, params);
}

int tess_mix_layout_translate(struct tess_call *call, json_t *to)
{
	json_t *layout = NULL, *users;
	int rc = tess_field_object(call, call->body, "layout", &layout);

	if (rc < 0)
		return rc;
	if (put(to, "Template", json_integer(1)) < 0)
		return -ENOMEM;
	if (!rc)
		return 1;
	rc = tess_fields_only(call, layout, "layout.",
			      "template render users pure_audio_hold_place big big_right small "
			      "presets water_mark");
	if (rc > 0)
		rc = numbers(call, layout, "layout", OWN, to);
	if (rc > 0)
		rc = list(call, layout, "users", &users);
	if (rc > 0 && json_object_set(to, "MixVideoUids", users))
		rc = -ENOMEM;
	if (rc >= 0)
		rc = big(call, layout, to);
	if (rc >= 0)
		rc = small(call, layout, to);
	if (rc >= 0)
		rc = presets(call, layout, to);
	if (rc >= 0)
		rc = water_mark(call, layout, to);
	return rc < 0 ? rc : put(to, "PlaceHolderMode", json_integer(1));
}
