/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/layout_params.c - LayoutParams and the pictures beside the users',
 * checked.
 */
#include "firmware/control/cloud/layout_params.h"

#include <stdio.h>
#include <string.h>

#include "firmware/control/cloud/image_params.h"
#include "firmware/control/cloud/usersig.h"

#define OPTIONAL TESS_CLOUD_CODE_BEFORE_FIRST

#define TEMPLATE_GRID	 1
#define TEMPLATE_SCREEN	 2
#define TEMPLATE_PICTURE 3
#define TEMPLATE_CUSTOM	 4

#define RENDER_CROP 0
#define RENDER_FIT  1

/* ImageWidth, ImageHeight, LocationX, LocationY, inside the canvas. */
static void check_rectangle(struct tess_mix_place *place, const struct tess_section *section,
			    const char *width_name, const char *height_name,
			    struct tess_canvas canvas, enum tess_cloud_code missing,
			    enum tess_cloud_code invalid)
{
	int64_t width, height, x, y;

	width = tess_check_number(
		section, &(struct tess_number){width_name, 0, INT32_MAX, missing, invalid}, 0);
	height = tess_check_number(
		section, &(struct tess_number){height_name, 0, INT32_MAX, missing, invalid}, 0);
	x = tess_check_number(
		section, &(struct tess_number){"LocationX", 0, INT32_MAX, missing, invalid}, 0);
	y = tess_check_number(
		section, &(struct tess_number){"LocationY", 0, INT32_MAX, missing, invalid}, 0);
	place->x = (uint32_t)x;
	place->y = (uint32_t)y;
	place->width = (uint32_t)width;
	place->height = (uint32_t)height;
	if (!canvas.width || !canvas.height)
		return;
	if (x + width > canvas.width)
		tess_check_invalid(section, width_name, invalid,
				   "the rectangle must lie inside the canvas");
	if (y + height > canvas.height)
		tess_check_invalid(section, height_name, invalid,
				   "the rectangle must lie inside the canvas");
}

static bool check_user(const struct tess_section *section, const char *name, const char *user,
		       enum tess_cloud_code invalid)
{
	if (tess_user_id_valid(user))
		return true;
	tess_check_invalid(section, name, invalid,
			   "1 to 32 letters, digits, underscores and hyphens are expected");
	return false;
}

static void check_mix_video_uids(struct tess_mix_request *mix, const struct tess_section *layout)
{
	const json_t *users, *user;
	size_t i;

	users = tess_check_array(layout, "MixVideoUids", TESS_CLOUD_MAX_MIXED, OPTIONAL,
				 TESS_CLOUD_INVALID_PARAMETER);
	json_array_foreach(users, i, user)
	{
		const char *id = json_is_string(user) ? json_string_value(user) : "";

		if (!check_user(layout, "MixVideoUids", id, TESS_CLOUD_INVALID_PARAMETER))
			return;
		(void)stpcpy(mix->layout.users[mix->layout.user_count++], id);
	}
}

static void check_main_video(struct tess_mix_request *mix, const struct tess_section *layout)
{
	static const struct tess_number stream_type = {"MainVideoStreamType", 0, 1, OPTIONAL,
						       TESS_CLOUD_INVALID_MAIN_VIDEO_STREAM_TYPE};
	static const struct tess_number right_align = {"MainVideoRightAlign", 0, 1, OPTIONAL,
						       TESS_CLOUD_INVALID_MAIN_VIDEO_RIGHT_ALIGN};
	const char *user;

	user = tess_check_text(layout, "MainVideoUserId", OPTIONAL, TESS_CLOUD_INVALID_PARAMETER);
	if (user && check_user(layout, "MainVideoUserId", user, TESS_CLOUD_INVALID_PARAMETER))
		(void)stpcpy(mix->layout.big.user, user);
	mix->layout.big.auxiliary = tess_check_number(layout, &stream_type, 0);
	mix->layout.big_right = tess_check_number(layout, &right_align, 0);
}

static void check_small_video(struct tess_mix_request *mix, const struct tess_section *layout,
			      struct tess_canvas canvas)
{
	static const struct tess_number stream_type = {"StreamType", 0, 1,
						       TESS_CLOUD_MISSING_PARAMETER,
						       TESS_CLOUD_INVALID_SMALL_VIDEO_STREAM_TYPE};
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_SMALL_VIDEO_LAYOUT_PARAMS;
	struct tess_mix_place *place = &mix->layout.small;
	struct tess_section small;
	const char *user;

	small = tess_check_object(layout, "SmallVideoLayoutParams", OPTIONAL, invalid);
	if (!small.object)
		return;
	user = tess_check_text(&small, "UserId", TESS_CLOUD_MISSING_PARAMETER, invalid);
	if (user && check_user(&small, "UserId", user, invalid))
		(void)stpcpy(place->who.user, user);
	place->who.auxiliary = tess_check_number(&small, &stream_type, 0);
	check_rectangle(place, &small, "ImageWidth", "ImageHeight", canvas, OPTIONAL, invalid);
}

static void check_preset(struct tess_mix_place *place, const struct tess_section *preset,
			 bool place_holders, struct tess_canvas canvas)
{
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG;
	const struct tess_number stream_type = {"StreamType", 0, 1, OPTIONAL, invalid};
	const struct tess_number z = {"ZOrder", 0, INT32_MAX, OPTIONAL, invalid};
	const struct tess_number render = {"RenderMode", 0, 2, OPTIONAL, invalid};
	const struct tess_number input = {"MixInputType", 0, 2, OPTIONAL, invalid};
	const struct tess_number image = {"PlaceImageId", 0, UINT32_MAX, OPTIONAL, invalid};
	const char *user;

	user = tess_check_text(preset, "UserId", OPTIONAL, invalid);
	if (user && check_user(preset, "UserId", user, invalid))
		(void)stpcpy(place->who.user, user);
	place->who.auxiliary = tess_check_number(preset, &stream_type, 0);
	place->z = (uint32_t)tess_check_number(preset, &z, 0);
	place->render = (uint32_t)tess_check_number(preset, &render, RENDER_CROP);
	place->input = (uint32_t)tess_check_number(preset, &input, 0);
	check_rectangle(place, preset, "ImageWidth", "ImageHeight", canvas, OPTIONAL, invalid);
	place->image.id = (uint32_t)tess_check_number(preset, &image, 0);
	if (!place_holders)
		place->image.id = 0;
}

static void check_presets(struct tess_mix_request *mix, const struct tess_section *layout,
			  int64_t template, struct tess_canvas canvas)
{
	enum tess_cloud_code invalid = TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG;
	static const struct tess_number place_holder = {"PlaceHolderMode", 0, 1, OPTIONAL,
							TESS_CLOUD_INVALID_PARAMETER};
	bool place_holders = tess_check_number(layout, &place_holder, 0);
	const json_t *presets, *element;
	size_t i;

	presets = tess_check_array(
		layout, "PresetLayoutConfig", TESS_CLOUD_MAX_MIXED,
		template == TEMPLATE_CUSTOM ? TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG : OPTIONAL,
		invalid);
	if (!presets)
		return;
	json_array_foreach(presets, i, element)
	{
		struct tess_section preset = {.checks = layout->checks, .object = element};

		(void)snprintf(preset.path, sizeof(preset.path), "%.31sPresetLayoutConfig.%u.",
			       layout->path, (unsigned)i);
		if (json_is_object(element))
			check_preset(&mix->layout.presets[mix->layout.preset_count++], &preset,
				     place_holders, canvas);
		else
			tess_check_invalid(layout, "PresetLayoutConfig", invalid,
					   "an array of objects is expected");
	}
}

static void check_water_mark(struct tess_mix_request *mix, const struct tess_section *layout,
			     struct tess_canvas canvas)
{
	static const struct tess_number id = {"WaterMarkId", 0, UINT32_MAX,
					      TESS_CLOUD_MISSING_PARAMETER,
					      TESS_CLOUD_INVALID_PARAMETER};
	struct tess_mix_image *image = &mix->layout.water_mark;
	struct tess_section mark;

	mark = tess_check_object(layout, "WaterMarkParams", OPTIONAL, TESS_CLOUD_INVALID_PARAMETER);
	if (!mark.object)
		return;
	tess_image_params_check(image, &mark, &id, "WaterMarkUrl", TESS_CLOUD_INVALID_PARAMETER);
	if (!image->id && !image->url[0])
		tess_check_invalid(&mark, id.name, TESS_CLOUD_INVALID_PARAMETER,
				   "the id of a picture is expected");
	check_rectangle(&mix->layout.water_mark_place, &mark, "WaterMarkWidth", "WaterMarkHeight",
			canvas, TESS_CLOUD_MISSING_PARAMETER, TESS_CLOUD_INVALID_PARAMETER);
}

void tess_layout_params_check(struct tess_mix_request *mix, const struct tess_section *layout,
			      struct tess_canvas canvas)
{
	static const struct tess_number template_number = {"Template", 0, 4, OPTIONAL,
							   TESS_CLOUD_INVALID_PARAMETER};
	static const struct tess_number render = {"RenderMode", 0, 2, OPTIONAL,
						  TESS_CLOUD_INVALID_PARAMETER};
	static const struct tess_number hold_place = {"PureAudioHoldPlaceMode", 0, 2, OPTIONAL,
						      TESS_CLOUD_INVALID_PARAMETER};
	int64_t template = tess_check_number(layout, &template_number, 0);
	const json_t *given = json_object_get(layout->object, render.name);
	bool render_given = given && !json_is_null(given);

	mix->layout.layout = (uint32_t) template;
	mix->layout.render = (uint32_t)tess_check_number(layout, &render, RENDER_CROP);
	mix->layout.big_render =
		template == TEMPLATE_SCREEN && !render_given ? RENDER_FIT : mix->layout.render;
	mix->layout.pure_audio_hold_place = (uint32_t)tess_check_number(layout, &hold_place, 0);
	check_mix_video_uids(mix, layout);
	check_main_video(mix, layout);
	check_small_video(mix, layout, canvas);
	check_presets(mix, layout, template, canvas);
	check_water_mark(mix, layout, canvas);
}
